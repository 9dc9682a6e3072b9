/*
 * oracle_sg.c: scatter/gather DMA of NDIS.
 */
#include "choices.h"
#include "oracle.h"

/* ---- registration ---- */

static bool flags_unknown(const struct o_adapter *adapter, unsigned flags)
{
    unsigned known = NDIS_SG_DMA_64_BIT_ADDRESS;

    if (adapter->minor >= 50)
        known |= NDIS_SG_DMA_V3_HAL_API;
    if (adapter->minor >= 85)
        known |= NDIS_SG_DMA_HYBRID_DMA;
    return (flags & ~known) != 0;
}

static bool registration_refused(struct oracle *o, struct call *c, unsigned adapter)
{
    const struct o_adapter *a = &o->adapter[adapter];
    unsigned header = c->a[3].n;

    if (!adapter)
        refuse(c, RULE_SG_03);
    else if (wrong_level(o, c))
        return true;
    else if (a->state != STATE_initializing)
        refuse(c, RULE_SG_02);
    else if (!a->registration)
        refuse_with(c, RULE_SG_04, NDIS_STATUS_NOT_SUPPORTED);
    else if (a->dma)
        refuse_with(c, RULE_SG_22, NDIS_STATUS_RESOURCES);
    else if (header == HEADER_wrong_type || header == HEADER_short)
        refuse_with(c, RULE_SG_06,
                    o->settings[SETTING_bad_description] ? NDIS_STATUS_BAD_VERSION
                                                         : NDIS_STATUS_FAILURE);
    return c->rule != RULE_NONE;
}

static NTSTATUS registration_status(struct oracle *o, struct call *c, unsigned adapter,
                                    uint32_t maximum)
{
    const struct o_adapter *a = &o->adapter[adapter];
    unsigned header = c->a[3].n;
    static const NTSTATUS told[] = {NDIS_STATUS_SUCCESS, NDIS_STATUS_RESOURCES,
                                    NDIS_STATUS_NOT_SUPPORTED, NDIS_STATUS_BAD_VERSION};

    if (header == HEADER_revision_0 || (header == HEADER_revision_2 && a->minor < 85) ||
        (header != HEADER_revision_2 && a->minor >= 85 && o->settings[SETTING_old_description]))
        return NDIS_STATUS_BAD_VERSION;
    if ((o->settings[SETTING_null_handler] && c->a[4].n == 1) ||
        (o->settings[SETTING_unknown_flags] && a->minor >= 50 && flags_unknown(a, c->a[2].n)))
        return NDIS_STATUS_FAILURE;
    if (!(a->flags & NDIS_MINIPORT_ATTRIBUTES_BUS_MASTER))
        return NDIS_STATUS_NOT_SUPPORTED;
    if (!maximum && o->settings[SETTING_zero_mapping])
        return NDIS_STATUS_RESOURCES;
    if (o->settings[SETTING_fail_register])
        return told[o->settings[SETTING_fail_register]];
    if (no_dma_adapter(o) || resource_refused(o, c, RIG_SITE_dma_adapter) ||
        resource_refused(o, c, RIG_SITE_dma))
        return NDIS_STATUS_RESOURCES;
    return NDIS_STATUS_SUCCESS;
}

static void register_dma(struct oracle *o, struct call *c)
{
    unsigned adapter = live_adapter(o, c, 0);
    struct o_dma *dma = &o->dma[c->made];

    if (c->status != NDIS_STATUS_SUCCESS)
        return;
    *dma = (struct o_dma){.life = LIFE_live,
                          .adapter = adapter,
                          .handler = c->a[4].n != 1,
                          .completion = c->a[4].n != 2,
                          .maximum = c->length};
    dma->pool = (struct pool){.live = true,
                              .wide = c->a[2].n & NDIS_SG_DMA_64_BIT_ADDRESS,
                              .registers = registers_for(o, c->length)};
    dma->list_size = list_size_of(dma->pool.registers);
    c->value = dma->list_size;
    o->adapter[adapter].dma = c->made;
    o->dmas++;
}

