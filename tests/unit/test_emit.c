/*
 * test_emit.c: every program becomes C, whatever the machine does to it.
 *
 * NdisMGetDmaAlignment is wrapped (CMakeLists.txt) and does what `fault` says.
 */
#define _POSIX_C_SOURCE 200809L
#include "emit.h"
#include "files.h"
#include "generate.h"
#include "interpret.h"
#include "sheet.h"
#include "target.h"
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static enum { NOT, BY_NUMBER, BY_ABORT, BY_NO_END, BY_REPORT } fault;
static struct runner *runner;

ULONG __real_NdisMGetDmaAlignment(NDIS_HANDLE adapter);
ULONG __wrap_NdisMGetDmaAlignment(NDIS_HANDLE adapter);

ULONG __wrap_NdisMGetDmaAlignment(NDIS_HANDLE adapter)
{
    volatile bool ever = true;

    if (fault == BY_ABORT)
        abort();
    while (fault == BY_NO_END && ever)
        ;
    if (fault == BY_REPORT)
        __real_NdisMGetDmaAlignment(NULL);
    return __real_NdisMGetDmaAlignment(adapter) + (fault == BY_NUMBER);
}

static int setup(void **state)
{
    (void)state;
    runner = runner_make();
    return runner == NULL;
}

static int teardown(void **state)
{
    (void)state;
    runner_free(runner);
    return 0;
}

/* The C of PROGRAM, to be freed. */
static char *c_of(const struct program *program)
{
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);

    assert_non_null(to);
    assert_true(emit_program(runner, program, "repro.c", to));
    assert_int_equal(fclose(to), 0);
    assert_true(strlen(text) == size);
    return text;
}

/* ---- the corpus ---- */

enum { EVERY = 4 }; /* program is taken */

static unsigned count(const char *text, const char *what)
{
    unsigned found = 0;

    for (const char *at = strstr(text, what); at; at = strstr(at + 1, what))
        found++;
    return found;
}

/* As many steps as the program has, each settled, and one end. */
static void check_steps(const struct program *program)
{
    char *text = c_of(program);
    unsigned steps = 1;

    for (unsigned i = 0; i < program->count; i++)
        steps += program->records[i].op != OP_nop && program->records[i].op != OP_return;
    assert_int_equal(count(text, "\n    STEP("), steps);
    assert_int_equal(count(text, "\n    settled("), steps - 1);
    assert_int_equal(count(text, "\nint main(void)\n"), 1);
    assert_int_equal(count(text, "\n    passed();\n}\n"), 1);
    free(text);
}

static void test_corpus(void **state)
{
    glob_t files;

    (void)state;
    assert_int_equal(glob("corpus/v1/*/*.dma", 0, NULL, &files), 0);
    for (size_t i = 0; i < files.gl_pathc; i += EVERY) {
        struct program program;
        struct text_head head;
        char error[FILE_ERROR_MAX];

        assert_true(file_program(files.gl_pathv[i], &program, &head, error));
        check_steps(&program);
    }
    globfree(&files);
}

static void look_away(struct observer *observer, struct runner *r, enum moment moment, int detail)
{
    (void)observer;
    (void)r;
    (void)moment;
    (void)detail;
}

static void test_observer_changes_nothing(void **state)
{
    struct observer observer = {look_away};
    struct run_options watched = {.observer = &observer};
    struct program program;
    struct outcome with, without;

    (void)state;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        generate_program(&program, seed, TARGET_MACHINE);
        runner_run(runner, &program, NULL, &without);
        runner_run(runner, &program, &watched, &with);
        assert_true(with.digest == without.digest);
    }
}

static void test_same_program_same_c(void **state)
{
    struct program program;

    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        char *first, *second;

        generate_program(&program, seed, TARGET_MACHINE);
        first = c_of(&program);
        second = c_of(&program);
        assert_string_equal(first, second);
        free(first);
        free(second);
    }
}

/* ---- broken machines ---- */

static const char asking[] =
    "driver1 = NdisMRegisterMiniportDriver()\n"
    "adapter1 = initialize(driver1)\n"
    "NdisMSetMiniportAttributes(adapter1, flags=0x40)\n"
    "dma1 = NdisMRegisterScatterGatherDma(adapter1, MaximumPhysicalMapping=4096)\n"
    "NdisMGetDmaAlignment(adapter1)\n"
    "return()\n"
    "pause(adapter1)\n";

static char *c_of_asking(void)
{
    struct program program;
    struct text_head head;
    struct text_error error;
    char *text;

    assert_true(program_parse(&program, &head, asking, strlen(asking), &error));
    text = c_of(&program);
    fault = NOT;
    return text;
}

/* The C goes to the step that failed, checks it, and ends. */
static void check_end(const char *text)
{
    const char *step = strstr(text, "STEP(5, \"NdisMGetDmaAlignment(adapter1)\");\n");
    const char *end;

    assert_non_null(strstr(text, "// >   5    NdisMGetDmaAlignment(adapter1)\n"));
    assert_non_null(step);
    assert_non_null(strstr(step, "gives(64, NdisMGetDmaAlignment(adapter1));\n"));
    end = strstr(step, "    settled(PASSIVE_LEVEL);\n    passed();");
    assert_non_null(end);
    assert_non_null(strstr(end, "happens(rig_initialize(machine, driver1));\n    failed("));
    assert_null(strstr(text, "STEP(7, \"pause"));
}

static void test_property_fails(void **state)
{
    char *text;

    (void)state;
    fault = BY_NUMBER;
    text = c_of_asking();
    assert_non_null(strstr(text, "// A machine fails alignment.value here: "));
    assert_non_null(strstr(text, "// expected value 64, got value 65\n"));
    check_end(text);
    free(text);
}

static void test_rule_invented(void **state)
{
    char *text;

    (void)state;
    fault = BY_REPORT;
    text = c_of_asking();
    assert_non_null(strstr(text, "// A machine fails rule.invented here: "));
    assert_null(strstr(text, "expect_report("));
    check_end(text);
    free(text);
}

static void test_crash(void **state)
{
    char *text;

    (void)state;
    fault = BY_ABORT;
    text = c_of_asking();
    assert_non_null(strstr(text, "// SIGABRT"));
    check_end(text);
    free(text);
}

static void test_hang(void **state)
{
    char *text;

    (void)state;
    fault = BY_NO_END;
    text = c_of_asking();
    check_end(text);
    free(text);
}

/* ---- identifiers ---- */

static void test_mentions(void **state)
{
    struct sheet sheet = {0};

    (void)state;
    assert_false(sheet_mentions(&sheet, "list1"));
    sheet_print(&sheet, "f(\"list1 \\\" list2\", list3); /* list4 */ list5_of(list6");
    assert_false(sheet_mentions(&sheet, "list1"));
    assert_false(sheet_mentions(&sheet, "list2"));
    assert_true(sheet_mentions(&sheet, "list3"));
    assert_false(sheet_mentions(&sheet, "list4"));
    assert_false(sheet_mentions(&sheet, "list5"));
    assert_true(sheet_mentions(&sheet, "list5_of"));
    assert_true(sheet_mentions(&sheet, "list6"));
    sheet_add(&sheet, "\"");
    assert_false(sheet_mentions(&sheet, "list7"));
    sheet_free(&sheet);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_corpus),
        cmocka_unit_test(test_observer_changes_nothing),
        cmocka_unit_test(test_same_program_same_c),
        cmocka_unit_test(test_property_fails),
        cmocka_unit_test(test_rule_invented),
        cmocka_unit_test(test_crash),
        cmocka_unit_test(test_hang),
        cmocka_unit_test(test_mentions),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
