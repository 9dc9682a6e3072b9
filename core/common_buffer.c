/*
 * common_buffer.c: memory that processor and device share.
 *
 * A common buffer is one piece for the device, whatever its pages are for the processor (HAL-45), and starts with a page. What
 * lies around it in its pages is nobody's (HAL-47): a red zone, looked at when it is freed. Pages are
 * never given out twice in a run.
 */
#include "common_buffer.h"
#include "hal_layer.h"
#include "memory.h"
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

static uint8_t *start_of(struct machine *machine, const struct common *common)
{
    return machine->common_pages[common->page];
}

static uint32_t zone_behind(const struct common *common)
{
    return BYTES_TO_PAGES(common->length) * PAGE_SIZE - common->length + RED_ZONE;
}

void common_inspect(struct machine *machine, const struct common *common, const char *call,
                    uint32_t made)
{
    uint8_t *start = start_of(machine, common);

    if (red_zone_intact(start, common->length, zone_behind(common)))
        return;
    verifier_report_made(machine, RULE_E6_0F, call, made);
    red_zone_fill(start, common->length, zone_behind(common));
}

/* ---- which one ---- */

static bool is_of(const struct machine *machine, const struct common *common,
                  const struct dma_adapter *adapter)
{
    return common->live && &machine->dma_adapters[common->adapter] == adapter;
}

struct common *common_of(struct machine *machine, const struct dma_adapter *adapter, const void *va)
{
    for (unsigned i = 0; i < machine->used.commons; i++) {
        struct common *common = &machine->commons[i];

        if (is_of(machine, common, adapter) &&
            (uintptr_t)va - (uintptr_t)start_of(machine, common) < common->length)
            return common;
    }
    return NULL;
}

bool common_outstanding(const struct machine *machine, const struct dma_adapter *adapter)
{
    for (unsigned i = 0; i < machine->used.commons; i++)
        if (is_of(machine, &machine->commons[i], adapter))
            return true;
    return false;
}

static void retire(struct machine *machine, struct common *common)
{
    common->live = false;
    memory_poison(start_of(machine, common), BYTES_TO_PAGES(common->length) * PAGE_SIZE);
}

void common_drop(struct machine *machine, const struct dma_adapter *adapter)
{
    for (unsigned i = 0; i < machine->used.commons; i++)
        if (is_of(machine, &machine->commons[i], adapter))
            retire(machine, &machine->commons[i]);
}

/* ---- the operations ---- */

_Static_assert(COMMONS >= COMMON_PAGES / 2, "the pages, two for each at least, run out before");

/* HAL-48: large ones may be had no more. */
static struct common *take(struct machine *machine, ULONG length)
{
    uint64_t pages = BYTES_TO_PAGES((uint64_t)length);
    struct common *common = &machine->commons[machine->used.commons];

    if (pages > machine->settings[SETTING_common_pages] ||
        machine->used.common_pages + pages + 1 > COMMON_PAGES ||
        site_refuses(machine, RIG_SITE_common_buffer))
        return NULL;
    common->page = machine->used.common_pages + 1; /* the page before ends in its red zone */
    machine->used.commons++;
    machine->used.common_pages += (uint32_t)pages + 1;
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
    common->live = true;
    common->length = length;
    common->cached = cached;
    common->made = machine->origin;
    common->adapter = (uint16_t)(hal_adapter(machine, adapter) - machine->dma_adapters);
    common->bus = (machine->dma_adapters[common->adapter].wide ? HIGH_BUS : LOW_BUS) +
                  (uint64_t)common->page * PAGE_SIZE;
    red_zone_fill(start_of(machine, common), length, zone_behind(common));
    address->QuadPart = (LONGLONG)common->bus;
    return start_of(machine, common);
}

/* E6-03, HAL-49 */
static enum rig_rule check_free(struct machine *machine, const struct common *common, ULONG length,
                                PHYSICAL_ADDRESS address, const void *va, BOOLEAN cached)
{
    if (!common)
        return RULE_E6_03;
    if (start_of(machine, common) != va || common->length != length ||
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
        rule = check_free(machine, common, length, address, va, cached);
    if (verifier_finds(machine, rule, "FreeCommonBuffer", common ? common->made : 0))
        return;
    common_inspect(machine, common, "FreeCommonBuffer", common->made);
    retire(machine, common);
}

/* ---- the device ---- */

uint8_t *common_reach(struct machine *machine, uint64_t bus, uint64_t offset, uint64_t length)
{
    for (unsigned i = 0; i < machine->used.commons; i++) {
        const struct common *common = &machine->commons[i];
        uint64_t start = bus - common->bus;

        if (!common->live || common->released || start >= common->length)
            continue;
        if (length == 0 || offset > common->length - start ||
            length > common->length - start - offset)
            return NULL;
        return start_of(machine, common) + start + offset;
    }
    return NULL;
}

/* E6-26: inside the common buffer, or not at all. */
bool rig_device_common(struct machine *machine, uint64_t bus, uint64_t offset, uint64_t length,
                       void *bytes, bool to_device)
{
    uint8_t *there = common_reach(machine, bus, offset, length);

    if (!there)
        return verifier_refuse(machine, RULE_E6_26, "device");
    memcpy(to_device ? bytes : there, to_device ? there : bytes, length);
    return true;
}
