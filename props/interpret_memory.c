/*
 * interpret_memory.c: buffers, MDLs, NET_BUFFERs, and the processor's access to them.
 */
#include "interpret.h"

void interpret_buffer(struct runner *r, struct call *c)
{
    void *memory = rig_buffer(r->machine, c->length, c->offset, (enum rig_frames)c->a[2].n);

    result_object(r, c, memory);
    if (!memory || r->over || c->status != STATUS_SUCCESS)
        return;
    if (broken(r, PROPERTY_MEMORY_PLACE, (uintptr_t)memory % PAGE_SIZE == c->offset))
        failed_number(r, PROPERTY_MEMORY_PLACE, "offset", c->offset, (uintptr_t)memory % PAGE_SIZE);
    else
        memcpy(memory, r->oracle.filled + c->made % 64 * PATTERN_STRIDE, c->length);
}

void interpret_mdl(struct runner *r, struct call *c)
{
    struct oracle *o = &r->oracle;
    unsigned buffer = named(c, 0, CLASS_buffer);
    unsigned next = named(c, 3, CLASS_mdl);
    bool inside = buffer && o->buffer[buffer].life == LIFE_live && c->a[0].value;
    PMDL mdl = NULL;

    if (inside)
        mdl = rig_mdl(r->machine, (uint8_t *)c->a[0].value + c->offset, c->length,
                      next ? c->a[3].value : NULL);
    result_object(r, c, mdl);
}

static bool same_fields(const struct oracle *o, unsigned n, const NET_BUFFER *nb)
{
    const struct o_nb *want = &o->nb[n];

    return nb->CurrentMdl == o->value[CLASS_mdl][want->current] &&
           nb->MdlChain == o->value[CLASS_mdl][want->chain] &&
           nb->CurrentMdlOffset == want->current_offset && nb->DataOffset == want->offset &&
           nb->DataLength == want->length;
}

static void judge_fields(struct runner *r, unsigned n)
{
    const struct oracle *o = &r->oracle;
    const NET_BUFFER *nb = o->value[CLASS_nb][n];

    if (r->over || !nb)
        return;
    digest_add(r, nb->CurrentMdlOffset);
    digest_add(r, nb->DataOffset);
    if (broken(r, PROPERTY_NB_FIELDS, same_fields(o, n, nb)))
        failed_number(r, PROPERTY_NB_FIELDS,
                      "CurrentMdlOffset (or CurrentMdl, DataOffset, DataLength)",
                      o->nb[n].current_offset, nb->CurrentMdlOffset);
}

void interpret_net_buffer(struct runner *r, struct call *c)
{
    PMDL chain = named(c, 0, CLASS_mdl) ? c->a[0].value : NULL;
    PNET_BUFFER nb = NULL;

    if (chain)
        nb = rig_net_buffer(r->machine, chain, c->offset, c->length, c->a[3].n == 1);
    result_object(r, c, nb);
    if (c->status == STATUS_SUCCESS)
        judge_fields(r, c->made);
}

void interpret_net_buffer_list(struct runner *r, struct call *c)
{
    struct oracle *o = &r->oracle;
    const struct o_nbl *list = &o->nbl[c->made];
    PNET_BUFFER buffers[3];

    for (unsigned i = 0; i < list->count; i++)
        buffers[i] = o->value[CLASS_nb][list->nb[i]];
    result_object(r, c, list->count ? rig_net_buffer_list(r->machine, buffers, list->count) : NULL);
}

void interpret_free_buffer(struct runner *r, struct call *c)
{
    unsigned n = named(c, 0, CLASS_buffer);

    if (!c->rule && !c->impossible)
        judge_memory(r, n); /* its last moment */
    result_happened(r, c, rig_free_buffer(r->machine, c->a[0].value));
}

void interpret_NdisFreeNetBuffer(struct runner *r, struct call *c)
{
    NdisFreeNetBuffer(c->a[0].value);
    result_void(r, c);
}

void interpret_cpu_write(struct runner *r, struct call *c)
{
    const uint8_t *data = r->oracle.written + c->serial % 64 * PATTERN_STRIDE;

    result_happened(r, c, rig_cpu_write(r->machine, c->a[0].value, c->offset, data, c->length));
}

void interpret_cpu_read(struct runner *r, struct call *c)
{
    struct oracle *o = &r->oracle;
    const struct o_mdl *mdl = &o->mdl[named(c, 0, CLASS_mdl)];
    bool happened = rig_cpu_read(r->machine, c->a[0].value, c->offset, r->scratch, c->length);
    enum property property =
        o->buffer[mdl->buffer].received ? PROPERTY_DEVICE_RECEIVED : PROPERTY_MEMORY_INTACT;

    result_happened(r, c, happened);
    if (r->over || !happened || c->rule || c->impossible)
        return;
    digest_bytes(r, r->scratch, c->length);
    if (broken(r, property,
               same_bytes(o, mdl->buffer, mdl->offset + c->offset, c->length, r->scratch)))
        failed_text(r, property, "what was written there", "other bytes");
}

void interpret_NdisAdvanceNetBufferDataStart(struct runner *r, struct call *c)
{
    NdisAdvanceNetBufferDataStart(c->a[0].value, c->length, FALSE, NULL);
    result_void(r, c);
    if (!c->rule)
        judge_fields(r, named(c, 0, CLASS_nb));
}

void interpret_NdisRetreatNetBufferDataStart(struct runner *r, struct call *c)
{
    result_status(r, c, NdisRetreatNetBufferDataStart(c->a[0].value, c->length, 0, NULL));
    if (!c->rule)
        judge_fields(r, named(c, 0, CLASS_nb));
}

void interpret_NdisQueryNetBufferPhysicalCount(struct runner *r, struct call *c)
{
    result_number(r, c, PROPERTY_QUERY_COUNT, NdisQueryNetBufferPhysicalCount(c->a[0].value));
}

void interpret_KeFlushIoBuffers(struct runner *r, struct call *c)
{
    KeFlushIoBuffers(c->a[0].value, c->a[1].n & 1, c->a[1].n < 2);
    result_void(r, c);
}
