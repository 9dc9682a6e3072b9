/* verifier.h: telling of broken rules. */
#ifndef DMARIG_VERIFIER_H
#define DMARIG_VERIFIER_H

#include "machine.h"

/* RULE was broken in CALL, of an object that was made and freed at these origins, 0: it was not. RULE_NONE
 * is told to nobody. */
void verifier_report_freed(struct machine *machine, enum rig_rule rule, const char *call,
                           uint32_t made, uint32_t freed);
/* The same of one that is not gone, or of none. Whether it was broken. */
static inline bool verifier_finds(struct machine *machine, enum rig_rule rule, const char *call,
                                  uint32_t made)
{
    verifier_report_freed(machine, rule, call, made, 0);
    return rule != RULE_NONE;
}

#endif
