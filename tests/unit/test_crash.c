/*
 * test_crash.c: programs that end their process, or never end, are findings like others.
 *
 * NdisMGetDmaAlignment is wrapped (CMakeLists.txt) and does what `broken` says.
 */
#define _POSIX_C_SOURCE 200809L
#include "check.h"
#include "confirm.h"
#include "exhaustive.h"
#include "files.h"
#include "isolate.h"
#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static enum { NOT, BY_ASSERTION, BY_ABORT, BY_NO_END, WRONG_OR_DEAD } broken;

ULONG __real_NdisMGetDmaAlignment(NDIS_HANDLE adapter);
ULONG __wrap_NdisMGetDmaAlignment(NDIS_HANDLE adapter);

static void sink(ULONG alignment)
{
    volatile bool ever = true;

    if (broken == BY_ASSERTION && alignment == 64)
        fprintf(stderr, "test_crash: tests/sink.c:7: sink: Assertion `alignment < 64' failed.\n");
    if ((broken == BY_ASSERTION || broken == BY_ABORT) && alignment == 64)
        abort();
    while (broken == BY_NO_END && alignment == 64 && ever)
        ;
}

ULONG __wrap_NdisMGetDmaAlignment(NDIS_HANDLE adapter)
{
    ULONG alignment = __real_NdisMGetDmaAlignment(adapter);

    if (broken == WRONG_OR_DEAD && !adapter)
        abort();
    if (broken == WRONG_OR_DEAD && alignment)
        return alignment + 1;
    sink(alignment);
    return alignment;
}

/* ---- dmarig check ---- */

struct search {
    char folder[32], *text;
    struct check_result result;
    bool good;
};

static void search(struct search *search, uint64_t runs)
{
    struct check_options options = {
        .target = target_find("sgdma"), .runs = runs, .seed = 1, .findings = search->folder};
    size_t size;
    FILE *out;

    strcpy(search->folder, "/tmp/dmarig-XXXXXX");
    assert_non_null(mkdtemp(search->folder));
    out = open_memstream(&search->text, &size);
    assert_non_null(out);
    search->good = check_programs(&options, out, NULL, &search->result);
    assert_int_equal(fclose(out), 0);
    assert_true(search->good);
}

/* The saved program of a finding; its file and the folder go. */
static struct program take_saved(struct search *search, const char *name)
{
    DIR *folder = opendir(search->folder);
    struct program program = {0};
    struct dirent *entry;
    unsigned found = 0;

    assert_non_null(folder);
    while ((entry = readdir(folder))) {
        char path[512], error[FILE_ERROR_MAX];
        struct text_head head;

        snprintf(path, sizeof path, "%s/%s", search->folder, entry->d_name);
        if (strncmp(entry->d_name, name, strlen(name)) == 0) {
            assert_true(file_program(path, &program, &head, error));
            found++;
        }
        if (entry->d_name[0] != '.')
            assert_int_equal(unlink(path), 0);
    }
    closedir(folder);
    assert_int_equal(rmdir(search->folder), 0);
    free(search->text);
    assert_int_equal(found, 1);
    return program;
}

static void assert_says(const struct search *search, const char *text)
{
    if (!strstr(search->text, text))
        fail_msg("not said: %s\n%s", text, search->text);
}

/* A live handle alone is answered with 64: a DMA channel must be had, which asks for no flag. */
static void assert_minimum(const struct program *program)
{
    static const enum op_code ops[] = {OP_NdisMRegisterMiniportDriver, OP_initialize,
                                       OP_NdisMSetMiniportAttributes, OP_NdisMRegisterDmaChannel,
                                       OP_NdisMGetDmaAlignment};

    assert_int_equal(program->count, sizeof ops / sizeof ops[0]);
    for (unsigned i = 0; i < program->count; i++)
        assert_int_equal(program->records[i].op, ops[i]);
}

static void test_crash_is_found(void **state)
{
    struct search done;
    struct program minimum;

    (void)state;
    broken = BY_ASSERTION;
    search(&done, 300);
    assert_int_equal(done.result.runs, 300);
    assert_true(done.result.crashes > 1);
    assert_int_equal(done.result.findings, 1);
    assert_says(&done, "FAIL crash ");
    assert_says(&done, "got      assertion alignment < 64 in sink\n");
    assert_says(&done, "replay: dmarig run /tmp/dmarig-");
    assert_says(&done, "dmarig: Assertion 'crash' failed.\n"
                       "DEDUP_TOKEN: crash assertion alignment < 64 in sink\n");
    minimum = take_saved(&done, "crash-");
    assert_minimum(&minimum);
}

