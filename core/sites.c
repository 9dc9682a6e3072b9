/*
 * sites.c: refusing a resource on demand.
 *
 * Running out is the path of a driver that is tried least. Each place where core/ takes a resource
 * asks here first, and the harness says which request of a run is refused.
 */
#include "machine.h"

static const struct rig_site_row rows[RIG_SITE_COUNT] = {
    [RIG_SITE_any] = {"any", "", "any of them", false},
#define SITE(name, reached_by, refusal, text) \
    [RIG_SITE_##name] = {#name, refusal, text, REACHED_BY_##reached_by},
#define REACHED_BY_programs false
#define REACHED_BY_hosted true
#include "sites.def"
};

const struct rig_site_row *rig_site_row(enum rig_site site)
{
    return &rows[site];
}

void rig_refuse(struct machine *machine, enum rig_site site, uint32_t after)
{
    machine->refused_site = (uint8_t)site;
    machine->refused_in = after + 1;
}

struct rig_requests rig_requests(const struct machine *machine, enum rig_site site)
{
    return machine->asked[site];
}

bool site_refuses(struct machine *machine, enum rig_site site)
{
    bool meant = machine->refused_site == RIG_SITE_any || machine->refused_site == site;

    machine->asked[site].made++;
    if (machine->refused_in == 0 || !meant || --machine->refused_in > 0)
        return false;
    machine->asked[site].refused++;
    return true;
}
