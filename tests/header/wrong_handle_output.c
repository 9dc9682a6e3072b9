/* expect: incompatible( |-)pointer */
#include <ndis.h>

struct adapter {
    ULONG dma_handle; /* too narrow for a handle */
};

NDIS_STATUS open_dma(NDIS_HANDLE miniport, struct adapter *a, PNDIS_SG_DMA_DESCRIPTION d);

NDIS_STATUS open_dma(NDIS_HANDLE miniport, struct adapter *a, PNDIS_SG_DMA_DESCRIPTION d)
{
    return NdisMRegisterScatterGatherDma(miniport, d, &a->dma_handle);
}
