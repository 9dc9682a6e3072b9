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
    struct device *row = row_at(pdo, TABLE(machine, devices, live));

    _Static_assert(offsetof(struct device, pdo) == 0, "a PDO is where its device is");
    return row && row->live ? row : NULL;
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

    if (!device || (on && device->state & DEVICE_REMOVED))
        return false;
    provider = provider_of_device(machine, device);
    if (!on && provider && provider->started)
        return !verifier_finds(machine, RULE_PRV_32, "engine_off", 0);
    device->state = (uint8_t)(on ? device->state | DEVICE_ENGINE : device->state & ~DEVICE_ENGINE);
    return true;
}

/* ---- arrival ---- */

bool rig_add_device(struct machine *machine)
{
    struct device *device;
    struct provider *provider;
    NTSTATUS status;

    if (!processor_can(machine, PASSIVE_LEVEL) || !machine->hooks.add_device)
        return false;
    device = slot_take(machine, SETTING_devices, RIG_SITE_device, TABLE(machine, devices, live),
                       DEVICES);
    if (!device)
        return false;
    *device = (struct device){.live = true, .busy = true};
    device->pdo.AttachedDevice = &device->fdo;
    frame_enter(machine, SITE_ADD_DEVICE, PASSIVE_LEVEL)->object = device;
    status = machine->hooks.add_device(machine->hooks.context, &device->pdo);
    frame_leave(machine, "AddDevice");
    device->busy = false;
    if (status >= 0)
        return true;
    provider = provider_of_device(machine, device);
    if (provider)
        provider_end(machine, provider, RULE_PRV_43, "AddDevice");
    device->live = false;
    return true;
}

/* ---- PnP ---- */

/* What PnP asks for, of a device that has NEEDS and lacks LACKS. It then loses LOSES, and if the driver
 * succeeds it gains GAINS; if it may not fail, FAILURE is broken. */
static const struct {
    const char *name;
    uint8_t needs, lacks, gains, loses;
    enum rig_rule failure;
} irps[RIG_FILTER_RESOURCE_REQUIREMENTS + 1] = {
    [RIG_START_DEVICE] = {"", 0, DEVICE_FAILED, DEVICE_STARTED, DEVICE_STARTED, RULE_NONE},
    [RIG_QUERY_STOP_DEVICE] = {"", DEVICE_STARTED, DEVICE_STOPPING, DEVICE_STOPPING, 0, RULE_NONE},
    [RIG_STOP_DEVICE] = {"IRP_MN_STOP_DEVICE", DEVICE_STOPPING, 0, 0,
                         DEVICE_STARTED | DEVICE_STOPPING | DEVICE_ENGINE, RULE_PNP_03},
    [RIG_CANCEL_STOP_DEVICE] = {"IRP_MN_CANCEL_STOP_DEVICE", DEVICE_STOPPING, 0, 0, DEVICE_STOPPING,
                                RULE_PNP_04},
    [RIG_QUERY_REMOVE_DEVICE] = {"", 0, DEVICE_REMOVING, DEVICE_REMOVING, 0, RULE_NONE},
    [RIG_CANCEL_REMOVE_DEVICE] = {"IRP_MN_CANCEL_REMOVE_DEVICE", DEVICE_REMOVING, 0, 0,
                                  DEVICE_REMOVING, RULE_PNP_04},
    [RIG_SURPRISE_REMOVAL] = {"IRP_MN_SURPRISE_REMOVAL", 0, 0, 0, 0, RULE_PNP_04},
    [RIG_REMOVE_DEVICE] = {"IRP_MN_REMOVE_DEVICE", 0, 0, 0, DEVICE_ENGINE, RULE_PNP_04},
};

static bool can_pnp(const struct device *device, enum rig_irp irp)
{
    return (irp == RIG_REMOVE_DEVICE || !(device->state & DEVICE_REMOVED)) &&
           (device->state & irps[irp].needs) == irps[irp].needs &&
           !(device->state & irps[irp].lacks);
}

/* PNP-02: the provider is stopped when its device is; PNP-03, PNP-04: what may not fail. A device that
 * fails to start is removed next (PNP-07). */
static void settle(struct machine *machine, struct device *device, enum rig_irp irp,
                   NTSTATUS status)
{
    struct provider *provider = provider_of_device(machine, device);

    if (irps[irp].loses & DEVICE_ENGINE && provider && provider->started) {
        verifier_finds(machine, RULE_PNP_02, irps[irp].name, provider->made);
        provider->started = false;
    } else if (status < 0) {
        verifier_finds(machine, irps[irp].failure, irps[irp].name, 0);
    }
    device->state &= (uint8_t)~irps[irp].loses;
    if (status >= 0)
        device->state |= irps[irp].gains;
    else if (irp == RIG_START_DEVICE)
        device->state |= DEVICE_FAILED;
    device->live = irp != RIG_REMOVE_DEVICE;
}

bool rig_pnp(struct machine *machine, PDEVICE_OBJECT pdo, enum rig_irp irp)
{
    struct device *device = device_of_pdo(machine, pdo);
    struct frame *frame;
    NTSTATUS status;

    if (!device || device->busy || !processor_can(machine, PASSIVE_LEVEL) || !machine->hooks.pnp ||
        !can_pnp(device, irp))
        return false;
    if (irp == RIG_SURPRISE_REMOVAL)
        device->state = (uint8_t)((device->state | DEVICE_REMOVED) & ~DEVICE_ENGINE);
    device->busy = true;
    frame = frame_enter(machine, SITE_PNP, PASSIVE_LEVEL);
    frame->object = device;
    frame->irp = (uint8_t)irp;
    status = machine->hooks.pnp(machine->hooks.context, pdo, irp);
    frame_leave(machine, "DispatchPnP");
    device->busy = false;
    settle(machine, device, irp, status);
    return true;
}

/* PRV-44: a driver goes after all it registered. */
bool rig_unload(struct machine *machine)
{
    if (rows_taken(TABLE(machine, devices, live)) > 0 || !processor_can(machine, PASSIVE_LEVEL) ||
        !machine->hooks.unload)
        return false;
    frame_enter(machine, SITE_OTHER, PASSIVE_LEVEL);
    machine->hooks.unload(machine->hooks.context);
    frame_leave(machine, "DriverUnload");
    EACH (struct provider, provider, machine, providers)
        if (provider->live)
            provider_end(machine, provider, RULE_PRV_44, "DriverUnload");
    return true;
}
