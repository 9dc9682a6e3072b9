/*
 * map_registers.c: requests for lists, the map registers they hold, the queue they wait in.
 *
 * A request takes one register for each page piece and keeps them until its list is put back
 * (HAL-25). If too few are free, or others wait already, it waits; the queue is first come, first
 * served. Granted, it is built at once; its routine runs inside the call that made it possible, on
 * another processor, or when a step runs it (HAL-24).
 */
#include "map_registers.h"
#include "common_buffer.h"
#include "device.h"
#include "memory.h"
#include "processor.h"
#include "sg_builder.h"
#include "verifier.h"
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

bool mapping_runs(const struct machine *machine, const struct dma_adapter *adapter, unsigned pieces,
                  uint32_t length)
{
    return machine->settings[SETTING_double_buffer] && mapping_counts(machine) &&
           pieces > adapter->registers && pieces <= RIG_PIECES &&
           length <= adapter->registers * PAGE_SIZE;
}

static unsigned index_of(const struct machine *machine, const struct request *request)
{
    return (unsigned)(request - machine->requests);
}

static bool is_waiting(const struct request *request)
{
    return request->state == REQUEST_WAITING || request->state == REQUEST_OWED;
}

/* ---- who maps what ---- */

static bool overlaps(const struct piece *piece, const uint8_t *start, uint32_t length)
{
    return piece->data < start + length && start < piece->data + piece->length;
}

static bool is_of_kind(const struct request *request, const struct piece *piece,
                       enum mapping_kind kind)
{
    bool to_device = request->control ? piece->to_device : request->write_to_device;

    switch (kind) {
    case MAPPING_FROM_DEVICE:
        return !to_device && !request->both_ways;
    case MAPPING_MAY_WRITE: /* a bare MDL's list is asked for as one from the device */
        return !to_device;
    default:
        return true;
    }
}

bool mapping_covers(const struct machine *machine, const void *start, uint32_t length,
                    enum mapping_kind kind)
{
    for (unsigned i = 0; i < machine->used.requests; i++) {
        const struct request *request = &machine->requests[i];
        const struct piece *pieces = machine->pieces[i];

        for (unsigned k = 0; request->state != REQUEST_FREE && k < request->piece_count; k++)
            if (is_of_kind(request, &pieces[k], kind) && overlaps(&pieces[k], start, length))
                return true;
    }
    return false;
}

/* A mapping that is asked for, as the checks of its pieces see it. */
struct candidate {
    struct machine *machine;
    bool only_to_device;
    const void *buffer;
    uint32_t buffer_size;
};

static bool is_backed(void *context, const struct piece *piece)
{
    const struct candidate *candidate = context;

    return memory_page_live(candidate->machine, piece->data);
}

/* VRF-14: bytes that a device may write belong to one mapping and to no list. */
static bool is_alone(void *context, const struct piece *piece)
{
    const struct candidate *candidate = context;
    const struct machine *machine = candidate->machine;

    if (candidate->only_to_device)
        return !mapping_covers(machine, piece->data, piece->length, MAPPING_MAY_WRITE);
    return !mapping_covers(machine, piece->data, piece->length, MAPPING_ANY) &&
           !memory_lent(machine, piece->data, piece->length) &&
           !(candidate->buffer && overlaps(piece, candidate->buffer,
                                           candidate->buffer_size ? candidate->buffer_size : 1));
}

/* MDL-12 */
static bool is_flushed(void *context, const struct piece *piece)
{
    const struct candidate *candidate = context;

    return !memory_marked(candidate->machine, piece->data, piece->length, CACHE_DIRTY);
}

enum rig_rule mapping_obstacle(struct machine *machine, const struct range *range,
                               bool only_to_device, const void *buffer, uint32_t buffer_size)
{
    struct candidate candidate = {machine, only_to_device, buffer, buffer_size};
    uint32_t missing;

    if (!sg_walk(machine, range, is_backed, &candidate, &missing))
        return RULE_VRF_10;
    if (!sg_walk(machine, range, is_alone, &candidate, &missing))
        return RULE_VRF_14;
    return sg_walk(machine, range, is_flushed, &candidate, &missing) ? RULE_NONE : RULE_MDL_12;
}

/* ---- the list's memory ---- */

/* A list of HAL's that lies in SIZE bytes from START on; NULL: none. */
static const struct request *list_in(const struct machine *machine, uint32_t start, uint32_t size)
{
    for (unsigned i = 0; i < machine->used.requests; i++) {
        const struct request *request = &machine->requests[i];
        const uint8_t *list = (const uint8_t *)request->list;

        if (request->state != REQUEST_FREE && request->own_list &&
            list < machine->arena + start + size &&
            machine->arena + start < list + request->list_size)
            return request;
    }
    return NULL;
}

/* HAL's own memory goes round and is used again only when all of it was. It holds far more than
 * the longest lists of all requests together, so there is always room. */
