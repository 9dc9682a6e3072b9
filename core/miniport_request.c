/*
 * miniport_request.c: what the system asks of an adapter and the driver may answer later: to restart,
 * to pause, to reset, and, with an OID request, to go to sleep or wake up (LIFE-73).
 *
 * The answer is what the handler returns or, if that is PENDING, a call, which may come while the
 * handler still runs. While something is in the way of it, an answer is refused and the request goes
 * on. A device that sleeps moves nothing; sends that come then go back at once.
 */
#include "device.h"
#include "ndis_layer.h"

/* Or is asked to; only one that sleeps is asked to wake. */
bool adapter_sleeps(const struct adapter *adapter)
{
    return adapter->low || adapter->answers[ASK_POWER];
}

/* ---- answers ---- */

static const struct {
    const char *handler, *call;
    enum rig_rule undue; /* the call comes without need, or the handler does not say PENDING then */
} asks[ASKS] = {
    [ASK_RESTART] = {"MiniportRestart", "NdisMRestartComplete", RULE_LIFE_37},
    [ASK_PAUSE] = {"MiniportPause", "NdisMPauseComplete", RULE_LIFE_37},
    [ASK_RESET] = {"MiniportResetEx", "NdisMResetComplete", RULE_LIFE_65},
    [ASK_POWER] = {"MiniportOidRequest", "NdisMOidRequestComplete", RULE_SDV_32},
};

/* What is in the way of an answer, of a success alone: what was sent (from 6.30 on nothing outlives a
 * reset) or indicated, lists, what the device is to do (AMB-33). */
static enum rig_rule obstacle(struct machine *machine, const struct adapter *adapter, enum ask ask,
                              NDIS_STATUS status)
{
    bool busy = adapter->sends > 0;

    if (status != NDIS_STATUS_SUCCESS || ask == ASK_RESTART)
        return RULE_NONE;
    if (ask == ASK_RESET)
        return busy && adapter->driver->minor >= 30 ? RULE_LIFE_62 : RULE_NONE;
    if (ask == ASK_PAUSE && (busy || adapter->receives > 0))
        return RULE_LIFE_32;
    if (ask == ASK_PAUSE)
        return dma_has_requests(machine, adapter->dma, true) ? RULE_LIFE_33 : RULE_NONE;
    busy |= (adapter->power_to == NdisDeviceStateD3 && device_serves(machine, adapter)) ||
            (machine->settings[SETTING_low_power_lists] &&
             dma_has_requests(machine, adapter->dma, false));
    return busy && adapter->power_to != NdisDeviceStateD0 ? RULE_LIFE_73 : RULE_NONE;
}

static void finish(struct adapter *adapter, enum ask ask, NDIS_STATUS status)
{
    bool success = status == NDIS_STATUS_SUCCESS;

    adapter->answers[ask] = ANSWER_NONE;
    if (ask == ASK_RESTART)
        adapter->state = success ? ADAPTER_RUNNING : ADAPTER_PAUSED;
    else if (ask == ASK_PAUSE)
        adapter->state = ADAPTER_PAUSED;
    else if (ask == ASK_POWER && success)
        adapter->low = adapter->power_to != NdisDeviceStateD0;
}

/* Enter the handler that is asked. */
static void begin(struct machine *machine, struct adapter *adapter, enum ask ask, KIRQL level)
{
    adapter->answers[ask] = ANSWER_IN_CALLBACK;
    adapter_enter(machine, adapter, ask == ASK_RESET ? SITE_RESET : SITE_OTHER, level);
}

/* It returned STATUS. What an OID request was completed with holds, whatever that is. Always true: it
 * was asked. */
static bool settle(struct machine *machine, struct adapter *adapter, enum ask ask,
                   NDIS_STATUS status)
{
    const char *handler = asks[ask].handler;
    bool pending = status == NDIS_STATUS_PENDING;

    if (!adapter_leave(machine, handler))
        return true;
    if (adapter->answers[ask] == ANSWER_EARLY) {
        if (!pending)
            verifier_finds(machine, asks[ask].undue, handler, 0);
        finish(adapter, ask, pending || ask == ASK_POWER ? adapter->early_status : status);
        return true;
    }
    adapter->answers[ask] = ANSWER_PENDING;
    if (ask == ASK_PAUSE && !pending && status != NDIS_STATUS_SUCCESS) {
        verifier_finds(machine, RULE_LIFE_31, handler, 0);
        status = NDIS_STATUS_SUCCESS;
    }
    if (!pending && !verifier_finds(machine, obstacle(machine, adapter, ask, status), handler, 0))
        finish(adapter, ask, status);
    return true;
}

