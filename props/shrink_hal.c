/*
 * shrink_hal.c: a program that builds lists or shares memory through NDIS told through HAL, which needs
 * no miniport; and memory that comes later told as lists, which may come later too. All in one step: a
 * program that is half NDIS and half HAL does not fail.
 */
#include "program_edit.h"
#include "shrink_passes.h"

enum { VALUE_MANY = 0x1FFF, VALUE_LIMIT = 0x3000 };
enum { WORD_dispatch = 2, WORD_version_2 = 2, TIMING_SHIFT = 12, WAYS = 64 };
enum { BYTE_NULL = 0xE0 };

/* The adapter that everything is done through. */
struct way {
    bool wide, from_device, raised, own_buffers, as_set; /* the settings stay */
    bool byte;                                           /* one byte is mapped, not all */
    uint16_t length;                                     /* MaximumLength */
};

static uint16_t timing_of(unsigned value)
{
    return (uint16_t)(value >> TIMING_SHIFT << TIMING_SHIFT);
}

/* A list of the MDL that record MDL made, in the buffer of record BUFFER if there is one. */
static void ask_hal(const struct way *way, uint16_t timing, int mdl, int buffer,
                    struct record *record, int16_t of[3])
{
    bool own = way->own_buffers && buffer >= 0;

    *record =
        (struct record){.op = own ? OP_BuildScatterGatherList : OP_GetScatterGatherList,
                        .v = {way->byte ? 1 : VALUE_LIMIT, (uint16_t)(timing | way->from_device)}};
    of[1] = (int16_t)mdl;
    of[2] = own ? (int16_t)buffer : -1;
}

static bool through_hal(const void *context, const struct program *program,
                        const struct makers *makers, unsigned i, int adapter, struct record *record,
                        int16_t of[3])
{
    const struct way *way = context;
    const struct record *old = &program->records[i];
    const int16_t *from = makers->of[i];

    switch (old->op) {
    case OP_NdisMAllocateNetBufferSGList:
        ask_hal(way, timing_of(old->v[0]), from[1] >= 0 ? makers->of[from[1]][0] : -1, from[2],
                record, of);
        break;
    case OP_NdisBuildScatterGatherList:
        ask_hal(way, 0, from[1], from[2], record, of);
        break;
    case OP_NdisMFreeNetBufferSGList:
    case OP_NdisFreeScatterGatherList:
        *record = (struct record){.op = OP_PutScatterGatherList,
                                  .r = {0, 0, way->from_device},
                                  .v = {timing_of(old->v[0]), 0}};
        of[1] = from[1];
        break;
    case OP_NdisMAllocateSharedMemory:
    case OP_NdisMAllocateSharedMemoryAsyncEx:
        *record = (struct record){
            .op = OP_AllocateCommonBuffer, .r = {0, old->r[1]}, .v = {old->v[0], 0}};
        break;
    case OP_NdisMFreeSharedMemory:
        *record = (struct record){.op = OP_FreeCommonBuffer, .r = {0, 0, old->r[2]}};
        of[1] = from[1];
        break;
    case OP_NdisMGetDmaAlignment:
        *record = (struct record){.op = OP_GetDmaAlignment};
        break;
    default:
        return false;
    }
    of[0] = (int16_t)adapter;
    return true;
}

/* Does the record speak of a miniport, its packets, or NetDMA? */
static bool is_of_ndis(const struct record *record)
{
    const struct op_row *row = &op_table[record->op];
    const unsigned kept = 1u << CLASS_nothing | 1u << CLASS_list | 1u << CLASS_mdl |
                          1u << CLASS_buffer | 1u << CLASS_block | 1u << CLASS_hal |
                          1u << CLASS_base;

    if (record->op == OP_return || !(kept >> row->makes & 1))
        return true;
    for (unsigned k = 0; k < row->operand_count; k++)
        if (row->operands[k].kind == OPERAND_REF && !(kept >> row->operands[k].class & 1))
            return true;
    return false;
}

