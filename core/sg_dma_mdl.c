/*
 * sg_dma_mdl.c: lists for a bare MDL (NDIS 6.20).
 *
 * The handler runs inside the call or the call fails (BSG-09). The call does not say a direction,
 * so HAL is asked for one from the device, which copies both ways, and told the real one when the
 * list goes back (BSG-12).
 */
#include "memory.h"
#include "ndis_layer.h"

static enum rig_rule check_handle(struct machine *machine, NDIS_HANDLE handle,
                                  struct adapter **adapter)
{
    if (adapter_of(machine, handle, adapter) != HANDLE_LIVE)
        return RULE_BSG_02;
    return processor_irql(machine) != DISPATCH_LEVEL ? RULE_BSG_01 : RULE_NONE;
}

/* BSG-05: a range inside the chain. */
static enum rig_rule check_range(struct machine *machine,
                                 const NDIS_SCATTER_GATHER_LIST_PARAMETERS *p, struct range *range)
{
    uintptr_t offset;
    uint64_t bytes = 0;

    if (!memory_is_mdl(machine, p->Mdl))
        return RULE_BSG_05;
    offset = (uintptr_t)p->CurrentVa - (uintptr_t)MmGetMdlVirtualAddress(p->Mdl);
    for (const MDL *mdl = p->Mdl; mdl; mdl = mdl->Next)
        bytes += mdl->ByteCount;
    if (offset >= p->Mdl->ByteCount || p->Length == 0 || p->Length > bytes - offset)
        return RULE_BSG_05;
    *range = (struct range){p->Mdl, (uint32_t)offset, p->Length};
    return RULE_NONE;
}

static enum rig_rule check_parameters(struct machine *machine,
                                      const NDIS_SCATTER_GATHER_LIST_PARAMETERS *p)
{
    struct range range;
    enum rig_rule rule;

    if (p->Header.Type != NDIS_OBJECT_TYPE_DEFAULT ||
        p->Header.Revision != NDIS_SCATTER_GATHER_LIST_PARAMETERS_REVISION_1 ||
        p->Header.Size < NDIS_SIZEOF_SCATTER_GATHER_LIST_PARAMETERS_REVISION_1 || p->Flags ||
        !p->ProcessSGListHandler)
        return RULE_BSG_04;
    rule = check_range(machine, p, &range);
    if (rule)
        return rule;
    if (p->QueueId || p->SharedMemoryUsage >= NdisSharedMemoryUsageMax)
        return RULE_BSG_06;
    if (!p->ScatterGatherListBuffer)
        return RULE_BSG_07;
    rule = memory_lendable(machine, p->ScatterGatherListBuffer, p->ScatterGatherListBufferSize);
    return rule ? rule
                : mapping_obstacle(machine, &range, false, p->ScatterGatherListBuffer,
                                   p->ScatterGatherListBufferSize);
}

/* Requests of the adapter that wait for registers, and the registers its lists hold. */
static bool has_room(struct machine *machine, const struct dma *dma, ULONG registers)
{
    uint32_t held = 0;

    for (unsigned i = 0; i < machine->used.sgs; i++) {
        const struct sg *sg = &machine->sgs[i];

        if (sg->state == SG_FREE || &machine->dmas[sg->dma] != dma)
            continue;
        if (mapping_of_context(machine, sg)->state == REQUEST_WAITING)
            return false;
        held += sg->registers;
    }
    return registers <= dma->registers - held;
}

static VOID deliver(PDEVICE_OBJECT DeviceObject, PIRP Irp, PSCATTER_GATHER_LIST ScatterGather,
                    PVOID Context)
{
    struct machine *machine = machine_bound();
    struct sg *sg = Context;

    mapping_of_list(machine, ScatterGather)->both_ways = true;
    sg->state = SG_LIVE;
    sg->list = ScatterGather;
    sg->routine(DeviceObject, Irp, ScatterGather, sg->context);
}

