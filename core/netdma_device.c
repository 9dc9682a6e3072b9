/*
 * netdma_device.c: the devices of NetDMA providers, and what PnP does with them.
 *
 * PnP asks a device one thing at a time and in the order it promises (PNP-02..PNP-07). What a
 * request leaves wrong cannot be refused: it is reported, and a provider that should have been
 * stopped is.
 */
#include "netdma_layer.h"

struct device *device_of_pdo(struct machine *machine, PDEVICE_OBJECT pdo)
{
    int row = row_at(pdo, TABLE(machine, devices, live));

    _Static_assert(offsetof(struct device, pdo) == 0, "a PDO is where its device is");
    return row >= 0 && machine->devices[row].live ? &machine->devices[row] : NULL;
}

PDEVICE_OBJECT rig_fdo(struct machine *machine, PDEVICE_OBJECT pdo)
{
    struct device *device = device_of_pdo(machine, pdo);

    return device ? &device->fdo : NULL;
}

bool rig_engine(struct machine *machine, PDEVICE_OBJECT pdo, bool on)
{
    struct device *device = device_of_pdo(machine, pdo);
    const struct provider *provider;

    if (!device || (on && device->removed))
        return false;
    provider = provider_of_device(machine, device);
    if (!on && provider && provider->started)
        return verifier_refuse(machine, RULE_PRV_32, "engine_off");
    device->engine = on;
    return true;
}

/* ---- arrival ---- */

static bool can_call(const struct machine *machine)
{
    return processor_can(machine, PASSIVE_LEVEL);
}

static struct frame *enter(struct machine *machine, const struct device *device, enum site site)
{
    struct frame *frame = frame_enter(machine, site, PASSIVE_LEVEL);

    frame->device = (uint16_t)(device - machine->devices);
    return frame;
}

bool rig_add_device(struct machine *machine)
{
    struct device *device;
    struct provider *provider;
    NTSTATUS status;

    if (!can_call(machine) || !machine->hooks.add_device)
        return false;
    device = slot_take(machine, SETTING_devices, RIG_SITE_device, TABLE(machine, devices, live),
                       DEVICES);
    if (!device)
        return false;
    *device = (struct device){.live = true, .busy = true};
    device->pdo.AttachedDevice = &device->fdo;
    enter(machine, device, SITE_ADD_DEVICE);
    status = machine->hooks.add_device(machine->hooks.context, &device->pdo);
    frame_leave(machine, "AddDevice");
    device->busy = false;
    if (status >= 0)
        return true;
    provider = provider_of_device(machine, device);
    if (provider) {
        verifier_report_made(machine, RULE_PRV_43, "AddDevice", provider->made);
        provider->live = provider->started = false;
    }
    device->live = false;
    return true;
}

/* ---- PnP ---- */

static bool can_pnp(const struct device *device, enum rig_irp irp)
{
    switch (irp) {
    case RIG_START_DEVICE:
        return !device->removed && !device->failed;
    case RIG_QUERY_STOP_DEVICE:
        return device->started && !device->removed && !device->stop_pending;
    case RIG_STOP_DEVICE:
    case RIG_CANCEL_STOP_DEVICE:
        return device->stop_pending && !device->removed;
    case RIG_QUERY_REMOVE_DEVICE:
        return !device->removed && !device->remove_pending;
    case RIG_CANCEL_REMOVE_DEVICE:
        return device->remove_pending && !device->removed;
    case RIG_SURPRISE_REMOVAL:
    case RIG_FILTER_RESOURCE_REQUIREMENTS:
        return !device->removed;
    default:
        return true;
    }
}

/* PNP-02: the provider is stopped when its device is; PNP-03, PNP-04: what may not fail. */
static void judge(struct machine *machine, const struct device *device, enum rig_irp irp,
                  NTSTATUS status)
{
    static const struct {
        const char *callback;
        enum rig_rule failure;
        bool ends;
    } rows[RIG_FILTER_RESOURCE_REQUIREMENTS + 1] = {
        [RIG_STOP_DEVICE] = {"IRP_MN_STOP_DEVICE", RULE_PNP_03, true},
        [RIG_CANCEL_STOP_DEVICE] = {"IRP_MN_CANCEL_STOP_DEVICE", RULE_PNP_04, false},
        [RIG_CANCEL_REMOVE_DEVICE] = {"IRP_MN_CANCEL_REMOVE_DEVICE", RULE_PNP_04, false},
        [RIG_SURPRISE_REMOVAL] = {"IRP_MN_SURPRISE_REMOVAL", RULE_PNP_04, false},
        [RIG_REMOVE_DEVICE] = {"IRP_MN_REMOVE_DEVICE", RULE_PNP_04, true},
    };
    struct provider *provider = provider_of_device(machine, device);

    if (rows[irp].ends && provider && provider->started) {
        verifier_report_made(machine, RULE_PNP_02, rows[irp].callback, provider->made);
        provider->started = false;
    } else if (status < 0) {
        verifier_finds(machine, rows[irp].failure, rows[irp].callback, 0);
    }
}

static void settle(struct device *device, enum rig_irp irp, NTSTATUS status)
{
    switch (irp) {
    case RIG_START_DEVICE:
        device->failed = status < 0;
        device->started = status >= 0;
        break;
    case RIG_QUERY_STOP_DEVICE:
        device->stop_pending = status >= 0;
        break;
    case RIG_STOP_DEVICE:
        device->started = device->stop_pending = device->engine = false;
        break;
    case RIG_CANCEL_STOP_DEVICE:
        device->stop_pending = false;
        break;
    case RIG_QUERY_REMOVE_DEVICE:
        device->remove_pending = status >= 0;
        break;
    case RIG_CANCEL_REMOVE_DEVICE:
        device->remove_pending = false;
        break;
    case RIG_REMOVE_DEVICE:
        device->live = device->engine = false;
        break;
    default:
        break;
    }
}

bool rig_pnp(struct machine *machine, PDEVICE_OBJECT pdo, enum rig_irp irp)
{
    struct device *device = device_of_pdo(machine, pdo);
    NTSTATUS status;

    if (!device || device->busy || !can_call(machine) || !machine->hooks.pnp ||
        !can_pnp(device, irp))
        return false;
    if (irp == RIG_SURPRISE_REMOVAL) {
        device->removed = true;
        device->engine = false;
    }
    device->busy = true;
    enter(machine, device, SITE_PNP)->irp = (uint8_t)irp;
    status = machine->hooks.pnp(machine->hooks.context, pdo, irp);
    frame_leave(machine, "DispatchPnP");
    device->busy = false;
    judge(machine, device, irp, status);
    settle(device, irp, status);
    return true;
}

/* PRV-44: a driver goes after all it registered. */
bool rig_unload(struct machine *machine)
{
    for (unsigned i = 0; i < machine->used.devices; i++)
        if (machine->devices[i].live)
            return false;
    if (!can_call(machine) || !machine->hooks.unload)
        return false;
    frame_enter(machine, SITE_OTHER, PASSIVE_LEVEL);
    machine->hooks.unload(machine->hooks.context);
    frame_leave(machine, "DriverUnload");
    for (unsigned i = 0; i < machine->used.providers; i++) {
        struct provider *provider = &machine->providers[i];

        if (!provider->live)
            continue;
        verifier_report_made(machine, RULE_PRV_44, "DriverUnload", provider->made);
        provider->live = provider->started = false;
    }
    return true;
}
