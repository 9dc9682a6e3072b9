/*
 * emit_clause.c: what stands before a call and behind it, but for the structures it is given.
 */
#include "emitter.h"

static bool taken(const struct call *c)
{
    return !c->rule && !c->impossible && NT_SUCCESS(c->status);
}

/* ---- buffers, MDLs, NET_BUFFERs ---- */

void then_filled(struct emitter *e, struct runner *r, const struct call *c)
{
    unsigned n = c->made;

    (void)r;
    if (!taken(c))
        return;
    emit_line(e, "is(\"offset in the page\", %u, (uintptr_t)buffer%u %% PAGE_SIZE);", c->offset, n);
    emit_line(e, "fill(model%u, sizeof model%u, %u);", n, n, c->record + 1);
    emit_line(e, "memcpy(buffer%u, model%u, sizeof model%u);", n, n, n);
}

bool before_in_buffer(struct emitter *e, struct runner *r, const struct call *c)
{
    unsigned n = named(c, 0, CLASS_buffer);

    (void)e;
    return n && r->oracle.buffer[n].life == LIFE_live;
}

bool before_with_chain(struct emitter *e, struct runner *r, const struct call *c)
{
    unsigned n = named(c, 0, CLASS_mdl);

    (void)e;
    return n && r->oracle.mdl[n].life == LIFE_live;
}

bool before_buffers(struct emitter *e, struct runner *r, const struct call *c)
{
    const struct o_nbl *list = &r->oracle.nbl[c->made];
    struct sheet names = {0};

    for (unsigned i = 0; i < list->count; i++)
        sheet_print(&names, "%snb%u", i ? ", " : "", list->nb[i]);
    if (list->count) {
        emit_scope(e);
        emit_line(e, "PNET_BUFFER buffers[] = {%s};", sheet_text(&names));
        emit_gap(e);
    }
    sheet_free(&names);
    return list->count != 0;
}

void then_fields(struct emitter *e, struct runner *r, const struct call *c)
{
    const struct oracle *o = &r->oracle;
    unsigned n = c->made ? c->made : named(c, 0, CLASS_nb);
    const struct o_nb *nb = &o->nb[n];
    char chain[EXPRESSION_MAX], at[EXPRESSION_MAX];

    if (taken(c))
        emit_line(
            e, "fields(nb%u, %s, %s, %u, %u, %u);", n, emit_name(o, CLASS_mdl, nb->chain, chain),
            emit_name(o, CLASS_mdl, nb->current, at), nb->current_offset, nb->offset, nb->length);
}

bool before_last_moment(struct emitter *e, struct runner *r, const struct call *c)
{
    if (taken(c))
        emit_memory(e, &r->oracle, named(c, 0, CLASS_buffer));
    return true;
}

/* ---- the processor's access ---- */

bool before_bytes(struct emitter *e, struct runner *r, const struct call *c)
{
    (void)r;
    emit_scope(e);
    emit_line(e, "unsigned char bytes[%u];", c->length ? c->length : 1);
    emit_gap(e);
    return true;
}

bool before_bytes_to_write(struct emitter *e, struct runner *r, const struct call *c)
{
    before_bytes(e, r, c);
    emit_line(e, "fill(bytes, sizeof bytes, %u);", c->record + 1);
    return true;
}

void then_written(struct emitter *e, struct runner *r, const struct call *c)
{
    const struct o_mdl *mdl = &r->oracle.mdl[named(c, 0, CLASS_mdl)];
    char text[EXPRESSION_MAX];

    if (taken(c))
        emit_line(e, "memcpy(%s, bytes, sizeof bytes);",
                  emit_model(mdl->buffer, mdl->offset + c->offset, text));
}

void then_read(struct emitter *e, struct runner *r, const struct call *c)
{
    const struct o_mdl *mdl = &r->oracle.mdl[named(c, 0, CLASS_mdl)];

    if (taken(c))
        emit_holds(e, &r->oracle, "bytes", mdl->buffer, mdl->offset + c->offset, c->length);
}

