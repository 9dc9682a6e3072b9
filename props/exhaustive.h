/*
 * exhaustive.h: all programs of a small scope.
 *
 * First every string of letters up to a depth, shorter ones first, in odometer order. A string
 * whose last letter did nothing at all (no record of it happened, no name was made, the state is
 * the same) is not continued: its continuations do what the shorter string's do. Then
 * breadth-first: only strings that lead to a state not seen before are continued. Two states are
 * the same if their digests are, and the newest names stand for the same things; letters reach no
 * further back.
 */
#ifndef DMARIG_EXHAUSTIVE_H
#define DMARIG_EXHAUSTIVE_H

#include "alphabet.h"
#include "isolate.h"
#include "run.h"

struct exhaustive_result;

struct exhaustive_options {
    const struct alphabet *alphabet;
    const struct program *start;
    unsigned depth;     /* of all programs, 1.. ; at most EXHAUSTIVE_DEPTH */
    uint64_t states;    /* breadth-first until so many are known; 0: no breadth-first search */
    uint64_t programs;  /* the breadth-first search ends after so many in all; 0: no limit */
    bool keep_all;      /* continue strings whose last letter did nothing, too */
    enum property only; /* judge this property alone; PROPERTY_NONE: all */
    bool apart;         /* programs run in processes of their own, many in each: one may crash */
    /* All may be NULL. They are called in the caller's process, but `wrong`. crashed: with `apart`, is
     * shown each program that crashed or never ended, which counts as a finding. wrong: counts as a finding, besides what the judge says. found: is shown
     * each one. goes_on: asked now and then; false ends the search. */
    void *context;
    bool (*wrong)(void *context, const struct outcome *outcome);
    void (*found)(void *context, const struct program *program, const struct outcome *outcome);
    void (*crashed)(void *context, const struct program *program, const struct job_result *end);
    bool (*goes_on)(void *context, const struct exhaustive_result *result);
};

enum { EXHAUSTIVE_DEPTH = 24 };

struct exhaustive_result {
    uint64_t programs, delivering; /* run; of these, delivered a list after the start */
    uint64_t calls;                /* operations tried */
    uint64_t states;               /* distinct state digests */
    uint64_t found, pruned;        /* programs that failed; that did nothing at their end */
    unsigned complete, deepest;    /* all programs up to this depth; depth of the longest one */
    bool closed, stopped;          /* no state was left to continue; goes_on ended it */
};

/* False: no memory, no process, or the start program fails by itself (found, crashed are told). */
bool exhaustive_run(const struct exhaustive_options *options, struct exhaustive_result *result);

#endif
