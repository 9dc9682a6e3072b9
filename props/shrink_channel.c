/*
 * shrink_channel.c: a program that uses a DMA channel of NDIS told through HAL's packets and the system
 * DMA controller, which need no miniport; packets told as lists, which need no channel; and shared
 * memory that needs no provider, and a channel alone.
 */
#include "program_edit.h"
#include "shrink_passes.h"

enum { WORD_version_2 = 2, WORD_subordinate = 2, WORD_dispatch = 2, VALUE_MANY = 0x1FFF };
enum {
    FLAG_demand = 1,
    FLAGS_SHIFT = 4,
    REGISTERS_MAX = 3,
    BASE = 2 /* records behind the adapter */
};

/* One transfer, all its data, from where the MDL starts. */
static struct record of_transfer(unsigned op, const struct record *old)
{
    return (struct record){.op = (uint8_t)op,
                           .v = {old->v[1], (uint16_t)(old->r[2] << FLAGS_SHIFT)}};
}

static bool through_packets(const void *way, const struct program *program,
                            const struct makers *makers, unsigned i, int adapter,
                            struct record *record, int16_t of[3])
{
    const struct record *old = &program->records[i];

    (void)way;
    switch (old->op) {
    case OP_NdisMSetupDmaTransfer:
    case OP_NdisMCompleteDmaTransfer:
        *record = of_transfer(
            old->op == OP_NdisMSetupDmaTransfer ? OP_MapTransfer : OP_FlushAdapterBuffers, old);
        of[1] = (int16_t)(adapter + BASE);
        of[2] = makers->of[i][1];
        break;
    case OP_NdisMReadDmaCounter:
        *record = (struct record){.op = OP_ReadDmaCounter};
        break;
    case OP_channel_run:
        *record = (struct record){.op = OP_controller_run, .v = {old->v[0]}};
        break;
    default:
        return false;
    }
    of[0] = (int16_t)adapter;
    return true;
}

static bool tell(struct shrink *shrink, const struct record *channel, uint16_t length,
                 unsigned registers)
{
    unsigned modes = channel->r[2] >> FLAGS_SHIFT & 3u, width = channel->r[1] & 15u;
    const struct record front[] = {
        {.op = OP_IoGetDmaAdapter,
         .r = {modes & FLAG_demand ? WORD_version_2 : 0, 0, WORD_subordinate},
         .v = {(uint16_t)(width | modes << FLAGS_SHIFT), length}},
        {.op = OP_KeRaiseIrql, .r = {WORD_dispatch}},
        {.op = OP_AllocateAdapterChannel, .v = {0, (uint16_t)registers}},
    };

    for (unsigned as_set = 0; as_set < 2; as_set++) {
        const struct telling telling = {front, 3, 0, as_set, through_packets, NULL};

        if (shrink_tell_hal(shrink, &telling))
            return true;
    }
    return false;
}

bool shrink_into_packets(struct shrink *shrink)
{
    struct record channel = {.op = OP_nop};

    for (unsigned i = 0; i < shrink->best->count; i++)
        if (shrink->best->records[i].op == OP_NdisMRegisterDmaChannel)
            channel = shrink->best->records[i];
    for (unsigned registers = 1; registers <= REGISTERS_MAX && channel.op != OP_nop; registers++)
        if (tell(shrink, &channel, 0, registers) || tell(shrink, &channel, 1, registers) ||
            tell(shrink, &channel, channel.v[1], registers) ||
            tell(shrink, &channel, VALUE_MANY, registers))
            return true;
    return false;
}

/* ---- packets told as lists ---- */

/* The device is told of each list and runs where the controller ran. */
static void run_device(struct program *program)
{
    static const struct record run = {.op = OP_device_run};

    for (unsigned i = program->count; i-- > 0;)
        if (program->records[i].op == OP_controller_run)
            program_insert(program, i + 1, &run, 1);
}

