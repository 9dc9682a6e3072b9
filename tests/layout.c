/*
 * Layouts that the headers in include/ promise, checked while this file is compiled: a wrong
 * size, offset or value does not build. Running it only says how many assertions there were.
 *
 *   cc -std=c11 -Iinclude tests/layout.c -o layout && ./layout
 */
#include <ndis.h>
#include <netdma.h>
#include <stdio.h>

/* An assertion that counts itself: a constant 1 whose evaluation may fail to compile. */
#define HOLDS(condition, what)           \
    sizeof(struct {                      \
        _Static_assert(condition, what); \
        char one;                        \
    })
#define SIZE(type, bytes) HOLDS(sizeof(type) == (bytes), "size of " #type)
#define ALIGN(type, bytes) HOLDS(_Alignof(type) == (bytes), "alignment of " #type)
#define AT(type, field, offset) HOLDS(offsetof(type, field) == (offset), #field " of " #type)
#define VALUE(name, value) HOLDS((name) == (value), "value of " #name)
#define SIGNED(type) HOLDS((type)-1 < 0, #type " is signed")
#define UNSIGNED(type) HOLDS((type)-1 > 0, #type " is unsigned")

static const unsigned char plain_types[] = {
    SIZE(PVOID, 8),
    SIZE(UCHAR, 1),
    SIZE(BOOLEAN, 1),
    SIZE(KIRQL, 1),
    SIZE(CSHORT, 2),
    SIZE(USHORT, 2),
    SIZE(WCHAR, 2),
    SIZE(LONG, 4),
    SIZE(ULONG, 4),
    SIZE(UINT, 4),
    SIZE(NTSTATUS, 4),
    SIZE(NDIS_STATUS, 4),
    SIZE(LONGLONG, 8),
    SIZE(ULONG64, 8),
    SIZE(SIZE_T, 8),
    SIZE(ULONG_PTR, 8),
    SIZE(PFN_NUMBER, 8),
    SIZE(KAFFINITY, 8),
    SIZE(KSPIN_LOCK, 8),
    SIZE(NDIS_HANDLE, 8),
    SIZE(INTERFACE_TYPE, 4),
    SIZE(DMA_WIDTH, 4),
    SIZE(NDIS_SHARED_MEMORY_USAGE, 4),
    SIGNED(LONG),
    SIGNED(NTSTATUS),
    SIGNED(NDIS_STATUS),
    UNSIGNED(ULONG),
    UNSIGNED(UINT),
    UNSIGNED(PFN_NUMBER),

    SIZE(PHYSICAL_ADDRESS, 8),
    ALIGN(PHYSICAL_ADDRESS, 8),
    AT(PHYSICAL_ADDRESS, LowPart, 0),
    AT(PHYSICAL_ADDRESS, HighPart, 4),
    AT(PHYSICAL_ADDRESS, u.LowPart, 0),
    AT(PHYSICAL_ADDRESS, u.HighPart, 4),
    AT(PHYSICAL_ADDRESS, QuadPart, 0),
    SIZE(NDIS_PHYSICAL_ADDRESS, 8),

    SIZE(UNICODE_STRING, 16),
    AT(UNICODE_STRING, Length, 0),
    AT(UNICODE_STRING, MaximumLength, 2),
    AT(UNICODE_STRING, Buffer, 8),

    SIZE(GROUP_AFFINITY, 16),
    AT(GROUP_AFFINITY, Mask, 0),
    AT(GROUP_AFFINITY, Group, 8),
    AT(GROUP_AFFINITY, Reserved, 10),

    SIZE(SLIST_HEADER, 16),
    ALIGN(SLIST_HEADER, 16),
    SIZE(NDIS_OBJECT_HEADER, 4),
    AT(NDIS_OBJECT_HEADER, Type, 0),
    AT(NDIS_OBJECT_HEADER, Revision, 1),
    AT(NDIS_OBJECT_HEADER, Size, 2),
};