static void test_hang_is_found(void **state)
{
    struct search done;
    struct program minimum;

    (void)state;
    broken = BY_NO_END;
    search(&done, 30);
    assert_true(done.result.runs > 1);
    assert_true(done.result.hangs > 0);
    assert_int_equal(done.result.findings, 1);
    assert_says(&done, "DEDUP_TOKEN: hang no end\n");
    minimum = take_saved(&done, "hang-");
    assert_minimum(&minimum);
}

/* A property fails; some of what is smaller crashes. Both are told. */
static void test_crash_while_shrinking(void **state)
{
    struct search done;
    struct program minimum;

    (void)state;
    broken = WRONG_OR_DEAD;
    search(&done, 60);
    assert_int_equal(done.result.runs, 60);
    assert_true(done.result.crashes > 0);
    assert_says(&done, "DEDUP_TOKEN: crash SIGABRT\n");
    assert_says(&done, "DEDUP_TOKEN: alignment.value\n");
    minimum = take_saved(&done, "alignment.value-");
    assert_minimum(&minimum);
}

/* A search with no crash sees what it saw when it ran in one process with its caller. */
static void test_clean_search(void **state)
{
    struct search done;

    (void)state;
    broken = NOT;
    search(&done, 300);
    assert_int_equal(done.result.runs, 300);
    assert_int_equal(done.result.failing, 0);
    assert_int_equal(done.result.statistics.programs, 300);
    assert_string_equal(done.text, "");
    free(done.text);
    assert_int_equal(rmdir(done.folder), 0);
}

/* ---- exhaustive search ---- */

enum { LETTERS = 3 };

struct deaths {
    unsigned crashes, hangs, records; /* how many; records of the first program */
};

static void on_death(void *context, const struct program *program, const struct job_result *end)
{
    struct deaths *deaths = context;

    if (deaths->crashes + deaths->hangs == 0)
        deaths->records = program->count;
    deaths->crashes += end->end == JOB_CRASHED;
    deaths->hangs += end->end == JOB_HUNG;
}

static bool until_the_third(void *context, const struct exhaustive_result *result)
{
    (void)context;
    return result->found < 3;
}

static struct exhaustive_result search_small(
    struct deaths *deaths, const char *begin,
    bool (*goes_on)(void *context, const struct exhaustive_result *result))
{
    static const char *const letters[LETTERS] = {"NdisMGetDmaAlignment(adapter1)\n",
                                                 "KeRaiseIrql(level=DISPATCH_LEVEL)\n",
                                                 "KeLowerIrql()\n"};
    struct program start;
    struct text_head head;
    struct text_error error;
    struct alphabet alphabet;
    struct exhaustive_result result;
    struct exhaustive_options options = {.alphabet = &alphabet,
                                         .start = &start,
                                         .depth = 3,
                                         .keep_all = true,
                                         .apart = true,
                                         .context = deaths,
                                         .crashed = on_death,
                                         .goes_on = goes_on};

    assert_true(program_parse(&start, &head, begin, strlen(begin), &error));
    assert_true(alphabet_read(&alphabet, begin, letters, LETTERS, &error));
    exhaustive_run(&options, &result);
    return result;
}

#define ASKED                                                                   \
    "driver1 = NdisMRegisterMiniportDriver()\nadapter1 = initialize(driver1)\n" \
    "NdisMSetMiniportAttributes(adapter1, flags=0x40)\n"                        \
    "dma1 = NdisMRegisterScatterGatherDma(adapter1, MaximumPhysicalMapping=1)\n"

/* The alignment is asked for at PASSIVE_LEVEL, which crashes, first; after a lowering; after a raising
 * and a lowering, or two lowerings. What crashed is not continued. */
static void test_exhaustive_search_outlives_crashes(void **state)
{
    struct deaths deaths = {0};
    struct exhaustive_result result;

    (void)state;
    broken = BY_ABORT;
    result = search_small(&deaths, ASKED, NULL);
    broken = NOT;
    assert_int_equal(result.complete, 3);
    assert_int_equal(result.programs, 3 + 2 * 3 + 5 * 3);
    assert_int_equal(result.found, 1 + 1 + 2);
    assert_int_equal(deaths.crashes, 4);
    assert_int_equal(deaths.hangs, 0);
    assert_int_equal(deaths.records, 5);
}

static void test_crashes_can_end_the_search(void **state)
{
    struct deaths deaths = {0};
    struct exhaustive_result result;

    (void)state;
    broken = BY_ABORT;
    result = search_small(&deaths, ASKED, until_the_third);
    broken = NOT;
    assert_true(result.stopped);
    assert_int_equal(deaths.crashes, 3);
    assert_int_equal(result.complete, 2);
}

