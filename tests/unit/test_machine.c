/*
 * test_machine.c: the machine by itself, driven through its own API: a life from registration to
 * halt, the reset that follows, map registers, operations that are not there yet.
 */
#include "miniport.h"

struct world {
    struct machine *machine;
    void *fresh;
    NDIS_HANDLE driver, adapter, dma;
    PNET_BUFFER_LIST sent;
    PSCATTER_GATHER_LIST list;
    ULONG maximum, list_size;
    unsigned reports, handled;
    enum rig_rule last;
    bool leave_registered;
};

static struct world *world;

static void on_report(void *context, const struct rig_report *report)
{
    (void)context;
    world->reports++;
    world->last = report->rule;
}

static VOID process(PDEVICE_OBJECT object, PVOID reserved, PSCATTER_GATHER_LIST list, PVOID context)
{
    (void)object;
    (void)reserved;
    assert_ptr_equal(context, world);
    assert_int_equal(KeGetCurrentIrql(), DISPATCH_LEVEL);
    world->list = list;
    world->handled++;
}

static NDIS_STATUS register_dma(void)
{
    NDIS_SG_DMA_DESCRIPTION description = {
        .Header = {NDIS_OBJECT_TYPE_SG_DMA_DESCRIPTION, NDIS_SG_DMA_DESCRIPTION_REVISION_1,
                   NDIS_SIZEOF_SG_DMA_DESCRIPTION_REVISION_1},
        .MaximumPhysicalMapping = world->maximum,
        .ProcessSGListHandler = process,
    };
    NDIS_STATUS status = NdisMRegisterScatterGatherDma(world->adapter, &description, &world->dma);

    world->list_size = description.ScatterGatherListSize;
    return status;
}

static NDIS_STATUS initialize(NDIS_HANDLE adapter, NDIS_HANDLE context,
                              PNDIS_MINIPORT_INIT_PARAMETERS parameters)
{
    (void)context;
    (void)parameters;
    world->adapter = adapter;
    miniport_set_attributes(adapter, world);
    return register_dma();
}

static void halt(NDIS_HANDLE context, NDIS_HALT_ACTION action)
{
    (void)context;
    (void)action;
    if (!world->leave_registered)
        NdisMDeregisterScatterGatherDma(world->dma);
}

static void send(NDIS_HANDLE context, PNET_BUFFER_LIST list, ULONG port, ULONG flags)
{
    (void)context;
    (void)port;
    assert_int_equal(flags, NDIS_SEND_FLAGS_DISPATCH_LEVEL);
    world->sent = list;
}

static NDIS_MINIPORT_DRIVER_CHARACTERISTICS good_driver(void)
{
    NDIS_MINIPORT_DRIVER_CHARACTERISTICS driver = miniport_characteristics(initialize);

    driver.HaltHandlerEx = halt;
    driver.SendNetBufferListsHandler = send;
    return driver;
}

static void register_driver(void)
{
    NDIS_MINIPORT_DRIVER_CHARACTERISTICS c = good_driver();

    assert_int_equal(NdisMRegisterMiniportDriver(NULL, NULL, NULL, &c, &world->driver),
                     NDIS_STATUS_SUCCESS);
}

static int setup(void **state)
{
    struct rig_hooks none = {0}, hooks = {.report = on_report};

    world = calloc(1, sizeof *world);
    world->maximum = 65536;
    world->machine = miniport_make_machine(&none);
    world->fresh = malloc(rig_size());
    memcpy(world->fresh, world->machine, rig_size());
    rig_set_hooks(world->machine, &hooks);
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    miniport_drop_machine(world->machine);
    free(world->fresh);
    free(world);
    return 0;
}

static PNET_BUFFER_LIST make_packet(uint32_t length)
{
    uint8_t *bytes = rig_buffer(world->machine, length, 100, RIG_SCATTERED);
    PMDL mdl = rig_mdl(world->machine, bytes, length, NULL);
    PNET_BUFFER nb = rig_net_buffer(world->machine, mdl, 14, length - 14, false);

    memset(bytes, 0x5A, length);
    return rig_net_buffer_list(world->machine, &nb, 1);
}

