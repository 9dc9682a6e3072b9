/*
 * run.c: a runner's life, verdicts, the digest and the trace.
 */
#include "interpret.h"
#include "metamorphic.h"
#include <stdarg.h>
#include <stdlib.h>

static const struct property_row properties[PROPERTY_COUNT] = {
    [PROPERTY_NONE] = {"none", "", "nothing failed"},
#define PROPERTY(id, name, rules, meaning) [PROPERTY_##id] = {name, rules, meaning},
#include "properties.def"
#undef PROPERTY
};

const struct property_row *property_row(enum property property)
{
    return &properties[property < PROPERTY_COUNT ? property : PROPERTY_NONE];
}

/* ---- a runner ---- */

struct runner *runner_make(void)
{
    size_t size = (rig_size() + PAGE_SIZE - 1) / PAGE_SIZE * PAGE_SIZE;
    struct runner *r = calloc(1, sizeof *r);

    if (!r)
        return NULL;
    r->storage = aligned_alloc(PAGE_SIZE, size);
    if (!r->storage) {
        free(r);
        return NULL;
    }
    memset(r->storage, 0, size);
    r->machine = rig_make(r->storage);
    if (!layer_make(r)) {
        runner_free(r);
        return NULL;
    }
    oracle_make(&r->oracle);
    return r;
}

void runner_free(struct runner *r)
{
    if (!r)
        return;
    free(r->layer);
    free(r->storage);
    free(r);
}

struct machine *runner_machine(struct runner *r)
{
    return r->machine;
}

/* ---- a run ---- */

enum { WORK_OF_A_RUN = 8 };

static _Thread_local uint64_t work;

static NTSTATUS hook_add_device(void *context, PDEVICE_OBJECT pdo)
{
    return callback(context, FRAME_add_device, CLASS_device, pdo, pdo);
}

static NTSTATUS hook_pnp(void *context, PDEVICE_OBJECT pdo, enum rig_irp irp)
{
    struct runner *r = context;

    if (r->oracle.expected.kind == FRAME_pnp && r->oracle.expected.detail != irp) {
        callback_unexpected(r, "another PnP request");
        return STATUS_SUCCESS;
    }
    return callback(r, FRAME_pnp, CLASS_device, pdo, NULL);
}

static void hook_unload(void *context)
{
    callback(context, FRAME_unload, CLASS_nothing, NULL, NULL);
}

static void start(struct runner *r, const struct run_options *options, struct outcome *outcome)
{
    struct rig_hooks hooks = {
        .context = r,
        .report = report_hook,
        .add_device = hook_add_device,
        .pnp = hook_pnp,
        .unload = hook_unload,
    };

    memset(outcome, 0, sizeof *outcome);
    r->options = options ? *options : (struct run_options){0};
    r->outcome = outcome;
    r->evaluated = r->options.statistics ? r->options.statistics->evaluated : r->uncounted;
    r->digest = UINT64_C(0xCBF29CE484222325);
    r->record = r->delivered = 0;
    r->over = r->line_open = false;
    r->call = NULL;
    r->table = r->table_2 = NULL;
    oracle_start(&r->oracle);
    runner_plays(r);
    rig_bind(r->machine);
    rig_set_hooks(r->machine, &hooks);
    layer_start(r);
}

void statistics_add_requests(struct statistics *s, const struct machine *machine)
{
    for (unsigned site = 0; site < RIG_SITE_COUNT; site++) {
        struct rig_requests requests = rig_requests(machine, (enum rig_site)site);

        s->asked[site] += requests.made;
        s->refused[site] += requests.refused;
    }
}

static void finish(struct runner *r)
{
    struct statistics *s = r->options.statistics;

    if (s) {
        statistics_add_requests(s, r->machine);
        s->programs++;
        s->lists += r->delivered;
        s->left_out += r->outcome->left_out;
        s->set_aside += r->outcome->set_aside;
        s->cut += r->outcome->cut;
        s->whole += !r->outcome->cut && !r->outcome->left_out && !r->outcome->set_aside;
        s->list_median[r->delivered < 15 ? r->delivered : 15]++;
    }
    r->outcome->digest = r->digest;
    rig_reset(r->machine);
    rig_bind(NULL);
    runner_plays(NULL);
}

uint64_t runs_work(void)
{
    return work;
}

static void run_once(struct runner *r, const struct program *program,
                     const struct run_options *options, struct outcome *outcome)
{
    work += WORK_OF_A_RUN + program->count;
    start(r, options, outcome);
    play_program(r, program);
    r->record = program->count ? program->count - 1 : 0;
    r->options.marks = NULL; /* totals belong to no record */
    if (!r->over)
        judge_end(r);
    finish(r);
}

static void run_variant(void *context, const struct program *program,
                        const struct run_options *options, struct outcome *outcome)
{
    run_once(context, program, options, outcome);
}

static bool is_metamorphic(enum property property)
{
    return property >= PROPERTY_METAMORPHIC_REFUSED && property <= PROPERTY_METAMORPHIC_SETTINGS;
}

void runner_run(struct runner *r, const struct program *program, const struct run_options *options,
                struct outcome *outcome)
{
    struct run_options marked = options ? *options : (struct run_options){0};
    struct mark marks[PROGRAM_MAX];

    if (r->layer)
        marked.legal_only = true;
    if (is_metamorphic(marked.only) && marked.transforms == TRANSFORMS_NONE)
        marked.transforms = TRANSFORMS_ALL;
    if (marked.transforms == TRANSFORMS_NONE || marked.legal_only) {
        run_once(r, program, &marked, outcome);
        return;
    }
    memset(marks, 0, sizeof marks);
    marked.marks = marks;
    marked.state = true;
    run_once(r, program, &marked, outcome);
    if (outcome->verdict.property == PROPERTY_NONE)
        metamorphic_judge(run_variant, r, program, &marked, marks, outcome);
}

