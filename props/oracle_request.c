/*
 * oracle_request.c: requests for lists, from whatever call: what they map, whom they conflict
 * with, when their handlers are due.
 */
#include "oracle.h"
#include <assert.h>

unsigned request_number(const struct oracle *o, const struct request *q)
{
    return (unsigned)(q - o->request);
}

uint32_t list_size_of(uint32_t pieces)
{
    return 16 + 24 * pieces;
}

/* ---- planning ---- */

struct request *request_plan(struct oracle *o, struct call *c, enum request_kind kind)
{
    struct request *q = &o->request[c->made];

    q->kind = kind;
    c->request = c->made;
    return q;
}

void request_map(struct oracle *o, struct request *q, unsigned chain, uint64_t offset,
                 uint64_t length, bool to_end)
{
    q->length =
        (uint32_t)chain_segments(o, chain, offset, length, to_end, q->segments, &q->segment_count);
    for (unsigned i = 0; i < q->segment_count; i++)
        q->pieces += span_of(o, &q->segments[i]);
    q->registers = registers_counted(o) ? q->pieces : 0;
}

bool registers_free(const struct request *q)
{
    return q->pool->held + q->registers <= q->pool->registers;
}

void request_lend(struct oracle *o, struct request *q, unsigned buffer, uint32_t size, void *where)
{
    if (!buffer || o->buffer[buffer].life == LIFE_bad)
        return;
    q->buffer = buffer;
    q->lent_size = size;
    q->lent = where;
}

/* As far as a list buffer reaches where overlaps matter. */
static uint32_t lent_reach(const struct request *q)
{
    return q->lent_size ? q->lent_size : 1;
}

static bool overlap(uint32_t a, uint32_t a_length, uint32_t b, uint32_t b_length)
{
    return a < (uint64_t)b + b_length && b < (uint64_t)a + a_length;
}

/* written: only what counts as mapped from the device matters. */
static bool request_covers(const struct request *q, unsigned buffer, uint32_t offset,
                           uint32_t length, bool written)
{
    for (unsigned i = 0; i < q->segment_count; i++) {
        const struct segment *s = &q->segments[i];
        bool writes = q->kind == KIND_packet ? s->from_device : q->conflicts;

        if ((writes || !written) && s->buffer == buffer &&
            overlap(s->offset, s->length, offset, length))
            return true;
    }
    return false;
}

bool bytes_mapped(const struct oracle *o, unsigned buffer, uint32_t offset, uint32_t length,
                  bool from_device_only)
{
    for (unsigned i = 0; i < o->active_count; i++) {
        const struct request *q = &o->request[o->active[i]];

        if (from_device_only && q->kind != KIND_packet && (q->to_device || q->kind == KIND_bare) &&
            !(o->foreign && q->kind == KIND_bare)) /* HAL takes its list for one from the device */
            continue;
        if (request_covers(q, buffer, offset, length, from_device_only && q->kind == KIND_packet))
            return true;
    }
    return false;
}

bool bytes_lent(const struct oracle *o, unsigned buffer, uint32_t offset, uint32_t length)
{
    for (unsigned i = 0; i < o->active_count; i++) {
        const struct request *q = &o->request[o->active[i]];

        if (q->buffer == buffer && overlap(0, lent_reach(q), offset, length))
            return true;
    }
    return false;
}

bool bytes_awaited(const struct oracle *o, unsigned buffer, uint32_t offset, uint32_t length)
{
    for (unsigned i = 0; i < o->active_count; i++) {
        const struct request *q = &o->request[o->active[i]];

        if (is_waiting(q) && q->buffer == buffer && overlap(0, lent_reach(q), offset, length))
            return true;
    }
    return false;
}

enum rig_rule lending_broken(const struct oracle *o, const struct request *q)
{
    uint32_t reach = lent_reach(q);

