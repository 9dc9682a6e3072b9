/* common_buffer.h: memory that processor and device share, and the red zones around it. */
#ifndef DMARIG_COMMON_BUFFER_H
#define DMARIG_COMMON_BUFFER_H

#include "machine.h"

/* Bytes of a red zone at least, on either side of what it guards. */
enum { RED_ZONE = 64 };

/* The live common buffer of an adapter that holds VA; NULL: none. */
struct common *common_of(struct machine *machine, PDMA_ADAPTER adapter, const void *va);
/* Where LENGTH bytes lie that the device reaches OFFSET past BUS, in the buffer that holds BUS; NULL: nowhere. */
uint8_t *common_reach(struct machine *machine, uint64_t bus, uint64_t offset, uint64_t length);
/* All of an adapter's die without a word. */
void common_drop(struct machine *machine, const struct dma_adapter *adapter);

/* Fill the red zones around LENGTH bytes at VA, the one behind them up to a multiple of GRAIN and RED_ZONE bytes more;
 * whether they were as they had been filled. */
bool red_zone_fill(uint8_t *va, uint32_t length, uint32_t grain);
/* E6-0F: report a zone that was written to, in CALL, and put it right. */
void common_inspect(struct machine *machine, const struct common *common, const char *call,
                    uint32_t made);

#endif
