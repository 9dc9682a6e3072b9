/*
 * test_program.c: bytes, values, names, text, edits, generators and the shrinker, without a
 * machine.
 */
#include "generate.h"
#include "phrases.h"
#include "program.h"
#include "random.h"
#include "rig.h"
#include "shrink.h"
#include "starts.h"
#include "target.h"
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- helpers ---- */

static void parse_good(struct program *program, const char *text)
{
    struct text_head head;
    struct text_error error = {0};

    if (!program_parse(program, &head, text, strlen(text), &error))
        fail_msg("%u:%u: %s in\n%s", error.line, error.column, error.message, text);
}

static void print_into(const struct program *program, char *text, size_t size)
{
    FILE *file = tmpfile();
    size_t length;

    assert_non_null(file);
    program_print(program, file);
    rewind(file);
    length = fread(text, 1, size - 1, file);
    text[length] = '\0';
    fclose(file);
}

static void assert_same(const struct program *a, const struct program *b)
{
    uint8_t x[PROGRAM_MAX * RECORD_SIZE], y[PROGRAM_MAX * RECORD_SIZE];

    assert_int_equal(program_encode(a, x), program_encode(b, y));
    assert_memory_equal(x, y, (size_t)RECORD_SIZE * a->count);
}

static void assert_text(const struct program *program, const char *expected)
{
    char text[32768];

    print_into(program, text, sizeof text);
    assert_string_equal(text, expected);
}

static void assert_error(const char *text, unsigned line, unsigned column, const char *message)
{
    struct program program;
    struct text_head head;
    struct text_error error = {0};

    assert_false(program_parse(&program, &head, text, strlen(text), &error));
    assert_string_equal(error.message, message);
    assert_int_equal(error.line, line);
    assert_int_equal(error.column, column);
}

/* ---- values ---- */

static void values_say_numbers(void **state)
{
    (void)state;
    assert_int_equal(value_number(0x0005, 9), 5);
    assert_int_equal(value_number(0x1003, 9), 24);
    assert_int_equal(value_number(0x2041, 9), 4097);
    assert_int_equal(value_number(0x207F, 9), 4095);
    assert_int_equal(value_number(0x3000, 9), 9);
    assert_int_equal(value_number(0x3FFF, 9), 8);
    assert_int_equal(value_number(0x4801, 9), UINT64_C(0x100000001));
    assert_true(value_number(0x5000, 9) == UINT64_MAX);
    assert_int_equal(value_number(0xF123, 9), 0x123);
    assert_int_equal(value_number(value_limit(-2048), 10000), 7952);
    assert_int_equal(value_number(value_limit(2047), 1), 2048);
}

static void values_have_one_form(void **state)
{
    (void)state;
    for (unsigned raw = 0; raw < 0x10000; raw++) {
        uint16_t value = value_canonical((uint16_t)raw), again;

        assert_true(value_number(value, 77) == value_number((uint16_t)raw, 77));
        assert_int_equal(value_canonical(value), value);
        if (value >> 12 == 3)
            continue;
        assert_true(value_encode(value_number(value, 0), &again));
        assert_int_equal(again, value);
    }
}

static void some_numbers_cannot_be_said(void **state)
{
    uint16_t value;

    (void)state;
    assert_false(value_encode(4096 + 33, &value));
    assert_false(value_encode(1000001, &value));
    assert_true(value_encode(9000, &value));
    assert_true(value_encode(65536, &value));
    assert_true(value_encode(131072, &value));
    assert_true(value_encode(UINT32_MAX, &value));
    assert_true(value_encode(UINT64_MAX, &value));
}

/* ---- the table, references ---- */