void oracle_NdisMRegisterScatterGatherDma(struct oracle *o, struct call *c)
{
    unsigned adapter = live_adapter(o, c, 0);
    uint32_t maximum = c->length = (uint32_t)number_of(c, 1, UINT32_MAX);

    if (registration_refused(o, c, adapter))
        return;
    c->settle = register_dma;
    if (layer_registers(o, c, adapter))
        return;
    if (flags_unknown(&o->adapter[adapter], c->a[2].n))
        warn(c, RULE_SG_09);
    else if (!maximum)
        warn(c, RULE_SG_11);
    c->status = registration_status(o, c, adapter, maximum);
    register_dma(o, c);
}

/* The DMA handle, or CALL is refused: RULE for a bad one. */
static struct o_dma *dma_of(struct oracle *o, struct call *c, enum rig_rule rule)
{
    unsigned n = named(c, 0, CLASS_dma);

    if (n && o->dma[n].life == LIFE_live)
        return wrong_level(o, c) ? NULL : &o->dma[n];
    refuse(c, n && o->dma[n].life == LIFE_stale ? RULE_SG_34 : rule);
    return NULL;
}

static bool has_posted(const struct oracle *o, const struct pool *pool)
{
    for (unsigned i = 0; i < o->post_count; i++)
        if (o->request[o->posts[i]].pool == pool)
            return true;
    return false;
}

void oracle_NdisMDeregisterScatterGatherDma(struct oracle *o, struct call *c)
{
    bool is_adapter =
        c->a[0].ref.mode == REF_WRONG && c->a[0].ref.class == CLASS_adapter && c->a[0].value;
    struct o_dma *dma = dma_of(o, c, is_adapter ? RULE_SG_33 : RULE_SG_40);
    enum o_state state;

    if (!dma)
        return;
    state = o->adapter[dma->adapter].state;
    if (state != STATE_initializing && state != STATE_halting && state != STATE_shutdown)
        refuse(c, RULE_SG_31);
    else if (has_posted(o, &dma->pool))
        refuse(c, RULE_SG_37);
    else if (pool_has_requests(o, &dma->pool))
        refuse(c, RULE_SG_35);
    else if (pool_has_blocks(o, &dma->pool))
        refuse(c, RULE_SG_36);
    if (c->rule)
        return;
    commons_drain(o, &dma->pool);
    if (state == STATE_shutdown)
        warn(c, RULE_SG_39);
    dma->life = LIFE_stale;
    dma->pool.live = false;
    o->adapter[dma->adapter].dma = 0;
    o->dmas--;
}

/* ---- lists for NET_BUFFERs ---- */

static enum rig_rule net_buffer_broken(const struct oracle *o, const struct o_dma *dma, unsigned nb,
                                       bool to_device)
{
    const struct o_nbl *list = &o->nbl[nb ? o->nb[nb].list : 0];

    if (!nb || o->nb[nb].life != LIFE_live)
        return RULE_SGL_02;
    if (o->nb[nb].list && list->adapter != dma->adapter)
        return RULE_LIFE_75;
    if (o->nb[nb].list && list->pausing)
        return RULE_LIFE_34;
    if (o->nb[nb].list && list->asleep)
        return RULE_LIFE_73;
    if (o->nb[nb].request)
        return RULE_SGL_33;
    return o->nb[nb].list && !to_device ? RULE_SGL_07 : RULE_NONE;
}

static void plan_net_buffer(struct oracle *o, struct request *q, struct o_dma *dma, unsigned nb)
{
    const struct o_nb *b = &o->nb[nb];

    q->pool = &dma->pool;
    q->adapter = dma->adapter;
    q->dma = (unsigned)(dma - o->dma);
    q->nb = nb;
    q->chain = b->chain;
    q->current = b->current;
    q->current_offset = b->current_offset;
    q->data_offset = b->offset;
    q->data_length = b->length;
    request_map(o, q, b->current, 0, (uint64_t)b->current_offset + b->length,
                o->settings[SETTING_list_end] == 1 && !o->foreign);
}

