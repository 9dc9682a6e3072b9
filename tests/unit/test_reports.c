/*
 * test_reports.c: what a report tells of its object: where it was made, where it was freed; and what
 * a handler is told.
 */
#include "miniport.h"

/* Origins of this test's objects. */
enum { DRIVER = 10, DMA = 30, LIST = 40, GONE = 50, NOW = 60 };

static struct machine *machine;
static NDIS_HANDLE driver, adapter, dma;
static PSCATTER_GATHER_LIST delivered;
static PVOID junk;
static struct rig_report last;

static void on_report(void *context, const struct rig_report *report)
{
    (void)context;
    last = *report;
}

static void expect(enum rig_rule rule, uint32_t made, uint32_t freed)
{
    assert_int_equal(last.rule, rule);
    assert_int_equal(last.made, made);
    assert_int_equal(last.freed, freed);
    last = (struct rig_report){0};
}

static VOID process(PDEVICE_OBJECT object, PVOID reserved, PSCATTER_GATHER_LIST list, PVOID context)
{
    (void)object;
    (void)context;
    delivered = list;
    junk = reserved;
}

static NDIS_STATUS initialize(NDIS_HANDLE handle, NDIS_HANDLE context,
                              PNDIS_MINIPORT_INIT_PARAMETERS parameters)
{
    NDIS_SG_DMA_DESCRIPTION description = {
        .Header = {NDIS_OBJECT_TYPE_SG_DMA_DESCRIPTION, NDIS_SG_DMA_DESCRIPTION_REVISION_1,
                   NDIS_SIZEOF_SG_DMA_DESCRIPTION_REVISION_1},
        .MaximumPhysicalMapping = 65536,
        .ProcessSGListHandler = process,
    };

    (void)context;
    (void)parameters;
    adapter = handle;
    miniport_set_attributes(handle, NULL);
    rig_origin(machine, DMA);
    return NdisMRegisterScatterGatherDma(handle, &description, &dma);
}

static int setup(void **state)
{
    struct rig_hooks hooks = {.report = on_report};
    NDIS_MINIPORT_DRIVER_CHARACTERISTICS c = miniport_characteristics(initialize);

    (void)state;
    machine = miniport_make_machine(&hooks);
    last = (struct rig_report){0};
    rig_origin(machine, DRIVER);
    assert_int_equal(NdisMRegisterMiniportDriver(NULL, NULL, NULL, &c, &driver),
                     NDIS_STATUS_SUCCESS);
    assert_true(rig_initialize(machine, driver));
    assert_true(rig_restart(machine, adapter));
    rig_origin(machine, NOW);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    miniport_drop_machine(machine);
    return 0;
}

static PNET_BUFFER make_net_buffer(void)
{
    PMDL mdl = rig_mdl(machine, rig_buffer(machine, 64, 0, RIG_SCATTERED), 64, NULL);

    return rig_net_buffer(machine, mdl, 0, 64, false);
}

static PSCATTER_GATHER_LIST allocate(PNET_BUFFER nb)
{
    rig_origin(machine, LIST);
    assert_int_equal(
        NdisMAllocateNetBufferSGList(dma, nb, NULL, NDIS_SG_LIST_WRITE_TO_DEVICE, NULL, 0),
        NDIS_STATUS_SUCCESS);
    rig_origin(machine, NOW);
    return delivered;
}

static void free_list(PSCATTER_GATHER_LIST list, PNET_BUFFER nb)
{
    rig_origin(machine, GONE);
    NdisMFreeNetBufferSGList(dma, list, nb);
    rig_origin(machine, NOW);
}

static void test_driver_and_dma(void **state)
{
    (void)state;
    NdisMDeregisterMiniportDriver(driver);
    expect(RULE_BC_05, DRIVER, 0);
    NdisMDeregisterMiniportDriver(adapter);
    expect(RULE_LIFE_04, 0, 0);
    NdisMDeregisterScatterGatherDma(dma);
    expect(RULE_SG_31, DMA, 0);
    NdisMDeregisterScatterGatherDma(NULL);
    expect(RULE_SG_40, 0, 0);
    assert_int_equal(NdisMAllocateNetBufferSGList(dma, NULL, NULL, 0, NULL, 0),
                     NDIS_STATUS_RESOURCES);
    expect(RULE_SGL_01, DMA, 0);
    assert_int_equal(NdisMAllocateNetBufferSGList(NULL, NULL, NULL, 0, NULL, 0),
                     NDIS_STATUS_RESOURCES);
    expect(RULE_SGL_05, 0, 0);
}

static void test_live_list(void **state)
{
    PNET_BUFFER nb = make_net_buffer();
    PNET_BUFFER_LIST packet = rig_net_buffer_list(machine, &nb, 1);
    PSCATTER_GATHER_LIST list;
    KIRQL old;

    (void)state;
    assert_true(rig_send(machine, adapter, packet, PASSIVE_LEVEL));
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    list = allocate(nb);
    NdisMSendNetBufferListsComplete(adapter, packet, 0);
    expect(RULE_SGL_32, LIST, 0);
    NdisMSendNetBufferListsComplete(driver, packet, 0);
    expect(RULE_LIFE_75, 0, 0);
    NdisMFreeNetBufferSGList(dma, list, NULL);
    expect(RULE_FSG_02, LIST, 0);
    NdisFreeScatterGatherList(adapter, list, TRUE);
    expect(RULE_BSG_14, LIST, 0);
    assert_false(rig_device_access(machine, list, 0, 1, false));
    expect(RULE_E6_26, LIST, 0);
    free_list(list, nb);
    assert_int_equal(last.rule, RULE_NONE);
    KeLowerIrql(old);
}

static void test_former_list(void **state)
{
    PNET_BUFFER nb = make_net_buffer();
    PSCATTER_GATHER_LIST list;
    KIRQL old;

    (void)state;
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    list = allocate(nb);
    free_list(list, nb);
    NdisMFreeNetBufferSGList(dma, list, nb);
    expect(RULE_FSG_07, LIST, GONE);
    NdisFreeScatterGatherList(adapter, list, TRUE);
    expect(RULE_BSG_11, LIST, GONE);
    assert_false(rig_device_post(machine, list, RIG_SKIP_CURRENT_MDL_OFFSET, false));
    expect(RULE_FSG_10, LIST, GONE);
    assert_false(rig_device_access(machine, list, 0, 1, true));
    expect(RULE_E6_26, LIST, GONE);
    NdisMFreeNetBufferSGList(dma, NULL, nb);
    expect(RULE_FSG_02, 0, 0);
    KeLowerIrql(old);
}

/* PSG-02: the handler's reserved argument is NULL now and then, and is nothing to go by. */
static void test_reserved_argument(void **state)
{
    unsigned null = 0;
    KIRQL old;

    (void)state;
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    for (unsigned i = 0; i < 4; i++) {
        allocate(make_net_buffer());
        null += junk == NULL;
    }
    assert_int_equal(null, 2);
    KeLowerIrql(old);
}

/* A NET_BUFFER that is mapped is not freed. */
static void test_mapped_net_buffer(void **state)
{
    PNET_BUFFER nb = make_net_buffer();
    KIRQL old;

    (void)state;
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    allocate(nb);
    NdisFreeNetBuffer(nb);
    expect(RULE_FSG_12, LIST, 0);
    NdisFreeNetBuffer(NULL);
    assert_int_equal(last.made, 0);
    KeLowerIrql(old);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(driver_and_dma),    TEST(live_list),         TEST(former_list),
        TEST(reserved_argument), TEST(mapped_net_buffer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
