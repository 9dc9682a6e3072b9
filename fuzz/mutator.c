/*
 * The record-level mutator and crossover of both engines.
 *
 * libFuzzer finds LLVMFuzzerCustomMutator and LLVMFuzzerCustomCrossOver in the target itself; one
 * mutation in eight is left to libFuzzer, so that what it learns from comparisons is used. AFL++
 * loads this file as AFL_CUSTOM_MUTATOR_LIBRARY and keeps its own havoc stage beside it.
 *
 * Everything works on the decoded program: what comes out is canonical and keeps its references.
 */
#include "generate.h"
#include "program.h"
#include "program_edit.h"
#include "random.h"
#include "target.h"
#include <stdlib.h>
#include <string.h>

struct mutation {
    struct program *program;
    unsigned limit; /* records that fit */
    uint64_t state;
};

/* What programs of the target are made of; a hosted driver is a miniport. */
static unsigned mask(void)
{
    const struct target *target = target_find(DMARIG_TARGET);

    return target ? target->mask : TARGET_SG;
}

static unsigned below(struct mutation *m, unsigned bound)
{
    return random_below(&m->state, bound);
}

static unsigned smaller(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* ---- whole records ---- */

static struct record fresh_record(struct mutation *m, unsigned at)
{
    unsigned made[CLASS_COUNT];
    struct record record;

    program_made(m->program, at, made);
    generate_record(&record, &m->state, mask(), made);
    return record;
}

static void insert_record(struct mutation *m)
{
    unsigned at = below(m, m->program->count + 1);
    struct record record = fresh_record(m, at);

    if (m->program->count < m->limit)
        program_insert(m->program, at, &record, 1);
}

static void insert_phrase(struct mutation *m)
{
    generate_phrase(m->program, below(m, m->program->count + 1), &m->state, mask());
}

static void replace_record(struct mutation *m)
{
    unsigned at = below(m, m->program->count);

    m->program->records[at] = fresh_record(m, at);
}

static void delete_run(struct mutation *m)
{
    unsigned at = below(m, m->program->count);
    unsigned n = smaller(1 + below(m, 4), m->program->count - at);

    program_delete(m->program, at, n);
}

static void duplicate_run(struct mutation *m)
{
    struct record run[8];
    unsigned at = below(m, m->program->count);
    unsigned n = smaller(1 + below(m, 8), m->program->count - at);

    n = smaller(n, m->limit - m->program->count);
    memcpy(run, m->program->records + at, n * sizeof run[0]);
    program_insert(m->program, below(m, m->program->count + 1), run, n);
}

/* Boost: one record 4 to 16 times more. */
static void boost_record(struct mutation *m)
{
    struct record run[16];
    unsigned at = below(m, m->program->count);
    unsigned n = smaller(4 + below(m, 13), m->limit - m->program->count);

    for (unsigned i = 0; i < n; i++)
        run[i] = m->program->records[at];
    program_insert(m->program, at, run, n);
}

static void swap_records(struct mutation *m)
{
    unsigned a = below(m, m->program->count);
    unsigned b = below(m, m->program->count);
    struct record kept = m->program->records[a];

    m->program->records[a] = m->program->records[b];
    m->program->records[b] = kept;
}

/* ---- operands ---- */

/* One step up or down, for what has neighbours; references step among the names in reach. */
static unsigned stepped(struct mutation *m, const struct operand *operand, unsigned old)
{
    unsigned next = below(m, 2) ? old + 1 : old - 1;

    return operand->kind == OPERAND_REF ? next & 31 : next & 0xFFFF;
}

static void nudge_operand(struct mutation *m)
{
    static const struct taste taste = {.adversarial = 30, .newest = 40};
    unsigned at = below(m, m->program->count), made[CLASS_COUNT];
    struct record *record = &m->program->records[at];
    const struct op_row *row = &op_table[record->op];
    const struct operand *operand = &row->operands[below(m, row->operand_count)];
    bool ordered = operand->kind == OPERAND_REF || operand->kind == OPERAND_VALUE;

    if (row->operand_count == 0)
        return;
    program_made(m->program, at, made);
    if (ordered && below(m, 2))
        operand_set(record, operand, stepped(m, operand, operand_get(record, operand)));
    else
        generate_operand(record, operand, &m->state, &taste, made);
}

/* ---- one mutation ---- */

static void mutate_once(struct mutation *m)
{
    static void (*const operators[])(struct mutation *) = {
        insert_phrase,  insert_record, insert_record, delete_run,    duplicate_run, swap_records,
        replace_record, nudge_operand, nudge_operand, nudge_operand, nudge_operand, boost_record,
    };
    unsigned choice = below(m, sizeof operators / sizeof operators[0]);

    if (m->program->count == 0)
        choice = below(m, 3);
    operators[choice](m);
    if (m->program->count > m->limit)
        m->program->count = m->limit;
}

static unsigned records_in(size_t bytes)
{
    return bytes / RECORD_SIZE < PROGRAM_MAX ? (unsigned)(bytes / RECORD_SIZE) : PROGRAM_MAX;
}

static size_t mutate(uint8_t *bytes, size_t size, size_t max, uint64_t seed)
{
    static struct program program;
    struct mutation m = {&program, records_in(max), seed};

    if (m.limit == 0)
        return 0;
    program_decode(&program, bytes, size < max ? size : max);
    for (unsigned rounds = 1 + below(&m, 4); rounds > 0; rounds--)
        mutate_once(&m);
    program_canonical(&program);
    return program_encode(&program, bytes);
}

/* ---- crossover ---- */

static size_t cross(const uint8_t *first, size_t first_size, const uint8_t *second,
                    size_t second_size, uint8_t *out, size_t max, uint64_t seed)
{
    static struct program program, other;
    struct mutation m = {&program, records_in(max), seed};
    unsigned at, from, n;

    program_decode(&program, first, first_size < max ? first_size : max);
    program_decode(&other, second, second_size);
    at = below(&m, program.count + 1);
    from = below(&m, other.count + 1);
    if (below(&m, 2)) /* the start of one, the end of the other */
        program.count = at;
    n = smaller(other.count - from, m.limit - program.count);
    if (at < program.count) /* a part of one inside the other */
        n = smaller(n, 1 + below(&m, 16));
    program_insert(&program, at, other.records + from, n);
    program_canonical(&program);
    return program_encode(&program, out);
}

/* ---- libFuzzer ---- */

__attribute__((weak)) size_t LLVMFuzzerMutate(uint8_t *bytes, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t max, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *first, size_t first_size, const uint8_t *second,
                                 size_t second_size, uint8_t *out, size_t max, unsigned seed);

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t max, unsigned seed)
{
    if (LLVMFuzzerMutate && seed % 8 == 0)
        return LLVMFuzzerMutate(bytes, size, max);
    return mutate(bytes, size, max, seed);
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *first, size_t first_size, const uint8_t *second,
                                 size_t second_size, uint8_t *out, size_t max, unsigned seed)
{
    return cross(first, first_size, second, second_size, out, max, seed);
}

