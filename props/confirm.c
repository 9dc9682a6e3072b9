/* confirm.c: see confirm.h. */
#include "confirm.h"
#include "exhaustive.h"
#include <string.h>

enum { NAMED_BELOW = 32 };

struct confirming {
    enum property property;
    const struct job_result *crash;
    struct confirm_result *result;
};

/* ---- letters ---- */

/* False: there is no room for RECORD. */
static bool add_letter(struct alphabet *alphabet, const struct record *record)
{
    for (unsigned i = 0; i < alphabet->count; i++)
        if (memcmp(&alphabet->letters[i].records[0], record, sizeof *record) == 0)
            return true;
    if (alphabet->count == LETTERS_MAX)
        return false;
    alphabet->letters[alphabet->count++] = (struct letter){.count = 1, .records = {*record}};
    return true;
}

/* RECORD with all names, from its operand number K on. */
static bool add_with_names(struct alphabet *alphabet, struct record record, unsigned k,
                           const unsigned made[CLASS_COUNT])
{
    const struct op_row *row = &op_table[record.op];
    const struct operand *operand = &row->operands[k];

    if (k == row->operand_count)
        return add_letter(alphabet, &record);
    if (operand->kind != OPERAND_REF || operand_get(&record, operand) >= NAMED_BELOW)
        return add_with_names(alphabet, record, k + 1, made);
    for (unsigned back = 0; back < made[operand->class]; back++) {
        operand_set(&record, operand, back);
        if (!add_with_names(alphabet, record, k + 1, made))
            return false;
    }
    return true;
}

static bool make_alphabet(struct alphabet *alphabet, const struct program *minimum)
{
    unsigned made[CLASS_COUNT] = {0};

    alphabet->count = 0;
    for (unsigned i = 0; i < minimum->count; i++)
        made[op_table[minimum->records[i].op].makes]++;
    for (unsigned i = 0; i < minimum->count; i++)
        if (!add_with_names(alphabet, minimum->records[i], 0, made))
            return false;
    return true;
}

/* How many records of the minimum's end can be tried for, with MOST programs of fewer letters. */
static unsigned longest_tail(const struct program *minimum, unsigned letters, uint64_t most)
{
    uint64_t strings = 1, sum = 1;
    unsigned tail = 1;

    while (tail < minimum->count && tail < EXHAUSTIVE_DEPTH && strings <= most / letters &&
           sum + strings * letters <= most) {
        strings *= letters;
        sum += strings;
        tail++;
    }
    return tail;
}

/* ---- the search ---- */

static void note(struct confirming *confirming, const struct program *program)
{
    struct confirm_result *result = confirming->result;

    if (result->end == CONFIRM_SHORTER)
        return;
    result->end = CONFIRM_SHORTER;
    result->shorter = *program;
}

static void on_found(void *context, const struct program *program, const struct outcome *outcome)
{
    struct confirming *confirming = context;

    if (confirming->property != PROPERTY_NONE && outcome->verdict.property == confirming->property)
        note(confirming, program);
}

static void on_crash(void *context, const struct program *program, const struct job_result *end)
{
    struct confirming *confirming = context;

    if (confirming->property == PROPERTY_NONE && end->end == confirming->crash->end &&
        strcmp(end->cause, confirming->crash->cause) == 0)
        note(confirming, program);
}

static bool goes_on(void *context, const struct exhaustive_result *result)
{
    const struct confirming *confirming = context;

    (void)result;
    return confirming->result->end != CONFIRM_SHORTER && confirming->result->tail > 1;
}

bool confirm_shortest(const struct program *minimum, enum property property,
                      const struct job_result *crash, uint64_t most, struct confirm_result *result)
{
    struct confirming confirming = {property, crash, result};
    struct alphabet alphabet;
    struct program start = *minimum;
    struct exhaustive_result searched;
    struct exhaustive_options options = {.alphabet = &alphabet,
                                         .start = &start,
                                         .keep_all = true,
                                         .only = property,
                                         .apart = true,
                                         .context = &confirming,
                                         .found = on_found,
                                         .crashed = on_crash,
                                         .goes_on = goes_on};
    bool good;

    *result = (struct confirm_result){.end = CONFIRM_BEYOND};
    if (minimum->count == 0 || !make_alphabet(&alphabet, minimum))
        return true;
    result->tail = longest_tail(minimum, alphabet.count, most);
    if (result->tail == 1 && minimum->count > 1)
        return true;
    start.count = minimum->count - result->tail;
    options.depth = result->tail - 1;
    result->end = start.count == 0 ? CONFIRM_SHORTEST : CONFIRM_TAIL;
    good = exhaustive_run(&options, &searched);
    result->programs = searched.programs + 1; /* and the start */
    return good || searched.found > 0;
}
