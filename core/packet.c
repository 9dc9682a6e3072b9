/*
 * packet.c: HAL's packet routines.
 *
 * AllocateAdapterChannel asks for map registers in the queue that requests for lists wait in, and
 * calls a control routine once it has them (HAL-33). MapTransfer then gives pieces of data one of
 * these registers each, FlushAdapterBuffers takes them back. A subordinate device keeps the channel
 * until FreeAdapterChannel; a bus master keeps the registers until FreeMapRegisters (HAL-34).
 */
#include "hal_layer.h"
#include "processor.h"
#include "sg_builder.h"
#include "verifier.h"
#include <string.h>

static unsigned index_of(const struct machine *machine, const struct request *request)
{
    return (unsigned)(request - machine->requests);
}

/* The request of DMA_ADAPTER whose control routine was given BASE, NULL if there is none. */
static struct request *find(struct machine *machine, PDMA_ADAPTER adapter, const void *base)
{
    for (unsigned i = 0; i < machine->used.requests; i++) {
        struct request *request = &machine->requests[i];

        if (request->state == REQUEST_LIVE && request->control && request->base == base &&
            &machine->dma_adapters[request->adapter] == hal_adapter(machine, adapter))
            return request;
    }
    return NULL;
}

static uint32_t made(const struct request *request)
{
    return request ? request->made : 0;
}

/* ---- the channel ---- */

/* E6-0B: one channel at a time. HAL-32: and one request in the queue for each device object. */
static enum rig_rule check_allocate(struct machine *machine, PDMA_ADAPTER head,
                                    const DEVICE_OBJECT *device, ULONG count)
{
    enum rig_rule rule = hal_check(machine, head, DISPATCH_LEVEL, true, RULE_HAL_32);
    const struct frame *frame = frame_current(machine);
    const struct dma_adapter *adapter = hal_adapter(machine, head);

    if (!rule && frame && frame->site == SITE_CONTROL)
        rule = RULE_HAL_32;
    if (rule)
        return rule;
    for (unsigned i = 0; i < machine->used.requests; i++) {
        const struct request *request = &machine->requests[i];
        bool waits = request->state == REQUEST_WAITING || request->state == REQUEST_OWED;

        if (!request->control)
            continue;
        if (&machine->dma_adapters[request->adapter] == adapter &&
            (!request->settled || adapter->subordinate))
            return RULE_E6_0B;
        if (waits && request->device == device)
            rule = RULE_HAL_32;
    }
    return !rule && count > adapter->registers ? RULE_E6_15 : rule;
}

NTSTATUS packet_allocate(PDMA_ADAPTER DmaAdapter, PDEVICE_OBJECT DeviceObject,
                         ULONG NumberOfMapRegisters, PDRIVER_CONTROL ExecutionRoutine,
                         PVOID Context)
{
    struct machine *machine = machine_bound();
    enum rig_rule rule = check_allocate(machine, DmaAdapter, DeviceObject, NumberOfMapRegisters);
    struct mapping mapping = {
        .adapter = DmaAdapter,
        .device = DeviceObject,
        .control = ExecutionRoutine,
        .context = Context,
        .registers = NumberOfMapRegisters,
    };

    if (verifier_finds(machine, rule, "AllocateAdapterChannel", 0))
        return rule == RULE_E6_15 ? STATUS_INSUFFICIENT_RESOURCES : STATUS_UNSUCCESSFUL;
    return mapping_start(machine, &mapping);
}

void packet_deliver(struct machine *machine, struct request *request)
{
    bool keeps_channel = machine->dma_adapters[request->adapter].subordinate;
    IO_ALLOCATION_ACTION action;

    frame_enter(machine, SITE_CONTROL, DISPATCH_LEVEL);
    action = request->control(request->device, NULL, request->base, request->context);
    frame_leave(machine, "AdapterControl");
    processor_back(machine);
    request->settled = true;
    if (keeps_channel ? action != KeepObject
                      : action != DeallocateObject && action != DeallocateObjectKeepRegisters)
        verifier_report_made(machine, RULE_HAL_34, "AdapterControl", request->made);
    else if (action == DeallocateObject) {
        if (request->piece_count > 0)
            verifier_report_made(machine, RULE_E6_10, "AdapterControl", request->made);
        mapping_end(machine, request, true);
    }
}

