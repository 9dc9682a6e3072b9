/*
 * generate.c: whole programs. Three of four are swarm: each operation and each idiom is on or off
 * for the whole program, with its own weight, so that some programs go deep where others never
 * look. One of four draws operations uniformly.
 *
 * The generator follows the state of the newest adapter and device in its head (enum phase), as if
 * every call were taken. It is often wrong; then the program says something in the wrong state.
 */
#include "generate.h"
#include "phrases.h"
#include "random.h"
#include "target.h"
#include <string.h>

/* What a program leans to. */
struct swarm {
    uint8_t operations[256], phrases[PHRASE_COUNT]; /* weights, 0: off */
    unsigned phrase_percent, perturb_percent, end_percent_tenths;
    struct taste taste;
};

struct writer {
    struct program *program;
    uint64_t *state;
    unsigned targets;
    unsigned phase;
    unsigned made[CLASS_COUNT];
};

/* ---- swarm ---- */

static uint8_t draw_weight(uint64_t *state, bool uniform)
{
    unsigned weight = 1 + random_below(state, 20);

    if (uniform)
        return 1;
    return random_percent(state, 50) ? (uint8_t)weight : 0;
}

static struct taste draw_taste(uint64_t *state)
{
    static const struct taste tastes[] = {{2, 90, 0}, {2, 0, 2}, {8, 60, 5}, {25, 40, 15}};

    return tastes[random_below(state, sizeof tastes / sizeof tastes[0])];
}

static void draw_swarm(struct swarm *swarm, uint64_t *state, unsigned targets)
{
    bool uniform = random_percent(state, 25);

    memset(swarm, 0, sizeof *swarm);
    for (unsigned code = 1; code < 256; code++)
        if (op_table[code].targets & targets)
            swarm->operations[code] = draw_weight(state, uniform);
    if (swarm->operations[OP_set] > 2)
        swarm->operations[OP_set] = 2;
    for (unsigned id = 0; id < PHRASE_COUNT; id++)
        if (phrase_rows[id].targets & targets)
            swarm->phrases[id] = uniform || random_percent(state, 60);
    swarm->phrase_percent = uniform ? 10 : 25 + random_below(state, 60);
    swarm->perturb_percent = random_below(state, 80);
    swarm->end_percent_tenths = random_percent(state, 70) ? 20 : 80;
    swarm->taste = draw_taste(state);
}

/* An index drawn by weight; COUNT if all are off. */
static unsigned draw_weighted(uint64_t *state, const uint16_t *weights, unsigned count)
{
    unsigned total = 0, left;

    for (unsigned i = 0; i < count; i++)
        total += weights[i];
    if (total == 0)
        return count;
    left = random_below(state, total);
    for (unsigned i = 0;; i++) {
        if (left < weights[i])
            return i;
        left -= weights[i];
    }
}

/* ---- phrases ---- */

/* Another adapter than the newest, now and then, with its DMA handle. */
static void turn_to_older(struct record *records, const struct phrase *phrase)
{
    for (unsigned i = 0; i < phrase->count; i++) {
        const struct op_row *row = &op_table[records[i].op];

        for (unsigned k = 0; k < row->operand_count; k++) {
            const struct operand *operand = &row->operands[k];

            if (operand->kind == OPERAND_REF && phrase->context[i] >> operand->slot & 1 &&
                (operand->class == CLASS_adapter || operand->class == CLASS_dma))
                operand_set(&records[i], operand, operand_get(&records[i], operand) + 1);
        }
    }
}

/* One word of a post drawn from all there are: where the driver finds the list, where it starts and
 * how far it goes are mistakes that no other record makes. */
static void vary_post(struct record *record, uint64_t *state)
{
    const struct op_row *row = &op_table[OP_device_post];
    const struct operand *operand = &row->operands[1 + random_below(state, row->operand_count - 1)];

    operand_set(record, operand, random_below(state, operand->word_count));
}

