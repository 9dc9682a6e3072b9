/*
 * emit_struct.c: the structures that calls are given, filled in as the interpreter fills them.
 */
#include "choices.h"
#include "emitter.h"

/* ---- headers ---- */

/* Of a structure whose names in ndis.h end in STEM. */
static void emit_header(struct emitter *e, const char *stem, const char *indent, unsigned choice,
                        unsigned revision, unsigned size_revision)
{
    emit_line(e, "%s.Header = {NDIS_OBJECT_TYPE_%s%s,", indent, stem,
              choice == HEADER_wrong_type ? " + 1" : "");
    emit_line(e, "%s           %u,", indent, choice == HEADER_revision_0 ? 0 : revision);
    if (choice == HEADER_sizeof)
        emit_line(e, "%s           sizeof(NDIS_%s)},", indent, stem);
    else
        emit_line(e, "%s           NDIS_SIZEOF_%s_REVISION_%u%s},", indent, stem, size_revision,
                  choice == HEADER_short ? " - 8" : "");
}

/* ---- the driver ---- */

/* The handlers, and the word of choice `handlers` that leaves each out; 0: none does. */
static const struct {
    const char *field, *handler;
    unsigned left_out_by;
} handlers[] = {
    {"InitializeHandlerEx", "on_initialize", 1},
    {"HaltHandlerEx", "on_halt", 2},
    {"UnloadHandler", "on_unload", 10},
    {"PauseHandler", "on_pause", 3},
    {"RestartHandler", "on_restart", 4},
    {"OidRequestHandler", "on_oid_request", 0},
    {"SendNetBufferListsHandler", "on_send", 5},
    {"ReturnNetBufferListsHandler", "on_return", 6},
    {"CancelSendHandler", "on_cancel_send", 7},
    {"CheckForHangHandlerEx", "on_check_for_hang", 0},
    {"ResetHandlerEx", "on_reset", 11},
    {"DevicePnPEventNotifyHandler", "on_pnp_event", 8},
    {"ShutdownHandlerEx", "on_shutdown", 9},
    {"CancelOidRequestHandler", "on_cancel_oid_request", 0},
};

bool before_driver(struct emitter *e, struct runner *r, const struct call *c)
{
    static const unsigned majors[12] = {6, 6, 6, 6, 6, 6, 6, 6, 6, 5, 6, 7};
    static const unsigned minors[12] = {0, 1, 20, 30, 40, 50, 60, 80, 85, 1, 7, 0};
    unsigned minor = minors[c->a[0].n], revision = 1;

    (void)r;
    if (minor >= 80)
        revision = 3;
    else if (minor >= 1 || c->a[2].n == HEADER_revision_2)
        revision = 2;
    emit_scope(e);
    emit_line(e, "NDIS_MINIPORT_DRIVER_CHARACTERISTICS m = {");
    emit_header(e, "MINIPORT_DRIVER_CHARACTERISTICS", "    ", c->a[2].n, revision, revision);
    emit_line(e, "    .MajorNdisVersion = %u,", majors[c->a[0].n]);
    emit_line(e, "    .MinorNdisVersion = %u,", minor);
    for (size_t i = 0; i < sizeof handlers / sizeof handlers[0]; i++)
        if (!c->a[1].n || handlers[i].left_out_by != c->a[1].n)
            emit_line(e, "    .%s = %s,", handlers[i].field, handlers[i].handler);
    emit_line(e, "};");
    emit_line(e, "NDIS_HANDLE handle = UNTOUCHED;");
    emit_gap(e);
    return true;
}

