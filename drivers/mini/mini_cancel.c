/* mini_cancel.c: sends that end before they reach the device. */
#include "mini.h"

/* A request for a list cannot be called back: its send is marked, and the handler sees to it. */
VOID MiniCancelSend(NDIS_HANDLE MiniportAdapterContext, PVOID CancelId)
{
    PMINI_ADAPTER adapter = MiniportAdapterContext;

    NdisAcquireSpinLock(&adapter->Lock);
    for (ULONG i = 0; i < MINI_SENDS; i++) {
        PMINI_SEND send = &adapter->Sends[i];

        if (send->State == SendMapping &&
            NDIS_GET_NET_BUFFER_LIST_CANCEL_ID(send->NetBufferList) == CancelId)
            send->Cancelled = TRUE;
    }
    NdisReleaseSpinLock(&adapter->Lock);
}

VOID MiniAbandon(PMINI_SEND Send, PSCATTER_GATHER_LIST List, NDIS_STATUS Status)
{
    NdisMFreeNetBufferSGList(Send->Adapter->Dma, List, Send->NetBuffer);
    MiniFinish(Send, Status);
}
