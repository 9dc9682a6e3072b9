/*
 * test_exhaustive.c: the state digest sees what matters and nothing else; small-scope search runs
 * every program of its scope, once, and the shortest failing one first.
 */
#include "exhaustive.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct runner *runner;

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

static void read_program(struct program *program, const char *text)
{
    struct text_head head;
    struct text_error error = {0};

    if (!program_parse(program, &head, text, strlen(text), &error))
        fail_msg("%u:%u: %s", error.line, error.column, error.message);
}

static struct outcome outcome_of(const char *text)
{
    struct run_options options = {.state = true};
    struct program program;
    struct outcome outcome;

    read_program(&program, text);
    runner_run(runner, &program, &options, &outcome);
    assert_int_equal(outcome.verdict.property, PROPERTY_NONE);
    assert_true(outcome.state != 0);
    return outcome;
}

static uint64_t state_of(const char *text)
{
    return outcome_of(text).state;
}

#define DRIVER "driver1 = NdisMRegisterMiniportDriver(version=6.30)\n"
#define DATA "buffer1 = buffer(length=100)\nmdl1 = mdl(buffer1, NULL, length=limit)\n"

static void test_a_pair_leaves_the_state(void **state)
{
    (void)state;
    assert_true(state_of(DRIVER "NdisMDeregisterMiniportDriver(driver1)\n") == state_of(""));
    assert_true(state_of(DRIVER) != state_of(""));
    assert_true(state_of(DRIVER "NdisMDeregisterMiniportDriver(driver1)\n"
                                "driver2 = NdisMRegisterMiniportDriver(version=6.30)\n") ==
                state_of(DRIVER));
}

static void test_the_view_tells_what_the_newest_name_is(void **state)
{
    (void)state;
    assert_true(outcome_of(DRIVER "NdisMDeregisterMiniportDriver(driver1)\n").view !=
                outcome_of("").view);
}

static void test_order_shows_within_a_class_only(void **state)
{
    (void)state;
    assert_true(state_of(DRIVER "buffer1 = buffer(length=100)\n") ==
                state_of("buffer1 = buffer(length=100)\n" DRIVER));
    assert_true(state_of("buffer1 = buffer(length=100)\nbuffer2 = buffer(length=200)\n") !=
                state_of("buffer1 = buffer(length=200)\nbuffer2 = buffer(length=100)\n"));
}

static void test_contents_matter(void **state)
{
    (void)state;
    assert_true(state_of(DATA) != state_of(DATA "cpu_write(mdl1, offset=8, length=16)\n"));
    assert_true(state_of(DATA "cpu_write(mdl1, offset=16, length=16)\n") !=
                state_of(DATA "cpu_write(mdl1, offset=8, length=16)\n"));
    assert_true(state_of(DATA) == state_of(DATA "cpu_read(mdl1, offset=8, length=16)\n"));
}

static void test_open_callbacks_matter(void **state)
{
    (void)state;
    assert_true(state_of("device1 = add_device()\n") !=
                state_of("device1 = add_device()\nreturn()\n"));
}

/* ---- the search ---- */

static const char *const toy[] = {"driver2 = NdisMRegisterMiniportDriver(version=6.30)\n",
                                  "NdisMDeregisterMiniportDriver(driver1)\n",
                                  "KeRaiseIrql(level=DISPATCH_LEVEL)\n", "step()\n"};

static struct exhaustive_result search(struct exhaustive_options options)
{
    struct alphabet alphabet;
    struct program nothing = {0};
    struct text_error error = {0};
    struct exhaustive_result result;

    assert_true(alphabet_read(&alphabet, DRIVER, toy, 4, &error));
    options.alphabet = &alphabet;
    options.start = &nothing;
    assert_true(exhaustive_run(&options, &result));
    return result;
}

static void test_the_odometer_counts_exactly(void **state)
{
    struct exhaustive_result result =
        search((struct exhaustive_options){.depth = 4, .keep_all = true});

    (void)state;
    assert_int_equal(result.programs, 4 + 16 + 64 + 256);
    assert_int_equal(result.complete, 4);
    assert_int_equal(result.found, 0);
}

static void test_pruning_loses_no_state(void **state)
{
    struct exhaustive_result all =
        search((struct exhaustive_options){.depth = 5, .keep_all = true});
    struct exhaustive_result pruned = search((struct exhaustive_options){.depth = 5});

    (void)state;
    assert_true(pruned.programs < all.programs);
    assert_true(pruned.pruned > 0);
    assert_int_equal(pruned.states, all.states);
}

static void test_breadth_first_finds_the_same_states(void **state)
{
    struct exhaustive_result all = search((struct exhaustive_options){.depth = 7});
    struct exhaustive_result wide =
        search((struct exhaustive_options){.depth = 1, .states = all.states});

    (void)state;
    assert_int_equal(wide.states, all.states);
    assert_true(wide.programs < all.programs);
}

struct planted {
    unsigned count, records; /* findings; length of the first one */
};

/* As if to break LIFE-01, registering at DISPATCH_LEVEL, were a bug. */
static bool fires(void *context, const struct outcome *outcome)
{
    (void)context;
    for (unsigned i = 0; i < outcome->firing_count && i < 64; i++)
        if (outcome->firings[i].rule == RULE_LIFE_01)
            return true;
    return false;
}

static void note(void *context, const struct program *program, const struct outcome *outcome)
{
    struct planted *planted = context;

    assert_true(outcome->firing_count > 0);
    if (planted->count++ == 0)
        planted->records = program->count;
}

static void test_a_planted_bug_is_found_at_its_depth(void **state)
{
    struct planted planted = {0};
    struct exhaustive_result result = search((struct exhaustive_options){
        .depth = 4, .context = &planted, .wrong = fires, .found = note});

    (void)state;
    assert_true(result.found > 0);
    assert_int_equal(planted.count, result.found);
    assert_int_equal(planted.records, 2);
}

static void test_every_scope_can_be_read(void **state)
{
    (void)state;
    for (unsigned i = 0; i < SCOPE_COUNT; i++) {
        const struct alphabet_row *row = &alphabets[scopes[i].alphabet];
        struct alphabet alphabet;
        struct text_error error = {0};

        outcome_of(scopes[i].start);
        if (!alphabet_read(&alphabet, row->names, row->letters, row->count, &error))
            fail_msg("%s: %s", row->name, error.message);
        assert_ptr_equal(scope_find(scopes[i].name), &scopes[i]);
        assert_ptr_equal(alphabet_find(row->name), row);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_pair_leaves_the_state),
        cmocka_unit_test(test_the_view_tells_what_the_newest_name_is),
        cmocka_unit_test(test_order_shows_within_a_class_only),
        cmocka_unit_test(test_contents_matter),
        cmocka_unit_test(test_open_callbacks_matter),
        cmocka_unit_test(test_the_odometer_counts_exactly),
        cmocka_unit_test(test_pruning_loses_no_state),
        cmocka_unit_test(test_breadth_first_finds_the_same_states),
        cmocka_unit_test(test_a_planted_bug_is_found_at_its_depth),
        cmocka_unit_test(test_every_scope_can_be_read),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