static void emit_registration(struct emitter *e, const struct call *c)
{
    static const char *const buses[] = {"NdisInterfacePci", "NdisInterfaceIsa", "NdisInterfaceEisa",
                                        "InterfaceTypeUndefined"};
    unsigned n = named(c, 0, CLASS_adapter);
    char context[EXPRESSION_MAX], flags[EXPRESSION_MAX];

    emit_line(e, "    .RegistrationAttributes = {");
    emit_header(e, "MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES", "        ", c->a[2].n,
                c->a[2].n == HEADER_revision_2 ? 2 : 1, 1);
    emit_line(e, "        .MiniportAdapterContext = %s,",
              n ? emit_context(CLASS_adapter, n, context) : "NULL");
    emit_line(e, "        .AttributeFlags = %s,", emit_flags(c, c->a[3].n, flags));
    emit_line(e, "        .InterfaceType = %s,", buses[c->a[4].n]);
}

static void emit_general(struct emitter *e, const struct call *c)
{
    unsigned revision = c->a[2].n == HEADER_revision_2 ? 2 : 1;

    emit_line(e, "    .GeneralAttributes = {");
    emit_header(e, "MINIPORT_ADAPTER_GENERAL_ATTRIBUTES", "        ", c->a[2].n, revision,
                revision);
    emit_line(e, "        .MtuSize = 1500,");
    emit_line(e, "        .MediaType = NdisMedium802_3,");
}

bool before_attributes(struct emitter *e, struct runner *r, const struct call *c)
{
    (void)r;
    emit_scope(e);
    emit_line(e, "NDIS_MINIPORT_ADAPTER_ATTRIBUTES a = {");
    if (c->a[1].n == 1)
        emit_general(e, c);
    else
        emit_registration(e, c);
    emit_line(e, "    }};");
    emit_gap(e);
    return true;
}

/* ---- scatter/gather DMA ---- */

bool before_description(struct emitter *e, struct runner *r, const struct call *c)
{
    char flags[EXPRESSION_MAX];

    (void)r;
    emit_scope(e);
    emit_line(e, "NDIS_SG_DMA_DESCRIPTION d = {");
    emit_header(e, "SG_DMA_DESCRIPTION", "    ", c->a[3].n, c->a[3].n == HEADER_revision_2 ? 2 : 1,
                1);
    emit_line(e, "    .Flags = %s,", emit_flags(c, c->a[2].n, flags));
    emit_line(e, "    .MaximumPhysicalMapping = %u,", c->length);
    if (c->a[4].n != 1)
        emit_line(e, "    .ProcessSGListHandler = on_list,");
    if (c->a[4].n != 2)
        emit_line(e, "    .SharedMemAllocateCompleteHandler = on_completion,");
    emit_line(e, "};");
    emit_line(e, "NDIS_HANDLE handle = UNTOUCHED;");
    emit_gap(e);
    return true;
}

bool before_parameters(struct emitter *e, struct runner *r, const struct call *c)
{
    const struct oracle *o = &r->oracle;
    unsigned choice = c->a[4].n, mdl = named(c, 1, CLASS_mdl), buffer = named(c, 3, CLASS_buffer);
    char text[EXPRESSION_MAX];

    emit_scope(e);
    emit_line(e, "NDIS_SCATTER_GATHER_LIST_PARAMETERS p = {");
    emit_line(e, "    .Header = {NDIS_OBJECT_TYPE_DEFAULT%s,",
              choice == PARAMETERS_wrong_type ? " + 1" : "");
    emit_line(e, "               NDIS_SCATTER_GATHER_LIST_PARAMETERS_REVISION_1%s,",
              choice == PARAMETERS_wrong_revision ? " + 1" : "");
    emit_line(e, "               NDIS_SIZEOF_SCATTER_GATHER_LIST_PARAMETERS_REVISION_1%s},",
              choice == PARAMETERS_short ? " - 8" : "");
    if (choice == PARAMETERS_flags)
        emit_line(e, "    .Flags = 1,");
    if (choice == PARAMETERS_queue_1)
        emit_line(e, "    .QueueId = 1,");
    emit_line(e, "    .SharedMemoryUsage = NdisSharedMemoryUsage%s,",
              choice == PARAMETERS_usage_10 ? "Max" : "Xmit");
    emit_line(e, "    .Mdl = %s,", emit_argument(o, c, 1, text));
    if (mdl && o->mdl[mdl].life == LIFE_live)
        emit_line(e, "    .CurrentVa = va(mdl%u, %d),", mdl, (int)c->offset);
    emit_line(e, "    .Length = %u,", c->length);
    if (choice != PARAMETERS_no_handler)
        emit_line(e, "    .ProcessSGListHandler = on_bare_list,");
    emit_line(e, "    .Context = %s,", emit_context(CLASS_list, c->made, text));
    if (buffer)
        emit_line(e, "    .ScatterGatherListBuffer = buffer%u,", buffer);
    emit_line(e, "    .ScatterGatherListBufferSize = %u,", buffer ? o->buffer[buffer].length : 0);
    emit_line(e, "};");
    emit_gap(e);
    return true;
}

