/*
 * interpret_sg.c: scatter/gather DMA of NDIS, and the device.
 */
#include "choices.h"
#include "interpret.h"

/* ---- handlers ---- */

static VOID on_list(PDEVICE_OBJECT device, PVOID reserved, PSCATTER_GATHER_LIST list, PVOID context)
{
    (void)device;
    (void)reserved;
    list_callback(runner_playing(), FRAME_handler, list, context);
}

static VOID on_bare_list(PDEVICE_OBJECT device, PVOID reserved, PSCATTER_GATHER_LIST list,
                         PVOID context)
{
    (void)device;
    (void)reserved;
    list_callback(runner_playing(), FRAME_bare, list, context);
}

/* ---- registration ---- */

static void describe(NDIS_SG_DMA_DESCRIPTION *d, const struct call *c)
{
    unsigned header = c->a[3].n;

    d->Header.Type = (UCHAR)(NDIS_OBJECT_TYPE_SG_DMA_DESCRIPTION + (header == HEADER_wrong_type));
    d->Header.Revision = header == HEADER_revision_0   ? 0
                         : header == HEADER_revision_2 ? NDIS_SG_DMA_DESCRIPTION_REVISION_2
                                                       : NDIS_SG_DMA_DESCRIPTION_REVISION_1;
    d->Header.Size = NDIS_SIZEOF_SG_DMA_DESCRIPTION_REVISION_1;
    if (header == HEADER_sizeof)
        d->Header.Size = sizeof *d;
    else if (header == HEADER_short)
        d->Header.Size -= 8;
    d->Flags = c->a[2].n;
    d->MaximumPhysicalMapping = c->length;
    d->ProcessSGListHandler = c->a[4].n == 1 ? NULL : on_list;
    d->SharedMemAllocateCompleteHandler = c->a[4].n == 2 ? NULL : completion_callback;
}

void interpret_NdisMRegisterScatterGatherDma(struct runner *r, struct call *c)
{
    void *untouched = context_of(CLASS_nothing, 2);
    NDIS_HANDLE handle = untouched;
    union given *given = give(r);
    NDIS_STATUS status;
    ULONG size;

    describe(&given->dma, c);
    status = NdisMRegisterScatterGatherDma(c->a[0].value, &given->dma, &handle);
    size = given->dma.ScatterGatherListSize;
    spoil(given);
    result_status(r, c, status);
    result_handle(r, c, handle, untouched);
    if (r->over || !c->taken)
        return;
    digest_add(r, size);
    if (r->layer) {
        c->value = list_size_of(1); /* room for an element at the least (SG-15) */
        r->oracle.dma[c->made].list_size = size;
    }
    if (broken(r, PROPERTY_SG_SIZE, r->layer ? size >= c->value : size == c->value))
        failed_number(r, PROPERTY_SG_SIZE, "ScatterGatherListSize", c->value, size);
    judge_registers(r, &(struct request){.dma = c->made, .pool = &r->oracle.dma[c->made].pool});
}

void interpret_NdisMDeregisterScatterGatherDma(struct runner *r, struct call *c)
{
    NdisMDeregisterScatterGatherDma(c->a[0].value);
    result_void(r, c);
}

/* ---- lists ---- */

void list_name_holds(struct runner *r, const struct call *c)
{
    struct oracle *o = &r->oracle;

    if (o->request[c->made].state != REQUEST_none)
        o->value[CLASS_list][c->made] = o->request[c->made].lent;
}

void interpret_NdisMAllocateNetBufferSGList(struct runner *r, struct call *c)
{
    void *buffer = named(c, 3, CLASS_buffer) ? c->a[3].value : NULL;

    list_name_holds(r, c);
    result_status(r, c,
                  NdisMAllocateNetBufferSGList(c->a[0].value, c->a[1].value,
                                               context_of(CLASS_list, c->made), c->a[2].n, buffer,
                                               c->length));
    if (r->layer)
        layer_answered(r, c);
}

void interpret_NdisMFreeNetBufferSGList(struct runner *r, struct call *c)
{
    NdisMFreeNetBufferSGList(c->a[0].value, c->a[1].value, c->a[2].value);
    result_void(r, c);
    if (c->request)
        judge_received(r, &r->oracle.request[c->request]);
}

/* ---- lists for a bare MDL ---- */

