/*
 * emit_file.c: the whole file: its head, what the functions need, the functions.
 */
#define _POSIX_C_SOURCE 200809L
#include "emitter.h"
#include "isolate.h"
#include <stdlib.h>

static const struct emit_part {
    const char *name, *text;
} parts[] = {
#define PART(name, text) {#name, text},
#include "emit_parts.def"
#undef PART
};
enum { PARTS = sizeof parts / sizeof parts[0], HANG_MILLISECONDS = 1000 };

/* ---- the head ---- */

/* The program, a comment; MARK before the line of a record. */
static void add_program(struct sheet *to, const struct program *program, unsigned mark)
{
    char *text = NULL, *line;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    unsigned number = 0;

    if (!stream) {
        to->no_memory = true;
        return;
    }
    program_print(program, stream);
    to->no_memory |= fclose(stream) != 0;
    for (line = text ? strtok(text, "\n") : NULL; line; line = strtok(NULL, "\n"), number++)
        sheet_print(to, "// %s %3u  %s\n", number == mark ? ">" : " ", number + 1, line);
    free(text);
}

/* What went wrong when the file was made, if anything did. */
struct emit_failure {
    struct verdict verdict;
    struct job_result end; /* of the process */
    unsigned record;       /* that ran then; PROGRAM_MAX: none */
};

static void add_failure(struct sheet *to, const struct emit_failure *failure)
{
    const struct property_row *row = property_row(failure->verdict.property);

    if (failure->end.end != JOB_DONE)
        sheet_print(to, "// %s, where a machine has to go on.\n//\n", failure->end.cause);
    else if (failure->verdict.property != PROPERTY_NONE)
        sheet_print(to, "// A machine fails %s here: %s.\n// expected %s, got %s\n//\n", row->name,
                    row->meaning, failure->verdict.expected, failure->verdict.actual);
    else
        sheet_add(to, "// A program, and what a machine has to do with it.\n//\n");
}

static void add_head(struct sheet *to, const struct program *program, const char *file,
                     const struct emit_failure *failure)
{
    add_failure(to, failure);
    sheet_print(to,
                "//   " EMIT_COMPILE "\n"
                "//\n"
                "// compiles and runs this at the root of the project. It prints `passed`, or the\n"
                "// step that did not do what it has to, with exit status 1.\n//\n",
                file);
    add_program(to, program, failure->record);
    sheet_add(to, "\n#include \"rig.h\"\n#include <stdio.h>\n#include <stdlib.h>\n"
                  "#include <string.h>\n\n");
}

/* ---- what the functions need ---- */

static const char *const types[CLASS_COUNT] = {
    [CLASS_driver] = "NDIS_HANDLE ",
    [CLASS_adapter] = "NDIS_HANDLE ",
    [CLASS_dma] = "NDIS_HANDLE ",
    [CLASS_list] = "PSCATTER_GATHER_LIST ",
    [CLASS_nb] = "PNET_BUFFER ",
    [CLASS_nbl] = "PNET_BUFFER_LIST ",
    [CLASS_mdl] = "PMDL ",
    [CLASS_buffer] = "PVOID ",
    [CLASS_hal] = "PDMA_ADAPTER ",
    [CLASS_device] = "PDEVICE_OBJECT ",
    [CLASS_provider] = "PVOID ",
    [CLASS_block] = "PVOID ",
    [CLASS_channel] = "NDIS_HANDLE ",
    [CLASS_base] = "PVOID ",
};

static void add_contexts(struct sheet *to, const struct oracle *o, const struct sheet *code)
{
    char name[EXPRESSION_MAX];
    bool first = true;

    for (unsigned k = 1; k < CLASS_COUNT; k++)
        for (unsigned i = 1; i <= o->made[k]; i++) {
            if (!sheet_mentions(code, emit_context((enum name_class)k, i, name)))
                continue;
            if (first)
                sheet_add(to, "/* What is registered as contexts: no pointers. */\n");
            first = false;
            sheet_print(to, "#define %s ((PVOID)0x%llX)\n", name,
                        (unsigned long long)(uintptr_t)context_of((enum name_class)k, i));
        }
    if (!first)
        sheet_add(to, "\n");
}

static void add_names(struct sheet *to, const struct oracle *o, const struct sheet *code)
{
    char name[EXPRESSION_MAX];

    for (unsigned k = 1; k < CLASS_COUNT; k++)
        for (unsigned i = 1; i <= o->made[k]; i++) {
            snprintf(name, sizeof name, "%s%u", class_words[k], i);
            if (sheet_mentions(code, name))
                sheet_print(to, "static %s%s;\n", types[k], name);
        }
    for (unsigned i = 1; i <= o->made[CLASS_buffer]; i++) {
        snprintf(name, sizeof name, "model%u", i);
        if (sheet_mentions(code, name))
            sheet_print(to, "static unsigned char %s[%u]; /* what buffer%u has to hold */\n", name,
                        o->buffer[i].length, i);
    }
    sheet_add(to, "\n");
}

