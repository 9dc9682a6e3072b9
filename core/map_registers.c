/*
 * map_registers.c: requests for lists, the map registers they hold, the queue they wait in.
 *
 * A request takes one register for each page piece and keeps them until its list is put back
 * (HAL-25). If too few are free, or others wait already, it waits; the queue is first come, first
 * served. Granted, it is built at once; its routine runs inside the call that made it possible, on
 * another processor, or when a step runs it (HAL-24).
 */
#include "hal_layer.h"
#include <string.h>

bool mapping_counts(const struct machine *machine)
{
    return machine->settings[SETTING_count_registers] == 0 ||
           machine->settings[SETTING_personality] == 1;
}

uint32_t mapping_list_size(unsigned elements)
{
    return (uint32_t)(sizeof(SCATTER_GATHER_LIST) + elements * sizeof(SCATTER_GATHER_ELEMENT));
}

static unsigned index_of(const struct machine *machine, const struct request *request)
{
    return (unsigned)(request - machine->requests);
}

/* ---- who maps what ---- */

bool mapping_covers(const struct machine *machine, const void *start, uint32_t length,
                    enum mapping_kind kind)
{
    EACH (const struct request, request, machine, requests) {
        const struct piece *piece = request->pieces;

        for (unsigned left = request->piece_count; left > 0; left--, piece++)
            /* a bare MDL's list is asked for as one from the device */
            if ((kind == MAPPING_ANY ||
                 (!piece->to_device && (kind == MAPPING_MAY_WRITE || !request->both_ways))) &&
                memory_overlaps(piece->data, piece->length, start, length))
                return true;
    }
    return false;
}

/* VRF-14: bytes that a device may write belong to one mapping and to no list. */
static bool is_shared(const struct machine *machine, const struct piece *piece, bool only_to_device,
                      const void *buffer, uint32_t buffer_size)
{
    if (only_to_device)
        return mapping_covers(machine, piece->data, piece->length, MAPPING_MAY_WRITE);
    return mapping_covers(machine, piece->data, piece->length, MAPPING_ANY) ||
           memory_lent(machine, piece->data, piece->length, false) ||
           (buffer &&
            memory_overlaps(piece->data, piece->length, buffer, buffer_size ? buffer_size : 1));
}

enum rig_rule mapping_range(struct machine *machine, PMDL mdl, PVOID va, ULONG length,
                            struct range *range)
{
    uintptr_t offset;

    if (!memory_is_mdl(machine, mdl))
        return RULE_VRF_11;
    offset = (uintptr_t)va - (uintptr_t)MmGetMdlVirtualAddress(mdl);
    if (offset >= mdl->ByteCount)
        return RULE_VRF_12;
    *range = (struct range){mdl, (uint32_t)offset, length};
    return length == 0 ? RULE_VRF_17 : RULE_NONE;
}

enum rig_rule mapping_obstacle(struct machine *machine, const struct range *range,
                               bool only_to_device, const void *buffer, uint32_t buffer_size)
{
    enum rig_rule rule = buffer ? memory_lendable(machine, buffer, buffer_size) : RULE_NONE;
    struct range rest = *range;
    bool shared = false, dirty = false;
    struct piece piece;

    if (rule)
        return rule;
    while (sg_next(machine, &rest, &piece)) {
        if (!memory_marked(machine, piece.data, piece.length, PAGE_LIVE))
            return RULE_VRF_10;
        shared |= is_shared(machine, &piece, only_to_device, buffer, buffer_size);
        dirty |= memory_marked(machine, piece.data, piece.length, CACHE_DIRTY);
    }
    if (shared)
        return RULE_VRF_14;
    return dirty ? RULE_MDL_12 : RULE_NONE;
}

/* ---- the list's memory ---- */

/* Where the list of HAL's ends that lies in SIZE bytes from START on; NULL: there is none. */
static uint8_t *list_end(const struct machine *machine, const uint8_t *start, uint32_t size)
{
    EACH (const struct request, request, machine, requests)
        if (request->list && !request->loan &&
            memory_overlaps(request->list, request->list_size, start, size))
            return (uint8_t *)request->list + request->list_size;
    return NULL;
}