static bool allocation_refused(struct oracle *o, struct call *c, struct o_dma *dma,
                               struct request *q)
{
    unsigned nb = named(c, 1, CLASS_nb);
    enum rig_rule rule = net_buffer_broken(o, dma, nb, q->to_device);

    if (!dma->handler)
        rule = RULE_SG_13;
    if (!rule) {
        plan_net_buffer(o, q, dma, nb);
        rule = lending_broken(o, q);
    }
    if (!rule)
        rule = mapping_broken(o, q);
    if (rule)
        refuse(c, rule);
    return rule != RULE_NONE;
}

static void allocation_warnings(const struct oracle *o, struct call *c, const struct o_dma *dma,
                                const struct request *q)
{
    uint64_t bytes = (uint64_t)q->current_offset + q->data_length;
    uint32_t pieces = pieces_of(o, q->current, bytes);

    if (o->adapter[dma->adapter].state == STATE_shutdown)
        warn(c, RULE_LIFE_53);
    if (c->a[2].n & ~(unsigned)NDIS_SG_LIST_WRITE_TO_DEVICE)
        warn(c, RULE_SGL_06);
    if (q->data_length > dma->maximum)
        warn(c, RULE_SG_12);
    if (q->buffer && q->lent_size < dma->list_size)
        warn(c, RULE_SG_16);
    if (!c->a[3].value && c->length)
        warn(c, RULE_SGL_09);
    if (pieces > 16 && bytes / pieces < 256)
        warn(c, RULE_SGL_30);
}

static bool allocation_fails(struct oracle *o, struct call *c, const struct o_dma *dma,
                             struct request *q)
{
    uint32_t needed = o->settings[SETTING_empty_data] ? q->length : q->data_length;
    bool many = too_many_pieces(o, q);
    bool own =
        q->buffer && q->lent_size >= list_size_of(q->pieces) && !o->settings[SETTING_placement];

    return !needed || o->settings[SETTING_fail_list] ||
           (q->data_length > dma->maximum && registers_counted(o)) || many || no_ndis_slot(o) ||
           resource_refused(o, c, RIG_SITE_request) || no_request_slot(o) ||
           mapping_refused(o, c, q, own);
}

static void allocate(struct oracle *o, struct call *c)
{
    struct request *q = request_plan(o, c, KIND_nb);
    unsigned named_dma = named(c, 0, CLASS_dma);
    unsigned buffer = named(c, 3, CLASS_buffer);
    uint32_t limit =
        named_dma && o->dma[named_dma].life == LIFE_live ? o->dma[named_dma].list_size : 0;
    struct o_dma *dma;

    c->length = (uint32_t)number_of(c, 4, limit);
    if (buffer)
        c->length = cut(c->length, o->buffer[buffer].length);
    dma = dma_of(o, c, RULE_SGL_05);
    if (!dma)
        return;
    q->to_device = c->a[2].n & NDIS_SG_LIST_WRITE_TO_DEVICE;
    q->conflicts = !q->to_device;
    request_lend(o, q, buffer, c->length, c->a[3].value);
    if (allocation_refused(o, c, dma, q))
        return;
    if (layer_takes_list(o, c, q))
        return;
    allocation_warnings(o, c, dma, q);
    if (allocation_fails(o, c, dma, q))
        fails(c, NDIS_STATUS_RESOURCES);
    else
        request_grant_or_wait(o, q);
}

void oracle_NdisMAllocateNetBufferSGList(struct oracle *o, struct call *c)
{
    allocate(o, c);
    if (c->rule)
        fails(c, NDIS_STATUS_RESOURCES); /* SGL-08: SUCCESS or this */
}

static bool nb_changed(const struct oracle *o, const struct request *q)
{
    const struct o_nb *nb = &o->nb[q->nb];

    return nb->current != q->current || nb->current_offset != q->current_offset ||
           nb->length != q->data_length || nb->chain != q->chain;
}

