/*
 * test_limits.c: tables that go round or run out. Most are longer than a program, so that no
 * program reaches their end.
 */
#include "miniport.h"

static struct machine *machine;
static PSCATTER_GATHER_LIST delivered;
static PDEVICE_OBJECT added;

static NTSTATUS add_device(void *context, PDEVICE_OBJECT pdo)
{
    (void)context;
    added = pdo;
    return STATUS_SUCCESS;
}

static NTSTATUS pnp(void *context, PDEVICE_OBJECT pdo, enum rig_irp irp)
{
    (void)context;
    (void)pdo;
    (void)irp;
    return STATUS_SUCCESS;
}

static VOID process(PDEVICE_OBJECT object, PIRP reserved, PSCATTER_GATHER_LIST list, PVOID context)
{
    (void)object;
    (void)reserved;
    (void)context;
    delivered = list;
}

static int setup(void **state)
{
    struct rig_hooks hooks = {.add_device = add_device, .pnp = pnp};

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

static PDMA_ADAPTER get_adapter(ULONG maximum)
{
    DEVICE_DESCRIPTION description = {.Version = DEVICE_DESCRIPTION_VERSION2,
                                      .Master = TRUE,
                                      .ScatterGather = TRUE,
                                      .Dma64BitAddresses = TRUE,
                                      .MaximumLength = maximum};
    ULONG registers;

    return IoGetDmaAdapter(NULL, &description, &registers);
}

static NTSTATUS map(PDMA_ADAPTER adapter, PMDL mdl, ULONG length)
{
    delivered = NULL;
    return adapter->DmaOperations->GetScatterGatherList(
        adapter, NULL, mdl, (PUCHAR)mdl->StartVa + mdl->ByteOffset, length, process, NULL, TRUE);
}

static void test_no_setting(void **state)
{
    (void)state;
    assert_false(rig_set(machine, SETTING_COUNT, 0));
}

/* Who has no hooks hears nothing, and has neither AddDevice nor what follows from it. */
static void test_no_hooks(void **state)
{
    struct rig_hooks none = {0};
    struct rig_count count;
    KIRQL old;

    (void)state;
    assert_true(rig_add_device(machine));
    rig_set_hooks(machine, &none);
    assert_false(rig_pnp(machine, added, RIG_START_DEVICE));
    assert_false(rig_add_device(machine));
    rig_reset(machine);
    assert_false(rig_unload(machine));
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    assert_null(get_adapter(4096)); /* HAL-01 */
    KeLowerIrql(old);
    rig_count(machine, &count);
    assert_int_equal(count.reports, 1);
    assert_false(rig_net_buffer_list_owned(machine, NULL));
}

/* A slot of a DMA adapter is used again when all were, but never one that is live. */
static void test_adapters_go_round(void **state)
{
    PDMA_ADAPTER first = get_adapter(4096), kept = get_adapter(4096);
    bool again = false;

    (void)state;
    first->DmaOperations->PutDmaAdapter(first);
    for (unsigned i = 0; i < 600; i++) {
        PDMA_ADAPTER adapter = get_adapter(4096);

        assert_non_null(adapter);
        assert_ptr_not_equal(adapter, kept);
        again |= adapter == first;
        adapter->DmaOperations->PutDmaAdapter(adapter);
    }
    assert_true(again);
}

static void test_devices_go_round(void **state)
{
    PDEVICE_OBJECT first, kept;
    bool again = false;

    (void)state;
    assert_true(rig_add_device(machine));
    first = added;
    assert_true(rig_add_device(machine));
    kept = added;
    assert_true(rig_pnp(machine, first, RIG_REMOVE_DEVICE));
    for (unsigned i = 0; i < 600; i++) {
        assert_true(rig_add_device(machine));
        assert_ptr_not_equal(added, kept);
        again |= added == first;
        assert_true(rig_pnp(machine, added, RIG_REMOVE_DEVICE));
    }
    assert_true(again);
}

static void test_devices_run_out(void **state)
{
    unsigned count = 0;

    (void)state;
    while (rig_add_device(machine))
        count++;
    assert_int_equal(count, 8); /* SETTING_devices */
}

/* HAL's memory for lists goes round many times; a list that is live there is stepped over. */
static void test_list_memory_goes_round(void **state)
{
    PMDL mdl = rig_mdl(machine, rig_buffer(machine, 131072, 0, RIG_SCATTERED), 131072, NULL);
    PDMA_ADAPTER adapter = get_adapter(131072);
    PSCATTER_GATHER_LIST before, kept;
    ULONG elements;
    unsigned rounds = 0;
    KIRQL old;

    (void)state;
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    assert_int_equal(map(adapter, mdl, 4096), STATUS_SUCCESS);
    before = delivered;
    assert_int_equal(map(adapter, mdl, 8192), STATUS_SUCCESS);
    kept = delivered; /* longer than what lies before it */
    adapter->DmaOperations->PutScatterGatherList(adapter, before, TRUE);
    elements = kept->NumberOfElements;
    for (PSCATTER_GATHER_LIST last = kept; rounds < 3; last = delivered) {
        assert_int_equal(map(adapter, mdl, 126976), STATUS_SUCCESS);
        rounds += delivered < last;
        assert_true(delivered > kept);
        assert_int_equal((uintptr_t)delivered % 16, 0);
        assert_int_equal(kept->NumberOfElements, elements);
        adapter->DmaOperations->PutScatterGatherList(adapter, delivered, TRUE);
    }
    adapter->DmaOperations->PutScatterGatherList(adapter, kept, TRUE);
    KeLowerIrql(old);
}

/* The other way round: what lies behind a free place does not stand in its way. */
static void test_list_memory_in_front_of_a_list(void **state)
{
    PMDL mdl = rig_mdl(machine, rig_buffer(machine, 131072, 0, RIG_SCATTERED), 131072, NULL);
    PDMA_ADAPTER adapter = get_adapter(131072);
    PSCATTER_GATHER_LIST first, kept;
    unsigned between = 0;
    KIRQL old;

    (void)state;
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    assert_int_equal(map(adapter, mdl, 122880), STATUS_SUCCESS);
    first = delivered;
    adapter->DmaOperations->PutScatterGatherList(adapter, first, TRUE);
    assert_int_equal(map(adapter, mdl, 4096), STATUS_SUCCESS);
    kept = delivered;
    do {
        assert_int_equal(map(adapter, mdl, 122880), STATUS_SUCCESS);
        adapter->DmaOperations->PutScatterGatherList(adapter, delivered, TRUE);
        between++;
    } while (delivered > kept);
    assert_ptr_equal(delivered, first);
    assert_in_range(between, 2000, 4000);
    adapter->DmaOperations->PutScatterGatherList(adapter, kept, TRUE);
    KeLowerIrql(old);
}

/* A list that was forgotten long ago is nothing, though a request that waits will have its place. */
static void test_place_of_a_list_that_waits(void **state)
{
    PMDL mdl = rig_mdl(machine, rig_buffer(machine, 131072, 0, RIG_SCATTERED), 131072, NULL);
    PDMA_ADAPTER adapter = get_adapter(122880);
    PSCATTER_GATHER_LIST first, last;
    unsigned round = 0;
    struct rig_count count;
    KIRQL old;

    (void)state;
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    assert_int_equal(map(adapter, mdl, 122880), STATUS_SUCCESS);
    first = delivered;
    adapter->DmaOperations->PutScatterGatherList(adapter, first, TRUE);
    for (last = NULL; last != first; round++) {
        assert_int_equal(map(adapter, mdl, 122880), STATUS_SUCCESS);
        last = delivered;
        adapter->DmaOperations->PutScatterGatherList(adapter, last, TRUE);
    }
    for (; round > 2; round--) {
        assert_int_equal(map(adapter, mdl, 122880), STATUS_SUCCESS);
        adapter->DmaOperations->PutScatterGatherList(adapter, delivered, TRUE);
    }
    assert_int_equal(map(adapter, mdl, 122880), STATUS_SUCCESS);
    last = delivered;
    assert_int_equal(map(adapter, mdl, 122880), STATUS_SUCCESS);
    assert_null(delivered); /* it waits for registers */
    assert_false(rig_device_post(machine, first, RIG_SKIP_NOTHING, true));
    rig_count(machine, &count);
    assert_int_equal(count.reports, 0);
    adapter->DmaOperations->PutScatterGatherList(adapter, last, TRUE);
    assert_ptr_equal(delivered, first);
    adapter->DmaOperations->PutScatterGatherList(adapter, first, TRUE);
    KeLowerIrql(old);
}

static void test_memory_runs_out(void **state)
{
    uint8_t *bytes = rig_buffer(machine, 64, 0, RIG_ADJACENT);
    PNET_BUFFER nb[3];
    PMDL mdl = NULL, next;
    unsigned mdls = 0, net_buffers = 0, buffers = 1;
    uint8_t data[8];

    (void)state;
    assert_null(rig_net_buffer(machine, NULL, 0, 8, false));
    while ((next = rig_mdl(machine, bytes, 64, NULL))) {
        mdl = next;
        mdls++;
    }
    while ((nb[net_buffers % 3] = rig_net_buffer(machine, mdl, 0, 64, false)))
        net_buffers++;
    while (rig_buffer(machine, 64, 0, RIG_ADJACENT))
        buffers++;
    assert_int_equal(mdls, 64);
    assert_int_equal(net_buffers, 64);
    assert_int_equal(buffers, 64);
    assert_false(rig_cpu_read(machine, mdl, 0, data, 0));
    assert_false(rig_cpu_read(machine, mdl, 65, data, 1));
    assert_false(rig_cpu_read(machine, mdl, 57, data, 8));
    assert_true(rig_cpu_read(machine, mdl, 56, data, 8));
}

/* The place where the next MDL will be holds none yet. */
static void test_mdl_not_made_yet(void **state)
{
    uint8_t *bytes = rig_buffer(machine, 64, 0, RIG_ADJACENT), byte;
    uintptr_t first = (uintptr_t)rig_mdl(machine, bytes, 64, NULL);
    uintptr_t second = (uintptr_t)rig_mdl(machine, bytes, 64, NULL);
    uintptr_t next = 2 * second - first;

    (void)state;
    assert_true(rig_cpu_read(machine, (PMDL)second, 0, &byte, 1));
    assert_false(rig_cpu_read(machine, (PMDL)next, 0, &byte, 1));
    assert_null(rig_net_buffer(machine, (PMDL)next, 0, 0, false));
    assert_ptr_equal(rig_mdl(machine, bytes, 64, NULL), next);
    assert_true(rig_cpu_read(machine, (PMDL)next, 0, &byte, 1));
}

static void test_net_buffer_lists_run_out(void **state)
{
    PMDL mdl = rig_mdl(machine, rig_buffer(machine, 64, 0, RIG_ADJACENT), 64, NULL);
    PNET_BUFFER nb;
    unsigned count = 0;

    (void)state;
    do {
        nb = rig_net_buffer(machine, mdl, 0, 64, false);
        assert_non_null(nb);
    } while (rig_net_buffer_list(machine, &nb, 1) && ++count);
    assert_int_equal(count, 32);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(no_setting),
        TEST(no_hooks),
        TEST(adapters_go_round),
        TEST(devices_go_round),
        TEST(devices_run_out),
        TEST(list_memory_goes_round),
        TEST(list_memory_in_front_of_a_list),
        TEST(place_of_a_list_that_waits),
        TEST(memory_runs_out),
        TEST(mdl_not_made_yet),
        TEST(net_buffer_lists_run_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
