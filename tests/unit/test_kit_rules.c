/*
 * test_kit_rules.c: what the kit tells of as rules of the catalogue: who breaks one, who does not,
 * and what comes of the call. dmarig-careless is a driver that breaks them.
 */
#include "kit_machine.h"

enum { ADAPTERS = 2 };

static struct machine *machine;
static NDIS_HANDLE driver, adapters[ADAPTERS];
static unsigned count, reports, isrs, dpcs, isr_processor, synchronized;
static struct rig_report last;
static bool map_inside;
static PVOID place;
static PDMA_ADAPTER hal;
static KSPIN_LOCK lock;
static unsigned takes; /* times that the handler takes the lock */

static void on_report(void *context, const struct rig_report *report)
{
    (void)context;
    last = *report;
    reports++;
}

static void map(NDIS_HANDLE adapter)
{
    assert_int_equal(
        NdisMMapIoSpace(&place, adapter,
                        rig_resources(machine, adapter)->PartialDescriptors[0].u.Memory.Start,
                        PAGE_SIZE),
        NDIS_STATUS_SUCCESS);
}

static NDIS_STATUS initialize(NDIS_HANDLE handle, NDIS_HANDLE context,
                              PNDIS_MINIPORT_INIT_PARAMETERS parameters)
{
    (void)context;
    (void)parameters;
    adapters[count++] = handle;
    miniport_set_attributes(handle, machine);
    if (map_inside)
        map(handle);
    return NDIS_STATUS_SUCCESS;
}

/* A lock that is held already, outside handlers of lists. */
static void cancel(NDIS_HANDLE context, PVOID id)
{
    (void)context;
    (void)id;
    KeAcquireSpinLockAtDpcLevel(&lock);
}

