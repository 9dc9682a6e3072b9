/*
 * sg_dma_list.c: the lists of NET_BUFFERs.
 *
 * NdisMAllocateNetBufferSGList asks HAL for a list of the bytes from the start of CurrentMdl to the
 * end of the data (SGL-20, SGL-23). The handler is called once for each call that succeeds, when
 * HAL has the registers (SGL-15). NDIS remembers the direction and the NET_BUFFER as it was
 * (FSG-06, FSG-13).
 */
#include "device.h"
#include "memory.h"
#include "ndis_layer.h"

enum { MANY_PIECES = 16, SMALL_PIECE = 256 };

#define JUNK ((PVOID)(uintptr_t)0xD15EA5ED00000000)

/* ---- requests ---- */

void sg_forget(struct sg *sg)
{
    if (sg->loan)
        sg->loan->live = false;
    *sg = (struct sg){.state = SG_FREE};
}

void sg_put(struct sg *sg, bool write_to_device)
{
    PDMA_ADAPTER hal = sg->dma->hal;
    PSCATTER_GATHER_LIST list = sg->list;

    sg_forget(sg);
    hal->DmaOperations->PutScatterGatherList(hal, list, write_to_device);
}

struct sg *sg_of_net_buffer(struct machine *machine, const NET_BUFFER *nb)
{
    EACH (struct sg, sg, machine, sgs)
        if (sg->state != SG_FREE && sg->nb == nb)
            return sg;
    return NULL;
}

static VOID deliver(PDEVICE_OBJECT DeviceObject, PIRP Irp, PSCATTER_GATHER_LIST ScatterGather,
                    PVOID Context)
{
    struct machine *machine = machine_bound();
    struct sg *sg = Context;
    PVOID reserved =
        machine->turn & machine->settings[SETTING_junk] ? JUNK : NULL; /* PSG-02, NDT-03 */

    (void)Irp;
    sg->state = SG_LIVE;
    sg->list = ScatterGather;
    mapping_of_list(machine, ScatterGather)->both_ways = !sg->nb; /* BSG-12 */
    if (sg->loan)
        sg->loan->handed = true;
    sg->routine(DeviceObject, reserved, ScatterGather, sg->context);
}

static PVOID start_of(const struct range *range)
{
    assert(range->mdl);
    return (PUCHAR)MmGetMdlVirtualAddress(range->mdl) + range->offset;
}

NTSTATUS sg_calculate(const struct sg *request, ULONG *size, ULONG *registers)
{
    PDMA_ADAPTER hal = request->dma->hal;
    const struct range *range = &request->range;

    return hal->DmaOperations->CalculateScatterGatherList(hal, range->mdl, start_of(range),
                                                          range->length, size, registers);
}

bool sg_ask(struct machine *machine, const struct sg *request, ULONG size, bool in_buffer)
{
    const struct dma *dma = request->dma;
    const DMA_OPERATIONS *hal = dma->hal->DmaOperations;
    PDEVICE_OBJECT device = &dma->adapter->object;
    PMDL mdl = request->range.mdl;
    PVOID va = start_of(&request->range);
    ULONG length = request->range.length;
    NTSTATUS status;
    struct sg *sg =
        slot_take(machine, SETTING_lists, RIG_SITE_request, TABLE(machine, sgs, state), 0);

    if (!sg)
        return false;
    *sg = *request;
    if (sg->buffer && !in_buffer)
        sg->loan = memory_lend(machine, sg->buffer, size);
    status = in_buffer ? hal->BuildScatterGatherList(dma->hal, device, mdl, va, length, deliver, sg,
                                                     sg->write_to_device, sg->buffer, size)
                       : hal->GetScatterGatherList(dma->hal, device, mdl, va, length, deliver, sg,
                                                   sg->write_to_device);
    if (status != STATUS_SUCCESS)
        sg_forget(sg);
    return status == STATUS_SUCCESS;
}

enum list_kind list_find(struct machine *machine, const void *pointer, struct sg **found)
{
    enum list_kind kind = LIST_NONE;

    *found = NULL;
    if (!pointer)
        return LIST_NONE;
    EACH (struct sg, sg, machine, sgs) {
        if (sg->list != pointer && sg->buffer != pointer)
            continue;
        *found = sg;
        if (sg->list == pointer)
            return LIST_LIVE;
        kind = sg->state == SG_LIVE ? LIST_BUFFER_OF_LIVE : LIST_BUFFER_OF_WAITING;
    }
    if (kind != LIST_NONE)
        return kind;
    /* HAL made it for somebody else, and it is live or waits in memory that was lent */
    EACH (const struct request, request, machine, requests) {
        if (request->list == pointer && request->state == REQUEST_LIVE)
            return LIST_HAL_LIVE;
        if (request->list == pointer && request->loan)
            return LIST_HAL_WAITING;
    }
    return mapping_former(machine, pointer) ? LIST_FORMER : LIST_NONE;
}

