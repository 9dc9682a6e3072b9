/*
 * shrink_apart.h: programs shrunk where a candidate may crash, or never end.
 */
#ifndef DMARIG_SHRINK_APART_H
#define DMARIG_SHRINK_APART_H

#include "isolate.h"
#include "program.h"

/* What shrink_program and explain_program do with PROGRAM, in a child. A candidate that ends like
 * WANTED fails; one that ends its process otherwise, or any if WANTED is NULL, does not. One that
 * takes 50 ms of processor time has hung. Returns how many candidates were tried; 0: it could not
 * be done, and nothing has changed. */
unsigned shrink_apart(struct program *program,
                      bool (*still_fails)(void *context, const struct program *program),
                      void *context, const struct job_result *wanted,
                      uint16_t free_operands[PROGRAM_MAX]);

/* How PROGRAM ends by itself; the same child, once. */
void run_apart(const struct program *program,
               bool (*still_fails)(void *context, const struct program *program), void *context,
               struct job_result *result);

/* "crash" or "hang" */
const char *crash_name(const struct job_result *crash);
/* The record that runs when PROGRAM ends like CRASH: the last one of the shortest part from its start
 * that does. */
unsigned crash_record(const struct program *program,
                      bool (*still_fails)(void *context, const struct program *program),
                      void *context, const struct job_result *crash);
/* As report_finding does, of a program that ends like CRASH while RECORD runs. FREE_OPERANDS may be
 * NULL. */
void crash_report(FILE *to, const struct program *program, const struct job_result *crash,
                  unsigned record, const char *replay, const uint16_t *free_operands);

#endif