static void run_send(PNET_BUFFER_LIST packet)
{
    struct rig_transfer transfer;
    KIRQL old;

    KeRaiseIrql(DISPATCH_LEVEL, &old);
    assert_true(rig_send(world->machine, world->adapter, packet, DISPATCH_LEVEL));
    assert_int_equal(NdisMAllocateNetBufferSGList(world->dma, packet->FirstNetBuffer, world,
                                                  NDIS_SG_LIST_WRITE_TO_DEVICE, NULL, 0),
                     NDIS_STATUS_SUCCESS);
    assert_int_equal(world->handled, 1);
    assert_true(rig_device_post(world->machine, world->list, RIG_SKIP_CURRENT_MDL_OFFSET, false));
    assert_true(rig_device_run(world->machine, 0, &transfer));
    assert_int_equal(transfer.length, packet->FirstNetBuffer->DataLength);
    for (unsigned i = 0; i < transfer.length; i++)
        assert_int_equal(transfer.bytes[i], 0x5A);
    NdisMFreeNetBufferSGList(world->dma, world->list, packet->FirstNetBuffer);
    NdisMSendNetBufferListsComplete(world->adapter, packet, 0);
    KeLowerIrql(old);
}

static void test_life(void **state)
{
    (void)state;
    register_driver();
    assert_true(rig_initialize(world->machine, world->driver));
    assert_true(rig_restart(world->machine, world->adapter));
    run_send(make_packet(9000));
    assert_true(rig_pause(world->machine, world->adapter));
    assert_true(rig_halt(world->machine, world->adapter, NdisHaltDeviceDisabled));
    NdisMDeregisterMiniportDriver(world->driver);
    assert_int_equal(world->reports, 0);
}

/* After a reset not one byte tells of the run, in each personality. */
static void test_reset_is_fresh(void **state)
{
    for (uint32_t personality = 0; personality < 3; personality++) {
        struct rig_hooks hooks = {.report = on_report};

        world->handled = 0;
        assert_true(rig_set(world->machine, SETTING_personality, personality));
        test_life(state);
        assert_memory_not_equal(world->machine, world->fresh, rig_size());
        rig_reset(world->machine);
        assert_memory_equal(world->machine, world->fresh, rig_size());
        rig_set_hooks(world->machine, &hooks);
    }
}

/* SG-11, AMB-06: BYTES_TO_PAGES + 1 in 64 bits, HAL's own limit on top. */
static void test_registers_follow_the_mapping(void **state)
{
    static const struct {
        ULONG maximum;
        uint32_t registers;
    } rows[] = {{0, 1},      {1, 2},       {1500, 2},    {4096, 2},        {4097, 3},
                {65536, 17}, {258048, 64}, {258049, 64}, {0x7FFFFFFF, 64}, {0xFFFFFFFF, 64}};

    (void)state;
    register_driver();
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint32_t total, held;

        world->maximum = rows[i].maximum;
        assert_true(rig_initialize(world->machine, world->driver));
        assert_true(rig_map_registers(world->machine, world->dma, &total, &held));
        assert_int_equal(total, rows[i].registers);
        assert_int_equal(held, 0);
        assert_int_equal(world->list_size, 16 + 24 * rows[i].registers);
        assert_true(rig_halt(world->machine, world->adapter, NdisHaltDeviceDisabled));
        assert_false(rig_map_registers(world->machine, world->dma, &total, &held));
    }
}

static void test_halt_sweeps(void **state)
{
    struct rig_count count;

    (void)state;
    world->leave_registered = true;
    register_driver();
    assert_true(rig_initialize(world->machine, world->driver));
    assert_true(rig_halt(world->machine, world->adapter, NdisHaltDeviceDisabled));
    assert_int_equal(world->reports, 1);
    assert_int_equal(world->last, RULE_SG_38);
    rig_count(world->machine, &count);
    assert_int_equal(count.dma_adapters, 0);
    assert_int_equal(count.adapters, 0);
}

/* What a later room fills is NULL, not a stub. */
static void test_empty_slots_are_null(void **state)
{
    for (ULONG version = 0; version < 3; version++) {
        DEVICE_DESCRIPTION description = {.Version = version, .MaximumLength = 4096};
        ULONG registers;
        PDMA_ADAPTER adapter = IoGetDmaAdapter(NULL, &description, &registers);
        const DMA_OPERATIONS *operations = adapter->DmaOperations;

        (void)state;
        assert_null(operations->BuildMdlFromScatterGatherList);
        assert_null(operations->GetScatterGatherListEx);
        assert_int_equal(operations->CalculateScatterGatherList != NULL, version == 2);
        assert_int_equal(adapter->Version, 1); /* HAL-02 */
    }
}

static void start_running(void)
{
    register_driver();
    assert_true(rig_initialize(world->machine, world->driver));
    assert_true(rig_restart(world->machine, world->adapter));
}

