/* expect: incompatible( |-)pointer */
#include <ndis.h>

void unmap(NDIS_HANDLE dma, PSCATTER_GATHER_LIST list, PNET_BUFFER nb);

void unmap(NDIS_HANDLE dma, PSCATTER_GATHER_LIST list, PNET_BUFFER nb)
{
    NdisMFreeNetBufferSGList(dma, nb, list);
}
