/* mini_send.c: the send path, from NET_BUFFER_LIST to device and back. */
#include "mini.h"

/* With the lock held: may a send go to the device now? */
static NDIS_STATUS MiniRefusal(PMINI_ADAPTER Adapter)
{
    if (Adapter->Removed)
        return NDIS_STATUS_NOT_ACCEPTED;
    if (Adapter->Resetting)
        return NDIS_STATUS_RESET_IN_PROGRESS;
    return Adapter->Running ? NDIS_STATUS_SUCCESS : NDIS_STATUS_PAUSED;
}

/* Once nothing is outstanding, a pause and a reset that waited for it complete. */
static VOID MiniComplete(PMINI_ADAPTER Adapter, PNET_BUFFER_LIST List)
{
    BOOLEAN paused, reset;

    NdisMSendNetBufferListsComplete(Adapter->Handle, List, NDIS_SEND_COMPLETE_FLAGS_DISPATCH_LEVEL);
    NdisAcquireSpinLock(&Adapter->Lock);
    Adapter->Outstanding--;
    paused = Adapter->Outstanding == 0 && Adapter->PausePending;
    reset = Adapter->Outstanding == 0 && Adapter->ResetPending;
    if (paused)
        Adapter->PausePending = FALSE;
    if (reset) {
        Adapter->ResetPending = Adapter->Resetting = FALSE;
        WRITE_REGISTER_ULONG(&Adapter->Registers[MINI_CONTROL], MINI_CONTROL_ON);
    }
    NdisReleaseSpinLock(&Adapter->Lock);
    if (paused)
        NdisMPauseComplete(Adapter->Handle);
    if (reset)
        NdisMResetComplete(Adapter->Handle, NDIS_STATUS_SUCCESS, FALSE);
}

static VOID MiniFinishPart(PMINI_ADAPTER Adapter, PNET_BUFFER_LIST List, PMINI_SEND Send,
                           NDIS_STATUS Status)
{
    ULONG_PTR parts;

    NdisAcquireSpinLock(&Adapter->Lock);
    if (Send != NULL)
        Send->State = SendFree;
    if (Status != NDIS_STATUS_SUCCESS)
        NET_BUFFER_LIST_STATUS(List) = Status;
    parts = (ULONG_PTR)MINI_PARTS(List) - 1;
    MINI_PARTS(List) = (PVOID)parts;
    NdisReleaseSpinLock(&Adapter->Lock);
    if (parts == 0)
        MiniComplete(Adapter, List);
}

VOID MiniFinish(PMINI_SEND Send, NDIS_STATUS Status)
{
    MiniFinishPart(Send->Adapter, Send->NetBufferList, Send, Status);
}

VOID MiniUnmap(PMINI_SEND Send, NDIS_STATUS Status)
{
    NdisMFreeNetBufferSGList(Send->Adapter->Dma, Send->List, Send->NetBuffer);
    MiniFinish(Send, Status);
}

/* With the lock held. The list starts where CurrentMdl does, and may be longer than the data. */
static VOID MiniPost(PMINI_SEND Send)
{
    volatile ULONG *registers = Send->Adapter->Registers;
    ULONG skip = NET_BUFFER_CURRENT_MDL_OFFSET(Send->NetBuffer);
    ULONG left = NET_BUFFER_DATA_LENGTH(Send->NetBuffer);

    for (ULONG i = 0; i < Send->List->NumberOfElements && left > 0; i++) {
        PHYSICAL_ADDRESS address = Send->List->Elements[i].Address;
        ULONG length = Send->List->Elements[i].Length;

        if (skip >= length) {
            skip -= length;
            continue;
        }
        address.QuadPart += skip;
        length = length - skip < left ? length - skip : left;
        skip = 0;
        left -= length;
        WRITE_REGISTER_ULONG(&registers[MINI_TX_ADDRESS_LOW], address.LowPart);
        WRITE_REGISTER_ULONG(&registers[MINI_TX_ADDRESS_HIGH], (ULONG)address.HighPart);
        WRITE_REGISTER_ULONG(&registers[MINI_TX_LENGTH], length);
    }
    WRITE_REGISTER_ULONG(&registers[MINI_TX_DOORBELL], (ULONG)(Send - Send->Adapter->Sends) + 1);
}

/* Runs inside the call that asked for the list, or any time later. */
VOID MiniProcessSGList(PDEVICE_OBJECT pDO, PVOID Reserved, PSCATTER_GATHER_LIST pSGL, PVOID Context)
{
    PMINI_SEND send = Context;
    NDIS_STATUS status;

    UNREFERENCED_PARAMETER(pDO);
    UNREFERENCED_PARAMETER(Reserved);
    NdisAcquireSpinLock(&send->Adapter->Lock);
    status = send->Cancelled ? NDIS_STATUS_SEND_ABORTED : MiniRefusal(send->Adapter);
    if (status == NDIS_STATUS_SUCCESS) {
        send->List = pSGL;
        send->State = SendPosted;
        MiniPost(send);
    }
    NdisReleaseSpinLock(&send->Adapter->Lock);
    if (status != NDIS_STATUS_SUCCESS)
        MiniAbandon(send, pSGL, status);
}

