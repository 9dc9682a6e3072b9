/* The reference miniport does nothing wrong, whatever system and device do and whenever. */
#include "hosted.h"

static struct host *host;

static int set_up(void **state)
{
    (void)state;
    host = host_make(DriverEntry);
    return host ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    host_free(host);
    return 0;
}

static void assert_clean(const char *text)
{
    struct program program;

    hosted_parse(&program, text);
    if (host_run(host, &program, NULL)) {
        host_report(stderr, host, &program);
        fail_msg("%s", host_finding(host)->identity);
    }
}

static uint64_t completed(void)
{
    return host_statistics(host).completed;
}

static void test_nothing(void **state)
{
    (void)state;
    assert_clean("");
}

static void test_send_each_timing(void **state)
{
    static const char *const timings[] = {"0", "1", "2", "3"};
    char text[1024];

    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        uint64_t before = completed();

        snprintf(text, sizeof text,
                 "set(setting=timing, value=%s)\n" HOSTED_RUNNING HOSTED_FRAME
                 "send(adapter1, nbl1)\nstep()\ndevice_run()\nstep()\nstep()\n",
                 timings[i]);
        assert_clean(text);
        assert_int_equal(completed(), before + 1);
    }
}

/* A frame in twenty pieces is mapped against advice (SGL-30), and that is no finding. */
static void test_advice_is_no_finding(void **state)
{
    char text[2048] = HOSTED_RUNNING "buffer1 = buffer(length=1280)\nmdl1 = mdl(buffer1, NULL, "
                                     "length=64)\n";
    size_t at = strlen(text);
    uint64_t before = completed();

    (void)state;
    for (unsigned i = 2; i <= 20; i++)
        at += (size_t)snprintf(text + at, sizeof text - at,
                               "mdl%u = mdl(buffer1, mdl%u, offset=%u, length=64)\n", i, i - 1,
                               64 * (i - 1));
    snprintf(text + at, sizeof text - at,
             "nb1 = net_buffer(mdl20, length=limit)\nnbl1 = net_buffer_list(nb1, NULL, NULL)\n"
             "send(adapter1, nbl1)\ndevice_run()\nstep()\nstep()\n");
    assert_clean(text);
    assert_int_equal(completed(), before + 1);
}

static void test_send_each_personality(void **state)
{
    char text[1024];

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        snprintf(text, sizeof text,
                 "set(setting=personality, value=%u)\n" HOSTED_RUNNING
                 "buffer1 = buffer(length=40960, offset=100, frames=high)\n"
                 "mdl1 = mdl(buffer1, NULL, length=limit)\n"
                 "nb1 = net_buffer(mdl1, offset=5000, length=limit-7)\n"
                 "nbl1 = net_buffer_list(nb1, NULL, NULL)\nsend(adapter1, nbl1)\ndevice_run()\n",
                 i);
        assert_clean(text);
    }
}

static void test_list_longer_than_data(void **state)
{
    (void)state;
    assert_clean("set(setting=list_end, value=1)\n" HOSTED_RUNNING
                 "buffer1 = buffer(length=9000)\nmdl1 = mdl(buffer1, NULL, length=limit)\n"
                 "nb1 = net_buffer(mdl1, offset=14, length=60)\n"
                 "nbl1 = net_buffer_list(nb1, NULL, NULL)\nsend(adapter1, nbl1)\ndevice_run()\n");
}

static void test_late_handlers(void **state)
{
    static const char *const events[] = {
        "cancel_send(adapter1)\nstep()\n",
        "pause(adapter1)\nstep()\n",
        "reset(adapter1)\nstep()\n",
        "surprise_remove(adapter1)\nstep()\n",
        "pause(adapter1)\nreset(adapter1, level=DISPATCH_LEVEL)\nstep()\nhalt(adapter1)\n",
        "shutdown(adapter1, action=NdisShutdownBugCheck)\nstep()\n",
    };
    char text[1024];

    (void)state;
    for (unsigned i = 0; i < sizeof events / sizeof events[0]; i++) {
        snprintf(text, sizeof text,
                 "set(setting=timing, value=1)\n" HOSTED_RUNNING HOSTED_FRAME
                 "send(adapter1, nbl1, level=DISPATCH_LEVEL)\n%s",
                 events[i]);
        assert_clean(text);
    }
}

