/*
 * shared_memory.c: memory that a miniport shares with its device.
 *
 * A block lies in a common buffer that NDIS holds, alone or with other small blocks (SHM-21). The
 * common buffer goes back to HAL with its last block, at PASSIVE_LEVEL, which may be later (SHM-48).
 * What NdisAllocateSharedMemory provides is such a block too, with handles and a list (SHP-06).
 */
#include "common_buffer.h"
#include "memory.h"
#include "ndis_layer.h"

enum { SMALL_BLOCK = 896, GRAIN = 64 };

bool shared_outstanding(const struct machine *machine, PDMA_ADAPTER hal)
{
    EACH (const struct block, block, machine, blocks)
        if (block->state >= BLOCK_PENDING && block->hal == hal)
            return true;
    return false;
}

/* ---- common buffers ---- */

static uint32_t room_of(uint32_t length)
{
    return RED_ZONE + (length + GRAIN - 1) / GRAIN * GRAIN + RED_ZONE;
}

/* The page that the latest small block of a HAL adapter lies in; NULL: it is gone, or full. */
static struct common *page_for(struct machine *machine, const struct block *block)
{
    struct common *page = NULL;

    EACH (struct common, common, machine, commons)
        if (&common->adapter->head == block->hal && common->used > 0)
            page = common;
    return page && page->blocks > 0 && page->used + room_of(block->length) <= page->length ? page
                                                                                           : NULL;
}

static struct common *new_common(struct machine *machine, const struct block *block,
                                 uint32_t length)
{
    PHYSICAL_ADDRESS address;
    const void *va = block->hal->DmaOperations->AllocateCommonBuffer(block->hal, length, &address,
                                                                     block->cached);

    return common_of(machine, block->hal, va);
}

/* Memory for a block; false: there is none. */
static bool place(struct machine *machine, struct block *block)
{
    bool small = machine->settings[SETTING_pack_blocks] && block->length <= SMALL_BLOCK;
    struct common *common = small ? page_for(machine, block) : NULL;
    uint32_t offset = 0;

    if (!common)
        common = new_common(machine, block, small ? PAGE_SIZE : block->length);
    if (!common)
        return false;
    common->blocks++;
    block->common = common;
    if (small) {
        offset = common->used + RED_ZONE;
        common->used += room_of(block->length);
        red_zone_fill(common->start + offset, block->length, GRAIN);
    }
    block->va = common->start + offset;
    block->address.QuadPart = (LONGLONG)(common->bus + offset);
    block->state = BLOCK_LIVE;
    return true;
}

void shared_drain(struct machine *machine, PDMA_ADAPTER hal)
{
    EACH (const struct common, common, machine, commons)
        if (common->released && &common->adapter->head == hal)
            hal->DmaOperations->FreeCommonBuffer(
                hal, common->length, (PHYSICAL_ADDRESS){.QuadPart = (LONGLONG)common->bus},
                common->start, common->cached);
}

/* BC-02: an overrun in a page of several blocks shows when the next one is asked for. */
static void inspect_shared(struct machine *machine, const struct adapter *adapter, const char *call)
{
    EACH (const struct block, block, machine, blocks) {
        if (block->state == BLOCK_LIVE && block->adapter == adapter && block->common->used > 0 &&
            !red_zone_fill(block->va, block->length, GRAIN)) {
            verifier_finds(machine, RULE_BC_02, call, block->made);
            return;
        }
    }
}

/* ---- allocation ---- */

/* NULL: NDIS has none left, or FAILURE is the one that is asked for. */
static struct block *new_block(struct machine *machine, struct adapter *adapter, PDMA_ADAPTER hal,
                               uint32_t length, BOOLEAN cached, unsigned failure)
{
    struct block *block = &machine->blocks[machine->used.blocks];

    if (machine->settings[SETTING_fail_shared] == failure || machine->used.blocks == BLOCKS ||
        site_refuses(machine, RIG_SITE_shared_memory))
        return NULL;
    machine->used.blocks++;
    *block = (struct block){
        .adapter = adapter,
        .hal = hal,
        .cached = cached,
        .length = length,
        .made = machine->origin,
    };
    return block;
}

/* At once; NULL: there is no memory. */
static struct block *allocate(struct machine *machine, struct adapter *adapter, uint32_t length,
                              BOOLEAN cached)
{
    struct block *block =
        new_block(machine, adapter, registered_hal(machine, adapter), length, cached, 1);

    return block && place(machine, block) ? block : NULL;
}

