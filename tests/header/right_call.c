/*
 * A miniport's DMA path as real drivers write it: this must compile. It is never run.
 */
#include <ndis.h>

#if DBG
#error DBG must stay undefined
#endif
#ifdef DBG
#error DBG must stay undefined
#endif

#define MP_TAG 'pMrD'
#define MP_MAXIMUM_MAPPING 65536

typedef struct _MP_ADAPTER {
    NDIS_HANDLE AdapterHandle;
    NDIS_HANDLE DmaHandle;
    NDIS_HANDLE InterruptHandle;
    NDIS_SPIN_LOCK SendLock;
    ULONG ListSize;
    volatile ULONG *Registers;
    PVOID Ring;
    NDIS_PHYSICAL_ADDRESS RingAddress;
    volatile LONG Outstanding;
} MP_ADAPTER, *PMP_ADAPTER;

/* The list comes last, and grows past the end. */
typedef struct _MP_TX {
    LIST_ENTRY Link;
    PNET_BUFFER NetBuffer;
    PMP_ADAPTER Adapter;
    SCATTER_GATHER_LIST List;
} MP_TX, *PMP_TX;

DRIVER_INITIALIZE DriverEntry;
MINIPORT_UNLOAD MpUnload;
MINIPORT_INITIALIZE MpInitialize;
MINIPORT_HALT MpHalt;
MINIPORT_PAUSE MpPause;
MINIPORT_RESTART MpRestart;
MINIPORT_OID_REQUEST MpOidRequest;
MINIPORT_CANCEL_OID_REQUEST MpCancelOidRequest;
MINIPORT_SEND_NET_BUFFER_LISTS MpSend;
MINIPORT_RETURN_NET_BUFFER_LISTS MpReturn;
MINIPORT_CANCEL_SEND MpCancelSend;
MINIPORT_CHECK_FOR_HANG MpCheckForHang;
MINIPORT_RESET MpReset;
MINIPORT_DEVICE_PNP_EVENT_NOTIFY MpPnPEvent;
MINIPORT_SHUTDOWN MpShutdown;
MINIPORT_ISR MpIsr;
MINIPORT_INTERRUPT_DPC MpDpc;
MINIPORT_PROCESS_SG_LIST MpProcessSGList;
MINIPORT_ALLOCATE_SHARED_MEM_COMPLETE MpSharedMemoryComplete;

static NDIS_HANDLE MpDriverHandle;
static NDIS_STRING MpNdisName = NDIS_STRING_CONST("Rx");
static const UNICODE_STRING MpPlainName = RTL_CONSTANT_STRING(L"\\Device\\Rx");
static const NDIS_PHYSICAL_ADDRESS MpHighest = NDIS_PHYSICAL_ADDRESS_CONST(0xFFFFFFFF, 0);

_Static_assert(sizeof(L"ab") == 6, "wide literals have 16-bit characters");

_IRQL_requires_(DISPATCH_LEVEL)
_Requires_lock_held_(Adapter->SendLock)
static NDIS_STATUS MpMapFrame(_In_ PMP_ADAPTER Adapter, _Inout_ PMP_TX Tx, _In_ PNET_BUFFER Nb)
{
    NDIS_STATUS Status;
    KIRQL OldIrql;

    ASSERT(NDIS_CURRENT_IRQL() <= DISPATCH_LEVEL);
    Tx->NetBuffer = Nb;
    Tx->Adapter = Adapter;
    NET_BUFFER_MINIPORT_RESERVED(Nb)[0] = Tx;
    NDIS_RAISE_IRQL_TO_DISPATCH(&OldIrql);
    Status = NdisMAllocateNetBufferSGList(Adapter->DmaHandle, Nb, Tx, NDIS_SG_LIST_WRITE_TO_DEVICE,
                                          &Tx->List, Adapter->ListSize);
    NDIS_LOWER_IRQL(OldIrql, DISPATCH_LEVEL);
    return Status;
}

_Use_decl_annotations_
VOID
MpProcessSGList(
    IN PDEVICE_OBJECT pDO,
    IN PVOID Reserved,
    IN PSCATTER_GATHER_LIST pSGL,
    IN PVOID Context
    )
{
    PMP_TX Tx = (PMP_TX)Context;
    ULONG Skip = NET_BUFFER_CURRENT_MDL_OFFSET(Tx->NetBuffer);
    ULONG i;

    UNREFERENCED_PARAMETER(pDO);
    UNREFERENCED_PARAMETER(Reserved);
    for (i = 0; i < pSGL->NumberOfElements; i++) {
        PHYSICAL_ADDRESS Address = pSGL->Elements[i].Address;

        Address.QuadPart += Skip;
        WRITE_REGISTER_ULONG(Tx->Adapter->Registers, Address.LowPart);
        WRITE_REGISTER_ULONG(Tx->Adapter->Registers + 1, (ULONG)Address.HighPart);
        WRITE_REGISTER_ULONG(Tx->Adapter->Registers + 2, NdisGetPhysicalAddressLow(Address));
        NdisWriteRegisterUlong(Tx->Adapter->Registers + 3, NdisGetPhysicalAddressHigh(Address));
        Skip = 0;
    }
    InterlockedIncrement(&Tx->Adapter->Outstanding);
}