/* ---- verdicts ---- */

bool broken(struct runner *r, enum property property, bool holds)
{
    r->evaluated[property]++;
    return !holds && !r->over && (r->options.only == PROPERTY_NONE || r->options.only == property);
}

static struct verdict *fail(struct runner *r, enum property property)
{
    struct verdict *verdict = &r->outcome->verdict;

    r->over = true;
    verdict->property = property;
    verdict->record = r->record;
    trace_line(r, "FAIL %s", properties[property].name);
    observe(r, MOMENT_failed, 0);
    return verdict;
}

void failed_text(struct runner *r, enum property property, const char *expected, const char *actual)
{
    struct verdict *verdict = fail(r, property);

    snprintf(verdict->expected, sizeof verdict->expected, "%s", expected);
    snprintf(verdict->actual, sizeof verdict->actual, "%s", actual);
}

void failed_number(struct runner *r, enum property property, const char *what, uint64_t expected,
                   uint64_t actual)
{
    struct verdict *verdict = fail(r, property);

    snprintf(verdict->expected, sizeof verdict->expected, "%s %llu", what,
             (unsigned long long)expected);
    snprintf(verdict->actual, sizeof verdict->actual, "%s %llu", what, (unsigned long long)actual);
}

void failed_status(struct runner *r, enum property property, NTSTATUS expected, NTSTATUS actual)
{
    char name[16];
    struct verdict *verdict = fail(r, property);

    snprintf(verdict->expected, sizeof verdict->expected, "%s", status_name(expected, name));
    snprintf(verdict->actual, sizeof verdict->actual, "%s", status_name(actual, name));
}

const char *status_name(NTSTATUS status, char *storage)
{
    static const struct {
        NTSTATUS status;
        const char *name;
    } names[] = {
        {STATUS_SUCCESS, "SUCCESS"},
        {STATUS_PENDING, "PENDING"},
        {STATUS_UNSUCCESSFUL, "FAILURE"},
        {STATUS_INSUFFICIENT_RESOURCES, "RESOURCES"},
        {STATUS_BUFFER_TOO_SMALL, "BUFFER_TOO_SMALL"},
        {STATUS_NOT_SUPPORTED, "NOT_SUPPORTED"},
        {NDIS_STATUS_BAD_VERSION, "BAD_VERSION"},
        {NDIS_STATUS_RESOURCE_CONFLICT, "RESOURCE_CONFLICT"},
        {NDIS_STATUS_BAD_CHARACTERISTICS, "BAD_CHARACTERISTICS"},
        {NDIS_STATUS_BUFFER_TOO_SHORT, "BUFFER_TOO_SHORT"},
    };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i].status == status)
            return names[i].name;
    snprintf(storage, 16, "0x%08X", (unsigned)status);
    return storage;
}

/* ---- the digest ---- */

static uint64_t word_at(const uint8_t *bytes)
{
    uint64_t word;

    memcpy(&word, bytes, sizeof word);
    return word;
}

void digest_bytes(struct runner *r, const uint8_t *bytes, size_t length)
{
    const uint64_t k = UINT64_C(0x9E3779B97F4A7C15);
    uint64_t a = length, b = 2, c = 3, d = 4;
    size_t i = 0;

    /* four independent chains, which a processor works on at once */
    for (; i + 32 <= length; i += 32) {
        a = (a ^ word_at(bytes + i)) * k;
        b = (b ^ word_at(bytes + i + 8)) * k;
        c = (c ^ word_at(bytes + i + 16)) * k;
        d = (d ^ word_at(bytes + i + 24)) * k;
    }
    for (; i < length; i++)
        a = (a ^ bytes[i]) * k;
    digest_add(r, a ^ a >> 32);
    digest_add(r, b ^ b >> 32);
    digest_add(r, c ^ c >> 32);
    digest_add(r, d ^ d >> 32);
}

void mark_bytes(struct runner *r, const uint8_t *bytes, size_t length)
{
    uint64_t digest = r->digest;

    if (r->options.marks)
        digest_bytes(r, bytes, length);
    r->digest = digest;
}

/* ---- the trace ---- */

static void indent(struct runner *r)
{
    if (r->line_open)
        fputc('\n', r->options.trace);
    r->line_open = false;
    fprintf(r->options.trace, "%*s", (int)(2 * r->oracle.frame_count), "");
}

void trace_record(struct runner *r, const struct record *record, const unsigned made[CLASS_COUNT])
{
    if (!r->options.trace)
        return;
    indent(r);
    record_print(record, made, r->options.trace);
    r->line_open = true;
}

void trace_end(struct runner *r, const char *format, ...)
{
    va_list arguments;

    if (!r->options.trace)
        return;
    if (!r->line_open)
        indent(r);
    fputs(r->line_open ? " " : "  ", r->options.trace);
    va_start(arguments, format);
    vfprintf(r->options.trace, format, arguments);
    va_end(arguments);
    fputc('\n', r->options.trace);
    r->line_open = false;
}

void trace_line(struct runner *r, const char *format, ...)
{
    va_list arguments;

    if (!r->options.trace)
        return;
    indent(r);
    fputs("  ", r->options.trace);
    va_start(arguments, format);
    vfprintf(r->options.trace, format, arguments);
    va_end(arguments);
    fputc('\n', r->options.trace);
}
