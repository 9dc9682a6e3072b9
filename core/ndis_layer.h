/*
 * ndis_layer.h: what the files of the NDIS layer share.
 *
 * A waiting request is one whose handler has not been called, whatever it waits for.
 */
#ifndef DMARIG_NDIS_LAYER_H
#define DMARIG_NDIS_LAYER_H

#include "map_registers.h"
#include "processor.h"
#include "verifier.h"

/* The header of a structure that NDIS passes, in its revision 1. */
#define HEADER(type, name)                                                                 \
    {                                                                                      \
        NDIS_OBJECT_TYPE_##type, NDIS_##name##_REVISION_1, NDIS_SIZEOF_##name##_REVISION_1 \
    }

/* The live driver or adapter that a handle names; NULL: none. */
struct driver *driver_of(struct machine *machine, NDIS_HANDLE handle);
struct adapter *adapter_of(struct machine *machine, NDIS_HANDLE handle);
/* The live registration that a handle names; NULL, and SG-34: it is over, UNKNOWN: there never was one. */
enum rig_rule dma_find(struct machine *machine, NDIS_HANDLE handle, enum rig_rule unknown,
                       struct dma **dma);
/* The adapter of an event at LEVEL, NULL if it cannot happen or the adapter is in none of STATES. */
struct adapter *event_adapter(struct machine *machine, NDIS_HANDLE handle, KIRQL level,
                              unsigned states);
unsigned adapter_index(const struct machine *machine, const struct adapter *adapter);

/* Enter a handler of the adapter on the current processor. */
void adapter_enter(struct machine *machine, const struct adapter *adapter, enum site site,
                   KIRQL level);
/* Leave it. Whether the adapter is still there: a shutdown inside ends it, and there is nothing left to
 * settle. */
bool adapter_leave(struct machine *machine, const char *callback);
/* In low power, or asked for it. */
bool adapter_sleeps(const struct adapter *adapter);

/* A live NET_BUFFER, a NET_BUFFER_LIST, by address; NULL: no such thing. */
struct net_buffer *net_buffer_of(struct machine *machine, const NET_BUFFER *nb);
struct net_buffer_list *net_buffer_list_of(const struct machine *machine,
                                           const NET_BUFFER_LIST *list);
/* Why the driver may not touch a NET_BUFFER now, or, OWNED, one of the system's: SDV-17, LIFE-75 or
 * RULE_NONE. */
enum rig_rule net_buffer_obstacle(struct machine *machine, PNET_BUFFER nb, bool owned);
/* Bytes from the start of CurrentMdl to the end of the data (SGL-20, SGL-23). */
uint64_t net_buffer_mapped(const NET_BUFFER *nb);
/* How many page pieces these bytes have. */
ULONG net_buffer_pieces(const NET_BUFFER *nb);

/* The waiting or live request of a NET_BUFFER; NULL: none. */
struct sg *sg_of_net_buffer(struct machine *machine, const NET_BUFFER *nb);
/* What a pointer that should be a list is. */
enum list_kind {
    LIST_LIVE,              /* of NDIS */
    LIST_BUFFER_OF_LIVE,    /* memory lent for a live list that lies elsewhere */
    LIST_BUFFER_OF_WAITING, /* memory lent for a request that waits */
    LIST_HAL_LIVE,          /* made by calling HAL directly */
    LIST_HAL_WAITING,
    LIST_FORMER, /* was a list once */
    LIST_NONE
};
enum list_kind list_find(struct machine *machine, const void *pointer, struct sg **sg);
/* Report RULE, unless it is RULE_NONE, of a list or of what was passed for one: its request, if it has
 * one. Whether it was broken. */
bool list_report(struct machine *machine, enum rig_rule rule, const char *call, const struct sg *sg,
                 const void *list);

/* What HAL needs for a request: bytes for the list, map registers. */
NTSTATUS sg_calculate(const struct sg *request, ULONG *size, ULONG *registers);
/* Ask HAL for the list of a request, in the caller's buffer, of SIZE bytes, or elsewhere. False: it has
 * none to give, and nothing is kept. */
bool sg_ask(struct machine *machine, const struct sg *request, ULONG size, bool in_buffer);
/* Forget a request whose mapping is over; what was lent goes back. */
void sg_forget(struct sg *sg);
/* The list of a live request goes back to HAL. */
void sg_put(struct sg *sg, bool write_to_device);

/* Whether a registration has waiting or live requests; to_device: those of NET_BUFFERs only, to the
 * device only. */
bool dma_has_requests(const struct machine *machine, const struct dma *dma, bool to_device);
/* What each thing that an adapter's end finds is reported as; RULE_NONE: without a word. */
struct sweep_rules {
    enum rig_rule list, block, dma;
};
/* Everything of an adapter's DMA dies. */
void dma_sweep(struct machine *machine, struct adapter *adapter, struct sweep_rules rules,
               const char *call);

/* Whether live or pending blocks of shared memory come from a HAL adapter (SG-36, SHM-50). */
bool shared_outstanding(const struct machine *machine, PDMA_ADAPTER hal);
/* HAL gets back what freed blocks have left behind; at PASSIVE_LEVEL. */
void shared_drain(struct machine *machine, PDMA_ADAPTER hal);
/* The adapter's blocks die, before its HAL adapter does. A live one is reported as LIVE_RULE, a pending one as SHM-36; RULE_NONE: without a
 * word. Was there any? */
bool shared_sweep(struct machine *machine, const struct adapter *adapter, enum rig_rule live_rule,
                  const char *call);
/* The device leaves the adapter's blocks alone. */
void shared_stop(struct machine *machine, const struct adapter *adapter);
/* The DMA channels of an adapter die, each reported as RULE; RULE_NONE: without a word. */
void channel_sweep(struct machine *machine, const struct adapter *adapter, enum rig_rule rule,
                   const char *call);
/* The HAL adapter of an adapter's registration for lists, else of its oldest DMA channel; NULL: it has neither. */
PDMA_ADAPTER registered_hal(struct machine *machine, const struct adapter *adapter);

#endif
