/*
 * interpret_hal.c: HAL's DMA operations, through the tables that adapters come with.
 */
#include "interpret.h"

static VOID on_list(PDEVICE_OBJECT device, PIRP irp, PSCATTER_GATHER_LIST list, PVOID context)
{
    (void)device;
    (void)irp;
    list_callback(runner_playing(), FRAME_control, list, context);
}

/* ---- adapters ---- */

void interpret_IoGetDmaAdapter(struct runner *r, struct call *c)
{
    DEVICE_DESCRIPTION d;
    ULONG registers = 0;
    PDMA_ADAPTER adapter;

    memset(&d, 0, sizeof d);
    d.Version = c->a[0].n;
    d.Master = c->a[3].n != 2;
    d.ScatterGather = c->a[3].n == 0;
    d.DmaWidth = (DMA_WIDTH)c->a[4].n;
    d.DemandMode = (c->a[5].n & 1) != 0;
    d.AutoInitialize = (c->a[5].n & 2) != 0;
    d.Dma32BitAddresses = TRUE;
    d.Dma64BitAddresses = c->a[1].n == 1;
    d.InterfaceType = PCIBus;
    d.MaximumLength = c->length;
    adapter = IoGetDmaAdapter(&r->object, &d, &registers);
    result_object(r, c, adapter);
    if (r->over || !adapter || c->status != STATUS_SUCCESS)
        return;
    r->table = adapter->DmaOperations;
    if (c->a[0].n == 2)
        r->table_2 = adapter->DmaOperations;
    digest_add(r, registers);
    if (broken(r, PROPERTY_SG_REGISTERS, registers == c->value))
        failed_number(r, PROPERTY_SG_REGISTERS, "NumberOfMapRegisters", c->value, registers);
}

const DMA_OPERATIONS *hal_table(const struct runner *r, const struct call *c,
                                const DMA_OPERATIONS *known)
{
    unsigned n = named(c, 0, CLASS_hal);
    const DMA_ADAPTER *adapter = c->a[0].value;

    return n && adapter && r->oracle.hal[n].life == LIFE_live ? adapter->DmaOperations : known;
}

void interpret_PutDmaAdapter(struct runner *r, struct call *c)
{
    if (!c->impossible && r->table)
        r->table->PutDmaAdapter(c->a[0].value);
    result_void(r, c);
}

void interpret_GetDmaAlignment(struct runner *r, struct call *c)
{
    const DMA_OPERATIONS *table = hal_table(r, c, r->table);

    if (c->impossible || !table)
        result_void(r, c);
    else
        result_number(r, c, PROPERTY_ALIGNMENT_VALUE, table->GetDmaAlignment(c->a[0].value));
}

/* ---- lists ---- */

void interpret_GetScatterGatherList(struct runner *r, struct call *c)
{
    const DMA_OPERATIONS *table = hal_table(r, c, r->table);

    if (c->impossible || !table) {
        result_void(r, c);
        return;
    }
    list_name_holds(r, c);
    result_status(r, c,
                  table->GetScatterGatherList(c->a[0].value, &r->object, c->a[1].value,
                                              current_va(r, c), c->length, on_list,
                                              context_of(CLASS_list, c->made), c->a[4].n == 0));
}

void interpret_BuildScatterGatherList(struct runner *r, struct call *c)
{
    const DMA_OPERATIONS *table = hal_table(r, c, r->table_2);
    unsigned buffer = named(c, 3, CLASS_buffer);

    if (c->impossible || !table) {
        result_void(r, c);
        return;
    }
    list_name_holds(r, c);
    result_status(r, c,
                  table->BuildScatterGatherList(
                      c->a[0].value, &r->object, c->a[1].value, current_va(r, c), c->length,
                      on_list, context_of(CLASS_list, c->made), c->a[4].n == 0,
                      buffer ? c->a[3].value : NULL, buffer ? r->oracle.buffer[buffer].length : 0));
}

void interpret_PutScatterGatherList(struct runner *r, struct call *c)
{
    const DMA_OPERATIONS *table = hal_table(r, c, r->table);

    if (!c->impossible && table)
        table->PutScatterGatherList(c->a[0].value, c->a[1].value, c->a[2].n == 0);
    result_void(r, c);
    if (c->request)
        judge_received(r, &r->oracle.request[c->request]);
}

void interpret_CalculateScatterGatherList(struct runner *r, struct call *c)
{
    const DMA_OPERATIONS *table = hal_table(r, c, r->table_2);
    ULONG size = 0, registers = 0;
    NTSTATUS status;

    if (c->impossible || !table) {
        result_void(r, c);
        return;
    }
    status = table->CalculateScatterGatherList(c->a[0].value, c->a[1].value, current_va(r, c),
                                               c->length, &size, &registers);
    result_status(r, c, status);
    if (r->over || c->status != STATUS_SUCCESS || c->rule)
        return;
    digest_add(r, size);
    if (broken(r, PROPERTY_HAL_SIZE, size == c->value))
        failed_number(r, PROPERTY_HAL_SIZE, "bytes", c->value, size);
}
