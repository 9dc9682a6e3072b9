/*
 * miniport_power.c: low power. The system asks for it with an OID request (LIFE-73).
 *
 * A device that sleeps moves nothing. Sends that were under way are over by then; those that come
 * while it sleeps, or while it is asked to, go back at once.
 */
#include "device.h"
#include "ndis_layer.h"

/* Or is asked to; only one that sleeps is asked to wake. */
bool adapter_sleeps(const struct adapter *adapter)
{
    return adapter->low || adapter->power != ANSWER_NONE;
}

/* LIFE-73, AMB-33: what must be over before the device sleeps. */
static bool is_awake_for_long(struct machine *machine, const struct adapter *adapter)
{
    const struct dma *dma = adapter_dma(machine, adapter);

    if (adapter->power_to == NdisDeviceStateD0)
        return false;
    return adapter->sends > 0 ||
           (adapter->power_to == NdisDeviceStateD3 &&
            device_serves(machine, adapter_index(machine, adapter) + 1)) ||
           (machine->settings[SETTING_low_power_lists] && dma &&
            dma_has_requests(machine, dma, false));
}

static void finish_power(struct adapter *adapter, NDIS_STATUS status)
{
    adapter->power = ANSWER_NONE;
    if (status == NDIS_STATUS_SUCCESS)
        adapter->low = adapter->power_to != NdisDeviceStateD0;
}

static void settle_power(struct machine *machine, struct adapter *adapter, NDIS_STATUS status)
{
    if (adapter->power == ANSWER_EARLY) {
        if (status != NDIS_STATUS_PENDING)
            verifier_report(machine, RULE_SDV_32, "MiniportOidRequest");
        finish_power(adapter, adapter->early_status);
        return;
    }
    adapter->power = ANSWER_PENDING;
    if (status == NDIS_STATUS_PENDING)
        return;
    if (status == NDIS_STATUS_SUCCESS && is_awake_for_long(machine, adapter))
        verifier_report(machine, RULE_LIFE_73, "MiniportOidRequest");
    else
        finish_power(adapter, status);
}

bool rig_set_power(struct machine *machine, NDIS_HANDLE handle, NDIS_DEVICE_POWER_STATE state)
{
    struct adapter *adapter;
    uint32_t generation;
    NDIS_STATUS status;

    if (adapter_of(machine, handle, &adapter) != HANDLE_LIVE ||
        !processor_can(machine, PASSIVE_LEVEL) ||
        (adapter->state != ADAPTER_PAUSED && adapter->state != ADAPTER_RUNNING) ||
        adapter->removed || adapter->reset != ANSWER_NONE || adapter->power != ANSWER_NONE ||
        adapter->low != (state == NdisDeviceStateD0))
        return false;
    adapter->power = ANSWER_IN_CALLBACK;
    adapter->power_to = state;
    adapter->oid = (NDIS_OID_REQUEST){
        .Header = {NDIS_OBJECT_TYPE_OID_REQUEST, NDIS_OID_REQUEST_REVISION_1,
                   NDIS_SIZEOF_OID_REQUEST_REVISION_1},
        .RequestType = NdisRequestSetInformation,
        .DATA.SET_INFORMATION = {OID_PNP_SET_POWER, &adapter->power_to, sizeof adapter->power_to, 0,
                                 0},
    };
    generation = adapter_enter(machine, adapter, SITE_OTHER, PASSIVE_LEVEL);
    status = machine->drivers[adapter->driver].handlers.OidRequestHandler(adapter->context,
                                                                          &adapter->oid);
    frame_leave(machine, "MiniportOidRequest");
    if (adapter_survived(adapter, generation))
        settle_power(machine, adapter, status);
    return true;
}

void NdisMOidRequestComplete(NDIS_HANDLE MiniportAdapterHandle, PNDIS_OID_REQUEST OidRequest,
                             NDIS_STATUS Status)
{
    struct machine *machine = machine_bound();
    struct adapter *adapter;

    (void)OidRequest; /* one at a time */
    if (adapter_of(machine, MiniportAdapterHandle, &adapter) != HANDLE_LIVE ||
        processor_irql(machine) > DISPATCH_LEVEL || !answer_due(adapter->power)) {
        verifier_report(machine, RULE_SDV_32, "NdisMOidRequestComplete");
    } else if (Status == NDIS_STATUS_SUCCESS && is_awake_for_long(machine, adapter)) {
        verifier_report(machine, RULE_LIFE_73, "NdisMOidRequestComplete");
    } else if (adapter->power == ANSWER_IN_CALLBACK) {
        adapter->power = ANSWER_EARLY;
        adapter->early_status = Status;
    } else {
        finish_power(adapter, Status);
    }
}
