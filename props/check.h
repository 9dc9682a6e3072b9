/*
 * check.h: many random programs, judged; findings shrunk, told and kept.
 */
#ifndef DMARIG_CHECK_H
#define DMARIG_CHECK_H

#include "run.h"
#include "starts.h"
#include "target.h"
#include <signal.h>

struct check_options {
    const struct target *target;
    const struct start *start; /* NULL: drawn anew for each program */
    uint64_t runs;             /* 0: no limit */
    double seconds;            /* 0: no limit */
    uint64_t seed;             /* of the first program; the next ones count up */
    enum property only;
    bool legal_only;
    const char *findings;              /* directory that findings are saved in; made if need be */
    const volatile sig_atomic_t *stop; /* not 0: come to an end; may be NULL */
    double pace;                       /* seconds between two tellings of progress */
};

enum { CHECK_FINDINGS_MAX = 32 };

struct check_result {
    struct statistics statistics;
    uint64_t runs, failing;         /* programs run; of these, failed a property or did not end */
    unsigned crashes, hangs;        /* of these, ended their process; had to be ended */
    uint64_t digest;                /* of all programs, in order */
    uint64_t unsteady;              /* programs whose second run had another digest */
    uint64_t unsteady_seed;         /* one of them */
    unsigned findings;              /* distinct minima, and causes of a crash */
    unsigned found[PROPERTY_COUNT]; /* distinct minima of each property */
    uint64_t hashes[CHECK_FINDINGS_MAX];
    bool stopped; /* by the flag */
};

/* Runs programs until a limit is reached, the flag is set, CHECK_FINDINGS_MAX findings are known or
 * too many programs crashed. They run in a process of their own: a program that ends it is a finding,
 * and the next one runs in a new process. Findings are reported on OUT; PROGRESS is called at the
 * options' pace, in that process. False: no memory, no process, or a finding could not be saved (told on
 * standard error). */
bool check_programs(const struct check_options *options, FILE *out,
                    void (*progress)(const struct check_options *options,
                                     const struct check_result *result, double elapsed),
                    struct check_result *result);

/* What is wrong with the run itself: one line each on OUT; returns how many. Only the determinism
 * of runs is judged below 10,000 programs, or when the options narrow what is generated. */
unsigned check_health(const struct check_options *options, const struct check_result *result,
                      FILE *out);

unsigned check_evaluated(
    const struct statistics *statistics);                   /* properties evaluated at least once */
double check_accepted(const struct statistics *statistics); /* percent of calls taken */
unsigned check_median_lists(const struct statistics *statistics);
void check_table(const struct statistics *statistics, FILE *out); /* operation x what came of it */

#endif
