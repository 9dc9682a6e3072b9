/*
 * value.c: 16 bits that say a number. Four bits choose how the other twelve are read; see
 * program.h.
 */
#include "program.h"

enum value_class {
    VALUE_literal,
    VALUE_eights,
    VALUE_pages,
    VALUE_limit,
    VALUE_power,
    VALUE_top,
    VALUE_CLASSES
};

static uint16_t packed(enum value_class class, unsigned low)
{
    return (uint16_t)((unsigned)class << 12 | (low & 0xFFF));
}

/* BITS bits as a signed number, widened to 64 bits modulo 2^64 */
static uint64_t signed_bits(unsigned low, unsigned bits)
{
    uint64_t sign = (uint64_t)1 << (bits - 1);
    uint64_t kept = low & ((sign << 1) - 1);

    return (kept ^ sign) - sign;
}

/* Does NUMBER lie -32..31 away from BASE, modulo 2^64? */
static bool within_six_bits(uint64_t number, uint64_t base)
{
    return number - base + 32 < 64;
}

uint64_t value_number(uint16_t value, uint64_t limit)
{
    unsigned low = value & 0xFFF;

    switch (value >> 12) {
    case VALUE_eights:
        return (uint64_t)8 * low;
    case VALUE_pages:
        return (uint64_t)4096 * (low >> 6) + signed_bits(low, 6);
    case VALUE_limit:
        return limit + signed_bits(low, 12);
    case VALUE_power:
        return ((uint64_t)1 << (low >> 6)) + signed_bits(low, 6);
    case VALUE_top:
        return UINT64_MAX - low;
    default:
        return low;
    }
}

static bool encode_pages(uint64_t number, uint16_t *value)
{
    uint64_t pages = (number + 32) >> 12;

    if (pages > 63 || !within_six_bits(number, pages << 12))
        return false;
    *value = packed(VALUE_pages, (unsigned)(pages << 6 | (number & 63)));
    return true;
}

static bool encode_power(uint64_t number, uint16_t *value)
{
    for (unsigned power = 0; power < 64; power++) {
        uint64_t base = (uint64_t)1 << power;

        if (within_six_bits(number, base)) {
            *value = packed(VALUE_power, power << 6 | (unsigned)((number - base) & 63));
            return true;
        }
    }
    return false;
}

bool value_encode(uint64_t number, uint16_t *value)
{
    if (number < 4096)
        *value = packed(VALUE_literal, (unsigned)number);
    else if (number % 8 == 0 && number < 8 * 4096)
        *value = packed(VALUE_eights, (unsigned)(number / 8));
    else if (encode_pages(number, value) || encode_power(number, value))
        return true;
    else if (UINT64_MAX - number < 4096)
        *value = packed(VALUE_top, (unsigned)(UINT64_MAX - number));
    else
        return false;
    return true;
}

uint16_t value_canonical(uint16_t value)
{
    uint16_t canonical = value;

    if (value >> 12 != VALUE_limit)
        value_encode(value_number(value, 0), &canonical);
    return canonical;
}

uint16_t value_limit(int delta)
{
    return packed(VALUE_limit, (unsigned)delta);
}