static const unsigned char memory[] = {
    SIZE(MDL, 48),
    AT(MDL, Next, 0),
    AT(MDL, Size, 8),
    AT(MDL, MdlFlags, 10),
    AT(MDL, Process, 16),
    AT(MDL, MappedSystemVa, 24),
    AT(MDL, StartVa, 32),
    AT(MDL, ByteCount, 40),
    AT(MDL, ByteOffset, 44),

    VALUE(PAGE_SIZE, 1 << PAGE_SHIFT),
    VALUE(BYTES_TO_PAGES(0u), 0),
    VALUE(BYTES_TO_PAGES(4096u), 1),
    VALUE(BYTES_TO_PAGES(4097u), 2),
    VALUE(BYTES_TO_PAGES(0xFFFFFFFFu), 0x100000),
    VALUE(ROUND_TO_PAGES(1), 4096),
    VALUE(ROUND_TO_PAGES(4096), 4096),
    VALUE(BYTE_OFFSET(0x12345), 0x345),
    VALUE(ADDRESS_AND_SIZE_TO_SPAN_PAGES(4095, 2), 2),
    VALUE(ADDRESS_AND_SIZE_TO_SPAN_PAGES(4096, 4096), 1),
    VALUE(ADDRESS_AND_SIZE_TO_SPAN_PAGES(1, 0xFFFFFFFFu), 0x100000),
};

static const unsigned char net_buffers[] = {
    SIZE(NET_BUFFER, 176),
    ALIGN(NET_BUFFER, 16),
    AT(NET_BUFFER, Next, 0),
    AT(NET_BUFFER, Link, 0),
    AT(NET_BUFFER, NetBufferHeader, 0),
    AT(NET_BUFFER, CurrentMdl, 8),
    AT(NET_BUFFER, CurrentMdlOffset, 16),
    AT(NET_BUFFER, DataLength, 24),
    AT(NET_BUFFER, stDataLength, 24),
    AT(NET_BUFFER, MdlChain, 32),
    AT(NET_BUFFER, DataOffset, 40),
    AT(NET_BUFFER, ChecksumBias, 48),
    AT(NET_BUFFER, NdisPoolHandle, 56),
    AT(NET_BUFFER, NdisReserved, 64),
    AT(NET_BUFFER, ProtocolReserved, 80),
    AT(NET_BUFFER, MiniportReserved, 128),
    AT(NET_BUFFER, DataPhysicalAddress, 160),
    AT(NET_BUFFER, SharedMemoryInfo, 168),
    AT(NET_BUFFER, ScatterGatherList, 168),

    SIZE(NET_BUFFER_DATA, 48),
    AT(NET_BUFFER_DATA, CurrentMdl, offsetof(NET_BUFFER, CurrentMdl)),
    AT(NET_BUFFER_DATA, CurrentMdlOffset, offsetof(NET_BUFFER, CurrentMdlOffset)),
    AT(NET_BUFFER_DATA, NbDataLength, offsetof(NET_BUFFER, DataLength)),
    AT(NET_BUFFER_DATA, MdlChain, offsetof(NET_BUFFER, MdlChain)),
    AT(NET_BUFFER_DATA, DataOffset, offsetof(NET_BUFFER, DataOffset)),

    SIZE(NET_BUFFER_SHARED_MEMORY, 32),
    AT(NET_BUFFER_SHARED_MEMORY, SharedMemoryHandle, 16),

    ALIGN(NET_BUFFER_LIST, 16),
    AT(NET_BUFFER_LIST, Next, 0),
    AT(NET_BUFFER_LIST, Link, 0),
    AT(NET_BUFFER_LIST, FirstNetBuffer, 8),
    AT(NET_BUFFER_LIST, Context, 16),
    AT(NET_BUFFER_LIST, ParentNetBufferList, 24),
    AT(NET_BUFFER_LIST, NdisPoolHandle, 32),
    AT(NET_BUFFER_LIST, NdisReserved, 48),
    AT(NET_BUFFER_LIST, ProtocolReserved, 64),
    AT(NET_BUFFER_LIST, MiniportReserved, 96),
    AT(NET_BUFFER_LIST, Scratch, 112),
    AT(NET_BUFFER_LIST, SourceHandle, 120),
    AT(NET_BUFFER_LIST, NblFlags, 128),
    AT(NET_BUFFER_LIST, ChildRefCount, 132),
    AT(NET_BUFFER_LIST, Flags, 136),
    AT(NET_BUFFER_LIST, Status, 140),
    AT(NET_BUFFER_LIST, NdisReserved2, 140),
    AT(NET_BUFFER_LIST, NetBufferListInfo, 144),
};

