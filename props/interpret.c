/*
 * interpret.c: records, one after the other.
 */
#include "interpret.h"
#include <assert.h>

static _Thread_local struct runner *playing;

struct runner *runner_playing(void)
{
    return playing;
}

void runner_plays(struct runner *r)
{
    playing = r;
}

/* ---- references ---- */

static bool is_known(const struct oracle *o, const void *value)
{
    for (unsigned k = 1; k < CLASS_COUNT; k++)
        for (unsigned i = 1; i <= o->made[k]; i++)
            if (o->value[k][i] == value)
                return true;
    return false;
}

static bool is_handle(enum name_class class)
{
    return class == CLASS_driver || class == CLASS_adapter || class == CLASS_dma ||
           class == CLASS_provider || class == CLASS_channel || class == CLASS_base;
}

/* A value near the newest one of CLASS that nobody was ever given. */
static void *forge(struct runner *r, enum name_class class, unsigned way)
{
    static const uint64_t flips[6] = {
        1, 1u << 16, UINT64_C(1) << 32, UINT64_C(1) << 52, 1u << 14, UINT64_C(1) << 62};
    const uint64_t strays[8] = {8, 1, (uint64_t)-8, 3, 0, 0, 0, 0};
    const struct oracle *o = &r->oracle;
    void *newest = o->made[class] ? o->value[class][o->made[class]] : NULL;
    uint64_t value = newest ? (uint64_t)(uintptr_t)newest : UINT64_C(0x5A5A00005A5A0000);

    if (way == 6)
        value = UINT64_MAX;
    else if (way == 7)
        value = 4;
    else if (is_handle(class))
        value ^= flips[way];
    else if (way == 4)
        value = UINT64_C(0xDEAD00000000);
    else if (way == 5)
        value = (uint64_t)(uintptr_t)&r->scratch[64];
    else
        value += strays[way];
    if (is_known(o, (void *)(uintptr_t)value))
        value = 6;
    return (void *)(uintptr_t)value;
}

static void resolve(struct runner *r, struct argument *a, uint8_t byte, enum name_class class)
{
    struct oracle *o = &r->oracle;

    a->ref = ref_resolve(byte, class, o->made);
    a->value = NULL;
    if (a->ref.mode == REF_NAMED || (a->ref.mode == REF_WRONG && class != CLASS_buffer))
        a->value = o->value[a->ref.class][a->ref.number];
    else if (a->ref.mode == REF_FORGED && class != CLASS_buffer)
        a->value = forge(r, class, a->ref.number);
}

/* ---- one record ---- */

/* The timing that a record asks for, always its last operand; -1: none. */
static int timing_of(const struct call *c)
{
    unsigned count = c->row->operand_count;

    if (count == 0 || c->row->operands[count - 1].choices != CHOICES_timing)
        return -1;
    return (int)c->a[count - 1].n;
}

static void prepare(struct runner *r, struct call *c, const struct record *record)
{
    memset(c, 0, offsetof(struct call, a));
    c->op = record->op;
    c->row = &op_table[record->op];
    c->record = r->record;
    for (unsigned i = 0; i < c->row->operand_count; i++) {
        const struct operand *operand = &c->row->operands[i];

        c->a[i].n = operand_get(record, operand);
        c->a[i].number = 0;
        if (operand->kind == OPERAND_REF)
            resolve(r, &c->a[i], (uint8_t)c->a[i].n, operand->class);
    }
}

static void call_machine(struct runner *r, struct call *c)
{
    static void (*const clauses[256])(struct runner *, struct call *) = {
#define OPERATION(code, name, makes, side, irql, rule, targets, operands) [code] = interpret_##name,
#include "ops.def"
#undef OPERATION
    };

    clauses[c->op](r, c);
}

static void count_call(struct runner *r, const struct call *c)
{
    struct statistics *s = r->options.statistics;
    unsigned cell = c->rule ? 1 : c->impossible ? 3 : c->taken ? 0 : 2;

    if (!s)
        return;
    s->cells[c->op][cell]++;
    if (c->row->side == SIDE_control)
        return;
    s->calls++;
    s->accepted += cell == 0;
}

