/* expect: implicit declaration */
#include <ndis.h>

PVOID next(NDIS_HANDLE adapter);

PVOID next(NDIS_HANDLE adapter)
{
    return NdisMNoSuchFunction(adapter);
}