/* What is completed in a row is completed one by one (LIFE-75). */
static void test_completed_in_a_row(void **state)
{
    PNET_BUFFER_LIST first, second;

    (void)state;
    start_running();
    first = make_packet(1514);
    second = make_packet(60);
    assert_true(rig_send(world->machine, world->adapter, first, DISPATCH_LEVEL));
    assert_true(rig_send(world->machine, world->adapter, second, DISPATCH_LEVEL));
    first->Next = second;
    NdisMSendNetBufferListsComplete(world->adapter, first, 0);
    assert_null(first->Next);
    assert_false(rig_net_buffer_list_owned(world->machine, first));
    assert_false(rig_net_buffer_list_owned(world->machine, second));
    assert_int_equal(world->reports, 0);
}

/* FSG-13: what a driver wrote into a NET_BUFFER that is mapped shows, field by field. */
static void test_mapped_net_buffer_is_written(void **state)
{
    PNET_BUFFER_LIST packet;
    PNET_BUFFER nb;
    PMDL chain;
    KIRQL old;

    (void)state;
    start_running();
    packet = make_packet(1514);
    nb = packet->FirstNetBuffer;
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    assert_true(rig_send(world->machine, world->adapter, packet, DISPATCH_LEVEL));
    assert_int_equal(
        NdisMAllocateNetBufferSGList(world->dma, nb, world, NDIS_SG_LIST_WRITE_TO_DEVICE, NULL, 0),
        NDIS_STATUS_SUCCESS);
    nb->DataLength--;
    NdisMFreeNetBufferSGList(world->dma, world->list, nb);
    nb->DataLength++;
    chain = nb->MdlChain;
    nb->MdlChain = NULL;
    NdisMFreeNetBufferSGList(world->dma, world->list, nb);
    nb->MdlChain = chain;
    assert_int_equal(world->reports, 2);
    assert_int_equal(world->last, RULE_FSG_13);
    NdisMFreeNetBufferSGList(world->dma, world->list, nb);
    assert_int_equal(world->reports, 2);
    KeLowerIrql(old);
}

/* The data starts where it can: not before the MDL chain, not behind its own end. */
static void test_data_start_has_bounds(void **state)
{
    PNET_BUFFER_LIST packet;
    PNET_BUFFER nb;

    (void)state;
    start_running();
    packet = make_packet(1514);
    nb = packet->FirstNetBuffer;
    assert_true(rig_send(world->machine, world->adapter, packet, DISPATCH_LEVEL));
    NdisAdvanceNetBufferDataStart(nb, 0xFFFFFFFF, FALSE, NULL);
    assert_int_equal(nb->DataOffset, 1514);
    assert_int_equal(nb->DataLength, 0);
    assert_int_equal(NdisRetreatNetBufferDataStart(nb, 0xFFFFFFFF, 0, NULL), NDIS_STATUS_SUCCESS);
    assert_int_equal(nb->DataOffset, 0);
    assert_int_equal(nb->DataLength, 1514);
    assert_int_equal(world->reports, 0);
}

/* A driver may have neither a reset handler nor one that checks for hang (LIFE-06). */
static void test_no_reset_without_a_handler(void **state)
{
    (void)state;
    start_running();
    assert_false(rig_reset_adapter(world->machine, world->adapter, PASSIVE_LEVEL));
}

/* The caller need not want to know the registers. */
static void test_calculate_without_registers(void **state)
{
    DEVICE_DESCRIPTION description = {.Version = DEVICE_DESCRIPTION_VERSION2,
                                      .MaximumLength = 4096};
    ULONG registers, size = 0;
    PDMA_ADAPTER adapter = IoGetDmaAdapter(NULL, &description, &registers);

    (void)state;
    assert_int_equal(
        adapter->DmaOperations->CalculateScatterGatherList(adapter, NULL, NULL, 4096, &size, NULL),
        STATUS_SUCCESS);
    assert_int_equal(size, 16 + 24);
}

/* LIFE-06: the handlers that programs do not leave out. */
static void test_handlers_are_required(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        NDIS_MINIPORT_DRIVER_CHARACTERISTICS c = good_driver();

        c.OidRequestHandler = i == 0 ? NULL : miniport_oid;
        c.CancelOidRequestHandler = i == 1 ? NULL : miniport_cancel;
        assert_int_equal(NdisMRegisterMiniportDriver(NULL, NULL, NULL, &c, &world->driver),
                         NDIS_STATUS_BAD_CHARACTERISTICS);
        assert_int_equal(world->last, RULE_LIFE_06);
        assert_int_equal(world->reports, i + 1);
    }
}

