/*
 * machine.h: everything there is, in one plain struct.
 *
 * Only core/ and kit/ include this. Each table grows from its start and is never compacted, so undoing a
 * run means clearing the part that was used. Handles are {class, index, generation}, never given
 * out twice in a run; bare pointers that come back are looked up in these tables before anything
 * is read through them.
 */
#ifndef DMARIG_MACHINE_H
#define DMARIG_MACHINE_H

#include "rig.h"
#include <assert.h>

#if defined(__clang__)
#define RIG_NO_COVERAGE __attribute__((no_sanitize("coverage")))
#else
#define RIG_NO_COVERAGE
#endif

_Static_assert(sizeof(void *) == 8, "64-bit hosts only");

enum {
    PROCESSORS = 4,
    BUFFERS = 64,
    MDLS = 64,
    MDL_PAGES = 34,
    NET_BUFFERS = 64,
    NET_BUFFER_LISTS = 32,
    DRIVERS = 4,
    ADAPTERS = 4,
    CHANNELS = 8,       /* of the system DMA controllers; number 4 joins the two */
    DMA_ADAPTERS = 264, /* slots; a slot is used again only when all were used */
    REGISTERS = 64,     /* map registers of a DMA adapter */
    BANKS = 8,          /* sets of bounce pages: one for each live DMA adapter */
    REQUESTS = 64,
    LIST_ARENA = 2 << 20, /* bytes for lists that HAL provides */
    FORMER_LISTS = 256,
    WORK = 256,         /* callbacks owed: more than there can be requests and interrupts */
    COMMONS = 64,       /* common buffers of a run */
    COMMON_PAGES = 128, /* pages for them */
    BLOCKS = 64,        /* blocks of shared memory of a run */
    DEVICES = 264,
    PROVIDERS = 8
};

/* ---- Ke ---- */

/* What a frame is the callback of, as far as it matters to a rule. */
enum site {
    SITE_OTHER,
    SITE_RESET,
    SITE_CANCEL,
    SITE_LIST,
    SITE_CONTROL,
    SITE_ADD_DEVICE,
    SITE_PNP
};

struct frame {
    uint8_t site, processor, entry_irql;
    uint8_t caller_irql; /* the level to go back to */
    uint8_t irp;         /* SITE_PNP: enum rig_irp */
    uint32_t generation; /* of the adapter */
    const void *object;  /* the adapter or the device that a handler was called for */
};

typedef void work_run(struct machine *machine, uint64_t argument);

struct work {
    work_run *run;
    uint64_t argument;
    KIRQL level;
};

/* ---- Mm ---- */

struct buffer {
    uint8_t *start;
    uint32_t length;
    bool live;
};

struct mdl {
    MDL head;
    PFN_NUMBER frames[MDL_PAGES]; /* directly behind the header (MDL-01) */
};

/* A range to map: LENGTH bytes from OFFSET of the first MDL of a chain on. */
struct range {
    PMDL mdl;
    uint32_t offset, length;
};

/* Memory that a caller lent for a list, until the list is freed (SGL-28). */
struct loan {
    const void *start;
    uint32_t length;
    bool live, handed; /* handed: the handler has been called */
};

/* ---- HAL ---- */

/* What the system DMA controller was told for a subordinate device; length 0: nothing. */
struct controller {
    uint64_t bus;
    uint32_t length, left;
    bool to_device;
};

struct dma_adapter {
    DMA_ADAPTER head;              /* what the caller holds */
    bool live, wide;               /* wide: reaches above 4 GiB */
    bool subordinate, one_element; /* one_element: the device takes no list (HAL-31) */
    bool demand, auto_initialize;
    uint8_t unit; /* bytes that the controller moves at a time */
    struct controller controller;
    uint8_t registers, bank;
    uint8_t commons; /* live common buffers */
    uint64_t held;   /* bit set of registers */
    uint32_t made;
};

struct piece {
    uint64_t bus;
    uint8_t *data, *device; /* the caller's bytes, and the bytes the device reaches */
    uint32_t length;
    uint32_t transfer; /* bytes of the transfer of a packet that starts here, 0: none does */
    bool to_device, starts_mdl, joined; /* joined: goes on where the piece before it ended */
    uint8_t map_register;
};

/* What the device was told of a list. */
struct post {
    uint32_t place; /* among all that are posted, from 1 on; 0: it is not */
    uint32_t skip, length;
    const struct adapter *adapter; /* whose list it is; NULL: one made by calling HAL directly */
};

