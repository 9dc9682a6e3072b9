/*
 * sg_dma_post.c: the driver tells the device about a list.
 *
 * What it takes from the list and how much of it is where drivers go wrong: the prefix before the
 * data (SGL-21, SGL-22), the bytes behind them (SGL-24), a list that is not there yet or no more
 * (SGL-12, FSG-10).
 */
#include "device.h"
#include "ndis_layer.h"

/* What is broken by a list that is none that lives. */
static const enum rig_rule blames[LIST_NONE + 1] = {
    [LIST_BUFFER_OF_LIVE] = RULE_SGL_11,
    [LIST_BUFFER_OF_WAITING] = RULE_SGL_12,
    [LIST_HAL_WAITING] = RULE_SGL_12,
    [LIST_FORMER] = RULE_FSG_10,
    [LIST_NONE] = RULE_NONE,
};

/* What is wrong with telling the device of a live list; what the data of a NET_BUFFER are is known. */
static enum rig_rule check_live(const struct sg *sg, const struct request *request,
                                enum rig_skip skip, bool whole)
{
    const NET_BUFFER_DATA *was = sg && sg->nb ? &sg->was : NULL;

    if (!mapping_intact(request))
        return RULE_SGL_39;
    if (was && skip == RIG_SKIP_NOTHING && was->CurrentMdlOffset > 0)
        return RULE_SGL_21;
    if (was && skip == RIG_SKIP_DATA_OFFSET && was->DataOffset != was->CurrentMdlOffset)
        return RULE_SGL_22;
    return was && whole && request->length > was->CurrentMdlOffset + was->NbDataLength.DataLength
               ? RULE_SGL_24
               : RULE_NONE;
}

bool rig_device_post(struct machine *machine, PSCATTER_GATHER_LIST list, enum rig_skip skip,
                     bool whole)
{
    struct sg *sg;
    enum list_kind kind = list_find(machine, list, &sg);
    bool live = kind == LIST_LIVE || kind == LIST_HAL_LIVE, data_only = sg && sg->nb;
    struct request *request = mapping_of_list(machine, list);
    const struct adapter *adapter = sg ? sg->dma->adapter : NULL;
    ULONG length = data_only ? sg->was.NbDataLength.DataLength : 0;
    enum rig_rule rule;

    if (live && (request->post.place || (data_only && length == 0) ||
                 (adapter && (adapter->removed || adapter->low))))
        return false;
    rule = live ? check_live(sg, request, skip, whole) : blames[kind];
    if (list_report(machine, rule, "device_post", sg, list) || !live)
        return false;
    return device_post(machine, request, data_only ? sg->was.CurrentMdlOffset : 0,
                       data_only ? length : request->length, adapter);
}
