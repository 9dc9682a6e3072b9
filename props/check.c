/*
 * check.c: the loop over random programs. Everything but when it ends is a function of the seed.
 */
#define _POSIX_C_SOURCE 200809L
#include "check_finding.h"
#include "generate.h"
#include <string.h>
#include <time.h>

enum {
    SECOND_RUN_EVERY = 1000, /* programs */
    VARIANTS_EVERY = 16,     /* programs */
    CLOCK_EVERY = 64         /* programs */
};

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static uint64_t mixed(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * UINT64_C(0x9E3779B97F4A7C15);
    return hash ^ hash >> 29;
}

/* ---- the search, a process of its own ---- */

/* Some programs are run with variants, which cost as much again each. */
static enum transforms transforms_for(uint64_t seed)
{
    return seed % VARIANTS_EVERY == 0 ? TRANSFORMS_ONE : TRANSFORMS_NONE;
}

static void run_again(struct check *check, uint64_t seed, const struct outcome *first)
{
    struct check_result *result = &check->shared->result;
    struct run_options options = {.legal_only = check->options->legal_only,
                                  .only = check->options->only,
                                  .transforms = transforms_for(seed)};
    struct outcome second;

    runner_run(check->runner, &check->shared->program, &options, &second);
    if (second.digest == first->digest && second.verdict.property == first->verdict.property)
        return;
    result->unsteady++;
    result->unsteady_seed = seed;
}

/* True: it failed, and the finding may be new. */
static bool check_one(struct check *check)
{
    const struct check_options *options = check->options;
    struct check_result *result = &check->shared->result;
    struct program *program = &check->shared->program;
    uint64_t seed = options->seed + result->runs;
    struct run_options run_options = {.legal_only = options->legal_only,
                                      .only = options->only,
                                      .transforms = transforms_for(seed),
                                      .statistics = &result->statistics};
    struct outcome outcome;

    generate_program_from(program, seed, options->target->mask, options->start);
    runner_run(check->runner, program, &run_options, &outcome);
    if (result->runs % SECOND_RUN_EVERY == 0)
        run_again(check, seed, &outcome);
    result->digest = mixed(result->digest, outcome.digest);
    result->runs++;
    check->shared->verdict = outcome.verdict;
    result->failing += outcome.verdict.property != PROPERTY_NONE;
    return outcome.verdict.property != PROPERTY_NONE &&
           result->found[outcome.verdict.property] < SAME_PROPERTY_MAX;
}

static bool goes_on(const struct check *check)
{
    const struct check_options *options = check->options;
    struct check_result *result = &check->shared->result;

    if (options->stop && *options->stop)
        result->stopped = true;
    if (result->stopped || result->findings == CHECK_FINDINGS_MAX ||
        result->crashes == CRASHES_MAX || result->hangs == HANGS_MAX)
        return false;
    if (options->seconds > 0 && result->runs % CLOCK_EVERY == 0 &&
        now() - check->started >= options->seconds)
        return false;
    return options->runs == 0 || result->runs < options->runs;
}

static void search(void *context)
{
    struct check *check = context;
    const struct check_result *result = &check->shared->result;

    isolate_alive(PATIENCE);
    while (goes_on(check) && !check_one(check)) {
        if (result->runs % CLOCK_EVERY != 0)
            continue;
        isolate_alive(PATIENCE);
        if (check->progress && now() - check->told >= check->options->pace) {
            check->told = now();
            check->progress(check->options, result, check->told - check->started);
        }
    }
}

/* ---- who waits for it ---- */

static bool after_death(struct check *check, const struct job_result *death)
{
    struct check_result *result = &check->shared->result;

    if (death->end == JOB_STOPPED) {
        fprintf(stderr, "dmarig check: the search was ended: %s\n", death->cause);
        return false;
    }
    result->runs++;
    result->failing++;
    result->crashes += death->end == JOB_CRASHED;
    result->hangs += death->end == JOB_HUNG;
    return check_crashed(check, death);
}

static bool search_all(struct check *check)
{
    bool good = true;

    while (good && goes_on(check)) {
        struct job_result end;

        check->shared->verdict.property = PROPERTY_NONE;
        isolate(search, check, &end);
        if (end.end != JOB_DONE)
            good = after_death(check, &end);
        else if (check->shared->verdict.property != PROPERTY_NONE)
            good = check_found(check);
        else
            break;
    }
    return good;
}

bool check_programs(const struct check_options *options, FILE *out,
                    void (*progress)(const struct check_options *options,
                                     const struct check_result *result, double elapsed),
                    struct check_result *result)
{
    struct check check = {.options = options,
                          .finder = {.command = "check",
                                     .directory = options->findings,
                                     .out = out,
                                     .legal_only = options->legal_only},
                          .progress = progress,
                          .started = now(),
                          .told = now()};
    bool good = false;

    check.shared = shared_memory(sizeof *check.shared);
    check.runner = runner_make();
    if (check.shared && check.runner && finder_open(&check.finder)) {
        good = search_all(&check);
        *result = check.shared->result;
        finder_close(&check.finder);
    } else {
        fprintf(stderr, "dmarig check: no memory\n");
    }
    runner_free(check.runner);
    shared_memory_free(check.shared, sizeof *check.shared);
    return good;
}
