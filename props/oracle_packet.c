/*
 * oracle_packet.c: HAL's packet routines and the system DMA controller.
 */
#include "oracle.h"
#include <assert.h>

/* choice `action` */
enum { ACTION_usual, ACTION_keep_object, ACTION_deallocate, ACTION_keep_registers };
/* choice `map_va` */
enum { VA_start, VA_rest, VA_last, VA_second_page, VA_last_byte, VA_after, VA_before };

/* ---- the channel ---- */

static enum rig_rule allocation_broken(const struct oracle *o, const struct o_hal *hal,
                                       uint32_t count)
{
    const struct frame *frame = o->frame_count ? &o->frames[o->frame_count - 1] : NULL;
    bool waits = false;

    if (frame && frame->kind == FRAME_adapter_control)
        return RULE_HAL_32;
    for (unsigned i = 0; i < o->active_count; i++) {
        const struct request *q = &o->request[o->active[i]];

        if (q->kind != KIND_packet)
            continue;
        if (q->pool == &hal->pool && (hal->subordinate || !q->settled))
            return RULE_E6_0B;
        waits |= q->hal && is_waiting(q);
    }
    if (waits)
        return RULE_HAL_32;
    return count > hal->pool.registers ? RULE_E6_15 : RULE_NONE;
}

void oracle_AllocateAdapterChannel(struct oracle *o, struct call *c)
{
    struct request *q = &o->request[request_of(CLASS_base, c->made)];
    unsigned n = named(c, 0, CLASS_hal);
    struct o_hal *hal;
    enum rig_rule rule;

    c->length =
        (uint32_t)number_of(c, 1, n && o->hal[n].life == LIFE_live ? o->hal[n].pool.registers : 0);
    hal = hal_of(o, c);
    if (!hal)
        return;
    rule = allocation_broken(o, hal, c->length);
    if (rule) {
        refuse_with(c, rule,
                    rule == RULE_E6_15 ? STATUS_INSUFFICIENT_RESOURCES : STATUS_UNSUCCESSFUL);
        return;
    }
    q->kind = KIND_packet;
    q->hal = n;
    q->pool = &hal->pool;
    q->action = c->a[2].n;
    q->asked = c->length;
    q->registers = registers_counted(o) ? c->length : 0;
    if (no_request_slot(o) || mapping_refused(o, c, q, true))
        fails(c, STATUS_INSUFFICIENT_RESOURCES);
    else
        request_grant_or_wait(o, q);
}

/* What its data hold is not said if it ends like this. */
static void packet_ends(struct oracle *o, struct request *q)
{
    request_forget_data(o, q);
    q->segment_count = 0;
    request_end(o, q);
}

void leave_control(struct oracle *o, unsigned number)
{
    struct request *q = &o->request[number];
    bool subordinate = o->hal[q->hal].subordinate;
    bool fits = q->action == ACTION_usual || (subordinate ? q->action == ACTION_keep_object
                                                          : q->action == ACTION_deallocate ||
                                                                q->action == ACTION_keep_registers);

    q->settled = true;
    if (!fits)
        oracle_report_due(o, RULE_HAL_34);
    else if (q->action == ACTION_deallocate) {
        if (q->segment_count)
            oracle_report_due(o, RULE_E6_10);
        packet_ends(o, q);
        o->call->pump = q->pool;
    }
}

/* The packet goes; those that wait follow. */
static void packet_freed(struct oracle *o, struct call *c, struct request *q)
{
    packet_ends(o, q);
    c->pump = q->pool;
    requests_pump(o, q->pool);
}

void oracle_FreeAdapterChannel(struct oracle *o, struct call *c)
{
    struct request *q = NULL;
    const struct o_hal *hal;

    hal = hal_of(o, c);
    if (!hal)
        return;
    for (unsigned i = 0; i < o->active_count; i++) {
        struct request *other = &o->request[o->active[i]];

        if (hal->subordinate && other->pool == &hal->pool && other->settled)
            q = other;
    }
    if (!q)
        refuse(c, RULE_E6_04);
    else if (q->segment_count)
        refuse(c, RULE_E6_0D);
    else
        packet_freed(o, c, q);
}

/* The packet that argument 1 names, of this adapter; NULL: none that has its registers. */
static struct request *called_packet(struct oracle *o, struct call *c)
{
    unsigned n = named(c, 1, CLASS_base);
    struct request *q = &o->request[request_of(CLASS_base, n)];

    return n && q->state == REQUEST_live && q->hal == named(c, 0, CLASS_hal) ? q : NULL;
}

