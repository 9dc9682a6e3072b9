/*
 * shrink_channel.c: a program that uses a DMA channel of NDIS told through HAL's packets and the system
 * DMA controller, which need no miniport.
 */
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
        const struct telling telling = {front, 3, as_set, through_packets, NULL};

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
