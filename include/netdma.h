/*
 * netdma.h: the NetDMA provider interface, versions 1.0 to 2.1.
 *
 * Everything is declared unconditionally; which fields count is told by the revision and size
 * that a structure carries. Layouts are those of x86-64 Windows, little-endian. The handler
 * names are pointer types here, as Windows has them. Rule ids in brackets refer to the contract.
 */
#ifndef _NETDMA_H_
#define _NETDMA_H_

#include "wdm.h"

/* ---- descriptors ------------------------------------------------------------------------- */

/* ControlFlags; bit 8 and bits 10 to 23 are unassigned (DSC-07). */
#define NET_DMA_INTERRUPT_ON_COMPLETION 0x00000001u
#define NET_DMA_SOURCE_NO_SNOOP 0x00000002u
#define NET_DMA_DESTINATION_NO_SNOOP 0x00000004u
#define NET_DMA_STATUS_UPDATE_ON_COMPLETION 0x00000008u
#define NET_DMA_SERIALIZE_TRANSFER 0x00000010u
#define NET_DMA_NULL_TRANSFER 0x00000020u
#define NET_DMA_SOURCE_PAGE_BREAK 0x00000040u      /* 2.0 */
#define NET_DMA_DESTINATION_PAGE_BREAK 0x00000080u /* 2.0 */
#define NET_DMA_DESTINATION_DCA_ENABLE 0x00000200u /* 2.0 */
#define NET_DMA_RESERVED_MASK 0x00FFFD00u
#define NET_DMA_OP_TYPE_MASK 0xFF000000u
#define NET_DMA_OP_TYPE_STANDARD_DMA 0x00000000u
#define NET_DMA_OP_TYPE_CONTEXT_CHANGE 0xFF000000u /* 2.0 */
/* Means this only under the op type CONTEXT_CHANGE. */
#define NET_DMA_DCA_CONTEXT_CHANGE 0x00000001u

/* DSC-01; physical addresses are aligned to 64 bytes (DSC-02). */
typedef struct _NET_DMA_DESCRIPTOR {
    union {
        ULONG TransferSize;
        struct {
            ULONG DCAContext : 32;
        } DCAContext32;
        struct {
            ULONG DCAContext : 16;
            ULONG Reserved : 16;
        } DCAContext16;
        struct {
            ULONG DCAContext : 8;
            ULONG Reserved : 24;
        } DCAContext8;
    };
    ULONG ControlFlags;
    PHYSICAL_ADDRESS SourceAddress;
    PHYSICAL_ADDRESS DestinationAddress;
    PHYSICAL_ADDRESS NextDescriptor;
    union {
        ULONG64 Reserved1;
        PHYSICAL_ADDRESS NextSourceAddress;
    };
    union {
        ULONG64 Reserved2;
        PHYSICAL_ADDRESS NextDestinationAddress;
    };
    ULONG64 UserContext1;
    ULONG64 UserContext2;
} NET_DMA_DESCRIPTOR, *PNET_DMA_DESCRIPTOR;

/* Low bits of the completion word; the rest is the address of the last descriptor done. */
#define NET_DMA_TRANSFER_STATUS_MASK 0x00000007u

typedef enum _NET_DMA_TRANSFER_STATUS {
    NetDmaTransferStatusActive = 0,
    NetDmaTransferStatusIdle = 1,
    NetDmaTransferStatusSuspend = 2,
    NetDmaTransferStatusHalted = 3,
    NetDmaTransferStatusArmed = 4
} NET_DMA_TRANSFER_STATUS, *PNET_DMA_TRANSFER_STATUS;

/* ---- channels ---------------------------------------------------------------------------- */

typedef struct _NET_DMA_CHANNEL_CPU_AFFINITY {
    ULONG DmaChannel;
    ULONG CpuNumber;
} NET_DMA_CHANNEL_CPU_AFFINITY, *PNET_DMA_CHANNEL_CPU_AFFINITY;

