/*
 * host_generate.c: random programs of what system and device do around a miniport.
 *
 * A prologue sets the machine up and brings an adapter to Running; then phrases follow. References
 * count backwards, so 0 is the newest name of its class.
 */
#include "host.h"
#include "random.h"

struct writer {
    struct program *program;
    uint64_t state;
    unsigned limit;
};

static unsigned below(struct writer *writer, unsigned bound)
{
    return random_below(&writer->state, bound);
}

static struct record *emit(struct writer *writer, enum op_code op)
{
    static const struct record empty;
    struct record *record = &writer->program->records[writer->program->count];

    if (writer->program->count < writer->limit)
        writer->program->count++;
    *record = empty;
    record->op = (uint8_t)op;
    return record;
}

static uint16_t value(uint64_t number)
{
    uint16_t encoded;

    return value_encode(number, &encoded) ? encoded : 0;
}

static void set(struct writer *writer, enum rig_setting setting, uint64_t number)
{
    struct record *record = emit(writer, OP_set);

    record->r[0] = (uint8_t)setting;
    record->v[0] = value(number);
}

static void set_any(struct writer *writer, enum rig_setting setting)
{
    const struct rig_setting_row *row = rig_setting_row(setting);

    set(writer, setting, row->smallest + below(writer, row->largest - row->smallest + 1));
}

/* ---- frames to send ---- */

static uint64_t frame_length(struct writer *writer)
{
    static const uint16_t common[] = {1, 14, 60, 1500, 1514, 4095, 4096, 9014, 16384};

    switch (below(writer, 8)) {
    case 0:
        return 1 + below(writer, 4095);
    case 1:
        return 8u * (1 + below(writer, 4000));
    case 2:
        return below(writer, 4) == 0 ? 65536 + 8 * below(writer, 2) : 40960;
    default:
        return common[below(writer, sizeof common / sizeof common[0])];
    }
}

static void emit_mdl(struct writer *writer, bool chained)
{
    struct record *buffer = emit(writer, OP_buffer);
    struct record *mdl;

    buffer->v[0] = value(frame_length(writer));
    buffer->v[1] = value(below(writer, 3) ? 0 : below(writer, 4096));
    buffer->r[0] = (uint8_t)below(writer, 4);
    mdl = emit(writer, OP_mdl);
    mdl->r[1] = chained ? 0 : 0xE0;
    mdl->v[0] = value(below(writer, 4) ? 0 : below(writer, 128));
    mdl->v[1] = value_limit(below(writer, 4) ? 0 : -(int)below(writer, 64));
}

static void emit_net_buffer(struct writer *writer)
{
    struct record *nb;
    unsigned mdls = below(writer, 3) ? 1 : 1 + below(writer, 3);

    for (unsigned i = 0; i < mdls; i++)
        emit_mdl(writer, i > 0);
    nb = emit(writer, OP_net_buffer);
    nb->v[0] = below(writer, 2) ? 0 : value(below(writer, 2) ? 14 : below(writer, 2048));
    nb->v[1] = value_limit(below(writer, 2) ? 0 : -(int)below(writer, 1024));
    nb->r[1] = below(writer, 8) == 0;
}

static void emit_send(struct writer *writer)
{
    unsigned parts = below(writer, 3) ? 1 : 1 + below(writer, 3);
    struct record *record;

    for (unsigned i = 0; i < parts; i++)
        emit_net_buffer(writer);
    record = emit(writer, OP_net_buffer_list);
    for (unsigned i = 0; i < 3; i++)
        record->r[i] = i < parts ? (uint8_t)(parts - 1 - i) : 0xE0;
    record = emit(writer, OP_send);
    record->r[0] = below(writer, 4) == 0;
    record->r[2] = below(writer, 2) ? 0 : 2;
}

static void emit_again(struct writer *writer)
{
    struct record *record = emit(writer, OP_send);

    record->r[0] = below(writer, 4) == 0;
    record->r[1] = (uint8_t)below(writer, 6);
    record->r[2] = below(writer, 2) ? 0 : 2;
}

/* ---- the rest ---- */

