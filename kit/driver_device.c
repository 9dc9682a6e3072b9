/*
 * driver_device.c: each adapter's device, as its driver and the harness see it.
 *
 * The driver reaches registers, which have values but no storage; rig_device.h describes them. The
 * device reads memory through bus addresses only (E6-26). Its interrupt owes the ISR at device
 * level, the ISR the DPC at DISPATCH_LEVEL: they run when a step says so.
 */
#include "driver_kit.h"
#include "ndis_layer.h"
#include <string.h>

enum { PHYSICAL_BASE = 0x3EB00000, BLOCK_SIZE = PAGE_SIZE, ALL_ONES = -1 };

static struct kit_frame *frame_at(struct machine *machine, const struct kit_device *device,
                                  unsigned position)
{
    struct driver_kit *kit = kit_of(machine);

    return &kit->frames[device - kit->devices][device->order[position]];
}

/* The frame that is written next begins empty. */
static void begin_frame(struct machine *machine, const struct kit_device *device)
{
    struct driver_kit *kit = kit_of(machine);
    uint8_t *used = &kit->frames_used[device - kit->devices];
    uint8_t slot = device->order[device->held];

    if (*used <= slot)
        *used = (uint8_t)(slot + 1);
    frame_at(machine, device, device->held)->elements = 0;
}

static void forget_frames(struct machine *machine, struct kit_device *device)
{
    for (unsigned i = 0; i <= KIT_FRAMES; i++)
        device->order[i] = (uint8_t)i;
    device->held = device->finished = 0;
    device->cause = 0;
    begin_frame(machine, device);
}

/* The device of a live adapter: fresh for one that is new in its slot. */
static struct kit_device *find_device(struct machine *machine, NDIS_HANDLE adapter)
{
    const struct adapter *row = adapter_of(machine, adapter);
    struct kit_device *device;

    if (!row)
        return NULL;
    device = &kit_of(machine)->devices[adapter_index(machine, row)];
    if (device->adapter != adapter) {
        memset(device, 0, sizeof *device);
        device->adapter = adapter;
    }
    return device;
}

/* Is the device of this adapter still in its slot? */
static bool is_present(struct machine *machine, NDIS_HANDLE handle)
{
    const struct adapter *adapter = adapter_of(machine, handle);

    return adapter && !adapter->removed;
}

/* ---- resources, registers ---- */

static LONGLONG registers_start(const struct machine *machine, const struct kit_device *device)
{
    return PHYSICAL_BASE + (device - kit_of(machine)->devices) * (LONGLONG)BLOCK_SIZE;
}

/* Registers are mapped for a live adapter, at PASSIVE_LEVEL, and while it initialises (SDV-09). */
static bool may_map(struct machine *machine, NDIS_HANDLE handle)
{
    const struct adapter *adapter = adapter_of(machine, handle);

    if (!adapter || processor_irql(machine) != PASSIVE_LEVEL) {
        driver_kit_fault(machine, "registers are mapped without a live adapter, or raised", NULL);
        return false;
    }
    if (adapter->state != ADAPTER_INITIALIZING)
        verifier_finds(machine, RULE_SDV_09, "NdisMMapIoSpace", 0);
    return true;
}

PNDIS_RESOURCE_LIST rig_resources(struct machine *machine, NDIS_HANDLE adapter)
{
    struct kit_device *device = find_device(machine, adapter);
    PNDIS_RESOURCE_LIST list;
    PCM_PARTIAL_RESOURCE_DESCRIPTOR row;

    if (!device)
        return NULL;
    list = (PNDIS_RESOURCE_LIST)(void *)device->resources;
    list->Version = list->Revision = 1;
    list->Count = 2;
    row = list->PartialDescriptors;
    row[0].Type = CmResourceTypeMemory;
    row[0].u.Memory.Start.QuadPart = registers_start(machine, device);
    row[0].u.Memory.Length = BLOCK_SIZE;
    row[1].Type = CmResourceTypeInterrupt;
    row[1].u.Interrupt.Level = row[1].u.Interrupt.Vector = RIG_DEVICE_LEVEL;
    row[1].u.Interrupt.Affinity = 1;
    return list;
}

