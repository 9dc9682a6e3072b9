/*
 * layer.c: another NDIS layer, to be different.
 *
 * The driver never sees HAL's list: it gets a copy, in its own buffer if that is large enough, in which
 * elements that follow one another are joined, across MDLs too. What belongs to a NET_BUFFER hangs
 * on its NdisReserved. A DMA handle is the address of the registration. Nothing ever waits for map
 * registers: without enough of them a request fails.
 */
#include "ndis_door.h"
#include "wdm.h"
#include <string.h>

enum { REGISTRATIONS = 8, REQUESTS = 64, ELEMENTS = 256, VERSION_6_85 = 0x60055 };

struct registration {
    PDEVICE_OBJECT device; /* NULL: free */
    PDMA_ADAPTER hal;
    ULONG registers, held; /* map registers */
    MINIPORT_PROCESS_SG_LIST_HANDLER process;
};

struct request {
    struct registration *registration; /* NULL: free */
    PNET_BUFFER nb;                    /* NULL: of a bare MDL */
    NDIS_PROCESS_SG_LIST *process;
    PVOID context, buffer;
    ULONG size; /* of the buffer */
    ULONG registers;
    BOOLEAN write;
    PSCATTER_GATHER_LIST hal, list; /* HAL's, the driver's */
    UCHAR memory[FIELD_OFFSET(SCATTER_GATHER_LIST, Elements) +
                 ELEMENTS * sizeof(SCATTER_GATHER_ELEMENT)] __attribute__((aligned(16)));
};

static struct registration registrations[REGISTRATIONS];
static struct request requests[REQUESTS];

void ndis_layer_start(void)
{
    memset(registrations, 0, sizeof registrations);
    for (unsigned i = 0; i < REQUESTS; i++)
        requests[i].registration = NULL;
}

static ULONG list_size(ULONG elements)
{
    return (ULONG)(sizeof(SCATTER_GATHER_LIST) + elements * sizeof(SCATTER_GATHER_ELEMENT));
}

/* ---- registration ---- */

static BOOLEAN knows_revision(NDIS_HANDLE adapter, UCHAR revision)
{
    return revision == NDIS_SG_DMA_DESCRIPTION_REVISION_1 ||
           (revision == NDIS_SG_DMA_DESCRIPTION_REVISION_2 &&
            ndis_door_version(adapter) >= VERSION_6_85);
}

static struct registration *free_registration(void)
{
    for (unsigned i = 0; i < REGISTRATIONS; i++)
        if (!registrations[i].device)
            return &registrations[i];
    return NULL;
}

NDIS_STATUS NdisMRegisterScatterGatherDma(NDIS_HANDLE MiniportAdapterHandle,
                                          PNDIS_SG_DMA_DESCRIPTION DmaDescription,
                                          PNDIS_HANDLE NdisMiniportDmaHandle)
{
    DEVICE_DESCRIPTION description = {
        .Version = DEVICE_DESCRIPTION_VERSION2,
        .Master = TRUE,
        .ScatterGather = TRUE,
        .Dma32BitAddresses = TRUE,
        .Dma64BitAddresses = (DmaDescription->Flags & NDIS_SG_DMA_64_BIT_ADDRESS) != 0,
        .InterfaceType = PCIBus,
        .MaximumLength = DmaDescription->MaximumPhysicalMapping,
    };
    struct registration *r = free_registration();
    PDEVICE_OBJECT device = ndis_door_device(MiniportAdapterHandle);
    ULONG registers = 0;
    PDMA_ADAPTER hal;

    if (!knows_revision(MiniportAdapterHandle, DmaDescription->Header.Revision))
        return NDIS_STATUS_BAD_VERSION;
    if (!(ndis_door_attributes(MiniportAdapterHandle) & NDIS_MINIPORT_ATTRIBUTES_BUS_MASTER))
        return NDIS_STATUS_NOT_SUPPORTED;
    if (!r || DmaDescription->MaximumPhysicalMapping == 0)
        return NDIS_STATUS_RESOURCES;
    hal = IoGetDmaAdapter(device, &description, &registers);
    if (!hal)
        return NDIS_STATUS_RESOURCES;
    *r = (struct registration){device, hal, registers, 0, DmaDescription->ProcessSGListHandler};
    device->DeviceExtension = r;
    DmaDescription->ScatterGatherListSize = list_size(registers + 1);
    *NdisMiniportDmaHandle = r;
    return NDIS_STATUS_SUCCESS;
}

