/*
 * mini.c: an NDIS 6.30 miniport for a NIC that sends frames by bus-master DMA.
 *
 * A MINI_SEND carries a NET_BUFFER_LIST, one NET_BUFFER of it at a time: its list is asked for
 * (SendMapping), the device has it (SendPosted), its list is freed. All ways meet in MiniAdvance.
 * Pause, reset and removal stop the device; pause and reset complete once nothing is outstanding.
 *
 * The lock guards states and registers. No call that maps, unmaps or completes is made with it.
 */
#include "ndis.h"

#define MINI_TAG 'iniM'
#define MINI_SENDS 16
#define MINI_LONGEST_FRAME 65536
#define MINI_HEADER(Name, Number)                                               \
    {                                                                           \
        NDIS_OBJECT_TYPE_##Name, Number, NDIS_SIZEOF_##Name##_REVISION_##Number \
    }
#define MINI_READ(Adapter, Name) READ_REGISTER_ULONG((PULONG)(Adapter)->Registers + (Name))
#define MINI_WRITE(Adapter, Name, Value) \
    WRITE_REGISTER_ULONG((PULONG)(Adapter)->Registers + (Name), Value)

enum { TxAddressLow, TxAddressHigh, TxLength, TxDoorbell, TxDoneTag, InterruptCause, Control };
enum { CauseSent = 1, ControlOn = 1, ControlReset = 2 };

typedef struct _MINI_SEND {
    struct _MINI_ADAPTER *Adapter;
    enum { SendFree, SendMapping, SendPosted } State;
    BOOLEAN Cancelled;
    PNET_BUFFER_LIST NetBufferList;
    PNET_BUFFER NetBuffer;
    PSCATTER_GATHER_LIST List;
    PVOID ListBuffer;
} MINI_SEND, *PMINI_SEND;

typedef struct _MINI_ADAPTER {
    NDIS_HANDLE Handle, Dma, Interrupt;
    PVOID Registers, ListBuffers;
    ULONG RegistersLength, ListSize;
    NDIS_SPIN_LOCK Lock;
    NDIS_STATUS Refusal;              /* NDIS_STATUS_SUCCESS, or why nothing is sent */
    LONG Pausing, Resetting, Removed; /* what stopped the device */
    LONG Outstanding;                 /* NET_BUFFER_LISTs, and a stop that is at work */
    MINI_SEND Sends[MINI_SENDS];
} MINI_ADAPTER, *PMINI_ADAPTER;

static NDIS_HANDLE MiniDriverHandle;

/* ---- from NET_BUFFER_LIST to device and back ---- */

static VOID MiniStart(PMINI_ADAPTER Adapter)
{
    NdisAcquireSpinLock(&Adapter->Lock);
    Adapter->Refusal = Adapter->Removed ? NDIS_STATUS_NOT_ACCEPTED : NDIS_STATUS_SUCCESS;
    MINI_WRITE(Adapter, Control, ControlOn);
    NdisReleaseSpinLock(&Adapter->Lock);
}

/* With the last that was outstanding, a pause or reset completes. */
static VOID MiniRelease(PMINI_ADAPTER Adapter)
{
    LONG paused, reset;

    if (NdisInterlockedDecrement(&Adapter->Outstanding) != 0)
        return;
    paused = InterlockedExchange(&Adapter->Pausing, FALSE);
    reset = InterlockedExchange(&Adapter->Resetting, FALSE);
    if (reset && !paused)
        MiniStart(Adapter);
    if (paused)
        NdisMPauseComplete(Adapter->Handle);
    if (reset)
        NdisMResetComplete(Adapter->Handle, NDIS_STATUS_SUCCESS, FALSE);
}

