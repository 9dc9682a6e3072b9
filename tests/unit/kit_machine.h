/* kit_machine.h: what tests of the kit share: a machine that hosts a driver. */
#ifndef KIT_MACHINE_H
#define KIT_MACHINE_H

#include "miniport.h"
#include "rig_device.h"

static struct driver_kit *kit;

static inline struct machine *kit_make_machine(struct rig_hooks *hooks)
{
    kit = calloc(1, kit_size());
    assert_non_null(kit);
    kit_attach(kit, hooks);
    return miniport_make_machine(hooks);
}

/* Nothing is left after a reset, of the kit neither. */
static inline void kit_drop_machine(struct machine *machine)
{
    void *fresh = calloc(1, kit_size());

    assert_non_null(fresh);
    kit_reset(kit);
    assert_memory_equal(kit, fresh, kit_size());
    miniport_drop_machine(machine);
    free(fresh);
    free(kit);
}

#endif
