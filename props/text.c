/*
 * text.c: a program as text, in its one canonical form. parse.c reads it back.
 *
 * References come first, by position; the other operands follow as key=word and are left out when
 * they have their first word or are zero. The setting of `set` is always named.
 */
#include "program.h"
#include "rig.h"
#include <inttypes.h>

static void print_ref(unsigned byte, enum name_class class, const unsigned made[CLASS_COUNT],
                      FILE *to)
{
    struct ref ref = ref_resolve((uint8_t)byte, class, made);

    if (ref.mode == REF_NULL)
        fputs("NULL", to);
    else if (ref.mode == REF_FORGED)
        fprintf(to, "forged%u", ref.number);
    else
        fprintf(to, "%s%u", class_words[ref.class], ref.number);
}

static void print_value(unsigned value, FILE *to)
{
    uint64_t delta = value_number((uint16_t)value, 0);

    if (value >> 12 != 3)
        fprintf(to, "%" PRIu64, delta);
    else if (delta == 0)
        fputs("limit", to);
    else
        fprintf(to, "limit%+" PRId64, (int64_t)delta);
}

static void print_keyed(const struct operand *operand, unsigned value, FILE *to)
{
    fprintf(to, "%s=", operand->name);
    if (operand->words)
        fputs(operand->words[value < operand->word_count ? value : 0], to);
    else if (operand->kind == OPERAND_FLAGS)
        fprintf(to, "0x%x", value);
    else if (operand->kind == OPERAND_VALUE)
        print_value(value, to);
    else
        fprintf(to, "%u", value);
}

static void print_refs(const struct record *record, const unsigned made[CLASS_COUNT],
                       const char **separator, FILE *to)
{
    const struct op_row *row = &op_table[record->op];

    for (unsigned i = 0; i < row->operand_count; i++) {
        if (row->operands[i].kind != OPERAND_REF)
            continue;
        fputs(*separator, to);
        print_ref(operand_get(record, &row->operands[i]), row->operands[i].class, made, to);
        *separator = ", ";
    }
}

static void print_keys(const struct record *record, const char **separator, FILE *to)
{
    const struct op_row *row = &op_table[record->op];

    for (unsigned i = 0; i < row->operand_count; i++) {
        const struct operand *operand = &row->operands[i];
        unsigned value = operand_get(record, operand);

        if (operand->kind == OPERAND_REF || (value == 0 && operand->kind != OPERAND_SETTING))
            continue;
        fputs(*separator, to);
        print_keyed(operand, value, to);
        *separator = ", ";
    }
}

void record_print(const struct record *record, const unsigned made[CLASS_COUNT], FILE *to)
{
    const struct op_row *row = &op_table[record->op];
    const char *separator = "";

    if (row->makes != CLASS_nothing)
        fprintf(to, "%s%u = ", class_words[row->makes], made[row->makes] + 1);
    fprintf(to, "%s(", row->name ? row->name : op_table[OP_nop].name);
    print_refs(record, made, &separator, to);
    print_keys(record, &separator, to);
    fputc(')', to);
}

static bool timing_is_inside(const struct record *record)
{
    const struct op_row *row = &op_table[record->op];

    for (unsigned i = 0; i < row->operand_count; i++)
        if (row->operands[i].kind == OPERAND_CHOICE && row->operands[i].shift == 12)
            return operand_get(record, &row->operands[i]) != RIG_LATER;
    return true;
}

/* Is a callback to be expected from RECORD itself? */
static bool opens_body(const struct record *record)
{
    switch (record->op) {
    case OP_NdisMAllocateNetBufferSGList:
    case OP_GetScatterGatherList:
    case OP_BuildScatterGatherList:
        return timing_is_inside(record);
    case OP_step:
    case OP_unload:
    case OP_NdisBuildScatterGatherList:
    case OP_NetDmaRegisterProvider:
        return true;
    default:
        return (record->op >= OP_initialize && record->op <= OP_cancel_send) ||
               record->op == OP_set_power || record->op == OP_return_net_buffer_lists ||
               (record->op >= OP_add_device && record->op <= OP_filter_resource_requirements);
    }
}

/* A `return` closes the innermost open body; what is between them is indented. A body that nothing
 * closes is not (the call may have been refused, which the text cannot know). */
static void find_depths(const struct program *program, unsigned depths[PROGRAM_MAX])
{
    unsigned open[PROGRAM_MAX], opened = 0;
    int change[PROGRAM_MAX + 1] = {0}, depth = 0;

    for (unsigned i = 0; i < program->count; i++) {
        if (program->records[i].op == OP_return && opened > 0) {
            change[open[--opened] + 1]++;
            change[i + 1]--;
        } else if (opens_body(&program->records[i])) {
            open[opened++] = i;
        }
    }
    for (unsigned i = 0; i < program->count; i++) {
        depth += change[i];
        depths[i] = (unsigned)depth;
    }
}

void program_print(const struct program *program, FILE *to)
{
    unsigned made[CLASS_COUNT] = {0};
    unsigned depths[PROGRAM_MAX];

    find_depths(program, depths);
    for (unsigned i = 0; i < program->count; i++) {
        fprintf(to, "%*s", (int)(2 * depths[i]), "");
        record_print(&program->records[i], made, to);
        fputc('\n', to);
        made[op_table[program->records[i].op].makes]++;
    }
}
