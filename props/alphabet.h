/*
 * alphabet.h: the letters and the starts of small-scope search (alphabet.def).
 */
#ifndef DMARIG_ALPHABET_H
#define DMARIG_ALPHABET_H

#include "program.h"

enum { LETTERS_MAX = 64, LETTER_RECORDS = 8 };

struct letter {
    unsigned count;
    struct record records[LETTER_RECORDS];
};
struct alphabet {
    unsigned count;
    struct letter letters[LETTERS_MAX];
};

enum alphabet_id {
#define ALPHABET(name, meaning, names, ...) ALPHABET_##name,
#define SCOPE(name, alphabet, depth, states, programs, meaning, start)
#include "alphabet.def"
#undef ALPHABET
#undef SCOPE
    ALPHABET_COUNT
};
enum scope_id {
#define ALPHABET(name, meaning, names, ...)
#define SCOPE(name, alphabet, depth, states, programs, meaning, start) SCOPE_##name,
#include "alphabet.def"
#undef ALPHABET
#undef SCOPE
    SCOPE_COUNT
};

struct alphabet_row {
    const char *name, *meaning, *names;
    const char *const *letters;
    unsigned count;
};
struct scope_row {
    const char *name, *meaning, *start;
    enum alphabet_id alphabet; /* unless another is asked for */
    unsigned depth;
    uint64_t states, programs;
};
extern const struct alphabet_row alphabets[ALPHABET_COUNT];
extern const struct scope_row scopes[SCOPE_COUNT];

const struct alphabet_row *alphabet_find(const char *name); /* NULL: there is none */
const struct scope_row *scope_find(const char *name);

/* COUNT texts read as letters where the program NAMES has been; false and a line in ERROR if one
 * cannot be read, is too long, or reaches back further than STATE_VIEW names. */
bool alphabet_read(struct alphabet *alphabet, const char *names, const char *const *letters,
                   unsigned count, struct text_error *error);

#endif