static const unsigned char scatter_gather[] = {
    SIZE(SCATTER_GATHER_ELEMENT, 24),
    AT(SCATTER_GATHER_ELEMENT, Address, 0),
    AT(SCATTER_GATHER_ELEMENT, Length, 8),
    AT(SCATTER_GATHER_ELEMENT, Reserved, 16),
    SIZE(SCATTER_GATHER_LIST, 16),
    AT(SCATTER_GATHER_LIST, NumberOfElements, 0),
    AT(SCATTER_GATHER_LIST, Reserved, 8),
    AT(SCATTER_GATHER_LIST, Elements, 16),

    SIZE(NDIS_SG_DMA_DESCRIPTION, 40),
    VALUE(NDIS_SIZEOF_SG_DMA_DESCRIPTION_REVISION_1, 36),
    AT(NDIS_SG_DMA_DESCRIPTION, Flags, 4),
    AT(NDIS_SG_DMA_DESCRIPTION, MaximumPhysicalMapping, 8),
    AT(NDIS_SG_DMA_DESCRIPTION, ProcessSGListHandler, 16),
    AT(NDIS_SG_DMA_DESCRIPTION, SharedMemAllocateCompleteHandler, 24),
    AT(NDIS_SG_DMA_DESCRIPTION, ScatterGatherListSize, 32),

    SIZE(NDIS_SCATTER_GATHER_LIST_PARAMETERS, 72),
    VALUE(NDIS_SIZEOF_SCATTER_GATHER_LIST_PARAMETERS_REVISION_1, 72),
    AT(NDIS_SCATTER_GATHER_LIST_PARAMETERS, Flags, 4),
    AT(NDIS_SCATTER_GATHER_LIST_PARAMETERS, QueueId, 8),
    AT(NDIS_SCATTER_GATHER_LIST_PARAMETERS, SharedMemoryUsage, 12),
    AT(NDIS_SCATTER_GATHER_LIST_PARAMETERS, Mdl, 16),
    AT(NDIS_SCATTER_GATHER_LIST_PARAMETERS, CurrentVa, 24),
    AT(NDIS_SCATTER_GATHER_LIST_PARAMETERS, Length, 32),
    AT(NDIS_SCATTER_GATHER_LIST_PARAMETERS, ProcessSGListHandler, 40),
    AT(NDIS_SCATTER_GATHER_LIST_PARAMETERS, Context, 48),
    AT(NDIS_SCATTER_GATHER_LIST_PARAMETERS, ScatterGatherListBuffer, 56),
    AT(NDIS_SCATTER_GATHER_LIST_PARAMETERS, ScatterGatherListBufferSize, 64),
    AT(NDIS_SCATTER_GATHER_LIST_PARAMETERS, ScatterGatherListBufferSizeNeeded, 68),
};

static const unsigned char shared_memory_and_channels[] = {
    VALUE(NDIS_SIZEOF_SHARED_MEMORY_PARAMETERS_REVISION_1, 64),
    VALUE(NDIS_SIZEOF_SHARED_MEMORY_PARAMETERS_REVISION_2, 68),
    SIZE(NDIS_SHARED_MEMORY_PARAMETERS, 72),
    AT(NDIS_SHARED_MEMORY_PARAMETERS, Flags, 4),
    AT(NDIS_SHARED_MEMORY_PARAMETERS, QueueId, 8),
    AT(NDIS_SHARED_MEMORY_PARAMETERS, SharedMemoryHandle, 16),
    AT(NDIS_SHARED_MEMORY_PARAMETERS, PreferredNode, 24),
    AT(NDIS_SHARED_MEMORY_PARAMETERS, Usage, 28),
    AT(NDIS_SHARED_MEMORY_PARAMETERS, Length, 32),
    AT(NDIS_SHARED_MEMORY_PARAMETERS, VirtualAddress, 40),
    AT(NDIS_SHARED_MEMORY_PARAMETERS, SGListBufferLength, 48),
    AT(NDIS_SHARED_MEMORY_PARAMETERS, SGListBuffer, 56),
    AT(NDIS_SHARED_MEMORY_PARAMETERS, VPortId, 64),

    SIZE(NDIS_SHARED_MEMORY_PROVIDER_CHARACTERISTICS, 32),
    VALUE(NDIS_SIZEOF_SHARED_MEMORY_PROVIDER_CHARACTERISTICS_REVISION_1, 32),
    AT(NDIS_SHARED_MEMORY_PROVIDER_CHARACTERISTICS, ProviderContext, 8),
    AT(NDIS_SHARED_MEMORY_PROVIDER_CHARACTERISTICS, AllocateSharedMemoryHandler, 16),
    AT(NDIS_SHARED_MEMORY_PROVIDER_CHARACTERISTICS, FreeSharedMemoryHandler, 24),

    SIZE(NDIS_DMA_DESCRIPTION, 20),
    AT(NDIS_DMA_DESCRIPTION, DemandMode, 0),
    AT(NDIS_DMA_DESCRIPTION, AutoInitialize, 1),
    AT(NDIS_DMA_DESCRIPTION, DmaChannelSpecified, 2),
    AT(NDIS_DMA_DESCRIPTION, DmaWidth, 4),
    AT(NDIS_DMA_DESCRIPTION, DmaSpeed, 8),
    AT(NDIS_DMA_DESCRIPTION, DmaPort, 12),
    AT(NDIS_DMA_DESCRIPTION, DmaChannel, 16),
    SIZE(NDIS_DMA_SIZE, 1),
};

