/*
 * common_buffer.c: memory that processor and device share.
 *
 * A common buffer is one piece for the device, whatever its pages are for the processor (HAL-45), and starts with a page. What
 * lies around it in its pages is nobody's (HAL-47): a red zone, looked at when it is freed. Pages are
 * never given out twice in a run.
 */
#include "hal_layer.h"
#include <string.h>

#define LOW_BUS UINT64_C(0x20000000)
#define HIGH_BUS UINT64_C(0x200000000)

enum { RED_FILL = 0x0F };

/* ---- red zones ---- */

static bool fill(uint8_t *zone, uint32_t length)
{
    bool intact = true;

    for (uint32_t i = 0; i < length; i++) {
        intact &= zone[i] == RED_FILL;
        zone[i] = RED_FILL;
    }
    return intact;
}

bool red_zone_fill(uint8_t *va, uint32_t length, uint32_t grain)
{
    bool before = fill(va - RED_ZONE, RED_ZONE);
    bool behind = fill(va + length, (length + grain - 1) / grain * grain - length + RED_ZONE);

    return before && behind;
}

void common_inspect(struct machine *machine, const struct common *common, const char *call,
                    uint32_t made)
{
    if (!red_zone_fill(common->start, common->length, PAGE_SIZE))
        verifier_finds(machine, RULE_E6_0F, call, made);
}

/* ---- which one ---- */

struct common *common_of(struct machine *machine, PDMA_ADAPTER adapter, const void *va)
{
    EACH (struct common, common, machine, commons)
        if (&common->adapter->head == adapter &&
            (uintptr_t)va - (uintptr_t)common->start < common->length)
            return common;
    return NULL;
}

static void retire(struct common *common)
{
    memory_poison(common->start, BYTES_TO_PAGES(common->length) * PAGE_SIZE);
    common->length = 0;
    common->released = false;
    common->adapter->commons--;
}

void common_drop(struct machine *machine, const struct dma_adapter *adapter)
{
    EACH (struct common, common, machine, commons)
        if (common->adapter == adapter && common->length > 0)
            retire(common);
}

/* ---- the operations ---- */

_Static_assert(COMMONS >= COMMON_PAGES / 2, "the pages, two for each at least, run out before");

/* NULL, HAL-48: large ones may be had no more. */
PVOID common_allocate(PDMA_ADAPTER adapter, ULONG length, PPHYSICAL_ADDRESS address, BOOLEAN cached)
{
    struct machine *machine = machine_bound();
    enum rig_rule rule = hal_check(machine, adapter, PASSIVE_LEVEL, true, RULE_E6_13);
    uint64_t pages = BYTES_TO_PAGES((uint64_t)length);
    uint32_t first = machine->used.common_pages + 1; /* the page before ends in its red zone */
    struct common *common = &machine->commons[machine->used.commons];

    if (!rule && length == 0)
        rule = RULE_AMB_23;
    if (verifier_finds(machine, rule, "AllocateCommonBuffer", 0))
        return NULL;
    if (pages > machine->settings[SETTING_common_pages] || first + pages > COMMON_PAGES ||
        site_refuses(machine, RIG_SITE_common_buffer))
        return NULL;
    machine->used.commons++;
    machine->used.common_pages += (uint32_t)pages + 1;
    *common = (struct common){
        .start = machine->common_pages[first],
        .length = length,
        .made = machine->origin,
        .adapter = hal_adapter(machine, adapter),
        .cached = cached,
    };
    common->bus = (common->adapter->wide ? HIGH_BUS : LOW_BUS) + (uint64_t)first * PAGE_SIZE;
    common->adapter->commons++;
    red_zone_fill(common->start, length, PAGE_SIZE);
    address->QuadPart = (LONGLONG)common->bus;
    return common->start;
}

VOID common_free(PDMA_ADAPTER adapter, ULONG length, PHYSICAL_ADDRESS address, PVOID va,
                 BOOLEAN cached)
{
    struct machine *machine = machine_bound();
    enum rig_rule rule = hal_check(machine, adapter, PASSIVE_LEVEL, true, RULE_E6_13);
    struct common *common = rule ? NULL : common_of(machine, adapter, va);

    if (!rule && !common)
        rule = RULE_E6_03;
    else if (!rule && (common->start != va || common->length != length ||
                       common->bus != (uint64_t)address.QuadPart || common->cached != cached))
        rule = RULE_HAL_49;
    if (verifier_finds(machine, rule, "FreeCommonBuffer", common ? common->made : 0))
        return;
    common_inspect(machine, common, "FreeCommonBuffer", common->made);
    retire(common);
}

/* ---- the device ---- */

uint8_t *common_reach(struct machine *machine, uint64_t bus, uint64_t offset, uint64_t length)
{
    EACH (struct common, common, machine, commons) {
        uint64_t start = bus - common->bus;

        if (common->released || start >= common->length)
            continue;
        if (length == 0 || offset > common->length - start ||
            length > common->length - start - offset)
            return NULL;
        return common->start + start + offset;
    }
    return NULL;
}

/* E6-26: inside the common buffer, or not at all. */
bool rig_device_common(struct machine *machine, uint64_t bus, uint64_t offset, uint64_t length,
                       void *bytes, bool to_device)
{
    uint8_t *there = common_reach(machine, bus, offset, length);

    if (!there)
        return !verifier_finds(machine, RULE_E6_26, "device", 0);
    memcpy(to_device ? bytes : there, to_device ? there : bytes, length);
    return true;
}
