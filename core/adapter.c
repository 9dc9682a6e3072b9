/*
 * adapter.c: IoGetDmaAdapter and DMA_OPERATIONS, versions 1 and 2 as far as lists and common buffers
 * need them.
 *
 * NDIS comes in here as any driver does. The checks are those of Driver Verifier's DMA option; a
 * refused operation changes nothing. Slots that a later room fills are NULL.
 */
#include "hal_layer.h"

enum { ALIGNMENT = 64 };

struct dma_adapter *hal_adapter(struct machine *machine, PDMA_ADAPTER adapter)
{
    struct dma_adapter *row = row_at(adapter, TABLE(machine, dma_adapters, live));

    return row && row->live ? row : NULL;
}

enum rig_rule hal_check(struct machine *machine, PDMA_ADAPTER adapter, KIRQL level, bool exact,
                        enum rig_rule irql_rule)
{
    KIRQL irql = processor_irql(machine);

    if (!adapter)
        return RULE_E6_19;
    if (!hal_adapter(machine, adapter))
        return RULE_E6_18;
    return (exact ? irql != level : irql > level) ? irql_rule : RULE_NONE;
}

/* ---- operations ---- */

/* HAL-23: what a list of so many PIECES needs, and whether there can be so much of it. A device that
 * lacks map registers may have it copied into one run of pages, which takes all of them (AMB-02). */
static NTSTATUS check_size(const struct machine *machine, struct request *plan, int pieces)
{
    const struct dma_adapter *adapter = plan->adapter;

    if (pieces == SG_CHAIN_TOO_SHORT)
        return STATUS_BUFFER_TOO_SMALL;
    plan->element_count = (uint32_t)pieces;
    plan->asked = mapping_counts(machine) ? plan->element_count : 0;
    plan->one_run = machine->settings[SETTING_double_buffer] && plan->asked > adapter->registers &&
                    pieces <= RIG_PIECES && plan->length <= adapter->registers * PAGE_SIZE;
    if (plan->one_run) {
        plan->element_count = 1;
        plan->asked = adapter->registers;
    }
    if (plan->element_count > RIG_PIECES || plan->asked > adapter->registers)
        return STATUS_INSUFFICIENT_RESOURCES;
    return STATUS_SUCCESS;
}

/* What is left of a request when its adapter is put back: a list, the channel, or map registers; and
 * FOUND is left of another one. */
static enum rig_rule obstacle(const struct dma_adapter *adapter, const struct request *request,
                              enum rig_rule found)
{
    if (!request->control || found == RULE_HAL_12)
        return RULE_HAL_12;
    return found == RULE_E6_08 || adapter->subordinate || !request->settled ? RULE_E6_08
                                                                            : RULE_E6_09;
}

static VOID put_dma_adapter(PDMA_ADAPTER DmaAdapter)
{
    struct machine *machine = machine_bound();
    enum rig_rule rule = hal_check(machine, DmaAdapter, DISPATCH_LEVEL, false, RULE_E6_13);
    struct dma_adapter *adapter = rule ? NULL : hal_adapter(machine, DmaAdapter);

    EACH (struct request, request, machine, requests)
        if (adapter && request->adapter == adapter)
            rule = obstacle(adapter, request, rule);
    if (!rule && adapter->commons > 0)
        rule = RULE_E6_07;
    if (!verifier_finds(machine, rule, "PutDmaAdapter", adapter ? adapter->made : 0))
        mapping_drop_adapter(machine, DmaAdapter);
}

static ULONG get_dma_alignment(PDMA_ADAPTER DmaAdapter)
{
    struct machine *machine = machine_bound();
    enum rig_rule rule = hal_check(machine, DmaAdapter, PASSIVE_LEVEL, true, RULE_E6_13);

    return verifier_finds(machine, rule, "GetDmaAlignment", 0) ? 0 : ALIGNMENT;
}

