/*
 * shared_memory.c: memory that a miniport shares with its device.
 *
 * A block lies in a common buffer that NDIS holds, alone or with other small blocks (SHM-21). The
 * common buffer goes back to HAL with its last block, at PASSIVE_LEVEL, which may be later (SHM-48).
 */
#include "common_buffer.h"
#include "ndis_layer.h"

enum { SMALL_BLOCK = 896, GRAIN = 64 };

static bool is_of(const struct machine *machine, const struct block *block,
                  const struct adapter *adapter)
{
    return &machine->adapters[block->adapter] == adapter &&
           (block->state == BLOCK_LIVE || block->state == BLOCK_PENDING);
}

bool shared_outstanding(const struct machine *machine, const struct adapter *adapter)
{
    for (unsigned i = 0; i < machine->used.blocks; i++)
        if (is_of(machine, &machine->blocks[i], adapter))
            return true;
    return false;
}

/* ---- common buffers ---- */

static uint32_t rounded(uint32_t length)
{
    return (length + GRAIN - 1) / GRAIN * GRAIN;
}

static uint32_t room_of(uint32_t length)
{
    return RED_ZONE + rounded(length) + RED_ZONE;
}

static uint32_t zone_behind(const struct block *block)
{
    return rounded(block->length) - block->length + RED_ZONE;
}

static struct hold *take_hold(struct machine *machine, PDMA_ADAPTER hal, uint32_t length,
                              BOOLEAN cached)
{
    struct hold *hold = &machine->holds[machine->used.holds];
    PHYSICAL_ADDRESS address;
    uint8_t *va = hal->DmaOperations->AllocateCommonBuffer(hal, length, &address, cached);

    if (!va)
        return NULL;
    machine->used.holds++;
    *hold =
        (struct hold){.hal = hal, .va = va, .address = address, .length = length, .cached = cached};
    return hold;
}

/* Memory for a block; false: there is none. */
static bool place(struct machine *machine, struct block *block)
{
    struct adapter *adapter = &machine->adapters[block->adapter];
    bool small = machine->settings[SETTING_pack_blocks] && block->length <= SMALL_BLOCK;
    struct hold *hold = adapter->page ? &machine->holds[adapter->page - 1] : NULL;
    uint32_t offset = 0;

    if (!small || !hold || !hold->blocks || hold->used + room_of(block->length) > PAGE_SIZE)
        hold =
            take_hold(machine, adapter->dma->hal, small ? PAGE_SIZE : block->length, block->cached);
    if (!hold)
        return false;
    hold->blocks++;
    block->hold = (uint8_t)(hold - machine->holds);
    if (small) {
        adapter->page = (uint8_t)(block->hold + 1);
        offset = hold->used + RED_ZONE;
        hold->used += room_of(block->length);
        red_zone_fill(hold->va + offset, block->length, zone_behind(block));
    }
    block->va = hold->va + offset;
    block->address.QuadPart = hold->address.QuadPart + offset;
    block->state = BLOCK_LIVE;
    return true;
}

void shared_drain(struct machine *machine, PDMA_ADAPTER hal)
{
    for (unsigned i = 0; i < machine->used.holds; i++) {
        struct hold *hold = &machine->holds[i];

        if (hold->deferred && hold->hal == hal)
            hal->DmaOperations->FreeCommonBuffer(hal, hold->length, hold->address, hold->va,
                                                 hold->cached);
        hold->deferred &= hold->hal != hal;
    }
}

/* E6-0F is the last block's; the device reaches it no more, whenever HAL gets it back. */
static void release(struct machine *machine, const struct block *block)
{
    struct hold *hold = &machine->holds[block->hold];
    struct common *common = common_of(machine, (const struct dma_adapter *)hold->hal, hold->va);
    bool passive = processor_irql(machine) == PASSIVE_LEVEL;
    bool defers = machine->settings[SETTING_defer_free];

    if (passive && defers)
        shared_drain(machine, hold->hal);
    hold->blocks--;
    if (hold->blocks == 0) {
        common_inspect(machine, common, "NdisMFreeSharedMemory", block->made);
        common->released = hold->deferred = true;
    }
    if (passive && !defers)
        shared_drain(machine, hold->hal);
}

/* BC-02: an overrun in a page of several blocks shows when the next one is asked for. */
static void inspect_shared(struct machine *machine, const struct adapter *adapter)
{
    for (unsigned i = 0; i < machine->used.blocks; i++) {
        const struct block *block = &machine->blocks[i];

        if (block->state == BLOCK_LIVE && is_of(machine, block, adapter) &&
            machine->holds[block->hold].used > 0 &&
            !red_zone_intact(block->va, block->length, zone_behind(block))) {
            verifier_report_made(machine, RULE_BC_02, "NdisMAllocateSharedMemory", block->made);
            red_zone_fill(block->va, block->length, zone_behind(block));
            return;
        }
    }
}

