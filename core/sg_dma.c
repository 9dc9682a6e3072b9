/*
 * sg_dma.c: registering an adapter for scatter/gather DMA.
 *
 * A registration belongs to one adapter, lives from MiniportInitializeEx to MiniportHaltEx, and has
 * one HAL adapter whose map registers follow MaximumPhysicalMapping (SG-11).
 */
#include "device.h"
#include "ndis_layer.h"

enum rig_rule dma_find(struct machine *machine, NDIS_HANDLE handle, enum rig_rule unknown,
                       struct dma **dma)
{
    bool stale;

    *dma = handle_find(handle, HANDLE_DMA, TABLE(machine, dmas, live), &stale);
    if (*dma)
        return RULE_NONE;
    return stale ? RULE_SG_34 : unknown;
}

const struct rig_layer *rig_layer(void)
{
    return NULL;
}

bool rig_map_registers(const struct machine *machine, NDIS_HANDLE handle, uint32_t *total,
                       uint32_t *held)
{
    const struct dma_adapter *hal;
    struct dma *dma;

    if (dma_find((struct machine *)(uintptr_t)machine, handle, RULE_SG_40, &dma))
        return false;
    hal = (const struct dma_adapter *)dma->hal;
    *total = hal->registers;
    *held = (uint32_t)__builtin_popcountll(hal->held);
    return true;
}

/* ---- registration ---- */

/* SG-09, SG-10: the flags that a driver of this version may set. */
static ULONG known_flags(UCHAR minor)
{
    return NDIS_SG_DMA_64_BIT_ADDRESS | (minor >= 50 ? NDIS_SG_DMA_V3_HAL_API : 0) |
           (minor >= 85 ? NDIS_SG_DMA_HYBRID_DMA : 0);
}

static enum rig_rule check_register(const struct machine *machine, const struct adapter *adapter,
                                    const NDIS_SG_DMA_DESCRIPTION *description, NDIS_STATUS *status)
{
    *status = NDIS_STATUS_FAILURE;
    if (!adapter)
        return RULE_SG_03;
    if (processor_irql(machine) != PASSIVE_LEVEL)
        return RULE_SG_01;
    if (adapter->state != ADAPTER_INITIALIZING)
        return RULE_SG_02;
    *status = NDIS_STATUS_NOT_SUPPORTED;
    if (!adapter->registration_set)
        return RULE_SG_04;
    *status = NDIS_STATUS_RESOURCES;
    if (adapter->dma)
        return RULE_SG_22;
    *status = machine->settings[SETTING_bad_description] ? NDIS_STATUS_BAD_VERSION
                                                         : NDIS_STATUS_FAILURE; /* AMB-20 */
    if (description->Header.Type != NDIS_OBJECT_TYPE_SG_DMA_DESCRIPTION ||
        description->Header.Size < NDIS_SIZEOF_SG_DMA_DESCRIPTION_REVISION_1)
        return RULE_SG_06;
    return RULE_NONE;
}

/* SG-07, AMB-35: from 6.85 on there are two revisions; whether the first one is still good is not
 * said. */
static bool revision_known(const struct machine *machine, UCHAR minor, UCHAR revision)
{
    if (revision == NDIS_SG_DMA_DESCRIPTION_REVISION_1)
        return minor < 85 || !machine->settings[SETTING_old_description];
    return revision == NDIS_SG_DMA_DESCRIPTION_REVISION_2 && minor >= 85;
}

/* SG-05, SG-07, SG-08, SG-25: why a sound call may still fail. */
static NDIS_STATUS try_register(const struct machine *machine, const struct adapter *adapter,
                                const NDIS_SG_DMA_DESCRIPTION *description)
{
    static const NDIS_STATUS told[] = {NDIS_STATUS_SUCCESS, NDIS_STATUS_RESOURCES,
                                       NDIS_STATUS_NOT_SUPPORTED, NDIS_STATUS_BAD_VERSION};
    UCHAR minor = adapter->driver->minor;

    if (!revision_known(machine, minor, description->Header.Revision))
        return NDIS_STATUS_BAD_VERSION;
    if ((machine->settings[SETTING_null_handler] &&
         !description->ProcessSGListHandler) ||                     /* AMB-05 */
        (machine->settings[SETTING_unknown_flags] && minor >= 50 && /* AMB-21 */
         (description->Flags & ~known_flags(minor))))
        return NDIS_STATUS_FAILURE;
    if (!(adapter->attributes & NDIS_MINIPORT_ATTRIBUTES_BUS_MASTER))
        return NDIS_STATUS_NOT_SUPPORTED;
    if (description->MaximumPhysicalMapping == 0 && machine->settings[SETTING_zero_mapping])
        return NDIS_STATUS_RESOURCES;
    return told[machine->settings[SETTING_fail_register]];
}

static NDIS_HANDLE make_dma(struct machine *machine, struct dma *dma, struct adapter *adapter,
                            PDMA_ADAPTER hal, ULONG registers, PNDIS_SG_DMA_DESCRIPTION description)
{
    *dma = (struct dma){
        .generation = dma->generation + 1,
        .made = machine->origin,
        .live = true,
        .adapter = adapter,
        .maximum = description->MaximumPhysicalMapping,
        .list_size = mapping_list_size(registers),
        .handler = description->ProcessSGListHandler,
        .complete = description->SharedMemAllocateCompleteHandler,
        .hal = hal,
    };
    adapter->dma = dma;
    description->ScatterGatherListSize = dma->list_size; /* SG-15, AMB-26 */
    return handle_make(HANDLE_DMA, (unsigned)(dma - machine->dmas), dma->generation);
}