typedef struct _NET_DMA_CHANNEL_PARAMETERS {
    USHORT Revision;
    USHORT Size;
    ULONG Flags;
    PVOID CompletionVirtualAddress;
    PHYSICAL_ADDRESS CompletionPhysicalAddress;
    ULONG ProcessorAffinityMask;
    ULONG ChannelPriority;
    ULONG CpuNumber; /* out */
    /* revision 2 */
    GROUP_AFFINITY ProcessorAffinityMaskEx;
} NET_DMA_CHANNEL_PARAMETERS, *PNET_DMA_CHANNEL_PARAMETERS;

#define NET_DMA_CHANNEL_REVISION_1 1
#define NET_DMA_CHANNEL_REVISION_2 2
#define NET_DMA_CHANNEL_PARAMETERS_REVISION_1 NET_DMA_CHANNEL_REVISION_1
#define NET_DMA_CHANNEL_PARAMETERS_REVISION_2 NET_DMA_CHANNEL_REVISION_2
#define SIZEOF_NET_DMA_CHANNEL_PARAMETERS_REVISION_1 \
    RTL_SIZEOF_THROUGH_FIELD(NET_DMA_CHANNEL_PARAMETERS, CpuNumber)
#define SIZEOF_NET_DMA_CHANNEL_PARAMETERS_REVISION_2 \
    RTL_SIZEOF_THROUGH_FIELD(NET_DMA_CHANNEL_PARAMETERS, ProcessorAffinityMaskEx)

/* ---- the provider's handlers ------------------------------------------------------------- */

typedef NTSTATUS (*DMA_CHANNELS_CPU_AFFINITY_HANDLER)(
    PVOID ProviderContext, PNET_DMA_CHANNEL_CPU_AFFINITY CpuAffinityArray,
    ULONG CpuAffinityArraySize);
typedef NTSTATUS (*DMA_CHANNEL_ALLOCATE_HANDLER)(PVOID ProviderContext,
                                                 PNET_DMA_CHANNEL_PARAMETERS ChannelParameters,
                                                 PVOID NetDmaChannelHandle,
                                                 PVOID *pProviderChannelContext);
typedef VOID (*DMA_CHANNEL_FREE_HANDLER)(PVOID ProviderChannelContext);
typedef NTSTATUS (*DMA_START_HANDLER)(PVOID ProviderChannelContext,
                                      PNET_DMA_DESCRIPTOR DescriptorVirtualAddress,
                                      PHYSICAL_ADDRESS DescriptorPhysicalAddress,
                                      ULONG DescriptorCount);
/* A pointer to a pointer comes out (NAMB-09). */
typedef NTSTATUS (*DMA_SUSPEND_HANDLER)(PVOID ProviderChannelContext,
                                        PPHYSICAL_ADDRESS *pLastDescriptor);
typedef NTSTATUS (*DMA_RESUME_HANDLER)(PVOID ProviderChannelContext);
typedef NTSTATUS (*DMA_ABORT_HANDLER)(PVOID ProviderChannelContext);
typedef NTSTATUS (*DMA_APPEND_HANDLER)(PVOID ProviderChannelContext,
                                       PNET_DMA_DESCRIPTOR DescriptorVirtualAddress,
                                       PHYSICAL_ADDRESS DescriptorPhysicalAddress,
                                       ULONG DescriptorCount);
typedef NTSTATUS (*DMA_RESET_HANDLER)(PVOID ProviderChannelContext);

/* ---- the provider ------------------------------------------------------------------------ */

#define NET_DMA_PROVIDER_REVISION_1 1
#define NET_DMA_PROVIDER_REVISION_2 2

#define NET_DMA_PROVIDER_CHARACTERISTICS_DCA_SUPPORTED 0x00000001u /* 2.0 */
#define NET_DMA_PROVIDER_ATTRIBUTES_DCA_SUPPORTED NET_DMA_PROVIDER_CHARACTERISTICS_DCA_SUPPORTED
#define NET_DMA_PROVIDER_SUPPORTS_PROC_GROUPS 0x00000002u /* 2.1 */