static NTSTATUS calculate(PDMA_ADAPTER DmaAdapter, PMDL Mdl, PVOID CurrentVa, ULONG Length,
                          PULONG ScatterGatherListSize, PULONG NumberOfMapRegisters)
{
    struct machine *machine = machine_bound();
    enum rig_rule rule = hal_check(machine, DmaAdapter, HIGH_LEVEL, false, RULE_E6_13);
    struct request plan = {.adapter = (struct dma_adapter *)DmaAdapter, .length = Length};
    struct range range;
    NTSTATUS status;

    if (!rule && Mdl)
        rule = mapping_range(machine, Mdl, CurrentVa, Length, &range);
    else if (!rule && Length == 0)
        rule = RULE_VRF_17;
    if (verifier_finds(machine, rule, "CalculateScatterGatherList", 0))
        return STATUS_UNSUCCESSFUL;
    status = check_size(machine, &plan,
                        Mdl ? sg_count(machine, range)
                            : (int)ADDRESS_AND_SIZE_TO_SPAN_PAGES(CurrentVa, (uint64_t)Length));
    if (status != STATUS_SUCCESS)
        return status;
    *ScatterGatherListSize = mapping_list_size(plan.element_count);
    if (NumberOfMapRegisters)
        *NumberOfMapRegisters = plan.asked;
    return STATUS_SUCCESS;
}

/* Get, and Build, whose list is to fit into SIZE bytes from BUFFER on. */
static NTSTATUS start_list(PDMA_ADAPTER head, PDEVICE_OBJECT device, PMDL mdl, PVOID va,
                           ULONG length, PDRIVER_LIST_CONTROL routine, PVOID context,
                           bool to_device, PVOID buffer, ULONG size, const char *call)
{
    struct machine *machine = machine_bound();
    enum rig_rule rule = hal_check(machine, head, DISPATCH_LEVEL, true, RULE_HAL_20);
    struct request plan = {
        .adapter = (struct dma_adapter *)head,
        .device = device,
        .routine = routine,
        .context = context,
        .list = buffer,
        .list_size = size,
        .length = length,
        .write_to_device = to_device,
    };
    struct range range;
    NTSTATUS status;

    if (!rule)
        rule = mapping_range(machine, mdl, va, length, &range);
    if (!rule)
        rule = mapping_obstacle(machine, &range, to_device, buffer, size);
    if (verifier_finds(machine, rule, call, 0))
        return STATUS_UNSUCCESSFUL;
    status = check_size(machine, &plan, sg_count(machine, range));
    if (plan.list_size < mapping_list_size(plan.element_count))
        return STATUS_BUFFER_TOO_SMALL;
    return status == STATUS_SUCCESS ? mapping_start(machine, &plan, range) : status;
}

static NTSTATUS get_list(PDMA_ADAPTER DmaAdapter, PDEVICE_OBJECT DeviceObject, PMDL Mdl,
                         PVOID CurrentVa, ULONG Length, PDRIVER_LIST_CONTROL ExecutionRoutine,
                         PVOID Context, BOOLEAN WriteToDevice)
{
    return start_list(DmaAdapter, DeviceObject, Mdl, CurrentVa, Length, ExecutionRoutine, Context,
                      WriteToDevice, NULL, UINT32_MAX, "GetScatterGatherList");
}

static NTSTATUS build_list(PDMA_ADAPTER DmaAdapter, PDEVICE_OBJECT DeviceObject, PMDL Mdl,
                           PVOID CurrentVa, ULONG Length, PDRIVER_LIST_CONTROL ExecutionRoutine,
                           PVOID Context, BOOLEAN WriteToDevice, PVOID ScatterGatherBuffer,
                           ULONG ScatterGatherLength)
{
    return start_list(DmaAdapter, DeviceObject, Mdl, CurrentVa, Length, ExecutionRoutine, Context,
                      WriteToDevice, ScatterGatherBuffer,
                      ScatterGatherBuffer ? ScatterGatherLength : 0, "BuildScatterGatherList");
}

static VOID put_list(PDMA_ADAPTER DmaAdapter, PSCATTER_GATHER_LIST ScatterGather,
                     BOOLEAN WriteToDevice)
{
    struct machine *machine = machine_bound();
    enum rig_rule rule = hal_check(machine, DmaAdapter, DISPATCH_LEVEL, true, RULE_HAL_20);
    struct request *request = mapping_of_list(machine, ScatterGather);

    if (rule)
        request = NULL;
    else if (!request || request->adapter != hal_adapter(machine, DmaAdapter))
        rule = RULE_E6_06;
    else if (!request->both_ways && request->write_to_device != (WriteToDevice != 0))
        rule = RULE_HAL_29;
    else
        rule = mapping_end_obstacle(request);
    if (!verifier_finds(machine, rule, "PutScatterGatherList", request ? request->made : 0))
        mapping_end(machine, request, WriteToDevice != 0);
}