/* Frees the list that a send has; then asks for that of its next NET_BUFFER, or completes it. */
static VOID MiniAdvance(PMINI_SEND Send, NDIS_STATUS Status)
{
    PMINI_ADAPTER adapter = Send->Adapter;
    PNET_BUFFER buffer;

    if (Send->List != NULL) {
        NdisMFreeNetBufferSGList(adapter->Dma, Send->List, Send->NetBuffer);
        Send->List = NULL;
        Send->NetBuffer = NET_BUFFER_NEXT_NB(Send->NetBuffer);
    }
    buffer = Send->NetBuffer;
    if (Status == NDIS_STATUS_SUCCESS && buffer != NULL) {
        Status = NDIS_STATUS_INVALID_LENGTH;
        if (NET_BUFFER_DATA_LENGTH(buffer) > 0 &&
            NET_BUFFER_DATA_LENGTH(buffer) <= MINI_LONGEST_FRAME)
            Status = NdisMAllocateNetBufferSGList(adapter->Dma, buffer, Send,
                                                  NDIS_SG_LIST_WRITE_TO_DEVICE, Send->ListBuffer,
                                                  adapter->ListSize);
        if (Status == NDIS_STATUS_SUCCESS)
            return; /* MiniProcessSGList goes on with it, or has done so */
    }
    NET_BUFFER_LIST_STATUS(Send->NetBufferList) = Status;
    NdisMSendNetBufferListsComplete(adapter->Handle, Send->NetBufferList,
                                    NDIS_SEND_COMPLETE_FLAGS_DISPATCH_LEVEL);
    NdisAcquireSpinLock(&adapter->Lock);
    Send->State = SendFree;
    NdisReleaseSpinLock(&adapter->Lock);
    MiniRelease(adapter);
}

/* Takes a send from the device: the next that is done or, once the device is stopped, any. */
static PMINI_SEND MiniTake(PMINI_ADAPTER Adapter, BOOLEAN Stopped)
{
    PMINI_SEND send = NULL;
    ULONG tag;

    NdisAcquireSpinLock(&Adapter->Lock);
    tag = Stopped ? 0 : MINI_READ(Adapter, TxDoneTag);
    for (ULONG i = 0; i < MINI_SENDS && send == NULL; i++)
        if (Adapter->Sends[i].State == SendPosted && (Stopped || tag == i + 1))
            send = &Adapter->Sends[i];
    if (send != NULL)
        send->State = SendMapping;
    NdisReleaseSpinLock(&Adapter->Lock);
    return send;
}

/* What the device has ends with Reason; what is being mapped will, in MiniProcessSGList. */
static VOID MiniStop(PMINI_ADAPTER Adapter, LONG *Why, NDIS_STATUS Reason)
{
    PMINI_SEND send;
    KIRQL old;

    NDIS_RAISE_IRQL_TO_DISPATCH(&old);
    NdisInterlockedIncrement(&Adapter->Outstanding);
    InterlockedExchange(Why, TRUE);
    NdisAcquireSpinLock(&Adapter->Lock);
    Adapter->Refusal = Reason;
    MINI_WRITE(Adapter, Control, ControlReset);
    NdisReleaseSpinLock(&Adapter->Lock);
    while ((send = MiniTake(Adapter, TRUE)) != NULL)
        MiniAdvance(send, Reason);
    MiniRelease(Adapter);
    NDIS_LOWER_IRQL(old, DISPATCH_LEVEL);
}

/* With the lock held. The list starts where CurrentMdl does, and may be longer than the data. */
static VOID MiniPost(PMINI_SEND Send)
{
    ULONG skip = NET_BUFFER_CURRENT_MDL_OFFSET(Send->NetBuffer);
    ULONG left = NET_BUFFER_DATA_LENGTH(Send->NetBuffer);

    for (PSCATTER_GATHER_ELEMENT element = Send->List->Elements; left > 0; element++) {
        ULONG64 address = (ULONG64)element->Address.QuadPart + skip;
        ULONG length = element->Length;

        if (skip >= length) {
            skip -= length;
            continue;
        }
        length = length - skip < left ? length - skip : left;
        left -= length;
        skip = 0;
        MINI_WRITE(Send->Adapter, TxAddressLow, (ULONG)address);
        MINI_WRITE(Send->Adapter, TxAddressHigh, (ULONG)(address >> 32));
        MINI_WRITE(Send->Adapter, TxLength, length);
    }
    MINI_WRITE(Send->Adapter, TxDoorbell, (ULONG)(Send - Send->Adapter->Sends) + 1);
}

