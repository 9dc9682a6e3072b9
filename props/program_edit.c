/*
 * program_edit.c: insertion and deletion by way of links. A link is the index of the record that
 * made the name an operand refers to; indices move with the records, distances do not.
 */
#include "program_edit.h"
#include <assert.h>
#include <string.h>

enum { LINK_NONE = -1, LINK_LOST = -2, BACK_MAX = 31, BYTE_NULL = 0xE0 };

struct links {
    int16_t maker[PROGRAM_MAX][3]; /* of the name in r0, r1, r2; LINK_NONE: no named reference */
    int16_t older[PROGRAM_MAX];    /* the record before that made a name of the same class */
};

static void links_find_record(const struct record *record, const unsigned made[CLASS_COUNT],
                              int16_t makers[CLASS_COUNT][PROGRAM_MAX], int16_t links[3])
{
    const struct op_row *row = &op_table[record->op];

    links[0] = links[1] = links[2] = LINK_NONE;
    for (unsigned i = 0; i < row->operand_count; i++) {
        const struct operand *operand = &row->operands[i];
        struct ref ref;

        if (operand->kind != OPERAND_REF)
            continue;
        ref = ref_resolve((uint8_t)operand_get(record, operand), operand->class, made);
        if (ref.mode == REF_NAMED)
            links[operand->slot] = makers[ref.class][ref.number - 1];
    }
}

static void links_find(const struct program *program, struct links *links)
{
    int16_t makers[CLASS_COUNT][PROGRAM_MAX];
    unsigned made[CLASS_COUNT] = {0};

    for (unsigned i = 0; i < program->count; i++) {
        enum name_class makes = op_table[program->records[i].op].makes;

        links_find_record(&program->records[i], made, makers, links->maker[i]);
        links->older[i] = made[makes] ? makers[makes][made[makes] - 1] : LINK_LOST;
        makers[makes][made[makes]++] = (int16_t)i;
    }
}

static void links_apply(struct program *program, const struct links *links)
{
    unsigned number[PROGRAM_MAX], made[CLASS_COUNT] = {0};

    for (unsigned i = 0; i < program->count; i++) {
        struct record *record = &program->records[i];
        const struct op_row *row = &op_table[record->op];

        for (unsigned k = 0; k < row->operand_count; k++) {
            const struct operand *operand = &row->operands[k];
            int maker = operand->kind == OPERAND_REF ? links->maker[i][operand->slot] : LINK_NONE;
            unsigned back = maker >= 0 ? made[operand->class] - number[maker] : BACK_MAX + 1;

            if (maker != LINK_NONE)
                operand_set(record, operand, back <= BACK_MAX ? back : BYTE_NULL);
        }
        number[i] = ++made[row->makes];
    }
    program_canonical(program);
}

void program_made(const struct program *program, unsigned at, unsigned made[CLASS_COUNT])
{
    memset(made, 0, CLASS_COUNT * sizeof made[0]);
    for (unsigned i = 0; i < at && i < program->count; i++)
        made[op_table[program->records[i].op].makes]++;
}

/* Links to record FROM and later move by BY. */
static void links_shift(struct links *links, unsigned first, unsigned count, int from, int by)
{
    for (unsigned i = first; i < first + count; i++)
        for (unsigned slot = 0; slot < 3; slot++)
            if (links->maker[i][slot] >= from)
                links->maker[i][slot] = (int16_t)(links->maker[i][slot] + by);
}

void program_insert(struct program *program, unsigned at, const struct record *records,
                    unsigned count)
{
    struct links links;
    unsigned kept;

    assert(at <= program->count);
    count = count < PROGRAM_MAX - at ? count : PROGRAM_MAX - at;
    kept = program->count - at;
    kept = kept < PROGRAM_MAX - at - count ? kept : PROGRAM_MAX - at - count;
    links_find(program, &links);
    memmove(&program->records[at + count], &program->records[at], kept * sizeof *records);
    memmove(links.maker[at + count], links.maker[at], kept * sizeof links.maker[0]);
    memcpy(&program->records[at], records, count * sizeof *records);
    for (unsigned i = at; i < at + count; i++)
        links.maker[i][0] = links.maker[i][1] = links.maker[i][2] = LINK_NONE;
    links_shift(&links, at + count, kept, (int)at, (int)count);
    program->count = at + count + kept;
    links_apply(program, &links);
}

static void links_forget(struct links *links, unsigned first, unsigned end, int at, int count)
{
    for (unsigned i = first; i < end; i++) {
        for (unsigned slot = 0; slot < 3; slot++) {
            int maker = links->maker[i][slot];

            while (maker >= at && maker < at + count)
                maker = links->older[maker];
            links->maker[i][slot] = (int16_t)maker;
        }
    }
}

void program_delete(struct program *program, unsigned at, unsigned count)
{
    struct links links;
    unsigned kept;

    assert(at <= program->count);
    count = count < program->count - at ? count : program->count - at;
    kept = program->count - at - count;
    links_find(program, &links);
    links_forget(&links, at + count, program->count, (int)at, (int)count);
    memmove(&program->records[at], &program->records[at + count],
            kept * sizeof program->records[0]);
    memmove(links.maker[at], links.maker[at + count], kept * sizeof links.maker[0]);
    links_shift(&links, at, kept, (int)(at + count), -(int)count);
    program->count = at + kept;
    links_apply(program, &links);
}
