/* expect: (makes pointer from integer|integer to pointer) */
#include <ndis.h>

void close_dma(ULONG handle);

void close_dma(ULONG handle)
{
    NdisMDeregisterScatterGatherDma(handle);
}
