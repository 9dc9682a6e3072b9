/*
 * random.h: numbers for generators and mutators: splitmix64, one 64-bit state, the same everywhere.
 */
#ifndef DMARIG_RANDOM_H
#define DMARIG_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

static inline uint64_t random_next(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);

    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

/* 0..COUNT - 1; 0 when COUNT is 0 */
static inline unsigned random_below(uint64_t *state, unsigned count)
{
    return (unsigned)((random_next(state) >> 32) * count >> 32);
}

static inline bool random_percent(uint64_t *state, unsigned percent)
{
    return random_below(state, 100) < percent;
}

#endif