static void test_waits_for_map_registers(void **state)
{
    uint64_t before = completed();

    (void)state;
    assert_clean("set(setting=map_registers, value=2)\n" HOSTED_RUNNING
                 "buffer1 = buffer(length=8192)\nmdl1 = mdl(buffer1, NULL, length=limit)\n"
                 "nb1 = net_buffer(mdl1, length=limit)\nnb2 = net_buffer(mdl1, length=limit)\n"
                 "nbl1 = net_buffer_list(nb1, nb2, NULL)\nsend(adapter1, nbl1)\n"
                 "reset(adapter1)\nsend(adapter1, nbl1)\n");
    assert_int_equal(completed(), before + 2);
}

static void test_initialize_fails(void **state)
{
    (void)state;
    assert_clean("set(setting=fail_register, value=1)\nadapter1 = initialize(NULL)\n"
                 "restart(adapter1)\n");
}

/* Each resource that a life with two sends asks for is refused once, the driver's own among them. */
static void test_each_resource_refused(void **state)
{
    static struct statistics statistics;
    uint64_t refused = 0;

    (void)state;
    for (unsigned after = 0;; after++) {
        uint64_t before = refused;
        struct program program;
        char text[1024];

        snprintf(text, sizeof text,
                 "fault(after=%u)\n" HOSTED_RUNNING HOSTED_FRAME
                 "send(adapter1, nbl1)\ndevice_run()\nstep()\nstep()\nsend(adapter1, nbl1)\n",
                 after);
        hosted_parse(&program, text);
        if (host_run(host, &program, &statistics)) {
            host_report(stderr, host, &program);
            fail_msg("after %u: %s", after, host_finding(host)->identity);
        }
        refused = 0;
        for (unsigned site = 0; site < RIG_SITE_COUNT; site++)
            refused += statistics.refused[site];
        if (refused == before)
            break;
    }
    for (unsigned site = RIG_SITE_any + 1; site < RIG_SITE_COUNT; site++)
        if (rig_site_row((enum rig_site)site)->hosted && !statistics.refused[site])
            fail_msg("%s was never refused", rig_site_row((enum rig_site)site)->name);
}

/* And most of them have lists mapped and sends completed: a driver that refuses all is clean too. */
static void test_random_programs(void **state)
{
    static struct statistics statistics;
    struct host_statistics before = host_statistics(host), after;
    struct program program;

    (void)state;
    for (uint64_t seed = 0; seed < 5000; seed++) {
        host_generate(&program, seed);
        if (host_run(host, &program, &statistics)) {
            host_report(stderr, host, &program);
            fail_msg("seed %u", (unsigned)seed);
        }
    }
    after = host_statistics(host);
    assert_true(statistics.list_median[0] < statistics.programs / 2);
    assert_true(after.completed - before.completed > (after.sends - before.sends) * 9 / 10);
}

static void test_narrowing_leaves_what_is_played(void **state)
{
    struct program program;

    (void)state;
    hosted_parse(&program,
                 "driver1 = NdisMRegisterMiniportDriver()\nadapter1 = initialize(driver1)\n"
                 "KeRaiseIrql(level=DISPATCH_LEVEL)\nreturn()\nstep()\ndevice_stop(adapter1)\n");
    assert_int_equal(program.count, 2);
    assert_int_equal(program.records[0].op, OP_initialize);
    assert_int_equal(program.records[1].op, OP_step);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_send_each_timing),
        cmocka_unit_test(test_advice_is_no_finding),
        cmocka_unit_test(test_send_each_personality),
        cmocka_unit_test(test_list_longer_than_data),
        cmocka_unit_test(test_late_handlers),
        cmocka_unit_test(test_waits_for_map_registers),
        cmocka_unit_test(test_initialize_fails),
        cmocka_unit_test(test_each_resource_refused),
        cmocka_unit_test(test_random_programs),
        cmocka_unit_test(test_narrowing_leaves_what_is_played),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