static const unsigned char registration[] = {
    SIZE(NDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES, 32),
    VALUE(NDIS_SIZEOF_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES_REVISION_1, 28),
    AT(NDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES, MiniportAdapterContext, 8),
    AT(NDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES, AttributeFlags, 16),
    AT(NDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES, CheckForHangTimeInSeconds, 20),
    AT(NDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES, InterfaceType, 24),

    AT(NDIS_MINIPORT_ADAPTER_ATTRIBUTES, RegistrationAttributes, 0),
    AT(NDIS_MINIPORT_ADAPTER_ATTRIBUTES, GeneralAttributes, 0),

    VALUE(NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_1, 136),
    VALUE(NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2, 152),
    VALUE(NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_3, 160),
    AT(NDIS_MINIPORT_DRIVER_CHARACTERISTICS, MajorNdisVersion, 4),
    AT(NDIS_MINIPORT_DRIVER_CHARACTERISTICS, MinorNdisVersion, 5),
    AT(NDIS_MINIPORT_DRIVER_CHARACTERISTICS, MajorDriverVersion, 6),
    AT(NDIS_MINIPORT_DRIVER_CHARACTERISTICS, MinorDriverVersion, 7),
    AT(NDIS_MINIPORT_DRIVER_CHARACTERISTICS, Flags, 8),
    AT(NDIS_MINIPORT_DRIVER_CHARACTERISTICS, SetOptionsHandler, 16),
    AT(NDIS_MINIPORT_DRIVER_CHARACTERISTICS, InitializeHandlerEx, 24),
    AT(NDIS_MINIPORT_DRIVER_CHARACTERISTICS, HaltHandlerEx, 32),
    AT(NDIS_MINIPORT_DRIVER_CHARACTERISTICS, UnloadHandler, 40),
    AT(NDIS_MINIPORT_DRIVER_CHARACTERISTICS, PauseHandler, 48),
    AT(NDIS_MINIPORT_DRIVER_CHARACTERISTICS, RestartHandler, 56),
    AT(NDIS_MINIPORT_DRIVER_CHARACTERISTICS, OidRequestHandler, 64),
    AT(NDIS_MINIPORT_DRIVER_CHARACTERISTICS, SendNetBufferListsHandler, 72),
    AT(NDIS_MINIPORT_DRIVER_CHARACTERISTICS, ReturnNetBufferListsHandler, 80),
    AT(NDIS_MINIPORT_DRIVER_CHARACTERISTICS, CancelSendHandler, 88),
    AT(NDIS_MINIPORT_DRIVER_CHARACTERISTICS, CheckForHangHandlerEx, 96),
    AT(NDIS_MINIPORT_DRIVER_CHARACTERISTICS, ResetHandlerEx, 104),
    AT(NDIS_MINIPORT_DRIVER_CHARACTERISTICS, DevicePnPEventNotifyHandler, 112),
    AT(NDIS_MINIPORT_DRIVER_CHARACTERISTICS, ShutdownHandlerEx, 120),
    AT(NDIS_MINIPORT_DRIVER_CHARACTERISTICS, CancelOidRequestHandler, 128),
    AT(NDIS_MINIPORT_DRIVER_CHARACTERISTICS, DirectOidRequestHandler, 136),
    AT(NDIS_MINIPORT_DRIVER_CHARACTERISTICS, CancelDirectOidRequestHandler, 144),
    AT(NDIS_MINIPORT_DRIVER_CHARACTERISTICS, SynchronousOidRequestHandler, 152),
};

