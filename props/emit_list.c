/*
 * emit_list.c: lists, and what memory has to hold.
 */
#include "emitter.h"

/* A part of the memory behind a mapping; its first FREE bytes are not judged. */
struct span {
    unsigned buffer;
    uint32_t offset, length, free;
};

/* The spans of LENGTH bytes of Q's mapping from SKIP on; returns how many. */
static unsigned spans_of(const struct oracle *o, const struct request *q, uint32_t skip,
                         uint32_t length, struct span spans[SEGMENTS])
{
    unsigned count = 0;

    for (unsigned i = 0; i < q->segment_count && length; i++) {
        const struct segment *s = &q->segments[i];
        uint32_t over = cut(skip, s->length), take = cut(length, s->length - over);
        uint32_t offset = s->offset + over, lent = o->buffer[s->buffer].lent;

        skip -= over;
        length -= take;
        if (take)
            spans[count++] = (struct span){s->buffer, offset, take,
                                           offset < lent ? cut(lent - offset, take) : 0};
    }
    return count;
}

void emit_ranges(struct emitter *e, const struct oracle *o, const struct request *q,
                 const char *name, uint32_t skip, uint32_t length, bool free)
{
    struct span spans[SEGMENTS];
    unsigned count = spans_of(o, q, skip, length, spans);
    char text[EXPRESSION_MAX];

    emit_line(e, "static const struct range %s[] = {", name);
    for (unsigned i = 0; i < count; i++)
        emit_line(e, "    {%s, %u, %u},", emit_model(spans[i].buffer, spans[i].offset, text),
                  spans[i].length, free ? spans[i].length : spans[i].free);
    emit_line(e, "};");
}

void emit_arriving(struct emitter *e, const struct oracle *o, const struct request *q)
{
    struct span spans[SEGMENTS];
    bool nb = q->kind == KIND_nb;
    uint32_t done = 0;
    unsigned count = 0;
    char text[EXPRESSION_MAX];

    if (q->serial)
        count = spans_of(o, q, nb ? q->current_offset : 0, nb ? q->data_length : q->length, spans);
    for (unsigned i = 0; i < count; i++) {
        emit_line(e, "device_writes(%s, %u, %u, %u);",
                  emit_model(spans[i].buffer, spans[i].offset, text), spans[i].length, q->serial,
                  done);
        done += spans[i].length;
    }
}

void emit_holds(struct emitter *e, const struct oracle *o, const char *here, unsigned buffer,
                uint32_t offset, uint32_t length)
{
    uint32_t lent = o->buffer[buffer].lent;
    uint32_t skip = offset < lent ? cut(lent - offset, length) : 0;
    char text[EXPRESSION_MAX];

    if (skip == length)
        return;
    emit_model(buffer, offset + skip, text);
    if (skip)
        emit_line(e, "holds(%s + %u, %s, %u);", here, skip, text, length - skip);
    else
        emit_line(e, "holds(%s, %s, %u);", here, text, length);
}

void emit_memory(struct emitter *e, const struct oracle *o, unsigned buffer)
{
    char here[EXPRESSION_MAX];

    snprintf(here, sizeof here, "(PUCHAR)buffer%u", buffer);
    if (o->buffer[buffer].mapped)
        emit_holds(e, o, here, buffer, 0, o->buffer[buffer].length);
}

/* ---- a list that a handler is given ---- */

/* The lengths of elements when each is a page piece of its own. */
static void emit_pieces(struct emitter *e, const struct oracle *o, const struct request *q)
{
    emit_line(e, "static const uint32_t pieces[] = {");
    for (unsigned i = 0; i < q->segment_count; i++) {
        const struct segment *s = &q->segments[i];
        uint32_t at = (o->buffer[s->buffer].page_offset + s->offset) % PAGE_SIZE;

        for (uint32_t left = s->length; left; at = 0) {
            uint32_t piece = cut(left, PAGE_SIZE - at);

            emit_line(e, "    %u,", piece);
            left -= piece;
        }
    }
    emit_line(e, "};");
}

static void emit_place(struct emitter *e, const struct oracle *o, const struct request *q,
                       unsigned number)
{
    bool must = q->kind == KIND_bare || q->kind == KIND_build;
    char buffer[EXPRESSION_MAX];

    if (q->buffer && q->lent_size)
        emit_line(e, "lies_in(list%u, %s, %s, %u);", number,
                  must                              ? "MUST_LIE"
                  : !o->settings[SETTING_placement] ? "MAY_LIE"
                                                    : "MUST_NOT_LIE",
                  emit_name(o, CLASS_buffer, q->buffer, buffer), q->lent_size);
}

void emit_list(struct emitter *e, const struct oracle *o, unsigned number)
{
    const struct request *q = &o->request[number];
    uint32_t merge = q->one_run || q->pool->one_element ? 2 : o->settings[SETTING_merge];

    emit_ranges(e, o, q, "mapped", 0, q->length,
                !q->to_device && o->settings[SETTING_personality] == 1);
    if (merge == 0)
        emit_pieces(e, o, q);
    emit_gap(e);
    emit_line(e, "list%u = object;", number);
    emit_line(e, "element_count(list%u, %u, %u);", number, merge ? 1 : q->pieces,
              q->pool->one_element ? 1 : q->pieces);
    emit_place(e, o, q, number);
    emit_line(e, "elements_within(list%u, %s);", number,
              q->pool->wide ? "UINT64_MAX" : "UINT32_MAX");
    if (merge == 0)
        emit_line(e, "element_lengths(list%u, pieces);", number);
    else if (merge == 1)
        emit_line(e, "ends_with_ranges(list%u, mapped, sizeof mapped / sizeof mapped[0]);", number);
    emit_line(e, "covers(list%u, mapped, sizeof mapped / sizeof mapped[0]);", number);
}

/* ---- the end ---- */

static void emit_count(struct sheet *counts, const char *name, uint32_t count)
{
    if (count)
        sheet_print(counts, "%s.%s = %u", counts->length ? ", " : "", name, count);
}

void emit_remains(struct emitter *e, struct runner *r)
{
    const struct oracle *o = &r->oracle;
    struct rig_count count = predicted_count(o);
    struct sheet counts = {0};

    emit_gap(e);
    emit_line(e, "STEP(RECORDS, \"the end\");");
    for (unsigned i = 1; i <= o->made[CLASS_buffer]; i++)
        if (o->buffer[i].life == LIFE_live)
            emit_memory(e, o, i);
    for (unsigned i = 1; i <= o->made[CLASS_block]; i++)
        if (o->block[i].life == LIFE_live)
            emit_line(e, "block_holds(block%u);", i);
#define COUNT(name) emit_count(&counts, #name, count.name);
    COUNT(drivers)
    COUNT(adapters)
    COUNT(dma_handles)
    COUNT(channels)
    COUNT(packets)
    COUNT(packets_owed)
    COUNT(dma_adapters)
    COUNT(providers)
    COUNT(devices)
    COUNT(lists_built)
    COUNT(lists_freed)
    COUNT(lists_live)
    COUNT(lists_waiting)
    COUNT(lists_owed)
    COUNT(registers_total)
    COUNT(registers_held)
    COUNT(common_buffers)
    COUNT(blocks_live)
    COUNT(blocks_pending)
#undef COUNT
    emit_line(e, "remains(&(struct rig_count){%s}, %u);", counts.length ? sheet_text(&counts) : "0",
              o->post_count);
    sheet_free(&counts);
}
