/*
 * test_full_memory.c: as many blocks of shared memory, common buffers and packets as there can be, and
 * what looks through them stops at the end of the table. The sanitized build sees whether it does.
 */
#include "miniport.h"

enum { MOST = 64, TOO_LONG = 1 << 20 };

static struct machine *machine;
static unsigned reports[RULE_COUNT], taken, given;
static bool leave, in_vain;
static PVOID addresses[MOST], bases[MOST + 1];
static NDIS_PHYSICAL_ADDRESS physical[MOST];
static PMDL mdl;

static void on_report(void *context, const struct rig_report *report)
{
    (void)context;
    reports[report->rule]++;
}

static int setup(void **state)
{
    struct rig_hooks hooks = {.report = on_report};

    (void)state;
    machine = miniport_make_machine(&hooks);
    memset(reports, 0, sizeof reports);
    taken = given = 0;
    leave = in_vain = false;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    miniport_drop_machine(machine);
    return 0;
}

/* Rules broken so far. */
static unsigned reported(void)
{
    unsigned sum = 0;

    for (unsigned i = 0; i < RULE_COUNT; i++)
        sum += reports[i];
    return sum;
}

/* ---- blocks ---- */

static VOID process(PDEVICE_OBJECT object, PVOID reserved, PSCATTER_GATHER_LIST list, PVOID context)
{
    (void)object;
    (void)reserved;
    (void)list;
    (void)context;
}

static VOID complete(NDIS_HANDLE context, PVOID address, PNDIS_PHYSICAL_ADDRESS bus, ULONG length,
                     PVOID own)
{
    (void)context;
    (void)address;
    (void)bus;
    (void)length;
    (void)own;
}

static NDIS_HANDLE register_dma(NDIS_HANDLE adapter)
{
    NDIS_SG_DMA_DESCRIPTION description = {
        .Header = {NDIS_OBJECT_TYPE_SG_DMA_DESCRIPTION, NDIS_SG_DMA_DESCRIPTION_REVISION_1,
                   NDIS_SIZEOF_SG_DMA_DESCRIPTION_REVISION_1},
        .MaximumPhysicalMapping = 65536,
        .ProcessSGListHandler = process,
        .SharedMemAllocateCompleteHandler = complete,
    };
    NDIS_HANDLE dma;

    miniport_set_attributes(adapter, NULL);
    assert_int_equal(NdisMRegisterScatterGatherDma(adapter, &description, &dma),
                     NDIS_STATUS_SUCCESS);
    return dma;
}

/* The next block can be had, and is one that no other lies in. */
static bool take(NDIS_HANDLE adapter)
{
    NDIS_PHYSICAL_ADDRESS bus;
    PVOID address;

    NdisMAllocateSharedMemory(adapter, 64, TRUE, &address, &bus);
    if (!address)
        return false;
    memset(address, (int)taken, 64);
    for (unsigned i = 0; i < taken; i++)
        assert_int_equal(*(uint8_t *)addresses[i], i);
    addresses[taken] = address;
    physical[taken++] = bus;
    return true;
}

static void find_nothing(NDIS_HANDLE adapter, NDIS_HANDLE dma)
{
    uint8_t elsewhere;

    NdisMFreeSharedMemory(adapter, 64, TRUE, &elsewhere, physical[0]);
    assert_int_equal(reports[RULE_SHM_41], 1);
    assert_false(rig_device_program(machine, &elsewhere, true));
    assert_false(rig_device_common(machine, 0, 0, 1, &elsewhere, true));
    assert_int_equal(reports[RULE_E6_26], 1);
    assert_int_equal(NdisMAllocateSharedMemoryAsyncEx(dma, 64, TRUE, NULL), NDIS_STATUS_FAILURE);
    assert_true(rig_device_stop(machine, adapter));
    assert_int_equal(reported(), 2);
}

/* No block is left, and what held them is HAL's again. */
static void give_back(NDIS_HANDLE adapter, NDIS_HANDLE dma)
{
    struct rig_count count;

    for (given = 0; given < taken; given++) {
        NdisMFreeSharedMemory(adapter, 64, TRUE, addresses[given], physical[given]);
        rig_count(machine, &count);
        assert_int_equal(count.blocks_live, taken - given - 1);
    }
    rig_count(machine, &count);
    assert_int_equal(count.common_buffers, 0);
    NdisMDeregisterScatterGatherDma(dma);
    assert_int_equal(reported(), 2);
}

static NDIS_STATUS initialize(NDIS_HANDLE adapter, NDIS_HANDLE context,
                              PNDIS_MINIPORT_INIT_PARAMETERS parameters)
{
    NDIS_HANDLE dma = register_dma(adapter);
    NDIS_PHYSICAL_ADDRESS bus;
    PVOID address = NULL;

    (void)context;
    (void)parameters;
    if (in_vain) /* one that finds no memory counts (AMB-24) */
        NdisMAllocateSharedMemory(adapter, TOO_LONG, TRUE, &address, &bus);
    assert_null(address);
    while (take(adapter))
        assert_true(taken <= MOST);
    NdisWriteErrorLogEntry(adapter, 0, 0);
    find_nothing(adapter, dma);
    if (!leave)
        give_back(adapter, dma);
    return NDIS_STATUS_FAILURE;
}