static void the_table_is_sound(void **state)
{
    (void)state;
    for (unsigned code = 0; code < 256; code++) {
        const struct op_row *row = &op_table[code];
        uint32_t used[5] = {0};

        if (!row->name)
            continue;
        assert_true(row->operand_count < OPERANDS_MAX);
        for (unsigned i = 0; i < row->operand_count; i++) {
            const struct operand *operand = &row->operands[i];
            uint32_t mask = ((UINT32_C(1) << operand->bits) - 1) << operand->shift;

            assert_int_equal(used[operand->slot] & mask, 0);
            assert_true(mask < UINT32_C(1) << (operand->slot <= SLOT_r2 ? 8 : 16));
            used[operand->slot] |= mask;
            if (operand->kind == OPERAND_CHOICE)
                assert_in_range(operand->word_count, 1, UINT32_C(1) << operand->bits);
        }
    }
}

static void references_count_backwards(void **state)
{
    unsigned made[CLASS_COUNT] = {[CLASS_list] = 3, [CLASS_adapter] = 2};
    struct ref ref;

    (void)state;
    ref = ref_resolve(0, CLASS_list, made);
    assert_int_equal(ref.mode, REF_NAMED);
    assert_int_equal(ref.number, 3);
    ref = ref_resolve(0x42, CLASS_list, made);
    assert_int_equal(ref.mode, REF_NAMED);
    assert_int_equal(ref.number, 1);
    assert_int_equal(ref_resolve(3, CLASS_list, made).mode, REF_NULL);
    assert_int_equal(ref_resolve(0xE7, CLASS_list, made).mode, REF_NULL);
    ref = ref_resolve(0xF3, CLASS_list, made);
    assert_int_equal(ref.mode, REF_FORGED);
    assert_int_equal(ref.number, 3);
    ref = ref_resolve(0xF8, CLASS_list, made);
    assert_int_equal(ref.mode, REF_WRONG);
    assert_int_equal(ref.class, CLASS_adapter);
    assert_int_equal(ref.number, 2);
    assert_int_equal(ref_resolve(0xF8, CLASS_adapter, made).mode, REF_NULL);
    assert_int_equal(ref_resolve(0xF9, CLASS_list, made).mode, REF_NULL);
}

/* ---- codec ---- */

static void any_bytes_decode_once_and_for_all(void **state)
{
    uint64_t random = 1;

    (void)state;
    for (unsigned round = 0; round < 2000; round++) {
        uint8_t bytes[64 * RECORD_SIZE], encoded[64 * RECORD_SIZE];
        struct program once, twice;

        for (size_t i = 0; i < sizeof bytes; i++)
            bytes[i] = (uint8_t)random_next(&random);
        program_decode(&once, bytes, sizeof bytes - 3);
        assert_int_equal(once.count, 63);
        program_decode(&twice, encoded, program_encode(&once, encoded));
        assert_same(&once, &twice);
    }
}

static void empty_slots_and_unused_fields_are_cleared(void **state)
{
    const uint8_t bytes[] = {0xFF, 1, 2, 3, 4, 5, 6, 7, OP_KeRaiseIrql, 0xF2, 9, 9, 9, 9, 9, 9};
    const uint8_t expected[] = {OP_nop, 0, 0, 0, 0, 0, 0, 0, OP_KeRaiseIrql, 2, 0, 0, 0, 0, 0, 0};
    uint8_t encoded[sizeof bytes];
    struct program program;

    (void)state;
    program_decode(&program, bytes, sizeof bytes);
    assert_int_equal(program_encode(&program, encoded), sizeof expected);
    assert_memory_equal(encoded, expected, sizeof expected);
}

static void long_bytes_are_cut(void **state)
{
    static const uint8_t bytes[RECORD_SIZE * (PROGRAM_MAX + 9)];
    struct program program;

    (void)state;
    program_decode(&program, bytes, sizeof bytes);
    assert_int_equal(program.count, PROGRAM_MAX);
}

