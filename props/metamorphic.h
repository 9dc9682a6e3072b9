/*
 * metamorphic.h: a program judged by variants of itself.
 *
 * A variant is the program changed so that all other records must be seen to do what they did:
 * without a call that was refused, with a thing made and given back, with two independent steps
 * swapped, with an MDL in two parts, on a machine that merges or places lists otherwise. What is
 * judged is not what the oracle predicts but that both runs agree, addresses and bytes included.
 */
#ifndef DMARIG_METAMORPHIC_H
#define DMARIG_METAMORPHIC_H

#include "run.h"

/* A program, as it ran. */
struct subject {
    const struct program *program;
    const struct mark *marks;        /* one for each record */
    struct ref refs[PROGRAM_MAX][3]; /* what r0, r1, r2 refer to; REF_NULL where they do not */
    unsigned number[PROGRAM_MAX];    /* of the name that the record makes */
    bool mixed; /* an MDL describes memory that is lent for lists: data may be what lists were */
};

struct variant {
    struct program program;
    int16_t place[PROGRAM_MAX]; /* where the record of the subject is; -1: nowhere */
    bool exact;                 /* lists look the same too, addresses and all */
    bool state;                 /* the state at the end is the same */
    int altered;                /* the subject's record that refers to other things; -1: none */
    unsigned added, count;      /* records that are new: worth a look only if all were taken */
    char change[64];            /* what was done, for "the same ..." */
};

/* The variant number AT, 0.. to below program->count or METAMORPHIC_CHOICES; false: there is none. */
enum { METAMORPHIC_CHOICES = 8 };
bool variant_refused(const struct subject *subject, unsigned at, struct variant *variant);
bool variant_pair(const struct subject *subject, unsigned at, struct variant *variant);
bool variant_order(const struct subject *subject, unsigned at, struct variant *variant);
bool variant_split(const struct subject *subject, unsigned at, struct variant *variant);
bool variant_settings(const struct subject *subject, unsigned at, struct variant *variant);

/* ---- what variants ask of a subject ---- */

/* A record after AT refers to the name that record AT makes, or would refer to another thing if
 * that name were not made. */
bool subject_needs(const struct subject *subject, unsigned at);
/* A record from AT on would refer to another thing if there were one more name of the class that
 * record AT makes. */
bool subject_guesses(const struct subject *subject, unsigned at);
/* A record of operation OP ran behind record AT, AT included. */
bool subject_runs(const struct subject *subject, unsigned at, unsigned op);
/* The program sets SETTING, enum rig_setting. */
bool subject_sets(const struct subject *subject, unsigned setting);
/* COUNT records were put in before record AT: those from AT on come so much later. */
void variant_inserted(struct variant *variant, const struct subject *subject, unsigned at,
                      unsigned count);

/* How a program is run: runner_run, or what a test puts in its place. */
typedef void metamorphic_run(void *context, const struct program *program,
                             const struct run_options *options, struct outcome *outcome);
/* PROGRAM ran as OUTCOME and MARKS say, with its state, and nothing failed: judges it by one variant
 * of each property (TRANSFORMS_ONE, drawn by the digest) or by all. */
void metamorphic_judge(metamorphic_run *run, void *context, const struct program *program,
                       const struct run_options *options, const struct mark *marks,
                       struct outcome *outcome);

#endif
