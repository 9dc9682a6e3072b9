/*
 * test_channels.c: DMA channels on buses, and with numbers, that no program names.
 */
#include "miniport.h"

static struct machine *machine;
static NDIS_STATUS registered;
static INTERFACE_TYPE bus;

static NDIS_STATUS initialize(NDIS_HANDLE adapter, NDIS_HANDLE context,
                              PNDIS_MINIPORT_INIT_PARAMETERS parameters)
{
    NDIS_MINIPORT_ADAPTER_ATTRIBUTES attributes = {
        .RegistrationAttributes = {
            .Header = {NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES, 1,
                       NDIS_SIZEOF_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES_REVISION_1},
            .InterfaceType = bus,
        }};
    NDIS_DMA_DESCRIPTION description = {
        .DmaChannelSpecified = TRUE, .DmaChannel = 7, .DmaWidth = Width8Bits};
    NDIS_HANDLE channel;

    (void)context;
    (void)parameters;
    assert_int_equal(NdisMSetMiniportAttributes(adapter, &attributes), NDIS_STATUS_SUCCESS);
    assert_false(rig_claimed(machine, 7));
    registered = NdisMRegisterDmaChannel(&channel, adapter, 0, FALSE, &description, 4096);
    assert_int_equal(rig_claimed(machine, 7), registered == NDIS_STATUS_SUCCESS);
    assert_false(rig_claimed(machine, 8)); /* there is none */
    if (registered == NDIS_STATUS_SUCCESS)
        NdisMDeregisterDmaChannel(channel);
    assert_false(rig_claimed(machine, 7));
    return NDIS_STATUS_FAILURE;
}

static NDIS_STATUS register_on(int type)
{
    NDIS_MINIPORT_DRIVER_CHARACTERISTICS c = miniport_characteristics(initialize);
    NDIS_HANDLE driver;

    bus = (INTERFACE_TYPE)type;
    assert_int_equal(NdisMRegisterMiniportDriver(NULL, NULL, NULL, &c, &driver),
                     NDIS_STATUS_SUCCESS);
    assert_true(rig_initialize(machine, driver));
    NdisMDeregisterMiniportDriver(driver);
    return registered;
}

/* CH-13: on a bus that there is, whichever it is. */
static void test_buses(void **state)
{
    struct rig_hooks none = {0};
    struct rig_count count;

    (void)state;
    machine = miniport_make_machine(&none);
    assert_int_equal(register_on(InterfaceTypeUndefined), NDIS_STATUS_FAILURE);
    for (int type = Internal; type <= PCIBus; type++)
        assert_int_equal(register_on(type), NDIS_STATUS_SUCCESS);
    assert_int_equal(register_on(PCIBus + 1), NDIS_STATUS_FAILURE);
    rig_count(machine, &count);
    assert_int_equal(count.reports, 0);
    miniport_drop_machine(machine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_buses)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
