/*
 * shrink_faults.c: a refusal ordered earlier, and records that ask for something taken out: the number of
 * requests that pass before the refused one goes with them.
 */
#include "program_edit.h"
#include "shrink_passes.h"

enum { AFTER_MAX = 15 };

bool shrink_take_refusing(struct shrink *shrink, const struct program *program)
{
    unsigned at = 0;
    struct program candidate = *program;

    while (at < program->count && program->records[at].op != OP_fault)
        at++;
    if (shrink_take(shrink, &candidate))
        return true;
    for (unsigned after = 0; at < program->count && after <= AFTER_MAX; after++) {
        candidate = *program;
        candidate.records[at].v[0] = (uint16_t)after;
        if (shrink_take(shrink, &candidate))
            return true;
    }
    return false;
}

/* The refusal that is ordered at FROM is ordered earlier. */
static bool move(struct shrink *shrink, unsigned from)
{
    const struct record fault = shrink->best->records[from];
    struct program without = *shrink->best;

    program_delete(&without, from, 1);
    for (unsigned at = 0; at < from; at++) {
        struct program moved = without;

        program_insert(&moved, at, &fault, 1);
        if (shrink_take_refusing(shrink, &moved))
            return true;
    }
    return false;
}

/* The refusal of one site is ordered for whatever is asked for then. */
static bool refuse_any_site(struct shrink *shrink, unsigned at)
{
    struct program any = *shrink->best;

    any.records[at].r[0] = 0;
    return shrink_take_refusing(shrink, &any);
}

static bool leave_out_any(struct shrink *shrink)
{
    for (unsigned at = shrink->best->count; at-- > 0;) {
        struct program less = *shrink->best;

        program_delete(&less, at, 1);
        if (shrink_take_refusing(shrink, &less))
            return true;
    }
    return false;
}

bool shrink_faults(struct shrink *shrink)
{
    unsigned at = 0;

    while (at < shrink->best->count && shrink->best->records[at].op != OP_fault)
        at++;
    return at < shrink->best->count &&
           (move(shrink, at) || refuse_any_site(shrink, at) || leave_out_any(shrink));
}
