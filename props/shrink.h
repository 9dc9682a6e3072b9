/*
 * shrink.h: a failing program made smaller, for as long as it fails in the same way.
 *
 * Smaller is shortlex: fewer records; among as many, record by record, the lower operation, then
 * the lower operands in their order in the record. Lower means simpler: the newest name comes
 * before older ones and these before NULL and forged ones, the first word of a choice before the
 * others, numbers before the limit.
 */
#ifndef DMARIG_SHRINK_H
#define DMARIG_SHRINK_H

#include "program.h"

/* STILL_FAILS says whether a candidate fails in the way the caller cares about (the same property,
 * the same rule); it must hold for PROGRAM itself. PROGRAM becomes the smallest found: no record
 * and no operand can be taken away any more. Returns how many candidates were tried, at most
 * SHRINK_TRIES_MAX; 0, and nothing changes, without memory. Deterministic: it gives up, with what it
 * has, after so many tries or so much work (runs_work), not after a time. */
enum { SHRINK_TRIES_MAX = 200000, SHRINK_WORK_MAX = 4000000 };
unsigned shrink_program(struct program *program,
                        bool (*still_fails)(void *context, const struct program *program),
                        void *context);

/* Negative, 0, positive: A comes before B, is B, comes after B. */
int program_compare(const struct program *a, const struct program *b);

#endif
