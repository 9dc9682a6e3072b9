/*
 * shrink_jump.c: steps that no other pass can walk one by one, because what lies between does not
 * fail: an operand raised for records that go, and an operation replaced by any other where that
 * makes records useless.
 */
#include "program_edit.h"
#include "shrink_passes.h"
#include <string.h>

enum { JUMP_UP_TO = 15, NONE = PROGRAM_MAX };
enum { VALUE_TOO_MUCH = 0x2020 }; /* the lowest encoding of a number near 2^64 */

/* ---- records go, a small operand takes their place ---- */

static bool choose(struct shrink *shrink, const struct program *less, unsigned at,
                   const struct operand *operand)
{
    unsigned values[SMALL_VALUES_MAX], count = small_values(operand, values);
    unsigned now = operand_get(&less->records[at], operand);

    for (unsigned i = 0; i < count; i++) {
        struct program candidate = *less;

        operand_set(&candidate.records[at], operand, values[i]);
        if (values[i] != now && shrink_take(shrink, &candidate))
            return true;
    }
    return false;
}

static bool choose_any(struct shrink *shrink, const struct program *less)
{
    for (unsigned at = 0; at < less->count; at++) {
        const struct op_row *row = &op_table[less->records[at].op];

        for (unsigned k = 0; k < row->operand_count; k++)
            if (choose(shrink, less, at, &row->operands[k]))
                return true;
    }
    return false;
}

/* Both values of one record become small, or one less than they are. */
static bool choose_values(struct shrink *shrink, const struct program *less, unsigned at)
{
    const uint16_t *now = less->records[at].v;

    for (unsigned i = 0; i < 16; i++) {
        struct program candidate = *less;
        const uint16_t values[2][4] = {{0, 1, 2, (uint16_t)(now[0] - 1)},
                                       {0, 1, 2, (uint16_t)(now[1] - 1)}};

        candidate.records[at].v[0] = values[0][i % 4];
        candidate.records[at].v[1] = values[1][i / 4];
        if (shrink_take(shrink, &candidate))
            return true;
    }
    return false;
}

static bool has_two_values(unsigned op)
{
    const struct op_row *row = &op_table[op];
    unsigned values = 0;

    for (unsigned k = 0; k < row->operand_count; k++)
        values += row->operands[k].kind == OPERAND_VALUE;
    return values == 2;
}

static bool choose_any_values(struct shrink *shrink, const struct program *less)
{
    for (unsigned at = 0; at < less->count; at++)
        if (has_two_values(less->records[at].op) && choose_values(shrink, less, at))
            return true;
    return false;
}

/* So much is asked for that it cannot be had, whatever the machine is set to. */
static bool choose_too_much(struct shrink *shrink, const struct program *less)
{
    for (unsigned at = 0; at < less->count; at++) {
        const struct op_row *row = &op_table[less->records[at].op];

        for (unsigned k = 0; k < row->operand_count; k++) {
            struct program candidate = *less;

            if (row->operands[k].kind != OPERAND_VALUE)
                continue;
            operand_set(&candidate.records[at], &row->operands[k], VALUE_TOO_MUCH);
            if (shrink_take(shrink, &candidate))
                return true;
        }
    }
    return false;
}

bool shrink_into_choices(struct shrink *shrink)
{
    unsigned count = shrink->best->count;

    for (unsigned second = count; second-- > 0 && count <= JUMP_UP_TO;) {
        for (unsigned first = second + 1; first-- > 0;) {
            struct program less = *shrink->best;

            program_delete(&less, second, 1);
            if (first != second)
                program_delete(&less, first, 1);
            if (choose_any(shrink, &less) ||
                (first == second &&
                 (choose_any_values(shrink, &less) || choose_too_much(shrink, &less))))
                return true;
        }
    }
    return false;
}

/* ---- an operation replaced, what only it needed goes ---- */

static bool is_memory(enum name_class class)
{
    return class == CLASS_buffer || class == CLASS_mdl || class == CLASS_nb || class == CLASS_nbl;
}

static void mark_used(const int16_t of[3], bool *used)
{
    for (unsigned slot = 0; slot < 3; slot++)
        if (of[slot] >= 0)
            used[of[slot]] = true;
}

unsigned without_useless(const struct program *program, const struct makers *makers,
                         unsigned dropped, unsigned *order)
{
    bool used[PROGRAM_MAX] = {false}, stays[PROGRAM_MAX];
    unsigned count = 0;

    for (unsigned i = program->count; i-- > 0;) {
        enum name_class makes = op_table[program->records[i].op].makes;

        stays[i] = i != dropped && (used[i] || !is_memory(makes));
        if (stays[i])
            mark_used(makers->of[i], used);
    }
    for (unsigned i = 0; i < program->count; i++)
        if (stays[i])
            order[count++] = i;
    return count;
}

static bool is_used(const struct program *program, const struct makers *makers, unsigned at)
{
    for (unsigned i = at + 1; i < program->count; i++)
        for (unsigned slot = 0; slot < 3; slot++)
            if (makers->of[i][slot] == (int)at)
                return true;
    return false;
}

static bool replace_and_drop(struct shrink *shrink, const struct program *replaced,
                             const struct makers *makers, unsigned dropped)
{
    struct program candidate = *replaced;
    unsigned order[PROGRAM_MAX];
    unsigned count = without_useless(replaced, makers, dropped, order);

    return program_arrange(&candidate, makers, order, count) && shrink_take(shrink, &candidate);
}