/* What record I becomes; false: it goes. LIST made the newest list. */
static bool as_list(struct record *record, int16_t of[3], int list, bool runs)
{
    uint16_t direction = record->v[1] >> FLAGS_SHIFT;

    switch (record->op) {
    case OP_IoGetDmaAdapter:
        *record = (struct record){.op = OP_IoGetDmaAdapter, .v = {0, record->v[1]}};
        return true;
    case OP_MapTransfer:
        *record = (struct record){.op = OP_GetScatterGatherList, .v = {record->v[0], direction}};
        of[1] = of[2];
        return true;
    case OP_FlushAdapterBuffers:
        *record = (struct record){.op = OP_PutScatterGatherList, .r = {0, 0, (uint8_t)direction}};
        of[1] = (int16_t)list;
        return true;
    case OP_controller_run:
        *record = (struct record){.op = OP_device_post};
        of[0] = (int16_t)list;
        return runs;
    default:
        return record->op != OP_AllocateAdapterChannel && record->op != OP_FreeAdapterChannel &&
               record->op != OP_FreeMapRegisters && record->op != OP_ReadDmaCounter;
    }
}

static bool tell_as_lists(struct shrink *shrink, bool runs)
{
    struct program program = *shrink->best;
    struct makers makers;
    unsigned order[PROGRAM_MAX], count = 0;
    int list = -1;

    if (runs)
        run_device(&program);
    makers_find(&program, &makers);
    for (unsigned i = 0; i < program.count; i++) {
        if (as_list(&program.records[i], makers.of[i], list, runs))
            order[count++] = i;
        if (program.records[i].op == OP_GetScatterGatherList)
            list = (int)i;
    }
    return count <= shrink->best->count && program_arrange(&program, &makers, order, count) &&
           shrink_take(shrink, &program);
}

bool shrink_into_lists(struct shrink *shrink)
{
    for (unsigned i = 0; i < shrink->best->count; i++)
        if (shrink->best->records[i].op == OP_MapTransfer)
            return tell_as_lists(shrink, false) || tell_as_lists(shrink, true);
    return false;
}

/* ---- memory of a provider told as shared memory of NDIS', which needs no list buffer ---- */

/* What operation OP becomes. */
static unsigned unprovided(unsigned op)
{
    return op == OP_NdisAllocateSharedMemory ? OP_NdisMAllocateSharedMemory
           : op == OP_NdisFreeSharedMemory   ? OP_NdisMFreeSharedMemory
                                             : op;
}

bool shrink_into_shared(struct shrink *shrink)
{
    struct program program = *shrink->best;
    struct makers makers;
    unsigned order[PROGRAM_MAX], count;
    bool provided = false;

    makers_find(&program, &makers);
    for (unsigned i = 0; i < program.count; i++) {
        struct record *record = &program.records[i];
        unsigned op = unprovided(record->op);

        if (op == record->op)
            continue;
        *record = record_as(record, op);
        if (op == OP_NdisMAllocateSharedMemory)
            makers.of[i][1] = -1;
        provided = true;
    }
    count = without_useless(&program, &makers, PROGRAM_MAX, order);
    return provided && program_arrange(&program, &makers, order, count) &&
           shrink_take(shrink, &program);
}

/* ---- shared memory needs no more than a channel ---- */

/* What RECORD becomes; false: it needs the registration for lists. */
static bool with_channel(struct record *record)
{
    const struct op_row *row = &op_table[record->op];

    switch (record->op) {
    case OP_NdisMSetMiniportAttributes:
        record->v[0] = 0;
        return true;
    case OP_NdisMRegisterScatterGatherDma:
        *record =
            (struct record){.op = OP_NdisMRegisterDmaChannel, .r = {record->r[0]}, .v = {0, 1}};
        return true;
    case OP_NdisMDeregisterScatterGatherDma:
        record->op = OP_NdisMDeregisterDmaChannel;
        return true;
    default:
        return !row->operand_count || row->operands[0].kind != OPERAND_REF ||
               row->operands[0].class != CLASS_dma;
    }
}

bool shrink_into_channels(struct shrink *shrink)
{
    struct program program = *shrink->best;
    struct makers makers;
    unsigned order[PROGRAM_MAX];
    bool shares = false;

    makers_find(&program, &makers);
    for (unsigned i = 0; i < program.count; i++) {
        order[i] = i;
        shares |= unprovided(program.records[i].op) == OP_NdisMAllocateSharedMemory;
        if (!with_channel(&program.records[i]))
            return false;
    }
    return shares && program_arrange(&program, &makers, order, program.count) &&
           shrink_take(shrink, &program);
}
