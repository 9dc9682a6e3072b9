/*
 * test_provider.c: what a NetDMA provider may do that no program does: guess the handle that its
 * registration will return, claim to be 1.255.
 */
#include "miniport.h"
#include "netdma.h"

static struct machine *machine;
static PDEVICE_OBJECT object;
static PVOID handle, guess;
static enum rig_rule last;

static NTSTATUS allocate(PVOID context, PNET_DMA_CHANNEL_PARAMETERS parameters, PVOID channel,
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
                      ULONG count)
{
    (void)channel;
    (void)first;
    (void)address;
    (void)count;
    return STATUS_UNSUCCESSFUL;
}

static NTSTATUS on_affinity(PVOID context, PNET_DMA_CHANNEL_CPU_AFFINITY array, ULONG size)
{
    (void)context;
    (void)array;
    (void)size;
    if (guess)
        NetDmaDeregisterProvider(guess);
    return STATUS_SUCCESS;
}

static void on_report(void *context, const struct rig_report *report)
{
    (void)context;
    last = report->rule;
}

static NTSTATUS register_provider(UCHAR minor, USHORT size)
{
    NET_DMA_PROVIDER_CHARACTERISTICS characteristics = {
        .MajorVersion = 1,
        .MinorVersion = minor,
        .Size = size,
        .PhysicalDeviceObject = object,
        .MaxDmaChannelCount = 1,
        .SetDmaChannelCpuAffinity = on_affinity,
        .AllocateDmaChannel = allocate,
        .FreeDmaChannel = free_channel,
        .StartDma = start,
        .AppendDma = start,
    };

    return NetDmaRegisterProvider(NULL, &handle, &characteristics);
}

/* Deregisters what it has, and guesses the handle that follows. */
static NTSTATUS add_device(void *context, PDEVICE_OBJECT pdo)
{
    (void)context;
    object = pdo;
    assert_ptr_equal(pdo->AttachedDevice, rig_fdo(machine, pdo));
    assert_int_equal(register_provider(1, sizeof(NET_DMA_PROVIDER_CHARACTERISTICS)),
                     STATUS_SUCCESS);
    NetDmaDeregisterProvider(handle);
    assert_int_equal(last, RULE_NONE);
    guess = (PVOID)((uintptr_t)handle + 1);
    assert_int_equal(register_provider(1, sizeof(NET_DMA_PROVIDER_CHARACTERISTICS)),
                     STATUS_SUCCESS);
    assert_ptr_equal(handle, guess);
    return STATUS_SUCCESS;
}

static NTSTATUS add_device_of_1_255(void *context, PDEVICE_OBJECT pdo)
{
    (void)context;
    object = pdo;
    return register_provider(255, offsetof(NET_DMA_PROVIDER_CHARACTERISTICS, FriendlyName));
}

/* PRV-10, PRV-13: below 2.0 the name may be left out, whatever the version. */
static void test_last_version_below_2_0(void **state)
{
    struct rig_hooks hooks = {.add_device = add_device_of_1_255, .report = on_report};

    (void)state;
    machine = miniport_make_machine(&hooks);
    assert_true(rig_add_device(machine));
    assert_int_equal(last, RULE_PRV_13);
    miniport_drop_machine(machine);
}

/* PRV-04: a handle is good once the registration has returned it. */
static void test_guessed_handle(void **state)
{
    struct rig_hooks hooks = {.add_device = add_device, .report = on_report};
    struct rig_count count;

    (void)state;
    last = RULE_NONE;
    machine = miniport_make_machine(&hooks);
    assert_true(rig_add_device(machine));
    assert_int_equal(last, RULE_PRV_05);
    rig_count(machine, &count);
    assert_int_equal(count.providers, 1);
    miniport_drop_machine(machine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_last_version_below_2_0),
        cmocka_unit_test(test_guessed_handle),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
