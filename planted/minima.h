/*
 * minima.h: many failing programs of one planted bug, shrunk: each property has one minimum.
 *
 * The programs are random ones. Where the search comes upon too few in its time, variations of those
 * few join them: records are left out of them, and records of other programs put in.
 */
#ifndef DMARIG_MINIMA_H
#define DMARIG_MINIMA_H

#include "confirm.h"
#include "isolate.h"
#include "planted.h"
#include "run.h"

enum { INPUTS_MAX = 64, PROPERTIES_MAX = 8, DISTINCT_MAX = 8 };

struct minima_options {
    unsigned inputs;   /* failing programs of each property, 1..INPUTS_MAX */
    double seconds;    /* that the search for them may take */
    uint64_t programs; /* that it may run; 0: no limit */
    uint64_t seed;     /* of the first random program */
    uint64_t confirm;  /* programs that may be run to see that a minimum is the shortest; 0: none */
};

/* What the inputs of one property became. */
struct minima_pair {
    enum property property;   /* PROPERTY_NONE: they crashed or hung, */
    struct job_result end;    /* like this */
    unsigned inputs, varied;  /* how many; of these, variations */
    unsigned distinct;        /* minima; DISTINCT_MAX: or more */
    double times[INPUTS_MAX]; /* milliseconds of processor time to shrink one, sorted */
    struct program programs[DISTINCT_MAX]; /* the smallest first */
    struct confirm_result confirmed;       /* of the smallest */
};
struct minima {
    unsigned count; /* of properties and crashes; the first PROPERTIES_MAX to be seen */
    struct minima_pair pairs[PROPERTIES_MAX];
};

/* What is told: "sg.reach", "crash SIGABRT". */
void minima_name(const struct minima_pair *pair, char name[CAUSE_MAX + 8]);

/* False: no memory, or no process. */
bool minima_find(enum planted_id bug, const struct minima_options *options, struct minima *minima);

#endif
