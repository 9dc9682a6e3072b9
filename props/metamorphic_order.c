/*
 * metamorphic_order.c: variants in which two neighbours change places.
 *
 * They are independent if neither is the program's own doing, neither calls back, and one makes a
 * thing of memory that the other knows nothing of, or they are of worlds that do not meet: NetDMA
 * and the rest, two adapters, two questions.
 */
#include "metamorphic.h"
#include "shrink_passes.h"

static bool makes_memory(unsigned op)
{
    return op == OP_buffer || op == OP_mdl || op == OP_net_buffer || op == OP_net_buffer_list;
}

static bool asks(unsigned op)
{
    return op == OP_NdisQueryNetBufferPhysicalCount || op == OP_CalculateScatterGatherList ||
           op == OP_GetDmaAlignment || op == OP_NdisMGetDmaAlignment || op == OP_NetDmaGetVersion ||
           op == OP_cpu_read || op == OP_device_access;
}

/* Of the adapter that r0 names alone. */
static bool is_of_adapter(unsigned op)
{
    return op == OP_NdisMSetMiniportAttributes || op == OP_NdisMPauseComplete ||
           op == OP_NdisMRestartComplete || op == OP_NdisMResetComplete ||
           op == OP_NdisMSendNetBufferListsComplete || op == OP_NdisMGetDmaAlignment ||
           op == OP_device_stop;
}

static bool is_same(const struct ref *a, const struct ref *b)
{
    return a->mode == REF_NAMED && b->mode == REF_NAMED && a->class == b->class &&
           a->number == b->number;
}

static bool share(const struct subject *s, unsigned a, unsigned b)
{
    enum name_class makes = op_table[s->program->records[a].op].makes;
    struct ref made = {REF_NAMED, makes, s->number[a]};

    for (unsigned slot = 0; slot < 3; slot++) {
        if (is_same(&made, &s->refs[b][slot]))
            return true;
        for (unsigned other = 0; other < 3; other++)
            if (is_same(&s->refs[a][slot], &s->refs[b][other]))
                return true;
    }
    return false;
}

static bool guesses(const struct subject *s, unsigned at)
{
    for (unsigned slot = 0; slot < 3; slot++)
        if (s->refs[at][slot].mode == REF_FORGED || s->refs[at][slot].mode == REF_WRONG)
            return true;
    return false;
}

static bool is_plain(const struct subject *s, unsigned at)
{
    const struct mark *mark = &s->marks[at];
    unsigned op = s->program->records[at].op;

    return mark->ran && !mark->armed && !mark->calls_back && !guesses(s, at) &&
           op_table[op].side != SIDE_control && op != OP_KeRaiseIrql && op != OP_KeLowerIrql;
}

static bool are_apart(const struct subject *s, unsigned a, unsigned b)
{
    unsigned one = s->program->records[a].op, other = s->program->records[b].op;
    enum name_class makes = op_table[one].makes;

    if (makes != CLASS_nothing && makes == op_table[other].makes)
        return false;
    if (makes_memory(one) || makes_memory(other) || (asks(one) && asks(other)))
        return true;
    if ((op_table[one].targets == TARGET_NP) != (op_table[other].targets == TARGET_NP))
        return true;
    return is_of_adapter(one) && is_of_adapter(other) && s->refs[a][0].mode == REF_NAMED &&
           s->refs[b][0].mode == REF_NAMED;
}

bool variant_order(const struct subject *s, unsigned at, struct variant *v)
{
    unsigned order[PROGRAM_MAX];
    struct makers makers;

    if (at + 1 >= s->program->count || !is_plain(s, at) || !is_plain(s, at + 1) ||
        share(s, at, at + 1) || !are_apart(s, at, at + 1))
        return false;
    for (unsigned i = 0; i < s->program->count; i++)
        order[i] = i;
    order[at] = at + 1;
    order[at + 1] = at;
    makers_find(s->program, &makers);
    if (!program_arrange(&v->program, &makers, order, s->program->count))
        return false;
    v->place[at] = (int16_t)(at + 1);
    v->place[at + 1] = (int16_t)at;
    v->exact = v->state = true;
    snprintf(v->change, sizeof v->change, "with records %u and %u swapped", at + 1, at + 2);
    return true;
}
