#define _POSIX_C_SOURCE 200809L
/*
 * test_shrink.c: many failing programs end in one, always the same, that nothing can be taken from.
 */
#include "exhaustive.h"
#include "explain.h"
#include "generate.h"
#include "program_edit.h"
#include "shrink.h"
#include "target.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SEEDS = 80000, WANTED = 20, LETTERS_USED = 8 };

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

typedef bool predicate(void *context, const struct program *program);

/* Shrinks the first WANTED programs that fail; all must end in one program, which is left. */
static void shrink_many(predicate *fails, void *context, struct program *minimum)
{
    unsigned found = 0;

    for (uint64_t seed = 1; seed < SEEDS && found < WANTED; seed++) {
        struct program program;
        unsigned tried;

        generate_program(&program, seed, TARGET_SG);
        if (!fails(context, &program))
            continue;
        tried = shrink_program(&program, fails, context);
        assert_true(tried > 0 && tried < SHRINK_TRIES_MAX);
        assert_true(fails(context, &program));
        if (found++ == 0)
            *minimum = program;
        assert_int_equal(program_compare(&program, minimum), 0);
    }
    assert_int_equal(found, WANTED);
}

static struct program parsed(const char *text)
{
    struct program program;
    struct text_head head;
    struct text_error error;

    assert_true(program_parse(&program, &head, text, strlen(text), &error));
    return program;
}

static void assert_program(const struct program *program, const char *text)
{
    struct program wanted = parsed(text);

    assert_int_equal(program_compare(program, &wanted), 0);
}

/* ---- what a program says ---- */

static const struct operand *operand_named(const struct record *record, const char *name)
{
    const struct op_row *row = &op_table[record->op];

    for (unsigned i = 0; i < row->operand_count; i++)
        if (strcmp(row->operands[i].name, name) == 0)
            return &row->operands[i];
    return NULL;
}

/* A list built later is freed. */
static bool frees_a_late_list(void *context, const struct program *program)
{
    unsigned late = 0, lists = 0;

    (void)context;
    for (unsigned i = 0; i < program->count; i++) {
        const struct record *record = &program->records[i];

        if (op_table[record->op].makes == CLASS_list) {
            const struct operand *timing = operand_named(record, "timing");

            late = late << 1 | (timing && operand_get(record, timing) == 1);
            lists++;
        }
        if (record->op == OP_NdisMFreeNetBufferSGList) {
            const struct operand *list = operand_named(record, "list");
            unsigned back = operand_get(record, list);

            if (back < lists && back < 32 && late >> back & 1)
                return true;
        }
    }
    return false;
}

static void test_late_list(void **state)
{
    struct program minimum;

    (void)state;
    shrink_many(frees_a_late_list, NULL, &minimum);
    assert_program(&minimum,
                   "list1 = NdisMAllocateNetBufferSGList(NULL, NULL, NULL, timing=later)\n"
                   "NdisMFreeNetBufferSGList(NULL, list1, NULL)\n");
}

/* A buffer longer than 1000 bytes. */
static bool has_long_buffer(void *context, const struct program *program)
{
    (void)context;
    for (unsigned i = 0; i < program->count; i++)
        if (program->records[i].op == OP_buffer && value_number(program->records[i].v[0], 0) > 1000)
            return true;
    return false;
}

static void test_value_by_halves(void **state)
{
    struct program minimum;

    (void)state;
    shrink_many(has_long_buffer, NULL, &minimum);
    assert_program(&minimum, "buffer1 = buffer(length=1001)\n");
}

/* An MDL one byte longer than its buffer: neither length can come down alone. */
static bool has_longer_mdl(void *context, const struct program *program)
{
    unsigned length = 0;

    (void)context;
    for (unsigned i = 0; i < program->count; i++) {
        const struct record *record = &program->records[i];

        if (record->op == OP_buffer)
            length = record->v[0];
        if (record->op == OP_mdl && length > 0 && record->v[1] == length + 1)
            return true;
    }
    return false;
}

static void test_values_come_down_together(void **state)
{
    struct program program = parsed("buffer1 = buffer(length=3000)\n"
                                    "mdl1 = mdl(buffer1, NULL, length=3001)\n");

    (void)state;
    assert_true(shrink_program(&program, has_longer_mdl, NULL) > 0);
    assert_program(&program, "buffer1 = buffer(length=1)\nmdl1 = mdl(buffer1, NULL, length=2)\n");
}

/* The refused request is the last record's; each record asks once. */
static bool refuses_the_last(void *context, const struct program *program)
{
    unsigned at = 0, last = program->count ? program->count - 1 : 0;

    (void)context;
    while (at < program->count && program->records[at].op != OP_fault)
        at++;
    return at < last && program->records[last].op == OP_add_device &&
           program->records[at].v[0] == last - at - 1;
}

static void test_refusal_goes_with_its_requests(void **state)
{
    struct program program = parsed("buffer1 = buffer(length=1)\n"
                                    "fault(after=2)\n"
                                    "hal1 = IoGetDmaAdapter()\n"
                                    "mdl1 = mdl(buffer1, NULL, length=1)\n"
                                    "device1 = add_device()\n");

    (void)state;
    assert_true(shrink_program(&program, refuses_the_last, NULL) > 0);
    assert_program(&program, "fault()\ndevice1 = add_device()\n");
}

/* ---- how much it may do ---- */

enum { RUNS_OF_A_TRY = 20 };

/* Only the program itself fails; that is found out with much work. */
static bool is_alone(void *context, const struct program *program)
{
    struct program idle = {.count = PROGRAM_MAX};
    struct outcome outcome;

    for (unsigned i = 0; i < RUNS_OF_A_TRY; i++)
        runner_run(runner, &idle, NULL, &outcome);
    return program_compare(program, context) == 0;
}