void NdisMDeregisterScatterGatherDma(NDIS_HANDLE NdisMiniportDmaHandle)
{
    struct registration *r = NdisMiniportDmaHandle;

    r->hal->DmaOperations->PutDmaAdapter(r->hal);
    r->device->DeviceExtension = NULL;
    r->device = NULL;
}

ULONG NdisMGetDmaAlignment(NDIS_HANDLE MiniportAdapterHandle)
{
    struct registration *r = ndis_door_device(MiniportAdapterHandle)->DeviceExtension;

    return r->hal->DmaOperations->GetDmaAlignment(r->hal);
}

/* ---- requests ---- */

static BOOLEAN follows(const SCATTER_GATHER_ELEMENT *last, const SCATTER_GATHER_ELEMENT *next)
{
    return last->Address.QuadPart + last->Length == next->Address.QuadPart;
}

/* The same bytes in as few elements as can be; returns how many. */
static ULONG join(SCATTER_GATHER_ELEMENT *to, const SCATTER_GATHER_LIST *from)
{
    ULONG count = 0;

    for (ULONG i = 0; i < from->NumberOfElements; i++) {
        if (count && follows(&to[count - 1], &from->Elements[i]))
            to[count - 1].Length += from->Elements[i].Length;
        else
            to[count++] = from->Elements[i];
    }
    return count;
}

/* HAL's list is there. */
static VOID on_list(PDEVICE_OBJECT DeviceObject, PIRP Irp, PSCATTER_GATHER_LIST ScatterGather,
                    PVOID Context)
{
    struct request *q = Context;

    (void)Irp;
    q->hal = ScatterGather;
    q->list = (PSCATTER_GATHER_LIST)q->memory;
    q->list->NumberOfElements = join(q->list->Elements, ScatterGather);
    if (q->buffer && list_size(q->list->NumberOfElements) <= q->size) {
        memcpy(q->buffer, q->list, list_size(q->list->NumberOfElements));
        q->list = q->buffer;
    }
    q->process(DeviceObject, NULL, q->list, q->context);
}

static struct request *free_request(void)
{
    for (unsigned i = 0; i < REQUESTS; i++)
        if (!requests[i].registration)
            return &requests[i];
    return NULL;
}

/* WANTED, for LENGTH bytes from VA on, if registers are free. */
static NDIS_STATUS start(const struct request *wanted, PMDL mdl, PVOID va, ULONG length,
                         ULONG registers)
{
    struct registration *r = wanted->registration;
    const DMA_OPERATIONS *hal = r->hal->DmaOperations;
    struct request *q = free_request();

    if (!q || registers > r->registers - r->held)
        return NDIS_STATUS_RESOURCES;
    memcpy(q, wanted, FIELD_OFFSET(struct request, memory));
    q->registers = registers;
    r->held += registers;
    if (q->nb)
        q->nb->NdisReserved[0] = q;
    if (hal->GetScatterGatherList(r->hal, r->device, mdl, va, length, on_list, q, q->write) ==
        STATUS_SUCCESS)
        return NDIS_STATUS_SUCCESS;
    r->held -= registers;
    q->registration = NULL;
    return NDIS_STATUS_RESOURCES;
}

static void finish(struct request *q)
{
    struct registration *r = q->registration;

    q->registration = NULL;
    r->held -= q->registers;
    r->hal->DmaOperations->PutScatterGatherList(r->hal, q->hal, q->write);
}

