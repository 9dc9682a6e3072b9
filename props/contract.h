/*
 * contract.h: where each rule of the contract stands.
 *
 * contract.def lists the rules; core/rules.def, properties.def, core/settings.def hold them.
 */
#ifndef DMARIG_CONTRACT_H
#define DMARIG_CONTRACT_H

#include "rig.h"
#include <stdbool.h>
#include <stdio.h>

enum contract_kind {
    CONTRACT_DOCUMENT,
    CONTRACT_SECTION,
    CONTRACT_RULE,
    CONTRACT_WINDOWS,
    CONTRACT_AS,
    CONTRACT_OUTSIDE
};

struct contract_row {
    enum contract_kind kind;
    const char *name;     /* the id; of a section the number */
    const char *actor;    /* "D", "N", "H", "I", "M" */
    const char *strength; /* of a section the title */
    const char *pages;
    const char *rest; /* codes, ids, or a reason */
    const char *words;
};

/* The first that applies. */
enum standing {
    STANDING_UNKNOWN, /* nothing accounts for it: a fault */
    STANDING_CHECKED,
    STANDING_CARRIED, /* told of under other ids */
    STANDING_PROPERTY,
    STANDING_SETTING,
    STANDING_INFORMATION,
    STANDING_OUTSIDE,
    STANDING_COUNT
};

extern const char *const standing_words[STANDING_COUNT];

/* Sections and documents are rows too, each ahead of its rules. */
unsigned contract_rows(void);
const struct contract_row *contract_row(unsigned index);
bool contract_is_rule(const struct contract_row *row);
const struct contract_row *contract_find(const char *name, size_t length);

enum standing contract_standing(const struct contract_row *row);

/* The row of core/rules.def with this name, or RULE_NONE. */
enum rig_rule contract_rule(const char *name, size_t length);

/* The checked rule under which a breach of this one is told: itself, or the first that carries it;
 * RULE_NONE: none. */
enum rig_rule contract_teller(const struct contract_row *row);

/* Why a rule out of scope is: of the closed list; NULL for the others. */
const char *contract_reason(const struct contract_row *row);
extern const char *const contract_reasons[];
extern const unsigned contract_reason_count;

/* Whether it only waits for a room that is not there yet. */
bool contract_is_later(const struct contract_row *row);

/* What holds a rule, or why nothing does: `checked (error: 0x7C/0x21); property a, b`. */
void contract_print_holders(FILE *to, const struct contract_row *row);

/* Writes what the tables say wrongly, one line each, and returns how many lines. */
unsigned contract_print_faults(FILE *to);

struct contract_count {
    unsigned all, standing[STANDING_COUNT], later, v3;
};

/* Of the rules of a document; NULL: of all. */
struct contract_count contract_counted(const char *document);

/* Tenths of a percent out of scope, of the rules that are not about version 3. */
unsigned contract_share(const struct contract_count *count);

/* The words of a list, separated by spaces: `for (const char *w = list; word_next(&w, &length);
 * w += length)`. */
bool word_next(const char **at, size_t *length);

#endif
