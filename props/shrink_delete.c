/*
 * shrink_delete.c: records taken out. Chunks from the end backwards, then single records in all the
 * ways their users can do without them, then pairs and triples that only go together, such as a
 * call and the `return` of its callback.
 */
#include "program_edit.h"
#include "shrink_passes.h"

enum { CHUNK_MAX = 32, PAIRS_UP_TO = 40, TRIPLES_UP_TO = 14 };

static bool delete_chunks(struct shrink *shrink, unsigned size)
{
    bool progress = false;

    for (unsigned end = shrink->best->count; end > 0;) {
        unsigned at = end > size ? end - size : 0;
        struct program candidate = *shrink->best;

        program_delete(&candidate, at, end - at);
        progress |= shrink_take(shrink, &candidate);
        end = at;
    }
    return progress;
}

static bool uses_gone(const int16_t of[3], const bool *gone)
{
    for (unsigned slot = 0; slot < 3; slot++)
        if (of[slot] >= 0 && gone[of[slot]])
            return true;
    return false;
}

/* Record AT, whoever uses its name, and so on. */
static bool delete_with_users(struct shrink *shrink, unsigned at)
{
    struct program candidate = *shrink->best;
    struct makers makers;
    unsigned order[PROGRAM_MAX], count = 0;
    bool gone[PROGRAM_MAX] = {false};

    makers_find(&candidate, &makers);
    gone[at] = true;
    for (unsigned i = 0; i < candidate.count; i++) {
        gone[i] = gone[i] || uses_gone(makers.of[i], gone);
        if (!gone[i])
            order[count++] = i;
    }
    return program_arrange(&candidate, &makers, order, count) && shrink_take(shrink, &candidate);
}

/* Record AT goes; its users take the name that record OTHER made. */
static bool delete_for_other(struct shrink *shrink, unsigned at, unsigned other)
{
    struct program candidate = *shrink->best;
    struct makers makers;
    unsigned order[PROGRAM_MAX], count = 0;

    makers_find(&candidate, &makers);
    for (unsigned i = 0; i < candidate.count; i++) {
        for (unsigned slot = 0; slot < 3; slot++)
            if (makers.of[i][slot] == (int)at)
                makers.of[i][slot] = (int16_t)other;
        if (i != at)
            order[count++] = i;
    }
    return program_arrange(&candidate, &makers, order, count) && shrink_take(shrink, &candidate);
}

static bool delete_for_any_other(struct shrink *shrink, unsigned at)
{
    enum name_class makes = op_table[shrink->best->records[at].op].makes;

    if (makes == CLASS_nothing)
        return false;
    for (unsigned other = 0; other < shrink->best->count; other++)
        if (other != at && op_table[shrink->best->records[other].op].makes == makes &&
            delete_for_other(shrink, at, other))
            return true;
    return false;
}

static bool delete_one_by_one(struct shrink *shrink)
{
    bool progress = false;

    for (unsigned at = shrink->best->count; at-- > 0;) {
        if (at < shrink->best->count)
            progress |= delete_with_users(shrink, at) || delete_for_any_other(shrink, at);
    }
    return progress;
}

bool shrink_deletions(struct shrink *shrink)
{
    bool progress = false;

    for (unsigned size = CHUNK_MAX; size > 0; size /= 2)
        progress |= delete_chunks(shrink, size);
    return delete_one_by_one(shrink) || progress;
}

/* ---- records that only go together ---- */

/* THIRD == SECOND: a pair */
static bool delete_subset(struct shrink *shrink, unsigned first, unsigned second, unsigned third)
{
    struct program candidate = *shrink->best;

    if (third != second)
        program_delete(&candidate, third, 1);
    program_delete(&candidate, second, 1);
    program_delete(&candidate, first, 1);
    return shrink_take(shrink, &candidate);
}

static bool delete_pairs(struct shrink *shrink)
{
    unsigned count = shrink->best->count;

    for (unsigned second = count; second-- > 1;) {
        bool returns = shrink->best->records[second].op == OP_return;

        if (count > PAIRS_UP_TO && !returns)
            continue;
        for (unsigned first = second; first-- > 0;)
            if (delete_subset(shrink, first, second, second))
                return true;
    }
    return false;
}

static bool delete_triples(struct shrink *shrink)
{
    unsigned count = shrink->best->count;

    if (count > TRIPLES_UP_TO)
        return false;
    for (unsigned third = count; third-- > 2;)
        for (unsigned second = third; second-- > 1;)
            for (unsigned first = second; first-- > 0;)
                if (delete_subset(shrink, first, second, third))
                    return true;
    return false;
}

bool shrink_subsets(struct shrink *shrink)
{
    return delete_pairs(shrink) || delete_triples(shrink);
}
