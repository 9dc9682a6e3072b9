/*
 * confirm.h: is a minimum as short as can be? All shorter programs of its operations are run.
 */
#ifndef DMARIG_CONFIRM_H
#define DMARIG_CONFIRM_H

#include "isolate.h"
#include "run.h"

enum confirmation {
    CONFIRM_NOT_ASKED,
    CONFIRM_SHORTEST, /* no shorter program fails alike */
    CONFIRM_TAIL, /* none that begins with the same records, the first ones, and has fewer behind them */
    CONFIRM_SHORTER, /* one does */
    CONFIRM_BEYOND,  /* there are too many to know */
    CONFIRM_COUNT
};

struct confirm_result {
    enum confirmation end;
    unsigned tail; /* records of the minimum that others were tried for: all, or the last ones */
    uint64_t programs;      /* that were run */
    struct program shorter; /* SHORTER: the first one */
};

/* Letters are the records of MINIMUM, each with all names in place of those that it has. Strings of
 * fewer letters than the minimum has records are run, or of fewer than its last records behind its first
 * ones: as many of these as MOST programs allow. MINIMUM fails PROPERTY, or, if that is PROPERTY_NONE,
 * ends like CRASH. False: no memory, or no process. */
bool confirm_shortest(const struct program *minimum, enum property property,
                      const struct job_result *crash, uint64_t most, struct confirm_result *result);

#endif
