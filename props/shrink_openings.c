/*
 * shrink_openings.c: the end of a program behind each of the known openings. What came before may
 * have been a long way round to the same place.
 */
#include "shrink_passes.h"
#include <assert.h>
#include <pthread.h>
#include <string.h>

enum { TAIL_MAX = 8 };

static const char *const texts[] = {
#define OPENING(text) text,
#include "openings.def"
#undef OPENING
};
enum { OPENINGS = sizeof texts / sizeof texts[0] };

/* Written once, before anyone reads them. */
static pthread_once_t parsed_once = PTHREAD_ONCE_INIT;
static struct program openings[OPENINGS];

static void parse_all(void)
{
    for (unsigned i = 0; i < OPENINGS; i++) {
        struct text_head head;
        struct text_error error;
        bool good = program_parse(&openings[i], &head, texts[i], strlen(texts[i]), &error);

        assert(good);
        (void)good;
    }
}

/* References count backwards, so the tail names the newest things of the opening. */
static bool put_behind(struct shrink *shrink, const struct program *opening, unsigned tail)
{
    const struct program *best = shrink->best;
    struct program candidate = *opening;

    memcpy(&candidate.records[candidate.count], &best->records[best->count - tail],
           tail * sizeof(struct record));
    candidate.count += tail;
    return shrink_take(shrink, &candidate);
}

/* Its references count back as far as WAY says, each of its values is 0 or 1. */
static struct record record_of(unsigned op, unsigned way)
{
    const struct op_row *row = &op_table[op];
    struct record record = {.op = (uint8_t)op};
    unsigned values = way >> 1;

    for (unsigned k = 0; k < row->operand_count; k++)
        if (row->operands[k].kind == OPERAND_REF) {
            operand_set(&record, &row->operands[k], way & 1);
        } else if (row->operands[k].kind == OPERAND_VALUE) {
            operand_set(&record, &row->operands[k], values & 1);
            values >>= 1;
        }
    return record;
}

static unsigned ways_of(unsigned op)
{
    unsigned ways = op_table[op].name ? 2 : 0;

    for (unsigned k = 0; k < op_table[op].operand_count; k++)
        if (op_table[op].operands[k].kind == OPERAND_VALUE)
            ways *= 2;
    return ways;
}

/* Any operation behind OPENING, about the newest things or those before, with values of 0 or 1. */
static bool put_any_behind(struct shrink *shrink, const struct program *opening)
{
    for (unsigned op = 0; op < OP_LIMIT && opening->count < shrink->best->count; op++)
        for (unsigned way = 0, ways = ways_of(op); way < ways; way++) {
            struct program candidate = *opening;

            candidate.records[candidate.count++] = record_of(op, way);
            if (shrink_take(shrink, &candidate))
                return true;
        }
    return false;
}

bool shrink_openings(struct shrink *shrink)
{
    pthread_once(&parsed_once, parse_all);
    for (unsigned i = 0; i < OPENINGS; i++)
        if (put_any_behind(shrink, &openings[i]))
            return true;
    for (unsigned i = 0; i < OPENINGS; i++)
        for (unsigned tail = 0; tail <= TAIL_MAX && tail <= shrink->best->count; tail++)
            if (openings[i].count + tail <= shrink->best->count &&
                put_behind(shrink, &openings[i], tail))
                return true;
    return false;
}
