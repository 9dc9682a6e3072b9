/*
 * command_selftest.c: dmarig selftest, where there are planted bugs: can the judge find them?
 */
#define _POSIX_C_SOURCE 200809L
#include "command.h"
#include "files.h"
#include "selftest.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct words {
    const char *bug, *engine, *table, *programs;
    uint64_t seconds, seed;
    bool list;
};

struct selftest {
    const struct words *words;
    const volatile sig_atomic_t *stop;
    struct search_options options;
    unsigned first_engine, last_engine;
    FILE *table; /* NULL: none is asked for */
    unsigned bugs, found, random, other;
};

/* ---- what is said ---- */

static int list_bugs(void)
{
    for (unsigned i = 0; i < PLANTED_COUNT; i++) {
        const struct planted_bug *bug = &planted_bugs[i];

        printf("%-26s %s\n%-26s in %s of %s; expected: %s; %s%s%s\n", bug->name, bug->about, "",
               bug->function, bug->file, bug->expected, bug->rules, *bug->seen ? "; seen in " : "",
               bug->seen);
    }
    return EXIT_CLEAN;
}

static void print_search(const struct selftest *selftest, enum planted_id bug, enum engine engine,
                         const struct search_result *result)
{
    bool good = selftest_as_expected(bug, result);
    const char *found = selftest_found(result);

    printf("  %-10s %s%-22s %8" PRIu64 " programs %7.2f s  reached %" PRIu64 " triggered %" PRIu64
           "\n",
           engine_names[engine], good ? "" : "NOT: ", *found ? found : "nothing", result->programs,
           result->seconds, result->counts.reached, result->counts.triggered);
    if (selftest->table)
        fprintf(selftest->table,
                "%s\t%s\t%s\t%s\t%" PRIu64 "\t%" PRIu64 "\t%.3f\t%" PRIu64 "\t%" PRIu64 "\n",
                planted_bugs[bug].name, engine_names[engine], good ? "found" : "missed",
                *found ? found : "-", result->programs, result->calls, result->seconds,
                result->counts.reached, result->counts.triggered);
}

/* DIRECTORY/BUG.dma: the shrunk program, as text. */
static bool save_program(const char *directory, const char *bug, const char *property,
                         const struct program *program)
{
    char path[4096], error[FILE_ERROR_MAX] = "", *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    bool good = file != NULL;

    if (good) {
        fprintf(file, "# fails %s with %s planted\n", property, bug);
        program_print(program, file);
        good = fclose(file) == 0;
    }
    snprintf(path, sizeof path, "%s/%s.dma", directory, bug);
    if (mkdir(directory, 0755) != 0 && errno != EEXIST)
        good = false;
    good = good && file_write(path, text, size, error);
    if (!good)
        fprintf(stderr, "dmarig selftest: cannot write %s\n", path);
    free(text);
    return good;
}

/* ---- the searches ---- */

static bool search_bug(struct selftest *selftest, enum planted_id bug)
{
    const struct words *words = selftest->words;
    bool found[ENGINE_COUNT] = {false}, saved = !words->programs;
    struct search_result result;

    printf("%s: %s; expected: %s\n", planted_bugs[bug].name, planted_bugs[bug].about,
           planted_bugs[bug].expected);
    for (unsigned i = selftest->first_engine; i <= selftest->last_engine; i++) {
        enum engine engine = (enum engine)i;

        if (!selftest_search(bug, engine, &selftest->options, &result)) {
            usage_error("selftest", "%s search for %s: %s", engine_names[engine],
                        planted_bugs[bug].name, result.trouble);
            return false;
        }
        found[i] = selftest_as_expected(bug, &result);
        print_search(selftest, bug, engine, &result);
        fflush(stdout);
        if (!saved && found[i] && result.ending == ENDING_FOUND) {
            if (!save_program(words->programs, planted_bugs[bug].name, selftest_found(&result),
                              &result.program))
                return false;
            saved = true;
        }
    }
    selftest->bugs++;
    selftest->random += found[ENGINE_RANDOM];
    selftest->other += found[ENGINE_EXHAUSTIVE] || found[ENGINE_REPLAY];
    selftest->found += found[ENGINE_RANDOM] || found[ENGINE_EXHAUSTIVE] || found[ENGINE_REPLAY];
    return true;
}

