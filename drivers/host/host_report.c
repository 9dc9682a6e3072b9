/*
 * host_report.c: a finding, and the way to it in a dozen lines.
 *
 * A line is a record of the program or a call of the driver with its file and line. Where there are
 * too many, those of least interest go first: routine calls, then what makes frames, then the
 * oldest.
 */
#define _POSIX_C_SOURCE 200809L
#include "host_state.h"
#include <stdlib.h>
#include <string.h>

enum { TRACE_LINES = 12, LINE_SIZE = 160 };
enum interest { DECISIVE, RELEVANT, PREPARATION, ROUTINE, NEVER };

struct line {
    enum interest interest;
    char text[LINE_SIZE];
};

struct page {
    unsigned count, dropped;
    struct line *lines; /* room for what a program and a log can give */
};

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static void print_place(const struct host *host, uint32_t place, const char *what, FILE *to)
{
    const struct host_event *event = host_event(host, place);

    if (event && event->file)
        fprintf(to, "  %s %s:%d, %s\n", what, base_name(event->file), event->line, event->name);
}

/* ---- lines ---- */

static enum interest interest_of_call(const char *name)
{
    static const char *const relevant[] = {
        "NdisMRegisterScatterGatherDma",
        "NdisMDeregisterScatterGatherDma",
        "NdisMAllocateNetBufferSGList",
        "NdisMFreeNetBufferSGList",
        "NdisBuildScatterGatherList",
        "NdisFreeScatterGatherList",
        "NdisMSendNetBufferListsComplete",
        "NdisMPauseComplete",
        "NdisMRestartComplete",
        "NdisMResetComplete",
    };

    for (unsigned i = 0; i < sizeof relevant / sizeof relevant[0]; i++)
        if (strcmp(relevant[i], name) == 0)
            return RELEVANT;
    return strncmp(name, "NdisM", 5) == 0 ? ROUTINE : NEVER;
}

static struct line *add_line(struct page *page, enum interest interest)
{
    struct line *line = &page->lines[page->count++];

    line->interest = interest;
    return line;
}

static void add_record(struct page *page, const struct program *program, unsigned index,
                       const unsigned made[CLASS_COUNT], unsigned last)
{
    const struct record *record = &program->records[index];
    bool memory = record->op >= OP_buffer && record->op <= OP_net_buffer_list;
    enum interest interest = index == last ? DECISIVE : memory ? PREPARATION : RELEVANT;
    struct line *line = add_line(page, interest);
    FILE *to = fmemopen(line->text, sizeof line->text, "w");

    if (!to)
        abort();
    fprintf(to, "%4u  ", index + 1);
    record_print(record, made, to);
    fclose(to);
    line->text[sizeof line->text - 1] = '\0';
}

static void add_calls(struct page *page, const struct host *host, unsigned record)
{
    const struct host_finding *finding = &host->finding;
    uint32_t first = host->logged > HOST_LOG ? host->logged - HOST_LOG : 0;

    for (uint32_t place = first + 1; place <= finding->last; place++) {
        const struct host_event *event = host_event(host, place);
        enum interest interest;
        struct line *line;

        if (!event || event->record != record)
            continue;
        interest = event->file ? interest_of_call(event->name) : RELEVANT;
        if (place == finding->at || place == finding->made || place == finding->freed)
            interest = DECISIVE;
        if (interest == NEVER || strcmp(event->name, "DriverEntry()") == 0)
            continue;
        line = add_line(page, interest);
        if (event->file)
            snprintf(line->text, sizeof line->text, "        %s:%d  %s", base_name(event->file),
                     event->line, event->name);
        else
            snprintf(line->text, sizeof line->text, " end  %s", event->name);
    }
}

/* ---- which of them ---- */

static void drop(struct page *page, unsigned index)
{
    page->count--;
    page->dropped++;
    memmove(&page->lines[index], &page->lines[index + 1],
            (page->count - index) * sizeof page->lines[0]);
}

static void drop_interest(struct page *page, enum interest interest)
{
    for (unsigned i = 0; i < page->count && page->count > TRACE_LINES;)
        if (page->lines[i].interest == interest)
            drop(page, i);
        else
            i++;
}

static void print_page(const struct page *page, FILE *to)
{
    if (page->dropped)
        fprintf(to, "trace, without %u lines of less interest:\n", page->dropped);
    else
        fprintf(to, "trace:\n");
    for (unsigned i = 0; i < page->count; i++)
        fprintf(to, "%s\n", page->lines[i].text);
}

static void print_trace(const struct host *host, const struct program *program, FILE *to)
{
    unsigned made[CLASS_COUNT] = {0};
    struct page page = {.lines = malloc((PROGRAM_MAX + HOST_LOG) * sizeof(struct line))};

    if (!page.lines)
        return;
    for (unsigned i = 0; i <= host->finding.record; i++) {
        if (i < program->count) {
            add_record(&page, program, i, made, host->finding.record);
            made[op_table[program->records[i].op].makes]++;
        }
        add_calls(&page, host, i);
    }
    for (enum interest interest = ROUTINE; interest >= RELEVANT; interest--)
        drop_interest(&page, interest);
    print_page(&page, to);
    free(page.lines);
}

void host_report(FILE *to, const struct host *host, const struct program *program)
{
    const struct host_finding *finding = host_finding(host);

    if (!finding)
        return;
    fprintf(to, "finding %s: %s\n", finding->identity, finding->text);
    if (*finding->code)
        fprintf(to, "  Windows: %s\n", finding->code);
    if (*finding->call)
        fprintf(to, "  in %s\n", finding->call);
    print_place(host, finding->at, "at", to);
    print_place(host, finding->made, "made at", to);
    print_place(host, finding->freed, "freed at", to);
    print_trace(host, program, to);
    fprintf(to, "Assertion '%s' failed.\nDEDUP_TOKEN: %s\n", finding->identity, finding->identity);
}
