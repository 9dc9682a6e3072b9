/*
 * shrink_two.c: one small operand made lower while another becomes anything: two directions that
 * only have to differ, a reference that the level goes with.
 */
#include "shrink_passes.h"

enum { SPOTS_MAX = 64 };

struct spot {
    unsigned at;
    const struct operand *operand;
};

unsigned small_values(const struct operand *operand, unsigned values[SMALL_VALUES_MAX])
{
    static const unsigned refs[] = {0, 1, 2, 0xE0, 0xF0};
    unsigned count = 0;

    switch (operand->kind) {
    case OPERAND_CHOICE:
        for (unsigned word = 0; word < operand->word_count && count < SMALL_VALUES_MAX; word++)
            values[count++] = word;
        return count;
    case OPERAND_FLAGS:
        for (unsigned value = 0; value < 3; value++)
            values[count++] = value;
        return count;
    case OPERAND_REF:
        for (; count < sizeof refs / sizeof refs[0]; count++)
            values[count] = refs[count];
        return count;
    default:
        return 0;
    }
}

static unsigned spots_find(const struct program *program, struct spot *spots)
{
    unsigned count = 0, values[SMALL_VALUES_MAX];

    for (unsigned at = 0; at < program->count; at++) {
        const struct op_row *row = &op_table[program->records[at].op];

        for (unsigned k = 0; k < row->operand_count && count < SPOTS_MAX; k++)
            if (small_values(&row->operands[k], values) > 0)
                spots[count++] = (struct spot){at, &row->operands[k]};
    }
    return count;
}

static bool set_second(struct shrink *shrink, const struct program *first, const struct spot *spot)
{
    unsigned values[SMALL_VALUES_MAX], count = small_values(spot->operand, values);
    unsigned now = operand_get(&first->records[spot->at], spot->operand);

    for (unsigned i = 0; i < count; i++) {
        struct program candidate = *first;

        operand_set(&candidate.records[spot->at], spot->operand, values[i]);
        if (values[i] != now && shrink_take(shrink, &candidate))
            return true;
    }
    return false;
}

bool shrink_two_operands(struct shrink *shrink)
{
    struct spot spots[SPOTS_MAX];
    unsigned count = spots_find(shrink->best, spots), values[SMALL_VALUES_MAX];

    for (unsigned i = 0; i < count; i++) {
        unsigned now = operand_get(&shrink->best->records[spots[i].at], spots[i].operand);
        unsigned some = small_values(spots[i].operand, values);

        for (unsigned k = 0; k < some && values[k] < now; k++) {
            struct program first = *shrink->best;

            operand_set(&first.records[spots[i].at], spots[i].operand, values[k]);
            for (unsigned j = 0; j < count; j++)
                if (j != i && set_second(shrink, &first, &spots[j]))
                    return true;
        }
    }
    return false;
}
