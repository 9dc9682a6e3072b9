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

/* The run as it is judged, then against the one without the refused call: it left no trace. */
static void judge(struct sweep *sweep, const struct program *program)
{
    struct run_options options = {.statistics = &sweep->statistics};
    const struct run_options traces = {.only = PROPERTY_METAMORPHIC_REFUSED};
    struct outcome outcome;

    runner_run(sweep->runner, program, &options, &outcome);
    if (outcome.verdict.property == PROPERTY_NONE)
        runner_run(sweep->runner, program, &traces, &outcome);
    if (outcome.verdict.property != PROPERTY_NONE)
        sweep->found(sweep->context, program, &outcome);
}

/* Its request number NUMBER, counted from 0, is refused; false: there are not so many. */
static bool run_refusing(struct sweep *sweep, struct program *program, unsigned number)
{
    uint64_t before = refused(&sweep->statistics);

    operand_set(&program->records[0], &op_table[OP_fault].operands[1], number);
    judge(sweep, program);
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
