/* expect: conflicting types */
#include <ndis.h>

MINIPORT_SEND_NET_BUFFER_LISTS MpSend;

VOID MpSend(NDIS_HANDLE context, PNET_BUFFER_LIST nbl, ULONG flags)
{
    (void)context;
    (void)nbl;
    (void)flags;
}
