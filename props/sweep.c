/* sweep.c: see sweep.h. */
#include "sweep.h"
#include "program_edit.h"

static void drop_faults(struct program *program)
{
    for (unsigned i = program->count; i-- > 0;)
        if (program->records[i].op == OP_fault)
            program_delete(program, i, 1);
}

static uint64_t asked(const struct statistics *statistics)
{
    uint64_t sum = 0;

    for (unsigned site = 0; site < RIG_SITE_COUNT; site++)
        sum += statistics->asked[site];
    return sum;
}

/* The run as it is judged, then against the one without the refused call: it left no trace. */
static enum property judge(struct sweep *sweep)
{
    struct run_options options = {.statistics = &sweep->statistics};
    const struct run_options traces = {.only = PROPERTY_METAMORPHIC_REFUSED};
    struct outcome outcome;

    uint64_t before = asked(&sweep->statistics);

    runner_run(sweep->runner, &sweep->program, &options, &outcome);
    if (sweep->number == 0)
        sweep->requests = (unsigned)(asked(&sweep->statistics) - before);
    if (outcome.verdict.property == PROPERTY_NONE)
        runner_run(sweep->runner, &sweep->program, &traces, &outcome);
    return outcome.verdict.property;
}

static void refuse(struct sweep *sweep, const struct program *program)
{
    struct record fault = {.op = OP_fault};

    sweep->program = *program;
    drop_faults(&sweep->program);
    if (sweep->number == 0)
        return;
    operand_set(&fault, &op_table[OP_fault].operands[1], sweep->number - 1);
    program_insert(&sweep->program, 0, &fault, 1);
}

bool sweep_skip(struct sweep *sweep)
{
    bool over = sweep->number == 0 || sweep->number == sweep->requests;

    sweep->number = over ? 0 : sweep->number + 1;
    return over;
}

bool sweep_program(struct sweep *sweep, const struct program *program)
{
    do {
        refuse(sweep, program);
        sweep->property = judge(sweep);
        if (sweep->property != PROPERTY_NONE)
            return false;
        sweep->number++;
    } while (sweep->number <= sweep->requests);
    sweep->number = 0;
    return true;
}
