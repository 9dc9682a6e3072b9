/*
 * oracle_channel.c: DMA channels of NDIS.
 */
#include "oracle.h"

enum { BUS_isa = 1, BUS_none = 3 };              /* choice `bus` */
enum { WIDTH_32 = 2, SPEED_C = 3 };              /* choices `dma_width`, `dma_speed` */
enum { DEMAND = 1, AGAIN = 2, UNSPECIFIED = 4 }; /* operand `flags` */
enum { NUMBERS = 8, CASCADE = 4 };

static struct request *packet_of(struct oracle *o, const struct o_channel *channel)
{
    return &o->request[request_of(CLASS_channel, (unsigned)(channel - o->channel))];
}

/* The channel that argument 0 names, or CALL is refused. */
static struct o_channel *called_channel(struct oracle *o, struct call *c)
{
    unsigned n = named(c, 0, CLASS_channel);

    if (n && o->channel[n].life == LIFE_live)
        return wrong_level(o, c) ? NULL : &o->channel[n];
    c->dead = n && o->channel[n].life == LIFE_stale;
    refuse(c, c->dead ? RULE_CH_31 : RULE_CH_38);
    return NULL;
}

/* ---- registration ---- */

static bool is_claimed(const struct oracle *o, unsigned number)
{
    for (unsigned i = 1; i <= o->made[CLASS_channel]; i++)
        if (o->channel[i].life == LIFE_live && o->channel[i].number == number)
            return true;
    return false;
}

static unsigned number_for(const struct oracle *o, const struct call *c)
{
    unsigned number = c->a[4].n;

    if (c->a[5].n & UNSPECIFIED)
        for (number = 0; number < NUMBERS && (number == CASCADE || is_claimed(o, number));)
            number++;
    return number;
}

static enum rig_rule registration_broken(const struct oracle *o, const struct call *c,
                                         unsigned adapter)
{
    const struct o_adapter *a = &o->adapter[adapter];

    if (!adapter)
        return RULE_CH_38;
    if (oracle_level(o) != PASSIVE_LEVEL || a->state != STATE_initializing)
        return RULE_CH_01;
    if (!a->registration)
        return RULE_CH_02;
    if (c->a[6].n)
        return RULE_CH_05;
    if (c->a[2].n > WIDTH_32 || c->a[3].n > SPEED_C)
        return RULE_CH_06;
    return c->length ? RULE_NONE : RULE_CH_08;
}

static NTSTATUS registration_status(struct oracle *o, struct call *c, const struct o_adapter *a,
                                    unsigned number, bool registers)
{
    static const NTSTATUS told[] = {NDIS_STATUS_SUCCESS, NDIS_STATUS_RESOURCE_CONFLICT,
                                    NDIS_STATUS_RESOURCES, NDIS_STATUS_FAILURE};

    if (a->bus == BUS_none ||
        ((a->flags & NDIS_MINIPORT_ATTRIBUTES_BUS_MASTER) && a->bus != BUS_isa))
        return NDIS_STATUS_FAILURE;
    if (number >= NUMBERS || number == CASCADE || is_claimed(o, number))
        return NDIS_STATUS_RESOURCE_CONFLICT;
    if (o->frame_count == RIG_FRAMES)
        return NDIS_STATUS_RESOURCES;
    if (o->settings[SETTING_fail_channel])
        return told[o->settings[SETTING_fail_channel]];
    if (no_dma_adapter(o) || resource_refused(o, c, RIG_SITE_dma_adapter) ||
        o->channels >= o->settings[SETTING_channels] || resource_refused(o, c, RIG_SITE_channel) ||
        no_request_slot(o) || resource_refused(o, c, RIG_SITE_mapping) ||
        (registers && resource_refused(o, c, RIG_SITE_map_registers)))
        return NDIS_STATUS_RESOURCES;
    return NDIS_STATUS_SUCCESS;
}

/* It holds all its registers, in a packet of NDIS'. */
static void channel_made(struct oracle *o, struct o_channel *channel)
{
    struct request *q = packet_of(o, channel);

    q->kind = KIND_packet;
    q->pool = &channel->pool;
    q->asked = channel->pool.registers;
    q->registers = registers_counted(o) ? q->asked : 0;
    q->settled = true;
    request_accept(o, q);
    q->state = REQUEST_live;
    channel->pool.held = q->registers;
    o->channels++;
    o->adapter[channel->adapter].channels++;
}

void oracle_NdisMRegisterDmaChannel(struct oracle *o, struct call *c)
{
    unsigned adapter = live_adapter(o, c, 0);
    struct o_channel *channel = &o->channel[c->made];
    unsigned number = number_for(o, c);
    bool modes = c->a[5].n & (DEMAND | AGAIN);
    enum rig_rule rule;

    c->length = (uint32_t)number_of(c, 1, UINT32_MAX);
    rule = registration_broken(o, c, adapter);
    if (rule) {
        refuse(c, rule);
        return;
    }
    if (modes && (o->adapter[adapter].flags & NDIS_MINIPORT_ATTRIBUTES_BUS_MASTER))
        warn(c, RULE_CH_09);
    c->status = registration_status(o, c, &o->adapter[adapter], number, registers_counted(o));
    if (c->status != NDIS_STATUS_SUCCESS)
        return;
    *channel = (struct o_channel){
        .life = LIFE_live, .adapter = adapter, .number = number, .maximum = c->length};
    channel->pool = (struct pool){.live = true, .registers = registers_for(o, c->length)};
    channel->controller.unit = 1u << c->a[2].n;
    channel->controller.demand = c->a[5].n & DEMAND;
    channel->controller.again = c->a[5].n & AGAIN;
    channel_made(o, channel);
}

