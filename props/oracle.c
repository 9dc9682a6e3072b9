/*
 * oracle.c: asking the oracle, and the callbacks that it expects.
 */
#include "oracle.h"
#include "random.h"
#include <assert.h>

const KIRQL irql_levels[4] = {PASSIVE_LEVEL, APC_LEVEL, DISPATCH_LEVEL, HIGH_LEVEL};
const NTSTATUS status_values[11] = {
    NDIS_STATUS_SUCCESS,           NDIS_STATUS_PENDING,           NDIS_STATUS_FAILURE,
    NDIS_STATUS_RESOURCES,         NDIS_STATUS_NOT_ACCEPTED,      NDIS_STATUS_REQUEST_ABORTED,
    NDIS_STATUS_RESET_IN_PROGRESS, NDIS_STATUS_SEND_ABORTED,      NDIS_STATUS_PAUSED,
    NDIS_STATUS_LOW_POWER_STATE,   NDIS_STATUS_INVALID_PARAMETER,
};
const unsigned minor_versions[12] = {0, 1, 20, 30, 40, 50, 60, 80, 85, 1000, 7, 1001};

static void make_pattern(uint8_t *bytes, size_t size, uint64_t seed)
{
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(random_next(&seed) >> 32);
}

void oracle_make(struct oracle *o)
{
    make_pattern(o->filled, sizeof o->filled, 1);
    make_pattern(o->written, sizeof o->written, 2);
    for (size_t i = 0; i < sizeof o->ramp; i++)
        o->ramp[i] = (uint8_t)i;
}

void oracle_start(struct oracle *o)
{
    /* everything between is initialised by the record that defines it */
    memset(o, 0, offsetof(struct oracle, value));
    memset(&o->page, 0, offsetof(struct oracle, driver) - offsetof(struct oracle, page));
    for (unsigned i = 0; i < SETTING_COUNT; i++)
        o->settings[i] = rig_setting_row((enum rig_setting)i)->value;
    o->foreign = rig_layer() != NULL;
}

static void clear_name(struct oracle *o, enum name_class class, unsigned n)
{
    switch (class) {
    case CLASS_driver:
        o->driver[n] = (struct o_driver){0};
        break;
    case CLASS_adapter:
        o->adapter[n] = (struct o_adapter){0};
        break;
    case CLASS_dma:
        o->dma[n] = (struct o_dma){0};
        break;
    case CLASS_list:
        memset(&o->request[n], 0, offsetof(struct request, segments));
        break;
    case CLASS_nb:
        o->nb[n] = (struct o_nb){0};
        break;
    case CLASS_nbl:
        o->nbl[n] = (struct o_nbl){0};
        break;
    case CLASS_mdl:
        o->mdl[n] = (struct o_mdl){0};
        break;
    case CLASS_buffer:
        o->buffer[n] = (struct o_buffer){0};
        break;
    case CLASS_hal:
        o->hal[n] = (struct o_hal){0};
        break;
    case CLASS_device:
        o->device[n] = (struct o_device){0};
        break;
    case CLASS_provider:
        o->provider[n] = (struct o_provider){0};
        break;
    case CLASS_block:
        o->block[n] = (struct o_block){0};
        break;
    case CLASS_channel:
        o->channel[n] = (struct o_channel){0};
        memset(&o->request[request_of(class, n)], 0, offsetof(struct request, segments));
        break;
    case CLASS_base:
        memset(&o->request[request_of(class, n)], 0, offsetof(struct request, segments));
        break;
    case CLASS_nothing:
    case CLASS_COUNT:
        break;
    }
}

void oracle_define(struct oracle *o, struct call *call)
{
    enum name_class class = call->row->makes;

    if (class == CLASS_nothing)
        return;
    call->made = ++o->made[class];
    assert(call->made < NAMES);
    o->value[class][call->made] = NULL;
    clear_name(o, class, call->made);
}

void oracle_ask(struct oracle *o, struct call *call)
{
    static void (*const clauses[256])(struct oracle *, struct call *) = {
#define OPERATION(code, name, makes, side, irql, rule, targets, operands) [code] = oracle_##name,
#include "ops.def"
#undef OPERATION
    };

    clauses[call->op](o, call);
    assert(!call->impossible || !call->rule);
    if (call->rule)
        oracle_report_due(o, call->rule);
    else if (call->warning)
        oracle_report_due(o, call->warning);
}

void oracle_report_due(struct oracle *o, enum rig_rule rule)
{
    assert(o->report_count < REPORTS_EXPECTED);
    o->reports[o->report_count++] = rule;
}

/* ---- levels ---- */

KIRQL oracle_level(const struct oracle *o)
{
    return o->irql[o->processor];
}

bool wrong_level(const struct oracle *o, struct call *c)
{
    KIRQL level = oracle_level(o);
    bool fits = c->row->irql == IRQL_any ||
                (c->row->irql == IRQL_passive && level == PASSIVE_LEVEL) ||
                (c->row->irql == IRQL_at_most_dispatch && level <= DISPATCH_LEVEL) ||
                (c->row->irql == IRQL_dispatch && level == DISPATCH_LEVEL);

    if (!fits)
        refuse(c, (enum rig_rule)c->row->irql_rule);
    return !fits;
}

