/*
 * oracle_block.c: shared memory of NDIS, common buffers of HAL.
 */
#include "choices.h"
#include "oracle.h"

/* choice `tuple`, in its order */
enum {
    TUPLE_exact,
    TUPLE_shorter,
    TUPLE_longer,
    TUPLE_other_caching,
    TUPLE_other_address,
    TUPLE_inside
};

enum { PAGES_FOR_COMMONS = 128, SMALL = 896, ZONE = 64 };

/* ---- common buffers ---- */

/* A new one; 0: there is none. */
static unsigned take_common(struct oracle *o, struct call *c, struct pool *pool, uint32_t length)
{
    uint32_t pages = length / PAGE_SIZE + (length % PAGE_SIZE != 0);

    if (pages > o->settings[SETTING_common_pages] || o->commons == COMMONS_MAX ||
        o->common_pages + pages + 1 > PAGES_FOR_COMMONS ||
        resource_refused(o, c, RIG_SITE_common_buffer))
        return 0;
    o->common_pages += pages + 1;
    o->common[++o->commons] = (struct o_common){.live = true, .pool = pool};
    return o->commons;
}

bool pool_has_commons(const struct oracle *o, const struct pool *pool)
{
    for (unsigned i = 1; i <= o->commons; i++)
        if (o->common[i].live && o->common[i].pool == pool)
            return true;
    return false;
}

void commons_drain(struct oracle *o, const struct pool *pool)
{
    for (unsigned i = 1; i <= o->commons; i++)
        if (o->common[i].deferred && o->common[i].pool == pool)
            o->common[i].live = o->common[i].deferred = false;
}

/* Bytes of a shared page that a block takes. */
static uint32_t share_of(uint32_t length)
{
    return ZONE + (length + 63) / 64 * 64 + ZONE;
}

static unsigned common_with_room(const struct oracle *o, const struct pool *pool, uint32_t share)
{
    unsigned latest = 0;

    for (unsigned i = 1; i <= o->commons; i++)
        if (o->common[i].shared && o->common[i].pool == pool)
            latest = i;
    return o->common[latest].blocks && o->common[latest].used + share <= PAGE_SIZE ? latest : 0;
}

static bool place(struct oracle *o, struct call *c, struct o_block *b)
{
    bool small = o->settings[SETTING_pack_blocks] && b->length <= SMALL;
    struct o_common *common;

    b->offset = 0;
    b->buffer = small ? common_with_room(o, b->pool, share_of(b->length)) : 0;
    if (!b->buffer)
        b->buffer = take_common(o, c, b->pool, small ? PAGE_SIZE : b->length);
    if (!b->buffer)
        return false;
    common = &o->common[b->buffer];
    common->shared = small;
    common->blocks++;
    if (small) {
        b->offset = common->used + ZONE;
        common->used += share_of(b->length);
    }
    b->life = LIFE_live;
    return true;
}

uint8_t *block_shadow(struct oracle *o, unsigned number)
{
    const struct o_block *b = &o->block[number];

    return o->common_shadow + (size_t)b->buffer * BLOCK_MAX + b->offset;
}

static uint32_t length_of(struct oracle *o, struct call *c)
{
    return c->length = (uint32_t)number_of(c, 1, o->settings[SETTING_common_pages] * PAGE_SIZE);
}

/* ---- allocation ---- */

static void fill_in(struct o_block *b, const struct call *c)
{
    *b = (struct o_block){.length = c->length, .cached = c->a[2].n == 0};
}

static bool ndis_has_none(struct oracle *o, struct call *c)
{
    if (o->blocks == BLOCKS_MAX || resource_refused(o, c, RIG_SITE_shared_memory))
        return true;
    o->blocks++;
    return false;
}

/* BC-02 */
static void inspect_shared(struct oracle *o, struct call *c, unsigned adapter)
{
    for (unsigned i = 1; i <= o->made[CLASS_block]; i++) {
        struct o_block *b = &o->block[i];

        if (b->life != LIFE_live || b->adapter != adapter || !b->damaged ||
            !o->common[b->buffer].shared)
            continue;
        warn(c, RULE_BC_02);
        b->damaged = false;
        return;
    }
}

/* Of what memory for an adapter comes from: its registration for lists, or its oldest channel. NULL: nothing. */
static struct pool *source_of(struct oracle *o, unsigned adapter)
{
    if (o->adapter[adapter].dma)
        return &o->dma[o->adapter[adapter].dma].pool;
    for (unsigned i = 1; i <= o->made[CLASS_channel]; i++)
        if (o->channel[i].life == LIFE_live && o->channel[i].adapter == adapter)
            return &o->channel[i].pool;
    return NULL;
}

