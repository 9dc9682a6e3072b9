/*
 * tally.h: what a fuzzing process has done, for scripts/fuzz.
 *
 * With DMARIG_STATS=DIR in the environment the process keeps a file DIR/PID of one line:
 *
 *   execs=N calls=N accepted=N rules=0100...
 *
 * with one digit for each rule of the catalogue, 1 once it fired, and one `-` for each rule that
 * has no check. The file is renewed every second, since an engine may kill the process at any time.
 */
#ifndef DMARIG_TALLY_H
#define DMARIG_TALLY_H

struct statistics;

/* Another program was run; STATISTICS is what all of them add up to and stays where it is. */
void tally(const struct statistics *statistics);
/* The process is about to end: the file is renewed. */
void tally_end(void);

#endif