static void narrowing_drops_the_foreign(void **state)
{
    struct program program;

    (void)state;
    parse_good(&program,
               "device1 = add_device()\nbuffer1 = buffer(length=64)\nhal1 = IoGetDmaAdapter()\n"
               "KeRaiseIrql(level=DISPATCH_LEVEL)\n");
    program_narrow(&program, TARGET_SG);
    assert_text(&program, "buffer1 = buffer(length=64)\nKeRaiseIrql(level=DISPATCH_LEVEL)\n");
}

/* ---- text ---- */

static const char canonical[] =
    "set(setting=personality, value=1)\n"
    "driver1 = NdisMRegisterMiniportDriver(version=6.30)\n"
    "adapter1 = initialize(driver1)\n"
    "  NdisMSetMiniportAttributes(adapter1, flags=0x40)\n"
    "  NdisMSetMiniportAttributes(adapter1, kind=general)\n"
    "  dma1 = NdisMRegisterScatterGatherDma(adapter1, MaximumPhysicalMapping=65536)\n"
    "  return()\n"
    "buffer1 = buffer(length=1500, offset=4095, frames=high)\n"
    "mdl1 = mdl(buffer1, NULL, length=limit)\n"
    "nb1 = net_buffer(mdl1, offset=14, length=limit-14)\n"
    "KeRaiseIrql(level=DISPATCH_LEVEL)\n"
    "list1 = NdisMAllocateNetBufferSGList(dma1, nb1, NULL, flags=0x1, timing=later)\n"
    "step(processor=1)\n"
    "  return()\n"
    "list2 = NdisMAllocateNetBufferSGList(adapter1, forged3, buffer1, size=limit+3, timing=later)\n"
    "NdisMFreeNetBufferSGList(dma1, list1, nb1, pointer=own_buffer)\n"
    "return(status=FAILURE)\n"
    "nop()\n";

static void canonical_text_comes_back(void **state)
{
    struct program program;

    (void)state;
    parse_good(&program, canonical);
    assert_text(&program, canonical);
}

static void free_forms_are_read(void **state)
{
    struct program program, free_form;

    (void)state;
    parse_good(&program,
               "buffer1 = buffer(length=64)\nmdl1 = mdl(buffer1, NULL, offset=8, length=limit)\n");
    parse_good(&free_form, "\n  # words\r\n\tbuffer1=buffer( length = 0x40 )# more\n\n"
                           "mdl1 = mdl(length=limit+0,buffer1,offset=8,NULL)");
    assert_same(&program, &free_form);
}

static void the_head_is_read(void **state)
{
    static const char text[] = "# words first\n# trips SG-02 at record 1\nnop()\n# trips over\n";
    struct program program;
    struct text_head head;
    struct text_error error;

    (void)state;
    assert_true(program_parse(&program, &head, text, strlen(text), &error));
    assert_int_equal(head.rule, RULE_SG_02);
    assert_int_equal(head.record, 1);
}

static void errors_name_the_place(void **state)
{
    (void)state;
    assert_error("nop()\n  nope()\n", 2, 3,
                 "expected an operation (dmarig ops lists them), found nope");
    assert_error("nop\n", 1, 4, "expected '(', found the end of the line");
    assert_error("nop() 7", 1, 7, "expected the end of the line, found 7");
    assert_error("nop(", 1, 5, "expected key=word or ')', found the end of the text");
    assert_error("\x01", 1, 1, "expected an operation (dmarig ops lists them), found byte 0x01");
    assert_error("device_run(posted=16)", 1, 19, "expected a number below 16, found 16");
    assert_error(
        "KeRaiseIrql(level=HIGH)", 1, 19,
        "expected one of PASSIVE_LEVEL, APC_LEVEL, DISPATCH_LEVEL, HIGH_LEVEL, found HIGH");
    assert_error("KeRaiseIrql(irql=HIGH)", 1, 13, "expected level, found irql");
    assert_error(
        "set(value=1000001)", 1, 11,
        "expected a number that 16 bits can say (below 4096, a multiple of 8 below 32768, near a "
        "page or power of 2), found 1000001");
    assert_error("set(value=limit+5000)", 1, 11,
                 "expected limit, or limit-2048 to limit+2047, found limit+5000");
    assert_error("set(value=)", 1, 11, "expected a number or limit, found ')'");
    assert_error("# trips SG-99 at record 1\n", 1, 9,
                 "expected a rule (dmarig rules lists them), found SG-99");
    assert_error("# trips SG-02 record 1\n", 1, 14,
                 "expected 'at record N' after the rule, found byte 0x20");
}