bool shrink_tell_hal(struct shrink *shrink, const struct telling *telling)
{
    struct program program = *shrink->best, told;
    struct makers makers, renamed;
    unsigned order[PROGRAM_MAX], count = 0, settings = 0;

    while (settings < program.count && program.records[settings].op == OP_set)
        settings++; /* they are made before there is an adapter */
    program_insert(&program, settings, telling->front, telling->front_count);
    makers_find(&program, &makers);
    told = program;
    renamed = makers;
    for (unsigned i = 0; i < program.count; i++)
        if (telling->translate(telling->way, &program, &makers, i,
                               (int)(settings + telling->adapter), &told.records[i],
                               renamed.of[i]) ||
            !(is_of_ndis(&told.records[i]) || (told.records[i].op == OP_set && !telling->as_set)))
            order[count++] = i;
    return count <= shrink->best->count && program_arrange(&told, &renamed, order, count) &&
           shrink_take(shrink, &told);
}

static bool tell(struct shrink *shrink, const struct way *way)
{
    const struct record front[] = {
        {.op = OP_IoGetDmaAdapter,
         .r = {way->own_buffers ? WORD_version_2 : 0, way->wide},
         .v = {0, way->length}},
        {.op = OP_KeRaiseIrql, .r = {WORD_dispatch}},
    };
    const struct telling telling = {front, way->raised ? 2 : 1, 0, way->as_set, through_hal, way};

    return shrink_tell_hal(shrink, &telling);
}

static bool has_counterpart(unsigned op)
{
    return op == OP_NdisMAllocateNetBufferSGList || op == OP_NdisBuildScatterGatherList ||
           op == OP_NdisMGetDmaAlignment || op == OP_NdisMAllocateSharedMemory ||
           op == OP_NdisMAllocateSharedMemoryAsyncEx;
}

static bool builds_through_ndis(const struct program *program)
{
    for (unsigned i = 0; i < program->count; i++)
        if (has_counterpart(program->records[i].op))
            return true;
    return false;
}

bool shrink_into_hal(struct shrink *shrink)
{
    static const uint16_t lengths[] = {0, 1, VALUE_MANY};

    if (!builds_through_ndis(shrink->best))
        return false;
    for (unsigned i = 0; i < WAYS; i++)
        for (unsigned k = 0; k < sizeof lengths / sizeof lengths[0]; k++) {
            const struct way way = {i & 1,      i >> 1 & 1, i >> 2 & 1, i >> 3 & 1,
                                    i >> 4 & 1, i >> 5 & 1, lengths[k]};

            if (tell(shrink, &way))
                return true;
        }
    return false;
}

/* ---- memory that comes later told as lists ---- */

/* Lists of the byte whose MDL the record before the adapter made, asked for at DISPATCH_LEVEL. */
static bool through_lists(const void *way, const struct program *program,
                          const struct makers *makers, unsigned i, int adapter,
                          struct record *record, int16_t of[3])
{
    const struct record *old = &program->records[i];

    (void)way;
    switch (old->op) {
    case OP_NdisMAllocateSharedMemoryAsyncEx:
        *record = (struct record){.op = OP_GetScatterGatherList, .v = {1, timing_of(old->v[1])}};
        of[1] = (int16_t)(adapter - 1);
        break;
    case OP_NdisMFreeSharedMemory:
        *record = (struct record){.op = OP_PutScatterGatherList};
        of[1] = makers->of[i][1];
        break;
    case OP_KeRaiseIrql:
        record->r[0] = WORD_dispatch;
        return true;
    default:
        return false;
    }
    of[0] = (int16_t)adapter;
    return true;
}

static bool tell_as_lists(struct shrink *shrink, uint16_t length, bool raised)
{
    const struct record front[] = {
        {.op = OP_buffer, .v = {1}},
        {.op = OP_mdl, .r = {0, BYTE_NULL}, .v = {0, 1}},
        {.op = OP_IoGetDmaAdapter, .v = {0, length}},
        {.op = OP_KeRaiseIrql, .r = {WORD_dispatch}},
    };

    for (unsigned as_set = 0; as_set < 2; as_set++) {
        const struct telling telling = {front, raised ? 4 : 3, 2, as_set, through_lists, NULL};

        if (shrink_tell_hal(shrink, &telling))
            return true;
    }
    return false;
}

bool shrink_into_waits(struct shrink *shrink)
{
    for (unsigned i = 0; i < shrink->best->count; i++)
        if (shrink->best->records[i].op == OP_NdisMAllocateSharedMemoryAsyncEx)
            return tell_as_lists(shrink, 0, false) || tell_as_lists(shrink, 0, true) ||
                   tell_as_lists(shrink, 1, false) || tell_as_lists(shrink, 1, true);
    return false;
}