/* HAL's own memory goes round and is used again only when all of it was. It holds far more than
 * the longest lists of all requests together, so there is always room. */
static void *arena_take(struct machine *machine, uint32_t size)
{
    uint8_t *next = machine->arena + machine->arena_next, *start;

    do {
        start = next + size > machine->arena + LIST_ARENA ? machine->arena : next;
        next = list_end(machine, start, size);
    } while (next);
    machine->arena_next = (uint32_t)(start - machine->arena) + size;
    if (machine->used.arena < machine->arena_next)
        machine->used.arena = machine->arena_next;
    memory_release(start, size);
    return start;
}

const struct former_list *mapping_former(const struct machine *machine,
                                         const SCATTER_GATHER_LIST *list)
{
    EACH (const struct former_list, former, machine, formers)
        if (former->list == list)
            return former;
    return NULL;
}

static void remember(struct machine *machine, const struct request *request)
{
    unsigned i = machine->former_next++ % FORMER_LISTS;

    machine->formers[i] = (struct former_list){request->list, request->made, machine->origin};
    if (machine->used.formers <= i)
        machine->used.formers = i + 1;
}

bool mapping_intact(const struct request *request)
{
    const SCATTER_GATHER_LIST *list = request->list;

    if (list->NumberOfElements != request->element_count)
        return false;
    for (unsigned i = 0; i < request->element_count; i++)
        if (list->Elements[i].Address.QuadPart != request->elements[i].Address.QuadPart ||
            list->Elements[i].Length != request->elements[i].Length)
            return false;
    return true;
}

enum rig_rule mapping_end_obstacle(const struct request *request)
{
    if (!mapping_intact(request))
        return RULE_SGL_39;
    return request->post.place ? RULE_FSG_04 : RULE_NONE;
}

struct request *mapping_of_list(struct machine *machine, const SCATTER_GATHER_LIST *list)
{
    EACH (struct request, request, machine, requests)
        if (request->state == REQUEST_LIVE && list && request->list == list)
            return request;
    return NULL;
}

struct request *mapping_of_context(struct machine *machine, const void *context)
{
    unsigned i = 0;

    while (machine->requests[i].state == REQUEST_FREE || machine->requests[i].context != context)
        i++;
    assert(i < machine->used.requests);
    return &machine->requests[i];
}

/* ---- granting ---- */

static void deliver(struct machine *machine, uint64_t argument)
{
    struct request *request = &machine->requests[argument];

    request->state = REQUEST_LIVE;
    if (request->control) {
        packet_deliver(machine, request);
        return;
    }
    if (request->loan)
        request->loan->handed = true;
    frame_enter(machine, SITE_LIST, DISPATCH_LEVEL);
    request->routine(request->device, NULL, request->list, request->context);
    frame_leave(machine, "MiniportProcessSGList");
}

/* The first COUNT registers that are free, which there are. */
static uint64_t take_registers(struct dma_adapter *adapter, unsigned count)
{
    uint64_t before = adapter->held;

    for (; count > 0; count--)
        adapter->held |= adapter->held + 1;
    return adapter->held & ~before;
}

static unsigned free_registers(const struct dma_adapter *adapter)
{
    return adapter->registers - (unsigned)__builtin_popcountll(adapter->held);
}

static unsigned needed_registers(const struct machine *machine, const struct request *request)
{
    return mapping_counts(machine) ? request->asked : 0;
}

static void grant(struct machine *machine, struct request *request)
{
    request->registers = take_registers(request->adapter, needed_registers(machine, request));
    if (!request->control) {
        sg_place(machine, request, request->pieces);
        sg_write(machine, request);
        machine->lists_built++;
    }
    request->state = REQUEST_OWED;
    processor_give(machine, deliver, index_of(machine, request), DISPATCH_LEVEL);
}

struct request *mapping_waiting(struct machine *machine, const struct dma_adapter *adapter)
{
    struct request *first = NULL;

