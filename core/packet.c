/*
 * packet.c: HAL's packet routines.
 *
 * AllocateAdapterChannel asks for map registers in the queue that requests for lists wait in, and
 * calls a control routine once it has them (HAL-33). MapTransfer then gives pieces of data one of
 * these registers each, FlushAdapterBuffers takes them back. A subordinate device keeps the channel
 * until FreeAdapterChannel; a bus master keeps the registers until FreeMapRegisters (HAL-34).
 */
#include "hal_layer.h"
#include <string.h>

/* The request whose control routine was given BASE, NULL if there is none; E6-19, E6-18, IRQL, and
 * UNKNOWN if there is none: the first that is broken. */
static enum rig_rule find(struct machine *machine, PDMA_ADAPTER head, const void *base, bool exact,
                          enum rig_rule unknown, struct request **found)
{
    enum rig_rule rule = hal_check(machine, head, DISPATCH_LEVEL, exact, RULE_E6_13);

    *found = NULL;
    EACH (struct request, request, machine, requests)
        if (!rule && request->state == REQUEST_LIVE && request->control && request->base == base &&
            request->adapter == hal_adapter(machine, head))
            *found = request;
    return rule || *found ? rule : unknown;
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
    EACH (struct request, request, machine, requests) {
        if (!request->control)
            continue;
        if (request->adapter == adapter && (!request->settled || adapter->subordinate))
            return RULE_E6_0B;
        if (request->state != REQUEST_LIVE && request->device == device)
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
    struct request plan = {
        .adapter = hal_adapter(machine, DmaAdapter),
        .device = DeviceObject,
        .control = ExecutionRoutine,
        .context = Context,
        .asked = NumberOfMapRegisters,
    };

    if (verifier_finds(machine, rule, "AllocateAdapterChannel", 0))
        return rule == RULE_E6_15 ? STATUS_INSUFFICIENT_RESOURCES : STATUS_UNSUCCESSFUL;
    return mapping_start(machine, &plan, (struct range){0});
}

void packet_deliver(struct machine *machine, struct request *request)
{
    bool keeps_channel = request->adapter->subordinate;
    IO_ALLOCATION_ACTION action;

    frame_enter(machine, SITE_CONTROL, DISPATCH_LEVEL);
    action = request->control(request->device, NULL, request->base, request->context);
    frame_leave(machine, "AdapterControl");
    request->settled = true;
    if (keeps_channel ? action != KeepObject
                      : action != DeallocateObject && action != DeallocateObjectKeepRegisters)
        verifier_finds(machine, RULE_HAL_34, "AdapterControl", request->made);
    else if (action == DeallocateObject) {
        if (request->piece_count > 0)
            verifier_finds(machine, RULE_E6_10, "AdapterControl", request->made);
        mapping_end(machine, request, true);
    }
}

VOID packet_free_channel(PDMA_ADAPTER DmaAdapter)
{
    struct machine *machine = machine_bound();
    enum rig_rule rule = hal_check(machine, DmaAdapter, DISPATCH_LEVEL, true, RULE_E6_13);
    const struct dma_adapter *adapter = hal_adapter(machine, DmaAdapter);
    struct request *request = NULL;

    EACH (struct request, other, machine, requests)
        if (!rule && adapter->subordinate && other->settled && other->adapter == adapter)
            request = other;
    if (!rule && !request)
        rule = RULE_E6_04;
    else if (!rule && request->piece_count > 0)
        rule = RULE_E6_0D;
    if (!verifier_finds(machine, rule, "FreeAdapterChannel", request ? request->made : 0))
        mapping_end(machine, request, true);
}

VOID packet_free_registers(PDMA_ADAPTER DmaAdapter, PVOID MapRegisterBase,
                           ULONG NumberOfMapRegisters)
{
    struct machine *machine = machine_bound();
    struct request *request;
    enum rig_rule rule = find(machine, DmaAdapter, MapRegisterBase, true, RULE_E6_05, &request);

    if (!rule && !request->settled)
        rule = RULE_E6_05;
    else if (!rule && request->adapter->subordinate)
        rule = RULE_HAL_38;
    else if (!rule && request->piece_count > 0)
        rule = RULE_E6_10;
    else if (!rule && NumberOfMapRegisters != request->asked)
        rule = RULE_E6_05;
    if (!verifier_finds(machine, rule, "FreeMapRegisters", request ? request->made : 0))
        mapping_end(machine, request, true);
}

/* ---- transfers ---- */

static enum rig_rule check_map(struct machine *machine, const struct request *request, PMDL mdl,
                               PVOID va, bool to_device, ULONG length, struct range *range)
{
    enum rig_rule rule;

    if (request->adapter->subordinate && request->piece_count > 0)
        return RULE_E6_0D;
    rule = mapping_range(machine, mdl, va, length, range);
    if (!rule && length > mdl->ByteCount - range->offset)
        rule = RULE_E6_24;
    if (rule)
        return rule;
    if (!request->adapter->one_element) { /* HAL-35: to the end of the page */
        uint32_t page = PAGE_SIZE - (uint32_t)((uintptr_t)va % PAGE_SIZE);

        range->length = length < page ? length : page;
    }
    rule = mapping_obstacle(machine, range, to_device, NULL, 0);
    return !rule && request->piece_count + (unsigned)sg_count(machine, *range) > request->asked
               ? RULE_E6_0C
               : rule;
}

PHYSICAL_ADDRESS packet_map(PDMA_ADAPTER DmaAdapter, PMDL Mdl, PVOID MapRegisterBase,
                            PVOID CurrentVa, PULONG Length, BOOLEAN WriteToDevice)
{
    struct machine *machine = machine_bound();
    struct request *request;
    enum rig_rule rule = find(machine, DmaAdapter, MapRegisterBase, false, RULE_VRF_15, &request);
    struct piece *first;
    struct range range;

    if (!rule)
        rule = check_map(machine, request, Mdl, CurrentVa, WriteToDevice != 0, *Length, &range);
    if (verifier_finds(machine, rule, "MapTransfer", request ? request->made : 0))
        return (PHYSICAL_ADDRESS){0};
    first = sg_append(machine, request, range, WriteToDevice != 0);
    sg_place(machine, request, first);
    *Length = first->transfer = range.length;
    if (!request->adapter->subordinate)
        return (PHYSICAL_ADDRESS){.QuadPart = (LONGLONG)first->bus};
    request->adapter->controller =
        (struct controller){first->bus, range.length, range.length, first->to_device};
    return (PHYSICAL_ADDRESS){0}; /* HAL-35: of no use to the device */
}

/* HAL-36: the first piece of what one call of MapTransfer mapped of a range, or what is wrong. */
static enum rig_rule find_transfer(struct machine *machine, const struct request *request,
                                   struct range range, bool to_device, struct piece **found)
{
    struct piece *end = request->pieces + request->piece_count, first;
    enum rig_rule rule = RULE_E6_16;
    uint32_t length = range.length;

