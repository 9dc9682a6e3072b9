/*
 * memory.c: the computer's memory.
 *
 * Virtual memory is the real array, so an MDL of many pages is contiguous for its owner. The frame
 * numbers are another matter: each buffer says whether its pages lie side by side, scattered, above
 * 4 GiB or across that edge. The addresses in an MDL (StartVa) are those of nobody's address space:
 * data are reached through MappedSystemVa, DMA goes by frame numbers (MDL-05). Pages are never
 * given out twice in a run.
 */
#include "memory.h"
#include "map_registers.h"
#include "verifier.h"
#include <sanitizer/asan_interface.h> /* which does nothing in a build without it */
#include <string.h>

#define VA_BASE ((uintptr_t)0x100000000000)

enum { LOW_FRAMES = 0x100, EDGE_FRAMES = 0xFFF00, EDGE_SLOT = 0x100, HIGH_FRAMES = 0x140000 };

static const uint64_t zone_base[FRAME_ZONES] = {LOW_FRAMES, EDGE_FRAMES, HIGH_FRAMES};

void memory_poison(const void *start, size_t length)
{
    ASAN_POISON_MEMORY_REGION(start, length);
}

RIG_NO_COVERAGE void memory_release(const void *start, size_t length)
{
    ASAN_UNPOISON_MEMORY_REGION(start, length);
}

/* ---- frame numbers ---- */

static uint8_t *page_slot(struct machine *machine, uint64_t frame)
{
    unsigned zone = 0;

    while (frame - zone_base[zone] >= ZONE_SLOTS) {
        zone++;
        assert(zone < FRAME_ZONES);
    }
    return &machine->page_of[zone][frame - zone_base[zone]];
}

uint8_t *memory_of_frame(struct machine *machine, uint64_t frame)
{
    uint8_t page = *page_slot(machine, frame);

    assert(page > 0);
    return machine->pages[page - 1];
}

RIG_NO_COVERAGE void memory_forget_frames(struct machine *machine)
{
    for (unsigned i = 0; i < machine->used.pages; i++)
        *page_slot(machine, machine->page_frame[i]) = 0;
}

/* The first buffer at the edge lies across it, the others below it. */
static uint64_t edge_frames(struct used *used, unsigned pages)
{
    if (used->edge_high == 0) {
        used->edge_high = EDGE_SLOT + pages / 2;
        used->edge_low = used->edge_high;
    }
    used->edge_low -= pages;
    return EDGE_FRAMES + used->edge_low;
}

/* The frame number of a buffer's first page; STEP leads to the next one. */
static uint64_t take_frames(struct used *used, enum rig_frames frames, unsigned pages, int *step)
{
    uint64_t first;

    *step = 1;
    switch (frames) {
    case RIG_ADJACENT:
        first = LOW_FRAMES + used->adjacent;
        used->adjacent += pages;
        return first;
    case RIG_SCATTERED:
        *step = -2;
        first = LOW_FRAMES + ZONE_SLOTS - 1 - 2 * used->scattered;
        used->scattered += pages;
        return first;
    case RIG_HIGH:
        first = HIGH_FRAMES + used->high;
        used->high += pages;
        return first;
    default:
        return edge_frames(used, pages);
    }
}

static void place_pages(struct machine *machine, unsigned page, unsigned pages,
                        enum rig_frames frames)
{
    int step;
    uint64_t frame = take_frames(&machine->used, frames, pages, &step);

    for (unsigned i = 0; i < pages; i++, frame += (uint64_t)(int64_t)step) {
        machine->page_frame[page + i] = (uint32_t)frame;
        machine->page_live[page + i] = true;
        *page_slot(machine, frame) = (uint8_t)(page + i + 1);
    }
}

/* ---- buffers ---- */

static uint8_t *buffer_start(struct machine *machine, const struct buffer *buffer)
{
    return machine->pages[buffer->page] + buffer->offset;
}

struct buffer *memory_buffer(struct machine *machine, const void *start)
{
    for (unsigned i = 0; i < machine->used.buffers; i++)
        if (machine->buffers[i].live && buffer_start(machine, &machine->buffers[i]) == start)
            return &machine->buffers[i];
    return NULL;
}

