/*
 * test_kit.c: what a hosted driver needs besides DMA, where it is used wrongly or runs out: spin
 * locks, pool memory, data in one piece, device registers, interrupts. The first mistake of a run
 * is the fault; nothing else comes of it.
 */
#include "kit_machine.h"

static struct machine *machine;
static NDIS_HANDLE driver, adapter;
static unsigned reports, interrupts, dpcs;
static BOOLEAN ours, queue;

static void on_report(void *context, const struct rig_report *report)
{
    (void)context;
    (void)report;
    reports++;
}

static NDIS_STATUS initialize(NDIS_HANDLE handle, NDIS_HANDLE context,
                              PNDIS_MINIPORT_INIT_PARAMETERS parameters)
{
    (void)context;
    (void)parameters;
    adapter = handle;
    miniport_set_attributes(handle, machine);
    return NDIS_STATUS_SUCCESS;
}

static void start_adapter_with(MINIPORT_CANCEL_SEND_HANDLER cancel)
{
    NDIS_MINIPORT_DRIVER_CHARACTERISTICS c = miniport_characteristics(initialize);

    c.CancelSendHandler = cancel;
    assert_int_equal(NdisMRegisterMiniportDriver(NULL, NULL, NULL, &c, &driver),
                     NDIS_STATUS_SUCCESS);
    assert_true(rig_initialize(machine, driver));
}

static void start_adapter(void)
{
    start_adapter_with(miniport_cancel);
}

static int setup(void **state)
{
    struct rig_hooks hooks = {.report = on_report};

    (void)state;
    machine = kit_make_machine(&hooks);
    reports = interrupts = dpcs = 0;
    ours = queue = TRUE;
    start_adapter();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    kit_drop_machine(machine);
    return 0;
}

/* The fault of this run is TEXT; and a machine without one again, with a fresh adapter. */
static void expect_fault(const char *text)
{
    struct rig_hooks hooks = {.report = on_report};

    assert_non_null(rig_fault(machine)->text);
    assert_non_null(strstr(rig_fault(machine)->text, text));
    kit_reset(kit);
    rig_reset(machine);
    kit_attach(kit, &hooks);
    rig_set_hooks(machine, &hooks);
    assert_null(rig_fault(machine)->text);
    start_adapter();
}

/* ---- spin locks ---- */

static void test_spin_locks(void **state)
{
    KSPIN_LOCK plain;
    NDIS_SPIN_LOCK lock;
    KIRQL old;

    (void)state;
    KeInitializeSpinLock(&plain);
    NdisAllocateSpinLock(&lock);
    NdisAcquireSpinLock(&lock);
    assert_int_equal(KeGetCurrentIrql(), DISPATCH_LEVEL);
    KeAcquireSpinLockAtDpcLevel(&plain);
    KeReleaseSpinLockFromDpcLevel(&plain);
    NdisReleaseSpinLock(&lock);
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    NdisDprAcquireSpinLock(&lock);
    NdisDprReleaseSpinLock(&lock);
    KeLowerIrql(old);
    NdisFreeSpinLock(&lock);
    assert_null(rig_fault(machine)->text);
}

static void test_spin_lock_faults(void **state)
{
    NDIS_SPIN_LOCK lock;

    (void)state;
    NdisAllocateSpinLock(&lock);
    NdisAcquireSpinLock(&lock);
    NdisDprAcquireSpinLock(&lock);
    expect_fault("taken that is held already");
    NdisFreeSpinLock(&lock);
    expect_fault("freed that is held");
    NdisAllocateSpinLock(&lock);
    NdisDprReleaseSpinLock(&lock);
    expect_fault("released that is not held");
    NdisDprAcquireSpinLock(&lock);
    NdisFreeSpinLock(&lock); /* the first fault stays */
    expect_fault("below DISPATCH_LEVEL");
}

/* ---- pool ---- */

static void *take_memory(UINT length)
{
    return NdisAllocateMemoryWithTagPriority(adapter, length, 0, NormalPoolPriority);
}

static void test_pool(void **state)
{
    uint8_t *block = take_memory(100);

    (void)state;
    assert_non_null(block);
    assert_int_equal(block[0], 0xA5);
    assert_int_equal(block[99], 0xA5);
    assert_null(take_memory(0));
    assert_null(take_memory(1 << 18));
    assert_null(take_memory(0xFFFFFFFF));
    assert_null(rig_left(machine, driver).text);
    assert_string_equal(rig_left(machine, adapter).text, "memory is left allocated");
    NdisFreeMemory(block, 0, 0);
    assert_null(rig_left(machine, adapter).text);
    for (unsigned i = 1; i < 512; i++)
        assert_non_null(take_memory(1));
    assert_null(take_memory(1)); /* KIT_BLOCKS */
    assert_null(rig_fault(machine)->text);
}

