/*
 * interpret_callback.c: what the machine calls, and whether it should have.
 */
#include "interpret.h"

const char *const frame_names[FRAME_COUNT] = {
    [FRAME_none] = "nothing",
    [FRAME_initialize] = "MiniportInitializeEx",
    [FRAME_halt] = "MiniportHaltEx",
    [FRAME_pause] = "MiniportPause",
    [FRAME_restart] = "MiniportRestart",
    [FRAME_reset] = "MiniportResetEx",
    [FRAME_shutdown] = "MiniportShutdownEx",
    [FRAME_send] = "MiniportSendNetBufferLists",
    [FRAME_cancel_send] = "MiniportCancelSend",
    [FRAME_pnp_event] = "MiniportDevicePnPEventNotify",
    [FRAME_oid] = "MiniportOidRequest",
    [FRAME_return] = "MiniportReturnNetBufferLists",
    [FRAME_handler] = "MiniportProcessSGList",
    [FRAME_bare] = "NdisProcessSGList",
    [FRAME_control] = "AdapterListControl",
    [FRAME_completion] = "MiniportSharedMemoryAllocateComplete",
    [FRAME_adapter_control] = "AdapterControl",
    [FRAME_add_device] = "AddDevice",
    [FRAME_pnp] = "DispatchPnP",
    [FRAME_unload] = "Unload",
    [FRAME_affinity] = "ProviderSetDmaChannelCpuAffinity",
};

/* ---- contexts ---- */

void *context_of(enum name_class class, unsigned number)
{
    return (void *)(uintptr_t)(UINT64_C(0xC0DE000000000001) + ((uint64_t)(class) << 32) +
                               ((uint64_t)number << 8));
}

/* the number of the thing of CLASS that CONTEXT belongs to, 0 none */
static unsigned context_number(const struct oracle *o, enum name_class class, const void *context)
{
    uint64_t number = ((uint64_t)(uintptr_t)context >> 8) & 0xFFF;

    if (number < 1 || number > o->made[class] || context_of(class, (unsigned)number) != context)
        return 0;
    return (unsigned)number;
}

/* ---- reports ---- */

void check_reports(struct runner *r)
{
    struct oracle *o = &r->oracle;
    enum rig_rule missing =
        o->report_next < o->report_count ? o->reports[o->report_next] : RULE_NONE;
    enum property property = PROPERTY_RULE_MISSED;

    if (missing == RULE_SG_34)
        property = PROPERTY_DMA_AFTER_DEREGISTER;
    else if (missing == RULE_CH_31 && r->call && r->call->dead)
        property = PROPERTY_CHANNEL_AFTER_DEREGISTER;
    else if (missing == RULE_PRV_42)
        property = PROPERTY_PROVIDER_AFTER_DEREGISTER;
    for (unsigned i = 0; i < o->report_count; i++)
        observe(r, MOMENT_report, (int)o->reports[i]);
    o->report_next = o->report_count = 0;
    if (broken(r, property, !missing))
        failed_text(r, property, rig_rule_row(missing)->name, "no report");
}

static void record_firing(struct runner *r, enum rig_rule rule)
{
    struct outcome *outcome = r->outcome;

    if (outcome->firing_count < 64)
        outcome->firings[outcome->firing_count++] = (struct firing){rule, r->record};
    if (r->options.statistics)
        r->options.statistics->tripped[rule]++;
}

/* Origins are records, counted from 1; what a callback leaves behind goes with the event around it. */
static bool origins_right(const struct runner *r, const struct rig_report *report)
{
    uint8_t op;

    if (report->made == 0 || report->made > r->cursor)
        return report->made + report->freed == 0;
    op = r->program->records[report->made - 1].op;
    return op_table[op].makes != CLASS_nothing && report->freed <= r->cursor &&
           report->freed != report->made;
}

