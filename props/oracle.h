/*
 * oracle.h: what the contract says of each call, before it is made.
 *
 * The oracle keeps flat lists of everything a program has named, keyed by the numbers of the
 * names. A clause for each operation fills in a prediction and applies the effects that the call
 * has before any callback; what a callback's return brings about is applied when it returns. Where
 * things lie (addresses, list placement, merging) is not predicted but observed.
 */
#ifndef DMARIG_ORACLE_H
#define DMARIG_ORACLE_H

#include "run.h"
#include <string.h>

enum {
    NAMES = PROGRAM_MAX + 1,
    SEGMENTS = 64,
    REPORTS_EXPECTED = 80,
    POSTS_MAX = 64,
    REQUESTS_MAX = PROGRAM_MAX + 1,
    BLOCKS_MAX = 64,
    COMMONS_MAX = 64,
    BLOCK_MAX = 16 * PAGE_SIZE, /* longest block */
    OWED_BLOCK = 0x8000,
    STRAY_BYTE = 0xA5, /* written beside a block */
    PATTERN_STRIDE = 1021,
    PATTERN_SIZE = RIG_BUFFER_LIMIT + 64 * PATTERN_STRIDE
};

/* ---- a call ---- */

struct argument {
    struct ref ref;
    void *value;     /* of a REF */
    unsigned n;      /* of a choice, number, flags, setting; raw bits of a VALUE */
    uint64_t number; /* of a VALUE, resolved by the oracle's clause */
};

struct pool;
struct oracle;

/* Answers that the contract leaves to somebody else's NDIS layer. */
enum {
    MAY_SUCCEED = 1,
    MAY_LACK = 2, /* RESOURCES */
    MAY_NOT_SUPPORT = 4,
    MAY_REFUSE_VERSION = 8,
    MAY_WANT_MORE = 16, /* BUFFER_TOO_SHORT */
    MAY_FAIL = 32,      /* FAILURE */
    MAY_HAPPEN = 64     /* an event: or not */
};

struct call {
    const struct op_row *row;
    unsigned op, record; /* record: its index */
    unsigned made;       /* number of the name it defines, 0 none */
    bool impossible;     /* predicted: does not happen */
    bool starved;        /* predicted: a resource is refused, and nothing changes */
    bool remembered;     /* predicted: it fails, and that changes something after all */
    enum rig_rule rule;  /* predicted: the error that refuses it */
    enum rig_rule warning;
    NTSTATUS status; /* predicted result of what returns one */
    uint64_t value;  /* predicted result of what returns a number */

    unsigned answers; /* of MAY_*: one of these, and `status` is what came; 0: `status` it is */
    bool short_of;    /* RESOURCES is no surprise */
    uint64_t most;    /* not 0: any number from `value` to this one */
    void (*settle)(struct oracle *o, struct call *c); /* brings about what the answer means */

    unsigned request;        /* the request or other object concerned, 0 none */
    unsigned block;          /* the block concerned, 0 none */
    uint32_t offset, length; /* resolved for the interpreter */
    unsigned serial;         /* device_run, cpu_write: which of the run it is */
    struct pool *pump;       /* requests waiting here may be granted while the call runs */
    bool dead;               /* a handle that was deregistered is passed */
    struct call *outer;

    bool taken; /* what came of it: the machine took it */

    struct argument a[OPERANDS_MAX]; /* stays last: as many as the operation has */
};

/* ---- what programs name ---- */

enum life { LIFE_bad, LIFE_stale, LIFE_live };

/* map registers of one HAL adapter */
struct pool {
    bool live, wide;  /* wide: the device reaches above 4 GiB */
    bool one_element; /* it takes no list */
    uint32_t registers, held;
};

struct o_driver {
    enum life life;
    unsigned minor, adapters;
};

enum o_state {
    STATE_gone,
    STATE_initializing,
    STATE_paused,
    STATE_restarting,
    STATE_running,
    STATE_pausing,
    STATE_halting,
    STATE_shutdown
};
enum o_answer { ANSWER_none, ANSWER_inside, ANSWER_pending, ANSWER_early };

