/*
 * check_health.c: is a run worth its verdict? A generator that makes nonsense and a property that
 * is never asked find nothing either.
 */
#include "check.h"
#include <inttypes.h>

enum {
    RUNS_FOR_RATES = 10000,
    RUNS_FOR_PROPERTIES = 100000,
    LEAST_ACCEPTED = 30, /* percent */
    MOST_EMPTY = 10,     /* percent */
    MOST_LACKING = 10    /* percent */
};

unsigned check_evaluated(const struct statistics *statistics)
{
    unsigned count = 0;

    for (unsigned property = PROPERTY_NONE + 1; property < PROPERTY_COUNT; property++)
        count += statistics->evaluated[property] > 0;
    return count;
}

static double percent(uint64_t part, uint64_t whole)
{
    return whole ? 100.0 * (double)part / (double)whole : 0.0;
}

double check_accepted(const struct statistics *statistics)
{
    return percent(statistics->accepted, statistics->calls);
}

unsigned check_median_lists(const struct statistics *statistics)
{
    uint64_t below = 0;
    unsigned lists = 0;

    for (; lists < 15; lists++) {
        below += statistics->list_median[lists];
        if (2 * below > statistics->programs)
            break;
    }
    return lists;
}

static unsigned check_rates(const struct check_options *options, const struct check_result *result,
                            FILE *out)
{
    const struct statistics *statistics = &result->statistics;
    double empty = percent(statistics->empty_records, statistics->records);
    unsigned wrong = 0;

    if (check_accepted(statistics) < LEAST_ACCEPTED)
        wrong++, fprintf(out, "health: %.1f%% of the calls were accepted, fewer than %d%%\n",
                         check_accepted(statistics), LEAST_ACCEPTED);
    if (options->target->mask == TARGET_SG && check_median_lists(statistics) < 1)
        wrong++, fprintf(out, "health: half of the programs delivered no list\n");
    if (empty > MOST_EMPTY)
        wrong++, fprintf(out, "health: %.1f%% of the records were empty, more than %d%%\n", empty,
                         MOST_EMPTY);
    return wrong;
}

static unsigned check_properties(const struct check_result *result, FILE *out)
{
    unsigned wrong = 0;

    for (unsigned property = PROPERTY_NONE + 1; property < PROPERTY_COUNT; property++) {
        if (result->statistics.evaluated[property])
            continue;
        wrong++;
        fprintf(out, "health: %s was never evaluated\n",
                property_row((enum property)property)->name);
    }
    return wrong;
}

static unsigned check_sites(const struct check_result *result, FILE *out)
{
    unsigned wrong = 0;

    for (unsigned site = RIG_SITE_any + 1; site < RIG_SITE_COUNT; site++) {
        const struct rig_site_row *row = rig_site_row((enum rig_site)site);

        if (row->hosted || result->statistics.refused[site])
            continue;
        wrong++;
        fprintf(out, "health: %s was never refused\n", row->name);
    }
    return wrong;
}

/* RESOURCES is an answer that the contract always allows; a layer that gives no other is not judged. */
static unsigned check_layer(const struct check_result *result, FILE *out)
{
    const struct statistics *s = &result->statistics;

    if (s->unforced == 0 || percent(s->lacking, s->unforced) <= MOST_LACKING)
        return 0;
    fprintf(out,
            "health: the NDIS layer found no resources in %" PRIu64 " of %" PRIu64
            " requests that nothing was short for\n",
            s->lacking, s->unforced);
    return 1;
}

unsigned check_health(const struct check_options *options, const struct check_result *result,
                      FILE *out)
{
    bool whole = options->only == PROPERTY_NONE && !options->legal_only && !options->start;
    unsigned wrong = result->unsteady > 0;

    if (result->unsteady)
        fprintf(out,
                "health: %" PRIu64 " programs ran differently a second time (seed %" PRIu64 ")\n",
                result->unsteady, result->unsteady_seed);
    if (rig_layer())
        wrong += check_layer(result, out);
    if (whole && result->runs >= RUNS_FOR_RATES)
        wrong += check_rates(options, result, out);
    if (whole && result->runs >= RUNS_FOR_PROPERTIES && options->target->mask == TARGET_MACHINE)
        wrong += check_properties(result, out) + check_sites(result, out);
    return wrong;
}

void check_table(const struct statistics *statistics, FILE *out)
{
    fprintf(out, "%-32s %10s %10s %10s %14s\n", "operation", "accepted", "violation", "failure",
            "did not happen");
    for (unsigned code = 0; code < 256; code++) {
        const uint64_t *cells = statistics->cells[code];

        if (op_table[code].name)
            fprintf(out, "%-32s %10" PRIu64 " %10" PRIu64 " %10" PRIu64 " %14" PRIu64 "\n",
                    op_table[code].name, cells[0], cells[1], cells[2], cells[3]);
    }
}