/* The adapter that calls, then IRQL: the first that is broken. */
static enum rig_rule check_caller(struct machine *machine, NDIS_HANDLE handle, KIRQL level,
                                  enum rig_rule handle_rule, enum rig_rule irql_rule,
                                  struct adapter **adapter)
{
    *adapter = adapter_of(machine, handle);
    if (!*adapter)
        return handle_rule;
    return processor_irql(machine) > level ? irql_rule : RULE_NONE;
}

void NdisMAllocateSharedMemory(NDIS_HANDLE MiniportAdapterHandle, ULONG Length, BOOLEAN Cached,
                               PVOID *VirtualAddress, PNDIS_PHYSICAL_ADDRESS PhysicalAddress)
{
    struct machine *machine = machine_bound();
    struct adapter *adapter;
    const struct block *block;
    enum rig_rule rule = check_caller(machine, MiniportAdapterHandle, PASSIVE_LEVEL, RULE_SHM_04,
                                      RULE_SHM_01, &adapter);

    *VirtualAddress = NULL;
    PhysicalAddress->QuadPart = 0;
    if (!rule && adapter->state != ADAPTER_INITIALIZING)
        rule = RULE_SHM_02;
    else if (!rule && !registered_hal(machine, adapter))
        rule = RULE_SHM_03;
    else if (!rule && Length == 0)
        rule = RULE_AMB_23;
    if (verifier_finds(machine, rule, __func__, 0))
        return;
    inspect_shared(machine, adapter, __func__);
    block = allocate(machine, adapter, Length, Cached);
    adapter->unlogged = !block;
    if (!block)
        return;
    *VirtualAddress = block->va;
    *PhysicalAddress = block->address;
}

/* SHM-31, AMB-24 */
static void complete(struct machine *machine, uint64_t index)
{
    struct block *block = &machine->blocks[index];
    const struct adapter *adapter = block->adapter;
    const struct dma *dma = adapter->dma;
    bool placed = machine->settings[SETTING_fail_shared] != 3 && place(machine, block);
    bool told = placed || machine->settings[SETTING_failed_address];
    NDIS_PHYSICAL_ADDRESS address = block->address;

    if (!placed)
        block->state = BLOCK_NONE;
    frame_enter(machine, SITE_OTHER, PASSIVE_LEVEL);
    dma->complete(adapter->context, block->va, told ? &address : NULL, block->length,
                  block->context);
    frame_leave(machine, "MiniportSharedMemoryAllocateComplete");
}

NDIS_STATUS NdisMAllocateSharedMemoryAsyncEx(NDIS_HANDLE MiniportDmaHandle, ULONG Length,
                                             BOOLEAN Cached, PVOID Context)
{
    struct machine *machine = machine_bound();
    struct block *block;
    struct dma *dma;
    enum rig_rule rule =
        dma_find(machine, MiniportDmaHandle, RULE_SHM_26, &dma); /* no channel's: CH-34 */

    if (!rule && processor_irql(machine) > DISPATCH_LEVEL)
        rule = RULE_SHM_25;
    else if (!rule && !dma->complete)
        rule = RULE_SHM_34;
    else if (!rule && Length == 0)
        rule = RULE_AMB_23;
    if (verifier_finds(machine, rule, __func__, dma ? dma->made : 0))
        return NDIS_STATUS_FAILURE;
    if (dma->adapter->state == ADAPTER_SHUTDOWN)
        verifier_finds(machine, RULE_LIFE_53, __func__, dma->made);
    block = new_block(machine, dma->adapter, dma->hal, Length, Cached, 2);
    if (!block)
        return NDIS_STATUS_FAILURE;
    block->state = BLOCK_PENDING;
    block->context = Context;
    processor_give(machine, complete, (uint64_t)(block - machine->blocks), PASSIVE_LEVEL);
    return NDIS_STATUS_PENDING;
}

/* ---- freeing ---- */

/* The block that starts at VA, or the live one that VA lies in; NULL: neither. */
static struct block *find_block(struct machine *machine, const void *va)
{
    EACH (struct block, block, machine, blocks)
        if (block->va == va ||
            (block->state == BLOCK_LIVE && (uintptr_t)va - (uintptr_t)block->va < block->length))
            return block;
    return NULL;
}

/* SHM-41, SHM-42, SHM-46, BC-03: what is wrong with giving a block back so. */
static enum rig_rule check_block(const struct adapter *adapter, const struct block *block,
                                 ULONG length, BOOLEAN cached, const void *va,
                                 NDIS_PHYSICAL_ADDRESS address)
{
    if (!block)
        return RULE_SHM_41;
    if (block->state == BLOCK_FREED)
        return RULE_BC_03;
    if (block->provided)
        return RULE_SHP_21;
    if (block->va != va)
        return RULE_SHM_42;
    if (block->adapter != adapter)
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
    block->posted = block->provided = false;
    block->freed = machine->origin;
}