/* ---- AFL++ ---- */

struct afl_mutator {
    uint64_t state;
    uint8_t out[PROGRAM_MAX * RECORD_SIZE];
};

void *afl_custom_init(void *afl, unsigned seed);
size_t afl_custom_fuzz(void *data, uint8_t *bytes, size_t size, uint8_t **out, uint8_t *add,
                       size_t add_size, size_t max);
void afl_custom_deinit(void *data);

void *afl_custom_init(void *afl, unsigned seed)
{
    struct afl_mutator *mutator = calloc(1, sizeof *mutator);

    (void)afl;
    if (mutator)
        mutator->state = seed;
    return mutator;
}

size_t afl_custom_fuzz(void *data, uint8_t *bytes, size_t size, uint8_t **out, uint8_t *add,
                       size_t add_size, size_t max)
{
    struct afl_mutator *mutator = data;
    size_t room = max < sizeof mutator->out ? max : sizeof mutator->out;

    *out = mutator->out;
    mutator->state++;
    if (add && mutator->state % 4 == 0)
        return cross(bytes, size, add, add_size, mutator->out, room, mutator->state);
    size = size < room ? size : room;
    memcpy(mutator->out, bytes, size);
    return mutate(mutator->out, size, room, mutator->state);
}

void afl_custom_deinit(void *data)
{
    free(data);
}
