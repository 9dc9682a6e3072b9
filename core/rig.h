/*
 * rig.h: the harness side of a machine.
 *
 * A machine is a computer with processors, memory, one virtual device per adapter, HAL, NDIS and
 * NetDMA, in one plain struct. The functions that Windows has are called under their Windows names
 * and act on the machine bound to the calling thread. What Windows' kernel or the hardware would do
 * of its own accord is called from here.
 *
 * Nothing runs by itself. A callback that is owed waits until rig_step runs it, unless the timing
 * in force says that it runs inside the call that makes it possible.
 *
 * Functions that return bool say whether the event took place. A false changed nothing: the
 * operating system does not do such a thing in this state (LIFE-36, LIFE-41, PNP-03), or the
 * driver has broken a rule, which the report hook has told.
 */
#ifndef DMARIG_RIG_H
#define DMARIG_RIG_H

#include "ndis.h"
#include "netdma.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct machine;

enum {
    RIG_FRAMES = 16,          /* callbacks that can be nested; deeper ones wait */
    RIG_PAGES = 128,          /* pages of memory; never given out twice in a run */
    RIG_CHANNELS = 64,        /* most channels of a NetDMA provider */
    RIG_PIECES = 256,         /* most page pieces of one mapping */
    RIG_BUFFER_LIMIT = 131072 /* longest buffer in bytes */
};

/* ---- rules and reports ---- */

enum rig_rule {
    RULE_NONE,
#define CHECKED(id, name, strength, code, text) RULE_##id,
#include "rules.def"
#undef CHECKED
    RULE_COUNT
};

enum rig_strength { RIG_error, RIG_warning, RIG_advice };
/* A row of the catalogue. */
struct rig_rule_row {
    const char *name; /* "SGL-20" */
    const char *text; /* what the caller must do */
    const char *code; /* Windows' name for it, "" if none */
    enum rig_strength strength;
};
const struct rig_rule_row *rig_rule_row(enum rig_rule rule);

/* One broken rule. call is the function or callback; made and freed are the origins (rig_origin)
 * of the object concerned, 0 where there is none. */
struct rig_report {
    enum rig_rule rule;
    const char *call;
    uint32_t made, freed;
};

/* ---- a machine's life ---- */

enum rig_irp {
    RIG_START_DEVICE,
    RIG_STOP_DEVICE,
    RIG_REMOVE_DEVICE,
    RIG_SURPRISE_REMOVAL,
    RIG_QUERY_STOP_DEVICE,
    RIG_CANCEL_STOP_DEVICE,
    RIG_QUERY_REMOVE_DEVICE,
    RIG_CANCEL_REMOVE_DEVICE,
    RIG_FILTER_RESOURCE_REQUIREMENTS
};

/* What the machine calls outside itself, besides the handlers that drivers register. */
struct rig_hooks {
    void *context;
    void (*report)(void *context, const struct rig_report *report);
    NTSTATUS (*add_device)(void *context, PDEVICE_OBJECT pdo);
    NTSTATUS (*pnp)(void *context, PDEVICE_OBJECT pdo, enum rig_irp irp);
    void (*unload)(void *context);
    /* What a layer above adds to the computer, and the hardware resources of an adapter there; NULL:
     * none. */
    void *extension;
    PNDIS_RESOURCE_LIST (*resources)(struct machine *machine, NDIS_HANDLE adapter);
};

size_t rig_size(void);                   /* bytes of a machine; align to PAGE_SIZE */
struct machine *rig_make(void *storage); /* storage: rig_size() zeroed bytes; owned by the caller */
/* As fresh, byte for byte, at the cost of what was touched. */
void rig_reset(struct machine *machine);
void rig_bind(struct machine *machine); /* the machine of this thread; NULL unbinds */
/* They are copied; a reset clears them. */
void rig_set_hooks(struct machine *machine, const struct rig_hooks *hooks);

/* Somebody else's NDIS layer, linked in place of ours (door/ndis_door.h). */
struct rig_layer {
    void (*start)(void); /* call it before each run: nothing is registered */
};
const struct rig_layer *rig_layer(void); /* NULL: our own */

/* ---- settings ---- */

enum rig_setting {
#define MACHINE_SETTING(name, value, smallest, largest, when, ids, text) SETTING_##name,
#include "settings.def"
#undef MACHINE_SETTING
    SETTING_COUNT
};
enum rig_when { RIG_boot, RIG_running };
struct rig_setting_row {
    const char *name;
    uint32_t value, smallest, largest; /* value: the default */
    enum rig_when when;                /* until when it can be set */
    const char *ids, *text;
};
const struct rig_setting_row *rig_setting_row(enum rig_setting setting);
/* False: no such setting, VALUE is out of its range, or the setting is of boot and the computer is
 * in use: a miniport driver, a HAL adapter, a NetDMA device or a provider exists. */
