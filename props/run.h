/*
 * run.h: one program, run and judged.
 *
 * The interpreter plays the operating system, the device and the driver, as the records say. The
 * oracle is asked before each call what the contract says of it, and told what came of it. A run
 * ends with a verdict: the property that failed first, or none.
 */
#ifndef DMARIG_RUN_H
#define DMARIG_RUN_H

#include "program.h"
#include "rig.h"

enum property {
    PROPERTY_NONE,
#define PROPERTY(id, name, rules, meaning) PROPERTY_##id,
#include "properties.def"
#undef PROPERTY
    PROPERTY_COUNT
};
struct property_row {
    const char *name;    /* "sg.covers_exact" */
    const char *rules;   /* ids of the contract, separated by spaces */
    const char *meaning; /* one line */
};
const struct property_row *property_row(enum property property);

struct verdict {
    enum property property; /* PROPERTY_NONE: nothing failed */
    unsigned record;        /* index of the record that was running, 0.. */
    char expected[96], actual[96];
};

/* What many runs add up to. */
struct statistics {
    uint64_t programs, records, empty_records; /* records that were no-ops */
    uint64_t calls, accepted;                  /* operations tried; taken by the machine */
    uint64_t lists;                            /* lists delivered */
    uint64_t evaluated[PROPERTY_COUNT];
    uint64_t tripped[RULE_COUNT];
    uint64_t asked[RIG_SITE_COUNT], refused[RIG_SITE_COUNT]; /* requests for resources */
    uint64_t cells[256][4];       /* op x {accepted, violation, failure status, did not happen} */
    uint64_t whole, cut;          /* programs with nothing left out; ended early */
    uint64_t left_out, set_aside; /* calls, as in the outcome */
    uint64_t unforced, lacking;   /* requests with nothing short; of them, found no resources */
    uint64_t list_median[16];     /* programs by delivered lists, 15 and more together */
};

/* The requests for resources of the run that is about to end. */
void statistics_add_requests(struct statistics *statistics, const struct machine *machine);

enum { STATE_VIEW = 3 }; /* newest names of a class that a state digest can take in */

/* What a run was seen to do while one record ran, callbacks and what they do apart. */
struct mark {
    uint64_t exact, plain;   /* digests of it; plain leaves the shapes of lists out */
    uint32_t offset, length; /* as the call resolved them */
    bool ran, idle;          /* idle: refused, failed or impossible */
    bool calls_back;
    bool armed, starved; /* a refusal of a resource was pending when it began; it was refused one */
};

/* Variants of the program that are run too: none, one for each metamorphic property, or all. */
enum transforms { TRANSFORMS_NONE, TRANSFORMS_ONE, TRANSFORMS_ALL };

struct observer;

struct run_options {
    bool legal_only; /* skip calls the oracle would refuse; always, if the NDIS layer is foreign */
    enum property only;            /* judge this property alone; PROPERTY_NONE: all */
    bool state;                    /* say in the outcome what state the records leave */
    enum transforms transforms;    /* with `only` a metamorphic property: all, if nothing is said */
    FILE *trace;                   /* a readable trace as it happens, or NULL */
    struct observer *observer;     /* told of each step (interpret.h), or NULL */
    struct statistics *statistics; /* added to, or NULL */
    struct mark *marks;            /* PROGRAM_MAX zeroed ones, to be filled in, or NULL */
};

/* One rule that fired, and where. */
struct firing {
    enum rig_rule rule;
    unsigned record; /* index, 0.. */
};
struct outcome {
    struct verdict verdict;
    uint64_t digest;    /* of everything observable, in order; no host addresses */
    uint64_t state;     /* digest of the state when the records ran out; 0: not asked for */
    uint64_t view;      /* the same, and what the newest STATE_VIEW names of each class are */
    bool cut;           /* a mistake that cannot be left out ended it early; so far it was right */
    unsigned left_out;  /* calls that the contract would refuse, left out (legal_only) */
    unsigned set_aside; /* calls left out because a foreign NDIS layer is not asked them */
    unsigned happened;  /* records that did something, be it that they were refused */
    unsigned firing_count; /* rules that fired; the first 64 are kept */
    struct firing firings[64];
};

struct runner;                    /* a machine and its judge, used again and again */
struct runner *runner_make(void); /* NULL: no memory */
void runner_free(struct runner *runner);
struct machine *runner_machine(struct runner *runner);
/* Run PROGRAM on the fresh machine, judge it, reset. options may be NULL. */
void runner_run(struct runner *runner, const struct program *program,
                const struct run_options *options, struct outcome *outcome);
/* What this thread has run so far, of all runners and with all variants: records, and a few more for
 * each run. A bound in it is reached at the same place wherever it is tried. */
uint64_t runs_work(void);
/* Name, meaning, rules, expected and actual, the program with the failing record marked, the two
 * lines that fuzzing services read, and REPLAY as the command to see it again. */
void report_finding(FILE *to, const struct program *program, const struct verdict *verdict,
                    const char *replay);

#endif
