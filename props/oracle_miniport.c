/*
 * oracle_miniport.c: drivers, adapters and their states, sends.
 */
#include "choices.h"
#include "oracle.h"

unsigned live_adapter(const struct oracle *o, const struct call *c, unsigned i)
{
    unsigned n = named(c, i, CLASS_adapter);

    return n && o->adapter[n].life == LIFE_live ? n : 0;
}

/* A live adapter at the right level, or CALL is refused by RULE. */
static struct o_adapter *adapter_called(const struct oracle *o, struct call *c, enum rig_rule rule)
{
    unsigned n = live_adapter(o, c, 0);

    if (!n)
        refuse(c, rule);
    else if (!wrong_level(o, c))
        return (struct o_adapter *)&o->adapter[n];
    return NULL;
}

/* ---- the driver ---- */

static enum rig_rule registration_broken(const struct oracle *o, const struct call *c,
                                         NTSTATUS *status)
{
    unsigned header = c->a[2].n;

    *status = NDIS_STATUS_BAD_CHARACTERISTICS;
    if (header == HEADER_wrong_type || header == HEADER_short)
        return RULE_LIFE_08;
    *status = NDIS_STATUS_BAD_VERSION;
    if (header == HEADER_revision_0)
        return RULE_LIFE_08;
    if (minor_versions[c->a[0].n] >= 1000 || minor_versions[c->a[0].n] == 7)
        return RULE_LIFE_05;
    if (minor_versions[c->a[0].n] > o->settings[SETTING_ndis_version])
        return RULE_LIFE_07;
    *status = NDIS_STATUS_BAD_CHARACTERISTICS;
    return c->a[1].n ? RULE_LIFE_06 : RULE_NONE;
}

void oracle_NdisMRegisterMiniportDriver(struct oracle *o, struct call *c)
{
    NTSTATUS status;
    enum rig_rule rule = registration_broken(o, c, &status);

    if (wrong_level(o, c))
        return;
    if (o->frame_count)
        refuse(c, RULE_LIFE_01);
    else if (rule)
        refuse_with(c, rule, status);
    else if (o->drivers >= o->settings[SETTING_drivers] || resource_refused(o, c, RIG_SITE_driver))
        fails(c, NDIS_STATUS_RESOURCES);
    else {
        o->driver[c->made] = (struct o_driver){LIFE_live, minor_versions[c->a[0].n], 0};
        o->drivers++;
    }
}

void oracle_NdisMDeregisterMiniportDriver(struct oracle *o, struct call *c)
{
    unsigned n = named(c, 0, CLASS_driver);

    if (!n || o->driver[n].life != LIFE_live) {
        refuse(c, RULE_LIFE_04);
        return;
    }
    if (wrong_level(o, c))
        return;
    if (o->driver[n].adapters) {
        refuse(c, RULE_BC_05);
        return;
    }
    o->driver[n].life = LIFE_stale;
    o->drivers--;
}

/* ---- an adapter comes and goes ---- */

void oracle_initialize(struct oracle *o, struct call *c)
{
    unsigned driver = named(c, 0, CLASS_driver);

    if (!driver || o->driver[driver].life != LIFE_live || no_event_now(o) ||
        o->adapters >= o->settings[SETTING_adapters] || resource_refused(o, c, RIG_SITE_adapter)) {
        never(c);
        return;
    }
    o->adapter[c->made] = (struct o_adapter){.life = LIFE_live,
                                             .state = STATE_initializing,
                                             .driver = driver,
                                             .minor = o->driver[driver].minor};
    o->adapters++;
    o->driver[driver].adapters++;
    oracle_expect_here(o, FRAME_initialize, c->made, 0, PASSIVE_LEVEL);
}

static void return_sends(struct oracle *o, unsigned adapter)
{
    for (unsigned i = 1; i <= o->made[CLASS_nbl]; i++) {
        if (o->nbl[i].adapter == adapter)
            o->nbl[i].adapter = 0;
        if (o->nbl[i].indicated == adapter)
            o->nbl[i].indicated = 0;
    }
}

/* REQUESTS, BLOCKS and HANDLE are the rules for what is left; RULE_NONE: nothing is said of it. */
static void adapter_dies(struct oracle *o, unsigned n, enum rig_rule requests, enum rig_rule blocks,
                         enum rig_rule handle)
{
    struct o_adapter *adapter = &o->adapter[n];

