/*
 * interpret_block.c: shared memory of NDIS, common buffers of HAL, and what is done with them.
 */
#include "choices.h"
#include "interpret.h"

static PHYSICAL_ADDRESS bus_address(uint64_t bus)
{
    return (PHYSICAL_ADDRESS){.QuadPart = (LONGLONG)bus};
}

/* ---- what is judged of a block ---- */

static bool overlap(uint64_t a, uint64_t b, uint32_t a_length, uint32_t b_length)
{
    return a < b + b_length && b < a + a_length;
}

static bool is_apart(const struct oracle *o, unsigned n)
{
    const struct o_block *b = &o->block[n];

    for (unsigned i = 1; i <= o->made[CLASS_block]; i++) {
        const struct o_block *other = &o->block[i];

        if (i != n && other->life == LIFE_live && other->va &&
            (overlap(b->bus, other->bus, b->length, other->length) ||
             overlap((uintptr_t)b->va, (uintptr_t)other->va, b->length, other->length)))
            return false;
    }
    return true;
}

static bool is_within_reach(const struct o_block *b)
{
    uint64_t last = b->bus + b->length - 1;

    return last >= b->bus && (b->pool->wide || last <= UINT32_MAX) && b->bus != (uintptr_t)b->va;
}

/* What the block holds at first is nobody's business. */
static void judge_new(struct runner *r, unsigned n)
{
    struct oracle *o = &r->oracle;
    struct o_block *b = &o->block[n];

    if (broken(r, PROPERTY_SHM_REACH, is_within_reach(b)))
        failed_text(r, PROPERTY_SHM_REACH, "a bus address that the device reaches", "another");
    if (broken(r, PROPERTY_SHM_APART, is_apart(o, n)))
        failed_text(r, PROPERTY_SHM_APART, "memory of its own", "memory of another block");
    if (r->over)
        return;
    memcpy(block_shadow(o, n), b->va, b->length);
    if (broken(r, PROPERTY_SHM_CONTIGUOUS,
               rig_bus_read(r->machine, b->bus, r->scratch, b->length) &&
                   !memcmp(r->scratch, b->va, b->length)))
        failed_text(r, PROPERTY_SHM_CONTIGUOUS, "all of it, from one bus address on",
                    "other bytes");
}

static void judge_contents(struct runner *r, unsigned n)
{
    struct oracle *o = &r->oracle;
    const struct o_block *b = &o->block[n];

    if (r->over || !b->va)
        return;
    if (broken(r, PROPERTY_SHM_PAYLOAD, !memcmp(b->va, block_shadow(o, n), b->length)))
        failed_text(r, PROPERTY_SHM_PAYLOAD, "what was written there last", "other bytes");
    if (broken(r, PROPERTY_SHM_CONSTANT,
               rig_bus_read(r->machine, b->bus, r->scratch, b->length) &&
                   !memcmp(r->scratch, block_shadow(o, n), b->length)))
        failed_text(r, PROPERTY_SHM_CONSTANT, "the block at its bus address", "other bytes");
}

void judge_block(struct runner *r, unsigned n)
{
    if (r->oracle.block[n].life == LIFE_live)
        judge_contents(r, n);
}

void block_given(struct runner *r, unsigned n, void *va, uint64_t bus)
{
    struct oracle *o = &r->oracle;

    o->value[CLASS_block][n] = va;
    o->block[n].va = va;
    o->block[n].bus = bus;
    if (va && o->block[n].life == LIFE_live && !r->over)
        judge_new(r, n);
}

/* ---- allocation ---- */

/* As NULL tells of failure, so does the bus address 0 (SHM-05). */
static void result_block(struct runner *r, struct call *c, void *va, PHYSICAL_ADDRESS address)
{
    result_object(r, c, va);
    if (!r->over && c->op == OP_NdisMAllocateSharedMemory &&
        broken(r, PROPERTY_OUT_POISONED, va || !address.QuadPart))
        failed_text(r, PROPERTY_OUT_POISONED, "the bus address 0", "another");
    if (!r->over && va)
        block_given(r, c->made, va, (uint64_t)address.QuadPart);
}

