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

void memory_poison(const void *start, size_t length)
{
    ASAN_POISON_MEMORY_REGION(start, length);
}

RIG_NO_COVERAGE void memory_release(const void *start, size_t length)
{
    ASAN_UNPOISON_MEMORY_REGION(start, length);
}

/* ---- pages, frame numbers ---- */

/* RIG_PAGES or more: the byte is none of the machine's memory. */
static uintptr_t page_at(const struct machine *machine, const void *byte)
{
    return ((uintptr_t)byte - (uintptr_t)machine->pages) / PAGE_SIZE;
}

uint8_t *memory_of_frame(struct machine *machine, uint64_t frame)
{
    unsigned page = 0;

    while (machine->page_frame[page] != frame)
        page++;
    assert(page < machine->used.pages);
    return machine->pages[page];
}

/* The frame number of a buffer's first page; STEP leads to the next one. Scattered ones go downwards.
 * The first buffer at the edge of 4 GiB lies across it, the others below it. */
static uint32_t take_frames(struct used *used, enum rig_frames frames, unsigned pages,
                            unsigned *step)
{
    static const uint32_t starts[] = {[RIG_ADJACENT] = 0x100,
                                      [RIG_SCATTERED] = 0x2FF,
                                      [RIG_HIGH] = 0x140000,
                                      [RIG_EDGE] = 0x100000};
    uint32_t before = used->frames[frames];
    bool across = frames == RIG_EDGE && before == 0;

    used->frames[frames] += across ? pages - pages / 2 : pages;
    *step = frames == RIG_SCATTERED ? -2u : 1;
    return starts[frames] + (frames == RIG_EDGE ? -used->frames[frames] : *step * before);
}

/* ---- buffers ---- */

void *rig_buffer(struct machine *machine, uint32_t length, uint32_t offset, enum rig_frames frames)
{
    unsigned page = machine->used.pages, step;
    unsigned end = page + ADDRESS_AND_SIZE_TO_SPAN_PAGES((uintptr_t)offset, length);
    struct buffer *buffer = &machine->buffers[machine->used.buffers];
    uint32_t frame;

    assert(offset < PAGE_SIZE);
    if (length == 0 || length > RIG_BUFFER_LIMIT || machine->used.buffers == BUFFERS ||
        end > RIG_PAGES || site_refuses(machine, RIG_SITE_pages))
        return NULL;
    machine->used.buffers++;
    machine->used.pages = end;
    *buffer = (struct buffer){machine->pages[page] + offset, length, true};
    frame = take_frames(&machine->used, frames, end - page, &step);
    for (; page < end; page++, frame += step) {
        machine->page_frame[page] = frame;
        machine->page_state[page] = PAGE_LIVE;
    }
    return buffer->start;
}

/* FSG-09: a list's memory outlives the list; SGL-32: so do the data it maps. */
bool rig_free_buffer(struct machine *machine, void *start)
{
    struct buffer *buffer = NULL;

    EACH (struct buffer, other, machine, buffers)
        if (other->live && other->start == start)
            buffer = other;
    if (!buffer)
        return false;
    EACH (struct loan, loan, machine, loans)
        if (loan->live && (uintptr_t)loan->start - (uintptr_t)start < buffer->length)
            return !verifier_finds(machine, RULE_FSG_09, "free_buffer", 0);
    if (mapping_covers(machine, start, buffer->length, MAPPING_ANY))
        return !verifier_finds(machine, RULE_SGL_32, "free_buffer", 0);
    memset(&machine->page_state[page_at(machine, start)], 0,
           ADDRESS_AND_SIZE_TO_SPAN_PAGES(start, buffer->length));
    buffer->live = false;
    return true;
}

/* ---- what is so of a page ---- */

void memory_mark(struct machine *machine, const uint8_t *start, uint32_t length, uint8_t mark)
{
    for (uintptr_t i = page_at(machine, start); i <= page_at(machine, start + length - 1); i++)
        machine->page_state[i] |= machine->settings[SETTING_coherence] ? mark : 0;
}

bool memory_marked(const struct machine *machine, const uint8_t *start, uint32_t length,
                   uint8_t mark)
{
    for (uintptr_t i = page_at(machine, start); i <= page_at(machine, start + length - 1); i++)
        if (machine->page_state[i] & mark)
            return true;
    return false;
}

