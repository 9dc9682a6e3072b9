/*
 * shrink.c: deletion and zeroing on the decoded program, to a fixed point.
 *
 * Records go in chunks of 32 down to 1, from the end backwards, references renamed; then each
 * operand is set to zero, which is the newest name, the first word, nothing.
 */
#include "shrink.h"
#include "program_edit.h"
#include <string.h>

enum { CHUNK_MAX = 32 };

struct shrink {
    struct program *best;
    bool (*still_fails)(void *context, const struct program *program);
    void *context;
    unsigned tried;
};

static bool same(const struct program *a, const struct program *b)
{
    if (a->count != b->count)
        return false;
    for (unsigned i = 0; i < a->count; i++) {
        const struct record *x = &a->records[i], *y = &b->records[i];

        if (x->op != y->op || memcmp(x->r, y->r, sizeof x->r) != 0 ||
            memcmp(x->v, y->v, sizeof x->v) != 0)
            return false;
    }
    return true;
}

static bool take_if_fails(struct shrink *shrink, const struct program *candidate)
{
    if (same(candidate, shrink->best))
        return false;
    shrink->tried++;
    if (!shrink->still_fails(shrink->context, candidate))
        return false;
    *shrink->best = *candidate;
    return true;
}

static bool delete_chunks(struct shrink *shrink, unsigned size)
{
    bool progress = false;

    for (unsigned end = shrink->best->count; end > 0;) {
        unsigned at = end > size ? end - size : 0;
        struct program candidate = *shrink->best;

        program_delete(&candidate, at, end - at);
        progress |= take_if_fails(shrink, &candidate);
        end = at;
    }
    return progress;
}

static bool zero_operand(struct shrink *shrink, unsigned at, const struct operand *operand)
{
    struct program candidate = *shrink->best;

    if (operand_get(&candidate.records[at], operand) == 0)
        return false;
    operand_set(&candidate.records[at], operand, 0);
    program_canonical(&candidate);
    return take_if_fails(shrink, &candidate);
}

static bool zero_operands(struct shrink *shrink)
{
    bool progress = false;

    for (unsigned at = 0; at < shrink->best->count; at++) {
        const struct op_row *row = &op_table[shrink->best->records[at].op];

        for (unsigned i = 0; i < row->operand_count; i++)
            progress |= zero_operand(shrink, at, &row->operands[i]);
    }
    return progress;
}

unsigned shrink_program(struct program *program,
                        bool (*still_fails)(void *context, const struct program *program),
                        void *context)
{
    struct shrink shrink = {.best = program, .still_fails = still_fails, .context = context};
    bool progress;

    do {
        progress = false;
        for (unsigned size = CHUNK_MAX; size > 0; size /= 2)
            progress |= delete_chunks(&shrink, size);
        progress |= zero_operands(&shrink);
    } while (progress);
    return shrink.tried;
}