    EACH (struct request, request, machine, requests)
        if (request->state == REQUEST_WAITING && request->adapter == adapter &&
            (!first || request->turn < first->turn))
            first = request;
    return first;
}

bool mapping_has_room(struct machine *machine, const struct dma_adapter *adapter, unsigned count)
{
    return !mapping_waiting(machine, adapter) && count <= free_registers(adapter);
}

/* Handlers that run here may free and allocate, so the queue is looked at anew each time. */
static void grant_waiting(struct machine *machine, const struct dma_adapter *adapter)
{
    struct request *first;

    while ((first = mapping_waiting(machine, adapter)) &&
           needed_registers(machine, first) <= free_registers(adapter))
        grant(machine, first);
}

/* ---- requests ---- */

static void place_list(struct machine *machine, struct request *request)
{
    if (request->list) {
        request->loan = memory_lend(machine, request->list, request->list_size);
        return;
    }
    request->list_size = (mapping_list_size(request->element_count) + 15) & ~15u;
    request->list = arena_take(machine, request->list_size);
}

/* HAL-23: what an accepted request has a claim on, though it may wait for it. */
static bool is_refused(struct machine *machine, const struct request *plan)
{
    return (needed_registers(machine, plan) > 0 && site_refuses(machine, RIG_SITE_map_registers)) ||
           (!plan->control && !plan->list && site_refuses(machine, RIG_SITE_list_memory));
}

NTSTATUS mapping_start(struct machine *machine, const struct request *plan, struct range range)
{
    struct request *request =
        slot_take(machine, SETTING_lists, RIG_SITE_mapping, TABLE(machine, requests, state), 0);
    unsigned index = request ? index_of(machine, request) : 0;

    assert(needed_registers(machine, plan) <= plan->adapter->registers);
    if (!request || is_refused(machine, plan))
        return STATUS_INSUFFICIENT_RESOURCES;
    *request = *plan;
    request->pieces = machine->pieces[index];
    request->elements = machine->elements[index];
    request->turn = machine->turn++;
    request->base = handle_make(HANDLE_REGISTERS, index, machine->turn);
    request->made = machine->origin;
    sg_append(machine, request, range, request->write_to_device);
    if (!request->control)
        place_list(machine, request);
    if (mapping_has_room(machine, request->adapter, needed_registers(machine, request)))
        grant(machine, request);
    else
        request->state = REQUEST_WAITING;
    return STATUS_SUCCESS;
}

static void release(struct machine *machine, struct request *request)
{
    if (request->state != REQUEST_WAITING && !request->control)
        machine->lists_freed++;
    if (request->state == REQUEST_LIVE && !request->control)
        remember(machine, request);
    if (request->loan)
        request->loan->live = false;
    else if (request->list)
        memory_poison(request->list, request->list_size);
    request->adapter->held &= ~request->registers;
    memset(request, 0, sizeof *request);
}

/* What the device wrote: in the data, though not in the cache yet. What comes through an adapter
 * channel arrived when its buffers were flushed. */
void mapping_end(struct machine *machine, struct request *request, bool write_to_device)
{
    const struct dma_adapter *adapter = request->adapter;
    const struct piece *pieces = request->pieces;
    unsigned count = request->control ? 0 : request->piece_count;

    assert(request->state == REQUEST_LIVE);
    if (!write_to_device)
        sg_copy_back(pieces, count);
    for (unsigned i = 0; !request->write_to_device && i < count; i++)
        memory_mark(machine, pieces[i].data, pieces[i].length, CACHE_STALE);
    release(machine, request);
    grant_waiting(machine, adapter);
}

void mapping_drop(struct machine *machine, struct request *request)
{
    processor_forget(machine, deliver, index_of(machine, request));
    device_forget(machine, request);
    release(machine, request);
}

void mapping_drop_adapter(struct machine *machine, PDMA_ADAPTER head)
{
    struct dma_adapter *adapter = (struct dma_adapter *)head;

    assert(adapter->live && adapter->held == 0 && !mapping_waiting(machine, adapter));
    common_drop(machine, adapter);
    adapter->live = false;
    machine->banks &= ~(1u << adapter->bank);
}
