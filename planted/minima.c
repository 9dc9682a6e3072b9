/* minima.c: see minima.h. */
#define _XOPEN_SOURCE 700
#include "minima.h"
#include "generate.h"
#include "program_edit.h"
#include "random.h"
#include "shrink.h"
#include "shrink_apart.h"
#include "target.h"
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { PATIENCE = 1000, DEATHS_MAX = 500 };
enum { EDITS_MAX = 6, CHUNK_MAX = 4, ATTEMPTS_MAX = 400 };

/* In memory that the search shares with who waits for it. */
struct catch
{
    uint64_t seed;
    struct program program; /* that runs */
    bool failed;            /* did the program that ran last? */
    struct minima minima;
    struct program failing[PROPERTIES_MAX][INPUTS_MAX];
};
struct hunt {
    const struct minima_options *options;
    struct catch *catch;
    struct runner *runner;
    enum property pinned;
    double started;
};

void minima_name(const struct minima_pair *pair, char name[CAUSE_MAX + 8])
{
    if (pair->property != PROPERTY_NONE)
        snprintf(name, CAUSE_MAX + 8, "%s", property_row(pair->property)->name);
    else
        snprintf(name, CAUSE_MAX + 8, "%s %s", crash_name(&pair->end), pair->end.cause);
}

