/*
 * careless.c: an NDIS 6.30 miniport that makes one mistake, of those that only the source of a driver
 * can make: which one the length of the frame says that it was sent last. It sends no frame.
 */
#include "ndis.h"

#define CARELESS_HEADER(Name, Number)                                           \
    {                                                                           \
        NDIS_OBJECT_TYPE_##Name, Number, NDIS_SIZEOF_##Name##_REVISION_##Number \
    }

typedef enum _CARELESS_MISTAKE {
    NoMistake,
    MapsWithLockHeld,           /* SGL-19 */
    MapsRegistersLate,          /* SDV-09 */
    HaltsWithInterrupt,         /* SDV-12 */
    FailsWithInterrupt,         /* SDV-12 */
    SynchronizesTooLate,        /* SDV-13 */
    RegistersInterruptRaised,   /* SDV-18 */
    DeregistersInterruptRaised, /* SDV-18 */
    CallsHal,                   /* E6-1E */
    AllocatesMapRegisters,      /* BC-08 */
    FreesMapRegisters,          /* BC-08 */
    WritesFieldOfNdis,          /* NB-08 */
    WritesFieldOfProtocol,      /* NB-08 */
    HaltsWithWorkItem,          /* SDV-14 */
    FailsWithWorkItem           /* SDV-14 */
} CARELESS_MISTAKE;

typedef struct _CARELESS_ADAPTER {
    NDIS_HANDLE Handle, Dma, Interrupt, WorkItem;
    NDIS_PHYSICAL_ADDRESS RegistersStart;
    ULONG RegistersLength;
    PVOID Registers;
    NDIS_SPIN_LOCK Lock;
    NDIS_STATUS Status; /* why the frame that is being mapped was not sent */
} CARELESS_ADAPTER, *PCARELESS_ADAPTER;

static NDIS_HANDLE CarelessDriverHandle;
static ULONG CarelessMistake;

/* ---- sends: mapped, unmapped, failed ---- */

static VOID CarelessProcessSGList(PDEVICE_OBJECT Pdo, PVOID Reserved, PSCATTER_GATHER_LIST List,
                                  PVOID Context)
{
    PNET_BUFFER_LIST send = Context;
    PCARELESS_ADAPTER adapter = NET_BUFFER_LIST_MINIPORT_RESERVED(send)[0];

    NdisAcquireSpinLock(&adapter->Lock);
    adapter->Status = NDIS_STATUS_FAILURE;
    NdisReleaseSpinLock(&adapter->Lock);
    NdisMFreeNetBufferSGList(adapter->Dma, List, NET_BUFFER_LIST_FIRST_NB(send));
    NET_BUFFER_LIST_STATUS(send) = adapter->Status;
    NdisMSendNetBufferListsComplete(adapter->Handle, send, NDIS_SEND_COMPLETE_FLAGS_DISPATCH_LEVEL);
}

static VOID CarelessMap(PCARELESS_ADAPTER Adapter, PNET_BUFFER_LIST Send)
{
    BOOLEAN locked = CarelessMistake == MapsWithLockHeld;
    NDIS_STATUS status;
    KIRQL old;

    NDIS_RAISE_IRQL_TO_DISPATCH(&old);
    NET_BUFFER_LIST_MINIPORT_RESERVED(Send)[0] = Adapter;
    if (locked)
        NdisAcquireSpinLock(&Adapter->Lock);
    status = NdisMAllocateNetBufferSGList(Adapter->Dma, NET_BUFFER_LIST_FIRST_NB(Send), Send,
                                          NDIS_SG_LIST_WRITE_TO_DEVICE, NULL, 0);
    if (locked)
        NdisReleaseSpinLock(&Adapter->Lock);
    if (status != NDIS_STATUS_SUCCESS) {
        NET_BUFFER_LIST_STATUS(Send) = status;
        NdisMSendNetBufferListsComplete(Adapter->Handle, Send,
                                        NDIS_SEND_COMPLETE_FLAGS_DISPATCH_LEVEL);
    }
    NDIS_LOWER_IRQL(old, DISPATCH_LEVEL);
}

static VOID CarelessSend(NDIS_HANDLE Context, PNET_BUFFER_LIST List, NDIS_PORT_NUMBER Port,
                         ULONG Flags)
{
    PCARELESS_ADAPTER adapter = Context;
    DEVICE_DESCRIPTION description = {.Version = DEVICE_DESCRIPTION_VERSION};
    PVOID registers;
    ULONG count;

    CarelessMistake = NET_BUFFER_DATA_LENGTH(NET_BUFFER_LIST_FIRST_NB(List));
    switch (CarelessMistake) {
    case MapsRegistersLate:
        NdisMMapIoSpace(&registers, adapter->Handle, adapter->RegistersStart,
                        adapter->RegistersLength);
        break;
    case CallsHal:
        HalGetAdapter(&description, &count);
        break;
    case AllocatesMapRegisters:
        NdisMAllocateMapRegisters(adapter->Handle, 0, NDIS_DMA_32BITS, 16, 1514);
        break;
    case FreesMapRegisters:
        NdisMFreeMapRegisters(adapter->Handle);
        break;
    case WritesFieldOfNdis:
        NET_BUFFER_LIST_FIRST_NB(List)->NdisReserved[1] = adapter;
        break;
    case WritesFieldOfProtocol:
        List->ProtocolReserved[3] = adapter;
        break;
    default:
        break;
    }
    CarelessMap(adapter, List);
}

