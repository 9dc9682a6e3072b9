/*
 * The command line of a hosted driver: replay text programs, or check the driver with random ones.
 */
#define _POSIX_C_SOURCE 200809L
#include "files.h"
#include "host.h"
#include "options.h"
#include <inttypes.h>
#include <string.h>
#include <time.h>

DRIVER_INITIALIZE DriverEntry;

struct options {
    bool check, help;
    uint64_t runs, seconds, seed;
};

static const char help[] =
    "usage: dmarig-" HOST_NAME " FILE...\n"
    "       dmarig-" HOST_NAME " --check [--runs N] [--seconds S] [--seed N]\n"
    "\n"
    "Host the miniport " HOST_NAME ": its own source, with operating system and device played by\n"
    "programs. The first mistake of the driver ends a program and is shown with the calls that\n"
    "led to it, each with file and line.\n"
    "\n"
    "  FILE         run text programs; records that play a driver are left out. One whose head "
    "says\n"
    "               `trips RULE at record N` must do so, one that names no rule must find nothing\n"
    "  --check      run random programs; a finding is shrunk\n"
    "  --runs N     how many (default 10000; 0: no limit)\n"
    "  --seconds S  and for how long (default 0: no limit)\n"
    "  --seed N     which ones (default 1)\n"
    "\n"
    "Exit status: 0 clean, 1 finding, 2 error in usage or input.\n";

static int summary(const struct host *host, uint64_t runs, unsigned findings)
{
    struct host_statistics total = host_statistics(host);

    printf(HOST_NAME ": runs=%" PRIu64 " sends=%" PRIu64 " completed=%" PRIu64 " findings=%u\n",
           runs, total.sends, total.completed, findings);
    return findings ? EXIT_FINDINGS : EXIT_CLEAN;
}

/* ---- files ---- */

/* Whether the last run did what HEAD says; a run that did not is shown. */
static bool as_said(const struct host *host, const char *path, const struct program *program,
                    const struct text_head *head)
{
    const struct host_finding *finding = host_finding(host);
    const char *rule = head->rule ? rig_rule_row((enum rig_rule)head->rule)->name : "-";

    if (head->rule
            ? finding && strcmp(finding->identity, rule) == 0 && finding->record + 1 == head->record
            : !finding) {
        printf("ok %s %s\n", rule, path);
        return true;
    }
    printf("%s:\n", path);
    if (head->rule)
        printf("expected %s at record %u\n", rule, head->record);
    host_report(stdout, host, program);
    return false;
}

static int replay(struct host *host, char **paths, int count)
{
    static struct program program;
    struct text_head head;
    char error[FILE_ERROR_MAX];
    unsigned findings = 0;

    for (int i = 0; i < count; i++) {
        if (!file_program(paths[i], &program, &head, error)) {
            fprintf(stderr, "%s\n", error);
            return EXIT_USAGE;
        }
        host_narrow(&program);
        host_run(host, &program, NULL);
        findings += !as_said(host, paths[i], &program, &head);
    }
    return summary(host, (uint64_t)count, findings);
}

/* ---- random programs ---- */

static uint64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

static int check(struct host *host, const struct options *options)
{
    static struct program program;
    uint64_t begin = now();
    uint64_t run = 0;

    while (options->runs == 0 || run < options->runs) {
        if (options->seconds && run % 64 == 0 && now() - begin >= options->seconds * 1000)
            break;
        host_generate(&program, options->seed * UINT64_C(0x9E3779B97F4A7C15) + run++);
        if (!host_run(host, &program, NULL))
            continue;
        host_shrink(host, &program);
        host_report(stdout, host, &program);
        printf("program:\n");
        program_print(&program, stdout);
        return summary(host, run, 1);
    }
    return summary(host, run, 0);
}

int main(int argc, char **argv)
{
    struct options options = {.runs = 10000, .seed = 1};
    const struct option_row rows[] = {
        {"--help", OPTION_SWITCH, &options.help}, {"--check", OPTION_SWITCH, &options.check},
        {"--runs", OPTION_NUMBER, &options.runs}, {"--seconds", OPTION_NUMBER, &options.seconds},
        {"--seed", OPTION_NUMBER, &options.seed},
    };
    struct host *host;
    int files, result;

    argv[0] = HOST_NAME;
    if (!options_parse(argc, argv, rows, sizeof rows / sizeof rows[0], &files))
        return EXIT_USAGE;
    if (options.help) {
        fputs(help, stdout);
        return EXIT_CLEAN;
    }
    if (options.check == (files > 0))
        return usage_error(HOST_NAME, "expected FILE..., or --check and no file");
    host = host_make(DriverEntry);
    if (!host)
        return usage_error(HOST_NAME, "no memory");
    result = options.check ? check(host, &options) : replay(host, argv + 1, files);
    host_free(host);
    return result;
}
