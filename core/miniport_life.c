/*
 * miniport_life.c: what the system does with an adapter from initialisation to its end.
 *
 * Each event calls one handler of the driver. What the handler leaves wrong cannot be refused: it
 * is reported and, where the adapter goes, swept. An event that NDIS would not raise in the
 * adapter's state does not happen (LIFE-36, LIFE-40).
 */
#include "device.h"
#include "ndis_layer.h"
#include <string.h>

/* Neither coming nor going. */
enum { SETTLED = ADAPTER_PAUSED | ADAPTER_RESTARTING | ADAPTER_RUNNING | ADAPTER_PAUSING };

void adapter_enter(struct machine *machine, const struct adapter *adapter, enum site site,
                   KIRQL level)
{
    struct frame *frame = frame_enter(machine, site, level);

    frame->object = adapter;
    frame->generation = adapter->generation;
}

bool adapter_leave(struct machine *machine, const char *callback)
{
    const struct adapter *adapter = frame_current(machine)->object;
    uint32_t generation = frame_current(machine)->generation;

    frame_leave(machine, callback);
    return adapter->state != ADAPTER_GONE && adapter->generation == generation;
}

struct adapter *event_adapter(struct machine *machine, NDIS_HANDLE handle, KIRQL level,
                              unsigned states)
{
    struct adapter *adapter = adapter_of(machine, handle);

    return adapter && adapter->state & states && level <= DISPATCH_LEVEL &&
                   processor_can(machine, level)
               ? adapter
               : NULL;
}

/* The adapter is gone: its handle, its DMA, its lists of packets, its posted transfers. */
static void end(struct machine *machine, struct adapter *adapter, struct sweep_rules rules,
                const char *call)
{
    dma_sweep(machine, adapter, rules, call);
    channel_sweep(machine, adapter, rules.dma ? RULE_CH_15 : RULE_NONE, call);
    device_forget_adapter(machine, adapter);
    EACH (struct net_buffer_list, list, machine, net_buffer_lists) {
        list->adapter = list->adapter == adapter ? NULL : list->adapter;
        list->indicated = list->indicated == adapter ? NULL : list->indicated;
    }
    *adapter = (struct adapter){.generation = adapter->generation};
}

/* ---- initialize ---- */

bool rig_initialize(struct machine *machine, NDIS_HANDLE handle)
{
    struct driver *driver = driver_of(machine, handle);
    NDIS_MINIPORT_INIT_PARAMETERS parameters = {
        .Header = HEADER(MINIPORT_INIT_PARAMETERS, MINIPORT_INIT_PARAMETERS)};
    struct adapter *adapter;
    NDIS_STATUS status;

    if (!driver || !processor_can(machine, PASSIVE_LEVEL))
        return false;
    adapter =
        slot_take(machine, SETTING_adapters, RIG_SITE_adapter, TABLE(machine, adapters, state), 0);
    if (!adapter)
        return false;
    adapter->generation++;
    adapter->state = ADAPTER_INITIALIZING;
    adapter->driver = driver;
    adapter->made = machine->origin;
    handle = handle_make(HANDLE_ADAPTER, adapter_index(machine, adapter), adapter->generation);
    if (machine->hooks.resources)
        parameters.AllocatedResources = machine->hooks.resources(machine, handle);
    adapter_enter(machine, adapter, SITE_OTHER, PASSIVE_LEVEL);
    status = driver->handlers.InitializeHandlerEx(handle, driver->context, &parameters);
    frame_leave(machine, "MiniportInitializeEx");
    if (status != NDIS_STATUS_SUCCESS && status != NDIS_STATUS_NOT_ACCEPTED &&
        status != NDIS_STATUS_RESOURCES && status != NDIS_STATUS_FAILURE)
        verifier_finds(machine, RULE_LIFE_20, "MiniportInitializeEx", 0);
    if (adapter->unlogged)
        verifier_finds(machine, RULE_SDV_06, "MiniportInitializeEx", 0);
    if (status == NDIS_STATUS_SUCCESS) {
        if (!adapter->general_set)
            verifier_finds(machine, RULE_LIFE_13, "MiniportInitializeEx", 0);
        adapter->state = ADAPTER_PAUSED;
        return true;
    }
    end(machine, adapter, (struct sweep_rules){RULE_SGL_27, RULE_SHM_11, RULE_SG_32},
        "MiniportInitializeEx");
    return true;
}

/* ---- the end ---- */