/* LIFE-05: the releases of NDIS 6. */
static void test_versions(void **state)
{
    static const UCHAR releases[] = {0, 1, 20, 30, 40, 50, 51, 60, 70, 80, 81, 82, 83, 84, 85, 86};

    (void)state;
    for (unsigned minor = 0, next = 0; minor < 256; minor++) {
        NDIS_MINIPORT_DRIVER_CHARACTERISTICS c = good_driver();
        bool exists = next < sizeof releases && releases[next] == minor;

        next += exists;
        c.MinorNdisVersion = (UCHAR)minor;
        assert_int_equal(NdisMRegisterMiniportDriver(NULL, NULL, NULL, &c, &world->driver),
                         exists ? NDIS_STATUS_SUCCESS : NDIS_STATUS_BAD_VERSION);
        if (exists)
            NdisMDeregisterMiniportDriver(world->driver);
    }
}

/* LIFE-08: each revision asks for its own size. */
static void test_sizes_of_revisions(void **state)
{
    static const USHORT sizes[] = {NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_1,
                                   NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2,
                                   NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_3,
                                   NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_3};

    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        NDIS_MINIPORT_DRIVER_CHARACTERISTICS c = good_driver();

        c.Header.Revision = (UCHAR)(i + 1);
        c.Header.Size = (USHORT)(sizes[i] - 1);
        assert_int_equal(NdisMRegisterMiniportDriver(NULL, NULL, NULL, &c, &world->driver),
                         NDIS_STATUS_BAD_CHARACTERISTICS);
        c.Header.Size = sizes[i];
        assert_int_equal(NdisMRegisterMiniportDriver(NULL, NULL, NULL, &c, &world->driver),
                         NDIS_STATUS_SUCCESS);
        assert_int_equal(world->reports, i + 1);
    }
}

/* A handle whose slot lies behind its table names nothing. */
/* What a device writes by a bare MDL's list is there when the list is freed as one from the device. */
static void test_bare_mdl_from_device(void **state)
{
    static _Alignas(8) uint8_t memory[256];
    uint8_t *bytes = rig_buffer(world->machine, 8, 0, RIG_ADJACENT);
    NDIS_SCATTER_GATHER_LIST_PARAMETERS p = {
        .Header = {NDIS_OBJECT_TYPE_DEFAULT, NDIS_SCATTER_GATHER_LIST_PARAMETERS_REVISION_1,
                   NDIS_SIZEOF_SCATTER_GATHER_LIST_PARAMETERS_REVISION_1},
        .Mdl = rig_mdl(world->machine, bytes, 8, NULL),
        .Length = 8,
        .ProcessSGListHandler = process,
        .Context = world,
        .ScatterGatherListBuffer = (PSCATTER_GATHER_LIST)(void *)memory,
        .ScatterGatherListBufferSize = sizeof memory,
    };
    KIRQL old;

    (void)state;
    p.CurrentVa = MmGetMdlVirtualAddress(p.Mdl);
    assert_true(rig_set(world->machine, SETTING_personality, 1)); /* bounced */
    register_driver();
    assert_true(rig_initialize(world->machine, world->driver));
    memset(bytes, 'b', 8);
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    for (unsigned to_device = 2; to_device-- > 0;) {
        assert_int_equal(NdisBuildScatterGatherList(world->adapter, &p), NDIS_STATUS_SUCCESS);
        assert_true(rig_bus_write(
            world->machine, (uint64_t)world->list->Elements[0].Address.QuadPart, "device!", 8));
        NdisFreeScatterGatherList(world->adapter, world->list, to_device != 0);
        assert_int_equal(bytes[0], to_device ? 'b' : 'd');
    }
    KeLowerIrql(old);
    assert_int_equal(world->reports, 0);
}

static void test_handle_behind_its_table(void **state)
{
    (void)state;
    register_driver();
    assert_true(rig_initialize(world->machine, world->driver));
    world->adapter = (NDIS_HANDLE)((uintptr_t)world->adapter + ((uintptr_t)4 << 32));
    assert_false(rig_restart(world->machine, world->adapter));
    assert_int_equal(world->reports, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_life, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reset_is_fresh, setup, teardown),
        cmocka_unit_test_setup_teardown(test_registers_follow_the_mapping, setup, teardown),
        cmocka_unit_test_setup_teardown(test_halt_sweeps, setup, teardown),
        cmocka_unit_test_setup_teardown(test_empty_slots_are_null, setup, teardown),
        cmocka_unit_test_setup_teardown(test_completed_in_a_row, setup, teardown),
        cmocka_unit_test_setup_teardown(test_mapped_net_buffer_is_written, setup, teardown),
        cmocka_unit_test_setup_teardown(test_data_start_has_bounds, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_reset_without_a_handler, setup, teardown),
        cmocka_unit_test_setup_teardown(test_calculate_without_registers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_handlers_are_required, setup, teardown),
        cmocka_unit_test_setup_teardown(test_versions, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sizes_of_revisions, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bare_mdl_from_device, setup, teardown),
        cmocka_unit_test_setup_teardown(test_handle_behind_its_table, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
