/*
 * ndis_net_buffer.c: NET_BUFFERs and NET_BUFFER_LISTs.
 *
 * A NET_BUFFER's data start DataOffset bytes into its MDL chain; CurrentMdl and CurrentMdlOffset
 * say the same for the MDL they start in (NB-01, NB-02).
 */
#include "memory.h"
#include "ndis_layer.h"

struct net_buffer *net_buffer_of(struct machine *machine, const NET_BUFFER *nb)
{
    struct net_buffer *row = row_at(nb, TABLE(machine, net_buffers, live));

    return row && row->live ? row : NULL;
}

struct net_buffer_list *net_buffer_list_of(const struct machine *machine,
                                           const NET_BUFFER_LIST *list)
{
    return row_at(list, TABLE(machine, net_buffer_lists, live));
}

uint64_t net_buffer_mapped(const NET_BUFFER *nb)
{
    return (uint64_t)nb->CurrentMdlOffset + nb->DataLength;
}

ULONG net_buffer_pieces(const NET_BUFFER *nb)
{
    ULONG left = (ULONG)net_buffer_mapped(nb), count = 0;

    for (const MDL *mdl = nb->CurrentMdl; mdl && left > 0; mdl = mdl->Next) {
        ULONG part = mdl->ByteCount < left ? mdl->ByteCount : left;

        if (part > 0)
            count += ADDRESS_AND_SIZE_TO_SPAN_PAGES(MmGetMdlVirtualAddress(mdl), part);
        left -= part;
    }
    return count;
}

bool rig_net_buffer_list_owned(const struct machine *machine, PNET_BUFFER_LIST list)
{
    const struct net_buffer_list *found = net_buffer_list_of(machine, list);

    return found && found->adapter;
}

/* ---- where the data start ---- */

/* NB-04; at_end: keep to the MDL that ends where the data start (AMB-14). */
static void locate(PNET_BUFFER nb, bool at_end)
{
    ULONG offset = nb->DataOffset;
    PMDL mdl = nb->MdlChain;

    while (mdl->Next && offset >= mdl->ByteCount &&
           !(at_end && offset == mdl->ByteCount && mdl->ByteCount > 0)) {
        offset -= mdl->ByteCount;
        mdl = mdl->Next;
    }
    nb->CurrentMdl = mdl;
    nb->CurrentMdlOffset = offset;
}

PNET_BUFFER rig_net_buffer(struct machine *machine, PMDL chain, uint32_t offset, uint32_t length,
                           bool at_end)
{
    struct net_buffer *nb = &machine->net_buffers[machine->used.net_buffers];

    if (machine->used.net_buffers == NET_BUFFERS || !memory_is_mdl(machine, chain) ||
        site_refuses(machine, RIG_SITE_net_buffer))
        return NULL;
    machine->used.net_buffers++;
    nb->live = true;
    nb->head.MdlChain = chain;
    nb->head.DataOffset = offset;
    nb->head.DataLength = length;
    locate(&nb->head, at_end);
    return &nb->head;
}

PNET_BUFFER_LIST rig_net_buffer_list(struct machine *machine, PNET_BUFFER const *buffers,
                                     unsigned count)
{
    unsigned index = machine->used.net_buffer_lists;
    struct net_buffer_list *list = &machine->net_buffer_lists[index];

    assert(count > 0);
    if (index == NET_BUFFER_LISTS || site_refuses(machine, RIG_SITE_net_buffer_list))
        return NULL;
    machine->used.net_buffer_lists++;
    list->live = true;
    for (unsigned i = count; i-- > 0;) {
        net_buffer_of(machine, buffers[i])->list = list;
        buffers[i]->Next = list->head.FirstNetBuffer;
        list->head.FirstNetBuffer = buffers[i];
    }
    return &list->head;
}

/* ---- what Windows calls them ---- */

enum rig_rule net_buffer_obstacle(struct machine *machine, PNET_BUFFER nb, bool owned)
{
    const struct net_buffer *found = net_buffer_of(machine, nb);

    if (!found)
        return RULE_LIFE_75;
    if (processor_irql(machine) > DISPATCH_LEVEL)
        return RULE_SDV_17;
    return owned && found->list && !found->list->adapter ? RULE_LIFE_75 : RULE_NONE;
}

/* The data start DELTA bytes later or earlier, as far as there are data, or unused space in front. */
static bool shift(PNET_BUFFER nb, ULONG delta, bool later, const char *call)
{
    struct machine *machine = machine_bound();
    ULONG most;

    if (verifier_finds(machine, net_buffer_obstacle(machine, nb, true), call, 0))
        return false;
    most = later ? nb->DataLength : nb->DataOffset;
    if (delta > most)
        delta = most;
    nb->DataOffset = later ? nb->DataOffset + delta : nb->DataOffset - delta;
    nb->DataLength = later ? nb->DataLength - delta : nb->DataLength + delta;
    locate(nb, false);
    return true;
}

void NdisAdvanceNetBufferDataStart(PNET_BUFFER NetBuffer, ULONG DataOffsetDelta, BOOLEAN FreeMdl,
                                   NET_BUFFER_FREE_MDL_HANDLER FreeMdlHandler)
{
    (void)FreeMdl;
    (void)FreeMdlHandler;
    shift(NetBuffer, DataOffsetDelta, true, __func__);
}

/* The unused space in front is all there is: no MDL is put before it. */
NDIS_STATUS NdisRetreatNetBufferDataStart(PNET_BUFFER NetBuffer, ULONG DataOffsetDelta,
                                          ULONG DataBackFill,
                                          NET_BUFFER_ALLOCATE_MDL_HANDLER AllocateMdlHandler)
{
    bool shifted = shift(NetBuffer, DataOffsetDelta, false, __func__);

    (void)DataBackFill;
    (void)AllocateMdlHandler;
    return shifted ? NDIS_STATUS_SUCCESS : NDIS_STATUS_FAILURE;
}

/* LIFE-76, PSG-13, FSG-12: not while others still know it. */
void NdisFreeNetBuffer(PNET_BUFFER NetBuffer)
{
    struct machine *machine = machine_bound();
    struct net_buffer *nb = net_buffer_of(machine, NetBuffer);
    enum rig_rule rule = net_buffer_obstacle(machine, NetBuffer, false);
    const struct sg *sg = nb ? sg_of_net_buffer(machine, NetBuffer) : NULL;

    if (!rule && nb->list)
        rule = RULE_LIFE_76;
    else if (!rule && sg)
        rule = sg->state == SG_WAITING ? RULE_PSG_13 : RULE_FSG_12;
    if (!verifier_finds(machine, rule, __func__, sg ? sg->made : 0))
        nb->live = false;
}