    if (!q->buffer)
        return RULE_NONE;
    if (o->buffer[q->buffer].page_offset % 8)
        return RULE_SGL_29;
    if (o->buffer[q->buffer].life != LIFE_live || bytes_lent(o, q->buffer, 0, reach))
        return RULE_SGL_28;
    for (unsigned i = 0; i < o->active_count; i++) {
        const struct request *other = &o->request[o->active[i]];

        if (request_covers(other, q->buffer, 0, reach, true))
            return RULE_SGL_28;
    }
    return RULE_NONE;
}

static bool segment_conflicts(const struct oracle *o, const struct request *q,
                              const struct segment *s)
{
    for (unsigned i = 0; i < o->active_count; i++) {
        const struct request *other = &o->request[o->active[i]];

        if (request_covers(other, s->buffer, s->offset, s->length, !q->conflicts))
            return true;
    }
    if (!q->conflicts)
        return false;
    return bytes_lent(o, s->buffer, s->offset, s->length) ||
           (q->buffer == s->buffer && overlap(0, lent_reach(q), s->offset, s->length));
}

enum rig_rule mapping_broken(const struct oracle *o, const struct request *q)
{
    for (unsigned i = 0; i < q->segment_count; i++)
        if (o->buffer[q->segments[i].buffer].life != LIFE_live)
            return RULE_VRF_10;
    for (unsigned i = 0; i < q->segment_count; i++)
        if (segment_conflicts(o, q, &q->segments[i]))
            return RULE_VRF_14;
    for (unsigned i = 0; i < q->segment_count; i++)
        if (pages_marked(o, o->dirty, q->segments[i].buffer, q->segments[i].offset,
                         q->segments[i].length))
            return RULE_MDL_12;
    return RULE_NONE;
}

/* ---- resources ---- */

bool registers_counted(const struct oracle *o)
{
    return !o->settings[SETTING_count_registers] || o->settings[SETTING_personality] == 1;
}

bool too_many_pieces(const struct oracle *o, struct request *q)
{
    if (q->pieces > RIG_PIECES)
        return true;
    if (!registers_counted(o) || q->pieces <= q->pool->registers)
        return false;
    q->one_run = o->settings[SETTING_double_buffer] == 1 &&
                 q->length <= (uint64_t)q->pool->registers * PAGE_SIZE;
    if (q->one_run) {
        q->pieces = 1;
        q->registers = q->pool->registers;
    }
    return !q->one_run;
}

bool no_request_slot(const struct oracle *o)
{
    return o->active_count >= o->settings[SETTING_lists];
}

bool no_ndis_slot(const struct oracle *o)
{
    unsigned count = 0;

    for (unsigned i = 0; i < o->active_count; i++)
        count += o->request[o->active[i]].kind <= KIND_bare;
    return count >= o->settings[SETTING_lists];
}

bool mapping_refused(struct oracle *o, struct call *c, const struct request *q, bool own)
{
    return resource_refused(o, c, RIG_SITE_mapping) ||
           (q->registers && resource_refused(o, c, RIG_SITE_map_registers)) ||
           (!own && resource_refused(o, c, RIG_SITE_list_memory));
}

bool pool_has_queue(const struct oracle *o, const struct pool *pool)
{
    for (unsigned i = 0; i < o->active_count; i++)
        if (o->request[o->active[i]].pool == pool &&
            o->request[o->active[i]].state == REQUEST_queued)
            return true;
    return false;
}

bool pool_has_requests(const struct oracle *o, const struct pool *pool)
{
    for (unsigned i = 0; i < o->active_count; i++)
        if (o->request[o->active[i]].pool == pool)
            return true;
    return false;
}

bool adapter_has_requests(const struct oracle *o, unsigned adapter)
{
    for (unsigned i = 0; i < o->active_count; i++)
        if (o->request[o->active[i]].adapter == adapter)
            return true;
    return false;
}

/* ---- life ---- */

