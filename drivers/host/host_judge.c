/*
 * host_judge.c: what the host itself expects of a driver, besides the rules.
 *
 *   host.payload   a frame that the device sends holds exactly the data of one NET_BUFFER that was
 *                  sent to this adapter and has not been transmitted yet (SGL-21, SGL-22, SGL-24)
 *   host.unsent    a NET_BUFFER_LIST completes with success only if all of it was transmitted
 *   host.fault     spin locks, pool, registers and interrupts are used as they must be
 *   NB-08          the fields of other layers are as they were when a list is completed
 *   host.left      what an adapter or driver got is given back (LIFE-23, LIFE-42)
 *
 * Buffers are filled so that each byte tells where it lies.
 */
#include "host_state.h"
#include <string.h>

static uint32_t mix(uint32_t x)
{
    x = (x ^ x >> 16) * 0x7FEB352Du;
    x = (x ^ x >> 15) * 0x846CA68Bu;
    return x ^ x >> 16;
}

void host_make_pattern(struct host *host)
{
    for (uint32_t i = 0; i < sizeof host->pattern; i++)
        host->pattern[i] = (uint8_t)mix(i);
}

/* One pattern for all, entered at places so far apart that no shift of a few bytes leads from the
 * data of one buffer to those of another. */
void host_fill(struct host *host, unsigned buffer)
{
    const struct host_buffer *to = &host->buffers[buffer];

    memcpy(to->bytes, host->pattern + buffer % HOST_ENTRIES * HOST_STRIDE, to->length);
}

/* Do LENGTH BYTES equal the data that start OFFSET bytes into the chain? */
static bool equals(const MDL *mdl, uint64_t offset, const uint8_t *bytes, uint32_t length)
{
    for (; mdl && offset >= mdl->ByteCount; mdl = mdl->Next)
        offset -= mdl->ByteCount;
    for (; mdl && length > 0; mdl = mdl->Next, offset = 0) {
        uint32_t here = mdl->ByteCount - (uint32_t)offset;

        here = here < length ? here : length;
        if (memcmp((const uint8_t *)mdl->MappedSystemVa + offset, bytes, here) != 0)
            return false;
        bytes += here;
        length -= here;
    }
    return length == 0;
}

static bool holds(const struct rig_frame *frame, const NET_BUFFER *nb)
{
    return frame->length == nb->DataLength &&
           equals(nb->MdlChain, nb->DataOffset, frame->bytes, frame->length);
}

static bool same_data(const NET_BUFFER *a, const NET_BUFFER *b)
{
    uint64_t at = a->DataOffset, to = b->DataOffset, end = to + b->DataLength;
    const MDL *mdl = a->MdlChain;

    if (a->DataLength != b->DataLength)
        return false;
    for (; mdl && at >= mdl->ByteCount; mdl = mdl->Next)
        at -= mdl->ByteCount;
    for (; mdl && to < end; mdl = mdl->Next, at = 0) {
        uint64_t here = mdl->ByteCount - at < end - to ? mdl->ByteCount - at : end - to;

        if (!equals(b->MdlChain, to, (const uint8_t *)mdl->MappedSystemVa + at, (uint32_t)here))
            return false;
        to += here;
    }
    return true;
}

static bool expected(const struct host *host, unsigned nb, unsigned adapter)
{
    const struct host_list *list = &host->lists[host->net_buffers[nb].nbl];

    return host->net_buffers[nb].nbl && list->outstanding && list->adapter == adapter;
}

static struct host_net_buffer *kind_of(struct host *host, unsigned nb)
{
    return &host->net_buffers[host->net_buffers[nb].kind];
}

void host_judge_new(struct host *host, unsigned nb)
{
    unsigned kind = 1;

    while (kind < nb && !(host->net_buffers[kind].head &&
                          same_data(host->net_buffers[kind].head, host->net_buffers[nb].head)))
        kind++;
    host->net_buffers[nb].kind = kind;
}

void host_judge_sent(struct host *host, unsigned nbl)
{
    for (unsigned i = 1; i <= host->made[CLASS_nb]; i++)
        if (host->net_buffers[i].nbl == nbl) {
            kind_of(host, i)->open++;
            kind_of(host, i)->sent++;
        }
}

/* NB is not outstanding any more; with the last of its kind the counting starts again. */
static void close_net_buffer(struct host *host, unsigned nb)
{
    struct host_net_buffer *kind = kind_of(host, nb);

    kind->open--;
    if (kind->open == 0)
        kind->sent = kind->frames = kind->done = 0;
}

void host_judge_lost(struct host *host, unsigned nbl)
{
    host->lists[nbl].outstanding = false;
    for (unsigned i = 1; i <= host->made[CLASS_nb]; i++)
        if (host->net_buffers[i].nbl == nbl)
            close_net_buffer(host, i);
}

/* ---- fields of other layers (NB-08) ---- */

enum { RESERVED = 0x1EA5ED00 }; /* what NDIS and a protocol driver keep in their fields */

static void fill(PVOID *fields, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        fields[i] = (PVOID)(uintptr_t)(RESERVED + i);
}

static bool filled(PVOID *fields, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (fields[i] != (PVOID)(uintptr_t)(RESERVED + i))
            return false;
    return true;
}

