/* verifier.c: the rule catalogue, and telling of broken rules. */
#include "verifier.h"

static const struct rig_rule_row rows[RULE_COUNT] = {
    [RULE_NONE] = {"none", "", "", RIG_error},
#define CHECKED(id, name, strength, code, text) [RULE_##id] = {name, text, code, RIG_##strength},
#include "rules.def"
};

const struct rig_rule_row *rig_rule_row(enum rig_rule rule)
{
    return &rows[rule];
}

void verifier_report_freed(struct machine *machine, enum rig_rule rule, const char *call,
                           uint32_t made, uint32_t freed)
{
    struct rig_report report = {rule, call, made, freed};

    if (rule == RULE_NONE)
        return;
    machine->reports++;
    if (machine->hooks.report)
        machine->hooks.report(machine->hooks.context, &report);
}
