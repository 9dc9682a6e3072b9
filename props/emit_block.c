/*
 * emit_block.c: what surrounds calls about shared memory and common buffers.
 */
#include "choices.h"
#include "emitter.h"

static bool taken(const struct call *c)
{
    return !c->rule && !c->impossible && NT_SUCCESS(c->status);
}

/* How far the device reaches that a block is for. */
static const char *reach_of(const struct oracle *o, unsigned n)
{
    return o->block[n].pool->wide ? "UINT64_MAX" : "UINT32_MAX";
}

bool before_address(struct emitter *e, struct runner *r, const struct call *c)
{
    (void)r;
    (void)c;
    emit_scope(e);
    emit_line(e, "PHYSICAL_ADDRESS address = {.QuadPart = -1};");
    emit_gap(e);
    return true;
}

/* What is other than usual, beside the header. */
static const char *const provided[] = {
    [PROVIDED_one_run] = ".Flags = NDIS_SHARED_MEM_PARAMETERS_CONTIGUOUS,",
    [PROVIDED_any_node] = ".PreferredNode = MM_ANY_NODE_OK,",
    [PROVIDED_flags] = ".Flags = 2,",
    [PROVIDED_queue_1] = ".QueueId = 1,",
    [PROVIDED_port_1] = ".VPortId = 1,",
    [PROVIDED_node_1] = ".PreferredNode = 1,",
};

bool before_provided(struct emitter *e, struct runner *r, const struct call *c)
{
    unsigned given = c->a[3].n, buffer = named(c, 2, CLASS_buffer);
    int revision = given == PROVIDED_revision_2 || given == PROVIDED_port_1 ? 2 : 1;

    emit_scope(e);
    emit_line(e, "NDIS_SHARED_MEMORY_PARAMETERS p = {");
    emit_line(e, "    .Header = {NDIS_OBJECT_TYPE_DEFAULT%s, %d,",
              given == PROVIDED_wrong_type ? " + 1" : "",
              given == PROVIDED_revision_0 ? 0 : revision);
    emit_line(e, "               NDIS_SIZEOF_SHARED_MEMORY_PARAMETERS_REVISION_%d%s},", revision,
              given == PROVIDED_short ? " - 8" : "");
    if (provided[given])
        emit_line(e, "    %s", provided[given]);
    emit_line(e, "    .Usage = NdisSharedMemoryUsageReceive,");
    emit_line(e, "    .Length = %u,", c->length);
    if (buffer) {
        emit_line(e, "    .SGListBuffer = (PSCATTER_GATHER_LIST)buffer%u,", buffer);
        emit_line(e, "    .SGListBufferLength = %u,", r->oracle.buffer[buffer].length);
    }
    emit_line(e, "};");
    emit_line(e, "NDIS_HANDLE handle = UNTOUCHED;");
    emit_gap(e);
    return true;
}

void then_provided(struct emitter *e, struct runner *r, const struct call *c)
{
    if (!taken(c)) {
        emit_line(e, "is_null(handle);");
        return;
    }
    emit_line(e, "block%u = provided_block(&p, handle, %s, %s);", c->made,
              c->a[3].n == PROVIDED_one_run ? "p.Length" : "PAGE_SIZE",
              reach_of(&r->oracle, c->made));
}

void then_common(struct emitter *e, struct runner *r, const struct call *c)
{
    if (taken(c))
        emit_line(e, "new_block(block%u, (uint64_t)address.QuadPart, %u, %s);", c->made, c->length,
                  reach_of(&r->oracle, c->made));
}

bool before_outputs(struct emitter *e, struct runner *r, const struct call *c)
{
    (void)r;
    (void)c;
    emit_scope(e);
    emit_line(e, "PHYSICAL_ADDRESS address = {.QuadPart = -1};");
    emit_line(e, "PVOID block = UNTOUCHED;");
    emit_gap(e);
    return true;
}

