/*
 * driver_kit.c: the kernel services that any driver uses: spin locks, pool memory, work items, data in
 * one piece. A mistake that no rule of the catalogue names is kept as a fault for the host to ask.
 */
#include "driver_kit.h"
#include "memory.h"
#include "processor.h"
#include "verifier.h"
#include <string.h>

enum { BLOCK_ALIGNMENT = 16, RED_ZONE = 16 };

void driver_kit_fault(struct machine *machine, const char *text, const struct kit_block *block)
{
    static const struct kit_block none;

    if (!block)
        block = &none;
    if (!kit_of(machine)->fault.text)
        kit_of(machine)->fault =
            (struct rig_fault){text, machine->origin, block->made, block->freed};
}

const struct rig_fault *rig_fault(const struct machine *machine)
{
    return &kit_of(machine)->fault;
}

size_t kit_size(void)
{
    return sizeof(struct driver_kit);
}

void kit_attach(struct driver_kit *kit, struct rig_hooks *hooks)
{
    hooks->extension = kit;
    hooks->resources = rig_resources;
}

RIG_NO_COVERAGE void kit_reset(struct driver_kit *kit)
{
    memory_release(kit->arena, kit->arena_used);
    memset(kit->arena, 0, kit->arena_used);
    memset(kit->blocks, 0, kit->block_count * sizeof kit->blocks[0]);
    memset(kit->interrupts, 0, kit->interrupt_count * sizeof kit->interrupts[0]);
    for (unsigned i = 0; i < KIT_DEVICES; i++) {
        if (kit->devices[i].adapter)
            memset(&kit->devices[i], 0, sizeof kit->devices[i]);
        memset(kit->frames[i], 0, kit->frames_used[i] * sizeof kit->frames[i][0]);
        kit->frames_used[i] = 0;
    }
    memset(kit->work_items, 0, kit->work_item_count * sizeof kit->work_items[0]);
    kit->arena_used = kit->block_count = kit->interrupt_count = kit->work_item_count = 0;
    kit->fault = (struct rig_fault){0};
}

/* ---- spin locks ---- */

/* A lock that is held says how deep callbacks were nested when it was taken, from 1. Processors take
 * turns at calls only, so it will not be released meanwhile: its holder waits for this very callback.
 * That is SGL-19 where a handler of lists takes what was held when it was called. */
static void take(PKSPIN_LOCK lock)
{
    struct machine *machine = machine_bound();
    const struct frame *frame = frame_current(machine);

    if (*lock && frame && frame->site == SITE_LIST && *lock <= machine->frame_count)
        verifier_finds(machine, RULE_SGL_19, "MiniportProcessSGList", 0);
    else if (*lock)
        driver_kit_fault(machine, "a spin lock is taken that is held already", NULL);
    *lock = machine->frame_count + 1;
}

static void give(PKSPIN_LOCK lock)
{
    if (!*lock)
        driver_kit_fault(machine_bound(), "a spin lock is released that is not held", NULL);
    *lock = 0;
}

void KeInitializeSpinLock(PKSPIN_LOCK SpinLock)
{
    *SpinLock = 0;
}

void KeAcquireSpinLock(PKSPIN_LOCK SpinLock, PKIRQL OldIrql)
{
    KeRaiseIrql(DISPATCH_LEVEL, OldIrql);
    take(SpinLock);
}

void KeReleaseSpinLock(PKSPIN_LOCK SpinLock, KIRQL NewIrql)
{
    give(SpinLock);
    KeLowerIrql(NewIrql);
}

void KeAcquireSpinLockAtDpcLevel(PKSPIN_LOCK SpinLock)
{
    if (KeGetCurrentIrql() < DISPATCH_LEVEL)
        driver_kit_fault(machine_bound(), "a spin lock is taken below DISPATCH_LEVEL", NULL);
    take(SpinLock);
}

void KeReleaseSpinLockFromDpcLevel(PKSPIN_LOCK SpinLock)
{
    give(SpinLock);
}

void NdisAllocateSpinLock(PNDIS_SPIN_LOCK SpinLock)
{
    KeInitializeSpinLock(&SpinLock->SpinLock);
}

void NdisFreeSpinLock(PNDIS_SPIN_LOCK SpinLock)
{
    if (SpinLock->SpinLock)
        driver_kit_fault(machine_bound(), "a spin lock is freed that is held", NULL);
}

void NdisAcquireSpinLock(PNDIS_SPIN_LOCK SpinLock)
{
    KIRQL old;

    KeAcquireSpinLock(&SpinLock->SpinLock, &old);
    SpinLock->OldIrql = old;
}

void NdisReleaseSpinLock(PNDIS_SPIN_LOCK SpinLock)
{
    KeReleaseSpinLock(&SpinLock->SpinLock, SpinLock->OldIrql);
}

void NdisDprAcquireSpinLock(PNDIS_SPIN_LOCK SpinLock)
{
    KeAcquireSpinLockAtDpcLevel(&SpinLock->SpinLock);
}

