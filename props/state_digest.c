/*
 * state_digest.c: the state that a program leaves, as one number.
 *
 * It is taken when the records run out, before open callbacks return. What lives is hashed class
 * by class, in order of making, and refers to other things by their rank among the living of their
 * class, not by name; the dead leave no mark. So an object made and destroyed leaves the digest as
 * it was, and the order in which things of different classes were made does not show.
 *
 * Left out is what only ever counts up (pages, handles, serials) and where things lie.
 */
#include "interpret.h"

enum { VIEW_BAD = 0xFFFE, VIEW_STALE = 0xFFFF };

struct survey {
    struct oracle *o;
    uint64_t hash;
    uint16_t rank[CLASS_COUNT][NAMES]; /* among the living of the class, from 1; 0: dead */
};

static void add(struct survey *s, uint64_t word)
{
    s->hash = (s->hash ^ word) * UINT64_C(0x9E3779B97F4A7C15);
    s->hash ^= s->hash >> 29;
}

static void add_pair(struct survey *s, uint32_t high, uint32_t low)
{
    add(s, (uint64_t)high << 32 | low);
}

static void add_rank(struct survey *s, enum name_class class, unsigned number)
{
    add(s, s->rank[class][number]);
}

/* ---- who lives ---- */

static bool is_up(const struct request *q)
{
    return q->state == REQUEST_queued || q->state == REQUEST_owed || q->state == REQUEST_live;
}

static enum life life_of(const struct oracle *o, enum name_class class, unsigned n)
{
    switch (class) {
    case CLASS_driver:
        return o->driver[n].life;
    case CLASS_adapter:
        return o->adapter[n].life;
    case CLASS_dma:
        return o->dma[n].life;
    case CLASS_nb:
        return o->nb[n].life;
    case CLASS_nbl:
        return o->nbl[n].life;
    case CLASS_mdl:
        return o->mdl[n].life;
    case CLASS_buffer:
        return o->buffer[n].life;
    case CLASS_hal:
        return o->hal[n].life;
    case CLASS_device:
        return o->device[n].life;
    case CLASS_provider:
        return o->provider[n].life;
    case CLASS_block:
        return o->block[n].pending ? LIFE_live : o->block[n].life;
    case CLASS_channel:
        return o->channel[n].life;
    case CLASS_base:
        if (is_up(&o->request[request_of(class, n)]))
            return LIFE_live;
        return o->request[request_of(class, n)].state == REQUEST_dead ? LIFE_stale : LIFE_bad;
    case CLASS_list:
        if (is_up(&o->request[n]))
            return LIFE_live;
        return o->request[n].state == REQUEST_dead ? LIFE_stale : LIFE_bad;
    default:
        return LIFE_bad;
    }
}

static void rank_all(struct survey *s)
{
    for (unsigned class = 0; class < CLASS_COUNT; class ++) {
        uint16_t next = 0;

        s->rank[class][0] = 0;
        for (unsigned n = 1; n <= s->o->made[class]; n++) {
            bool lives = life_of(s->o, (enum name_class) class, n) == LIFE_live;

            s->rank[class][n] = lives ? ++next : 0;
        }
        add(s, next);
    }
}

/* ---- what the living are like ---- */

static void add_driver(struct survey *s, unsigned n)
{
    add_pair(s, s->o->driver[n].minor, s->o->driver[n].adapters);
}

static void add_adapter(struct survey *s, unsigned n)
{
    const struct o_adapter *a = &s->o->adapter[n];

    add_pair(s, a->state << 12 | a->pause << 8 | a->restart << 4 | a->reset, (uint32_t)a->early);
    add_rank(s, CLASS_driver, a->driver);
    add_rank(s, CLASS_dma, a->dma);
    add_pair(s, a->flags,
             a->sends << 4 | a->unlogged << 3 | a->registration << 2 | a->general << 1 |
                 a->removed);
    add_pair(s, a->receives << 1 | a->asleep, a->power << 4 | (a->power ? a->power_to : 0));
}

static void add_pool(struct survey *s, const struct pool *pool)
{
    add_pair(s, pool->registers << 1 | pool->one_element,
             pool->held << 2 | pool->wide << 1 | pool->live);
}