static void test_pool_faults(void **state)
{
    uint8_t *block = take_memory(100);
    KIRQL old;

    (void)state;
    NdisFreeMemory(block, 99, 0);
    expect_fault("a length it does not have");
    block = take_memory(100);
    NdisFreeMemory(block, 100, 0);
    NdisFreeMemory(block, 100, 0);
    expect_fault("freed that is not allocated");
    NdisFreeMemory(&old, 0, 0);
    expect_fault("freed that is not allocated");
    KeRaiseIrql(RIG_DEVICE_LEVEL, &old);
    assert_non_null(take_memory(100));
    KeLowerIrql(old);
    expect_fault("above DISPATCH_LEVEL");
    assert_int_equal(reports, 0);
}

/* ---- data in one piece ---- */

static void test_data_buffer(void **state)
{
    uint8_t *bytes = rig_buffer(machine, 64, 0, RIG_ADJACENT);
    PMDL second = rig_mdl(machine, bytes + 24, 40, NULL);
    PMDL first = rig_mdl(machine, bytes, 16, second);
    PNET_BUFFER nb = rig_net_buffer(machine, first, 4, 50, false);
    uint8_t storage[64];

    (void)state;
    for (unsigned i = 0; i < 64; i++)
        bytes[i] = (uint8_t)i;
    assert_null(NdisGetDataBuffer(nb, 0, storage, 1, 0));
    assert_null(NdisGetDataBuffer(nb, 51, storage, 1, 0));
    assert_ptr_equal(NdisGetDataBuffer(nb, 12, storage, 1, 0), bytes + 4);
    assert_ptr_equal(NdisGetDataBuffer(nb, 12, NULL, 0, 0), bytes + 4);
    assert_ptr_equal(NdisGetDataBuffer(nb, 12, storage, 8, 4), bytes + 4);
    assert_null(NdisGetDataBuffer(nb, 12, NULL, 8, 0));
    assert_null(NdisGetDataBuffer(nb, 13, NULL, 1, 0));
    assert_ptr_equal(NdisGetDataBuffer(nb, 20, storage, 1, 0), storage);
    for (unsigned i = 0; i < 20; i++)
        assert_int_equal(storage[i], i < 12 ? 4 + i : 12 + i);
    assert_ptr_equal(NdisGetDataBuffer(nb, 8, storage, 8, 0), storage);
    assert_memory_equal(storage, bytes + 4, 8);
    assert_int_equal(NdisGetVersion(), 0x0006001E);
}

/* ---- device registers ---- */

static NDIS_PHYSICAL_ADDRESS block_start(void)
{
    return rig_resources(machine, adapter)->PartialDescriptors[0].u.Memory.Start;
}

static volatile ULONG *map_block(void)
{
    PVOID place = NULL;

    assert_int_equal(NdisMMapIoSpace(&place, adapter, block_start(), PAGE_SIZE),
                     NDIS_STATUS_SUCCESS);
    reports = 0; /* SDV-09 is warned of */
    return place;
}

static void test_registers(void **state)
{
    volatile ULONG *block = map_block();

    (void)state;
    assert_string_equal(rig_left(machine, adapter).text, "device registers are left mapped");
    assert_null(rig_left(machine, driver).text);
    WRITE_REGISTER_ULONG(block + RIG_CONTROL, RIG_CONTROL_ON);
    assert_int_equal(READ_REGISTER_ULONG(block + RIG_CONTROL), RIG_CONTROL_ON);
    assert_int_equal(READ_REGISTER_ULONG(block + RIG_INTERRUPT_CAUSE), 0);
    WRITE_REGISTER_ULONG(block + RIG_CONTROL, RIG_CONTROL_RESET | RIG_CONTROL_ON);
    assert_int_equal(READ_REGISTER_ULONG(block + RIG_CONTROL), 0);
    assert_int_equal(READ_REGISTER_ULONG(block + RIG_TX_LENGTH), 0);
    WRITE_REGISTER_ULONG(block + RIG_TX_DONE_TAG, 7); /* read only */
    assert_int_equal(READ_REGISTER_ULONG(block + RIG_TX_DONE_TAG), 0);
    assert_true(rig_surprise_remove(machine, adapter));
    assert_int_equal(READ_REGISTER_ULONG(block + RIG_CONTROL), 0xFFFFFFFF);
    WRITE_REGISTER_ULONG(block + RIG_CONTROL, RIG_CONTROL_ON);
    assert_int_equal(rig_device_frames(machine, adapter), 0);
    NdisMUnmapIoSpace(adapter, (PVOID)(uintptr_t)block, PAGE_SIZE);
    assert_null(rig_left(machine, adapter).text);
    assert_null(rig_fault(machine)->text);
}

