/*
 * mini_cancel.c: sends that end before they reach the device, with a fault in it.
 *
 * Cancelling takes the NET_BUFFER out of the send at once, so the late handler finds nothing to
 * free the list with, and the list stays mapped for ever.
 */
#include "mini.h"

VOID MiniCancelSend(NDIS_HANDLE MiniportAdapterContext, PVOID CancelId)
{
    PMINI_ADAPTER adapter = MiniportAdapterContext;

    NdisAcquireSpinLock(&adapter->Lock);
    for (ULONG i = 0; i < MINI_SENDS; i++) {
        PMINI_SEND send = &adapter->Sends[i];

        if (send->State == SendMapping &&
            NDIS_GET_NET_BUFFER_LIST_CANCEL_ID(send->NetBufferList) == CancelId) {
            send->Cancelled = TRUE;
            send->NetBuffer = NULL;
        }
    }
    NdisReleaseSpinLock(&adapter->Lock);
}

VOID MiniAbandon(PMINI_SEND Send, PSCATTER_GATHER_LIST List, NDIS_STATUS Status)
{
    if (Send->NetBuffer != NULL)
        NdisMFreeNetBufferSGList(Send->Adapter->Dma, List, Send->NetBuffer);
    MiniFinish(Send, Status);
}
