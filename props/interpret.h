/*
 * interpret.h: the player of programs, and how it fails a run.
 *
 * The interpreter is the operating system, the device and the driver of a program. Before each
 * record the oracle is asked; what the machine then does is compared, as early as it shows.
 */
#ifndef DMARIG_INTERPRET_H
#define DMARIG_INTERPRET_H

#include "oracle.h"

struct runner {
    struct machine *machine;
    void *storage; /* of the machine */
    struct oracle oracle;

    const struct program *program;
    struct run_options options;
    struct outcome *outcome;
    uint64_t *evaluated; /* the statistics', or nowhere */
    uint64_t uncounted[PROPERTY_COUNT];
    uint64_t digest;
    unsigned cursor, record; /* next record; the one that runs */
    unsigned delivered;      /* lists */
    bool over;               /* a property has failed: nothing more is played */
    bool line_open;          /* of the trace */
    struct call *call;       /* innermost */

    struct layer *layer; /* what a foreign NDIS layer's judge keeps; NULL: the layer is our own */

    DMA_OPERATIONS *table, *table_2; /* operations of some adapter; with version 2's */
    DEVICE_OBJECT object;            /* a PDO for HAL */
    DRIVER_OBJECT driver;
    /* Structures that registrations are given, one for each frame that runs: junk afterwards. */
    union given {
        NDIS_SG_DMA_DESCRIPTION dma;
        NDIS_MINIPORT_DRIVER_CHARACTERISTICS driver;
        NET_DMA_PROVIDER_CHARACTERISTICS provider;
        NDIS_SHARED_MEMORY_PARAMETERS memory;
    } given[RIG_FRAMES + 1];
    uint8_t scratch[RIG_PIECES * PAGE_SIZE];
};

/* ---- who looks on ---- */

enum moment {
    MOMENT_asked,    /* the oracle has spoken of the innermost call, which is made next */
    MOMENT_report,   /* a report was due: its rule is the detail */
    MOMENT_entered,  /* the callback that was due has come: it is the innermost frame */
    MOMENT_left,     /* it returns the detail */
    MOMENT_returned, /* the innermost call has done what it should */
    MOMENT_failed,   /* the run is over; what was still due stands in the oracle */
    MOMENT_ended     /* the records have run out, and the end is judged next */
};
/* Changes nothing but `over`, which ends the run. */
struct observer {
    void (*tell)(struct observer *observer, struct runner *r, enum moment moment, int detail);
};

static inline void observe(struct runner *r, enum moment moment, int detail)
{
    if (r->options.observer)
        r->options.observer->tell(r->options.observer, r, moment, detail);
}

/* ---- interpret.c ---- */

void play_program(struct runner *r, const struct program *program);
NTSTATUS play_body(struct runner *r); /* the records up to `return`, as a callback's body */
/* the runner that plays on this thread: callbacks carry no pointer to it */
struct runner *runner_playing(void);
void runner_plays(struct runner *r);

#define OPERATION(code, name, makes, side, irql, rule, targets, operands) \
    void interpret_##name(struct runner *r, struct call *c);
#include "ops.def"
#undef OPERATION

/* ---- interpret_callback.c: what the machine calls ---- */

/* What drivers register as contexts; no two alike, none a pointer. */
void *context_of(enum name_class class, unsigned number);
/* A callback of KIND has come with CONTEXT of CLASS's; HANDLE: a new adapter's or device's name
 * gets it. Runs its body and returns its result. */
NTSTATUS callback(struct runner *r, enum frame_kind kind, enum name_class class,
                  const void *context, void *handle);
void list_callback(struct runner *r, enum frame_kind kind, PSCATTER_GATHER_LIST list,
                   const void *context);
MINIPORT_ALLOCATE_SHARED_MEM_COMPLETE completion_callback;
/* AdapterControl has come with BASE; returns what the record that asked for it says. */
IO_ALLOCATION_ACTION control_callback(struct runner *r, void *base, const void *context);
void callback_unexpected(struct runner *r, const char *name);
void report_hook(void *context, const struct rig_report *report);
/* No report that the oracle waits for is missing. */
void check_reports(struct runner *r);
extern const char *const frame_names[FRAME_COUNT];

/* ---- interpret_sg.c ---- */

/* Until its handler runs a list's name holds the own buffer; NULL if the call fails. */
void list_name_holds(struct runner *r, const struct call *c);
/* Where a mapping of the MDL that is an argument starts; NULL without one. */
void *current_va(const struct runner *r, const struct call *c);

/* ---- interpret_hal.c, interpret_block.c ---- */

/* The table to call through: the adapter's own while it lives, else KNOWN. */
const DMA_OPERATIONS *hal_table(const struct runner *r, const struct call *c,
                                const DMA_OPERATIONS *known);
/* A block's address is known: its name holds it, and it is judged. */
void block_given(struct runner *r, unsigned n, void *va, uint64_t bus);
void judge_block(struct runner *r, unsigned n); /* what it holds, if it lives */

/* ---- oracle_list.c: lists, payloads, memory ---- */