bool list_report(struct machine *machine, enum rig_rule rule, const char *call, const struct sg *sg,
                 const void *list)
{
    const struct former_list *former = mapping_former(machine, list);

    if (!rule || sg || !former)
        return verifier_finds(machine, rule, call, sg ? sg->made : 0);
    verifier_report_freed(machine, rule, call, former->made, former->freed);
    return true;
}

/* ---- allocate ---- */

/* LIFE-75, LIFE-34, SGL-33, SGL-07: the NET_BUFFER's part. */
static enum rig_rule check_net_buffer(struct machine *machine, const struct dma *dma,
                                      PNET_BUFFER nb, ULONG flags)
{
    const struct net_buffer *found = net_buffer_of(machine, nb);
    const struct net_buffer_list *list;

    if (!found)
        return RULE_SGL_02;
    list = found->list;
    if (list && list->adapter != dma->adapter)
        return RULE_LIFE_75;
    if (list && list->sent_while_pausing)
        return RULE_LIFE_34;
    if (list && list->sent_asleep)
        return RULE_LIFE_73;
    if (sg_of_net_buffer(machine, nb))
        return RULE_SGL_33;
    return list && !(flags & NDIS_SG_LIST_WRITE_TO_DEVICE) ? RULE_SGL_07 : RULE_NONE;
}

/* Bytes to map; under `list_end` to the end of the MDL that the data end in (AMB-01). */
static ULONG mapped_length(const struct machine *machine, const NET_BUFFER *nb)
{
    uint64_t length = net_buffer_mapped(nb), reached = 0;

    if (machine->settings[SETTING_list_end] == 0)
        return (ULONG)length;
    for (const MDL *mdl = nb->CurrentMdl; mdl && reached < length; mdl = mdl->Next)
        reached += mdl->ByteCount;
    return (ULONG)reached;
}

static enum rig_rule check_allocate(struct machine *machine, NDIS_HANDLE handle, PNET_BUFFER nb,
                                    ULONG flags, const void *buffer, ULONG size, struct dma **dma)
{
    enum rig_rule rule = dma_find(machine, handle, RULE_SGL_05, dma);
    struct range range;

    if (rule)
        return rule;
    if (processor_irql(machine) != DISPATCH_LEVEL)
        return RULE_SGL_01;
    if (!(*dma)->handler)
        return RULE_SG_13;
    rule = check_net_buffer(machine, *dma, nb, flags);
    if (rule)
        return rule;
    range = (struct range){nb->CurrentMdl, 0, mapped_length(machine, nb)};
    return mapping_obstacle(machine, &range, flags & NDIS_SG_LIST_WRITE_TO_DEVICE, buffer, size);
}

/* What is doubtful in a sound call. */
static enum rig_rule warn_allocate(const struct dma *dma, const NET_BUFFER *nb, ULONG flags,
                                   const void *buffer, ULONG size)
{
    ULONG pieces = net_buffer_pieces(nb);

    if (dma->adapter->state == ADAPTER_SHUTDOWN)
        return RULE_LIFE_53;
    if (flags & ~(ULONG)NDIS_SG_LIST_WRITE_TO_DEVICE)
        return RULE_SGL_06;
    if (nb->DataLength > dma->maximum)
        return RULE_SG_12;
    if (buffer && size < dma->list_size)
        return RULE_SG_16;
    if (!buffer && size > 0)
        return RULE_SGL_09;
    return pieces > MANY_PIECES && net_buffer_mapped(nb) < (uint64_t)pieces * SMALL_PIECE
               ? RULE_SGL_30
               : RULE_NONE;
}

static NDIS_STATUS allocate(struct machine *machine, const struct sg *request, ULONG size)
{
    const NET_BUFFER *nb = request->nb;
    bool empty =
        machine->settings[SETTING_empty_data] ? net_buffer_mapped(nb) == 0 : nb->DataLength == 0;
    ULONG needed, registers;
    bool in_buffer;

    /* AMB-07, AMB-15: what HAL need not be asked */
    if (empty || machine->settings[SETTING_fail_list] ||
        (nb->DataLength > request->dma->maximum && mapping_counts(machine)) ||
        sg_calculate(request, &needed, &registers) != STATUS_SUCCESS)
        return NDIS_STATUS_RESOURCES;
    in_buffer = /* SGL-10: the list fits, and may lie there */
        request->buffer && needed <= size && machine->settings[SETTING_placement] == 0;
    return sg_ask(machine, request, size, in_buffer) ? NDIS_STATUS_SUCCESS : NDIS_STATUS_RESOURCES;
}

