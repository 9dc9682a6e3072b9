/* verifier.h: telling of broken rules. */
#ifndef DMARIG_VERIFIER_H
#define DMARIG_VERIFIER_H

#include "machine.h"

/* RULE was broken in CALL, concerning an object with these origins (0: none). */
void verifier_report(struct machine *machine, enum rig_rule rule, const char *call, uint32_t made,
                     uint32_t freed);
/* The same for a call that has no object; always false, to be returned. */
bool verifier_refuse(struct machine *machine, enum rig_rule rule, const char *call);

#endif
