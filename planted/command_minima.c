/*
 * command_minima.c: dmarig minima: do many failing programs of a bug shrink to one?
 */
#include "command.h"
#include "minima.h"
#include <stdlib.h>
#include <string.h>

struct sum {
    unsigned bugs, pairs, alike;
    double medians[PLANTED_COUNT * PROPERTIES_MAX], worst; /* milliseconds */
};

static void print_pair(enum planted_id bug, const struct minima_pair *pair)
{
    char name[CAUSE_MAX + 8];

    minima_name(pair, name);
    printf("%-26s %-28s %2u inputs, %u minima, %2u records, median %6.1f ms, worst %6.1f ms\n",
           planted_bugs[bug].name, name, pair->inputs, pair->distinct, pair->programs[0].count,
           pair->median, pair->worst);
    for (unsigned i = 0; i < pair->distinct && pair->distinct > 1; i++) {
        printf("  minimum %u\n", i + 1);
        program_print(&pair->programs[i], stdout);
    }
    fflush(stdout);
}

static int compare_times(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static int tell_sum(struct sum *sum)
{
    qsort(sum->medians, sum->pairs, sizeof sum->medians[0], compare_times);
    printf("minima: bugs=%u pairs=%u one_minimum=%u median_ms=%.1f worst_ms=%.1f\n", sum->bugs,
           sum->pairs, sum->alike, sum->medians[sum->pairs / 2], sum->worst);
    return sum->alike == sum->pairs ? EXIT_CLEAN : EXIT_FINDINGS;
}

static bool find_bug(struct sum *sum, enum planted_id bug, const struct minima_options *options)
{
    static struct minima minima;

    sum->bugs++;
    if (!minima_find(bug, options, &minima)) {
        usage_error("minima", "%s: no memory, or no process", planted_bugs[bug].name);
        return false;
    }
    for (unsigned i = 0; i < minima.count; i++) {
        const struct minima_pair *pair = &minima.pairs[i];

        print_pair(bug, pair);
        sum->medians[sum->pairs++] = pair->median;
        sum->alike += pair->distinct == 1;
        sum->worst = pair->worst > sum->worst ? pair->worst : sum->worst;
    }
    return true;
}

int command_minima(int argc, char **argv, const volatile sig_atomic_t *stop)
{
    const char *name = NULL;
    uint64_t inputs = 20, seconds = 10, seed = 1;
    const struct option_row rows[] = {{"--bug", OPTION_TEXT, &name},
                                      {"--inputs", OPTION_NUMBER, &inputs},
                                      {"--seconds", OPTION_NUMBER, &seconds},
                                      {"--seed", OPTION_NUMBER, &seed}};
    struct minima_options options;
    static struct sum sum;
    bool good = true;
    int operands;

    if (!options_parse(argc, argv, rows, sizeof rows / sizeof rows[0], &operands))
        return EXIT_USAGE;
    if (inputs < 1 || inputs > INPUTS_MAX)
        return usage_error("minima", "--inputs wants 1 to %d", (int)INPUTS_MAX);
    options = (struct minima_options){
        .inputs = (unsigned)inputs, .seconds = (double)seconds, .seed = seed};
    for (unsigned bug = 0; bug < PLANTED_COUNT && !*stop; bug++)
        if (!name || strcmp(planted_bugs[bug].name, name) == 0)
            good &= find_bug(&sum, (enum planted_id)bug, &options);
    if (sum.bugs == 0)
        return usage_error("minima", "unknown planted bug %s (dmarig selftest --list names them)",
                           name);
    return good ? tell_sum(&sum) : EXIT_USAGE;
}