    unsigned swept = request_sweep_adapter(o, n, requests);

    swept += blocks_sweep(o, n, blocks);
    if (adapter->dma) {
        if (handle && !swept)
            oracle_report_due(o, handle);
        o->dma[adapter->dma].life = LIFE_stale;
        o->dma[adapter->dma].pool.live = false;
        o->dmas--;
    }
    channels_die(o, n, handle ? RULE_CH_15 : RULE_NONE);
    return_sends(o, n);
    o->driver[adapter->driver].adapters--;
    o->adapters--;
    adapter->life = LIFE_stale;
    adapter->state = STATE_gone;
    adapter->dma = 0;
}

static void leave_initialize(struct oracle *o, unsigned n, NTSTATUS status)
{
    struct o_adapter *adapter = &o->adapter[n];
    bool documented = status == NDIS_STATUS_SUCCESS || status == NDIS_STATUS_NOT_ACCEPTED ||
                      status == NDIS_STATUS_RESOURCES || status == NDIS_STATUS_FAILURE;

    if (!documented)
        oracle_report_due(o, RULE_LIFE_20);
    if (adapter->unlogged)
        oracle_report_due(o, RULE_SDV_06);
    if (status != NDIS_STATUS_SUCCESS) {
        adapter_dies(o, n, RULE_SGL_27, RULE_SHM_11, RULE_SG_32);
        return;
    }
    if (!adapter->general)
        oracle_report_due(o, RULE_LIFE_13);
    adapter->state = STATE_paused;
}

void oracle_halt(struct oracle *o, struct call *c)
{
    unsigned n = live_adapter(o, c, 0);

    if (!n || o->adapter[n].state != STATE_paused || o->adapter[n].reset || o->adapter[n].power ||
        no_event_now(o)) {
        never(c);
        return;
    }
    o->adapter[n].state = STATE_halting;
    oracle_expect_here(o, FRAME_halt, n, c->a[1].n, PASSIVE_LEVEL);
}

void oracle_shutdown(struct oracle *o, struct call *c)
{
    unsigned n = live_adapter(o, c, 0);
    struct o_adapter *adapter = &o->adapter[n];
    bool bug_check = c->a[1].n == NdisShutdownBugCheck;

    if (!n || adapter->state < STATE_paused ||
        adapter->state > (bug_check ? STATE_halting : STATE_pausing) ||
        o->frame_count == RIG_FRAMES || (!bug_check && oracle_level(o) > PASSIVE_LEVEL) ||
        (bug_check && adapter->minor >= 30 &&
         !(adapter->flags & NDIS_MINIPORT_ATTRIBUTES_REGISTER_BUGCHECK_CALLBACK))) {
        never(c);
        return;
    }
    adapter->state = STATE_shutdown;
    adapter->pause = adapter->restart = adapter->reset = adapter->power = ANSWER_none;
    oracle_expect_here(o, FRAME_shutdown, n, c->a[1].n, bug_check ? HIGH_LEVEL : PASSIVE_LEVEL);
}

void oracle_time_passes(struct oracle *o, struct call *c)
{
    unsigned n = live_adapter(o, c, 0);
    const struct o_adapter *adapter = &o->adapter[n];

    if (!n)
        never(c);
    else if (adapter->reset == ANSWER_inside || adapter->reset == ANSWER_early)
        refuse(c, RULE_LIFE_66);
    else if (adapter->pause)
        refuse(c, RULE_LIFE_38);
    else if (adapter->state == STATE_halting)
        refuse(c, RULE_LIFE_48);
    else if (adapter->sends)
        refuse(c, RULE_LIFE_79);
}

void oracle_surprise_remove(struct oracle *o, struct call *c)
{
    unsigned n = live_adapter(o, c, 0);
    struct o_adapter *adapter = &o->adapter[n];

    if (!n || adapter->state < STATE_paused || adapter->state > STATE_pausing || adapter->removed ||
        no_event_now(o)) {
        never(c);
        return;
    }
    adapter->removed = true;
    posts_drop_adapter(o, n);
    blocks_stop(o, n);
    oracle_expect_here(o, FRAME_pnp_event, n, 0, PASSIVE_LEVEL);
}

/* ---- restart, pause, reset ---- */

