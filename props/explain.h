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

/* What there is to say of a failing program besides itself. */
struct failure {
    const char *name, *meaning, *rules;
    const char *token; /* what tells it apart from other failures */
    const char *expected, *actual;
    unsigned record; /* index of the one that failed */
};
/* FREE_OPERANDS is what explain_program said, or NULL. */
void report_failure(FILE *to, const struct program *program, const struct failure *failure,
                    const char *replay, const uint16_t *free_operands);
/* The same of a property: report_finding with FREE_OPERANDS. */
void report_explained(FILE *to, const struct program *program, const struct verdict *verdict,
                      const char *replay, const uint16_t *free_operands);

#endif
