/* hal_layer.h: what the files of HAL share. */
#ifndef DMARIG_HAL_LAYER_H
#define DMARIG_HAL_LAYER_H

#include "map_registers.h"
#include "processor.h"
#include "verifier.h"

/* The live adapter of this address, NULL if there is none. */
struct dma_adapter *hal_adapter(struct machine *machine, PDMA_ADAPTER adapter);
/* E6-19, E6-18, then IRQL: the first that is broken, or RULE_NONE. exact: that level and no other.
 */
enum rig_rule hal_check(struct machine *machine, PDMA_ADAPTER adapter, KIRQL level, bool exact,
                        enum rig_rule irql_rule);
/* VRF-11, VRF-12, VRF-17: what is wrong with a range, or RULE_NONE and the range. */
enum rig_rule hal_check_range(struct machine *machine, PMDL mdl, PVOID va, ULONG length,
                              struct range *range);

/* DMA_OPERATIONS of packets and of the system DMA controller. */
NTSTATUS packet_allocate(PDMA_ADAPTER DmaAdapter, PDEVICE_OBJECT DeviceObject,
                         ULONG NumberOfMapRegisters, PDRIVER_CONTROL ExecutionRoutine,
                         PVOID Context);
PHYSICAL_ADDRESS packet_map(PDMA_ADAPTER DmaAdapter, PMDL Mdl, PVOID MapRegisterBase,
                            PVOID CurrentVa, PULONG Length, BOOLEAN WriteToDevice);
BOOLEAN packet_flush(PDMA_ADAPTER DmaAdapter, PMDL Mdl, PVOID MapRegisterBase, PVOID CurrentVa,
                     ULONG Length, BOOLEAN WriteToDevice);
VOID packet_free_channel(PDMA_ADAPTER DmaAdapter);
VOID packet_free_registers(PDMA_ADAPTER DmaAdapter, PVOID MapRegisterBase,
                           ULONG NumberOfMapRegisters);
ULONG controller_counter(PDMA_ADAPTER DmaAdapter);

#endif
