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
    *adapter = adapter_of(machine, handle);
    if (!*adapter)
        return RULE_BSG_02;
    return processor_irql(machine) != DISPATCH_LEVEL ? RULE_BSG_01 : RULE_NONE;
}

static enum rig_rule check_parameters(struct machine *machine,
                                      const NDIS_SCATTER_GATHER_LIST_PARAMETERS *p,
                                      struct range *range)
{
    if (p->Header.Type != NDIS_OBJECT_TYPE_DEFAULT ||
        p->Header.Revision != NDIS_SCATTER_GATHER_LIST_PARAMETERS_REVISION_1 ||
        p->Header.Size < NDIS_SIZEOF_SCATTER_GATHER_LIST_PARAMETERS_REVISION_1 || p->Flags ||
        !p->ProcessSGListHandler)
        return RULE_BSG_04;
    if (mapping_range(machine, p->Mdl, p->CurrentVa, p->Length, range) ||
        sg_count(machine, *range) == SG_CHAIN_TOO_SHORT)
        return RULE_BSG_05;
    if (p->QueueId || p->SharedMemoryUsage >= NdisSharedMemoryUsageMax)
        return RULE_BSG_06;
    if (!p->ScatterGatherListBuffer)
        return RULE_BSG_07;
    return mapping_obstacle(machine, range, false, p->ScatterGatherListBuffer,
                            p->ScatterGatherListBufferSize);
}

static NDIS_STATUS start(struct machine *machine, const struct sg *request,
                         PNDIS_SCATTER_GATHER_LIST_PARAMETERS p)
{
    NDIS_STATUS none =
        machine->settings[SETTING_build_refusal] ? NDIS_STATUS_FAILURE : NDIS_STATUS_RESOURCES;
    ULONG registers;
    NTSTATUS status = sg_calculate(request, &p->ScatterGatherListBufferSizeNeeded, &registers);
    enum rig_timing timing;
    bool built;

    if (status == STATUS_SUCCESS &&
        p->ScatterGatherListBufferSize < p->ScatterGatherListBufferSizeNeeded)
        return NDIS_STATUS_BUFFER_TOO_SHORT;
    if (status != STATUS_SUCCESS || machine->frame_count >= RIG_FRAMES ||
        !mapping_has_room(machine, (const struct dma_adapter *)request->dma->hal, registers))
        return none; /* AMB-22 */
    timing = rig_timing(machine, RIG_INSIDE);
    built = sg_ask(machine, request, p->ScatterGatherListBufferSize, true);
    rig_timing(machine, timing);
    return built ? NDIS_STATUS_SUCCESS : none;
}

NDIS_STATUS NdisBuildScatterGatherList(NDIS_HANDLE NdisHandle,
                                       PNDIS_SCATTER_GATHER_LIST_PARAMETERS SGListParameters)
{
    struct machine *machine = machine_bound();
    struct adapter *adapter;
    enum rig_rule rule = check_handle(machine, NdisHandle, &adapter);
    struct sg sg = {.state = SG_WAITING, .made = machine->origin};

    if (!rule && !adapter->dma)
        rule = RULE_BSG_03;
    if (!rule)
        rule = check_parameters(machine, SGListParameters, &sg.range);
    if (verifier_finds(machine, rule, __func__, 0))
        return NDIS_STATUS_FAILURE;
    sg.dma = adapter->dma;
    sg.context = SGListParameters->Context;
    sg.buffer = SGListParameters->ScatterGatherListBuffer;
    sg.routine = SGListParameters->ProcessSGListHandler;
    return start(machine, &sg, SGListParameters);
}

static enum rig_rule check_free(struct machine *machine, NDIS_HANDLE handle,
                                PSCATTER_GATHER_LIST list, struct sg **sg)
{
    struct adapter *adapter;
    enum rig_rule rule = check_handle(machine, handle, &adapter);
    enum list_kind kind = list_find(machine, list, sg);

    if (rule)
        return rule;
    if (kind == LIST_LIVE && (*sg)->nb)
        return RULE_BSG_14;
    if (kind != LIST_LIVE || (*sg)->dma->adapter != adapter)
        return RULE_BSG_11;
    return mapping_end_obstacle(mapping_of_list(machine, list));
}

void NdisFreeScatterGatherList(NDIS_HANDLE NdisHandle, PSCATTER_GATHER_LIST ScatterGatherListBuffer,
                               BOOLEAN WriteToDevice)
{
    struct machine *machine = machine_bound();
    struct sg *sg;
    enum rig_rule rule = check_free(machine, NdisHandle, ScatterGatherListBuffer, &sg);

    if (!list_report(machine, rule, __func__, sg, ScatterGatherListBuffer))
        sg_put(sg, WriteToDevice != 0);
}
