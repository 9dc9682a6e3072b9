/*
 * emit.c: a run as C functions, step by step.
 */
#define _POSIX_C_SOURCE 200809L
#include "emitter.h"
#include <stdlib.h>

enum { COLUMNS = 100 };

/* ---- lines ---- */

static struct emit_frame *current(struct emitter *e)
{
    return &e->frames[e->depth];
}

static struct sheet *sheet_of(struct emit_frame *frame)
{
    return frame->open ? &frame->step : &frame->body;
}

/* TEXT indented, and broken behind commas where it is too long. */
static void put_line(struct sheet *sheet, unsigned indent, const char *text)
{
    unsigned further = indent + 8;

    while (strlen(text) + indent > COLUMNS) {
        size_t length = COLUMNS - indent;

        while (length && !(text[length - 1] == ',' && text[length] == ' '))
            length--;
        if (!length)
            break;
        sheet_print(sheet, "%*s%.*s\n", (int)indent, "", (int)length, text);
        text += length + 1;
        indent = further;
    }
    sheet_print(sheet, "%*s%s\n", (int)indent, "", text);
}

void emit_line(struct emitter *e, const char *format, ...)
{
    struct emit_frame *frame = current(e);
    struct sheet line = {0};
    va_list arguments;

    va_start(arguments, format);
    sheet_vprint(&line, format, arguments);
    va_end(arguments);
    put_line(sheet_of(frame), frame->open && frame->scoped ? 8 : 4, sheet_text(&line));
    sheet_free(&line);
}

void emit_gap(struct emitter *e)
{
    sheet_add(sheet_of(current(e)), "\n");
}

void emit_scope(struct emitter *e)
{
    emit_line(e, "{");
    current(e)->scoped = true;
}

/* ---- what is due ---- */

static void count_event(struct emitter *e)
{
    if (++current(e)->events > e->events_most)
        e->events_most = current(e)->events;
}

static void due_report(struct emitter *e, enum rig_rule rule)
{
    char id[16];

    snprintf(id, sizeof id, "%s", rig_rule_row(rule)->name);
    for (char *at = id; *at; at++)
        if (*at == '-')
            *at = '_';
    sheet_print(&current(e)->body, "    expect_report(RULE_%s);\n", id);
    count_event(e);
}

static const char *const irps[] = {
    [RIG_START_DEVICE] = "START_DEVICE",
    [RIG_STOP_DEVICE] = "STOP_DEVICE",
    [RIG_REMOVE_DEVICE] = "REMOVE_DEVICE",
    [RIG_SURPRISE_REMOVAL] = "SURPRISE_REMOVAL",
    [RIG_QUERY_STOP_DEVICE] = "QUERY_STOP_DEVICE",
    [RIG_CANCEL_STOP_DEVICE] = "CANCEL_STOP_DEVICE",
    [RIG_QUERY_REMOVE_DEVICE] = "QUERY_REMOVE_DEVICE",
    [RIG_CANCEL_REMOVE_DEVICE] = "CANCEL_REMOVE_DEVICE",
    [RIG_FILTER_RESOURCE_REQUIREMENTS] = "FILTER_RESOURCE_REQUIREMENTS",
};

static const char *callback_name(const struct frame *frame, char text[EXPRESSION_MAX])
{
    if (frame->kind == FRAME_pnp)
        snprintf(text, EXPRESSION_MAX, "IRP_MN_%s", irps[frame->detail]);
    else
        snprintf(text, EXPRESSION_MAX, "%s", frame_names[frame->kind]);
    return text;
}

static const char *callback_context(const struct oracle *o, const struct frame *frame,
                                    char text[EXPRESSION_MAX])
{
    unsigned n = frame->object;

    switch (frame->kind) {
    case FRAME_initialize:
        return emit_context(CLASS_driver, o->adapter[n].driver, text);
    case FRAME_affinity:
        return emit_context(CLASS_provider, n, text);
    case FRAME_pnp:
        return emit_name(o, CLASS_device, n, text);
    case FRAME_handler:
    case FRAME_bare:
    case FRAME_control:
        return emit_context(CLASS_list, n, text);
    case FRAME_completion:
        return emit_context(CLASS_block, n, text);
    case FRAME_adapter_control:
        return emit_context(CLASS_base, name_of_request(n), text);
    case FRAME_add_device:
    case FRAME_unload:
        return "NULL";
    default:
        return o->adapter[n].registration ? emit_context(CLASS_adapter, n, text) : "NULL";
    }
}

static void due_callback(struct emitter *e, const struct oracle *o, const struct frame *frame,
                         const char *body)
{
    char name[EXPRESSION_MAX], context[EXPRESSION_MAX];
    struct sheet line = {0};

    sheet_print(&line, "expect_callback(\"%s\", %s, %u, %s, %s);", callback_name(frame, name),
                callback_context(o, frame, context), frame->processor, emit_level(frame->level),
                body);
    put_line(&current(e)->body, 4, sheet_text(&line));
    sheet_free(&line);
    count_event(e);
}