void request_accept(struct oracle *o, struct request *q)
{
    assert(o->active_count < REQUESTS_MAX);
    q->state = REQUEST_queued;
    o->active[o->active_count++] = request_number(o, q);
    if (q->nb)
        o->nb[q->nb].request = request_number(o, q);
    for (unsigned i = 0; i < q->segment_count; i++)
        o->buffer[q->segments[i].buffer].mapped = true;
    if (q->buffer && o->buffer[q->buffer].lent < q->lent_size)
        o->buffer[q->buffer].lent = q->lent_size;
}

static void take_registers(struct oracle *o, struct request *q)
{
    q->pool->held += q->registers;
    q->state = REQUEST_owed;
    o->built += q->kind != KIND_packet;
}

enum frame_kind request_frame(const struct request *q)
{
    if (q->kind == KIND_packet)
        return FRAME_adapter_control;
    if (q->kind == KIND_nb)
        return FRAME_handler;
    return q->kind == KIND_bare ? FRAME_bare : FRAME_control;
}

void request_deliver_here(struct oracle *o, struct request *q)
{
    oracle_expect_here(o, request_frame(q), request_number(o, q), 0, DISPATCH_LEVEL);
}

static int other_processor(const struct oracle *o)
{
    for (unsigned i = 0; i < o->settings[SETTING_processors]; i++)
        if (i != o->processor && o->irql[i] < DISPATCH_LEVEL)
            return (int)i;
    return -1;
}

void request_grant(struct oracle *o, struct request *q)
{
    int processor = (int)o->processor;

    take_registers(o, q);
    if (o->timing == RIG_OTHER_PROCESSOR)
        processor = other_processor(o);
    if (o->timing == RIG_LATER || o->frame_count == RIG_FRAMES || processor < 0)
        o->owed[o->owed_count++] = request_number(o, q);
    else
        oracle_expect(o, request_frame(q), request_number(o, q), 0, (unsigned)processor,
                      DISPATCH_LEVEL);
}

void request_grant_or_wait(struct oracle *o, struct request *q)
{
    bool queue = pool_has_queue(o, q->pool);

    request_accept(o, q);
    if (!queue && registers_free(q))
        request_grant(o, q);
}

void requests_pump(struct oracle *o, struct pool *pool)
{
    for (unsigned i = 0; pool->live && !o->foreign && i < o->active_count; i++) {
        struct request *q = &o->request[o->active[i]];

        if (q->pool != pool || q->state != REQUEST_queued)
            continue;
        if (!registers_free(q))
            return;
        request_grant(o, q);
        if (o->expected.kind != FRAME_none)
            return; /* looked at anew when the handler has returned */
    }
}

void request_called(struct oracle *o, unsigned number)
{
    struct request *q = &o->request[number];

    assert(q->state == REQUEST_owed);
    q->state = REQUEST_live;
    q->delivered = true;
}

/* ---- the end of a request ---- */

static void take_out(unsigned *list, unsigned *count, unsigned number)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < *count; i++)
        if (list[i] != number)
            list[kept++] = list[i];
    *count = kept;
}

void request_end(struct oracle *o, struct request *q)
{
    unsigned number = request_number(o, q);

    if (q->state != REQUEST_queued) {
        o->freed += q->kind != KIND_packet;
        q->pool->held -= q->registers;
    }
    if (q->nb)
        o->nb[q->nb].request = 0;
    if (q->posted)
        take_out(o->posts, &o->post_count, number);
    take_out(o->owed, &o->owed_count, number);
    take_out(o->active, &o->active_count, number);
    q->posted = false;
    q->state = REQUEST_dead;
}

void request_withdraw(struct oracle *o, struct request *q)
{
    request_end(o, q);
    q->state = REQUEST_none;
}