/* What is wrong with a list that is not the live one of this handle: (b) to (e). */
static enum rig_rule no_such_list(struct oracle *o, const struct call *c, unsigned dma,
                                  const void *p)
{
    const struct request *q = lent_list(o, p);
    unsigned nb = named(c, 2, CLASS_nb);

    if (q)
        return q->dma != dma || q->kind != KIND_nb ? RULE_FSG_02
               : is_waiting(q)                     ? RULE_FSG_08
                                                   : RULE_FSG_03;
    if (was_list(o, p))
        return RULE_FSG_07;
    if (!p && nb && o->nb[nb].request && is_waiting(&o->request[o->nb[nb].request]))
        return RULE_FSG_08;
    return RULE_FSG_02;
}

static enum rig_rule free_broken(struct oracle *o, const struct call *c, unsigned dma,
                                 const struct request *q, const void *p)
{
    if (!q)
        return no_such_list(o, c, dma, p);
    if (q->kind == KIND_bare)
        return RULE_BSG_14;
    if (q->kind != KIND_nb || q->dma != dma || named(c, 2, CLASS_nb) != q->nb)
        return RULE_FSG_02;
    if (nb_changed(o, q))
        return RULE_FSG_13;
    if (q->scribbled)
        return RULE_SGL_39;
    return q->posted ? RULE_FSG_04 : RULE_NONE;
}

void *list_or_buffer(const struct oracle *o, const struct call *c, unsigned i, unsigned pick)
{
    unsigned n = named(c, i, CLASS_list);

    if (!pick)
        return c->a[i].value;
    return n && o->request[n].state != REQUEST_none ? o->request[n].lent : NULL;
}

void oracle_NdisMFreeNetBufferSGList(struct oracle *o, struct call *c)
{
    struct o_dma *dma = dma_of(o, c, RULE_FSG_02);
    struct request *q;
    enum rig_rule rule;

    c->a[1].value = list_or_buffer(o, c, 1, c->a[3].n);
    if (!dma)
        return;
    q = live_list(o, c->a[1].value);
    rule = free_broken(o, c, (unsigned)(dma - o->dma), q, c->a[1].value);
    if (rule) {
        refuse(c, rule);
        return;
    }
    if (o->adapter[dma->adapter].state == STATE_shutdown)
        warn(c, RULE_LIFE_53);
    request_free(o, c, q);
}

/* ---- lists for a bare MDL ---- */

static uint64_t va_offset(const struct oracle *o, const struct o_mdl *mdl, unsigned va)
{
    uint32_t start = (o->buffer[mdl->buffer].page_offset + mdl->offset) % PAGE_SIZE;
    const uint64_t offsets[] = {0, PAGE_SIZE - start, (uint64_t)mdl->length - 1, mdl->length,
                                UINT64_MAX};

    return offsets[va];
}

unsigned mdl_argument(const struct call *c)
{
    unsigned i = 0;

    while (c->row->operands[i].kind != OPERAND_REF || c->row->operands[i].class != CLASS_mdl)
        i++;
    return i;
}

bool va_inside(const struct oracle *o, struct call *c, unsigned mdl, unsigned va, uint64_t *offset)
{
    *offset = mdl ? va_offset(o, &o->mdl[mdl], va) : 0;
    c->offset = (uint32_t)*offset;
    return mdl && *offset < o->mdl[mdl].length;
}

static enum rig_rule parameters_broken(unsigned parameters)
{
    return parameters == PARAMETERS_good || parameters == PARAMETERS_queue_1 ||
                   parameters == PARAMETERS_usage_10
               ? RULE_NONE
               : RULE_BSG_04;
}

static enum rig_rule bare_broken(struct oracle *o, struct call *c, struct request *q)
{
    unsigned mdl = named(c, 1, CLASS_mdl);
    unsigned buffer = named(c, 3, CLASS_buffer);
    uint64_t offset;
    bool inside;
    uint64_t left;

