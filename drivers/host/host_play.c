/* host_play.c: the records of a program, as far as operating system and device are concerned. */
#include "host_state.h"

static const KIRQL levels[] = {PASSIVE_LEVEL, APC_LEVEL, DISPATCH_LEVEL, HIGH_LEVEL};

/* The number of the name that a byte refers to; 0 for anything that is no such name. */
static unsigned number(const struct host *host, uint8_t byte, enum name_class class)
{
    struct ref ref = ref_resolve(byte, class, host->made);

    return ref.mode == REF_NAMED ? ref.number : 0;
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* ---- memory ---- */

static bool play_buffer(struct host *host, const struct record *record, unsigned name)
{
    struct host_buffer *buffer = &host->buffers[name];
    uint64_t length = value_number(record->v[0], RIG_BUFFER_LIMIT);
    uint32_t offset = (uint32_t)(value_number(record->v[1], PAGE_SIZE) % PAGE_SIZE);

    if (length == 0 || length > RIG_BUFFER_LIMIT)
        return false;
    buffer->bytes =
        rig_buffer(host->machine, (uint32_t)length, offset, (enum rig_frames)record->r[0]);
    if (!buffer->bytes)
        return false;
    buffer->length = (uint32_t)length;
    host_fill(host, name);
    return true;
}

static bool play_mdl(struct host *host, const struct record *record, unsigned name)
{
    const struct host_buffer *buffer = &host->buffers[number(host, record->r[0], CLASS_buffer)];
    PMDL next = host->mdls[number(host, record->r[1], CLASS_mdl)];
    uint64_t offset = least(value_number(record->v[0], buffer->length), buffer->length);
    uint64_t length =
        least(value_number(record->v[1], buffer->length - offset), buffer->length - offset);

    if (!buffer->bytes || offset == buffer->length)
        return false;
    host->mdls[name] = rig_mdl(host->machine, buffer->bytes + offset, (uint32_t)length, next);
    return host->mdls[name] != NULL;
}

static bool play_net_buffer(struct host *host, const struct record *record, unsigned name)
{
    PMDL chain = host->mdls[number(host, record->r[0], CLASS_mdl)];
    uint64_t total = 0;
    uint64_t offset, length;

    if (!chain)
        return false;
    for (const MDL *mdl = chain; mdl; mdl = mdl->Next)
        total += mdl->ByteCount;
    offset = least(value_number(record->v[0], total), total);
    length = least(value_number(record->v[1], total - offset), total - offset);
    host->net_buffers[name].head =
        rig_net_buffer(host->machine, chain, (uint32_t)offset, (uint32_t)length, record->r[1] == 1);
    if (!host->net_buffers[name].head)
        return false;
    host_judge_new(host, name);
    return true;
}

static bool play_net_buffer_list(struct host *host, const struct record *record, unsigned name)
{
    PNET_BUFFER heads[3];
    unsigned count = 0;

    for (unsigned i = 0; i < 3; i++) {
        unsigned nb = number(host, record->r[i], CLASS_nb);
        struct host_net_buffer *buffer = &host->net_buffers[nb];

        if (!buffer->head || buffer->nbl)
            continue;
        heads[count++] = buffer->head;
        buffer->nbl = name;
    }
    if (count)
        host->lists[name].head = rig_net_buffer_list(host->machine, heads, count);
    if (host->lists[name].head) {
        host_judge_new_list(host, name);
        return true;
    }
    for (unsigned i = 1; i <= host->made[CLASS_nb]; i++)
        if (host->net_buffers[i].nbl == name)
            host->net_buffers[i].nbl = 0;
    return false;
}

/* ---- the adapter ---- */

static bool play_initialize(struct host *host, unsigned name)
{
    struct host_adapter *adapter = &host->adapters[name];

    if (!rig_initialize(host->machine, host->driver))
        return false;
    adapter->alive = adapter->status == NDIS_STATUS_SUCCESS;
    if (adapter->alive)
        return true;
    rig_adapter_ends(host->machine, adapter->handle, "MiniportInitializeEx");
    host_judge_left(host, adapter->handle, "LIFE-23: after a failed MiniportInitializeEx ");
    return true;
}

static bool play_halt(struct host *host, unsigned name, NDIS_HALT_ACTION action)
{
    struct host_adapter *adapter = &host->adapters[name];

    if (!rig_halt(host->machine, adapter->handle, action))
        return false;
    adapter->alive = false;
    rig_adapter_ends(host->machine, adapter->handle, "MiniportHaltEx");
    host_judge_left(host, adapter->handle, "LIFE-42: after MiniportHaltEx ");
    return true;
}

/* What an adapter held at shutdown is lost with it; its driver is not called again (LIFE-50). */
static bool play_shutdown(struct host *host, unsigned name, NDIS_SHUTDOWN_ACTION action)
{
    if (!rig_shutdown(host->machine, host->adapters[name].handle, action))
        return false;
    host->adapters[name].alive = false;
    for (unsigned i = 1; i <= host->made[CLASS_nbl]; i++)
        if (host->lists[i].adapter == name && host->lists[i].outstanding)
            host_judge_lost(host, i);
    return true;
}

static bool play_surprise_remove(struct host *host, unsigned name)
{
    if (!rig_surprise_remove(host->machine, host->adapters[name].handle))
        return false;
    host->adapters[name].removed = true;
    return true;
}

static bool play_send(struct host *host, unsigned adapter, unsigned nbl, KIRQL level)
{
    struct host_list *list = &host->lists[nbl];

    if (!list->head || list->outstanding)
        return false;
    NDIS_SET_NET_BUFFER_LIST_CANCEL_ID(list->head, (PVOID)(uintptr_t)HOST_CANCEL_ID);
    if (!rig_send(host->machine, host->adapters[adapter].handle, list->head, level))
        return false;
    list->outstanding = true;
    list->adapter = adapter;
    host_judge_sent(host, nbl);
    host->total.sends++;
    return true;
}

static bool play_adapter(struct host *host, const struct record *record)
{
    unsigned name = number(host, record->r[0], CLASS_adapter);
    NDIS_HANDLE handle = host->adapters[name].handle;

    switch (record->op) {
    case OP_restart:
        return rig_restart(host->machine, handle);
    case OP_pause:
        return rig_pause(host->machine, handle);
    case OP_halt:
        return play_halt(host, name, (NDIS_HALT_ACTION)record->r[1]);
    case OP_reset:
        return rig_reset_adapter(host->machine, handle, levels[record->r[1]]);
    case OP_shutdown:
        return play_shutdown(host, name, (NDIS_SHUTDOWN_ACTION)record->r[1]);
    case OP_surprise_remove:
        return play_surprise_remove(host, name);
    case OP_send:
        return play_send(host, name, number(host, record->r[1], CLASS_nbl), levels[record->r[2]]);
    case OP_cancel_send:
        return rig_cancel_send(host->machine, handle, (PVOID)(uintptr_t)HOST_CANCEL_ID,
                               levels[record->r[1]]);
    default:
        return false;
    }
}

/* ---- device and program ---- */

bool host_transmit(struct host *host, unsigned frame)
{
    struct rig_frame sent;

    for (unsigned i = 1; i <= host->made[CLASS_adapter]; i++) {
        unsigned held = rig_device_frames(host->machine, host->adapters[i].handle);

        if (frame >= held) {
            frame -= held;
            continue;
        }
        if (!rig_device_frame(host->machine, host->adapters[i].handle, frame, &sent))
            return false;
        host_judge_frame(host, i, &sent);
        return true;
    }
    return false;
}

static bool play_set(struct host *host, const struct record *record)
{
    enum rig_setting setting = (enum rig_setting)record->r[0];

    if (setting >= SETTING_COUNT)
        return false;
    return rig_set(host->machine, setting,
                   value_number(record->v[0], rig_setting_row(setting)->largest));
}

static bool play_producer(struct host *host, const struct record *record, unsigned name)
{
    switch (record->op) {
    case OP_buffer:
        return play_buffer(host, record, name);
    case OP_mdl:
        return play_mdl(host, record, name);
    case OP_net_buffer:
        return play_net_buffer(host, record, name);
    case OP_net_buffer_list:
        return play_net_buffer_list(host, record, name);
    default:
        return play_initialize(host, name);
    }
}

bool host_play(struct host *host, const struct record *record)
{
    enum name_class makes = op_table[record->op].makes;

    if (makes != CLASS_nothing) {
        bool done = play_producer(host, record, host->made[makes] + 1);

        host->made[makes]++;
        return done;
    }
    switch (record->op) {
    case OP_set:
        return play_set(host, record);
    case OP_fault:
        rig_refuse(host->machine, (enum rig_site)record->r[0], record->v[0]);
        return true;
    case OP_step:
        return rig_step(host->machine, record->r[0], record->r[1]);
    case OP_device_run:
        return host_transmit(host, record->r[0]);
    default:
        return play_adapter(host, record);
    }
}

void host_halt(struct host *host, unsigned adapter, NDIS_HALT_ACTION action)
{
    if (!play_halt(host, adapter, action))
        host_find(host, "host.rest", "", 0, 0,
                  "adapter%u cannot be halted: its pause or reset has not completed", adapter);
}
