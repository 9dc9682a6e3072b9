/*
 * oracle_list.c: lists, payloads and memory, judged by what can be observed of them.
 */
#include "interpret.h"

/* ---- bytes ---- */

bool same_bytes(struct oracle *o, unsigned buffer, uint32_t offset, uint32_t length,
                const uint8_t *here)
{
    uint32_t lent = o->buffer[buffer].lent;
    uint32_t skip = offset < lent ? cut(lent - offset, length) : 0;

    return !memcmp(here + skip, shadow_of(o, buffer) + offset + skip, length - skip);
}

/* The mapped bytes from SKIP on for LENGTH bytes are those HERE. */
static bool same_mapping(struct oracle *o, const struct request *q, uint32_t skip, uint32_t length,
                         const uint8_t *here)
{
    for (unsigned i = 0; i < q->segment_count && length; i++) {
        const struct segment *s = &q->segments[i];
        uint32_t over = cut(skip, s->length);
        uint32_t take = cut(length, s->length - over);

        if (!same_bytes(o, s->buffer, s->offset + over, take, here))
            return false;
        skip -= over;
        length -= take;
        here += take;
    }
    return !length;
}

static const uint8_t *memory_of(const struct oracle *o, unsigned buffer)
{
    return o->value[CLASS_buffer][buffer];
}

/* ---- a list ---- */

/* The length of page piece number I of the mapping; 0: there are not so many. */
static uint32_t piece_length(const struct oracle *o, const struct request *q, unsigned index)
{
    for (unsigned i = 0; i < q->segment_count; i++) {
        const struct segment *s = &q->segments[i];
        uint32_t span = span_of(o, s);
        uint32_t start = (o->buffer[s->buffer].page_offset + s->offset) % PAGE_SIZE;

        if (index >= span) {
            index -= span;
            continue;
        }
        if (span == 1)
            return s->length;
        if (index == 0)
            return PAGE_SIZE - start;
        return index + 1 < span ? PAGE_SIZE : s->length - (span - 1) * PAGE_SIZE + start;
    }
    return 0;
}

/* No element joins what the merge setting keeps apart: pages, or MDLs. */
static bool merged_right(const struct oracle *o, const struct request *q,
                         const SCATTER_GATHER_LIST *list)
{
    uint32_t merge = q->one_run || q->pool->one_element ? 2 : o->settings[SETTING_merge];
    uint64_t position = 0, border = 0;
    unsigned element = 0;

    for (unsigned i = 0; merge == 0 && i < list->NumberOfElements; i++)
        if (list->Elements[i].Length != piece_length(o, q, i))
            return false;
    for (unsigned i = 0; merge == 1 && i < q->segment_count; i++) {
        border += q->segments[i].length;
        while (position < border && element < list->NumberOfElements)
            position += list->Elements[element++].Length;
        if (position != border)
            return false;
    }
    return true;
}

static void judge_placement(struct runner *r, const struct request *q,
                            const SCATTER_GATHER_LIST *list)
{
    uintptr_t here = (uintptr_t)list;
    uintptr_t lent = (uintptr_t)q->lent;
    bool inside = q->lent_size && here >= lent && here < lent + q->lent_size;
    bool fits = list_size_of(list->NumberOfElements) <= q->lent_size;
    bool must = q->kind == KIND_bare || q->kind == KIND_build;
    bool placed = !r->oracle.settings[SETTING_placement] || r->layer;
    bool right = inside ? here == lent && fits && (must || placed) : !must;

    if (broken(r, PROPERTY_SG_CALLER_BUFFER, right))
        failed_text(r, PROPERTY_SG_CALLER_BUFFER,
                    must ? "the list in the caller's buffer"
                         : "only a list that fits, and only if placement is 0",
                    inside ? "in the buffer" : "elsewhere");
}

struct reach {
    bool empty, beyond, crossing;
};

static void look_at(struct runner *r, const struct request *q,
                    const SCATTER_GATHER_ELEMENT *element, struct reach *reach)
{
    uint64_t first = (uint64_t)element->Address.QuadPart;
    uint64_t last = first + element->Length - 1;

    digest_shape(r, first);
    digest_shape(r, element->Length);
    reach->empty |= element->Length == 0;
    if (!element->Length)
        return;
    reach->beyond |= last < first || (!q->pool->wide && last > UINT32_MAX);
    reach->crossing |= first >> 32 != last >> 32;
}