static VOID CarelessCancelSend(NDIS_HANDLE Context, PVOID CancelId)
{
}

/* ---- the interrupt, which is never the device's ---- */

static BOOLEAN CarelessInterrupt(NDIS_HANDLE Context, PBOOLEAN QueueDpc, PULONG TargetProcessors)
{
    *TargetProcessors = 0;
    *QueueDpc = FALSE;
    return FALSE;
}

static VOID CarelessInterruptDpc(NDIS_HANDLE Context, PVOID Reserved1, PVOID Reserved2,
                                 PVOID Reserved3)
{
}

static BOOLEAN CarelessQuiet(NDIS_HANDLE Context)
{
    return TRUE;
}

static NDIS_STATUS CarelessConnect(PCARELESS_ADAPTER Adapter)
{
    NDIS_MINIPORT_INTERRUPT_CHARACTERISTICS interrupt = {
        .Header = {NDIS_OBJECT_TYPE_MINIPORT_INTERRUPT, NDIS_MINIPORT_INTERRUPT_REVISION_1,
                   NDIS_SIZEOF_MINIPORT_INTERRUPT_CHARACTERISTICS_REVISION_1},
        .InterruptHandler = CarelessInterrupt,
        .InterruptDpcHandler = CarelessInterruptDpc,
    };
    KIRQL level = CarelessMistake == RegistersInterruptRaised ? DISPATCH_LEVEL : PASSIVE_LEVEL;
    NDIS_STATUS status;
    KIRQL old;

    KeRaiseIrql(level, &old);
    status = NdisMRegisterInterruptEx(Adapter->Handle, Adapter, &interrupt, &Adapter->Interrupt);
    KeLowerIrql(old);
    return status;
}

static VOID CarelessDisconnect(PCARELESS_ADAPTER Adapter)
{
    KIRQL level = CarelessMistake == DeregistersInterruptRaised ? DISPATCH_LEVEL : PASSIVE_LEVEL;
    KIRQL old;

    KeRaiseIrql(level, &old);
    NdisMDeregisterInterruptEx(Adapter->Interrupt);
    KeLowerIrql(old);
    if (CarelessMistake == SynchronizesTooLate)
        NdisMSynchronizeWithInterruptEx(Adapter->Interrupt, 0, CarelessQuiet, Adapter);
}

/* ---- the life of an adapter ---- */

