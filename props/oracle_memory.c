/*
 * oracle_memory.c: buffers, MDLs, NET_BUFFERs, and the processor's access to them.
 */
#include "oracle.h"

enum { BUFFERS_MAX = 64, MDLS_MAX = 64, NBS_MAX = 64, NBLS_MAX = 32 };

/* ---- chains ---- */

uint64_t chain_bytes(const struct oracle *o, unsigned mdl)
{
    uint64_t bytes = 0;

    for (; mdl; mdl = o->mdl[mdl].next)
        bytes += o->mdl[mdl].length;
    return bytes;
}

uint32_t span_of(const struct oracle *o, const struct segment *segment)
{
    uint32_t start = (o->buffer[segment->buffer].page_offset + segment->offset) % PAGE_SIZE;

    return segment->length ? (start + segment->length + PAGE_SIZE - 1) / PAGE_SIZE : 0;
}

uint64_t chain_segments(const struct oracle *o, unsigned chain, uint64_t offset, uint64_t length,
                        bool to_end, struct segment *segments, unsigned *count)
{
    uint64_t mapped = 0;

    *count = 0;
    for (; chain && mapped < length; chain = o->mdl[chain].next) {
        const struct o_mdl *mdl = &o->mdl[chain];
        uint32_t skip = cut(offset, mdl->length);
        uint32_t take = cut(length - mapped, mdl->length - skip);

        offset -= skip;
        if (take && to_end && mapped + take == length)
            take = mdl->length - skip;
        if (take)
            segments[(*count)++] = (struct segment){
                .buffer = mdl->buffer, .offset = mdl->offset + skip, .length = take};
        mapped += take;
    }
    return mapped;
}

/* ---- making ---- */

void oracle_buffer(struct oracle *o, struct call *c)
{
    struct o_buffer *buffer = &o->buffer[c->made];
    uint32_t length = c->length = (uint32_t)number_of(c, 0, RIG_BUFFER_LIMIT);
    uint32_t offset = c->offset = (uint32_t)(number_of(c, 1, PAGE_SIZE) % PAGE_SIZE);
    uint64_t pages = ((uint64_t)offset + length + PAGE_SIZE - 1) / PAGE_SIZE;

    if (length < 1 || length > RIG_BUFFER_LIMIT || o->page + pages > RIG_PAGES ||
        o->buffers == BUFFERS_MAX || resource_refused(o, c, RIG_SITE_pages)) {
        fails(c, STATUS_UNSUCCESSFUL);
        return;
    }
    buffer->life = LIFE_live;
    buffer->length = length;
    buffer->page_offset = offset;
    buffer->shadow = o->page * PAGE_SIZE + offset;
    o->page += (unsigned)pages;
    o->buffers++;
    memcpy(shadow_of(o, c->made), o->filled + c->made % 64 * PATTERN_STRIDE, length);
}

void oracle_mdl(struct oracle *o, struct call *c)
{
    struct o_mdl *mdl = &o->mdl[c->made];
    unsigned buffer = named(c, 0, CLASS_buffer);
    unsigned next = named(c, 3, CLASS_mdl);
    uint32_t bytes = buffer ? o->buffer[buffer].length : 0;

    c->offset = cut(number_of(c, 1, bytes), bytes);
    c->length = cut(number_of(c, 2, bytes - c->offset), bytes - c->offset);
    if (!next || o->mdl[next].life != LIFE_live)
        next = 0;
    if (!buffer || o->buffer[buffer].life != LIFE_live || o->mdls == MDLS_MAX ||
        resource_refused(o, c, RIG_SITE_mdl)) {
        fails(c, STATUS_UNSUCCESSFUL);
        return;
    }
    *mdl = (struct o_mdl){.life = LIFE_live,
                          .buffer = buffer,
                          .next = next,
                          .offset = c->offset,
                          .length = c->length};
    o->mdls++;
}

/* Where the data starts: the normal form. */
static void normalise(const struct oracle *o, struct o_nb *nb)
{
    uint32_t left = nb->offset;
    unsigned mdl = nb->chain;

    while (left >= o->mdl[mdl].length && o->mdl[mdl].next) {
        left -= o->mdl[mdl].length;
        mdl = o->mdl[mdl].next;
    }
    nb->current = mdl;
    nb->current_offset = left;
}

/* At the end of the MDL that the data offset is the end of, if there is one (AMB-14). */
static void put_at_end(const struct oracle *o, struct o_nb *nb)
{
    uint32_t end = 0;

    for (unsigned mdl = nb->chain; mdl; mdl = o->mdl[mdl].next) {
        end += o->mdl[mdl].length;
        if (end == nb->offset && o->mdl[mdl].length) {
            nb->current = mdl;
            nb->current_offset = o->mdl[mdl].length;
            return;
        }
    }
}

