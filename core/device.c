/*
 * device.c: the virtual device.
 *
 * A posted transfer is carried out when a step of the outside says so. The device knows bus
 * addresses and lengths, nothing else; each access is looked up among the live mappings, so an
 * address that was never handed out, or no longer holds, reaches nothing (E6-26).
 */
#include "hal_layer.h"
#include <string.h>

bool device_serves(const struct machine *machine, const struct adapter *adapter)
{
    EACH (const struct request, request, machine, requests)
        if (request->post.adapter == adapter)
            return true;
    return false;
}

bool device_post(struct machine *machine, struct request *request, uint32_t skip, uint32_t length,
                 const struct adapter *adapter)
{
    if (site_refuses(machine, RIG_SITE_post))
        return false;
    machine->posted++;
    request->post = (struct post){machine->posted, skip, length, adapter};
    return true;
}

void device_forget(struct machine *machine, struct request *request)
{
    unsigned place = request->post.place;

    if (place == 0)
        return;
    machine->posted--;
    request->post = (struct post){0};
    EACH (struct request, other, machine, requests)
        other->post.place -= other->post.place > place;
}

void device_forget_adapter(struct machine *machine, const struct adapter *adapter)
{
    EACH (struct request, request, machine, requests)
        if (request->post.adapter == adapter)
            device_forget(machine, request);
}

unsigned rig_device_posted(const struct machine *machine)
{
    return machine->posted;
}

/* ---- bus addresses ---- */

/* The piece of a live mapping that holds BUS; NULL if none does. */
static const struct piece *find_piece(const struct machine *machine, uint64_t bus)
{
    EACH (const struct request, request, machine, requests)
        for (unsigned i = 0; request->state == REQUEST_LIVE && i < request->piece_count; i++)
            if (bus - request->pieces[i].bus < request->pieces[i].length)
                return &request->pieces[i];
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
        memcpy(to_device ? bytes : piece->device + in, to_device ? piece->device + in : bytes,
               part);
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
static void transfer(struct machine *machine, const struct request *request, struct post post,
                     bool to_device)
{
    uint8_t *bytes = device_frame(machine, post.length, to_device);

    for (unsigned i = 0; i < request->element_count; i++) {
        uint64_t bus = (uint64_t)request->elements[i].Address.QuadPart;
        uint32_t length = request->elements[i].Length;
        uint32_t from = post.skip < length ? post.skip : length;
        uint32_t part = length - from < post.length ? length - from : post.length;
        bool moved = device_move(machine, bus + from, bytes, part, to_device);

        assert(moved); /* a list that is posted is mapped */
        (void)moved;
        post.skip -= from;
        post.length -= part;
        bytes += part;
    }
}

bool rig_device_run(struct machine *machine, unsigned posted, struct rig_transfer *result)
{
    struct request *request = machine->requests;
    struct post post;
    bool to_device;

    if (posted >= machine->posted)
        return false;
    while (request->post.place != posted + 1)
        request++;
    post = request->post;
    if (post.adapter && post.adapter->low)
        return false;
    to_device = request->write_to_device || request->both_ways;
    device_forget(machine, request);
    transfer(machine, request, post, to_device);
    *result = (struct rig_transfer){request->list, machine->frame, post.length, to_device};
    return true;
}

/* E6-26, E6-0F: inside the first element and in the list's direction, or not at all. */
bool rig_device_access(struct machine *machine, PSCATTER_GATHER_LIST list, uint64_t offset,
                       uint64_t length, bool to_device)
{
    const struct request *request = mapping_of_list(machine, list);
    const struct former_list *former = mapping_former(machine, list);
    uint64_t reach = request ? request->elements[0].Length : 0;

    if (request && length > 0 && offset <= reach && length <= reach - offset &&
        (request->both_ways || request->write_to_device == to_device))
        return true;
    if (request)
        verifier_finds(machine, RULE_E6_26, "device", request->made);
    else if (former)
        verifier_report_freed(machine, RULE_E6_26, "device", former->made, former->freed);
    return false;
}
