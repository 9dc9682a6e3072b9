/*
 * host.c: a program from DriverEntry to unload.
 *
 * The first finding ends the program: what a driver does after its first mistake tells nothing.
 */
#include "host_state.h"
#include "shrink.h"
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static _Thread_local struct host *bound;

static void *zeroed_pages(size_t size)
{
    size_t whole = (size + PAGE_SIZE - 1) / PAGE_SIZE * PAGE_SIZE;
    void *pages = aligned_alloc(PAGE_SIZE, whole);

    return pages ? memset(pages, 0, whole) : NULL;
}

struct host *host_make(DRIVER_INITIALIZE *entry)
{
    struct host *host = calloc(1, sizeof *host);
    void *machine = zeroed_pages(rig_size());
    void *kit = zeroed_pages(kit_size());

    if (!host || !machine || !kit) {
        free(kit);
        free(machine);
        free(host);
        return NULL;
    }
    host->machine = rig_make(machine);
    host->kit = kit;
    host->entry = entry;
    host_make_pattern(host);
    return host;
}

void host_free(struct host *host)
{
    if (!host)
        return;
    free(host->kit);
    free(host->machine);
    free(host);
}

const struct host_finding *host_finding(const struct host *host)
{
    return host->found ? &host->finding : NULL;
}

struct host_statistics host_statistics(const struct host *host)
{
    return host->total;
}

/* ---- the trace ---- */

static void log_event(struct host *host, const char *file, int line, const char *name)
{
    host->log[host->logged++ % HOST_LOG] = (struct host_event){file, name, line, host->record};
    rig_origin(host->machine, host->logged);
}

/* Timing 3 varies from call to call. */
static void choose_timing(struct host *host)
{
    uint32_t timing = rig_get(host->machine, SETTING_timing);

    if (timing > RIG_OTHER_PROCESSOR)
        timing = (host->logged * 2654435761u >> 16) % 3;
    rig_timing(host->machine, (enum rig_timing)timing);
}

void host_trace(const char *file, int line, const char *name)
{
    log_event(bound, file, line, name);
    choose_timing(bound);
}

void host_note(struct host *host, const char *name)
{
    log_event(host, NULL, 0, name);
    choose_timing(host);
}

const struct host_event *host_event(const struct host *host, uint32_t place)
{
    if (place == 0 || place > host->logged || host->logged - place >= HOST_LOG)
        return NULL;
    return &host->log[(place - 1) % HOST_LOG];
}

/* ---- findings ---- */

void host_find(struct host *host, const char *identity, const char *call, uint32_t made,
               uint32_t freed, const char *format, ...)
{
    struct host_finding *finding = &host->finding;
    va_list arguments;

    if (host->found)
        return;
    host->found = true;
    *finding = (struct host_finding){.code = "",
                                     .call = call,
                                     .record = host->record,
                                     .last = host->logged,
                                     .made = made,
                                     .freed = freed};
    snprintf(finding->identity, sizeof finding->identity, "%s", identity);
    va_start(arguments, format);
    vsnprintf(finding->text, sizeof finding->text, format, arguments);
    va_end(arguments);
}

/* Advice that is not taken is counted, and is no finding: it is not a duty. */
static void hear(void *context, const struct rig_report *report)
{
    struct host *host = context;
    const struct rig_rule_row *row = rig_rule_row(report->rule);
    const struct host_event *event = host_event(host, host->logged);

    if (host->found)
        return;
    if (host->statistics)
        host->statistics->tripped[report->rule]++;
    if (row->strength == RIG_advice)
        return;
    host_find(host, row->name, report->call, report->made, report->freed, "%s", row->text);
    host->finding.code = row->code;
    if (event && strcmp(event->name, report->call) == 0)
        host->finding.at = host->logged;
}

void host_break(struct host *host, enum rig_rule rule, const char *call)
{
    struct rig_report report = {.rule = rule, .call = call};

    hear(host, &report);
}

/* ---- what the driver registers ---- */

