/*
 * test_kit_tables.c: what a hosted driver has of each: blocks of pool, interrupts, devices. The right
 * one is found among several, and they are as many as they are said to be.
 */
#include "kit_machine.h"

enum { ADAPTERS = 4 };

static struct machine *machine;
static NDIS_HANDLE driver, adapters[ADAPTERS];
static unsigned count, dpcs, reports;
static struct rig_report last;
static BOOLEAN ours;

static void on_report(void *context, const struct rig_report *report)
{
    (void)context;
    last = *report;
    reports++;
}

static NDIS_STATUS initialize(NDIS_HANDLE handle, NDIS_HANDLE context,
                              PNDIS_MINIPORT_INIT_PARAMETERS parameters)
{
    (void)context;
    assert_ptr_equal(parameters->AllocatedResources, rig_resources(machine, handle));
    adapters[count++] = handle;
    miniport_set_attributes(handle, machine);
    return NDIS_STATUS_SUCCESS;
}

static BOOLEAN isr(NDIS_HANDLE context, PBOOLEAN queue, PULONG targets)
{
    (void)context;
    (void)targets;
    *queue = ours;
    return ours;
}

static VOID dpc(NDIS_HANDLE context, PVOID own, PVOID reserved1, PVOID reserved2)
{
    (void)context;
    (void)own;
    (void)reserved1;
    (void)reserved2;
    dpcs++;
}

static int setup(void **state)
{
    struct rig_hooks hooks = {.report = on_report};
    NDIS_MINIPORT_DRIVER_CHARACTERISTICS c = miniport_characteristics(initialize);

    (void)state;
    ours = FALSE;
    dpcs = reports = 0;
    machine = kit_make_machine(&hooks);
    assert_int_equal(NdisMRegisterMiniportDriver(NULL, NULL, NULL, &c, &driver),
                     NDIS_STATUS_SUCCESS);
    for (count = 0; count < ADAPTERS;)
        assert_true(rig_initialize(machine, driver));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    kit_drop_machine(machine);
    return 0;
}

static NDIS_HANDLE connect(NDIS_HANDLE adapter)
{
    NDIS_MINIPORT_INTERRUPT_CHARACTERISTICS c = {
        .Header = {NDIS_OBJECT_TYPE_MINIPORT_INTERRUPT, NDIS_MINIPORT_INTERRUPT_REVISION_1,
                   NDIS_SIZEOF_MINIPORT_INTERRUPT_CHARACTERISTICS_REVISION_1},
        .InterruptHandler = isr,
        .InterruptDpcHandler = dpc,
    };
    NDIS_HANDLE handle = NULL;

    return NdisMRegisterInterruptEx(adapter, NULL, &c, &handle) == NDIS_STATUS_SUCCESS ? handle
                                                                                       : NULL;
}

static void *take_memory(NDIS_HANDLE owner, UINT length)
{
    return NdisAllocateMemoryWithTagPriority(owner, length, 0, NormalPoolPriority);
}

/* A memory block and an interrupt, those of each adapter at a place of their own. */
static void test_resources(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ADAPTERS; i++) {
        const NDIS_RESOURCE_LIST *list = rig_resources(machine, adapters[i]);
        const CM_PARTIAL_RESOURCE_DESCRIPTOR *row = list->PartialDescriptors;

        assert_int_equal(list->Version, 1);
        assert_int_equal(list->Revision, 1);
        assert_int_equal(list->Count, 2);
        assert_int_equal(row[0].Type, CmResourceTypeMemory);
        assert_int_equal(row[0].u.Memory.Length, PAGE_SIZE);
        assert_int_equal(row[0].u.Memory.Start.QuadPart % PAGE_SIZE, 0);
        assert_int_equal(
            row[0].u.Memory.Start.QuadPart -
                rig_resources(machine, adapters[0])->PartialDescriptors[0].u.Memory.Start.QuadPart,
            i * PAGE_SIZE);
        assert_int_equal(row[1].Type, CmResourceTypeInterrupt);
        assert_int_equal(row[1].u.Interrupt.Level, RIG_DEVICE_LEVEL);
        assert_int_equal(row[1].u.Interrupt.Vector, RIG_DEVICE_LEVEL);
        assert_int_equal(row[1].u.Interrupt.Affinity, 1);
    }
}

/* 256 KiB of pool: a block takes its length and a red zone, in steps of 16 bytes. */
static void test_pool_is_so_large(void **state)
{
    static const struct {
        UINT length;
        unsigned blocks;
    } rows[] = {{1007, 256}, {1008, 256}, {1009, 252}};

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        unsigned blocks = 0;

        teardown(NULL);
        setup(NULL);
        for (const uint8_t *block; (block = take_memory(driver, rows[i].length)); blocks++)
            assert_int_equal((uintptr_t)block % 16, 0);
        assert_int_equal(blocks, rows[i].blocks);
        assert_null(rig_fault(machine)->text);
    }
}

