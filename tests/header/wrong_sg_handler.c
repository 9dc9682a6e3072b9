/* expect: incompatible( |-|.*function )pointer */
#include <ndis.h>

/* The context comes last; this one has it first. */
static void process(PVOID context, PDEVICE_OBJECT device, PVOID reserved, PSCATTER_GATHER_LIST list)
{
    (void)context;
    (void)device;
    (void)reserved;
    (void)list;
}

void describe(PNDIS_SG_DMA_DESCRIPTION description);

void describe(PNDIS_SG_DMA_DESCRIPTION description)
{
    description->ProcessSGListHandler = process;
}
