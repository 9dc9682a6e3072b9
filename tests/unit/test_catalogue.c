/*
 * test_catalogue.c: no step is forgotten.
 *
 * Every text is canonical, every checked rule has a program that trips it, every operation occurs in
 * a seed, and every setting makes a difference to a program. Runs in the project's root.
 */
#define _POSIX_C_SOURCE 200809L
#include "program.h"
#include "rig.h"
#include "run.h"
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char text[TEXT_LIMIT];
static bool tripped[RULE_COUNT];
static bool seeded[256];
static bool differs[SETTING_COUNT]; /* a program runs otherwise under its default */

static bool is_program(const char *name)
{
    size_t length = strlen(name);

    return length > 4 && strcmp(name + length - 4, ".dma") == 0;
}

static void read_program(const char *directory, const char *name, struct program *program,
                         struct text_head *head)
{
    char path[512];
    struct text_error error;
    size_t length;
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", directory, name);
    file = fopen(path, "rb");
    assert_non_null(file);
    length = fread(text, 1, sizeof text - 1, file);
    text[length] = '\0';
    fclose(file);
    if (!program_parse(program, head, text, length, &error))
        fail_msg("%s:%u:%u: %s", path, error.line, error.column, error.message);
}

/* The text but for its comments is what the program prints as. */
static void assert_canonical(const char *name, const struct program *program)
{
    char *printed, *line = text;
    size_t length, at = 0;
    FILE *to = open_memstream(&printed, &length);

    assert_non_null(to);
    program_print(program, to);
    fclose(to);
    for (char *next; *line; line = next) {
        next = strchr(line, '\n') ? strchr(line, '\n') + 1 : line + strlen(line);
        if (*line == '#')
            continue;
        if (strncmp(printed + at, line, (size_t)(next - line)) != 0)
            fail_msg("%s is not in canonical form at: %.60s", name, line);
        at += (size_t)(next - line);
    }
    assert_int_equal(at, length);
    free(printed);
}

static uint64_t digest_of(struct runner *runner, const struct program *program)
{
    struct outcome outcome;

    runner_run(runner, program, NULL, &outcome);
    return outcome.digest;
}

static void compare_settings(struct runner *runner, const struct program *program)
{
    for (unsigned i = 0; i < program->count; i++) {
        struct program plain = *program;
        uint8_t setting = program->records[i].r[0];

        if (program->records[i].op != OP_set)
            continue;
        plain.records[i].v[0] = (uint16_t)rig_setting_row((enum rig_setting)setting)->value;
        differs[setting] |= digest_of(runner, program) != digest_of(runner, &plain);
    }
}

/* RUNNER is NULL for programs of a hosted driver: dmarig-careless runs them (test corpus_hosted). */
static unsigned read_directory(struct runner *runner, const char *directory)
{
    DIR *entries = opendir(directory);
    struct dirent *entry;
    unsigned count = 0;

    assert_non_null(entries);
    while ((entry = readdir(entries))) {
        static struct program program;
        struct text_head head;

        if (!is_program(entry->d_name))
            continue;
        read_program(directory, entry->d_name, &program, &head);
        assert_canonical(entry->d_name, &program);
        if (runner)
            compare_settings(runner, &program);
        tripped[head.rule] = true;
        for (unsigned i = 0; runner && i < program.count && head.rule == RULE_NONE; i++)
            seeded[program.records[i].op] = true;
        count++;
    }
    closedir(entries);
    return count;
}

static int read_corpus(void **state)
{
    struct runner *runner = runner_make();
    bool complete = runner && read_directory(runner, "corpus/v1/seed") >= 24 &&
                    read_directory(runner, "corpus/v1/regress") > 0 &&
                    read_directory(NULL, "corpus/v1/hosted/careless") > 0;

    (void)state;
    runner_free(runner);
    return !complete;
}

static void test_checked_rules_have_a_program(void **state)
{
    (void)state;
    for (unsigned rule = 1; rule < RULE_COUNT; rule++)
        if (!tripped[rule])
            fail_msg("%s is checked, and no program of corpus/v1 trips it",
                     rig_rule_row(rule)->name);
}

static void test_operations_have_a_seed(void **state)
{
    (void)state;
    for (unsigned op = 1; op < 256; op++)
        if (op_table[op].name && !seeded[op])
            fail_msg("%s occurs in no seed", op_table[op].name);
}

/* Those that decide something of the contract, but for `timing`, which hosted drivers alone are
 * under, and `junk`, which nobody is to read. */
static void test_settings_make_a_difference(void **state)
{
    (void)state;
    for (unsigned setting = 0; setting < SETTING_COUNT; setting++)
        if (*rig_setting_row((enum rig_setting)setting)->ids && setting != SETTING_timing &&
            setting != SETTING_junk && !differs[setting])
            fail_msg("%s makes no difference to any program of the corpus",
                     rig_setting_row((enum rig_setting)setting)->name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_checked_rules_have_a_program),
        cmocka_unit_test(test_operations_have_a_seed),
        cmocka_unit_test(test_settings_make_a_difference),
    };

    return cmocka_run_group_tests(tests, read_corpus, NULL);
}
