/* expect: incompatible( |-|.*function )pointer */
#include <netdma.h>

/* The address comes out through two pointers, not one. */
static NTSTATUS suspend(PVOID channel, PPHYSICAL_ADDRESS last)
{
    (void)channel;
    (void)last;
    return STATUS_SUCCESS;
}

void describe(PNET_DMA_PROVIDER_CHARACTERISTICS characteristics);

void describe(PNET_DMA_PROVIDER_CHARACTERISTICS characteristics)
{
    characteristics->SuspendDma = suspend;
}