static NDIS_STATUS CarelessRestart(NDIS_HANDLE Context,
                                   PNDIS_MINIPORT_RESTART_PARAMETERS Parameters)
{
    return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS CarelessPause(NDIS_HANDLE Context, PNDIS_MINIPORT_PAUSE_PARAMETERS Parameters)
{
    return NDIS_STATUS_SUCCESS;
}

static VOID CarelessPnPEvent(NDIS_HANDLE Context, PNET_DEVICE_PNP_EVENT Event)
{
}

static VOID CarelessShutdown(NDIS_HANDLE Context, NDIS_SHUTDOWN_ACTION Action)
{
}

static VOID CarelessRelease(PCARELESS_ADAPTER Adapter, BOOLEAN KeepInterrupt, BOOLEAN KeepWorkItem)
{
    if (Adapter->Interrupt != NULL && !KeepInterrupt)
        CarelessDisconnect(Adapter);
    if (Adapter->WorkItem != NULL && !KeepWorkItem)
        NdisFreeIoWorkItem(Adapter->WorkItem);
    if (Adapter->Dma != NULL)
        NdisMDeregisterScatterGatherDma(Adapter->Dma);
    if (Adapter->Registers != NULL)
        NdisMUnmapIoSpace(Adapter->Handle, Adapter->Registers, Adapter->RegistersLength);
    NdisFreeSpinLock(&Adapter->Lock);
    NdisFreeMemory(Adapter, 0, 0);
}

static VOID CarelessHalt(NDIS_HANDLE Context, NDIS_HALT_ACTION Action)
{
    CarelessRelease(Context, CarelessMistake == HaltsWithInterrupt,
                    CarelessMistake == HaltsWithWorkItem);
}

static NDIS_STATUS CarelessSetAttributes(PCARELESS_ADAPTER Adapter)
{
    NDIS_MINIPORT_ADAPTER_ATTRIBUTES registration = {
        .RegistrationAttributes = {
            .Header = CARELESS_HEADER(MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES, 1),
            .MiniportAdapterContext = Adapter,
            .AttributeFlags =
                NDIS_MINIPORT_ATTRIBUTES_HARDWARE_DEVICE | NDIS_MINIPORT_ATTRIBUTES_BUS_MASTER,
            .InterfaceType = NdisInterfacePci,
        }};
    NDIS_MINIPORT_ADAPTER_ATTRIBUTES general = {
        .GeneralAttributes = {
            .Header = CARELESS_HEADER(MINIPORT_ADAPTER_GENERAL_ATTRIBUTES, 2),
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

static NDIS_STATUS CarelessClaim(PCARELESS_ADAPTER Adapter)
{
    NDIS_SG_DMA_DESCRIPTION dma = {
        .Header = CARELESS_HEADER(SG_DMA_DESCRIPTION, 1),
        .Flags = NDIS_SG_DMA_64_BIT_ADDRESS,
        .MaximumPhysicalMapping = 1514,
        .ProcessSGListHandler = CarelessProcessSGList,
    };
    NDIS_STATUS status = CarelessSetAttributes(Adapter);

    if (status == NDIS_STATUS_SUCCESS)
        status = NdisMMapIoSpace(&Adapter->Registers, Adapter->Handle, Adapter->RegistersStart,
                                 Adapter->RegistersLength);
    if (status == NDIS_STATUS_SUCCESS)
        status = NdisMRegisterScatterGatherDma(Adapter->Handle, &dma, &Adapter->Dma);
    if (status == NDIS_STATUS_SUCCESS)
        status = CarelessConnect(Adapter);
    if (status != NDIS_STATUS_SUCCESS)
        return status;
    Adapter->WorkItem = NdisAllocateIoWorkItem(Adapter->Handle);
    if (Adapter->WorkItem == NULL || CarelessMistake == FailsWithInterrupt ||
        CarelessMistake == FailsWithWorkItem)
        return NDIS_STATUS_FAILURE;
    return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS CarelessInitialize(NDIS_HANDLE Handle, NDIS_HANDLE DriverContext,
                                      PNDIS_MINIPORT_INIT_PARAMETERS Parameters)
{
    PCM_PARTIAL_RESOURCE_DESCRIPTOR range = &Parameters->AllocatedResources->PartialDescriptors[0];
    PCARELESS_ADAPTER adapter =
        NdisAllocateMemoryWithTagPriority(Handle, sizeof *adapter, 'eraC', NormalPoolPriority);

    if (adapter == NULL)
        return NDIS_STATUS_RESOURCES;
    NdisZeroMemory(adapter, sizeof *adapter);
    NdisAllocateSpinLock(&adapter->Lock);
    adapter->Handle = Handle;
    adapter->RegistersStart = range->u.Memory.Start;
    adapter->RegistersLength = range->u.Memory.Length;
    if (CarelessClaim(adapter) == NDIS_STATUS_SUCCESS)
        return NDIS_STATUS_SUCCESS;
    CarelessRelease(adapter, CarelessMistake == FailsWithInterrupt,
                    CarelessMistake == FailsWithWorkItem);
    return NDIS_STATUS_FAILURE;
}

/* ---- the driver ---- */

static VOID CarelessReturnNetBufferLists(NDIS_HANDLE Context, PNET_BUFFER_LIST Lists, ULONG Flags)
{
}

static NDIS_STATUS CarelessOidRequest(NDIS_HANDLE Context, PNDIS_OID_REQUEST Request)
{
    return NDIS_STATUS_NOT_SUPPORTED;
}

static VOID CarelessCancelOidRequest(NDIS_HANDLE Context, PVOID RequestId)
{
}

static VOID CarelessUnload(PDRIVER_OBJECT DriverObject)
{
    NdisMDeregisterMiniportDriver(CarelessDriverHandle);
}

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    NDIS_MINIPORT_DRIVER_CHARACTERISTICS driver = {
        .Header = CARELESS_HEADER(MINIPORT_DRIVER_CHARACTERISTICS, 2),
        .MajorNdisVersion = 6,
        .MinorNdisVersion = 30,
        .InitializeHandlerEx = CarelessInitialize,
        .HaltHandlerEx = CarelessHalt,
        .UnloadHandler = CarelessUnload,
        .PauseHandler = CarelessPause,
        .RestartHandler = CarelessRestart,
        .OidRequestHandler = CarelessOidRequest,
        .SendNetBufferListsHandler = CarelessSend,
        .ReturnNetBufferListsHandler = CarelessReturnNetBufferLists,
        .CancelSendHandler = CarelessCancelSend,
        .DevicePnPEventNotifyHandler = CarelessPnPEvent,
        .ShutdownHandlerEx = CarelessShutdown,
        .CancelOidRequestHandler = CarelessCancelOidRequest,
    };

    CarelessMistake = NoMistake;
    return NdisMRegisterMiniportDriver(DriverObject, RegistryPath, NULL, &driver,
                                       &CarelessDriverHandle);
}