/* Buffers of another length and place, the same idiom. The sizes of list buffers stay. */
static void vary_records(struct record *records, unsigned count, bool buffers, uint64_t *state)
{
    static const unsigned none[CLASS_COUNT] = {0};
    static const struct taste plain = {0, 100, 0};

    for (unsigned i = 0; i < count; i++) {
        if (buffers && records[i].op == OP_buffer && records[i].v[0] != 512 &&
            records[i].v[0] != 1024)
            generate_operands(&records[i], state, &plain, none);
        if (records[i].op == OP_device_post && random_percent(state, 6))
            vary_post(&records[i], state);
    }
}

static unsigned insert_phrase(struct program *program, unsigned at, enum phrase_id id,
                              uint64_t *state, const unsigned made[CLASS_COUNT])
{
    const struct phrase *phrase = phrase_get(id);
    struct record records[PHRASE_RECORDS];

    memcpy(records, phrase->records, phrase->count * sizeof records[0]);
    if (made[CLASS_adapter] > 1 && made[CLASS_dma] > 1 && random_percent(state, 30))
        turn_to_older(records, phrase);
    vary_records(records, phrase->count, random_percent(state, 50), state);
    if (at == program->count && at + phrase->count <= PROGRAM_MAX) {
        memcpy(&program->records[at], records, phrase->count * sizeof records[0]);
        program->count += phrase->count;
    } else {
        program_insert(program, at, records, phrase->count);
    }
    return phrase->count < PROGRAM_MAX - at ? phrase->count : PROGRAM_MAX - at;
}

static void mutate_operand(struct program *program, unsigned at, uint64_t *state)
{
    static const struct taste any = {25, 30, 80};
    struct record *record = &program->records[at];
    const struct op_row *row = &op_table[record->op];
    unsigned made[CLASS_COUNT];

    if (row->operand_count == 0)
        return;
    program_made(program, at, made);
    generate_operand(record, &row->operands[random_below(state, row->operand_count)], state, &any,
                     made);
}

static void swap_with_next(struct program *program, unsigned at)
{
    struct record record = program->records[at];

    if (at + 1 >= program->count)
        return;
    program->records[at] = program->records[at + 1];
    program->records[at + 1] = record;
}

static void insert_record(struct program *program, unsigned at, uint64_t *state, unsigned targets)
{
    unsigned made[CLASS_COUNT];
    struct record record;

    program_made(program, at, made);
    generate_record(&record, state, targets, made);
    program_insert(program, at, &record, 1);
}

/* One record of COUNT from AT on dropped, doubled, swapped or changed, or a new one put before it.
 */
static void perturb(struct program *program, unsigned at, unsigned count, uint64_t *state,
                    unsigned targets)
{
    unsigned victim = at + random_below(state, count);
    struct record record = program->records[victim];

    switch (random_below(state, 8)) {
    case 0:
        program_delete(program, victim, 1);
        break;
    case 1:
        program_insert(program, victim + 1, &record, 1);
        break;
    case 2:
        swap_with_next(program, victim);
        break;
    case 3:
    case 4:
        insert_record(program, victim, state, targets);
        break;
    default:
        mutate_operand(program, victim, state);
        break;
    }
}

static bool phrase_fits(enum phrase_id id, unsigned targets, unsigned phase,
                        const unsigned made[CLASS_COUNT])
{
    unsigned needs = phrase_get(id)->needs;

    if (!(phrase_rows[id].targets & targets) || !(phrase_rows[id].from & phase))
        return false;
    for (unsigned class = 0; class < CLASS_COUNT; class ++)
        if (needs >> class & 1 && made[class] == 0)
            return false;
    return true;
}

void generate_phrase(struct program *program, unsigned at, uint64_t *state, unsigned targets)
{
    uint16_t weights[PHRASE_COUNT];
    unsigned made[CLASS_COUNT], id, count;

    at = at < program->count ? at : program->count;
    if (at == PROGRAM_MAX)
        return;
    program_made(program, at, made);
    for (unsigned i = 0; i < PHRASE_COUNT; i++)
        weights[i] = phrase_fits(i, targets, PHASE_ANY | PHASE_ANY_DEVICE, made)
                         ? (uint16_t)phrase_rows[i].weight
                         : 0;
    id = draw_weighted(state, weights, PHRASE_COUNT);
    if (id == PHRASE_COUNT)
        return;
    count = insert_phrase(program, at, id, state, made);
    if (random_percent(state, 30))
        perturb(program, at, count, state, targets);
    program_canonical(program);
}