static void judge_elements(struct runner *r, const struct request *q,
                           const SCATTER_GATHER_LIST *list)
{
    bool merges = r->oracle.settings[SETTING_merge] != 0;
    struct reach reach = {false, false, false};

    for (unsigned i = 0; i < list->NumberOfElements; i++)
        look_at(r, q, &list->Elements[i], &reach);
    if (broken(r, PROPERTY_SG_NO_EMPTY_ELEMENT, !reach.empty))
        failed_text(r, PROPERTY_SG_NO_EMPTY_ELEMENT, "elements of a byte or more",
                    "an empty element");
    if (broken(r, PROPERTY_SG_REACH, !reach.beyond))
        failed_text(r, PROPERTY_SG_REACH, q->pool->wide ? "no wrap" : "addresses below 4 GiB",
                    "an element out of reach");
    if (r->layer) /* how it joins pages is its own */
        return;
    if (broken(r, PROPERTY_SG_NO_4GIB_CROSSING, !reach.crossing))
        failed_text(r, PROPERTY_SG_NO_4GIB_CROSSING, "no border inside", "an element across 4 GiB");
    if (broken(r, PROPERTY_SG_MERGE, merged_right(&r->oracle, q, list)))
        failed_number(r, PROPERTY_SG_MERGE,
                      merges ? "elements that end with MDLs; count" : "elements of a page; count",
                      q->pieces, list->NumberOfElements);
}

/* Read through the list, up to the mapped length; returns the sum of the elements' lengths. */
static uint64_t read_list(struct runner *r, const struct request *q,
                          const SCATTER_GATHER_LIST *list, bool *readable)
{
    uint64_t total = 0;

    *readable = true;
    for (unsigned i = 0; i < list->NumberOfElements; i++) {
        const SCATTER_GATHER_ELEMENT *e = &list->Elements[i];

        uint32_t part = cut(e->Length, total < q->length ? q->length - total : 0);

        *readable &=
            rig_bus_read(r->machine, (uint64_t)e->Address.QuadPart, r->scratch + total, part);
        total += e->Length;
    }
    return total;
}

static void judge_cover(struct runner *r, const struct request *q, const SCATTER_GATHER_LIST *list)
{
    bool content = q->to_device || r->oracle.settings[SETTING_personality] != 1;
    bool readable;
    uint64_t total = read_list(r, q, list, &readable);
    uint64_t most =
        r->layer && q->kind == KIND_nb ? chain_bytes(&r->oracle, q->current) : q->length;

    mark_bytes(r, r->scratch, total < q->length ? total : q->length);
    if (broken(r, PROPERTY_SG_COVERS_EXACT, total >= q->length && total <= most))
        failed_number(r, PROPERTY_SG_COVERS_EXACT, "bytes", q->length, total);
    else if (broken(r, PROPERTY_SG_COVERS_EXACT, readable))
        failed_text(r, PROPERTY_SG_COVERS_EXACT, "mapped addresses",
                    "an address that is not mapped");
    else if (total >= q->length && content &&
             broken(r, PROPERTY_SG_COVERS_EXACT,
                    same_mapping(&r->oracle, q, 0, q->length, r->scratch)))
        failed_text(r, PROPERTY_SG_COVERS_EXACT, "the mapped bytes, in order", "other bytes");
}

void judge_list(struct runner *r, struct request *q, PSCATTER_GATHER_LIST list)
{
    unsigned count = list ? list->NumberOfElements : 0;
    bool one = q->pool->one_element;
    bool merges = one || r->oracle.settings[SETTING_merge] != 0 || r->layer;
    unsigned least = r->layer && !q->length ? 0 : 1; /* AMB-15 */
    bool right = count >= least && count <= (one ? 1 : q->pieces) && (merges || count == q->pieces);

    q->list = list;
    q->own = list && list == q->lent;
    if (broken(r, PROPERTY_SG_ELEMENT_COUNT, right))
        failed_number(r, PROPERTY_SG_ELEMENT_COUNT, merges ? "elements, at most" : "elements",
                      one ? 1 : q->pieces, count);
    if (!list || count > q->pieces)
        return;
    q->first_address = count ? (uint64_t)list->Elements[0].Address.QuadPart : 0;
    q->first_length = count ? list->Elements[0].Length : 0;
    digest_shape(r, count);
    digest_shape(r, q->own);
    judge_placement(r, q, list);
    judge_elements(r, q, list);
    judge_cover(r, q, list);
}

