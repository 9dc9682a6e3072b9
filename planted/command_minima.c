/*
 * command_minima.c: dmarig minima: do many failing programs of a bug shrink to one?
 */
#include "command.h"
#include "minima.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct limits {
    uint64_t median, worst; /* milliseconds; 0: none */
};
struct sum {
    unsigned bugs, unfound, pairs, alike;
    unsigned confirmed[CONFIRM_COUNT];
    unsigned few; /* pairs with less inputs than wanted */
    size_t shrinks;
    double times[(size_t)PLANTED_COUNT * PROPERTIES_MAX * INPUTS_MAX]; /* milliseconds */
    double worst;
    char longest[2 * CAUSE_MAX]; /* whose shrinking took longest */
};

static void print_confirmed(const struct confirm_result *confirmed, unsigned records)
{
    switch (confirmed->end) {
    case CONFIRM_SHORTEST:
        printf("  none of %" PRIu64 " shorter programs fails alike\n", confirmed->programs);
        break;
    case CONFIRM_TAIL:
        printf("  none of %" PRIu64
               " shorter programs with the same first %u records fails alike\n",
               confirmed->programs, records - confirmed->tail);
        break;
    case CONFIRM_SHORTER:
        puts("  shorter");
        program_print(&confirmed->shorter, stdout);
        break;
    default:
        break;
    }
}

static void print_pair(enum planted_id bug, const char *name, const struct minima_pair *pair)
{
    printf("%-26s %-28s %2u inputs (%u varied), %u %s, %2u records, median %6.1f ms, worst %6.1f "
           "ms\n",
           planted_bugs[bug].name, name, pair->inputs, pair->varied, pair->distinct,
           pair->distinct == 1 ? "minimum" : "minima", pair->programs[0].count,
           pair->times[pair->inputs / 2], pair->times[pair->inputs - 1]);
    for (unsigned i = 0; i < pair->distinct && pair->distinct > 1; i++) {
        printf("  minimum %u\n", i + 1);
        program_print(&pair->programs[i], stdout);
    }
    print_confirmed(&pair->confirmed, pair->programs[0].count);
    fflush(stdout);
}

static void add_up(struct sum *sum, enum planted_id bug, const struct minima_pair *pair,
                   unsigned wanted)
{
    char name[CAUSE_MAX + 8];
    double worst = pair->times[pair->inputs - 1];

    minima_name(pair, name);
    print_pair(bug, name, pair);
    memcpy(&sum->times[sum->shrinks], pair->times, pair->inputs * sizeof pair->times[0]);
    sum->shrinks += pair->inputs;
    sum->pairs++;
    sum->alike += pair->distinct == 1;
    sum->few += pair->inputs < wanted;
    sum->confirmed[pair->confirmed.end]++;
    if (worst <= sum->worst)
        return;
    sum->worst = worst;
    snprintf(sum->longest, sizeof sum->longest, "%s %s", planted_bugs[bug].name, name);
}

static int compare_times(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static bool within(const char *what, double time, uint64_t limit)
{
    if (limit == 0 || time <= (double)limit)
        return true;
    printf("minima: %s took %.1f ms, the limit is %" PRIu64 " ms\n", what, time, limit);
    return false;
}

static int tell_sum(struct sum *sum, const struct limits *limits)
{
    bool good =
        sum->alike == sum->pairs && sum->unfound == 0 && sum->confirmed[CONFIRM_SHORTER] == 0;
    double median = 0;

    if (sum->shrinks) {
        qsort(sum->times, sum->shrinks, sizeof sum->times[0], compare_times);
        median = sum->times[sum->shrinks / 2];
        printf("minima: the longest shrink: %s, %.1f ms\n", sum->longest, sum->worst);
    }
    good &= within("the median shrink", median, limits->median);
    good &= within("the longest shrink", sum->worst, limits->worst);
    printf("minima: bugs=%u pairs=%u one_minimum=%u few_inputs=%u shrinks=%zu median_ms=%.1f "
           "worst_ms=%.1f confirmed=%u tails=%u shorter=%u beyond=%u\n",
           sum->bugs, sum->pairs, sum->alike, sum->few, sum->shrinks, median, sum->worst,
           sum->confirmed[CONFIRM_SHORTEST], sum->confirmed[CONFIRM_TAIL],
           sum->confirmed[CONFIRM_SHORTER], sum->confirmed[CONFIRM_BEYOND]);
    return good ? EXIT_CLEAN : EXIT_FINDINGS;
}

static bool find_bug(struct sum *sum, enum planted_id bug, const struct minima_options *options)
{
    static struct minima minima;

    sum->bugs++;
    if (!minima_find(bug, options, &minima)) {
        usage_error("minima", "%s: no memory, or no process", planted_bugs[bug].name);
        return false;
    }
    if (minima.count == 0)
        printf("%-26s no program failed\n", planted_bugs[bug].name);
    sum->unfound += minima.count == 0;
    for (unsigned i = 0; i < minima.count; i++)
        add_up(sum, bug, &minima.pairs[i], options->inputs);
    return true;
}

int command_minima(int argc, char **argv, const volatile sig_atomic_t *stop)
{
    const char *name = NULL;
    uint64_t inputs = 20, seconds = 10, programs = 0, confirm = 0, seed = 1;
    struct limits limits = {.median = 100, .worst = 5000};
    const struct option_row rows[] = {{"--bug", OPTION_TEXT, &name},
                                      {"--inputs", OPTION_NUMBER, &inputs},
                                      {"--seconds", OPTION_NUMBER, &seconds},
                                      {"--programs", OPTION_NUMBER, &programs},
                                      {"--seed", OPTION_NUMBER, &seed},
                                      {"--confirm", OPTION_NUMBER, &confirm},
                                      {"--median", OPTION_NUMBER, &limits.median},
                                      {"--worst", OPTION_NUMBER, &limits.worst}};
    struct minima_options options;
    static struct sum sum;
    bool good = true;
    int operands;

    if (!options_parse(argc, argv, rows, sizeof rows / sizeof rows[0], &operands))
        return EXIT_USAGE;
    if (inputs < 1 || inputs > INPUTS_MAX)
        return usage_error("minima", "--inputs wants 1 to %d", (int)INPUTS_MAX);
    options = (struct minima_options){.inputs = (unsigned)inputs,
                                      .seconds = (double)seconds,
                                      .programs = programs,
                                      .seed = seed,
                                      .confirm = confirm};
    for (unsigned bug = 0; bug < PLANTED_COUNT && !*stop; bug++)
        if (!name || strcmp(planted_bugs[bug].name, name) == 0)
            good &= find_bug(&sum, (enum planted_id)bug, &options);
    if (sum.bugs == 0)
        return usage_error("minima", "unknown planted bug %s (dmarig selftest --list names them)",
                           name);
    if (!good)
        return EXIT_USAGE;
    return tell_sum(&sum, &limits) == EXIT_CLEAN && !*stop ? EXIT_CLEAN : EXIT_FINDINGS;
}
