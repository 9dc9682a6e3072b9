/*
 * miniport_life.c: what the system does with an adapter from initialisation to its end.
 *
 * Each event calls one handler of the driver. What the handler leaves wrong cannot be refused: it
 * is reported and, where the adapter goes, swept. An event that NDIS would not raise in the
 * adapter's state does not happen (LIFE-36, LIFE-40).
 */
#include "device.h"
#include "ndis_layer.h"

static const NDIS_MINIPORT_DRIVER_CHARACTERISTICS *handlers(const struct machine *machine,
                                                            const struct adapter *adapter)
{
    return &machine->drivers[adapter->driver].handlers;
}

uint32_t adapter_enter(struct machine *machine, const struct adapter *adapter, enum site site,
                       KIRQL level)
{
    struct frame *frame = frame_enter(machine, site, level);

    frame->adapter = (uint8_t)adapter_index(machine, adapter);
    frame->generation = adapter->generation;
    return adapter->generation;
}

bool adapter_survived(const struct adapter *adapter, uint32_t generation)
{
    return adapter->state != ADAPTER_GONE && adapter->generation == generation;
}

struct adapter *event_adapter(struct machine *machine, NDIS_HANDLE handle, KIRQL level)
{
    struct adapter *adapter;

    if (adapter_of(machine, handle, &adapter) != HANDLE_LIVE || level > DISPATCH_LEVEL ||
        !processor_can(machine, level))
        return NULL;
    return adapter;
}

void adapter_end(struct machine *machine, struct adapter *adapter)
{
    unsigned index = adapter_index(machine, adapter);

    device_forget_adapter(machine, index + 1);
    for (unsigned i = 0; i < machine->used.net_buffer_lists; i++) {
        struct net_buffer_list *list = &machine->net_buffer_lists[i];

        list->adapter = list->adapter == index + 1 ? 0 : list->adapter;
        list->indicated = list->indicated == index + 1 ? 0 : list->indicated;
    }
    *adapter = (struct adapter){.generation = adapter->generation};
}

/* ---- initialize ---- */

static NDIS_STATUS call_initialize(struct machine *machine, struct adapter *adapter)
{
    const struct driver *driver = &machine->drivers[adapter->driver];
    NDIS_HANDLE handle =
        handle_make(HANDLE_ADAPTER, adapter_index(machine, adapter), adapter->generation);
    NDIS_MINIPORT_INIT_PARAMETERS parameters = {
        .Header = {NDIS_OBJECT_TYPE_MINIPORT_INIT_PARAMETERS,
                   NDIS_MINIPORT_INIT_PARAMETERS_REVISION_1,
                   NDIS_SIZEOF_MINIPORT_INIT_PARAMETERS_REVISION_1},
        .AllocatedResources =
            machine->hooks.resources ? machine->hooks.resources(machine, handle) : NULL,
    };
    NDIS_STATUS status;

    adapter_enter(machine, adapter, SITE_OTHER, PASSIVE_LEVEL);
    status = driver->handlers.InitializeHandlerEx(handle, driver->context, &parameters);
    frame_leave(machine, "MiniportInitializeEx");
    return status;
}

/* LIFE-20 */
static bool is_initialize_result(NDIS_STATUS status)
{
    return status == NDIS_STATUS_SUCCESS || status == NDIS_STATUS_NOT_ACCEPTED ||
           status == NDIS_STATUS_RESOURCES || status == NDIS_STATUS_FAILURE;
}

bool rig_initialize(struct machine *machine, NDIS_HANDLE handle)
{
    struct driver *driver = driver_of(machine, handle);
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
    adapter->driver = (uint8_t)(driver - machine->drivers);
    adapter->made = machine->origin;
    status = call_initialize(machine, adapter);
    if (!is_initialize_result(status))
        verifier_report(machine, RULE_LIFE_20, "MiniportInitializeEx");
    if (adapter->unlogged)
        verifier_report(machine, RULE_SDV_06, "MiniportInitializeEx");
    if (status == NDIS_STATUS_SUCCESS) {
        if (!adapter->general_set)
            verifier_report(machine, RULE_LIFE_13, "MiniportInitializeEx");
        adapter->state = ADAPTER_PAUSED;
        return true;
    }
    dma_sweep(machine, adapter, (struct sweep_rules){RULE_SGL_27, RULE_SHM_11, RULE_SG_32},
              "MiniportInitializeEx");
    channel_sweep(machine, adapter, RULE_CH_15, "MiniportInitializeEx");
    adapter_end(machine, adapter);
    return true;
}

/* ---- answers ---- */

bool answer_due(uint8_t answer)
{
    return answer == ANSWER_IN_CALLBACK || answer == ANSWER_PENDING;
}