/* The driver answers with a call. */
static void complete(NDIS_HANDLE handle, enum ask ask, NDIS_STATUS status)
{
    struct machine *machine = machine_bound();
    struct adapter *adapter = adapter_of(machine, handle);
    enum answer answer = adapter ? adapter->answers[ask] : ANSWER_NONE;
    bool due = answer == ANSWER_IN_CALLBACK || answer == ANSWER_PENDING;
    enum rig_rule rule = asks[ask].undue;

    if (due && processor_irql(machine) <= DISPATCH_LEVEL)
        rule = obstacle(machine, adapter, ask, status);
    if (verifier_finds(machine, rule, asks[ask].call, 0))
        return;
    assert(adapter);
    if (answer == ANSWER_IN_CALLBACK) {
        adapter->answers[ask] = ANSWER_EARLY;
        adapter->early_status = status;
    } else {
        finish(adapter, ask, status);
    }
}

void NdisMRestartComplete(NDIS_HANDLE MiniportAdapterHandle, NDIS_STATUS Status)
{
    complete(MiniportAdapterHandle, ASK_RESTART, Status);
}

void NdisMPauseComplete(NDIS_HANDLE MiniportAdapterHandle)
{
    complete(MiniportAdapterHandle, ASK_PAUSE, NDIS_STATUS_SUCCESS);
}

/* Whatever came of it, a reset is over. */
void NdisMResetComplete(NDIS_HANDLE MiniportAdapterHandle, NDIS_STATUS Status,
                        BOOLEAN AddressingReset)
{
    (void)Status;
    (void)AddressingReset;
    complete(MiniportAdapterHandle, ASK_RESET, NDIS_STATUS_SUCCESS);
}

void NdisMOidRequestComplete(NDIS_HANDLE MiniportAdapterHandle, PNDIS_OID_REQUEST OidRequest,
                             NDIS_STATUS Status)
{
    (void)OidRequest; /* one at a time */
    complete(MiniportAdapterHandle, ASK_POWER, Status);
}

/* ---- requests ---- */

bool rig_restart(struct machine *machine, NDIS_HANDLE handle)
{
    struct adapter *adapter = event_adapter(machine, handle, PASSIVE_LEVEL, ADAPTER_PAUSED);
    NDIS_MINIPORT_RESTART_PARAMETERS parameters = {
        .Header = HEADER(DEFAULT, MINIPORT_RESTART_PARAMETERS)};

    if (!adapter || adapter->removed || adapter_sleeps(adapter))
        return false;
    adapter->state = ADAPTER_RESTARTING;
    begin(machine, adapter, ASK_RESTART, PASSIVE_LEVEL);
    return settle(machine, adapter, ASK_RESTART,
                  adapter->driver->handlers.RestartHandler(adapter->context, &parameters));
}

bool rig_pause(struct machine *machine, NDIS_HANDLE handle)
{
    struct adapter *adapter = event_adapter(machine, handle, PASSIVE_LEVEL, ADAPTER_RUNNING);
    NDIS_MINIPORT_PAUSE_PARAMETERS parameters = {.Header =
                                                     HEADER(DEFAULT, MINIPORT_PAUSE_PARAMETERS)};

    if (!adapter || adapter->answers[ASK_POWER])
        return false;
    adapter->state = ADAPTER_PAUSING;
    begin(machine, adapter, ASK_PAUSE, PASSIVE_LEVEL);
    return settle(machine, adapter, ASK_PAUSE,
                  adapter->driver->handlers.PauseHandler(adapter->context, &parameters));
}

bool rig_reset_adapter(struct machine *machine, NDIS_HANDLE handle, KIRQL level)
{
    struct adapter *adapter =
        event_adapter(machine, handle, level, ADAPTER_RUNNING | ADAPTER_PAUSING);
    BOOLEAN addressing = FALSE;

    if (!adapter || adapter->answers[ASK_RESET] || adapter_sleeps(adapter) ||
        !adapter->driver->handlers.ResetHandlerEx)
        return false;
    begin(machine, adapter, ASK_RESET, level);
    return settle(machine, adapter, ASK_RESET,
                  adapter->driver->handlers.ResetHandlerEx(adapter->context, &addressing));
}

bool rig_set_power(struct machine *machine, NDIS_HANDLE handle, NDIS_DEVICE_POWER_STATE state)
{
    struct adapter *adapter =
        event_adapter(machine, handle, PASSIVE_LEVEL, ADAPTER_PAUSED | ADAPTER_RUNNING);

    if (!adapter || adapter->removed || adapter->answers[ASK_RESET] ||
        adapter->answers[ASK_POWER] || adapter->low != (state == NdisDeviceStateD0))
        return false;
    adapter->power_to = state;
    adapter->oid = (NDIS_OID_REQUEST){
        .Header = HEADER(OID_REQUEST, OID_REQUEST),
        .RequestType = NdisRequestSetInformation,
        .DATA.SET_INFORMATION = {OID_PNP_SET_POWER, &adapter->power_to, sizeof adapter->power_to, 0,
                                 0},
    };
    begin(machine, adapter, ASK_POWER, PASSIVE_LEVEL);
    return settle(machine, adapter, ASK_POWER,
                  adapter->driver->handlers.OidRequestHandler(adapter->context, &adapter->oid));
}
