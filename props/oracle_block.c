/*
 * oracle_block.c: shared memory of NDIS, common buffers of HAL.
 */
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
enum { WHERE_inside, WHERE_behind, WHERE_before };

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

static bool place(struct oracle *o, struct call *c, struct o_block *b, struct pool *pool)
{
    bool small = o->settings[SETTING_pack_blocks] && b->length <= SMALL;
    struct o_common *common;

    b->offset = 0;
    b->buffer = small ? common_with_room(o, pool, share_of(b->length)) : 0;
    if (!b->buffer)
        b->buffer = take_common(o, c, pool, small ? PAGE_SIZE : b->length);
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

static enum rig_rule allocation_broken(const struct oracle *o, const struct call *c, unsigned n)
{
    if (o->adapter[n].state != STATE_initializing)
        return RULE_SHM_02;
    if (!o->adapter[n].dma)
        return RULE_SHM_03;
    return c->length ? RULE_NONE : RULE_AMB_23;
}

void oracle_NdisMAllocateSharedMemory(struct oracle *o, struct call *c)
{
    unsigned n = live_adapter(o, c, 0);
    struct o_block *b = &o->block[c->made];
    enum rig_rule rule;

    length_of(o, c);
    fill_in(b, c);
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
    b->adapter = n;
    b->dma = o->adapter[n].dma;
    if (o->settings[SETTING_fail_shared] == 1 || ndis_has_none(o, c) ||
        !place(o, c, b, &o->dma[b->dma].pool))
        fails(c, NDIS_STATUS_RESOURCES);
    c->remembered = !NT_SUCCESS(c->status);
    o->adapter[n].unlogged = c->remembered;
}

void block_complete(struct oracle *o, struct call *c, unsigned number, unsigned processor)
{
    struct o_block *b = &o->block[number];

    b->pending = false;
    if (o->settings[SETTING_fail_shared] != 3)
        place(o, c, b, &o->dma[b->dma].pool);
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
    b->dma = n;
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

bool adapter_has_blocks(const struct oracle *o, unsigned adapter)
{
    for (unsigned i = 1; i <= o->made[CLASS_block]; i++)
        if (o->block[i].adapter == adapter &&
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

unsigned blocks_sweep(struct oracle *o, unsigned adapter, enum rig_rule live)
{
    unsigned count = 0;

    for (unsigned i = 1; i <= o->made[CLASS_block]; i++) {
        struct o_block *b = &o->block[i];

        if (b->adapter != adapter || (!b->pending && b->life != LIFE_live))
            continue;
        if (live)
            oracle_report_due(o, b->pending ? RULE_SHM_36 : live);
        if (b->pending)
            forget_owed(o, i);
        count++;
        if (b->life == LIFE_live)
            block_ends(b);
        b->pending = false;
    }
    for (unsigned i = 1; i <= o->commons; i++)
        if (o->adapter[adapter].dma && o->common[i].pool == &o->dma[o->adapter[adapter].dma].pool)
            o->common[i].live = o->common[i].deferred = false;
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
    if (no_table(o, c))
        return;
    hal = hal_of(o, c);
    if (!hal)
        return;
    if (!c->length) {
        refuse(c, RULE_AMB_23);
        return;
    }
    b->hal = named(c, 0, CLASS_hal);
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
    if (no_table(o, c))
        return;
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

/* ---- who uses a block ---- */

/* The live block that argument 0 names, 0 none. */
static unsigned live_block(const struct oracle *o, const struct call *c)
{
    unsigned n = named(c, 0, CLASS_block);

    return n && o->block[n].life == LIFE_live ? n : 0;
}

/* Resolves offset and length, cut to the block; false: no bytes. */
static bool part_of_block(struct call *c, const struct o_block *b)
{
    c->offset = cut(number_of(c, 1, b->length), b->length);
    c->length = cut(number_of(c, 2, b->length - c->offset), b->length - c->offset);
    return c->length != 0;
}

void oracle_block_write(struct oracle *o, struct call *c)
{
    unsigned n = live_block(o, c);
    struct o_block *b = &o->block[n];
    bool some = part_of_block(c, b);

    if (!n || (c->a[3].n == WHERE_inside && !some)) {
        never(c);
        return;
    }
    c->block = n;
    if (c->a[3].n != WHERE_inside) {
        b->damaged = true;
        return;
    }
    memcpy(block_shadow(o, n) + c->offset, o->written + o->writes++ % 64 * PATTERN_STRIDE,
           c->length);
}

void oracle_block_read(struct oracle *o, struct call *c)
{
    unsigned n = live_block(o, c);

    if (!part_of_block(c, &o->block[n]) || !n)
        never(c);
    c->block = n;
}

void oracle_device_program(struct oracle *o, struct call *c)
{
    struct o_block *b = &o->block[live_block(o, c)];
    bool begins = c->a[1].n == 0;

    if (!live_block(o, c) || b->hal || b->posted == begins || o->adapter[b->adapter].removed)
        never(c);
    else
        b->posted = begins;
}

void blocks_stop(struct oracle *o, unsigned adapter)
{
    for (unsigned i = 1; i <= o->made[CLASS_block]; i++)
        if (o->block[i].adapter == adapter)
            o->block[i].posted = false;
}

/* Whether the device that has the block can move anything at all. */
static bool has_device(const struct oracle *o, const struct o_block *b)
{
    const struct o_adapter *adapter = &o->adapter[b->adapter];

    return b->hal || (adapter->life == LIFE_live && !adapter->removed);
}

void oracle_device_block(struct oracle *o, struct call *c)
{
    unsigned n = named(c, 0, CLASS_block);
    const struct o_block *b = &o->block[n];
    uint64_t offset = number_of(c, 1, b->length);
    uint64_t length = number_of(c, 2, offset < b->length ? b->length - offset : 0);
    bool good =
        b->life == LIFE_live && length && offset <= b->length && length <= b->length - offset;

    c->block = n;
    if (!n || b->life == LIFE_bad || !has_device(o, b) || (o->common[b->buffer].shared && !good)) {
        never(c);
        return;
    }
    if (!good) {
        refuse(c, RULE_E6_26);
        return;
    }
    c->offset = (uint32_t)offset;
    c->length = (uint32_t)length;
    if (c->a[3].n == 0)
        return;
    c->serial = ++o->block_serial;
    for (uint32_t i = 0; i < c->length; i++)
        block_shadow(o, n)[offset + i] = (uint8_t)(c->serial + i);
}
