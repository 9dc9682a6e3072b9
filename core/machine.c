/*
 * machine.c: making, binding, setting and resetting a machine.
 *
 * A reset runs when a run ends and clears what the run used; afterwards the machine equals a fresh
 * one byte for byte. Doing it lazily at the next start costs an engine its stability.
 */
#include "machine.h"
#include "memory.h"
#include <string.h>

static _Thread_local struct machine *bound;

static const struct rig_setting_row rows[SETTING_COUNT] = {
#define MACHINE_SETTING(name, value, smallest, largest, when, ids, text) \
    [SETTING_##name] = {#name, value, smallest, largest, RIG_##when, ids, text},
#include "settings.def"
};

const struct rig_setting_row *rig_setting_row(enum rig_setting setting)
{
    return &rows[setting];
}

struct machine *machine_bound(void)
{
    assert(bound && "no machine is bound to this thread");
    return bound;
}

void rig_bind(struct machine *machine)
{
    bound = machine;
}

size_t rig_size(void)
{
    return sizeof(struct machine);
}

RIG_NO_COVERAGE static void set_defaults(struct machine *machine)
{
    for (unsigned i = 0; i < SETTING_COUNT; i++)
        machine->settings[i] = rows[i].value;
}

struct machine *rig_make(void *storage)
{
    struct machine *machine = storage;

    assert(((uintptr_t)storage & (PAGE_SIZE - 1)) == 0);
    set_defaults(machine);
    return machine;
}

void rig_set_hooks(struct machine *machine, const struct rig_hooks *hooks)
{
    machine->hooks = *hooks;
}

bool rig_set(struct machine *machine, enum rig_setting setting, uint64_t value)
{
    struct rig_count count;

    if (setting >= SETTING_COUNT || value < rows[setting].smallest || value > rows[setting].largest)
        return false;
    rig_count(machine, &count);
    if (rows[setting].when == RIG_boot &&
        (count.drivers || count.dma_adapters || count.devices || count.providers))
        return false;
    machine->settings[setting] = (uint32_t)value;
    return true;
}

uint32_t rig_get(const struct machine *machine, enum rig_setting setting)
{
    return machine->settings[setting];
}

uint32_t rig_origin(struct machine *machine, uint32_t origin)
{
    uint32_t old = machine->origin;

    machine->origin = origin;
    return old;
}

/* ---- reset ---- */

#define CLEAR(table, count) memset(machine->table, 0, (count) * sizeof machine->table[0]);
#define CLEAR_USED(table) CLEAR(table, machine->used.table)

RIG_NO_COVERAGE void rig_reset(struct machine *machine)
{
    assert(machine->frame_count == 0);
    memory_release(machine->arena, machine->used.arena);
    memset(machine->arena, 0, machine->used.arena);
    memset(machine->frame, 0, machine->used.frame_bytes);
    memset(machine->pages, 0, (size_t)machine->used.pages * PAGE_SIZE);
    for (unsigned i = 0; i < BANKS; i++)
        memset(machine->bounce[i], 0, (size_t)machine->bounce_used[i] * PAGE_SIZE);
    if (machine->used.common_pages) {
        memory_release(machine->common_pages, sizeof machine->common_pages);
        CLEAR(common_pages, machine->used.common_pages + 1)
    }
    for (unsigned i = 0; i < machine->used.requests; i++) {
        CLEAR(pieces[i], machine->piece_used[i])
        CLEAR(elements[i], machine->piece_used[i])
    }
    CLEAR(piece_used, machine->used.requests)
    CLEAR(page_frame, machine->used.pages)
    CLEAR(page_state, machine->used.pages)
    GROWING_TABLES(CLEAR_USED)
    memset(machine, 0, offsetof(struct machine, work));
    set_defaults(machine);
}

/* ---- slots ---- */

void *slot_take(struct machine *machine, enum rig_setting limit, enum rig_site site,
                struct table table, unsigned fresh)
{
    uint8_t *rows = (uint8_t *)(uintptr_t)table.rows;
    unsigned first = 0;

    if (rows_taken(table) >= machine->settings[limit] || site_refuses(machine, site))
        return NULL;
    if (*table.used < fresh)
        first = *table.used;
    while (first < *table.used && rows[first * table.size + table.taken])
        first++;
    if (first == *table.used)
        ++*(uint32_t *)(uintptr_t)table.used;
    return rows + first * table.size;
}

uint32_t rows_taken(struct table table)
{
    const uint8_t *taken = (const uint8_t *)table.rows + table.taken;
    uint32_t count = 0;

    for (unsigned i = 0; i < *table.used; i++)
        count += taken[i * table.size] != 0;
    return count;
}

void *row_at(const void *pointer, struct table table)
{
    uintptr_t at = (uintptr_t)pointer - (uintptr_t)table.rows;

    /* a foreign pointer lies elsewhere, wherever the machine lies */
    return at < *table.used * table.size && at % table.size == 0 ? (void *)(uintptr_t)pointer
                                                                 : NULL;
}

/* ---- handles ---- */

enum { HANDLE_MARK = 0xD3 };

/* {mark:8, class:8, index:16, generation:32}: no pointer of a 64-bit host looks like this. */
NDIS_HANDLE handle_make(enum handle_class class, unsigned index, uint32_t generation)
{
    uint64_t bits = (uint64_t)HANDLE_MARK << 56 | (uint64_t) class << 48 | (uint64_t)index << 32;

    return (NDIS_HANDLE)(uintptr_t)(bits | generation);
}

enum handle_class handle_class(NDIS_HANDLE handle)
{
    uint64_t bits = (uint64_t)(uintptr_t)handle;

    return bits >> 56 == HANDLE_MARK ? (enum handle_class)(bits >> 48 & 0xFF) : HANDLE_NONE;
}

void *handle_find(NDIS_HANDLE handle, enum handle_class class, struct table table, bool *stale)
{
    uint64_t bits = (uint64_t)(uintptr_t)handle;
    uint32_t generation = (uint32_t)bits, index = bits >> 32 & 0xFFFF, latest;
    uint8_t *row;

    *stale = false;
    if (handle_class(handle) != class || index >= *table.used)
        return NULL;
    row = (uint8_t *)(uintptr_t)table.rows + index * table.size;
    memcpy(&latest, row, sizeof latest);
    if (row[table.taken] && generation == latest)
        return row;
    *stale = generation > 0 && generation <= latest;
    return NULL;
}

/* ---- inspection ---- */

void rig_count(const struct machine *machine, struct rig_count *count)
{
    *count = (struct rig_count){
        .lists_built = machine->lists_built,
        .lists_freed = machine->lists_freed,
        .reports = machine->reports,
        .drivers = rows_taken(TABLE(machine, drivers, live)),
        .adapters = rows_taken(TABLE(machine, adapters, state)),
        .dma_handles = rows_taken(TABLE(machine, dmas, live)),
        .dma_adapters = rows_taken(TABLE(machine, dma_adapters, live)),
        .channels = rows_taken(TABLE(machine, channels, live)),
        .providers = rows_taken(TABLE(machine, providers, live)),
        .devices = rows_taken(TABLE(machine, devices, live)),
    };
    EACH (const struct request, request, machine, requests) {
        bool list = !request->control;

        count->lists_live += list && request->state == REQUEST_LIVE;
        count->lists_waiting += list && request->state == REQUEST_WAITING;
        count->lists_owed += list && request->state == REQUEST_OWED;
        count->packets += !list;
        count->packets_owed += !list && request->state == REQUEST_OWED;
    }
    EACH (const struct dma_adapter, adapter, machine, dma_adapters) {
        count->registers_total += adapter->live ? adapter->registers : 0;
        count->registers_held += (uint32_t)__builtin_popcountll(adapter->held);
    }
    EACH (const struct common, common, machine, commons)
        count->common_buffers += common->length > 0;
    EACH (const struct block, block, machine, blocks) {
        count->blocks_live += block->state == BLOCK_LIVE;
        count->blocks_pending += block->state == BLOCK_PENDING;
    }
}
