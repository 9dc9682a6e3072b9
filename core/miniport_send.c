/*
 * miniport_send.c: NET_BUFFER_LISTs on their way through the driver.
 *
 * From MiniportSendNetBufferLists to NdisMSendNetBufferListsComplete a list belongs to the adapter
 * (LIFE-75); before it is completed all its scatter/gather lists are freed (SGL-32).
 */
#include "ndis_layer.h"

/* In these there is traffic. */
enum { TRAFFIC = ADAPTER_RUNNING | ADAPTER_PAUSING, ANY = 0xFF };

/* LIFE-34, LIFE-70, LIFE-73: some sends are answered at once, and the STATUS says why. What is wrong
 * with it; PENDING: there is no answer. */
static enum rig_rule hurry(const struct net_buffer_list *list, NDIS_STATUS status)
{
    if ((list->sent_while_pausing && status == NDIS_STATUS_PAUSED) ||
        (list->sent_after_removal && status == NDIS_STATUS_NOT_ACCEPTED) ||
        (list->sent_asleep && status == NDIS_STATUS_LOW_POWER_STATE))
        return RULE_NONE;
    if (list->sent_while_pausing)
        return RULE_LIFE_34;
    if (list->sent_after_removal)
        return RULE_LIFE_70;
    return list->sent_asleep ? RULE_LIFE_73 : RULE_NONE;
}

bool rig_send(struct machine *machine, NDIS_HANDLE handle, PNET_BUFFER_LIST nbl, KIRQL level)
{
    struct adapter *adapter = event_adapter(machine, handle, level, TRAFFIC);
    struct net_buffer_list *list = net_buffer_list_of(machine, nbl);

    if (!adapter || !list || list->adapter || list->indicated ||
        adapter->answers[ASK_PAUSE] == ANSWER_EARLY ||
        adapter->answers[ASK_POWER] == ANSWER_EARLY || adapter->answers[ASK_RESET])
        return false;
    list->adapter = adapter;
    list->sent_while_pausing = adapter->state == ADAPTER_PAUSING;
    list->sent_after_removal = adapter->removed;
    list->sent_asleep = adapter_sleeps(adapter);
    adapter->sends++;
    adapter_enter(machine, adapter, SITE_OTHER, level);
    adapter->driver->handlers.SendNetBufferListsHandler(
        adapter->context, nbl, NDIS_DEFAULT_PORT_NUMBER,
        level == DISPATCH_LEVEL ? NDIS_SEND_FLAGS_DISPATCH_LEVEL : 0);
    if (adapter_leave(machine, "MiniportSendNetBufferLists") && list->adapter == adapter)
        verifier_finds(machine, hurry(list, NDIS_STATUS_PENDING), "MiniportSendNetBufferLists", 0);
    return true;
}

bool rig_cancel_send(struct machine *machine, NDIS_HANDLE handle, PVOID cancel_id, KIRQL level)
{
    struct adapter *adapter = event_adapter(machine, handle, level, TRAFFIC);

    if (!adapter)
        return false;
    adapter_enter(machine, adapter, SITE_CANCEL, level);
    adapter->driver->handlers.CancelSendHandler(adapter->context, cancel_id);
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

/* LIFE-77, LIFE-63, AMB-17: that of a send which a cancellation or a reset ends should. */
static enum rig_rule warn_status(const struct machine *machine, const struct net_buffer_list *list,
                                 NDIS_STATUS status)
{
    const struct frame *frame = frame_current(machine);

    if (!frame || hurry(list, NDIS_STATUS_PENDING) || frame->object != list->adapter ||
        frame->generation != list->adapter->generation)
        return RULE_NONE;
    if (frame->site == SITE_CANCEL && status != NDIS_STATUS_SEND_ABORTED)
        return RULE_LIFE_77;
    if (frame->site == SITE_RESET && status != NDIS_STATUS_REQUEST_ABORTED &&
        status != NDIS_STATUS_RESET_IN_PROGRESS && status != NDIS_STATUS_FAILURE &&
        status != NDIS_STATUS_RESOURCES)
        return RULE_LIFE_63;
    return RULE_NONE;
}

static void complete_one(struct machine *machine, NDIS_HANDLE handle, PNET_BUFFER_LIST nbl)
{
    struct net_buffer_list *list = net_buffer_list_of(machine, nbl);
    struct adapter *adapter = adapter_of(machine, handle);
    enum rig_rule rule = RULE_NONE;
    uint32_t made = 0;

    if (!adapter)
        rule = RULE_LIFE_75;
    else if (processor_irql(machine) > DISPATCH_LEVEL)
        rule = RULE_SDV_17;
    else if (!list || list->adapter != adapter)
        rule = RULE_LIFE_75;
    else
        rule = check_lists(machine, nbl, &made);
    if (!rule)
        rule = hurry(list, NET_BUFFER_LIST_STATUS(nbl));
    if (verifier_finds(machine, rule, "NdisMSendNetBufferListsComplete", made))
        return;
    rule = warn_status(machine, list, NET_BUFFER_LIST_STATUS(nbl));
    verifier_finds(machine, rule, "NdisMSendNetBufferListsComplete", 0);
    list->adapter = NULL;
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

/* ---- receives ---- */

static enum rig_rule check_indication(struct machine *machine, const struct adapter *adapter,
                                      PNET_BUFFER_LIST nbl, uint32_t *made)
{
    const struct net_buffer_list *list = net_buffer_list_of(machine, nbl);

    if (!adapter)
        return RULE_LIFE_75;
    if (processor_irql(machine) > DISPATCH_LEVEL)
        return RULE_SDV_17;
    if (!(adapter->state & TRAFFIC) || adapter->answers[ASK_PAUSE] == ANSWER_EARLY)
        return RULE_LIFE_32;
    if (adapter->low)
        return RULE_LIFE_73;
    if (!list || list->adapter || list->indicated)
        return RULE_LIFE_75;
    return check_lists(machine, nbl, made);
}

void NdisMIndicateReceiveNetBufferLists(NDIS_HANDLE MiniportAdapterHandle,
                                        PNET_BUFFER_LIST NetBufferList, NDIS_PORT_NUMBER PortNumber,
                                        ULONG NumberOfNetBufferLists, ULONG ReceiveFlags)
{
    struct machine *machine = machine_bound();
    struct adapter *adapter = adapter_of(machine, MiniportAdapterHandle);
    uint32_t made = 0;
    enum rig_rule rule = check_indication(machine, adapter, NetBufferList, &made);

    (void)PortNumber;
    (void)NumberOfNetBufferLists;
    (void)ReceiveFlags;
    if (verifier_finds(machine, rule, __func__, made))
        return;
    net_buffer_list_of(machine, NetBufferList)->indicated = adapter;
    adapter->receives++;
}

bool rig_return(struct machine *machine, NDIS_HANDLE handle, PNET_BUFFER_LIST nbl, KIRQL level)
{
    struct net_buffer_list *list = net_buffer_list_of(machine, nbl);
    struct adapter *adapter = event_adapter(machine, handle, level, ANY);

    if (!adapter || !list || list->indicated != adapter)
        return false;
    list->indicated = NULL;
    adapter->receives--;
    frame_enter(machine, SITE_OTHER, level);
    adapter->driver->handlers.ReturnNetBufferListsHandler(
        adapter->context, nbl, level == DISPATCH_LEVEL ? NDIS_RETURN_FLAGS_DISPATCH_LEVEL : 0);
    frame_leave(machine, "MiniportReturnNetBufferLists");
    return true;
}