static void test_mapping_is_refused(void **state)
{
    PVOID place;
    NDIS_PHYSICAL_ADDRESS start = block_start(), wrong = start;

    (void)state;
    wrong.QuadPart++;
    assert_null(rig_resources(machine, driver));
    assert_int_equal(NdisMMapIoSpace(&place, adapter, wrong, PAGE_SIZE),
                     NDIS_STATUS_RESOURCE_CONFLICT);
    assert_int_equal(NdisMMapIoSpace(&place, adapter, start, PAGE_SIZE + 1),
                     NDIS_STATUS_RESOURCE_CONFLICT);
    map_block();
    assert_int_equal(NdisMMapIoSpace(&place, adapter, start, PAGE_SIZE),
                     NDIS_STATUS_RESOURCE_CONFLICT);
    assert_null(rig_fault(machine)->text);
}

static void test_mapping_faults(void **state)
{
    PVOID place;
    KIRQL old;
    volatile ULONG *block;

    (void)state;
    assert_int_equal(NdisMMapIoSpace(&place, driver, block_start(), 4), NDIS_STATUS_FAILURE);
    expect_fault("without a live adapter");
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    assert_int_equal(NdisMMapIoSpace(&place, adapter, block_start(), 4), NDIS_STATUS_FAILURE);
    KeLowerIrql(old);
    expect_fault("or raised");
    NdisMUnmapIoSpace(driver, NULL, 4);
    expect_fault("unmapped that are not mapped");
    NdisMUnmapIoSpace(adapter, NULL, 4);
    expect_fault("unmapped that are not mapped");
    block = map_block();
    NdisMUnmapIoSpace(adapter, (PVOID)(uintptr_t)(block + 1), 4);
    expect_fault("unmapped that are not mapped");
    block = map_block();
    WRITE_REGISTER_ULONG(block + RIG_REGISTERS, 1);
    expect_fault("device register that is none");
    block = map_block();
    assert_int_equal(READ_REGISTER_ULONG((volatile ULONG *)((uintptr_t)block + 1)), 0xFFFFFFFF);
    expect_fault("device register that is none");
}

static void test_device_holds_so_much(void **state)
{
    volatile ULONG *block = map_block();
    unsigned frame = 0;

    (void)state;
    WRITE_REGISTER_ULONG(block + RIG_TX_DOORBELL, 1);
    expect_fault("without tag or elements");
    block = map_block();
    WRITE_REGISTER_ULONG(block + RIG_TX_LENGTH, 1);
    WRITE_REGISTER_ULONG(block + RIG_TX_DOORBELL, 0);
    expect_fault("without tag or elements");
    block = map_block();
    for (unsigned i = 0; i < 64; i++)
        WRITE_REGISTER_ULONG(block + RIG_TX_LENGTH, 1);
    assert_null(rig_fault(machine)->text);
    WRITE_REGISTER_ULONG(block + RIG_TX_LENGTH, 1);
    expect_fault("more than it can hold");
    block = map_block();
    for (; frame < 32; frame++) {
        WRITE_REGISTER_ULONG(block + RIG_TX_LENGTH, 1);
        WRITE_REGISTER_ULONG(block + RIG_TX_DOORBELL, frame + 1);
    }
    assert_null(rig_fault(machine)->text);
    WRITE_REGISTER_ULONG(block + RIG_TX_LENGTH, 1);
    expect_fault("more than it can hold");
}

