/*
 * alphabet.c: letters from text.
 */
#include "alphabet.h"
#include "run.h"
#include <string.h>

enum { TEXT_MAX = 4096 };

#define ALPHABET(name, meaning, names, ...) \
    static const char *const letters_##name[] = {__VA_ARGS__};
#define SCOPE(name, alphabet, depth, states, programs, meaning, start)
#include "alphabet.def"
#undef ALPHABET
#undef SCOPE

const struct alphabet_row alphabets[ALPHABET_COUNT] = {
#define ALPHABET(name_, meaning_, names_, ...) \
    {#name_, meaning_, names_, letters_##name_, sizeof letters_##name_ / sizeof letters_##name_[0]},
#define SCOPE(name, alphabet, depth, states, programs, meaning, start)
#include "alphabet.def"
#undef ALPHABET
#undef SCOPE
};

const struct scope_row scopes[SCOPE_COUNT] = {
#define ALPHABET(name, meaning, names, ...)
#define SCOPE(name_, alphabet_, depth_, states_, programs_, meaning_, start_) \
    {#name_, meaning_, start_, ALPHABET_##alphabet_, depth_, states_, programs_},
#include "alphabet.def"
#undef ALPHABET
#undef SCOPE
};

const struct alphabet_row *alphabet_find(const char *name)
{
    for (unsigned i = 0; i < ALPHABET_COUNT; i++)
        if (strcmp(alphabets[i].name, name) == 0)
            return &alphabets[i];
    return NULL;
}

const struct scope_row *scope_find(const char *name)
{
    for (unsigned i = 0; i < SCOPE_COUNT; i++)
        if (strcmp(scopes[i].name, name) == 0)
            return &scopes[i];
    return NULL;
}

static bool read_text(struct program *program, const char *first, const char *second,
                      struct text_error *error)
{
    struct text_head head;
    char text[TEXT_MAX];
    int length = snprintf(text, sizeof text, "%s%s", first, second);

    if (length < 0 || (size_t)length >= sizeof text) {
        snprintf(error->message, sizeof error->message, "expected less than %d bytes of text",
                 (int)TEXT_MAX);
        return false;
    }
    return program_parse(program, &head, text, (size_t)length, error);
}

/* How many names LETTER reaches back before its own. */
static unsigned reach_of(const struct letter *letter)
{
    unsigned reach = 0, made[CLASS_COUNT] = {0};

    for (unsigned i = 0; i < letter->count; i++) {
        const struct op_row *row = &op_table[letter->records[i].op];

        for (unsigned k = 0; k < row->operand_count; k++) {
            const struct operand *operand = &row->operands[k];
            unsigned byte = operand_get(&letter->records[i], operand);

            if (operand->kind == OPERAND_REF && byte < 32 && byte >= made[operand->class] &&
                byte - made[operand->class] + 1 > reach)
                reach = byte - made[operand->class] + 1;
        }
        made[row->makes]++;
    }
    return reach;
}

static bool read_letter(struct letter *letter, const char *names, unsigned skip, const char *text,
                        struct text_error *error)
{
    struct program program;

    if (!read_text(&program, names, text, error))
        return false;
    letter->count = program.count - skip;
    if (letter->count <= LETTER_RECORDS) {
        memcpy(letter->records, program.records + skip, letter->count * sizeof(struct record));
        if (reach_of(letter) <= STATE_VIEW)
            return true;
    }
    snprintf(error->message, sizeof error->message,
             "expected a letter of at most %d records that reaches back %d names, found %.80s",
             (int)LETTER_RECORDS, (int)STATE_VIEW, text);
    return false;
}

bool alphabet_read(struct alphabet *alphabet, const char *names, const char *const *letters,
                   unsigned count, struct text_error *error)
{
    struct program program;

    alphabet->count = count;
    if (count > LETTERS_MAX || !read_text(&program, names, "", error))
        return false;
    for (unsigned i = 0; i < count; i++)
        if (!read_letter(&alphabet->letters[i], names, program.count, letters[i], error))
            return false;
    return true;
}
