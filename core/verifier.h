/* verifier.h: telling of broken rules. */
#ifndef DMARIG_VERIFIER_H
#define DMARIG_VERIFIER_H

#include "machine.h"

/* RULE was broken in CALL, of an object that was made at the origin MADE, 0: of none. RULE_NONE is
 * told to nobody. Whether it was broken. */
bool verifier_finds(struct machine *machine, enum rig_rule rule, const char *call, uint32_t made);
/* The same of an object that is gone; there must be a rule. */
void verifier_report_freed(struct machine *machine, enum rig_rule rule, const char *call,
                           uint32_t made, uint32_t freed);

#endif
