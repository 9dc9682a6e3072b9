/*
 * interpret_netdma.c: a NetDMA provider's driver and its devices.
 */
#include "interpret.h"

/* choices `entries`, `name`, `size`, `object`, `space`, in their order */
enum { NO_allocate = 1, NO_free, NO_start, NO_append, NO_resume, NO_optional, NO_affinity };
enum { NAME_good, NAME_empty, NAME_odd, NAME_too_long, NAME_no_buffer };
enum { SIZE_sizeof, SIZE_without_name, SIZE_short, SIZE_zero, SIZE_long };
enum { OBJECT_pdo, OBJECT_fdo, OBJECT_null };
enum { SPACE_64_bits, SPACE_32_bits, SPACE_zero };

/* ---- plug and play ---- */

void interpret_add_device(struct runner *r, struct call *c)
{
    result_happened(r, c, rig_add_device(r->machine));
}

#define PNP(operation, irp)                                             \
    void interpret_##operation(struct runner *r, struct call *c)        \
    {                                                                   \
        result_happened(r, c, rig_pnp(r->machine, c->a[0].value, irp)); \
    }
PNP(start_device, RIG_START_DEVICE)
PNP(stop_device, RIG_STOP_DEVICE)
PNP(remove_device, RIG_REMOVE_DEVICE)
PNP(surprise_removal, RIG_SURPRISE_REMOVAL)
PNP(query_stop, RIG_QUERY_STOP_DEVICE)
PNP(cancel_stop, RIG_CANCEL_STOP_DEVICE)
PNP(query_remove, RIG_QUERY_REMOVE_DEVICE)
PNP(cancel_remove, RIG_CANCEL_REMOVE_DEVICE)
PNP(filter_resource_requirements, RIG_FILTER_RESOURCE_REQUIREMENTS)
#undef PNP

void interpret_unload(struct runner *r, struct call *c)
{
    result_happened(r, c, rig_unload(r->machine));
}

void interpret_engine_on(struct runner *r, struct call *c)
{
    result_happened(r, c, rig_engine(r->machine, c->a[0].value, true));
}

void interpret_engine_off(struct runner *r, struct call *c)
{
    result_happened(r, c, rig_engine(r->machine, c->a[0].value, false));
}

/* ---- the provider's entry points ---- */

static bool affinity_right(const struct oracle *o, const struct o_provider *provider,
                           const NET_DMA_CHANNEL_CPU_AFFINITY *array, ULONG size)
{
    uint64_t seen = 0;

    if (!array || size != provider->channels * sizeof *array)
        return false;
    for (unsigned i = 0; i < provider->channels; i++) {
        if (array[i].DmaChannel >= provider->channels || seen >> array[i].DmaChannel & 1 ||
            array[i].CpuNumber >= o->settings[SETTING_processors])
            return false;
        seen |= UINT64_C(1) << array[i].DmaChannel;
    }
    return true;
}

static NTSTATUS on_affinity(PVOID context, PNET_DMA_CHANNEL_CPU_AFFINITY array, ULONG size)
{
    struct runner *r = runner_playing();
    const struct oracle *o = &r->oracle;

    if (!r->over && o->expected.kind == FRAME_affinity) {
        const struct o_provider *provider = &o->provider[o->expected.object];

        digest_add(r, size);
        if (broken(r, PROPERTY_NETDMA_AFFINITY, affinity_right(o, provider, array, size)))
            failed_number(r, PROPERTY_NETDMA_AFFINITY, "each channel once, bytes",
                          provider->channels * sizeof *array, size);
    }
    return callback(r, FRAME_affinity, CLASS_provider, context, NULL);
}

/* Channels are not opened yet: none of these has a cause. */
static NTSTATUS on_allocate(PVOID context, PNET_DMA_CHANNEL_PARAMETERS parameters, PVOID handle,
                            PVOID *channel)
{
    (void)context;
    (void)parameters;
    (void)handle;
    (void)channel;
    callback_unexpected(runner_playing(), "ProviderAllocateDmaChannel");
    return STATUS_UNSUCCESSFUL;
}

static VOID on_free(PVOID channel)
{
    (void)channel;
    callback_unexpected(runner_playing(), "ProviderFreeDmaChannel");
}

static NTSTATUS on_descriptors(PVOID channel, PNET_DMA_DESCRIPTOR first, PHYSICAL_ADDRESS address,
                               ULONG count)
{
    (void)channel;
    (void)first;
    (void)address;
    (void)count;
    callback_unexpected(runner_playing(), "ProviderStartDma or ProviderAppendDma");
    return STATUS_UNSUCCESSFUL;
}

static NTSTATUS on_suspend(PVOID channel, PPHYSICAL_ADDRESS *last)
{
    (void)channel;
    (void)last;
    callback_unexpected(runner_playing(), "ProviderSuspendDma");
    return STATUS_UNSUCCESSFUL;
}