static void run_miniport(void)
{
    NDIS_MINIPORT_DRIVER_CHARACTERISTICS c = miniport_characteristics(initialize);
    NDIS_HANDLE driver;

    assert_int_equal(NdisMRegisterMiniportDriver(NULL, NULL, NULL, &c, &driver),
                     NDIS_STATUS_SUCCESS);
    assert_true(rig_initialize(machine, driver));
    NdisMDeregisterMiniportDriver(driver);
}

static void test_blocks(void **state)
{
    (void)state;
    run_miniport();
    assert_int_equal(taken, MOST);
    assert_int_equal(reported(), 2);
}

static void test_blocks_in_pages(void **state)
{
    (void)state;
    assert_true(rig_set(machine, SETTING_pack_blocks, 1));
    in_vain = true;
    run_miniport();
    assert_int_equal(taken, MOST - 1);
    assert_int_equal(reported(), 2);
}

static void test_blocks_left_behind(void **state)
{
    struct rig_count count;

    (void)state;
    leave = true;
    run_miniport();
    assert_int_equal(reports[RULE_SHM_11], MOST);
    assert_int_equal(reported(), 2 + MOST);
    rig_count(machine, &count);
    assert_int_equal(count.blocks_live + count.common_buffers + count.dma_adapters, 0);
}

/* ---- common buffers ---- */

static PDMA_ADAPTER get_adapter(BOOLEAN master)
{
    DEVICE_DESCRIPTION description = {.Version = DEVICE_DESCRIPTION_VERSION2,
                                      .Master = master,
                                      .ScatterGather = master,
                                      .MaximumLength = 65536};
    ULONG registers;

    return IoGetDmaAdapter(NULL, &description, &registers);
}

static void test_common_buffers(void **state)
{
    PDMA_ADAPTER hal = get_adapter(TRUE), other = get_adapter(TRUE);
    uint8_t elsewhere;

    (void)state;
    while ((addresses[taken] =
                hal->DmaOperations->AllocateCommonBuffer(hal, 1, &physical[taken], TRUE)))
        if (++taken == MOST)
            break;
    assert_int_equal(taken, MOST);
    assert_null(hal->DmaOperations->AllocateCommonBuffer(hal, 1, &physical[0], TRUE));
    hal->DmaOperations->FreeCommonBuffer(hal, 1, physical[0], &elsewhere, TRUE);
    assert_int_equal(reports[RULE_E6_03], 1);
    other->DmaOperations->PutDmaAdapter(other);
    for (unsigned i = 0; i < taken; i++)
        hal->DmaOperations->FreeCommonBuffer(hal, 1, physical[i], addresses[i], TRUE);
    hal->DmaOperations->PutDmaAdapter(hal);
    assert_int_equal(reported(), 1);
}

/* ---- packets ---- */

static IO_ALLOCATION_ACTION control(PDEVICE_OBJECT object, PIRP irp, PVOID base, PVOID context)
{
    (void)object;
    (void)irp;
    (void)context;
    bases[taken] = base;
    return DeallocateObjectKeepRegisters;
}

static void fill_packets(PDMA_ADAPTER hal)
{
    for (taken = 0; taken < MOST; taken++)
        assert_int_equal(hal->DmaOperations->AllocateAdapterChannel(hal, NULL, 0, control, NULL),
                         STATUS_SUCCESS);
    assert_int_equal(hal->DmaOperations->AllocateAdapterChannel(hal, NULL, 0, control, NULL),
                     STATUS_INSUFFICIENT_RESOURCES);
}

static void test_packets(void **state)
{
    PDMA_ADAPTER hal = get_adapter(TRUE), slave = get_adapter(FALSE);
    ULONG length = 1;
    KIRQL old;

    (void)state;
    mdl = rig_mdl(machine, rig_buffer(machine, 64, 0, RIG_ADJACENT), 64, NULL);
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    fill_packets(hal);
    hal->DmaOperations->MapTransfer(hal, mdl, &length, MmGetMdlVirtualAddress(mdl), &length, TRUE);
    hal->DmaOperations->FreeMapRegisters(hal, &length, 0);
    slave->DmaOperations->FreeAdapterChannel(slave);
    assert_int_equal(reports[RULE_VRF_15], 1);
    assert_int_equal(reports[RULE_E6_05], 1);
    assert_int_equal(reports[RULE_E6_04], 1);
    slave->DmaOperations->PutDmaAdapter(slave);
    hal->DmaOperations->PutDmaAdapter(hal);
    assert_int_equal(reports[RULE_E6_09], 1);
    for (unsigned i = 0; i < MOST; i++)
        hal->DmaOperations->FreeMapRegisters(hal, bases[i], 0);
    hal->DmaOperations->PutDmaAdapter(hal);
    KeLowerIrql(old);
    assert_int_equal(reported(), 4);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(blocks),         TEST(blocks_in_pages), TEST(blocks_left_behind),
        TEST(common_buffers), TEST(packets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