/* ---- programs ---- */

/* The phase of the start program; setup sentences come from phrases like any other. */
static unsigned phase_after(const struct start *start)
{
    switch ((enum start_id)(start - starts)) {
    case START_none:
        return PHASE_NOTHING | PHASE_NO_DEVICE;
    case START_registered_adapter:
        return PHASE_PAUSED | PHASE_NO_DEVICE;
    case START_started_provider:
        return PHASE_NOTHING | PHASE_STARTED;
    default:
        return PHASE_RUNNING | PHASE_NO_DEVICE;
    }
}

static const struct start *draw_start(uint64_t *state, unsigned targets)
{
    for (;;) {
        const struct start *start = &starts[random_below(state, START_COUNT)];

        if (start->targets & targets)
            return start;
    }
}

static void write_settings(struct writer *writer)
{
    static const struct taste plain = {0, 100, 0};
    unsigned count = random_percent(writer->state, 40) ? 1 + random_below(writer->state, 2) : 0;

    for (unsigned i = 0; i < count; i++) {
        struct record *record = &writer->program->records[writer->program->count++];

        *record = (struct record){.op = OP_set};
        generate_operands(record, writer->state, &plain, writer->made);
    }
}

static void write_phrase(struct writer *writer, const struct swarm *swarm)
{
    uint16_t weights[PHRASE_COUNT];
    unsigned at = writer->program->count, id, to;

    for (unsigned i = 0; i < PHRASE_COUNT; i++)
        weights[i] =
            swarm->phrases[i] && phrase_fits(i, writer->targets, writer->phase, writer->made)
                ? (uint16_t)phrase_rows[i].weight
                : 0;
    id = draw_weighted(writer->state, weights, PHRASE_COUNT);
    if (id == PHRASE_COUNT || at + phrase_get(id)->count >= PROGRAM_MAX)
        return;
    insert_phrase(writer->program, at, id, writer->state, writer->made);
    for (unsigned edits = 0; edits < 3 && at < writer->program->count &&
                             random_percent(writer->state, swarm->perturb_percent);
         edits++)
        perturb(writer->program, at, writer->program->count - at, writer->state, writer->targets);
    program_made(writer->program, writer->program->count, writer->made);
    to = phrase_rows[id].to;
    if (to)
        writer->phase = to | (writer->phase & (to & PHASE_ANY ? PHASE_ANY_DEVICE : PHASE_ANY));
}

static void write_record(struct writer *writer, const struct swarm *swarm)
{
    struct record *record = &writer->program->records[writer->program->count];
    uint16_t weights[256];
    unsigned code;

    for (unsigned i = 0; i < 256; i++)
        weights[i] = swarm->operations[i];
    code = draw_weighted(writer->state, weights, 256);
    if (code == 256)
        return;
    *record = (struct record){.op = (uint8_t)code};
    generate_operands(record, writer->state, &swarm->taste, writer->made);
    writer->made[op_table[code].makes]++;
    writer->program->count++;
}

static void append_start(struct writer *writer, const struct start *start)
{
    const struct program *program = start_program(start);

    memcpy(&writer->program->records[writer->program->count], program->records,
           program->count * sizeof program->records[0]);
    writer->program->count += program->count;
    writer->phase = phase_after(start);
    program_made(writer->program, writer->program->count, writer->made);
}

void generate_program_from(struct program *program, uint64_t seed, unsigned targets,
                           const struct start *start)
{
    uint64_t state = seed;
    struct writer writer = {.program = program, .state = &state, .targets = targets};
    struct swarm swarm;
    unsigned end;

    program->count = 0;
    draw_swarm(&swarm, &state, targets);
    write_settings(&writer);
    append_start(&writer, start ? start : draw_start(&state, targets));
    end = program->count + 64 + random_below(&state, 33);
    while (program->count < end && random_below(&state, 1000) >= swarm.end_percent_tenths) {
        if (random_percent(&state, swarm.phrase_percent))
            write_phrase(&writer, &swarm);
        else
            write_record(&writer, &swarm);
    }
    program_canonical(program);
}

void generate_program(struct program *program, uint64_t seed, unsigned targets)
{
    generate_program_from(program, seed, targets, NULL);
}