/* The callback returned STATUS: whether the answer came while it ran, as it may if that is PENDING. */
static bool came_early(struct machine *machine, uint8_t *answer, NDIS_STATUS status,
                       enum rig_rule rule, const char *callback)
{
    bool early = *answer == ANSWER_EARLY;

    *answer = early ? ANSWER_NONE : ANSWER_PENDING;
    if (early && status != NDIS_STATUS_PENDING)
        verifier_report(machine, rule, callback);
    return early;
}

/* ---- restart ---- */

static void finish_restart(struct adapter *adapter, NDIS_STATUS status)
{
    adapter->restart = ANSWER_NONE;
    adapter->state = status == NDIS_STATUS_SUCCESS ? ADAPTER_RUNNING : ADAPTER_PAUSED;
}

static void settle_restart(struct machine *machine, struct adapter *adapter, NDIS_STATUS status)
{
    bool early = came_early(machine, &adapter->restart, status, RULE_LIFE_37, "MiniportRestart");

    if (early && status == NDIS_STATUS_PENDING)
        status = adapter->early_status;
    if (early || status != NDIS_STATUS_PENDING)
        finish_restart(adapter, status);
}

bool rig_restart(struct machine *machine, NDIS_HANDLE handle)
{
    struct adapter *adapter = event_adapter(machine, handle, PASSIVE_LEVEL);
    NDIS_MINIPORT_RESTART_PARAMETERS parameters = {
        .Header = {NDIS_OBJECT_TYPE_DEFAULT, NDIS_MINIPORT_RESTART_PARAMETERS_REVISION_1,
                   NDIS_SIZEOF_MINIPORT_RESTART_PARAMETERS_REVISION_1}};
    NDIS_STATUS status;
    uint32_t generation;

    if (!adapter || adapter->state != ADAPTER_PAUSED || adapter->removed || adapter_sleeps(adapter))
        return false;
    adapter->state = ADAPTER_RESTARTING;
    adapter->restart = ANSWER_IN_CALLBACK;
    generation = adapter_enter(machine, adapter, SITE_OTHER, PASSIVE_LEVEL);
    status = handlers(machine, adapter)->RestartHandler(adapter->context, &parameters);
    frame_leave(machine, "MiniportRestart");
    if (adapter_survived(adapter, generation))
        settle_restart(machine, adapter, status);
    return true;
}

void NdisMRestartComplete(NDIS_HANDLE MiniportAdapterHandle, NDIS_STATUS Status)
{
    struct machine *machine = machine_bound();
    struct adapter *adapter;

    if (adapter_of(machine, MiniportAdapterHandle, &adapter) != HANDLE_LIVE ||
        processor_irql(machine) > DISPATCH_LEVEL || !answer_due(adapter->restart)) {
        verifier_report(machine, RULE_LIFE_37, "NdisMRestartComplete");
    } else if (adapter->restart == ANSWER_IN_CALLBACK) {
        adapter->restart = ANSWER_EARLY;
        adapter->early_status = Status;
    } else {
        finish_restart(adapter, Status);
    }
}

/* ---- pause ---- */

/* LIFE-32, LIFE-33: what must be over before a pause is. */
static enum rig_rule pause_obstacle(struct machine *machine, const struct adapter *adapter)
{
    const struct dma *dma = adapter_dma(machine, adapter);

    if (adapter->sends > 0 || adapter->receives > 0)
        return RULE_LIFE_32;
    return dma && dma_has_requests(machine, dma, true) ? RULE_LIFE_33 : RULE_NONE;
}

static void finish_pause(struct adapter *adapter)
{
    adapter->pause = ANSWER_NONE;
    adapter->state = ADAPTER_PAUSED;
}

static void settle_pause(struct machine *machine, struct adapter *adapter, NDIS_STATUS status)
{
    if (came_early(machine, &adapter->pause, status, RULE_LIFE_37, "MiniportPause")) {
        finish_pause(adapter);
        return;
    }
    if (status == NDIS_STATUS_PENDING)
        return;
    if (status != NDIS_STATUS_SUCCESS)
        verifier_report(machine, RULE_LIFE_31, "MiniportPause");
    if (!verifier_finds(machine, pause_obstacle(machine, adapter), "MiniportPause", 0))
        finish_pause(adapter);
}

bool rig_pause(struct machine *machine, NDIS_HANDLE handle)
{
    struct adapter *adapter = event_adapter(machine, handle, PASSIVE_LEVEL);
    NDIS_MINIPORT_PAUSE_PARAMETERS parameters = {
        .Header = {NDIS_OBJECT_TYPE_DEFAULT, NDIS_MINIPORT_PAUSE_PARAMETERS_REVISION_1,
                   NDIS_SIZEOF_MINIPORT_PAUSE_PARAMETERS_REVISION_1}};
    NDIS_STATUS status;
    uint32_t generation;

    if (!adapter || adapter->state != ADAPTER_RUNNING || adapter->power != ANSWER_NONE)
        return false;
    adapter->state = ADAPTER_PAUSING;
    adapter->pause = ANSWER_IN_CALLBACK;
    generation = adapter_enter(machine, adapter, SITE_OTHER, PASSIVE_LEVEL);
    status = handlers(machine, adapter)->PauseHandler(adapter->context, &parameters);
    frame_leave(machine, "MiniportPause");
    if (adapter_survived(adapter, generation))
        settle_pause(machine, adapter, status);
    return true;
}

