/*
 * front.h: what is behind a fuzz target.
 *
 * target.c, triage.c and mutator.c are the same for every target. A front says which programs the
 * target takes and how one is run and judged: program_front.c for the targets where programs play
 * the driver, a host of drivers/ for those where a driver is under test.
 */
#ifndef DMARIG_FRONT_H
#define DMARIG_FRONT_H

#include "run.h"

/* Drop the records that the target does not run. */
void front_narrow(struct program *program);
/* Run and judge a narrowed program; statistics may be NULL. True: a finding. */
bool front_run(const struct program *program, struct statistics *statistics);
/* Run once more and report the finding. */
void front_report(FILE *to, const struct program *program, const char *replay);
/* The finding of the last front_run in one word, for a file name: "sg.covers_exact". */
const char *front_identity(void);

#endif
