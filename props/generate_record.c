/*
 * generate_record.c: one random record. Values, flags and words lean towards what a driver would
 * say, because a call that is refused for its arguments says nothing about what lies behind.
 */
#include "generate.h"
#include "random.h"
#include "rig.h"
#include <string.h>

static uint16_t encoded(uint64_t number)
{
    uint16_t value = 0;

    value_encode(number, &value);
    return value;
}

static uint64_t pick(uint64_t *state, const uint32_t *numbers, unsigned count)
{
    return numbers[random_below(state, count)];
}

#define PICK(state, ...)                         \
    pick(state, (const uint32_t[]){__VA_ARGS__}, \
         sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))

/* ---- values ---- */

static uint16_t any_value(uint64_t *state)
{
    switch (random_below(state, 6)) {
    case 0:
        return value_canonical((uint16_t)random_next(state));
    case 1:
        return value_limit((int)random_below(state, 9) - 4);
    case 2:
        return encoded(UINT64_C(1) << random_below(state, 64));
    case 3:
        return encoded(UINT64_MAX - random_below(state, 4));
    default:
        return encoded(
            PICK(state, 0, 1, 7, 8, 64, 1500, 4095, 4096, 4097, 8192, 65535, 65536, 131072));
    }
}

static uint16_t part_value(uint64_t *state)
{
    return random_percent(state, 80) ? value_limit(0)
                                     : encoded(PICK(state, 1, 14, 64, 100, 1500, 4096));
}

static uint16_t offset_value(uint64_t *state)
{
    return encoded(random_percent(state, 65) ? 0
                                             : PICK(state, 1, 8, 14, 64, 100, 2048, 4095, 4096));
}