/* ---- handles ---- */

void then_handle(struct emitter *e, struct runner *r, const struct call *c)
{
    (void)r;
    if (taken(c))
        emit_line(e, "%s%u = new_handle(handle);", class_words[c->row->makes], c->made);
    else
        emit_line(e, "no_handle(handle);");
}

void then_registered(struct emitter *e, struct runner *r, const struct call *c)
{
    const struct oracle *o = &r->oracle;

    then_handle(e, r, c);
    if (!taken(c))
        return;
    emit_line(e, "is(\"ScatterGatherListSize\", %u, d.ScatterGatherListSize);", (unsigned)c->value);
    emit_line(e, "registers(dma%u, %u, 0);", c->made, o->dma[c->made].pool.registers);
}

void then_table(struct emitter *e, struct runner *r, const struct call *c)
{
    (void)r;
    if (!taken(c))
        return;
    emit_line(e, "operations = hal%u->DmaOperations;", c->made);
    if (c->a[0].n == 2)
        emit_line(e, "operations_2 = hal%u->DmaOperations;", c->made);
    emit_line(e, "is(\"map registers\", %u, count);", (unsigned)c->value);
}

/* ---- DMA channels and packets ---- */

void then_claims(struct emitter *e, struct runner *r, const struct call *c)
{
    const struct oracle *o = &r->oracle;
    unsigned claims = 0;

    (void)c;
    for (unsigned i = 1; i <= o->made[CLASS_channel]; i++)
        if (o->channel[i].life == LIFE_live)
            claims |= 1u << o->channel[i].number;
    emit_line(e, "claims(0x%x);", claims);
}

void then_claimed(struct emitter *e, struct runner *r, const struct call *c)
{
    then_handle(e, r, c);
    then_claims(e, r, c);
}

bool before_transfer_of(struct emitter *e, struct runner *r, const struct call *c)
{
    char text[EXPRESSION_MAX];

    (void)r;
    emit_scope(e);
    emit_line(e, "ULONG length = %s;", emit_number(c->length, text));
    emit_line(e, "PHYSICAL_ADDRESS address;");
    emit_gap(e);
    return true;
}

void then_mapped(struct emitter *e, struct runner *r, const struct call *c)
{
    const struct oracle *o = &r->oracle;
    const struct request *q = &o->request[request_of(CLASS_base, named(c, 1, CLASS_base))];
    const struct segment *s;
    char here[EXPRESSION_MAX];

    if (c->rule) {
        emit_line(e, "(void)address;");
        return;
    }
    s = &q->segments[q->segment_count - 1]; /* mapped by this call */
    emit_line(e, "is(\"bytes mapped\", %u, length);", (unsigned)c->value);
    snprintf(here, sizeof here, "on_the_bus(address, %u, %s)", s->length,
             q->pool->wide ? "UINT64_MAX" : "UINT32_MAX");
    if (o->hal[q->hal].subordinate)
        emit_line(e, "is(\"address\", 0, (uint64_t)address.QuadPart);");
    else
        emit_holds(e, o, here, s->buffer, s->offset, s->length);
}

bool before_units(struct emitter *e, struct runner *r, const struct call *c)
{
    (void)r;
    (void)c;
    emit_scope(e);
    emit_line(e, "struct rig_transfer transfer;");
    emit_gap(e);
    return true;
}

void then_units_moved(struct emitter *e, struct runner *r, const struct call *c)
{
    const struct oracle *o = &r->oracle;
    const struct segment *s = &o->request[c->request].segments[0];
    unsigned length = (unsigned)c->value;
    char model[EXPRESSION_MAX];

    if (!s->from_device) {
        emit_line(e, "is(\"bytes moved\", %u, transfer.length);", length);
        emit_holds(e, o, "transfer.bytes", s->buffer, s->offset + c->offset, length);
        return;
    }
    emit_line(e, "moved_from_device(&transfer, NULL, %u, %u);", length, c->serial);
    emit_line(e, "device_writes(%s, %u, %u, 0);",
              emit_model(s->buffer, s->offset + c->offset, model), length, c->serial);
}

