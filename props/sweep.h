/*
 * sweep.h: a program run with its first, second, ... request for a resource refused.
 */
#ifndef DMARIG_SWEEP_H
#define DMARIG_SWEEP_H

#include "run.h"

struct sweep {
    struct runner *runner;
    /* PROGRAM, which says itself what is refused, has failed */
    void (*found)(void *context, const struct program *program, const struct outcome *outcome);
    void *context;
    struct statistics statistics; /* of all runs */
};

/* Runs PROGRAM again and again, each time with another of its requests for a resource refused, until
 * none is left to refuse; judges each run, and that the refused call left no trace. What the program
 * itself says of faults is left out. Of a program of PROGRAM_MAX records the last one gives way. */
void sweep_program(struct sweep *sweep, const struct program *program);

#endif
