/*
 * command_files.c: dmarig run, print, asm: one program at a time, from files.
 */
#include "command.h"
#include "files.h"
#include "run.h"
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
    char replay[4096];

    if (run->quiet) {
        struct run_options options = {.transforms = TRANSFORMS_ALL, .trace = stdout};

        runner_run(runner, &run->program, &options, &run->outcome);
    }
    snprintf(replay, sizeof replay, "dmarig run %s", run->path);
    report_finding(stdout, &run->program, &run->outcome.verdict, replay);
    printf("FAIL %s %s\n", property_row(run->outcome.verdict.property)->name, run->path);
}

static bool run_one(struct runner *runner, struct one_run *run)
{
    struct run_options options = {.transforms = TRANSFORMS_ALL,
                                  .trace = run->quiet ? NULL : stdout};

    runner_run(runner, &run->program, &options, &run->outcome);
    if (run->outcome.verdict.property != PROPERTY_NONE) {
        show_failure(runner, run);
        return false;
    }
    if (!run->quiet)
        show_firings(&run->outcome);
    if (run->head.rule)
        return trips_as_said(run);
    printf("ok - %s\n", run->path);
    return true;
}

static int run_files(struct runner *runner, char **paths, int count, bool quiet)
{
    int failed = 0;

    for (int i = 0; i < count; i++) {
        struct one_run run = {.path = paths[i], .quiet = quiet};
        char error[FILE_ERROR_MAX];

        if (!file_program(run.path, &run.program, &run.head, error))
            return usage_error("run", "%s", error);
        failed += !run_one(runner, &run);
    }
    if (!quiet)
        printf("run: files=%d ok=%d failed=%d\n", count, count - failed, failed);
    return failed ? EXIT_FINDINGS : EXIT_CLEAN;
}

int command_run(int argc, char **argv, const volatile sig_atomic_t *stop)
{
    bool quiet = false;
    const struct option_row rows[] = {{"--quiet", OPTION_SWITCH, &quiet}};
    struct runner *runner;
    int operands, code;

    (void)stop;
    if (!options_parse(argc, argv, rows, 1, &operands))
        return EXIT_USAGE;
    if (operands == 0)
        return usage_error("run", "which program? (dmarig run FILE...)");
    runner = runner_make();
    if (!runner)
        return usage_error("run", "no memory");
    code = run_files(runner, argv + 1, operands, quiet);
    runner_free(runner);
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