void judge_registers(struct runner *r, const struct request *q)
{
    struct oracle *o = &r->oracle;
    uint32_t total = 0, held = 0;

    if (r->layer || !q->dma || o->dma[q->dma].life != LIFE_live || r->over)
        return;
    rig_map_registers(r->machine, o->value[CLASS_dma][q->dma], &total, &held);
    if (broken(r, PROPERTY_SG_REGISTERS, total == q->pool->registers))
        failed_number(r, PROPERTY_SG_REGISTERS, "registers in all", q->pool->registers, total);
    if (broken(r, PROPERTY_SG_REGISTERS, held == q->pool->held && held <= total))
        failed_number(r, PROPERTY_SG_REGISTERS, "registers held", q->pool->held, held);
}

/* ---- what the device moved ---- */

void judge_address(struct runner *r, const struct request *q, uint64_t bus)
{
    const struct segment *s = &q->segments[q->segment_count - 1]; /* that was mapped last */
    bool subordinate = r->oracle.hal[q->hal].subordinate, right = bus == 0;

    if (!subordinate) {
        right = (q->pool->wide || bus + s->length - 1 <= UINT32_MAX) &&
                rig_bus_read(r->machine, bus, r->scratch, s->length) &&
                same_bytes(&r->oracle, s->buffer, s->offset, s->length, r->scratch);
        digest_shape(r, bus);
    }
    if (broken(r, PROPERTY_PACKET_ADDRESS, right))
        failed_text(r, PROPERTY_PACKET_ADDRESS,
                    subordinate ? "no address for a subordinate device"
                                : "an address of the data that the device reaches",
                    "another address");
}

void judge_moved(struct runner *r, const struct call *c, const struct rig_transfer *t)
{
    struct oracle *o = &r->oracle;
    const struct segment *s = &o->request[c->request].segments[0];
    bool right = t->to_device == !s->from_device && t->length == c->value;

    if (r->over)
        return;
    if (right)
        right = t->to_device ? same_bytes(o, s->buffer, s->offset + c->offset, t->length, t->bytes)
                             : !memcmp(t->bytes, o->ramp + (c->serial & 0xFF), t->length);
    digest_add(r, t->length);
    digest_bytes(r, t->bytes, t->length);
    if (broken(r, PROPERTY_CHANNEL_PAYLOAD, t->length == c->value))
        failed_number(r, PROPERTY_CHANNEL_PAYLOAD, "bytes", c->value, t->length);
    else if (broken(r, PROPERTY_CHANNEL_PAYLOAD, right))
        failed_text(r, PROPERTY_CHANNEL_PAYLOAD, "the bytes that were set up", "other bytes");
}

/* Where in memory eight bytes like these lie; for the reader of a failure. */
static void describe_bytes(struct runner *r, const struct request *q, const struct rig_transfer *t,
                           char *text, size_t size)
{
    struct oracle *o = &r->oracle;
    uint32_t length = t->length < 8 ? t->length : 8;

    if (same_mapping(o, q, 0, length, t->bytes)) {
        snprintf(text, size, "%u bytes from the start of the list (prefix sent)", t->length);
        return;
    }
    for (unsigned b = 1; b <= o->made[CLASS_buffer]; b++)
        for (uint32_t i = 0; i + length <= o->buffer[b].length; i++) {
            const uint8_t *first = o->filled + b % 64 * PATTERN_STRIDE + i;

            if (!memcmp(shadow_of(o, b) + i, t->bytes, length) ||
                !memcmp(first, t->bytes, length)) {
                snprintf(text, size, "%u bytes like buffer%u's from %u on%s", t->length, b, i,
                         memcmp(shadow_of(o, b) + i, t->bytes, length) ? " (stale)" : "");
                return;
            }
        }
    snprintf(text, size, "%u bytes that are in no buffer", t->length);
}

