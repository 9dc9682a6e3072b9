/*
 * processor.c: simulated processors, their IRQL, the frames of running callbacks, and the callbacks
 * that are owed.
 *
 * Nothing runs by itself: what is owed waits for rig_step. A callback runs on a processor as a
 * frame on top of whatever runs there or elsewhere; frames nest and end in reverse order.
 */
#include "processor.h"
#include "verifier.h"
#include <string.h>

KIRQL processor_irql(const struct machine *machine)
{
    return machine->irql[machine->current];
}

const struct frame *frame_current(const struct machine *machine)
{
    return machine->frame_count ? &machine->frames[machine->frame_count - 1] : NULL;
}

struct frame *frame_enter(struct machine *machine, enum site site, KIRQL level)
{
    struct frame *frame = &machine->frames[machine->frame_count];

    assert(machine->frame_count <= RIG_FRAMES);
    machine->frame_count++;
    frame->site = (uint8_t)site;
    frame->processor = machine->current;
    frame->entry_irql = level;
    frame->caller_irql = processor_irql(machine);
    machine->irql[machine->current] = level;
    return frame;
}

/* What follows runs on the processor that ran before it. A handler of lists has a rule of its own for this (PSG-09). */
void frame_leave(struct machine *machine, const char *callback)
{
    struct frame *frame = &machine->frames[machine->frame_count - 1];
    bool intact = machine->irql[frame->processor] == frame->entry_irql;
    enum rig_rule rule = frame->site == SITE_LIST ? RULE_PSG_09 : RULE_SDV_16;

    assert(machine->frame_count > 0 && machine->current == frame->processor);
    machine->irql[frame->processor] = frame->entry_irql;
    if (!intact)
        verifier_finds(machine, rule, callback, 0);
    machine->irql[frame->processor] = frame->caller_irql;
    memset(frame, 0, sizeof *frame);
    machine->frame_count--;
    machine->current = machine->frame_count ? frame[-1].processor : 0;
}

bool processor_can(const struct machine *machine, KIRQL level)
{
    return machine->frame_count < RIG_FRAMES && processor_irql(machine) <= level;
}

/* A processor can take a callback at LEVEL: at PASSIVE_LEVEL nothing else runs there. */
static bool can_take(const struct machine *machine, unsigned processor, KIRQL level)
{
    return machine->irql[processor] == PASSIVE_LEVEL || machine->irql[processor] < level;
}

/* Where a callback at LEVEL that became possible now runs: a processor, or -1: it is owed. */
static int choose(const struct machine *machine, KIRQL level)
{
    if (machine->timing == RIG_LATER || machine->frame_count >= RIG_FRAMES)
        return -1;
    if (machine->timing == RIG_INSIDE)
        return processor_irql(machine) <= level ? machine->current : -1;
    for (unsigned i = 0; i < machine->settings[SETTING_processors]; i++)
        if (i != machine->current && can_take(machine, i, level))
            return (int)i;
    return -1;
}

static void run_on(struct machine *machine, unsigned processor, struct work work)
{
    uint8_t caller = machine->current;

    machine->current = (uint8_t)processor;
    work.run(machine, work.argument);
    machine->current = caller;
}

void processor_give(struct machine *machine, work_run *run, uint64_t argument, KIRQL level)
{
    int processor = choose(machine, level);

    if (processor < 0)
        processor_owe(machine, run, argument, level);
    else
        run_on(machine, (unsigned)processor, (struct work){run, argument, level});
}

void processor_owe(struct machine *machine, work_run *run, uint64_t argument, KIRQL level)
{
    assert(machine->owed < WORK);
    machine->work[machine->owed++] = (struct work){run, argument, level};
    if (machine->used.work < machine->owed)
        machine->used.work = machine->owed;
}

static void remove_work(struct machine *machine, unsigned index)
{
    machine->owed--;
    memmove(&machine->work[index], &machine->work[index + 1],
            (machine->owed - index) * sizeof machine->work[0]);
}

void processor_forget(struct machine *machine, work_run *run, uint64_t argument)
{
    for (unsigned i = machine->owed; i-- > 0;)
        if (machine->work[i].run == run && machine->work[i].argument == argument)
            remove_work(machine, i);
}

unsigned rig_owed(const struct machine *machine)
{
    return machine->owed;
}

bool rig_step(struct machine *machine, unsigned owed, unsigned processor)
{
    struct work work;

    if (owed >= machine->owed || processor >= machine->settings[SETTING_processors] ||
        machine->frame_count >= RIG_FRAMES ||
        !can_take(machine, processor, machine->work[owed].level))
        return false;
    work = machine->work[owed];
    remove_work(machine, owed);
    run_on(machine, processor, work);
    return true;
}

enum rig_timing rig_timing(struct machine *machine, enum rig_timing timing)
{
    enum rig_timing old = (enum rig_timing)machine->timing;

    machine->timing = (uint8_t)timing;
    return old;
}

/* ---- what Windows calls them ---- */

KIRQL KeGetCurrentIrql(void)
{
    return processor_irql(machine_bound());
}

ULONG KeGetCurrentProcessorNumber(void)
{
    return machine_bound()->current;
}

void KeRaiseIrql(KIRQL NewIrql, PKIRQL OldIrql)
{
    struct machine *machine = machine_bound();

    *OldIrql = processor_irql(machine);
    if (NewIrql < *OldIrql)
        verifier_finds(machine, RULE_SDV_16, __func__, 0);
    else
        machine->irql[machine->current] = NewIrql;
}

void KeLowerIrql(KIRQL NewIrql)
{
    struct machine *machine = machine_bound();
    const struct frame *frame = frame_current(machine);
    KIRQL lowest = frame ? frame->entry_irql : PASSIVE_LEVEL;

    if (NewIrql > processor_irql(machine) || NewIrql < lowest)
        verifier_finds(machine, RULE_SDV_16, __func__, 0);
    else
        machine->irql[machine->current] = NewIrql;
}