    sg_next(machine, &range, &first);
    for (struct piece *piece = request->pieces; piece < end; piece++) {
        if (piece->transfer == 0 || piece->data != first.data)
            continue;
        *found = piece;
        if (piece->transfer == length)
            return piece->to_device == to_device ? RULE_NONE : RULE_HAL_36;
        if (length > piece->transfer)
            rule = RULE_E6_00;
    }
    return rule;
}

static void remove_transfer(struct request *request, struct piece *first)
{
    struct piece *end = request->pieces + request->piece_count, *next = first + 1;

    while (next < end && next->transfer == 0)
        next++;
    if (!first->to_device)
        sg_copy_back(first, (unsigned)(next - first));
    request->piece_count = (uint16_t)(request->piece_count - (next - first));
    memmove(first, next, (size_t)(end - next) * sizeof *first);
}

BOOLEAN packet_flush(PDMA_ADAPTER DmaAdapter, PMDL Mdl, PVOID MapRegisterBase, PVOID CurrentVa,
                     ULONG Length, BOOLEAN WriteToDevice)
{
    struct machine *machine = machine_bound();
    struct request *request;
    enum rig_rule rule = find(machine, DmaAdapter, MapRegisterBase, false, RULE_E6_20, &request);
    struct piece *first = NULL;
    struct range range;

    if (!rule)
        rule = mapping_range(machine, Mdl, CurrentVa, Length, &range);
    if (!rule)
        rule = find_transfer(machine, request, range, WriteToDevice != 0, &first);
    if (verifier_finds(machine, rule, "FlushAdapterBuffers", request ? request->made : 0))
        return FALSE;
    assert(request && first && "what is mapped was found");
    remove_transfer(request, first);
    request->adapter->controller = (struct controller){0};
    return TRUE;
}