typedef struct _NET_DMA_PROVIDER_CHARACTERISTICS {
    UCHAR MajorVersion;
    UCHAR MinorVersion;
    USHORT Size;
    ULONG Flags;
    PDEVICE_OBJECT PhysicalDeviceObject;
    ULONG MaxDmaChannelCount;
    DMA_CHANNELS_CPU_AFFINITY_HANDLER SetDmaChannelCpuAffinity;
    DMA_CHANNEL_ALLOCATE_HANDLER AllocateDmaChannel;
    DMA_CHANNEL_FREE_HANDLER FreeDmaChannel;
    DMA_START_HANDLER StartDma;
    DMA_SUSPEND_HANDLER SuspendDma;
    DMA_RESUME_HANDLER ResumeDma;
    DMA_ABORT_HANDLER AbortDma;
    DMA_APPEND_HANDLER AppendDma;
    DMA_RESET_HANDLER ResetChannel;
    /* 2.0 */
    UNICODE_STRING FriendlyName;
} NET_DMA_PROVIDER_CHARACTERISTICS, *PNET_DMA_PROVIDER_CHARACTERISTICS;

typedef struct _NET_DMA_PROVIDER_ATTRIBUTES {
    UCHAR MajorHwVersion;
    UCHAR MinorHwVersion;
    USHORT Size;
    ULONG Flags;
    ULONG VendorId;
    ULONG DmaChannelCount;
    ULONG MaximumTransferSize;
    PHYSICAL_ADDRESS MaximumAddressSpace;
} NET_DMA_PROVIDER_ATTRIBUTES, *PNET_DMA_PROVIDER_ATTRIBUTES;

/* ---- plug and play, power ---------------------------------------------------------------- */

typedef enum _NET_DMA_PNP_NOTIFICATION_CODE {
    NetDmaNotificationProviderRegistered = 1,
    NetDmaNotificationProviderArrival = 2,
    NetDmaNotificationProviderRemoval = 3,
    NetDmaNotificationChannelArrival = 4,
    NetDmaNotificationProviderPowerDown = 5,
    NetDmaNotificationProviderPowerUp = 6,
    NetDmaNotificationMax = 7
} NET_DMA_PNP_NOTIFICATION_CODE, *PNET_DMA_PNP_NOTIFICATION_CODE;

#define NET_DMA_PNP_NOTIFICATION_REVISION_1 1

typedef struct _NET_DMA_PNP_NOTIFICATION {
    ULONG StructureRevision;
    ULONG StructureSize;
    NET_DMA_PNP_NOTIFICATION_CODE NotificationCode;
    PVOID Buffer;
    ULONG BufferLength;
} NET_DMA_PNP_NOTIFICATION, *PNET_DMA_PNP_NOTIFICATION;

/* ---- what the interface offers to a provider --------------------------------------------- */

NTSTATUS NetDmaRegisterProvider(PVOID ProviderContext, PVOID *pNetDmaProviderHandle,
                                PNET_DMA_PROVIDER_CHARACTERISTICS ProviderCharacteristics);
VOID NetDmaDeregisterProvider(PVOID NetDmaProviderHandle);
VOID NetDmaProviderStart(PVOID NetDmaProviderHandle,
                         PNET_DMA_PROVIDER_ATTRIBUTES ProviderAttributes);
VOID NetDmaProviderStop(PVOID NetDmaProviderHandle);
VOID NetDmaIsr(PVOID NetDmaChannelHandle, PHYSICAL_ADDRESS DmaDescriptor, PULONG pCpuNumber);
VOID NetDmaInterruptDpc(PVOID NetDmaChannelHandle, PHYSICAL_ADDRESS DmaDescriptor);
UINT NetDmaGetVersion(VOID);                                                               /* 1.1 */
VOID NetDmaPnPEventNotify(PVOID NetDmaProviderHandle, PNET_DMA_PNP_NOTIFICATION PnPEvent); /* 1.1 */

#endif