/* One choice of the new operation is made otherwise. */
static bool replace_and_choose(struct shrink *shrink, const struct program *replaced,
                               const struct makers *makers, unsigned at)
{
    const struct op_row *row = &op_table[replaced->records[at].op];

    for (unsigned k = 0; k < row->operand_count; k++)
        for (unsigned word = 0;
             row->operands[k].kind == OPERAND_CHOICE && word < row->operands[k].word_count;
             word++) {
            struct program chosen = *replaced;

            operand_set(&chosen.records[at], &row->operands[k], word);
            if (replace_and_drop(shrink, &chosen, makers, NONE))
                return true;
        }
    return false;
}

/* All that the new operation asks for is one. */
static bool replace_and_ask(struct shrink *shrink, const struct program *replaced,
                            const struct makers *makers, unsigned at)
{
    const struct op_row *row = &op_table[replaced->records[at].op];
    struct program asked = *replaced;

    for (unsigned k = 0; k < row->operand_count; k++)
        if (row->operands[k].kind == OPERAND_VALUE)
            operand_set(&asked.records[at], &row->operands[k], 1);
    return replace_and_drop(shrink, &asked, makers, NONE);
}

/* What another record chose becomes the simplest. */
static bool replace_and_lower(struct shrink *shrink, const struct program *replaced,
                              const struct makers *makers, unsigned at)
{
    for (unsigned i = 0; i < replaced->count; i++) {
        struct program lower = *replaced;
        const struct op_row *row = &op_table[lower.records[i].op];

        for (unsigned k = 0; k < row->operand_count; k++)
            if (row->operands[k].kind == OPERAND_CHOICE)
                operand_set(&lower.records[i], &row->operands[k], 0);
        if (i != at &&
            memcmp(&lower.records[i], &replaced->records[i], sizeof lower.records[i]) != 0 &&
            replace_and_drop(shrink, &lower, makers, NONE))
            return true;
    }
    return false;
}

/* Record DROPPED goes; its users take another of its class. */
static bool replace_and_share(struct shrink *shrink, const struct program *replaced,
                              const struct makers *makers, unsigned dropped)
{
    enum name_class makes = op_table[replaced->records[dropped].op].makes;

    for (unsigned other = 0; other < replaced->count && is_memory(makes); other++) {
        struct makers shared = *makers;

        if (other == dropped || op_table[replaced->records[other].op].makes != makes)
            continue;
        for (unsigned i = 0; i < replaced->count; i++)
            for (unsigned slot = 0; slot < 3; slot++)
                if (shared.of[i][slot] == (int)dropped)
                    shared.of[i][slot] = (int16_t)other;
        if (replace_and_drop(shrink, replaced, &shared, dropped))
            return true;
    }
    return false;
}

static bool replace_with(struct shrink *shrink, const struct program *replaced,
                         const struct makers *makers, unsigned at)
{
    if (replace_and_drop(shrink, replaced, makers, NONE) ||
        replace_and_choose(shrink, replaced, makers, at) ||
        replace_and_ask(shrink, replaced, makers, at) ||
        replace_and_lower(shrink, replaced, makers, at))
        return true;
    for (unsigned dropped = 0; dropped < replaced->count; dropped++)
        if (dropped != at && (replace_and_drop(shrink, replaced, makers, dropped) ||
                              replace_and_share(shrink, replaced, makers, dropped)))
            return true;
    return false;
}

static bool replace_by(struct shrink *shrink, const struct makers *makers, unsigned at, unsigned op)
{
    struct program replaced = *shrink->best;
    struct makers moved = *makers, own;

    replaced.records[at] = record_as(&shrink->best->records[at], op);
    makers_find(&replaced, &own);
    for (unsigned slot = 0; slot < 3; slot++)
        moved.of[at][slot] = own.of[at][slot];
    return replace_with(shrink, &replaced, &moved, at);
}

/* Record AT becomes what record MODEL is. */
static bool replace_by_copy(struct shrink *shrink, const struct makers *makers, unsigned at,
                            unsigned model)
{
    struct program replaced = *shrink->best;
    struct makers moved = *makers;

    replaced.records[at] = replaced.records[model];
    for (unsigned slot = 0; slot < 3; slot++)
        moved.of[at][slot] = makers->of[model][slot];
    return replace_with(shrink, &replaced, &moved, at);
}

static bool may_become(const struct program *program, unsigned at, unsigned op, bool used)
{
    unsigned old = program->records[at].op;

    return op_table[op].name && (!used || op_table[op].makes == op_table[old].makes);
}

static bool replace_any_way(struct shrink *shrink, const struct makers *makers, unsigned at)
{
    const struct program *best = shrink->best;
    bool used = is_used(best, makers, at);

    for (unsigned op = 0; op < OP_LIMIT; op++)
        if (op != best->records[at].op && may_become(best, at, op, used) &&
            replace_by(shrink, makers, at, op))
            return true;
    for (unsigned model = 0; model < best->count; model++)
        if (model != at && may_become(best, at, best->records[model].op, used) &&
            replace_by_copy(shrink, makers, at, model))
            return true;
    return false;
}

bool shrink_into_others(struct shrink *shrink)
{
    struct makers makers;

    if (shrink->best->count > JUMP_UP_TO)
        return false;
    makers_find(shrink->best, &makers);
    for (unsigned at = 0; at < shrink->best->count; at++)
        if (replace_any_way(shrink, &makers, at))
            return true;
    return false;
}