NDIS_STATUS NdisMAllocateNetBufferSGList(NDIS_HANDLE NdisMiniportDmaHandle, PNET_BUFFER NetBuffer,
                                         PVOID Context, ULONG Flags, PVOID ScatterGatherListBuffer,
                                         ULONG ScatterGatherListBufferSize)
{
    struct registration *r = NdisMiniportDmaHandle;
    const struct request wanted = {
        .registration = r,
        .nb = NetBuffer,
        .process = r->process,
        .context = Context,
        .buffer = ScatterGatherListBuffer,
        .size = ScatterGatherListBufferSize,
        .write = (Flags & NDIS_SG_LIST_WRITE_TO_DEVICE) != 0,
    };
    PMDL mdl = NetBuffer->CurrentMdl;
    PVOID va = MmGetMdlVirtualAddress(mdl);
    ULONG length = NetBuffer->CurrentMdlOffset + NetBuffer->DataLength, size, registers;

    if (NetBuffer->DataLength == 0 ||
        r->hal->DmaOperations->CalculateScatterGatherList(r->hal, mdl, va, length, &size,
                                                          &registers) != STATUS_SUCCESS)
        return NDIS_STATUS_RESOURCES;
    return start(&wanted, mdl, va, length, registers);
}

void NdisMFreeNetBufferSGList(NDIS_HANDLE NdisMiniportDmaHandle, PSCATTER_GATHER_LIST pSGL,
                              PNET_BUFFER NetBuffer)
{
    (void)NdisMiniportDmaHandle;
    (void)pSGL;
    finish(NetBuffer->NdisReserved[0]);
}

/* ---- bare MDLs ---- */

/* Which way they go shows when they are freed: HAL is told that the device may write. */
NDIS_STATUS NdisBuildScatterGatherList(NDIS_HANDLE NdisHandle,
                                       PNDIS_SCATTER_GATHER_LIST_PARAMETERS SGListParameters)
{
    const NDIS_SCATTER_GATHER_LIST_PARAMETERS *p = SGListParameters;
    struct registration *r = ndis_door_device(NdisHandle)->DeviceExtension;
    const struct request wanted = {
        .registration = r,
        .process = p->ProcessSGListHandler,
        .context = p->Context,
        .buffer = p->ScatterGatherListBuffer,
        .size = p->ScatterGatherListBufferSize,
    };
    ULONG registers;

    if (r->hal->DmaOperations->CalculateScatterGatherList(
            r->hal, p->Mdl, p->CurrentVa, p->Length,
            &SGListParameters->ScatterGatherListBufferSizeNeeded, &registers) != STATUS_SUCCESS)
        return NDIS_STATUS_RESOURCES;
    if (p->ScatterGatherListBufferSize < p->ScatterGatherListBufferSizeNeeded)
        return NDIS_STATUS_BUFFER_TOO_SHORT;
    return start(&wanted, p->Mdl, p->CurrentVa, p->Length, registers);
}

void NdisFreeScatterGatherList(NDIS_HANDLE NdisHandle, PSCATTER_GATHER_LIST ScatterGatherListBuffer,
                               BOOLEAN WriteToDevice)
{
    (void)NdisHandle;
    (void)WriteToDevice;
    for (unsigned i = 0; i < REQUESTS; i++)
        if (requests[i].registration && requests[i].list == ScatterGatherListBuffer) {
            finish(&requests[i]);
            return;
        }
}

/* ---- counting ---- */

ULONG NdisQueryNetBufferPhysicalCount(PNET_BUFFER NetBuffer)
{
    ULONG left = NetBuffer->CurrentMdlOffset + NetBuffer->DataLength, count = 0;

    for (PMDL mdl = NetBuffer->CurrentMdl; mdl && left > 0; mdl = mdl->Next) {
        ULONG part = MmGetMdlByteCount(mdl) < left ? MmGetMdlByteCount(mdl) : left;

        if (part > 0) /* an empty MDL counts for nothing wherever it starts (AMB-14) */
            count += ADDRESS_AND_SIZE_TO_SPAN_PAGES(MmGetMdlVirtualAddress(mdl), part);
        left -= part;
    }
    return count;
}