/* From the table itself: a mutator has no core/ to ask. */
static const uint32_t largest[SETTING_COUNT] = {
#define MACHINE_SETTING(name, value, smallest, largest, when, ids, text) \
    [SETTING_##name] = (largest),
#include "settings.def"
};

static uint16_t setting_value(const struct record *record, uint64_t *state)
{
    unsigned setting = record->r[0];

    if (setting == SETTING_fail_list)
        return encoded(random_percent(state, 30));
    if (setting == SETTING_fail_shared)
        return encoded(random_percent(state, 30) ? 1 + random_below(state, 3) : 0);
    if (setting == SETTING_pack_blocks || setting == SETTING_defer_free)
        return encoded(1);
    if (setting == SETTING_fail_register)
        return encoded(random_percent(state, 30) ? 1 + random_below(state, 3) : 0);
    if (random_percent(state, 15))
        return value_limit((int)random_below(state, 2));
    if (setting == SETTING_map_registers || setting == SETTING_lists)
        return encoded(PICK(state, 2, 3, 8, 17, 64));
    if (setting == SETTING_ndis_version)
        return encoded(PICK(state, 0, 20, 30, 50, 60, 85));
    if (largest[setting] == 1)
        return encoded(1);
    return encoded(1 + random_below(state, 4));
}

static uint16_t sensible_value(const struct record *record, const struct operand *operand,
                               uint64_t *state)
{
    bool first = operand->slot == SLOT_x;

    switch (record->op) {
    case OP_set:
        return setting_value(record, state);
    case OP_buffer:
        return first ? encoded(PICK(state, 64, 512, 1024, 1500, 2048, 4096, 4096, 6000, 8192, 9000,
                                    16384, 65536))
                     : offset_value(state);
    case OP_NdisMRegisterScatterGatherDma:
    case OP_NdisMRegisterDmaChannel:
    case OP_IoGetDmaAdapter:
        return encoded(PICK(state, 65536, 65536, 65536, 1500, 4096, 9000, 131072, 0));
    case OP_NdisMAllocateSharedMemory:
    case OP_NdisMAllocateSharedMemoryAsyncEx:
    case OP_NdisAllocateSharedMemory:
    case OP_AllocateCommonBuffer:
        return encoded(PICK(state, 1, 64, 100, 256, 896, 2048, 4096, 4097, 6000, 16384));
    case OP_NdisMAllocateNetBufferSGList:
        return value_limit(random_percent(state, 80) ? 0 : -1);
    case OP_NdisAdvanceNetBufferDataStart:
    case OP_NdisRetreatNetBufferDataStart:
        return encoded(PICK(state, 0, 1, 14, 20, 64, 1500));
    case OP_NetDmaRegisterProvider:
        return encoded(PICK(state, 1, 2, 4, 64));
    case OP_NetDmaProviderStart:
        return encoded(first ? PICK(state, 1, 2, 4) : PICK(state, 4096, 8192, 65536));
    default:
        return strcmp(operand->name, "offset") == 0 ? offset_value(state) : part_value(state);
    }
}

static unsigned draw_value(const struct record *record, const struct operand *operand,
                           uint64_t *state)
{
    return random_percent(state, 88) ? sensible_value(record, operand, state) : any_value(state);
}

/* ---- flags, words ---- */

static unsigned draw_flags(const struct record *record, const struct operand *operand,
                           uint64_t *state)
{
    if (random_percent(state, 6))
        return random_below(state, 1u << operand->bits);
    if (record->op == OP_NdisMSetMiniportAttributes)
        return random_percent(state, 90) ? 0x40 : 0x440;
    if (record->op == OP_NdisMAllocateNetBufferSGList)
        return random_percent(state, 75);
    if (record->op == OP_NdisMRegisterScatterGatherDma)
        return random_percent(state, 50);
    if (record->op == OP_NdisMRegisterDmaChannel || record->op == OP_IoGetDmaAdapter)
        return random_below(state, 1u << operand->bits);
    return 0;
}

static bool has_words(const struct operand *operand, enum op_code op, unsigned index)
{
    return operand->words == op_table[op].operands[index].words;
}

/* Timing and frames are free choices of the program; of the others the first word is the usual one,
 * and of a level it is DISPATCH_LEVEL. */
static unsigned draw_choice(const struct record *record, const struct operand *operand,
                            uint64_t *state)
{
    bool free_choice =
        (operand->slot >= SLOT_x && operand->shift == 12 && operand->word_count == 3) ||
        has_words(operand, OP_buffer, 2);

    if (record->op == OP_KeRaiseIrql && random_percent(state, 85))
        return 2;
    if (record->op == OP_NdisMRegisterMiniportDriver && operand->slot == SLOT_r0 &&
        random_percent(state, 80))
        return random_below(state, 9);
    if (record->op == OP_NdisMSetMiniportAttributes && operand->slot == SLOT_r1)
        return random_below(state, 2);
    if (!free_choice && random_percent(state, 75))
        return 0;
    return random_below(state, operand->word_count);
}

static unsigned draw_number(const struct operand *operand, uint64_t *state)
{
    return random_percent(state, 70)
               ? random_below(state, 2)
               : random_below(state, operand->bits < 4 ? 1u << operand->bits : 16);
}

static unsigned draw_setting(uint64_t *state)
{
    return random_percent(state, 50) ? random_below(state, SETTING_fail_list)
                                     : random_below(state, SETTING_COUNT);
}

static unsigned draw_wild(const struct operand *operand, uint64_t *state)
{
    if (operand->kind == OPERAND_VALUE)
        return any_value(state);
    if (operand->kind == OPERAND_FLAGS)
        return random_percent(state, 70) ? 1u << random_below(state, operand->bits)
                                         : random_below(state, 1u << operand->bits);
    return random_below(state, operand->words ? operand->word_count : 1u << operand->bits);
}

/* ---- references ---- */

/* Where NULL is as good as a name. */
static bool may_be_null(const struct record *record, enum operand_slot slot)
{
    return (record->op == OP_NdisMAllocateNetBufferSGList && slot == SLOT_r2) ||
           (record->op == OP_mdl && slot == SLOT_r1) ||
           (record->op == OP_net_buffer_list && slot != SLOT_r0);
}

static unsigned draw_ref(const struct record *record, const struct operand *operand,
                         uint64_t *state, const struct taste *taste,
                         const unsigned made[CLASS_COUNT])
{
    unsigned names = made[operand->class] < 32 ? made[operand->class] : 32;

    if (random_percent(state, taste->adversarial))
        return 0xE0 + random_below(state, 32);
    if (names == 0 || (may_be_null(record, operand->slot) && random_percent(state, 70)))
        return 0xE0;
    if (random_percent(state, taste->newest))
        return random_below(state, names < 2 ? names : 2);
    return random_below(state, names);
}

/* ---- records ---- */

void generate_operand(struct record *record, const struct operand *operand, uint64_t *state,
                      const struct taste *taste, const unsigned made[CLASS_COUNT])
{
    unsigned value = 0;

    if (operand->kind != OPERAND_REF && random_percent(state, taste->wild)) {
        operand_set(record, operand, draw_wild(operand, state));
        return;
    }
    switch (operand->kind) {
    case OPERAND_REF:
        value = draw_ref(record, operand, state, taste, made);
        break;
    case OPERAND_CHOICE:
        value = draw_choice(record, operand, state);
        break;
    case OPERAND_NUMBER:
        value = draw_number(operand, state);
        break;
    case OPERAND_FLAGS:
        value = draw_flags(record, operand, state);
        break;
    case OPERAND_VALUE:
        value = draw_value(record, operand, state);
        break;
    case OPERAND_SETTING:
        value = draw_setting(state);
        break;
    }
    operand_set(record, operand, value);
}

void generate_operands(struct record *record, uint64_t *state, const struct taste *taste,
                       const unsigned made[CLASS_COUNT])
{
    const struct op_row *row = &op_table[record->op];

    for (unsigned i = 0; i < row->operand_count; i++)
        generate_operand(record, &row->operands[i], state, taste, made);
}

static enum op_code draw_operation(uint64_t *state, unsigned targets)
{
    uint8_t codes[256];
    unsigned count = 0;

    for (unsigned code = 1; code < 256; code++)
        if (op_table[code].targets & targets)
            codes[count++] = (uint8_t)code;
    return codes[random_below(state, count)];
}

void generate_record(struct record *record, uint64_t *state, unsigned targets,
                     const unsigned made[CLASS_COUNT])
{
    static const struct taste usual = {.adversarial = 8, .newest = 60, .wild = 5};

    *record = (struct record){.op = (uint8_t)draw_operation(state, targets)};
    generate_operands(record, state, &usual, made);
}
