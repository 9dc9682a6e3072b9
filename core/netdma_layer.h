/* netdma_layer.h: what the files of the NetDMA layer share. */
#ifndef DMARIG_NETDMA_LAYER_H
#define DMARIG_NETDMA_LAYER_H

#include "processor.h"
#include "verifier.h"

/* The live registration of a device; NULL: none. */
struct provider *provider_of_device(struct machine *machine, const struct device *device);
/* A registration that should be over is: RULE. */
void provider_end(struct machine *machine, struct provider *provider, enum rig_rule rule,
                  const char *call);
/* A device that exists, by its PDO; NULL: none. */
struct device *device_of_pdo(struct machine *machine, PDEVICE_OBJECT pdo);

#endif