VOID packet_free_channel(PDMA_ADAPTER DmaAdapter)
{
    struct machine *machine = machine_bound();
    enum rig_rule rule = hal_check(machine, DmaAdapter, DISPATCH_LEVEL, true, RULE_E6_13);
    const struct dma_adapter *adapter = hal_adapter(machine, DmaAdapter);
    struct request *request = NULL;

    for (unsigned i = 0; !rule && adapter->subordinate && i < machine->used.requests; i++)
        if (machine->requests[i].settled &&
            &machine->dma_adapters[machine->requests[i].adapter] == adapter)
            request = &machine->requests[i];
    if (!rule && !request)
        rule = RULE_E6_04;
    else if (!rule && request->piece_count > 0)
        rule = RULE_E6_0D;
    if (!verifier_finds(machine, rule, "FreeAdapterChannel", made(request)))
        mapping_end(machine, request, true);
}

VOID packet_free_registers(PDMA_ADAPTER DmaAdapter, PVOID MapRegisterBase,
                           ULONG NumberOfMapRegisters)
{
    struct machine *machine = machine_bound();
    enum rig_rule rule = hal_check(machine, DmaAdapter, DISPATCH_LEVEL, true, RULE_E6_13);
    struct request *request = rule ? NULL : find(machine, DmaAdapter, MapRegisterBase);

    if (!rule && (!request || !request->settled))
        rule = RULE_E6_05;
    else if (!rule && hal_adapter(machine, DmaAdapter)->subordinate)
        rule = RULE_HAL_38;
    else if (!rule && request->piece_count > 0)
        rule = RULE_E6_10;
    else if (!rule && NumberOfMapRegisters != request->asked)
        rule = RULE_E6_05;
    if (!verifier_finds(machine, rule, "FreeMapRegisters", made(request)))
        mapping_end(machine, request, true);
}

/* ---- transfers ---- */

/* The registers of a request that map nothing yet. */
static uint64_t idle_registers(const struct machine *machine, const struct request *request)
{
    uint64_t idle = request->registers;

    for (unsigned i = 0; i < request->piece_count; i++)
        idle &= ~((uint64_t)1 << machine->pieces[index_of(machine, request)][i].map_register);
    return idle;
}

static enum rig_rule check_map(struct machine *machine, PDMA_ADAPTER head, struct request *request,
                               PMDL mdl, PVOID va, bool to_device, ULONG length,
                               struct range *range)
{
    const struct dma_adapter *adapter = hal_adapter(machine, head);
    enum rig_rule rule = RULE_NONE;

    if (!request)
        return RULE_VRF_15;
    if (adapter->subordinate && request->piece_count > 0)
        return RULE_E6_0D;
    rule = hal_check_range(machine, mdl, va, length, range);
    if (!rule && length > mdl->ByteCount - range->offset)
        rule = RULE_E6_24;
    if (rule)
        return rule;
    if (!adapter->one_element) { /* HAL-35: to the end of the page */
        uint32_t page = PAGE_SIZE - (uint32_t)((uintptr_t)va % PAGE_SIZE);

        range->length = length < page ? length : page;
    }
    rule = mapping_obstacle(machine, range, to_device, NULL, 0);
    return !rule && request->piece_count + sg_cut(machine, range, NULL) > request->asked
               ? RULE_E6_0C
               : rule;
}

/* The pieces of a range behind those of a request. */
static struct piece *add_pieces(struct machine *machine, struct request *request,
                                const struct range *range, bool to_device)
{
    unsigned slot = index_of(machine, request);
    struct piece *pieces = &machine->pieces[slot][request->piece_count];
    unsigned count = (unsigned)sg_cut(machine, range, pieces);

    sg_place(machine, request, idle_registers(machine, request), pieces, count);
    for (unsigned i = 0; i < count; i++) {
        pieces[i].starts_transfer = i == 0;
        pieces[i].to_device = to_device;
    }
    request->piece_count = (uint16_t)(request->piece_count + count);
    if (machine->piece_used[slot] < request->piece_count)
        machine->piece_used[slot] = request->piece_count;
    return pieces;
}