NDIS_STATUS NdisMMapIoSpace(PVOID *VirtualAddress, NDIS_HANDLE MiniportAdapterHandle,
                            NDIS_PHYSICAL_ADDRESS PhysicalAddress, UINT Length)
{
    struct machine *machine = machine_bound();
    struct kit_device *device = find_device(machine, MiniportAdapterHandle);

    if (!may_map(machine, MiniportAdapterHandle))
        return NDIS_STATUS_FAILURE;
    if (PhysicalAddress.QuadPart != registers_start(machine, device) || Length > BLOCK_SIZE ||
        device->mapped)
        return NDIS_STATUS_RESOURCE_CONFLICT;
    if (site_refuses(machine, RIG_SITE_io_space))
        return NDIS_STATUS_RESOURCES;
    device->mapped = true;
    device->made = machine->origin;
    forget_frames(machine, device);
    *VirtualAddress = device->registers;
    return NDIS_STATUS_SUCCESS;
}

void NdisMUnmapIoSpace(NDIS_HANDLE MiniportAdapterHandle, PVOID VirtualAddress, UINT Length)
{
    struct machine *machine = machine_bound();
    struct kit_device *device = find_device(machine, MiniportAdapterHandle);

    UNREFERENCED_PARAMETER(Length);
    if (!device || !device->mapped || VirtualAddress != device->registers)
        driver_kit_fault(machine, "registers are unmapped that are not mapped", NULL);
    else
        device->mapped = false;
}

/* The device and register that an address means; NULL, and a fault, if it means none. */
static struct kit_device *find_register(struct machine *machine, const volatile ULONG *place,
                                        enum rig_register *which)
{
    for (unsigned i = 0; i < KIT_DEVICES; i++) {
        struct kit_device *device = &kit_of(machine)->devices[i];
        uintptr_t at = (uintptr_t)place - (uintptr_t)device->registers;

        if (!device->mapped || at >= sizeof device->registers || at % sizeof(ULONG) != 0)
            continue;
        *which = (enum rig_register)(at / sizeof(ULONG));
        return device;
    }
    driver_kit_fault(machine, "an address is used as a device register that is none", NULL);
    return NULL;
}

static void add_element(struct machine *machine, struct kit_device *device, uint32_t length)
{
    struct kit_frame *frame = frame_at(machine, device, device->held);

    if (frame->elements == KIT_ELEMENTS || device->held == KIT_FRAMES) {
        driver_kit_fault(machine, "the device is given more than it can hold", NULL);
        return;
    }
    frame->element[frame->elements++] =
        (struct kit_element){(uint64_t)device->high << 32 | device->low, length};
}

static void end_frame(struct machine *machine, struct kit_device *device, uint32_t tag)
{
    struct kit_frame *frame = frame_at(machine, device, device->held);

    if (tag == 0 || frame->elements == 0) {
        driver_kit_fault(machine, "the doorbell is rung for a frame without tag or elements", NULL);
        return;
    }
    frame->tag = tag;
    frame->made = machine->origin;
    device->held++;
    begin_frame(machine, device);
}

static void raise_interrupt(struct machine *machine, struct kit_device *device);

static void control(struct machine *machine, struct kit_device *device, uint32_t value)
{
    if (value & RIG_CONTROL_RESET)
        forget_frames(machine, device);
    device->control = value & RIG_CONTROL_RESET ? 0 : value & RIG_CONTROL_ON;
    raise_interrupt(machine, device);
}