void NdisDprReleaseSpinLock(PNDIS_SPIN_LOCK SpinLock)
{
    KeReleaseSpinLockFromDpcLevel(&SpinLock->SpinLock);
}

/* ---- pool ---- */

static struct kit_block *find_block(struct driver_kit *kit, const void *start)
{
    for (unsigned i = 0; i < kit->block_count; i++)
        if (start == kit->arena + kit->blocks[i].offset)
            return &kit->blocks[i];
    return NULL;
}

/* What is asked for is filled with rubbish, as pool is, and has a red zone behind it. */
PVOID NdisAllocateMemoryWithTagPriority(NDIS_HANDLE NdisHandle, UINT Length, ULONG Tag,
                                        EX_POOL_PRIORITY Priority)
{
    struct machine *machine = machine_bound();
    struct driver_kit *kit = kit_of(machine);
    struct kit_block *block = &kit->blocks[kit->block_count];
    uint32_t start = kit->arena_used;
    uint64_t end = (uint64_t)start + Length + RED_ZONE + BLOCK_ALIGNMENT - 1;

    UNREFERENCED_PARAMETER(Tag);
    UNREFERENCED_PARAMETER(Priority);
    end -= end % BLOCK_ALIGNMENT;
    if (processor_irql(machine) > DISPATCH_LEVEL)
        driver_kit_fault(machine, "memory is allocated above DISPATCH_LEVEL", NULL);
    if (Length == 0 || end > KIT_ARENA || kit->block_count == KIT_BLOCKS ||
        site_refuses(machine, RIG_SITE_pool))
        return NULL;
    kit->block_count++;
    kit->arena_used = (uint32_t)end;
    *block = (struct kit_block){NdisHandle, start, Length, machine->origin, 0, true};
    memset(kit->arena + start, 0xA5, Length);
    memory_poison(kit->arena + start + Length, end - start - Length);
    return kit->arena + start;
}

void NdisFreeMemory(PVOID VirtualAddress, UINT Length, UINT MemoryFlags)
{
    struct machine *machine = machine_bound();
    struct kit_block *block = find_block(kit_of(machine), VirtualAddress);

    UNREFERENCED_PARAMETER(MemoryFlags);
    if (!block || !block->live)
        driver_kit_fault(machine, "memory is freed that is not allocated", block);
    else if (Length != 0 && Length != block->length)
        driver_kit_fault(machine, "memory is freed with a length it does not have", block);
    else if (memory_lent(machine, VirtualAddress, block->length, false)) /* FSG-09 */
        verifier_finds(machine, RULE_FSG_09, "NdisFreeMemory", block->made);
    else {
        block->live = false;
        block->freed = machine->origin;
        memory_poison(VirtualAddress, block->length);
    }
}

struct rig_fault rig_left(const struct machine *machine, NDIS_HANDLE owner)
{
    const struct driver_kit *kit = kit_of(machine);

    for (unsigned i = 0; i < kit->block_count; i++)
        if (kit->blocks[i].live && kit->blocks[i].owner == owner)
            return (struct rig_fault){"memory is left allocated", 0, kit->blocks[i].made, 0};
    for (unsigned i = 0; i < kit->interrupt_count; i++)
        if (kit->interrupts[i].live && kit->interrupts[i].adapter == owner)
            return (struct rig_fault){"an interrupt is left registered", 0, kit->interrupts[i].made,
                                      0};
    for (unsigned i = 0; i < kit->work_item_count; i++)
        if (kit->work_items[i].live && kit->work_items[i].owner == owner)
            return (struct rig_fault){"a work item is left allocated", 0, kit->work_items[i].made,
                                      0};
    for (unsigned i = 0; i < KIT_DEVICES; i++)
        if (kit->devices[i].mapped && kit->devices[i].adapter == owner)
            return (struct rig_fault){"device registers are left mapped", 0, kit->devices[i].made,
                                      0};
    return (struct rig_fault){0};
}

/* ---- work items ---- */

/* A handle is the address of a row, which no second item of the run gets; NULL, and a fault, if it
 * is none that lives and is not queued. */
static struct kit_work_item *idle_item(struct machine *machine, NDIS_HANDLE handle)
{
    struct driver_kit *kit = kit_of(machine);

    for (struct kit_work_item *item = kit->work_items;
         item < kit->work_items + kit->work_item_count; item++)
        if (item == handle && item->live && !item->queued)
            return item;
    driver_kit_fault(machine, "a work item is queued or freed that is not there, or is queued",
                     NULL);
    return NULL;
}

NDIS_HANDLE NdisAllocateIoWorkItem(NDIS_HANDLE NdisObjectHandle)
{
    struct machine *machine = machine_bound();
    struct driver_kit *kit = kit_of(machine);
    struct kit_work_item *item = &kit->work_items[kit->work_item_count];

    if (kit->work_item_count == KIT_WORK_ITEMS || site_refuses(machine, RIG_SITE_pool))
        return NULL;
    kit->work_item_count++;
    *item = (struct kit_work_item){NdisObjectHandle, NULL, NULL, machine->origin, true, false};
    return item;
}