_Use_decl_annotations_
VOID
MpSend(NDIS_HANDLE MiniportAdapterContext, PNET_BUFFER_LIST NetBufferList,
       NDIS_PORT_NUMBER PortNumber, ULONG SendFlags)
{
    PMP_ADAPTER Adapter = MiniportAdapterContext;
    PMP_TX Tx = NdisAllocateMemoryWithTagPriority(
        Adapter->AdapterHandle, sizeof(MP_TX) - sizeof(SCATTER_GATHER_LIST) + Adapter->ListSize,
        MP_TAG, NormalPoolPriority);
    PNET_BUFFER Nb;

    UNREFERENCED_PARAMETER(PortNumber);
    NdisAcquireSpinLock(&Adapter->SendLock);
    for (Nb = NET_BUFFER_LIST_FIRST_NB(NetBufferList); Nb; Nb = NET_BUFFER_NEXT_NB(Nb))
        NET_BUFFER_LIST_STATUS(NetBufferList) = MpMapFrame(Adapter, Tx, Nb);
    NdisReleaseSpinLock(&Adapter->SendLock);
    NET_BUFFER_LIST_NEXT_NBL(NetBufferList) = NULL;
    NdisMSendNetBufferListsComplete(Adapter->AdapterHandle, NetBufferList,
                                    NDIS_TEST_SEND_AT_DISPATCH_LEVEL(SendFlags)
                                        ? NDIS_SEND_COMPLETE_FLAGS_DISPATCH_LEVEL
                                        : 0);
}

BOOLEAN MpIsr(NDIS_HANDLE Context, PBOOLEAN QueueDefaultInterruptDpc, PULONG TargetProcessors)
{
    PMP_ADAPTER Adapter = Context;

    *TargetProcessors = 0;
    *QueueDefaultInterruptDpc = READ_REGISTER_ULONG(Adapter->Registers + 4) != 0;
    return *QueueDefaultInterruptDpc;
}

VOID MpDpc(NDIS_HANDLE Context, PVOID DpcContext, PVOID Throttle, PVOID NdisReserved2)
{
    PMP_ADAPTER Adapter = Context;
    PMP_TX Tx = DpcContext;

    UNREFERENCED_PARAMETER(Throttle);
    UNREFERENCED_PARAMETER(NdisReserved2);
    NdisDprAcquireSpinLock(&Adapter->SendLock);
    NdisMFreeNetBufferSGList(Adapter->DmaHandle, &Tx->List, Tx->NetBuffer);
    NdisDprReleaseSpinLock(&Adapter->SendLock);
    NdisFreeMemory(Tx, 0, 0);
    InterlockedDecrement(&Adapter->Outstanding);
}

VOID MpSharedMemoryComplete(NDIS_HANDLE Context, PVOID VirtualAddress,
                            PNDIS_PHYSICAL_ADDRESS PhysicalAddress, ULONG Length, PVOID Block)
{
    PMP_ADAPTER Adapter = Context;

    UNREFERENCED_PARAMETER(Block);
    NdisMFreeSharedMemory(Adapter->AdapterHandle, Length, FALSE, VirtualAddress, *PhysicalAddress);
}

static NDIS_STATUS MpRegisterDma(PMP_ADAPTER Adapter)
{
    NDIS_SG_DMA_DESCRIPTION Description;
    NDIS_STATUS Status;

    NdisZeroMemory(&Description, sizeof(Description));
    Description.Header.Type = NDIS_OBJECT_TYPE_SG_DMA_DESCRIPTION;
    Description.Header.Revision = NDIS_SG_DMA_DESCRIPTION_REVISION_1;
    Description.Header.Size = NDIS_SIZEOF_SG_DMA_DESCRIPTION_REVISION_1;
    Description.Flags = NDIS_SG_DMA_64_BIT_ADDRESS;
    Description.MaximumPhysicalMapping = MP_MAXIMUM_MAPPING;
    Description.ProcessSGListHandler = MpProcessSGList;
    Description.SharedMemAllocateCompleteHandler = MpSharedMemoryComplete;
    Status = NdisMRegisterScatterGatherDma(Adapter->AdapterHandle, &Description,
                                           &Adapter->DmaHandle);
    if (Status != NDIS_STATUS_SUCCESS)
        return Status;
    Adapter->ListSize = Description.ScatterGatherListSize;
    NdisMAllocateSharedMemory(Adapter->AdapterHandle, PAGE_SIZE, FALSE, &Adapter->Ring,
                              &Adapter->RingAddress);
    return Adapter->Ring ? NDIS_STATUS_SUCCESS : NDIS_STATUS_RESOURCES;
}