static void add_dma(struct survey *s, unsigned n)
{
    const struct o_dma *dma = &s->o->dma[n];

    add_rank(s, CLASS_adapter, dma->adapter);
    add_pair(s, dma->maximum, dma->list_size << 2 | dma->completion << 1 | dma->handler);
    add_pool(s, &dma->pool);
}

static void add_controller(struct survey *s, const struct o_controller *controller)
{
    add_pair(s, controller->length, controller->left);
    add(s, controller->unit << 3 | controller->demand << 2 | controller->again << 1 |
               (controller->length && controller->to_device));
}

static void add_hal(struct survey *s, unsigned n)
{
    add_pair(s, s->o->hal[n].version, s->o->hal[n].subordinate);
    add_pool(s, &s->o->hal[n].pool);
    add_controller(s, &s->o->hal[n].controller);
}

static uint64_t change_at(const uint8_t *now, const uint8_t *first, uint32_t left)
{
    uint64_t a = 0, b = 0;
    size_t count = left < sizeof a ? left : sizeof a;

    memcpy(&a, now, count);
    memcpy(&b, first, count);
    return a ^ b;
}

/* Bytes as they were filled count for nothing, so that a buffer's number does not show. */
static void add_buffer(struct survey *s, unsigned n)
{
    const struct o_buffer *b = &s->o->buffer[n];
    const uint8_t *now = shadow_of(s->o, n), *first = s->o->filled + n % 64 * PATTERN_STRIDE;

    add_pair(s, b->length, b->page_offset);
    add_pair(s, b->lent, (uint32_t)(b->mapped << 1 | b->received));
    for (uint32_t i = b->shadow / PAGE_SIZE;
         b->length && i <= (b->shadow + b->length - 1) / PAGE_SIZE; i++)
        if (s->o->dirty[i] || s->o->stale[i])
            add_pair(s, i - b->shadow / PAGE_SIZE + 1,
                     (uint32_t)(s->o->dirty[i] << 1 | s->o->stale[i]));
    if (memcmp(now, first, b->length) == 0)
        return;
    for (uint32_t i = 0; i < b->length; i += 8) {
        uint64_t change = change_at(now + i, first + i, b->length - i);

        if (change) {
            add(s, i);
            add(s, change);
        }
    }
}

static void add_mdl(struct survey *s, unsigned n)
{
    const struct o_mdl *mdl = &s->o->mdl[n];

    add_rank(s, CLASS_buffer, mdl->buffer);
    add_rank(s, CLASS_mdl, mdl->next);
    add_pair(s, mdl->offset, mdl->length);
}

static void add_nb(struct survey *s, unsigned n)
{
    const struct o_nb *nb = &s->o->nb[n];

    add_rank(s, CLASS_mdl, nb->chain);
    add_rank(s, CLASS_mdl, nb->current);
    add_rank(s, CLASS_nbl, nb->list);
    add_rank(s, CLASS_list, nb->request);
    add_pair(s, nb->offset, nb->length);
    add(s, nb->current_offset);
}

static void add_nbl(struct survey *s, unsigned n)
{
    const struct o_nbl *list = &s->o->nbl[n];

    add_pair(s, list->count, list->pausing + 2u * list->removed + 4u * list->asleep);
    add_rank(s, CLASS_adapter, list->indicated);
    for (unsigned i = 0; i < list->count && i < 3; i++)
        add_rank(s, CLASS_nb, list->nb[i]);
    add_rank(s, CLASS_adapter, list->adapter);
}

static void add_device(struct survey *s, unsigned n)
{
    const struct o_device *d = &s->o->device[n];

    add_pair(s, d->started << 3 | d->failed << 2 | d->removed << 1 | d->stop_pending,
             d->remove_pending << 2 | d->busy << 1 | d->engine);
    add_rank(s, CLASS_provider, d->provider);
}

static void add_provider(struct survey *s, unsigned n)
{
    const struct o_provider *p = &s->o->provider[n];

    add_rank(s, CLASS_device, p->device);
    add_pair(s, p->channels, p->started << 1 | p->was_started);
}

/* What it holds shows only where it was written to. */
static void add_block(struct survey *s, unsigned n)
{
    const struct o_block *b = &s->o->block[n];

    add_pair(s, b->length,
             (uint32_t)(b->provided << 4 | b->pending << 3 | b->cached << 2 | b->damaged << 1 |
                        b->posted));
    add_rank(s, CLASS_adapter, b->adapter);
    add_rank(s, CLASS_hal, b->hal);
    for (uint32_t i = 0; b->life == LIFE_live && i < b->length; i++)
        if (block_shadow(s->o, n)[i])
            add_pair(s, i, block_shadow(s->o, n)[i]);
}