static enum rig_rule allocation_broken(struct oracle *o, const struct call *c, unsigned n)
{
    if (o->adapter[n].state != STATE_initializing)
        return RULE_SHM_02;
    if (!source_of(o, n))
        return RULE_SHM_03;
    return c->length ? RULE_NONE : RULE_AMB_23;
}

/* At once, for adapter N. */
static void allocate_now(struct oracle *o, struct call *c, unsigned n)
{
    struct o_block *b = &o->block[c->made];

    b->adapter = n;
    b->pool = source_of(o, n);
    if (o->settings[SETTING_fail_shared] == 1 || ndis_has_none(o, c) || !place(o, c, b))
        fails(c, NDIS_STATUS_RESOURCES);
    c->remembered = !NT_SUCCESS(c->status);
}

void oracle_NdisMAllocateSharedMemory(struct oracle *o, struct call *c)
{
    unsigned n = live_adapter(o, c, 0);
    enum rig_rule rule;

    length_of(o, c);
    fill_in(&o->block[c->made], c);
    if (!n) {
        refuse(c, RULE_SHM_04);
        return;
    }
    if (wrong_level(o, c))
        return;
    rule = allocation_broken(o, c, n);
    if (rule) {
        refuse(c, rule);
        return;
    }
    inspect_shared(o, c, n);
    allocate_now(o, c, n);
    o->adapter[n].unlogged = c->remembered;
}

void block_complete(struct oracle *o, struct call *c, unsigned number, unsigned processor)
{
    struct o_block *b = &o->block[number];

    b->pending = false;
    if (o->settings[SETTING_fail_shared] != 3)
        place(o, c, b);
    c->starved = false; /* the call itself is not refused anything */
    oracle_expect(o, FRAME_completion, number, 0, processor, PASSIVE_LEVEL);
}

/* The processor that runs the completion at once; -1: none. */
static int processor_now(const struct oracle *o)
{
    if (o->timing == RIG_LATER || o->frame_count == RIG_FRAMES)
        return -1;
    if (o->timing == RIG_INSIDE)
        return oracle_level(o) == PASSIVE_LEVEL ? (int)o->processor : -1;
    for (unsigned i = 0; i < o->settings[SETTING_processors]; i++)
        if (i != o->processor && o->irql[i] == PASSIVE_LEVEL)
            return (int)i;
    return -1;
}

void oracle_NdisMAllocateSharedMemoryAsyncEx(struct oracle *o, struct call *c)
{
    unsigned n = named(c, 0, CLASS_dma);
    const struct o_dma *dma = &o->dma[n];
    struct o_block *b = &o->block[c->made];
    int processor = processor_now(o);

    length_of(o, c);
    fill_in(b, c);
    if (!n || dma->life != LIFE_live)
        refuse(c, n && dma->life == LIFE_stale ? RULE_SG_34 : RULE_SHM_26);
    else if (wrong_level(o, c))
        return;
    else if (!dma->completion)
        refuse(c, RULE_SHM_34);
    else if (!c->length)
        refuse(c, RULE_AMB_23);
    if (c->rule)
        return;
    if (o->adapter[dma->adapter].state == STATE_shutdown)
        warn(c, RULE_LIFE_53);
    if (o->settings[SETTING_fail_shared] == 2 || ndis_has_none(o, c)) {
        fails(c, NDIS_STATUS_FAILURE);
        return;
    }
    c->status = NDIS_STATUS_PENDING;
    b->adapter = dma->adapter;
    b->pool = &o->dma[n].pool;
    b->pending = true;
    if (processor >= 0)
        block_complete(o, c, c->made, (unsigned)processor);
    else
        o->owed[o->owed_count++] = OWED_BLOCK | c->made;
}

/* ---- freeing ---- */

uint8_t *block_address(const struct call *c)
{
    uint8_t *p = c->a[1].value;

    return p && named(c, 1, CLASS_block) && c->a[2].n == TUPLE_inside ? p + 1 : p;
}

/* What is passed with it: length, caching (offset), bus address (value). */
static void resolve_tuple(const struct oracle *o, struct call *c)
{
    unsigned n = named(c, 1, CLASS_block);
    const struct o_block *b = &o->block[n];
    bool known = n && c->a[1].value;
    unsigned tuple = c->a[2].n;

    c->length = known ? b->length : 1;
    c->length += (tuple == TUPLE_longer) - (tuple == TUPLE_shorter);
    c->offset = (!known || b->cached) != (tuple == TUPLE_other_caching);
    c->value = (known ? b->bus : 0) + (tuple == TUPLE_other_address);
}