/* Takes a free send, and counts a part even if there is none. */
static PMINI_SEND MiniTakeSend(PMINI_ADAPTER Adapter, PNET_BUFFER_LIST List, PNET_BUFFER Buffer)
{
    PMINI_SEND send = NULL;

    NdisAcquireSpinLock(&Adapter->Lock);
    MINI_PARTS(List) = (PVOID)((ULONG_PTR)MINI_PARTS(List) + 1);
    for (ULONG i = 0; i < MINI_SENDS && send == NULL; i++)
        if (Adapter->Sends[i].State == SendFree)
            send = &Adapter->Sends[i];
    if (send != NULL) {
        send->State = SendMapping;
        send->Cancelled = FALSE;
        send->NetBufferList = List;
        send->NetBuffer = Buffer;
    }
    NdisReleaseSpinLock(&Adapter->Lock);
    return send;
}

static VOID MiniSendBuffer(PMINI_ADAPTER Adapter, PNET_BUFFER_LIST List, PNET_BUFFER Buffer)
{
    PMINI_SEND send = MiniTakeSend(Adapter, List, Buffer);
    ULONG length = NET_BUFFER_DATA_LENGTH(Buffer);
    NDIS_STATUS status = NDIS_STATUS_RESOURCES;

    if (length == 0 || NET_BUFFER_CURRENT_MDL_OFFSET(Buffer) + length > MINI_LONGEST_MAPPING)
        status = NDIS_STATUS_INVALID_LENGTH;
    else if (send != NULL)
        status =
            NdisMAllocateNetBufferSGList(Adapter->Dma, Buffer, send, NDIS_SG_LIST_WRITE_TO_DEVICE,
                                         send->ListBuffer, Adapter->ListSize);
    if (status != NDIS_STATUS_SUCCESS)
        MiniFinishPart(Adapter, List, send, status);
}

/* The list stays the driver's until its first part, which stands for this loop, is finished. */
static VOID MiniSendList(PMINI_ADAPTER Adapter, PNET_BUFFER_LIST List)
{
    NDIS_STATUS status;
    PNET_BUFFER buffer;

    NdisAcquireSpinLock(&Adapter->Lock);
    status = MiniRefusal(Adapter);
    NET_BUFFER_LIST_STATUS(List) = status;
    MINI_PARTS(List) = (PVOID)1;
    Adapter->Outstanding++;
    NdisReleaseSpinLock(&Adapter->Lock);
    buffer = status == NDIS_STATUS_SUCCESS ? NET_BUFFER_LIST_FIRST_NB(List) : NULL;
    for (; buffer != NULL; buffer = NET_BUFFER_NEXT_NB(buffer))
        MiniSendBuffer(Adapter, List, buffer);
    MiniFinishPart(Adapter, List, NULL, NDIS_STATUS_SUCCESS);
}

VOID MiniSendNetBufferLists(NDIS_HANDLE MiniportAdapterContext, PNET_BUFFER_LIST NetBufferList,
                            NDIS_PORT_NUMBER PortNumber, ULONG SendFlags)
{
    KIRQL old = DISPATCH_LEVEL;
    PNET_BUFFER_LIST next;

    UNREFERENCED_PARAMETER(PortNumber);
    if (!NDIS_TEST_SEND_AT_DISPATCH_LEVEL(SendFlags))
        NDIS_RAISE_IRQL_TO_DISPATCH(&old);
    for (; NetBufferList != NULL; NetBufferList = next) {
        next = NET_BUFFER_LIST_NEXT_NBL(NetBufferList);
        NET_BUFFER_LIST_NEXT_NBL(NetBufferList) = NULL;
        MiniSendList(MiniportAdapterContext, NetBufferList);
    }
    NDIS_LOWER_IRQL(old, DISPATCH_LEVEL);
}

/* ---- interrupt ---- */

BOOLEAN MiniInterrupt(NDIS_HANDLE MiniportInterruptContext, PBOOLEAN QueueDefaultInterruptDpc,
                      PULONG TargetProcessors)
{
    PMINI_ADAPTER adapter = MiniportInterruptContext;
    ULONG cause = READ_REGISTER_ULONG(&adapter->Registers[MINI_INTERRUPT_CAUSE]);

    *TargetProcessors = 0;
    *QueueDefaultInterruptDpc = cause != 0 && cause != MINI_DEVICE_GONE;
    return *QueueDefaultInterruptDpc;
}

/* The next send that the device is done with; the lock keeps a reset from taking it as well. */
static PMINI_SEND MiniTakeDone(PMINI_ADAPTER Adapter)
{
    PMINI_SEND send = NULL;
    ULONG tag;

    NdisAcquireSpinLock(&Adapter->Lock);
    tag = READ_REGISTER_ULONG(&Adapter->Registers[MINI_TX_DONE_TAG]);
    if (tag - 1 < MINI_SENDS && Adapter->Sends[tag - 1].State == SendPosted) {
        send = &Adapter->Sends[tag - 1];
        send->State = SendDone;
    }
    NdisReleaseSpinLock(&Adapter->Lock);
    return send;
}

VOID MiniInterruptDpc(NDIS_HANDLE MiniportInterruptContext, PVOID MiniportDpcContext,
                      PVOID ReceiveThrottleParameters, PVOID NdisReserved2)
{
    PMINI_SEND send;

    UNREFERENCED_PARAMETER(MiniportDpcContext);
    UNREFERENCED_PARAMETER(ReceiveThrottleParameters);
    UNREFERENCED_PARAMETER(NdisReserved2);
    while ((send = MiniTakeDone(MiniportInterruptContext)) != NULL)
        MiniUnmap(send, NDIS_STATUS_SUCCESS);
}
