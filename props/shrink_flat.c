/*
 * shrink_flat.c: a program with its objects made first and everything else done inside the last
 * callback that was entered, at DISPATCH_LEVEL, but perhaps its last record: no return, no restart, no
 * send around it. All in one step, because a program that is half flat does not fail.
 */
#include "program_edit.h"
#include "shrink_passes.h"
#include <string.h>

enum section {
    SECTION_SETTINGS,
    SECTION_MEMORY,
    SECTION_DRIVER,
    SECTION_HAL,
    SECTION_ADAPTER,
    SECTION_LEVEL,
    SECTION_REST,
    SECTION_COUNT,
    SECTION_GONE
};
enum { WORD_dispatch = 2, FLAG_TO_DEVICE = 1, WAYS = 16 };

static enum section section_of(unsigned op)
{
    switch (op) {
    case OP_set:
        return SECTION_SETTINGS;
    case OP_buffer:
    case OP_mdl:
    case OP_net_buffer:
        return SECTION_MEMORY;
    case OP_NdisMRegisterMiniportDriver:
        return SECTION_DRIVER;
    case OP_IoGetDmaAdapter:
        return SECTION_HAL;
    case OP_initialize:
    case OP_NdisMSetMiniportAttributes:
    case OP_NdisMRegisterScatterGatherDma:
        return SECTION_ADAPTER;
    case OP_return:
    case OP_restart:
    case OP_send:
    case OP_net_buffer_list:
    case OP_KeRaiseIrql:
    case OP_KeLowerIrql:
        return SECTION_GONE;
    default:
        return SECTION_REST;
    }
}

/* Its last record is the one that raises the IRQL. */
static unsigned order_by_section(const struct program *program, bool raised, unsigned *order)
{
    unsigned count = 0;

    for (enum section section = 0; section < SECTION_COUNT; section++) {
        if (section == SECTION_LEVEL && raised)
            order[count++] = program->count - 1;
        for (unsigned i = 0; i + 1 < program->count; i++)
            if (section_of(program->records[i].op) == section)
                order[count++] = i;
    }
    return count;
}

static void all_to_device(struct program *program)
{
    for (unsigned i = 0; i < program->count; i++)
        if (program->records[i].op == OP_NdisMAllocateNetBufferSGList)
            program->records[i].v[0] |= FLAG_TO_DEVICE;
}

/* No handler is called later, and no step is needed. */
static void all_at_once(struct program *program)
{
    for (unsigned i = 0; i < program->count; i++) {
        struct record *record = &program->records[i];
        const struct op_row *row = &op_table[record->op];

        for (unsigned k = 0; k < row->operand_count; k++)
            if (strcmp(row->operands[k].name, "timing") == 0)
                operand_set(record, &row->operands[k], 0);
        if (record->op == OP_step)
            *record = (struct record){.op = OP_return};
    }
}

/* The last handler returns and the level is lowered before the last record. */
static void lower_before_last(struct program *program)
{
    static const struct record records[] = {{.op = OP_return}, {.op = OP_KeLowerIrql}};

    program_insert(program, program->count - 1, records, 2);
}

static bool flatten(struct shrink *shrink, bool raised, bool to_device, bool at_once, bool lowered)
{
    const struct record raise = {.op = OP_KeRaiseIrql, .r = {WORD_dispatch}};
    struct program program = *shrink->best;
    struct makers makers;
    unsigned order[PROGRAM_MAX], count;

    if (program.count == PROGRAM_MAX)
        return false;
    program_insert(&program, program.count, &raise, 1);
    makers_find(&program, &makers);
    if (to_device)
        all_to_device(&program);
    if (at_once)
        all_at_once(&program);
    count = order_by_section(&program, raised, order);
    if (count + 2 * lowered > shrink->best->count ||
        !program_arrange(&program, &makers, order, count))
        return false;
    if (lowered)
        lower_before_last(&program);
    return shrink_take_refusing(shrink, &program);
}

bool shrink_flatten(struct shrink *shrink)
{
    for (unsigned way = 0; way < WAYS; way++)
        if (flatten(shrink, !(way & 1), way >> 1 & 1, way >> 2 & 1, way >> 3 & 1))
            return true;
    return false;
}