/* ---- steps ---- */

static const char *timing_name(enum rig_timing timing)
{
    static const char *const names[] = {"RIG_INSIDE", "RIG_LATER", "RIG_OTHER_PROCESSOR"};

    return names[timing];
}

static void print_record(struct emitter *e, const struct runner *r)
{
    const struct call *c = r->call;
    const struct oracle *o = &r->oracle;
    char text[256] = "";
    FILE *to = fmemopen(text, sizeof text, "w");
    unsigned made[CLASS_COUNT];

    if (!to)
        return;
    memcpy(made, o->made, sizeof made);
    made[c->row->makes] -= c->made != 0;
    record_print(&r->program->records[c->record], made, to);
    fclose(to);
    sheet_print(&current(e)->body, "%s    STEP(%u, \"%s\");\n", current(e)->body.length ? "\n" : "",
                c->record + 1, text);
}

static void step_opens(struct emitter *e, struct runner *r)
{
    struct emit_frame *frame = current(e);
    const struct call *c = r->call;

    if (c->op == OP_nop || c->op == OP_return)
        return;
    print_record(e, r);
    frame->open = true;
    frame->scoped = false;
    frame->events = 0;
    frame->timing = r->oracle.timing;
    if (frame->timing != frame->outside)
        emit_line(e, "rig_timing(machine, %s);", timing_name(frame->timing));
    emit_call(e, r, c);
}

/* What the step has gathered goes into the function. */
static void step_closes(struct emitter *e)
{
    struct emit_frame *frame = current(e);

    sheet_add(&frame->body, sheet_text(&frame->step));
    sheet_free(&frame->step);
    frame->open = false;
    if (frame->scoped)
        emit_line(e, "}");
    if (frame->timing != frame->outside)
        emit_line(e, "rig_timing(machine, %s);", timing_name(frame->outside));
}

static void registers_checked(struct emitter *e, const struct oracle *o, const struct call *c)
{
    const struct request *q = &o->request[c->request];
    const struct o_dma *dma = &o->dma[q->dma];
    char name[EXPRESSION_MAX];

    if (c->request && q->pool && q->dma && dma->life == LIFE_live)
        emit_line(e, "registers(%s, %u, %u);", emit_name(o, CLASS_dma, q->dma, name),
                  dma->pool.registers, dma->pool.held);
}

static void step_done(struct emitter *e, struct runner *r)
{
    const struct oracle *o = &r->oracle;

    if (!current(e)->open)
        return;
    emit_then(e, r, r->call);
    step_closes(e);
    emit_line(e, "settled(%s);", emit_level(oracle_level(o)));
    registers_checked(e, o, r->call);
}

/* ---- functions ---- */

/* The end of the name of a callback's function; of a request it is the IRP's. */
static const char *const suffixes[FRAME_COUNT] = {
    [FRAME_initialize] = "initialize",
    [FRAME_halt] = "halt",
    [FRAME_pause] = "pause",
    [FRAME_restart] = "restart",
    [FRAME_reset] = "reset",
    [FRAME_shutdown] = "shutdown",
    [FRAME_send] = "send",
    [FRAME_cancel_send] = "cancel_send",
    [FRAME_pnp_event] = "pnp_event",
    [FRAME_oid] = "oid_request",
    [FRAME_return] = "return",
    [FRAME_handler] = "handler",
    [FRAME_bare] = "handler",
    [FRAME_control] = "handler",
    [FRAME_completion] = "completion",
    [FRAME_adapter_control] = "control",
    [FRAME_add_device] = "add",
    [FRAME_unload] = "unload",
    [FRAME_affinity] = "affinity",
};

static const char *noun(enum frame_kind kind)
{
    if (kind == FRAME_handler || kind == FRAME_bare || kind == FRAME_control)
        return "list";
    if (kind == FRAME_completion)
        return "block";
    if (kind == FRAME_adapter_control)
        return "base";
    if (kind == FRAME_add_device || kind == FRAME_pnp)
        return "device";
    if (kind == FRAME_affinity)
        return "provider";
    return kind == FRAME_unload ? "driver" : "adapter";
}

static bool name_is_taken(const struct emitter *e, const char *name)
{
    for (unsigned i = 0; i < e->name_count; i++)
        if (strcmp(e->names[i], name) == 0)
            return true;
    return false;
}