void then_shared(struct emitter *e, struct runner *r, const struct call *c)
{
    if (!taken(c)) {
        emit_line(e, "is_null(block);");
        emit_line(e, "is(\"bus address\", 0, (uint64_t)address.QuadPart);");
        return;
    }
    emit_line(e, "is_made(block);");
    emit_line(e, "block%u = new_block(block, (uint64_t)address.QuadPart, %u, %s);", c->made,
              c->length, reach_of(&r->oracle, c->made));
}

/* What a completion is given, and what that has to be. */
void emit_completion(struct emitter *e, const struct oracle *o, unsigned n)
{
    const struct o_block *b = &o->block[n];
    bool placed = b->life == LIFE_live;
    char context[EXPRESSION_MAX];

    emit_line(e, "completed(object, %s, %u, %s);",
              o->adapter[b->adapter].registration ? emit_context(CLASS_adapter, b->adapter, context)
                                                  : "NULL",
              b->length,
              placed                                ? "PLACED"
              : o->settings[SETTING_failed_address] ? "POINTS_TO_ZERO"
                                                    : "POINTS_NOWHERE");
    if (placed)
        emit_line(e, "block%u = completed_block(object, %s);", n, reach_of(o, n));
}

bool before_handed_back(struct emitter *e, struct runner *r, const struct call *c)
{
    (void)r;
    if (taken(c)) {
        emit_line(e, "block_holds(block%u);", c->block);
        emit_line(e, "block_leaves(block%u);", c->block);
    }
    return true;
}

bool before_leaving(struct emitter *e, struct runner *r, const struct call *c)
{
    unsigned n = named(c, 1, CLASS_block);
    bool known = n && c->a[1].value;

    emit_scope(e);
    if (known)
        emit_line(e, "PHYSICAL_ADDRESS address = {.QuadPart = (LONGLONG)bus_of(block%u) + %d};", n,
                  (int)(c->value - r->oracle.block[n].bus));
    else
        emit_line(e, "PHYSICAL_ADDRESS address = {.QuadPart = %d};", (int)c->value);
    emit_gap(e);
    return before_handed_back(e, r, c);
}

/* ---- who uses a block ---- */

bool before_written_block(struct emitter *e, struct runner *r, const struct call *c)
{
    unsigned n = c->block;

    if (c->a[3].n)
        emit_line(e, "((unsigned char *)block%u)[%d] = 0x%X;", n,
                  c->a[3].n == 1 ? (int)r->oracle.block[n].length : -1, STRAY_BYTE);
    else {
        emit_line(e, "fill(block_model(block%u) + %u, %u, %u);", n, c->offset, c->length,
                  c->record + 1);
        emit_line(e, "memcpy((PUCHAR)block%u + %u, block_model(block%u) + %u, %u);", n, c->offset,
                  n, c->offset, c->length);
    }
    return true;
}

bool before_read_block(struct emitter *e, struct runner *r, const struct call *c)
{
    (void)r;
    emit_line(e, "block_holds(block%u);", c->block);
    return true;
}

bool before_moved_bytes(struct emitter *e, struct runner *r, const struct call *c)
{
    (void)r;
    emit_scope(e);
    emit_line(e, "unsigned char bytes[%u] = {0};", taken(c) ? c->length : 1);
    emit_gap(e);
    if (taken(c) && c->a[3].n)
        emit_line(e, "device_writes(bytes, sizeof bytes, %u, 0);", c->serial);
    return true;
}

void then_moved_bytes(struct emitter *e, struct runner *r, const struct call *c)
{
    (void)r;
    if (!taken(c))
        return;
    if (c->a[3].n)
        emit_line(e, "memcpy(block_model(block%u) + %u, bytes, sizeof bytes);", c->block,
                  c->offset);
    else
        emit_line(e, "holds(bytes, block_model(block%u) + %u, sizeof bytes);", c->block, c->offset);
    emit_line(e, "block_holds(block%u);", c->block);
}
