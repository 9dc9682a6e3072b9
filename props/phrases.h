/*
 * phrases.h: idioms of several records (phrases.def), ready to be put into a program.
 */
#ifndef DMARIG_PHRASES_H
#define DMARIG_PHRASES_H

#include "program.h"

/* Where the newest adapter and the newest NetDMA device stand, as far as a generator can know. */
enum phase {
    PHASE_NOTHING = 1,
    PHASE_DRIVER = 2,
    PHASE_PAUSED = 4,
    PHASE_RUNNING = 8,
    PHASE_ANY = 15,
    PHASE_NO_DEVICE = 16,
    PHASE_ADDED = 32,
    PHASE_STARTED = 64,
    PHASE_ANY_DEVICE = 112
};

enum phrase_id {
#define PHRASE(name, targets, from, to, weight, text) PHRASE_##name,
#include "phrases.def"
#undef PHRASE
    PHRASE_COUNT
};
enum { PHRASE_RECORDS = 40 };

struct phrase {
    unsigned count;
    struct record records[PHRASE_RECORDS];
    uint8_t
        context[PHRASE_RECORDS]; /* bit s: the reference in slot s names something made before */
    unsigned needs;              /* bit c: something of class c must have been made before */
};
struct phrase_row {
    const char *name, *text;
    unsigned targets, from, to, weight; /* from, to: enum phase */
};
extern const struct phrase_row phrase_rows[PHRASE_COUNT];

const struct phrase *phrase_get(enum phrase_id id); /* parsed once, then shared */

#endif
