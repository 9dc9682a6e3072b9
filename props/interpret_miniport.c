/*
 * interpret_miniport.c: the driver's handlers, and the calls of a miniport's life.
 */
#include "choices.h"
#include "interpret.h"

/* choice `handlers`, in its order */
enum {
    HANDLERS_all,
    NO_initialize,
    NO_halt,
    NO_pause,
    NO_restart,
    NO_send,
    NO_return,
    NO_cancel_send,
    NO_pnp_event,
    NO_shutdown,
    NO_unload,
    HANG_without_reset
};

/* ---- handlers ---- */

static NTSTATUS on(enum frame_kind kind, const void *context)
{
    return callback(runner_playing(), kind, CLASS_adapter, context, NULL);
}

static NDIS_STATUS on_initialize(NDIS_HANDLE adapter, NDIS_HANDLE context,
                                 PNDIS_MINIPORT_INIT_PARAMETERS parameters)
{
    (void)parameters;
    return callback(runner_playing(), FRAME_initialize, CLASS_driver, context, adapter);
}

/* LIFE-47, LIFE-50: the driver is told why its adapter ends. */
static void judge_action(enum frame_kind kind, unsigned action)
{
    struct runner *r = runner_playing();
    const struct frame *frame = &r->oracle.expected;

    digest_add(r, action);
    if (frame->kind == kind && frame->detail != action)
        callback_unexpected(r, "the same with another action");
}

static VOID on_halt(NDIS_HANDLE context, NDIS_HALT_ACTION action)
{
    judge_action(FRAME_halt, (unsigned)action);
    on(FRAME_halt, context);
}

static NDIS_STATUS on_pause(NDIS_HANDLE context, PNDIS_MINIPORT_PAUSE_PARAMETERS parameters)
{
    (void)parameters;
    return on(FRAME_pause, context);
}

static NDIS_STATUS on_restart(NDIS_HANDLE context, PNDIS_MINIPORT_RESTART_PARAMETERS parameters)
{
    (void)parameters;
    return on(FRAME_restart, context);
}

static VOID on_send(NDIS_HANDLE context, PNET_BUFFER_LIST list, NDIS_PORT_NUMBER port, ULONG flags)
{
    struct runner *r = runner_playing();
    const struct oracle *o = &r->oracle;
    ULONG told = o->expected.level == DISPATCH_LEVEL ? NDIS_SEND_FLAGS_DISPATCH_LEVEL : 0;

    (void)port;
    digest_add(r, flags);
    if (o->expected.kind == FRAME_send &&
        (list != o->value[CLASS_nbl][o->expected.detail] || flags != told)) /* LIFE-74 */
        callback_unexpected(r, "MiniportSendNetBufferLists with another list or flags");
    on(FRAME_send, context);
}

static VOID on_cancel_send(NDIS_HANDLE context, PVOID id)
{
    (void)id;
    on(FRAME_cancel_send, context);
}

static NDIS_STATUS on_reset(NDIS_HANDLE context, PBOOLEAN addressing)
{
    *addressing = FALSE;
    return on(FRAME_reset, context);
}

static VOID on_pnp_event(NDIS_HANDLE context, PNET_DEVICE_PNP_EVENT event)
{
    digest_add(runner_playing(), (uint64_t)event->DevicePnPEvent);
    on(FRAME_pnp_event, context);
}

static VOID on_shutdown(NDIS_HANDLE context, NDIS_SHUTDOWN_ACTION action)
{
    judge_action(FRAME_shutdown, (unsigned)action);
    on(FRAME_shutdown, context);
}

static VOID on_return(NDIS_HANDLE context, PNET_BUFFER_LIST list, ULONG flags)
{
    struct runner *r = runner_playing();
    const struct oracle *o = &r->oracle;

    digest_add(r, flags);
    if (o->expected.kind == FRAME_return && list != o->value[CLASS_nbl][o->expected.detail])
        callback_unexpected(r, "MiniportReturnNetBufferLists with another list");
    on(FRAME_return, context);
}