static void fill_parameters(NDIS_SCATTER_GATHER_LIST_PARAMETERS *p, const struct call *c)
{
    unsigned choice = c->a[4].n;

    memset(p, 0, sizeof *p);
    p->Header.Type = (UCHAR)(NDIS_OBJECT_TYPE_DEFAULT + (choice == PARAMETERS_wrong_type));
    p->Header.Revision = (UCHAR)(NDIS_SCATTER_GATHER_LIST_PARAMETERS_REVISION_1 +
                                 (choice == PARAMETERS_wrong_revision));
    p->Header.Size = (USHORT)(NDIS_SIZEOF_SCATTER_GATHER_LIST_PARAMETERS_REVISION_1 -
                              (choice == PARAMETERS_short ? 8 : 0));
    p->Flags = choice == PARAMETERS_flags;
    p->QueueId = choice == PARAMETERS_queue_1;
    p->SharedMemoryUsage =
        choice == PARAMETERS_usage_10 ? NdisSharedMemoryUsageMax : NdisSharedMemoryUsageXmit;
    p->ProcessSGListHandler = choice == PARAMETERS_no_handler ? NULL : on_bare_list;
    p->Context = context_of(CLASS_list, c->made);
    p->Length = c->length;
}

/* MDL-05: an address that counts from the MDL's own, whatever that is worth to a processor. */
void *current_va(const struct runner *r, const struct call *c)
{
    unsigned i = mdl_argument(c), mdl = named(c, i, CLASS_mdl);
    PMDL head = c->a[i].value;

    if (!mdl || r->oracle.mdl[mdl].life != LIFE_live)
        return NULL;
    return (void *)((uintptr_t)MmGetMdlVirtualAddress(head) +
                    (uintptr_t)(intptr_t)(int32_t)c->offset);
}

void interpret_NdisBuildScatterGatherList(struct runner *r, struct call *c)
{
    unsigned buffer = named(c, 3, CLASS_buffer);
    NDIS_SCATTER_GATHER_LIST_PARAMETERS p;
    enum rig_timing timing;

    fill_parameters(&p, c);
    p.Mdl = c->a[1].value;
    p.CurrentVa = current_va(r, c);
    p.ScatterGatherListBuffer = buffer ? c->a[3].value : NULL;
    p.ScatterGatherListBufferSize = buffer ? r->oracle.buffer[buffer].length : 0;
    list_name_holds(r, c);
    timing = rig_timing(r->machine, RIG_INSIDE); /* BSG-09: HAL does not put it off */
    result_status(r, c, NdisBuildScatterGatherList(c->a[0].value, &p));
    rig_timing(r->machine, timing);
    if (r->layer) {
        layer_answered(r, c);
        c->value = p.ScatterGatherListBufferSizeNeeded > p.ScatterGatherListBufferSize
                       ? p.ScatterGatherListBufferSizeNeeded
                       : p.ScatterGatherListBufferSize + 1;
    }
    if (r->over || c->status != NDIS_STATUS_BUFFER_TOO_SHORT)
        return;
    if (broken(r, PROPERTY_SG_SIZE, p.ScatterGatherListBufferSizeNeeded == c->value))
        failed_number(r, PROPERTY_SG_SIZE, "ScatterGatherListBufferSizeNeeded", c->value,
                      p.ScatterGatherListBufferSizeNeeded);
}

void interpret_NdisFreeScatterGatherList(struct runner *r, struct call *c)
{
    NdisFreeScatterGatherList(c->a[0].value, c->a[1].value, c->a[2].n == 0);
    result_void(r, c);
}

void interpret_NdisMGetDmaAlignment(struct runner *r, struct call *c)
{
    result_number(r, c, PROPERTY_ALIGNMENT_VALUE, NdisMGetDmaAlignment(c->a[0].value));
}

void interpret_scribble(struct runner *r, struct call *c)
{
    PSCATTER_GATHER_LIST list = c->a[0].value;
    bool live = !c->impossible && r->oracle.request[c->request].list == list;

    if (live && c->a[1].n == 0)
        list->Elements[0].Address.QuadPart ^= 4096;
    else if (live && c->a[1].n == 1)
        list->Elements[0].Length ^= 1;
    else if (live)
        list->NumberOfElements ^= 1;
    result_void(r, c);
}

/* ---- the device ---- */

void interpret_device_post(struct runner *r, struct call *c)
{
    if (r->layer) {
        layer_posts(r, c);
        return;
    }
    result_happened(
        r, c, rig_device_post(r->machine, c->a[0].value, (enum rig_skip)c->a[1].n, c->a[2].n == 1));
}

void interpret_device_run(struct runner *r, struct call *c)
{
    struct rig_transfer transfer;
    bool happened;

    if (r->layer) {
        layer_device_runs(r, c);
        return;
    }
    happened = rig_device_run(r->machine, c->a[0].n, &transfer);
    result_happened(r, c, happened);
    if (happened && !c->impossible)
        judge_transfer(r, c, &transfer);
}

void interpret_device_stop(struct runner *r, struct call *c)
{
    result_happened(r, c, rig_device_stop(r->machine, c->a[0].value));
}

void interpret_device_access(struct runner *r, struct call *c)
{
    if (r->layer) {
        layer_device_reaches(r, c);
        return;
    }
    result_happened(r, c,
                    rig_device_access(r->machine, c->a[0].value, c->a[1].number, c->a[2].number,
                                      c->a[3].n == 0));
}
