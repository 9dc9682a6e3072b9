/* map_registers.h: requests for lists, the registers they hold, the queue they wait in. */
#ifndef DMARIG_MAP_REGISTERS_H
#define DMARIG_MAP_REGISTERS_H

#include "machine.h"

/* Whether map registers are counted on this machine. */
bool mapping_counts(const struct machine *machine);
/* Bytes of a list of so many elements. */
uint32_t mapping_list_size(unsigned elements);

/* VRF-11, VRF-12, VRF-17: what is wrong with a range, or RULE_NONE and the range. */
enum rig_rule mapping_range(struct machine *machine, PMDL mdl, PVOID va, ULONG length,
                            struct range *range);

enum { SG_CHAIN_TOO_SHORT = -1 };
/* How many pieces a range has, or SG_CHAIN_TOO_SHORT. */
int sg_count(struct machine *machine, struct range range);
/* Why a range cannot be mapped, to the device only or also from it, with a list in BUFFER (NULL:
 * elsewhere): SGL-29, SGL-28, VRF-10, VRF-14, MDL-12 or RULE_NONE. */
enum rig_rule mapping_obstacle(struct machine *machine, const struct range *range,
                               bool only_to_device, const void *buffer, uint32_t buffer_size);
/* Which waiting and live mappings count: a bare MDL's list is among those that may write, not among
 * those from the device. */
enum mapping_kind { MAPPING_ANY, MAPPING_FROM_DEVICE, MAPPING_MAY_WRITE };
bool mapping_covers(const struct machine *machine, const void *start, uint32_t length,
                    enum mapping_kind kind);

/* Map RANGE as PLAN says: granted or waiting. The list lies in the caller's LIST of LIST_SIZE bytes,
 * or in HAL's memory if that is NULL. With CONTROL so many map registers as are ASKED for are granted
 * for MapTransfer. STATUS_INSUFFICIENT_RESOURCES: never, and nothing is kept. */
NTSTATUS mapping_start(struct machine *machine, const struct request *plan, struct range range);
/* End a live mapping: data from the device arrive, the registers return, waiting requests follow.
 */
void mapping_end(struct machine *machine, struct request *request, bool write_to_device);
/* The control routine of a request for registers is called. */
void packet_deliver(struct machine *machine, struct request *request);
/* End a mapping in any state without a word; nobody follows. */
void mapping_drop(struct machine *machine, struct request *request);
/* A DMA adapter without mappings dies without a word. */
void mapping_drop_adapter(struct machine *machine, PDMA_ADAPTER adapter);

/* The request that has waited longest for an adapter's map registers, NULL if none waits. */
struct request *mapping_waiting(struct machine *machine, const struct dma_adapter *adapter);
/* Whether so many map registers can be had at once: none waits for them, and they are free. */
bool mapping_has_room(struct machine *machine, const struct dma_adapter *adapter, unsigned count);
/* The request whose handed-out list this is, NULL if there is none. */
struct request *mapping_of_list(struct machine *machine, const SCATTER_GATHER_LIST *list);
/* The request of a routine and context that is waiting or live. */
struct request *mapping_of_context(struct machine *machine, const void *context);
/* Whether LIST was a list once. */
const struct former_list *mapping_former(const struct machine *machine,
                                         const SCATTER_GATHER_LIST *list);
/* Whether the list is as it was handed out (SGL-39). */
bool mapping_intact(const struct request *request);
/* What is wrong with giving back a live list now: SGL-39, FSG-04, or RULE_NONE. */
enum rig_rule mapping_end_obstacle(const struct request *request);

#endif