void NdisMPauseComplete(NDIS_HANDLE MiniportAdapterHandle)
{
    struct machine *machine = machine_bound();
    struct adapter *adapter;
    enum rig_rule rule;

    if (adapter_of(machine, MiniportAdapterHandle, &adapter) != HANDLE_LIVE ||
        processor_irql(machine) > DISPATCH_LEVEL || !answer_due(adapter->pause))
        rule = RULE_LIFE_37;
    else
        rule = pause_obstacle(machine, adapter);
    if (verifier_finds(machine, rule, "NdisMPauseComplete", 0))
        return;
    if (adapter->pause == ANSWER_IN_CALLBACK)
        adapter->pause = ANSWER_EARLY;
    else
        finish_pause(adapter);
}

/* ---- reset ---- */

/* LIFE-62: from 6.30 on nothing that was sent outlives a reset. */
static bool reset_must_wait(const struct machine *machine, const struct adapter *adapter)
{
    return adapter->sends > 0 && machine->drivers[adapter->driver].minor >= 30;
}

static void settle_reset(struct machine *machine, struct adapter *adapter, NDIS_STATUS status)
{
    if (came_early(machine, &adapter->reset, status, RULE_LIFE_65, "MiniportResetEx") ||
        status == NDIS_STATUS_PENDING)
        return;
    if (status == NDIS_STATUS_SUCCESS && reset_must_wait(machine, adapter))
        verifier_report(machine, RULE_LIFE_62, "MiniportResetEx");
    else
        adapter->reset = ANSWER_NONE;
}

bool rig_reset_adapter(struct machine *machine, NDIS_HANDLE handle, KIRQL level)
{
    struct adapter *adapter = event_adapter(machine, handle, level);
    BOOLEAN addressing = FALSE;
    NDIS_STATUS status;
    uint32_t generation;

    if (!adapter || adapter->reset != ANSWER_NONE || adapter_sleeps(adapter) ||
        (adapter->state != ADAPTER_RUNNING && adapter->state != ADAPTER_PAUSING) ||
        !handlers(machine, adapter)->ResetHandlerEx)
        return false;
    adapter->reset = ANSWER_IN_CALLBACK;
    generation = adapter_enter(machine, adapter, SITE_RESET, level);
    status = handlers(machine, adapter)->ResetHandlerEx(adapter->context, &addressing);
    frame_leave(machine, "MiniportResetEx");
    if (adapter_survived(adapter, generation))
        settle_reset(machine, adapter, status);
    return true;
}

void NdisMResetComplete(NDIS_HANDLE MiniportAdapterHandle, NDIS_STATUS Status,
                        BOOLEAN AddressingReset)
{
    struct machine *machine = machine_bound();
    struct adapter *adapter;

    (void)Status;
    (void)AddressingReset;
    if (adapter_of(machine, MiniportAdapterHandle, &adapter) != HANDLE_LIVE ||
        processor_irql(machine) > DISPATCH_LEVEL || !answer_due(adapter->reset))
        verifier_report(machine, RULE_LIFE_65, "NdisMResetComplete");
    else if (reset_must_wait(machine, adapter))
        verifier_report(machine, RULE_LIFE_62, "NdisMResetComplete");
    else
        adapter->reset = adapter->reset == ANSWER_IN_CALLBACK ? ANSWER_EARLY : ANSWER_NONE;
}

/* ---- the end ---- */

bool rig_halt(struct machine *machine, NDIS_HANDLE handle, NDIS_HALT_ACTION action)
{
    struct adapter *adapter = event_adapter(machine, handle, PASSIVE_LEVEL);
    enum rig_rule list_rule = action == NdisHaltDeviceSurpriseRemoved ? RULE_FSG_15 : RULE_SGL_27;
    uint32_t generation;

    if (!adapter || adapter->state != ADAPTER_PAUSED || adapter->reset != ANSWER_NONE ||
        adapter->power != ANSWER_NONE)
        return false;
    adapter->state = ADAPTER_HALTING;
    generation = adapter_enter(machine, adapter, SITE_OTHER, PASSIVE_LEVEL);
    handlers(machine, adapter)->HaltHandlerEx(adapter->context, action);
    frame_leave(machine, "MiniportHaltEx");
    if (!adapter_survived(adapter, generation))
        return true; /* LIFE-56 */
    dma_sweep(machine, adapter, (struct sweep_rules){list_rule, RULE_SHM_18, RULE_SG_38},
              "MiniportHaltEx");
    channel_sweep(machine, adapter, RULE_CH_15, "MiniportHaltEx");
    adapter_end(machine, adapter);
    return true;
}

