/*
 * check.c: the loop over random programs. Everything but when it ends is a function of the seed.
 */
#define _POSIX_C_SOURCE 200809L
#include "check.h"
#include "explain.h"
#include "files.h"
#include "generate.h"
#include "shrink.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum {
    SAME_PROPERTY_MAX = 3,   /* minima of one property that are worth the shrinking */
    SECOND_RUN_EVERY = 1000, /* programs */
    CLOCK_EVERY = 64         /* programs */
};

struct check {
    const struct check_options *options;
    struct check_result *result;
    struct runner *runner;
    FILE *out;
    double started;
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

static uint64_t program_hash(const struct program *program)
{
    uint8_t bytes[PROGRAM_MAX * RECORD_SIZE];
    size_t size = program_encode(program, bytes);
    uint64_t hash = 0;

    for (size_t i = 0; i < size; i++)
        hash = mixed(hash, bytes[i]);
    return hash;
}

/* ---- findings ---- */

struct pinned {
    const struct check *check;
    enum property property;
};

static bool fails_again(void *context, const struct program *program)
{
    const struct pinned *pinned = context;
    struct run_options options = {.legal_only = pinned->check->options->legal_only,
                                  .only = pinned->property};
    struct outcome outcome;

    runner_run(pinned->check->runner, program, &options, &outcome);
    return outcome.verdict.property == pinned->property;
}

static bool is_known(const struct check_result *result, uint64_t hash)
{
    for (unsigned i = 0; i < result->findings; i++)
        if (result->hashes[i] == hash)
            return true;
    return false;
}

/* DIRECTORY/PROPERTY-HASH.dma: the program as text, the property in its head. */
static bool save_finding(const struct check *check, const struct program *program,
                         const char *property, const char *path)
{
    char error[FILE_ERROR_MAX], *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    bool good;

    if (!file)
        return false;
    fprintf(file, "# fails %s, target %s\n", property, check->options->target->name);
    program_print(program, file);
    good = fclose(file) == 0;
    if (mkdir(check->options->findings, 0755) != 0 && errno != EEXIST)
        good = false;
    if (!good || !file_write(path, text, size, error)) {
        fprintf(stderr, "dmarig check: cannot write %s\n", path);
        good = false;
    }
    free(text);
    return good;
}

static bool tell_finding(struct check *check, const struct program *program, uint64_t hash,
                         enum property property)
{
    struct run_options options = {.legal_only = check->options->legal_only, .only = property};
    const char *name = property_row(property)->name;
    struct pinned pinned = {.check = check, .property = property};
    uint16_t free_operands[PROGRAM_MAX];
    struct outcome outcome;
    char path[2048], replay[2100];

    snprintf(path, sizeof path, "%s/%s-%016" PRIx64 ".dma", check->options->findings, name, hash);
    snprintf(replay, sizeof replay, "dmarig run %s", path);
    runner_run(check->runner, program, &options, &outcome);
    explain_program(program, fails_again, &pinned, free_operands);
    fputc('\n', check->out);
    report_explained(check->out, program, &outcome.verdict, replay, free_operands);
    return save_finding(check, program, name, path);
}

static bool found(struct check *check, struct program *program, enum property property)
{
    struct check_result *result = check->result;
    struct pinned pinned = {.check = check, .property = property};
    uint64_t hash;

    result->failing++;
    if (result->found[property] == SAME_PROPERTY_MAX || result->findings == CHECK_FINDINGS_MAX)
        return true;
    if (fails_again(&pinned, program))
        shrink_program(program, fails_again, &pinned);
    hash = mixed(program_hash(program), property);
    if (is_known(result, hash))
        return true;
    result->hashes[result->findings++] = hash;
    result->found[property]++;
    return tell_finding(check, program, hash, property);
}

/* ---- the loop ---- */

static void run_again(struct check *check, const struct program *program, uint64_t seed,
                      const struct outcome *first)
{
    struct run_options options = {.legal_only = check->options->legal_only,
                                  .only = check->options->only};
    struct outcome second;

    runner_run(check->runner, program, &options, &second);
    if (second.digest == first->digest && second.verdict.property == first->verdict.property)
        return;
    check->result->unsteady++;
    check->result->unsteady_seed = seed;
}

static bool check_one(struct check *check, uint64_t seed)
{
    const struct check_options *options = check->options;
    struct run_options run_options = {.legal_only = options->legal_only,
                                      .only = options->only,
                                      .statistics = &check->result->statistics};
    struct program program;
    struct outcome outcome;

    generate_program_from(&program, seed, options->target->mask, options->start);
    runner_run(check->runner, &program, &run_options, &outcome);
    check->result->digest = mixed(check->result->digest, outcome.digest);
    if (check->result->runs++ % SECOND_RUN_EVERY == 0)
        run_again(check, &program, seed, &outcome);
    return outcome.verdict.property == PROPERTY_NONE ||
           found(check, &program, outcome.verdict.property);
}

static bool goes_on(const struct check *check)
{
    const struct check_options *options = check->options;

    if (options->stop && *options->stop) {
        check->result->stopped = true;
        return false;
    }
    if (check->result->findings == CHECK_FINDINGS_MAX)
        return false;
    if (options->seconds > 0 && check->result->runs % CLOCK_EVERY == 0 &&
        now() - check->started >= options->seconds)
        return false;
    return options->runs == 0 || check->result->runs < options->runs;
}

bool check_programs(const struct check_options *options, FILE *out,
                    void (*progress)(const struct check_options *options,
                                     const struct check_result *result, double elapsed),
                    struct check_result *result)
{
    struct check check = {.options = options, .result = result, .out = out, .started = now()};
    bool good = true;

    memset(result, 0, sizeof *result);
    check.runner = runner_make();
    if (!check.runner) {
        fprintf(stderr, "dmarig check: no memory\n");
        return false;
    }
    while (good && goes_on(&check)) {
        good = check_one(&check, options->seed + result->runs);
        if (progress && result->runs % CLOCK_EVERY == 0)
            progress(options, result, now() - check.started);
    }
    runner_free(check.runner);
    return good;
}