static bool is_idle(const struct call *c)
{
    bool failed = !NT_SUCCESS(c->status) && c->op != OP_NdisMCompleteDmaTransfer; /* CH-29 */

    return c->rule || c->impossible || failed;
}

static void mark_call(struct runner *r, const struct call *c)
{
    struct mark *mark = mark_of(r);

    if (!mark)
        return;
    mark->ran = true;
    mark->idle = is_idle(c) && !c->remembered;
    mark->starved = c->starved;
    mark->offset = c->offset;
    mark->length = c->length;
}

/* What must hold after every call, whatever it was. */
static void check_after(struct runner *r, struct call *c)
{
    struct oracle *o = &r->oracle;
    KIRQL level = KeGetCurrentIrql();

    check_reports(r);
    if (o->expected.kind != FRAME_none) {
        bool list = o->expected.kind >= FRAME_handler && o->expected.kind <= FRAME_adapter_control;
        enum property property = list ? PROPERTY_HANDLER_INSIDE : PROPERTY_HANDLER_EXPECTED;

        if (o->expected.kind == FRAME_completion)
            property = PROPERTY_SHM_ONCE;

        if (broken(r, property, false))
            failed_text(r, property, frame_names[o->expected.kind],
                        "no callback before the call returned");
        o->expected.kind = FRAME_none;
    }
    if (broken(r, PROPERTY_IRQL_LEVEL, level == oracle_level(o)))
        failed_number(r, PROPERTY_IRQL_LEVEL, "IRQL", oracle_level(o), level);
    if (c->request && o->request[c->request].pool)
        judge_registers(r, &o->request[c->request]);
}

/* What can be counted of a machine. */
struct tally {
    struct rig_count count;
    unsigned owed, posted;
};

static void take_tally(const struct machine *machine, struct tally *tally)
{
    rig_count(machine, &tally->count);
    tally->owed = rig_owed(machine);
    tally->posted = rig_device_posted(machine);
}

static bool same_tallies(const struct tally *one, const struct tally *other)
{
    const struct rig_count *a = &one->count, *b = &other->count;

    return a->drivers == b->drivers && a->adapters == b->adapters &&
           a->dma_handles == b->dma_handles && a->dma_adapters == b->dma_adapters &&
           a->providers == b->providers && a->devices == b->devices &&
           a->lists_built == b->lists_built && a->lists_freed == b->lists_freed &&
           a->lists_live == b->lists_live && a->lists_waiting == b->lists_waiting &&
           a->lists_owed == b->lists_owed && a->common_buffers == b->common_buffers &&
           a->blocks_live == b->blocks_live && a->blocks_pending == b->blocks_pending &&
           a->channels == b->channels && a->packets == b->packets &&
           a->packets_owed == b->packets_owed && a->registers_total == b->registers_total &&
           a->registers_held == b->registers_held && one->owed == other->owed &&
           one->posted == other->posted;
}

static void run_call(struct runner *r, struct call *c, int timing)
{
    struct tally before, after;
    bool refused = is_idle(c);
    uint32_t origin = rig_origin(r->machine, r->record + 1);
    enum rig_timing old = timing < 0 ? RIG_INSIDE : rig_timing(r->machine, (enum rig_timing)timing);

    if (refused)
        take_tally(r->machine, &before);
    call_machine(r, c);
    if (refused && !r->over) {
        take_tally(r->machine, &after);
        if (broken(r, PROPERTY_CALL_UNCHANGED, same_tallies(&before, &after)))
            failed_text(r, PROPERTY_CALL_UNCHANGED, "a call that fails changes nothing",
                        "the machine's counts moved");
    }
    if (timing >= 0)
        rig_timing(r->machine, old);
    rig_origin(r->machine, origin);
}