static int setup(void **state)
{
    struct rig_hooks hooks = {.report = on_report};
    NDIS_MINIPORT_DRIVER_CHARACTERISTICS c = miniport_characteristics(initialize);
    DEVICE_DESCRIPTION description = {.Version = DEVICE_DESCRIPTION_VERSION2,
                                      .MaximumLength = 4096};
    ULONG registers;

    (void)state;
    reports = isrs = dpcs = synchronized = 0;
    map_inside = true;
    machine = kit_make_machine(&hooks);
    c.CancelSendHandler = cancel;
    assert_int_equal(NdisMRegisterMiniportDriver(NULL, NULL, NULL, &c, &driver),
                     NDIS_STATUS_SUCCESS);
    for (count = 0; count < ADAPTERS;)
        assert_true(rig_initialize(machine, driver));
    hal = IoGetDmaAdapter(NULL, &description, &registers);
    KeInitializeSpinLock(&lock);
    assert_int_equal(reports, 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    kit_drop_machine(machine);
    return 0;
}

/* The one report is of RULE, in CALL, about what was made at MADE. */
static void assert_told(enum rig_rule rule, const char *call, uint32_t made)
{
    assert_int_equal(reports, 1);
    assert_int_equal(last.rule, rule);
    assert_string_equal(last.call, call);
    assert_int_equal(last.made, made);
    assert_null(rig_fault(machine)->text);
    reports = 0;
}

static void assert_fault(const char *text)
{
    assert_int_equal(reports, 0);
    assert_non_null(rig_fault(machine)->text);
    assert_string_equal(rig_fault(machine)->text, text);
}

/* ---- SGL-19 ---- */

static VOID on_list(PDEVICE_OBJECT object, PIRP irp, PSCATTER_GATHER_LIST list, PVOID context)
{
    (void)object;
    (void)irp;
    (void)context;
    for (unsigned i = 0; i < takes; i++)
        KeAcquireSpinLockAtDpcLevel(&lock);
    KeReleaseSpinLockFromDpcLevel(&lock);
    hal->DmaOperations->PutScatterGatherList(hal, list, TRUE);
}

static void ask_for_list(void)
{
    PMDL mdl = rig_mdl(machine, rig_buffer(machine, 64, 0, RIG_ADJACENT), 64, NULL);
    KIRQL old;

    KeRaiseIrql(DISPATCH_LEVEL, &old);
    assert_int_equal(hal->DmaOperations->GetScatterGatherList(
                         hal, NULL, mdl, MmGetMdlVirtualAddress(mdl), 64, on_list, NULL, TRUE),
                     STATUS_SUCCESS);
    KeLowerIrql(old);
}

static void test_lock_over_the_call(void **state)
{
    KIRQL old;

    (void)state;
    takes = 1;
    ask_for_list();
    assert_int_equal(reports, 0);
    KeAcquireSpinLock(&lock, &old);
    ask_for_list();
    assert_told(RULE_SGL_19, "MiniportProcessSGList", 0);
}

static void test_lock_of_the_handler(void **state)
{
    (void)state;
    takes = 2;
    ask_for_list();
    assert_fault("a spin lock is taken that is held already");
}

static void test_lock_in_another_callback(void **state)
{
    KIRQL old;

    (void)state;
    assert_true(rig_restart(machine, adapters[0]));
    KeAcquireSpinLock(&lock, &old);
    assert_true(rig_cancel_send(machine, adapters[0], NULL, DISPATCH_LEVEL));
    assert_fault("a spin lock is taken that is held already");
}

/* ---- SDV-09 ---- */

static void test_mapped_late(void **state)
{
    (void)state;
    NdisMUnmapIoSpace(adapters[0], place, PAGE_SIZE); /* the other adapter's */
    assert_non_null(rig_fault(machine)->text);
    teardown(NULL);
    setup(NULL);
    NdisMUnmapIoSpace(adapters[1], place, PAGE_SIZE);
    map(adapters[1]); /* warned of, and mapped */
    assert_told(RULE_SDV_09, "NdisMMapIoSpace", 0);
    assert_string_equal(rig_left(machine, adapters[1]).text, "device registers are left mapped");
}

/* ---- interrupts: SDV-12, SDV-13, SDV-18, LIFE-25 ---- */

static BOOLEAN isr(NDIS_HANDLE context, PBOOLEAN queue, PULONG targets)
{
    (void)context;
    (void)targets;
    isrs++;
    isr_processor = KeGetCurrentProcessorNumber();
    *queue = TRUE;
    return TRUE;
}

static VOID dpc(NDIS_HANDLE context, PVOID own, PVOID reserved1, PVOID reserved2)
{
    (void)context;
    (void)own;
    (void)reserved1;
    (void)reserved2;
    dpcs++;
}

static NDIS_STATUS try_join(NDIS_HANDLE adapter, NDIS_HANDLE *handle)
{
    NDIS_MINIPORT_INTERRUPT_CHARACTERISTICS c = {
        .Header = {NDIS_OBJECT_TYPE_MINIPORT_INTERRUPT, NDIS_MINIPORT_INTERRUPT_REVISION_1,
                   NDIS_SIZEOF_MINIPORT_INTERRUPT_CHARACTERISTICS_REVISION_1},
        .InterruptHandler = isr,
        .InterruptDpcHandler = dpc,
    };

    return NdisMRegisterInterruptEx(adapter, NULL, &c, handle);
}

static NDIS_HANDLE join_line(NDIS_HANDLE adapter, uint32_t origin)
{
    NDIS_HANDLE handle = NULL;

    rig_origin(machine, origin);
    assert_int_equal(try_join(adapter, &handle), NDIS_STATUS_SUCCESS);
    rig_origin(machine, 0);
    return handle;
}

/* The device of the second adapter sends a frame of an element. */
static void interrupt(void)
{
    volatile ULONG *registers = place;
    struct rig_frame frame;

    WRITE_REGISTER_ULONG(registers + RIG_CONTROL, RIG_CONTROL_ON);
    WRITE_REGISTER_ULONG(registers + RIG_TX_LENGTH, 1);
    WRITE_REGISTER_ULONG(registers + RIG_TX_DOORBELL, 1);
    assert_true(rig_device_frame(machine, adapters[1], 0, &frame));
    reports = 0; /* E6-26 */
}

/* Its own interrupt alone ends with an adapter, and with it what is owed. */
static void test_interrupt_left(void **state)
{
    (void)state;
    join_line(adapters[0], 5);
    NdisMDeregisterInterruptEx(join_line(adapters[1], 6));
    join_line(adapters[1], 7);
    interrupt();
    assert_true(rig_step(machine, 0, 0)); /* the ISR; its DPC is owed */
    interrupt();
    assert_int_equal(rig_owed(machine), 2);
    rig_adapter_ends(machine, adapters[1], "MiniportHaltEx");
    assert_told(RULE_SDV_12, "MiniportHaltEx", 7);
    assert_int_equal(rig_owed(machine), 0);
    rig_adapter_ends(machine, adapters[1], "MiniportHaltEx");
    assert_int_equal(reports, 0);
    assert_string_equal(rig_left(machine, adapters[0]).text, "an interrupt is left registered");
    rig_adapter_ends(machine, adapters[0], "MiniportInitializeEx");
    assert_told(RULE_SDV_12, "MiniportInitializeEx", 5);
}

static BOOLEAN synchronize(NDIS_HANDLE context)
{
    assert_int_equal(KeGetCurrentIrql(), RIG_DEVICE_LEVEL);
    assert_ptr_equal(context, &synchronized);
    return ++synchronized == 1;
}

static void test_synchronized(void **state)
{
    NDIS_HANDLE handle = join_line(adapters[0], 8);
    KIRQL old;

    (void)state;
    assert_true(NdisMSynchronizeWithInterruptEx(handle, 0, synchronize, &synchronized));
    assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
    KeRaiseIrql(RIG_DEVICE_LEVEL, &old);
    assert_false(NdisMSynchronizeWithInterruptEx(handle, 0, synchronize, &synchronized));
    assert_int_equal(KeGetCurrentIrql(), RIG_DEVICE_LEVEL);
    KeLowerIrql(old);
    assert_int_equal(reports, 0);
    NdisMDeregisterInterruptEx(handle);
    assert_false(NdisMSynchronizeWithInterruptEx(handle, 0, synchronize, &synchronized));
    assert_told(RULE_SDV_13, "NdisMSynchronizeWithInterruptEx", 8);
    assert_int_equal(synchronized, 2);
}

static void test_synchronized_wrongly(void **state)
{
    NDIS_HANDLE handle = join_line(adapters[0], 0);
    KIRQL old;

    (void)state;
    KeRaiseIrql(HIGH_LEVEL, &old);
    assert_false(NdisMSynchronizeWithInterruptEx(handle, 0, synchronize, &synchronized));
    assert_fault("synchronized with no interrupt, or above its level");
    KeLowerIrql(old);
    teardown(NULL);
    setup(NULL);
    assert_false(NdisMSynchronizeWithInterruptEx(adapters[0], 0, synchronize, &synchronized));
    assert_fault("synchronized with no interrupt, or above its level");
    assert_int_equal(synchronized, 0);
}

static void test_interrupt_raised(void **state)
{
    NDIS_HANDLE handle = join_line(adapters[0], 9), refused = NULL;
    KIRQL old;

    (void)state;
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    assert_int_equal(try_join(adapters[1], &refused), NDIS_STATUS_FAILURE);
    assert_told(RULE_SDV_18, "NdisMRegisterInterruptEx", 0);
    assert_null(refused);
    NdisMDeregisterInterruptEx(handle);
    assert_told(RULE_SDV_18, "NdisMDeregisterInterruptEx", 9);
    KeLowerIrql(old);
    assert_string_equal(rig_left(machine, adapters[0]).text, "an interrupt is left registered");
}

/* A neighbour's interrupt comes before the registration returns, if other processors are said to be
 * at work; if they are not there, it comes later. */
static void test_line_is_shared(void **state)
{
    static const struct {
        enum rig_timing timing;
        unsigned processors, isrs, owed;
    } rows[] = {{RIG_INSIDE, 2, 0, 0},
                {RIG_LATER, 2, 0, 0},
                {RIG_OTHER_PROCESSOR, 2, 1, 1},
                {RIG_OTHER_PROCESSOR, 1, 0, 1}};

    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rig_hooks hooks = {.report = on_report};
        NDIS_MINIPORT_DRIVER_CHARACTERISTICS c = miniport_characteristics(initialize);

        teardown(NULL);
        machine = kit_make_machine(&hooks);
        rig_set(machine, SETTING_processors, rows[i].processors);
        assert_int_equal(NdisMRegisterMiniportDriver(NULL, NULL, NULL, &c, &driver),
                         NDIS_STATUS_SUCCESS);
        count = isrs = isr_processor = 0;
        assert_true(rig_initialize(machine, driver));
        rig_timing(machine, rows[i].timing);
        join_line(adapters[0], 0);
        assert_int_equal(isrs, rows[i].isrs);
        assert_int_equal(isr_processor, rows[i].isrs);
        assert_int_equal(rig_owed(machine), rows[i].owed); /* the DPC, or the ISR */
        if (rows[i].owed)
            assert_true(rig_step(machine, 0, 0));
        assert_int_equal(isrs, rows[i].owed);
        assert_int_equal(dpcs, rows[i].isrs);
        dpcs = 0;
    }
    NdisMDeregisterInterruptEx(
        join_line(adapters[0], 0)); /* awaits the ISR that is owed, and its DPC */
    assert_int_equal(isrs, 2);
    assert_int_equal(dpcs, 1);
}

