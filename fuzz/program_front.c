/*
 * The front of sgdma, netdma_provider and machine: the program plays the operating system, the
 * device and the driver, and the oracle judges the machine.
 */
#include "front.h"
#include "target.h"
#include <stdlib.h>

static struct outcome last;

static struct runner *runner(void)
{
    static struct runner *made;

    if (!made)
        made = runner_make();
    if (!made)
        abort();
    return made;
}

void front_narrow(struct program *program)
{
    program_narrow(program, target_find(DMARIG_TARGET)->mask);
}

bool front_run(const struct program *program, struct statistics *statistics)
{
    struct run_options options = {.statistics = statistics};

    runner_run(runner(), program, &options, &last);
    return last.verdict.property != PROPERTY_NONE;
}

void front_report(FILE *to, const struct program *program, const char *replay)
{
    if (front_run(program, NULL))
        report_finding(to, program, &last.verdict, replay);
}

const char *front_identity(void)
{
    return property_row(last.verdict.property)->name;
}
