/* map_registers.h: requests for lists, the registers they hold, the queue they wait in. */
#ifndef DMARIG_MAP_REGISTERS_H
#define DMARIG_MAP_REGISTERS_H

#include "machine.h"

/* What is asked for: a list, which lies in BUFFER, or in HAL's memory if that is NULL; or with
 * CONTROL so many REGISTERS, for MapTransfer to map with. */
struct mapping {
    struct range range;
    PDMA_ADAPTER adapter;
    PDEVICE_OBJECT device;
    PDRIVER_LIST_CONTROL routine;
    PDRIVER_CONTROL control;
    PVOID context, buffer;
    uint32_t buffer_size, registers;
    bool write_to_device;
};

/* Whether map registers are counted on this machine. */
bool mapping_counts(const struct machine *machine);
/* Whether a range of so many pieces and bytes is copied into one run of pages, which takes all map
 * registers of the adapter (AMB-02). */
bool mapping_runs(const struct machine *machine, const struct dma_adapter *adapter, unsigned pieces,
                  uint32_t length);
/* Bytes of a list of so many elements. */
uint32_t mapping_list_size(unsigned elements);

/* Why a range cannot be mapped, to the device only or also from it, with a list in BUFFER (NULL:
 * elsewhere): VRF-10, VRF-14, MDL-12 or RULE_NONE. */
enum rig_rule mapping_obstacle(struct machine *machine, const struct range *range,
                               bool only_to_device, const void *buffer, uint32_t buffer_size);
/* Which waiting and live mappings count: a bare MDL's list is among those that may write, not among
 * those from the device. */
enum mapping_kind { MAPPING_ANY, MAPPING_FROM_DEVICE, MAPPING_MAY_WRITE };
bool mapping_covers(const struct machine *machine, const void *start, uint32_t length,
                    enum mapping_kind kind);

/* Map: granted or waiting. STATUS_INSUFFICIENT_RESOURCES: never, and nothing is kept. */
NTSTATUS mapping_start(struct machine *machine, const struct mapping *mapping);
/* End a live mapping: data from the device arrive, the registers return, waiting requests follow.
 */
void mapping_end(struct machine *machine, struct request *request, bool write_to_device);
/* The control routine of a request for registers is called. */
void packet_deliver(struct machine *machine, struct request *request);
/* End a mapping in any state without a word; nobody follows. */
void mapping_drop(struct machine *machine, struct request *request);
/* A DMA adapter without mappings dies without a word. */
void mapping_drop_adapter(struct machine *machine, PDMA_ADAPTER adapter);

/* The request whose handed-out list this is, NULL if there is none. */
struct request *mapping_of_list(struct machine *machine, const SCATTER_GATHER_LIST *list);
/* The request of a routine and context that is waiting or live. */
struct request *mapping_of_context(struct machine *machine, const void *context);
/* Whether LIST was a list once. */
const struct former_list *mapping_former(const struct machine *machine,
                                         const SCATTER_GATHER_LIST *list);
/* Whether the list is as it was handed out (SGL-39). */
bool mapping_intact(const struct machine *machine, const struct request *request);

#endif