void *rig_buffer(struct machine *machine, uint32_t length, uint32_t offset, enum rig_frames frames)
{
    unsigned page = machine->used.pages;
    unsigned pages = ADDRESS_AND_SIZE_TO_SPAN_PAGES((uintptr_t)offset, length);
    struct buffer *buffer = &machine->buffers[machine->used.buffers];

    assert(offset < PAGE_SIZE);
    if (length == 0 || length > RIG_BUFFER_LIMIT || machine->used.buffers == BUFFERS ||
        page + pages > RIG_PAGES || site_refuses(machine, RIG_SITE_pages))
        return NULL;
    machine->used.buffers++;
    machine->used.pages += pages;
    place_pages(machine, page, pages, frames);
    *buffer = (struct buffer){page, offset, length, true};
    return buffer_start(machine, buffer);
}

/* FSG-09: a list's memory outlives the list; SGL-32: so do the data it maps. */
bool rig_free_buffer(struct machine *machine, void *start)
{
    struct buffer *buffer = memory_buffer(machine, start);
    uintptr_t from = (uintptr_t)start;
    unsigned pages;

    if (!buffer)
        return false;
    for (unsigned i = 0; i < machine->used.loans; i++)
        if (machine->loans[i].live && machine->loans[i].start - from < buffer->length)
            return verifier_refuse(machine, RULE_FSG_09, "free_buffer");
    if (mapping_covers(machine, start, buffer->length, MAPPING_ANY))
        return verifier_refuse(machine, RULE_SGL_32, "free_buffer");
    pages = ADDRESS_AND_SIZE_TO_SPAN_PAGES(start, buffer->length);
    memset(&machine->page_live[buffer->page], 0, pages);
    buffer->live = false;
    return true;
}

static bool is_memory(const struct machine *machine, const void *byte)
{
    return (uintptr_t)byte - (uintptr_t)machine->pages < sizeof machine->pages;
}

bool memory_page_live(const struct machine *machine, const uint8_t *byte)
{
    return machine->page_live[((uintptr_t)byte - (uintptr_t)machine->pages) / PAGE_SIZE];
}

/* ---- caches ---- */

static unsigned page_at(const struct machine *machine, const uint8_t *byte)
{
    return (unsigned)(((uintptr_t)byte - (uintptr_t)machine->pages) / PAGE_SIZE);
}

void memory_mark(struct machine *machine, const uint8_t *start, uint32_t length, uint8_t mark)
{
    unsigned last = page_at(machine, start + length - 1);

    for (unsigned i = page_at(machine, start); machine->settings[SETTING_coherence] && i <= last;
         i++)
        machine->page_cache[i] |= mark;
}

bool memory_marked(const struct machine *machine, const uint8_t *start, uint32_t length,
                   uint8_t mark)
{
    unsigned last = page_at(machine, start + length - 1);

    for (unsigned i = page_at(machine, start); i <= last; i++)
        if (machine->page_cache[i] & mark)
            return true;
    return false;
}

/* MDL-12: of one MDL, whatever comes behind it. */
void KeFlushIoBuffers(PMDL Mdl, BOOLEAN ReadOperation, BOOLEAN DmaOperation)
{
    struct machine *machine = machine_bound();
    unsigned first, pages = 0;

    if (!memory_is_mdl(machine, Mdl) || machine->irql[machine->current] > DISPATCH_LEVEL) {
        verifier_report(machine, RULE_MDL_12, "KeFlushIoBuffers");
        return;
    }
    first = page_at(machine, Mdl->MappedSystemVa);
    if (Mdl->ByteCount > 0) /* an empty one touches no page, wherever it starts */
        pages = ADDRESS_AND_SIZE_TO_SPAN_PAGES(Mdl->MappedSystemVa, Mdl->ByteCount);
    for (unsigned i = first; DmaOperation && i < first + pages; i++)
        machine->page_cache[i] &= (uint8_t) ~(ReadOperation ? CACHE_STALE : CACHE_DIRTY);
}

/* ---- memory lent for lists ---- */

/* unhanded: only what is lent to requests whose handlers have not been called */
static bool is_lent(const struct machine *machine, const void *start, uint32_t length,
                    bool unhanded)
{
    uintptr_t from = (uintptr_t)start;

    for (unsigned i = 0; i < machine->used.loans; i++) {
        const struct loan *loan = &machine->loans[i];

        if (loan->live && from < loan->start + loan->length && loan->start < from + length &&
            !(unhanded && loan->handed))
            return true;
    }
    return false;
}

bool memory_lent(const struct machine *machine, const void *start, uint32_t length)
{
    return is_lent(machine, start, length, false);
}

enum rig_rule memory_lendable(const struct machine *machine, const void *start, uint32_t length)
{
    if (length == 0)
        length = 1;
    if ((uintptr_t)start % sizeof(void *) != 0)
        return RULE_SGL_29;
    if ((is_memory(machine, start) && !memory_page_live(machine, start)) ||
        memory_lent(machine, start, length) ||
        mapping_covers(machine, start, length, MAPPING_MAY_WRITE))
        return RULE_SGL_28;
    return RULE_NONE;
}

