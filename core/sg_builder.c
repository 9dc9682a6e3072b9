/*
 * sg_builder.c: from an MDL chain to the elements of a SCATTER_GATHER_LIST.
 *
 * A range is cut at the page borders of each MDL (MDL-08); empty MDLs add nothing (MDL-14). Each
 * piece lies in one page, so it takes one map register. Where pieces adjoin in the device's address
 * space they may share an element, never across 4 GiB. Every element has bytes, in the order of the
 * data (SGL-37).
 */
#include "hal_layer.h"
#include <string.h>

enum { BOUNCE_FRAMES = 0x10000, WINDOW_FRAMES = 0x40000, WINDOW_SIZE = 0x80000 };

#define FOUR_GIB ((uint64_t)1 << 32)

/* ---- cutting ---- */

/* The piece ends with its page or its MDL at the latest. */
bool sg_next(struct machine *machine, struct range *range, struct piece *piece)
{
    uint64_t index, frame;
    uint32_t in_page, left;

    while (range->mdl && range->offset >= range->mdl->ByteCount) {
        range->mdl = range->mdl->Next;
        range->offset = 0;
    }
    if (!range->mdl || range->length == 0)
        return false;
    index = (uint64_t)range->mdl->ByteOffset + range->offset;
    frame = MmGetMdlPfnArray(range->mdl)[index / PAGE_SIZE];
    in_page = (uint32_t)(index % PAGE_SIZE);
    left = range->mdl->ByteCount - range->offset;
    if (left > PAGE_SIZE - in_page)
        left = PAGE_SIZE - in_page;
    *piece = (struct piece){
        .bus = frame * PAGE_SIZE + in_page,
        .data = memory_of_frame(machine, frame) + in_page,
        .length = range->length < left ? range->length : left,
        .starts_mdl = range->offset == 0,
    };
    range->offset += piece->length;
    range->length -= piece->length;
    return true;
}

int sg_count(struct machine *machine, struct range range)
{
    struct piece piece;
    int count = 0;

    while (sg_next(machine, &range, &piece))
        count++;
    return range.length > 0 ? SG_CHAIN_TOO_SHORT : count;
}

struct piece *sg_append(struct machine *machine, struct request *request, struct range range,
                        bool to_device)
{
    struct piece *first = &request->pieces[request->piece_count];
    uint16_t *used = &machine->piece_used[request - machine->requests];

    while (sg_next(machine, &range, &request->pieces[request->piece_count])) {
        request->pieces[request->piece_count++].to_device = to_device;
        assert(request->piece_count <= RIG_PIECES);
    }
    assert(range.length == 0);
    if (*used < request->piece_count)
        *used = request->piece_count;
    return first;
}

/* ---- placing ---- */

/* The address of a page in a window that the device sees: never the same one for a long time, so
 * that a stale address shows. */
static uint64_t window_page(struct machine *machine)
{
    uint64_t page = WINDOW_FRAMES + machine->bus_page % WINDOW_SIZE;

    machine->bus_page++;
    return page * PAGE_SIZE;
}

/* Copy a piece, AT bytes into the pages of the adapter's map registers. */
static void bounce(struct machine *machine, const struct dma_adapter *adapter, struct piece *piece,
                   uint32_t at)
{
    uint8_t bank = adapter->bank;
    uint32_t last = (at + piece->length - 1) / PAGE_SIZE;

    piece->device = (uint8_t *)machine->bounce[bank] + at;
    piece->bus = (BOUNCE_FRAMES + (uint64_t)bank * REGISTERS) * PAGE_SIZE + at;
    if (machine->bounce_used[bank] <= last)
        machine->bounce_used[bank] = (uint16_t)(last + 1);
    memcpy(piece->device, piece->data, piece->length);
}

/* HAL-06: a device that cannot reach a page gets it copied, or translated where it holds no map
 * register to copy through. */
static void place(struct machine *machine, const struct dma_adapter *adapter, struct piece *piece)
{
    uint32_t personality = machine->settings[SETTING_personality];
    bool out_of_reach = !adapter->wide && piece->bus + piece->length > FOUR_GIB;
    uint32_t offset = machine->settings[SETTING_bounce_offset] ? piece->bus % PAGE_SIZE : 0;

    piece->device = piece->data;
    if (mapping_counts(machine) && (personality == 1 || (personality == 0 && out_of_reach)))
        bounce(machine, adapter, piece, piece->map_register * PAGE_SIZE + offset); /* AMB-31 */
    else if (personality == 2 || out_of_reach)
        piece->bus = window_page(machine) + piece->bus % PAGE_SIZE;
}

/* HAL-31: a device that takes no list sees one run of addresses. */
static void join(struct machine *machine, struct piece *first, const struct piece *end)
{
    uint64_t bus = window_page(machine) + first->bus % PAGE_SIZE;

    for (struct piece *piece = first; piece < end; piece++) {
        piece->bus = bus;
        piece->joined = piece > first;
        bus += piece->length;
        window_page(machine); /* so far the run can reach */
    }
}

void sg_place(struct machine *machine, const struct request *request, struct piece *first)
{
    const struct piece *end = request->pieces + request->piece_count;
    uint64_t idle = request->registers;
    uint32_t at = 0;

    for (const struct piece *piece = request->pieces; piece < first; piece++)
        idle &= ~((uint64_t)1 << piece->map_register);
    for (struct piece *piece = first; piece < end; piece++) {
        if (request->one_run) {
            bounce(machine, request->adapter, piece, at);
            at += piece->length;
            continue;
        }
        if (idle) {
            piece->map_register = (uint8_t)__builtin_ctzll(idle);
            idle &= idle - 1;
        }
        place(machine, request->adapter, piece);
    }
    if (request->adapter->one_element && !request->one_run && end - first > 1)
        join(machine, first, end);
}

void sg_copy_back(const struct piece *pieces, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (pieces[i].device != pieces[i].data)
            memcpy(pieces[i].data, pieces[i].device, pieces[i].length);
}

/* ---- writing ---- */

static bool joins(const struct machine *machine, const struct request *request,
                  const SCATTER_GATHER_ELEMENT *element, const struct piece *piece)
{
    uint32_t merge = request->one_run ? 2 : machine->settings[SETTING_merge];

    if (piece->joined)
        return true;
    if (merge == 0 || (merge == 1 && piece->starts_mdl))
        return false;
    return (uint64_t)element->Address.QuadPart + element->Length == piece->bus &&
           piece->bus % FOUR_GIB != 0;
}

/* Reserved fields hold junk: nobody is to read them (SGL-39, NDT-03). */
void sg_write(const struct machine *machine, struct request *request)
{
    PSCATTER_GATHER_LIST list = request->list;
    SCATTER_GATHER_ELEMENT *element = NULL;
    ULONG_PTR junk = machine->settings[SETTING_junk];

    list->NumberOfElements = 0;
    list->Reserved = junk * (0xD15EA5E000000000 + request->turn);
    for (unsigned i = 0; i < request->piece_count; i++) {
        const struct piece *piece = &request->pieces[i];

        if (element && joins(machine, request, element, piece)) {
            element->Length += piece->length;
            continue;
        }
        element = &list->Elements[list->NumberOfElements++];
        element->Address.QuadPart = (LONGLONG)piece->bus;
        element->Length = piece->length;
        element->Reserved = junk * (0xD15EA5EDD15EA5ED + i);
    }
    request->element_count = list->NumberOfElements;
    memcpy(request->elements, list->Elements, list->NumberOfElements * sizeof *element);
}