static const NDIS_DEVICE_POWER_STATE power_states[] = {NdisDeviceStateD3, NdisDeviceStateD0,
                                                       NdisDeviceStateD1, NdisDeviceStateD2};

static NDIS_STATUS on_oid_request(NDIS_HANDLE context, PNDIS_OID_REQUEST request)
{
    struct runner *r = runner_playing();
    const struct frame *frame = &r->oracle.expected;
    const NDIS_DEVICE_POWER_STATE *state = request->DATA.SET_INFORMATION.InformationBuffer;

    if (frame->kind == FRAME_oid && (request->RequestType != NdisRequestSetInformation ||
                                     request->DATA.SET_INFORMATION.Oid != OID_PNP_SET_POWER ||
                                     *state != power_states[frame->detail]))
        callback_unexpected(r, "MiniportOidRequest with another request");
    return on(FRAME_oid, context);
}

/* Handlers for which nothing in a program is the cause. */

static VOID on_unload(PDRIVER_OBJECT driver)
{
    (void)driver;
    callback_unexpected(runner_playing(), "MiniportDriverUnload");
}

static VOID on_cancel_oid_request(NDIS_HANDLE context, PVOID id)
{
    (void)context;
    (void)id;
    callback_unexpected(runner_playing(), "MiniportCancelOidRequest");
}

static BOOLEAN on_check_for_hang(NDIS_HANDLE context)
{
    (void)context;
    callback_unexpected(runner_playing(), "MiniportCheckForHangEx");
    return FALSE;
}

/* ---- headers ---- */

static void apply_header(NDIS_OBJECT_HEADER *header, unsigned choice, UCHAR type, UCHAR revision,
                         size_t macro_size, size_t whole)
{
    header->Type = (UCHAR)(type + (choice == HEADER_wrong_type));
    header->Revision = choice == HEADER_revision_0 ? 0 : revision;
    header->Size = (USHORT)(choice == HEADER_sizeof ? whole : macro_size);
    if (choice == HEADER_short)
        header->Size = (USHORT)(macro_size - 8);
}

static void drop_handler(NDIS_MINIPORT_DRIVER_CHARACTERISTICS *m, unsigned which)
{
    switch (which) {
    case NO_initialize:
        m->InitializeHandlerEx = NULL;
        break;
    case NO_halt:
        m->HaltHandlerEx = NULL;
        break;
    case NO_pause:
        m->PauseHandler = NULL;
        break;
    case NO_restart:
        m->RestartHandler = NULL;
        break;
    case NO_send:
        m->SendNetBufferListsHandler = NULL;
        break;
    case NO_return:
        m->ReturnNetBufferListsHandler = NULL;
        break;
    case NO_cancel_send:
        m->CancelSendHandler = NULL;
        break;
    case NO_pnp_event:
        m->DevicePnPEventNotifyHandler = NULL;
        break;
    case NO_shutdown:
        m->ShutdownHandlerEx = NULL;
        break;
    case NO_unload:
        m->UnloadHandler = NULL;
        break;
    case HANG_without_reset:
        m->ResetHandlerEx = NULL;
        break;
    default:
        break;
    }
}

static void set_version(NDIS_MINIPORT_DRIVER_CHARACTERISTICS *m, unsigned choice)
{
    static const UCHAR majors[12] = {6, 6, 6, 6, 6, 6, 6, 6, 6, 5, 6, 7};
    static const UCHAR minors[12] = {0, 1, 20, 30, 40, 50, 60, 80, 85, 1, 7, 0};

    m->MajorNdisVersion = majors[choice];
    m->MinorNdisVersion = minors[choice];
}