uint16_t memory_lend(struct machine *machine, const void *start, uint32_t length)
{
    unsigned i = 0;

    while (machine->loans[i].live)
        i++;
    assert(i < sizeof machine->loans / sizeof machine->loans[0]);
    machine->loans[i] = (struct loan){(uintptr_t)start, length ? length : 1, true, false};
    if (machine->used.loans <= i)
        machine->used.loans = i + 1;
    return (uint16_t)(i + 1);
}

void memory_handed(struct machine *machine, uint16_t loan)
{
    if (loan)
        machine->loans[loan - 1].handed = true;
}

void memory_give_back(struct machine *machine, uint16_t loan)
{
    if (loan)
        machine->loans[loan - 1].live = false;
}

/* ---- MDLs ---- */

bool memory_is_mdl(const struct machine *machine, const MDL *mdl)
{
    return row_at(mdl, TABLE(machine, mdls, head)) >= 0;
}

PMDL rig_mdl(struct machine *machine, void *va, uint32_t length, PMDL next)
{
    uintptr_t at = (uintptr_t)va - (uintptr_t)machine->pages;
    struct mdl *mdl = &machine->mdls[machine->used.mdls];
    unsigned first = (unsigned)(at / PAGE_SIZE);
    unsigned pages = ADDRESS_AND_SIZE_TO_SPAN_PAGES(va, length);

    assert(at <= sizeof machine->pages && pages <= MDL_PAGES);
    if (machine->used.mdls == MDLS || site_refuses(machine, RIG_SITE_mdl))
        return NULL;
    machine->used.mdls++;
    mdl->head = (MDL){
        .Next = next,
        .Size = (CSHORT)(sizeof(MDL) + pages * sizeof(PFN_NUMBER)),
        .MdlFlags = MDL_MAPPED_TO_SYSTEM_VA | MDL_SOURCE_IS_NONPAGED_POOL,
        .MappedSystemVa = va,
        .StartVa = (PVOID)(VA_BASE + (uintptr_t)first * PAGE_SIZE),
        .ByteCount = length,
        .ByteOffset = (ULONG)(at % PAGE_SIZE),
    };
    for (unsigned i = 0; i < pages; i++)
        mdl->frames[i] = machine->page_frame[first + i];
    return &mdl->head;
}

/* ---- the driver's own reads and writes ---- */

/* The bytes that an access reaches; NULL if it reaches none. */
static uint8_t *reach(struct machine *machine, PMDL mdl, uint32_t offset, uint32_t length)
{
    uint8_t *start;

    if (!memory_is_mdl(machine, mdl) || length == 0 || offset > mdl->ByteCount ||
        length > mdl->ByteCount - offset)
        return NULL;
    start = (uint8_t *)mdl->MappedSystemVa + offset;
    return memory_page_live(machine, start) ? start : NULL;
}

/* SGL-26: what is written after mapping may or may not reach the device; SGL-39: lists are not for
 * writing. */
bool rig_cpu_write(struct machine *machine, PMDL mdl, uint32_t offset, const void *data,
                   uint32_t length)
{
    uint8_t *start = reach(machine, mdl, offset, length);

    if (!start)
        return false;
    if (mapping_covers(machine, start, length, MAPPING_ANY))
        return verifier_refuse(machine, RULE_SGL_26, "cpu_write");
    if (memory_lent(machine, start, length))
        return verifier_refuse(machine, RULE_SGL_39, "cpu_write");
    memcpy(start, data, length);
    memory_mark(machine, start, length, CACHE_DIRTY);
    return true;
}

/* FSG-05: what the device wrote is there once the list is freed; SGL-12: and a list once its handler
 * is called. */
bool rig_cpu_read(struct machine *machine, PMDL mdl, uint32_t offset, void *data, uint32_t length)
{
    uint8_t *start = reach(machine, mdl, offset, length);

    if (!start)
        return false;
    if (mapping_covers(machine, start, length, MAPPING_FROM_DEVICE))
        return verifier_refuse(machine, RULE_FSG_05, "cpu_read");
    if (is_lent(machine, start, length, true))
        return verifier_refuse(machine, RULE_SGL_12, "cpu_read");
    if (memory_marked(machine, start, length, CACHE_STALE))
        return verifier_refuse(machine, RULE_MDL_12, "cpu_read");
    memcpy(data, start, length);
    return true;
}