void host_judge_new_list(struct host *host, unsigned nbl)
{
    PNET_BUFFER_LIST head = host->lists[nbl].head;

    fill(head->NdisReserved, 2);
    fill(head->ProtocolReserved, 4);
    for (unsigned i = 1; i <= host->made[CLASS_nb]; i++)
        if (host->net_buffers[i].nbl == nbl) {
            fill(host->net_buffers[i].head->NdisReserved, 2);
            fill(host->net_buffers[i].head->ProtocolReserved, 6);
        }
}

static bool fields_intact(const struct host *host, unsigned nbl)
{
    PNET_BUFFER_LIST head = host->lists[nbl].head;
    bool intact = filled(head->NdisReserved, 2) && filled(head->ProtocolReserved, 4);

    for (unsigned i = 1; i <= host->made[CLASS_nb]; i++)
        if (host->net_buffers[i].nbl == nbl)
            intact = intact && filled(host->net_buffers[i].head->NdisReserved, 2) &&
                     filled(host->net_buffers[i].head->ProtocolReserved, 6);
    return intact;
}

/* ---- what is wrong with a frame ---- */

/* Where in the chain the frame's first bytes lie: bytes before (negative) or after the data's
 * start. */
static bool find_shift(const struct rig_frame *frame, const NET_BUFFER *nb, int64_t *shift)
{
    uint32_t length = frame->length < 64 ? frame->length : 64;
    int64_t start = nb->DataOffset;

    if (length < 8)
        return false;
    for (int64_t at = 0; at < start + nb->DataLength; at++) {
        *shift = at - start;
        if (equals(nb->MdlChain, (uint64_t)at, frame->bytes, length))
            return true;
    }
    return false;
}

static bool describe(const struct rig_frame *frame, const NET_BUFFER *nb, char *text, size_t size)
{
    int64_t shift;

    if (!find_shift(frame, nb, &shift))
        return false;
    if (shift != 0)
        snprintf(text, size, "starts %u bytes %s the data", (unsigned)(shift < 0 ? -shift : shift),
                 shift < 0 ? "before" : "into");
    else if (frame->length < nb->DataLength)
        snprintf(text, size, "holds only the first %u of %u bytes", frame->length, nb->DataLength);
    else if (frame->length > nb->DataLength)
        snprintf(text, size, "runs %u bytes past the data", frame->length - nb->DataLength);
    else
        snprintf(text, size, "starts as the data do and goes on otherwise");
    return true;
}

static void object(struct host *host, unsigned adapter, const struct rig_frame *frame)
{
    char text[80] = "holds data of no NET_BUFFER";
    unsigned whose = 0;

    for (unsigned i = 1; i <= host->made[CLASS_nb] && !whose; i++)
        if (expected(host, i, adapter) && !holds(frame, host->net_buffers[i].head) &&
            describe(frame, host->net_buffers[i].head, text, sizeof text))
            whose = i;
    for (unsigned i = 1; i <= host->made[CLASS_nb] && !whose; i++)
        if (host->net_buffers[i].head && holds(frame, host->net_buffers[i].head)) {
            whose = i;
            snprintf(text, sizeof text, "is stale: it was sent already, or is not to be sent now");
        }
    if (whose)
        host_find(host, "host.payload", "device", frame->made, 0, "a frame for nb%u %s", whose,
                  text);
    else
        host_find(host, "host.payload", "device", frame->made, 0, "a frame of %u bytes %s",
                  frame->length, text);
}

void host_judge_frame(struct host *host, unsigned adapter, const struct rig_frame *frame)
{
    for (unsigned i = 1; i <= host->made[CLASS_nb]; i++)
        if (expected(host, i, adapter) && kind_of(host, i)->frames < kind_of(host, i)->sent &&
            holds(frame, host->net_buffers[i].head)) {
            kind_of(host, i)->frames++;
            return;
        }
    object(host, adapter, frame);
}

/* ---- completions and leftovers ---- */

static void complete(struct host *host, unsigned nbl)
{
    struct host_list *list = &host->lists[nbl];
    bool success = NET_BUFFER_LIST_STATUS(list->head) == NDIS_STATUS_SUCCESS;

    host->total.completed++;
    if (!fields_intact(host, nbl))
        host_break(host, RULE_NB_08, "NdisMSendNetBufferListsComplete");
    for (unsigned i = 1; success && i <= host->made[CLASS_nb]; i++)
        if (host->net_buffers[i].nbl == nbl && kind_of(host, i)->done++ >= kind_of(host, i)->frames)
            host_find(host, "host.unsent", "NdisMSendNetBufferListsComplete", 0, 0,
                      "nbl%u completed with success, but nb%u was not transmitted", nbl, i);
    host_judge_lost(host, nbl);
}

void host_judge(struct host *host)
{
    const struct rig_fault *fault = rig_fault(host->machine);

    for (unsigned i = 1; i <= host->made[CLASS_nbl]; i++)
        if (host->lists[i].outstanding &&
            !rig_net_buffer_list_owned(host->machine, host->lists[i].head))
            complete(host, i);
    if (!fault->text || host->found)
        return;
    host_find(host, "host.fault", "", fault->made, fault->freed, "%s", fault->text);
    host->finding.at = fault->at;
}

void host_judge_left(struct host *host, NDIS_HANDLE owner, const char *when)
{
    struct rig_fault left = rig_left(host->machine, owner);

    if (left.text)
        host_find(host, "host.left", "", left.made, 0, "%s%s", when, left.text);
}