static void set_driver_header(NDIS_MINIPORT_DRIVER_CHARACTERISTICS *m, unsigned choice)
{
    static const size_t sizes[] = {NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_1,
                                   NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2,
                                   NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_3};
    UCHAR revision = 1;

    if (m->MinorNdisVersion >= 80)
        revision = 3;
    else if (m->MinorNdisVersion >= 1 || choice == HEADER_revision_2)
        revision = 2;
    apply_header(&m->Header, choice, NDIS_OBJECT_TYPE_MINIPORT_DRIVER_CHARACTERISTICS, revision,
                 sizes[revision - 1], sizeof *m);
}

void interpret_NdisMRegisterMiniportDriver(struct runner *r, struct call *c)
{
    UNICODE_STRING path = {0, 0, NULL};
    void *untouched = context_of(CLASS_nothing, 1);
    NDIS_HANDLE handle = untouched;
    union given *given = give(r);
    NDIS_STATUS status;

    given->driver = (NDIS_MINIPORT_DRIVER_CHARACTERISTICS){
        .InitializeHandlerEx = on_initialize,
        .HaltHandlerEx = on_halt,
        .UnloadHandler = on_unload,
        .PauseHandler = on_pause,
        .RestartHandler = on_restart,
        .OidRequestHandler = on_oid_request,
        .SendNetBufferListsHandler = on_send,
        .ReturnNetBufferListsHandler = on_return,
        .CancelSendHandler = on_cancel_send,
        .CheckForHangHandlerEx = on_check_for_hang,
        .ResetHandlerEx = on_reset,
        .DevicePnPEventNotifyHandler = on_pnp_event,
        .ShutdownHandlerEx = on_shutdown,
        .CancelOidRequestHandler = on_cancel_oid_request,
    };

    set_version(&given->driver, c->a[0].n);
    set_driver_header(&given->driver, c->a[2].n);
    drop_handler(&given->driver, c->a[1].n);
    status = NdisMRegisterMiniportDriver(&r->driver, &path, context_of(CLASS_driver, c->made),
                                         &given->driver, &handle);
    spoil(given);
    result_status(r, c, status);
    result_handle(r, c, handle, untouched);
}

void interpret_NdisMDeregisterMiniportDriver(struct runner *r, struct call *c)
{
    NdisMDeregisterMiniportDriver(c->a[0].value);
    result_void(r, c);
}

/* ---- the operating system ---- */

void interpret_initialize(struct runner *r, struct call *c)
{
    result_happened(r, c, rig_initialize(r->machine, c->a[0].value));
}

void interpret_restart(struct runner *r, struct call *c)
{
    result_happened(r, c, rig_restart(r->machine, c->a[0].value));
}

void interpret_pause(struct runner *r, struct call *c)
{
    result_happened(r, c, rig_pause(r->machine, c->a[0].value));
}

void interpret_halt(struct runner *r, struct call *c)
{
    result_happened(r, c, rig_halt(r->machine, c->a[0].value, (NDIS_HALT_ACTION)c->a[1].n));
}

void interpret_reset(struct runner *r, struct call *c)
{
    result_happened(r, c, rig_reset_adapter(r->machine, c->a[0].value, irql_levels[c->a[1].n]));
}

void interpret_shutdown(struct runner *r, struct call *c)
{
    result_happened(r, c, rig_shutdown(r->machine, c->a[0].value, (NDIS_SHUTDOWN_ACTION)c->a[1].n));
}

void interpret_surprise_remove(struct runner *r, struct call *c)
{
    result_happened(r, c, rig_surprise_remove(r->machine, c->a[0].value));
}

void interpret_send(struct runner *r, struct call *c)
{
    result_happened(r, c,
                    rig_send(r->machine, c->a[0].value, c->a[1].value, irql_levels[c->a[2].n]));
}

void interpret_cancel_send(struct runner *r, struct call *c)
{
    result_happened(r, c,
                    rig_cancel_send(r->machine, c->a[0].value, context_of(CLASS_nbl, 1),
                                    irql_levels[c->a[1].n]));
}