PHYSICAL_ADDRESS packet_map(PDMA_ADAPTER DmaAdapter, PMDL Mdl, PVOID MapRegisterBase,
                            PVOID CurrentVa, PULONG Length, BOOLEAN WriteToDevice)
{
    struct machine *machine = machine_bound();
    enum rig_rule rule = hal_check(machine, DmaAdapter, DISPATCH_LEVEL, false, RULE_E6_13);
    struct request *request = rule ? NULL : find(machine, DmaAdapter, MapRegisterBase);
    struct dma_adapter *adapter = hal_adapter(machine, DmaAdapter);
    struct range range;
    uint64_t bus;

    if (!rule)
        rule = check_map(machine, DmaAdapter, request, Mdl, CurrentVa, WriteToDevice != 0, *Length,
                         &range);
    if (verifier_finds(machine, rule, "MapTransfer", made(request)))
        return (PHYSICAL_ADDRESS){0};
    bus = add_pieces(machine, request, &range, WriteToDevice != 0)->bus;
    *Length = range.length;
    if (!adapter->subordinate)
        return (PHYSICAL_ADDRESS){.QuadPart = (LONGLONG)bus};
    adapter->controller = (struct controller){bus, range.length, range.length, WriteToDevice != 0};
    return (PHYSICAL_ADDRESS){0}; /* HAL-35: of no use to the device */
}

/* The pieces from START on that one call of MapTransfer mapped; their bytes. */
static unsigned extent(const struct request *request, const struct piece *pieces, unsigned start,
                       uint32_t *length)
{
    unsigned end = start;

    *length = 0;
    do
        *length += pieces[end++].length;
    while (end < request->piece_count && !pieces[end].starts_transfer);
    return end - start;
}

/* HAL-36: the pieces of a range that one call of MapTransfer mapped, or what is wrong. */
static enum rig_rule find_transfer(struct machine *machine, const struct request *request,
                                   const struct range *range, bool to_device, unsigned *start,
                                   unsigned *count)
{
    const struct piece *pieces = machine->pieces[index_of(machine, request)];
    enum rig_rule rule = RULE_E6_16;
    struct piece first;
    uint32_t mapped;

    sg_cut(machine, &(struct range){range->mdl, range->offset, 1}, &first);
    for (*start = 0; *start < request->piece_count; *start += *count) {
        *count = extent(request, pieces, *start, &mapped);
        if (pieces[*start].data != first.data)
            continue;
        if (mapped == range->length)
            return pieces[*start].to_device == to_device ? RULE_NONE : RULE_HAL_36;
        if (range->length > mapped)
            rule = RULE_E6_00;
    }
    return rule;
}

static void remove_pieces(struct machine *machine, struct request *request, unsigned start,
                          unsigned count)
{
    struct piece *pieces = &machine->pieces[index_of(machine, request)][start];

    if (!pieces->to_device)
        sg_copy_back(pieces, count);
    request->piece_count = (uint16_t)(request->piece_count - count);
    memmove(pieces, pieces + count, (request->piece_count - start) * sizeof *pieces);
}

BOOLEAN packet_flush(PDMA_ADAPTER DmaAdapter, PMDL Mdl, PVOID MapRegisterBase, PVOID CurrentVa,
                     ULONG Length, BOOLEAN WriteToDevice)
{
    struct machine *machine = machine_bound();
    enum rig_rule rule = hal_check(machine, DmaAdapter, DISPATCH_LEVEL, false, RULE_E6_13);
    struct request *request = rule ? NULL : find(machine, DmaAdapter, MapRegisterBase);
    unsigned start = 0, count = 0;
    struct range range;

    if (!rule)
        rule = request ? hal_check_range(machine, Mdl, CurrentVa, Length, &range) : RULE_E6_20;
    if (!rule)
        rule = find_transfer(machine, request, &range, WriteToDevice != 0, &start, &count);
    if (verifier_finds(machine, rule, "FlushAdapterBuffers", made(request)))
        return FALSE;
    remove_pieces(machine, request, start, count);
    hal_adapter(machine, DmaAdapter)->controller = (struct controller){0};
    return TRUE;
}