static void payload_failed(struct runner *r, const struct request *q, const struct rig_transfer *t,
                           uint32_t skip, uint32_t length)
{
    char expected[96], actual[96];

    snprintf(expected, sizeof expected, "%u bytes from %u bytes into the list on", length, skip);
    describe_bytes(r, q, t, actual, sizeof actual);
    failed_text(r, PROPERTY_DEVICE_PAYLOAD, expected, actual);
}

void judge_transfer(struct runner *r, const struct call *c, const struct rig_transfer *t)
{
    struct oracle *o = &r->oracle;
    const struct request *q = &o->request[c->request];
    uint32_t skip = q->kind == KIND_nb ? q->current_offset : 0;
    uint32_t length = q->kind == KIND_nb ? q->data_length : q->length;
    bool right = t->list == q->list && t->to_device == q->to_device && t->length == length;

    if (r->over)
        return;
    if (right && q->to_device)
        right = same_mapping(o, q, skip, length, t->bytes);
    for (uint32_t i = 0; right && !q->to_device && i < length; i++)
        right = t->bytes[i] == (uint8_t)(c->serial + i);
    digest_add(r, t->length);
    digest_bytes(r, t->bytes, t->length);
    if (broken(r, PROPERTY_DEVICE_PAYLOAD, right))
        payload_failed(r, q, t, skip, length);
}

void judge_received(struct runner *r, struct request *q)
{
    struct oracle *o = &r->oracle;

    if (q->to_device || r->over)
        return;
    for (unsigned i = 0; i < q->segment_count; i++) {
        const struct segment *s = &q->segments[i];

        if (bytes_mapped(o, s->buffer, s->offset, s->length, true) || !memory_of(o, s->buffer))
            continue; /* mapped again while the call ran */
        if (broken(r, PROPERTY_DEVICE_RECEIVED,
                   same_bytes(o, s->buffer, s->offset, s->length,
                              memory_of(o, s->buffer) + s->offset)))
            failed_text(r, PROPERTY_DEVICE_RECEIVED,
                        q->serial ? "what the device wrote" : "untouched data", "other bytes");
    }
}

/* ---- the end ---- */

void judge_memory(struct runner *r, unsigned buffer)
{
    struct oracle *o = &r->oracle;
    const struct o_buffer *b = &o->buffer[buffer];
    char which[32];

    if (!b->mapped || r->over || !memory_of(o, buffer))
        return;
    if (broken(r, PROPERTY_MEMORY_INTACT,
               same_bytes(o, buffer, 0, b->length, memory_of(o, buffer)))) {
        snprintf(which, sizeof which, "other bytes in buffer%u", buffer);
        failed_text(r, PROPERTY_MEMORY_INTACT, "what was written there", which);
    }
}

static void add_pool(const struct pool *pool, struct rig_count *count)
{
    count->registers_total += pool->live ? pool->registers : 0;
    count->registers_held += pool->live ? pool->held : 0;
}

struct rig_count predicted_count(const struct oracle *o)
{
    struct rig_count count = {.drivers = o->drivers,
                              .adapters = o->adapters,
                              .dma_handles = o->dmas,
                              .dma_adapters = o->dmas + o->hals + o->channels,
                              .channels = o->channels,
                              .providers = o->providers,
                              .devices = o->devices,
                              .lists_built = o->built,
                              .lists_freed = o->freed};

    for (unsigned i = 0; i < o->active_count; i++) {
        const struct request *q = &o->request[o->active[i]];

        bool list = q->kind != KIND_packet;

        count.lists_live += list && q->state == REQUEST_live;
        count.lists_waiting += list && q->state == REQUEST_queued;
        count.lists_owed += list && q->state == REQUEST_owed;
        count.packets += !list;
        count.packets_owed += !list && q->state == REQUEST_owed;
    }
    for (unsigned i = 1; i <= o->commons; i++)
        count.common_buffers += o->common[i].live;
    for (unsigned i = 1; i <= o->made[CLASS_block]; i++) {
        count.blocks_live += o->block[i].life == LIFE_live && !o->block[i].hal;
        count.blocks_pending += o->block[i].pending;
    }
    for (unsigned i = 1; i <= o->made[CLASS_dma]; i++)
        add_pool(&o->dma[i].pool, &count);
    for (unsigned i = 1; i <= o->made[CLASS_hal]; i++)
        add_pool(&o->hal[i].pool, &count);
    for (unsigned i = 1; i <= o->made[CLASS_channel]; i++)
        add_pool(&o->channel[i].pool, &count);
    return count;
}

