/*
 * selftest.h: one engine's search for one planted bug, in a process of its own.
 */
#ifndef DMARIG_SELFTEST_H
#define DMARIG_SELFTEST_H

#include "planted.h"
#include "run.h"

enum engine { ENGINE_RANDOM, ENGINE_EXHAUSTIVE, ENGINE_REPLAY, ENGINE_COUNT };
extern const char *const engine_names[ENGINE_COUNT];

/* CRASH: a program ended the process, or never ends. TROUBLE: no search could be made. */
enum ending { ENDING_CLEAN, ENDING_FOUND, ENDING_CRASH, ENDING_TROUBLE };

struct search_options {
    double seconds;     /* of the processor that the search may take; not 0 */
    uint64_t seed;      /* of the first random program */
    const char *corpus; /* directory with seed/ and regress/ */
    bool shrink;        /* make the program that failed as small as may be */
};

/* What came of a search. */
struct search_result {
    enum ending ending;
    enum property property;       /* FOUND: what the first failing program failed */
    uint64_t programs, calls;     /* until then, or in all */
    double seconds;               /* of the processor, until then, or in all */
    struct planted_counts counts; /* until then, or in all */
    struct program program;       /* FOUND: that program; CRASH: the one that ran */
    char trouble[512];            /* TROUBLE: why */
};

/* A search ends with the first program that fails, whatever it fails. The exhaustive search goes
 * through the programs of up to four letters. False: TROUBLE. */
bool selftest_search(enum planted_id bug, enum engine engine, const struct search_options *options,
                     struct search_result *result);

/* Did the search find BUG by a property, or the crash, that is expected to catch it? */
bool selftest_as_expected(enum planted_id bug, const struct search_result *result);
/* "sg.reach", "crash", or "" if nothing was found. */
const char *selftest_found(const struct search_result *result);

#endif