    mdl = mdl && o->mdl[mdl].life == LIFE_live ? mdl : 0;
    inside = va_inside(o, c, mdl, c->a[5].n, &offset);
    left = inside ? chain_bytes(o, mdl) - offset : 0;
    c->length = (uint32_t)number_of(c, 2, left);
    if (parameters_broken(c->a[4].n))
        return RULE_BSG_04;
    if (!inside || !c->length || c->length > left)
        return RULE_BSG_05;
    if (c->a[4].n != PARAMETERS_good)
        return RULE_BSG_06;
    request_lend(o, q, buffer, buffer ? o->buffer[buffer].length : 0, c->a[3].value);
    if (!q->buffer)
        return RULE_BSG_07;
    request_map(o, q, mdl, offset, c->length, false);
    return lending_broken(o, q) ? lending_broken(o, q) : mapping_broken(o, q);
}

static NTSTATUS bare_status(struct oracle *o, struct call *c, struct request *q)
{
    NTSTATUS none =
        o->settings[SETTING_build_refusal] ? NDIS_STATUS_FAILURE : NDIS_STATUS_RESOURCES;

    if (too_many_pieces(o, q))
        return none; /* whatever the memory */
    if (q->lent_size < list_size_of(q->pieces)) {
        c->value = list_size_of(q->pieces);
        return NDIS_STATUS_BUFFER_TOO_SHORT;
    }
    if (pool_has_queue(o, q->pool) || !registers_free(q) || o->frame_count == RIG_FRAMES ||
        no_ndis_slot(o) || resource_refused(o, c, RIG_SITE_request) || no_request_slot(o) ||
        mapping_refused(o, c, q, true))
        return none;
    return NDIS_STATUS_SUCCESS;
}

void oracle_NdisBuildScatterGatherList(struct oracle *o, struct call *c)
{
    struct request *q = request_plan(o, c, KIND_bare);
    unsigned adapter = live_adapter(o, c, 0);
    unsigned dma = o->adapter[adapter].dma;
    enum rig_timing timing = o->timing;
    enum rig_rule rule;

    q->to_device = true;
    q->conflicts = true;
    q->adapter = adapter;
    rule = bare_broken(o, c, q);
    if (!adapter)
        refuse(c, RULE_BSG_02);
    else if (wrong_level(o, c))
        return;
    else if (!dma)
        refuse(c, RULE_BSG_03);
    else if (rule)
        refuse(c, rule);
    if (c->rule)
        return;
    q->dma = dma;
    q->pool = &o->dma[dma].pool;
    if (layer_takes_list(o, c, q))
        return;
    c->status = bare_status(o, c, q);
    if (c->status != NDIS_STATUS_SUCCESS)
        return;
    request_accept(o, q);
    o->timing = RIG_INSIDE;
    request_grant(o, q);
    o->timing = timing;
}

void oracle_NdisFreeScatterGatherList(struct oracle *o, struct call *c)
{
    unsigned adapter = live_adapter(o, c, 0);
    struct request *q = live_list(o, c->a[1].value);

    if (!adapter)
        refuse(c, RULE_BSG_02);
    else if (wrong_level(o, c))
        return;
    else if (q && q->kind == KIND_nb)
        refuse(c, RULE_BSG_14);
    else if (!q || q->kind != KIND_bare || q->adapter != adapter)
        refuse(c, RULE_BSG_11);
    else if (q->scribbled)
        refuse(c, RULE_SGL_39);
    else if (q->posted)
        refuse(c, RULE_FSG_04);
    else
        request_free(o, c, q);
}

void oracle_NdisMGetDmaAlignment(struct oracle *o, struct call *c)
{
    unsigned adapter = live_adapter(o, c, 0);

    if (!adapter)
        refuse(c, RULE_SHM_55);
    else if (wrong_level(o, c))
        return;
    else if (!o->adapter[adapter].dma && !o->adapter[adapter].channels)
        refuse(c, RULE_SHM_55);
    else
        c->value = 64, c->most = o->foreign ? PAGE_SIZE : 0;
}

void oracle_scribble(struct oracle *o, struct call *c)
{
    struct request *q = live_list(o, c->a[0].value);

    if (!q) {
        never(c);
        return;
    }
    c->request = request_number(o, q);
    q->scribbled ^= 1u << c->a[1].n;
}
