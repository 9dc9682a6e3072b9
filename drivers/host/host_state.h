/* host_state.h: what a host remembers while it runs a program. */
#ifndef DMARIG_HOST_STATE_H
#define DMARIG_HOST_STATE_H

#define HOST_SIDE
#include "host.h"
#include "rig_device.h"
#include "trace.h"

enum { HOST_LOG = 1 << 14, HOST_CANCEL_ID = 0x5EED0000, HOST_ROUNDS = 4096 };
enum { HOST_ENTRIES = 64, HOST_STRIDE = 2039 }; /* of the pattern that fills buffers */

/* A call of the driver, or (file NULL) something that the host did to come to rest. */
struct host_event {
    const char *file, *name;
    int line;
    unsigned record;
};

struct host_buffer {
    uint8_t *bytes;
    uint32_t length;
};

/* NET_BUFFERs with the same data cannot be told apart on the wire, so the first of their kind
 * counts for all of them, for as long as one of them is outstanding. */
struct host_net_buffer {
    PNET_BUFFER head;
    unsigned nbl;  /* number of its NET_BUFFER_LIST, 0: in none */
    unsigned kind; /* number of the first NET_BUFFER with the same data */
    unsigned open, sent, frames, done;
};

struct host_list {
    PNET_BUFFER_LIST head;
    unsigned adapter; /* number of the adapter it was sent to */
    bool outstanding;
};

struct host_adapter {
    NDIS_HANDLE handle;
    NDIS_STATUS status; /* of MiniportInitializeEx */
    bool alive, removed;
};

struct host {
    struct machine *machine;
    struct driver_kit *kit;
    DRIVER_INITIALIZE *entry;
    DRIVER_OBJECT object;
    DRIVER_EXTENSION extension;
    NDIS_HANDLE driver;
    MINIPORT_INITIALIZE_HANDLER initialize;
    MINIPORT_DRIVER_UNLOAD unload;

    unsigned record;
    unsigned made[CLASS_COUNT];
    struct host_buffer buffers[PROGRAM_MAX + 1]; /* by number, from 1 */
    PMDL mdls[PROGRAM_MAX + 1];
    struct host_net_buffer net_buffers[PROGRAM_MAX + 1];
    struct host_list lists[PROGRAM_MAX + 1];
    struct host_adapter adapters[PROGRAM_MAX + 1];

    uint32_t logged;
    struct host_event log[HOST_LOG];
    bool found, loaded; /* loaded: DriverEntry has been called */
    struct host_finding finding;
    uint8_t pattern[RIG_BUFFER_LIMIT + HOST_ENTRIES * HOST_STRIDE];
    struct host_statistics total;
    struct statistics *statistics; /* of the run, or NULL */
};

/* Note something that the host does itself. */
void host_note(struct host *host, const char *name);
/* The event at a place of the trace; NULL if it is none, or too long ago. */
const struct host_event *host_event(const struct host *host, uint32_t place);

/* Keep a finding, if it is the first. */
void host_find(struct host *host, const char *identity, const char *call, uint32_t made,
               uint32_t freed, const char *format, ...) __attribute__((format(printf, 6, 7)));

/* The driver breaks RULE in CALL, as the host sees. */
void host_break(struct host *host, enum rig_rule rule, const char *call);

/* host_play.c: one record; whether it took place */
bool host_play(struct host *host, const struct record *record);
void host_halt(struct host *host, unsigned adapter, NDIS_HALT_ACTION action);
/* The device of the adapters, counted through, sends a frame; false: there is none. */
bool host_transmit(struct host *host, unsigned frame);

/* host_judge.c */
void host_make_pattern(struct host *host);
void host_fill(struct host *host, unsigned buffer);
void host_judge_new(struct host *host, unsigned nb);
void host_judge_new_list(struct host *host, unsigned nbl);
void host_judge_sent(struct host *host, unsigned nbl);
void host_judge_lost(struct host *host, unsigned nbl); /* outstanding no more */
void host_judge_frame(struct host *host, unsigned adapter, const struct rig_frame *frame);
/* What happened since the last call: completions, faults. */
void host_judge(struct host *host);
void host_judge_left(struct host *host, NDIS_HANDLE owner, const char *when);

#endif