static const unsigned char hal[] = {
    SIZE(DEVICE_DESCRIPTION, 64),
    AT(DEVICE_DESCRIPTION, Version, 0),
    AT(DEVICE_DESCRIPTION, Master, 4),
    AT(DEVICE_DESCRIPTION, ScatterGather, 5),
    AT(DEVICE_DESCRIPTION, DemandMode, 6),
    AT(DEVICE_DESCRIPTION, AutoInitialize, 7),
    AT(DEVICE_DESCRIPTION, Dma32BitAddresses, 8),
    AT(DEVICE_DESCRIPTION, IgnoreCount, 9),
    AT(DEVICE_DESCRIPTION, Reserved1, 10),
    AT(DEVICE_DESCRIPTION, Dma64BitAddresses, 11),
    AT(DEVICE_DESCRIPTION, BusNumber, 12),
    AT(DEVICE_DESCRIPTION, DmaChannel, 16),
    AT(DEVICE_DESCRIPTION, InterfaceType, 20),
    AT(DEVICE_DESCRIPTION, DmaWidth, 24),
    AT(DEVICE_DESCRIPTION, DmaSpeed, 28),
    AT(DEVICE_DESCRIPTION, MaximumLength, 32),
    AT(DEVICE_DESCRIPTION, DmaPort, 36),
    VALUE(RTL_SIZEOF_THROUGH_FIELD(DEVICE_DESCRIPTION, DmaPort), 40),
    AT(DEVICE_DESCRIPTION, DmaAddressWidth, 40),
    AT(DEVICE_DESCRIPTION, DmaControllerInstance, 44),
    AT(DEVICE_DESCRIPTION, DmaRequestLine, 48),
    AT(DEVICE_DESCRIPTION, DeviceAddress, 56),

    SIZE(DMA_ADAPTER, 16),
    AT(DMA_ADAPTER, Version, 0),
    AT(DMA_ADAPTER, Size, 2),
    AT(DMA_ADAPTER, DmaOperations, 8),

    AT(DMA_OPERATIONS, Size, 0),
    AT(DMA_OPERATIONS, PutDmaAdapter, 8),
    AT(DMA_OPERATIONS, AllocateCommonBuffer, 16),
    AT(DMA_OPERATIONS, FreeCommonBuffer, 24),
    AT(DMA_OPERATIONS, AllocateAdapterChannel, 32),
    AT(DMA_OPERATIONS, FlushAdapterBuffers, 40),
    AT(DMA_OPERATIONS, FreeAdapterChannel, 48),
    AT(DMA_OPERATIONS, FreeMapRegisters, 56),
    AT(DMA_OPERATIONS, MapTransfer, 64),
    AT(DMA_OPERATIONS, GetDmaAlignment, 72),
    AT(DMA_OPERATIONS, ReadDmaCounter, 80),
    AT(DMA_OPERATIONS, GetScatterGatherList, 88),
    AT(DMA_OPERATIONS, PutScatterGatherList, 96),
    AT(DMA_OPERATIONS, CalculateScatterGatherList, 104),
    AT(DMA_OPERATIONS, BuildScatterGatherList, 112),
    AT(DMA_OPERATIONS, BuildMdlFromScatterGatherList, 120),
    AT(DMA_OPERATIONS, GetDmaAdapterInfo, 128),
    AT(DMA_OPERATIONS, GetDmaTransferInfo, 136),
    AT(DMA_OPERATIONS, InitializeDmaTransferContext, 144),
    AT(DMA_OPERATIONS, AllocateCommonBufferEx, 152),
    AT(DMA_OPERATIONS, AllocateAdapterChannelEx, 160),
    AT(DMA_OPERATIONS, ConfigureAdapterChannel, 168),
    AT(DMA_OPERATIONS, CancelAdapterChannel, 176),
    AT(DMA_OPERATIONS, MapTransferEx, 184),
    AT(DMA_OPERATIONS, GetScatterGatherListEx, 192),
    AT(DMA_OPERATIONS, BuildScatterGatherListEx, 200),
    AT(DMA_OPERATIONS, FlushAdapterBuffersEx, 208),
    AT(DMA_OPERATIONS, FreeAdapterObject, 216),
    AT(DMA_OPERATIONS, CancelMappedTransfer, 224),
};