/* The parts that CODE mentions, and those that they do; from the last one to the first. */
static void choose_parts(const struct sheet *code, bool chosen[PARTS])
{
    struct sheet mentioning = {0};

    sheet_add(&mentioning, sheet_text(code));
    for (unsigned i = PARTS; i-- > 0;) {
        chosen[i] = sheet_mentions(&mentioning, parts[i].name);
        if (chosen[i])
            sheet_add(&mentioning, parts[i].text);
    }
    sheet_free(&mentioning);
}

static void add_parts(struct sheet *to, const struct sheet *code, unsigned events, unsigned records)
{
    bool chosen[PARTS];

    choose_parts(code, chosen);
    sheet_print(
        to, "enum { RECORDS = %u, EVENTS = %u }; /* of the program; of one step, at most */\n\n",
        records, events ? events : 1);
    for (unsigned i = 0; i < PARTS; i++)
        if (chosen[i])
            sheet_print(to, "%s\n", parts[i].text);
}

/* ---- the whole ---- */

/* What a machine calls besides a driver's handlers, as far as the program makes it. */
static const struct {
    const char *cause, *hook;
} hooks[] = {
    {"rig_add_device", ".add_device = on_add_device"},
    {"rig_pnp", ".pnp = on_pnp"},
    {"rig_unload", ".unload = on_driver_unload"},
};

static void add_functions(struct sheet *to, const struct emitter *e)
{
    const struct sheet *body = &e->frames[0].body;

    sheet_add(to, sheet_text(&e->functions));
    sheet_add(to, "int main(void)\n{\n    static const struct rig_hooks hooks = {\n"
                  "        .report = on_report,\n");
    for (size_t i = 0; i < sizeof hooks / sizeof hooks[0]; i++)
        if (sheet_mentions(&e->functions, hooks[i].cause) || sheet_mentions(body, hooks[i].cause))
            sheet_print(to, "        %s,\n", hooks[i].hook);
    sheet_print(to, "    };\n\n    start(&hooks);\n\n%s", sheet_text(body));
    if (!e->over)
        sheet_add(to, "    passed();\n");
    sheet_add(to, "}\n");
}

static bool write_file(const struct emitter *e, const struct oracle *o,
                       const struct program *program, const struct emit_failure *failure,
                       const char *file, FILE *to)
{
    struct sheet code = {0}, whole = {0};
    bool good;

    add_functions(&code, e);
    add_head(&whole, program, file, failure);
    add_parts(&whole, &code, e->events_most, program->count);
    add_contexts(&whole, o, &code);
    add_names(&whole, o, &code);
    sheet_add(&whole, sheet_text(&code));
    good = !code.no_memory && !whole.no_memory && fputs(sheet_text(&whole), to) >= 0;
    sheet_free(&code);
    sheet_free(&whole);
    return good;
}

/* ---- the run ---- */

/* A run in a process of its own: how it ends, and after how many moments. */
struct rehearsal {
    struct observer observer; /* stays first */
    struct runner *runner;
    const struct program *program;
    struct {
        unsigned moments, record;
    } * shared;
};

static void count_moment(struct observer *observer, struct runner *r, enum moment moment,
                         int detail)
{
    struct rehearsal *rehearsal = (struct rehearsal *)observer;

    (void)moment;
    (void)detail;
    rehearsal->shared->moments++;
    rehearsal->shared->record = r->record;
}

static void rehearse(void *context)
{
    struct rehearsal *rehearsal = context;
    struct outcome outcome;

    isolate_alive(HANG_MILLISECONDS);
    runner_run(rehearsal->runner, rehearsal->program,
               &(struct run_options){.observer = &rehearsal->observer}, &outcome);
}

/* Runs PROGRAM for E to see, as far as that ends well. False: no memory. */
static bool run_watched(struct emitter *e, struct runner *runner, const struct program *program,
                        struct emit_failure *failure)
{
    struct rehearsal rehearsal = {{count_moment}, runner, program, NULL};
    struct outcome outcome;

    rehearsal.shared = shared_memory(sizeof *rehearsal.shared);
    if (!rehearsal.shared)
        return false;
    isolate(rehearse, &rehearsal, &failure->end);
    e->moments_left = failure->end.end == JOB_DONE ? MOMENTS_UNLIMITED : rehearsal.shared->moments;
    runner_run(runner, program, &(struct run_options){.observer = &e->observer}, &outcome);
    failure->verdict = outcome.verdict;
    if (failure->end.end != JOB_DONE)
        failure->record = rehearsal.shared->record;
    else
        failure->record =
            outcome.verdict.property == PROPERTY_NONE ? PROGRAM_MAX : outcome.verdict.record;
    shared_memory_free(rehearsal.shared, sizeof *rehearsal.shared);
    return true;
}

bool emit_program(struct runner *runner, const struct program *program, const char *file, FILE *to)
{
    struct emitter *e = emitter_make();
    struct emit_failure failure;
    bool good;

    if (!e)
        return false;
    good = run_watched(e, runner, program, &failure) &&
           write_file(e, &runner->oracle, program, &failure, file, to);
    emitter_free(e);
    return good;
}