/* MDL-12: of one MDL, whatever comes behind it. */
void KeFlushIoBuffers(PMDL Mdl, BOOLEAN ReadOperation, BOOLEAN DmaOperation)
{
    struct machine *machine = machine_bound();
    uintptr_t first;
    unsigned pages = 0;

    if (!memory_is_mdl(machine, Mdl) || machine->irql[machine->current] > DISPATCH_LEVEL) {
        verifier_finds(machine, RULE_MDL_12, __func__, 0);
        return;
    }
    first = page_at(machine, Mdl->MappedSystemVa);
    if (Mdl->ByteCount > 0) /* an empty one touches no page, wherever it starts */
        pages = ADDRESS_AND_SIZE_TO_SPAN_PAGES(Mdl->MappedSystemVa, Mdl->ByteCount);
    for (uintptr_t i = first; DmaOperation && i < first + pages; i++)
        machine->page_state[i] &= (uint8_t) ~(ReadOperation ? CACHE_STALE : CACHE_DIRTY);
}

/* ---- memory lent for lists ---- */

bool memory_overlaps(const void *one, uint32_t length, const void *other, uint32_t other_length)
{
    return (uintptr_t)one < (uintptr_t)other + other_length &&
           (uintptr_t)other < (uintptr_t)one + length;
}

bool memory_lent(const struct machine *machine, const void *start, uint32_t length, bool unhanded)
{
    EACH (const struct loan, loan, machine, loans)
        if (loan->live && !(unhanded && loan->handed) &&
            memory_overlaps(loan->start, loan->length, start, length))
            return true;
    return false;
}

enum rig_rule memory_lendable(const struct machine *machine, const void *start, uint32_t length)
{
    uintptr_t page = page_at(machine, start);

    if (length == 0)
        length = 1;
    if ((uintptr_t)start % sizeof(void *) != 0)
        return RULE_SGL_29;
    if ((page < RIG_PAGES && !(machine->page_state[page] & PAGE_LIVE)) ||
        memory_lent(machine, start, length, false) ||
        mapping_covers(machine, start, length, MAPPING_MAY_WRITE))
        return RULE_SGL_28;
    return RULE_NONE;
}

struct loan *memory_lend(struct machine *machine, const void *start, uint32_t length)
{
    unsigned i = 0;

    while (machine->loans[i].live)
        i++;
    assert(i < sizeof machine->loans / sizeof machine->loans[0]);
    machine->loans[i] = (struct loan){start, length ? length : 1, true, false};
    if (machine->used.loans <= i)
        machine->used.loans = i + 1;
    return &machine->loans[i];
}

/* ---- MDLs ---- */

bool memory_is_mdl(const struct machine *machine, const MDL *mdl)
{
    return row_at(mdl, TABLE(machine, mdls, head)) != NULL;
}

PMDL rig_mdl(struct machine *machine, void *va, uint32_t length, PMDL next)
{
    struct mdl *mdl = &machine->mdls[machine->used.mdls];
    uintptr_t first = page_at(machine, va);
    unsigned pages = ADDRESS_AND_SIZE_TO_SPAN_PAGES(va, length);

    assert(first <= RIG_PAGES && pages <= MDL_PAGES);
    if (machine->used.mdls == MDLS || site_refuses(machine, RIG_SITE_mdl))
        return NULL;
    machine->used.mdls++;
    mdl->head = (MDL){
        .Next = next,
        .Size = (CSHORT)(sizeof(MDL) + pages * sizeof(PFN_NUMBER)),
        .MdlFlags = MDL_MAPPED_TO_SYSTEM_VA | MDL_SOURCE_IS_NONPAGED_POOL,
        .MappedSystemVa = va,
        .StartVa = (PVOID)(VA_BASE + first * PAGE_SIZE),
        .ByteCount = length,
        .ByteOffset = (ULONG)((uintptr_t)va % PAGE_SIZE),
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
    return memory_marked(machine, start, 1, PAGE_LIVE) ? start : NULL;
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
        return !verifier_finds(machine, RULE_SGL_26, "cpu_write", 0);
    if (memory_lent(machine, start, length, false))
        return !verifier_finds(machine, RULE_SGL_39, "cpu_write", 0);
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
        return !verifier_finds(machine, RULE_FSG_05, "cpu_read", 0);
    if (memory_lent(machine, start, length, true))
        return !verifier_finds(machine, RULE_SGL_12, "cpu_read", 0);
    if (memory_marked(machine, start, length, CACHE_STALE))
        return !verifier_finds(machine, RULE_MDL_12, "cpu_read", 0);
    memcpy(data, start, length);
    return true;
}
