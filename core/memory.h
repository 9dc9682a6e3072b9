/* memory.h: pages, frame numbers, MDLs, and memory lent for lists. */
#ifndef DMARIG_MEMORY_H
#define DMARIG_MEMORY_H

#include "machine.h"

/* Storage that nobody may touch now, and storage that may be touched again. Seen by ASan only. */
void memory_poison(const void *start, size_t length);
void memory_release(const void *start, size_t length);

/* The page with this frame number; there must be one. */
uint8_t *memory_of_frame(struct machine *machine, uint64_t frame);
/* Of a page: it belongs to a live buffer. And where the machine is not coherent: what the processor
 * wrote is not in memory yet; what the device wrote is not in the cache. */
enum { PAGE_LIVE = 1, CACHE_DIRTY = 2, CACHE_STALE = 4 };
/* Mark the pages of LENGTH bytes, 1 at least, if the machine is not coherent. */
void memory_mark(struct machine *machine, const uint8_t *start, uint32_t length, uint8_t mark);
/* Whether any of the pages of LENGTH bytes, 1 at least, has this mark. */
bool memory_marked(const struct machine *machine, const uint8_t *start, uint32_t length,
                   uint8_t mark);
/* Whether two pieces of memory share a byte. */
bool memory_overlaps(const void *one, uint32_t length, const void *other, uint32_t other_length);
bool memory_is_mdl(const struct machine *machine, const MDL *mdl);

/* Why START, LENGTH cannot be lent for a list: SGL-29, SGL-28, or RULE_NONE. */
enum rig_rule memory_lendable(const struct machine *machine, const void *start, uint32_t length);
/* Whether any of these bytes is lent; UNHANDED: for a list whose handler has not been called. */
bool memory_lent(const struct machine *machine, const void *start, uint32_t length, bool unhanded);
/* Whoever lends says when the handler is called and when the list is freed. */
struct loan *memory_lend(struct machine *machine, const void *start, uint32_t length);

#endif
