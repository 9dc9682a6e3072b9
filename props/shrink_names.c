/*
 * shrink_names.c: records put in another order, references renamed.
 */
#include "shrink_passes.h"

enum { BACK_MAX = 31, BYTE_NULL = 0xE0 };

static void makers_find_record(const struct record *record, const unsigned made[CLASS_COUNT],
                               int16_t by_name[CLASS_COUNT][PROGRAM_MAX], int16_t of[3])
{
    const struct op_row *row = &op_table[record->op];

    of[0] = of[1] = of[2] = -1;
    for (unsigned k = 0; k < row->operand_count; k++) {
        const struct operand *operand = &row->operands[k];
        struct ref ref;

        if (operand->kind != OPERAND_REF)
            continue;
        ref = ref_resolve((uint8_t)operand_get(record, operand), operand->class, made);
        if (ref.mode == REF_NAMED)
            of[operand->slot] = by_name[ref.class][ref.number - 1];
    }
}

void makers_find(const struct program *program, struct makers *makers)
{
    int16_t by_name[CLASS_COUNT][PROGRAM_MAX];
    unsigned made[CLASS_COUNT] = {0};

    for (unsigned i = 0; i < program->count; i++) {
        enum name_class makes = op_table[program->records[i].op].makes;

        makers_find_record(&program->records[i], made, by_name, makers->of[i]);
        by_name[makes][made[makes]++] = (int16_t)i;
    }
}

/* number[i]: the name that old record i made here, 0 if it has not come yet */
static bool rename_record(struct record *record, const int16_t of[3], const unsigned *number,
                          const bool *stays, const unsigned made[CLASS_COUNT])
{
    const struct op_row *row = &op_table[record->op];

    for (unsigned k = 0; k < row->operand_count; k++) {
        const struct operand *operand = &row->operands[k];
        int maker = operand->kind == OPERAND_REF ? of[operand->slot] : -1;

        if (maker < 0)
            continue;
        if (!stays[maker]) {
            operand_set(record, operand, BYTE_NULL);
            continue;
        }
        if (number[maker] == 0 || made[operand->class] - number[maker] > BACK_MAX)
            return false;
        operand_set(record, operand, made[operand->class] - number[maker]);
    }
    return true;
}

bool program_arrange(struct program *program, const struct makers *makers, const unsigned *order,
                     unsigned count)
{
    struct program arranged = {.count = count};
    unsigned number[PROGRAM_MAX] = {0}, made[CLASS_COUNT] = {0};
    bool stays[PROGRAM_MAX] = {false};

    for (unsigned place = 0; place < count; place++)
        stays[order[place]] = true;
    for (unsigned place = 0; place < count; place++) {
        struct record *record = &arranged.records[place];
        unsigned old = order[place];

        *record = program->records[old];
        if (!rename_record(record, makers->of[old], number, stays, made))
            return false;
        number[old] = ++made[op_table[record->op].makes];
    }
    program_canonical(&arranged);
    *program = arranged;
    return true;
}
