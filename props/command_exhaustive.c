/*
 * command_exhaustive.c: dmarig exhaustive.
 */
#define _POSIX_C_SOURCE 200809L
#include "command.h"
#include "exhaustive.h"
#include "finding.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* In one scope; afterwards it is given up. */
enum { CRASHES_MAX = 200, HANGS_MAX = 3 };

struct words {
    const char *start, *alphabet, *findings;
    uint64_t depth, states, seconds;
};

struct hunt {
    const struct words *words;
    const volatile sig_atomic_t *stop;
    const struct scope_row *scope;
    struct finder finder;
    unsigned crashed, hung; /* in this scope; each costs a process */
    bool terminal, told[PROPERTY_COUNT], unsaved, timed_out;
    unsigned findings;
    double started, shown;
    struct exhaustive_result sum;
    unsigned depth, letters; /* largest */
};

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* ---- findings ---- */

static void tell(struct hunt *hunt, const struct job_result *crash)
{
    char tail[256], note[256];

    snprintf(tail, sizeof tail, "exhaustive-%s", hunt->scope->name);
    snprintf(note, sizeof note, "found by exhaustive search from %s", hunt->scope->name);
    hunt->unsaved |= !finding_tell(&hunt->finder, crash, tail, note);
}

/* The first program that fails a property is the shortest; the start may still lose records. */
static void on_found(void *context, const struct program *program, const struct outcome *outcome)
{
    struct hunt *hunt = context;
    enum property property = outcome->verdict.property;

    if (hunt->told[property])
        return;
    hunt->told[property] = true;
    hunt->findings++;
    finding_take(&hunt->finder, program, property, NULL);
    tell(hunt, NULL);
}

/* The first one to crash or to hang in the scope. */
static void on_crash(void *context, const struct program *program, const struct job_result *end)
{
    struct hunt *hunt = context;

    if (end->end == JOB_HUNG ? hunt->hung++ > 0 : hunt->crashed++ > 0)
        return;
    hunt->findings++;
    finding_take(&hunt->finder, program, PROPERTY_NONE, end);
    tell(hunt, end);
}

/* ---- one scope ---- */

static bool goes_on(void *context, const struct exhaustive_result *result)
{
    struct hunt *hunt = context;
    double time = now();

    if (hunt->terminal && time - hunt->shown > 0.5) {
        printf("\r%s: %" PRIu64 " programs, %" PRIu64 " states, %u letters ", hunt->scope->name,
               result->programs, result->states, result->deepest);
        fflush(stdout);
        hunt->shown = time;
    }
    if (hunt->words->seconds && time - hunt->started >= (double)hunt->words->seconds)
        hunt->timed_out = true;
    if (hunt->crashed >= CRASHES_MAX || hunt->hung >= HANGS_MAX)
        return false;
    return !hunt->timed_out && !(hunt->stop && *hunt->stop);
}

static void tell_bound(const struct hunt *hunt, const struct exhaustive_result *result,
                       const struct exhaustive_options *options, double seconds)
{
    if (hunt->terminal)
        fputs("\r\033[K", stdout);
    printf("%s: %" PRIu64 " programs, all of up to %u of %u letters (%" PRIu64
           " not continued: their last letter did nothing)",
           hunt->scope->name, result->programs, result->complete, options->alphabet->count,
           result->pruned);
    if (result->closed)
        printf(", all states: %" PRIu64 ", reached in %u letters", result->states, result->deepest);
    else if (options->states)
        printf(", breadth-first to %" PRIu64 " states, %u letters", result->states,
               result->deepest);
    else
        printf(", %" PRIu64 " states", result->states);
    printf("; %" PRIu64 " delivered a list, %" PRIu64 " failed; %.0f programs a second\n",
           result->delivering, result->found,
           seconds > 0 ? (double)result->programs / seconds : 0.0);
}

static void add_up(struct hunt *hunt, const struct exhaustive_result *result,
                   const struct exhaustive_options *options)
{
    struct exhaustive_result *sum = &hunt->sum;

    sum->programs += result->programs;
    sum->delivering += result->delivering;
    sum->states += result->states;
    if (result->complete < hunt->depth)
        hunt->depth = result->complete;
    if (options->alphabet->count > hunt->letters)
        hunt->letters = options->alphabet->count;
}

static bool read_scope(const struct hunt *hunt, const struct alphabet_row *row,
                       struct alphabet *alphabet, struct program *start)
{
    struct text_error error = {0};
    struct text_head head;

    if (alphabet_read(alphabet, row->names, row->letters, row->count, &error) &&
        program_parse(start, &head, hunt->scope->start, strlen(hunt->scope->start), &error))
        return true;
    fprintf(stderr, "dmarig exhaustive: %s, %s: %s\n", hunt->scope->name, row->name, error.message);
    return false;
}

