/*
 * dma_channel.c: DMA channels, for adapters that the system DMA controller serves.
 *
 * A registration claims a channel number (CH-10) and holds a HAL adapter with its channel and all
 * its map registers until it is deregistered. One transfer is set up at a time (CH-23).
 */
#include "memory.h"
#include "ndis_layer.h"

enum { CASCADE = 4 }; /* the channel that joins the two controllers serves no device */

/* CH-31, CH-38, then IRQL: the first that is broken. */
static enum rig_rule check_channel(struct machine *machine, NDIS_HANDLE handle,
                                   struct channel **channel, KIRQL level, enum rig_rule irql_rule)
{
    bool stale;

    *channel = handle_find(handle, HANDLE_CHANNEL, TABLE(machine, channels, live), &stale);
    if (!*channel)
        return stale ? RULE_CH_31 : RULE_CH_38;
    return processor_irql(machine) > level ? irql_rule : RULE_NONE;
}

bool rig_claimed(const struct machine *machine, unsigned channel)
{
    return channel < CHANNELS && machine->claims[channel];
}

/* ---- registration ---- */

static enum rig_rule check_register(struct machine *machine, NDIS_HANDLE handle,
                                    const NDIS_DMA_DESCRIPTION *description, ULONG maximum,
                                    struct adapter **adapter)
{
    *adapter = adapter_of(machine, handle);
    if (!*adapter)
        return RULE_CH_38;
    if (processor_irql(machine) != PASSIVE_LEVEL || (*adapter)->state != ADAPTER_INITIALIZING)
        return RULE_CH_01;
    if (!(*adapter)->registration_set)
        return RULE_CH_02;
    if (description->DmaPort != 0)
        return RULE_CH_05;
    if (description->DmaWidth > Width32Bits || description->DmaSpeed > TypeC)
        return RULE_CH_06;
    return maximum == 0 ? RULE_CH_08 : RULE_NONE;
}

/* CH-04: the channel that the description names, else the first free one; CHANNELS: none is. */
static unsigned find_channel(const struct machine *machine, const NDIS_DMA_DESCRIPTION *description)
{
    ULONG first = description->DmaChannelSpecified ? description->DmaChannel : 0;
    ULONG last = description->DmaChannelSpecified ? first : CHANNELS - 1;

    for (ULONG i = first; i <= last && i < CHANNELS; i++)
        if (i != CASCADE && !machine->claims[i])
            return i;
    return CHANNELS;
}

static bool is_bus_master(const struct adapter *adapter)
{
    return (adapter->attributes & NDIS_MINIPORT_ATTRIBUTES_BUS_MASTER) != 0;
}

/* CH-11, CH-12, CH-13: why a sound call may still fail. */
static NDIS_STATUS try_register(const struct machine *machine, const struct adapter *adapter,
                                unsigned number)
{
    static const NDIS_STATUS told[] = {NDIS_STATUS_SUCCESS, NDIS_STATUS_RESOURCE_CONFLICT,
                                       NDIS_STATUS_RESOURCES, NDIS_STATUS_FAILURE};

    if (adapter->bus <= InterfaceTypeUndefined || adapter->bus > PCIBus ||
        (is_bus_master(adapter) && adapter->bus != Isa))
        return NDIS_STATUS_FAILURE;
    if (number == CHANNELS)
        return NDIS_STATUS_RESOURCE_CONFLICT;
    if (machine->frame_count >= RIG_FRAMES)
        return NDIS_STATUS_RESOURCES;
    return told[machine->settings[SETTING_fail_channel]];
}

static IO_ALLOCATION_ACTION keep(PDEVICE_OBJECT DeviceObject, PIRP Irp, PVOID MapRegisterBase,
                                 PVOID Context)
{
    (void)DeviceObject;
    (void)Irp;
    ((struct channel *)Context)->base = MapRegisterBase;
    return KeepObject;
}

/* The adapter's channel and all its map registers, at once: a registration as planned in a free row.
 * False: HAL has no channel for it. */
static bool make_channel(struct machine *machine, struct channel *channel, struct channel *plan)
{
    enum rig_timing timing = rig_timing(machine, RIG_INSIDE);
    KIRQL old;
    NTSTATUS status;

    KeRaiseIrql(DISPATCH_LEVEL, &old);
    status = plan->hal->DmaOperations->AllocateAdapterChannel(plan->hal, &plan->adapter->object,
                                                              plan->registers, keep, channel);
    KeLowerIrql(old);
    rig_timing(machine, timing);
    if (status != STATUS_SUCCESS)
        return false;
    plan->generation = channel->generation + 1;
    plan->base = channel->base;
    *channel = *plan;
    machine->claims[channel->number] = true;
    return true;
}