NDIS_STATUS NdisMRegisterScatterGatherDma(NDIS_HANDLE MiniportAdapterHandle,
                                          PNDIS_SG_DMA_DESCRIPTION DmaDescription,
                                          PNDIS_HANDLE NdisMiniportDmaHandle)
{
    struct machine *machine = machine_bound();
    struct adapter *adapter = adapter_of(machine, MiniportAdapterHandle);
    NDIS_STATUS status;
    enum rig_rule rule = check_register(machine, adapter, DmaDescription, &status);
    struct dma *dma;
    PDMA_ADAPTER hal;
    ULONG registers = 0;

    if (verifier_finds(machine, rule, __func__, 0))
        return status;
    if (DmaDescription->Flags & ~known_flags(adapter->driver->minor))
        verifier_finds(machine, RULE_SG_09, __func__, 0);
    else if (DmaDescription->MaximumPhysicalMapping == 0)
        verifier_finds(machine, RULE_SG_11, __func__, 0);
    status = try_register(machine, adapter, DmaDescription);
    if (status != NDIS_STATUS_SUCCESS)
        return status;
    hal = IoGetDmaAdapter(
        &adapter->object,
        &(DEVICE_DESCRIPTION){
            /* HAL-08 */
            .Version = DEVICE_DESCRIPTION_VERSION2,
            .Master = TRUE,
            .ScatterGather = TRUE,
            .Dma32BitAddresses = TRUE,
            .Dma64BitAddresses = (DmaDescription->Flags & NDIS_SG_DMA_64_BIT_ADDRESS) != 0,
            .InterfaceType = PCIBus,
            .MaximumLength = DmaDescription->MaximumPhysicalMapping,
        },
        &registers);
    if (!hal)
        return NDIS_STATUS_RESOURCES;
    dma = slot_take(machine, SETTING_adapters, RIG_SITE_dma, TABLE(machine, dmas, live), 0);
    if (!dma) {
        hal->DmaOperations->PutDmaAdapter(hal);
        return NDIS_STATUS_RESOURCES;
    }
    *NdisMiniportDmaHandle = make_dma(machine, dma, adapter, hal, registers, DmaDescription);
    return NDIS_STATUS_SUCCESS;
}

/* ---- deregistration ---- */

bool dma_has_requests(const struct machine *machine, const struct dma *dma, bool to_device)
{
    EACH (const struct sg, sg, machine, sgs)
        if (sg->state != SG_FREE && sg->dma == dma && (!to_device || sg->write_to_device))
            return true;
    return false;
}

static enum rig_rule check_deregister(struct machine *machine, NDIS_HANDLE handle, struct dma **dma)
{
    bool of_adapter = handle_class(handle) == HANDLE_ADAPTER;
    enum rig_rule rule = dma_find(machine, handle, of_adapter ? RULE_SG_33 : RULE_SG_40, dma);
    uint8_t state = rule ? ADAPTER_GONE : (*dma)->adapter->state;

    if (rule)
        return rule;
    if (processor_irql(machine) != PASSIVE_LEVEL)
        return RULE_SG_30;
    if (!(state & (ADAPTER_INITIALIZING | ADAPTER_HALTING | ADAPTER_SHUTDOWN)))
        return RULE_SG_31;
    if (device_serves(machine, (*dma)->adapter))
        return RULE_SG_37;
    if (dma_has_requests(machine, *dma, false))
        return RULE_SG_35;
    return shared_outstanding(machine, (*dma)->hal) ? RULE_SG_36 : RULE_NONE;
}

void NdisMDeregisterScatterGatherDma(NDIS_HANDLE NdisMiniportDmaHandle)
{
    struct machine *machine = machine_bound();
    struct dma *dma;
    enum rig_rule rule = check_deregister(machine, NdisMiniportDmaHandle, &dma);

    if (verifier_finds(machine, rule, __func__, dma ? dma->made : 0))
        return;
    if (dma->adapter->state == ADAPTER_SHUTDOWN)
        verifier_finds(machine, RULE_SG_39, __func__, dma->made);
    shared_drain(machine, dma->hal);
    dma->hal->DmaOperations->PutDmaAdapter(dma->hal);
    dma->adapter->dma = NULL;
    dma->live = false;
}

void dma_sweep(struct machine *machine, struct adapter *adapter, struct sweep_rules rules,
               const char *call)
{
    struct dma *dma = adapter->dma;
    bool any = false;

    EACH (struct sg, sg, machine, sgs) {
        if (sg->state == SG_FREE || sg->dma != dma)
            continue;
        verifier_finds(machine, rules.list, call, sg->made);
        any = true;
        mapping_drop(machine, mapping_of_context(machine, sg));
        sg_forget(sg);
    }
    any |= shared_sweep(machine, adapter, rules.block, call);
    if (!dma)
        return;
    if (!any) /* with those left it could not be deregistered (SG-35, SG-36) */
        verifier_finds(machine, rules.dma, call, dma->made);
    mapping_drop_adapter(machine, dma->hal);
    dma->live = false;
}

/* ---- alignment ---- */

ULONG NdisMGetDmaAlignment(NDIS_HANDLE MiniportAdapterHandle)
{
    struct machine *machine = machine_bound();
    const struct adapter *adapter = adapter_of(machine, MiniportAdapterHandle);
    PDMA_ADAPTER hal = adapter ? registered_hal(machine, adapter) : NULL;
    enum rig_rule rule = hal ? RULE_NONE : RULE_SHM_55;

    if (adapter && processor_irql(machine) != PASSIVE_LEVEL)
        rule = RULE_SDV_03;
    return verifier_finds(machine, rule, __func__, 0) ? 0
                                                      : hal->DmaOperations->GetDmaAlignment(hal);
}
