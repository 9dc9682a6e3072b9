/* miniport.h: what tests of the bare machine share: a machine, and a miniport that does nothing. */
#ifndef MINIPORT_H
#define MINIPORT_H

#include "rig.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static inline struct machine *miniport_fresh_machine(void)
{
    size_t size = (rig_size() + PAGE_SIZE - 1) / PAGE_SIZE * PAGE_SIZE;
    void *storage = aligned_alloc(PAGE_SIZE, size);

    assert_non_null(storage);
    memset(storage, 0, size);
    return rig_make(storage);
}

/* A machine of its own, bound; miniport_drop_machine ends it. */
static inline struct machine *miniport_make_machine(const struct rig_hooks *hooks)
{
    struct machine *machine = miniport_fresh_machine();

    rig_bind(machine);
    rig_set_hooks(machine, hooks);
    return machine;
}

/* Whatever was done, not one byte of it is left after a reset. */
static inline void miniport_drop_machine(struct machine *machine)
{
    struct machine *fresh = miniport_fresh_machine();

    rig_reset(machine);
    assert_memory_equal(machine, fresh, rig_size());
    rig_bind(NULL);
    free(fresh);
    free(machine);
}

/* To be called in MiniportInitializeEx: a bus master, with attributes of both kinds. */
static inline void miniport_set_attributes(NDIS_HANDLE adapter, PVOID context)
{
    NDIS_MINIPORT_ADAPTER_ATTRIBUTES attributes = {
        .RegistrationAttributes = {
            .Header = {NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES, 1,
                       NDIS_SIZEOF_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES_REVISION_1},
            .MiniportAdapterContext = context,
            .AttributeFlags = NDIS_MINIPORT_ATTRIBUTES_BUS_MASTER,
        }};

    assert_int_equal(NdisMSetMiniportAttributes(adapter, &attributes), NDIS_STATUS_SUCCESS);
    attributes.GeneralAttributes.Header =
        (NDIS_OBJECT_HEADER){NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES, 1,
                             NDIS_SIZEOF_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_1};
    assert_int_equal(NdisMSetMiniportAttributes(adapter, &attributes), NDIS_STATUS_SUCCESS);
}

/* ---- handlers ---- */

static inline void miniport_halt(NDIS_HANDLE context, NDIS_HALT_ACTION action)
{
    (void)context;
    (void)action;
}

static inline NDIS_STATUS miniport_pause(NDIS_HANDLE context,
                                         PNDIS_MINIPORT_PAUSE_PARAMETERS parameters)
{
    (void)context;
    (void)parameters;
    return NDIS_STATUS_SUCCESS;
}

static inline NDIS_STATUS miniport_restart(NDIS_HANDLE context,
                                           PNDIS_MINIPORT_RESTART_PARAMETERS parameters)
{
    (void)context;
    (void)parameters;
    return NDIS_STATUS_SUCCESS;
}

static inline void miniport_send(NDIS_HANDLE context, PNET_BUFFER_LIST list, ULONG port,
                                 ULONG flags)
{
    (void)context;
    (void)list;
    (void)port;
    (void)flags;
}

static inline void miniport_return(NDIS_HANDLE context, PNET_BUFFER_LIST list, ULONG flags)
{
    (void)context;
    (void)list;
    (void)flags;
}

static inline void miniport_unload(PDRIVER_OBJECT driver)
{
    (void)driver;
}

static inline void miniport_cancel(NDIS_HANDLE context, PVOID id)
{
    (void)context;
    (void)id;
}

static inline NDIS_STATUS miniport_oid(NDIS_HANDLE context, PNDIS_OID_REQUEST request)
{
    (void)context;
    (void)request;
    return NDIS_STATUS_SUCCESS;
}

static inline void miniport_pnp_event(NDIS_HANDLE context, PNET_DEVICE_PNP_EVENT event)
{
    (void)context;
    (void)event;
}

static inline void miniport_shutdown(NDIS_HANDLE context, NDIS_SHUTDOWN_ACTION action)
{
    (void)context;
    (void)action;
}

/* A driver that NdisMRegisterMiniportDriver accepts; without MiniportResetEx, which is optional. */
static inline NDIS_MINIPORT_DRIVER_CHARACTERISTICS miniport_characteristics(
    MINIPORT_INITIALIZE_HANDLER initialize)
{
    return (NDIS_MINIPORT_DRIVER_CHARACTERISTICS){
        .Header = {NDIS_OBJECT_TYPE_MINIPORT_DRIVER_CHARACTERISTICS, 1,
                   NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_1},
        .MajorNdisVersion = 6,
        .MinorNdisVersion = 30,
        .InitializeHandlerEx = initialize,
        .HaltHandlerEx = miniport_halt,
        .UnloadHandler = miniport_unload,
        .PauseHandler = miniport_pause,
        .RestartHandler = miniport_restart,
        .OidRequestHandler = miniport_oid,
        .SendNetBufferListsHandler = miniport_send,
        .ReturnNetBufferListsHandler = miniport_return,
        .CancelSendHandler = miniport_cancel,
        .DevicePnPEventNotifyHandler = miniport_pnp_event,
        .ShutdownHandlerEx = miniport_shutdown,
        .CancelOidRequestHandler = miniport_cancel,
    };
}

#endif