NDIS_STATUS NdisMRegisterDmaChannel(PNDIS_HANDLE MiniportDmaHandle,
                                    NDIS_HANDLE MiniportAdapterHandle, UINT DmaChannel,
                                    BOOLEAN Dma32BitAddresses, PNDIS_DMA_DESCRIPTION DmaDescription,
                                    ULONG MaximumLength)
{
    struct machine *machine = machine_bound();
    struct adapter *adapter;
    enum rig_rule rule =
        check_register(machine, MiniportAdapterHandle, DmaDescription, MaximumLength, &adapter);
    struct channel plan = {.live = true, .made = machine->origin, .maximum = MaximumLength};
    struct channel *channel = NULL;
    NDIS_STATUS status;

    (void)DmaChannel; /* CH-04 */
    if (verifier_finds(machine, rule, __func__, 0))
        return NDIS_STATUS_FAILURE;
    if (is_bus_master(adapter) && (DmaDescription->DemandMode || DmaDescription->AutoInitialize))
        verifier_finds(machine, RULE_CH_09, __func__, 0);
    plan.number = (uint8_t)find_channel(machine, DmaDescription);
    plan.adapter = adapter;
    plan.unit = (uint8_t)(1u << DmaDescription->DmaWidth);
    status = try_register(machine, adapter, plan.number);
    if (status != NDIS_STATUS_SUCCESS)
        return status;
    plan.hal = IoGetDmaAdapter(&adapter->object,
                               &(DEVICE_DESCRIPTION){
                                   .Version = DEVICE_DESCRIPTION_VERSION2,
                                   .DemandMode = DmaDescription->DemandMode,
                                   .AutoInitialize = DmaDescription->AutoInitialize,
                                   .Dma32BitAddresses = Dma32BitAddresses,
                                   .DmaChannel = plan.number,
                                   .InterfaceType = adapter->bus,
                                   .DmaWidth = DmaDescription->DmaWidth,
                                   .DmaSpeed = DmaDescription->DmaSpeed,
                                   .MaximumLength = MaximumLength,
                               },
                               &plan.registers);
    if (plan.hal)
        channel = slot_take(machine, SETTING_channels, RIG_SITE_channel,
                            TABLE(machine, channels, live), 0);
    if (channel && make_channel(machine, channel, &plan)) {
        *MiniportDmaHandle = handle_make(HANDLE_CHANNEL, (unsigned)(channel - machine->channels),
                                         channel->generation);
        return NDIS_STATUS_SUCCESS;
    }
    if (plan.hal)
        plan.hal->DmaOperations->PutDmaAdapter(plan.hal);
    return NDIS_STATUS_RESOURCES;
}

static void end_channel(struct machine *machine, struct channel *channel)
{
    machine->claims[channel->number] = false;
    channel->live = channel->busy = false;
}

void NdisMDeregisterDmaChannel(NDIS_HANDLE MiniportDmaHandle)
{
    struct machine *machine = machine_bound();
    struct channel *channel;
    enum rig_rule rule =
        check_channel(machine, MiniportDmaHandle, &channel, PASSIVE_LEVEL, RULE_SDV_03);
    KIRQL old;

    if (!rule && channel->adapter->state != ADAPTER_INITIALIZING &&
        channel->adapter->state != ADAPTER_HALTING)
        rule = RULE_CH_31;
    else if (!rule && channel->busy)
        rule = RULE_CH_32;
    else if (!rule && shared_outstanding(machine, channel->hal))
        rule = RULE_SHM_50;
    if (verifier_finds(machine, rule, __func__, channel ? channel->made : 0))
        return;
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    channel->hal->DmaOperations->FreeAdapterChannel(channel->hal);
    KeLowerIrql(old);
    shared_drain(machine, channel->hal);
    channel->hal->DmaOperations->PutDmaAdapter(channel->hal);
    end_channel(machine, channel);
}

void channel_sweep(struct machine *machine, const struct adapter *adapter, enum rig_rule rule,
                   const char *call)
{
    EACH (struct channel, channel, machine, channels) {
        if (!channel->live || channel->adapter != adapter)
            continue;
        verifier_finds(machine, rule, call, channel->made);
        mapping_drop(machine, mapping_of_context(machine, channel));
        mapping_drop_adapter(machine, channel->hal);
        end_channel(machine, channel);
    }
}