static void *arena_take(struct machine *machine, uint32_t size)
{
    uint32_t start = machine->arena_next;
    const struct request *other;

    size = (size + 15) & ~15u;
    do {
        if (start + size > LIST_ARENA)
            start = 0;
        other = list_in(machine, start, size);
        if (other)
            start = (uint32_t)((const uint8_t *)other->list - machine->arena) +
                    ((other->list_size + 15) & ~15u);
    } while (other);
    machine->arena_next = start + size;
    if (machine->used.arena < start + size)
        machine->used.arena = start + size;
    memory_release(machine->arena + start, size);
    return machine->arena + start;
}

const struct former_list *mapping_former(const struct machine *machine,
                                         const SCATTER_GATHER_LIST *list)
{
    for (unsigned i = 0; i < machine->used.formers; i++)
        if (list && machine->formers[i].list == list)
            return &machine->formers[i];
    return NULL;
}

static void remember(struct machine *machine, const struct request *request)
{
    unsigned i = machine->former_next++ % FORMER_LISTS;

    machine->formers[i] = (struct former_list){request->list, request->made, machine->origin};
    if (machine->used.formers <= i)
        machine->used.formers = i + 1;
}

bool mapping_intact(const struct machine *machine, const struct request *request)
{
    const struct element *elements = machine->elements[index_of(machine, request)];
    const SCATTER_GATHER_LIST *list = request->list;

    if (list->NumberOfElements != request->element_count)
        return false;
    for (unsigned i = 0; i < request->element_count; i++)
        if ((uint64_t)list->Elements[i].Address.QuadPart != elements[i].address ||
            list->Elements[i].Length != elements[i].length)
            return false;
    return true;
}

struct request *mapping_of_list(struct machine *machine, const SCATTER_GATHER_LIST *list)
{
    for (unsigned i = 0; list && i < machine->used.requests; i++)
        if (machine->requests[i].state == REQUEST_LIVE && machine->requests[i].list == list)
            return &machine->requests[i];
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
    memory_handed(machine, request->loan);
    frame_enter(machine, SITE_LIST, DISPATCH_LEVEL);
    request->routine(request->device, NULL, request->list, request->context);
    frame_leave(machine, "MiniportProcessSGList");
}

static uint64_t take_registers(struct dma_adapter *adapter, unsigned count)
{
    uint64_t taken = 0;

    for (unsigned i = 0; i < adapter->registers && count > 0; i++) {
        if (adapter->held >> i & 1)
            continue;
        taken |= (uint64_t)1 << i;
        count--;
    }
    assert(count == 0);
    adapter->held |= taken;
    return taken;
}

static unsigned free_registers(const struct dma_adapter *adapter)
{
    return adapter->registers - (unsigned)__builtin_popcountll(adapter->held);
}

static unsigned needed_registers(const struct machine *machine, const struct request *request)
{
    unsigned count = request->control ? request->asked : request->piece_count;

    if (request->one_run)
        return machine->dma_adapters[request->adapter].registers;
    return mapping_counts(machine) ? count : 0;
}

static void note_elements(struct machine *machine, struct request *request)
{
    struct element *elements = machine->elements[index_of(machine, request)];

    request->element_count = request->list->NumberOfElements;
    for (unsigned i = 0; i < request->element_count; i++)
        elements[i] = (struct element){(uint64_t)request->list->Elements[i].Address.QuadPart,
                                       request->list->Elements[i].Length};
}

static void build(struct machine *machine, struct request *request)
{
    struct piece *pieces = machine->pieces[index_of(machine, request)];

    sg_place(machine, request, request->registers, pieces, request->piece_count);
    sg_write(machine, request, pieces);
    note_elements(machine, request);
    machine->lists_built++;
}

static void grant(struct machine *machine, struct request *request)
{
    request->registers = take_registers(&machine->dma_adapters[request->adapter],
                                        needed_registers(machine, request));
    if (!request->control)
        build(machine, request);
    request->state = REQUEST_OWED;
    processor_give(machine, deliver, index_of(machine, request), DISPATCH_LEVEL);
}

static struct request *first_waiting(struct machine *machine, unsigned adapter)
{
    struct request *first = NULL;

    for (unsigned i = 0; i < machine->used.requests; i++) {
        struct request *request = &machine->requests[i];

        if (request->state == REQUEST_WAITING && request->adapter == adapter &&
            (!first || request->turn < first->turn))
            first = request;
    }
    return first;
}

/* Handlers that run here may free and allocate, so the queue is looked at anew each time. */
static void grant_waiting(struct machine *machine, unsigned index)
{
    struct dma_adapter *adapter = &machine->dma_adapters[index];

    while (adapter->waiting > 0) {
        struct request *first = first_waiting(machine, index);

        if (needed_registers(machine, first) > free_registers(adapter))
            return;
        adapter->waiting--;
        grant(machine, first);
    }
}

/* ---- requests ---- */