#define VERSION_1_OPERATIONS                                                        \
    .PutDmaAdapter = put_dma_adapter, .AllocateCommonBuffer = common_allocate,      \
    .FreeCommonBuffer = common_free, .AllocateAdapterChannel = packet_allocate,     \
    .FlushAdapterBuffers = packet_flush, .FreeAdapterChannel = packet_free_channel, \
    .FreeMapRegisters = packet_free_registers, .MapTransfer = packet_map,           \
    .GetDmaAlignment = get_dma_alignment, .ReadDmaCounter = controller_counter,     \
    .GetScatterGatherList = get_list, .PutScatterGatherList = put_list

static const DMA_OPERATIONS operations[2] = {
    {
        .Size = FIELD_OFFSET(DMA_OPERATIONS, CalculateScatterGatherList),
        VERSION_1_OPERATIONS,
    },
    {
        .Size = FIELD_OFFSET(DMA_OPERATIONS, GetDmaAdapterInfo),
        VERSION_1_OPERATIONS,
        .CalculateScatterGatherList = calculate,
        .BuildScatterGatherList = build_list,
    },
};

/* ---- adapters ---- */

/* HAL-04, HAL-09: whole pages and one more for a start inside a page, in 64 bits (AMB-06). */
static uint8_t register_count(const struct machine *machine, ULONG maximum)
{
    uint64_t wanted = ((uint64_t)maximum + PAGE_SIZE - 1) / PAGE_SIZE + 1;
    uint32_t most = machine->settings[SETTING_map_registers];

    return (uint8_t)(wanted < most ? wanted : most);
}

PDMA_ADAPTER IoGetDmaAdapter(PDEVICE_OBJECT PhysicalDeviceObject,
                             PDEVICE_DESCRIPTION DeviceDescription, PULONG NumberOfMapRegisters)
{
    struct machine *machine = machine_bound();
    const DEVICE_DESCRIPTION *d = DeviceDescription;
    ULONG version = d->Version;
    uint8_t bank = (uint8_t)__builtin_ctz(~machine->banks); /* the first set of bounce pages */
    struct dma_adapter *adapter;

    (void)PhysicalDeviceObject;
    if (processor_irql(machine) != PASSIVE_LEVEL || version > DEVICE_DESCRIPTION_VERSION3) {
        verifier_finds(machine, processor_irql(machine) ? RULE_HAL_01 : RULE_E6_25, __func__, 0);
        return NULL;
    }
    if (version == DEVICE_DESCRIPTION_VERSION3 || bank == BANKS ||
        (!d->Master && d->DmaWidth > Width32Bits))
        return NULL;
    adapter = slot_take(machine, SETTING_dma_adapters, RIG_SITE_dma_adapter,
                        TABLE(machine, dma_adapters, live), DMA_ADAPTERS);
    if (!adapter)
        return NULL;
    *adapter = (struct dma_adapter){
        .head = {1, sizeof(DMA_ADAPTER), (PDMA_OPERATIONS)(uintptr_t)&operations[version / 2]},
        .live = true,
        .wide = d->Dma64BitAddresses != 0,
        .registers = register_count(machine, d->MaximumLength),
        .bank = bank,
        .made = machine->origin,
        .subordinate = !d->Master,
        .one_element = !d->Master || !d->ScatterGather,
        /* HAL-11: the controller knows demand mode from version 2 on. */
        .demand = d->DemandMode && version >= DEVICE_DESCRIPTION_VERSION2,
        .auto_initialize = d->AutoInitialize != 0,
        .unit = (uint8_t)(1u << d->DmaWidth),
    };
    machine->banks |= 1u << bank;
    *NumberOfMapRegisters = adapter->registers;
    return &adapter->head;
}
