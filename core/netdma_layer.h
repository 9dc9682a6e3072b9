/* netdma_layer.h: what the files of the NetDMA layer share. */
#ifndef DMARIG_NETDMA_LAYER_H
#define DMARIG_NETDMA_LAYER_H

#include "processor.h"
#include "verifier.h"

enum handle_state provider_of(struct machine *machine, PVOID handle, struct provider **provider);
/* The live registration of a device; NULL: none. */
struct provider *provider_of_device(struct machine *machine, const struct device *device);
/* A device that exists, by its PDO; NULL: none. */
struct device *device_of_pdo(struct machine *machine, PDEVICE_OBJECT pdo);

#endif