static void errors_about_names(void **state)
{
    (void)state;
    assert_error("buffer2 = buffer()", 1, 1,
                 "expected buffer1, the next name of its class, found buffer2");
    assert_error("buffer()", 1, 1, "expected buffer1 = before buffer, found buffer");
    assert_error("list1 = nop()", 1, 1,
                 "expected no name before nop, which makes none, found list1");
    assert_error("restart(adapter1)", 1, 9,
                 "expected a name made before (0 of class adapter so far), found adapter1");
    assert_error("restart(adapter)", 1, 9,
                 "expected a name of class adapter, NULL, or forged0 to forged7, found adapter");
    assert_error("restart()", 1, 9, "expected a name of class adapter or NULL, found ')'");
    assert_error("restart(NULL, NULL)", 1, 15, "expected key=word or ')', found NULL");
    assert_error("driver1 = NdisMRegisterMiniportDriver()\nrestart(driver1)", 2, 9,
                 "expected a name of class adapter, or the newest adapter, dma, list, nb, nbl, "
                 "mdl, device, hal, found "
                 "driver1");
}

static void names_reach_31_back(void **state)
{
    char text[4096];
    size_t used = 0;
    struct program program;

    (void)state;
    for (unsigned i = 1; i <= 33; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "buffer%u = buffer()\n", i);
    snprintf(text + used, sizeof text - used, "free_buffer(buffer2)\n");
    parse_good(&program, text);
    assert_text(&program, text);
    snprintf(text + used, sizeof text - used, "free_buffer(buffer1)\n");
    assert_error(text, 34, 13,
                 "expected a name at most 31 names back (buffer2 or later), found buffer1");
}

static void too_many_records_are_an_error(void **state)
{
    char text[6 * (PROGRAM_MAX + 1) + 1] = "";
    struct program program;

    (void)state;
    for (unsigned i = 0; i < PROGRAM_MAX; i++)
        memcpy(text + (size_t)6 * i, "nop()\n", 6);
    parse_good(&program, text);
    memcpy(text + (size_t)6 * PROGRAM_MAX, "nop()\n", 6);
    assert_error(text, PROGRAM_MAX + 1, 1, "expected at most 256 records, found nop");
}

/* ---- edits ---- */

static const char three_lists[] =
    "dma1 = NdisMRegisterScatterGatherDma(NULL)\n"
    "list1 = NdisMAllocateNetBufferSGList(dma1, NULL, NULL, timing=later)\n"
    "list2 = NdisMAllocateNetBufferSGList(dma1, NULL, NULL, timing=later)\n"
    "list3 = NdisMAllocateNetBufferSGList(dma1, NULL, NULL, timing=later)\n"
    "scribble(list1)\n"
    "scribble(list2)\n"
    "scribble(list3)\n";

static void deletion_renames(void **state)
{
    struct program program;

    (void)state;
    parse_good(&program, three_lists);
    program_delete(&program, 2, 1);
    assert_text(&program, "dma1 = NdisMRegisterScatterGatherDma(NULL)\n"
                          "list1 = NdisMAllocateNetBufferSGList(dma1, NULL, NULL, timing=later)\n"
                          "list2 = NdisMAllocateNetBufferSGList(dma1, NULL, NULL, timing=later)\n"
                          "scribble(list1)\n"
                          "scribble(list1)\n"
                          "scribble(list2)\n");
    program_delete(&program, 0, 2);
    assert_text(&program, "list1 = NdisMAllocateNetBufferSGList(NULL, NULL, NULL, timing=later)\n"
                          "scribble(NULL)\n"
                          "scribble(NULL)\n"
                          "scribble(list1)\n");
}