void oracle_FreeMapRegisters(struct oracle *o, struct call *c)
{
    struct request *q = called_packet(o, c);
    const struct o_hal *hal;

    c->length = (uint32_t)number_of(c, 2, q ? q->asked : 0);
    hal = hal_of(o, c);
    if (!hal)
        return;
    if (!q || !q->settled)
        refuse(c, RULE_E6_05);
    else if (hal->subordinate)
        refuse(c, RULE_HAL_38);
    else if (q->segment_count)
        refuse(c, RULE_E6_10);
    else if (c->length != q->asked)
        refuse(c, RULE_E6_05);
    else
        packet_freed(o, c, q);
}

/* ---- transfers ---- */

void packet_maps(struct oracle *o, struct request *q, const struct segment *segment)
{
    assert(q->segment_count < SEGMENTS);
    q->segments[q->segment_count++] = *segment;
    q->pieces += span_of(o, segment);
    o->buffer[segment->buffer].mapped = true;
}

void packet_flushes(struct request *q, unsigned index)
{
    q->segment_count--;
    memmove(&q->segments[index], &q->segments[index + 1],
            (q->segment_count - index) * sizeof q->segments[0]);
    if (!q->segment_count)
        q->serial = 0;
}

/* Bytes from MDL's start to where CurrentVa points; as a number without sign. */
static uint64_t va_offset(const struct oracle *o, const struct request *q, unsigned mdl,
                          unsigned va)
{
    const struct o_mdl *m = &o->mdl[mdl];
    uint32_t start = (o->buffer[m->buffer].page_offset + m->offset) % PAGE_SIZE;

    switch (va) {
    case VA_rest:
        return q ? q->rest : 0;
    case VA_last:
        return q ? q->last : 0;
    case VA_second_page:
        return PAGE_SIZE - start;
    case VA_last_byte:
        return (uint64_t)m->length - 1;
    case VA_after:
        return m->length;
    case VA_before:
        return UINT64_MAX;
    default:
        return 0;
    }
}

/* The range that MapTransfer or FlushAdapterBuffers names. */
struct extent {
    struct segment segment;
    uint64_t offset, left; /* in the MDL */
    enum rig_rule rule;    /* what is wrong with it as HAL sees it: VRF-11, VRF-12, VRF-17 */
};

static struct extent resolve(struct oracle *o, struct call *c, const struct request *q)
{
    unsigned mdl = named(c, 2, CLASS_mdl);
    bool live = mdl && o->mdl[mdl].life == LIFE_live;
    struct extent e = {.rule = live ? RULE_NONE : RULE_VRF_11};

    if (live)
        e.offset = va_offset(o, q, mdl, c->a[4].n);
    c->offset = (uint32_t)e.offset;
    if (live && e.offset >= o->mdl[mdl].length)
        e.rule = RULE_VRF_12;
    if (e.rule)
        e.offset = 0;
    else
        e.left = o->mdl[mdl].length - e.offset;
    if (live)
        e.segment = (struct segment){.buffer = o->mdl[mdl].buffer,
                                     .offset = o->mdl[mdl].offset + (uint32_t)e.offset,
                                     .from_device = c->a[5].n == 1};
    return e;
}

static void resolve_length(struct call *c, struct extent *e, uint64_t limit)
{
    e->segment.length = c->length = (uint32_t)number_of(c, 3, limit);
    if (!e->rule && !c->length)
        e->rule = RULE_VRF_17;
}

/* HAL-35: how much of it MapTransfer maps. */
static uint32_t mapped_part(const struct oracle *o, const struct o_hal *hal,
                            const struct segment *s)
{
    uint32_t start = (o->buffer[s->buffer].page_offset + s->offset) % PAGE_SIZE;

    return hal->packet ? s->length : cut(s->length, PAGE_SIZE - start);
}

static enum rig_rule map_broken(const struct oracle *o, const struct o_hal *hal,
                                const struct request *q, struct extent *e)
{
    struct request plan = {.kind = KIND_get, .segment_count = 1};

    if (!q)
        return RULE_VRF_15;
    if (hal->subordinate && q->segment_count)
        return RULE_E6_0D;
    if (e->rule)
        return e->rule;
    if (e->segment.length > e->left)
        return RULE_E6_24;
    e->segment.length = mapped_part(o, hal, &e->segment);
    plan.segments[0] = e->segment;
    plan.conflicts = e->segment.from_device;
    if (mapping_broken(o, &plan))
        return mapping_broken(o, &plan);
    return q->pieces + span_of(o, &e->segment) > q->asked ? RULE_E6_0C : RULE_NONE;
}

