/*
 * generate.h: random programs, records and idioms for a target (enum op_target, or'ed together).
 *
 * Everything is a pure function of its arguments; STATE is the state of random.h.
 */
#ifndef DMARIG_GENERATE_H
#define DMARIG_GENERATE_H

#include "program.h"
#include "program_edit.h"
#include "starts.h"

/* A whole program on top of a start program drawn at random. */
void generate_program(struct program *program, uint64_t seed, unsigned targets);
/* The same on top of START; NULL draws one. */
void generate_program_from(struct program *program, uint64_t seed, unsigned targets,
                           const struct start *start);
/* One record, to stand where the names in MADE exist. */
void generate_record(struct record *record, uint64_t *state, unsigned targets,
                     const unsigned made[CLASS_COUNT]);
/* An idiom put before record AT, varied a little; later references are renamed. */
void generate_phrase(struct program *program, unsigned at, uint64_t *state, unsigned targets);

/* How operands are drawn, in percent. Of references: adversarial (NULL, forged, wrong class),
 * newest name; the rest falls on all names in reach alike. Of the others: wild, whatever can be
 * said; the rest is what a driver would say. */
struct taste {
    unsigned adversarial, newest, wild;
};
/* One operand of RECORD drawn anew. */
void generate_operand(struct record *record, const struct operand *operand, uint64_t *state,
                      const struct taste *taste, const unsigned made[CLASS_COUNT]);
/* All operands of RECORD, whose operation is set. */
void generate_operands(struct record *record, uint64_t *state, const struct taste *taste,
                       const unsigned made[CLASS_COUNT]);

#endif
