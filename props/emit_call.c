/*
 * emit_call.c: the call of an operation, by the table emit.def.
 */
#include "emitter.h"

enum emit_result { RESULT_nothing, RESULT_happened, RESULT_status, RESULT_object, RESULT_number };

/* An operation without a row does not compile. */
enum emit_order {
    EMITTED_none,
#define EMIT(name, result, call, before, then) EMITTED_##name,
#include "emit.def"
#undef EMIT
};
#define OPERATION(code, name, makes, side, irql, rule, targets, operands) \
    _Static_assert(EMITTED_##name > EMITTED_none, #name " is not in emit.def");
#include "ops.def"
#undef OPERATION

static const struct emit_row {
    enum emit_result result;
    const char *call;
    emit_before_function *before;
    emit_then_function *then;
} rows[256] = {
#define EMIT(name, result, call, before, then) \
    [OP_##name] = {RESULT_##result, call, before_##before, then_##then},
#include "emit.def"
#undef EMIT
};

bool before_none(struct emitter *e, struct runner *r, const struct call *c)
{
    (void)e;
    (void)r;
    (void)c;
    return true;
}

void then_none(struct emitter *e, struct runner *r, const struct call *c)
{
    (void)e;
    (void)r;
    (void)c;
}

/* The table that a call of HAL goes through: of the adapter while it lives, else the newest. */
static const char *table_of(const struct oracle *o, const struct call *c, char *text)
{
    unsigned n = named(c, 0, CLASS_hal);

    if (n && o->hal[n].life == LIFE_live) {
        snprintf(text, EXPRESSION_MAX, "hal%u->DmaOperations", n);
        return text;
    }
    return c->op == OP_BuildScatterGatherList || c->op == OP_CalculateScatterGatherList
               ? "operations_2"
               : "operations";
}

static const char *mapping_start(const struct oracle *o, const struct call *c, char *text)
{
    unsigned mdl = named(c, mdl_argument(c), CLASS_mdl);
    char name[EXPRESSION_MAX];

    if (!mdl || o->mdl[mdl].life != LIFE_live)
        return "NULL";
    snprintf(text, EXPRESSION_MAX, "va(%s, %d)", emit_name(o, CLASS_mdl, mdl, name),
             (int)c->offset);
    return text;
}

static const char *mdl_start(const struct call *c, char *text)
{
    unsigned buffer = named(c, 0, CLASS_buffer);

    if (c->offset)
        snprintf(text, EXPRESSION_MAX, "(PUCHAR)buffer%u + %u", buffer, c->offset);
    else
        snprintf(text, EXPRESSION_MAX, "buffer%u", buffer);
    return text;
}

static const char *block_freed(const struct oracle *o, const struct call *c, char *text)
{
    char name[EXPRESSION_MAX];
    const char *block = emit_argument(o, c, 1, name);

    snprintf(text, EXPRESSION_MAX, block_address(c) == c->a[1].value ? "%s" : "(PUCHAR)%s + 1",
             block);
    return text;
}

static const char *handle_freed(const struct oracle *o, const struct call *c, char *text)
{
    unsigned n = named(c, 1, CLASS_block);

    if (!o->block[n].allocation)
        return emit_argument(o, c, 1, text);
    snprintf(text, EXPRESSION_MAX, "handle_of(block%u, %u)", n, c->a[2].n);
    return text;
}

/* What LETTER stands for in a row's call. */
static const char *part_of_call(const struct oracle *o, const struct call *c, char letter,
                                char *text)
{
    unsigned buffer = named(c, 3, CLASS_buffer);

    switch (letter) {
    case 'L':
        return emit_number(c->length, text);
    case 'O':
        return emit_number(c->offset, text);
    case 'C':
        return emit_context(c->row->makes, c->made, text);
    case 'B':
        return block_freed(o, c, text);
    case 'H':
        return handle_freed(o, c, text);
    case 'K':
        return c->offset ? "TRUE" : "FALSE";
    case 'P':
        return mdl_start(c, text);
    case 'V':
        return mapping_start(o, c, text);
    case 'T':
        return table_of(o, c, text);
    case 'W':
        return c->a[5].n & 8 ? "TRUE" : "FALSE";
    case 'S':
        return emit_number(buffer ? o->buffer[buffer].length : 0, text);
    default:
        return emit_argument(o, c, (unsigned)(letter - '0'), text);
    }
}

static void print_call(const struct oracle *o, const struct call *c, const char *from,
                       struct sheet *to)
{
    char text[EXPRESSION_MAX];

    for (; *from; from++)
        if (*from == '%')
            sheet_add(to, part_of_call(o, c, *++from, text));
        else
            sheet_print(to, "%c", *from);
}

/* NDIS has its own names for what is returned by its calls. */
static bool is_ndis(const struct call *c)
{
    return strncmp(c->row->name, "Ndis", 4) == 0;
}

static void print_line(struct emitter *e, const struct call *c, const char *call)
{
    bool made = !c->rule && !c->impossible && NT_SUCCESS(c->status);
    char text[EXPRESSION_MAX];

    switch (rows[c->op].result) {
    case RESULT_nothing:
        emit_line(e, "%s;", call);
        break;
    case RESULT_happened:
        emit_line(e, "%s(%s);", c->rule || c->impossible ? "does_not_happen" : "happens", call);
        break;
    case RESULT_status:
        emit_line(e, "returns(%s, %s);", emit_status(c->status, is_ndis(c), text), call);
        break;
    case RESULT_number:
        emit_line(e, "gives(%s, %s);", emit_number(c->value, text), call);
        break;
    case RESULT_object:
        snprintf(text, sizeof text, "%s%u", class_words[c->row->makes], c->made);
        emit_line(e, "%s = %s;", text, call);
        emit_line(e, "%s(%s);", made ? "is_made" : "is_null", text);
        break;
    }
}

void emit_call(struct emitter *e, struct runner *r, const struct call *c)
{
    const struct emit_row *row = &rows[c->op];
    struct sheet call = {0};

    if (c->impossible && row->result != RESULT_happened)
        return; /* there is nothing to call, or nothing to call through */
    if (!row->before(e, r, c) || !row->call[0])
        return;
    if (c->rule || c->impossible || !NT_SUCCESS(c->status))
        emit_line(e, "changes_nothing();");
    print_call(&r->oracle, c, row->call, &call);
    print_line(e, c, sheet_text(&call));
    sheet_free(&call);
}

void emit_then(struct emitter *e, struct runner *r, const struct call *c)
{
    if (!c->impossible)
        rows[c->op].then(e, r, c);
}
