/*
 * test_contract.c: every rule of the contract is accounted for, and most of the duties of a driver's
 * lists and of a provider are checked.
 */
#define _POSIX_C_SOURCE 200809L
#include "contract.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* As many as contract/ndis-dma.md has. */
enum { NDIS_DMA_RULES = 557, SHARE_MOST = 80 };

static void test_no_fault(void **state)
{
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    unsigned faults = contract_print_faults(to);

    (void)state;
    fclose(to);
    if (faults)
        fail_msg("%u faults; scripts/dmarig rules names them too:\n%s", faults, text);
    assert_int_equal(size, 0);
    free(text);
}

static void test_all_are_there(void **state)
{
    struct contract_count ndis = contract_counted("ndis-dma"), all = contract_counted(NULL);
    unsigned sum = 0;

    (void)state;
    for (unsigned standing = 0; standing < STANDING_COUNT; standing++)
        sum += all.standing[standing];
    assert_int_equal(ndis.all, NDIS_DMA_RULES);
    assert_int_equal(all.all, sum);
    assert_int_equal(all.all, ndis.all + contract_counted("netdma").all);
    assert_int_equal(contract_counted("nothing").all, 0);
}

static void test_only_information_needs_nothing(void **state)
{
    (void)state;
    for (unsigned i = 0; i < contract_rows(); i++) {
        const struct contract_row *row = contract_row(i);

        if (contract_is_rule(row) && contract_standing(row) == STANDING_INFORMATION)
            assert_string_equal(row->actor, "I");
    }
}

static void test_reasons_are_of_the_list(void **state)
{
    (void)state;
    for (unsigned i = 0; i < contract_rows(); i++) {
        const struct contract_row *row = contract_row(i);
        const char *reason = contract_is_rule(row) ? contract_reason(row) : NULL;
        bool known = reason == NULL;

        for (unsigned r = 0; reason && r < contract_reason_count; r++)
            known = known || strcmp(reason, contract_reasons[r]) == 0;
        if (!known)
            fail_msg("%s: %s", row->name, reason);
    }
}

/* Of what is not about version 3, 8 % at most. */
static void test_little_is_out_of_scope(void **state)
{
    struct contract_count count = contract_counted("ndis-dma");

    (void)state;
    assert_in_range(contract_share(&count), 0, SHARE_MOST);
}

/* Percentage of the driver's duties whose names start with one of the prefixes that are checked. */
static unsigned checked_share(const char *const *prefixes, unsigned count)
{
    unsigned all = 0, checked = 0;

    for (unsigned i = 0; i < contract_rows(); i++) {
        const struct contract_row *row = contract_row(i);

        for (unsigned p = 0; p < count && contract_is_rule(row) && row->actor[0] == 'D'; p++)
            if (strncmp(row->name, prefixes[p], strlen(prefixes[p])) == 0) {
                all++;
                checked += contract_standing(row) == STANDING_CHECKED;
            }
    }
    return checked * 100 / all;
}

static void test_most_duties_are_checked(void **state)
{
    static const char *const lists[] = {"SG-", "SGL-", "PSG-", "FSG-", "BSG-"};
    static const char *const providers[] = {"PRV-"};

    (void)state;
    assert_in_range(checked_share(lists, 5), 80, 100);
    assert_in_range(checked_share(providers, 1), 80, 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_fault),
        cmocka_unit_test(test_all_are_there),
        cmocka_unit_test(test_only_information_needs_nothing),
        cmocka_unit_test(test_reasons_are_of_the_list),
        cmocka_unit_test(test_little_is_out_of_scope),
        cmocka_unit_test(test_most_duties_are_checked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
