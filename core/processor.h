/* processor.h: simulated processors, frames, owed callbacks. */
#ifndef DMARIG_PROCESSOR_H
#define DMARIG_PROCESSOR_H

#include "machine.h"

KIRQL processor_irql(const struct machine *machine); /* of the current processor */

/* Enter a callback on the current processor at LEVEL; there must be a frame left. */
struct frame *frame_enter(struct machine *machine, enum site site, KIRQL level);
/* Leave it, for the processor that ran before it. A level other than the one it was entered at is put right and reported. */
void frame_leave(struct machine *machine, const char *callback);
/* The innermost frame, NULL outside callbacks. */
const struct frame *frame_current(const struct machine *machine);

/* Append an owed callback, run by rig_step at LEVEL. */
void processor_owe(struct machine *machine, work_run *run, uint64_t argument, KIRQL level);
/* Forget every owed callback of RUN with ARGUMENT. */
void processor_forget(struct machine *machine, work_run *run, uint64_t argument);
/* A callback at LEVEL has become possible: it runs where the timing says, or is owed. */
void processor_give(struct machine *machine, work_run *run, uint64_t argument, KIRQL level);
/* The system does something at LEVEL now: is that possible? */
bool processor_can(const struct machine *machine, KIRQL level);

#endif