/* Asks the oracle, and whether the call is made at all. */
static bool is_left_out(struct runner *r, struct call *c)
{
    struct oracle *o = &r->oracle;

    if (r->layer)
        layer_asked(r, false);
    if (r->layer && layer_sets_aside(c)) {
        r->outcome->set_aside++;
        trace_end(r, "left out: nothing that the NDIS layer is asked");
        return true;
    }
    oracle_ask(o, c);
    if (r->layer && layer_is_asked(c))
        o->report_count = o->report_next = 0; /* it warns of nothing */
    if (!r->options.legal_only || !c->rule)
        return false;
    o->report_count = o->report_next = 0;
    r->outcome->left_out++;
    trace_end(r, "left out: %s", rig_rule_row(c->rule)->name);
    return true;
}

static void execute(struct runner *r, const struct record *record)
{
    struct oracle *o = &r->oracle;
    struct call c;
    enum rig_timing old = o->timing;
    unsigned outer_record = r->record;
    int timing;

    r->record = (unsigned)(record - r->program->records);
    prepare(r, &c, record);
    trace_record(r, record, o->made);
    oracle_define(o, &c);
    c.outer = o->call;
    o->call = r->call = &c;
    timing = timing_of(&c);
    if (timing >= 0)
        o->timing = (enum rig_timing)timing;
    digest_add(r, c.op);
    if (mark_of(r))
        mark_of(r)->armed = o->refusal_armed;
    if (!is_left_out(r, &c)) {
        observe(r, MOMENT_asked, 0);
        if (!r->over)
            run_call(r, &c, timing);
        if (r->layer)
            layer_asked(r, layer_is_asked(&c) || c.op == OP_step);
        if (!r->over)
            check_after(r, &c);
        if (!r->over)
            observe(r, MOMENT_returned, 0);
        count_call(r, &c);
        mark_call(r, &c);
        r->outcome->happened += !c.impossible && c.op != OP_return && c.op != OP_nop;
    }
    o->timing = old;
    o->call = r->call = c.outer;
    r->record = outer_record;
}

static const struct record *next_record(struct runner *r)
{
    const struct record *record;

    if (r->over)
        return NULL;
    if (r->cursor >= r->program->count) {
        state_note(r);
        return NULL;
    }
    record = &r->program->records[r->cursor++];
    if (r->options.statistics) {
        r->options.statistics->records++;
        r->options.statistics->empty_records += record->op == OP_nop || !op_table[record->op].name;
    }
    return record;
}

NTSTATUS play_body(struct runner *r)
{
    const struct record *record;

    while ((record = next_record(r))) {
        if (!op_table[record->op].name)
            continue;
        execute(r, record);
        if (record->op == OP_return)
            return status_values[operand_get(record, &op_table[OP_return].operands[0])];
    }
    return STATUS_SUCCESS;
}

void play_program(struct runner *r, const struct program *program)
{
    const struct record *record;

    r->program = program;
    r->cursor = 0;
    while ((record = next_record(r)))
        if (op_table[record->op].name)
            execute(r, record);
}

/* ---- the program itself ---- */

void interpret_nop(struct runner *r, struct call *c)
{
    result_void(r, c);
}

void interpret_return(struct runner *r, struct call *c)
{
    result_void(r, c);
}

void interpret_set(struct runner *r, struct call *c)
{
    result_happened(r, c, rig_set(r->machine, (enum rig_setting)c->a[0].n, c->a[1].number));
}

void interpret_fault(struct runner *r, struct call *c)
{
    rig_refuse(r->machine, (enum rig_site)c->a[0].n, c->a[1].n);
    result_void(r, c);
}

void interpret_step(struct runner *r, struct call *c)
{
    result_happened(r, c, rig_step(r->machine, c->a[0].n, c->a[1].n));
}

void interpret_KeRaiseIrql(struct runner *r, struct call *c)
{
    KIRQL before;

    KeRaiseIrql(irql_levels[c->a[0].n], &before);
    result_void(r, c);
}

void interpret_KeLowerIrql(struct runner *r, struct call *c)
{
    KeLowerIrql(irql_levels[c->a[0].n]);
    result_void(r, c);
}
