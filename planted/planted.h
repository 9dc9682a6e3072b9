/*
 * planted.h: the planted bugs of bugs.def, and which of them is on.
 *
 * Only the build with DMARIG_PLANTED has them: it compiles copies of core/ in which each site runs
 * the good text, or the bad one while its bug is selected. One bug at most is selected; at first it
 * is the one that DMARIG_PLANTED names in the environment, so that every program of that build can
 * be run with a bug. A name that no bug has ends the process with status 2.
 */
#ifndef DMARIG_PLANTED_H
#define DMARIG_PLANTED_H

#include <stdbool.h>
#include <stdint.h>

enum planted_id {
#define BUG(name, file, function, kind, good, bad, expected, rules, seen, about) PLANTED_##name,
#include "bugs.def"
#undef BUG
    PLANTED_COUNT
};

struct planted_bug {
    const char *name, *file, *function;
    const char *expected;     /* properties that may catch it, separated by spaces */
    const char *rules, *seen; /* of the contract; in which driver or system, "" if in none known */
    const char *about;
};
extern const struct planted_bug planted_bugs[PLANTED_COUNT];

/* Of the selected bug: how often its site ran, and how often what it did there was wrong. */
struct planted_counts {
    uint64_t reached, triggered;
};
extern struct planted_counts planted_counts;
extern enum planted_id planted_selected; /* PLANTED_COUNT: none */

/* Selects the bug NAME, none if NULL, and counts from 0. False, and nothing changes: no such bug. */
bool planted_select(const char *name);

/* ---- for the copies of core/ ---- */

static inline bool planted_at(enum planted_id bug)
{
    if (planted_selected != bug)
        return false;
    planted_counts.reached++;
    return true;
}

static inline void planted_wrong(bool wrong)
{
    planted_counts.triggered += wrong;
}

#endif