static const unsigned char values[] = {
    VALUE(NDIS_STATUS_SUCCESS, 0),
    VALUE(NDIS_STATUS_PENDING, 0x00000103),
    VALUE(NDIS_STATUS_NOT_ACCEPTED, 0x00010003),
    VALUE((ULONG)NDIS_STATUS_FAILURE, 0xC0000001),
    VALUE((ULONG)NDIS_STATUS_INVALID_PARAMETER, 0xC000000D),
    VALUE((ULONG)NDIS_STATUS_RESOURCES, 0xC000009A),
    VALUE((ULONG)NDIS_STATUS_NOT_SUPPORTED, 0xC00000BB),
    VALUE((ULONG)NDIS_STATUS_BAD_VERSION, 0xC0010004),
    VALUE((ULONG)NDIS_STATUS_BAD_CHARACTERISTICS, 0xC0010005),
    VALUE((ULONG)NDIS_STATUS_RESOURCE_CONFLICT, 0xC001001E),
    VALUE((ULONG)NDIS_STATUS_PAUSED, 0xC023002A),
    VALUE((ULONG)NDIS_STATUS_SOFT_ERRORS, 0x80010003),
    VALUE((ULONG)NDIS_STATUS_HARD_ERRORS, 0x80010004),
    VALUE((ULONG)NDIS_STATUS_REQUEST_ABORTED, 0xC001000C),
    VALUE((ULONG)NDIS_STATUS_RESET_IN_PROGRESS, 0xC001000D),
    VALUE((ULONG)NDIS_STATUS_INVALID_LENGTH, 0xC0010014),
    VALUE((ULONG)NDIS_STATUS_BUFFER_TOO_SHORT, 0xC0010016),
    VALUE((ULONG)NDIS_STATUS_SEND_ABORTED, 0xC023000C),
    VALUE((ULONG)NDIS_STATUS_UNSUPPORTED_REVISION, 0xC023002C),
    VALUE((ULONG)NDIS_STATUS_LOW_POWER_STATE, 0xC023002F),
    VALUE((ULONG)STATUS_BUFFER_TOO_SMALL, 0xC0000023),
    HOLDS(NDIS_STATUS_RESOURCES < 0, "failures are negative"),
    HOLDS(NT_SUCCESS(NDIS_STATUS_NOT_ACCEPTED), "LIFE-20"),

    VALUE(InterfaceTypeUndefined, -1),
    VALUE(PCIBus, 5),
    VALUE(WidthNoWrap, 4),
    VALUE(TypeF, 4),
    VALUE(NdisSharedMemoryUsageMax, 10),
    VALUE(NdisHaltDeviceStopped, 6),
    VALUE(NdisDevicePnPEventSurpriseRemoved, 2),
    VALUE(NetDmaNotificationMax, 7),
};