struct o_adapter {
    enum life life;
    enum o_state state;
    enum o_answer pause, restart, reset, power;
    NTSTATUS early;    /* the status of an early NdisMRestartComplete or NdisMOidRequestComplete */
    unsigned power_to; /* choice `power` of the request under way */
    unsigned driver, dma; /* dma: its live registration, 0 none */
    unsigned minor, flags, sends, receives;
    unsigned bus, channels; /* bus: choice `bus`; channels: live registrations */
    bool registration, general, removed, asleep, unlogged;
};

struct o_dma {
    enum life life;
    unsigned adapter;
    bool handler, completion;
    uint32_t maximum, list_size;
    struct pool pool;
};

/* What the system DMA controller does for a subordinate device. */
struct o_controller {
    bool demand, again, to_device; /* again: auto-initialised */
    unsigned unit;
    uint32_t length, left; /* of the transfer; length 0: there is none */
};

struct o_hal {
    enum life life;
    unsigned version;
    bool packet, subordinate; /* packet: no scatter/gather */
    struct pool pool;
    struct o_controller controller;
};

struct o_channel {
    enum life life;
    unsigned adapter, number;
    uint32_t maximum;
    struct pool pool;
    struct o_controller controller;
    bool busy;
    const void *mdl; /* what is set up, as it was passed */
    uint32_t offset, length;
};

struct o_buffer {
    enum life life;
    bool mapped, received;
    uint32_t length, page_offset, shadow,
        lent; /* lent: leading bytes that a list may have overwritten */
};

struct o_mdl {
    enum life life;
    unsigned buffer, next;
    uint32_t offset, length;
};

struct o_nb {
    enum life life;
    unsigned chain, current, list,
        request; /* list: its NET_BUFFER_LIST; request: waiting or live */
    uint32_t offset, length, current_offset;
};

struct o_nbl {
    enum life life;
    unsigned count, nb[3], adapter; /* adapter: who owns it, 0 the operating system */
    unsigned indicated;             /* the adapter that indicated it and waits for it */
    bool pausing, removed, asleep;  /* what its latest send found the adapter to be */
};

struct o_device {
    enum life life;
    bool started, failed, removed, stop_pending, remove_pending, busy, engine;
    unsigned provider; /* its live registration */
};

struct o_provider {
    enum life life;
    bool started, was_started;
    unsigned device;
    uint32_t channels;
};

/* ---- blocks of shared memory, and common buffers of HAL's, named by CLASS_block ---- */

struct o_block {
    enum life life;
    bool pending, cached, damaged, posted; /* damaged: a byte beside it was written */
    bool provided;                         /* by NdisAllocateSharedMemory */
    unsigned adapter, hal;                 /* hal: HAL gave it to the program itself */
    struct pool *pool;                     /* of the HAL adapter that it comes from */
    unsigned buffer;                       /* its common buffer, and where it lies in it */
    uint32_t offset, length;
    void *allocation, *shared; /* its handles, as observed */
    uint64_t bus;
    uint8_t *va; /* as observed */
};

/* A common buffer that HAL gave. */
struct o_common {
    bool live, shared, deferred; /* shared: NDIS lays several blocks in it */
    struct pool *pool;
    unsigned blocks; /* live ones in it */
    uint32_t used;
};

/* ---- requests: for lists, for packets, and the packet of a DMA channel ---- */

struct segment {
    unsigned buffer;
    uint32_t offset, length; /* in the buffer */
    bool from_device;        /* of a packet: one call of MapTransfer */
};

/* Requests are numbered by the names of lists, then of packets, then of channels. */
static inline unsigned request_of(enum name_class class, unsigned name)
{
    return name + (class == CLASS_base ? NAMES : class == CLASS_channel ? 2 * NAMES : 0);
}

static inline enum name_class class_of_request(unsigned number)
{
    return number < NAMES ? CLASS_list : number < 2 * NAMES ? CLASS_base : CLASS_channel;
}

static inline unsigned name_of_request(unsigned number)
{
    return number % NAMES;
}

enum request_state { REQUEST_none, REQUEST_queued, REQUEST_owed, REQUEST_live, REQUEST_dead };
enum request_kind { KIND_nb, KIND_bare, KIND_get, KIND_build, KIND_packet };

