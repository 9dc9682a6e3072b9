/*
 * miniport_send.c: NET_BUFFER_LISTs on their way through the driver.
 *
 * From MiniportSendNetBufferLists to NdisMSendNetBufferListsComplete a list belongs to the adapter
 * (LIFE-75); before it is completed all its scatter/gather lists are freed (SGL-32).
 */
#include "ndis_layer.h"

static struct adapter *traffic_adapter(struct machine *machine, NDIS_HANDLE handle, KIRQL level)
{
    struct adapter *adapter;

    if (adapter_of(machine, handle, &adapter) != HANDLE_LIVE || level > DISPATCH_LEVEL ||
        !processor_can(machine, level) ||
        (adapter->state != ADAPTER_RUNNING && adapter->state != ADAPTER_PAUSING))
        return NULL;
    return adapter;
}

/* LIFE-34, LIFE-70: some sends are answered at once. */
static void check_send_return(struct machine *machine, const struct adapter *adapter,
                              uint32_t generation, const struct net_buffer_list *list)
{
    if (adapter->state == ADAPTER_GONE || adapter->generation != generation ||
        list->adapter != adapter_index(machine, adapter) + 1)
        return;
    if (list->sent_while_pausing)
        verifier_report(machine, RULE_LIFE_34, "MiniportSendNetBufferLists");
    else if (list->sent_after_removal)
        verifier_report(machine, RULE_LIFE_70, "MiniportSendNetBufferLists");
}

bool rig_send(struct machine *machine, NDIS_HANDLE handle, PNET_BUFFER_LIST nbl, KIRQL level)
{
    struct adapter *adapter = traffic_adapter(machine, handle, level);
    struct net_buffer_list *list = net_buffer_list_of(machine, nbl);
    uint32_t generation;
    unsigned index;

    if (!adapter || !list || list->adapter || adapter->pause == ANSWER_EARLY ||
        adapter->reset != ANSWER_NONE)
        return false;
    index = adapter_index(machine, adapter);
    generation = adapter->generation;
    list->adapter = (uint8_t)(index + 1);
    list->sent_while_pausing = adapter->state == ADAPTER_PAUSING;
    list->sent_after_removal = adapter->removed;
    adapter->sends++;
    frame_enter(machine, SITE_OTHER, level);
    machine->drivers[adapter->driver].handlers.SendNetBufferListsHandler(
        adapter->context, nbl, NDIS_DEFAULT_PORT_NUMBER,
        level == DISPATCH_LEVEL ? NDIS_SEND_FLAGS_DISPATCH_LEVEL : 0);
    frame_leave(machine, "MiniportSendNetBufferLists");
    check_send_return(machine, adapter, generation, list);
    return true;
}

bool rig_cancel_send(struct machine *machine, NDIS_HANDLE handle, PVOID cancel_id, KIRQL level)
{
    struct adapter *adapter = traffic_adapter(machine, handle, level);

    if (!adapter)
        return false;
    frame_enter(machine, SITE_OTHER, level);
    machine->drivers[adapter->driver].handlers.CancelSendHandler(adapter->context, cancel_id);
    frame_leave(machine, "MiniportCancelSend");
    return true;
}

/* SGL-34, SGL-32: no NET_BUFFER of the list may be mapped or about to be. */
static enum rig_rule check_lists(struct machine *machine, const NET_BUFFER_LIST *nbl,
                                 uint32_t *made)
{
    enum rig_rule rule = RULE_NONE;

    for (const NET_BUFFER *nb = nbl->FirstNetBuffer; nb; nb = nb->Next) {
        const struct sg *sg = sg_of_net_buffer(machine, nb);

        if (!sg)
            continue;
        *made = sg->made;
        if (sg->state == SG_WAITING)
            return RULE_SGL_34;
        rule = RULE_SGL_32;
    }
    return rule;
}

static void complete_one(struct machine *machine, NDIS_HANDLE handle, PNET_BUFFER_LIST nbl)
{
    struct net_buffer_list *list = net_buffer_list_of(machine, nbl);
    struct adapter *adapter;
    enum rig_rule rule = RULE_NONE;
    uint32_t made = 0;

    if (adapter_of(machine, handle, &adapter) != HANDLE_LIVE)
        rule = RULE_LIFE_75;
    else if (processor_irql(machine) > DISPATCH_LEVEL)
        rule = RULE_SDV_17;
    else if (!list || list->adapter != adapter_index(machine, adapter) + 1)
        rule = RULE_LIFE_75;
    else
        rule = check_lists(machine, nbl, &made);
    if (rule) {
        verifier_report_made(machine, rule, "NdisMSendNetBufferListsComplete", made);
        return;
    }
    list->adapter = 0;
    adapter->sends--;
}

void NdisMSendNetBufferListsComplete(NDIS_HANDLE MiniportAdapterHandle,
                                     PNET_BUFFER_LIST NetBufferList, ULONG SendCompleteFlags)
{
    struct machine *machine = machine_bound();
    PNET_BUFFER_LIST next;

    (void)SendCompleteFlags;
    do {
        next = net_buffer_list_of(machine, NetBufferList) ? NetBufferList->Next : NULL;
        if (next)
            NetBufferList->Next = NULL;
        complete_one(machine, MiniportAdapterHandle, NetBufferList);
        NetBufferList = next;
    } while (next);
}