void interpret_NdisMAllocateSharedMemory(struct runner *r, struct call *c)
{
    NDIS_PHYSICAL_ADDRESS address = bus_address(UINT64_MAX);
    PVOID va = context_of(CLASS_nothing, 2);

    NdisMAllocateSharedMemory(c->a[0].value, c->length, c->a[2].n == 0, &va, &address);
    result_block(r, c, va, address);
}

void interpret_NdisMAllocateSharedMemoryAsyncEx(struct runner *r, struct call *c)
{
    result_status(r, c,
                  NdisMAllocateSharedMemoryAsyncEx(c->a[0].value, c->length, c->a[2].n == 0,
                                                   context_of(CLASS_block, c->made)));
}

/* ---- from a provider ---- */

static void fill_parameters(NDIS_SHARED_MEMORY_PARAMETERS *p, const struct oracle *o,
                            const struct call *c)
{
    unsigned given = c->a[3].n, buffer = named(c, 2, CLASS_buffer);
    bool second = given == PROVIDED_revision_2 || given == PROVIDED_port_1;

    p->Header.Type = (UCHAR)(NDIS_OBJECT_TYPE_DEFAULT + (given == PROVIDED_wrong_type));
    p->Header.Revision = given == PROVIDED_revision_0 ? 0 : second ? 2 : 1;
    p->Header.Size = second ? NDIS_SIZEOF_SHARED_MEMORY_PARAMETERS_REVISION_2
                            : NDIS_SIZEOF_SHARED_MEMORY_PARAMETERS_REVISION_1;
    if (given == PROVIDED_short)
        p->Header.Size -= 8;
    p->Flags = given == PROVIDED_one_run ? NDIS_SHARED_MEM_PARAMETERS_CONTIGUOUS
               : given == PROVIDED_flags ? 2
                                         : 0;
    p->QueueId = given == PROVIDED_queue_1;
    p->VPortId = second ? given == PROVIDED_port_1 : 1; /* revision 1 has none */
    p->PreferredNode = given == PROVIDED_any_node ? MM_ANY_NODE_OK : given == PROVIDED_node_1;
    p->Usage = NdisSharedMemoryUsageReceive;
    p->Length = c->length;
    p->SGListBuffer = buffer ? c->a[2].value : NULL;
    p->SGListBufferLength = o->buffer[buffer].length;
}

/* SHP-08: one element, or one for each page, which follow one another. */
static bool tells_all(const SCATTER_GATHER_LIST *list, uint32_t length, bool one_run)
{
    uint32_t step = one_run ? length : PAGE_SIZE, told = 0;
    ULONG i;

    for (i = 0; i < list->NumberOfElements && told < length; i++) {
        uint32_t here = cut(length - told, step);

        if (list->Elements[i].Length != here ||
            list->Elements[i].Address.QuadPart != list->Elements[0].Address.QuadPart + told)
            return false;
        told += here;
    }
    return told == length && i == list->NumberOfElements;
}

static void judge_handles(struct runner *r, struct o_block *b, void *allocation, void *shared)
{
    judge_new_handle(r, allocation);
    b->allocation = allocation;
    if (!r->over)
        judge_new_handle(r, shared);
    b->shared = shared;
}

void interpret_NdisAllocateSharedMemory(struct runner *r, struct call *c)
{
    NDIS_HANDLE handle = context_of(CLASS_nothing, 2);
    union given *given = give(r);
    const SCATTER_GATHER_LIST *list;
    NDIS_SHARED_MEMORY_PARAMETERS p;

    fill_parameters(&given->memory, &r->oracle, c);
    result_status(r, c, NdisAllocateSharedMemory(c->a[0].value, &given->memory, &handle));
    p = given->memory;
    spoil(given);
    if (!r->over && !c->taken && broken(r, PROPERTY_OUT_POISONED, handle == NULL))
        failed_text(r, PROPERTY_OUT_POISONED, "no handle", "one");
    if (r->over || !c->taken)
        return;
    judge_handles(r, &r->oracle.block[c->made], handle, p.SharedMemoryHandle);
    list = c->a[2].value;
    if (!r->over &&
        broken(r, PROPERTY_SHP_LIST, tells_all(list, c->length, c->a[3].n == PROVIDED_one_run)))
        failed_text(r, PROPERTY_SHP_LIST, "all of the memory, in as few elements as are asked for",
                    "another list");
    if (r->over)
        return;
    digest_add(r, list->NumberOfElements);
    block_given(r, c->made, p.VirtualAddress, (uint64_t)list->Elements[0].Address.QuadPart);
}

