/*
 * program.h: the one currency. A program is a row of records; every byte string is one.
 *
 *   record := op:u8 r0:u8 r1:u8 r2:u8 x:u16 y:u16       8 bytes, little-endian; a shorter tail is ignored
 *
 * Decoding is total and canonical: it clears what an operation does not use and rewrites each
 * operand in its one canonical form, so decode(encode(p)) == p for every decoded p.
 *
 * A REF byte names an object without running the program. Each producing record defines the next
 * name of its class (`list7`), even if it fails, and a reference counts these records backwards:
 *
 *   0x00..0xDF   named: (byte & 31) names back from the newest; NULL if there are not so many
 *   0xE0..0xEF   NULL
 *   0xF0..0xF7   forged: a handle that was never given out, eight ways
 *   0xF8..0xFF   wrong class: the newest name of class_of_wrong[byte & 7]; NULL if there is none or
 *                if that is the right class after all
 */
#ifndef DMARIG_PROGRAM_H
#define DMARIG_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { PROGRAM_MAX = 256, RECORD_SIZE = 8, TEXT_LIMIT = 1 << 20 };

enum name_class {
    CLASS_nothing,
    CLASS_driver,
    CLASS_adapter,
    CLASS_dma,
    CLASS_list,
    CLASS_nb,
    CLASS_nbl,
    CLASS_mdl,
    CLASS_buffer,
    CLASS_hal,
    CLASS_device,
    CLASS_provider,
    CLASS_block,
    CLASS_channel,
    CLASS_base, /* MapRegisterBase */
    CLASS_COUNT
};

struct record {
    uint8_t op;
    uint8_t r[3];
    uint16_t v[2]; /* x, y */
};

struct program {
    unsigned count;
    struct record records[PROGRAM_MAX];
};

/* ---- the table (ops.def, choices.def) ---- */

enum operand_kind {
    OPERAND_REF,
    OPERAND_CHOICE,
    OPERAND_NUMBER,
    OPERAND_FLAGS,
    OPERAND_VALUE,
    OPERAND_SETTING
};
enum choice_set {
    CHOICES_none,
#define CHOICES(set, ...) CHOICES_##set,
#include "choices.def"
#undef CHOICES
};
enum operand_slot { SLOT_r0, SLOT_r1, SLOT_r2, SLOT_x, SLOT_y };
enum { OPERANDS_MAX = 9 }; /* one more than any operation has */

struct operand {
    enum operand_kind kind;
    enum operand_slot slot;
    uint8_t shift, bits;
    uint8_t choices;          /* OPERAND_CHOICE: enum choice_set */
    enum name_class class;    /* OPERAND_REF */
    const char *const *words; /* OPERAND_CHOICE */
    unsigned word_count;
    const char *name;
};

enum op_side { SIDE_control, SIDE_os, SIDE_device, SIDE_driver };
enum op_irql { IRQL_any, IRQL_passive, IRQL_at_most_dispatch, IRQL_dispatch };
enum op_target {
    TARGET_SG = 1,
    TARGET_NP = 2,
    TARGET_HAL = 4,
    TARGET_SHM = 8,
    TARGET_CHANNEL = 16,
    TARGET_MEMORY = TARGET_SHM | TARGET_CHANNEL,
    TARGET_BLOCK = TARGET_MEMORY | TARGET_HAL,
    TARGET_REGISTRATION = TARGET_SG | TARGET_SHM,
    TARGET_LIFE = TARGET_SG | TARGET_SHM | TARGET_CHANNEL,
    TARGET_ALL = TARGET_LIFE | TARGET_NP | TARGET_HAL
};

struct op_row {
    const char *name; /* NULL: an empty slot */
    enum name_class makes;
    enum op_side side;
    enum op_irql irql;
    int irql_rule; /* enum rig_rule */
    unsigned targets;
    unsigned operand_count;
    struct operand operands[OPERANDS_MAX];
};

extern const struct op_row op_table[256];
extern const char *const class_words[CLASS_COUNT];
extern const enum name_class class_of_wrong[8];

/* op codes: OP_nop, OP_NdisMAllocateNetBufferSGList, ... and choice values: CHOICE_timing_COUNT */
enum op_code {
#define OPERATION(code, name, makes, side, irql, rule, targets, operands) OP_##name = code,
#include "ops.def"
#undef OPERATION
    OP_LIMIT = 256
};

unsigned operand_get(const struct record *record, const struct operand *operand);
void operand_set(struct record *record, const struct operand *operand, unsigned value);

/* ---- references ---- */

enum ref_mode { REF_NAMED, REF_NULL, REF_FORGED, REF_WRONG };
struct ref {
    enum ref_mode mode;
    enum name_class class; /* of the thing named: differs from the operand's for REF_WRONG */
    unsigned number;       /* REF_NAMED, REF_WRONG: 1.. ; REF_FORGED: the way, 0..7 */
};
/* made[class]: producing records of each class before this record */
struct ref ref_resolve(uint8_t byte, enum name_class class, const unsigned made[CLASS_COUNT]);

/* ---- values: a 4-bit class and 12 bits ----
 *   0 literal 0..4095          1 multiple of 8: 8 * n          2 pages: 4096 * (n >> 6) + signed 6 bits
 *   3 limit + signed 12 bits   4 power of two: 2^(n >> 6) + signed 6 bits       5 2^64 - 1 - n
 *   6..15 as literal
 * "limit" is what the operand is measured against (the length of the buffer, the bytes left in the
 * chain, ScatterGatherListSize, ...); it is known when the record runs. */
uint64_t value_number(uint16_t value, uint64_t limit);
uint16_t value_canonical(uint16_t value); /* the first class that expresses the same number */
bool value_encode(uint64_t number, uint16_t *value); /* false: no class expresses it */
uint16_t value_limit(int delta);                     /* limit + delta, -2048..2047 */

/* ---- codec and text ---- */

void program_decode(struct program *program, const uint8_t *bytes, size_t size);
size_t program_encode(const struct program *program, uint8_t *bytes); /* 8 * count bytes */
void program_canonical(struct program *program); /* as if encoded and decoded */
void program_narrow(struct program *program,
                    unsigned targets); /* drop records foreign to the targets */
void program_print(const struct program *program, FILE *to);
/* One record as text, without newline; made[] as for ref_resolve. */
void record_print(const struct record *record, const unsigned made[CLASS_COUNT], FILE *to);

/* `# trips RULE at record N` in the head of a text */
struct text_head {
    int rule;        /* enum rig_rule; 0: none named */
    unsigned record; /* 1.. */
};
struct text_error {
    unsigned line, column; /* 1.. */
    char message[160];     /* "expected ..., found ..." */
};
bool program_parse(struct program *program, struct text_head *head, const char *text, size_t length,
                   struct text_error *error);

#endif