/* Unless that breaks RULE, which is reported. E6-0F is the last block's; the device reaches it no more,
 * whenever HAL gets it back. */
static void free_block(struct machine *machine, struct block *block, enum rig_rule rule,
                       const char *call)
{
    bool passive = processor_irql(machine) == PASSIVE_LEVEL;
    bool defers = machine->settings[SETTING_defer_free];
    struct common *common;

    if (rule) {
        verifier_report_freed(machine, rule, call, block ? block->made : 0,
                              block ? block->freed : 0);
        return;
    }
    end_block(machine, block);
    if (passive && defers)
        shared_drain(machine, block->hal);
    common = block->common;
    common->blocks--;
    if (common->blocks == 0) {
        common_inspect(machine, common, call, block->made);
        common->released = true;
    }
    if (passive && !defers)
        shared_drain(machine, block->hal);
}

void NdisMFreeSharedMemory(NDIS_HANDLE MiniportAdapterHandle, ULONG Length, BOOLEAN Cached,
                           PVOID VirtualAddress, NDIS_PHYSICAL_ADDRESS PhysicalAddress)
{
    struct machine *machine = machine_bound();
    struct adapter *adapter;
    struct block *block = NULL;
    enum rig_rule rule = check_caller(machine, MiniportAdapterHandle, DISPATCH_LEVEL, RULE_SHM_40,
                                      RULE_SHM_40, &adapter);

    if (!rule && adapter->state == ADAPTER_SHUTDOWN)
        rule = RULE_SHM_43;
    else if (!rule && !VirtualAddress)
        rule = RULE_SHM_49;
    else if (!rule) {
        block = find_block(machine, VirtualAddress);
        rule = check_block(adapter, block, Length, Cached, VirtualAddress, PhysicalAddress);
    }
    free_block(machine, block, rule, __func__);
}

/* ---- from a provider ---- */

static bool is_contiguous(const NDIS_SHARED_MEMORY_PARAMETERS *p)
{
    return (p->Flags & NDIS_SHARED_MEM_PARAMETERS_CONTIGUOUS) != 0;
}

static enum rig_rule check_parameters(struct machine *machine, const struct adapter *adapter,
                                      const NDIS_SHARED_MEMORY_PARAMETERS *p)
{
    bool second = p->Header.Revision >= NDIS_SHARED_MEMORY_PARAMETERS_REVISION_2;

    if (p->Header.Type != NDIS_OBJECT_TYPE_DEFAULT || p->Header.Revision == 0 ||
        p->Header.Size < (second ? NDIS_SIZEOF_SHARED_MEMORY_PARAMETERS_REVISION_2
                                 : NDIS_SIZEOF_SHARED_MEMORY_PARAMETERS_REVISION_1) ||
        adapter->driver->minor < (second ? 30 : 20))
        return RULE_SHP_07;
    if (p->Flags & ~(ULONG)NDIS_SHARED_MEM_PARAMETERS_CONTIGUOUS)
        return RULE_SHP_08;
    if (p->QueueId != 0 || (second && p->VPortId != 0))
        return RULE_SHP_10;
    if (p->PreferredNode != 0 && p->PreferredNode != MM_ANY_NODE_OK)
        return RULE_SHP_11;
    if (p->Length == 0)
        return RULE_AMB_23;
    if (!p->SGListBuffer ||
        p->SGListBufferLength < mapping_list_size(is_contiguous(p) ? 1 : BYTES_TO_PAGES(p->Length)))
        return RULE_SHP_09;
    return memory_lendable(machine, p->SGListBuffer, p->SGListBufferLength);
}

/* One run, or page by page (SHP-08). */
static void tell_elements(const NDIS_SHARED_MEMORY_PARAMETERS *p, PHYSICAL_ADDRESS address)
{
    ULONG step = is_contiguous(p) ? p->Length : PAGE_SIZE, left;
    PSCATTER_GATHER_ELEMENT element = p->SGListBuffer->Elements;

    for (left = p->Length; left > 0; left -= element++->Length) {
        *element = (SCATTER_GATHER_ELEMENT){address, left < step ? left : step, 0};
        address.QuadPart += step;
    }
    p->SGListBuffer->NumberOfElements = (ULONG)(element - p->SGListBuffer->Elements);
}

