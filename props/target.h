/*
 * target.h: what a run, a fuzzer or a generator is about: which operations it makes.
 */
#ifndef DMARIG_TARGET_H
#define DMARIG_TARGET_H

#include "program.h"

enum { TARGET_COUNT = 6, TARGET_MACHINE = TARGET_ALL };

struct target {
    const char *name, *meaning;
    unsigned mask; /* enum op_target */
};
extern const struct target targets[TARGET_COUNT];

const struct target *target_find(const char *name); /* NULL: there is none */

#endif