/* ---- work items: SDV-14 ---- */

static NDIS_HANDLE item_ran;

static VOID work(PVOID context, NDIS_HANDLE item)
{
    assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
    assert_ptr_equal(context, &item_ran);
    item_ran = item;
    NdisFreeIoWorkItem(item);
}

static void test_work_items(void **state)
{
    NDIS_HANDLE items[16], idle = NdisAllocateIoWorkItem(adapters[0]);
    KIRQL old;

    (void)state;
    for (unsigned i = 0; i < 15; i++)
        assert_non_null(items[i] = NdisAllocateIoWorkItem(adapters[0]));
    assert_null(NdisAllocateIoWorkItem(adapters[0])); /* KIT_WORK_ITEMS */
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    NdisQueueIoWorkItem(items[7], work, &item_ran);
    assert_int_equal(rig_owed(machine), 1);
    assert_false(rig_step(machine, 0, 0));
    KeLowerIrql(old);
    item_ran = NULL;
    assert_true(rig_step(machine, 0, 0));
    assert_ptr_equal(item_ran, items[7]);
    NdisFreeIoWorkItem(idle);
    assert_null(rig_fault(machine)->text);
    NdisQueueIoWorkItem(items[7], work, &item_ran); /* it is gone */
    assert_int_equal(rig_owed(machine), 0);
    assert_fault("a work item is queued or freed that is not there, or is queued");
}

