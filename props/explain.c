/*
 * explain.c: each operand of a failing program varied by itself.
 */
#define _POSIX_C_SOURCE 200809L
#include "explain.h"
#include "shrink.h"
#include <stdlib.h>
#include <string.h>

enum { REPLACEMENTS = 16 };

struct others {
    unsigned count;
    unsigned values[REPLACEMENTS];
};

/* Other values for an operand, far apart. */
static void others_make(const struct operand *operand, struct others *others)
{
    static const unsigned refs[] = {0, 1, 2, 0xE0, 0xF0, 0xF8, 0xF9, 0xFA, 0xFB, 0xFC};
    static const unsigned values[] = {0, 1, 2, 64, 0xFFF, 0x1200, 0x2041, 0x3000, 0x4800, 0x5000};
    bool is_set = operand->kind == OPERAND_CHOICE || operand->kind == OPERAND_SETTING;
    unsigned limit = is_set ? operand->word_count : 1u << operand->bits;

    others->count = 0;
    if (operand->kind == OPERAND_REF || operand->kind == OPERAND_VALUE) {
        const unsigned *from = operand->kind == OPERAND_REF ? refs : values;

        others->count = sizeof refs / sizeof refs[0];
        memcpy(others->values, from, sizeof refs);
        return;
    }
    for (unsigned value = 0; value < limit && others->count < REPLACEMENTS; value++)
        others->values[others->count++] =
            operand->kind == OPERAND_FLAGS && value ? 1u << (value - 1) & (limit - 1) : value;
}

static bool is_free(const struct program *program, unsigned at, const struct operand *operand,
                    bool (*still_fails)(void *context, const struct program *program),
                    void *context)
{
    struct others others;
    unsigned different = 0;

    others_make(operand, &others);
    for (unsigned i = 0; i < others.count; i++) {
        struct program varied = *program;

        operand_set(&varied.records[at], operand, others.values[i]);
        program_canonical(&varied);
        if (program_compare(&varied, program) == 0)
            continue;
        if (!still_fails(context, &varied))
            return false;
        different++;
    }
    return different > 0;
}

void explain_program(const struct program *program,
                     bool (*still_fails)(void *context, const struct program *program),
                     void *context, uint16_t free_operands[PROGRAM_MAX])
{
    for (unsigned at = 0; at < program->count; at++) {
        const struct op_row *row = &op_table[program->records[at].op];

        free_operands[at] = 0;
        for (unsigned k = 0; k < row->operand_count; k++)
            if (is_free(program, at, &row->operands[k], still_fails, context))
                free_operands[at] |= (uint16_t)(1u << k);
    }
}

/* ---- printing ---- */

/* Is the argument TEXT, the number ARGUMENT of its record, free? References come first, without
 * their names. */
static bool argument_is_free(const struct op_row *row, uint16_t free, const char *text,
                             unsigned argument)
{
    unsigned refs = 0;

    for (unsigned k = 0; k < row->operand_count; k++) {
        const struct operand *operand = &row->operands[k];
        size_t length = strlen(operand->name);

        if (operand->kind == OPERAND_REF) {
            if (refs++ == argument)
                return free >> k & 1;
        } else if (strncmp(text, operand->name, length) == 0 && text[length] == '=') {
            return free >> k & 1;
        }
    }
    return false;
}

static void print_with_marks(const struct op_row *row, uint16_t free, char *text, FILE *to)
{
    char *from = strchr(text, '(');
    unsigned argument = 0;

    if (!from || from[1] == ')') {
        fputs(text, to);
        return;
    }
    from++;
    fwrite(text, 1, (size_t)(from - text), to);
    while (*from) {
        size_t length = strcspn(from, ",)");
        const char *mark = argument_is_free(row, free, from, argument++) ? " (any)" : "";

        fprintf(to, "%.*s%s", (int)length, from, mark);
        from += length;
        length = strspn(from, ",) ");
        fwrite(from, 1, length, to);
        from += length;
    }
}

void explained_record_print(const struct record *record, const unsigned made[CLASS_COUNT],
                            uint16_t free_operands, FILE *to)
{
    char *text = NULL;
    size_t size = 0;
    FILE *line = free_operands ? open_memstream(&text, &size) : NULL;

    if (!line) {
        record_print(record, made, to);
        return;
    }
    record_print(record, made, line);
    if (fclose(line) == 0)
        print_with_marks(&op_table[record->op], free_operands, text, to);
    free(text);
}
