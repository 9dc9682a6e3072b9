/*
 * netdma_provider.c: the registry of NetDMA providers.
 *
 * A provider is one DMA engine: registered in AddDevice, started and stopped as its device is, and
 * deregistered when the device goes. Handles are made here; the provider's context goes back to it
 * unchanged (PRV-03).
 */
#include "netdma_layer.h"
#include <string.h>

static unsigned interface_version(const struct machine *machine)
{
    static const unsigned versions[] = {0, 0x100, 0x101, 0x200, 0x201};

    return versions[machine->settings[SETTING_netdma_version]];
}

struct provider *provider_of_device(struct machine *machine, const struct device *device)
{
    EACH (struct provider, provider, machine, providers)
        if (provider->live && provider->device == device)
            return provider;
    return NULL;
}

void provider_end(struct machine *machine, struct provider *provider, enum rig_rule rule,
                  const char *call)
{
    verifier_finds(machine, rule, call, provider->made);
    provider->live = provider->started = false;
}

/* Whether the innermost frame is a callback of this device at SITE, for IRP where that is PnP. */
static bool inside(const struct machine *machine, const struct device *device, enum site site,
                   enum rig_irp irp)
{
    const struct frame *frame = frame_current(machine);

    return frame && frame->object == device && frame->site == site && frame->irp == irp;
}

/* ---- registration ---- */

static enum rig_rule check_characteristics(struct machine *machine,
                                           const NET_DMA_PROVIDER_CHARACTERISTICS *c)
{
    const UNICODE_STRING *name = &c->FriendlyName;
    unsigned version = (unsigned)c->MajorVersion << 8 | c->MinorVersion;
    ULONG flags = (version >= 0x200 ? NET_DMA_PROVIDER_CHARACTERISTICS_DCA_SUPPORTED : 0) |
                  (version >= 0x201 ? NET_DMA_PROVIDER_SUPPORTS_PROC_GROUPS : 0);

    /* NVER-08: providers before 2.0 may leave the name out */
    if (c->Size != sizeof *c &&
        (version >= 0x200 || c->Size != offsetof(NET_DMA_PROVIDER_CHARACTERISTICS, FriendlyName)))
        return RULE_PRV_10;
    if (!device_of_pdo(machine, c->PhysicalDeviceObject))
        return RULE_PRV_11;
    if (version > interface_version(machine))
        return RULE_NVER_03;
    if (version != 0x100 && version != 0x101 && version != 0x200 && version != 0x201)
        return RULE_PRV_13;
    if (c->MaxDmaChannelCount == 0)
        return RULE_PRV_12;
    if (!c->AllocateDmaChannel || !c->FreeDmaChannel || !c->StartDma || !c->AppendDma)
        return RULE_PRV_06;
    if (c->SuspendDma && !c->ResumeDma)
        return RULE_PRV_08;
    if (c->Flags & ~flags)
        return RULE_NVER_06;
    return version >= 0x200 && (name->Length == 0 || name->Length % 2 != 0 ||
                                name->Length > name->MaximumLength || !name->Buffer)
               ? RULE_NVER_07
               : RULE_NONE;
}

/* PRV-02, PRV-01: where registration is made from. */
static enum rig_rule check_site(struct machine *machine, const NET_DMA_PROVIDER_CHARACTERISTICS *c)
{
    const struct frame *frame = frame_current(machine);
    const struct device *device = device_of_pdo(machine, c->PhysicalDeviceObject);

    if (frame && frame->site == SITE_PNP)
        return RULE_PRV_02;
    if (!frame || frame->site != SITE_ADD_DEVICE)
        return RULE_PRV_01;
    return device && (frame->object != device || provider_of_device(machine, device))
               ? RULE_PRV_01
               : RULE_NONE; /* without a device PRV-11 will say so */
}

/* AFF-01..03: one entry for each channel there could be; the array goes when the call ends. */
static void tell_affinities(struct machine *machine, const NET_DMA_PROVIDER_CHARACTERISTICS *c,
                            PVOID context)
{
    NET_DMA_CHANNEL_CPU_AFFINITY affinities[RIG_CHANNELS];
    ULONG count = c->MaxDmaChannelCount;

    for (ULONG i = 0; i < count; i++)
        affinities[i] =
            (NET_DMA_CHANNEL_CPU_AFFINITY){i, i % machine->settings[SETTING_processors]};
    frame_enter(machine, SITE_OTHER, PASSIVE_LEVEL);
    c->SetDmaChannelCpuAffinity(context, affinities, count * (ULONG)sizeof affinities[0]);
    frame_leave(machine, "ProviderSetDmaChannelCpuAffinity");
}