enum request_state { REQUEST_FREE, REQUEST_WAITING, REQUEST_OWED, REQUEST_LIVE };

/* One call of GetScatterGatherList or BuildScatterGatherList; or, with a control routine, of
 * AllocateAdapterChannel: then its pieces are what MapTransfer has mapped. */
struct request {
    uint8_t state; /* enum request_state; "waiting" in the rules is WAITING or OWED */
    bool write_to_device, both_ways; /* both_ways: a bare MDL's list (BSG-12) */
    bool one_run;                    /* copied into the pages of all registers (AMB-02) */
    bool settled;                    /* the control routine has returned */
    uint16_t piece_count;
    uint32_t asked;               /* map registers, where they are counted */
    uint32_t length;              /* bytes mapped */
    uint32_t turn;                /* order of arrival */
    uint32_t made, element_count; /* element_count: before there is a list, most */
    uint64_t registers;           /* bit set held */
    struct dma_adapter *adapter;
    struct piece *pieces;
    struct loan *loan;                /* of the list's memory; NULL: it lies in the arena */
    SCATTER_GATHER_ELEMENT *elements; /* as handed out: drivers write into lists (SGL-39) */
    PDRIVER_LIST_CONTROL routine;
    PDRIVER_CONTROL control;
    PVOID context, base; /* base: MapRegisterBase */
    PDEVICE_OBJECT device;
    PSCATTER_GATHER_LIST list;
    uint32_t list_size; /* bytes for it */
    struct post post;
};

struct former_list {
    PSCATTER_GATHER_LIST list;
    uint32_t made, freed;
};

/* A common buffer. Its slot and its pages are never used again in a run. */
struct common {
    uint64_t bus;
    uint8_t *start;
    uint32_t length, made; /* length 0: HAL has it back */
    struct dma_adapter *adapter;
    BOOLEAN cached;
    /* What NDIS notes of one that it holds for a block, or for several small ones. */
    bool released;  /* to be given back at PASSIVE_LEVEL */
    uint8_t blocks; /* live ones in it */
    uint32_t used;  /* bytes, where several share it */
};

/* ---- NDIS ---- */

struct driver {
    uint32_t generation, made;
    bool live;
    uint8_t minor;
    NDIS_HANDLE context;
    NDIS_MINIPORT_DRIVER_CHARACTERISTICS handlers;
};

/* One bit each, so that several can be asked for; gone: none. */
enum adapter_state {
    ADAPTER_GONE,
    ADAPTER_INITIALIZING = 1,
    ADAPTER_PAUSED = 2,
    ADAPTER_RESTARTING = 4,
    ADAPTER_RUNNING = 8,
    ADAPTER_PAUSING = 16,
    ADAPTER_HALTING = 32,
    ADAPTER_SHUTDOWN = 64
};

/* What an adapter is asked for and the driver may answer later. */
enum ask { ASK_RESTART, ASK_PAUSE, ASK_RESET, ASK_POWER, ASKS };
/* Nothing is asked, the callback runs, it returned PENDING, or the answer came while it still ran. */
enum answer { ANSWER_NONE, ANSWER_IN_CALLBACK, ANSWER_PENDING, ANSWER_EARLY };

struct adapter {
    uint32_t generation, made;
    uint8_t state;         /* enum adapter_state */
    uint8_t answers[ASKS]; /* enum answer */
    bool registration_set, general_set, removed, low;
    bool unlogged;       /* shared memory was not to be had, and nothing was logged since */
    uint32_t attributes; /* AttributeFlags */
    uint32_t sends;      /* NET_BUFFER_LISTs the driver owns */
    uint32_t receives;   /* those it indicated and has not got back */
    NDIS_DEVICE_POWER_STATE power_to;
    NDIS_OID_REQUEST oid; /* that asks for it */
    struct dma *dma;      /* its live registration; NULL: none */
    NDIS_INTERFACE_TYPE bus;
    NDIS_STATUS early_status;
    const struct driver *driver;
    NDIS_HANDLE context;
    DEVICE_OBJECT object;
};

struct dma {
    uint32_t generation, made;
    bool live;
    struct adapter *adapter;
    uint32_t maximum;   /* MaximumPhysicalMapping */
    uint32_t list_size; /* ScatterGatherListSize */
    MINIPORT_PROCESS_SG_LIST_HANDLER handler;
    MINIPORT_ALLOCATE_SHARED_MEM_COMPLETE_HANDLER complete;
    PDMA_ADAPTER hal;
};