NDIS_STATUS NdisMAllocateNetBufferSGList(NDIS_HANDLE NdisMiniportDmaHandle, PNET_BUFFER NetBuffer,
                                         PVOID Context, ULONG Flags, PVOID ScatterGatherListBuffer,
                                         ULONG ScatterGatherListBufferSize)
{
    struct machine *machine = machine_bound();
    struct dma *dma;
    enum rig_rule rule = check_allocate(machine, NdisMiniportDmaHandle, NetBuffer, Flags,
                                        ScatterGatherListBuffer, ScatterGatherListBufferSize, &dma);
    struct sg sg;

    if (verifier_finds(machine, rule, __func__, dma ? dma->made : 0))
        return NDIS_STATUS_RESOURCES; /* SGL-08: it knows no other failure */
    rule =
        warn_allocate(dma, NetBuffer, Flags, ScatterGatherListBuffer, ScatterGatherListBufferSize);
    verifier_finds(machine, rule, __func__, dma->made);
    sg = (struct sg){
        .state = SG_WAITING,
        .dma = dma,
        .write_to_device = (Flags & NDIS_SG_LIST_WRITE_TO_DEVICE) != 0,
        .made = machine->origin,
        .range = {NetBuffer->CurrentMdl, 0, mapped_length(machine, NetBuffer)},
        .nb = NetBuffer,
        .was = NetBuffer->NetBufferHeader.NetBufferData,
        .context = Context,
        .buffer = ScatterGatherListBuffer,
        .routine = dma->handler,
    };
    return allocate(machine, &sg, ScatterGatherListBufferSize);
}

/* ---- free ---- */

/* What a pointer that is no live list of NDIS is worth (FSG-02, FSG-03, FSG-07, FSG-08). */
static enum rig_rule blame(struct machine *machine, enum list_kind kind, const struct sg *sg,
                           const struct dma *dma, const void *list, const NET_BUFFER *nb)
{
    const struct sg *waiting = list ? NULL : sg_of_net_buffer(machine, nb);
    bool own = sg && sg->dma == dma;

    if (kind == LIST_FORMER)
        return RULE_FSG_07;
    if (kind == LIST_BUFFER_OF_LIVE && own)
        return RULE_FSG_03;
    return (kind == LIST_BUFFER_OF_WAITING && own) || (waiting && waiting->state == SG_WAITING)
               ? RULE_FSG_08
               : RULE_FSG_02;
}

/* FSG-13: the NET_BUFFER starts where it was mapped. */
static bool is_as_mapped(const struct sg *sg)
{
    return sg->nb->CurrentMdl == sg->was.CurrentMdl && sg->nb->MdlChain == sg->was.MdlChain &&
           sg->nb->CurrentMdlOffset == sg->was.CurrentMdlOffset &&
           sg->nb->DataLength == sg->was.NbDataLength.DataLength;
}

static enum rig_rule check_free(struct machine *machine, NDIS_HANDLE handle,
                                PSCATTER_GATHER_LIST list, PNET_BUFFER nb, struct sg **sg)
{
    struct dma *dma;
    enum rig_rule rule = dma_find(machine, handle, RULE_FSG_02, &dma);
    enum list_kind kind = list_find(machine, list, sg);

    if (rule)
        return rule;
    if (processor_irql(machine) != DISPATCH_LEVEL)
        return RULE_FSG_01;
    if (kind != LIST_LIVE)
        return blame(machine, kind, *sg, dma, list, nb);
    assert(*sg && "a live list of NDIS has a request");
    if (!(*sg)->nb)
        return RULE_BSG_14;
    if ((*sg)->dma != dma || (*sg)->nb != nb)
        return RULE_FSG_02;
    return is_as_mapped(*sg) ? mapping_end_obstacle(mapping_of_list(machine, list)) : RULE_FSG_13;
}

void NdisMFreeNetBufferSGList(NDIS_HANDLE NdisMiniportDmaHandle, PSCATTER_GATHER_LIST pSGL,
                              PNET_BUFFER NetBuffer)
{
    struct machine *machine = machine_bound();
    struct sg *sg;
    enum rig_rule rule = check_free(machine, NdisMiniportDmaHandle, pSGL, NetBuffer, &sg);

    if (list_report(machine, rule, __func__, sg, pSGL))
        return;
    assert(sg);
    if (sg->dma->adapter->state == ADAPTER_SHUTDOWN)
        verifier_finds(machine, RULE_LIFE_53, __func__, sg->made);
    sg_put(sg, sg->write_to_device);
}

/* ---- counting ---- */

ULONG NdisQueryNetBufferPhysicalCount(PNET_BUFFER NetBuffer)
{
    struct machine *machine = machine_bound();
    enum rig_rule rule = net_buffer_obstacle(machine, NetBuffer, true);

    return verifier_finds(machine, rule, __func__, 0) ? 0 : net_buffer_pieces(NetBuffer);
}
