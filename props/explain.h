/*
 * explain.h: which operands of a failing program matter.
 */
#ifndef DMARIG_EXPLAIN_H
#define DMARIG_EXPLAIN_H

#include "run.h"

/* Bit k of free_operands[i]: PROGRAM fails whatever operand k of record i is, as far as a handful of other
 * values tell. STILL_FAILS is shrink_program's. */
void explain_program(const struct program *program,
                     bool (*still_fails)(void *context, const struct program *program),
                     void *context, uint16_t free_operands[PROGRAM_MAX]);

/* record_print, with " (any)" behind each operand that is free and printed. */
void explained_record_print(const struct record *record, const unsigned made[CLASS_COUNT],
                            uint16_t free_operands, FILE *to);

/* report_finding, with what explain_program said; FREE_OPERANDS may be NULL. */
void report_explained(FILE *to, const struct program *program, const struct verdict *verdict,
                      const char *replay, const uint16_t *free_operands);

#endif
