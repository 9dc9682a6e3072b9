/*
 * ndis_door.h: between the rig and an NDIS layer of somebody else's.
 *
 * Such a layer is linked in place of core/sg_dma*.c (cmake -DDMARIG_NDIS_LAYER=DIR). It defines
 *
 *   NdisMRegisterScatterGatherDma    NdisMDeregisterScatterGatherDma
 *   NdisMAllocateNetBufferSGList     NdisMFreeNetBufferSGList
 *   NdisBuildScatterGatherList       NdisFreeScatterGatherList
 *   NdisMGetDmaAlignment             NdisQueryNetBufferPhysicalCount
 *
 * and ndis_layer_start. It reaches HAL through IoGetDmaAdapter and DMA_OPERATIONS. The miniport's
 * life stays the rig's; what of it a layer has to know is asked for here. The rig asks a layer
 * nothing.
 */
#ifndef DMARIG_NDIS_DOOR_H
#define DMARIG_NDIS_DOOR_H

#include "ndis.h"

/* The layer's: a computer was switched on, and nothing is registered. Whatever an earlier one held
 * is gone, handles, lists and HAL's adapters too: forget it, and call nothing. */
void ndis_layer_start(void);

/* The device object of the adapter that MiniportInitializeEx was given this handle for, from then on
 * until the adapter is gone; NULL: there is no such adapter. DeviceExtension is the layer's own, NULL
 * at first. */
PDEVICE_OBJECT ndis_door_device(NDIS_HANDLE MiniportAdapterHandle);
/* AttributeFlags of the adapter's registration attributes; 0 before they are set. */
ULONG ndis_door_attributes(NDIS_HANDLE MiniportAdapterHandle);
/* The NDIS version that the adapter's driver registered with, as NdisGetVersion has it: 0x60050 is
 * 6.80; 0: there is no such adapter. */
UINT ndis_door_version(NDIS_HANDLE MiniportAdapterHandle);

#endif
