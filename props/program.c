/*
 * program.c: the table of operations, and what bytes mean.
 *
 * Decoding is total: every byte string is a program, and each program has one canonical form.
 */
#include "program.h"
#include "rig.h"
#include <string.h>

/* ---- the table ---- */

#define CHOICES(set, ...) static const char *const words_##set[] = {__VA_ARGS__};
#include "choices.def"
#undef CHOICES

static const char *const words_of_settings[] = {
#define MACHINE_SETTING(name, value, smallest, largest, when, ids, text) #name,
#include "settings.def"
#undef MACHINE_SETTING
};

static const char *const words_of_sites[] = {
    "any",
#define SITE(name, reached_by, refusal, text) #name,
#include "sites.def"
#undef SITE
};

/* how many operands an operation has */
#define REF(slot, class) +1
#define CHOICE(slot, shift, set, name) +1
#define NUMBER(slot, shift, bits, name) +1
#define FLAGS(slot, shift, bits, name) +1
#define VALUE(slot, name) +1
#define SETTING(slot, name) +1
#define SITE(slot, name) +1
enum {
#define OPERATION(code, name, makes, side, irql, rule, targets, operands) \
    OPERANDS_OF_##name = 0 operands,
#include "ops.def"
#undef OPERATION
    OPERANDS_OF_LIMIT
};
#undef REF
#undef CHOICE
#undef NUMBER
#undef FLAGS
#undef VALUE
#undef SETTING
#undef SITE