static void insertion_renames(void **state)
{
    struct program program, inserted;

    (void)state;
    parse_good(&program, three_lists);
    parse_good(&inserted, "list1 = NdisMAllocateNetBufferSGList(NULL, NULL, NULL, timing=later)\n"
                          "scribble(list1)\n");
    program_insert(&program, 2, inserted.records, inserted.count);
    assert_text(&program, "dma1 = NdisMRegisterScatterGatherDma(NULL)\n"
                          "list1 = NdisMAllocateNetBufferSGList(dma1, NULL, NULL, timing=later)\n"
                          "list2 = NdisMAllocateNetBufferSGList(NULL, NULL, NULL, timing=later)\n"
                          "scribble(list2)\n"
                          "list3 = NdisMAllocateNetBufferSGList(dma1, NULL, NULL, timing=later)\n"
                          "list4 = NdisMAllocateNetBufferSGList(dma1, NULL, NULL, timing=later)\n"
                          "scribble(list1)\n"
                          "scribble(list3)\n"
                          "scribble(list4)\n");
}

static void insertion_undone_is_nothing(void **state)
{
    uint64_t random = 5;

    (void)state;
    for (unsigned round = 0; round < 2000; round++) {
        struct program before, after;
        struct record record;
        unsigned made[CLASS_COUNT], at;

        generate_program(&before, round, TARGET_MACHINE);
        before.count = before.count < 30 ? before.count : 30;
        after = before;
        at = random_below(&random, before.count + 1);
        program_made(&before, at, made);
        generate_record(&record, &random, TARGET_MACHINE, made);
        program_insert(&after, at, &record, 1);
        program_delete(&after, at, 1);
        assert_same(&before, &after);
    }
}

static void insertion_into_a_full_program_drops_its_end(void **state)
{
    struct program program = {.count = PROGRAM_MAX};
    const struct record records[2] = {{.op = OP_KeRaiseIrql}, {.op = OP_KeLowerIrql}};

    (void)state;
    program_insert(&program, PROGRAM_MAX - 1, records, 2);
    assert_int_equal(program.count, PROGRAM_MAX);
    assert_int_equal(program.records[PROGRAM_MAX - 1].op, OP_KeRaiseIrql);
    program_insert(&program, 0, records, 1);
    assert_int_equal(program.records[PROGRAM_MAX - 1].op, OP_nop);
}

/* ---- generators ---- */

static void generated_programs_come_back(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < 100000; seed++) {
        const struct target *target = &targets[seed % TARGET_COUNT];
        struct program program, again;
        uint8_t bytes[PROGRAM_MAX * RECORD_SIZE];
        char text[65536];

        generate_program(&program, seed, target->mask);
        program_decode(&again, bytes, program_encode(&program, bytes));
        assert_same(&program, &again);
        print_into(&program, text, sizeof text);
        parse_good(&again, text);
        assert_same(&program, &again);
        program_narrow(&again, target->mask);
        assert_same(&program, &again);
    }
}

static void generation_is_a_function_of_the_seed(void **state)
{
    struct program once, twice, other;

    (void)state;
    generate_program(&once, 42, TARGET_SG);
    generate_program(&twice, 42, TARGET_SG);
    generate_program(&other, 43, TARGET_SG);
    assert_same(&once, &twice);
    assert_true(once.count != other.count ||
                memcmp(once.records, other.records, once.count * sizeof once.records[0]) != 0);
}

static void phrases_go_anywhere(void **state)
{
    uint64_t random = 9;

    (void)state;
    for (unsigned round = 0; round < 2000; round++) {
        struct program program, again;
        char text[65536];

        generate_program(&program, round, TARGET_MACHINE);
        generate_phrase(&program, random_below(&random, program.count + 1), &random,
                        TARGET_MACHINE);
        assert_true(program.count <= PROGRAM_MAX);
        print_into(&program, text, sizeof text);
        parse_good(&again, text);
        assert_same(&program, &again);
    }
}

