/*
 * test_metamorphic.c: a variant that does something else is noticed, one that may is not made.
 *
 * The machine keeps its word, so a run that lies stands in for one that does not.
 */
#include "metamorphic.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define ADAPTER                                                                                 \
    "driver1 = NdisMRegisterMiniportDriver(version=6.30)\nadapter1 = initialize(driver1)\n"     \
    "NdisMSetMiniportAttributes(adapter1, flags=0x40)\n"                                        \
    "NdisMSetMiniportAttributes(adapter1, kind=general)\n"                                      \
    "dma1 = NdisMRegisterScatterGatherDma(adapter1, flags=0x1, MaximumPhysicalMapping=65536)\n" \
    "return()\n"
#define DATA                                                                   \
    "buffer1 = buffer(length=8192)\nmdl1 = mdl(buffer1, NULL, length=limit)\n" \
    "nb1 = net_buffer(mdl1, length=limit)\nKeRaiseIrql(level=DISPATCH_LEVEL)\n"
#define LIST                                                                      \
    "list1 = NdisMAllocateNetBufferSGList(dma1, nb1, NULL, flags=0x1)\n"          \
    "device_post(list1)\nreturn()\ndevice_run()\nNdisMFreeNetBufferSGList(dma1, " \
    "list1, nb1)\n"
#define REFUSED "NdisMFreeNetBufferSGList(dma1, NULL, nb1)\n"

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

static struct program parsed(const char *text)
{
    struct program program;
    struct text_head head;
    struct text_error error;

    if (!program_parse(&program, &head, text, strlen(text), &error))
        fail_msg("%u:%u: %s", error.line, error.column, error.message);
    return program;
}

/* What is said of a variant that is not true. */
enum lie { LIE_NONE, LIE_STATE, LIE_PLAIN, LIE_EXACT };
struct lies {
    enum lie lie;
    unsigned record; /* of the variant */
};

static void run_lying(void *context, const struct program *program,
                      const struct run_options *options, struct outcome *outcome)
{
    const struct lies *lies = context;
    struct run_options all = *options;

    all.only = PROPERTY_NONE;
    runner_run(runner, program, &all, outcome);
    assert_int_equal(outcome->verdict.property, PROPERTY_NONE);
    outcome->state += lies->lie == LIE_STATE;
    options->marks[lies->record].plain += lies->lie == LIE_PLAIN;
    options->marks[lies->record].exact += lies->lie == LIE_PLAIN || lies->lie == LIE_EXACT;
}

/* The verdict on TEXT by all variants of PROPERTY; how many there were, in COUNT. */
static struct verdict judged(const char *text, enum property property, struct lies lies,
                             uint64_t *count)
{
    static struct statistics statistics;
    struct mark marks[PROGRAM_MAX] = {{0}};
    struct program program = parsed(text);
    struct run_options options = {.state = true, .marks = marks};
    struct outcome outcome;

    memset(&statistics, 0, sizeof statistics);
    runner_run(runner, &program, &options, &outcome);
    assert_int_equal(outcome.verdict.property, PROPERTY_NONE);
    options.only = property;
    options.transforms = TRANSFORMS_ALL;
    options.statistics = &statistics;
    metamorphic_judge(run_lying, &lies, &program, &options, marks, &outcome);
    *count = statistics.evaluated[property];
    return outcome.verdict;
}

static uint64_t variants(const char *text, enum property property)
{
    uint64_t count;

    assert_int_equal(judged(text, property, (struct lies){LIE_NONE, 0}, &count).property,
                     PROPERTY_NONE);
    return count;
}

static bool is_noticed(const char *text, enum property property, enum lie lie, unsigned record)
{
    uint64_t count;
    struct verdict verdict = judged(text, property, (struct lies){lie, record}, &count);

    assert_true(verdict.property == PROPERTY_NONE || verdict.property == property);
    return verdict.property == property;
}

/* ---- each property ---- */

static void test_refused_call(void **state)
{
    const char *text = ADAPTER DATA REFUSED LIST;

    (void)state;
    assert_int_equal(variants(text, PROPERTY_METAMORPHIC_REFUSED), 1);
    assert_int_equal(variants(ADAPTER DATA LIST, PROPERTY_METAMORPHIC_REFUSED), 0);
    assert_true(is_noticed(text, PROPERTY_METAMORPHIC_REFUSED, LIE_STATE, 0));
    assert_true(is_noticed(text, PROPERTY_METAMORPHIC_REFUSED, LIE_PLAIN, 11));
    assert_true(is_noticed(text, PROPERTY_METAMORPHIC_REFUSED, LIE_EXACT, 11));
    assert_false(is_noticed(text, PROPERTY_METAMORPHIC_REFUSED, LIE_PLAIN, 10)); /* the call */
}