bool rig_halt(struct machine *machine, NDIS_HANDLE handle, NDIS_HALT_ACTION action)
{
    struct adapter *adapter = event_adapter(machine, handle, PASSIVE_LEVEL, ADAPTER_PAUSED);
    enum rig_rule list_rule = action == NdisHaltDeviceSurpriseRemoved ? RULE_FSG_15 : RULE_SGL_27;

    if (!adapter || adapter->answers[ASK_RESET] || adapter->answers[ASK_POWER])
        return false;
    adapter->state = ADAPTER_HALTING;
    adapter_enter(machine, adapter, SITE_OTHER, PASSIVE_LEVEL);
    adapter->driver->handlers.HaltHandlerEx(adapter->context, action);
    if (adapter_leave(machine, "MiniportHaltEx")) /* LIFE-56 */
        end(machine, adapter, (struct sweep_rules){list_rule, RULE_SHM_18, RULE_SG_38},
            "MiniportHaltEx");
    return true;
}

/* LIFE-55: from 6.30 on a bug check is told only to those who asked. */
bool rig_shutdown(struct machine *machine, NDIS_HANDLE handle, NDIS_SHUTDOWN_ACTION action)
{
    bool bug_check = action == NdisShutdownBugCheck;
    KIRQL level = bug_check ? HIGH_LEVEL : PASSIVE_LEVEL;
    unsigned states = bug_check ? SETTLED | ADAPTER_HALTING : SETTLED;
    struct adapter *adapter = adapter_of(machine, handle);

    if (!adapter || !(adapter->state & states) || !processor_can(machine, level) ||
        (bug_check && adapter->driver->minor >= 30 &&
         !(adapter->attributes & NDIS_MINIPORT_ATTRIBUTES_REGISTER_BUGCHECK_CALLBACK)))
        return false;
    adapter->state = ADAPTER_SHUTDOWN;
    memset(adapter->answers, ANSWER_NONE, sizeof adapter->answers);
    adapter_enter(machine, adapter, SITE_OTHER, level);
    adapter->driver->handlers.ShutdownHandlerEx(adapter->context, action);
    frame_leave(machine, "MiniportShutdownEx");
    if (device_serves(machine, adapter))
        verifier_finds(machine, RULE_LIFE_51, "MiniportShutdownEx", 0);
    end(machine, adapter, (struct sweep_rules){RULE_NONE, RULE_NONE, RULE_NONE},
        "MiniportShutdownEx");
    return true;
}

bool rig_surprise_remove(struct machine *machine, NDIS_HANDLE handle)
{
    struct adapter *adapter = event_adapter(machine, handle, PASSIVE_LEVEL, SETTLED);
    NET_DEVICE_PNP_EVENT event = {
        .Header = {NDIS_OBJECT_TYPE_DEFAULT, NET_DEVICE_PNP_EVENT_REVISION_1,
                   NDIS_SIZEOF_NET_DEVICE_PNP_EVENT_REVISION_1},
        .DevicePnPEvent = NdisDevicePnPEventSurpriseRemoved,
    };

    if (!adapter || adapter->removed)
        return false;
    adapter->removed = true;
    device_forget_adapter(machine, adapter);
    shared_stop(machine, adapter);
    adapter_enter(machine, adapter, SITE_OTHER, PASSIVE_LEVEL);
    adapter->driver->handlers.DevicePnPEventNotifyHandler(adapter->context, &event);
    frame_leave(machine, "MiniportDevicePnPEventNotify");
    return true;
}

/* ---- time ---- */

/* What must not take long and is under way. */
static enum rig_rule overdue(const struct adapter *adapter)
{
    if (adapter->answers[ASK_RESET] == ANSWER_IN_CALLBACK ||
        adapter->answers[ASK_RESET] == ANSWER_EARLY)
        return RULE_LIFE_66;
    if (adapter->answers[ASK_PAUSE] != ANSWER_NONE)
        return RULE_LIFE_38;
    if (adapter->state == ADAPTER_HALTING)
        return RULE_LIFE_48;
    return adapter->sends > 0 ? RULE_LIFE_79 : RULE_NONE;
}

bool rig_time_passes(struct machine *machine, NDIS_HANDLE handle)
{
    const struct adapter *adapter = adapter_of(machine, handle);

    return adapter && !verifier_finds(machine, overdue(adapter), "time_passes", 0);
}

/* ---- the device ---- */

bool rig_device_stop(struct machine *machine, NDIS_HANDLE handle)
{
    struct adapter *adapter = adapter_of(machine, handle);

    if (!adapter)
        return false;
    shared_stop(machine, adapter);
    device_forget_adapter(machine, adapter);
    return true;
}
