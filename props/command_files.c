/*
 * command_files.c: dmarig run, print, asm: one program at a time, from files.
 */
#include "command.h"
#include "files.h"
#include "run.h"
#include "shrink_apart.h"
#include <stdio.h>
#include <stdlib.h>

/* ---- run ---- */

struct one_run {
    const char *path;
    bool quiet;
    struct program program;
    struct text_head head;
    struct outcome outcome;
};

static void show_firings(const struct outcome *outcome)
{
    unsigned kept = outcome->firing_count < 64 ? outcome->firing_count : 64;

    for (unsigned i = 0; i < kept; i++) {
        const struct rig_rule_row *row = rig_rule_row(outcome->firings[i].rule);

        printf("record %u: %s: %s\n", outcome->firings[i].record + 1, row->name, row->text);
    }
}

/* Did exactly the rule of the head fire, where the head says? Prints the line of the file. */
static bool trips_as_said(const struct one_run *run)
{
    const char *name = rig_rule_row((enum rig_rule)run->head.rule)->name;
    const struct outcome *outcome = &run->outcome;

    if (outcome->firing_count == 1 && outcome->firings[0].rule == (enum rig_rule)run->head.rule &&
        outcome->firings[0].record + 1 == run->head.record) {
        printf("ok %s %s\n", name, run->path);
        return true;
    }
    if (outcome->firing_count == 0)
        printf("FAIL %s %s: no rule fired\n", name, run->path);
    else
        printf("FAIL %s %s: expected at record %u alone, %u fired, first %s at record %u\n", name,
               run->path, run->head.record, outcome->firing_count,
               rig_rule_row(outcome->firings[0].rule)->name, outcome->firings[0].record + 1);
    return false;
}

static void show_failure(struct runner *runner, struct one_run *run)
{
    enum property property = run->outcome.verdict.property;
    char replay[4096];

    if (run->quiet) {
        struct run_options options = {.transforms = TRANSFORMS_ALL, .trace = stdout};

        runner_run(runner, &run->program, &options, &run->outcome);
    }
    snprintf(replay, sizeof replay, "dmarig run %s", run->path);
    report_finding(stdout, &run->program, &run->outcome.verdict, replay);
    printf("FAIL %s %s\n", property_row(property)->name, run->path);
}

/* What of the program a foreign NDIS layer was judged by. */
static const char *extent(const struct outcome *outcome)
{
    if (outcome->cut)
        return "cut";
    return outcome->left_out || outcome->set_aside ? "part" : "whole";
}

/* TOLD: the properties of which no failing program need be shown. */
static bool run_one(struct runner *runner, struct one_run *run, const bool told[PROPERTY_COUNT])
{
    struct run_options options = {.transforms = TRANSFORMS_ALL,
                                  .trace = run->quiet ? NULL : stdout};

    runner_run(runner, &run->program, &options, &run->outcome);
    if (run->outcome.verdict.property != PROPERTY_NONE) {
        if (told[run->outcome.verdict.property])
            printf("FAIL %s %s\n", property_row(run->outcome.verdict.property)->name, run->path);
        else
            show_failure(runner, run);
        return false;
    }
    if (!run->quiet)
        show_firings(&run->outcome);
    if (run->head.rule && !rig_layer())
        return trips_as_said(run);
    printf("ok %s %s\n", rig_layer() ? extent(&run->outcome) : "-", run->path);
    return true;
}

/* ---- many, which may crash ---- */

enum { PATIENCE = 20000 };

/* In memory that the process which runs programs shares with the one that waits for it. */
struct tally {
    int done, failed; /* files */
    /* of a foreign NDIS layer: how far programs were judged, calls that were left out, and the
     * properties of which one failing program was shown */
    int whole, part, cut;
    unsigned left_out, set_aside;
    bool told[PROPERTY_COUNT];
    char trouble[FILE_ERROR_MAX];
};
struct running {
    struct tally *tally;
    struct runner *runner;
    char **paths;
    int count;
    bool quiet;
};

static void add_run(struct tally *tally, const struct outcome *outcome, bool good)
{
    tally->failed += !good;
    tally->whole += good && *extent(outcome) == 'w';
    tally->part += good && *extent(outcome) == 'p';
    tally->cut += good && *extent(outcome) == 'c';
    tally->left_out += outcome->left_out;
    tally->set_aside += outcome->set_aside;
    tally->told[outcome->verdict.property] |= rig_layer() != NULL;
}

