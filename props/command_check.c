/*
 * command_check.c: dmarig check.
 */
#define _POSIX_C_SOURCE 200809L
#include "check.h"
#include "command.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DEFAULT_RUNS = 20000 };

struct check_words {
    const char *target, *only, *start;
    uint64_t seconds;
    bool runs_given, table, verbose;
};

static enum property property_find(const char *name)
{
    for (unsigned property = PROPERTY_NONE + 1; property < PROPERTY_COUNT; property++)
        if (strcmp(property_row((enum property)property)->name, name) == 0)
            return (enum property)property;
    return PROPERTY_NONE;
}

static bool find_target(const char *name, const struct target **target)
{
    *target = target_find(name);
    if (!*target)
        usage_error("check", "unknown target %s (%s, %s or %s)", name, targets[0].name,
                    targets[1].name, targets[2].name);
    return *target != NULL;
}

/* Words to rows; false, told, if there is no such thing. */
static bool resolve(const struct check_words *words, struct check_options *options)
{
    if (!find_target(words->target, &options->target))
        return false;
    options->seconds = (double)words->seconds;
    if (words->only) {
        options->only = property_find(words->only);
        if (options->only == PROPERTY_NONE)
            usage_error("check", "unknown property %s (dmarig properties lists them)", words->only);
        if (options->only == PROPERTY_NONE)
            return false;
    }
    if (words->start) {
        options->start = start_find(words->start);
        if (!options->start)
            usage_error("check", "unknown start %s (dmarig starts lists them)", words->start);
        return options->start != NULL;
    }
    return true;
}

/* One line that is written over on a terminal, else a line each time. */
static void show_progress(const struct check_options *options, const struct check_result *result,
                          double elapsed)
{
    bool terminal = isatty(STDOUT_FILENO);
    double rate = elapsed > 0 ? (double)result->runs / elapsed : 0;
    double left = options->seconds > 0 ? options->seconds - elapsed : 1e9;

    if (options->runs && rate > 0 && (double)(options->runs - result->runs) / rate < left)
        left = (double)(options->runs - result->runs) / rate;
    printf("%s%" PRIu64 " programs, %.0f a second, %.0f s left, %u findings%s",
           terminal ? "\r" : "", result->runs, rate, left < 1e9 ? left : 0.0, result->findings,
           terminal ? " " : "\n");
    fflush(stdout);
}

static void show_verbose(const struct statistics *statistics)
{
    for (unsigned property = PROPERTY_NONE + 1; property < PROPERTY_COUNT; property++)
        printf("%-40s evaluated %" PRIu64 "\n", property_row((enum property)property)->name,
               statistics->evaluated[property]);
    for (unsigned rule = RULE_NONE + 1; rule < RULE_COUNT; rule++)
        if (statistics->tripped[rule])
            printf("%-40s tripped %" PRIu64 "\n", rig_rule_row((enum rig_rule)rule)->name,
                   statistics->tripped[rule]);
    printf("%-40s %u\n", "median of lists in a program", check_median_lists(statistics));
    printf("%-40s %" PRIu64 "\n", "programs without a list", statistics->list_median[0]);
}

/* What a foreign NDIS layer was judged by, and the end of the closing line. */
static void print_layer(const struct statistics *s)
{
    if (rig_layer())
        printf(" lists=%" PRIu64 " whole=%" PRIu64 " cut=%" PRIu64 " left_out=%" PRIu64
               " set_aside=%" PRIu64 " resources=%" PRIu64 "/%" PRIu64,
               s->lists, s->whole, s->cut, s->left_out, s->set_aside, s->lacking, s->unforced);
    putchar('\n');
}

static int summary(const struct check_options *options, const struct check_words *words,
                   const struct check_result *result)
{
    const struct statistics *statistics = &result->statistics;
    unsigned unhealthy;

    if (words->table)
        check_table(statistics, stdout);
    if (words->verbose)
        show_verbose(statistics);
    if (result->failing)
        printf("%" PRIu64 " of %" PRIu64 " programs failed, %u crashed, %u did not end\n",
               result->failing, result->runs, result->crashes, result->hangs);
    unhealthy = check_health(options, result, stdout);
    printf("check: target=%s runs=%" PRIu64 " calls=%" PRIu64
           " accepted=%.1f%% properties=%u/%u findings=%u digest=%016" PRIx64,
           options->target->name, result->runs, statistics->calls, check_accepted(statistics),
           check_evaluated(statistics), PROPERTY_COUNT - 1, result->findings, result->digest);
    print_layer(statistics);
    return result->findings || unhealthy ? EXIT_FINDINGS : EXIT_CLEAN;
}

static int check_with(struct check_options *options, const struct check_words *words)
{
    struct check_result *result = malloc(sizeof *result);
    bool terminal = isatty(STDOUT_FILENO);
    int code = EXIT_USAGE;

    if (!result)
        return usage_error("check", "no memory");
    options->pace = terminal ? 0.25 : 30;
    if (check_programs(options, stdout, show_progress, result)) {
        if (terminal)
            fputs("\r\033[K", stdout);
        code = summary(options, words, result);
    }
    free(result);
    return code;
}

int command_check(int argc, char **argv, const volatile sig_atomic_t *stop)
{
    struct check_options options = {
        .runs = UINT64_MAX, .seed = 1, .findings = "findings", .stop = stop};
    struct check_words words = {.target = rig_layer() ? "sgdma" : "machine"};
    const struct option_row rows[] = {
        {"--target", OPTION_TEXT, &words.target},
        {"--runs", OPTION_NUMBER, &options.runs},
        {"--seconds", OPTION_NUMBER, &words.seconds},
        {"--seed", OPTION_NUMBER, &options.seed},
        {"--only", OPTION_TEXT, &words.only},
        {"--legal-only", OPTION_SWITCH, &options.legal_only},
        {"--start", OPTION_TEXT, &words.start},
        {"--findings", OPTION_TEXT, &options.findings},
        {"--table", OPTION_SWITCH, &words.table},
        {"--verbose", OPTION_SWITCH, &words.verbose},
    };
    int operands;

    if (!options_parse(argc, argv, rows, sizeof rows / sizeof rows[0], &operands))
        return EXIT_USAGE;
    if (operands > 0)
        return usage_error("check", "takes no operand, found %s", argv[1]);
    options.legal_only |= rig_layer() != NULL;
    if (!resolve(&words, &options))
        return EXIT_USAGE;
    if (options.runs == 0)
        return usage_error("check", "--runs wants 1 or more");
    if (options.runs == UINT64_MAX)
        options.runs = words.seconds ? 0 : DEFAULT_RUNS;
    return check_with(&options, &words);
}