struct request {
    enum request_state state;
    enum request_kind kind;
    bool to_device, conflicts;   /* conflicts: counts as mapped from the device */
    bool settled;                /* a packet's AdapterControl has returned */
    unsigned action;             /* choice `action` */
    uint32_t asked, last, rest;  /* of a packet: registers; where its newest mapping starts, ends */
    bool delivered, own, posted; /* own: the list lies in the caller's buffer */
    bool one_run;                /* copied into one run of pages (AMB-02) */
    struct pool *pool;
    unsigned adapter, dma, hal;
    unsigned nb, chain, current; /* the NET_BUFFER as it was mapped */
    uint32_t current_offset, data_offset, data_length;
    unsigned buffer;    /* list buffer lent, 0 none */
    uint32_t lent_size; /* as it was passed */
    void *lent;
    uint32_t length, pieces, registers;
    uint32_t serial; /* of the last transfer from the device */
    unsigned scribbled;
    uint64_t first_address;    /* as observed when the handler was called */
    uint32_t first_length;     /* likewise */
    PSCATTER_GATHER_LIST list; /* likewise */
    unsigned segment_count;
    struct segment segments[SEGMENTS]; /* stay last: not cleared */
};

/* ---- frames: callbacks that run ---- */

enum frame_kind {
    FRAME_none,
    FRAME_initialize,
    FRAME_halt,
    FRAME_pause,
    FRAME_restart,
    FRAME_reset,
    FRAME_shutdown,
    FRAME_send,
    FRAME_cancel_send,
    FRAME_pnp_event,
    FRAME_oid,
    FRAME_return,
    FRAME_handler,
    FRAME_bare,
    FRAME_control,
    FRAME_adapter_control,
    FRAME_completion,
    FRAME_add_device,
    FRAME_pnp,
    FRAME_unload,
    FRAME_affinity,
    FRAME_COUNT
};

struct frame {
    enum frame_kind kind;
    unsigned object, detail; /* detail: halt action, NET_BUFFER_LIST, enum rig_irp */
    unsigned processor;
    KIRQL level;        /* it was entered at */
    unsigned caller;    /* processor that ran before */
    KIRQL caller_level; /* of the frame's processor before */
};

/* choice `power` */
enum { POWER_d3, POWER_d0, POWER_d1, POWER_d2 };

struct oracle {
    bool foreign; /* the NDIS layer is somebody else's */
    uint32_t settings[SETTING_COUNT];
    enum rig_timing timing;
    bool refusal_armed; /* the request for a resource of this site after so many is refused */
    enum rig_site refusal_site;
    unsigned refusal_after;
    KIRQL irql[4];
    unsigned processor; /* that runs */
    unsigned frame_count;
    struct frame frames[RIG_FRAMES];
    struct frame expected; /* the callback that must come next; FRAME_none: none */
    struct call *call;     /* innermost */

    unsigned report_count, report_next; /* reports that must come before anything else does */
    enum rig_rule reports[REPORTS_EXPECTED];

    unsigned made[CLASS_COUNT];
    void *value[CLASS_COUNT][NAMES];

    unsigned page, buffers, mdls, nbs, nbls;
    unsigned drivers, adapters, dmas, hals, channels, devices, providers; /* live ones */
    unsigned active_count, owed_count, post_count;
    unsigned active[REQUESTS_MAX];   /* waiting and live requests, in order of arrival */
    unsigned owed[2 * REQUESTS_MAX]; /* in the order they became owed; OWED_BLOCK: a completion */
    unsigned posts[POSTS_MAX];
    uint32_t built, freed, serial, writes;
    unsigned blocks, commons;            /* that NDIS and HAL gave in this run */
    uint32_t common_pages, block_serial; /* taken; device_blocks that wrote */
    struct o_common common[COMMONS_MAX + 1];
    bool dirty[RIG_PAGES], stale[RIG_PAGES]; /* written, not flushed: by processor, by device */