bool rig_set(struct machine *machine, enum rig_setting setting, uint64_t value);
uint32_t rig_get(const struct machine *machine, enum rig_setting setting);

/* ---- refused resources ---- */

enum rig_site {
    RIG_SITE_any,
#define SITE(name, reached_by, refusal, text) RIG_SITE_##name,
#include "sites.def"
#undef SITE
    RIG_SITE_COUNT
};
struct rig_site_row {
    const char *name, *refusal, *text; /* refusal: what the call then does */
    bool hosted;                       /* only a hosted driver gets there */
};
const struct rig_site_row *rig_site_row(enum rig_site site);
/* Of the requests of SITE from now on the first AFTER are met, the next one is refused, and all later
 * ones are met. There is one such order at a time: a new one replaces it, a reset forgets it. */
void rig_refuse(struct machine *machine, enum rig_site site, uint32_t after);
/* Requests of SITE (none of `any`) in this run, and how many of them were refused. */
struct rig_requests {
    uint32_t made, refused;
};
struct rig_requests rig_requests(const struct machine *machine, enum rig_site site);

/* ---- time, processors ---- */

enum rig_timing { RIG_INSIDE, RIG_LATER, RIG_OTHER_PROCESSOR };
/* Both return the old one; the origin is where we are. */
enum rig_timing rig_timing(struct machine *machine, enum rig_timing timing);
uint32_t rig_origin(struct machine *machine, uint32_t origin);
unsigned rig_owed(const struct machine *machine); /* callbacks that wait for a step */
/* Run owed callback number OWED on PROCESSOR. Refused if there is none, if the processor does not
 * exist or is at the callback's level (DISPATCH_LEVEL for lists) or above, or if RIG_FRAMES
 * callbacks are already nested. */
bool rig_step(struct machine *machine, unsigned owed, unsigned processor);

/* ---- memory ---- */

enum rig_frames { RIG_ADJACENT, RIG_SCATTERED, RIG_HIGH, RIG_EDGE };
/* LENGTH bytes (1..RIG_BUFFER_LIMIT) that start OFFSET (0..4095) bytes into a page; NULL: no memory
 */
void *rig_buffer(struct machine *machine, uint32_t length, uint32_t offset, enum rig_frames frames);
bool rig_free_buffer(struct machine *machine, void *buffer);
/* An MDL for LENGTH bytes (0 is allowed) at VA inside a live buffer, followed by NEXT; NULL: none
 * left */
PMDL rig_mdl(struct machine *machine, void *va, uint32_t length, PMDL next);
/* A NET_BUFFER for LENGTH bytes that start OFFSET bytes into CHAIN. At an MDL border AT_END keeps
 * CurrentMdl at the MDL that ends there (AMB-14). NULL: none left */
PNET_BUFFER rig_net_buffer(struct machine *machine, PMDL chain, uint32_t offset, uint32_t length,
                           bool at_end);
/* A NET_BUFFER_LIST of 1..3 NET_BUFFERs that belong to no other. NULL: none left */
PNET_BUFFER_LIST rig_net_buffer_list(struct machine *machine, PNET_BUFFER const *buffers,
                                     unsigned count);
/* The driver's code writes or reads LENGTH bytes OFFSET bytes into a live MDL's data. */
bool rig_cpu_write(struct machine *machine, PMDL mdl, uint32_t offset, const void *data,
                   uint32_t length);
bool rig_cpu_read(struct machine *machine, PMDL mdl, uint32_t offset, void *data, uint32_t length);

/* ---- the operating system ---- */

/* True: MiniportInitializeEx succeeded or failed, but was called. */
bool rig_initialize(struct machine *machine, NDIS_HANDLE driver);
bool rig_restart(struct machine *machine, NDIS_HANDLE adapter);
bool rig_pause(struct machine *machine, NDIS_HANDLE adapter);
bool rig_halt(struct machine *machine, NDIS_HANDLE adapter, NDIS_HALT_ACTION action);
bool rig_reset_adapter(struct machine *machine, NDIS_HANDLE adapter, KIRQL level);
bool rig_shutdown(struct machine *machine, NDIS_HANDLE adapter, NDIS_SHUTDOWN_ACTION action);
bool rig_surprise_remove(struct machine *machine, NDIS_HANDLE adapter);
bool rig_send(struct machine *machine, NDIS_HANDLE adapter, PNET_BUFFER_LIST list, KIRQL level);
/* So much time that Windows would lose patience; false: something was under way that must not take so
 * long, or there is no such adapter. */