static void test_pool_up_to_dispatch_level(void **state)
{
    KIRQL old;

    (void)state;
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    assert_non_null(take_memory(driver, 1));
    KeLowerIrql(old);
    assert_null(rig_fault(machine)->text);
}

static void assert_left(NDIS_HANDLE adapter, const char *text, uint32_t made)
{
    struct rig_fault left = rig_left(machine, adapter);

    assert_non_null(left.text);
    assert_string_equal(left.text, text);
    assert_int_equal(left.at, 0);
    assert_int_equal(left.made, made);
    assert_int_equal(left.freed, 0);
}

/* What each adapter leaves behind is its own. */
static void test_left_by_whom(void **state)
{
    NDIS_HANDLE interrupts[ADAPTERS];
    PVOID blocks[ADAPTERS], places[ADAPTERS];

    (void)state;
    for (unsigned i = 0; i < ADAPTERS; i++) {
        rig_origin(machine, 10 + i);
        blocks[i] = take_memory(adapters[i], 100);
        rig_origin(machine, 20 + i);
        interrupts[i] = connect(adapters[i]);
        assert_non_null(interrupts[i]);
        rig_origin(machine, 30 + i);
        assert_int_equal(
            NdisMMapIoSpace(
                &places[i], adapters[i],
                rig_resources(machine, adapters[i])->PartialDescriptors[0].u.Memory.Start,
                PAGE_SIZE),
            NDIS_STATUS_SUCCESS);
    }
    for (unsigned i = ADAPTERS; i-- > 0;) {
        assert_left(adapters[i], "memory is left allocated", 10 + i);
        NdisFreeMemory(blocks[i], 100, 0);
        assert_left(adapters[i], "an interrupt is left registered", 20 + i);
        NdisMDeregisterInterruptEx(interrupts[i]);
        assert_left(adapters[i], "device registers are left mapped", 30 + i);
        NdisMUnmapIoSpace(adapters[i], places[i], PAGE_SIZE);
        assert_null(rig_left(machine, adapters[i]).text);
    }
    assert_null(rig_fault(machine)->text);
}

static PVOID power_on(NDIS_HANDLE adapter)
{
    PVOID place = NULL;

    assert_int_equal(
        NdisMMapIoSpace(&place, adapter,
                        rig_resources(machine, adapter)->PartialDescriptors[0].u.Memory.Start,
                        PAGE_SIZE),
        NDIS_STATUS_SUCCESS);
    WRITE_REGISTER_ULONG((volatile ULONG *)place + RIG_CONTROL, RIG_CONTROL_ON);
    return place;
}

static void move_frame(NDIS_HANDLE adapter, PVOID place)
{
    struct rig_frame frame;

    WRITE_REGISTER_ULONG((volatile ULONG *)place + RIG_TX_LENGTH, 1);
    WRITE_REGISTER_ULONG((volatile ULONG *)place + RIG_TX_DOORBELL, 1);
    assert_true(rig_device_frame(machine, adapter, 0, &frame));
}

static VOID keep_list(PDEVICE_OBJECT object, PIRP irp, PSCATTER_GATHER_LIST list, PVOID context)
{
    (void)object;
    (void)irp;
    *(PSCATTER_GATHER_LIST *)context = list;
}

/* A frame has 256 pages at most: eight times the same 32 go, nine times do not. A reset forgets it. */
static void test_frame_is_so_long(void **state)
{
    uint8_t *bytes = rig_buffer(machine, 131072, 0, RIG_ADJACENT);
    PMDL mdl = rig_mdl(machine, bytes, 131072, NULL);
    DEVICE_DESCRIPTION description = {
        .Version = DEVICE_DESCRIPTION_VERSION2, .Dma64BitAddresses = TRUE, .MaximumLength = 131072};
    volatile ULONG *place = power_on(adapters[0]);
    PSCATTER_GATHER_LIST list = NULL;
    struct rig_count found;
    struct rig_frame frame;
    PDMA_ADAPTER hal;
    ULONG registers;
    KIRQL old;

    (void)state;
    memset(bytes, 0x5A, 131072);
    hal = IoGetDmaAdapter(NULL, &description, &registers);
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    assert_int_equal(hal->DmaOperations->GetScatterGatherList(hal, NULL, mdl,
                                                              MmGetMdlVirtualAddress(mdl), 131072,
                                                              keep_list, &list, TRUE),
                     STATUS_SUCCESS);
    assert_int_equal(list->NumberOfElements, 1);
    WRITE_REGISTER_ULONG(place + RIG_TX_ADDRESS_LOW, list->Elements[0].Address.LowPart);
    WRITE_REGISTER_ULONG(place + RIG_TX_ADDRESS_HIGH, (ULONG)list->Elements[0].Address.HighPart);
    for (unsigned times = 8; times < 10; times++) {
        for (unsigned i = 0; i < times; i++)
            WRITE_REGISTER_ULONG(place + RIG_TX_LENGTH, 131072);
        WRITE_REGISTER_ULONG(place + RIG_TX_DOORBELL, 1);
        assert_true(rig_device_frame(machine, adapters[0], 0, &frame));
        assert_int_equal(frame.length, 8 * 131072);
        rig_count(machine, &found);
        assert_int_equal(found.reports, 1 + times - 8); /* SDV-09 is warned of */
    }
    hal->DmaOperations->PutScatterGatherList(hal, list, TRUE);
    KeLowerIrql(old);
}