/* ---- DMA channels ---- */

/* choice `dma_width` */
static const char *const widths[] = {"Width8Bits", "Width16Bits", "Width32Bits", "Width64Bits",
                                     "WidthNoWrap"};

bool before_channel(struct emitter *e, struct runner *r, const struct call *c)
{
    static const char *const speeds[] = {"Compatible", "TypeA", "TypeB", "TypeC", "TypeF"};

    (void)r;
    emit_scope(e);
    emit_line(e, "NDIS_DMA_DESCRIPTION d = {");
    emit_line(e, "    .DemandMode = %s,", c->a[5].n & 1 ? "TRUE" : "FALSE");
    emit_line(e, "    .AutoInitialize = %s,", c->a[5].n & 2 ? "TRUE" : "FALSE");
    emit_line(e, "    .DmaChannelSpecified = %s,", c->a[5].n & 4 ? "FALSE" : "TRUE");
    emit_line(e, "    .DmaWidth = %s,", widths[c->a[2].n]);
    emit_line(e, "    .DmaSpeed = %s,", speeds[c->a[3].n]);
    emit_line(e, "    .DmaPort = %u,", c->a[6].n);
    emit_line(e, "    .DmaChannel = %u,", c->a[4].n);
    emit_line(e, "};");
    emit_line(e, "NDIS_HANDLE handle = UNTOUCHED;");
    emit_gap(e);
    return true;
}

/* ---- HAL ---- */

bool before_device(struct emitter *e, struct runner *r, const struct call *c)
{
    (void)r;
    emit_scope(e);
    emit_line(e, "DEVICE_DESCRIPTION d = {");
    emit_line(e, "    .Version = %u,", c->a[0].n);
    emit_line(e, "    .Master = %s,", c->a[3].n == 2 ? "FALSE" : "TRUE");
    emit_line(e, "    .ScatterGather = %s,", c->a[3].n ? "FALSE" : "TRUE");
    emit_line(e, "    .DemandMode = %s,", c->a[5].n & 1 ? "TRUE" : "FALSE");
    emit_line(e, "    .AutoInitialize = %s,", c->a[5].n & 2 ? "TRUE" : "FALSE");
    emit_line(e, "    .DmaWidth = %s,", widths[c->a[4].n]);
    emit_line(e, "    .Dma32BitAddresses = TRUE,");
    emit_line(e, "    .Dma64BitAddresses = %s,", c->a[1].n == 1 ? "TRUE" : "FALSE");
    emit_line(e, "    .InterfaceType = PCIBus,");
    emit_line(e, "    .MaximumLength = %u,", c->length);
    emit_line(e, "};");
    emit_line(e, "ULONG count = 0;");
    emit_gap(e);
    return true;
}

/* ---- NetDMA ---- */

/* The entry points, and the words of choice `entries` that leave each out. */
static const struct {
    const char *field, *entry;
    unsigned left_out_by[2];
} entries[] = {
    {"SetDmaChannelCpuAffinity", "on_affinity", {7, 7}},
    {"AllocateDmaChannel", "on_allocate", {1, 1}},
    {"FreeDmaChannel", "on_free", {2, 2}},
    {"StartDma", "on_descriptors", {3, 3}},
    {"AppendDma", "on_descriptors", {4, 4}},
    {"SuspendDma", "on_suspend", {6, 6}},
    {"ResumeDma", "on_channel", {5, 6}},
    {"AbortDma", "on_channel", {6, 6}},
    {"ResetChannel", "on_channel", {6, 6}},
};

