/*
 * test_full.c: every table of a machine is full, and what looks through one stops at its end. The
 * sanitized build sees whether it does.
 */
#include "miniport.h"
#include "netdma.h"

enum { ADAPTERS = 4, LISTS = 64, EACH = LISTS / ADAPTERS, LIST_SIZE = 512, ROUNDS = 300 };

static struct machine *machine;
static NDIS_HANDLE drivers[ADAPTERS], adapters[ADAPTERS], dmas[ADAPTERS];
static PDMA_ADAPTER hal[ADAPTERS];
static PSCATTER_GATHER_LIST lists[LISTS], delivered;
static _Alignas(8) uint8_t list_memory[LISTS][LIST_SIZE];
static PNET_BUFFER net_buffers[LISTS];
static PDEVICE_OBJECT devices[8];
static PVOID provider;
static unsigned count;
static enum rig_rule last;

static void on_report(void *context, const struct rig_report *report)
{
    (void)context;
    last = report->rule;
}

static VOID process(PDEVICE_OBJECT object, PVOID reserved, PSCATTER_GATHER_LIST list, PVOID context)
{
    (void)object;
    (void)reserved;
    (void)context;
    delivered = list;
}

static NDIS_STATUS initialize(NDIS_HANDLE adapter, NDIS_HANDLE context,
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
    adapters[count] = adapter;
    miniport_set_attributes(adapter, NULL);
    return NdisMRegisterScatterGatherDma(adapter, &description, &dmas[count]);
}

static NTSTATUS no_channel(PVOID context, PNET_DMA_CHANNEL_PARAMETERS parameters, PVOID channel,
                           PVOID *own)
{
    (void)context;
    (void)parameters;
    (void)channel;
    (void)own;
    return STATUS_UNSUCCESSFUL;
}

static VOID free_channel(PVOID channel)
{
    (void)channel;
}

static NTSTATUS start(PVOID channel, PNET_DMA_DESCRIPTOR first, PHYSICAL_ADDRESS address,
                      ULONG descriptors)
{
    (void)channel;
    (void)first;
    (void)address;
    (void)descriptors;
    return STATUS_UNSUCCESSFUL;
}

static NTSTATUS add_device(void *context, PDEVICE_OBJECT pdo)
{
    NET_DMA_PROVIDER_CHARACTERISTICS characteristics = {
        .MajorVersion = 1,
        .MinorVersion = 1,
        .Size = sizeof characteristics,
        .PhysicalDeviceObject = pdo,
        .MaxDmaChannelCount = 64,
        .AllocateDmaChannel = no_channel,
        .FreeDmaChannel = free_channel,
        .StartDma = start,
        .AppendDma = start,
    };

    (void)context;
    devices[count] = pdo;
    return NetDmaRegisterProvider(NULL, &provider, &characteristics);
}

static NTSTATUS pnp(void *context, PDEVICE_OBJECT pdo, enum rig_irp irp)
{
    (void)context;
    (void)pdo;
    (void)irp;
    NetDmaDeregisterProvider(provider);
    return STATUS_SUCCESS;
}

static PDMA_ADAPTER get_adapter(void)
{
    DEVICE_DESCRIPTION description = {.Version = DEVICE_DESCRIPTION_VERSION2,
                                      .MaximumLength = 4096};
    ULONG registers;

    return IoGetDmaAdapter(NULL, &description, &registers);
}

/* ---- filling ---- */

static void fill_adapters(void)
{
    NDIS_MINIPORT_DRIVER_CHARACTERISTICS c = miniport_characteristics(initialize);

    for (unsigned i = 0; i < ROUNDS; i++) {
        PDMA_ADAPTER adapter = get_adapter();

        adapter->DmaOperations->PutDmaAdapter(adapter);
    }
    for (count = 0; count < ADAPTERS; count++) {
        assert_int_equal(NdisMRegisterMiniportDriver(NULL, NULL, NULL, &c, &drivers[count]),
                         NDIS_STATUS_SUCCESS);
        hal[count] = get_adapter();
        assert_non_null(hal[count]);
    }
    for (count = 0; count < ADAPTERS; count++) {
        assert_true(rig_initialize(machine, drivers[ADAPTERS - 1]));
        assert_true(rig_restart(machine, adapters[count]));
    }
}

static void fill_devices(void)
{
    for (unsigned i = count = 0; i < ROUNDS; i++) {
        assert_true(rig_add_device(machine));
        assert_true(rig_pnp(machine, devices[0], RIG_REMOVE_DEVICE));
    }
    for (count = 0; count < 8; count++)
        assert_true(rig_add_device(machine));
}

/* Each list in a buffer of its own, its transfer posted. */
static void fill_lists(void)
{
    for (unsigned i = 0; i < LISTS; i++) {
        uint8_t *bytes = rig_buffer(machine, 64, 0, RIG_SCATTERED);
        PMDL mdl = rig_mdl(machine, bytes, 64, NULL);
        uint8_t *own = list_memory[i];

        net_buffers[i] = rig_net_buffer(machine, mdl, 0, 64, false);
        assert_int_equal(NdisMAllocateNetBufferSGList(dmas[i / EACH], net_buffers[i], NULL,
                                                      NDIS_SG_LIST_WRITE_TO_DEVICE, own, LIST_SIZE),
                         NDIS_STATUS_SUCCESS);
        lists[i] = delivered;
        assert_ptr_equal(delivered, own);
    }
}

static void post_all(void)
{
    for (unsigned i = 0; i < LISTS; i++)
        assert_true(rig_device_post(machine, lists[i], RIG_SKIP_CURRENT_MDL_OFFSET, false));
    assert_int_equal(rig_device_posted(machine), LISTS);
}

