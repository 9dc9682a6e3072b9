/* sg_builder.h: from an MDL chain to the elements of a list. */
#ifndef DMARIG_SG_BUILDER_H
#define DMARIG_SG_BUILDER_H

#include "map_registers.h"

enum { SG_CHAIN_TOO_SHORT = -1 };

/* Cut a range at the page borders of its MDLs and visit the pieces, as far as the chain goes. False
 * once VISIT returns false; else MISSING is how many bytes the chain is short of. */
bool sg_walk(struct machine *machine, const struct range *range,
             bool (*visit)(void *context, const struct piece *piece), void *context,
             uint32_t *missing);
/* How many pieces a range has, or SG_CHAIN_TOO_SHORT. PIECES takes the first RIG_PIECES of them;
 * NULL: they are only counted. */
int sg_cut(struct machine *machine, const struct range *range, struct piece *pieces);
/* Give each of COUNT pieces of a request the bytes and the address that the device will use, one of
 * REGISTERS, a bit set, if there are any, and copy in. */
void sg_place(struct machine *machine, const struct request *request, uint64_t registers,
              struct piece *pieces, unsigned count);
/* Write the list of a request's placed pieces. */
void sg_write(const struct machine *machine, const struct request *request,
              const struct piece *pieces);
/* Copy back what the device wrote. */
void sg_copy_back(const struct piece *pieces, unsigned count);

#endif