void WRITE_REGISTER_ULONG(volatile ULONG *Register, ULONG Value)
{
    struct machine *machine = machine_bound();
    enum rig_register which;
    struct kit_device *device = find_register(machine, Register, &which);

    if (!device || !is_present(machine, device->adapter))
        return;
    switch (which) {
    case RIG_TX_ADDRESS_LOW:
        device->low = Value;
        break;
    case RIG_TX_ADDRESS_HIGH:
        device->high = Value;
        break;
    case RIG_TX_LENGTH:
        add_element(machine, device, Value);
        break;
    case RIG_TX_DOORBELL:
        end_frame(machine, device, Value);
        break;
    case RIG_CONTROL:
        control(machine, device, Value);
        break;
    default:
        break;
    }
}

static uint32_t take_done(struct kit_device *device)
{
    uint32_t tag = device->done[0];

    if (device->finished == 0)
        return 0;
    device->finished--;
    memmove(device->done, device->done + 1, device->finished * sizeof device->done[0]);
    return tag;
}

ULONG READ_REGISTER_ULONG(volatile ULONG *Register)
{
    struct machine *machine = machine_bound();
    enum rig_register which;
    struct kit_device *device = find_register(machine, Register, &which);
    uint32_t cause;

    if (!device || !is_present(machine, device->adapter))
        return (ULONG)ALL_ONES;
    switch (which) {
    case RIG_TX_DONE_TAG:
        return take_done(device);
    case RIG_INTERRUPT_CAUSE:
        cause = device->cause;
        device->cause = 0;
        return cause;
    case RIG_CONTROL:
        return device->control;
    default:
        return 0;
    }
}

/* ---- interrupts ---- */

static uint64_t interrupt_bits(const struct kit_interrupt *interrupt)
{
    return (uint64_t)(uintptr_t)interrupt;
}

/* A handle is the address of a row, which no second interrupt of the run gets. */
static struct kit_interrupt *find_interrupt(struct machine *machine, uint64_t bits)
{
    struct driver_kit *kit = kit_of(machine);

    for (unsigned i = 0; i < kit->interrupt_count; i++)
        if (interrupt_bits(&kit->interrupts[i]) == bits)
            return &kit->interrupts[i];
    return NULL;
}

static struct kit_interrupt *live_interrupt(struct machine *machine, uint64_t bits)
{
    struct kit_interrupt *interrupt = find_interrupt(machine, bits);

    return interrupt && interrupt->live ? interrupt : NULL;
}

/* SDV-18 */
static bool at_passive(struct machine *machine, const char *call, uint32_t made)
{
    if (processor_irql(machine) == PASSIVE_LEVEL)
        return true;
    verifier_finds(machine, RULE_SDV_18, call, made);
    return false;
}

static void run_dpc(struct machine *machine, uint64_t bits)
{
    struct kit_interrupt *interrupt = live_interrupt(machine, bits);

    assert(interrupt);
    interrupt->dpc_owed = false;
    if (!adapter_of(machine, interrupt->adapter))
        return;
    frame_enter(machine, SITE_OTHER, DISPATCH_LEVEL);
    interrupt->dpc(interrupt->context, NULL, NULL, NULL);
    frame_leave(machine, "MiniportInterruptDPC");
}

/* A DPC that is queued already is not queued again. */
static void run_isr(struct machine *machine, uint64_t bits)
{
    struct kit_interrupt *interrupt = live_interrupt(machine, bits);
    BOOLEAN queue = FALSE;
    BOOLEAN ours;
    ULONG targets = 0;

    assert(interrupt);
    interrupt->isr_owed = false;
    if (!is_present(machine, interrupt->adapter))
        return;
    frame_enter(machine, SITE_OTHER, RIG_DEVICE_LEVEL);
    ours = interrupt->isr(interrupt->context, &queue, &targets);
    frame_leave(machine, "MiniportInterrupt");
    if (ours && queue && !interrupt->dpc_owed) {
        processor_owe(machine, run_dpc, bits, DISPATCH_LEVEL);
        interrupt->dpc_owed = true;
    }
}