static void test_work_item_faults(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        NDIS_HANDLE item = NdisAllocateIoWorkItem(adapters[0]);

        if (i == 2)
            item = adapters[0];
        else
            NdisQueueIoWorkItem(item, work, &item_ran);
        if (i == 0)
            NdisQueueIoWorkItem(item, work, &item_ran);
        else
            NdisFreeIoWorkItem(item);
        assert_fault("a work item is queued or freed that is not there, or is queued");
        teardown(NULL);
        setup(NULL);
    }
    rig_refuse(machine, RIG_SITE_pool, 0);
    assert_null(NdisAllocateIoWorkItem(adapters[0]));
    assert_non_null(NdisAllocateIoWorkItem(adapters[0]));
    assert_int_equal(reports, 0);
}

/* Those of the adapter alone end with it; of the driver's the host is told. */
static void test_work_item_left(void **state)
{
    NDIS_HANDLE items[3];

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        rig_origin(machine, 20 + i);
        items[i] = NdisAllocateIoWorkItem(i == 2 ? driver : adapters[i]);
        NdisQueueIoWorkItem(items[i], work, &item_ran);
    }
    rig_adapter_ends(machine, adapters[1], "MiniportHaltEx");
    assert_told(RULE_SDV_14, "MiniportHaltEx", 21);
    assert_int_equal(rig_owed(machine), 2);
    rig_adapter_ends(machine, adapters[1], "MiniportHaltEx");
    assert_int_equal(reports, 0);
    assert_int_equal(rig_left(machine, adapters[0]).made, 20);
    assert_int_equal(rig_left(machine, driver).made, 22);
    item_ran = NULL;
    assert_true(rig_step(machine, 0, 0));
    assert_ptr_equal(item_ran, items[0]);
    assert_string_equal(rig_left(machine, driver).text, "a work item is left allocated");
    assert_int_equal(rig_left(machine, driver).at, 0);
    assert_int_equal(rig_left(machine, driver).made, 22);
    assert_int_equal(rig_left(machine, driver).freed, 0);
    assert_true(rig_step(machine, 0, 0));
    assert_null(rig_left(machine, driver).text);
}

/* ---- calls that are gone ---- */

static void test_calls_that_are_gone(void **state)
{
    DEVICE_DESCRIPTION description = {.Version = DEVICE_DESCRIPTION_VERSION};
    ULONG registers = 1;

    (void)state;
    assert_null(HalGetAdapter(&description, &registers));
    assert_told(RULE_E6_1E, "HalGetAdapter", 0);
    assert_int_equal(NdisMAllocateMapRegisters(adapters[0], 0, NDIS_DMA_32BITS, 1, 4096),
                     NDIS_STATUS_FAILURE);
    assert_told(RULE_BC_08, "NdisMAllocateMapRegisters", 0);
    NdisMFreeMapRegisters(adapters[0]);
    assert_told(RULE_BC_08, "NdisMFreeMapRegisters", 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(lock_over_the_call),   TEST(lock_of_the_handler), TEST(lock_in_another_callback),
        TEST(mapped_late),          TEST(interrupt_left),      TEST(synchronized),
        TEST(synchronized_wrongly), TEST(interrupt_raised),    TEST(line_is_shared),
        TEST(calls_that_are_gone),  TEST(work_items),          TEST(work_item_faults),
        TEST(work_item_left),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