static double seconds_of(int who)
{
    struct rusage usage;

    getrusage(who, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* Processor time, with that of jobs that are done. */
static double now(void)
{
    return seconds_of(RUSAGE_SELF) + seconds_of(RUSAGE_CHILDREN);
}

static enum property failed_by(struct hunt *hunt, const struct program *program, enum property only)
{
    struct run_options options = {.only = only};
    struct outcome outcome;

    runner_run(hunt->runner, program, &options, &outcome);
    return outcome.verdict.property;
}

/* ---- inputs ---- */

static bool is_of_pair(const struct minima_pair *pair, enum property property,
                       const struct job_result *end)
{
    return pair->property == property && pair->end.end == end->end &&
           strcmp(pair->end.cause, end->cause) == 0;
}

static void keep(struct hunt *hunt, enum property property, const struct job_result *end)
{
    struct minima *minima = &hunt->catch->minima;
    struct minima_pair *pair;
    unsigned i = 0;

    while (i < minima->count && !is_of_pair(&minima->pairs[i], property, end))
        i++;
    if (i == PROPERTIES_MAX)
        return;
    pair = &minima->pairs[i];
    if (i == minima->count) {
        pair->property = property;
        pair->end = *end;
        minima->count++;
    }
    if (pair->inputs < hunt->options->inputs)
        hunt->catch->failing[i][pair->inputs++] = hunt->catch->program;
}

static bool wants_more(const struct hunt *hunt)
{
    const struct minima_options *options = hunt->options;
    const struct minima *minima = &hunt->catch->minima;
    bool complete = minima->count > 0;

    for (unsigned i = 0; i < minima->count; i++)
        complete = complete && minima->pairs[i].inputs == options->inputs;
    if (options->programs && hunt->catch->seed - options->seed >= options->programs)
        return false;
    return !complete && now() - hunt->started < options->seconds;
}

static void collect_job(void *context)
{
    static const struct job_result done = {.end = JOB_DONE};
    struct hunt *hunt = context;
    struct catch *catch = hunt->catch;

    hunt->started = now();
    while (wants_more(hunt)) {
        enum property property;

        isolate_alive(PATIENCE);
        generate_program(&catch->program, catch->seed++, TARGET_MACHINE);
        property = failed_by(hunt, &catch->program, PROPERTY_NONE);
        if (property != PROPERTY_NONE)
            keep(hunt, property, &done);
    }
}

static bool collect(struct hunt *hunt)
{
    struct job_result result;
    unsigned deaths = 0;

    do {
        isolate(collect_job, hunt, &result);
        if (result.end == JOB_CRASHED || result.end == JOB_HUNG)
            keep(hunt, PROPERTY_NONE, &result);
    } while (result.end != JOB_DONE && result.end != JOB_STOPPED && ++deaths < DEATHS_MAX);
    return result.end != JOB_STOPPED;
}

/* ---- variations ---- */

static bool still_fails(void *context, const struct program *program)
{
    struct hunt *hunt = context;

    hunt->catch->failed =
        failed_by(hunt, program, hunt->pinned) == hunt->pinned && hunt->pinned != PROPERTY_NONE;
    return hunt->catch->failed;
}

/* A few records go, or come from OTHER. */
static void edit(struct program *program, const struct program *other, uint64_t *state)
{
    unsigned count = 1 + random_below(state, CHUNK_MAX);
    unsigned at = random_below(state, program->count + 1);

    if (random_percent(state, 50)) {
        program_delete(program, at, count);
        return;
    }
    if (count > other->count)
        count = other->count;
    program_insert(program, at, &other->records[random_below(state, other->count - count + 1)],
                   count);
}

static bool is_known(const struct program *programs, unsigned count, const struct program *program)
{
    for (unsigned i = 0; i < count; i++)
        if (program_compare(&programs[i], program) == 0)
            return true;
    return false;
}

static bool fails_alike(struct hunt *hunt, const struct minima_pair *pair,
                        const struct program *program)
{
    struct job_result end;

    hunt->catch->failed = false;
    run_apart(program, still_fails, hunt, &end);
    return hunt->catch->failed || (pair->property == PROPERTY_NONE && end.end == pair->end.end &&
                                   strcmp(end.cause, pair->end.cause) == 0);
}

static void add_variations(struct hunt *hunt, unsigned number)
{
    struct minima_pair *pair = &hunt->catch->minima.pairs[number];
    struct program *programs = hunt->catch->failing[number], other;
    unsigned found = pair->inputs;
    uint64_t state = hunt->options->seed;

    hunt->pinned = pair->property;
    for (unsigned i = 0; i < ATTEMPTS_MAX && pair->inputs < hunt->options->inputs; i++) {
        struct program program = programs[random_below(&state, found)];

        generate_program(&other, random_next(&state), TARGET_MACHINE);
        for (unsigned edits = 1 + random_below(&state, EDITS_MAX); edits > 0; edits--)
            edit(&program, &other, &state);
        if (is_known(programs, pair->inputs, &program) || !fails_alike(hunt, pair, &program))
            continue;
        programs[pair->inputs++] = program;
        pair->varied++;
    }
}

/* ---- minima ---- */

static int compare_programs(const void *a, const void *b)
{
    return program_compare(a, b);
}

static int compare_times(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void count_distinct(struct minima_pair *pair, struct program *programs)
{
    qsort(programs, pair->inputs, sizeof *programs, compare_programs);
    for (unsigned i = 0; i < pair->inputs && pair->distinct < DISTINCT_MAX; i++)
        if (i == 0 || program_compare(&programs[i], &programs[i - 1]) != 0)
            pair->programs[pair->distinct++] = programs[i];
}

static void shrink_pair(struct hunt *hunt, unsigned number)
{
    struct minima_pair *pair = &hunt->catch->minima.pairs[number];
    struct program *programs = hunt->catch->failing[number];
    const struct job_result *wanted = pair->property == PROPERTY_NONE ? &pair->end : NULL;
    uint16_t free_operands[PROGRAM_MAX];

    hunt->pinned = pair->property;
    for (unsigned i = 0; i < pair->inputs; i++) {
        double start = now();

        shrink_apart(&programs[i], still_fails, hunt, wanted, free_operands);
        pair->times[i] = 1000 * (now() - start);
    }
    count_distinct(pair, programs);
    qsort(pair->times, pair->inputs, sizeof pair->times[0], compare_times);
}

static bool find_pair(struct hunt *hunt, unsigned number)
{
    struct minima_pair *pair = &hunt->catch->minima.pairs[number];

    add_variations(hunt, number);
    shrink_pair(hunt, number);
    return hunt->options->confirm == 0 ||
           confirm_shortest(&pair->programs[0], pair->property, &pair->end, hunt->options->confirm,
                            &pair->confirmed);
}

bool minima_find(enum planted_id bug, const struct minima_options *options, struct minima *minima)
{
    struct hunt hunt = {.options = options, .catch = shared_memory(sizeof *hunt.catch)};
    bool good = false;

    hunt.runner = runner_make();
    planted_select(planted_bugs[bug].name);
    if (hunt.catch && hunt.runner) {
        hunt.catch->seed = options->seed;
        good = collect(&hunt);
        for (unsigned i = 0; i < hunt.catch->minima.count; i++)
            good &= find_pair(&hunt, i);
        *minima = hunt.catch->minima;
    }
    planted_select(NULL);
    runner_free(hunt.runner);
    shared_memory_free(hunt.catch, sizeof *hunt.catch);
    return good;
}
