/*
 * miniport.c: registering a miniport driver and an adapter's attributes.
 */
#include "ndis_layer.h"
#include <string.h>

enum { MAJOR = 6 };

struct driver *driver_of(struct machine *machine, NDIS_HANDLE handle)
{
    bool stale;

    return handle_find(handle, HANDLE_DRIVER, TABLE(machine, drivers, live), &stale);
}

struct adapter *adapter_of(struct machine *machine, NDIS_HANDLE handle)
{
    bool stale;

    return handle_find(handle, HANDLE_ADAPTER, TABLE(machine, adapters, state), &stale);
}

unsigned adapter_index(const struct machine *machine, const struct adapter *adapter)
{
    return (unsigned)(adapter - machine->adapters);
}

/* ---- the driver ---- */

/* LIFE-05: the releases of NDIS 6. */
static bool version_exists(UCHAR major, UCHAR minor)
{
    static const UCHAR minors[] = {0, 1, 20, 30, 40, 50, 51, 60, 70, 80, 81, 82, 83, 84, 85, 86};

    return major == MAJOR && memchr(minors, minor, sizeof minors);
}

/* LIFE-06 */
static bool handlers_complete(const NDIS_MINIPORT_DRIVER_CHARACTERISTICS *c)
{
    return c->InitializeHandlerEx && c->HaltHandlerEx && c->UnloadHandler && c->PauseHandler &&
           c->RestartHandler && c->OidRequestHandler && c->SendNetBufferListsHandler &&
           c->ReturnNetBufferListsHandler && c->CancelSendHandler &&
           c->DevicePnPEventNotifyHandler && c->ShutdownHandlerEx && c->CancelOidRequestHandler &&
           (!c->CheckForHangHandlerEx || c->ResetHandlerEx);
}

/* LIFE-08: the type, and the size of the revision that is claimed. */
static bool header_good(const NDIS_OBJECT_HEADER *header)
{
    static const size_t sizes[] = {NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_1,
                                   NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_1,
                                   NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2,
                                   NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_3};
    UCHAR revision = header->Revision < 3 ? header->Revision : 3;

    return header->Type == NDIS_OBJECT_TYPE_MINIPORT_DRIVER_CHARACTERISTICS &&
           header->Size >= sizes[revision];
}

static enum rig_rule check_driver(struct machine *machine,
                                  const NDIS_MINIPORT_DRIVER_CHARACTERISTICS *c,
                                  NDIS_STATUS *status)
{
    *status = NDIS_STATUS_FAILURE;
    if (processor_irql(machine) != PASSIVE_LEVEL || frame_current(machine))
        return RULE_LIFE_01;
    *status = NDIS_STATUS_BAD_CHARACTERISTICS;
    if (!header_good(&c->Header))
        return RULE_LIFE_08;
    *status = NDIS_STATUS_BAD_VERSION;
    if (c->Header.Revision < NDIS_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_1)
        return RULE_LIFE_08;
    if (!version_exists(c->MajorNdisVersion, c->MinorNdisVersion))
        return RULE_LIFE_05;
    if (c->MinorNdisVersion > machine->settings[SETTING_ndis_version])
        return RULE_LIFE_07;
    *status = NDIS_STATUS_BAD_CHARACTERISTICS;
    return handlers_complete(c) ? RULE_NONE : RULE_LIFE_06;
}

NDIS_STATUS NdisMRegisterMiniportDriver(
    PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath, NDIS_HANDLE MiniportDriverContext,
    PNDIS_MINIPORT_DRIVER_CHARACTERISTICS MiniportDriverCharacteristics,
    PNDIS_HANDLE NdisMiniportDriverHandle)
{
    struct machine *machine = machine_bound();
    const NDIS_MINIPORT_DRIVER_CHARACTERISTICS *c = MiniportDriverCharacteristics;
    size_t size = c->Header.Size < sizeof *c ? c->Header.Size : sizeof *c;
    NDIS_STATUS status;
    enum rig_rule rule = check_driver(machine, c, &status);
    struct driver *driver;

    (void)DriverObject;
    (void)RegistryPath;
    if (verifier_finds(machine, rule, __func__, 0))
        return status;
    driver = slot_take(machine, SETTING_drivers, RIG_SITE_driver, TABLE(machine, drivers, live), 0);
    if (!driver)
        return NDIS_STATUS_RESOURCES;
    *driver = (struct driver){
        .generation = driver->generation + 1,
        .made = machine->origin,
        .live = true,
        .minor = c->MinorNdisVersion,
        .context = MiniportDriverContext,
    };
    memcpy(&driver->handlers, c, size); /* LIFE-03 */
    *NdisMiniportDriverHandle =
        handle_make(HANDLE_DRIVER, (unsigned)(driver - machine->drivers), driver->generation);
    return NDIS_STATUS_SUCCESS;
}

void NdisMDeregisterMiniportDriver(NDIS_HANDLE NdisMiniportDriverHandle)
{
    struct machine *machine = machine_bound();
    struct driver *driver = driver_of(machine, NdisMiniportDriverHandle);
    enum rig_rule rule = RULE_NONE;

    EACH (const struct adapter, adapter, machine, adapters)
        if (adapter->driver == driver)
            rule = RULE_BC_05;
    if (!driver || processor_irql(machine) != PASSIVE_LEVEL)
        rule = RULE_LIFE_04;
    if (!verifier_finds(machine, rule, __func__, driver ? driver->made : 0))
        driver->live = false;
}

/* ---- attributes ---- */

static enum rig_rule check_attributes(struct machine *machine, const struct adapter *adapter,
                                      const NDIS_OBJECT_HEADER *header, bool general)
{
    size_t size = NDIS_SIZEOF_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES_REVISION_1;

    if (general)
        size = header->Revision < 2 ? NDIS_SIZEOF_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_1
                                    : NDIS_SIZEOF_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_2;

    if (!adapter || processor_irql(machine) != PASSIVE_LEVEL ||
        adapter->state != ADAPTER_INITIALIZING)
        return RULE_LIFE_10;
    if (header->Size < size ||
        (!general && header->Type != NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES))
        return RULE_BC_11;
    return adapter->registration_set == general ? RULE_NONE : RULE_LIFE_11;
}

NDIS_STATUS NdisMSetMiniportAttributes(NDIS_HANDLE NdisMiniportHandle,
                                       PNDIS_MINIPORT_ADAPTER_ATTRIBUTES MiniportAttributes)
{
    struct machine *machine = machine_bound();
    const NDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES *registration =
        &MiniportAttributes->RegistrationAttributes;
    const NDIS_OBJECT_HEADER *header = &registration->Header;
    bool general = header->Type == NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES;
    struct adapter *adapter = adapter_of(machine, NdisMiniportHandle);
    enum rig_rule rule = check_attributes(machine, adapter, header, general);

    if (verifier_finds(machine, rule, __func__, 0))
        return NDIS_STATUS_FAILURE;
    if (header->Revision ==
            0 || /* below 6.30 there is one revision of the registration attributes */
        (!general && header->Revision > 1 && adapter->driver->minor < 30))
        return NDIS_STATUS_BAD_VERSION;
    if (general) {
        adapter->general_set = true;
    } else {
        adapter->registration_set = true;
        adapter->attributes = registration->AttributeFlags;
        adapter->bus = registration->InterfaceType;
        adapter->context = registration->MiniportAdapterContext;
    }
    return NDIS_STATUS_SUCCESS;
}
