/*
 * sg_builder.c: from an MDL chain to the elements of a SCATTER_GATHER_LIST.
 *
 * A range is cut at the page borders of each MDL (MDL-08); empty MDLs add nothing (MDL-14). Each
 * piece lies in one page, so it takes one map register. Where pieces adjoin in the device's address
 * space they may share an element, never across 4 GiB. Every element has bytes, in the order of the
 * data (SGL-37).
 */
#include "sg_builder.h"
#include "map_registers.h"
#include "memory.h"
#include <string.h>

enum { BOUNCE_FRAMES = 0x10000, WINDOW_FRAMES = 0x40000, WINDOW_SIZE = 0x80000 };

#define FOUR_GIB ((uint64_t)1 << 32)

/* ---- cutting ---- */

/* The piece that starts OFFSET bytes into MDL and has at most LENGTH bytes. */
static struct piece piece_at(struct machine *machine, PMDL mdl, uint32_t offset, uint32_t length)
{
    uint64_t index = (uint64_t)mdl->ByteOffset + offset;
    uint64_t frame = MmGetMdlPfnArray(mdl)[index / PAGE_SIZE];
    uint32_t in_page = (uint32_t)(index % PAGE_SIZE);
    uint32_t left = PAGE_SIZE - in_page;

    return (struct piece){
        .bus = frame * PAGE_SIZE + in_page,
        .data = memory_of_frame(machine, frame) + in_page,
        .length = length < left ? length : left,
        .starts_mdl = offset == 0,
    };
}

bool sg_walk(struct machine *machine, const struct range *range,
             bool (*visit)(void *context, const struct piece *piece), void *context,
             uint32_t *missing)
{
    uint32_t left = range->length, offset = range->offset;

    for (PMDL mdl = range->mdl; mdl && left > 0; mdl = mdl->Next, offset = 0) {
        while (left > 0 && offset < mdl->ByteCount) {
            uint32_t most = mdl->ByteCount - offset < left ? mdl->ByteCount - offset : left;
            struct piece piece = piece_at(machine, mdl, offset, most);

            if (!visit(context, &piece))
                return false;
            offset += piece.length;
            left -= piece.length;
        }
    }
    *missing = left;
    return true;
}

/* Pieces that are collected, or only counted. */
struct cut {
    struct piece *pieces;
    int count;
};

static bool take_piece(void *context, const struct piece *piece)
{
    struct cut *cut = context;

    assert(!cut->pieces || cut->count < RIG_PIECES);
    if (cut->pieces)
        cut->pieces[cut->count] = *piece;
    cut->count++;
    return true;
}

int sg_cut(struct machine *machine, const struct range *range, struct piece *pieces)
{
    struct cut cut = {pieces, 0};
    uint32_t missing = 0;

    sg_walk(machine, range, take_piece, &cut, &missing);
    return missing > 0 ? SG_CHAIN_TOO_SHORT : cut.count;
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
    piece->bounced = true;
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
static void join(struct machine *machine, struct piece *pieces, unsigned count)
{
    uint64_t bus = window_page(machine) + pieces[0].bus % PAGE_SIZE;

    for (unsigned i = 0; i < count; i++) {
        pieces[i].bus = bus;
        pieces[i].joined = i > 0;
        bus += pieces[i].length;
        window_page(machine); /* so far the run can reach */
    }
}

void sg_place(struct machine *machine, const struct request *request, uint64_t registers,
              struct piece *pieces, unsigned count)
{
    const struct dma_adapter *adapter = &machine->dma_adapters[request->adapter];
    uint32_t at = 0;

    for (unsigned i = 0; i < count; i++) {
        if (request->one_run) {
            bounce(machine, adapter, &pieces[i], at);
            at += pieces[i].length;
            continue;
        }
        if (registers) {
            pieces[i].map_register = (uint8_t)__builtin_ctzll(registers);
            registers &= registers - 1;
        }
        place(machine, adapter, &pieces[i]);
    }
    if (adapter->one_element && !request->one_run && count > 1)
        join(machine, pieces, count);
}

void sg_copy_back(const struct piece *pieces, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (pieces[i].bounced)
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
void sg_write(const struct machine *machine, const struct request *request,
              const struct piece *pieces)
{
    PSCATTER_GATHER_LIST list = request->list;
    SCATTER_GATHER_ELEMENT *element = NULL;
    ULONG_PTR junk = machine->settings[SETTING_junk];

    list->NumberOfElements = 0;
    list->Reserved = junk * (0xD15EA5E000000000 + request->turn);
    for (unsigned i = 0; i < request->piece_count; i++) {
        if (element && joins(machine, request, element, &pieces[i])) {
            element->Length += pieces[i].length;
            continue;
        }
        element = &list->Elements[list->NumberOfElements++];
        element->Address.QuadPart = (LONGLONG)pieces[i].bus;
        element->Length = pieces[i].length;
        element->Reserved = junk * (0xD15EA5EDD15EA5ED + i);
    }
}