void judge_list(struct runner *r, struct request *q, PSCATTER_GATHER_LIST list);
void judge_transfer(struct runner *r, const struct call *c, const struct rig_transfer *transfer);
/* What the system DMA controller moved. */
void judge_moved(struct runner *r, const struct call *c, const struct rig_transfer *transfer);
/* Data of a packet: the device reaches LENGTH bytes of it at BUS. */
void judge_address(struct runner *r, const struct request *q, uint64_t bus);
void judge_registers(struct runner *r, const struct request *q);
/* What a freed list leaves behind in the data. */
void judge_received(struct runner *r, struct request *q);
/* LENGTH bytes at HERE, which should be the shadow's at OFFSET of BUFFER; what was lent to lists is
 * not judged. */
bool same_bytes(struct oracle *o, unsigned buffer, uint32_t offset, uint32_t length,
                const uint8_t *here);
void judge_count(struct runner *r, enum property property, const char *what, uint32_t expected,
                 uint32_t actual);
void judge_memory(struct runner *r, unsigned buffer);     /* if it was ever mapped */
struct rig_count predicted_count(const struct oracle *o); /* but the reports */
void judge_end(struct runner *r); /* memory and conservation, when the program has ended */

/* ---- layer.c: somebody else's NDIS layer ---- */

bool layer_make(struct runner *r); /* false: no memory */
void layer_start(struct runner *r);
/* A call of such a layer's functions. */
bool layer_is_asked(const struct call *c);
/* What the layer is not asked: HAL's own calls, and what needs registrations that it keeps. */
bool layer_sets_aside(const struct call *c);
/* STATUS is among the answers that are left to the layer; then it is the one from here on. */
bool layer_answers(struct runner *r, struct call *c, NTSTATUS status);
/* A request was answered: its handler has come, or not, as it must. */
void layer_answered(struct runner *r, const struct call *c);
/* The handler of request N has come: it is expected, if it may come now. */
void layer_calls(struct runner *r, enum frame_kind kind, unsigned n);
/* A list handler or another callback returns; true: the program ends here, cut short. */
void layer_handler_returns(struct runner *r);
bool layer_cuts(struct runner *r, bool before);
/* What the layer asked HAL for counts for the refusal that is due; COUNT: false: it is known. */
void layer_asked(struct runner *r, bool count);
void layer_posts(struct runner *r, struct call *c);
void layer_device_runs(struct runner *r, struct call *c);
void layer_device_reaches(struct runner *r, struct call *c);
void layer_judge_end(struct runner *r);

/* ---- run.c: verdicts, digest, trace ---- */

/* PROPERTY is looked at once more; true: it failed and the caller says how. */
bool broken(struct runner *r, enum property property, bool holds);
void failed_text(struct runner *r, enum property property, const char *expected,
                 const char *actual);
void failed_number(struct runner *r, enum property property, const char *what, uint64_t expected,
                   uint64_t actual);
void failed_status(struct runner *r, enum property property, NTSTATUS expected, NTSTATUS actual);
const char *status_name(NTSTATUS status, char *storage); /* storage: 16 bytes */

static inline void digest_word(uint64_t *digest, uint64_t word)
{
    *digest = (*digest ^ word) * UINT64_C(0x100000001B3);
    *digest ^= *digest >> 29;
}

/* The mark of the record that runs; NULL: none is kept. */
static inline struct mark *mark_of(const struct runner *r)
{
    return r->options.marks ? &r->options.marks[r->record] : NULL;
}

/* What the shape of a list shows: addresses, elements, place. */
static inline void digest_shape(struct runner *r, uint64_t word)
{
    digest_word(&r->digest, word);
    if (r->options.marks)
        digest_word(&mark_of(r)->exact, word);
}

static inline void digest_add(struct runner *r, uint64_t word)
{
    digest_shape(r, word);
    if (r->options.marks)
        digest_word(&mark_of(r)->plain, word);
}
void digest_bytes(struct runner *r, const uint8_t *bytes, size_t length);
/* Bytes that marks alone take in. */
void mark_bytes(struct runner *r, const uint8_t *bytes, size_t length);

void trace_record(struct runner *r, const struct record *record, const unsigned made[CLASS_COUNT]);
void trace_end(struct runner *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
void trace_line(struct runner *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- state_digest.c ---- */

/* The records have run out: if the options ask for it, the outcome says in what state. */
void state_note(struct runner *r);

/* ---- what calls are given, and their results ---- */

/* A structure for the innermost call, all zero. */
union given *give(struct runner *r);
/* The call is over: it has copied what it needs (SG-20, LIFE-03, PRV-16). */
void spoil(union given *given);

void result_happened(struct runner *r, struct call *c, bool happened);
void result_status(struct runner *r, struct call *c, NTSTATUS status);
void result_void(struct runner *r, struct call *c);
void result_number(struct runner *r, struct call *c, enum property property, uint64_t number);
/* A handle or object that a call makes: NULL or not as predicted; the name holds it. */
void result_object(struct runner *r, struct call *c, void *object);
/* HANDLE has just been given out: it is nothing that is known already. */
void judge_new_handle(struct runner *r, const void *handle);
/* The out value of a call with a status; UNTOUCHED: what lay there before. */
void result_handle(struct runner *r, struct call *c, void *handle, const void *untouched);

#endif