static void raise_interrupt(struct machine *machine, struct kit_device *device)
{
    struct driver_kit *kit = kit_of(machine);

    if (!(device->control & RIG_CONTROL_ON) || device->cause == 0)
        return;
    for (unsigned i = 0; i < kit->interrupt_count; i++) {
        struct kit_interrupt *interrupt = &kit->interrupts[i];

        if (!interrupt->live || interrupt->adapter != device->adapter || interrupt->isr_owed)
            continue;
        processor_owe(machine, run_isr, interrupt_bits(interrupt), RIG_DEVICE_LEVEL);
        interrupt->isr_owed = true;
    }
}

static bool characteristics_good(const NDIS_MINIPORT_INTERRUPT_CHARACTERISTICS *given)
{
    return given->Header.Type == NDIS_OBJECT_TYPE_MINIPORT_INTERRUPT &&
           given->Header.Size >= NDIS_SIZEOF_MINIPORT_INTERRUPT_CHARACTERISTICS_REVISION_1 &&
           given->InterruptHandler && given->InterruptDpcHandler;
}

/* The line is shared: where other processors run handlers at once, a neighbour's interrupt makes one
 * ask the ISR before the registration returns (LIFE-25). */
static void share_line(struct machine *machine, struct kit_interrupt *interrupt)
{
    if (machine->timing != RIG_OTHER_PROCESSOR)
        return;
    interrupt->isr_owed = true;
    processor_give(machine, run_isr, interrupt_bits(interrupt), RIG_DEVICE_LEVEL);
}

NDIS_STATUS NdisMRegisterInterruptEx(
    NDIS_HANDLE MiniportAdapterHandle, NDIS_HANDLE MiniportInterruptContext,
    PNDIS_MINIPORT_INTERRUPT_CHARACTERISTICS MiniportInterruptCharacteristics,
    PNDIS_HANDLE NdisInterruptHandle)
{
    struct machine *machine = machine_bound();
    struct driver_kit *kit = kit_of(machine);
    struct kit_interrupt *interrupt = &kit->interrupts[kit->interrupt_count];
    struct kit_device *device = find_device(machine, MiniportAdapterHandle);

    if (!device || !characteristics_good(MiniportInterruptCharacteristics)) {
        driver_kit_fault(machine, "an interrupt is registered wrongly", NULL);
        return NDIS_STATUS_FAILURE;
    }
    if (!at_passive(machine, "NdisMRegisterInterruptEx", 0))
        return NDIS_STATUS_FAILURE;
    if (kit->interrupt_count == KIT_INTERRUPTS || site_refuses(machine, RIG_SITE_interrupt))
        return NDIS_STATUS_RESOURCES;
    kit->interrupt_count++;
    *interrupt = (struct kit_interrupt){
        .adapter = MiniportAdapterHandle,
        .context = MiniportInterruptContext,
        .isr = MiniportInterruptCharacteristics->InterruptHandler,
        .dpc = MiniportInterruptCharacteristics->InterruptDpcHandler,
        .made = machine->origin,
        .live = true,
    };
    MiniportInterruptCharacteristics->InterruptType = NDIS_CONNECT_LINE_BASED;
    *NdisInterruptHandle = (NDIS_HANDLE)interrupt;
    share_line(machine, interrupt);
    return NDIS_STATUS_SUCCESS;
}

/* An ISR may run until this returns: one that is owed does so now, or never. A DPC that is queued
 * has run by then (LIFE-43). */
void NdisMDeregisterInterruptEx(NDIS_HANDLE NdisInterruptHandle)
{
    struct machine *machine = machine_bound();
    uint64_t bits = (uint64_t)(uintptr_t)NdisInterruptHandle;
    struct kit_interrupt *interrupt = live_interrupt(machine, bits);

    if (!interrupt) {
        driver_kit_fault(machine, "an interrupt is deregistered that is not registered", NULL);
        return;
    }
    if (!at_passive(machine, "NdisMDeregisterInterruptEx", interrupt->made))
        return;
    processor_forget(machine, run_isr, bits);
    if (interrupt->isr_owed && machine->timing != RIG_LATER)
        run_isr(machine, bits);
    processor_forget(machine, run_dpc, bits);
    if (interrupt->dpc_owed)
        run_dpc(machine, bits);
    processor_forget(machine, run_isr, bits); /* the DPC may have set the device going */
    interrupt->live = false;
}

