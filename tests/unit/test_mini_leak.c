/* The twin that forgets a cancelled send's list is found, and shown in a dozen lines. */
#define _POSIX_C_SOURCE 200809L
#include "hosted.h"
#include <stdlib.h>

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

static char *report(const struct program *program)
{
    static char *text; /* gcc 12 takes a local one for dangling */
    size_t size;
    FILE *to = open_memstream(&text, &size);

    assert_non_null(to);
    host_report(to, host, program);
    fclose(to);
    return text;
}

/* Lines between "trace" and the closing assertion. */
static unsigned trace_lines(const char *text)
{
    const char *at = strstr(text, "\ntrace");
    unsigned lines = 0;

    assert_non_null(at);
    for (at = strchr(at + 1, '\n'); at && strncmp(at + 1, "Assertion", 9) != 0;
         at = strchr(at + 1, '\n'))
        lines++;
    return lines;
}

static void test_found_at_random(void **state)
{
    struct program program;
    bool found = false;
    char *text;

    (void)state;
    for (uint64_t seed = 0; seed < 1000 && !found; seed++) {
        host_generate(&program, seed);
        found = host_run(host, &program, NULL);
    }
    assert_true(found);
    host_shrink(host, &program);
    assert_string_equal(host_finding(host)->identity, "SGL-32");
    assert_in_range(program.count, 8, 16);
    text = report(&program);
    assert_in_range(trace_lines(text), 5, 12);
    assert_non_null(strstr(text, "mini.c:"));
    assert_non_null(strstr(text, "  NdisMAllocateNetBufferSGList\n"));
    assert_non_null(strstr(text, "  NdisMSendNetBufferListsComplete\n"));
    assert_null(strstr(text, "/mini"));
    free(text);
}

static void test_found_when_cancelled(void **state)
{
    struct program program;

    (void)state;
    hosted_parse(&program, "set(setting=timing, value=1)\n" HOSTED_RUNNING HOSTED_FRAME
                           "send(adapter1, nbl1)\ncancel_send(adapter1)\nstep()\n");
    assert_true(host_run(host, &program, NULL));
    assert_string_equal(host_finding(host)->identity, "SGL-32");
    assert_int_equal(host_finding(host)->record, program.count - 1);
}

static void test_clean_without_cancelling(void **state)
{
    struct program program;

    (void)state;
    hosted_parse(&program, "set(setting=timing, value=1)\n" HOSTED_RUNNING HOSTED_FRAME
                           "send(adapter1, nbl1)\nstep()\ndevice_run()\ncancel_send(adapter1)\n");
    assert_false(host_run(host, &program, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_found_at_random),
        cmocka_unit_test(test_found_when_cancelled),
        cmocka_unit_test(test_clean_without_cancelling),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
