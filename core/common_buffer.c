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

void red_zone_fill(uint8_t *va, uint32_t length, uint32_t behind)
{
    memset(va - RED_ZONE, RED_FILL, RED_ZONE);
    memset(va + length, RED_FILL, behind);
}

static bool is_filled(const uint8_t *zone, uint32_t length)
{
    for (uint32_t i = 0; i < length; i++)
        if (zone[i] != RED_FILL)
            return false;
    return true;
}

bool red_zone_intact(const uint8_t *va, uint32_t length, uint32_t behind)
{
    return is_filled(va - RED_ZONE, RED_ZONE) && is_filled(va + length, behind);
}

static uint32_t zone_behind(const struct common *common)
{
    return BYTES_TO_PAGES(common->length) * PAGE_SIZE - common->length + RED_ZONE;
}

void common_inspect(struct machine *machine, const struct common *common, const char *call,
                    uint32_t made)
{
    if (red_zone_intact(common->start, common->length, zone_behind(common)))
        return;
    verifier_finds(machine, RULE_E6_0F, call, made);
    red_zone_fill(common->start, common->length, zone_behind(common));
}

/* ---- which one ---- */

struct common *common_of(struct machine *machine, const struct dma_adapter *adapter, const void *va)
{
    EACH (struct common, common, machine, commons)
        if (common->adapter == adapter && (uintptr_t)va - (uintptr_t)common->start < common->length)
            return common;
    return NULL;
}

bool common_outstanding(const struct machine *machine, const struct dma_adapter *adapter)
{
    EACH (const struct common, common, machine, commons)
        if (common->adapter == adapter)
            return true;
    return false;
}

static void retire(struct common *common)
{
    common->adapter = NULL;
    memory_poison(common->start, BYTES_TO_PAGES(common->length) * PAGE_SIZE);
}

void common_drop(struct machine *machine, const struct dma_adapter *adapter)
{
    EACH (struct common, common, machine, commons)
        if (common->adapter == adapter)
            retire(common);
}

/* ---- the operations ---- */

_Static_assert(COMMONS >= COMMON_PAGES / 2, "the pages, two for each at least, run out before");

/* The next row and pages for so many bytes; NULL: HAL-48, large ones may be had no more. */
static struct common *take(struct machine *machine, ULONG length)
{
    uint64_t pages = BYTES_TO_PAGES((uint64_t)length);
    uint32_t first = machine->used.common_pages + 1; /* the page before ends in its red zone */
    struct common *common = &machine->commons[machine->used.commons];

    if (pages > machine->settings[SETTING_common_pages] || first + pages > COMMON_PAGES ||
        site_refuses(machine, RIG_SITE_common_buffer))
        return NULL;
    machine->used.commons++;
    machine->used.common_pages += (uint32_t)pages + 1;
    common->start = machine->common_pages[first];
    common->bus = (uint64_t)first * PAGE_SIZE;
    return common;
}

PVOID common_allocate(PDMA_ADAPTER adapter, ULONG length, PPHYSICAL_ADDRESS address, BOOLEAN cached)
{
    struct machine *machine = machine_bound();
    enum rig_rule rule = hal_check(machine, adapter, PASSIVE_LEVEL, true, RULE_E6_13);
    struct common *common;

    if (!rule && length == 0)
        rule = RULE_AMB_23;
    if (verifier_finds(machine, rule, "AllocateCommonBuffer", 0))
        return NULL;
    common = take(machine, length);
    if (!common)
        return NULL;
    common->length = length;
    common->cached = cached;
    common->made = machine->origin;
    common->adapter = hal_adapter(machine, adapter);
    common->bus += common->adapter->wide ? HIGH_BUS : LOW_BUS;
    red_zone_fill(common->start, length, zone_behind(common));
    address->QuadPart = (LONGLONG)common->bus;
    return common->start;
}

/* E6-03, HAL-49 */
static enum rig_rule check_free(const struct common *common, ULONG length, PHYSICAL_ADDRESS address,
                                const void *va, BOOLEAN cached)
{
    if (!common)
        return RULE_E6_03;
    if (common->start != va || common->length != length ||
        common->bus != (uint64_t)address.QuadPart || common->cached != cached)
        return RULE_HAL_49;
    return RULE_NONE;
}

VOID common_free(PDMA_ADAPTER adapter, ULONG length, PHYSICAL_ADDRESS address, PVOID va,
                 BOOLEAN cached)
{
    struct machine *machine = machine_bound();
    enum rig_rule rule = hal_check(machine, adapter, PASSIVE_LEVEL, true, RULE_E6_13);
    struct common *common = rule ? NULL : common_of(machine, hal_adapter(machine, adapter), va);

    if (!rule)
        rule = check_free(common, length, address, va, cached);
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

        if (!common->adapter || common->released || start >= common->length)
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