static void free_all(void)
{
    for (unsigned i = 0; i < LISTS; i++) {
        NdisMFreeNetBufferSGList(dmas[i / EACH], lists[i], net_buffers[i]);
        assert_int_equal(last, RULE_NONE);
    }
}

static void fill_packets(void)
{
    for (unsigned i = 0; i < LISTS / 2; i++)
        assert_true(rig_send(machine, adapters[ADAPTERS - 1],
                             rig_net_buffer_list(machine, &net_buffers[i], 1), PASSIVE_LEVEL));
}

static int setup(void **state)
{
    struct rig_hooks hooks = {.report = on_report, .add_device = add_device, .pnp = pnp};
    KIRQL old;

    (void)state;
    machine = miniport_make_machine(&hooks);
    assert_true(rig_set(machine, SETTING_msi_x, 0));
    last = RULE_NONE;
    fill_adapters();
    fill_devices();
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    for (unsigned round = 0; round < 5; round++) {
        if (round == 0)
            fill_lists();
        else
            for (unsigned i = 0; i < LISTS; i++)
                assert_int_equal(NdisMAllocateNetBufferSGList(dmas[i / EACH], net_buffers[i], NULL,
                                                              NDIS_SG_LIST_WRITE_TO_DEVICE,
                                                              lists[i], LIST_SIZE),
                                 NDIS_STATUS_SUCCESS);
        if (round < 4)
            free_all();
    }
    KeLowerIrql(old);
    post_all();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    miniport_drop_machine(machine);
    return 0;
}

/* ---- looking through them ---- */

static void test_counts(void **state)
{
    struct rig_count found;

    (void)state;
    rig_count(machine, &found);
    assert_int_equal(found.adapters, ADAPTERS);
    assert_int_equal(found.dma_handles, ADAPTERS);
    assert_int_equal(found.dma_adapters, 8);
    assert_int_equal(found.lists_live, LISTS);
    assert_int_equal(found.devices, 8);
    assert_int_equal(found.providers, 8);
    assert_false(rig_add_device(machine));
    assert_false(rig_initialize(machine, drivers[0]));
    assert_null(get_adapter());
}

/* What is looked for and is not there. */
static void test_nothing_found(void **state)
{
    uint64_t elsewhere[64];
    PSCATTER_GATHER_LIST list = (PSCATTER_GATHER_LIST)(void *)elsewhere;
    KIRQL old;

    (void)state;
    assert_false(rig_device_post(machine, list, RIG_SKIP_NOTHING, true));
    assert_false(rig_device_access(machine, list, 0, 1, true));
    assert_false(rig_bus_read(machine, 0, elsewhere, 1));
    assert_false(rig_free_buffer(machine, elsewhere));
    assert_false(rig_send(machine, adapters[0], NULL, PASSIVE_LEVEL));
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    NdisMFreeNetBufferSGList(dmas[0], list, net_buffers[0]);
    assert_int_equal(last, RULE_FSG_02);
    NdisFreeScatterGatherList(adapters[0], list, TRUE);
    assert_int_equal(last, RULE_BSG_11);
    hal[0]->DmaOperations->PutScatterGatherList(hal[0], list, TRUE);
    assert_int_equal(last, RULE_E6_06);
    KeLowerIrql(old);
    hal[0]->DmaOperations->PutDmaAdapter((PDMA_ADAPTER)(void *)elsewhere);
    assert_int_equal(last, RULE_E6_18);
    NdisMDeregisterScatterGatherDma(
        (NDIS_HANDLE)((uintptr_t)dmas[0] + ((uintptr_t)ADAPTERS << 32)));
    assert_int_equal(last, RULE_SG_40);
    NdisMDeregisterMiniportDriver(drivers[ADAPTERS - 1]);
    assert_int_equal(last, RULE_BC_05);
    last = RULE_NONE;
    NdisMDeregisterMiniportDriver(drivers[0]);
    assert_int_equal(last, RULE_NONE);
}

/* Everything goes, the last first. */
static void test_all_go(void **state)
{
    struct rig_transfer transfer;
    struct rig_count found;
    KIRQL old;

    (void)state;
    for (unsigned i = LISTS; i-- > 0;)
        assert_true(rig_device_run(machine, i, &transfer));
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    for (unsigned i = LISTS; i-- > 0;)
        NdisMFreeNetBufferSGList(dmas[i / EACH], lists[i], net_buffers[i]);
    KeLowerIrql(old);
    assert_int_equal(last, RULE_NONE);
    for (unsigned i = ADAPTERS; i-- > 0;)
        hal[i]->DmaOperations->PutDmaAdapter(hal[i]);
    rig_count(machine, &found);
    assert_int_equal(found.lists_live, 0);
    assert_int_equal(found.registers_held, 0);
    assert_int_equal(found.dma_adapters, ADAPTERS);
}

/* What is left behind is swept, each adapter's own alone. */
static void test_all_swept(void **state)
{
    struct rig_count found;

    (void)state;
    fill_packets();
    for (unsigned i = 0; i < ADAPTERS; i++) {
        assert_true(rig_shutdown(machine, adapters[i], NdisShutdownPowerOff));
        assert_int_equal(last, RULE_LIFE_51);
        last = RULE_NONE;
        rig_count(machine, &found);
        assert_int_equal(found.lists_live, LISTS - (i + 1) * EACH);
        assert_int_equal(found.dma_handles, ADAPTERS - i - 1);
    }
    assert_int_equal(rig_device_posted(machine), 0);
    NdisMDeregisterMiniportDriver(drivers[ADAPTERS - 1]);
    assert_int_equal(last, RULE_NONE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(counts),
        TEST(nothing_found),
        TEST(all_go),
        TEST(all_swept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