/* ---- allocation ---- */

/* NULL: NDIS has none left. */
static struct block *new_block(struct machine *machine, const struct adapter *adapter,
                               uint32_t length, BOOLEAN cached)
{
    struct block *block = &machine->blocks[machine->used.blocks];

    if (machine->used.blocks == BLOCKS || site_refuses(machine, RIG_SITE_shared_memory))
        return NULL;
    machine->used.blocks++;
    *block = (struct block){
        .adapter = (uint8_t)adapter_index(machine, adapter),
        .cached = cached,
        .length = length,
        .made = machine->origin,
    };
    return block;
}

static enum rig_rule check_allocate(struct machine *machine, NDIS_HANDLE handle, ULONG length,
                                    struct adapter **adapter)
{
    *adapter = adapter_of(machine, handle);
    if (!*adapter)
        return RULE_SHM_04;
    if (processor_irql(machine) != PASSIVE_LEVEL)
        return RULE_SHM_01;
    if ((*adapter)->state != ADAPTER_INITIALIZING)
        return RULE_SHM_02;
    if (!(*adapter)->dma)
        return RULE_SHM_03;
    return length ? RULE_NONE : RULE_AMB_23;
}

void NdisMAllocateSharedMemory(NDIS_HANDLE MiniportAdapterHandle, ULONG Length, BOOLEAN Cached,
                               PVOID *VirtualAddress, PNDIS_PHYSICAL_ADDRESS PhysicalAddress)
{
    struct machine *machine = machine_bound();
    struct adapter *adapter;
    struct block *block = NULL;
    enum rig_rule rule = check_allocate(machine, MiniportAdapterHandle, Length, &adapter);

    *VirtualAddress = NULL;
    PhysicalAddress->QuadPart = 0;
    if (verifier_finds(machine, rule, "NdisMAllocateSharedMemory", 0))
        return;
    inspect_shared(machine, adapter);
    if (machine->settings[SETTING_fail_shared] != 1)
        block = new_block(machine, adapter, Length, Cached);
    adapter->unlogged = !block || !place(machine, block);
    if (adapter->unlogged)
        return;
    *VirtualAddress = block->va;
    *PhysicalAddress = block->address;
}

/* SHM-31, AMB-24 */
static void complete(struct machine *machine, uint64_t index)
{
    struct block *block = &machine->blocks[index];
    const struct adapter *adapter = &machine->adapters[block->adapter];
    const struct dma *dma = adapter->dma;
    NDIS_PHYSICAL_ADDRESS address = {.QuadPart = 0};
    bool placed = machine->settings[SETTING_fail_shared] != 3 && place(machine, block);
    bool told = placed || machine->settings[SETTING_failed_address];

    if (placed)
        address = block->address;
    else
        block->state = BLOCK_NONE;
    frame_enter(machine, SITE_OTHER, PASSIVE_LEVEL);
    dma->complete(adapter->context, block->va, told ? &address : NULL, block->length,
                  block->context);
    frame_leave(machine, "MiniportSharedMemoryAllocateComplete");
}

static enum rig_rule check_asynchronous(struct machine *machine, NDIS_HANDLE handle, ULONG length,
                                        struct dma **dma)
{
    enum rig_rule rule = dma_find(machine, handle, RULE_SHM_26, dma);

    if (rule)
        return rule;
    if (processor_irql(machine) > DISPATCH_LEVEL)
        return RULE_SHM_25;
    if (!(*dma)->complete)
        return RULE_SHM_34;
    return length ? RULE_NONE : RULE_AMB_23;
}

NDIS_STATUS NdisMAllocateSharedMemoryAsyncEx(NDIS_HANDLE MiniportDmaHandle, ULONG Length,
                                             BOOLEAN Cached, PVOID Context)
{
    static const char call[] = "NdisMAllocateSharedMemoryAsyncEx";
    struct machine *machine = machine_bound();
    struct block *block = NULL;
    struct dma *dma;
    enum rig_rule rule = check_asynchronous(machine, MiniportDmaHandle, Length, &dma);

    if (verifier_finds(machine, rule, call, dma ? dma->made : 0))
        return NDIS_STATUS_FAILURE;
    if (dma->adapter->state == ADAPTER_SHUTDOWN)
        verifier_report_made(machine, RULE_LIFE_53, call, dma->made);
    if (machine->settings[SETTING_fail_shared] != 2)
        block = new_block(machine, dma->adapter, Length, Cached);
    if (!block)
        return NDIS_STATUS_FAILURE;
    block->state = BLOCK_PENDING;
    block->context = Context;
    processor_give(machine, complete, (uint64_t)(block - machine->blocks), PASSIVE_LEVEL);
    return NDIS_STATUS_PENDING;
}