    struct o_driver driver[NAMES];
    struct o_adapter adapter[NAMES];
    struct o_dma dma[NAMES];
    struct o_hal hal[NAMES];
    struct o_channel channel[NAMES];
    struct o_buffer buffer[NAMES];
    struct o_mdl mdl[NAMES];
    struct o_nb nb[NAMES];
    struct o_nbl nbl[NAMES];
    struct o_device device[NAMES];
    struct o_provider provider[NAMES];
    struct o_block block[NAMES];
    struct request request[3 * NAMES];

    uint8_t shadow[RIG_PAGES * PAGE_SIZE]; /* what memory should hold */
    uint8_t common_shadow[(COMMONS_MAX + 1) *
                          BLOCK_MAX];     /* what blocks should hold, by common buffer */
    uint8_t filled[PATTERN_SIZE];         /* what buffers are filled with */
    uint8_t written[PATTERN_SIZE];        /* what cpu_write writes */
    uint8_t ramp[RIG_BUFFER_LIMIT + 256]; /* i & 0xFF: what the device writes */
};

/* ---- oracle.c ---- */

void oracle_make(struct oracle *o);  /* once: patterns */
void oracle_start(struct oracle *o); /* before each run */
/* The name that CALL makes exists from now on, and holds NULL. */
void oracle_define(struct oracle *o, struct call *call);
void oracle_ask(struct oracle *o, struct call *call);
void oracle_report_due(struct oracle *o, enum rig_rule rule);
/* The expected callback has come: it is the innermost frame now. */
struct frame *oracle_enter(struct oracle *o);
/* It returns STATUS: what it leaves behind. */
void oracle_leave(struct oracle *o, NTSTATUS status);
void oracle_expect(struct oracle *o, enum frame_kind kind, unsigned object, unsigned detail,
                   unsigned processor, KIRQL level);
/* As oracle_expect, on this processor. */
void oracle_expect_here(struct oracle *o, enum frame_kind kind, unsigned object, unsigned detail,
                        KIRQL level);
KIRQL oracle_level(const struct oracle *o); /* of the processor that runs */
extern const KIRQL irql_levels[4];          /* by choice `irql` */
extern const NTSTATUS status_values[11];    /* by choice `status` */
extern const unsigned minor_versions[12];   /* by choice `minor`; 5.1 is 1000 */

#define OPERATION(code, name, makes, side, irql, rule, targets, operands) \
    void oracle_##name(struct oracle *o, struct call *c);
#include "ops.def"
#undef OPERATION

/* ---- what clauses say ---- */

static inline void refuse_with(struct call *c, enum rig_rule rule, NTSTATUS status)
{
    c->rule = rule;
    c->status = status;
}

static inline void refuse(struct call *c, enum rig_rule rule)
{
    refuse_with(c, rule, STATUS_UNSUCCESSFUL);
}

static inline void never(struct call *c)
{
    c->impossible = true;
}

static inline void fails(struct call *c, NTSTATUS status)
{
    c->status = status;
}

static inline void warn(struct call *c, enum rig_rule rule)
{
    if (!c->warning)
        c->warning = rule;
}

/* the number of the thing of CLASS that argument I names, 0 if it names something else */
static inline unsigned named(const struct call *c, unsigned i, enum name_class class)
{
    return c->a[i].ref.mode == REF_NAMED && c->a[i].ref.class == class ? c->a[i].ref.number : 0;
}

/* which argument is an MDL */
unsigned mdl_argument(const struct call *c);

static inline uint64_t number_of(struct call *c, unsigned i, uint64_t limit)
{
    return c->a[i].number = value_number((uint16_t)c->a[i].n, limit);
}

static inline uint32_t cut(uint64_t number, uint64_t limit)
{
    return (uint32_t)(number < limit ? number : limit);
}

static inline struct frame *innermost(struct oracle *o)
{
    return o->frame_count ? &o->frames[o->frame_count - 1] : NULL;
}

/* CALL asks for a resource of SITE; true: it is refused. */
bool resource_refused(struct oracle *o, struct call *c, enum rig_site site);
/* The table's IRQL rule; true: broken, and CALL is refused. */
bool wrong_level(const struct oracle *o, struct call *c);
/* An event of the operating system at PASSIVE_LEVEL cannot happen now. */
bool no_event_now(const struct oracle *o);
/* The same of one that carries its own level. */
bool no_event_at(const struct oracle *o, KIRQL level);

