/*
 * interpret_packet.c: HAL's packet routines, the system DMA controller, and the DMA channels of NDIS.
 */
#include "interpret.h"

/* ---- packets ---- */

static IO_ALLOCATION_ACTION on_control(PDEVICE_OBJECT device, PIRP irp, PVOID base, PVOID context)
{
    (void)device;
    (void)irp;
    return control_callback(runner_playing(), base, context);
}

void interpret_AllocateAdapterChannel(struct runner *r, struct call *c)
{
    const DMA_OPERATIONS *table = hal_table(r, c, r->table);

    if (c->impossible || !table)
        result_void(r, c);
    else
        result_status(r, c,
                      table->AllocateAdapterChannel(c->a[0].value, &r->object, c->length,
                                                    on_control, context_of(CLASS_base, c->made)));
}

void interpret_MapTransfer(struct runner *r, struct call *c)
{
    const DMA_OPERATIONS *table = hal_table(r, c, r->table);
    const struct request *q = &r->oracle.request[request_of(CLASS_base, named(c, 1, CLASS_base))];
    ULONG length = c->length;
    PHYSICAL_ADDRESS address;

    if (c->impossible || !table) {
        result_void(r, c);
        return;
    }
    address = table->MapTransfer(c->a[0].value, c->a[2].value, c->a[1].value, current_va(r, c),
                                 &length, c->a[5].n == 0);
    result_void(r, c);
    if (r->over || c->rule)
        return;
    digest_add(r, length);
    if (broken(r, PROPERTY_PACKET_LENGTH, length == c->value))
        failed_number(r, PROPERTY_PACKET_LENGTH, "bytes", c->value, length);
    else
        judge_address(r, q, (uint64_t)address.QuadPart);
}

void interpret_FlushAdapterBuffers(struct runner *r, struct call *c)
{
    const DMA_OPERATIONS *table = hal_table(r, c, r->table);

    if (c->impossible || !table)
        result_void(r, c);
    else
        result_number(r, c, PROPERTY_PACKET_FLUSHED,
                      table->FlushAdapterBuffers(c->a[0].value, c->a[2].value, c->a[1].value,
                                                 current_va(r, c), c->length, c->a[5].n == 0));
}

void interpret_FreeAdapterChannel(struct runner *r, struct call *c)
{
    const DMA_OPERATIONS *table = hal_table(r, c, r->table);

    if (!c->impossible && table)
        table->FreeAdapterChannel(c->a[0].value);
    result_void(r, c);
}

void interpret_FreeMapRegisters(struct runner *r, struct call *c)
{
    const DMA_OPERATIONS *table = hal_table(r, c, r->table);

    if (!c->impossible && table)
        table->FreeMapRegisters(c->a[0].value, c->a[1].value, c->length);
    result_void(r, c);
}

void interpret_ReadDmaCounter(struct runner *r, struct call *c)
{
    const DMA_OPERATIONS *table = hal_table(r, c, r->table);

    if (c->impossible || !table)
        result_void(r, c);
    else
        result_number(r, c, PROPERTY_CHANNEL_COUNTER, table->ReadDmaCounter(c->a[0].value));
}

/* ---- DMA channels ---- */

/* Every number is claimed or free as it should be. */
static void judge_claims(struct runner *r)
{
    const struct oracle *o = &r->oracle;

    for (unsigned number = 0; number < 8 && !r->over; number++) {
        bool claimed = false;

        for (unsigned i = 1; i <= o->made[CLASS_channel]; i++)
            claimed |= o->channel[i].life == LIFE_live && o->channel[i].number == number;
        if (broken(r, PROPERTY_CHANNEL_CLAIM_FREE, rig_claimed(r->machine, number) == claimed))
            failed_text(r, PROPERTY_CHANNEL_CLAIM_FREE,
                        claimed ? "a claim" : "a channel without claim",
                        claimed ? "none" : "a claim");
    }
}

static void describe(NDIS_DMA_DESCRIPTION *d, const struct call *c)
{
    memset(d, 0, sizeof *d);
    d->DmaWidth = (DMA_WIDTH)c->a[2].n;
    d->DmaSpeed = (DMA_SPEED)c->a[3].n;
    d->DmaChannel = c->a[4].n;
    d->DemandMode = (c->a[5].n & 1) != 0;
    d->AutoInitialize = (c->a[5].n & 2) != 0;
    d->DmaChannelSpecified = !(c->a[5].n & 4);
    d->DmaPort = c->a[6].n;
}

void interpret_NdisMRegisterDmaChannel(struct runner *r, struct call *c)
{
    void *untouched = context_of(CLASS_nothing, 2);
    NDIS_HANDLE handle = untouched;
    NDIS_DMA_DESCRIPTION d;
    NDIS_STATUS status;

    describe(&d, c);
    status = NdisMRegisterDmaChannel(&handle, c->a[0].value, c->record % 8, (c->a[5].n & 8) != 0,
                                     &d, c->length); /* CH-04 */
    result_status(r, c, status);
    result_handle(r, c, handle, untouched);
    judge_claims(r);
}

void interpret_NdisMDeregisterDmaChannel(struct runner *r, struct call *c)
{
    NdisMDeregisterDmaChannel(c->a[0].value);
    result_void(r, c);
    judge_claims(r);
}

void interpret_NdisMSetupDmaTransfer(struct runner *r, struct call *c)
{
    NDIS_STATUS status = NDIS_STATUS_PENDING;

    NdisMSetupDmaTransfer(&status, c->a[0].value, c->a[1].value, c->offset, c->length,
                          c->a[4].n == 0);
    result_status(r, c, status);
}

void interpret_NdisMCompleteDmaTransfer(struct runner *r, struct call *c)
{
    NDIS_STATUS status = NDIS_STATUS_PENDING;

    NdisMCompleteDmaTransfer(&status, c->a[0].value, c->a[1].value, c->offset, c->length,
                             c->a[4].n == 0);
    result_status(r, c, status);
}

void interpret_NdisMReadDmaCounter(struct runner *r, struct call *c)
{
    result_number(r, c, PROPERTY_CHANNEL_COUNTER, NdisMReadDmaCounter(c->a[0].value));
}

/* ---- the controller ---- */

void interpret_channel_run(struct runner *r, struct call *c)
{
    struct rig_transfer transfer;
    bool happened = rig_channel_run(r->machine, c->a[0].value, c->length, &transfer);

    result_happened(r, c, happened);
    if (happened && !c->impossible)
        judge_moved(r, c, &transfer);
}

void interpret_controller_run(struct runner *r, struct call *c)
{
    struct rig_transfer transfer;
    bool happened = rig_controller_run(r->machine, c->a[0].value, c->length, &transfer);

    result_happened(r, c, happened);
    if (happened && !c->impossible)
        judge_moved(r, c, &transfer);
}