void report_hook(void *context, const struct rig_report *report)
{
    struct runner *r = context;
    struct oracle *o = &r->oracle;
    enum rig_rule due = o->report_next < o->report_count ? o->reports[o->report_next] : RULE_NONE;

    if (r->over)
        return;
    record_firing(r, report->rule);
    digest_add(r, 0x100000u + (unsigned)report->rule);
    trace_line(r, "! %s: %s", rig_rule_row(report->rule)->name, rig_rule_row(report->rule)->text);
    if (due == RULE_SG_34)
        r->evaluated[PROPERTY_DMA_AFTER_DEREGISTER]++;
    else if (due == RULE_CH_31 && r->call && r->call->dead)
        r->evaluated[PROPERTY_CHANNEL_AFTER_DEREGISTER]++;
    else if (due == RULE_PRV_42)
        r->evaluated[PROPERTY_PROVIDER_AFTER_DEREGISTER]++;
    if (due)
        o->report_next++;
    if (broken(r, PROPERTY_LAYER_HAL, !r->layer || due || !o->call || !layer_is_asked(o->call)))
        failed_text(r, PROPERTY_LAYER_HAL, "no report of HAL's", rig_rule_row(report->rule)->name);
    else if (broken(r, PROPERTY_RULE_INVENTED, report->rule == due))
        failed_text(r, PROPERTY_RULE_INVENTED, due ? rig_rule_row(due)->name : "no report",
                    rig_rule_row(report->rule)->name);
    else if (broken(r, PROPERTY_REPORT_ORIGIN, origins_right(r, report)))
        failed_text(r, PROPERTY_REPORT_ORIGIN, "the records that made and freed it, or none",
                    "another record");
}

/* ---- callbacks of drivers and devices ---- */

void callback_unexpected(struct runner *r, const char *name)
{
    if (!r->over && broken(r, PROPERTY_HANDLER_EXPECTED, false))
        failed_text(r, PROPERTY_HANDLER_EXPECTED, frame_names[r->oracle.expected.kind], name);
}

static void unexpected(struct runner *r, enum frame_kind kind, enum name_class class,
                       const void *context)
{
    const struct oracle *o = &r->oracle;
    unsigned n = context_number(o, class, context);
    bool dead = (class == CLASS_adapter && n && o->adapter[n].life == LIFE_stale) ||
                (class == CLASS_provider && n && o->provider[n].life == LIFE_stale);

    if (!dead)
        callback_unexpected(r, frame_names[kind]);
    else if (broken(r, PROPERTY_LIFE_NO_CALLBACK_AFTER, false))
        failed_text(r, PROPERTY_LIFE_NO_CALLBACK_AFTER, "no callback", frame_names[kind]);
}

static const void *expected_context(const struct oracle *o, const struct frame *frame,
                                    const void *given)
{
    unsigned n = frame->object;

    switch (frame->kind) {
    case FRAME_initialize:
        return context_of(CLASS_driver, o->adapter[n].driver);
    case FRAME_affinity:
        return context_of(CLASS_provider, n);
    case FRAME_pnp:
        return o->value[CLASS_device][n];
    case FRAME_add_device:
    case FRAME_unload:
        return given;
    default:
        return o->adapter[n].registration ? context_of(CLASS_adapter, n) : NULL;
    }
}

/* Processor and level of the callback that has come. */
static void judge_place(struct runner *r, enum property on_processor, enum property at_level)
{
    const struct frame *frame = &r->oracle.expected;
    unsigned processor = KeGetCurrentProcessorNumber();
    KIRQL level = KeGetCurrentIrql();

    if (broken(r, on_processor, processor == frame->processor))
        failed_number(r, on_processor, "processor", frame->processor, processor);
    if (broken(r, at_level, level == frame->level))
        failed_number(r, at_level, "IRQL", frame->level, level);
}

static bool may_enter(struct runner *r, enum frame_kind kind, enum name_class class,
                      const void *context)
{
    struct oracle *o = &r->oracle;
    const struct frame *frame = &o->expected;

    if (!r->over)
        check_reports(r);
    if (r->over)
        return false;
    if (broken(r, PROPERTY_HANDLER_EXPECTED, frame->kind == kind)) {
        unexpected(r, kind, class, context);
        return false;
    }
    if (frame->kind != kind)
        return false;
    r->evaluated[PROPERTY_LIFE_NO_CALLBACK_AFTER]++;
    if (broken(r, PROPERTY_LIFE_ADAPTER_CONTEXT, expected_context(o, frame, context) == context))
        failed_text(r, PROPERTY_LIFE_ADAPTER_CONTEXT, "the context that was registered", "another");
    judge_place(r, PROPERTY_IRQL_LEVEL, PROPERTY_IRQL_LEVEL);
    return !r->over;
}

