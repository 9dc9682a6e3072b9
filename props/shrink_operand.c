/*
 * shrink_operand.c: operands made lower.
 *
 * Small sets are tried from the lowest on, so that what is found does not depend on where it began.
 * A value has too many lower ones: round numbers are tried from the lowest on, then the gap between
 * the round number that passes and what fails is halved.
 */
#include "shrink_passes.h"

enum { ROUND_MAX = 320, LITERALS = 17, LITERAL_MAX = 4095, NEAR = 8 };

struct round_values {
    unsigned count;
    uint16_t values[ROUND_MAX];
};

static bool lower_to(struct shrink *shrink, unsigned at, const struct operand *operand,
                     unsigned value)
{
    struct program candidate = *shrink->best;

    if (operand_get(&candidate.records[at], operand) == value)
        return false;
    operand_set(&candidate.records[at], operand, value);
    return shrink_take(shrink, &candidate);
}

/* ---- values ---- */

static void add(struct round_values *round, unsigned value)
{
    if (round->count < ROUND_MAX)
        round->values[round->count++] = (uint16_t)value;
}

/* In the order of their encoding: literals, eights, pages, the limit, powers of two, the top. */
static void round_values_make(struct round_values *round)
{
    round->count = 0;
    for (unsigned n = 0; n < LITERALS; n++)
        add(round, n);
    for (unsigned power = 5; power <= 12; power++)
        for (unsigned n = (1u << power) - 1; n <= (1u << power) + 1 && n < 4096; n++)
            add(round, n);
    for (unsigned page = 1; page < 8; page++)
        add(round, 0x1000 | page << 9);
    add(round, 0x2020);
    add(round, 0x203F);
    for (unsigned page = 1; page < 64; page += page < 16 ? 1 : 15) {
        add(round, 0x2000 | page << 6 | 0);
        add(round, 0x2000 | page << 6 | 1);
        add(round, 0x2000 | page << 6 | 63);
    }
    add(round, 0x3000);
    add(round, 0x3001);
    add(round, 0x3FFF);
    for (unsigned power = 16; power < 64; power++) {
        add(round, 0x4000 | power << 6 | 0);
        add(round, 0x4000 | power << 6 | 1);
        add(round, 0x4000 | power << 6 | 63);
    }
    add(round, 0x5000);
}

/* ---- values that only change together ---- */

/* All operands that are VALUE, or up to NEAR more, become LOWER and as much more. */
static bool lower_all(struct shrink *shrink, unsigned value, unsigned near, unsigned lower)
{
    struct program candidate = *shrink->best;

    for (unsigned at = 0; at < candidate.count; at++) {
        const struct op_row *row = &op_table[candidate.records[at].op];

        for (unsigned i = 0; i < row->operand_count; i++) {
            unsigned now = operand_get(&candidate.records[at], &row->operands[i]);

            if (row->operands[i].kind == OPERAND_VALUE && now >= value && now <= value + near)
                operand_set(&candidate.records[at], &row->operands[i], now - value + lower);
        }
    }
    return shrink_take(shrink, &candidate);
}

static bool lower_everywhere(struct shrink *shrink, unsigned value)
{
    struct round_values round;

    round_values_make(&round);
    for (unsigned i = 0; i < round.count && round.values[i] < value; i++)
        if (lower_all(shrink, value, 0, round.values[i]) ||
            (value + NEAR <= LITERAL_MAX && lower_all(shrink, value, NEAR, round.values[i])))
            return true;
    return false;
}

/* ---- one value ---- */

/* PASSES, a lower encoding, does not fail. */
static bool halve(struct shrink *shrink, unsigned at, const struct operand *operand,
                  unsigned passes)
{
    bool progress = false;
    unsigned fails = operand_get(&shrink->best->records[at], operand);

    while (fails - passes > 1) {
        unsigned middle = passes + (fails - passes) / 2;

        if (lower_to(shrink, at, operand, middle)) {
            progress = true;
            fails = middle;
        } else {
            passes = middle;
        }
    }
    return progress;
}

static bool lower_value(struct shrink *shrink, unsigned at, const struct operand *operand)
{
    struct round_values round;
    unsigned now = operand_get(&shrink->best->records[at], operand), before = now, passes = 0;
    bool progress = false;

    if (now == 0)
        return false;
    round_values_make(&round);
    for (unsigned i = 0; i < round.count && round.values[i] < now && !progress; i++) {
        progress = lower_to(shrink, at, operand, round.values[i]);
        if (!progress)
            passes = round.values[i];
    }
    now = operand_get(&shrink->best->records[at], operand);
    progress |= now > passes && halve(shrink, at, operand, passes);
    now = operand_get(&shrink->best->records[at], operand);
    /* values that hold each other up come down a little each time */
    return (progress && now >= LITERALS && before - now <= NEAR && lower_everywhere(shrink, now)) ||
           progress;
}

/* ---- the others ---- */

static bool lower_from_zero(struct shrink *shrink, unsigned at, const struct operand *operand)
{
    unsigned now = operand_get(&shrink->best->records[at], operand);

    for (unsigned value = 0; value < now; value++)
        if (lower_to(shrink, at, operand, value))
            return true;
    return false;
}

static bool lower_flags(struct shrink *shrink, unsigned at, const struct operand *operand)
{
    bool progress = lower_to(shrink, at, operand, 0);

    for (unsigned bit = operand->bits; bit-- > 0;) {
        unsigned now = operand_get(&shrink->best->records[at], operand);

        if (now >> bit & 1)
            progress |= lower_to(shrink, at, operand, now & ~(1u << bit));
    }
    for (unsigned bit = 0; bit < operand->bits; bit++)
        progress |= lower_to(shrink, at, operand, 1u << bit);
    return progress;
}

static bool lower_ref(struct shrink *shrink, unsigned at, const struct operand *operand)
{
    unsigned now = operand_get(&shrink->best->records[at], operand);

    for (unsigned byte = 0; byte < now; byte = byte == 31 ? 0xE0 : byte == 0xE0 ? 0xF0 : byte + 1)
        if (lower_to(shrink, at, operand, byte))
            return true;
    return false;
}

static bool lower_operand(struct shrink *shrink, unsigned at, const struct operand *operand)
{
    switch (operand->kind) {
    case OPERAND_REF:
        return lower_ref(shrink, at, operand);
    case OPERAND_VALUE:
        return lower_value(shrink, at, operand);
    case OPERAND_FLAGS:
        return lower_flags(shrink, at, operand);
    default:
        return lower_from_zero(shrink, at, operand);
    }
}

bool shrink_operands(struct shrink *shrink)
{
    bool progress = false;

    for (unsigned at = 0; at < shrink->best->count; at++) {
        const struct op_row *row = &op_table[shrink->best->records[at].op];

        for (unsigned i = 0; i < row->operand_count; i++)
            progress |= lower_operand(shrink, at, &row->operands[i]);
    }
    return progress;
}

bool shrink_equal_values(struct shrink *shrink)
{
    for (unsigned at = 0; at < shrink->best->count; at++) {
        const struct op_row *row = &op_table[shrink->best->records[at].op];

        for (unsigned i = 0; i < row->operand_count; i++)
            if (row->operands[i].kind == OPERAND_VALUE &&
                lower_everywhere(shrink,
                                 operand_get(&shrink->best->records[at], &row->operands[i])))
                return true;
    }
    return false;
}
