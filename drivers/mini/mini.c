/* mini.c: the life of driver and adapter. */
#include "mini.h"

static NDIS_HANDLE MiniDriverHandle;

static VOID MiniHeader(PNDIS_OBJECT_HEADER Header, UCHAR Type, UCHAR Revision, USHORT Size)
{
    Header->Type = Type;
    Header->Revision = Revision;
    Header->Size = Size;
}

/* ---- initialisation and halt ---- */

static NDIS_STATUS MiniSetAttributes(PMINI_ADAPTER Adapter)
{
    NDIS_MINIPORT_ADAPTER_ATTRIBUTES attributes;
    PNDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES general = &attributes.GeneralAttributes;
    NDIS_STATUS status;

    NdisZeroMemory(&attributes, sizeof attributes);
    MiniHeader(&attributes.RegistrationAttributes.Header,
               NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES,
               NDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES_REVISION_1,
               NDIS_SIZEOF_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES_REVISION_1);
    attributes.RegistrationAttributes.MiniportAdapterContext = Adapter;
    attributes.RegistrationAttributes.AttributeFlags =
        NDIS_MINIPORT_ATTRIBUTES_HARDWARE_DEVICE | NDIS_MINIPORT_ATTRIBUTES_BUS_MASTER |
        NDIS_MINIPORT_ATTRIBUTES_REGISTER_BUGCHECK_CALLBACK;
    attributes.RegistrationAttributes.InterfaceType = NdisInterfacePci;
    status = NdisMSetMiniportAttributes(Adapter->Handle, &attributes);
    if (status != NDIS_STATUS_SUCCESS)
        return status;

    NdisZeroMemory(&attributes, sizeof attributes);
    MiniHeader(&general->Header, NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES,
               NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_2,
               NDIS_SIZEOF_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_2);
    general->MediaType = NdisMedium802_3;
    general->PhysicalMediumType = NdisPhysicalMedium802_3;
    general->MtuSize = 1500;
    general->MediaConnectState = MediaConnectStateConnected;
    general->MediaDuplexState = MediaDuplexStateFull;
    general->MacAddressLength = 6;
    general->AccessType = NET_IF_ACCESS_BROADCAST;
    general->DirectionType = NET_IF_DIRECTION_SENDRECEIVE;
    general->ConnectionType = NET_IF_CONNECTION_DEDICATED;
    general->IfType = IF_TYPE_ETHERNET_CSMACD;
    general->IfConnectorPresent = TRUE;
    return NdisMSetMiniportAttributes(Adapter->Handle, &attributes);
}

static NDIS_STATUS MiniMapRegisters(PMINI_ADAPTER Adapter, PNDIS_RESOURCE_LIST Resources)
{
    PVOID registers;
    NDIS_STATUS status = NDIS_STATUS_RESOURCE_CONFLICT;

    for (ULONG i = 0; Resources != NULL && i < Resources->Count; i++) {
        PCM_PARTIAL_RESOURCE_DESCRIPTOR row = &Resources->PartialDescriptors[i];

        if (row->Type != CmResourceTypeMemory)
            continue;
        Adapter->RegistersLength = row->u.Memory.Length;
        status =
            NdisMMapIoSpace(&registers, Adapter->Handle, row->u.Memory.Start, row->u.Memory.Length);
        if (status == NDIS_STATUS_SUCCESS)
            Adapter->Registers = registers;
        break;
    }
    return status;
}