NTSTATUS callback(struct runner *r, enum frame_kind kind, enum name_class class,
                  const void *context, void *handle)
{
    struct oracle *o = &r->oracle;
    NTSTATUS status;

    if (!may_enter(r, kind, class, context))
        return STATUS_SUCCESS;
    if (kind == FRAME_initialize) {
        judge_new_handle(r, handle);
        o->value[CLASS_adapter][o->expected.object] = handle;
    } else if (kind == FRAME_add_device)
        o->value[CLASS_device][o->expected.object] = handle;
    if (mark_of(r))
        mark_of(r)->calls_back = true;
    digest_add(r, 0x200000u + (unsigned)kind * 16 + o->expected.processor);
    trace_line(r, "%s on processor %u", frame_names[kind], o->expected.processor);
    oracle_enter(o);
    observe(r, MOMENT_entered, 0);
    status = play_body(r);
    digest_add(r, (uint32_t)status);
    if (!r->over) {
        check_reports(r);
        observe(r, MOMENT_left, (int)status);
        if (!r->layer || !layer_cuts(r, true))
            oracle_leave(o, status);
        if (r->layer)
            layer_cuts(r, false);
    }
    return status;
}

/* ---- list handlers ---- */

static void list_unexpected(struct runner *r, enum frame_kind kind, const struct request *q)
{
    enum property property = PROPERTY_HANDLER_EXPECTED;
    const char *expected = frame_names[r->oracle.expected.kind];

    if (q->state == REQUEST_dead && q->pool && !q->pool->live)
        property = PROPERTY_LIFE_NO_CALLBACK_AFTER;
    else if (q->state == REQUEST_dead || q->state == REQUEST_live)
        property = PROPERTY_HANDLER_ONCE;
    else if (q->state == REQUEST_owed && r->oracle.expected.kind == FRAME_none)
        property = PROPERTY_HANDLER_INSIDE;
    if (broken(r, property, false))
        failed_text(r, property, expected, frame_names[kind]);
}

/* The number of the request that CONTEXT belongs to, if its handler may run; 0: it may not. */
static unsigned may_handle(struct runner *r, enum frame_kind kind, const void *context)
{
    struct oracle *o = &r->oracle;
    enum name_class class = kind == FRAME_adapter_control ? CLASS_base : CLASS_list;
    unsigned n = context_number(o, class, context), number = request_of(class, n);

    if (!r->over)
        check_reports(r);
    if (r->over)
        return 0;
    if (broken(r, PROPERTY_HANDLER_CONTEXT, n))
        failed_text(r, PROPERTY_HANDLER_CONTEXT, "the request's context", "another");
    if (!n)
        return 0;
    if (r->layer && kind != FRAME_adapter_control)
        layer_calls(r, kind, n);
    if (o->expected.kind != kind || o->expected.object != number) {
        list_unexpected(r, kind, &o->request[number]);
        return 0;
    }
    r->evaluated[PROPERTY_HANDLER_EXPECTED]++;
    r->evaluated[PROPERTY_HANDLER_ONCE]++;
    r->evaluated[PROPERTY_LIFE_NO_CALLBACK_AFTER]++;
    judge_place(r, PROPERTY_HANDLER_INSIDE, PROPERTY_HANDLER_IRQL);
    return r->over ? 0 : number;
}

/* The handler of request NUMBER is given a list, or a base. */
static void handle(struct runner *r, enum frame_kind kind, unsigned number, void *given)
{
    struct oracle *o = &r->oracle;
    enum name_class class = class_of_request(number);
    unsigned n = name_of_request(number);

    if (mark_of(r))
        mark_of(r)->calls_back = true;
    digest_add(r, 0x300000u + (unsigned)kind * 16 + o->expected.processor);
    trace_line(r, "%s(%s%u) on processor %u", frame_names[kind], class_words[class], n,
               o->expected.processor);
    if (class == CLASS_base)
        judge_new_handle(r, given);
    oracle_enter(o);
    o->value[class][n] = given;
    observe(r, MOMENT_entered, 0);
    if (class == CLASS_list)
        judge_list(r, &o->request[n], given);
    play_body(r);
}

static void handled(struct runner *r, int result)
{
    if (r->over)
        return;
    if (r->layer && innermost(&r->oracle)->kind != FRAME_adapter_control)
        layer_handler_returns(r);
    check_reports(r);
    observe(r, MOMENT_left, result);
    oracle_leave(&r->oracle, STATUS_SUCCESS);
}

