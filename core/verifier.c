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

static void report(struct machine *machine, struct rig_report report)
{
    assert(report.rule != RULE_NONE);
    machine->reports++;
    if (machine->hooks.report)
        machine->hooks.report(machine->hooks.context, &report);
}

void verifier_report(struct machine *machine, enum rig_rule rule, const char *call)
{
    report(machine, (struct rig_report){.rule = rule, .call = call});
}

void verifier_report_made(struct machine *machine, enum rig_rule rule, const char *call,
                          uint32_t made)
{
    report(machine, (struct rig_report){.rule = rule, .call = call, .made = made});
}

void verifier_report_freed(struct machine *machine, enum rig_rule rule, const char *call,
                           uint32_t made, uint32_t freed)
{
    report(machine, (struct rig_report){rule, call, made, freed});
}

bool verifier_refuse(struct machine *machine, enum rig_rule rule, const char *call)
{
    verifier_report(machine, rule, call);
    return false;
}