/* Stands before the driver's own MiniportInitializeEx, to learn handle and result. */
static NDIS_STATUS initialize(NDIS_HANDLE handle, NDIS_HANDLE context,
                              PNDIS_MINIPORT_INIT_PARAMETERS parameters)
{
    struct host *host = bound;
    struct host_adapter *adapter = &host->adapters[host->made[CLASS_adapter] + 1];

    adapter->handle = handle;
    adapter->status = host->initialize(handle, context, parameters);
    return adapter->status;
}

NDIS_STATUS host_register_driver(PDRIVER_OBJECT object, PUNICODE_STRING path, NDIS_HANDLE context,
                                 PNDIS_MINIPORT_DRIVER_CHARACTERISTICS characteristics,
                                 PNDIS_HANDLE handle)
{
    struct host *host = bound;
    NDIS_MINIPORT_DRIVER_CHARACTERISTICS copy = *characteristics;
    NDIS_STATUS status;

    host->initialize = copy.InitializeHandlerEx;
    host->unload = copy.UnloadHandler;
    if (copy.InitializeHandlerEx)
        copy.InitializeHandlerEx = initialize;
    status = NdisMRegisterMiniportDriver(object, path, context, &copy, handle);
    if (status == NDIS_STATUS_SUCCESS)
        host->driver = *handle;
    return status;
}

/* ---- coming to rest ---- */

/* Everything owed runs, oldest first, and every frame is sent, until nothing more happens. */
static void settle(struct host *host)
{
    for (unsigned round = 0; !host->found && round < HOST_ROUNDS; round++) {
        if (rig_owed(host->machine) > 0) {
            host_note(host, "step()");
            rig_step(host->machine, 0, 0);
        } else {
            host_note(host, "device_run()");
            if (!host_transmit(host, 0))
                return;
        }
        host_judge(host);
    }
    host_find(host, "host.rest", "", 0, 0, "the driver does not come to rest");
}

static void retire(struct host *host, unsigned name)
{
    const struct host_adapter *adapter = &host->adapters[name];

    if (!adapter->alive || host->found)
        return;
    host_note(host, "pause()");
    rig_pause(host->machine, adapter->handle);
    host_judge(host);
    settle(host);
    if (host->found)
        return;
    host_note(host, "halt()");
    host_halt(host, name,
              adapter->removed ? NdisHaltDeviceSurpriseRemoved : NdisHaltDeviceDisabled);
    host_judge(host);
}

static void judge_rest(struct host *host)
{
    struct rig_count count;

    rig_count(host->machine, &count);
    if (count.lists_live || count.lists_waiting || count.registers_held || count.dma_handles)
        host_find(host, "host.left", "", 0, 0,
                  "at the end %u lists, %u requests, %u map registers, %u DMA handles are left",
                  count.lists_live, count.lists_waiting, count.registers_held, count.dma_handles);
    for (unsigned i = 1; i <= host->made[CLASS_nbl]; i++)
        if (host->lists[i].outstanding)
            host_find(host, "host.rest", "", 0, 0, "nbl%u was sent and never completed", i);
}

static void finish(struct host *host)
{
    settle(host);
    for (unsigned i = 1; i <= host->made[CLASS_adapter]; i++)
        retire(host, i);
    if (!host->found && host->unload) {
        host_note(host, "unload()");
        host->unload(&host->object);
        host_judge_left(host, host->driver, "after the driver is unloaded ");
    }
    if (!host->found)
        judge_rest(host);
}

/* ---- a run ---- */

static void start(struct host *host)
{
    struct rig_hooks hooks = {.context = host, .report = hear};

    rig_bind(host->machine);
    kit_attach(host->kit, &hooks);
    rig_set_hooks(host->machine, &hooks);
}

/* What the program sets first is the computer that the driver is loaded on. */
static void load(struct host *host)
{
    host->loaded = true;
    host->object = (DRIVER_OBJECT){.Size = sizeof host->object, .DriverInit = host->entry};
    host->object.DriverExtension = &host->extension;
    host->extension = (DRIVER_EXTENSION){.DriverObject = &host->object};
    host_note(host, "DriverEntry()");
    if (host->entry(&host->object, NULL) != STATUS_SUCCESS && !host->found)
        host_find(host, "host.entry", "DriverEntry", 0, 0, "DriverEntry fails");
}