/* ---- oracle_power.c ---- */

bool adapter_has_posts(const struct oracle *o, unsigned adapter);
void leave_power(struct oracle *o, unsigned adapter,
                 NTSTATUS status); /* MiniportOidRequest returns */
/* SGL-34, SGL-32: a NET_BUFFER of the list waits for its handler, or is mapped. */
enum rig_rule completion_broken(const struct oracle *o, const struct o_nbl *list);

/* ---- oracle_memory.c ---- */

uint64_t chain_bytes(const struct oracle *o, unsigned mdl);
uint32_t span_of(const struct oracle *o, const struct segment *segment); /* page pieces */
/* The pieces of memory behind LENGTH bytes from OFFSET bytes into CHAIN on, as far as the chain
 * goes; TO_END: to the end of the MDL that holds the last of them. Returns how many bytes. */
uint64_t chain_segments(const struct oracle *o, unsigned chain, uint64_t offset, uint64_t length,
                        bool to_end, struct segment *segments, unsigned *count);
/* Page pieces of the first BYTES of a chain. */
uint32_t pieces_of(const struct oracle *o, unsigned chain, uint64_t bytes);
static inline uint8_t *shadow_of(struct oracle *o, unsigned buffer)
{
    return o->shadow + o->buffer[buffer].shadow;
}

/* Pages of a machine that is not coherent: MARKS are o->dirty or o->stale. */
void mark_pages(struct oracle *o, bool *marks, unsigned buffer, uint32_t offset, uint32_t length,
                bool mark);
bool pages_marked(const struct oracle *o, const bool *marks, unsigned buffer, uint32_t offset,
                  uint32_t length);

/* ---- oracle_request.c ---- */

static inline bool is_waiting(const struct request *q)
{
    return q->state == REQUEST_queued || q->state == REQUEST_owed;
}

/* What is asked for: filled in by the clause, then judged in the contract's order. */
struct request *request_plan(struct oracle *o, struct call *c, enum request_kind kind);
void request_map(struct oracle *o, struct request *q, unsigned chain, uint64_t offset,
                 uint64_t length, bool to_end);
void request_lend(struct oracle *o, struct request *q, unsigned buffer, uint32_t size, void *where);
enum rig_rule lending_broken(const struct oracle *o, const struct request *q); /* SGL-29, SGL-28 */
enum rig_rule mapping_broken(const struct oracle *o, const struct request *q); /* VRF-10, VRF-14 */
bool registers_counted(const struct oracle *o);
bool registers_free(const struct request *q); /* enough to grant it now */
/* it can never be granted: more pieces than registers (counted), or than a mapping may have. What is
 * copied into one run of pages has one piece from now on, and takes all registers. */
bool too_many_pieces(const struct oracle *o, struct request *q);
bool no_request_slot(const struct oracle *o); /* HAL has none left */
bool no_ndis_slot(const struct oracle *o);    /* NDIS has none left of its own */
/* What HAL asks for to accept it; own: its list lies in the caller's buffer. */
bool mapping_refused(struct oracle *o, struct call *c, const struct request *q, bool own);
bool pool_has_queue(const struct oracle *o, const struct pool *pool);
bool adapter_has_requests(const struct oracle *o, unsigned adapter);
bool pool_has_requests(const struct oracle *o, const struct pool *pool);
void request_accept(struct oracle *o, struct request *q); /* active, queued */
void request_grant_or_wait(struct oracle *o, struct request *q);
void request_grant(struct oracle *o, struct request *q); /* registers taken, list made */
void request_deliver_here(struct oracle *o, struct request *q);
enum frame_kind request_frame(const struct request *q); /* of its handler */
void request_called(struct oracle *o, unsigned number); /* its handler is entered */
/* The list is freed by its owner: data arrive, registers return, CALL may grant waiting ones. */
void request_free(struct oracle *o, struct call *c, struct request *q);
void request_forget_data(struct oracle *o, const struct request *q);
unsigned request_sweep_adapter(struct oracle *o, unsigned adapter,
                               enum rig_rule rule); /* how many */