void oracle_net_buffer(struct oracle *o, struct call *c)
{
    struct o_nb *nb = &o->nb[c->made];
    unsigned chain = named(c, 0, CLASS_mdl);
    uint64_t bytes;

    if (chain && o->mdl[chain].life != LIFE_live)
        chain = 0;
    bytes = chain_bytes(o, chain);
    c->offset = cut(number_of(c, 1, bytes), bytes);
    c->length = cut(number_of(c, 2, bytes - c->offset), bytes - c->offset);
    if (!chain || o->nbs == NBS_MAX || resource_refused(o, c, RIG_SITE_net_buffer)) {
        fails(c, STATUS_UNSUCCESSFUL);
        return;
    }
    *nb =
        (struct o_nb){.life = LIFE_live, .chain = chain, .offset = c->offset, .length = c->length};
    normalise(o, nb);
    if (c->a[3].n == 1)
        put_at_end(o, nb);
    o->nbs++;
}

void oracle_net_buffer_list(struct oracle *o, struct call *c)
{
    struct o_nbl *list = &o->nbl[c->made];

    for (unsigned i = 0; i < 3; i++) {
        unsigned nb = named(c, i, CLASS_nb);

        if (!nb || o->nb[nb].life != LIFE_live || o->nb[nb].list || o->nbls == NBLS_MAX)
            continue;
        list->nb[list->count++] = nb;
        o->nb[nb].list = c->made;
    }
    if (!list->count || resource_refused(o, c, RIG_SITE_net_buffer_list)) {
        for (unsigned i = 0; i < list->count; i++)
            o->nb[list->nb[i]].list = 0;
        fails(c, STATUS_UNSUCCESSFUL);
        return;
    }
    list->life = LIFE_live;
    o->nbls++;
}

/* ---- releasing ---- */

void oracle_free_buffer(struct oracle *o, struct call *c)
{
    unsigned n = named(c, 0, CLASS_buffer);

    if (!n || o->buffer[n].life != LIFE_live)
        never(c);
    else if (bytes_lent(o, n, 0, o->buffer[n].length))
        refuse(c, RULE_FSG_09);
    else if (bytes_mapped(o, n, 0, o->buffer[n].length, false))
        refuse(c, RULE_SGL_32);
    else
        o->buffer[n].life = LIFE_stale;
}

/* ---- the processor's access ---- */

void mark_pages(struct oracle *o, bool *marks, unsigned buffer, uint32_t offset, uint32_t length,
                bool mark)
{
    uint32_t start = o->buffer[buffer].shadow + offset;

    for (uint32_t i = start / PAGE_SIZE; length && i <= (start + length - 1) / PAGE_SIZE; i++)
        marks[i] = mark;
}

bool pages_marked(const struct oracle *o, const bool *marks, unsigned buffer, uint32_t offset,
                  uint32_t length)
{
    uint32_t start = o->buffer[buffer].shadow + offset;

    for (uint32_t i = start / PAGE_SIZE; length && i <= (start + length - 1) / PAGE_SIZE; i++)
        if (marks[i])
            return true;
    return false;
}

void oracle_KeFlushIoBuffers(struct oracle *o, struct call *c)
{
    unsigned n = named(c, 0, CLASS_mdl);
    const struct o_mdl *mdl = &o->mdl[n];
    unsigned operation = c->a[1].n;

    if (!n || mdl->life != LIFE_live)
        refuse(c, RULE_MDL_12);
    else if (!wrong_level(o, c) && operation < 2)
        mark_pages(o, operation == 1 ? o->stale : o->dirty, mdl->buffer, mdl->offset, mdl->length,
                   false);
}

/* The bytes of the buffer behind the MDL's; 0: there is nothing to access. */
static unsigned resolve_access(struct oracle *o, struct call *c, uint32_t *start)
{
    unsigned mdl = named(c, 0, CLASS_mdl);
    uint32_t bytes = mdl && o->mdl[mdl].life == LIFE_live ? o->mdl[mdl].length : 0;
    unsigned buffer = mdl ? o->mdl[mdl].buffer : 0;

    c->offset = cut(number_of(c, 1, bytes), bytes);
    c->length = cut(number_of(c, 2, bytes - c->offset), bytes - c->offset);
    if (!c->length || o->buffer[buffer].life != LIFE_live)
        return 0;
    *start = o->mdl[mdl].offset + c->offset;
    return buffer;
}

