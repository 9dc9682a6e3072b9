/*
 * shrink_exchange.c: a record goes, and one like another comes somewhere else; a handler returns later,
 * perhaps with another status, and what made it do so meanwhile goes.
 */
#include "program_edit.h"
#include "shrink_passes.h"

enum { EXCHANGE_UP_TO = 14, WORD_failure = 2 };

/* A copy of record MODEL is put before record AT; it names what MODEL named. */
static bool copy_to(const struct program *from, unsigned model, unsigned at,
                    struct program *program, struct makers *makers)
{
    *program = *from;
    program_insert(program, at, &from->records[model], 1);
    makers_find(program, makers);
    model += model >= at;
    for (unsigned slot = 0; slot < 3; slot++) {
        makers->of[at][slot] = makers->of[model][slot];
        if (makers->of[at][slot] >= (int)at)
            return false;
    }
    return true;
}

static bool without(struct shrink *shrink, const struct program *program,
                    const struct makers *makers, unsigned gone)
{
    struct program candidate = *program;
    unsigned order[PROGRAM_MAX], count = 0;

    for (unsigned i = 0; i < program->count; i++)
        if (i != gone)
            order[count++] = i;
    return program_arrange(&candidate, makers, order, count) && shrink_take(shrink, &candidate);
}

/* A small operand of the copy may become another. */
static bool vary(struct shrink *shrink, struct program *program, const struct makers *makers,
                 unsigned at, unsigned gone)
{
    const struct record copy = program->records[at];
    const struct op_row *row = &op_table[copy.op];

    if (without(shrink, program, makers, gone))
        return true;
    for (unsigned k = 0; k < row->operand_count; k++) {
        unsigned values[SMALL_VALUES_MAX];
        unsigned count =
            row->operands[k].kind == OPERAND_REF ? 0 : small_values(&row->operands[k], values);

        for (unsigned i = 0; i < count; i++) {
            program->records[at] = copy;
            operand_set(&program->records[at], &row->operands[k], values[i]);
            if (without(shrink, program, makers, gone))
                return true;
        }
    }
    program->records[at] = copy;
    return false;
}

static bool exchange(struct shrink *shrink, unsigned model, unsigned at)
{
    struct program program;
    struct makers makers;

    if (!copy_to(shrink->best, model, at, &program, &makers))
        return false;
    for (unsigned gone = 0; gone < program.count; gone++)
        if (gone != at && vary(shrink, &program, &makers, at, gone))
            return true;
    return false;
}

bool shrink_exchanges(struct shrink *shrink)
{
    unsigned count = shrink->best->count;

    for (unsigned model = 0; model < count && count <= EXCHANGE_UP_TO; model++)
        for (unsigned at = model + 1; at <= count; at++)
            if (exchange(shrink, model, at))
                return true;
    return false;
}

/* ---- a return comes later ---- */

static bool returns_without(struct shrink *shrink, unsigned from, unsigned to, unsigned status,
                            unsigned gone)
{
    struct program candidate = *shrink->best;
    struct makers makers;
    unsigned order[PROGRAM_MAX], count = 0;

    makers_find(&candidate, &makers);
    candidate.records[from].r[0] = (uint8_t)status;
    for (unsigned i = 0; i < candidate.count; i++) {
        if (i != from && i != gone)
            order[count++] = i;
        if (i == to)
            order[count++] = from;
    }
    return program_arrange(&candidate, &makers, order, count) && shrink_take(shrink, &candidate);
}

static bool return_later(struct shrink *shrink, unsigned from)
{
    unsigned count = shrink->best->count;

    for (unsigned to = from + 1; to < count; to++)
        for (unsigned gone = 0; gone < count; gone++)
            for (unsigned status = 0; gone != from && status <= WORD_failure; status++)
                if (returns_without(shrink, from, to, status, gone))
                    return true;
    return false;
}

bool shrink_returns(struct shrink *shrink)
{
    unsigned count = shrink->best->count;

    for (unsigned from = 0; from < count && count <= EXCHANGE_UP_TO; from++)
        if (shrink->best->records[from].op == OP_return && return_later(shrink, from))
            return true;
    return false;
}