struct channel {
    uint32_t generation, made;
    bool live, busy, to_device;
    uint8_t number, unit;
    struct adapter *adapter;
    uint32_t maximum, registers;
    PMDL mdl; /* what is set up, while busy */
    ULONG offset, length;
    PDMA_ADAPTER hal;
    PVOID base;
};

enum sg_state { SG_FREE, SG_WAITING, SG_LIVE };

/* One call of NdisMAllocateNetBufferSGList or NdisBuildScatterGatherList. */
struct sg {
    uint8_t state; /* enum sg_state */
    bool write_to_device;
    uint32_t made;
    const struct dma *dma;
    struct range range;  /* what is mapped */
    struct loan *loan;   /* of a list buffer that HAL did not get; NULL: there is none */
    PNET_BUFFER nb;      /* NULL: the list is one of a bare MDL */
    NET_BUFFER_DATA was; /* the NET_BUFFER as it was mapped (FSG-13) */
    PVOID context, buffer;
    PSCATTER_GATHER_LIST list;
    NDIS_PROCESS_SG_LIST *routine;
};

enum block_state { BLOCK_NONE, BLOCK_FREED, BLOCK_PENDING, BLOCK_LIVE };

/* Shared memory that a driver asked for; freed ones are remembered. */
struct block {
    uint32_t generation; /* of its handles; 0: it has none */
    uint8_t state;       /* enum block_state */
    BOOLEAN cached;
    bool posted;   /* the device has it */
    bool provided; /* its handles are good (SHP-06) */
    uint32_t length, made, freed;
    struct adapter *adapter;
    struct common *common; /* where it lies */
    PDMA_ADAPTER hal;      /* that its memory comes from */
    uint8_t *va;
    PHYSICAL_ADDRESS address;
    PVOID context;
};

struct net_buffer {
    NET_BUFFER head;
    bool live;
    const struct net_buffer_list *list; /* that it is in; NULL: none */
};

struct net_buffer_list {
    NET_BUFFER_LIST head;
    bool live, sent_while_pausing, sent_after_removal, sent_asleep;
    const struct adapter *adapter;   /* that owns it; NULL: the system does */
    const struct adapter *indicated; /* that indicated it and has not got it back; NULL: none */
};

/* ---- NetDMA ---- */

/* Started, or failed to; a stop or a removal is pending; removed by surprise; its engine is on. */
enum { DEVICE_STARTED = 1, DEVICE_FAILED = 2, DEVICE_STOPPING = 4, DEVICE_REMOVING = 8 };
enum { DEVICE_REMOVED = 16, DEVICE_ENGINE = 32 };

struct device {
    DEVICE_OBJECT pdo, fdo;
    bool live, busy;
    uint8_t state; /* the sum of those */
};

struct provider {
    uint32_t generation, made;
    bool live, started, was_started, handed_out; /* its handle is good once the call returned */
    const struct device *device;
    uint32_t channels;
};

/* The tables that grow; a reset clears of each what was used. */
/* clang-format off */
#define GROWING_TABLES(T)                                                      \
    T(work) T(buffers) T(mdls) T(loans) T(dma_adapters) T(requests) T(formers) \
    T(drivers) T(adapters) T(dmas) T(channels) T(sgs) T(net_buffers)  \
    T(net_buffer_lists) T(devices) T(providers) T(commons) T(blocks)
/* clang-format on */

/* How far each was used; and pages, bytes and frame numbers given out. */
struct used {
#define COUNTER(table) uint32_t table;
    GROWING_TABLES(COUNTER)
#undef COUNTER
    uint32_t pages, arena, frame_bytes, common_pages;
    uint32_t frames[RIG_EDGE + 1];
};

struct machine {
    /* What is small; a reset clears all of it, up to the first table. */
    uint32_t settings[SETTING_COUNT];
    struct rig_hooks hooks;
    struct used used;
    uint32_t origin, reports, serial;
    uint8_t timing;
    uint8_t refused_site; /* enum rig_site: requests of it are counted down from refused_in on; */
    uint32_t refused_in;  /* the one that makes it 0 is refused. 0 before: none is */
    struct rig_requests asked[RIG_SITE_COUNT];
    KIRQL irql[PROCESSORS];
    uint8_t current; /* processor */
    uint8_t frame_count;
    struct frame frames[RIG_FRAMES + 1]; /* one more for what NdisMDeregisterInterruptEx awaits */
    uint32_t owed, posted;
    uint32_t lists_built, lists_freed, turn, bus_page;
    uint32_t arena_next, former_next;
    uint16_t bounce_used[BANKS]; /* highest register that was copied through, + 1 */
    uint32_t banks;              /* bit set of those in use */

