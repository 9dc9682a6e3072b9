/* hal_layer.h: what the files of HAL's operations share. */
#ifndef DMARIG_HAL_LAYER_H
#define DMARIG_HAL_LAYER_H

#include "processor.h"
#include "verifier.h"

/* The live adapter that is passed; NULL: it is none. */
struct dma_adapter *hal_adapter(struct machine *machine, PDMA_ADAPTER adapter);
/* E6-19, E6-18, then IRQL: the first that is broken, or RULE_NONE. exact: that level and no other. */
enum rig_rule hal_check(struct machine *machine, PDMA_ADAPTER adapter, KIRQL level, bool exact,
                        enum rig_rule irql_rule);

#endif