static void run_job(void *context)
{
    struct running *running = context;
    struct tally *tally = running->tally;

    for (; tally->done < running->count; tally->done++) {
        struct one_run run = {.path = running->paths[tally->done], .quiet = running->quiet};

        isolate_alive(PATIENCE);
        if (!file_program(run.path, &run.program, &run.head, tally->trouble))
            return;
        add_run(tally, &run.outcome, run_one(running->runner, &run, tally->told));
        fflush(stdout);
    }
}

static bool runs_again(void *context, const struct program *program)
{
    const struct running *running = context;
    struct run_options options = {.transforms = TRANSFORMS_ALL};
    struct outcome outcome;

    runner_run(running->runner, program, &options, &outcome);
    return false;
}

/* The program that was running ended its process. */
static void tell_crash(struct running *running, const struct job_result *end)
{
    const char *path = running->paths[running->tally->done];
    char error[FILE_ERROR_MAX], replay[4096];
    struct program program;
    struct text_head head;

    fputs(isolate_words(), stderr);
    snprintf(replay, sizeof replay, "dmarig run %s", path);
    putchar('\n');
    if (file_program(path, &program, &head, error))
        crash_report(stdout, &program, end, crash_record(&program, runs_again, running, end),
                     replay, NULL);
    printf("FAIL %s %s\n", crash_name(end), path);
}

static void print_extent(const struct running *running)
{
    const struct tally *tally = running->tally;

    printf("run: files=%d ok=%d failed=%d whole=%d part=%d cut=%d left_out=%u set_aside=%u\n",
           running->count, running->count - tally->failed, tally->failed, tally->whole, tally->part,
           tally->cut, tally->left_out, tally->set_aside);
}

static int run_files(struct running *running)
{
    struct tally *tally = running->tally;
    struct job_result end;

    while (tally->done < running->count) {
        isolate(run_job, running, &end);
        if (*tally->trouble)
            return usage_error("run", "%s", tally->trouble);
        if (end.end == JOB_STOPPED)
            return EXIT_FINDINGS;
        if (end.end == JOB_DONE)
            break;
        tell_crash(running, &end);
        tally->done++;
        tally->failed++;
    }
    if (rig_layer())
        print_extent(running);
    else if (!running->quiet)
        printf("run: files=%d ok=%d failed=%d\n", running->count, running->count - tally->failed,
               tally->failed);
    return tally->failed ? EXIT_FINDINGS : EXIT_CLEAN;
}

int command_run(int argc, char **argv, const volatile sig_atomic_t *stop)
{
    struct running running = {.quiet = false};
    const struct option_row rows[] = {{"--quiet", OPTION_SWITCH, &running.quiet}};
    int code;

    (void)stop;
    if (!options_parse(argc, argv, rows, 1, &running.count))
        return EXIT_USAGE;
    if (running.count == 0)
        return usage_error("run", "which program? (dmarig run FILE...)");
    running.paths = argv + 1;
    running.runner = runner_make();
    running.tally = shared_memory(sizeof *running.tally);
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ); /* what was said before a crash is not lost */
    if (running.runner && running.tally)
        code = run_files(&running);
    else
        code = usage_error("run", "no memory");
    runner_free(running.runner);
    shared_memory_free(running.tally, sizeof *running.tally);
    return code;
}

/* ---- print, asm ---- */

int command_print(int argc, char **argv, const volatile sig_atomic_t *stop)
{
    struct program program;
    struct text_head head;
    char error[FILE_ERROR_MAX];
    int operands;

    (void)stop;
    if (!options_parse(argc, argv, NULL, 0, &operands))
        return EXIT_USAGE;
    if (operands != 1)
        return usage_error("print", "which program? (dmarig print FILE)");
    if (!file_program(argv[1], &program, &head, error))
        return usage_error("print", "%s", error);
    program_print(&program, stdout);
    return EXIT_CLEAN;
}

int command_asm(int argc, char **argv, const volatile sig_atomic_t *stop)
{
    const char *out = NULL;
    const struct option_row rows[] = {{"-o", OPTION_TEXT, &out}};
    struct program program;
    struct text_head head;
    uint8_t bytes[PROGRAM_MAX * RECORD_SIZE];
    char error[FILE_ERROR_MAX];
    size_t size;
    int operands;

    (void)stop;
    if (!options_parse(argc, argv, rows, 1, &operands))
        return EXIT_USAGE;
    if (operands != 1)
        return usage_error("asm", "which text? (dmarig asm FILE [-o OUT])");
    if (!file_program_as(argv[1], true, &program, &head, error))
        return usage_error("asm", "%s", error);
    size = program_encode(&program, bytes);
    if (!out)
        return fwrite(bytes, 1, size, stdout) == size ? EXIT_CLEAN : EXIT_USAGE;
    return file_write(out, bytes, size, error) ? EXIT_CLEAN : usage_error("asm", "%s", error);
}