static void test_refused_resource(void **state)
{
    const char *text = ADAPTER DATA "fault(site=mapping)\n"
                                    "list1 = NdisMAllocateNetBufferSGList(dma1, nb1, NULL)\n"
                                    "KeLowerIrql()\n";

    (void)state;
    assert_int_equal(variants(text, PROPERTY_METAMORPHIC_REFUSED), 1);
    assert_true(is_noticed(text, PROPERTY_METAMORPHIC_REFUSED, LIE_STATE, 0));
    /* a request that was met on the way there would be refused without the call */
    assert_int_equal(variants(ADAPTER DATA
                              "fault(after=1)\n" REFUSED
                              "list1 = NdisMAllocateNetBufferSGList(dma1, nb1, NULL)\n",
                              PROPERTY_METAMORPHIC_REFUSED),
                     1);
    /* a name that is used later, be it only to fail */
    assert_int_equal(variants(ADAPTER DATA "fault(site=mapping)\n"
                                           "list1 = NdisMAllocateNetBufferSGList(dma1, nb1, NULL)\n"
                                           "scribble(list1)\n",
                              PROPERTY_METAMORPHIC_REFUSED),
                     1);
}

static void test_pair(void **state)
{
    const char *text = ADAPTER DATA LIST;

    (void)state;
    /* the driver, the adapter, its registration, the list */
    assert_int_equal(variants(text, PROPERTY_METAMORPHIC_PAIR), 4);
    assert_int_equal(variants(DATA, PROPERTY_METAMORPHIC_PAIR), 0);
    assert_true(is_noticed(text, PROPERTY_METAMORPHIC_PAIR, LIE_STATE, 0));
    assert_true(is_noticed(text, PROPERTY_METAMORPHIC_PAIR, LIE_PLAIN, 2));
    assert_true(is_noticed(text, PROPERTY_METAMORPHIC_PAIR, LIE_EXACT, 2));
    assert_false(is_noticed(text, PROPERTY_METAMORPHIC_PAIR, LIE_PLAIN, 40)); /* behind the end */
}

static void test_pair_of_hal_and_netdma(void **state)
{
    (void)state;
    assert_int_equal(
        variants("hal1 = IoGetDmaAdapter(Version=2, width=64, MaximumLength=65536)\n" DATA
                 "list1 = GetScatterGatherList(hal1, mdl1, length=limit)\nreturn()\n"
                 "PutScatterGatherList(hal1, list1)\n",
                 PROPERTY_METAMORPHIC_PAIR),
        2);
    assert_int_equal(
        variants("device1 = add_device()\n"
                 "provider1 = NetDmaRegisterProvider(device1, version=2.1, MaxDmaChannelCount=4)\n"
                 "return()\nreturn()\n",
                 PROPERTY_METAMORPHIC_PAIR),
        2);
}

static void test_order(void **state)
{
    const char *text = ADAPTER "buffer1 = buffer(length=64)\nmdl1 = mdl(buffer1, NULL)\n"
                               "nb1 = net_buffer(mdl1)\nmdl2 = mdl(buffer1, NULL)\n";

    (void)state;
    /* nb1 and mdl2; and what makes one that the other takes stays where it is */
    assert_int_equal(variants(text, PROPERTY_METAMORPHIC_ORDER), 1);
    assert_true(is_noticed(text, PROPERTY_METAMORPHIC_ORDER, LIE_STATE, 0));
    assert_true(is_noticed(text, PROPERTY_METAMORPHIC_ORDER, LIE_PLAIN, 9));
    assert_true(is_noticed(text, PROPERTY_METAMORPHIC_ORDER, LIE_EXACT, 9));
    assert_int_equal(variants("KeRaiseIrql(level=DISPATCH_LEVEL)\nbuffer1 = buffer(length=64)\n",
                              PROPERTY_METAMORPHIC_ORDER),
                     0);
    assert_int_equal(variants("driver1 = NdisMRegisterMiniportDriver()\nNetDmaGetVersion()\n",
                              PROPERTY_METAMORPHIC_ORDER),
                     1);
}

