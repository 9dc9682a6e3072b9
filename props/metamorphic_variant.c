/*
 * metamorphic_variant.c: variants with a call less or a pair of calls more.
 *
 * Each condition keeps away a variant that may rightly differ: one too few costs nothing, one too
 * many is a false finding.
 */
#include "metamorphic.h"
#include "program_edit.h"
#include <string.h>

enum { BYTE_NULL = 0xE0 };

static void put_nop(struct program *program, unsigned at)
{
    static const struct record nop = {.op = OP_nop};

    program_delete(program, at, 1);
    program_insert(program, at, &nop, 1);
}

/* ---- without a call that changed nothing ---- */

/* The fault that refused what record AT asked for; -1: it was given otherwise. */
static int fault_of(const struct subject *s, unsigned at)
{
    for (unsigned i = at; i-- > 0;)
        if (s->program->records[i].op == OP_fault && s->marks[i].ran)
            return s->marks[i].armed ? -1 : (int)i;
    return -1;
}

bool variant_refused(const struct subject *s, unsigned at, struct variant *v)
{
    const struct mark *mark;
    int fault;

    if (at >= s->program->count)
        return false;
    mark = &s->marks[at];
    if (!mark->ran || !mark->idle || (mark->armed && !mark->starved) || subject_needs(s, at))
        return false;
    fault = mark->starved ? fault_of(s, at) : -1;
    if (mark->starved && fault < 0)
        return false;
    put_nop(&v->program, at);
    v->place[at] = -1;
    if (fault >= 0) {
        put_nop(&v->program, (unsigned)fault);
        v->place[fault] = -1;
    }
    v->exact = v->state = true;
    snprintf(v->change, sizeof v->change, "without record %u, which changed nothing", at + 1);
    return true;
}

/* ---- with something made and given back ---- */

/* A maker again, as CHANGES say, and what gives its thing back at once. */
struct pair {
    uint8_t op;
    bool exact;
    unsigned count;
    struct record (*again)(struct record record);
    struct record rest[2];
};

static struct record as_it_is(struct record record)
{
    return record;
}

/* Its affinity callback would want a body. */
static struct record without_affinity(struct record record)
{
    operand_set(&record, &op_table[OP_NetDmaRegisterProvider].operands[3], 7);
    return record;
}

/* In HAL's memory; the handler runs inside. */
static struct record in_memory_of_hal(struct record record)
{
    record.r[2] = BYTE_NULL;
    record.v[0] &= 0x0FFF;
    record.v[1] = 0;
    return record;
}

static struct record inside(struct record record)
{
    record.v[1] &= 0x0FFF;
    return record;
}

enum { FAILURE = 2 }; /* of choice `status` */

static const struct pair pairs[] = {
    {OP_NdisMRegisterMiniportDriver, true, 1, as_it_is, {{.op = OP_NdisMDeregisterMiniportDriver}}},
    {OP_initialize, true, 1, as_it_is, {{.op = OP_return, .r = {FAILURE}}}},
    {OP_NdisMRegisterScatterGatherDma,
     true,
     1,
     as_it_is,
     {{.op = OP_NdisMDeregisterScatterGatherDma}}},
    {OP_IoGetDmaAdapter, true, 1, as_it_is, {{.op = OP_PutDmaAdapter}}},
    {OP_add_device, true, 1, as_it_is, {{.op = OP_return, .r = {FAILURE}}}},
    {OP_NetDmaRegisterProvider, true, 1, without_affinity, {{.op = OP_NetDmaDeregisterProvider}}},
    {OP_NdisMAllocateNetBufferSGList,
     false,
     2,
     in_memory_of_hal,
     {{.op = OP_return}, {.op = OP_NdisMFreeNetBufferSGList}}},
    {OP_GetScatterGatherList,
     false,
     2,
     inside,
     {{.op = OP_return}, {.op = OP_PutScatterGatherList}}},
};

static const struct pair *pair_of(unsigned op)
{
    for (unsigned i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        if (pairs[i].op == op)
            return &pairs[i];
    return NULL;
}

/* Freeing a list takes the handle and the NET_BUFFER, or the direction, of the call that made it. */
static void fill_free(struct record *record, const struct record *maker)
{
    if (record->op == OP_NdisMFreeNetBufferSGList)
        *record = (struct record){.op = record->op, .r = {maker->r[0], 0, maker->r[1]}};
    else if (record->op == OP_PutScatterGatherList)
        *record = (struct record){.op = record->op, .r = {maker->r[0], 0, maker->v[1] & 15}};
}

/* Where a packet has the map registers a list waits, and the `return` behind it is AdapterControl's. */
static bool packets_go_between(const struct subject *s)
{
    for (unsigned i = 0; i < s->program->count; i++)
        if (s->program->records[i].op == OP_AllocateAdapterChannel && s->marks[i].ran)
            return true;
    return false;
}

bool variant_pair(const struct subject *s, unsigned at, struct variant *v)
{
    const struct pair *pair;
    struct record records[3];
    const struct mark *mark;

    if (at >= s->program->count)
        return false;
    mark = &s->marks[at];
    pair = pair_of(s->program->records[at].op);
    if (!pair || !mark->ran || mark->idle || mark->armed || subject_guesses(s, at) ||
        s->program->count + pair->count + 1 > PROGRAM_MAX ||
        (!pair->exact && (s->mixed || subject_sets(s, SETTING_coherence) || packets_go_between(s))))
        return false;
    records[0] = pair->again(s->program->records[at]);
    memcpy(records + 1, pair->rest, pair->count * sizeof records[0]);
    fill_free(&records[pair->count], &records[0]);
    program_insert(&v->program, at, records, pair->count + 1);
    variant_inserted(v, s, at, pair->count + 1);
    v->exact = pair->exact;
    v->state = true;
    snprintf(v->change, sizeof v->change, "if what record %u makes is made twice, freed once",
             at + 1);
    return true;
}