/* The block of NDIS' or (HAL) of HAL's that starts at P, or the live one that P lies in; 0: neither. */
static unsigned block_at(const struct oracle *o, const uint8_t *p, bool hal)
{
    unsigned inside = 0;

    for (unsigned i = 1; i <= o->made[CLASS_block]; i++) {
        const struct o_block *b = &o->block[i];

        if (b->life == LIFE_bad || (b->hal != 0) != hal)
            continue;
        if (b->va == p)
            return i;
        if (b->life == LIFE_live && (uintptr_t)p - (uintptr_t)b->va < b->length)
            inside = i;
    }
    return inside;
}

static bool differs(const struct call *c, const struct o_block *b)
{
    return c->length != b->length || (c->offset != 0) != b->cached || c->value != b->bus;
}

static enum rig_rule freeing_broken(const struct call *c, const struct o_block *b)
{
    if (b->life == LIFE_stale)
        return RULE_BC_03;
    if (b->provided)
        return RULE_SHP_21;
    if (b->va != block_address(c))
        return RULE_SHM_42;
    if (b->adapter != named(c, 0, CLASS_adapter))
        return RULE_SHM_41;
    if (c->length < b->length)
        return RULE_SHM_42;
    if (differs(c, b))
        return RULE_SHM_41;
    return b->posted ? RULE_SHM_46 : RULE_NONE;
}

static void block_ends(struct o_block *b)
{
    b->life = LIFE_stale;
    b->pending = b->posted = false;
}

static void release(struct oracle *o, struct call *c, struct o_block *b)
{
    struct o_common *common = &o->common[b->buffer];
    bool passive = oracle_level(o) == PASSIVE_LEVEL;

    block_ends(b);
    if (passive)
        commons_drain(o, common->pool);
    if (--common->blocks)
        return;
    if (b->damaged && !common->shared)
        warn(c, RULE_E6_0F);
    if (passive && !o->settings[SETTING_defer_free])
        common->live = false;
    else
        common->deferred = true;
}

void oracle_NdisMFreeSharedMemory(struct oracle *o, struct call *c)
{
    unsigned adapter = live_adapter(o, c, 0), n;
    enum rig_rule rule = RULE_NONE;

    resolve_tuple(o, c);
    if (!adapter) {
        refuse(c, RULE_SHM_40);
        return;
    }
    if (wrong_level(o, c))
        return;
    n = block_at(o, block_address(c), false);
    if (o->adapter[adapter].state == STATE_shutdown)
        rule = RULE_SHM_43;
    else if (!c->a[1].value)
        rule = RULE_SHM_49;
    else
        rule = n ? freeing_broken(c, &o->block[n]) : RULE_SHM_41;
    if (rule) {
        refuse(c, rule);
        return;
    }
    c->block = n;
    release(o, c, &o->block[n]);
}

/* ---- from a provider ---- */

static enum rig_rule parameters_broken(const struct oracle *o, const struct call *c, unsigned minor)
{
    unsigned given = c->a[3].n, buffer = named(c, 2, CLASS_buffer);
    bool second = given == PROVIDED_revision_2 || given == PROVIDED_port_1;
    uint32_t pages = c->length / PAGE_SIZE + (c->length % PAGE_SIZE != 0);

    if (given == PROVIDED_wrong_type || given == PROVIDED_short || given == PROVIDED_revision_0 ||
        minor < (second ? 30 : 20))
        return RULE_SHP_07;
    if (given == PROVIDED_flags)
        return RULE_SHP_08;
    if (given == PROVIDED_queue_1 || given == PROVIDED_port_1)
        return RULE_SHP_10;
    if (given == PROVIDED_node_1)
        return RULE_SHP_11;
    if (!c->length)
        return RULE_AMB_23;
    return !buffer || !c->a[2].value ||
                   o->buffer[buffer].length < list_size_of(given == PROVIDED_one_run ? 1 : pages)
               ? RULE_SHP_09
               : RULE_NONE;
}

void oracle_NdisAllocateSharedMemory(struct oracle *o, struct call *c)
{
    unsigned n = live_adapter(o, c, 0), buffer = named(c, 2, CLASS_buffer);
    struct o_block *b = &o->block[c->made];
    struct request list = {.state = REQUEST_none};
    enum rig_rule rule;

    length_of(o, c);
    *b = (struct o_block){.length = c->length, .cached = true};
    if (!n)
        refuse(c, RULE_SHP_02);
    else if (!wrong_level(o, c) && !source_of(o, n))
        refuse(c, RULE_SHP_03);
    if (c->rule)
        return;
    rule = parameters_broken(o, c, o->adapter[n].minor);
    if (!rule) {
        request_lend(o, &list, buffer, o->buffer[buffer].length, c->a[2].value);
        rule = lending_broken(o, &list);
    }
    if (rule) {
        refuse_with(c, rule, NDIS_STATUS_INVALID_PARAMETER);
        return;
    }
    if (o->adapter[n].state == STATE_shutdown)
        warn(c, RULE_LIFE_53);
    allocate_now(o, c, n);
    if (!NT_SUCCESS(c->status))
        return;
    b->provided = true;
    c->block = c->made;
    if (o->buffer[buffer].lent < o->buffer[buffer].length)
        o->buffer[buffer].lent = o->buffer[buffer].length;
}

