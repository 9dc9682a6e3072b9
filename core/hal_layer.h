/* hal_layer.h: what the files of HAL share. */
#ifndef DMARIG_HAL_LAYER_H
#define DMARIG_HAL_LAYER_H

#include "common_buffer.h"
#include "device.h"
#include "map_registers.h"
#include "memory.h"
#include "processor.h"
#include "verifier.h"

/* The live adapter of this address, NULL if there is none. */
struct dma_adapter *hal_adapter(struct machine *machine, PDMA_ADAPTER adapter);
/* E6-19, E6-18, then IRQL: the first that is broken, or RULE_NONE. exact: that level and no other.
 */
enum rig_rule hal_check(struct machine *machine, PDMA_ADAPTER adapter, KIRQL level, bool exact,
                        enum rig_rule irql_rule);
/* ---- from an MDL chain to the elements of a list ---- */

/* Take the first piece off a range that is cut at the page borders of its MDLs. False: there is none;
 * what LENGTH says then is what the chain is short of. */
bool sg_next(struct machine *machine, struct range *range, struct piece *piece);
/* Put the pieces of a range, which its chain has, behind those of a request; the first of them. */
struct piece *sg_append(struct machine *machine, struct request *request, struct range range,
                        bool to_device);
/* Give each piece of a request from FIRST on the bytes and the address that the device will use, one
 * of the map registers that are idle, if there are any, and copy in. */
void sg_place(struct machine *machine, const struct request *request, struct piece *first);
/* Write the list of a request's placed pieces, and note it. */
void sg_write(const struct machine *machine, struct request *request);
/* Copy back what the device wrote. */
void sg_copy_back(const struct piece *pieces, unsigned count);

/* ---- DMA_OPERATIONS of packets, of the system DMA controller, of common buffers ---- */

#define OPERATION(slot) __typeof__(*((PDMA_OPERATIONS)NULL)->slot)

OPERATION(AllocateAdapterChannel) packet_allocate;
OPERATION(MapTransfer) packet_map;
OPERATION(FlushAdapterBuffers) packet_flush;
OPERATION(FreeAdapterChannel) packet_free_channel;
OPERATION(FreeMapRegisters) packet_free_registers;
OPERATION(ReadDmaCounter) controller_counter;
OPERATION(AllocateCommonBuffer) common_allocate;
OPERATION(FreeCommonBuffer) common_free;

#endif
