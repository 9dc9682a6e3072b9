/*
 * test_hal.c: where memory lies and the addresses that HAL hands out, which the judge of programs
 * does not predict.
 */
#include "miniport.h"

enum { DIRECT, BOUNCE, IOMMU };

static struct machine *machine;
static PSCATTER_GATHER_LIST delivered;

static VOID process(PDEVICE_OBJECT object, PIRP irp, PSCATTER_GATHER_LIST list, PVOID context)
{
    (void)object;
    (void)irp;
    (void)context;
    delivered = list;
}

static int setup(void **state)
{
    struct rig_hooks hooks = {0};

    (void)state;
    machine = miniport_make_machine(&hooks);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    miniport_drop_machine(machine);
    return 0;
}

static uint64_t physical; /* address of the page that was mapped last */

/* The bus address of a page in frames of this kind. */
static uint64_t address_of(uint32_t personality, bool wide, enum rig_frames frames)
{
    DEVICE_DESCRIPTION description = {
        .Version = DEVICE_DESCRIPTION_VERSION2, .Dma64BitAddresses = wide, .MaximumLength = 4096};
    PDMA_ADAPTER adapter;
    uint64_t address;
    ULONG registers;
    PMDL mdl;
    KIRQL old;

    teardown(NULL);
    setup(NULL);
    assert_true(rig_set(machine, SETTING_personality, personality));
    mdl = rig_mdl(machine, rig_buffer(machine, 64, 0, frames), 64, NULL);
    physical = MmGetMdlPfnArray(mdl)[0] * PAGE_SIZE;
    adapter = IoGetDmaAdapter(NULL, &description, &registers);
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    assert_int_equal(adapter->DmaOperations->GetScatterGatherList(
                         adapter, NULL, mdl, MmGetMdlVirtualAddress(mdl), 64, process, NULL, TRUE),
                     STATUS_SUCCESS);
    address = (uint64_t)delivered->Elements[0].Address.QuadPart;
    adapter->DmaOperations->PutScatterGatherList(adapter, delivered, TRUE);
    KeLowerIrql(old);
    return address;
}

/* HAL-06, NDT-07: what the device reaches it is given as it is under `direct`, never otherwise. */
static void test_addresses(void **state)
{
    uint64_t first;

    (void)state;
    first = address_of(DIRECT, true, RIG_SCATTERED);
    assert_int_equal(first, physical);
    first = address_of(DIRECT, false, RIG_SCATTERED);
    assert_int_equal(first, physical);
    first = address_of(DIRECT, true, RIG_HIGH);
    assert_int_equal(first, physical);
    assert_true(physical >> 32);
    first = address_of(DIRECT, false, RIG_HIGH);
    assert_int_equal(first >> 32, 0);
    assert_int_equal(address_of(BOUNCE, true, RIG_SCATTERED), first);
    assert_int_equal(address_of(BOUNCE, false, RIG_HIGH), first);
    for (unsigned wide = 0; wide < 2; wide++)
        for (unsigned high = 0; high < 2; high++) {
            uint64_t address = address_of(IOMMU, wide, high ? RIG_HIGH : RIG_SCATTERED);

            assert_int_not_equal(address, physical);
            assert_int_not_equal(address, first);
        }
}

/* The first buffer at the edge lies across 4 GiB, the others below it, one below the other. */
static void test_frames_at_the_edge(void **state)
{
    const PFN_NUMBER border = (PFN_NUMBER)1 << 20;
    PFN_NUMBER lowest = border;

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        PMDL mdl = rig_mdl(machine, rig_buffer(machine, 16384, 0, RIG_EDGE), 16384, NULL);
        const PFN_NUMBER *frames = MmGetMdlPfnArray(mdl);

        assert_int_equal(frames[3], frames[0] + 3);
        assert_int_equal(frames[3], i == 0 ? border + 1 : lowest - 1);
        lowest = frames[0];
    }
}