static void channel_dies(struct oracle *o, struct o_channel *channel)
{
    struct request *q = packet_of(o, channel);

    request_forget_data(o, q);
    q->segment_count = 0;
    request_end(o, q);
    channel->life = LIFE_stale;
    channel->pool.live = false;
    o->adapter[channel->adapter].channels--;
    o->channels--;
}

void channels_die(struct oracle *o, unsigned adapter, enum rig_rule rule)
{
    for (unsigned i = 1; i <= o->made[CLASS_channel]; i++) {
        if (o->channel[i].life != LIFE_live || o->channel[i].adapter != adapter)
            continue;
        if (rule)
            oracle_report_due(o, rule);
        channel_dies(o, &o->channel[i]);
    }
}

void oracle_NdisMDeregisterDmaChannel(struct oracle *o, struct call *c)
{
    struct o_channel *channel = called_channel(o, c);
    enum o_state state;

    if (!channel)
        return;
    state = o->adapter[channel->adapter].state;
    if (state != STATE_initializing && state != STATE_halting)
        refuse(c, RULE_CH_31);
    else if (channel->busy)
        refuse(c, RULE_CH_32);
    else if (pool_has_blocks(o, &channel->pool))
        refuse(c, RULE_SHM_50);
    if (c->rule)
        return;
    commons_drain(o, &channel->pool);
    channel_dies(o, channel);
}

/* ---- transfers ---- */

/* The data that a call names: resolves OFFSET and LENGTH; CH-21 if they are not in the MDL. */
static enum rig_rule data_of(struct oracle *o, struct call *c, struct segment *s)
{
    unsigned n = named(c, 1, CLASS_mdl);
    bool live = n && o->mdl[n].life == LIFE_live;
    uint32_t length = live ? o->mdl[n].length : 0;

    c->offset = (uint32_t)number_of(c, 2, length);
    c->length = (uint32_t)number_of(c, 3, c->offset < length ? length - c->offset : 0);
    if (!live || c->offset > length || c->length > length - c->offset)
        return RULE_CH_21;
    *s = (struct segment){.buffer = o->mdl[n].buffer,
                          .offset = o->mdl[n].offset + c->offset,
                          .length = c->length,
                          .from_device = c->a[4].n == 1};
    return RULE_NONE;
}

static bool cannot_move(const struct oracle *o, const struct o_channel *channel,
                        const struct segment *s)
{
    return channel->busy || !s->length || s->length > channel->maximum ||
           s->length % channel->controller.unit || span_of(o, s) > channel->pool.registers;
}

void oracle_NdisMSetupDmaTransfer(struct oracle *o, struct call *c)
{
    struct segment s;
    enum rig_rule rule = data_of(o, c, &s);
    struct o_channel *channel = called_channel(o, c);
    struct request plan = {.kind = KIND_get, .segment_count = 1};

    if (!channel)
        return;
    if (!rule && s.length) {
        plan.segments[0] = s;
        plan.conflicts = s.from_device;
        rule = mapping_broken(o, &plan);
    }
    if (rule) {
        refuse(c, rule);
        return;
    }
    if (cannot_move(o, channel, &s)) {
        fails(c, NDIS_STATUS_RESOURCES);
        return;
    }
    packet_maps(o, packet_of(o, channel), &s);
    channel->busy = true;
    channel->mdl = c->a[1].value;
    channel->offset = c->offset;
    channel->length = c->length;
    channel->controller.to_device = !s.from_device;
    channel->controller.length = channel->controller.left = s.length;
}

void oracle_NdisMCompleteDmaTransfer(struct oracle *o, struct call *c)
{
    struct segment s;
    struct o_channel *channel;
    struct request *q;

    data_of(o, c, &s);
    channel = called_channel(o, c);
    if (!channel)
        return;
    if (!channel->busy)
        refuse(c, RULE_CH_29);
    else if (channel->mdl != c->a[1].value || channel->offset != c->offset ||
             channel->length != c->length || channel->controller.to_device != (c->a[4].n == 0))
        refuse(c, RULE_CH_26);
    if (c->rule)
        return;
    q = packet_of(o, channel);
    q->pieces = 0;
    packet_flushes(q, 0);
    channel->busy = false;
    channel->controller.length = channel->controller.left = 0;
    if (o->settings[SETTING_fail_complete])
        fails(c, NDIS_STATUS_RESOURCES);
}

void oracle_NdisMReadDmaCounter(struct oracle *o, struct call *c)
{
    const struct o_channel *channel = called_channel(o, c);

    if (channel)
        c->value = channel->controller.left;
}

void oracle_channel_run(struct oracle *o, struct call *c)
{
    unsigned n = named(c, 0, CLASS_channel);
    struct o_channel *channel = n && o->channel[n].life == LIFE_live ? &o->channel[n] : NULL;
    bool removed = channel && o->adapter[channel->adapter].removed;

    controller_moves(o, c, channel && !removed ? &channel->controller : NULL,
                     request_of(CLASS_channel, n));
}