static NTSTATUS on_channel(PVOID channel)
{
    (void)channel;
    callback_unexpected(runner_playing(), "ProviderResumeDma, AbortDma or ResetChannel");
    return STATUS_UNSUCCESSFUL;
}

/* ---- registration ---- */

static void set_entries(NET_DMA_PROVIDER_CHARACTERISTICS *p, unsigned choice)
{
    p->SetDmaChannelCpuAffinity = choice == NO_affinity ? NULL : on_affinity;
    p->AllocateDmaChannel = choice == NO_allocate ? NULL : on_allocate;
    p->FreeDmaChannel = choice == NO_free ? NULL : on_free;
    p->StartDma = choice == NO_start ? NULL : on_descriptors;
    p->AppendDma = choice == NO_append ? NULL : on_descriptors;
    if (choice == NO_optional)
        return;
    p->SuspendDma = on_suspend;
    p->ResumeDma = choice == NO_resume ? NULL : on_channel;
    p->AbortDma = on_channel;
    p->ResetChannel = on_channel;
}

static void set_name(UNICODE_STRING *name, unsigned choice, WCHAR text[4])
{
    name->Buffer = choice == NAME_no_buffer ? NULL : text;
    name->Length = choice == NAME_empty ? 0 : choice == NAME_odd ? 5 : 6;
    name->MaximumLength = choice == NAME_too_long ? 4 : 8;
}

static void set_header(NET_DMA_PROVIDER_CHARACTERISTICS *p, const struct call *c)
{
    static const UCHAR versions[7][2] = {{1, 0}, {1, 1}, {2, 0}, {2, 1}, {2, 2}, {3, 0}, {0, 9}};
    static const USHORT sizes[5] = {sizeof *p,
                                    offsetof(NET_DMA_PROVIDER_CHARACTERISTICS, FriendlyName),
                                    sizeof *p - 8, 0, sizeof *p + 8};

    p->MajorVersion = versions[c->a[1].n][0];
    p->MinorVersion = versions[c->a[1].n][1];
    p->Size = sizes[c->a[6].n];
    p->Flags = c->a[4].n;
    p->MaxDmaChannelCount = c->length;
}

static PDEVICE_OBJECT object_of(struct runner *r, const struct call *c)
{
    if (c->a[7].n == OBJECT_null)
        return NULL;
    return c->a[7].n == OBJECT_fdo ? rig_fdo(r->machine, c->a[0].value) : c->a[0].value;
}

void interpret_NetDmaRegisterProvider(struct runner *r, struct call *c)
{
    WCHAR text[4] = {'d', 'm', 'a', 0};
    void *untouched = context_of(CLASS_nothing, 3);
    PVOID handle = untouched;
    union given *given = give(r);
    NET_DMA_PROVIDER_CHARACTERISTICS *p = &given->provider;
    NTSTATUS status;

    set_header(p, c);
    p->PhysicalDeviceObject = object_of(r, c);
    set_entries(p, c->a[3].n);
    set_name(&p->FriendlyName, c->a[5].n, text);
    status = NetDmaRegisterProvider(context_of(CLASS_provider, c->made), &handle, p);
    spoil(given);
    result_status(r, c, status);
    result_handle(r, c, handle, untouched);
}

void interpret_NetDmaDeregisterProvider(struct runner *r, struct call *c)
{
    NetDmaDeregisterProvider(c->a[0].value);
    result_void(r, c);
}

void interpret_NetDmaProviderStart(struct runner *r, struct call *c)
{
    static const USHORT sizes[5] = {
        sizeof(NET_DMA_PROVIDER_ATTRIBUTES), sizeof(NET_DMA_PROVIDER_ATTRIBUTES) - 16,
        sizeof(NET_DMA_PROVIDER_ATTRIBUTES) - 8, 0, sizeof(NET_DMA_PROVIDER_ATTRIBUTES) + 8};
    NET_DMA_PROVIDER_ATTRIBUTES a;

    memset(&a, 0, sizeof a);
    a.MajorHwVersion = 1;
    a.Size = sizes[c->a[3].n];
    a.Flags = c->a[6].n;
    a.VendorId = c->a[4].n ? 0x10000 : 0xFFFF; /* ATT-02: at the border */
    a.DmaChannelCount = c->length;
    a.MaximumTransferSize = c->offset;
    if (c->a[5].n != SPACE_zero)
        a.MaximumAddressSpace.QuadPart = c->a[5].n == SPACE_32_bits ? UINT32_MAX : INT64_MAX;
    NetDmaProviderStart(c->a[0].value, &a);
    result_void(r, c);
}

void interpret_NetDmaProviderStop(struct runner *r, struct call *c)
{
    NetDmaProviderStop(c->a[0].value);
    result_void(r, c);
}

void interpret_NetDmaGetVersion(struct runner *r, struct call *c)
{
    result_number(r, c, PROPERTY_NETDMA_VERSION, NetDmaGetVersion());
}
