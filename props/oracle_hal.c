/*
 * oracle_hal.c: the DMA operations of HAL, called directly.
 */
#include "oracle.h"

enum { DESCRIPTION_LAST = 2, DESCRIPTION_UNKNOWN = 4 };
enum { KIND_subordinate = 2, WIDTH_32 = 2 }; /* choices `kind`, `dma_width` */

bool no_dma_adapter(const struct oracle *o)
{
    return o->dmas + o->hals + o->channels >= o->settings[SETTING_dma_adapters];
}

uint32_t registers_for(const struct oracle *o, uint32_t length)
{
    uint64_t registers = ((uint64_t)length + PAGE_SIZE - 1) / PAGE_SIZE + 1;

    return cut(registers, o->settings[SETTING_map_registers]);
}

void oracle_IoGetDmaAdapter(struct oracle *o, struct call *c)
{
    uint32_t length = c->length = (uint32_t)number_of(c, 2, UINT32_MAX);
    struct o_hal *hal = &o->hal[c->made];

    fails(c, STATUS_UNSUCCESSFUL);
    if (wrong_level(o, c))
        return;
    if (c->a[0].n == DESCRIPTION_UNKNOWN) {
        refuse(c, RULE_E6_25);
        return;
    }
    if (c->a[0].n > DESCRIPTION_LAST || no_dma_adapter(o) ||
        (c->a[3].n == KIND_subordinate && c->a[4].n > WIDTH_32) ||
        resource_refused(o, c, RIG_SITE_dma_adapter))
        return;
    c->status = STATUS_SUCCESS;
    *hal = (struct o_hal){.life = LIFE_live, .version = c->a[0].n};
    hal->pool.live = true;
    hal->pool.wide = c->a[1].n == 1;
    hal->pool.registers = registers_for(o, length);
    hal->packet = c->a[3].n != 0;
    hal->pool.one_element = hal->packet;
    hal->subordinate = c->a[3].n == KIND_subordinate;
    hal->controller.unit = 1u << c->a[4].n;
    hal->controller.demand = (c->a[5].n & 1) && c->a[0].n == DESCRIPTION_LAST;
    hal->controller.again = c->a[5].n & 2;
    c->value = hal->pool.registers;
    o->hals++;
}

/* Through which table could a call without a live adapter go? */
static bool no_table(const struct oracle *o, struct call *c)
{
    for (unsigned i = 1; i <= o->made[CLASS_hal]; i++)
        if (o->hal[i].life != LIFE_bad)
            return false;
    never(c);
    return true;
}

struct o_hal *hal_of(struct oracle *o, struct call *c)
{
    unsigned n = named(c, 0, CLASS_hal);

    if (no_table(o, c))
        return NULL;
    if (n && o->hal[n].life == LIFE_live)
        return wrong_level(o, c) ? NULL : &o->hal[n];
    refuse(c, c->a[0].value ? RULE_E6_18 : RULE_E6_19);
    return NULL;
}

/* Calculate and Build came with version 2 of the operations: whose table is used to call them? */
static bool no_such_operation(const struct oracle *o, struct call *c)
{
    unsigned n = named(c, 0, CLASS_hal);
    bool missing = true;

    if (n && o->hal[n].life == LIFE_live)
        missing = o->hal[n].version < 2;
    else
        for (unsigned i = 1; i <= o->made[CLASS_hal]; i++)
            missing &= o->hal[i].life == LIFE_bad || o->hal[i].version < 2;
    if (missing)
        never(c);
    return missing;
}

/* A list, the channel, map registers: the first of these that is left. */
static enum rig_rule left_behind(const struct oracle *o, const struct o_hal *hal)
{
    bool channel = false;

    for (unsigned i = 0; i < o->active_count; i++) {
        const struct request *q = &o->request[o->active[i]];

        if (q->pool == &hal->pool && q->kind != KIND_packet)
            return RULE_HAL_12;
        channel |= q->pool == &hal->pool && (hal->subordinate || !q->settled);
    }
    return channel ? RULE_E6_08 : RULE_E6_09;
}

void oracle_PutDmaAdapter(struct oracle *o, struct call *c)
{
    struct o_hal *hal;

    hal = hal_of(o, c);
    if (!hal)
        return;
    if (pool_has_requests(o, &hal->pool)) {
        refuse(c, left_behind(o, hal));
        return;
    }
    if (pool_has_commons(o, &hal->pool)) {
        refuse(c, RULE_E6_07);
        return;
    }
    hal->life = LIFE_stale;
    hal->pool.live = false;
    o->hals--;
}

