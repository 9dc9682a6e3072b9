/* expect: incompatible( |-)pointer */
#include <ndis.h>

NDIS_STATUS map(NDIS_HANDLE dma, PNET_BUFFER_LIST nbl);

NDIS_STATUS map(NDIS_HANDLE dma, PNET_BUFFER_LIST nbl)
{
    return NdisMAllocateNetBufferSGList(dma, nbl, NULL, 0, NULL, 0);
}