static void starts_and_phrases_are_sound(void **state)
{
    (void)state;
    for (unsigned i = 0; i < START_COUNT; i++) {
        assert_ptr_equal(start_find(starts[i].name), &starts[i]);
        assert_true(start_program(&starts[i])->count > 0 || i == START_none);
    }
    assert_null(start_find("nowhere"));
    for (unsigned i = 0; i < PHRASE_COUNT; i++)
        assert_true(phrase_get(i)->count > 0);
}

/* ---- the shrinker ---- */

static unsigned count_op(const struct program *program, unsigned op)
{
    unsigned count = 0;

    for (unsigned i = 0; i < program->count; i++)
        count += program->records[i].op == op;
    return count;
}

static bool frees_the_second_list(void *context, const struct program *program)
{
    unsigned made[CLASS_COUNT] = {0};

    (void)context;
    for (unsigned i = 0; i < program->count; i++) {
        const struct record *record = &program->records[i];

        if (record->op == OP_NdisMFreeNetBufferSGList && made[CLASS_list] >= 2 &&
            ref_resolve(record->r[1], CLASS_list, made).number == 2)
            return count_op(program, OP_return) > 0;
        made[op_table[record->op].makes]++;
    }
    return false;
}

static void shrinking_ends_in_one_minimum(void **state)
{
    unsigned failing = 0;

    (void)state;
    for (unsigned seed = 0; failing < 20; seed++) {
        struct program program;

        assert_true(seed < 5000);
        generate_program(&program, seed, TARGET_SG);
        if (!frees_the_second_list(NULL, &program))
            continue;
        failing++;
        assert_true(shrink_program(&program, frees_the_second_list, NULL) > 0);
        assert_true(frees_the_second_list(NULL, &program));
        assert_int_equal(program.count, 4);
        assert_int_equal(count_op(&program, OP_NdisMFreeNetBufferSGList), 1);
        assert_int_equal(count_op(&program, OP_return), 1);
    }
}

static void targets_are_found_by_name(void **state)
{
    (void)state;
    assert_int_equal(target_find("sgdma")->mask, TARGET_SG);
    assert_null(target_find("sg"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_say_numbers),
        cmocka_unit_test(values_have_one_form),
        cmocka_unit_test(some_numbers_cannot_be_said),
        cmocka_unit_test(the_table_is_sound),
        cmocka_unit_test(references_count_backwards),
        cmocka_unit_test(any_bytes_decode_once_and_for_all),
        cmocka_unit_test(empty_slots_and_unused_fields_are_cleared),
        cmocka_unit_test(long_bytes_are_cut),
        cmocka_unit_test(narrowing_drops_the_foreign),
        cmocka_unit_test(canonical_text_comes_back),
        cmocka_unit_test(free_forms_are_read),
        cmocka_unit_test(the_head_is_read),
        cmocka_unit_test(errors_name_the_place),
        cmocka_unit_test(errors_about_names),
        cmocka_unit_test(names_reach_31_back),
        cmocka_unit_test(too_many_records_are_an_error),
        cmocka_unit_test(deletion_renames),
        cmocka_unit_test(insertion_renames),
        cmocka_unit_test(insertion_undone_is_nothing),
        cmocka_unit_test(insertion_into_a_full_program_drops_its_end),
        cmocka_unit_test(generated_programs_come_back),
        cmocka_unit_test(generation_is_a_function_of_the_seed),
        cmocka_unit_test(phrases_go_anywhere),
        cmocka_unit_test(starts_and_phrases_are_sound),
        cmocka_unit_test(shrinking_ends_in_one_minimum),
        cmocka_unit_test(targets_are_found_by_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