/* Each interrupt runs the ISR, and that the DPC, however often. */
static void test_dpc_each_time(void **state)
{
    PVOID place = power_on(adapters[0]);

    (void)state;
    ours = TRUE;
    connect(adapters[0]);
    for (unsigned i = 1; i <= 3; i++) {
        move_frame(adapters[0], place);
        assert_int_equal(rig_owed(machine), 1);
        assert_true(rig_step(machine, 0, 0)); /* the ISR */
        assert_int_equal(rig_owed(machine), 1);
        assert_true(rig_step(machine, 0, 0)); /* the DPC */
        assert_int_equal(rig_owed(machine), 0);
        assert_int_equal(dpcs, i);
    }
}

/* Each device raises the interrupt of its own adapter, once, while it is registered. */
static void test_interrupts_of_each(void **state)
{
    NDIS_HANDLE interrupts[ADAPTERS], handle;
    unsigned registered = ADAPTERS;

    (void)state;
    for (unsigned i = 0; i < ADAPTERS; i++)
        interrupts[i] = connect(adapters[i]);
    while ((handle = connect(adapters[0]))) {
        NdisMDeregisterInterruptEx(handle);
        registered++;
    }
    assert_int_equal(registered, 16); /* KIT_INTERRUPTS: a handle is not used again */
    move_frame(adapters[2], power_on(adapters[2]));
    assert_int_equal(rig_owed(machine), 1);
    NdisMDeregisterInterruptEx(interrupts[1]);
    assert_int_equal(rig_owed(machine), 1);
    NdisMDeregisterInterruptEx(interrupts[2]);
    assert_int_equal(rig_owed(machine), 0);
    NdisMDeregisterInterruptEx(interrupts[2]);
    assert_string_equal(rig_fault(machine)->text,
                        "an interrupt is deregistered that is not registered");
}

static PSCATTER_GATHER_LIST delivered;

static VOID on_list(PDEVICE_OBJECT object, PIRP irp, PSCATTER_GATHER_LIST list, PVOID context)
{
    (void)object;
    (void)irp;
    (void)context;
    delivered = list;
}

/* FSG-09: pool memory that was lent for a list is not freed before the list; its neighbours are. */
static void test_pool_lent_for_a_list(void **state)
{
    DEVICE_DESCRIPTION description = {.Version = DEVICE_DESCRIPTION_VERSION2,
                                      .MaximumLength = 4096};
    ULONG registers;
    PDMA_ADAPTER hal = IoGetDmaAdapter(NULL, &description, &registers);
    PMDL mdl = rig_mdl(machine, rig_buffer(machine, 64, 0, RIG_ADJACENT), 64, NULL);
    void *block[3];
    KIRQL old;

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        rig_origin(machine, i + 1);
        block[i] = take_memory(driver, 512);
    }
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    assert_int_equal(hal->DmaOperations->BuildScatterGatherList(hal, NULL, mdl,
                                                                MmGetMdlVirtualAddress(mdl), 64,
                                                                on_list, NULL, TRUE, block[1], 512),
                     STATUS_SUCCESS);
    assert_ptr_equal(delivered, block[1]);
    for (unsigned i = 0; i < 3; i++)
        NdisFreeMemory(block[i], 0, 0);
    assert_int_equal(reports, 1);
    assert_int_equal(last.rule, RULE_FSG_09);
    assert_int_equal(last.made, 2);
    hal->DmaOperations->PutScatterGatherList(hal, delivered, TRUE);
    NdisFreeMemory(block[1], 0, 0);
    assert_int_equal(reports, 1);
    assert_null(rig_fault(machine)->text);
    KeLowerIrql(old);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(resources),          TEST(pool_is_so_large),     TEST(pool_up_to_dispatch_level),
        TEST(left_by_whom),       TEST(frame_is_so_long),     TEST(dpc_each_time),
        TEST(interrupts_of_each), TEST(pool_lent_for_a_list),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