static bool search_scope(struct hunt *hunt, const struct scope_row *scope,
                         const struct alphabet_row *row)
{
    struct alphabet alphabet;
    struct program start;
    struct exhaustive_result result;
    const struct words *words = hunt->words;
    struct exhaustive_options options = {
        .alphabet = &alphabet,
        .start = &start,
        .depth = words->depth == UINT64_MAX ? scope->depth : (unsigned)words->depth,
        .states = words->states == UINT64_MAX ? scope->states : words->states,
        .programs = scope->programs,
        .apart = true,
        .context = hunt,
        .found = on_found,
        .crashed = on_crash,
        .goes_on = goes_on};
    double begun = now();
    bool good;

    hunt->scope = scope;
    hunt->crashed = hunt->hung = 0;
    if (!read_scope(hunt, row ? row : &alphabets[scope->alphabet], &alphabet, &start))
        return false;
    good = exhaustive_run(&options, &result);
    tell_bound(hunt, &result, &options, now() - begun);
    add_up(hunt, &result, &options);
    if (!good && !result.found)
        fprintf(stderr, "dmarig exhaustive: no memory, or no process\n");
    return good || result.found;
}

/* ---- the command ---- */

static int search_all(struct hunt *hunt, const struct scope_row *one,
                      const struct alphabet_row *row)
{
    const struct exhaustive_result *sum = &hunt->sum;
    bool good = true;

    hunt->depth = EXHAUSTIVE_DEPTH;
    for (unsigned i = 0; good && i < SCOPE_COUNT; i++)
        if ((!one || one == &scopes[i]) && !hunt->timed_out && !(hunt->stop && *hunt->stop))
            good = search_scope(hunt, &scopes[i], row);
    printf("exhaustive: programs=%" PRIu64 " depth=%u letters=%u states=%" PRIu64
           " accepted_mapping=%.1f%% findings=%u\n",
           sum->programs, hunt->depth, hunt->letters, sum->states,
           sum->programs ? 100.0 * (double)sum->delivering / (double)sum->programs : 0.0,
           hunt->findings);
    if (!good || hunt->unsaved)
        return EXIT_USAGE;
    return hunt->findings ? EXIT_FINDINGS : EXIT_CLEAN;
}

static int with_runner(const struct words *words, const struct scope_row *one,
                       const struct alphabet_row *row, const volatile sig_atomic_t *stop)
{
    struct hunt *hunt = calloc(1, sizeof *hunt);
    int code = EXIT_USAGE;

    if (!hunt)
        return usage_error("exhaustive", "no memory");
    hunt->words = words;
    hunt->stop = stop;
    hunt->started = now();
    hunt->terminal = isatty(STDOUT_FILENO);
    hunt->finder =
        (struct finder){.command = "exhaustive", .directory = words->findings, .out = stdout};
    if (finder_open(&hunt->finder))
        code = search_all(hunt, one, row);
    else
        usage_error("exhaustive", "no memory");
    finder_close(&hunt->finder);
    free(hunt);
    return code;
}

static int list_scopes(void)
{
    for (unsigned i = 0; i < SCOPE_COUNT; i++)
        printf("%-22s alphabet %s, depth %u, states %" PRIu64 ": %s\n", scopes[i].name,
               alphabets[scopes[i].alphabet].name, scopes[i].depth, scopes[i].states,
               scopes[i].meaning);
    for (unsigned i = 0; i < ALPHABET_COUNT; i++)
        printf("%-22s %u letters: %s\n", alphabets[i].name, alphabets[i].count,
               alphabets[i].meaning);
    return EXIT_CLEAN;
}

int command_exhaustive(int argc, char **argv, const volatile sig_atomic_t *stop)
{
    struct words words = {.findings = "findings", .depth = UINT64_MAX, .states = UINT64_MAX};
    const struct scope_row *scope = NULL;
    const struct alphabet_row *alphabet = NULL;
    bool list = false;
    const struct option_row rows[] = {{"--start", OPTION_TEXT, &words.start},
                                      {"--alphabet", OPTION_TEXT, &words.alphabet},
                                      {"--depth", OPTION_NUMBER, &words.depth},
                                      {"--states", OPTION_NUMBER, &words.states},
                                      {"--seconds", OPTION_NUMBER, &words.seconds},
                                      {"--findings", OPTION_TEXT, &words.findings},
                                      {"--list", OPTION_SWITCH, &list}};
    int operands;

    if (!options_parse(argc, argv, rows, sizeof rows / sizeof rows[0], &operands))
        return EXIT_USAGE;
    if (operands > 0)
        return usage_error("exhaustive", "takes no operand, found %s", argv[1]);
    if (list)
        return list_scopes();
    if (words.start && !(scope = scope_find(words.start)))
        return usage_error("exhaustive", "unknown start %s (--list names them)", words.start);
    if (words.alphabet && !(alphabet = alphabet_find(words.alphabet)))
        return usage_error("exhaustive", "unknown alphabet %s (--list names them)", words.alphabet);
    if (words.depth != UINT64_MAX && (words.depth < 1 || words.depth > EXHAUSTIVE_DEPTH))
        return usage_error("exhaustive", "--depth wants 1 to %d", (int)EXHAUSTIVE_DEPTH);
    return with_runner(&words, scope, alphabet, stop);
}
