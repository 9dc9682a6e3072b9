/*
 * shrink_bases.c: a list of HAL's that waits for map registers, or holds them, told as a packet's map
 * registers, which need no memory.
 */
#include "program_edit.h"
#include "shrink_passes.h"

enum { WORD_DeallocateObject = 2 };

/* How the packet's map registers are asked for. */
struct asking {
    unsigned action;
    bool returned; /* the handler before has returned: inside one they must not be asked for */
};

static bool is_list(const struct record *record)
{
    return record->op == OP_GetScatterGatherList || record->op == OP_BuildScatterGatherList;
}

/* What uses the list that record AT made goes. */
static void delete_users(struct program *program, unsigned at)
{
    struct makers makers;

    makers_find(program, &makers);
    for (unsigned i = program->count; i-- > at + 1;)
        for (unsigned slot = 0; slot < 3; slot++)
            if (makers.of[i][slot] == (int)at) {
                program_delete(program, i, 1);
                break;
            }
}

static bool tell(struct shrink *shrink, unsigned at, const struct asking *asking)
{
    static const struct record back = {.op = OP_return};
    struct program program = *shrink->best;
    struct makers makers;
    struct record *record = &program.records[at];
    unsigned order[PROGRAM_MAX], count;

    delete_users(&program, at);
    if (asking->returned && program.count < PROGRAM_MAX) {
        program_insert(&program, at, &back, 1);
        record++;
    }
    makers_find(&program, &makers);
    makers.of[record - program.records][1] = makers.of[record - program.records][2] = -1;
    *record = record_as(record, OP_AllocateAdapterChannel);
    record->r[1] = (uint8_t)asking->action;
    record->v[1] = 1;
    count = without_useless(&program, &makers, PROGRAM_MAX, order);
    return program_arrange(&program, &makers, order, count) && shrink_take(shrink, &program);
}

bool shrink_into_bases(struct shrink *shrink)
{
    for (unsigned at = 0; at < shrink->best->count; at++)
        for (unsigned way = 0; way < 4 && is_list(&shrink->best->records[at]); way++) {
            const struct asking asking = {way & 1 ? WORD_DeallocateObject : 0, way >> 1};

            if (tell(shrink, at, &asking))
                return true;
        }
    return false;
}
