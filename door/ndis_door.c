/*
 * ndis_door.c: the rig without core/sg_dma*.c.
 *
 * Nothing is known of registrations and lists that a foreign layer keeps: whoever asks finds none.
 * So no rule about them is checked; a judge leaves out what would break one.
 */
#include "ndis_door.h"
#include "ndis_layer.h"

#pragma GCC diagnostic ignored "-Wunused-parameter"

static const struct adapter *adapter_at(NDIS_HANDLE handle)
{
    return adapter_of(machine_bound(), handle);
}

PDEVICE_OBJECT ndis_door_device(NDIS_HANDLE MiniportAdapterHandle)
{
    const struct adapter *adapter = adapter_at(MiniportAdapterHandle);

    return adapter ? (PDEVICE_OBJECT)(uintptr_t)&adapter->object : NULL;
}

ULONG ndis_door_attributes(NDIS_HANDLE MiniportAdapterHandle)
{
    const struct adapter *adapter = adapter_at(MiniportAdapterHandle);

    return adapter ? adapter->attributes : 0;
}

UINT ndis_door_version(NDIS_HANDLE MiniportAdapterHandle)
{
    const struct adapter *adapter = adapter_at(MiniportAdapterHandle);

    return adapter ? 6u << 16 | adapter->driver->minor : 0;
}

const struct rig_layer *rig_layer(void)
{
    static const struct rig_layer layer = {ndis_layer_start};

    return &layer;
}

bool dma_has_requests(const struct machine *machine, const struct dma *dma, bool to_device)
{
    return false;
}

void dma_sweep(struct machine *machine, struct adapter *adapter, struct sweep_rules rules,
               const char *call)
{
}

enum rig_rule dma_find(struct machine *machine, NDIS_HANDLE handle, enum rig_rule unknown,
                       struct dma **dma)
{
    *dma = NULL;
    return unknown;
}

struct sg *sg_of_net_buffer(struct machine *machine, const NET_BUFFER *nb)
{
    return NULL;
}

bool rig_map_registers(const struct machine *machine, NDIS_HANDLE dma, uint32_t *total,
                       uint32_t *held)
{
    return false;
}

/* A list may be the layer's own, which HAL never saw: the device is the judge's. */
bool rig_device_post(struct machine *machine, PSCATTER_GATHER_LIST list, enum rig_skip skip,
                     bool whole)
{
    return false;
}