/* Runs inside the call that asked for the list, or any time later. */
static VOID MiniProcessSGList(PDEVICE_OBJECT Pdo, PVOID Reserved, PSCATTER_GATHER_LIST List,
                              PVOID Context)
{
    PMINI_SEND send = Context;
    NDIS_STATUS status;

    NdisAcquireSpinLock(&send->Adapter->Lock);
    status = send->Cancelled ? NDIS_STATUS_SEND_ABORTED : send->Adapter->Refusal;
    send->List = List;
    if (status == NDIS_STATUS_SUCCESS) {
        send->State = SendPosted;
        MiniPost(send);
    }
    NdisReleaseSpinLock(&send->Adapter->Lock);
    if (status != NDIS_STATUS_SUCCESS)
        MiniAdvance(send, status);
}

static VOID MiniSend(NDIS_HANDLE Context, PNET_BUFFER_LIST List, NDIS_PORT_NUMBER Port, ULONG Flags)
{
    PMINI_ADAPTER adapter = Context;
    PNET_BUFFER_LIST next;
    KIRQL old;

    NDIS_RAISE_IRQL_TO_DISPATCH(&old);
    for (; List != NULL; List = next) {
        MINI_SEND none = {.Adapter = adapter, .NetBufferList = List};
        PMINI_SEND send = &none;
        NDIS_STATUS status;

        next = NET_BUFFER_LIST_NEXT_NBL(List);
        NET_BUFFER_LIST_NEXT_NBL(List) = NULL;
        NdisInterlockedIncrement(&adapter->Outstanding);
        NdisAcquireSpinLock(&adapter->Lock);
        for (ULONG i = 0; i < MINI_SENDS && send == &none; i++)
            if (adapter->Sends[i].State == SendFree)
                send = &adapter->Sends[i];
        status = send == &none ? NDIS_STATUS_RESOURCES : adapter->Refusal;
        send->State = SendMapping;
        send->Cancelled = FALSE;
        send->NetBufferList = List;
        send->NetBuffer = NET_BUFFER_LIST_FIRST_NB(List);
        NdisReleaseSpinLock(&adapter->Lock);
        MiniAdvance(send, status);
    }
    NDIS_LOWER_IRQL(old, DISPATCH_LEVEL);
}

/* A request for a list cannot be called back: its send is marked, and its handler sees to it. */
static VOID MiniCancelSend(NDIS_HANDLE Context, PVOID CancelId)
{
    PMINI_ADAPTER adapter = Context;

    NdisAcquireSpinLock(&adapter->Lock);
    for (PMINI_SEND send = adapter->Sends; send < adapter->Sends + MINI_SENDS; send++)
        if (send->State == SendMapping &&
            NDIS_GET_NET_BUFFER_LIST_CANCEL_ID(send->NetBufferList) == CancelId)
            send->Cancelled = TRUE;
    NdisReleaseSpinLock(&adapter->Lock);
}

static BOOLEAN MiniInterrupt(NDIS_HANDLE Context, PBOOLEAN QueueDpc, PULONG TargetProcessors)
{
    *TargetProcessors = 0;
    *QueueDpc = MINI_READ((PMINI_ADAPTER)Context, InterruptCause) == CauseSent;
    return *QueueDpc;
}

static VOID MiniInterruptDpc(NDIS_HANDLE Context, PVOID Reserved1, PVOID Reserved2, PVOID Reserved3)
{
    PMINI_SEND send;

    while ((send = MiniTake(Context, FALSE)) != NULL)
        MiniAdvance(send, NDIS_STATUS_SUCCESS);
}

/* ---- the life of an adapter ---- */