bool rig_time_passes(struct machine *machine, NDIS_HANDLE adapter);
/* The driver gets back a list that it indicated. */
bool rig_return(struct machine *machine, NDIS_HANDLE adapter, PNET_BUFFER_LIST list, KIRQL level);
bool rig_set_power(struct machine *machine, NDIS_HANDLE adapter, NDIS_DEVICE_POWER_STATE state);
bool rig_cancel_send(struct machine *machine, NDIS_HANDLE adapter, PVOID cancel_id, KIRQL level);

/* ---- the device ---- */

enum rig_skip { RIG_SKIP_CURRENT_MDL_OFFSET, RIG_SKIP_NOTHING, RIG_SKIP_DATA_OFFSET };
/* The driver programs the device with LIST, from SKIP on, for DataLength bytes or (WHOLE) all. */
bool rig_device_post(struct machine *machine, PSCATTER_GATHER_LIST list, enum rig_skip skip,
                     bool whole);
unsigned rig_device_posted(const struct machine *machine);
/* What a transfer moved: the bytes lie in the device until the next transfer. */
struct rig_transfer {
    PSCATTER_GATHER_LIST list;
    const uint8_t *bytes;
    uint32_t length;
    bool to_device;
};
/* The device carries out posted transfer number POSTED, through bus addresses only. A transfer from
 * the device writes bytes (SERIAL + i) & 0xFF, SERIAL counting the run's transfers from 1. */
bool rig_device_run(struct machine *machine, unsigned posted, struct rig_transfer *transfer);
bool rig_device_stop(struct machine *machine, NDIS_HANDLE adapter); /* forgets what is posted */
/* The device reaches for LENGTH bytes OFFSET bytes past the start of LIST's first element, without
 * moving any: false (and E6-26) if they are not mapped by this list for this direction. */
bool rig_device_access(struct machine *machine, PSCATTER_GATHER_LIST list, uint64_t offset,
                       uint64_t length, bool to_device);
/* The driver tells the device of a block of shared memory that NDIS gave, or to leave it alone. */
bool rig_device_program(struct machine *machine, const void *block, bool begins);
/* The device reads or writes LENGTH bytes OFFSET past BUS; false (and E6-26): they do not lie in the common
 * buffer that BUS lies in, or are none. */
bool rig_device_common(struct machine *machine, uint64_t bus, uint64_t offset, uint64_t length,
                       void *bytes, bool to_device);
/* The device on a DMA channel asks for UNITS: the system DMA controller moves them, without demand
 * mode all that is left. False: no transfer is set up, or the device is gone. LIST is NULL. */
bool rig_channel_run(struct machine *machine, NDIS_HANDLE channel, uint32_t units,
                     struct rig_transfer *transfer);
bool rig_controller_run(struct machine *machine, PDMA_ADAPTER adapter, uint32_t units,
                        struct rig_transfer *transfer);
/* Read LENGTH bytes at BUS through live mappings, or in a common buffer; false if any of them is not mapped. For judges.
 */
bool rig_bus_read(struct machine *machine, uint64_t bus, void *bytes, uint32_t length);
/* The same for writing, as a device does. */
bool rig_bus_write(struct machine *machine, uint64_t bus, const void *bytes, uint32_t length);

/* ---- NetDMA devices ---- */

bool rig_add_device(struct machine *machine); /* true: AddDevice was called */
bool rig_pnp(struct machine *machine, PDEVICE_OBJECT pdo, enum rig_irp irp);
bool rig_unload(struct machine *machine);
bool rig_engine(struct machine *machine, PDEVICE_OBJECT pdo, bool on); /* the driver's doing */
PDEVICE_OBJECT rig_fdo(struct machine *machine, PDEVICE_OBJECT pdo);   /* NULL: no such device */

/* ---- inspection, for judges ---- */

struct rig_count {
    uint32_t drivers, adapters, dma_handles, dma_adapters, providers, devices;
    uint32_t channels; /* handles of DMA channels */
    uint32_t lists_built, lists_freed, lists_live, lists_waiting, lists_owed;
    uint32_t packets, packets_owed; /* requests for an adapter channel; routine not called */
    uint32_t registers_total, registers_held; /* over all live DMA adapters */
    uint32_t common_buffers;                  /* that HAL has not back yet */
    uint32_t blocks_live, blocks_pending;     /* of shared memory; pending: to be completed */
    uint32_t reports;
};
void rig_count(const struct machine *machine, struct rig_count *count);
/* Does the driver own LIST: sent, and not completed yet? */
bool rig_net_buffer_list_owned(const struct machine *machine, PNET_BUFFER_LIST list);
/* Whether the DMA channel of this number is claimed. */
bool rig_claimed(const struct machine *machine, unsigned channel);
/* map registers of a DMA handle: total, and how many are held; false: not a live handle */
bool rig_map_registers(const struct machine *machine, NDIS_HANDLE dma, uint32_t *total,
                       uint32_t *held);

#endif
