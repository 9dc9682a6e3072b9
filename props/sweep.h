/*
 * sweep.h: a program run with its first, second, ... request for a resource refused.
 */
#ifndef DMARIG_SWEEP_H
#define DMARIG_SWEEP_H

#include "run.h"

/* In memory that the process which sweeps shares with the one that waits for it, if there are two. */
struct sweep {
    struct runner *runner;
    struct statistics statistics; /* of all runs */
    unsigned number, requests;    /* of the request that is refused next, or now, 1..; 0: none is */
    struct program program;       /* that runs, or failed; it says itself what is refused */
    enum property property;       /* that it failed */
};

/* Runs PROGRAM as it is, then again and again, each time with another of its requests for a resource
 * refused, from sweep->number on; judges each run, and that the refused call left no trace. True: none
 * is left, and the number is 0 again. False: the run with that number failed. What the program itself
 * says of faults is left out. Of a program of PROGRAM_MAX records the last one gives way. */
bool sweep_program(struct sweep *sweep, const struct program *program);
/* The run failed, or ended its process: on with the next one. True: there is none, and the number is 0;
 * if nothing was refused, what is refused would tell no more. */
bool sweep_skip(struct sweep *sweep);

#endif
