/*
 * shrink_values.c: a value made small while another takes up what it stood for, as one byte at the
 * end of a page stands for a page and a byte.
 */
#include "shrink_passes.h"

enum { PLACES_MAX = 12, SMALL = 4, VALUE_LIMIT = 0x3000 };

struct places {
    unsigned count;
    unsigned at[PLACES_MAX];
    const struct operand *operands[PLACES_MAX];
};
/* What becomes of the later values that are not 0: nothing; the limit; the new value; the new value
 * where they are the old one. */
enum rest { REST_STAYS, REST_LIMIT, REST_SAME, REST_EQUAL, REST_COUNT };

static void places_find(const struct program *program, struct places *places)
{
    places->count = 0;
    for (unsigned at = 0; at < program->count; at++) {
        const struct op_row *row = &op_table[program->records[at].op];

        for (unsigned k = 0; k < row->operand_count && places->count < PLACES_MAX; k++) {
            if (row->operands[k].kind != OPERAND_VALUE)
                continue;
            places->at[places->count] = at;
            places->operands[places->count++] = &row->operands[k];
        }
    }
}

static unsigned place_get(const struct program *program, const struct places *places, unsigned i)
{
    return operand_get(&program->records[places->at[i]], places->operands[i]);
}

static void place_set(struct program *program, const struct places *places, unsigned i,
                      unsigned value)
{
    operand_set(&program->records[places->at[i]], places->operands[i], value);
}

static bool trade(struct shrink *shrink, const struct places *places, const unsigned pair[2],
                  const unsigned values[2], enum rest rest)
{
    struct program candidate = *shrink->best;
    unsigned old = place_get(&candidate, places, pair[0]);

    for (unsigned i = pair[0] + 1; i < places->count && rest != REST_STAYS; i++)
        if (rest == REST_EQUAL ? place_get(&candidate, places, i) == old
                               : place_get(&candidate, places, i) != 0)
            place_set(&candidate, places, i, rest == REST_LIMIT ? VALUE_LIMIT : values[0]);
    place_set(&candidate, places, pair[0], values[0]);
    place_set(&candidate, places, pair[1], values[1]);
    return shrink_take(shrink, &candidate);
}

static bool trade_pair(struct shrink *shrink, const struct places *places, const unsigned pair[2])
{
    static const uint16_t takers[] = {0,    1,    2,    3,      8,      2048,
                                      4094, 4095, 4088, 0x1200, 0x2041, VALUE_LIMIT};
    unsigned now = place_get(shrink->best, places, pair[0]);

    for (unsigned small = 0; small < SMALL && small < now; small++)
        for (unsigned i = 0; i < sizeof takers / sizeof takers[0]; i++)
            for (enum rest rest = REST_STAYS; rest < REST_COUNT; rest++)
                if (trade(shrink, places, pair, (unsigned[2]){small, takers[i]}, rest))
                    return true;
    return false;
}

bool shrink_trades(struct shrink *shrink)
{
    struct places places;

    places_find(shrink->best, &places);
    for (unsigned first = 0; first < places.count; first++)
        for (unsigned second = first + 1; second < places.count; second++)
            if (trade_pair(shrink, &places, (unsigned[2]){first, second}))
                return true;
    return false;
}
