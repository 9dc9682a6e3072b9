/*
 * shrink_settings.c: a machine that is smaller, or runs out of something, from the start, so that
 * records that use it up can go.
 */
#include "program_edit.h"
#include "rig.h"
#include "shrink_passes.h"

enum { VALUE_LARGEST = 4, CHUNK_LARGEST = 8 };

/* FIRST, and BASE without some records in a row. */
static bool put_first(struct shrink *shrink, const struct program *base, struct record first)
{
    for (unsigned size = CHUNK_LARGEST; size > 0; size /= 2)
        for (unsigned at = 0; at + size <= base->count; at++) {
            struct program candidate = *base;

            program_delete(&candidate, at, size);
            program_insert(&candidate, 0, &first, 1);
            if (shrink_take(shrink, &candidate))
                return true;
        }
    return false;
}

static bool put_any_first(struct shrink *shrink, const struct program *base)
{
    for (unsigned setting = 0; setting < SETTING_COUNT; setting++)
        for (unsigned value = 0; value <= VALUE_LARGEST; value++)
            if (put_first(
                    shrink, base,
                    (struct record){.op = OP_set, .r = {(uint8_t)setting}, .v = {(uint16_t)value}}))
                return true;
    for (unsigned site = 0; site < RIG_SITE_COUNT; site++)
        if (put_first(shrink, base, (struct record){.op = OP_fault, .r = {(uint8_t)site}}))
            return true;
    return false;
}

/* BASE is PROGRAM without its own settings; false: it has none. */
static bool make_bare(const struct program *program, struct program *base)
{
    *base = *program;
    for (unsigned i = base->count; i-- > 0;)
        if (base->records[i].op == OP_set || base->records[i].op == OP_fault)
            program_delete(base, i, 1);
    return base->count < program->count;
}

bool shrink_into_settings(struct shrink *shrink)
{
    struct program base;

    if (make_bare(shrink->best, &base) && put_any_first(shrink, &base))
        return true;
    base = *shrink->best;
    return put_any_first(shrink, &base);
}
