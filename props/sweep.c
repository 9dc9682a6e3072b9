/* sweep.c: see sweep.h. */
#include "sweep.h"
#include "program_edit.h"

static void drop_faults(struct program *program)
{
    for (unsigned i = program->count; i-- > 0;)
        if (program->records[i].op == OP_fault)
            program_delete(program, i, 1);
}

static uint64_t refused(const struct statistics *statistics)
{
    uint64_t sum = 0;

    for (unsigned site = 0; site < RIG_SITE_COUNT; site++)
        sum += statistics->refused[site];
    return sum;
}

/* Its request number NUMBER, counted from 0, is refused; false: there are not so many. */
static bool run_refusing(struct sweep *sweep, struct program *program, unsigned number)
{
    struct run_options options = {.statistics = &sweep->statistics};
    const struct operand *after = &op_table[OP_fault].operands[1];
    uint64_t before = refused(&sweep->statistics);
    struct outcome outcome;

    operand_set(&program->records[0], after, number);
    runner_run(sweep->runner, program, &options, &outcome);
    if (outcome.verdict.property != PROPERTY_NONE)
        sweep->found(sweep->context, program, &outcome);
    return refused(&sweep->statistics) > before;
}

void sweep_program(struct sweep *sweep, const struct program *program)
{
    static const struct record fault = {.op = OP_fault};
    struct program faulty = *program;
    unsigned number = 0;

    drop_faults(&faulty);
    program_insert(&faulty, 0, &fault, 1);
    while (run_refusing(sweep, &faulty, number))
        number++;
}
