/*
 * trace.h: who called what, without a change to the driver.
 *
 * Included by force in front of a hosted driver's source files. Each function of Windows that the
 * driver calls becomes a macro of the same name that notes file, line and name before the call.
 */
#ifndef DMARIG_TRACE_H
#define DMARIG_TRACE_H

#include "ndis.h"

/* FILE and NAME must live for ever; string literals do. */
void host_trace(const char *file, int line, const char *name);
/* NdisMRegisterMiniportDriver; the host learns the driver's handle and handlers. */
NDIS_STATUS host_register_driver(PDRIVER_OBJECT object, PUNICODE_STRING path, NDIS_HANDLE context,
                                 PNDIS_MINIPORT_DRIVER_CHARACTERISTICS characteristics,
                                 PNDIS_HANDLE handle);

#ifndef HOST_SIDE
#define HOST_CALL(name) host_trace(__FILE__, __LINE__, name)

/* life */
#define NdisMRegisterMiniportDriver(...) \
    (HOST_CALL("NdisMRegisterMiniportDriver"), host_register_driver(__VA_ARGS__))
#define NdisMDeregisterMiniportDriver(...) \
    (HOST_CALL("NdisMDeregisterMiniportDriver"), NdisMDeregisterMiniportDriver(__VA_ARGS__))
#define NdisMSetMiniportAttributes(...) \
    (HOST_CALL("NdisMSetMiniportAttributes"), NdisMSetMiniportAttributes(__VA_ARGS__))
#define NdisMSendNetBufferListsComplete(...) \
    (HOST_CALL("NdisMSendNetBufferListsComplete"), NdisMSendNetBufferListsComplete(__VA_ARGS__))
#define NdisMPauseComplete(...) (HOST_CALL("NdisMPauseComplete"), NdisMPauseComplete(__VA_ARGS__))
#define NdisMRestartComplete(...) \
    (HOST_CALL("NdisMRestartComplete"), NdisMRestartComplete(__VA_ARGS__))
#define NdisMResetComplete(...) (HOST_CALL("NdisMResetComplete"), NdisMResetComplete(__VA_ARGS__))
#define NdisMOidRequestComplete(...) \
    (HOST_CALL("NdisMOidRequestComplete"), NdisMOidRequestComplete(__VA_ARGS__))
#define NdisMIndicateReceiveNetBufferLists(...)       \
    (HOST_CALL("NdisMIndicateReceiveNetBufferLists"), \
     NdisMIndicateReceiveNetBufferLists(__VA_ARGS__))

/* DMA */
#define NdisMRegisterScatterGatherDma(...) \
    (HOST_CALL("NdisMRegisterScatterGatherDma"), NdisMRegisterScatterGatherDma(__VA_ARGS__))
#define NdisMDeregisterScatterGatherDma(...) \
    (HOST_CALL("NdisMDeregisterScatterGatherDma"), NdisMDeregisterScatterGatherDma(__VA_ARGS__))
#define NdisMAllocateNetBufferSGList(...) \
    (HOST_CALL("NdisMAllocateNetBufferSGList"), NdisMAllocateNetBufferSGList(__VA_ARGS__))
#define NdisMFreeNetBufferSGList(...) \
    (HOST_CALL("NdisMFreeNetBufferSGList"), NdisMFreeNetBufferSGList(__VA_ARGS__))
#define NdisBuildScatterGatherList(...) \
    (HOST_CALL("NdisBuildScatterGatherList"), NdisBuildScatterGatherList(__VA_ARGS__))
#define NdisFreeScatterGatherList(...) \
    (HOST_CALL("NdisFreeScatterGatherList"), NdisFreeScatterGatherList(__VA_ARGS__))
#define NdisMGetDmaAlignment(...) \
    (HOST_CALL("NdisMGetDmaAlignment"), NdisMGetDmaAlignment(__VA_ARGS__))

/* shared memory, DMA channels */
#define NdisMAllocateSharedMemory(...) \
    (HOST_CALL("NdisMAllocateSharedMemory"), NdisMAllocateSharedMemory(__VA_ARGS__))
#define NdisMAllocateSharedMemoryAsyncEx(...) \
    (HOST_CALL("NdisMAllocateSharedMemoryAsyncEx"), NdisMAllocateSharedMemoryAsyncEx(__VA_ARGS__))
#define NdisMFreeSharedMemory(...) \
    (HOST_CALL("NdisMFreeSharedMemory"), NdisMFreeSharedMemory(__VA_ARGS__))
#define NdisAllocateSharedMemory(...) \
    (HOST_CALL("NdisAllocateSharedMemory"), NdisAllocateSharedMemory(__VA_ARGS__))
#define NdisFreeSharedMemory(...) \
    (HOST_CALL("NdisFreeSharedMemory"), NdisFreeSharedMemory(__VA_ARGS__))
#define NdisWriteErrorLogEntry(...) \
    (HOST_CALL("NdisWriteErrorLogEntry"), NdisWriteErrorLogEntry(__VA_ARGS__))
#define NdisMRegisterDmaChannel(...) \
    (HOST_CALL("NdisMRegisterDmaChannel"), NdisMRegisterDmaChannel(__VA_ARGS__))
#define NdisMDeregisterDmaChannel(...) \
    (HOST_CALL("NdisMDeregisterDmaChannel"), NdisMDeregisterDmaChannel(__VA_ARGS__))
