/*
 * selftest.c: random, exhaustive and replaying search for a planted bug.
 */
#define _POSIX_C_SOURCE 200809L
#include "selftest.h"
#include "exhaustive.h"
#include "files.h"
#include "generate.h"
#include "isolate.h"
#include "shrink.h"
#include "target.h"
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { EXHAUSTIVE_LETTERS = 4 };
enum {
    HUNG = 2000
}; /* ms; programs, and the few that exhaustive search runs at a time, take less */

const char *const engine_names[ENGINE_COUNT] = {"random", "exhaustive", "replay"};

struct search {
    enum planted_id bug;
    enum engine engine;
    const struct search_options *options;
    struct search_result *result; /* shared with the parent */
    struct runner *runner;
    struct statistics statistics;
    double started;
};

/* Of this process alone, so that what else the computer does is not counted. */
static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static bool trouble(struct search *search, const char *what)
{
    snprintf(search->result->trouble, sizeof search->result->trouble, "%s", what);
    search->result->ending = ENDING_TROUBLE;
    return false;
}

static bool in_time(const struct search *search)
{
    return now() - search->started < search->options->seconds;
}

/* What is known so far; all of it if the program that runs next ends the process. */
static void note_state(struct search *search)
{
    search->result->seconds = now() - search->started;
    search->result->counts = planted_counts;
}

static void note_found(struct search *search, const struct program *program, enum property property)
{
    note_state(search);
    search->result->program = *program;
    search->result->property = property;
    search->result->ending = ENDING_FOUND;
}

/* Returns whether the search goes on. */
static bool try_program(struct search *search, const struct program *program)
{
    struct run_options options = {.statistics = &search->statistics};
    struct outcome outcome;

    search->result->program = *program;
    note_state(search);
    search->result->programs++;
    isolate_alive(HUNG);
    runner_run(search->runner, program, &options, &outcome);
    search->result->calls = search->statistics.calls;
    if (outcome.verdict.property == PROPERTY_NONE)
        return in_time(search);
    note_found(search, program, outcome.verdict.property);
    return false;
}

/* ---- the engines ---- */

static bool search_random(struct search *search)
{
    uint64_t seed = search->options->seed;
    struct program program;

    do
        generate_program(&program, seed++, TARGET_MACHINE);
    while (try_program(search, &program));
    return true;
}

static void on_found(void *context, const struct program *program, const struct outcome *outcome)
{
    struct search *search = context;

    if (search->result->ending != ENDING_FOUND)
        note_found(search, program, outcome->verdict.property);
}

static bool goes_on(void *context, const struct exhaustive_result *result)
{
    const struct search *search = context;

    (void)result;
    isolate_alive(HUNG);
    return search->result->ending != ENDING_FOUND && in_time(search);
}

static bool search_scope(struct search *search, const struct scope_row *scope)
{
    const struct alphabet_row *row = &alphabets[scope->alphabet];
    struct alphabet alphabet;
    struct program start;
    struct text_error error;
    struct text_head head;
    struct exhaustive_result result;
    struct exhaustive_options options = {.alphabet = &alphabet,
                                         .start = &start,
                                         .depth = EXHAUSTIVE_LETTERS,
                                         .context = search,
                                         .found = on_found,
                                         .goes_on = goes_on};
    bool good;

    if (!alphabet_read(&alphabet, row->names, row->letters, row->count, &error) ||
        !program_parse(&start, &head, scope->start, strlen(scope->start), &error))
        return trouble(search, error.message);
    good = exhaustive_run(&options, &result);
    search->result->programs += result.programs;
    search->result->calls += result.calls;
    return good || result.found || trouble(search, "no memory");
}

static bool search_exhaustive(struct search *search)
{
    bool good = true;

    for (unsigned i = 0; good && i < SCOPE_COUNT && goes_on(search, NULL); i++)
        good = search_scope(search, &scopes[i]);
    return good;
}

static bool replay_file(struct search *search, const char *path)
{
    struct program program;
    struct text_head head;
    char error[FILE_ERROR_MAX];

    if (!file_program(path, &program, &head, error))
        return trouble(search, error);
    return try_program(search, &program);
}

/* Returns whether the search goes on. */
static bool replay_directory(struct search *search, const char *name)
{
    char path[4096];
    struct dirent **entries;
    int count;
    bool more = true;

    snprintf(path, sizeof path, "%s/%s", search->options->corpus, name);
    count = scandir(path, &entries, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        snprintf(path, sizeof path, "%s/%s/%s", search->options->corpus, name, entries[i]->d_name);
        if (more && file_is_text(path))
            more = replay_file(search, path);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
    return more;
}

static bool search_replay(struct search *search)
{
    if (replay_directory(search, "seed"))
        replay_directory(search, "regress");
    if (search->result->programs == 0)
        return trouble(search, "the corpus has no programs");
    return search->result->ending != ENDING_TROUBLE;
}

/* ---- the process ---- */

static bool fails_again(void *context, const struct program *program)
{
    struct search *search = context;
    struct run_options options = {.only = search->result->property};
    struct outcome outcome;

    isolate_alive(HUNG);
    runner_run(search->runner, program, &options, &outcome);
    return outcome.verdict.property == search->result->property;
}

static void shrink_found(struct search *search)
{
    struct program smaller = search->result->program;

    program_canonical(&smaller);
    if (!fails_again(search, &smaller))
        return;
    shrink_program(&smaller, fails_again, search);
    search->result->program = smaller;
}

static void search_as_job(void *context)
{
    static bool (*const engines[])(struct search *) = {search_random, search_exhaustive,
                                                       search_replay};
    struct search *search = context;

    planted_select(planted_bugs[search->bug].name);
    search->runner = runner_make();
    search->started = now();
    if (!search->runner)
        trouble(search, "no memory");
    else if (!engines[search->engine](search))
        search->result->ending = ENDING_TROUBLE;
    else if (search->result->ending != ENDING_FOUND)
        note_state(search);
    else if (search->options->shrink)
        shrink_found(search);
    runner_free(search->runner);
}

bool selftest_search(enum planted_id bug, enum engine engine, const struct search_options *options,
                     struct search_result *result)
{
    struct search_result *shared = shared_memory(sizeof *shared);
    struct search search = {.bug = bug, .engine = engine, .options = options, .result = shared};
    struct job_result job;

    *result = (struct search_result){.ending = ENDING_TROUBLE, .trouble = "no memory"};
    if (!shared)
        return false;
    isolate(search_as_job, &search, &job);
    *result = *shared;
    shared_memory_free(shared, sizeof *shared);
    if (job.end == JOB_STOPPED) {
        result->ending = ENDING_TROUBLE;
        snprintf(result->trouble, sizeof result->trouble, "%s", job.cause);
    } else if (job.end != JOB_DONE && result->ending != ENDING_FOUND) {
        result->ending = ENDING_CRASH;
    }
    return result->ending != ENDING_TROUBLE;
}

/* ---- what was found ---- */

const char *selftest_found(const struct search_result *result)
{
    if (result->ending == ENDING_FOUND)
        return property_row(result->property)->name;
    return result->ending == ENDING_CRASH ? "crash" : "";
}

bool selftest_as_expected(enum planted_id bug, const struct search_result *result)
{
    const char *found = selftest_found(result), *at = planted_bugs[bug].expected;
    size_t length = strlen(found);

    while (*at && length > 0) {
        size_t word = strcspn(at, " ");

        if (word == length && memcmp(at, found, length) == 0)
            return true;
        at += word + strspn(at + word, " ");
    }
    return false;
}