void oracle_restart(struct oracle *o, struct call *c)
{
    unsigned n = live_adapter(o, c, 0);

    if (!n || o->adapter[n].state != STATE_paused || o->adapter[n].removed ||
        o->adapter[n].asleep || o->adapter[n].power || no_event_now(o)) {
        never(c);
        return;
    }
    o->adapter[n].state = STATE_restarting;
    o->adapter[n].restart = ANSWER_inside;
    oracle_expect_here(o, FRAME_restart, n, 0, PASSIVE_LEVEL);
}

static void restart_over(struct o_adapter *adapter, NTSTATUS status)
{
    adapter->restart = ANSWER_none;
    adapter->state = status == NDIS_STATUS_SUCCESS ? STATE_running : STATE_paused;
}

static void leave_restart(struct oracle *o, unsigned n, NTSTATUS status)
{
    struct o_adapter *adapter = &o->adapter[n];

    if (status != NDIS_STATUS_PENDING) {
        if (adapter->restart == ANSWER_early)
            oracle_report_due(o, RULE_LIFE_37);
        restart_over(adapter, status);
    } else if (adapter->restart == ANSWER_early)
        restart_over(adapter, adapter->early);
    else
        adapter->restart = ANSWER_pending;
}

void oracle_NdisMRestartComplete(struct oracle *o, struct call *c)
{
    struct o_adapter *adapter = adapter_called(o, c, RULE_LIFE_37);

    if (!adapter)
        return;
    if (adapter->restart == ANSWER_pending)
        restart_over(adapter, status_values[c->a[1].n]);
    else if (adapter->restart == ANSWER_inside) {
        adapter->restart = ANSWER_early;
        adapter->early = status_values[c->a[1].n];
    } else
        refuse(c, RULE_LIFE_37);
}

void oracle_pause(struct oracle *o, struct call *c)
{
    unsigned n = live_adapter(o, c, 0);

    if (!n || o->adapter[n].state != STATE_running || o->adapter[n].power || no_event_now(o)) {
        never(c);
        return;
    }
    o->adapter[n].state = STATE_pausing;
    o->adapter[n].pause = ANSWER_inside;
    oracle_expect_here(o, FRAME_pause, n, 0, PASSIVE_LEVEL);
}

/* What keeps a pause from completing. */
static enum rig_rule pause_broken(const struct oracle *o, unsigned n)
{
    if (o->adapter[n].sends || o->adapter[n].receives)
        return RULE_LIFE_32;
    for (unsigned i = 0; i < o->active_count; i++) {
        const struct request *q = &o->request[o->active[i]];

        if (q->adapter == n && q->kind == KIND_nb && q->to_device)
            return RULE_LIFE_33;
    }
    return RULE_NONE;
}

static void pause_over(struct o_adapter *adapter)
{
    adapter->pause = ANSWER_none;
    adapter->state = STATE_paused;
}

static void leave_pause(struct oracle *o, unsigned n, NTSTATUS status)
{
    struct o_adapter *adapter = &o->adapter[n];
    bool early = adapter->pause == ANSWER_early;
    enum rig_rule broken = pause_broken(o, n);

    adapter->pause = ANSWER_pending;
    if (early) {
        if (status != NDIS_STATUS_PENDING)
            oracle_report_due(o, RULE_LIFE_37);
        pause_over(adapter);
        return;
    }
    if (status == NDIS_STATUS_PENDING)
        return;
    if (status != NDIS_STATUS_SUCCESS)
        oracle_report_due(o, RULE_LIFE_31);
    if (broken)
        oracle_report_due(o, broken);
    else
        pause_over(adapter);
}

void oracle_NdisMPauseComplete(struct oracle *o, struct call *c)
{
    struct o_adapter *adapter = adapter_called(o, c, RULE_LIFE_37);
    enum rig_rule broken;

    if (!adapter)
        return;
    broken = pause_broken(o, named(c, 0, CLASS_adapter));
    if (adapter->pause != ANSWER_inside && adapter->pause != ANSWER_pending)
        refuse(c, RULE_LIFE_37);
    else if (broken)
        refuse(c, broken);
    else if (adapter->pause == ANSWER_inside)
        adapter->pause = ANSWER_early;
    else
        pause_over(adapter);
}

bool no_event_at(const struct oracle *o, KIRQL level)
{
    return level > DISPATCH_LEVEL || oracle_level(o) > level || o->frame_count == RIG_FRAMES;
}