#define NdisMSetupDmaTransfer(...) \
    (HOST_CALL("NdisMSetupDmaTransfer"), NdisMSetupDmaTransfer(__VA_ARGS__))
#define NdisMCompleteDmaTransfer(...) \
    (HOST_CALL("NdisMCompleteDmaTransfer"), NdisMCompleteDmaTransfer(__VA_ARGS__))
#define NdisMReadDmaCounter(...) \
    (HOST_CALL("NdisMReadDmaCounter"), NdisMReadDmaCounter(__VA_ARGS__))

/* NET_BUFFERs */
#define NdisQueryNetBufferPhysicalCount(...) \
    (HOST_CALL("NdisQueryNetBufferPhysicalCount"), NdisQueryNetBufferPhysicalCount(__VA_ARGS__))
#define NdisAdvanceNetBufferDataStart(...) \
    (HOST_CALL("NdisAdvanceNetBufferDataStart"), NdisAdvanceNetBufferDataStart(__VA_ARGS__))
#define NdisRetreatNetBufferDataStart(...) \
    (HOST_CALL("NdisRetreatNetBufferDataStart"), NdisRetreatNetBufferDataStart(__VA_ARGS__))
#define NdisFreeNetBuffer(...) (HOST_CALL("NdisFreeNetBuffer"), NdisFreeNetBuffer(__VA_ARGS__))

/* memory, registers, interrupts */
#define NdisAllocateMemoryWithTagPriority(...) \
    (HOST_CALL("NdisAllocateMemoryWithTagPriority"), NdisAllocateMemoryWithTagPriority(__VA_ARGS__))
#define NdisFreeMemory(...) (HOST_CALL("NdisFreeMemory"), NdisFreeMemory(__VA_ARGS__))
#define NdisMMapIoSpace(...) (HOST_CALL("NdisMMapIoSpace"), NdisMMapIoSpace(__VA_ARGS__))
#define NdisMUnmapIoSpace(...) (HOST_CALL("NdisMUnmapIoSpace"), NdisMUnmapIoSpace(__VA_ARGS__))
#define NdisMRegisterInterruptEx(...) \
    (HOST_CALL("NdisMRegisterInterruptEx"), NdisMRegisterInterruptEx(__VA_ARGS__))
#define NdisMDeregisterInterruptEx(...) \
    (HOST_CALL("NdisMDeregisterInterruptEx"), NdisMDeregisterInterruptEx(__VA_ARGS__))
#define NdisMSynchronizeWithInterruptEx(...) \
    (HOST_CALL("NdisMSynchronizeWithInterruptEx"), NdisMSynchronizeWithInterruptEx(__VA_ARGS__))
#define READ_REGISTER_ULONG(...) \
    (HOST_CALL("READ_REGISTER_ULONG"), READ_REGISTER_ULONG(__VA_ARGS__))
#define WRITE_REGISTER_ULONG(...) \
    (HOST_CALL("WRITE_REGISTER_ULONG"), WRITE_REGISTER_ULONG(__VA_ARGS__))

/* work items */
#define NdisAllocateIoWorkItem(...) \
    (HOST_CALL("NdisAllocateIoWorkItem"), NdisAllocateIoWorkItem(__VA_ARGS__))
#define NdisQueueIoWorkItem(...) \
    (HOST_CALL("NdisQueueIoWorkItem"), NdisQueueIoWorkItem(__VA_ARGS__))
#define NdisFreeIoWorkItem(...) (HOST_CALL("NdisFreeIoWorkItem"), NdisFreeIoWorkItem(__VA_ARGS__))

/* calls that are gone */
#define HalGetAdapter(...) (HOST_CALL("HalGetAdapter"), HalGetAdapter(__VA_ARGS__))
#define NdisMAllocateMapRegisters(...) \
    (HOST_CALL("NdisMAllocateMapRegisters"), NdisMAllocateMapRegisters(__VA_ARGS__))
#define NdisMFreeMapRegisters(...) \
    (HOST_CALL("NdisMFreeMapRegisters"), NdisMFreeMapRegisters(__VA_ARGS__))

/* IRQL and locks */
#define KeRaiseIrql(...) (HOST_CALL("KeRaiseIrql"), KeRaiseIrql(__VA_ARGS__))
#define KeLowerIrql(...) (HOST_CALL("KeLowerIrql"), KeLowerIrql(__VA_ARGS__))
#define KeAcquireSpinLock(...) (HOST_CALL("KeAcquireSpinLock"), KeAcquireSpinLock(__VA_ARGS__))
#define KeReleaseSpinLock(...) (HOST_CALL("KeReleaseSpinLock"), KeReleaseSpinLock(__VA_ARGS__))
#define NdisAcquireSpinLock(...) \
    (HOST_CALL("NdisAcquireSpinLock"), NdisAcquireSpinLock(__VA_ARGS__))
#define NdisReleaseSpinLock(...) \
    (HOST_CALL("NdisReleaseSpinLock"), NdisReleaseSpinLock(__VA_ARGS__))
#define NdisDprAcquireSpinLock(...) \
    (HOST_CALL("NdisDprAcquireSpinLock"), NdisDprAcquireSpinLock(__VA_ARGS__))
#define NdisDprReleaseSpinLock(...) \
    (HOST_CALL("NdisDprReleaseSpinLock"), NdisDprReleaseSpinLock(__VA_ARGS__))
#endif

#endif