void list_callback(struct runner *r, enum frame_kind kind, PSCATTER_GATHER_LIST list,
                   const void *context)
{
    unsigned number = may_handle(r, kind, context);

    if (!number)
        return;
    r->delivered++;
    handle(r, kind, number, list);
    handled(r, STATUS_SUCCESS);
}

/* choice `action`: what fits the device, or what the record says */
static IO_ALLOCATION_ACTION action_of(const struct oracle *o, const struct request *q)
{
    static const int actions[] = {0, KeepObject, DeallocateObject, DeallocateObjectKeepRegisters,
                                  0};

    if (q->action == 0)
        return o->hal[q->hal].subordinate ? KeepObject : DeallocateObjectKeepRegisters;
    return (IO_ALLOCATION_ACTION)actions[q->action];
}

IO_ALLOCATION_ACTION control_callback(struct runner *r, void *base, const void *context)
{
    unsigned number = may_handle(r, FRAME_adapter_control, context);
    IO_ALLOCATION_ACTION action = KeepObject;

    if (number) {
        action = action_of(&r->oracle, &r->oracle.request[number]);
        handle(r, FRAME_adapter_control, number, base);
        handled(r, (int)action);
    }
    return action;
}

/* ---- completions of shared memory ---- */

static void completion_unexpected(struct runner *r, unsigned n)
{
    const struct oracle *o = &r->oracle;
    enum property property = PROPERTY_SHM_ONCE;

    if (n && o->adapter[o->block[n].adapter].life != LIFE_live)
        property = PROPERTY_LIFE_NO_CALLBACK_AFTER;
    else if (n && o->block[n].pending)
        property = PROPERTY_HANDLER_INSIDE;
    if (broken(r, property, false))
        failed_text(r, property, frame_names[o->expected.kind], frame_names[FRAME_completion]);
}

/* SHM-31, AMB-24 */
static bool arguments_right(const struct oracle *o, const struct o_block *b, const void *adapter,
                            const void *va, const NDIS_PHYSICAL_ADDRESS *address, ULONG length)
{
    bool placed = b->life == LIFE_live;
    const void *context =
        o->adapter[b->adapter].registration ? context_of(CLASS_adapter, b->adapter) : NULL;

    if (adapter != context || length != b->length || placed != (va != NULL))
        return false;
    if (!placed)
        return o->settings[SETTING_failed_address] ? address && !address->QuadPart : !address;
    return address != NULL;
}

static bool completion_may_enter(struct runner *r, unsigned n)
{
    const struct frame *frame = &r->oracle.expected;

    if (!r->over)
        check_reports(r);
    if (r->over)
        return false;
    if (frame->kind != FRAME_completion || frame->object != n) {
        completion_unexpected(r, n);
        return false;
    }
    r->evaluated[PROPERTY_SHM_ONCE]++;
    r->evaluated[PROPERTY_LIFE_NO_CALLBACK_AFTER]++;
    judge_place(r, PROPERTY_HANDLER_INSIDE, PROPERTY_SHM_COMPLETION);
    return !r->over;
}

VOID completion_callback(NDIS_HANDLE adapter, PVOID va, PNDIS_PHYSICAL_ADDRESS address,
                         ULONG length, PVOID context)
{
    struct runner *r = runner_playing();
    struct oracle *o = &r->oracle;
    unsigned n = context_number(o, CLASS_block, context);

    if (!completion_may_enter(r, n))
        return;
    if (broken(r, PROPERTY_SHM_COMPLETION,
               arguments_right(o, &o->block[n], adapter, va, address, length)))
        failed_text(r, PROPERTY_SHM_COMPLETION, "adapter, block and length of the request",
                    "others");
    if (mark_of(r))
        mark_of(r)->calls_back = true;
    digest_add(r, 0x400000u + o->expected.processor * 2u + (address != NULL));
    trace_line(r, "%s(block%u%s) on processor %u", frame_names[FRAME_completion], n,
               va ? "" : ", NULL", o->expected.processor);
    block_given(r, n, va, va && address ? (uint64_t)address->QuadPart : 0);
    if (r->over)
        return;
    oracle_enter(o);
    observe(r, MOMENT_entered, 0);
    play_body(r);
    if (r->over)
        return;
    check_reports(r);
    observe(r, MOMENT_left, STATUS_SUCCESS);
    oracle_leave(o, STATUS_SUCCESS);
}