static void test_work_is_bounded(void **state)
{
    struct program program, same;
    uint64_t before, work, most = RUNS_OF_A_TRY * 2 * PROGRAM_MAX;
    unsigned tried;

    (void)state;
    generate_program(&program, 1, TARGET_MACHINE);
    same = program;
    before = runs_work();
    tried = shrink_program(&program, is_alone, &same);
    work = runs_work() - before;
    assert_int_equal(program_compare(&program, &same), 0);
    assert_true(work >= SHRINK_WORK_MAX && work < SHRINK_WORK_MAX + most);
    assert_true(tried > 0 && tried < SHRINK_TRIES_MAX);
}

/* ---- what the machine says ---- */

static bool trips(void *context, const struct program *program)
{
    const enum rig_rule *rule = context;
    struct outcome outcome;

    runner_run(runner, program, NULL, &outcome);
    return outcome.firing_count == 1 && outcome.firings[0].rule == *rule;
}

static void shrink_rule(enum rig_rule rule, unsigned records)
{
    struct program minimum;

    shrink_many(trips, &rule, &minimum);
    assert_int_equal(minimum.count, records);
}

static void test_rules(void **state)
{
    (void)state;
    shrink_rule(RULE_FSG_01, 6);
    shrink_rule(RULE_SGL_01, 6);
    shrink_rule(RULE_BSG_01, 5);
    shrink_rule(RULE_LIFE_04, 1);
}

/* ---- the shortest ---- */

/* The minimum's records, then as many other operations as there is room for. */
static void make_alphabet(const struct program *minimum, struct alphabet *alphabet)
{
    bool has[OP_LIMIT] = {false};

    alphabet->count = 0;
    for (unsigned i = 0; i < minimum->count; i++) {
        alphabet->letters[alphabet->count++] =
            (struct letter){.count = 1, .records = {minimum->records[i]}};
        has[minimum->records[i].op] = true;
    }
    for (unsigned op = OP_nop + 1; op < OP_LIMIT && alphabet->count < LETTERS_USED; op++)
        if (op_table[op].name && !has[op])
            alphabet->letters[alphabet->count++] =
                (struct letter){.count = 1, .records = {{.op = (uint8_t)op}}};
}

static bool trips_alone(void *context, const struct outcome *outcome)
{
    const enum rig_rule *rule = context;

    return outcome->firing_count == 1 && outcome->firings[0].rule == *rule;
}

/* No string of fewer letters breaks the rule alone. */
static void confirm_shortest(enum rig_rule rule)
{
    struct program program, nothing = {.count = 0};
    struct alphabet alphabet;
    struct exhaustive_options options = {.alphabet = &alphabet,
                                         .start = &nothing,
                                         .keep_all = true,
                                         .context = &rule,
                                         .wrong = trips_alone};
    struct exhaustive_result result;
    uint64_t seed = 1;

    do
        generate_program(&program, seed++, TARGET_SG);
    while (!trips(&rule, &program));
    shrink_program(&program, trips, &rule);
    make_alphabet(&program, &alphabet);
    options.depth = program.count;
    assert_true(exhaustive_run(&options, &result));
    assert_true(result.found > 0); /* the search would find one: the minimum itself */
    options.depth = program.count - 1;
    assert_true(options.depth == 0 || exhaustive_run(&options, &result));
    assert_true(options.depth == 0 || (result.complete == options.depth && result.found == 0));
}

static void test_shortest(void **state)
{
    (void)state;
    confirm_shortest(RULE_LIFE_04);
    confirm_shortest(RULE_BSG_01);
    confirm_shortest(RULE_FSG_01);
    confirm_shortest(RULE_SGL_01);
}

/* Nothing is left that can be taken away: no record alone fails to matter. */
static void test_no_record_is_idle(void **state)
{
    enum rig_rule rule = RULE_FSG_01;
    unsigned found = 0;

    (void)state;
    for (uint64_t seed = 1; seed < SEEDS && found < 5; seed++) {
        struct program program, less;

        generate_program(&program, seed, TARGET_SG);
        if (!trips(&rule, &program))
            continue;
        found++;
        shrink_program(&program, trips, &rule);
        for (unsigned i = 0; i < program.count; i++) {
            less = program;
            program_delete(&less, i, 1);
            assert_false(trips(&rule, &less));
        }
    }
    assert_int_equal(found, 5);
}

/* ---- what matters ---- */

static void test_explain(void **state)
{
    struct program program = parsed("buffer1 = buffer(length=1001, offset=3)\n");
    const struct op_row *row = &op_table[OP_buffer];
    uint16_t free_operands[PROGRAM_MAX];
    unsigned made[CLASS_COUNT] = {0};
    char text[128] = "";
    FILE *to = fmemopen(text, sizeof text, "w");

    (void)state;
    explain_program(&program, has_long_buffer, NULL, free_operands);
    for (unsigned k = 0; k < row->operand_count; k++)
        assert_int_equal(free_operands[0] >> k & 1, strcmp(row->operands[k].name, "length") != 0);
    assert_non_null(to);
    explained_record_print(&program.records[0], made, free_operands[0], to);
    assert_int_equal(fclose(to), 0);
    assert_string_equal(text, "buffer1 = buffer(length=1001, offset=3 (any))");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_late_list),
        cmocka_unit_test(test_value_by_halves),
        cmocka_unit_test(test_values_come_down_together),
        cmocka_unit_test(test_refusal_goes_with_its_requests),
        cmocka_unit_test(test_work_is_bounded),
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_shortest),
        cmocka_unit_test(test_no_record_is_idle),
        cmocka_unit_test(test_explain),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
