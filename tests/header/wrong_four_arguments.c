/* expect: too few arguments */
#include <ndis.h>

NDIS_STATUS map(NDIS_HANDLE dma, PNET_BUFFER nb, PVOID context);

NDIS_STATUS map(NDIS_HANDLE dma, PNET_BUFFER nb, PVOID context)
{
    return NdisMAllocateNetBufferSGList(dma, nb, context, NDIS_SG_LIST_WRITE_TO_DEVICE);
}