void oracle_cpu_write(struct oracle *o, struct call *c)
{
    uint32_t start;
    unsigned buffer = resolve_access(o, c, &start);

    if (!buffer)
        never(c);
    else if (bytes_mapped(o, buffer, start, c->length, false))
        refuse(c, RULE_SGL_26);
    else if (bytes_lent(o, buffer, start, c->length))
        refuse(c, RULE_SGL_39);
    else {
        c->serial = ++o->writes;
        memcpy(shadow_of(o, buffer) + start, o->written + c->serial % 64 * PATTERN_STRIDE,
               c->length);
        if (o->settings[SETTING_coherence])
            mark_pages(o, o->dirty, buffer, start, c->length, true);
    }
}

void oracle_cpu_read(struct oracle *o, struct call *c)
{
    uint32_t start;
    unsigned buffer = resolve_access(o, c, &start);

    if (!buffer)
        never(c);
    else if (bytes_mapped(o, buffer, start, c->length, true))
        refuse(c, RULE_FSG_05);
    else if (bytes_awaited(o, buffer, start, c->length))
        refuse(c, RULE_SGL_12);
    else if (pages_marked(o, o->stale, buffer, start, c->length))
        refuse(c, RULE_MDL_12);
}

/* ---- NET_BUFFERs ---- */

static unsigned live_nb(const struct oracle *o, struct call *c)
{
    unsigned n = named(c, 0, CLASS_nb);

    if (n && o->nb[n].life == LIFE_live)
        return n;
    refuse(c, RULE_LIFE_75);
    return 0;
}

static bool driver_owns(const struct oracle *o, unsigned nb)
{
    return !o->nb[nb].list || o->nbl[o->nb[nb].list].adapter;
}

/* A live NET_BUFFER that the driver may look at, at the right level; 0: CALL is refused. */
static unsigned owned_nb(const struct oracle *o, struct call *c)
{
    unsigned n = live_nb(o, c);

    if (!n || wrong_level(o, c))
        return 0;
    if (driver_owns(o, n))
        return n;
    refuse(c, RULE_LIFE_75);
    return 0;
}

void oracle_NdisFreeNetBuffer(struct oracle *o, struct call *c)
{
    unsigned n = live_nb(o, c);

    if (!n || wrong_level(o, c))
        return;
    if (o->nb[n].list)
        refuse(c, RULE_LIFE_76);
    else if (o->nb[n].request)
        refuse(c, is_waiting(&o->request[o->nb[n].request]) ? RULE_PSG_13 : RULE_FSG_12);
    else
        o->nb[n].life = LIFE_stale;
}

/* Advance or retreat: the data moves by DELTA bytes, cut to LIMIT. */
static unsigned resolve_move(struct oracle *o, struct call *c, bool forward)
{
    unsigned n = named(c, 0, CLASS_nb);
    bool live = n && o->nb[n].life == LIFE_live;
    uint32_t limit = live ? (forward ? o->nb[n].length : o->nb[n].offset) : 0;

    c->length = cut(number_of(c, 1, limit), limit);
    return owned_nb(o, c);
}

void oracle_NdisAdvanceNetBufferDataStart(struct oracle *o, struct call *c)
{
    unsigned n = resolve_move(o, c, true);

    if (!n)
        return;
    o->nb[n].offset += c->length;
    o->nb[n].length -= c->length;
    normalise(o, &o->nb[n]);
}

void oracle_NdisRetreatNetBufferDataStart(struct oracle *o, struct call *c)
{
    unsigned n = resolve_move(o, c, false);

    if (!n)
        return;
    o->nb[n].offset -= c->length;
    o->nb[n].length += c->length;
    normalise(o, &o->nb[n]);
}

uint32_t pieces_of(const struct oracle *o, unsigned chain, uint64_t bytes)
{
    struct segment segments[SEGMENTS];
    unsigned count;
    uint32_t pieces = 0;

    chain_segments(o, chain, 0, bytes, false, segments, &count);
    for (unsigned i = 0; i < count; i++)
        pieces += span_of(o, &segments[i]);
    return pieces;
}

void oracle_NdisQueryNetBufferPhysicalCount(struct oracle *o, struct call *c)
{
    unsigned n = owned_nb(o, c);

    if (!n)
        return;
    c->value = pieces_of(o, o->nb[n].current, (uint64_t)o->nb[n].current_offset + o->nb[n].length);
    if (o->foreign)
        layer_counts(o, c, n);
}