static void emit_entries(struct emitter *e, unsigned choice)
{
    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++)
        if (choice != entries[i].left_out_by[0] && choice != entries[i].left_out_by[1])
            emit_line(e, "    .%s = %s,", entries[i].field, entries[i].entry);
}

static void emit_object(struct emitter *e, const struct oracle *o, const struct call *c)
{
    enum { OBJECT_pdo, OBJECT_fdo, OBJECT_null };
    char text[EXPRESSION_MAX];
    const char *device = emit_argument(o, c, 0, text);

    if (c->a[7].n == OBJECT_pdo)
        emit_line(e, "    .PhysicalDeviceObject = %s,", device);
    else if (c->a[7].n == OBJECT_fdo)
        emit_line(e, "    .PhysicalDeviceObject = rig_fdo(machine, %s),", device);
}

bool before_provider(struct emitter *e, struct runner *r, const struct call *c)
{
    static const unsigned majors[7] = {1, 1, 2, 2, 2, 3, 0}, minors[7] = {0, 1, 0, 1, 2, 0, 9};
    static const char *const sizes[5] = {"sizeof p",
                                         "offsetof(NET_DMA_PROVIDER_CHARACTERISTICS, FriendlyName)",
                                         "sizeof p - 8", "0", "sizeof p + 8"};
    static const char *const names[5] = {"{6, 8, text}", "{0, 8, text}", "{5, 8, text}",
                                         "{6, 4, text}", "{6, 8, NULL}"};

    emit_scope(e);
    if (c->a[5].n != 4)
        emit_line(e, "WCHAR text[] = {'d', 'm', 'a', 0};");
    emit_line(e, "NET_DMA_PROVIDER_CHARACTERISTICS p = {");
    emit_line(e, "    .MajorVersion = %u,", majors[c->a[1].n]);
    emit_line(e, "    .MinorVersion = %u,", minors[c->a[1].n]);
    emit_line(e, "    .Size = %s,", sizes[c->a[6].n]);
    emit_line(e, "    .Flags = 0x%x,", c->a[4].n);
    emit_line(e, "    .MaxDmaChannelCount = %u,", c->length);
    emit_object(e, &r->oracle, c);
    emit_entries(e, c->a[3].n);
    emit_line(e, "    .FriendlyName = %s,", names[c->a[5].n]);
    emit_line(e, "};");
    emit_line(e, "PVOID handle = UNTOUCHED;");
    emit_gap(e);
    return true;
}

bool before_provider_attributes(struct emitter *e, struct runner *r, const struct call *c)
{
    static const char *const sizes[5] = {"sizeof a", "sizeof a - 16", "sizeof a - 8", "0",
                                         "sizeof a + 8"};
    static const char *const spaces[3] = {"INT64_MAX", "UINT32_MAX", "0"};

    (void)r;
    emit_scope(e);
    emit_line(e, "NET_DMA_PROVIDER_ATTRIBUTES a = {");
    emit_line(e, "    .MajorHwVersion = 1,");
    emit_line(e, "    .Size = %s,", sizes[c->a[3].n]);
    emit_line(e, "    .Flags = 0x%x,", c->a[6].n);
    emit_line(e, "    .VendorId = %s,", c->a[4].n ? "0x18086" : "0x8086");
    emit_line(e, "    .DmaChannelCount = %u,", c->length);
    emit_line(e, "    .MaximumTransferSize = %u,", c->offset);
    emit_line(e, "    .MaximumAddressSpace = {.QuadPart = %s},", spaces[c->a[5].n]);
    emit_line(e, "};");
    emit_gap(e);
    return true;
}
