/*
 * front.c: a hosted driver behind a fuzz target.
 *
 * What property: whatever system and device do, and whenever handlers run, the driver breaks no
 * rule, sends what it was given, completes it, and gives everything back.
 */
#include "front.h"
#include "host.h"
#include <stdlib.h>

DRIVER_INITIALIZE DriverEntry;

static struct host *host(void)
{
    static struct host *made;

    if (!made)
        made = host_make(DriverEntry);
    if (!made)
        abort();
    return made;
}

void front_narrow(struct program *program)
{
    host_narrow(program);
}

bool front_run(const struct program *program, struct statistics *statistics)
{
    return host_run(host(), program, statistics);
}

void front_report(FILE *to, const struct program *program, const char *replay)
{
    if (!front_run(program, NULL))
        return;
    host_report(to, host(), program);
    fprintf(to, "replay: %s\n", replay);
}

const char *front_identity(void)
{
    const struct host_finding *finding = host_finding(host());

    return finding ? finding->identity : "none";
}
