/* expect: incompatible type */
#include <ndis.h>

void release(NDIS_HANDLE adapter, PVOID va, PNDIS_PHYSICAL_ADDRESS pa);

void release(NDIS_HANDLE adapter, PVOID va, PNDIS_PHYSICAL_ADDRESS pa)
{
    NdisMFreeSharedMemory(adapter, PAGE_SIZE, FALSE, va, pa);
}