/* It dies: no data arrive, nobody follows. */
void request_end(struct oracle *o, struct request *q);
void requests_pump(struct oracle *o, struct pool *pool);
void request_withdraw(struct oracle *o, struct request *q); /* accepted, and then not */
void posts_drop_adapter(struct oracle *o, unsigned adapter);
struct request *live_list(struct oracle *o, const void *p);
struct request *lent_list(struct oracle *o, const void *p); /* waiting, or live and elsewhere */
bool was_list(const struct oracle *o, const void *p);
bool bytes_mapped(const struct oracle *o, unsigned buffer, uint32_t offset, uint32_t length,
                  bool from_device_only);
bool bytes_lent(const struct oracle *o, unsigned buffer, uint32_t offset, uint32_t length);
/* Some of these bytes are the list buffer of a request that waits for its handler. */
bool bytes_awaited(const struct oracle *o, unsigned buffer, uint32_t offset, uint32_t length);
unsigned request_number(const struct oracle *o, const struct request *q);
uint32_t list_size_of(uint32_t pieces);

/* ---- oracle_hal.c ---- */

/* HAL has as many adapters as it may. */
bool no_dma_adapter(const struct oracle *o);
uint32_t registers_for(const struct oracle *o, uint32_t length);
/* The adapter; NULL: CALL is refused, or there is no table of operations to call it through. */
struct o_hal *hal_of(struct oracle *o, struct call *c);

/* ---- oracle_packet.c, oracle_channel.c ---- */

/* AdapterControl of this packet has returned. */
void leave_control(struct oracle *o, unsigned number);
/* The device asks for so many units. */
void controller_moves(struct oracle *o, struct call *c, struct o_controller *controller,
                      unsigned request);
/* SEGMENT is mapped by a packet, or flushed again. */
void packet_maps(struct oracle *o, struct request *q, const struct segment *segment);
void packet_flushes(struct request *q, unsigned index);
/* The channels of an adapter die. */
void channels_die(struct oracle *o, unsigned adapter, enum rig_rule rule);

/* ---- oracle_sg.c ---- */

/* The list, or where choice PICK says so the own buffer of a list's record. */
void *list_or_buffer(const struct oracle *o, const struct call *c, unsigned i, unsigned pick);

/* Resolves choice VA to an OFFSET from MDL's start (0: no MDL); false: not inside it. */
bool va_inside(const struct oracle *o, struct call *c, unsigned mdl, unsigned va, uint64_t *offset);

/* ---- oracle_block.c, oracle_block_use.c ---- */

/* An owed completion is run on PROCESSOR. */
void block_complete(struct oracle *o, struct call *c, unsigned number, unsigned processor);
bool pool_has_blocks(const struct oracle *o, const struct pool *pool);
bool pool_has_commons(const struct oracle *o, const struct pool *pool);
void commons_drain(struct oracle *o, const struct pool *pool);
void blocks_stop(struct oracle *o, unsigned adapter);
/* What is left of an adapter's; LIVE is the rule for live ones, RULE_NONE: nothing is said. How many. */
unsigned blocks_sweep(struct oracle *o, unsigned adapter, enum rig_rule live);
/* The address that a call passes which frees the block that is argument 1. */
uint8_t *block_address(const struct call *c);
/* The handle that NdisFreeSharedMemory is passed. */
void *block_handle(const struct oracle *o, const struct call *c);
uint8_t *block_shadow(struct oracle *o, unsigned number); /* what it should hold */

/* ---- oracle_layer.c: what somebody else's NDIS layer may answer; false: it is our own ---- */

bool layer_registers(const struct oracle *o, struct call *c, unsigned adapter);
void layer_counts(const struct oracle *o, struct call *c, unsigned nb); /* page pieces */
bool layer_takes_list(struct oracle *o, struct call *c, struct request *q);

/* ---- oracle_miniport.c, oracle_netdma.c ---- */

unsigned live_adapter(const struct oracle *o, const struct call *c, unsigned i); /* live, or 0 */
void leave_miniport(struct oracle *o, const struct frame *frame, NTSTATUS status);
void leave_netdma(struct oracle *o, const struct frame *frame, NTSTATUS status);

#endif
