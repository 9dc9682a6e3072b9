/*
 * emit.h: a program as one C file, for whoever mends the machine and does not know programs.
 *
 * The file plays the program and checks, step by step, what the oracle said while RUNNER ran it. It
 * includes core/rig.h alone, and needs core/ to be linked.
 */
#ifndef DMARIG_EMIT_H
#define DMARIG_EMIT_H

#include "run.h"

/* How to compile and run FILE, a %s, at the root of the project. */
#define EMIT_COMPILE "cc -std=c11 -Iinclude -Icore %s core/*.c -o repro && ./repro"

/* Runs PROGRAM and writes the C to TO; FILE is the name that its head gives it. Where the run fails,
 * crashes or hangs the C ends, too. False: no memory. */
bool emit_program(struct runner *runner, const struct program *program, const char *file, FILE *to);

#endif