PDMA_ADAPTER registered_hal(struct machine *machine, const struct adapter *adapter)
{
    const struct dma *dma = adapter->dma;
    const struct channel *oldest = NULL;

    if (dma)
        return dma->hal;
    EACH (const struct channel, channel, machine, channels)
        if (channel->live && channel->adapter == adapter &&
            (!oldest || channel->made < oldest->made))
            oldest = channel;
    return oldest ? oldest->hal : NULL;
}

/* ---- transfers ---- */

static PVOID va_of(PMDL mdl, ULONG offset)
{
    return (PUCHAR)MmGetMdlVirtualAddress(mdl) + offset;
}

/* CH-22: not while another transfer is set up, and no length that the channel cannot move. */
static bool can_set_up(const struct channel *channel, PMDL mdl, ULONG offset, ULONG length)
{
    return !channel->busy && length > 0 && length <= channel->maximum &&
           length % channel->unit == 0 &&
           ADDRESS_AND_SIZE_TO_SPAN_PAGES(va_of(mdl, offset), length) <= channel->registers;
}

void NdisMSetupDmaTransfer(PNDIS_STATUS Status, NDIS_HANDLE MiniportDmaHandle, PMDL Buffer,
                           ULONG Offset, ULONG Length, BOOLEAN WriteToDevice)
{
    struct machine *machine = machine_bound();
    struct channel *channel;
    enum rig_rule rule =
        check_channel(machine, MiniportDmaHandle, &channel, DISPATCH_LEVEL, RULE_CH_20);

    if (!rule && (!memory_is_mdl(machine, Buffer) || Offset > Buffer->ByteCount ||
                  Length > Buffer->ByteCount - Offset))
        rule = RULE_CH_21; /* bytes of the MDL itself */
    else if (!rule)
        rule = mapping_obstacle(machine, &(struct range){Buffer, Offset, Length},
                                WriteToDevice != 0, NULL, 0);
    *Status = rule ? NDIS_STATUS_FAILURE : NDIS_STATUS_RESOURCES;
    if (verifier_finds(machine, rule, __func__, channel ? channel->made : 0) ||
        !can_set_up(channel, Buffer, Offset, Length))
        return;
    channel->hal->DmaOperations->MapTransfer(channel->hal, Buffer, channel->base,
                                             va_of(Buffer, Offset), &Length, WriteToDevice);
    channel->busy = true;
    channel->to_device = WriteToDevice != 0;
    channel->mdl = Buffer;
    channel->offset = Offset;
    channel->length = Length;
    *Status = NDIS_STATUS_SUCCESS;
}

void NdisMCompleteDmaTransfer(PNDIS_STATUS Status, NDIS_HANDLE MiniportDmaHandle, PMDL Buffer,
                              ULONG Offset, ULONG Length, BOOLEAN WriteToDevice)
{
    struct machine *machine = machine_bound();
    struct channel *channel;
    enum rig_rule rule =
        check_channel(machine, MiniportDmaHandle, &channel, DISPATCH_LEVEL, RULE_SDV_04);

    if (!rule && !channel->busy)
        rule = RULE_CH_29;
    else if (!rule && (Buffer != channel->mdl || Offset != channel->offset ||
                       Length != channel->length || (WriteToDevice != 0) != channel->to_device))
        rule = RULE_CH_26;
    *Status = NDIS_STATUS_FAILURE;
    if (verifier_finds(machine, rule, __func__, channel ? channel->made : 0))
        return;
    channel->hal->DmaOperations->FlushAdapterBuffers(channel->hal, Buffer, channel->base,
                                                     va_of(Buffer, Offset), Length, WriteToDevice);
    channel->busy = false;
    *Status = machine->settings[SETTING_fail_complete] ? NDIS_STATUS_RESOURCES /* CH-27 */
                                                       : NDIS_STATUS_SUCCESS;
}

ULONG NdisMReadDmaCounter(NDIS_HANDLE MiniportDmaHandle)
{
    struct machine *machine = machine_bound();
    struct channel *channel;
    enum rig_rule rule =
        check_channel(machine, MiniportDmaHandle, &channel, DISPATCH_LEVEL, RULE_CH_20);

    return verifier_finds(machine, rule, __func__, channel ? channel->made : 0)
               ? 0
               : channel->hal->DmaOperations->ReadDmaCounter(channel->hal);
}

bool rig_channel_run(struct machine *machine, NDIS_HANDLE handle, uint32_t units,
                     struct rig_transfer *transfer)
{
    struct channel *channel;

    return !check_channel(machine, handle, &channel, HIGH_LEVEL, RULE_NONE) &&
           !channel->adapter->removed && rig_controller_run(machine, channel->hal, units, transfer);
}