static NDIS_STATUS MiniRestart(NDIS_HANDLE Context, PNDIS_MINIPORT_RESTART_PARAMETERS Parameters)
{
    MiniStart(Context);
    return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS MiniPause(NDIS_HANDLE Context, PNDIS_MINIPORT_PAUSE_PARAMETERS Parameters)
{
    MiniStop(Context, &((PMINI_ADAPTER)Context)->Pausing, NDIS_STATUS_PAUSED);
    return NDIS_STATUS_PENDING;
}

static NDIS_STATUS MiniReset(NDIS_HANDLE Context, PBOOLEAN AddressingReset)
{
    *AddressingReset = FALSE;
    MiniStop(Context, &((PMINI_ADAPTER)Context)->Resetting, NDIS_STATUS_RESET_IN_PROGRESS);
    return NDIS_STATUS_PENDING;
}

static VOID MiniPnPEvent(NDIS_HANDLE Context, PNET_DEVICE_PNP_EVENT Event)
{
    if (Event->DevicePnPEvent == NdisDevicePnPEventSurpriseRemoved)
        MiniStop(Context, &((PMINI_ADAPTER)Context)->Removed, NDIS_STATUS_NOT_ACCEPTED);
}

static VOID MiniShutdown(NDIS_HANDLE Context, NDIS_SHUTDOWN_ACTION Action)
{
    MINI_WRITE((PMINI_ADAPTER)Context, Control, ControlReset);
}

/* Gives back what the adapter has got so far, last things first. */
static VOID MiniHalt(NDIS_HANDLE Context, NDIS_HALT_ACTION Action)
{
    PMINI_ADAPTER adapter = Context;

    if (adapter->Interrupt != NULL)
        NdisMDeregisterInterruptEx(adapter->Interrupt);
    if (adapter->ListBuffers != NULL)
        NdisFreeMemory(adapter->ListBuffers, 0, 0);
    if (adapter->Dma != NULL)
        NdisMDeregisterScatterGatherDma(adapter->Dma);
    if (adapter->Registers != NULL)
        NdisMUnmapIoSpace(adapter->Handle, adapter->Registers, adapter->RegistersLength);
    NdisFreeSpinLock(&adapter->Lock);
    NdisFreeMemory(adapter, 0, 0);
}

static NDIS_STATUS MiniSetAttributes(PMINI_ADAPTER Adapter)
{
    NDIS_MINIPORT_ADAPTER_ATTRIBUTES registration = {
        .RegistrationAttributes = {
            .Header = MINI_HEADER(MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES, 1),
            .MiniportAdapterContext = Adapter,
            .AttributeFlags = NDIS_MINIPORT_ATTRIBUTES_HARDWARE_DEVICE |
                              NDIS_MINIPORT_ATTRIBUTES_BUS_MASTER |
                              NDIS_MINIPORT_ATTRIBUTES_REGISTER_BUGCHECK_CALLBACK,
            .InterfaceType = NdisInterfacePci,
        }};
    NDIS_MINIPORT_ADAPTER_ATTRIBUTES general = {
        .GeneralAttributes = {
            .Header = MINI_HEADER(MINIPORT_ADAPTER_GENERAL_ATTRIBUTES, 2),
            .MediaType = NdisMedium802_3,
            .PhysicalMediumType = NdisPhysicalMedium802_3,
            .MtuSize = 1500,
            .MediaConnectState = MediaConnectStateConnected,
            .MacAddressLength = 6,
            .AccessType = NET_IF_ACCESS_BROADCAST,
            .ConnectionType = NET_IF_CONNECTION_DEDICATED,
            .IfType = IF_TYPE_ETHERNET_CSMACD,
        }};
    NDIS_STATUS status = NdisMSetMiniportAttributes(Adapter->Handle, &registration);

    if (status == NDIS_STATUS_SUCCESS)
        status = NdisMSetMiniportAttributes(Adapter->Handle, &general);
    return status;
}

static NDIS_STATUS MiniRegisterDma(PMINI_ADAPTER Adapter)
{
    NDIS_SG_DMA_DESCRIPTION dma = {
        .Header = MINI_HEADER(SG_DMA_DESCRIPTION, 1),
        .Flags = NDIS_SG_DMA_64_BIT_ADDRESS,
        .MaximumPhysicalMapping = MINI_LONGEST_FRAME,
        .ProcessSGListHandler = MiniProcessSGList,
    };
    NDIS_STATUS status = NdisMRegisterScatterGatherDma(Adapter->Handle, &dma, &Adapter->Dma);

    if (status != NDIS_STATUS_SUCCESS)
        return status;
    Adapter->ListSize = dma.ScatterGatherListSize;
    Adapter->ListBuffers = NdisAllocateMemoryWithTagPriority(
        Adapter->Handle, MINI_SENDS * Adapter->ListSize, MINI_TAG, NormalPoolPriority);
    if (Adapter->ListBuffers == NULL)
        return NDIS_STATUS_RESOURCES;
    for (ULONG i = 0; i < MINI_SENDS; i++) {
        Adapter->Sends[i].Adapter = Adapter;
        Adapter->Sends[i].ListBuffer = (PUCHAR)Adapter->ListBuffers + i * Adapter->ListSize;
    }
    return NDIS_STATUS_SUCCESS;
}

/* The NIC has one range of registers, its first resource. */
static NDIS_STATUS MiniInitialize(NDIS_HANDLE Handle, NDIS_HANDLE DriverContext,
                                  PNDIS_MINIPORT_INIT_PARAMETERS Parameters)
{
    PCM_PARTIAL_RESOURCE_DESCRIPTOR range = &Parameters->AllocatedResources->PartialDescriptors[0];
    NDIS_MINIPORT_INTERRUPT_CHARACTERISTICS interrupt = {
        .Header = {NDIS_OBJECT_TYPE_MINIPORT_INTERRUPT, NDIS_MINIPORT_INTERRUPT_REVISION_1,
                   NDIS_SIZEOF_MINIPORT_INTERRUPT_CHARACTERISTICS_REVISION_1},
        .InterruptHandler = MiniInterrupt,
        .InterruptDpcHandler = MiniInterruptDpc,
    };
    PMINI_ADAPTER adapter =
        NdisAllocateMemoryWithTagPriority(Handle, sizeof *adapter, MINI_TAG, NormalPoolPriority);
    NDIS_STATUS status;

    if (adapter == NULL)
        return NDIS_STATUS_RESOURCES;
    NdisZeroMemory(adapter, sizeof *adapter);
    NdisAllocateSpinLock(&adapter->Lock);
    adapter->Handle = Handle;
    adapter->RegistersLength = range->u.Memory.Length;
    status = MiniSetAttributes(adapter);
    if (status == NDIS_STATUS_SUCCESS)
        status = NdisMMapIoSpace(&adapter->Registers, Handle, range->u.Memory.Start,
                                 range->u.Memory.Length);
    if (status == NDIS_STATUS_SUCCESS)
        status = MiniRegisterDma(adapter);
    if (status == NDIS_STATUS_SUCCESS)
        status = NdisMRegisterInterruptEx(Handle, adapter, &interrupt, &adapter->Interrupt);
    if (status == NDIS_STATUS_SUCCESS)
        return NDIS_STATUS_SUCCESS;
    MiniHalt(adapter, NdisHaltDeviceInitializationFailed);
    return NDIS_STATUS_FAILURE;
}

/* ---- the driver ---- */

static VOID MiniReturnNetBufferLists(NDIS_HANDLE Context, PNET_BUFFER_LIST Lists, ULONG Flags)
{
}

static NDIS_STATUS MiniOidRequest(NDIS_HANDLE Context, PNDIS_OID_REQUEST Request)
{
    return NDIS_STATUS_NOT_SUPPORTED;
}

static VOID MiniCancelOidRequest(NDIS_HANDLE Context, PVOID RequestId)
{
}

static VOID MiniUnload(PDRIVER_OBJECT DriverObject)
{
    NdisMDeregisterMiniportDriver(MiniDriverHandle);
}

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    NDIS_MINIPORT_DRIVER_CHARACTERISTICS driver = {
        .Header = MINI_HEADER(MINIPORT_DRIVER_CHARACTERISTICS, 2),
        .MajorNdisVersion = 6,
        .MinorNdisVersion = 30,
        .InitializeHandlerEx = MiniInitialize,
        .HaltHandlerEx = MiniHalt,
        .UnloadHandler = MiniUnload,
        .PauseHandler = MiniPause,
        .RestartHandler = MiniRestart,
        .OidRequestHandler = MiniOidRequest,
        .SendNetBufferListsHandler = MiniSend,
        .ReturnNetBufferListsHandler = MiniReturnNetBufferLists,
        .CancelSendHandler = MiniCancelSend,
        .ResetHandlerEx = MiniReset,
        .DevicePnPEventNotifyHandler = MiniPnPEvent,
        .ShutdownHandlerEx = MiniShutdown,
        .CancelOidRequestHandler = MiniCancelOidRequest,
    };

    return NdisMRegisterMiniportDriver(DriverObject, RegistryPath, NULL, &driver,
                                       &MiniDriverHandle);
}