/* ---- sends ---- */

bool before_send_status(struct emitter *e, struct runner *r, const struct call *c)
{
    char text[EXPRESSION_MAX];

    (void)r;
    if (named(c, 1, CLASS_nbl) && c->a[1].value)
        emit_line(e, "NET_BUFFER_LIST_STATUS(nbl%u) = %s;", named(c, 1, CLASS_nbl),
                  emit_status(status_values[c->a[2].n], true, text));
    return true;
}

/* ---- lists ---- */

bool before_arriving(struct emitter *e, struct runner *r, const struct call *c)
{
    if (taken(c))
        emit_arriving(e, &r->oracle, &r->oracle.request[c->request]);
    return true;
}

void then_received(struct emitter *e, struct runner *r, const struct call *c)
{
    const struct oracle *o = &r->oracle;
    const struct request *q = &o->request[c->request];
    char here[EXPRESSION_MAX];

    if (!taken(c) || q->to_device)
        return;
    for (unsigned i = 0; i < q->segment_count; i++) {
        const struct segment *s = &q->segments[i];

        if (bytes_mapped(o, s->buffer, s->offset, s->length, true))
            continue; /* mapped again while the call ran */
        snprintf(here, sizeof here, "(PUCHAR)buffer%u + %u", s->buffer, s->offset);
        emit_holds(e, o, here, s->buffer, s->offset, s->length);
    }
}

void then_needed(struct emitter *e, struct runner *r, const struct call *c)
{
    (void)r;
    if (c->status == NDIS_STATUS_BUFFER_TOO_SHORT)
        emit_line(e, "is(\"ScatterGatherListBufferSizeNeeded\", %u, %s);", (unsigned)c->value,
                  "p.ScatterGatherListBufferSizeNeeded");
}

bool before_sizes(struct emitter *e, struct runner *r, const struct call *c)
{
    (void)r;
    (void)c;
    emit_scope(e);
    emit_line(e, "ULONG size = 0, count = 0;");
    emit_gap(e);
    return true;
}

void then_calculated(struct emitter *e, struct runner *r, const struct call *c)
{
    (void)r;
    if (taken(c))
        emit_line(e, "is(\"bytes of the list\", %u, size);", (unsigned)c->value);
}

bool before_scribble(struct emitter *e, struct runner *r, const struct call *c)
{
    static const char *const changes[] = {"Elements[0].Address.QuadPart ^= 4096",
                                          "Elements[0].Length ^= 1", "NumberOfElements ^= 1"};
    char text[EXPRESSION_MAX];

    emit_line(e, "%s->%s;", emit_name(&r->oracle, CLASS_list, c->request, text),
              changes[c->a[1].n]);
    return true;
}

/* ---- the device ---- */

static bool is_nb(const struct request *q)
{
    return q->kind == KIND_nb;
}

bool before_transfer(struct emitter *e, struct runner *r, const struct call *c)
{
    const struct oracle *o = &r->oracle;
    const struct request *q = &o->request[c->request];

    emit_scope(e);
    if (taken(c) && q->to_device)
        emit_ranges(e, o, q, "data", is_nb(q) ? q->current_offset : 0,
                    is_nb(q) ? q->data_length : q->length, false);
    emit_line(e, "struct rig_transfer transfer;");
    emit_gap(e);
    return true;
}

void then_moved(struct emitter *e, struct runner *r, const struct call *c)
{
    const struct oracle *o = &r->oracle;
    const struct request *q = &o->request[c->request];
    char text[EXPRESSION_MAX];
    const char *list = emit_name(o, CLASS_list, c->request, text);

    if (q->to_device)
        emit_line(e, "moved_to_device(&transfer, %s, data, sizeof data / sizeof data[0]);", list);
    else
        emit_line(e, "moved_from_device(&transfer, %s, %u, %u);", list,
                  is_nb(q) ? q->data_length : q->length, c->serial);
}