/* E6-26: what is not mapped does not move; tags that nobody takes hold the device up. */
static void test_frames(void **state)
{
    volatile ULONG *block = map_block();
    struct rig_frame sent;

    (void)state;
    WRITE_REGISTER_ULONG(block + RIG_TX_LENGTH, 0xFFFFFFFF);
    WRITE_REGISTER_ULONG(block + RIG_TX_DOORBELL, 99);
    assert_int_equal(rig_device_frames(machine, adapter), 0); /* it is off */
    WRITE_REGISTER_ULONG(block + RIG_CONTROL, RIG_CONTROL_ON);
    for (unsigned i = 0; i < 32; i++) {
        assert_int_equal(rig_device_frames(machine, adapter), 1);
        assert_false(rig_device_frame(machine, adapter, 1, &sent));
        assert_true(rig_device_frame(machine, adapter, 0, &sent));
        assert_int_equal(sent.length, 0);
        assert_int_equal(reports, i + 1);
        WRITE_REGISTER_ULONG(block + RIG_TX_LENGTH, 8);
        WRITE_REGISTER_ULONG(block + RIG_TX_DOORBELL, i + 1);
    }
    assert_int_equal(rig_device_frames(machine, adapter), 0);
    assert_int_equal(READ_REGISTER_ULONG(block + RIG_INTERRUPT_CAUSE), RIG_CAUSE_SENT);
    assert_int_equal(READ_REGISTER_ULONG(block + RIG_INTERRUPT_CAUSE), 0);
    assert_int_equal(READ_REGISTER_ULONG(block + RIG_TX_DONE_TAG), 99);
    assert_int_equal(rig_device_frames(machine, adapter), 1);
}

/* ---- interrupts ---- */

static BOOLEAN isr(NDIS_HANDLE context, PBOOLEAN queue_dpc, PULONG targets)
{
    (void)context;
    (void)targets;
    interrupts++;
    *queue_dpc = queue;
    return ours;
}

static VOID dpc(NDIS_HANDLE context, PVOID reserved, PVOID parameters, PVOID throttle)
{
    (void)context;
    (void)reserved;
    (void)parameters;
    (void)throttle;
    dpcs++;
}

static NDIS_MINIPORT_INTERRUPT_CHARACTERISTICS good_interrupt(void)
{
    return (NDIS_MINIPORT_INTERRUPT_CHARACTERISTICS){
        .Header = {NDIS_OBJECT_TYPE_MINIPORT_INTERRUPT, 1,
                   NDIS_SIZEOF_MINIPORT_INTERRUPT_CHARACTERISTICS_REVISION_1},
        .InterruptHandler = isr,
        .InterruptDpcHandler = dpc,
    };
}

static void raise_interrupt(volatile ULONG *block, uint32_t tag)
{
    struct rig_frame sent;

    WRITE_REGISTER_ULONG(block + RIG_CONTROL, RIG_CONTROL_ON);
    WRITE_REGISTER_ULONG(block + RIG_TX_LENGTH, 8);
    WRITE_REGISTER_ULONG(block + RIG_TX_DOORBELL, tag);
    assert_true(rig_device_frame(machine, adapter, 0, &sent));
}

static void test_interrupts(void **state)
{
    NDIS_MINIPORT_INTERRUPT_CHARACTERISTICS given = good_interrupt();
    NDIS_HANDLE handle;
    volatile ULONG *block = map_block();

    (void)state;
    assert_int_equal(NdisMRegisterInterruptEx(adapter, machine, &given, &handle),
                     NDIS_STATUS_SUCCESS);
    for (unsigned i = 0; i < 4; i++) { /* not ours, no DPC, a DPC, the same DPC */
        ours = i > 0, queue = i != 1;
        raise_interrupt(block, i + 1);
        assert_int_equal(rig_owed(machine), i == 3 ? 2 : 1);
        assert_true(rig_step(machine, rig_owed(machine) - 1, 0));
        assert_int_equal(rig_owed(machine), i >= 2);
    }
    assert_int_equal(interrupts, 4);
    NdisMDeregisterInterruptEx(handle);
    assert_int_equal(dpcs, 1);
    assert_int_equal(rig_owed(machine), 0);
    assert_null(rig_fault(machine)->text);
}

static NDIS_HANDLE deregistered;
static volatile ULONG *raised; /* by the DPC: the block of the device to set going */
static unsigned depth;

/* As many frames as can be nested; the last one deregisters the interrupt. */
static void cancel_deep(NDIS_HANDLE context, PVOID id)
{
    (void)context;
    depth++;
    if (!rig_cancel_send(machine, adapter, id, PASSIVE_LEVEL))
        NdisMDeregisterInterruptEx(deregistered);
}

static VOID raising_dpc(NDIS_HANDLE context, PVOID reserved, PVOID parameters, PVOID throttle)
{
    dpc(context, reserved, parameters, throttle);
    assert_int_equal(KeGetCurrentIrql(), DISPATCH_LEVEL);
    assert_false(rig_step(machine, 0, 1)); /* one frame more is for no one else */
    raise_interrupt(raised, 99);
}