void oracle_reset(struct oracle *o, struct call *c)
{
    unsigned n = live_adapter(o, c, 0);
    struct o_adapter *adapter = &o->adapter[n];
    KIRQL level = irql_levels[c->a[1].n];

    if (!n || (adapter->state != STATE_running && adapter->state != STATE_pausing) ||
        adapter->reset || adapter->asleep || adapter->power || no_event_at(o, level)) {
        never(c);
        return;
    }
    adapter->reset = ANSWER_inside;
    oracle_expect_here(o, FRAME_reset, n, 0, level);
}

static bool sends_block_reset(const struct o_adapter *adapter)
{
    return adapter->sends && adapter->minor >= 30;
}

static void leave_reset(struct oracle *o, unsigned n, NTSTATUS status)
{
    struct o_adapter *adapter = &o->adapter[n];
    bool early = adapter->reset == ANSWER_early;

    if (status == NDIS_STATUS_PENDING) {
        adapter->reset = early ? ANSWER_none : ANSWER_pending;
        return;
    }
    if (early)
        oracle_report_due(o, RULE_LIFE_65);
    adapter->reset = ANSWER_none;
    if (status != NDIS_STATUS_SUCCESS || !sends_block_reset(adapter))
        return;
    oracle_report_due(o, RULE_LIFE_62);
    adapter->reset = ANSWER_pending;
}

void oracle_NdisMResetComplete(struct oracle *o, struct call *c)
{
    struct o_adapter *adapter = adapter_called(o, c, RULE_LIFE_65);

    if (!adapter)
        return;
    if (adapter->reset != ANSWER_inside && adapter->reset != ANSWER_pending)
        refuse(c, RULE_LIFE_65);
    else if (sends_block_reset(adapter))
        refuse(c, RULE_LIFE_62);
    else
        adapter->reset = adapter->reset == ANSWER_inside ? ANSWER_early : ANSWER_none;
}

/* ---- sends ---- */

void oracle_send(struct oracle *o, struct call *c)
{
    unsigned n = live_adapter(o, c, 0);
    unsigned list = named(c, 1, CLASS_nbl);
    struct o_adapter *adapter = &o->adapter[n];
    KIRQL level = irql_levels[c->a[2].n];
    bool runs = n && (adapter->state == STATE_running ||
                      (adapter->state == STATE_pausing && adapter->pause != ANSWER_early));

    if (!runs || adapter->reset || adapter->power == ANSWER_early || !list ||
        o->nbl[list].life != LIFE_live || o->nbl[list].adapter || o->nbl[list].indicated ||
        no_event_at(o, level)) {
        never(c);
        return;
    }
    adapter->sends++;
    o->nbl[list].adapter = n;
    o->nbl[list].pausing = adapter->state == STATE_pausing;
    o->nbl[list].removed = adapter->removed;
    o->nbl[list].asleep = adapter->asleep || (adapter->power && adapter->power_to != POWER_d0);
    oracle_expect_here(o, FRAME_send, n, list, level);
}

static void leave_send(struct oracle *o, unsigned n, unsigned list)
{
    if (o->nbl[list].adapter != n)
        return;
    if (o->nbl[list].pausing)
        oracle_report_due(o, RULE_LIFE_34);
    else if (o->nbl[list].removed)
        oracle_report_due(o, RULE_LIFE_70);
    else if (o->nbl[list].asleep)
        oracle_report_due(o, RULE_LIFE_73);
}

void oracle_cancel_send(struct oracle *o, struct call *c)
{
    unsigned n = live_adapter(o, c, 0);
    KIRQL level = irql_levels[c->a[1].n];

    if (!n || (o->adapter[n].state != STATE_running && o->adapter[n].state != STATE_pausing) ||
        no_event_at(o, level))
        never(c);
    else
        oracle_expect_here(o, FRAME_cancel_send, n, 0, level);
}

enum rig_rule completion_broken(const struct oracle *o, const struct o_nbl *list)
{
    enum rig_rule rule = RULE_NONE;

    for (unsigned i = 0; i < list->count; i++) {
        unsigned request = o->nb[list->nb[i]].request;

        if (request && is_waiting(&o->request[request]))
            return RULE_SGL_34;
        if (request)
            rule = RULE_SGL_32;
    }
    return rule;
}

