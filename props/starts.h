/*
 * starts.h: the start programs, and what state they leave (starts.def).
 */
#ifndef DMARIG_STARTS_H
#define DMARIG_STARTS_H

#include "program.h"

enum start_id {
#define START(name, targets, meaning, text) START_##name,
#include "starts.def"
#undef START
    START_COUNT
};

struct start {
    const char *name, *meaning, *text;
    unsigned targets; /* enum op_target: where it makes sense */
};
extern const struct start starts[START_COUNT];

const struct start *start_find(const char *name);               /* NULL: there is none */
const struct program *start_program(const struct start *start); /* parsed once, then shared */

#endif