static void test_a_start_that_hangs_is_found(void **state)
{
    struct deaths deaths = {0};
    struct exhaustive_result result;

    (void)state;
    broken = BY_NO_END;
    result = search_small(&deaths, ASKED "NdisMGetDmaAlignment(adapter1)\n", NULL);
    broken = NOT;
    assert_int_equal(result.found, 1);
    assert_int_equal(result.programs, 0);
    assert_int_equal(deaths.hangs, 1);
    assert_int_equal(deaths.records, 5);
}

/* ---- the shortest program ---- */

static struct confirm_result confirm(const char *text, uint64_t most)
{
    const struct job_result crash = {.end = JOB_CRASHED, .cause = "SIGABRT"};
    struct confirm_result result;
    struct program program;
    struct text_head head;
    struct text_error error;

    assert_true(program_parse(&program, &head, text, strlen(text), &error));
    broken = BY_ABORT;
    assert_true(confirm_shortest(&program, PROPERTY_NONE, &crash, most, &result));
    broken = NOT;
    return result;
}

/* Of its five records in every order and number, or behind its first two. */
static void test_a_shortest_program_is_confirmed(void **state)
{
    struct confirm_result result = confirm(ASKED "NdisMGetDmaAlignment(adapter1)\n", 1000);

    (void)state;
    assert_int_equal(result.end, CONFIRM_SHORTEST);
    assert_int_equal(result.tail, 5);
    assert_int_equal(result.programs, 1 + 5 + 25 + 125 + 625);
    result = confirm(ASKED "NdisMGetDmaAlignment(adapter1)\n", 100);
    assert_int_equal(result.end, CONFIRM_TAIL);
    assert_int_equal(result.tail, 3);
    assert_int_equal(result.programs, 1 + 5 + 25);
    result = confirm(ASKED "NdisMGetDmaAlignment(adapter1)\n", 5);
    assert_int_equal(result.end, CONFIRM_BEYOND);
}

static void test_a_shorter_program_is_found(void **state)
{
    struct confirm_result result =
        confirm(ASKED "KeLowerIrql()\nNdisMGetDmaAlignment(adapter1)\n", 100000);

    (void)state;
    assert_int_equal(result.end, CONFIRM_SHORTER);
    assert_int_equal(result.shorter.count, 5);
}

/* ---- a job ---- */

static void say_and_die(void *words)
{
    fputs(words, stderr);
    _exit(1);
}

static void assert_cause(const char *words, const char *cause)
{
    struct job_result result;

    isolate(say_and_die, (void *)words, &result);
    assert_int_equal(result.end, JOB_CRASHED);
    assert_string_equal(result.cause, cause);
}

static void test_causes(void **state)
{
    (void)state;
    assert_cause("", "exit status 1");
    assert_cause("p: a.c:1: take: Assertion `x' failed.\n", "assertion x in take");
    assert_cause("p: a.c:1: struct m *take(int, int): Assertion `x: y' failed.\n",
                 "assertion x: y in take");
    assert_cause("/w/core/a.c:9:5: runtime error: index 9 out of bounds for type 'int [4]'\n"
                 "SUMMARY: UndefinedBehaviorSanitizer: undefined-behavior /w/core/a.c:9:5 in \n",
                 "undefined behaviour, index in a.c");
    assert_cause("SUMMARY: AddressSanitizer: use-after-poison /w/core/a.c:9:5 in take\n",
                 "AddressSanitizer use-after-poison in take");
    assert_cause("SUMMARY: AddressSanitizer: SEGV (/w/test_crash+0x1234) in main\n",
                 "AddressSanitizer SEGV");
}

/* What runs the tests in the background may have them ignore SIGINT. */
static void end_by(void *number)
{
    if (*(int *)number)
        signal(*(int *)number, SIG_DFL);
    raise(*(int *)number);
}

static void test_ends(void **state)
{
    const struct {
        int number;
        enum job_end end;
    } ends[] = {{0, JOB_DONE},
                {SIGABRT, JOB_CRASHED},
                {SIGXCPU, JOB_CRASHED},
                {SIGINT, JOB_STOPPED},
                {SIGTERM, JOB_STOPPED}};
    struct job_result result;

    (void)state;
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        isolate(end_by, (void *)&ends[i].number, &result);
        assert_int_equal(result.end, ends[i].end);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_crash_is_found),
        cmocka_unit_test(test_hang_is_found),
        cmocka_unit_test(test_crash_while_shrinking),
        cmocka_unit_test(test_clean_search),
        cmocka_unit_test(test_exhaustive_search_outlives_crashes),
        cmocka_unit_test(test_crashes_can_end_the_search),
        cmocka_unit_test(test_a_start_that_hangs_is_found),
        cmocka_unit_test(test_a_shortest_program_is_confirmed),
        cmocka_unit_test(test_a_shorter_program_is_found),
        cmocka_unit_test(test_causes),
        cmocka_unit_test(test_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