void oracle_MapTransfer(struct oracle *o, struct call *c)
{
    struct request *q = called_packet(o, c);
    struct extent e = resolve(o, c, q);
    struct o_hal *hal;
    enum rig_rule rule;

    resolve_length(c, &e, e.left);
    hal = hal_of(o, c);
    if (!hal)
        return;
    rule = map_broken(o, hal, q, &e);
    if (rule) {
        refuse(c, rule);
        return;
    }
    packet_maps(o, q, &e.segment);
    c->value = e.segment.length;
    q->last = (uint32_t)e.offset;
    q->rest = (uint32_t)e.offset + e.segment.length;
    hal->controller.to_device = !e.segment.from_device;
    if (hal->subordinate)
        hal->controller.length = hal->controller.left = e.segment.length;
}

static enum rig_rule flush_broken(const struct request *q, const struct extent *e, unsigned *index)
{
    enum rig_rule rule = RULE_E6_16;

    if (!q)
        return RULE_E6_20;
    if (e->rule)
        return e->rule;
    for (unsigned i = 0; i < q->segment_count; i++) {
        const struct segment *s = &q->segments[i];

        if (s->buffer != e->segment.buffer || s->offset != e->segment.offset)
            continue;
        *index = i;
        if (s->length == e->segment.length)
            return s->from_device == e->segment.from_device ? RULE_NONE : RULE_HAL_36;
        if (e->segment.length > s->length)
            rule = RULE_E6_00;
    }
    return rule;
}

/* The bytes that the first MapTransfer from there on mapped, else what is left of the MDL. */
static uint64_t flush_limit(const struct request *q, const struct extent *e)
{
    for (unsigned i = 0; q && !e->rule && i < q->segment_count; i++)
        if (q->segments[i].buffer == e->segment.buffer &&
            q->segments[i].offset == e->segment.offset)
            return q->segments[i].length;
    return e->left;
}

void oracle_FlushAdapterBuffers(struct oracle *o, struct call *c)
{
    struct request *q = called_packet(o, c);
    struct extent e = resolve(o, c, q);
    struct o_hal *hal;
    unsigned index = 0;
    enum rig_rule rule;

    resolve_length(c, &e, flush_limit(q, &e));
    hal = hal_of(o, c);
    if (!hal)
        return;
    rule = flush_broken(q, &e, &index);
    if (rule) {
        refuse(c, rule);
        return;
    }
    q->pieces -= span_of(o, &q->segments[index]);
    packet_flushes(q, index);
    hal->controller.length = hal->controller.left = 0;
    c->value = 1;
}

/* ---- the controller ---- */

void oracle_ReadDmaCounter(struct oracle *o, struct call *c)
{
    const struct o_hal *hal;

    hal = hal_of(o, c);
    if (!hal)
        return;
    if (!hal->subordinate)
        refuse(c, RULE_HAL_39);
    else
        c->value = hal->controller.left;
}

void controller_moves(struct oracle *o, struct call *c, struct o_controller *t, unsigned request)
{
    struct request *q = &o->request[request];
    const struct segment *s = &q->segments[0];
    uint32_t units =
        (uint32_t)number_of(c, 1, t && t->left ? ((uint64_t)t->left + t->unit - 1) / t->unit : 0);

    c->length = units;
    if (!t || !t->left || !units) {
        never(c);
        return;
    }
    c->serial = ++o->serial;
    c->value = t->demand ? cut((uint64_t)units * t->unit, t->left) : t->left;
    c->offset = t->length - t->left;
    c->request = request;
    if (!t->to_device) {
        memcpy(shadow_of(o, s->buffer) + s->offset + c->offset, o->ramp + (c->serial & 0xFF),
               (size_t)c->value);
        o->buffer[s->buffer].received = true;
        q->serial = c->serial;
    }
    t->left -= (uint32_t)c->value;
    if (!t->left && t->again)
        t->left = t->length;
}

void oracle_controller_run(struct oracle *o, struct call *c)
{
    unsigned n = named(c, 0, CLASS_hal), request = 0;
    bool live = n && o->hal[n].life == LIFE_live;

    for (unsigned i = 0; live && i < o->active_count; i++)
        if (o->request[o->active[i]].pool == &o->hal[n].pool &&
            o->request[o->active[i]].kind == KIND_packet)
            request = o->active[i];
    controller_moves(o, c, live ? &o->hal[n].controller : NULL, request);
}
