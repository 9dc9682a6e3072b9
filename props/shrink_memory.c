/*
 * shrink_memory.c: data in the simplest memory that has as many pieces, and objects that change
 * places. Lengths and offsets of one buffer only change together.
 */
#include "program_edit.h"
#include "shrink_passes.h"
#include <string.h>

enum { LIST_SIZE = 40, REF_NULL_BYTE = 0xE0, SLOT_list_buffer = 2, WAYS = 144 };

/* The lowest encodings of a length and an offset with one, two and three pages; with two bytes before
 * the end of a page. */
static const uint16_t shapes[][2] = {{1, 0},         {2, 0},         {2, 4095},     {3, 4094},
                                     {0x1200, 4095}, {0x1201, 4089}, {0x2042, 4095}};

struct change {
    unsigned buffer;
    const uint16_t *shape;
    bool whole;      /* its MDLs cover it, from its start */
    bool lists_40;   /* other buffers hold a list of one element */
    bool equal;      /* whatever was as long as the buffer is so again */
    bool behind;     /* NET_BUFFERs have the second byte of their chain alone */
    unsigned frames; /* 0: as they are; or a word of `frames` */
    unsigned lists;  /* 0: as they are; 1: none of the caller's; 2: that, all to the device */
};

static void change_lists(struct record *record, unsigned lists)
{
    if (record->op != OP_NdisMAllocateNetBufferSGList || lists == 0)
        return;
    record->r[SLOT_list_buffer] = REF_NULL_BYTE;
    record->v[0] |= lists == 2;
}

/* Whatever is as long as the buffer was becomes as long as it is. */
static void change_lengths(struct record *record, uint16_t old, uint16_t now)
{
    const struct op_row *row = &op_table[record->op];

    for (unsigned k = 0; k < row->operand_count; k++)
        if (row->operands[k].kind == OPERAND_VALUE && operand_get(record, &row->operands[k]) == old)
            operand_set(record, &row->operands[k], now);
}

static bool reshape(struct shrink *shrink, const struct program *base, const struct makers *makers,
                    const struct change *change)
{
    struct program candidate = *base;
    uint16_t old = candidate.records[change->buffer].v[0];

    for (unsigned i = 0; i < candidate.count; i++) {
        struct record *record = &candidate.records[i];

        if (i == change->buffer)
            continue;
        if (record->op == OP_buffer && change->lists_40)
            *record = (struct record){.op = OP_buffer, .v = {LIST_SIZE}};
        else if (record->op != OP_buffer && change->equal)
            change_lengths(record, old, change->shape[0]);
        if (record->op == OP_mdl && change->whole && makers->of[i][0] == (int)change->buffer)
            record->v[0] = 0, record->v[1] = change->shape[0];
        if (record->op == OP_net_buffer && change->behind)
            record->v[0] = record->v[1] = 1;
        change_lists(record, change->lists);
    }
    memcpy(candidate.records[change->buffer].v, change->shape, 2 * sizeof(uint16_t));
    if (change->frames)
        candidate.records[change->buffer].r[0] = (uint8_t)change->frames;
    return shrink_take(shrink, &candidate);
}

static bool reshape_buffer(struct shrink *shrink, const struct program *base,
                           const struct makers *makers, unsigned buffer)
{
    for (unsigned shape = 0; shape < sizeof shapes / sizeof shapes[0]; shape++)
        for (unsigned way = 0; way < WAYS; way++) {
            const struct change change = {.buffer = buffer,
                                          .shape = shapes[shape],
                                          .whole = way & 1,
                                          .lists_40 = way >> 1 & 1,
                                          .equal = !(way >> 2 & 1),
                                          .behind = way >> 3 & 1,
                                          .frames = (way >> 4) % 3,
                                          .lists = (way >> 4) / 3};

            if (reshape(shrink, base, makers, &change))
                return true;
        }
    return false;
}

static bool reshape_any(struct shrink *shrink, const struct program *base)
{
    struct makers makers;

    makers_find(base, &makers);
    for (unsigned i = 0; i < base->count; i++)
        if (base->records[i].op == OP_buffer && reshape_buffer(shrink, base, &makers, i))
            return true;
    return false;
}

/* A setting that goes, or an MDL whose users take the next one of its chain. */
static bool without(const struct program *program, unsigned at, struct program *base)
{
    struct makers makers;
    unsigned order[PROGRAM_MAX], count = 0;

    *base = *program;
    makers_find(base, &makers);
    if (base->records[at].op != OP_set && (base->records[at].op != OP_mdl || makers.of[at][1] < 0))
        return false;
    for (unsigned i = 0; i < program->count; i++) {
        for (unsigned slot = 0; slot < 3; slot++)
            if (makers.of[i][slot] == (int)at)
                makers.of[i][slot] = makers.of[at][1];
        if (i != at)
            order[count++] = i;
    }
    return program_arrange(base, &makers, order, count);
}

bool shrink_memory(struct shrink *shrink)
{
    struct program base = *shrink->best;

    if (reshape_any(shrink, &base))
        return true;
    for (unsigned at = 0; at < shrink->best->count; at++)
        if (without(shrink->best, at, &base) && reshape_any(shrink, &base))
            return true;
    return false;
}

/* ---- two objects of a class change places ---- */

static bool swap(struct shrink *shrink, unsigned a, unsigned b)
{
    struct program candidate = *shrink->best;
    struct makers makers;
    unsigned order[PROGRAM_MAX];

    makers_find(&candidate, &makers);
    for (unsigned i = 0; i < candidate.count; i++) {
        order[i] = i;
        for (unsigned slot = 0; slot < 3; slot++) {
            int of = makers.of[i][slot];

            makers.of[i][slot] = (int16_t)(of == (int)a ? (int)b : of == (int)b ? (int)a : of);
        }
    }
    return program_arrange(&candidate, &makers, order, candidate.count) &&
           shrink_take(shrink, &candidate);
}

bool shrink_swaps(struct shrink *shrink)
{
    const struct program *best = shrink->best;

    for (unsigned a = 0; a < best->count; a++)
        for (unsigned b = a + 1; b < best->count; b++) {
            enum name_class makes = op_table[best->records[a].op].makes;

            if (makes != CLASS_nothing && op_table[best->records[b].op].makes == makes &&
                swap(shrink, a, b))
                return true;
        }
    return false;
}