static void add_segments(struct survey *s, const struct request *q)
{
    for (unsigned i = 0; i < q->segment_count; i++) {
        add_rank(s, CLASS_buffer, q->segments[i].buffer);
        add_pair(s, q->segments[i].offset, q->segments[i].length << 1 | q->segments[i].from_device);
    }
}

static void add_request(struct survey *s, unsigned n);

static void add_base(struct survey *s, unsigned n)
{
    add_request(s, request_of(CLASS_base, n));
}

static unsigned number_of_mdl(const struct oracle *o, const void *mdl)
{
    for (unsigned i = 1; i <= o->made[CLASS_mdl]; i++)
        if (o->value[CLASS_mdl][i] == mdl)
            return i;
    return 0;
}

static void add_channel(struct survey *s, unsigned n)
{
    const struct o_channel *channel = &s->o->channel[n];

    add_rank(s, CLASS_adapter, channel->adapter);
    add_pair(s, channel->maximum, channel->number << 1 | channel->busy);
    add_pool(s, &channel->pool);
    add_controller(s, &channel->controller);
    add_request(s, request_of(CLASS_channel, n));
    if (!channel->busy)
        return;
    add_pair(s, channel->offset, channel->length);
    add_rank(s, CLASS_mdl, number_of_mdl(s->o, channel->mdl));
}

static void add_request(struct survey *s, unsigned n)
{
    const struct request *q = &s->o->request[n];

    add_pair(s, q->state << 8 | q->kind,
             q->to_device << 4 | q->conflicts << 3 | q->delivered << 2 | q->own << 1 | q->posted);
    add_rank(s, CLASS_adapter, q->adapter);
    add_rank(s, CLASS_dma, q->dma);
    add_rank(s, CLASS_hal, q->hal);
    add_rank(s, CLASS_nb, q->nb);
    add_rank(s, CLASS_mdl, q->chain);
    add_rank(s, CLASS_mdl, q->current);
    add_rank(s, CLASS_buffer, q->buffer);
    add_pair(s, q->current_offset, q->data_offset);
    add_pair(s, q->data_length, q->lent_size);
    add_pair(s, q->length, q->pieces);
    add_pair(s, q->registers, q->scribbled);
    if (q->kind == KIND_packet) {
        add_pair(s, q->asked << 4 | q->action, q->settled);
        add_pair(s, q->last, q->rest);
    }
    add_segments(s, q);
}

static void add_living(struct survey *s)
{
    static void (*const clauses[CLASS_COUNT])(struct survey *,
                                              unsigned) = {[CLASS_driver] = add_driver,
                                                           [CLASS_adapter] = add_adapter,
                                                           [CLASS_dma] = add_dma,
                                                           [CLASS_list] = add_request,
                                                           [CLASS_nb] = add_nb,
                                                           [CLASS_nbl] = add_nbl,
                                                           [CLASS_mdl] = add_mdl,
                                                           [CLASS_buffer] = add_buffer,
                                                           [CLASS_hal] = add_hal,
                                                           [CLASS_device] = add_device,
                                                           [CLASS_provider] = add_provider,
                                                           [CLASS_block] = add_block,
                                                           [CLASS_channel] = add_channel,
                                                           [CLASS_base] = add_base};

    for (unsigned class = 0; class < CLASS_COUNT; class ++)
        for (unsigned n = 1; clauses[class] && n <= s->o->made[class]; n++)
            if (s->rank[class][n])
                clauses[class](s, n);
}

/* ---- what is under way ---- */

static enum name_class class_of_frame(enum frame_kind kind)
{
    switch (kind) {
    case FRAME_handler:
    case FRAME_bare:
    case FRAME_control:
        return CLASS_list;
    case FRAME_completion:
        return CLASS_block;
    case FRAME_adapter_control:
        return CLASS_base;
    case FRAME_add_device:
    case FRAME_pnp:
        return CLASS_device;
    case FRAME_affinity:
        return CLASS_provider;
    case FRAME_unload:
        return CLASS_nothing;
    default:
        return CLASS_adapter;
    }
}