void *block_handle(const struct oracle *o, const struct call *c)
{
    const struct o_block *b = &o->block[named(c, 1, CLASS_block)];

    if (!b->allocation)
        return c->a[1].value;
    return c->a[2].n ? b->shared : b->allocation;
}

void oracle_NdisFreeSharedMemory(struct oracle *o, struct call *c)
{
    unsigned adapter = live_adapter(o, c, 0), n = named(c, 1, CLASS_block);
    struct o_block *b = &o->block[n];

    if (!adapter)
        refuse(c, RULE_SHP_02);
    else if (wrong_level(o, c))
        return;
    else if (!n || !b->allocation || c->a[2].n)
        refuse(c, RULE_SHP_06);
    else if (b->life != LIFE_live)
        refuse(c, RULE_SHP_12);
    else if (b->adapter != adapter)
        refuse(c, RULE_SHP_02);
    else if (b->posted)
        refuse(c, RULE_SHM_46);
    if (c->rule)
        return;
    c->block = n;
    release(o, c, b);
}

/* ---- the end ---- */

bool pool_has_blocks(const struct oracle *o, const struct pool *pool)
{
    for (unsigned i = 1; i <= o->made[CLASS_block]; i++)
        if (!o->block[i].hal && o->block[i].pool == pool &&
            (o->block[i].pending || o->block[i].life == LIFE_live))
            return true;
    return false;
}

static void forget_owed(struct oracle *o, unsigned number)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < o->owed_count; i++)
        if (o->owed[i] != (OWED_BLOCK | number))
            o->owed[kept++] = o->owed[i];
    o->owed_count = kept;
}

static enum rig_rule left_behind(const struct o_block *b, enum rig_rule live)
{
    if (b->pending)
        return RULE_SHM_36;
    if (!b->provided)
        return live;
    return live == RULE_SHM_18 ? RULE_SHP_13 : RULE_SHP_12;
}

unsigned blocks_sweep(struct oracle *o, unsigned adapter, enum rig_rule live)
{
    unsigned count = 0;

    for (unsigned i = 1; i <= o->made[CLASS_block]; i++) {
        struct o_block *b = &o->block[i];

        if (b->adapter == adapter)
            o->common[b->buffer].live = o->common[b->buffer].deferred = false;
        if (b->adapter != adapter || (!b->pending && b->life != LIFE_live))
            continue;
        if (live)
            oracle_report_due(o, left_behind(b, live));
        if (b->pending)
            forget_owed(o, i);
        count++;
        if (b->life == LIFE_live)
            block_ends(b);
        b->pending = false;
    }
    return count;
}

void oracle_NdisWriteErrorLogEntry(struct oracle *o, struct call *c)
{
    unsigned n = live_adapter(o, c, 0);

    if (n)
        o->adapter[n].unlogged = false;
    else
        refuse(c, RULE_LIFE_26);
}

/* ---- HAL directly ---- */

void oracle_AllocateCommonBuffer(struct oracle *o, struct call *c)
{
    struct o_block *b = &o->block[c->made];
    struct o_hal *hal;

    length_of(o, c);
    fill_in(b, c);
    hal = hal_of(o, c);
    if (!hal)
        return;
    if (!c->length) {
        refuse(c, RULE_AMB_23);
        return;
    }
    b->hal = named(c, 0, CLASS_hal);
    b->pool = &hal->pool;
    b->buffer = take_common(o, c, &hal->pool, c->length);
    if (b->buffer)
        b->life = LIFE_live;
    else
        fails(c, STATUS_INSUFFICIENT_RESOURCES);
}

void oracle_FreeCommonBuffer(struct oracle *o, struct call *c)
{
    struct o_hal *hal;
    struct o_block *b;
    unsigned n;

    resolve_tuple(o, c);
    hal = hal_of(o, c);
    if (!hal)
        return;
    n = block_at(o, block_address(c), true);
    b = &o->block[n];
    if (!n || b->life != LIFE_live || &o->hal[b->hal] != hal)
        refuse(c, RULE_E6_03);
    else if (b->va != block_address(c) || differs(c, b))
        refuse(c, RULE_HAL_49);
    if (c->rule)
        return;
    if (b->damaged)
        warn(c, RULE_E6_0F);
    c->block = n;
    block_ends(b);
    o->common[b->buffer].live = false;
}
