/*
 * test_run.c: a run is a function of its program, and leaves nothing behind.
 */
#include "generate.h"
#include "run.h"
#include "target.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { PROGRAMS = 3000, COMPARED = 400 };

static struct runner *runner;
static struct program program;

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

static void run(uint64_t seed, struct outcome *outcome)
{
    generate_program(&program, seed, TARGET_MACHINE);
    runner_run(runner, &program, NULL, outcome);
    if (outcome->verdict.property)
        fail_msg("seed %llu: %s at record %u: expected %s, got %s", (unsigned long long)seed,
                 property_row(outcome->verdict.property)->name, outcome->verdict.record + 1,
                 outcome->verdict.expected, outcome->verdict.actual);
}

static void test_same_program_same_digest(void **state)
{
    struct outcome first, second;

    (void)state;
    for (uint64_t seed = 0; seed < PROGRAMS; seed++) {
        run(seed, &first);
        run(seed, &second);
        assert_true(first.digest == second.digest);
        assert_int_equal(first.firing_count, second.firing_count);
    }
}

static void test_other_program_other_digest(void **state)
{
    struct outcome first, second;
    unsigned equal = 0;

    (void)state;
    for (uint64_t seed = 0; seed < 100; seed++) {
        run(seed, &first);
        run(seed + 1000, &second);
        equal += first.digest == second.digest;
    }
    assert_true(equal < 5);
}

static void test_reset_after_any_program(void **state)
{
    struct machine *machine = runner_machine(runner);
    void *fresh = malloc(rig_size());
    struct outcome outcome;

    (void)state;
    assert_non_null(fresh);
    memcpy(fresh, machine, rig_size());
    for (uint64_t seed = 0; seed < COMPARED; seed++) {
        run(seed, &outcome);
        assert_memory_equal(machine, fresh, rig_size());
    }
    free(fresh);
}

static void test_statistics_add_up(void **state)
{
    struct statistics statistics = {0};
    struct run_options options = {.statistics = &statistics};
    struct outcome outcome;
    uint64_t lists = 0;

    (void)state;
    for (uint64_t seed = 0; seed < 200; seed++) {
        generate_program(&program, seed, TARGET_SG);
        runner_run(runner, &program, &options, &outcome);
    }
    for (unsigned i = 0; i < 16; i++)
        lists += statistics.list_median[i];
    assert_int_equal(statistics.programs, 200);
    assert_int_equal(lists, 200);
    assert_true(statistics.lists > 0);
    assert_true(statistics.accepted > 0 && statistics.accepted <= statistics.calls);
    assert_true(statistics.calls <= statistics.records);
}

/* In legal-only mode nothing that breaks a rule is tried. */
static void test_legal_only_breaks_no_rule(void **state)
{
    struct run_options options = {.legal_only = true};
    struct outcome outcome;

    (void)state;
    for (uint64_t seed = 0; seed < PROGRAMS; seed++) {
        generate_program(&program, seed, TARGET_MACHINE);
        runner_run(runner, &program, &options, &outcome);
        assert_int_equal(outcome.verdict.property, PROPERTY_NONE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_program_same_digest),
        cmocka_unit_test(test_other_program_other_digest),
        cmocka_unit_test(test_reset_after_any_program),
        cmocka_unit_test(test_statistics_add_up),
        cmocka_unit_test(test_legal_only_breaks_no_rule),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