/* ---- freeing ---- */

/* The block that starts at VA or, if there is none, the live one that VA lies in; NULL: neither. */
static struct block *find_block(struct machine *machine, const void *va)
{
    struct block *inside = NULL;

    for (unsigned i = 0; i < machine->used.blocks; i++) {
        struct block *block = &machine->blocks[i];

        if (block->va == va)
            return block;
        if (block->state == BLOCK_LIVE && (uintptr_t)va - (uintptr_t)block->va < block->length)
            inside = block;
    }
    return inside;
}

/* SHM-41, SHM-42, SHM-46, BC-03: what is wrong with giving a block back so. */
static enum rig_rule check_block(const struct machine *machine, const struct adapter *adapter,
                                 const struct block *block, ULONG length, BOOLEAN cached,
                                 const void *va, NDIS_PHYSICAL_ADDRESS address)
{
    if (!block)
        return RULE_SHM_41;
    if (block->state == BLOCK_FREED)
        return RULE_BC_03;
    if (block->va != va)
        return RULE_SHM_42;
    if (&machine->adapters[block->adapter] != adapter)
        return RULE_SHM_41;
    if (length < block->length)
        return RULE_SHM_42;
    if (length != block->length || cached != block->cached ||
        address.QuadPart != block->address.QuadPart)
        return RULE_SHM_41;
    return block->posted ? RULE_SHM_46 : RULE_NONE;
}

static void end_block(struct machine *machine, struct block *block)
{
    block->state = BLOCK_FREED;
    block->posted = false;
    block->freed = machine->origin;
}

void NdisMFreeSharedMemory(NDIS_HANDLE MiniportAdapterHandle, ULONG Length, BOOLEAN Cached,
                           PVOID VirtualAddress, NDIS_PHYSICAL_ADDRESS PhysicalAddress)
{
    struct machine *machine = machine_bound();
    struct adapter *adapter = adapter_of(machine, MiniportAdapterHandle);
    struct block *block = NULL;
    enum rig_rule rule = RULE_NONE;

    if (!adapter || processor_irql(machine) > DISPATCH_LEVEL)
        rule = RULE_SHM_40;
    else if (adapter->state == ADAPTER_SHUTDOWN)
        rule = RULE_SHM_43;
    else if (!VirtualAddress)
        rule = RULE_SHM_49;
    else {
        block = find_block(machine, VirtualAddress);
        rule =
            check_block(machine, adapter, block, Length, Cached, VirtualAddress, PhysicalAddress);
    }
    if (rule) {
        verifier_report_freed(machine, rule, "NdisMFreeSharedMemory", block ? block->made : 0,
                              block ? block->freed : 0);
        return;
    }
    end_block(machine, block);
    release(machine, block);
}

bool shared_sweep(struct machine *machine, const struct adapter *adapter, enum rig_rule live_rule,
                  const char *call)
{
    bool any = false;

    for (unsigned i = 0; i < machine->used.blocks; i++) {
        struct block *block = &machine->blocks[i];

        if (!is_of(machine, block, adapter))
            continue;
        verifier_finds(machine,
                       live_rule && block->state == BLOCK_PENDING ? RULE_SHM_36 : live_rule, call,
                       block->made);
        if (block->state == BLOCK_PENDING)
            processor_forget(machine, complete, i);
        end_block(machine, block);
        any = true;
    }
    for (unsigned i = 0; i < machine->used.holds; i++)
        if (adapter->dma && machine->holds[i].hal == adapter->dma->hal)
            machine->holds[i] = (struct hold){0}; /* HAL sweeps its own */
    return any;
}

/* ---- the device, the log ---- */

bool rig_device_program(struct machine *machine, const void *va, bool begins)
{
    struct block *block = va ? find_block(machine, va) : NULL;

    if (!block || block->va != va || block->state != BLOCK_LIVE || block->posted == begins ||
        machine->adapters[block->adapter].removed)
        return false;
    block->posted = begins;
    return true;
}

void shared_stop(struct machine *machine, const struct adapter *adapter)
{
    for (unsigned i = 0; i < machine->used.blocks; i++)
        if (is_of(machine, &machine->blocks[i], adapter))
            machine->blocks[i].posted = false;
}

VOID NdisWriteErrorLogEntry(NDIS_HANDLE NdisAdapterHandle, NDIS_ERROR_CODE ErrorCode,
                            ULONG NumberOfErrorValues, ...)
{
    struct machine *machine = machine_bound();
    struct adapter *adapter = adapter_of(machine, NdisAdapterHandle);

    (void)ErrorCode;
    (void)NumberOfErrorValues;
    if (!adapter)
        verifier_report(machine, RULE_LIFE_26, "NdisWriteErrorLogEntry");
    else
        adapter->unlogged = false;
}
