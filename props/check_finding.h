/*
 * check_finding.h: what check.c and check_finding.c share.
 */
#ifndef DMARIG_CHECK_FINDING_H
#define DMARIG_CHECK_FINDING_H

#include "check.h"
#include "finding.h"

/* In memory that the search, a process of its own, shares with the one that waits for it. */
struct check_shared {
    struct check_result result;
    struct program program; /* that runs, or failed last */
    struct verdict verdict; /* of that program */
};

struct check {
    const struct check_options *options;
    struct check_shared *shared;
    struct runner *runner;
    struct finder finder;
    double started, told; /* told: when progress was last told of */
    void (*progress)(const struct check_options *options, const struct check_result *result,
                     double elapsed);
};

enum {
    SAME_PROPERTY_MAX = 3, /* minima of one property that are worth the shrinking */
    CRASHES_MAX = 200,     /* programs that crash, */
    HANGS_MAX = 3,         /* or do not end, before the search ends */
    PATIENCE = 1000        /* milliseconds of processor time, far more than programs take */
};

/* shared->program failed shared->verdict.property, or ended the search like CRASH: it is shrunk,
 * told and saved, unless it is known. False: it could not be. */
bool check_found(struct check *check);
bool check_crashed(struct check *check, const struct job_result *crash);

#endif