#define REF(slot_, class_)    \
    {.kind = OPERAND_REF,     \
     .slot = SLOT_##slot_,    \
     .bits = 8,               \
     .class = CLASS_##class_, \
     .name = #class_},
#define CHOICE(slot_, shift_, set, name_)                      \
    {.kind = OPERAND_CHOICE,                                   \
     .slot = SLOT_##slot_,                                     \
     .shift = (shift_),                                        \
     .bits = 4,                                                \
     .choices = CHOICES_##set,                                 \
     .words = words_##set,                                     \
     .word_count = sizeof words_##set / sizeof words_##set[0], \
     .name = #name_},
#define NUMBER(slot_, shift_, bits_, name_) \
    {.kind = OPERAND_NUMBER,                \
     .slot = SLOT_##slot_,                  \
     .shift = (shift_),                     \
     .bits = (bits_),                       \
     .name = #name_},
#define FLAGS(slot_, shift_, bits_, name_) \
    {.kind = OPERAND_FLAGS,                \
     .slot = SLOT_##slot_,                 \
     .shift = (shift_),                    \
     .bits = (bits_),                      \
     .name = #name_},
#define VALUE(slot_, name_) \
    {.kind = OPERAND_VALUE, .slot = SLOT_##slot_, .bits = 16, .name = #name_},
#define SETTING(slot_, name_)     \
    {.kind = OPERAND_SETTING,     \
     .slot = SLOT_##slot_,        \
     .bits = 8,                   \
     .words = words_of_settings,  \
     .word_count = SETTING_COUNT, \
     .name = #name_},
#define SITE(slot_, name_)         \
    {.kind = OPERAND_CHOICE,       \
     .slot = SLOT_##slot_,         \
     .bits = 8,                    \
     .words = words_of_sites,      \
     .word_count = RIG_SITE_COUNT, \
     .name = #name_},

const struct op_row op_table[256] = {
#define OPERATION(code, name_, makes_, side_, irql_, rule_, targets_, operands_) \
    [code] = {.name = #name_,                                                    \
              .makes = CLASS_##makes_,                                           \
              .side = SIDE_##side_,                                              \
              .irql = IRQL_##irql_,                                              \
              .irql_rule = RULE_##rule_,                                         \
              .targets = TARGET_##targets_,                                      \
              .operand_count = OPERANDS_OF_##name_,                              \
              .operands = {operands_{0}}},
#include "ops.def"
#undef OPERATION
};

const char *const class_words[CLASS_COUNT] = {
    [CLASS_nothing] = "nothing", [CLASS_driver] = "driver",   [CLASS_adapter] = "adapter",
    [CLASS_dma] = "dma",         [CLASS_list] = "list",       [CLASS_nb] = "nb",
    [CLASS_nbl] = "nbl",         [CLASS_mdl] = "mdl",         [CLASS_buffer] = "buffer",
    [CLASS_hal] = "hal",         [CLASS_device] = "device",   [CLASS_provider] = "provider",
    [CLASS_block] = "block",     [CLASS_channel] = "channel", [CLASS_base] = "base",
};

const enum name_class class_of_wrong[8] = {CLASS_adapter, CLASS_dma, CLASS_list,   CLASS_nb,
                                           CLASS_nbl,     CLASS_mdl, CLASS_device, CLASS_hal};

/* ---- operands ---- */

static unsigned slot_get(const struct record *record, enum operand_slot slot)
{
    return slot <= SLOT_r2 ? record->r[slot] : record->v[slot - SLOT_x];
}

static void slot_set(struct record *record, enum operand_slot slot, unsigned value)
{
    if (slot <= SLOT_r2)
        record->r[slot] = (uint8_t)value;
    else
        record->v[slot - SLOT_x] = (uint16_t)value;
}

static unsigned operand_mask(const struct operand *operand)
{
    return (1u << operand->bits) - 1;
}

unsigned operand_get(const struct record *record, const struct operand *operand)
{
    return slot_get(record, operand->slot) >> operand->shift & operand_mask(operand);
}

void operand_set(struct record *record, const struct operand *operand, unsigned value)
{
    unsigned mask = operand_mask(operand) << operand->shift;
    unsigned old = slot_get(record, operand->slot);

    slot_set(record, operand->slot, (old & ~mask) | (value << operand->shift & mask));
}

/* ---- references ---- */

enum { BYTE_NULL = 0xE0, BYTE_FORGED = 0xF0, BYTE_WRONG = 0xF8 };

static struct ref null_ref(enum name_class class)
{
    return (struct ref){.mode = REF_NULL, .class = class};
}

static struct ref named_ref(uint8_t byte, enum name_class class, const unsigned made[CLASS_COUNT])
{
    unsigned back = byte & 31;

    if (back >= made[class])
        return null_ref(class);
    return (struct ref){.mode = REF_NAMED, .class = class, .number = made[class] - back};
}

static struct ref wrong_ref(uint8_t byte, enum name_class class, const unsigned made[CLASS_COUNT])
{
    enum name_class other = class_of_wrong[byte & 7];

    if (other == class || made[other] == 0)
        return null_ref(class);
    return (struct ref){.mode = REF_WRONG, .class = other, .number = made[other]};
}

struct ref ref_resolve(uint8_t byte, enum name_class class, const unsigned made[CLASS_COUNT])
{
    if (byte >= BYTE_WRONG)
        return wrong_ref(byte, class, made);
    if (byte >= BYTE_FORGED)
        return (struct ref){.mode = REF_FORGED, .class = class, .number = byte & 7};
    if (byte >= BYTE_NULL)
        return null_ref(class);
    return named_ref(byte, class, made);
}

/* ---- canonical form ---- */

static unsigned ref_canonical(unsigned byte, enum name_class class,
                              const unsigned made[CLASS_COUNT])
{
    switch (ref_resolve((uint8_t)byte, class, made).mode) {
    case REF_NAMED:
        return byte & 31;
    case REF_NULL:
        return BYTE_NULL;
    default:
        return byte;
    }
}

static unsigned operand_canonical(const struct operand *operand, unsigned value,
                                  const unsigned made[CLASS_COUNT])
{
    switch (operand->kind) {
    case OPERAND_REF:
        return ref_canonical(value, operand->class, made);
    case OPERAND_CHOICE:
    case OPERAND_SETTING:
        return value < operand->word_count ? value : 0;
    case OPERAND_VALUE:
        return value_canonical((uint16_t)value);
    default:
        return value;
    }
}

static struct record record_canonical(const struct record *record, const unsigned made[CLASS_COUNT])
{
    const struct op_row *row = &op_table[record->op];
    struct record canonical = {.op = row->name ? record->op : OP_nop};

    for (unsigned i = 0; i < row->operand_count; i++) {
        const struct operand *operand = &row->operands[i];
        unsigned value = operand_canonical(operand, operand_get(record, operand), made);

        operand_set(&canonical, operand, value);
    }
    return canonical;
}

void program_canonical(struct program *program)
{
    unsigned made[CLASS_COUNT] = {0};

    for (unsigned i = 0; i < program->count; i++) {
        struct record *record = &program->records[i];

        *record = record_canonical(record, made);
        made[op_table[record->op].makes]++;
    }
}

void program_narrow(struct program *program, unsigned targets)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < program->count; i++)
        if (op_table[program->records[i].op].targets & targets)
            program->records[kept++] = program->records[i];
    program->count = kept;
    program_canonical(program);
}

/* ---- codec ---- */

static struct record record_decode(const uint8_t *b)
{
    return (struct record){.op = b[0],
                           .r = {b[1], b[2], b[3]},
                           .v = {(uint16_t)(b[4] | b[5] << 8), (uint16_t)(b[6] | b[7] << 8)}};
}

void program_decode(struct program *program, const uint8_t *bytes, size_t size)
{
    size_t count = size / RECORD_SIZE;

    program->count = count < PROGRAM_MAX ? (unsigned)count : PROGRAM_MAX;
    for (unsigned i = 0; i < program->count; i++)
        program->records[i] = record_decode(bytes + (size_t)RECORD_SIZE * i);
    program_canonical(program);
}

size_t program_encode(const struct program *program, uint8_t *bytes)
{
    for (unsigned i = 0; i < program->count; i++, bytes += RECORD_SIZE) {
        const struct record *record = &program->records[i];

        bytes[0] = record->op;
        memcpy(bytes + 1, record->r, sizeof record->r);
        for (unsigned v = 0; v < 2; v++) {
            bytes[4 + 2 * v] = (uint8_t)record->v[v];
            bytes[5 + 2 * v] = (uint8_t)(record->v[v] >> 8);
        }
    }
    return (size_t)RECORD_SIZE * program->count;
}
