/*
 * sg_dma_post.c: the driver tells the device about a list.
 *
 * What it takes from the list and how much of it is where drivers go wrong: the prefix before the
 * data (SGL-21, SGL-22), the bytes behind them (SGL-24), a list that is not there yet or no more
 * (SGL-12, FSG-10).
 */
#include "device.h"
#include "ndis_layer.h"

static enum rig_rule check_extent(const struct sg *sg, const struct request *request,
                                  enum rig_skip skip, bool whole)
{
    if (skip == RIG_SKIP_NOTHING && sg->current_offset > 0)
        return RULE_SGL_21;
    if (skip == RIG_SKIP_DATA_OFFSET && sg->data_offset != sg->current_offset)
        return RULE_SGL_22;
    return whole && request->length > sg->current_offset + sg->data_length ? RULE_SGL_24
                                                                           : RULE_NONE;
}

static enum rig_rule blame(enum list_kind kind)
{
    switch (kind) {
    case LIST_BUFFER_OF_LIVE:
        return RULE_SGL_11;
    case LIST_BUFFER_OF_WAITING:
    case LIST_HAL_WAITING:
        return RULE_SGL_12;
    case LIST_FORMER:
        return RULE_FSG_10;
    default:
        return RULE_NONE;
    }
}

static bool refuse(struct machine *machine, enum rig_rule rule, const struct sg *sg,
                   const void *list)
{
    list_report(machine, rule, "device_post", sg, list);
    return false;
}

bool rig_device_post(struct machine *machine, PSCATTER_GATHER_LIST list, enum rig_skip skip,
                     bool whole)
{
    struct sg *sg;
    enum list_kind kind = list_find(machine, list, &sg);
    struct request *request;
    const struct adapter *adapter = sg ? sg->dma->adapter : NULL;
    bool data_only;
    enum rig_rule rule;

    if (kind != LIST_LIVE && kind != LIST_HAL_LIVE)
        return refuse(machine, blame(kind), sg, list);
    request = mapping_of_list(machine, list);
    data_only = sg && !sg->bare_mdl;
    if (request->post.place || (adapter && (adapter->removed || adapter->low)) ||
        (data_only && sg->data_length == 0))
        return false;
    rule = mapping_intact(request) ? RULE_NONE : RULE_SGL_39;
    if (!rule && data_only)
        rule = check_extent(sg, request, skip, whole);
    if (rule)
        return refuse(machine, rule, sg, list);
    return device_post(machine, request, data_only ? sg->current_offset : 0,
                       data_only ? sg->data_length : request->length, adapter);
}