    bool claims[CHANNELS]; /* of DMA channels, by number (CH-10) */
    struct work work[WORK];

    struct buffer buffers[BUFFERS];
    uint32_t page_frame[RIG_PAGES];
    uint8_t page_state[RIG_PAGES]; /* PAGE_LIVE, CACHE_DIRTY, CACHE_STALE */
    struct mdl mdls[MDLS];
    struct loan loans[2 * REQUESTS];

    struct dma_adapter dma_adapters[DMA_ADAPTERS];
    struct request requests[REQUESTS];
    uint16_t piece_used[REQUESTS];
    struct piece pieces[REQUESTS][RIG_PIECES];
    SCATTER_GATHER_ELEMENT elements[REQUESTS][RIG_PIECES];
    struct former_list formers[FORMER_LISTS];
    struct common commons[COMMONS];

    struct driver drivers[DRIVERS];
    struct adapter adapters[ADAPTERS];
    struct dma dmas[ADAPTERS];
    struct channel channels[CHANNELS];
    struct sg sgs[REQUESTS];
    struct block blocks[BLOCKS];
    struct net_buffer net_buffers[NET_BUFFERS];
    struct net_buffer_list net_buffer_lists[NET_BUFFER_LISTS];

    struct device devices[DEVICES];
    struct provider providers[PROVIDERS];

    _Alignas(16) uint8_t arena[LIST_ARENA];
    uint8_t frame[RIG_PIECES * PAGE_SIZE]; /* what the device last moved */
    _Alignas(PAGE_SIZE) uint8_t pages[RIG_PAGES][PAGE_SIZE];
    uint8_t bounce[BANKS][REGISTERS][PAGE_SIZE];
    _Alignas(PAGE_SIZE) uint8_t
        common_pages[COMMON_PAGES + 1][PAGE_SIZE]; /* the first: a red zone */
};

/* The machine of this thread; there must be one. */
struct machine *machine_bound(void);

/* Ask for a resource of SITE, when nothing else stands in its way. True: it is refused. */
bool site_refuses(struct machine *machine, enum rig_site site);

/* A table of the machine: where its rows lie, SIZE bytes apart, the place in a row of the byte that
 * says whether it is taken, and how far the table was used. */
struct table {
    const void *rows;
    size_t size, taken;
    const uint32_t *used;
};
#define TABLE(machine, name, member)                                                              \
    ((struct table){                                                                              \
        (machine)->name, sizeof(machine)->name[0],                                                \
        (size_t)((const uint8_t *)&(machine)->name[0].member - (const uint8_t *)(machine)->name), \
        &(machine)->used.name})

/* Each row of a table, as far as it was used. */
#define EACH(type, row, machine, table) \
    for (type *row = (machine)->table; row < (machine)->table + (machine)->used.table; row++)

/* Take the first free row of a table in which at most the setting LIMIT rows may be taken; NULL if
 * that many are, or if it is refused. The first FRESH rows are all used once before any is used
 * again. */
void *slot_take(struct machine *machine, enum rig_setting limit, enum rig_site site,
                struct table table, unsigned fresh);
/* How many rows are taken. */
uint32_t rows_taken(struct table table);
/* The row that POINTER is the address of; NULL: of none. */
void *row_at(const void *pointer, struct table table);

/* ---- handles ---- */

enum handle_class {
    HANDLE_NONE,
    HANDLE_DRIVER,
    HANDLE_ADAPTER,
    HANDLE_DMA,
    HANDLE_CHANNEL,
    HANDLE_REGISTERS,
    HANDLE_PROVIDER,
    HANDLE_ALLOCATION,
    HANDLE_SHARED
};

NDIS_HANDLE handle_make(enum handle_class class, unsigned index, uint32_t generation);
enum handle_class handle_class(NDIS_HANDLE handle); /* HANDLE_NONE: no handle of a machine */
/* The row that HANDLE names in the table of its class, whose rows begin with their generation; NULL:
 * none. STALE: it named one, and that generation is over. */
void *handle_find(NDIS_HANDLE handle, enum handle_class class, struct table table, bool *stale);

#endif
