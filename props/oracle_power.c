/*
 * oracle_power.c: low power, and the lists that a driver indicates.
 */
#include "oracle.h"

/* ---- low power ---- */

void oracle_set_power(struct oracle *o, struct call *c)
{
    unsigned n = live_adapter(o, c, 0);
    struct o_adapter *adapter = &o->adapter[n];
    bool up = c->a[1].n == POWER_d0;

    if (!n || (adapter->state != STATE_paused && adapter->state != STATE_running) ||
        adapter->removed || adapter->reset || adapter->power || up != adapter->asleep ||
        no_event_now(o)) {
        never(c);
        return;
    }
    adapter->power = ANSWER_inside;
    adapter->power_to = c->a[1].n;
    oracle_expect_here(o, FRAME_oid, n, c->a[1].n, PASSIVE_LEVEL);
}

bool adapter_has_posts(const struct oracle *o, unsigned adapter)
{
    for (unsigned i = 0; i < o->post_count; i++)
        if (o->request[o->posts[i]].adapter == adapter)
            return true;
    return false;
}

/* What keeps the device from sleeping. */
static bool too_busy(const struct oracle *o, unsigned n)
{
    const struct o_adapter *adapter = &o->adapter[n];

    switch (adapter->power_to) {
    case POWER_d0:
        return false;
    case POWER_d3:
        if (adapter_has_posts(o, n))
            return true;
        break;
    default:
        break;
    }
    return adapter->sends || (o->settings[SETTING_low_power_lists] && adapter_has_requests(o, n));
}

static void power_over(struct o_adapter *adapter, NTSTATUS status)
{
    adapter->power = ANSWER_none;
    if (status == NDIS_STATUS_SUCCESS)
        adapter->asleep = adapter->power_to != POWER_d0;
}

void leave_power(struct oracle *o, unsigned n, NTSTATUS status)
{
    struct o_adapter *adapter = &o->adapter[n];
    bool early = adapter->power == ANSWER_early;

    if (early && status != NDIS_STATUS_PENDING)
        oracle_report_due(o, RULE_SDV_32);
    if (early) {
        power_over(adapter, adapter->early);
    } else if (status == NDIS_STATUS_PENDING) {
        adapter->power = ANSWER_pending;
    } else if (status == NDIS_STATUS_SUCCESS && too_busy(o, n)) {
        oracle_report_due(o, RULE_LIFE_73);
        adapter->power = ANSWER_pending;
    } else {
        power_over(adapter, status);
    }
}

void oracle_NdisMOidRequestComplete(struct oracle *o, struct call *c)
{
    unsigned n = live_adapter(o, c, 0);
    struct o_adapter *adapter = &o->adapter[n];
    NTSTATUS status = status_values[c->a[1].n];

    if (!n || (adapter->power != ANSWER_inside && adapter->power != ANSWER_pending)) {
        refuse(c, RULE_SDV_32);
        return;
    }
    if (wrong_level(o, c))
        return;
    if (status == NDIS_STATUS_SUCCESS && too_busy(o, n)) {
        refuse(c, RULE_LIFE_73);
    } else if (adapter->power == ANSWER_inside) {
        adapter->power = ANSWER_early;
        adapter->early = status;
    } else {
        power_over(adapter, status);
    }
}

/* ---- receives ---- */

static enum rig_rule indication_broken(const struct oracle *o, const struct o_adapter *adapter,
                                       unsigned list)
{
    bool runs = adapter->state == STATE_running ||
                (adapter->state == STATE_pausing && adapter->pause != ANSWER_early);

    if (!runs)
        return RULE_LIFE_32;
    if (adapter->asleep)
        return RULE_LIFE_73;
    if (!list || o->nbl[list].life != LIFE_live || o->nbl[list].adapter || o->nbl[list].indicated)
        return RULE_LIFE_75;
    return completion_broken(o, &o->nbl[list]);
}

void oracle_NdisMIndicateReceiveNetBufferLists(struct oracle *o, struct call *c)
{
    unsigned n = live_adapter(o, c, 0);
    unsigned list = named(c, 1, CLASS_nbl);
    enum rig_rule rule;

    if (!n) {
        refuse(c, RULE_LIFE_75);
        return;
    }
    if (wrong_level(o, c))
        return;
    rule = indication_broken(o, &o->adapter[n], list);
    if (rule) {
        refuse(c, rule);
        return;
    }
    o->nbl[list].indicated = n;
    o->adapter[n].receives++;
}

void oracle_return_net_buffer_lists(struct oracle *o, struct call *c)
{
    unsigned n = live_adapter(o, c, 0);
    unsigned list = named(c, 1, CLASS_nbl);
    KIRQL level = irql_levels[c->a[2].n];

    if (!n || !list || o->nbl[list].indicated != n || no_event_at(o, level)) {
        never(c);
        return;
    }
    o->nbl[list].indicated = 0;
    o->adapter[n].receives--;
    oracle_expect_here(o, FRAME_return, n, list, level);
}
