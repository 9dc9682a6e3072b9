/*
 * shrink_order.c: records put earlier, and operations replaced by lower ones.
 */
#include "shrink_passes.h"

/* ---- moving ---- */

static bool move(struct shrink *shrink, unsigned from, unsigned to)
{
    struct program candidate = *shrink->best;
    struct makers makers;
    unsigned order[PROGRAM_MAX], count = 0;

    for (unsigned i = 0; i < candidate.count; i++) {
        if (i == to)
            order[count++] = from;
        if (i != from)
            order[count++] = i;
    }
    makers_find(&candidate, &makers);
    return program_arrange(&candidate, &makers, order, count) && shrink_take(shrink, &candidate);
}

bool shrink_moves(struct shrink *shrink)
{
    for (unsigned to = 0; to < shrink->best->count; to++)
        for (unsigned from = to + 1; from < shrink->best->count; from++)
            if (move(shrink, from, to))
                return true;
    return false;
}

/* ---- replacing ---- */

static bool same_meaning(const struct operand *a, const struct operand *b)
{
    return a->kind == b->kind && a->class == b->class && a->words == b->words;
}

struct record record_as(const struct record *old, unsigned op)
{
    const struct op_row *from = &op_table[old->op], *to = &op_table[op];
    struct record record = {.op = (uint8_t)op};
    unsigned used = 0;

    for (unsigned i = 0; i < to->operand_count; i++)
        for (unsigned k = 0; k < from->operand_count; k++)
            if (!(used >> k & 1) && same_meaning(&to->operands[i], &from->operands[k])) {
                operand_set(&record, &to->operands[i], operand_get(old, &from->operands[k]));
                used |= 1u << k;
                break;
            }
    return record;
}

static bool replace(struct shrink *shrink, unsigned at, struct record record)
{
    struct program candidate = *shrink->best;

    candidate.records[at] = record;
    return shrink_take(shrink, &candidate);
}

static bool replace_by_lower(struct shrink *shrink, unsigned at)
{
    struct record old = shrink->best->records[at];

    for (unsigned op = 0; op < old.op; op++) {
        if (!op_table[op].name || op_table[op].makes != op_table[old.op].makes)
            continue;
        if (replace(shrink, at, record_as(&old, op)) ||
            replace(shrink, at, (struct record){.op = (uint8_t)op}))
            return true;
    }
    return false;
}

bool shrink_replacements(struct shrink *shrink)
{
    for (unsigned at = 0; at < shrink->best->count; at++)
        if (replace_by_lower(shrink, at))
            return true;
    return false;
}