/* Random search finds every bug, the other engines nine of ten. */
static bool is_enough(const struct selftest *selftest)
{
    bool random = selftest->first_engine == ENGINE_RANDOM;
    bool others = selftest->last_engine != ENGINE_RANDOM;

    return (!random || selftest->random == selftest->bugs) &&
           (!others || 10 * selftest->other >= 9 * selftest->bugs);
}

static int search_all(struct selftest *selftest, enum planted_id one)
{
    bool good = true;

    for (unsigned bug = 0; bug < PLANTED_COUNT && good; bug++)
        if ((one == PLANTED_COUNT || one == bug) && !*selftest->stop)
            good = search_bug(selftest, (enum planted_id)bug);
    printf("selftest: bugs=%u found=%u random=%u exhaustive_or_replay=%u\n", selftest->bugs,
           selftest->found, selftest->random, selftest->other);
    if (!good)
        return EXIT_USAGE;
    return is_enough(selftest) && !*selftest->stop ? EXIT_CLEAN : EXIT_FINDINGS;
}

static int with_table(struct selftest *selftest, enum planted_id one)
{
    char error[FILE_ERROR_MAX], *text = NULL;
    size_t size = 0;
    int code;

    if (!selftest->words->table)
        return search_all(selftest, one);
    selftest->table = open_memstream(&text, &size);
    if (!selftest->table)
        return usage_error("selftest", "no memory");
    code = search_all(selftest, one);
    if (fclose(selftest->table) != 0)
        code = usage_error("selftest", "no memory");
    else if (!file_write(selftest->words->table, text, size, error))
        code = usage_error("selftest", "%s", error);
    free(text);
    return code;
}

/* ---- the command ---- */

static bool find_engine(struct selftest *selftest, const char *name)
{
    selftest->last_engine = ENGINE_COUNT - 1;
    if (!name)
        return true;
    for (unsigned i = 0; i < ENGINE_COUNT; i++)
        if (strcmp(engine_names[i], name) == 0) {
            selftest->first_engine = selftest->last_engine = i;
            return true;
        }
    usage_error("selftest", "unknown engine %s (random, exhaustive or replay)", name);
    return false;
}

static bool find_bug(const char *name, enum planted_id *bug)
{
    *bug = PLANTED_COUNT;
    if (!name)
        return true;
    for (unsigned i = 0; i < PLANTED_COUNT; i++)
        if (strcmp(planted_bugs[i].name, name) == 0)
            *bug = (enum planted_id)i;
    if (*bug == PLANTED_COUNT)
        usage_error("selftest", "unknown planted bug %s (--list names them)", name);
    return *bug != PLANTED_COUNT;
}

int command_selftest(int argc, char **argv, const volatile sig_atomic_t *stop)
{
    const char *corpus = getenv("DMARIG_CORPUS"); /* scripts/dmarig says where it is */
    struct words words = {.seconds = 10, .seed = 1};
    const struct option_row rows[] = {
        {"--bug", OPTION_TEXT, &words.bug},           {"--engine", OPTION_TEXT, &words.engine},
        {"--seconds", OPTION_NUMBER, &words.seconds}, {"--seed", OPTION_NUMBER, &words.seed},
        {"--table", OPTION_TEXT, &words.table},       {"--programs", OPTION_TEXT, &words.programs},
        {"--corpus", OPTION_TEXT, &corpus},           {"--list", OPTION_SWITCH, &words.list},
    };
    struct selftest selftest = {.words = &words, .stop = stop};
    enum planted_id one;
    int operands;

    if (!options_parse(argc, argv, rows, sizeof rows / sizeof rows[0], &operands))
        return EXIT_USAGE;
    if (operands > 0)
        return usage_error("selftest", "takes no operand, found %s", argv[1]);
    if (words.list)
        return list_bugs();
    if (!find_bug(words.bug, &one) || !find_engine(&selftest, words.engine))
        return EXIT_USAGE;
    if (words.seconds < 1 || words.seconds > 3600)
        return usage_error("selftest", "--seconds wants 1 to 3600");
    selftest.options = (struct search_options){.seconds = (double)words.seconds,
                                               .seed = words.seed,
                                               .corpus = corpus ? corpus : "corpus/v1",
                                               .shrink = words.programs != NULL};
    return with_table(&selftest, one);
}