/* Where a mapping starts and how much there is: resolves LENGTH, a VALUE at I. */
static enum rig_rule range_broken(struct oracle *o, struct call *c, unsigned i, unsigned va,
                                  unsigned *mdl, uint64_t *offset, uint64_t *left)
{
    bool inside;

    *mdl = named(c, 1, CLASS_mdl);
    *mdl = *mdl && o->mdl[*mdl].life == LIFE_live ? *mdl : 0;
    inside = va_inside(o, c, *mdl, va, offset);
    *left = inside ? chain_bytes(o, *mdl) - *offset : 0;
    c->length = (uint32_t)number_of(c, i, *left);
    if (!*mdl)
        return RULE_VRF_11;
    if (!inside)
        return RULE_VRF_12;
    return c->length ? RULE_NONE : RULE_VRF_17;
}

static NTSTATUS mapping_status(struct oracle *o, struct call *c, struct request *q, uint64_t left)
{
    bool many = too_many_pieces(o, q);

    if (c->length > left)
        return STATUS_BUFFER_TOO_SMALL;
    if (q->kind == KIND_build && (!q->buffer || q->lent_size < list_size_of(q->pieces)))
        return STATUS_BUFFER_TOO_SMALL;
    if (many || no_request_slot(o) || mapping_refused(o, c, q, q->kind == KIND_build))
        return STATUS_INSUFFICIENT_RESOURCES;
    return STATUS_SUCCESS;
}

/* GetScatterGatherList and BuildScatterGatherList; BUFFER: the list buffer's name, 0 none. */
static void map(struct oracle *o, struct call *c, enum request_kind kind, unsigned va,
                bool to_device, unsigned buffer)
{
    struct request *q = request_plan(o, c, kind);
    unsigned mdl;
    uint64_t offset, left;
    enum rig_rule rule = range_broken(o, c, 2, va, &mdl, &offset, &left);
    struct o_hal *hal = hal_of(o, c);

    if (!hal)
        return;
    q->hal = named(c, 0, CLASS_hal);
    q->pool = &hal->pool;
    q->to_device = to_device;
    q->conflicts = !to_device;
    if (!rule) {
        request_lend(o, q, buffer, buffer ? o->buffer[buffer].length : 0,
                     buffer ? c->a[3].value : NULL);
        request_map(o, q, mdl, offset, c->length, false);
        rule = lending_broken(o, q) ? lending_broken(o, q) : mapping_broken(o, q);
    }
    if (rule) {
        refuse(c, rule);
        return;
    }
    c->status = mapping_status(o, c, q, left);
    if (c->status == STATUS_SUCCESS)
        request_grant_or_wait(o, q);
}

void oracle_GetScatterGatherList(struct oracle *o, struct call *c)
{
    if (!no_table(o, c))
        map(o, c, KIND_get, c->a[3].n, c->a[4].n == 0, 0);
}

void oracle_BuildScatterGatherList(struct oracle *o, struct call *c)
{
    if (!no_such_operation(o, c))
        map(o, c, KIND_build, c->a[5].n, c->a[4].n == 0, named(c, 3, CLASS_buffer));
}

void oracle_PutScatterGatherList(struct oracle *o, struct call *c)
{
    struct request *q = live_list(o, c->a[1].value);
    struct o_hal *hal;

    hal = hal_of(o, c);
    if (!hal)
        return;
    if (!q || q->pool != &hal->pool)
        refuse(c, RULE_E6_06);
    else if (q->to_device != (c->a[2].n == 0))
        refuse(c, RULE_HAL_29);
    else if (q->scribbled)
        refuse(c, RULE_SGL_39);
    else if (q->posted)
        refuse(c, RULE_FSG_04);
    else
        request_free(o, c, q);
}

void oracle_CalculateScatterGatherList(struct oracle *o, struct call *c)
{
    struct request plan = {.kind = KIND_get};
    unsigned mdl;
    uint64_t offset, left;
    enum rig_rule rule = range_broken(o, c, 2, c->a[3].n, &mdl, &offset, &left);
    struct o_hal *hal;

    if (no_such_operation(o, c))
        return;
    hal = hal_of(o, c);
    if (!hal)
        return;
    if (!c->a[1].value) {
        rule = c->length ? RULE_NONE : RULE_VRF_17;
        left = UINT32_MAX;
        plan.length = c->length;
        plan.pieces = (uint32_t)(((uint64_t)c->length + PAGE_SIZE - 1) / PAGE_SIZE);
    }
    if (rule) {
        refuse(c, rule);
        return;
    }
    if (mdl)
        request_map(o, &plan, mdl, offset, c->length, false);
    plan.pool = &hal->pool;
    if (c->length > left)
        fails(c, STATUS_BUFFER_TOO_SMALL);
    else if (too_many_pieces(o, &plan))
        fails(c, STATUS_INSUFFICIENT_RESOURCES);
    else
        c->value = list_size_of(plan.pieces);
}

void oracle_GetDmaAlignment(struct oracle *o, struct call *c)
{
    if (hal_of(o, c))
        c->value = 64;
}
