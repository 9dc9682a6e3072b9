/* planted.c: the table of planted bugs, and the choice of one. */
#include "planted.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct planted_bug planted_bugs[PLANTED_COUNT] = {
#define BUG(name, file, function, kind, good, bad, expected, rules, seen, about) \
    {#name, file, function, expected, rules, seen, about},
#include "bugs.def"
#undef BUG
};

struct planted_counts planted_counts;
enum planted_id planted_selected = PLANTED_COUNT;

static enum planted_id find(const char *name)
{
    unsigned bug = 0;

    while (bug < PLANTED_COUNT && strcmp(planted_bugs[bug].name, name) != 0)
        bug++;
    return (enum planted_id)bug;
}

bool planted_select(const char *name)
{
    enum planted_id bug = name ? find(name) : PLANTED_COUNT;

    if (name && bug == PLANTED_COUNT)
        return false;
    planted_selected = bug;
    planted_counts = (struct planted_counts){0, 0};
    return true;
}

__attribute__((constructor)) static void select_from_environment(void)
{
    const char *name = getenv("DMARIG_PLANTED");

    if (!name || !*name || planted_select(name))
        return;
    fprintf(stderr, "DMARIG_PLANTED: unknown planted bug %s (dmarig selftest --list names them)\n",
            name);
    exit(2);
}