static void test_split(void **state)
{
    const char *text = ADAPTER DATA LIST;

    (void)state;
    assert_int_equal(variants(text, PROPERTY_METAMORPHIC_SPLIT), 1);
    assert_true(is_noticed(text, PROPERTY_METAMORPHIC_SPLIT, LIE_PLAIN, 11));
    assert_false(is_noticed(text, PROPERTY_METAMORPHIC_SPLIT, LIE_EXACT, 11)); /* other elements */
    assert_false(is_noticed(text, PROPERTY_METAMORPHIC_SPLIT, LIE_STATE, 0));  /* one MDL more */
    /* one page; data that begin in the second half; a reader of the MDL alone */
    assert_int_equal(
        variants("buffer1 = buffer(length=4096)\nmdl1 = mdl(buffer1, NULL, length=limit)\n",
                 PROPERTY_METAMORPHIC_SPLIT),
        0);
    assert_int_equal(
        variants("buffer1 = buffer(length=8192)\nmdl1 = mdl(buffer1, NULL, length=limit)\n"
                 "nb1 = net_buffer(mdl1, offset=4096, length=limit)\n",
                 PROPERTY_METAMORPHIC_SPLIT),
        0);
    assert_int_equal(variants(DATA "cpu_read(mdl1, length=limit)\n", PROPERTY_METAMORPHIC_SPLIT),
                     0);
}

static void test_settings(void **state)
{
    const char *text = ADAPTER DATA LIST;

    (void)state;
    assert_int_equal(variants(text, PROPERTY_METAMORPHIC_SETTINGS), 4);
    assert_true(is_noticed(text, PROPERTY_METAMORPHIC_SETTINGS, LIE_PLAIN, 11));
    assert_false(is_noticed(text, PROPERTY_METAMORPHIC_SETTINGS, LIE_EXACT, 11));
    assert_int_equal(
        variants("set(setting=merge, value=2)\n" ADAPTER DATA LIST, PROPERTY_METAMORPHIC_SETTINGS),
        2);
    /* who frees the own buffer for the list is told of it or not */
    assert_int_equal(variants(ADAPTER DATA REFUSED LIST, PROPERTY_METAMORPHIC_SETTINGS), 3);
}

/* ---- as runs are judged ---- */

/* A machine that is another one for the first run only. */
static void test_runs_are_judged_by_all_variants(void **state)
{
    struct program program = parsed(ADAPTER DATA REFUSED LIST);
    struct run_options options = {.transforms = TRANSFORMS_ALL};
    struct outcome outcome;

    (void)state;
    runner_run(runner, &program, &options, &outcome);
    assert_int_equal(outcome.verdict.property, PROPERTY_NONE);
    assert_true(rig_set(runner_machine(runner), SETTING_personality, 2));
    runner_run(runner, &program, &options, &outcome);
    assert_int_equal(outcome.verdict.property, PROPERTY_METAMORPHIC_REFUSED);
    assert_int_equal(outcome.verdict.record, 11);
    assert_string_equal(outcome.verdict.expected,
                        "the same without record 11, which changed nothing");
    /* asked for by name, without being told to */
    options = (struct run_options){.only = PROPERTY_METAMORPHIC_PAIR};
    assert_true(rig_set(runner_machine(runner), SETTING_personality, 2));
    runner_run(runner, &program, &options, &outcome);
    assert_int_equal(outcome.verdict.property, PROPERTY_METAMORPHIC_PAIR);
}

/* What a run is seen to do does not depend on being looked at so closely. */
static void test_digest_stays(void **state)
{
    struct program program = parsed(ADAPTER DATA REFUSED LIST);
    struct run_options options = {.transforms = TRANSFORMS_ONE};
    struct outcome plain, judged_too;

    (void)state;
    runner_run(runner, &program, NULL, &plain);
    runner_run(runner, &program, &options, &judged_too);
    assert_true(plain.digest == judged_too.digest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused_call), cmocka_unit_test(test_refused_resource),
        cmocka_unit_test(test_pair),         cmocka_unit_test(test_pair_of_hal_and_netdma),
        cmocka_unit_test(test_order),        cmocka_unit_test(test_split),
        cmocka_unit_test(test_settings),     cmocka_unit_test(test_runs_are_judged_by_all_variants),
        cmocka_unit_test(test_digest_stays),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