/* LIFE-43: deregistration awaits the DPC that is queued, how deep ever; what comes after is lost. */
static void test_deregistration_awaits_the_dpc(void **state)
{
    (void)state;
    for (unsigned later = 0; later < 2; later++) {
        NDIS_MINIPORT_INTERRUPT_CHARACTERISTICS given = good_interrupt();

        start_adapter_with(cancel_deep);
        given.InterruptDpcHandler = raising_dpc;
        raised = map_block();
        depth = interrupts = dpcs = 0;
        assert_int_equal(NdisMRegisterInterruptEx(adapter, NULL, &given, &deregistered),
                         NDIS_STATUS_SUCCESS);
        raise_interrupt(raised, 1);
        assert_true(rig_step(machine, 0, 0)); /* the ISR; its DPC is queued */
        raise_interrupt(raised, 2);
        assert_true(rig_restart(machine, adapter));
        rig_timing(machine, later ? RIG_LATER : RIG_INSIDE);
        assert_true(rig_cancel_send(machine, adapter, NULL, PASSIVE_LEVEL));
        assert_int_equal(depth, RIG_FRAMES);
        assert_int_equal(interrupts, later ? 1 : 2);
        assert_int_equal(dpcs, 1);
        assert_int_equal(rig_owed(machine), 0);
        assert_null(rig_fault(machine)->text);
    }
}

/* An interrupt left behind is told, and does not come after the device or its adapter is gone. */
static void test_interrupts_left(void **state)
{
    NDIS_MINIPORT_INTERRUPT_CHARACTERISTICS given = good_interrupt();
    NDIS_HANDLE handle;
    volatile ULONG *block = map_block();

    (void)state;
    NdisMRegisterInterruptEx(adapter, machine, &given, &handle);
    NdisMUnmapIoSpace(adapter, (PVOID)(uintptr_t)block, PAGE_SIZE);
    assert_string_equal(rig_left(machine, adapter).text, "an interrupt is left registered");
    assert_null(rig_left(machine, driver).text);
    block = map_block();
    raise_interrupt(block, 1);
    assert_true(rig_step(machine, 0, 0));
    raise_interrupt(block, 2);
    assert_int_equal(rig_owed(machine), 2); /* the DPC, then another ISR */
    assert_true(rig_surprise_remove(machine, adapter));
    assert_true(rig_step(machine, 1, 0));
    assert_int_equal(interrupts, 1);
    assert_true(rig_halt(machine, adapter, NdisHaltDeviceSurpriseRemoved));
    assert_true(rig_step(machine, 0, 0));
    assert_int_equal(dpcs, 0);
}

static void test_interrupts_run_out(void **state)
{
    NDIS_MINIPORT_INTERRUPT_CHARACTERISTICS given = good_interrupt();
    NDIS_HANDLE handle;

    (void)state;
    for (unsigned i = 0; i < 16; i++)
        assert_int_equal(NdisMRegisterInterruptEx(adapter, machine, &given, &handle),
                         NDIS_STATUS_SUCCESS);
    assert_int_equal(NdisMRegisterInterruptEx(adapter, machine, &given, &handle),
                     NDIS_STATUS_RESOURCES);
    assert_null(rig_fault(machine)->text);
}

static void test_interrupt_faults(void **state)
{
    NDIS_MINIPORT_INTERRUPT_CHARACTERISTICS given;
    NDIS_HANDLE handle;

    (void)state;
    for (unsigned i = 0; i < 5; i++) {
        given = good_interrupt();
        given.Header.Type ^= i == 0;
        given.Header.Size = (USHORT)(given.Header.Size - (i == 1));
        given.InterruptHandler = i == 2 ? NULL : isr;
        given.InterruptDpcHandler = i == 3 ? NULL : dpc;
        assert_int_equal(NdisMRegisterInterruptEx(i == 4 ? NULL : adapter, NULL, &given, &handle),
                         NDIS_STATUS_FAILURE);
        expect_fault("registered wrongly");
    }
    NdisMDeregisterInterruptEx(NULL);
    expect_fault("deregistered that is not registered");
    given = good_interrupt();
    NdisMRegisterInterruptEx(adapter, NULL, &given, &handle);
    NdisMDeregisterInterruptEx(handle);
    NdisMDeregisterInterruptEx(handle);
    expect_fault("deregistered that is not registered");
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(spin_locks),
        TEST(spin_lock_faults),
        TEST(pool),
        TEST(pool_faults),
        TEST(data_buffer),
        TEST(registers),
        TEST(mapping_is_refused),
        TEST(mapping_faults),
        TEST(device_holds_so_much),
        TEST(frames),
        TEST(interrupts),
        TEST(deregistration_awaits_the_dpc),
        TEST(interrupts_left),
        TEST(interrupts_run_out),
        TEST(interrupt_faults),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