void interpret_time_passes(struct runner *r, struct call *c)
{
    result_happened(r, c, rig_time_passes(r->machine, c->a[0].value));
}

void interpret_set_power(struct runner *r, struct call *c)
{
    result_happened(r, c, rig_set_power(r->machine, c->a[0].value, power_states[c->a[1].n]));
}

void interpret_return_net_buffer_lists(struct runner *r, struct call *c)
{
    result_happened(r, c,
                    rig_return(r->machine, c->a[0].value, c->a[1].value, irql_levels[c->a[2].n]));
}

/* ---- the driver ---- */

static void set_registration(NDIS_MINIPORT_ADAPTER_ATTRIBUTES *attributes, const struct call *c)
{
    static const NDIS_INTERFACE_TYPE buses[] = {NdisInterfacePci, NdisInterfaceIsa,
                                                NdisInterfaceEisa, InterfaceTypeUndefined};
    NDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES *a = &attributes->RegistrationAttributes;
    UCHAR revision = c->a[2].n == HEADER_revision_2 ? 2 : 1;

    apply_header(&a->Header, c->a[2].n, NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES,
                 revision, NDIS_SIZEOF_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES_REVISION_1,
                 sizeof *a);
    a->MiniportAdapterContext = context_of(CLASS_adapter, c->a[0].ref.number);
    a->AttributeFlags = c->a[3].n;
    a->InterfaceType = buses[c->a[4].n];
}

static void set_general(NDIS_MINIPORT_ADAPTER_ATTRIBUTES *attributes, const struct call *c)
{
    NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES *a = &attributes->GeneralAttributes;
    bool second = c->a[2].n == HEADER_revision_2;

    apply_header(&a->Header, c->a[2].n, NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES,
                 second ? 2 : 1,
                 second ? NDIS_SIZEOF_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_2
                        : NDIS_SIZEOF_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_1,
                 sizeof *a);
    a->MtuSize = 1500;
    a->MediaType = NdisMedium802_3;
}

void interpret_NdisMSetMiniportAttributes(struct runner *r, struct call *c)
{
    NDIS_MINIPORT_ADAPTER_ATTRIBUTES attributes;

    memset(&attributes, 0, sizeof attributes);
    if (c->a[1].n == 1)
        set_general(&attributes, c);
    else
        set_registration(&attributes, c);
    result_status(r, c, NdisMSetMiniportAttributes(c->a[0].value, &attributes));
}

void interpret_NdisMSendNetBufferListsComplete(struct runner *r, struct call *c)
{
    PNET_BUFFER_LIST list = c->a[1].value;

    if (named(c, 1, CLASS_nbl) && list)
        NET_BUFFER_LIST_STATUS(list) = status_values[c->a[2].n];
    NdisMSendNetBufferListsComplete(c->a[0].value, list, 0);
    result_void(r, c);
}

void interpret_NdisMPauseComplete(struct runner *r, struct call *c)
{
    NdisMPauseComplete(c->a[0].value);
    result_void(r, c);
}

void interpret_NdisMRestartComplete(struct runner *r, struct call *c)
{
    NdisMRestartComplete(c->a[0].value, status_values[c->a[1].n]);
    result_void(r, c);
}

void interpret_NdisMResetComplete(struct runner *r, struct call *c)
{
    NdisMResetComplete(c->a[0].value, status_values[c->a[1].n], FALSE);
    result_void(r, c);
}

void interpret_NdisMOidRequestComplete(struct runner *r, struct call *c)
{
    NdisMOidRequestComplete(c->a[0].value, NULL, status_values[c->a[1].n]);
    result_void(r, c);
}

void interpret_NdisMIndicateReceiveNetBufferLists(struct runner *r, struct call *c)
{
    NdisMIndicateReceiveNetBufferLists(c->a[0].value, c->a[1].value, 0, 1, 0);
    result_void(r, c);
}
