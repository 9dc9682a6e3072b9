/*
 * oracle_netdma.c: NetDMA devices and providers.
 */
#include "oracle.h"

/* choice `netdma`, in its order; `size`, `entries`, `object` */
enum { VERSION_1_0, VERSION_1_1, VERSION_2_0, VERSION_2_1, VERSION_2_2, VERSION_3_0, VERSION_0_9 };
enum { SIZE_sizeof, SIZE_without_name };
enum { ENTRIES_no_append = 4, ENTRIES_no_resume, ENTRIES_no_optional, ENTRIES_no_affinity };
enum { OBJECT_pdo, OBJECT_fdo, OBJECT_null };

static unsigned device_of(const struct oracle *o, const struct call *c)
{
    unsigned n = named(c, 0, CLASS_device);

    return n && o->device[n].life == LIFE_live ? n : 0;
}

/* ---- plug and play ---- */

void oracle_add_device(struct oracle *o, struct call *c)
{
    if (no_event_now(o) || o->devices >= o->settings[SETTING_devices] ||
        resource_refused(o, c, RIG_SITE_device)) {
        never(c);
        return;
    }
    o->device[c->made] = (struct o_device){.life = LIFE_live, .busy = true};
    o->devices++;
    oracle_expect_here(o, FRAME_add_device, c->made, 0, PASSIVE_LEVEL);
}

static bool request_possible(const struct o_device *device, enum rig_irp irp)
{
    switch (irp) {
    case RIG_START_DEVICE:
        return !device->failed && !device->removed;
    case RIG_QUERY_STOP_DEVICE:
        return device->started && !device->removed && !device->stop_pending;
    case RIG_STOP_DEVICE:
    case RIG_CANCEL_STOP_DEVICE:
        return device->stop_pending;
    case RIG_QUERY_REMOVE_DEVICE:
        return !device->removed && !device->remove_pending;
    case RIG_CANCEL_REMOVE_DEVICE:
        return device->remove_pending;
    case RIG_SURPRISE_REMOVAL:
    case RIG_FILTER_RESOURCE_REQUIREMENTS:
        return !device->removed;
    case RIG_REMOVE_DEVICE:
        break;
    }
    return true;
}

static void pnp(struct oracle *o, struct call *c, enum rig_irp irp)
{
    unsigned n = device_of(o, c);
    struct o_device *device = &o->device[n];

    if (!n || device->busy || no_event_now(o) || !request_possible(device, irp)) {
        never(c);
        return;
    }
    device->busy = true;
    if (irp == RIG_SURPRISE_REMOVAL) {
        device->removed = true;
        device->engine = false;
        device->stop_pending = false;
        device->remove_pending = false;
    }
    oracle_expect_here(o, FRAME_pnp, n, irp, PASSIVE_LEVEL);
}