NDIS_STATUS NdisAllocateSharedMemory(NDIS_HANDLE NdisHandle,
                                     PNDIS_SHARED_MEMORY_PARAMETERS SharedMemoryParameters,
                                     PNDIS_HANDLE pAllocationHandle)
{
    struct machine *machine = machine_bound();
    struct adapter *adapter;
    struct block *block;
    unsigned index;
    enum rig_rule rule =
        check_caller(machine, NdisHandle, PASSIVE_LEVEL, RULE_SHP_02, RULE_SHP_01, &adapter);

    *pAllocationHandle = NULL;
    if (!rule && !registered_hal(machine, adapter))
        rule = RULE_SHP_03;
    if (verifier_finds(machine, rule, __func__, 0))
        return NDIS_STATUS_FAILURE;
    rule = check_parameters(machine, adapter, SharedMemoryParameters);
    if (verifier_finds(machine, rule, __func__, 0))
        return NDIS_STATUS_INVALID_PARAMETER;
    if (adapter->state == ADAPTER_SHUTDOWN)
        verifier_finds(machine, RULE_LIFE_53, __func__, 0);
    block = allocate(machine, adapter, SharedMemoryParameters->Length, TRUE);
    if (!block)
        return NDIS_STATUS_RESOURCES;
    index = (unsigned)(block - machine->blocks);
    block->generation = 1;
    block->provided = true;
    SharedMemoryParameters->VirtualAddress = block->va;
    SharedMemoryParameters->SharedMemoryHandle =
        handle_make(HANDLE_SHARED, index, block->generation);
    tell_elements(SharedMemoryParameters, block->address);
    *pAllocationHandle = handle_make(HANDLE_ALLOCATION, index, block->generation);
    return NDIS_STATUS_SUCCESS;
}

void NdisFreeSharedMemory(NDIS_HANDLE NdisHandle, NDIS_HANDLE AllocationHandle)
{
    struct machine *machine = machine_bound();
    struct adapter *adapter;
    bool stale;
    struct block *block =
        handle_find(AllocationHandle, HANDLE_ALLOCATION, TABLE(machine, blocks, provided), &stale);
    enum rig_rule rule =
        check_caller(machine, NdisHandle, PASSIVE_LEVEL, RULE_SHP_02, RULE_SHP_01, &adapter);

    if (!rule && !block)
        rule = stale ? RULE_SHP_12 : RULE_SHP_06;
    else if (!rule && block->adapter != adapter)
        rule = RULE_SHP_02;
    else if (!rule && block->posted)
        rule = RULE_SHM_46;
    free_block(machine, block, rule, __func__);
}

/* What a block that is left behind is reported as. */
static enum rig_rule rule_of_left(const struct block *block, enum rig_rule live_rule)
{
    if (live_rule && block->state == BLOCK_PENDING)
        return RULE_SHM_36;
    if (live_rule && block->provided)
        return live_rule == RULE_SHM_11 ? RULE_SHP_12 : RULE_SHP_13;
    return live_rule;
}

bool shared_sweep(struct machine *machine, const struct adapter *adapter, enum rig_rule live_rule,
                  const char *call)
{
    bool any = false;

    EACH (struct block, block, machine, blocks) {
        if (block->adapter != adapter || block->state < BLOCK_PENDING)
            continue;
        verifier_finds(machine, rule_of_left(block, live_rule), call, block->made);
        if (block->state == BLOCK_PENDING)
            processor_forget(machine, complete, (uint64_t)(block - machine->blocks));
        end_block(machine, block);
        any = true;
    }
    return any;
}

/* ---- the device, the log ---- */

bool rig_device_program(struct machine *machine, const void *va, bool begins)
{
    struct block *block = va ? find_block(machine, va) : NULL;

    if (!block || block->va != va || block->state != BLOCK_LIVE || block->posted == begins ||
        block->adapter->removed)
        return false;
    block->posted = begins;
    return true;
}

void shared_stop(struct machine *machine, const struct adapter *adapter)
{
    EACH (struct block, block, machine, blocks)
        if (block->adapter == adapter)
            block->posted = false;
}

VOID NdisWriteErrorLogEntry(NDIS_HANDLE NdisAdapterHandle, NDIS_ERROR_CODE ErrorCode,
                            ULONG NumberOfErrorValues, ...)
{
    struct machine *machine = machine_bound();
    struct adapter *adapter = adapter_of(machine, NdisAdapterHandle);

    (void)ErrorCode;
    (void)NumberOfErrorValues;
    if (adapter)
        adapter->unlogged = false;
    else
        verifier_finds(machine, RULE_LIFE_26, __func__, 0);
}