/* adapter1_restart, adapter1_restart_2, ... */
static void name_function(struct emitter *e, const struct frame *frame, char *name)
{
    char stem[FUNCTION_NAME_MAX - 8];

    if (frame->kind == FRAME_pnp)
        snprintf(stem, sizeof stem, "device%u_%s", frame->object, irps[frame->detail]);
    else
        snprintf(stem, sizeof stem, "%s%u_%s", noun(frame->kind), name_of_request(frame->object),
                 suffixes[frame->kind]);
    for (char *at = stem; *at; at++)
        if (*at >= 'A' && *at <= 'Z')
            *at = (char)(*at - 'A' + 'a');
    snprintf(name, FUNCTION_NAME_MAX, "%s", stem);
    for (unsigned i = 2; name_is_taken(e, name); i++)
        snprintf(name, FUNCTION_NAME_MAX, "%s_%u", stem, i);
    memcpy(e->names[e->name_count++], name, FUNCTION_NAME_MAX);
}

/* What a callback is given, and what that has to be. */
static void object_given(struct emitter *e, const struct oracle *o, const struct frame *frame)
{
    char name[EXPRESSION_MAX];

    switch (frame->kind) {
    case FRAME_initialize:
        emit_line(e, "adapter%u = new_handle(object);", frame->object);
        break;
    case FRAME_send:
    case FRAME_return:
        emit_line(e, "given(%s, object);", emit_name(o, CLASS_nbl, frame->detail, name));
        break;
    case FRAME_handler:
    case FRAME_bare:
    case FRAME_control:
        emit_list(e, o, frame->object);
        break;
    case FRAME_completion:
        emit_completion(e, o, frame->object);
        break;
    case FRAME_adapter_control:
        emit_line(e, "base%u = new_handle(object);", name_of_request(frame->object));
        break;
    case FRAME_add_device:
        emit_line(e, "device%u = object;", frame->object);
        break;
    case FRAME_affinity:
        emit_line(e, "affinity_names(object, %u, %u);", o->provider[frame->object].channels,
                  o->settings[SETTING_processors]);
        break;
    default:
        emit_line(e, "(void)object;");
        break;
    }
}

static void function_opens(struct emitter *e, const struct oracle *o, const struct frame *frame)
{
    struct emit_frame *inner = &e->frames[e->depth + 1];

    *inner = (struct emit_frame){.outside = o->timing};
    name_function(e, frame, inner->name);
    due_callback(e, o, frame, inner->name);
    e->depth++;
    object_given(e, o, frame);
}

static void function_closes(struct emitter *e, NTSTATUS status)
{
    struct emit_frame *frame = current(e);
    char text[EXPRESSION_MAX];

    sheet_print(&e->functions, "static NTSTATUS %s(PVOID object)\n{\n%s    return %s;\n}\n\n",
                frame->name, sheet_text(&frame->body), emit_status(status, true, text));
    sheet_free(&frame->body);
    e->depth--;
}

static void not_known_further(struct emitter *e)
{
    emit_line(e, "passed(); /* it failed here: how the program goes on is not known */");
}

/* The run is over. What was due stands in the oracle; behind the step that failed nothing is known. */
static void run_failed(struct emitter *e, struct runner *r)
{
    const struct oracle *o = &r->oracle;

    if (current(e)->open) {
        for (unsigned i = 0; i < o->report_count; i++)
            due_report(e, o->reports[i]);
        if (o->expected.kind != FRAME_none) {
            function_opens(e, o, &o->expected);
            not_known_further(e);
            function_closes(e, STATUS_SUCCESS);
        }
        step_done(e, r);
    }
    not_known_further(e);
    if (e->depth) {
        while (e->depth) {
            function_closes(e, STATUS_SUCCESS);
            step_closes(e);
        }
        emit_line(e, "failed(\"the step that failed once\", \"the end before it\");");
    }
    e->over = true;
}

static void tell(struct observer *observer, struct runner *r, enum moment moment, int detail)
{
    struct emitter *e = (struct emitter *)observer;

    if (e->over)
        return;
    switch (moment) {
    case MOMENT_asked:
        step_opens(e, r);
        break;
    case MOMENT_report:
        due_report(e, (enum rig_rule)detail);
        break;
    case MOMENT_entered:
        function_opens(e, &r->oracle, innermost(&r->oracle));
        break;
    case MOMENT_left:
        function_closes(e, detail);
        break;
    case MOMENT_returned:
        step_done(e, r);
        break;
    case MOMENT_failed:
        run_failed(e, r);
        break;
    case MOMENT_ended:
        emit_remains(e, r);
        break;
    }
    if (--e->moments_left == 0 && !e->over) {
        run_failed(e, r);
        r->over = true;
    }
}

struct emitter *emitter_make(void)
{
    struct emitter *e = calloc(1, sizeof *e);

    if (e)
        e->observer.tell = tell;
    return e;
}

void emitter_free(struct emitter *e)
{
    for (unsigned i = 0; i <= RIG_FRAMES; i++) {
        sheet_free(&e->frames[i].body);
        sheet_free(&e->frames[i].step);
    }
    sheet_free(&e->functions);
    free(e);
}