#define PNP(operation, irp)                                   \
    void oracle_##operation(struct oracle *o, struct call *c) \
    {                                                         \
        pnp(o, c, irp);                                       \
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

void oracle_unload(struct oracle *o, struct call *c)
{
    if (no_event_now(o) || o->devices)
        never(c);
    else
        oracle_expect_here(o, FRAME_unload, 0, 0, PASSIVE_LEVEL);
}

static void provider_dies(struct oracle *o, unsigned n)
{
    o->provider[n].life = LIFE_stale;
    o->provider[n].started = false;
    o->device[o->provider[n].device].provider = 0;
    o->providers--;
}

static void device_dies(struct oracle *o, struct o_device *device)
{
    device->life = LIFE_stale;
    device->engine = false;
    o->devices--;
}

static void leave_add_device(struct oracle *o, struct o_device *device, NTSTATUS status)
{
    device->busy = false;
    if (status >= 0)
        return;
    if (device->provider) {
        oracle_report_due(o, RULE_PRV_43);
        provider_dies(o, device->provider);
    }
    device_dies(o, device);
}

/* PNP-02 where the provider was to be stopped and is not; else RULE if the request failed. */
static void must_have_stopped(struct oracle *o, struct o_device *device, NTSTATUS status,
                              enum rig_rule rule)
{
    struct o_provider *provider = &o->provider[device->provider];

    if (device->provider && provider->started) {
        oracle_report_due(o, RULE_PNP_02);
        provider->started = false;
    } else if (status < 0)
        oracle_report_due(o, rule);
}

static void leave_pnp(struct oracle *o, struct o_device *device, enum rig_irp irp, NTSTATUS status)
{
    device->busy = false;
    switch (irp) {
    case RIG_START_DEVICE:
        device->started = status >= 0;
        device->failed = status < 0;
        break;
    case RIG_STOP_DEVICE:
        must_have_stopped(o, device, status, RULE_PNP_03);
        device->started = false;
        device->stop_pending = false;
        device->engine = false;
        break;
    case RIG_REMOVE_DEVICE:
        must_have_stopped(o, device, status, RULE_PNP_04);
        device_dies(o, device);
        break;
    case RIG_QUERY_STOP_DEVICE:
        device->stop_pending = status >= 0;
        break;
    case RIG_QUERY_REMOVE_DEVICE:
        device->remove_pending = status >= 0;
        break;
    case RIG_FILTER_RESOURCE_REQUIREMENTS:
        break;
    case RIG_CANCEL_STOP_DEVICE:
    case RIG_CANCEL_REMOVE_DEVICE:
    case RIG_SURPRISE_REMOVAL:
        if (status < 0)
            oracle_report_due(o, RULE_PNP_04);
        device->stop_pending &= irp != RIG_CANCEL_STOP_DEVICE;
        device->remove_pending &= irp != RIG_CANCEL_REMOVE_DEVICE;
        break;
    }
}

static void leave_unload(struct oracle *o)
{
    for (unsigned i = 1; i <= o->made[CLASS_provider]; i++)
        if (o->provider[i].life == LIFE_live) {
            oracle_report_due(o, RULE_PRV_44);
            provider_dies(o, i);
        }
}

void leave_netdma(struct oracle *o, const struct frame *frame, NTSTATUS status)
{
    if (frame->kind == FRAME_add_device)
        leave_add_device(o, &o->device[frame->object], status);
    else if (frame->kind == FRAME_pnp)
        leave_pnp(o, &o->device[frame->object], (enum rig_irp)frame->detail, status);
    else if (frame->kind == FRAME_unload)
        leave_unload(o);
}

/* ---- the engine ---- */

void oracle_engine_on(struct oracle *o, struct call *c)
{
    unsigned n = device_of(o, c);

    if (!n || o->device[n].removed)
        never(c);
    else
        o->device[n].engine = true;
}

void oracle_engine_off(struct oracle *o, struct call *c)
{
    unsigned n = device_of(o, c);

    if (!n)
        never(c);
    else if (o->device[n].provider && o->provider[o->device[n].provider].started)
        refuse(c, RULE_PRV_32);
    else
        o->device[n].engine = false;
}

/* ---- registration ---- */

static bool in_frame(struct oracle *o, enum frame_kind kind)
{
    return o->frame_count && innermost(o)->kind == kind;
}

static enum rig_rule site_broken(struct oracle *o, const struct call *c)
{
    unsigned n = device_of(o, c);
    unsigned frame;

    if (in_frame(o, FRAME_pnp))
        return RULE_PRV_02;
    if (!in_frame(o, FRAME_add_device))
        return RULE_PRV_01;
    frame = innermost(o)->object;
    if (!n || c->a[7].n != OBJECT_pdo)
        return RULE_NONE; /* PRV-11, later */
    return n != frame || o->device[frame].provider ? RULE_PRV_01 : RULE_NONE;
}

static enum rig_rule version_broken(const struct oracle *o, unsigned version)
{
    unsigned interface = o->settings[SETTING_netdma_version];

    if (version == VERSION_0_9)
        return RULE_PRV_13;
    return version + 1 > interface ? RULE_NVER_03 : RULE_NONE;
}

static enum rig_rule flags_broken(unsigned version, unsigned flags)
{
    bool before_2_0 = version < VERSION_2_0 || version == VERSION_0_9;

    if ((before_2_0 && flags) || (version < VERSION_2_1 && (flags & 2)) || (flags & 12))
        return RULE_NVER_06;
    return RULE_NONE;
}

static enum rig_rule characteristics_broken(struct oracle *o, const struct call *c)
{
    unsigned version = c->a[1].n;
    bool named_version = version >= VERSION_2_0 && version != VERSION_0_9;
    unsigned entries = c->a[3].n;

    if (c->a[6].n > SIZE_without_name || (c->a[6].n == SIZE_without_name && named_version))
        return RULE_PRV_10;
    if (device_of(o, c) != innermost(o)->object || c->a[7].n != OBJECT_pdo)
        return RULE_PRV_11;
    if (version_broken(o, version))
        return version_broken(o, version);
    if (!c->length)
        return RULE_PRV_12;
    if (entries >= 1 && entries <= ENTRIES_no_append)
        return RULE_PRV_06;
    if (entries == ENTRIES_no_resume)
        return RULE_PRV_08;
    if (flags_broken(version, c->a[4].n))
        return RULE_NVER_06;
    return named_version && c->a[5].n ? RULE_NVER_07 : RULE_NONE;
}

static bool registration_refused(struct oracle *o, struct call *c)
{
    enum rig_rule rule;

    if (!o->settings[SETTING_netdma_version]) {
        fails(c, STATUS_UNSUCCESSFUL);
        return true;
    }
    if (wrong_level(o, c))
        return true;
    rule = site_broken(o, c);
    if (!rule)
        rule = characteristics_broken(o, c);
    if (rule)
        refuse(c, rule);
    return rule != RULE_NONE;
}

void oracle_NetDmaRegisterProvider(struct oracle *o, struct call *c)
{
    bool affinity = o->settings[SETTING_msi_x] && c->a[3].n != ENTRIES_no_affinity;
    unsigned device;

    c->length = (uint32_t)number_of(c, 2, RIG_CHANNELS);
    if (registration_refused(o, c))
        return;
    if (c->length > RIG_CHANNELS || o->providers >= o->settings[SETTING_providers] ||
        (affinity && o->frame_count == RIG_FRAMES) || resource_refused(o, c, RIG_SITE_provider)) {
        fails(c, STATUS_INSUFFICIENT_RESOURCES);
        return;
    }
    if (o->settings[SETTING_msi_x] && !affinity)
        warn(c, RULE_PRV_09);
    device = innermost(o)->object;
    o->provider[c->made] =
        (struct o_provider){.life = LIFE_live, .device = device, .channels = c->length};
    o->device[device].provider = c->made;
    o->providers++;
    if (affinity)
        oracle_expect_here(o, FRAME_affinity, c->made, 0, PASSIVE_LEVEL);
}

/* ---- with a provider handle ---- */

static unsigned provider_of(const struct oracle *o, struct call *c)
{
    unsigned n = named(c, 0, CLASS_provider);

    if (n && o->provider[n].life == LIFE_live && o->value[CLASS_provider][n])
        return wrong_level(o, c) ? 0 : n;
    refuse(c, n && o->provider[n].life == LIFE_stale && c->a[0].value ? RULE_PRV_42 : RULE_PRV_05);
    return 0;
}

/* The innermost callback is DEVICE's, for IRP. */
static bool in_request(struct oracle *o, unsigned device, enum rig_irp irp)
{
    return in_frame(o, FRAME_pnp) && innermost(o)->object == device && innermost(o)->detail == irp;
}

void oracle_NetDmaDeregisterProvider(struct oracle *o, struct call *c)
{
    unsigned n = provider_of(o, c);
    unsigned device = o->provider[n].device;

    if (!n)
        return;
    if (o->provider[n].started) {
        refuse(c, RULE_PRV_34);
        return;
    }
    if (!in_request(o, device, RIG_REMOVE_DEVICE) &&
        !(in_frame(o, FRAME_add_device) && innermost(o)->object == device))
        warn(c, RULE_PRV_41);
    provider_dies(o, n);
}

static enum rig_rule attributes_broken(const struct call *c, uint32_t count, uint32_t transfer)
{
    if (c->a[3].n != SIZE_sizeof || c->a[6].n)
        return RULE_ATT_01;
    if (c->a[4].n)
        return RULE_ATT_02;
    if (!count)
        return RULE_ATT_03;
    if (transfer < 4096)
        return RULE_ATT_04;
    return c->a[5].n == 2 ? RULE_ATT_05 : RULE_NONE;
}

void oracle_NetDmaProviderStart(struct oracle *o, struct call *c)
{
    unsigned named_one = named(c, 0, CLASS_provider);
    bool known = named_one && o->provider[named_one].life == LIFE_live;
    uint32_t count = c->length =
        (uint32_t)number_of(c, 1, known ? o->provider[named_one].channels : 0);
    uint32_t transfer = c->offset = (uint32_t)number_of(c, 2, 4096);
    unsigned n = provider_of(o, c);
    struct o_provider *provider = &o->provider[n];

    if (!n)
        return;
    if (provider->started)
        refuse(c, RULE_PRV_25);
    else if (!provider->was_started && !in_request(o, provider->device, RIG_START_DEVICE))
        refuse(c, RULE_PRV_20);
    else if (!o->device[provider->device].engine)
        refuse(c, RULE_PRV_21);
    else if (attributes_broken(c, count, transfer))
        refuse(c, attributes_broken(c, count, transfer));
    if (c->rule)
        return;
    if (count > provider->channels)
        warn(c, RULE_NAMB_24);
    provider->started = true;
    provider->was_started = true;
}

void oracle_NetDmaProviderStop(struct oracle *o, struct call *c)
{
    unsigned n = provider_of(o, c);

    if (!n)
        return;
    if (!o->provider[n].started)
        warn(c, RULE_PRV_30);
    o->provider[n].started = false;
}

void oracle_NetDmaGetVersion(struct oracle *o, struct call *c)
{
    static const uint32_t versions[] = {0, 0, 0x00010001, 0x00020000, 0x00020001};

    if (wrong_level(o, c))
        return;
    if (o->settings[SETTING_netdma_version] < 2)
        refuse(c, RULE_NVER_02);
    else
        c->value = versions[o->settings[SETTING_netdma_version]];
}