/* E6-26: a page of an earlier list is not reached through a shorter one in its place. */
static void test_page_of_an_earlier_list(void **state)
{
    PMDL mdl = rig_mdl(machine, rig_buffer(machine, 8192, 0, RIG_SCATTERED), 8192, NULL);
    DEVICE_DESCRIPTION description = {.Version = DEVICE_DESCRIPTION_VERSION2,
                                      .Master = TRUE,
                                      .ScatterGather = TRUE,
                                      .MaximumLength = 8192};
    uint64_t pages[2];
    PDMA_ADAPTER adapter;
    ULONG registers;
    uint8_t byte;
    KIRQL old;

    (void)state;
    adapter = IoGetDmaAdapter(NULL, &description, &registers);
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    for (ULONG length = 8192; length >= 4096; length -= 4096) {
        assert_int_equal(adapter->DmaOperations->GetScatterGatherList(adapter, NULL, mdl,
                                                                      MmGetMdlVirtualAddress(mdl),
                                                                      length, process, NULL, TRUE),
                         STATUS_SUCCESS);
        for (unsigned i = 0; length == 8192 && i < 2; i++)
            pages[i] = (uint64_t)delivered->Elements[i].Address.QuadPart;
        assert_true(rig_bus_read(machine, pages[0], &byte, 1));
        assert_int_equal(rig_bus_read(machine, pages[1], &byte, 1), length == 8192);
        assert_int_equal(rig_bus_write(machine, pages[1], "a", 1), length == 8192);
        assert_true(rig_bus_write(machine, pages[0], "b", 1));
        assert_true(rig_bus_read(machine, pages[0], &byte, 1));
        assert_int_equal(byte, 'b');
        adapter->DmaOperations->PutScatterGatherList(adapter, delivered, TRUE);
        assert_false(rig_bus_read(machine, pages[0], &byte, 1));
    }
    KeLowerIrql(old);
}

/* SGL-39: reserved fields are nothing to go by: they differ from list to list. */
static void test_reserved_fields(void **state)
{
    PMDL mdl = rig_mdl(machine, rig_buffer(machine, 8192, 0, RIG_SCATTERED), 8192, NULL);
    DEVICE_DESCRIPTION description = {.Version = DEVICE_DESCRIPTION_VERSION2,
                                      .Master = TRUE,
                                      .ScatterGather = TRUE,
                                      .MaximumLength = 8192};
    ULONG_PTR reserved[2];
    PDMA_ADAPTER adapter;
    ULONG registers;
    KIRQL old;

    (void)state;
    adapter = IoGetDmaAdapter(NULL, &description, &registers);
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(adapter->DmaOperations->GetScatterGatherList(adapter, NULL, mdl,
                                                                      MmGetMdlVirtualAddress(mdl),
                                                                      8192, process, NULL, TRUE),
                         STATUS_SUCCESS);
        reserved[i] = delivered->Reserved;
        assert_int_not_equal(reserved[i], 0);
        assert_int_not_equal(delivered->Elements[0].Reserved, 0);
        assert_int_not_equal(delivered->Elements[1].Reserved, delivered->Elements[0].Reserved);
        adapter->DmaOperations->PutScatterGatherList(adapter, delivered, TRUE);
    }
    assert_int_not_equal(reserved[0], reserved[1]);
    assert_true(rig_set(machine, SETTING_junk, 0));
    assert_int_equal(adapter->DmaOperations->GetScatterGatherList(adapter, NULL, mdl,
                                                                  MmGetMdlVirtualAddress(mdl), 8192,
                                                                  process, NULL, TRUE),
                     STATUS_SUCCESS);
    assert_int_equal(delivered->Reserved, 0);
    assert_int_equal(delivered->Elements[1].Reserved, 0);
    KeLowerIrql(old);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_addresses, setup, teardown),
        cmocka_unit_test_setup_teardown(test_frames_at_the_edge, setup, teardown),
        cmocka_unit_test_setup_teardown(test_page_of_an_earlier_list, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reserved_fields, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