void judge_count(struct runner *r, enum property property, const char *what, uint32_t expected,
                 uint32_t actual)
{
    digest_add(r, actual);
    if (broken(r, property, expected == actual))
        failed_number(r, property, what, expected, actual);
}

static void judge_conservation(struct runner *r)
{
    struct rig_count expected = predicted_count(&r->oracle);
    struct rig_count actual;

    rig_count(r->machine, &actual);
    judge_count(r, PROPERTY_CONSERVE_OBJECTS, "drivers", expected.drivers, actual.drivers);
    judge_count(r, PROPERTY_CONSERVE_OBJECTS, "adapters", expected.adapters, actual.adapters);
    judge_count(r, PROPERTY_CONSERVE_OBJECTS, "DMA handles", expected.dma_handles,
                actual.dma_handles);
    judge_count(r, PROPERTY_CONSERVE_OBJECTS, "DMA adapters", expected.dma_adapters,
                actual.dma_adapters);
    judge_count(r, PROPERTY_CONSERVE_OBJECTS, "DMA channels", expected.channels, actual.channels);
    judge_count(r, PROPERTY_CONSERVE_OBJECTS, "packets", expected.packets, actual.packets);
    judge_count(r, PROPERTY_CONSERVE_OBJECTS, "packets owed", expected.packets_owed,
                actual.packets_owed);
    judge_count(r, PROPERTY_CONSERVE_OBJECTS, "providers", expected.providers, actual.providers);
    judge_count(r, PROPERTY_CONSERVE_OBJECTS, "devices", expected.devices, actual.devices);
    judge_count(r, PROPERTY_CONSERVE_LISTS, "lists built", expected.lists_built,
                actual.lists_built);
    judge_count(r, PROPERTY_CONSERVE_LISTS, "lists freed", expected.lists_freed,
                actual.lists_freed);
    judge_count(r, PROPERTY_CONSERVE_LISTS, "lists live", expected.lists_live, actual.lists_live);
    judge_count(r, PROPERTY_CONSERVE_LISTS, "requests waiting", expected.lists_waiting,
                actual.lists_waiting);
    judge_count(r, PROPERTY_CONSERVE_LISTS, "lists owed", expected.lists_owed, actual.lists_owed);
    judge_count(r, PROPERTY_CONSERVE_LISTS, "callbacks owed",
                expected.lists_owed + expected.packets_owed + expected.blocks_pending,
                rig_owed(r->machine));
    judge_count(r, PROPERTY_SHM_CONSERVE, "common buffers", expected.common_buffers,
                actual.common_buffers);
    judge_count(r, PROPERTY_SHM_CONSERVE, "blocks live", expected.blocks_live, actual.blocks_live);
    judge_count(r, PROPERTY_SHM_CONSERVE, "blocks pending", expected.blocks_pending,
                actual.blocks_pending);
    judge_count(r, PROPERTY_CONSERVE_LISTS, "transfers posted", r->oracle.post_count,
                rig_device_posted(r->machine));
    judge_count(r, PROPERTY_CONSERVE_REGISTERS, "registers", expected.registers_total,
                actual.registers_total);
    judge_count(r, PROPERTY_CONSERVE_REGISTERS, "registers held", expected.registers_held,
                actual.registers_held);
}

void judge_end(struct runner *r)
{
    struct oracle *o = &r->oracle;

    for (unsigned i = 0; i < o->active_count; i++)
        request_forget_data(o, &o->request[o->active[i]]);
    observe(r, MOMENT_ended, 0);
    for (unsigned i = 1; i <= o->made[CLASS_buffer]; i++)
        if (o->buffer[i].life == LIFE_live)
            judge_memory(r, i);
    for (unsigned i = 1; i <= o->made[CLASS_block]; i++)
        judge_block(r, i);
    if (r->layer)
        layer_judge_end(r);
    else
        judge_conservation(r);
}
