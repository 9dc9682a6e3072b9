/* mini_state.c: what stops the sends: pause, reset, surprise removal. */
#include "mini.h"

/* What the device will never finish ends with Status. */
static VOID MiniFlush(PMINI_ADAPTER Adapter, NDIS_STATUS Status)
{
    KIRQL old;

    NDIS_RAISE_IRQL_TO_DISPATCH(&old);
    for (ULONG i = 0; i < MINI_SENDS; i++) {
        PMINI_SEND send = &Adapter->Sends[i];
        BOOLEAN posted;

        NdisAcquireSpinLock(&Adapter->Lock);
        posted = send->State == SendPosted;
        if (posted)
            send->State = SendDone;
        NdisReleaseSpinLock(&Adapter->Lock);
        if (posted)
            MiniUnmap(send, Status);
    }
    NDIS_LOWER_IRQL(old, DISPATCH_LEVEL);
}

NDIS_STATUS MiniPause(NDIS_HANDLE MiniportAdapterContext,
                      PNDIS_MINIPORT_PAUSE_PARAMETERS MiniportPauseParameters)
{
    PMINI_ADAPTER adapter = MiniportAdapterContext;
    BOOLEAN pending;

    UNREFERENCED_PARAMETER(MiniportPauseParameters);
    NdisAcquireSpinLock(&adapter->Lock);
    adapter->Running = FALSE;
    pending = adapter->PausePending = adapter->Outstanding != 0;
    NdisReleaseSpinLock(&adapter->Lock);
    return pending ? NDIS_STATUS_PENDING : NDIS_STATUS_SUCCESS;
}

NDIS_STATUS MiniRestart(NDIS_HANDLE MiniportAdapterContext,
                        PNDIS_MINIPORT_RESTART_PARAMETERS MiniportRestartParameters)
{
    PMINI_ADAPTER adapter = MiniportAdapterContext;

    UNREFERENCED_PARAMETER(MiniportRestartParameters);
    NdisAcquireSpinLock(&adapter->Lock);
    adapter->Running = TRUE;
    NdisReleaseSpinLock(&adapter->Lock);
    return NDIS_STATUS_SUCCESS;
}

NDIS_STATUS MiniReset(NDIS_HANDLE MiniportAdapterContext, PBOOLEAN AddressingReset)
{
    PMINI_ADAPTER adapter = MiniportAdapterContext;
    BOOLEAN pending;

    NdisAcquireSpinLock(&adapter->Lock);
    adapter->Resetting = TRUE;
    WRITE_REGISTER_ULONG(&adapter->Registers[MINI_CONTROL], MINI_CONTROL_RESET);
    NdisReleaseSpinLock(&adapter->Lock);
    MiniFlush(adapter, NDIS_STATUS_RESET_IN_PROGRESS);
    NdisAcquireSpinLock(&adapter->Lock);
    pending = adapter->ResetPending = adapter->Resetting = adapter->Outstanding != 0;
    if (!pending)
        WRITE_REGISTER_ULONG(&adapter->Registers[MINI_CONTROL], MINI_CONTROL_ON);
    NdisReleaseSpinLock(&adapter->Lock);
    *AddressingReset = FALSE;
    return pending ? NDIS_STATUS_PENDING : NDIS_STATUS_SUCCESS;
}

VOID MiniPnPEventNotify(NDIS_HANDLE MiniportAdapterContext, PNET_DEVICE_PNP_EVENT NetDevicePnPEvent)
{
    PMINI_ADAPTER adapter = MiniportAdapterContext;

    if (NetDevicePnPEvent->DevicePnPEvent != NdisDevicePnPEventSurpriseRemoved)
        return;
    NdisAcquireSpinLock(&adapter->Lock);
    adapter->Removed = TRUE;
    NdisReleaseSpinLock(&adapter->Lock);
    MiniFlush(adapter, NDIS_STATUS_NOT_ACCEPTED);
}