/* What the device wrote lies in the data now: the NET_BUFFER's, or all of a HAL list's. */
static void data_arrive(struct oracle *o, const struct request *q)
{
    uint32_t skip = q->kind == KIND_nb ? q->current_offset : 0;
    uint32_t left = q->kind == KIND_nb ? q->data_length : q->length;
    uint32_t done = 0;

    for (unsigned i = 0; i < q->segment_count && left; i++) {
        const struct segment *s = &q->segments[i];
        uint32_t over = cut(skip, s->length);
        uint32_t take = cut(left, s->length - over);

        skip -= over;
        left -= take;
        memcpy(shadow_of(o, s->buffer) + s->offset + over, o->ramp + ((q->serial + done) & 0xFF),
               take);
        o->buffer[s->buffer].received = true;
        done += take;
    }
}

/* What the device wrote may have arrived or not: these bytes are not judged any more. */
void request_forget_data(struct oracle *o, const struct request *q)
{
    for (unsigned i = 0; q->serial && i < q->segment_count; i++) {
        struct o_buffer *buffer = &o->buffer[q->segments[i].buffer];
        uint32_t end = q->segments[i].offset + q->segments[i].length;

        buffer->lent = buffer->lent < end ? end : buffer->lent;
    }
}

static bool request_maps_twice(const struct request *q)
{
    for (unsigned i = 0; i < q->segment_count; i++)
        for (unsigned k = 0; k < i; k++) {
            const struct segment *a = &q->segments[i], *b = &q->segments[k];

            if (a->buffer == b->buffer && overlap(a->offset, a->length, b->offset, b->length))
                return true;
        }
    return false;
}

static void pages_become_stale(struct oracle *o, const struct request *q)
{
    for (unsigned i = 0; o->settings[SETTING_coherence] && i < q->segment_count; i++)
        mark_pages(o, o->stale, q->segments[i].buffer, q->segments[i].offset, q->segments[i].length,
                   true);
}

void request_free(struct oracle *o, struct call *c, struct request *q)
{
    if (q->kind == KIND_bare || !q->to_device)
        pages_become_stale(o, q);
    c->request = request_number(o, q);
    if (q->serial && request_maps_twice(q))
        request_forget_data(o, q); /* which copy wins is not said */
    else if (q->serial)
        data_arrive(o, q);
    request_end(o, q);
    c->pump = q->pool;
    requests_pump(o, q->pool);
}

unsigned request_sweep_adapter(struct oracle *o, unsigned adapter, enum rig_rule rule)
{
    unsigned swept = 0;

    for (unsigned i = o->active_count; i-- > 0;) {
        struct request *q = &o->request[o->active[i]];

        if (q->adapter != adapter)
            continue;
        if (rule)
            oracle_report_due(o, rule);
        request_forget_data(o, q);
        request_end(o, q);
        swept++;
    }
    return swept;
}

void posts_drop_adapter(struct oracle *o, unsigned adapter)
{
    for (unsigned i = o->post_count; i-- > 0;) {
        struct request *q = &o->request[o->posts[i]];

        if (q->adapter != adapter)
            continue;
        q->posted = false;
        take_out(o->posts, &o->post_count, o->posts[i]);
    }
}

/* ---- looked up by address ---- */

struct request *live_list(struct oracle *o, const void *p)
{
    for (unsigned i = 0; p && i < o->active_count; i++) {
        struct request *q = &o->request[o->active[i]];

        if (q->state == REQUEST_live && q->list == p)
            return q;
    }
    return NULL;
}

struct request *lent_list(struct oracle *o, const void *p)
{
    for (unsigned i = 0; p && i < o->active_count; i++) {
        struct request *q = &o->request[o->active[i]];

        if (q->lent == p && (is_waiting(q) || q->list != p))
            return q;
    }
    return NULL;
}

bool was_list(const struct oracle *o, const void *p)
{
    for (unsigned i = 1; p && i <= o->made[CLASS_list]; i++)
        if (o->request[i].delivered && o->request[i].list == p)
            return true;
    return false;
}
