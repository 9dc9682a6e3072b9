/*
 * shrink.c: the passes on the decoded program, to a fixed point.
 *
 * Cheap passes run to their own fixed point before dear ones start. A candidate is taken only if it
 * comes before the best in shortlex order, so every pass ends, and what many programs end in is one
 * program as often as the passes can walk there.
 */
#include "shrink.h"
#include "shrink_passes.h"

static int compare_numbers(unsigned a, unsigned b)
{
    return (a > b) - (a < b);
}

static int record_compare(const struct record *a, const struct record *b)
{
    int order = compare_numbers(a->op, b->op);

    for (unsigned i = 0; order == 0 && i < 3; i++)
        order = compare_numbers(a->r[i], b->r[i]);
    for (unsigned i = 0; order == 0 && i < 2; i++)
        order = compare_numbers(a->v[i], b->v[i]);
    return order;
}

int program_compare(const struct program *a, const struct program *b)
{
    int order = compare_numbers(a->count, b->count);

    for (unsigned i = 0; order == 0 && i < a->count; i++)
        order = record_compare(&a->records[i], &b->records[i]);
    return order;
}

bool shrink_take(struct shrink *shrink, struct program *candidate)
{
    program_canonical(candidate);
    if (shrink->tried == shrink->limit || program_compare(candidate, shrink->best) >= 0)
        return false;
    shrink->tried++;
    if (!shrink->still_fails(shrink->context, candidate))
        return false;
    *shrink->best = *candidate;
    return true;
}

unsigned shrink_program_within(struct program *program,
                               bool (*still_fails)(void *context, const struct program *program),
                               void *context, unsigned tries)
{
    static bool (*const passes[])(struct shrink *) = {
        shrink_deletions,    shrink_operands,    shrink_subsets,      shrink_into_hal,
        shrink_replacements, shrink_moves,       shrink_equal_values, shrink_trades,
        shrink_into_choices, shrink_into_others,
    };
    struct shrink shrink = {
        .best = program, .still_fails = still_fails, .context = context, .limit = tries};

    for (unsigned pass = 0; pass < sizeof passes / sizeof passes[0];)
        pass = passes[pass](&shrink) ? 0 : pass + 1;
    return shrink.tried;
}

unsigned shrink_program(struct program *program,
                        bool (*still_fails)(void *context, const struct program *program),
                        void *context)
{
    return shrink_program_within(program, still_fails, context, SHRINK_TRIES_MAX);
}