static void add_frame(struct survey *s, const struct frame *frame)
{
    enum name_class class = class_of_frame(frame->kind);

    add_pair(s, frame->kind, (uint32_t)(frame->processor << 8 | frame->level));
    add_pair(s, frame->caller, frame->caller_level);
    if (class != CLASS_nothing)
        add_rank(s, class, name_of_request(frame->object));
    if (frame->kind == FRAME_send || frame->kind == FRAME_return)
        add_rank(s, CLASS_nbl, frame->detail);
    else
        add(s, frame->detail);
}

static void add_requests(struct survey *s, const unsigned *numbers, unsigned count)
{
    add(s, count);
    for (unsigned i = 0; i < count; i++)
        if (numbers[i] & OWED_BLOCK)
            add_pair(s, 1, s->rank[CLASS_block][numbers[i] & ~(unsigned)OWED_BLOCK]);
        else
            add_rank(s, class_of_request(numbers[i]), name_of_request(numbers[i]));
}

static void add_under_way(struct survey *s)
{
    const struct oracle *o = s->o;

    for (unsigned i = 0; i < o->frame_count; i++)
        add_frame(s, &o->frames[i]);
    for (const struct call *c = o->call; c; c = c->outer) {
        add_pair(s, c->op, c->made ? s->rank[c->row->makes][c->made] : 0);
        add_rank(s, class_of_request(c->request), name_of_request(c->request));
    }
    add_requests(s, o->active, o->active_count);
    add_requests(s, o->owed, o->owed_count);
    add_requests(s, o->posts, o->post_count);
}

static void add_computer(struct survey *s, const struct machine *machine)
{
    const struct oracle *o = s->o;
    struct rig_count count;

    for (unsigned i = 0; i < SETTING_COUNT; i++)
        add(s, o->settings[i]);
    for (unsigned i = 0; i < 4; i++)
        add(s, o->irql[i]);
    add_pair(s, o->timing, o->processor);
    if (o->refusal_armed)
        add_pair(s, o->refusal_site + 1, o->refusal_after);
    rig_count(machine, &count);
    add_pair(s, count.adapters, count.dma_handles);
    add_pair(s, count.channels, count.packets);
    add_pair(s, count.dma_adapters, count.providers);
    add_pair(s, count.devices, count.lists_live);
    add_pair(s, count.lists_waiting, count.lists_owed);
    add_pair(s, count.registers_total, count.registers_held);
    for (unsigned i = 1; i <= o->commons; i++)
        if (o->common[i].live)
            add_pair(s, o->common[i].used, o->common[i].blocks << 1 | o->common[i].deferred);
    add_pair(s, count.common_buffers, count.blocks_live << 8 | count.blocks_pending);
    add(s, rig_device_posted(machine));
}

/* ---- what the newest names stand for ---- */

/* The living list that lies where the dead list N lay: references to N find it. */
static unsigned revived(const struct survey *s, unsigned n)
{
    const struct oracle *o = s->o;

    for (unsigned k = 1; o->value[CLASS_list][n] && k <= o->made[CLASS_list]; k++)
        if (s->rank[CLASS_list][k] && o->value[CLASS_list][k] == o->value[CLASS_list][n])
            return s->rank[CLASS_list][k];
    return 0;
}

static unsigned view_of(const struct survey *s, enum name_class class, unsigned n)
{
    if (s->rank[class][n])
        return s->rank[class][n];
    if (class == CLASS_list && revived(s, n))
        return 0x8000 | revived(s, n);
    return life_of(s->o, class, n) == LIFE_stale ? VIEW_STALE : VIEW_BAD;
}

static uint64_t view_digest(struct survey *s)
{
    for (unsigned class = 0; class < CLASS_COUNT; class ++) {
        unsigned made = s->o->made[class];

        for (unsigned back = 0; back < STATE_VIEW && back < made; back++)
            add(s, view_of(s, (enum name_class) class, made - back));
        add(s, UINT64_MAX);
    }
    return s->hash;
}

void state_note(struct runner *r)
{
    struct survey s;

    if (!r->options.state || r->outcome->state)
        return;
    s.o = &r->oracle;
    s.hash = 1;
    rank_all(&s);
    add_living(&s);
    add_under_way(&s);
    add_computer(&s, r->machine);
    r->outcome->state = s.hash | 1;
    r->outcome->view = view_digest(&s);
}
