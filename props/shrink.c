/*
 * shrink.c: the passes on the decoded program, to a fixed point.
 *
 * Cheap passes run to their own fixed point before dear ones start. A candidate is taken only if it
 * comes before the best in shortlex order, so every pass ends. Passes that take small steps stop where
 * no small step fails; the others take the leaps that get programs of one bug from there to the same
 * place, which `dmarig minima` watches over.
 */
#include "shrink.h"
#include "run.h"
#include "shrink_passes.h"
#include <stdlib.h>
#include <string.h>

_Static_assert(sizeof(struct record) == sizeof(uint64_t), "a record is hashed as one word");

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

static uint64_t hash(const struct program *program)
{
    uint64_t hash = program->count;

    for (unsigned i = 0; i < program->count; i++) {
        uint64_t word;

        memcpy(&word, &program->records[i], sizeof word);
        hash = (hash ^ word) * UINT64_C(0x9E3779B97F4A7C15);
        hash ^= hash >> 29;
    }
    return hash | 1;
}

/* Different passes come upon the same candidates; of those the last ones are known by their hash. */
static bool was_tried(struct shrink *shrink, const struct program *candidate)
{
    uint64_t key = hash(candidate), *slot = &shrink->seen[key >> (64 - SEEN_BITS)];
    bool seen = *slot == key;

    *slot = key;
    return seen;
}

bool shrink_is_tired(const struct shrink *shrink)
{
    return shrink->tried == SHRINK_TRIES_MAX || runs_work() - shrink->begun >= SHRINK_WORK_MAX;
}

bool shrink_take(struct shrink *shrink, struct program *candidate)
{
    program_canonical(candidate);
    if (shrink_is_tired(shrink) || program_compare(candidate, shrink->best) >= 0 ||
        was_tried(shrink, candidate))
        return false;
    shrink->tried++;
    if (!shrink->still_fails(shrink->context, candidate))
        return false;
    *shrink->best = *candidate;
    return true;
}

unsigned shrink_program(struct program *program,
                        bool (*still_fails)(void *context, const struct program *program),
                        void *context)
{
    static bool (*const passes[])(struct shrink *) = {
        shrink_deletions,     shrink_operands,      shrink_faults,       shrink_flatten,
        shrink_openings,      shrink_subsets,       shrink_into_hal,     shrink_into_packets,
        shrink_into_lists,    shrink_into_waits,    shrink_into_bases,   shrink_into_shared,
        shrink_into_channels, shrink_memory,        shrink_swaps,        shrink_replacements,
        shrink_moves,         shrink_equal_values,  shrink_two_operands, shrink_trades,
        shrink_into_choices,  shrink_into_settings, shrink_returns,      shrink_exchanges,
        shrink_into_others,
    };
    struct shrink shrink = {
        .best = program, .still_fails = still_fails, .context = context, .begun = runs_work()};

    shrink.seen = calloc(1u << SEEN_BITS, sizeof *shrink.seen);
    if (!shrink.seen)
        return 0;
    for (unsigned pass = 0; pass < sizeof passes / sizeof passes[0] && !shrink_is_tired(&shrink);)
        pass = passes[pass](&shrink) ? 0 : pass + 1;
    free(shrink.seen);
    return shrink.tried;
}