/* Names are forgotten; what the tables held beyond them is zero anyway. */
static void forget(struct host *host)
{
    memset(host->buffers, 0, (host->made[CLASS_buffer] + 1) * sizeof host->buffers[0]);
    memset(host->mdls, 0, (host->made[CLASS_mdl] + 1) * sizeof host->mdls[0]);
    memset(host->net_buffers, 0, (host->made[CLASS_nb] + 1) * sizeof host->net_buffers[0]);
    memset(host->lists, 0, (host->made[CLASS_nbl] + 1) * sizeof host->lists[0]);
    memset(host->adapters, 0, (host->made[CLASS_adapter] + 1) * sizeof host->adapters[0]);
    memset(host->made, 0, sizeof host->made);
    host->driver = NULL;
    host->initialize = NULL;
    host->unload = NULL;
    host->logged = host->record = 0;
    host->found = host->loaded = false;
}

static void count_record(struct host *host, const struct record *record, bool happened)
{
    if (!host->statistics)
        return;
    host->statistics->records++;
    host->statistics->calls++;
    host->statistics->accepted += happened;
    host->statistics->cells[record->op][happened ? 0 : 3]++;
}

static void count_run(struct host *host)
{
    struct rig_count count;

    if (!host->statistics)
        return;
    rig_count(host->machine, &count);
    statistics_add_requests(host->statistics, host->machine);
    host->statistics->programs++;
    host->statistics->lists += count.lists_built;
    host->statistics->list_median[count.lists_built < 15 ? count.lists_built : 15]++;
}

bool host_run(struct host *host, const struct program *program, struct statistics *statistics)
{
    bound = host;
    forget(host);
    host->statistics = statistics;
    start(host);
    for (host->record = 0; host->record < program->count && !host->found; host->record++) {
        const struct record *record = &program->records[host->record];
        bool happened;

        rig_origin(host->machine, 0);
        if (!host->loaded && record->op != OP_set)
            load(host);
        choose_timing(host);
        happened = host_play(host, record);
        count_record(host, record, happened);
        host_judge(host);
    }
    if (!host->loaded)
        load(host);
    if (!host->found)
        finish(host);
    count_run(host);
    kit_reset(host->kit);
    rig_reset(host->machine);
    rig_bind(NULL);
    bound = NULL;
    return host->found;
}

/* ---- programs ---- */

static bool is_played(const struct record *record)
{
    const struct op_row *row = &op_table[record->op];

    switch (record->op) {
    case OP_set: /* the system is as new as the driver's NDIS version (LIFE-07) */
        return record->r[0] != SETTING_ndis_version;
    case OP_fault:
    case OP_step:
        return true;
    case OP_nop:
    case OP_return:
    case OP_device_access:
        return false;
    default:
        return row->name && row->side != SIDE_driver && (row->targets & TARGET_SG);
    }
}

void host_narrow(struct program *program)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < program->count; i++)
        if (is_played(&program->records[i]))
            program->records[kept++] = program->records[i];
    program->count = kept;
    program_canonical(program);
}

struct pinned {
    struct host *host;
    char identity[32];
};

static bool still_fails(void *context, const struct program *program)
{
    const struct pinned *pinned = context;
    struct program narrowed = *program;

    host_narrow(&narrowed);
    return narrowed.count == program->count && host_run(pinned->host, &narrowed, NULL) &&
           strcmp(pinned->host->finding.identity, pinned->identity) == 0;
}

void host_shrink(struct host *host, struct program *program)
{
    struct pinned pinned = {.host = host};

    if (!host_run(host, program, NULL))
        return;
    memcpy(pinned.identity, host->finding.identity, sizeof pinned.identity);
    shrink_program(program, still_fails, &pinned);
    host_run(host, program, NULL);
}