BOOLEAN NdisMSynchronizeWithInterruptEx(NDIS_HANDLE NdisInterruptHandle, ULONG MessageId,
                                        MINIPORT_SYNCHRONIZE_INTERRUPT_HANDLER SynchronizeFunction,
                                        PVOID SynchronizeContext)
{
    struct machine *machine = machine_bound();
    struct kit_interrupt *interrupt =
        find_interrupt(machine, (uint64_t)(uintptr_t)NdisInterruptHandle);
    BOOLEAN result;
    KIRQL old;

    UNREFERENCED_PARAMETER(MessageId);
    if (!interrupt || processor_irql(machine) > RIG_DEVICE_LEVEL) {
        driver_kit_fault(machine, "synchronized with no interrupt, or above its level", NULL);
        return FALSE;
    }
    if (!interrupt->live) {
        verifier_finds(machine, RULE_SDV_13, "NdisMSynchronizeWithInterruptEx", interrupt->made);
        return FALSE;
    }
    KeRaiseIrql(RIG_DEVICE_LEVEL, &old);
    result = SynchronizeFunction(SynchronizeContext);
    KeLowerIrql(old);
    return result;
}

void rig_adapter_ends(struct machine *machine, NDIS_HANDLE adapter, const char *callback)
{
    struct driver_kit *kit = kit_of(machine);

    for (unsigned i = 0; i < kit->interrupt_count; i++) {
        struct kit_interrupt *interrupt = &kit->interrupts[i];

        if (!interrupt->live || interrupt->adapter != adapter)
            continue;
        verifier_finds(machine, RULE_SDV_12, callback, interrupt->made);
        interrupt->live = false;
        processor_forget(machine, run_isr, interrupt_bits(interrupt));
        processor_forget(machine, run_dpc, interrupt_bits(interrupt));
    }
    driver_kit_end_work(machine, adapter, callback);
}

/* ---- the harness moves frames ---- */

unsigned rig_device_frames(struct machine *machine, NDIS_HANDLE adapter)
{
    struct kit_device *device = find_device(machine, adapter);

    if (!device || !is_present(machine, device->adapter) || !(device->control & RIG_CONTROL_ON) ||
        device->finished == KIT_FRAMES)
        return 0;
    return device->held;
}

/* E6-26: bytes that are not mapped do not move. */
static uint32_t read_elements(struct machine *machine, const struct kit_frame *frame)
{
    uint32_t length = 0;

    for (unsigned i = 0; i < frame->elements; i++) {
        const struct kit_element *element = &frame->element[i];

        if (element->length > sizeof machine->frame - length ||
            !rig_bus_read(machine, element->address, machine->frame + length, element->length)) {
            verifier_finds(machine, RULE_E6_26, "device", frame->made);
            continue;
        }
        length += element->length;
    }
    if (machine->used.frame_bytes < length)
        machine->used.frame_bytes = length;
    return length;
}

/* The frame leaves the row, and its slot goes to the end. */
static void drop_frame(struct kit_device *device, unsigned position)
{
    uint8_t slot = device->order[position];

    memmove(&device->order[position], &device->order[position + 1], KIT_FRAMES - position);
    device->order[KIT_FRAMES] = slot;
    device->held--;
}

bool rig_device_frame(struct machine *machine, NDIS_HANDLE adapter, unsigned frame,
                      struct rig_frame *sent)
{
    struct kit_device *device = find_device(machine, adapter);
    const struct kit_frame *row;

    if (frame >= rig_device_frames(machine, adapter))
        return false;
    row = frame_at(machine, device, frame);
    *sent = (struct rig_frame){row->tag, row->made, machine->frame, read_elements(machine, row)};
    device->done[device->finished++] = row->tag;
    drop_frame(device, frame);
    device->cause |= RIG_CAUSE_SENT;
    raise_interrupt(machine, device);
    return true;
}
