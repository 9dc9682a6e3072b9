/*
 * test_sweep.c: every request for a resource is refused once, and what is wrong then shows.
 */
#define _POSIX_C_SOURCE 200809L
#include "check.h"
#include "command.h"
#include "sweep.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#define TWO_DRIVERS                                         \
    "driver1 = NdisMRegisterMiniportDriver(version=6.30)\n" \
    "driver2 = NdisMRegisterMiniportDriver(version=6.30)\n"
#define LIFE                                                                                    \
    "driver1 = NdisMRegisterMiniportDriver(version=6.30)\nadapter1 = initialize(driver1)\n"     \
    "NdisMSetMiniportAttributes(adapter1, flags=0x40)\n"                                        \
    "NdisMSetMiniportAttributes(adapter1, kind=general)\n"                                      \
    "dma1 = NdisMRegisterScatterGatherDma(adapter1, flags=0x1, MaximumPhysicalMapping=65536)\n" \
    "return()\nbuffer1 = buffer(length=64)\nmdl1 = mdl(buffer1, NULL, length=limit)\n"          \
    "nb1 = net_buffer(mdl1, length=limit)\nKeRaiseIrql(level=DISPATCH_LEVEL)\n"                 \
    "list1 = NdisMAllocateNetBufferSGList(dma1, nb1, NULL)\ndevice_post(list1)\nreturn()\n"

static struct sweep sweep;
static int setup(void **state)
{
    (void)state;
    sweep = (struct sweep){.runner = runner_make()};
    return sweep.runner == NULL;
}

static int teardown(void **state)
{
    (void)state;
    runner_free(sweep.runner);
    return 0;
}

static struct program parsed(const char *text)
{
    struct program program;
    struct text_head head;
    struct text_error error;

    if (!program_parse(&program, &head, text, strlen(text), &error))
        fail_msg("%u:%u: %s", error.line, error.column, error.message);
    return program;
}

static bool sweep_text(const char *text)
{
    struct program program = parsed(text);

    return sweep_program(&sweep, &program);
}

/* driver, adapter, HAL adapter, registration, pages, MDL, NET_BUFFER; then the list's request,
 * mapping, registers and memory; the descriptor */
static void test_each_request_is_refused_once(void **state)
{
    static const enum rig_site sites[] = {
        RIG_SITE_driver,  RIG_SITE_adapter,       RIG_SITE_dma_adapter, RIG_SITE_dma,
        RIG_SITE_pages,   RIG_SITE_mdl,           RIG_SITE_net_buffer,  RIG_SITE_request,
        RIG_SITE_mapping, RIG_SITE_map_registers, RIG_SITE_list_memory, RIG_SITE_post};

    (void)state;
    assert_true(sweep_text(LIFE));
    assert_int_equal(sweep.number, 0);
    assert_int_equal(sweep.statistics.programs, 13); /* the first one refuses nothing */
    for (unsigned i = 0; i < sizeof sites / sizeof sites[0]; i++)
        assert_int_equal(sweep.statistics.refused[sites[i]], 1);
}

/* Otherwise the sweep would not end. */
static void test_faults_of_the_program_are_left_out(void **state)
{
    (void)state;
    assert_true(sweep_text("fault()\n" TWO_DRIVERS "fault(site=driver)\n"));
    assert_int_equal(sweep.statistics.programs, 3);
    assert_int_equal(sweep.statistics.refused[RIG_SITE_driver], 2);
}

/* A machine with fewer slots than it should have. */
static void test_a_finding_says_what_is_refused(void **state)
{
    (void)state;
    assert_true(rig_set(runner_machine(sweep.runner), SETTING_drivers, 1));
    assert_false(sweep_text(TWO_DRIVERS "driver3 = NdisMRegisterMiniportDriver(version=6.30)\n"));
    assert_int_equal(sweep.property, PROPERTY_CALL_STATUS);
    assert_int_equal(sweep.number, 0); /* whatever is refused fails */
    assert_int_equal(sweep.program.count, 3);
    assert_true(sweep_skip(&sweep));
    sweep.number = 1; /* a reset has put the machine right */
    sweep.requests = 3;
    assert_true(sweep_text(TWO_DRIVERS "driver3 = NdisMRegisterMiniportDriver(version=6.30)\n"));
    assert_int_equal(sweep.statistics.refused[RIG_SITE_driver], 3);
    assert_int_equal(sweep.program.count, 4);
    assert_int_equal(sweep.program.records[0].op, OP_fault);
}

/* ---- random programs ---- */

static unsigned health(const struct check_result *result, char **said)
{
    const struct check_options options = {.target = target_find("machine")};
    size_t size;
    FILE *out = open_memstream(said, &size);
    unsigned wrong;

    assert_non_null(out);
    wrong = check_health(&options, result, out);
    fclose(out);
    return wrong;
}

static void test_a_long_check_must_refuse_at_each_site(void **state)
{
    static struct check_result result = {.runs = 100000};
    struct statistics *statistics = &result.statistics;
    char *said;

    (void)state;
    statistics->calls = statistics->accepted = statistics->records = 100;
    for (unsigned i = 0; i < PROPERTY_COUNT; i++)
        statistics->evaluated[i] = 1;
    for (unsigned site = 0; site < RIG_SITE_COUNT; site++)
        statistics->refused[site] = !rig_site_row((enum rig_site)site)->hosted;
    assert_int_equal(health(&result, &said), 0);
    free(said);
    statistics->refused[RIG_SITE_post] = 0;
    assert_int_equal(health(&result, &said), 1);
    assert_string_equal(said, "health: post was never refused\n");
    free(said);
}

/* ---- the command ---- */

static void write_program(const char *directory, const char *name, const char *text)
{
    char path[512];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", directory, name);
    file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static int sweep_corpus(char *corpus)
{
    char command[] = "sweep", option[] = "--corpus";
    char *arguments[] = {command, option, corpus, NULL};

    return command_sweep(3, arguments, NULL);
}

static void test_a_site_that_no_program_reaches_fails(void **state)
{
    char corpus[] = "/tmp/dmarig-sweep-XXXXXX", path[64];

    (void)state;
    assert_non_null(mkdtemp(corpus));
    assert_int_equal(sweep_corpus(corpus), EXIT_USAGE);
    snprintf(path, sizeof path, "%s/regress", corpus);
    assert_int_equal(mkdir(path, 0755), 0);
    snprintf(path, sizeof path, "%s/seed", corpus);
    assert_int_equal(mkdir(path, 0755), 0);
    write_program(path, "life.dma", LIFE);
    assert_int_equal(sweep_corpus(corpus), EXIT_FINDINGS);
    snprintf(path, sizeof path, "rm -r %s", corpus);
    assert_int_equal(system(path), 0);
    snprintf(path, sizeof path, "corpus/v1");
    assert_int_equal(sweep_corpus(path), EXIT_CLEAN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_each_request_is_refused_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_faults_of_the_program_are_left_out, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_finding_says_what_is_refused, setup, teardown),
        cmocka_unit_test(test_a_long_check_must_refuse_at_each_site),
        cmocka_unit_test(test_a_site_that_no_program_reaches_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