/* A send that had to be answered at once, and whether STATUS says why. */
static enum rig_rule answer_broken(const struct o_nbl *list, NTSTATUS status)
{
    if ((list->pausing && status == NDIS_STATUS_PAUSED) ||
        (list->removed && status == NDIS_STATUS_NOT_ACCEPTED) ||
        (list->asleep && status == NDIS_STATUS_LOW_POWER_STATE))
        return RULE_NONE;
    if (list->pausing)
        return RULE_LIFE_34;
    if (list->removed)
        return RULE_LIFE_70;
    return list->asleep ? RULE_LIFE_73 : RULE_NONE;
}

static void completion_warnings(struct oracle *o, struct call *c, const struct o_nbl *list,
                                NTSTATUS status)
{
    const struct frame *frame = innermost(o);
    bool killed = status == NDIS_STATUS_REQUEST_ABORTED ||
                  status == NDIS_STATUS_RESET_IN_PROGRESS || status == NDIS_STATUS_FAILURE ||
                  status == NDIS_STATUS_RESOURCES;

    if (!frame || frame->object != list->adapter || list->pausing || list->removed || list->asleep)
        return;
    if (frame->kind == FRAME_cancel_send && status != NDIS_STATUS_SEND_ABORTED)
        warn(c, RULE_LIFE_77);
    if (frame->kind == FRAME_reset && !killed)
        warn(c, RULE_LIFE_63);
}

void oracle_NdisMSendNetBufferListsComplete(struct oracle *o, struct call *c)
{
    struct o_adapter *adapter = adapter_called(o, c, RULE_LIFE_75);
    unsigned list = named(c, 1, CLASS_nbl);
    enum rig_rule rule;

    if (!adapter)
        return;
    if (!list || o->nbl[list].adapter != named(c, 0, CLASS_adapter)) {
        refuse(c, RULE_LIFE_75);
        return;
    }
    rule = completion_broken(o, &o->nbl[list]);
    if (!rule)
        rule = answer_broken(&o->nbl[list], status_values[c->a[2].n]);
    if (rule) {
        refuse(c, rule);
        return;
    }
    completion_warnings(o, c, &o->nbl[list], status_values[c->a[2].n]);
    o->nbl[list].adapter = 0;
    adapter->sends--;
}

/* ---- attributes ---- */

void oracle_NdisMSetMiniportAttributes(struct oracle *o, struct call *c)
{
    struct o_adapter *adapter = adapter_called(o, c, RULE_LIFE_10);
    bool general = c->a[1].n == 1;
    unsigned header = c->a[2].n;

    if (!adapter)
        return;
    if (adapter->state != STATE_initializing)
        refuse(c, RULE_LIFE_10);
    else if (header == HEADER_wrong_type || header == HEADER_short)
        refuse(c, RULE_BC_11);
    else if (general != adapter->registration)
        refuse(c, RULE_LIFE_11);
    else if (header == HEADER_revision_0 ||
             (header == HEADER_revision_2 && !general && adapter->minor < 30))
        fails(c, NDIS_STATUS_BAD_VERSION);
    else if (general)
        adapter->general = true;
    else {
        adapter->registration = true;
        adapter->flags = c->a[3].n;
        adapter->bus = c->a[4].n;
    }
}

/* ---- callbacks that return ---- */

void leave_miniport(struct oracle *o, const struct frame *frame, NTSTATUS status)
{
    unsigned n = frame->object;

    if (o->adapter[n].life != LIFE_live)
        return; /* it ended meanwhile */
    switch (frame->kind) {
    case FRAME_initialize:
        leave_initialize(o, n, status);
        break;
    case FRAME_restart:
        leave_restart(o, n, status);
        break;
    case FRAME_pause:
        leave_pause(o, n, status);
        break;
    case FRAME_reset:
        leave_reset(o, n, status);
        break;
    case FRAME_send:
        leave_send(o, n, frame->detail);
        break;
    case FRAME_oid:
        leave_power(o, n, status);
        break;
    case FRAME_halt:
        adapter_dies(o, n,
                     frame->detail == NdisHaltDeviceSurpriseRemoved ? RULE_FSG_15 : RULE_SGL_27,
                     RULE_SHM_18, RULE_SG_38);
        break;
    case FRAME_shutdown:
        if (adapter_has_posts(o, n))
            oracle_report_due(o, RULE_LIFE_51);
        adapter_dies(o, n, RULE_NONE, RULE_NONE, RULE_NONE);
        break;
    default:
        break;
    }
}