static NDIS_STATUS MiniRegisterDma(PMINI_ADAPTER Adapter)
{
    NDIS_SG_DMA_DESCRIPTION dma;
    NDIS_STATUS status;

    NdisZeroMemory(&dma, sizeof dma);
    MiniHeader(&dma.Header, NDIS_OBJECT_TYPE_SG_DMA_DESCRIPTION, NDIS_SG_DMA_DESCRIPTION_REVISION_1,
               NDIS_SIZEOF_SG_DMA_DESCRIPTION_REVISION_1);
    dma.Flags = NDIS_SG_DMA_64_BIT_ADDRESS;
    dma.MaximumPhysicalMapping = MINI_LONGEST_MAPPING;
    dma.ProcessSGListHandler = MiniProcessSGList;
    status = NdisMRegisterScatterGatherDma(Adapter->Handle, &dma, &Adapter->Dma);
    if (status != NDIS_STATUS_SUCCESS) {
        Adapter->Dma = NULL;
        return status;
    }
    Adapter->ListSize = dma.ScatterGatherListSize;
    for (ULONG i = 0; i < MINI_SENDS; i++) {
        Adapter->Sends[i].Adapter = Adapter;
        Adapter->Sends[i].ListBuffer = NdisAllocateMemoryWithTagPriority(
            Adapter->Handle, Adapter->ListSize, MINI_TAG, NormalPoolPriority);
        if (Adapter->Sends[i].ListBuffer == NULL)
            return NDIS_STATUS_RESOURCES;
    }
    return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS MiniRegisterInterrupt(PMINI_ADAPTER Adapter)
{
    NDIS_MINIPORT_INTERRUPT_CHARACTERISTICS interrupt;
    NDIS_STATUS status;

    NdisZeroMemory(&interrupt, sizeof interrupt);
    MiniHeader(&interrupt.Header, NDIS_OBJECT_TYPE_MINIPORT_INTERRUPT,
               NDIS_MINIPORT_INTERRUPT_REVISION_1,
               NDIS_SIZEOF_MINIPORT_INTERRUPT_CHARACTERISTICS_REVISION_1);
    interrupt.InterruptHandler = MiniInterrupt;
    interrupt.InterruptDpcHandler = MiniInterruptDpc;
    status = NdisMRegisterInterruptEx(Adapter->Handle, Adapter, &interrupt, &Adapter->Interrupt);
    if (status != NDIS_STATUS_SUCCESS)
        Adapter->Interrupt = NULL;
    return status;
}

/* Gives back whatever the adapter has got so far, last things first. */
static VOID MiniFreeAdapter(PMINI_ADAPTER Adapter)
{
    if (Adapter->Interrupt != NULL)
        NdisMDeregisterInterruptEx(Adapter->Interrupt);
    if (Adapter->Dma != NULL)
        NdisMDeregisterScatterGatherDma(Adapter->Dma);
    for (ULONG i = 0; i < MINI_SENDS; i++)
        if (Adapter->Sends[i].ListBuffer != NULL)
            NdisFreeMemory(Adapter->Sends[i].ListBuffer, 0, 0);
    if (Adapter->Registers != NULL)
        NdisMUnmapIoSpace(Adapter->Handle, (PVOID)Adapter->Registers, Adapter->RegistersLength);
    NdisFreeSpinLock(&Adapter->Lock);
    NdisFreeMemory(Adapter, 0, 0);
}

static NDIS_STATUS MiniInitialize(NDIS_HANDLE NdisMiniportHandle, NDIS_HANDLE MiniportDriverContext,
                                  PNDIS_MINIPORT_INIT_PARAMETERS MiniportInitParameters)
{
    PMINI_ADAPTER adapter = NdisAllocateMemoryWithTagPriority(NdisMiniportHandle, sizeof *adapter,
                                                              MINI_TAG, NormalPoolPriority);
    NDIS_STATUS status;

    UNREFERENCED_PARAMETER(MiniportDriverContext);
    if (adapter == NULL)
        return NDIS_STATUS_RESOURCES;
    NdisZeroMemory(adapter, sizeof *adapter);
    NdisAllocateSpinLock(&adapter->Lock);
    adapter->Handle = NdisMiniportHandle;
    status = MiniSetAttributes(adapter);
    if (status == NDIS_STATUS_SUCCESS)
        status = MiniMapRegisters(adapter, MiniportInitParameters->AllocatedResources);
    if (status == NDIS_STATUS_SUCCESS)
        status = MiniRegisterDma(adapter);
    if (status == NDIS_STATUS_SUCCESS)
        status = MiniRegisterInterrupt(adapter);
    if (status == NDIS_STATUS_SUCCESS) {
        WRITE_REGISTER_ULONG(&adapter->Registers[MINI_CONTROL], MINI_CONTROL_ON);
        return NDIS_STATUS_SUCCESS;
    }
    MiniFreeAdapter(adapter);
    return status == NDIS_STATUS_RESOURCES ? status : NDIS_STATUS_FAILURE;
}

static VOID MiniHalt(NDIS_HANDLE MiniportAdapterContext, NDIS_HALT_ACTION HaltAction)
{
    PMINI_ADAPTER adapter = MiniportAdapterContext;

    if (HaltAction != NdisHaltDeviceSurpriseRemoved)
        WRITE_REGISTER_ULONG(&adapter->Registers[MINI_CONTROL], MINI_CONTROL_RESET);
    MiniFreeAdapter(adapter);
}

static VOID MiniShutdown(NDIS_HANDLE MiniportAdapterContext, NDIS_SHUTDOWN_ACTION ShutdownAction)
{
    PMINI_ADAPTER adapter = MiniportAdapterContext;

    UNREFERENCED_PARAMETER(ShutdownAction);
    WRITE_REGISTER_ULONG(&adapter->Registers[MINI_CONTROL], MINI_CONTROL_RESET);
}

/* ---- the driver ---- */

static VOID MiniReturnNetBufferLists(NDIS_HANDLE MiniportAdapterContext,
                                     PNET_BUFFER_LIST NetBufferLists, ULONG ReturnFlags)
{
    UNREFERENCED_PARAMETER(MiniportAdapterContext);
    UNREFERENCED_PARAMETER(NetBufferLists);
    UNREFERENCED_PARAMETER(ReturnFlags);
}

static NDIS_STATUS MiniOidRequest(NDIS_HANDLE MiniportAdapterContext, PNDIS_OID_REQUEST OidRequest)
{
    UNREFERENCED_PARAMETER(MiniportAdapterContext);
    UNREFERENCED_PARAMETER(OidRequest);
    return NDIS_STATUS_NOT_SUPPORTED;
}

static VOID MiniCancelOidRequest(NDIS_HANDLE MiniportAdapterContext, PVOID RequestId)
{
    UNREFERENCED_PARAMETER(MiniportAdapterContext);
    UNREFERENCED_PARAMETER(RequestId);
}

static VOID MiniUnload(PDRIVER_OBJECT DriverObject)
{
    UNREFERENCED_PARAMETER(DriverObject);
    NdisMDeregisterMiniportDriver(MiniDriverHandle);
}

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    NDIS_MINIPORT_DRIVER_CHARACTERISTICS driver;

    NdisZeroMemory(&driver, sizeof driver);
    MiniHeader(&driver.Header, NDIS_OBJECT_TYPE_MINIPORT_DRIVER_CHARACTERISTICS,
               NDIS_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2,
               NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2);
    driver.MajorNdisVersion = 6;
    driver.MinorNdisVersion = 30;
    driver.MajorDriverVersion = 1;
    driver.InitializeHandlerEx = MiniInitialize;
    driver.HaltHandlerEx = MiniHalt;
    driver.UnloadHandler = MiniUnload;
    driver.PauseHandler = MiniPause;
    driver.RestartHandler = MiniRestart;
    driver.OidRequestHandler = MiniOidRequest;
    driver.SendNetBufferListsHandler = MiniSendNetBufferLists;
    driver.ReturnNetBufferListsHandler = MiniReturnNetBufferLists;
    driver.CancelSendHandler = MiniCancelSend;
    driver.ResetHandlerEx = MiniReset;
    driver.DevicePnPEventNotifyHandler = MiniPnPEventNotify;
    driver.ShutdownHandlerEx = MiniShutdown;
    driver.CancelOidRequestHandler = MiniCancelOidRequest;
    return NdisMRegisterMiniportDriver(DriverObject, RegistryPath, NULL, &driver,
                                       &MiniDriverHandle);
}