static NTSTATUS build(struct machine *machine, const struct dma *dma, struct sg *sg,
                      const NDIS_SCATTER_GATHER_LIST_PARAMETERS *p)
{
    enum rig_timing timing = rig_timing(machine, RIG_INSIDE);
    NTSTATUS status = dma->hal->DmaOperations->BuildScatterGatherList(
        dma->hal, &machine->adapters[dma->adapter].object, p->Mdl, p->CurrentVa, p->Length, deliver,
        sg, FALSE, p->ScatterGatherListBuffer, p->ScatterGatherListBufferSize);

    rig_timing(machine, timing);
    return status;
}

static NDIS_STATUS start(struct machine *machine, const struct dma *dma,
                         PNDIS_SCATTER_GATHER_LIST_PARAMETERS p)
{
    NDIS_STATUS none =
        machine->settings[SETTING_build_refusal] ? NDIS_STATUS_FAILURE : NDIS_STATUS_RESOURCES;
    struct sg *sg;
    ULONG registers;
    NTSTATUS status = dma->hal->DmaOperations->CalculateScatterGatherList(
        dma->hal, p->Mdl, p->CurrentVa, p->Length, &p->ScatterGatherListBufferSizeNeeded,
        &registers);

    if (status == STATUS_SUCCESS &&
        p->ScatterGatherListBufferSize < p->ScatterGatherListBufferSizeNeeded)
        return NDIS_STATUS_BUFFER_TOO_SHORT;
    if (status != STATUS_SUCCESS || machine->frame_count >= RIG_FRAMES ||
        !has_room(machine, dma, registers))
        return none; /* AMB-22 */
    sg = sg_take(machine);
    if (!sg)
        return none;
    *sg = (struct sg){
        .state = SG_WAITING,
        .dma = (uint8_t)(dma - machine->dmas),
        .bare_mdl = true,
        .registers = registers,
        .made = machine->origin,
        .context = p->Context,
        .routine = p->ProcessSGListHandler,
        .buffer = p->ScatterGatherListBuffer,
    };
    if (build(machine, dma, sg, p) == STATUS_SUCCESS)
        return NDIS_STATUS_SUCCESS;
    sg_forget(machine, sg);
    return none;
}

NDIS_STATUS NdisBuildScatterGatherList(NDIS_HANDLE NdisHandle,
                                       PNDIS_SCATTER_GATHER_LIST_PARAMETERS SGListParameters)
{
    struct machine *machine = machine_bound();
    struct adapter *adapter;
    enum rig_rule rule = check_handle(machine, NdisHandle, &adapter);

    if (!rule && !adapter->dma)
        rule = RULE_BSG_03;
    if (!rule)
        rule = check_parameters(machine, SGListParameters);
    if (verifier_finds(machine, rule, "NdisBuildScatterGatherList", 0))
        return NDIS_STATUS_FAILURE;
    return start(machine, adapter_dma(machine, adapter), SGListParameters);
}

static enum rig_rule check_free(struct machine *machine, NDIS_HANDLE handle,
                                PSCATTER_GATHER_LIST list, struct sg **sg)
{
    struct adapter *adapter;
    enum rig_rule rule = check_handle(machine, handle, &adapter);
    enum list_kind kind = list_find(machine, list, sg);

    if (rule)
        return rule;
    if (kind == LIST_LIVE && !(*sg)->bare_mdl)
        return RULE_BSG_14;
    if (kind != LIST_LIVE || machine->dmas[(*sg)->dma].adapter != adapter_index(machine, adapter))
        return RULE_BSG_11;
    return list_obstacle(machine, *sg);
}

void NdisFreeScatterGatherList(NDIS_HANDLE NdisHandle, PSCATTER_GATHER_LIST ScatterGatherListBuffer,
                               BOOLEAN WriteToDevice)
{
    struct machine *machine = machine_bound();
    struct sg *sg;
    enum rig_rule rule = check_free(machine, NdisHandle, ScatterGatherListBuffer, &sg);

    if (!list_report(machine, rule, "NdisFreeScatterGatherList", sg, ScatterGatherListBuffer))
        sg_put(machine, sg, WriteToDevice != 0);
}