static void run_item(struct machine *machine, uint64_t bits)
{
    struct kit_work_item *item = &kit_of(machine)->work_items[bits];

    item->queued = false;
    frame_enter(machine, SITE_OTHER, PASSIVE_LEVEL);
    item->routine(item->context, item);
    frame_leave(machine, "NDIS_IO_WORKITEM_FUNCTION");
}

void NdisQueueIoWorkItem(NDIS_HANDLE NdisIoWorkItemHandle, NDIS_IO_WORKITEM_ROUTINE Routine,
                         PVOID WorkItemContext)
{
    struct machine *machine = machine_bound();
    struct kit_work_item *item = idle_item(machine, NdisIoWorkItemHandle);

    if (!item)
        return;
    item->routine = Routine;
    item->context = WorkItemContext;
    item->queued = true;
    processor_owe(machine, run_item, (uint64_t)(item - kit_of(machine)->work_items), PASSIVE_LEVEL);
}

void NdisFreeIoWorkItem(NDIS_HANDLE NdisIoWorkItemHandle)
{
    struct kit_work_item *item = idle_item(machine_bound(), NdisIoWorkItemHandle);

    if (item)
        item->live = false;
}

void driver_kit_end_work(struct machine *machine, NDIS_HANDLE owner, const char *callback)
{
    struct driver_kit *kit = kit_of(machine);

    for (unsigned i = 0; i < kit->work_item_count; i++) {
        if (!kit->work_items[i].live || kit->work_items[i].owner != owner)
            continue;
        verifier_finds(machine, RULE_SDV_14, callback, kit->work_items[i].made);
        kit->work_items[i].live = false;
        processor_forget(machine, run_item, i);
    }
}

/* ---- data, versions ---- */

static void copy_data(const NET_BUFFER *nb, uint8_t *to, ULONG length)
{
    ULONG offset = nb->CurrentMdlOffset;

    for (const MDL *mdl = nb->CurrentMdl; length > 0; mdl = mdl->Next, offset = 0) {
        ULONG here = mdl->ByteCount - offset;

        if (here > length)
            here = length;
        memcpy(to, (const uint8_t *)mdl->MappedSystemVa + offset, here);
        to += here;
        length -= here;
    }
}

PVOID NdisGetDataBuffer(PNET_BUFFER NetBuffer, ULONG BytesNeeded, PVOID Storage, UINT AlignMultiple,
                        UINT AlignOffset)
{
    PMDL mdl = NetBuffer->CurrentMdl;
    ULONG offset = NetBuffer->CurrentMdlOffset;
    uint8_t *place;

    if (BytesNeeded == 0 || BytesNeeded > NetBuffer->DataLength)
        return NULL;
    place = (uint8_t *)mdl->MappedSystemVa + offset;
    if (BytesNeeded <= mdl->ByteCount - offset &&
        (AlignMultiple == 0 || (uintptr_t)place % AlignMultiple == AlignOffset))
        return place;
    if (Storage)
        copy_data(NetBuffer, Storage, BytesNeeded);
    return Storage;
}

/* NDIS 6.30 */
UINT NdisGetVersion(void)
{
    return 0x0006001E;
}

/* ---- calls that are gone ---- */

PDMA_ADAPTER HalGetAdapter(PDEVICE_DESCRIPTION DeviceDescription, PULONG NumberOfMapRegisters)
{
    UNREFERENCED_PARAMETER(DeviceDescription);
    UNREFERENCED_PARAMETER(NumberOfMapRegisters);
    verifier_finds(machine_bound(), RULE_E6_1E, "HalGetAdapter", 0);
    return NULL;
}

NDIS_STATUS NdisMAllocateMapRegisters(NDIS_HANDLE MiniportAdapterHandle, UINT DmaChannel,
                                      NDIS_DMA_SIZE DmaSize, ULONG PhysicalMapRegistersNeeded,
                                      ULONG MaximumPhysicalMapping)
{
    UNREFERENCED_PARAMETER(MiniportAdapterHandle);
    UNREFERENCED_PARAMETER(DmaChannel);
    UNREFERENCED_PARAMETER(DmaSize);
    UNREFERENCED_PARAMETER(PhysicalMapRegistersNeeded);
    UNREFERENCED_PARAMETER(MaximumPhysicalMapping);
    verifier_finds(machine_bound(), RULE_BC_08, "NdisMAllocateMapRegisters", 0);
    return NDIS_STATUS_FAILURE;
}

void NdisMFreeMapRegisters(NDIS_HANDLE MiniportAdapterHandle)
{
    UNREFERENCED_PARAMETER(MiniportAdapterHandle);
    verifier_finds(machine_bound(), RULE_BC_08, "NdisMFreeMapRegisters", 0);
}
