/*
 * command_shrink.c: dmarig shrink: the smallest program that fails like the one in a file.
 */
#define _POSIX_C_SOURCE 200809L
#include "command.h"
#include "explain.h"
#include "files.h"
#include "shrink_apart.h"
#include <stdlib.h>

struct shrinking {
    struct runner *runner;
    enum property property; /* PROPERTY_NONE: it is about the rule */
    enum rig_rule rule;
    struct outcome outcome; /* of the run before */
    struct job_result end;  /* JOB_DONE, or how the program ends its process */
    uint16_t free_operands[PROGRAM_MAX];
};

static bool fails_alike(void *context, const struct program *program)
{
    struct shrinking *shrinking = context;
    const struct outcome *outcome = &shrinking->outcome;
    struct run_options options = {.only = shrinking->property};

    runner_run(shrinking->runner, program, &options, &shrinking->outcome);
    if (shrinking->property != PROPERTY_NONE)
        return outcome->verdict.property == shrinking->property;
    return outcome->verdict.property == PROPERTY_NONE && outcome->firing_count == 1 &&
           outcome->firings[0].rule == shrinking->rule;
}

/* What the program is about: that it crashes or hangs, the property that fails, the rule of its head.
 */
static bool find_failure(struct shrinking *shrinking, const struct program *program,
                         const struct text_head *head)
{
    run_apart(program, fails_alike, shrinking, &shrinking->end);
    if (shrinking->end.end != JOB_DONE)
        return shrinking->end.end != JOB_STOPPED;
    runner_run(shrinking->runner, program, NULL, &shrinking->outcome);
    shrinking->property = shrinking->outcome.verdict.property;
    shrinking->rule = (enum rig_rule)head->rule;
    return (shrinking->property != PROPERTY_NONE || head->rule) && fails_alike(shrinking, program);
}

static void print_text(const struct shrinking *shrinking, const struct program *program, FILE *to)
{
    if (shrinking->end.end != JOB_DONE)
        fprintf(to, "# fails %s\n", crash_name(&shrinking->end));
    else if (shrinking->property != PROPERTY_NONE)
        fprintf(to, "# fails %s\n", property_row(shrinking->property)->name);
    else
        fprintf(to, "# trips %s at record %u\n", rig_rule_row(shrinking->rule)->name,
                shrinking->outcome.firings[0].record + 1);
    program_print(program, to);
}

static int write_text(const struct shrinking *shrinking, const struct program *program,
                      const char *out)
{
    char error[FILE_ERROR_MAX], *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    int code = EXIT_CLEAN;

    if (!file)
        return usage_error("shrink", "no memory");
    print_text(shrinking, program, file);
    if (fclose(file) != 0)
        code = usage_error("shrink", "no memory");
    else if (out && !file_write(out, text, size, error))
        code = usage_error("shrink", "%s", error);
    else if (!out && fwrite(text, 1, size, stdout) != size)
        code = usage_error("shrink", "cannot write to standard output");
    free(text);
    return code;
}

static void report(struct shrinking *shrinking, const struct program *program, FILE *to)
{
    if (shrinking->end.end != JOB_DONE)
        crash_report(to, program, &shrinking->end, program->count ? program->count - 1 : 0, NULL,
                     shrinking->free_operands);
    else if (shrinking->property != PROPERTY_NONE)
        report_explained(to, program, &shrinking->outcome.verdict, NULL, shrinking->free_operands);
}

static int shrink_file(struct shrinking *shrinking, struct program *program, const char *out)
{
    const struct job_result *wanted = shrinking->end.end == JOB_DONE ? NULL : &shrinking->end;
    FILE *said = out ? stdout : stderr;
    unsigned before = program->count;
    unsigned tried =
        shrink_apart(program, fails_alike, shrinking, wanted, shrinking->free_operands);
    int code;

    if (!wanted)
        fails_alike(shrinking, program);
    code = write_text(shrinking, program, out);
    if (code != EXIT_CLEAN)
        return code;
    report(shrinking, program, said);
    fprintf(said, "shrink: records=%u before=%u tried=%u\n", program->count, before, tried);
    return EXIT_CLEAN;
}

int command_shrink(int argc, char **argv, const volatile sig_atomic_t *stop)
{
    const char *out = NULL;
    const struct option_row rows[] = {{"-o", OPTION_TEXT, &out}};
    struct shrinking shrinking = {.property = PROPERTY_NONE};
    struct program program;
    struct text_head head;
    char error[FILE_ERROR_MAX];
    int operands, code = EXIT_FINDINGS;

    (void)stop;
    if (!options_parse(argc, argv, rows, 1, &operands))
        return EXIT_USAGE;
    if (operands != 1)
        return usage_error("shrink", "which program? (dmarig shrink FILE [-o OUT])");
    if (!file_program(argv[1], &program, &head, error))
        return usage_error("shrink", "%s", error);
    shrinking.runner = runner_make();
    if (!shrinking.runner)
        return usage_error("shrink", "no memory");
    if (find_failure(&shrinking, &program, &head))
        code = shrink_file(&shrinking, &program, out);
    else
        fprintf(stderr, "shrink: nothing fails in %s\n", argv[1]);
    runner_free(shrinking.runner);
    return code;
}
