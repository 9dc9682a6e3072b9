/*
 * shrink.h: a failing program made smaller, for as long as it fails in the same way.
 */
#ifndef DMARIG_SHRINK_H
#define DMARIG_SHRINK_H

#include "program.h"

/* STILL_FAILS says whether a candidate fails in the way the caller cares about (the same property,
 * the same rule); it must hold for PROGRAM itself. PROGRAM becomes the smallest found: no record
 * and no operand can be taken away any more. Returns how many candidates were tried. Deterministic.
 */
unsigned shrink_program(struct program *program,
                        bool (*still_fails)(void *context, const struct program *program),
                        void *context);

#endif