NTSTATUS NetDmaRegisterProvider(PVOID ProviderContext, PVOID *pNetDmaProviderHandle,
                                PNET_DMA_PROVIDER_CHARACTERISTICS ProviderCharacteristics)
{
    struct machine *machine = machine_bound();
    const NET_DMA_PROVIDER_CHARACTERISTICS *c = ProviderCharacteristics;
    enum rig_rule rule;
    struct provider *provider;
    uint32_t generation;
    bool affinity;

    if (interface_version(machine) == 0)
        return STATUS_UNSUCCESSFUL; /* ACT-07 */
    rule = processor_irql(machine) != PASSIVE_LEVEL ? RULE_CTX_01 : check_site(machine, c);
    if (!rule)
        rule = check_characteristics(machine, c);
    if (verifier_finds(machine, rule, __func__, 0))
        return STATUS_UNSUCCESSFUL;
    affinity = machine->settings[SETTING_msi_x] && c->SetDmaChannelCpuAffinity;
    if (c->MaxDmaChannelCount > RIG_CHANNELS || (affinity && machine->frame_count == RIG_FRAMES))
        return STATUS_INSUFFICIENT_RESOURCES;
    provider = slot_take(machine, SETTING_providers, RIG_SITE_provider,
                         TABLE(machine, providers, live), 0);
    if (!provider)
        return STATUS_INSUFFICIENT_RESOURCES;
    *provider = (struct provider){
        .generation = provider->generation + 1,
        .made = machine->origin,
        .live = true,
        .device = device_of_pdo(machine, c->PhysicalDeviceObject),
        .channels = c->MaxDmaChannelCount,
    };
    generation = provider->generation;
    if (affinity)
        tell_affinities(machine, c, ProviderContext);
    else if (machine->settings[SETTING_msi_x])
        verifier_finds(machine, RULE_PRV_09, __func__, 0);
    provider->handed_out = true;
    *pNetDmaProviderHandle =
        handle_make(HANDLE_PROVIDER, (unsigned)(provider - machine->providers), generation);
    return STATUS_SUCCESS;
}

/* ---- the handle's calls ---- */

/* PRV-42, PRV-05, CTX-01 */
static enum rig_rule check_handle(struct machine *machine, PVOID handle, struct provider **provider)
{
    bool stale;

    *provider = handle_find(handle, HANDLE_PROVIDER, TABLE(machine, providers, live), &stale);
    if (*provider && !(*provider)->handed_out)
        *provider = NULL; /* PRV-04: a guess */
    if (!*provider)
        return stale ? RULE_PRV_42 : RULE_PRV_05;
    return processor_irql(machine) != PASSIVE_LEVEL ? RULE_CTX_01 : RULE_NONE;
}

VOID NetDmaDeregisterProvider(PVOID NetDmaProviderHandle)
{
    struct machine *machine = machine_bound();
    struct provider *provider;
    enum rig_rule rule = check_handle(machine, NetDmaProviderHandle, &provider);

    if (!rule && provider->started)
        rule = RULE_PRV_34;
    if (verifier_finds(machine, rule, __func__, provider ? provider->made : 0))
        return;
    if (!inside(machine, provider->device, SITE_ADD_DEVICE, 0) &&
        !inside(machine, provider->device, SITE_PNP, RIG_REMOVE_DEVICE))
        verifier_finds(machine, RULE_PRV_41, __func__, provider->made);
    provider->live = false;
}

static enum rig_rule check_attributes(const NET_DMA_PROVIDER_ATTRIBUTES *a)
{
    if (a->Size != sizeof *a || a->Flags)
        return RULE_ATT_01;
    if (a->VendorId > 0xFFFF)
        return RULE_ATT_02;
    if (a->DmaChannelCount == 0)
        return RULE_ATT_03;
    if (a->MaximumTransferSize < PAGE_SIZE)
        return RULE_ATT_04;
    return a->MaximumAddressSpace.QuadPart == 0 ? RULE_ATT_05 : RULE_NONE;
}

VOID NetDmaProviderStart(PVOID NetDmaProviderHandle,
                         PNET_DMA_PROVIDER_ATTRIBUTES ProviderAttributes)
{
    struct machine *machine = machine_bound();
    struct provider *provider;
    enum rig_rule rule = check_handle(machine, NetDmaProviderHandle, &provider);

    if (!rule && provider->started)
        rule = RULE_PRV_25;
    else if (!rule && !provider->was_started &&
             !inside(machine, provider->device, SITE_PNP, RIG_START_DEVICE))
        rule = RULE_PRV_20;
    else if (!rule && !(provider->device->state & DEVICE_ENGINE))
        rule = RULE_PRV_21;
    else if (!rule)
        rule = check_attributes(ProviderAttributes);
    if (verifier_finds(machine, rule, __func__, provider ? provider->made : 0))
        return;
    if (ProviderAttributes->DmaChannelCount > provider->channels)
        verifier_finds(machine, RULE_NAMB_24, __func__, provider->made);
    provider->started = provider->was_started = true;
}

VOID NetDmaProviderStop(PVOID NetDmaProviderHandle)
{
    struct machine *machine = machine_bound();
    struct provider *provider;
    enum rig_rule rule = check_handle(machine, NetDmaProviderHandle, &provider);

    if (!rule && !provider->started)
        rule = RULE_PRV_30;
    if (!verifier_finds(machine, rule, __func__, provider ? provider->made : 0))
        provider->started = false;
}

/* NVER-01, NVER-02 */
UINT NetDmaGetVersion(VOID)
{
    struct machine *machine = machine_bound();
    unsigned version = interface_version(machine);
    enum rig_rule rule = version < 0x101 ? RULE_NVER_02 : RULE_NONE;

    if (processor_irql(machine) != PASSIVE_LEVEL)
        rule = RULE_CTX_01;
    if (verifier_finds(machine, rule, __func__, 0))
        return 0;
    return (version >> 8) << 16 | (version & 0xFF);
}