bool no_event_now(const struct oracle *o)
{
    return oracle_level(o) > PASSIVE_LEVEL || o->frame_count == RIG_FRAMES;
}

/* ---- frames ---- */

void oracle_expect(struct oracle *o, enum frame_kind kind, unsigned object, unsigned detail,
                   unsigned processor, KIRQL level)
{
    assert(o->expected.kind == FRAME_none);
    o->expected = (struct frame){
        .kind = kind, .object = object, .detail = detail, .processor = processor, .level = level};
}

void oracle_expect_here(struct oracle *o, enum frame_kind kind, unsigned object, unsigned detail,
                        KIRQL level)
{
    oracle_expect(o, kind, object, detail, o->processor, level);
}

static bool is_list_frame(enum frame_kind kind)
{
    return kind == FRAME_handler || kind == FRAME_bare || kind == FRAME_control;
}

struct frame *oracle_enter(struct oracle *o)
{
    struct frame *frame = &o->frames[o->frame_count++];

    assert(o->frame_count <= RIG_FRAMES);
    *frame = o->expected;
    o->expected.kind = FRAME_none;
    frame->caller = o->processor;
    frame->caller_level = o->irql[frame->processor];
    o->processor = frame->processor;
    o->irql[frame->processor] = frame->level;
    if (is_list_frame(frame->kind) || frame->kind == FRAME_adapter_control)
        request_called(o, frame->object);
    return frame;
}

void oracle_leave(struct oracle *o, NTSTATUS status)
{
    struct frame frame = o->frames[--o->frame_count];

    if (o->irql[frame.processor] != frame.level)
        oracle_report_due(o, is_list_frame(frame.kind) ? RULE_PSG_09 : RULE_SDV_16);
    o->irql[frame.processor] = frame.caller_level;
    o->processor = frame.caller;
    if (frame.kind >= FRAME_add_device)
        leave_netdma(o, &frame, status);
    else if (frame.kind == FRAME_adapter_control)
        leave_control(o, frame.object);
    else if (frame.kind == FRAME_completion)
        return;
    else if (!is_list_frame(frame.kind))
        leave_miniport(o, &frame, status);
    if (frame.kind >= FRAME_handler && frame.kind <= FRAME_adapter_control && o->call &&
        o->call->pump)
        requests_pump(o, o->call->pump);
}

/* ---- the program itself ---- */

void oracle_nop(struct oracle *o, struct call *c)
{
    (void)o;
    (void)c;
}

void oracle_return(struct oracle *o, struct call *c)
{
    (void)o;
    (void)c;
}

static bool in_use(const struct oracle *o)
{
    return o->drivers || o->hals || o->devices || o->providers;
}

void oracle_set(struct oracle *o, struct call *c)
{
    enum rig_setting setting = (enum rig_setting)c->a[0].n;
    const struct rig_setting_row *row = rig_setting_row(setting);
    uint64_t value = number_of(c, 1, row->largest);

    if (value < row->smallest || value > row->largest || (row->when == RIG_boot && in_use(o)))
        never(c);
    else
        o->settings[setting] = (uint32_t)value;
}

void oracle_fault(struct oracle *o, struct call *c)
{
    o->refusal_armed = true;
    o->refusal_site = (enum rig_site)c->a[0].n;
    o->refusal_after = c->a[1].n;
}

bool resource_refused(struct oracle *o, struct call *c, enum rig_site site)
{
    if (!o->refusal_armed || (o->refusal_site != site && o->refusal_site != RIG_SITE_any))
        return false;
    c->starved = o->refusal_after == 0;
    if (c->starved)
        o->refusal_armed = false;
    else
        o->refusal_after--;
    return c->starved;
}

void oracle_step(struct oracle *o, struct call *c)
{
    unsigned owed = c->a[0].n;
    unsigned processor = c->a[1].n;
    unsigned number;

    if (o->foreign) {
        c->answers = MAY_HAPPEN;
        return;
    }
    number = owed < o->owed_count ? o->owed[owed] : 0;
    if (owed >= o->owed_count || processor >= o->settings[SETTING_processors] ||
        o->irql[processor] >= (number & OWED_BLOCK ? APC_LEVEL : DISPATCH_LEVEL) ||
        o->frame_count == RIG_FRAMES) {
        never(c);
        return;
    }
    o->owed_count--;
    memmove(&o->owed[owed], &o->owed[owed + 1], (o->owed_count - owed) * sizeof o->owed[0]);
    if (number & OWED_BLOCK)
        block_complete(o, c, number & ~(unsigned)OWED_BLOCK, processor);
    else
        oracle_expect(o, request_frame(&o->request[number]), number, 0, processor, DISPATCH_LEVEL);
}

void oracle_KeRaiseIrql(struct oracle *o, struct call *c)
{
    KIRQL level = irql_levels[c->a[0].n];

    if (level < oracle_level(o))
        refuse(c, RULE_SDV_16);
    else
        o->irql[o->processor] = level;
}

void oracle_KeLowerIrql(struct oracle *o, struct call *c)
{
    KIRQL level = irql_levels[c->a[0].n];
    KIRQL floor = o->frame_count ? innermost(o)->level : PASSIVE_LEVEL;

    if (level > oracle_level(o) || level < floor)
        refuse(c, RULE_SDV_16);
    else
        o->irql[o->processor] = level;
}
