/* verifier.h: telling of broken rules. */
#ifndef DMARIG_VERIFIER_H
#define DMARIG_VERIFIER_H

#include "machine.h"

/* RULE was broken in CALL, which has no object or one without a history. */
void verifier_report(struct machine *machine, enum rig_rule rule, const char *call);
/* The same of an object that was made at this origin; 0: of none. */
void verifier_report_made(struct machine *machine, enum rig_rule rule, const char *call,
                          uint32_t made);
/* The same of an object that is gone. */
void verifier_report_freed(struct machine *machine, enum rig_rule rule, const char *call,
                           uint32_t made, uint32_t freed);
/* Report RULE as verifier_report_made does, unless it is RULE_NONE; whether it was broken. */
static inline bool verifier_finds(struct machine *machine, enum rig_rule rule, const char *call,
                                  uint32_t made)
{
    if (rule)
        verifier_report_made(machine, rule, call, made);
    return rule != RULE_NONE;
}
/* As verifier_report; always false, to be returned. */
bool verifier_refuse(struct machine *machine, enum rig_rule rule, const char *call);

#endif