/* The pieces of a range into a request's slot; the caller has seen that it can be mapped. */
static void cut_pieces(struct machine *machine, struct request *request,
                       const struct mapping *mapping, const struct dma_adapter *adapter)
{
    unsigned slot = index_of(machine, request);
    int count = sg_cut(machine, &mapping->range, machine->pieces[slot]);

    assert(count >= 0);
    request->one_run = mapping_runs(machine, adapter, (unsigned)count, mapping->range.length);
    if (machine->piece_used[slot] < count)
        machine->piece_used[slot] = (uint16_t)count;
    request->piece_count = (uint16_t)count;
}

static void place_list(struct machine *machine, struct request *request,
                       const struct mapping *mapping)
{
    request->list_size = mapping_list_size(request->one_run ? 1 : request->piece_count);
    request->own_list = mapping->buffer == NULL;
    request->list = mapping->buffer ? mapping->buffer : arena_take(machine, request->list_size);
    if (mapping->buffer)
        request->loan = memory_lend(machine, mapping->buffer, mapping->buffer_size);
}

/* HAL-23: what an accepted request has a claim on, though it may wait for it. */
static bool is_refused(struct machine *machine, const struct request *request,
                       const struct mapping *mapping)
{
    return (needed_registers(machine, request) > 0 &&
            site_refuses(machine, RIG_SITE_map_registers)) ||
           (!mapping->control && !mapping->buffer && site_refuses(machine, RIG_SITE_list_memory));
}

NTSTATUS mapping_start(struct machine *machine, const struct mapping *mapping)
{
    struct dma_adapter *adapter = (struct dma_adapter *)mapping->adapter;
    struct request *request =
        slot_take(machine, SETTING_lists, RIG_SITE_mapping, TABLE(machine, requests, state), 0);

    if (!request)
        return STATUS_INSUFFICIENT_RESOURCES;
    request->adapter = (uint16_t)(adapter - machine->dma_adapters);
    request->control = mapping->control;
    request->asked = (uint8_t)mapping->registers;
    if (!mapping->control)
        cut_pieces(machine, request, mapping, adapter);
    assert(needed_registers(machine, request) <= adapter->registers);
    if (is_refused(machine, request, mapping)) {
        memset(request, 0, sizeof *request);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    if (!mapping->control)
        place_list(machine, request, mapping);
    request->write_to_device = mapping->write_to_device;
    request->length = mapping->range.length;
    request->routine = mapping->routine;
    request->context = mapping->context;
    request->device = mapping->device;
    request->base = handle_make(HANDLE_REGISTERS, index_of(machine, request), machine->turn + 1);
    request->turn = machine->turn++;
    request->made = machine->origin;
    if (adapter->waiting > 0 || needed_registers(machine, request) > free_registers(adapter)) {
        request->state = REQUEST_WAITING;
        adapter->waiting++;
    } else {
        grant(machine, request);
    }
    return STATUS_SUCCESS;
}

static void release(struct machine *machine, struct request *request)
{
    struct dma_adapter *adapter = &machine->dma_adapters[request->adapter];

    if (request->state == REQUEST_WAITING)
        adapter->waiting--;
    else if (!request->control)
        machine->lists_freed++;
    if (request->state == REQUEST_LIVE && !request->control)
        remember(machine, request);
    if (request->own_list)
        memory_poison(request->list, request->list_size);
    memory_give_back(machine, request->loan);
    adapter->held &= ~request->registers;
    memset(request, 0, sizeof *request);
}

/* What the device wrote: in the data, though not in the cache yet. What comes through an adapter
 * channel arrived when its buffers were flushed. */
static void arrive(struct machine *machine, const struct request *request, bool write_to_device)
{
    const struct piece *pieces = machine->pieces[index_of(machine, request)];

    if (!write_to_device)
        sg_copy_back(pieces, request->piece_count);
    for (unsigned i = 0; !request->write_to_device && i < request->piece_count; i++)
        memory_mark(machine, pieces[i].data, pieces[i].length, CACHE_STALE);
}

void mapping_end(struct machine *machine, struct request *request, bool write_to_device)
{
    unsigned adapter = request->adapter;

    assert(request->state == REQUEST_LIVE);
    if (!request->control)
        arrive(machine, request, write_to_device);
    release(machine, request);
    grant_waiting(machine, adapter);
}

void mapping_drop(struct machine *machine, struct request *request)
{
    if (is_waiting(request))
        processor_forget(machine, deliver, index_of(machine, request));
    device_forget(machine, index_of(machine, request));
    release(machine, request);
}

void mapping_drop_adapter(struct machine *machine, PDMA_ADAPTER head)
{
    struct dma_adapter *adapter = (struct dma_adapter *)head;

    assert(adapter->live && adapter->held == 0 && adapter->waiting == 0);
    common_drop(machine, adapter);
    adapter->live = false;
    machine->bank_used[adapter->bank] = false;
}
