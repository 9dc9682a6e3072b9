/*
 * device.c: the virtual device.
 *
 * A posted transfer is carried out when a step of the outside says so. The device knows bus
 * addresses and lengths, nothing else; each access is looked up among the live mappings, so an
 * address that was never handed out, or no longer holds, reaches nothing (E6-26).
 */
#include "device.h"
#include "common_buffer.h"
#include "map_registers.h"
#include "verifier.h"
#include <string.h>

bool device_has(const struct machine *machine, const struct request *request)
{
    for (unsigned i = 0; i < machine->posted; i++)
        if (&machine->requests[machine->posts[i].request] == request)
            return true;
    return false;
}

bool device_serves(const struct machine *machine, const struct adapter *adapter)
{
    for (unsigned i = 0; i < machine->posted; i++)
        if (machine->posts[i].adapter == adapter)
            return true;
    return false;
}

bool device_post(struct machine *machine, const struct request *request, uint32_t skip,
                 uint32_t length, const struct adapter *adapter)
{
    if (site_refuses(machine, RIG_SITE_post))
        return false;
    machine->posts[machine->posted++] = (struct post){
        .request = (uint16_t)(request - machine->requests),
        .adapter = adapter,
        .skip = skip,
        .length = length,
    };
    if (machine->used.posts < machine->posted)
        machine->used.posts = machine->posted;
    return true;
}

static void remove_post(struct machine *machine, unsigned index)
{
    machine->posted--;
    memmove(&machine->posts[index], &machine->posts[index + 1],
            (machine->posted - index) * sizeof machine->posts[0]);
}

void device_forget(struct machine *machine, unsigned request)
{
    for (unsigned i = machine->posted; i-- > 0;)
        if (machine->posts[i].request == request)
            remove_post(machine, i);
}

void device_forget_adapter(struct machine *machine, const struct adapter *adapter)
{
    for (unsigned i = machine->posted; i-- > 0;)
        if (machine->posts[i].adapter == adapter)
            remove_post(machine, i);
}

unsigned rig_device_posted(const struct machine *machine)
{
    return machine->posted;
}

/* ---- bus addresses ---- */

/* The piece of a live mapping that holds BUS; NULL if none does. */
static const struct piece *find_piece(const struct machine *machine, uint64_t bus)
{
    for (unsigned i = 0; i < machine->used.requests; i++) {
        const struct request *request = &machine->requests[i];

        if (request->state != REQUEST_LIVE)
            continue;
        for (unsigned k = 0; k < request->piece_count; k++)
            if (bus - machine->pieces[i][k].bus < machine->pieces[i][k].length)
                return &machine->pieces[i][k];
    }
    return NULL;
}

bool device_move(const struct machine *machine, uint64_t bus, uint8_t *bytes, uint32_t length,
                 bool to_device)
{
    while (length > 0) {
        const struct piece *piece = find_piece(machine, bus);
        uint64_t in = piece ? bus - piece->bus : 0;
        uint32_t most = piece ? piece->length - (uint32_t)in : 0;
        uint32_t part = length < most ? length : most;

        if (!piece)
            return false;
        if (to_device)
            memcpy(bytes, piece->device + in, part);
        else
            memcpy(piece->device + in, bytes, part);
        bus += part;
        bytes += part;
        length -= part;
    }
    return true;
}

bool rig_bus_read(struct machine *machine, uint64_t bus, void *bytes, uint32_t length)
{
    const uint8_t *common = common_reach(machine, bus, 0, length);

    if (common)
        memcpy(bytes, common, length);
    return common || device_move(machine, bus, bytes, length, true);
}

bool rig_bus_write(struct machine *machine, uint64_t bus, const void *bytes, uint32_t length)
{
    return device_move(machine, bus, (uint8_t *)(uintptr_t)bytes, length, false);
}

/* ---- transfers ---- */

uint8_t *device_frame(struct machine *machine, uint32_t length, bool to_device)
{
    machine->serial++;
    if (machine->used.frame_bytes < length)
        machine->used.frame_bytes = length;
    for (uint32_t i = 0; !to_device && i < length; i++)
        machine->frame[i] = (uint8_t)(machine->serial + i);
    return machine->frame;
}

/* Walk the elements and move the bytes that the post names. The driver has told the device of the
 * elements: what is written into the list later does not reach it. */
static void transfer(struct machine *machine, const struct post *post, bool to_device)
{
    const struct element *elements = machine->elements[post->request];
    uint32_t count = machine->requests[post->request].element_count;
    uint32_t skip = post->skip, left = post->length;
    uint8_t *bytes = device_frame(machine, left, to_device);

    for (unsigned i = 0; i < count; i++) {
        uint32_t from = skip < elements[i].length ? skip : elements[i].length;
        uint32_t part = elements[i].length - from < left ? elements[i].length - from : left;
        bool moved;

        skip -= from;
        moved = device_move(machine, elements[i].address + from, bytes, part, to_device);
        assert(moved); /* a list that is posted is mapped */
        (void)moved;
        bytes += part;
        left -= part;
    }
}

bool rig_device_run(struct machine *machine, unsigned posted, struct rig_transfer *result)
{
    struct request *request;
    struct post post;
    bool to_device;

    if (posted >= machine->posted)
        return false;
    post = machine->posts[posted];
    if (post.adapter && post.adapter->low)
        return false;
    request = &machine->requests[post.request];
    to_device = request->write_to_device || request->both_ways;
    remove_post(machine, posted);
    transfer(machine, &post, to_device);
    *result = (struct rig_transfer){request->list, machine->frame, post.length, to_device};
    return true;
}

/* E6-26, E6-0F: inside the first element and in the list's direction, or not at all. */
bool rig_device_access(struct machine *machine, PSCATTER_GATHER_LIST list, uint64_t offset,
                       uint64_t length, bool to_device)
{
    const struct request *request = mapping_of_list(machine, list);
    const struct former_list *former = mapping_former(machine, list);
    uint64_t reach;

    if (!request && !former)
        return false;
    if (!request) {
        verifier_report_freed(machine, RULE_E6_26, "device", former->made, former->freed);
        return false;
    }
    reach = machine->elements[request - machine->requests][0].length;
    if (length == 0 || offset > reach || length > reach - offset ||
        (!request->both_ways && request->write_to_device != to_device)) {
        verifier_report_made(machine, RULE_E6_26, "device", request->made);
        return false;
    }
    return true;
}