static void emit_adapter(struct writer *writer, enum op_code op)
{
    struct record *record = emit(writer, op);

    record->r[0] = below(writer, 4) == 0;
    if (op == OP_reset || op == OP_cancel_send)
        record->r[1] = below(writer, 2) ? 0 : 2;
    else if (op == OP_halt)
        record->r[1] = (uint8_t)below(writer, 7);
    else if (op == OP_shutdown)
        record->r[1] = (uint8_t)below(writer, 2);
}

static void emit_steps(struct writer *writer)
{
    for (unsigned n = 1 + below(writer, 4); n > 0; n--) {
        struct record *record = emit(writer, OP_step);

        record->r[0] = below(writer, 2) ? 0 : (uint8_t)below(writer, 6);
        record->r[1] = (uint8_t)below(writer, 2);
    }
}

static void emit_frames(struct writer *writer)
{
    for (unsigned n = 1 + below(writer, 3); n > 0; n--)
        emit(writer, OP_device_run)->r[0] = below(writer, 2) ? 0 : (uint8_t)below(writer, 5);
}

static void emit_fault(struct writer *writer)
{
    struct record *record = emit(writer, OP_fault);

    record->r[0] = below(writer, 2) ? 0 : (uint8_t)below(writer, RIG_SITE_COUNT);
    record->v[0] = (uint16_t)below(writer, 8);
}

static void emit_setting(struct writer *writer)
{
    static const uint8_t settings[] = {
        SETTING_timing,
        SETTING_fail_list,
    };

    set_any(writer, (enum rig_setting)settings[below(writer, sizeof settings)]);
}

static void emit_start(struct writer *writer)
{
    emit(writer, OP_initialize);
    emit(writer, OP_restart);
}

static void emit_phrase(struct writer *writer)
{
    unsigned choice = below(writer, 100);

    if (choice < 26)
        emit_send(writer);
    else if (choice < 32)
        emit_again(writer);
    else if (choice < 50)
        emit_steps(writer);
    else if (choice < 66)
        emit_frames(writer);
    else if (choice < 74)
        emit_setting(writer);
    else if (choice < 76)
        emit_fault(writer);
    else if (choice < 82)
        emit_adapter(writer, OP_cancel_send);
    else if (choice < 86)
        emit_adapter(writer, OP_pause);
    else if (choice < 90)
        emit_adapter(writer, OP_restart);
    else if (choice < 94)
        emit_adapter(writer, OP_reset);
    else if (choice < 95)
        emit_adapter(writer, OP_surprise_remove);
    else if (choice < 97)
        emit_adapter(writer, OP_halt);
    else if (choice < 98)
        emit_adapter(writer, OP_shutdown);
    else
        emit_start(writer);
}

static void emit_machine(struct writer *writer)
{
    static const uint8_t settings[] = {
        SETTING_merge,
        SETTING_placement,
        SETTING_list_end,
        SETTING_processors,
    };

    set_any(writer, SETTING_personality);
    set_any(writer, SETTING_timing);
    for (unsigned i = 0; i < sizeof settings; i++)
        if (below(writer, 4) == 0)
            set_any(writer, (enum rig_setting)settings[i]);
    if (below(writer, 3) == 0)
        set(writer, SETTING_map_registers, 1 + below(writer, 20));
    if (below(writer, 4) == 0)
        set(writer, SETTING_count_registers, 1);
    if (below(writer, 16) == 0)
        set(writer, SETTING_fail_register, 1 + below(writer, 3));
    if (below(writer, 4) == 0)
        set(writer, SETTING_lists, 1 + below(writer, 8));
    if (below(writer, 8) == 0)
        emit_fault(writer);
}

void host_generate(struct program *program, uint64_t seed)
{
    struct writer writer = {.program = program, .state = seed};

    program->count = 0;
    writer.limit = 24 + below(&writer, 5) * 40;
    emit_machine(&writer);
    emit_start(&writer);
    if (below(&writer, 4) == 0)
        emit_start(&writer);
    while (program->count < writer.limit)
        emit_phrase(&writer);
    program_canonical(program);
}