void interpret_NdisFreeSharedMemory(struct runner *r, struct call *c)
{
    if (!c->rule)
        judge_contents(r, c->block);
    NdisFreeSharedMemory(c->a[0].value, block_handle(&r->oracle, c));
    result_void(r, c);
}

/* ---- HAL ---- */

void interpret_AllocateCommonBuffer(struct runner *r, struct call *c)
{
    const DMA_OPERATIONS *table = hal_table(r, c, r->table);
    PHYSICAL_ADDRESS address = bus_address(0);

    if (c->impossible || !table)
        result_void(r, c);
    else
        result_block(
            r, c, table->AllocateCommonBuffer(c->a[0].value, c->length, &address, c->a[2].n == 0),
            address);
}

/* ---- freeing ---- */

void interpret_NdisMFreeSharedMemory(struct runner *r, struct call *c)
{
    if (!c->rule)
        judge_contents(r, c->block);
    NdisMFreeSharedMemory(c->a[0].value, c->length, c->offset != 0, block_address(c),
                          bus_address(c->value));
    result_void(r, c);
}

void interpret_FreeCommonBuffer(struct runner *r, struct call *c)
{
    const DMA_OPERATIONS *table = hal_table(r, c, r->table);

    if (!c->impossible && !c->rule)
        judge_contents(r, c->block);
    if (!c->impossible && table)
        table->FreeCommonBuffer(c->a[0].value, c->length, bus_address(c->value), block_address(c),
                                c->offset != 0);
    result_void(r, c);
}

void interpret_NdisWriteErrorLogEntry(struct runner *r, struct call *c)
{
    NdisWriteErrorLogEntry(c->a[0].value, NDIS_ERROR_CODE_OUT_OF_RESOURCES, 0);
    result_void(r, c);
}

/* ---- who uses a block ---- */

void interpret_block_write(struct runner *r, struct call *c)
{
    struct oracle *o = &r->oracle;
    const struct o_block *b = &o->block[c->block];

    if (!c->impossible && c->a[3].n == 0)
        memcpy(b->va + c->offset, block_shadow(o, c->block) + c->offset, c->length);
    else if (!c->impossible)
        *(c->a[3].n == 1 ? b->va + b->length : b->va - 1) = STRAY_BYTE;
    result_void(r, c);
}

void interpret_block_read(struct runner *r, struct call *c)
{
    const struct o_block *b = &r->oracle.block[c->block];

    result_void(r, c);
    if (c->impossible || r->over)
        return;
    digest_bytes(r, b->va + c->offset, c->length);
    judge_block(r, c->block);
}

void interpret_device_program(struct runner *r, struct call *c)
{
    result_happened(r, c, rig_device_program(r->machine, c->a[0].value, c->a[1].n == 0));
}

void interpret_device_block(struct runner *r, struct call *c)
{
    struct oracle *o = &r->oracle;
    const struct o_block *b = &o->block[c->block];
    bool to_device = c->a[3].n == 0;

    if (c->impossible) {
        result_void(r, c);
        return;
    }
    if (!c->rule)
        memcpy(r->scratch, block_shadow(o, c->block) + c->offset, c->length);
    result_happened(r, c,
                    rig_device_common(r->machine, b->bus, c->a[1].number, c->a[2].number,
                                      to_device && !c->rule ? r->scratch + BLOCK_MAX : r->scratch,
                                      to_device));
    if (c->rule || r->over)
        return;
    if (to_device &&
        broken(r, PROPERTY_SHM_PAYLOAD, !memcmp(r->scratch, r->scratch + BLOCK_MAX, c->length)))
        failed_text(r, PROPERTY_SHM_PAYLOAD, "what was written there last", "other bytes");
    judge_block(r, c->block);
}