NDIS_STATUS MpInitialize(NDIS_HANDLE NdisMiniportHandle, NDIS_HANDLE MiniportDriverContext,
                         PNDIS_MINIPORT_INIT_PARAMETERS Parameters)
{
    NDIS_MINIPORT_ADAPTER_ATTRIBUTES Attributes = {0};
    NDIS_MINIPORT_INTERRUPT_CHARACTERISTICS Interrupt = {0};
    PMP_ADAPTER Adapter = MiniportDriverContext;
    ULONG i;

    Attributes.RegistrationAttributes.Header.Type =
        NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES;
    Attributes.RegistrationAttributes.Header.Revision =
        NDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES_REVISION_1;
    Attributes.RegistrationAttributes.Header.Size =
        NDIS_SIZEOF_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES_REVISION_1;
    Attributes.RegistrationAttributes.MiniportAdapterContext = Adapter;
    Attributes.RegistrationAttributes.AttributeFlags =
        NDIS_MINIPORT_ATTRIBUTES_HARDWARE_DEVICE | NDIS_MINIPORT_ATTRIBUTES_BUS_MASTER;
    Attributes.RegistrationAttributes.InterfaceType = NdisInterfacePci;
    NdisMSetMiniportAttributes(NdisMiniportHandle, &Attributes);

    for (i = 0; i < Parameters->AllocatedResources->Count; i++) {
        PCM_PARTIAL_RESOURCE_DESCRIPTOR Resource =
            &Parameters->AllocatedResources->PartialDescriptors[i];
        PVOID Mapped;

        if (Resource->Type != CmResourceTypeMemory)
            continue;
        NdisMMapIoSpace(&Mapped, NdisMiniportHandle, Resource->u.Memory.Start,
                        Resource->u.Memory.Length);
        Adapter->Registers = Mapped;
    }
    NdisZeroMemory(Adapter->Registers, sizeof(ULONG));
    NdisAllocateSpinLock(&Adapter->SendLock);

    Interrupt.Header.Type = NDIS_OBJECT_TYPE_MINIPORT_INTERRUPT;
    Interrupt.Header.Revision = NDIS_MINIPORT_INTERRUPT_REVISION_1;
    Interrupt.Header.Size = NDIS_SIZEOF_MINIPORT_INTERRUPT_CHARACTERISTICS_REVISION_1;
    Interrupt.InterruptHandler = MpIsr;
    Interrupt.InterruptDpcHandler = MpDpc;
    NdisMRegisterInterruptEx(NdisMiniportHandle, Adapter, &Interrupt, &Adapter->InterruptHandle);
    return MpRegisterDma(Adapter);
}

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    NDIS_MINIPORT_DRIVER_CHARACTERISTICS Characteristics = {0};

    Characteristics.Header.Type = NDIS_OBJECT_TYPE_MINIPORT_DRIVER_CHARACTERISTICS;
    Characteristics.Header.Revision = NDIS_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_1;
    Characteristics.Header.Size = NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_1;
    Characteristics.MajorNdisVersion = 6;
    Characteristics.InitializeHandlerEx = MpInitialize;
    Characteristics.HaltHandlerEx = MpHalt;
    Characteristics.UnloadHandler = MpUnload;
    Characteristics.PauseHandler = MpPause;
    Characteristics.RestartHandler = MpRestart;
    Characteristics.OidRequestHandler = MpOidRequest;
    Characteristics.SendNetBufferListsHandler = MpSend;
    Characteristics.ReturnNetBufferListsHandler = MpReturn;
    Characteristics.CancelSendHandler = MpCancelSend;
    Characteristics.CheckForHangHandlerEx = MpCheckForHang;
    Characteristics.ResetHandlerEx = MpReset;
    Characteristics.DevicePnPEventNotifyHandler = MpPnPEvent;
    Characteristics.ShutdownHandlerEx = MpShutdown;
    Characteristics.CancelOidRequestHandler = MpCancelOidRequest;
    if (RegistryPath->Length == MpNdisName.Length + MpPlainName.Length + MpHighest.LowPart)
        return NDIS_STATUS_FAILURE;
    return NdisMRegisterMiniportDriver(DriverObject, RegistryPath, NULL, &Characteristics,
                                       &MpDriverHandle);
}