/* LIFE-55: from 6.30 on a bug check is told only to those who asked. */
static bool wants_bug_check(const struct machine *machine, const struct adapter *adapter)
{
    return machine->drivers[adapter->driver].minor < 30 ||
           (adapter->attributes & NDIS_MINIPORT_ATTRIBUTES_REGISTER_BUGCHECK_CALLBACK);
}

static bool can_shut_down(const struct adapter *adapter)
{
    return adapter->state == ADAPTER_PAUSED || adapter->state == ADAPTER_RESTARTING ||
           adapter->state == ADAPTER_RUNNING || adapter->state == ADAPTER_PAUSING;
}

bool rig_shutdown(struct machine *machine, NDIS_HANDLE handle, NDIS_SHUTDOWN_ACTION action)
{
    bool bug_check = action == NdisShutdownBugCheck;
    KIRQL level = bug_check ? HIGH_LEVEL : PASSIVE_LEVEL;
    struct adapter *adapter;

    if (adapter_of(machine, handle, &adapter) != HANDLE_LIVE ||
        !(can_shut_down(adapter) || (bug_check && adapter->state == ADAPTER_HALTING)) ||
        !processor_can(machine, level) || (bug_check && !wants_bug_check(machine, adapter)))
        return false;
    adapter->state = ADAPTER_SHUTDOWN;
    adapter->pause = adapter->restart = adapter->reset = adapter->power = ANSWER_NONE;
    adapter_enter(machine, adapter, SITE_OTHER, level);
    handlers(machine, adapter)->ShutdownHandlerEx(adapter->context, action);
    frame_leave(machine, "MiniportShutdownEx");
    if (device_serves(machine, adapter_index(machine, adapter) + 1))
        verifier_report(machine, RULE_LIFE_51, "MiniportShutdownEx");
    dma_sweep(machine, adapter, (struct sweep_rules){RULE_NONE, RULE_NONE, RULE_NONE},
              "MiniportShutdownEx");
    channel_sweep(machine, adapter, RULE_NONE, "MiniportShutdownEx");
    adapter_end(machine, adapter);
    return true;
}

bool rig_surprise_remove(struct machine *machine, NDIS_HANDLE handle)
{
    struct adapter *adapter = event_adapter(machine, handle, PASSIVE_LEVEL);
    NET_DEVICE_PNP_EVENT event = {
        .Header = {NDIS_OBJECT_TYPE_DEFAULT, NET_DEVICE_PNP_EVENT_REVISION_1,
                   NDIS_SIZEOF_NET_DEVICE_PNP_EVENT_REVISION_1},
        .DevicePnPEvent = NdisDevicePnPEventSurpriseRemoved,
    };

    if (!adapter || !can_shut_down(adapter) || adapter->removed)
        return false;
    adapter->removed = true;
    device_forget_adapter(machine, adapter_index(machine, adapter) + 1);
    shared_stop(machine, adapter);
    adapter_enter(machine, adapter, SITE_OTHER, PASSIVE_LEVEL);
    handlers(machine, adapter)->DevicePnPEventNotifyHandler(adapter->context, &event);
    frame_leave(machine, "MiniportDevicePnPEventNotify");
    return true;
}

/* ---- time ---- */

/* What must not take long and is under way. */
static enum rig_rule overdue(const struct adapter *adapter)
{
    if (adapter->reset == ANSWER_IN_CALLBACK || adapter->reset == ANSWER_EARLY)
        return RULE_LIFE_66;
    if (adapter->pause != ANSWER_NONE)
        return RULE_LIFE_38;
    if (adapter->state == ADAPTER_HALTING)
        return RULE_LIFE_48;
    return adapter->sends > 0 ? RULE_LIFE_79 : RULE_NONE;
}

bool rig_time_passes(struct machine *machine, NDIS_HANDLE handle)
{
    struct adapter *adapter;

    return adapter_of(machine, handle, &adapter) == HANDLE_LIVE &&
           !verifier_finds(machine, overdue(adapter), "time_passes", 0);
}

/* ---- the device ---- */

bool rig_device_stop(struct machine *machine, NDIS_HANDLE handle)
{
    struct adapter *adapter;

    if (adapter_of(machine, handle, &adapter) != HANDLE_LIVE)
        return false;
    shared_stop(machine, adapter);
    device_forget_adapter(machine, adapter_index(machine, adapter) + 1);
    return true;
}