static const unsigned char netdma[] = {
    SIZE(NET_DMA_DESCRIPTOR, 64),
    AT(NET_DMA_DESCRIPTOR, TransferSize, 0),
    AT(NET_DMA_DESCRIPTOR, DCAContext32, 0),
    AT(NET_DMA_DESCRIPTOR, DCAContext16, 0),
    AT(NET_DMA_DESCRIPTOR, DCAContext8, 0),
    AT(NET_DMA_DESCRIPTOR, ControlFlags, 4),
    AT(NET_DMA_DESCRIPTOR, SourceAddress, 8),
    AT(NET_DMA_DESCRIPTOR, DestinationAddress, 16),
    AT(NET_DMA_DESCRIPTOR, NextDescriptor, 24),
    AT(NET_DMA_DESCRIPTOR, Reserved1, 32),
    AT(NET_DMA_DESCRIPTOR, NextSourceAddress, 32),
    AT(NET_DMA_DESCRIPTOR, Reserved2, 40),
    AT(NET_DMA_DESCRIPTOR, NextDestinationAddress, 40),
    AT(NET_DMA_DESCRIPTOR, UserContext1, 48),
    AT(NET_DMA_DESCRIPTOR, UserContext2, 56),

    SIZE(NET_DMA_CHANNEL_PARAMETERS, 56),
    VALUE(SIZEOF_NET_DMA_CHANNEL_PARAMETERS_REVISION_1, 36),
    VALUE(SIZEOF_NET_DMA_CHANNEL_PARAMETERS_REVISION_2, 56),
    AT(NET_DMA_CHANNEL_PARAMETERS, CompletionVirtualAddress, 8),
    AT(NET_DMA_CHANNEL_PARAMETERS, CompletionPhysicalAddress, 16),
    AT(NET_DMA_CHANNEL_PARAMETERS, ProcessorAffinityMask, 24),
    AT(NET_DMA_CHANNEL_PARAMETERS, ChannelPriority, 28),
    AT(NET_DMA_CHANNEL_PARAMETERS, CpuNumber, 32),
    AT(NET_DMA_CHANNEL_PARAMETERS, ProcessorAffinityMaskEx, 40),

    SIZE(NET_DMA_CHANNEL_CPU_AFFINITY, 8),
    AT(NET_DMA_CHANNEL_CPU_AFFINITY, DmaChannel, 0),
    AT(NET_DMA_CHANNEL_CPU_AFFINITY, CpuNumber, 4),

    SIZE(NET_DMA_PROVIDER_CHARACTERISTICS, 112),
    AT(NET_DMA_PROVIDER_CHARACTERISTICS, MajorVersion, 0),
    AT(NET_DMA_PROVIDER_CHARACTERISTICS, MinorVersion, 1),
    AT(NET_DMA_PROVIDER_CHARACTERISTICS, Size, 2),
    AT(NET_DMA_PROVIDER_CHARACTERISTICS, Flags, 4),
    AT(NET_DMA_PROVIDER_CHARACTERISTICS, PhysicalDeviceObject, 8),
    AT(NET_DMA_PROVIDER_CHARACTERISTICS, MaxDmaChannelCount, 16),
    AT(NET_DMA_PROVIDER_CHARACTERISTICS, SetDmaChannelCpuAffinity, 24),
    AT(NET_DMA_PROVIDER_CHARACTERISTICS, AllocateDmaChannel, 32),
    AT(NET_DMA_PROVIDER_CHARACTERISTICS, FreeDmaChannel, 40),
    AT(NET_DMA_PROVIDER_CHARACTERISTICS, StartDma, 48),
    AT(NET_DMA_PROVIDER_CHARACTERISTICS, SuspendDma, 56),
    AT(NET_DMA_PROVIDER_CHARACTERISTICS, ResumeDma, 64),
    AT(NET_DMA_PROVIDER_CHARACTERISTICS, AbortDma, 72),
    AT(NET_DMA_PROVIDER_CHARACTERISTICS, AppendDma, 80),
    AT(NET_DMA_PROVIDER_CHARACTERISTICS, ResetChannel, 88),
    AT(NET_DMA_PROVIDER_CHARACTERISTICS, FriendlyName, 96),

    SIZE(NET_DMA_PROVIDER_ATTRIBUTES, 32),
    AT(NET_DMA_PROVIDER_ATTRIBUTES, VendorId, 8),
    AT(NET_DMA_PROVIDER_ATTRIBUTES, DmaChannelCount, 12),
    AT(NET_DMA_PROVIDER_ATTRIBUTES, MaximumTransferSize, 16),
    AT(NET_DMA_PROVIDER_ATTRIBUTES, MaximumAddressSpace, 24),

    SIZE(NET_DMA_PNP_NOTIFICATION, 32),
    AT(NET_DMA_PNP_NOTIFICATION, NotificationCode, 8),
    AT(NET_DMA_PNP_NOTIFICATION, Buffer, 16),
    AT(NET_DMA_PNP_NOTIFICATION, BufferLength, 24),
};

static const struct {
    const unsigned char *ones;
    size_t count;
} groups[] = {
    {plain_types, sizeof plain_types},
    {memory, sizeof memory},
    {net_buffers, sizeof net_buffers},
    {scatter_gather, sizeof scatter_gather},
    {shared_memory_and_channels, sizeof shared_memory_and_channels},
    {registration, sizeof registration},
    {hal, sizeof hal},
    {values, sizeof values},
    {netdma, sizeof netdma},
};

int main(void)
{
    unsigned total = 0;

    for (size_t g = 0; g < sizeof groups / sizeof groups[0]; g++)
        for (size_t i = 0; i < groups[g].count; i++)
            total += groups[g].ones[i];
    printf("layout: %u assertions\n", total);
    return 0;
}
