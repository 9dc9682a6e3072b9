/* contract.c: the rules of the contract, and what the other tables say of them. */
#include "contract.h"
#include "run.h"
#include <string.h>

#define REASON_v3 "version 3 of the DMA operations"
#define REASON_hosted "visible only in a hosted driver"
#define REASON_hardware "hardware"
#define REASON_advice "advice without a test"
#define REASON_later "needs a later room"
#define REASON_elsewhere "not about DMA"
#define REASON_absent "the machine has no such thing"

const char *const contract_reasons[] = {REASON_v3,     REASON_hosted, REASON_hardware,
                                        REASON_advice, REASON_later,  REASON_elsewhere,
                                        REASON_absent};
const unsigned contract_reason_count = sizeof contract_reasons / sizeof contract_reasons[0];

static const struct contract_row rows[] = {
#define DOCUMENT(name) {CONTRACT_DOCUMENT, name, "", "", "", "", ""},
#define SECTION(number, title, pages) {CONTRACT_SECTION, number, "", title, pages, "", ""},
#define RULE(name, actor, strength, pages, words) \
    {CONTRACT_RULE, name, #actor, #strength, pages, "", words},
#define WINDOWS(name, actor, strength, pages, codes, words) \
    {CONTRACT_WINDOWS, name, #actor, #strength, pages, codes, words},
#define AS(name, actor, strength, pages, ids, words) \
    {CONTRACT_AS, name, #actor, #strength, pages, ids, words},
#define OUTSIDE(name, actor, strength, pages, reason, words) \
    {CONTRACT_OUTSIDE, name, #actor, #strength, pages, REASON_##reason, words},
#define LATER(room, ids)
#include "contract.def"
#undef DOCUMENT
#undef SECTION
#undef RULE
#undef WINDOWS
#undef AS
#undef OUTSIDE
#undef LATER
};

static const struct room {
    const char *name, *ids;
} rooms[] = {
#define DOCUMENT(name)
#define SECTION(number, title, pages)
#define RULE(name, actor, strength, pages, words)
#define WINDOWS(name, actor, strength, pages, codes, words)
#define AS(name, actor, strength, pages, ids, words)
#define OUTSIDE(name, actor, strength, pages, reason, words)
#define LATER(room, ids) {room, ids},
#include "contract.def"
    {NULL, ""},
};

const char *const standing_words[STANDING_COUNT] = {
    "unaccounted", "checked", "carried", "property", "setting", "information", "out of scope",
};

/* ---- lists of words ---- */

bool word_next(const char **at, size_t *length)
{
    *at += strspn(*at, " ");
    *length = strcspn(*at, " ");
    return *length > 0;
}

static bool word_is(const char *word, size_t length, const char *name)
{
    return strlen(name) == length && memcmp(word, name, length) == 0;
}

static bool has_word(const char *list, const char *name)
{
    size_t length;

    for (const char *word = list; word_next(&word, &length); word += length)
        if (word_is(word, length, name))
            return true;
    return false;
}

static bool share_a_word(const char *left, const char *right)
{
    size_t length, other;

    for (const char *word = left; word_next(&word, &length); word += length)
        for (const char *at = right; word_next(&at, &other); at += other)
            if (length == other && memcmp(word, at, length) == 0)
                return true;
    return false;
}

/* ---- rows ---- */

unsigned contract_rows(void)
{
    return sizeof rows / sizeof rows[0];
}

const struct contract_row *contract_row(unsigned index)
{
    return &rows[index];
}

bool contract_is_rule(const struct contract_row *row)
{
    return row->kind >= CONTRACT_RULE;
}

const struct contract_row *contract_find(const char *name, size_t length)
{
    for (unsigned i = 0; i < contract_rows(); i++)
        if (contract_is_rule(&rows[i]) && word_is(name, length, rows[i].name))
            return &rows[i];
    return NULL;
}

enum rig_rule contract_rule(const char *name, size_t length)
{
    for (unsigned rule = RULE_NONE + 1; rule < RULE_COUNT; rule++)
        if (word_is(name, length, rig_rule_row((enum rig_rule)rule)->name))
            return (enum rig_rule)rule;
    return RULE_NONE;
}

static bool is_checked(const struct contract_row *row)
{
    return contract_rule(row->name, strlen(row->name)) != RULE_NONE;
}

/* A checked rule that Windows reports under a code of this row. */
static bool reported(const struct contract_row *row, unsigned rule)
{
    const struct rig_rule_row *entry = rig_rule_row((enum rig_rule)rule);

    return row->kind == CONTRACT_WINDOWS && share_a_word(row->rest, entry->code);
}

static bool is_carried(const struct contract_row *row)
{
    if (row->kind == CONTRACT_AS)
        return true;
    for (unsigned rule = RULE_NONE + 1; rule < RULE_COUNT; rule++)
        if (reported(row, rule))
            return true;
    return false;
}

static bool is_property(const struct contract_row *row)
{
    for (unsigned property = PROPERTY_NONE + 1; property < PROPERTY_COUNT; property++)
        if (has_word(property_row((enum property)property)->rules, row->name))
            return true;
    return false;
}

static bool is_setting(const struct contract_row *row)
{
    for (unsigned setting = 0; setting < SETTING_COUNT; setting++)
        if (has_word(rig_setting_row((enum rig_setting)setting)->ids, row->name))
            return true;
    return false;
}

/* The reason of a row that is left out; NULL: it is not. */
static const char *left_out(const struct contract_row *row)
{
    return row->kind == CONTRACT_OUTSIDE ? row->rest : NULL;
}

/* A word of LATER: an id, or a family and its dash. */
static bool awaits(const char *word, size_t length, const struct contract_row *row)
{
    return word[length - 1] == '-' ? strncmp(row->name, word, length) == 0
                                   : word_is(word, length, row->name);
}

static bool is_awaited(const struct contract_row *row)
{
    size_t length;

    for (const struct room *room = rooms; room->name; room++)
        for (const char *word = room->ids; word_next(&word, &length); word += length)
            if (awaits(word, length, row))
                return true;
    return false;
}

enum standing contract_standing(const struct contract_row *row)
{
    if (is_checked(row))
        return STANDING_CHECKED;
    if (is_carried(row))
        return STANDING_CARRIED;
    if (is_property(row))
        return STANDING_PROPERTY;
    if (is_setting(row))
        return STANDING_SETTING;
    if (left_out(row))
        return STANDING_OUTSIDE;
    if (row->actor[0] == 'I')
        return STANDING_INFORMATION;
    return is_awaited(row) ? STANDING_OUTSIDE : STANDING_UNKNOWN;
}

const char *contract_reason(const struct contract_row *row)
{
    const char *reason = left_out(row);

    return contract_standing(row) != STANDING_OUTSIDE ? NULL : reason ? reason : REASON_later;
}

bool contract_is_later(const struct contract_row *row)
{
    const char *reason = contract_reason(row);

    return reason && strcmp(reason, REASON_later) == 0;
}

/* ---- what holds a rule ---- */

/* Names of one kind after each other: `as A, B; property c`. */
struct holders {
    FILE *to;
    const char *kind;
};

static void add(struct holders *holders, const char *kind, const char *name, size_t length)
{
    bool goes_on = holders->kind && strcmp(holders->kind, kind) == 0;

    fputs(goes_on ? ", " : holders->kind ? "; " : "", holders->to);
    if (!goes_on)
        fprintf(holders->to, "%s%s", kind, length ? " " : "");
    fprintf(holders->to, "%.*s", (int)length, name);
    holders->kind = kind;
}

static void add_carriers(struct holders *holders, const struct contract_row *row)
{
    const char *word = row->kind == CONTRACT_AS ? row->rest : "";
    size_t length;

    for (; word_next(&word, &length); word += length)
        add(holders, "as", word, length);
    for (unsigned rule = RULE_NONE + 1; rule < RULE_COUNT; rule++) {
        const char *name = rig_rule_row((enum rig_rule)rule)->name;

        if (reported(row, rule) && strcmp(name, row->name) != 0)
            add(holders, "as", name, strlen(name));
    }
}

static const char *const strengths[] = {"error", "warning", "advice"};

void contract_print_holders(FILE *to, const struct contract_row *row)
{
    struct holders holders = {to, NULL};
    const char *reason = contract_reason(row);

    if (is_checked(row)) {
        const struct rig_rule_row *entry =
            rig_rule_row(contract_rule(row->name, strlen(row->name)));

        add(&holders, "checked", "", 0);
        fprintf(to, " (%s%s%s)", strengths[entry->strength], entry->code[0] ? ": " : "",
                entry->code);
    }
    add_carriers(&holders, row);
    for (unsigned i = PROPERTY_NONE + 1; i < PROPERTY_COUNT; i++)
        if (has_word(property_row((enum property)i)->rules, row->name))
            add(&holders, "property", property_row((enum property)i)->name,
                strlen(property_row((enum property)i)->name));
    for (unsigned i = 0; i < SETTING_COUNT; i++)
        if (has_word(rig_setting_row((enum rig_setting)i)->ids, row->name))
            add(&holders, "setting", rig_setting_row((enum rig_setting)i)->name,
                strlen(rig_setting_row((enum rig_setting)i)->name));
    if (!holders.kind)
        fputs(standing_words[contract_standing(row)], to);
    if (reason)
        fprintf(to, ": %s", reason);
}

enum rig_rule contract_teller(const struct contract_row *row)
{
    const char *word = row->kind == CONTRACT_AS ? row->rest : row->name;
    size_t length;

    for (; word_next(&word, &length); word += length) {
        enum rig_rule rule = contract_rule(word, length);

        if (rule != RULE_NONE)
            return rule;
    }
    for (unsigned rule = RULE_NONE + 1; rule < RULE_COUNT; rule++)
        if (reported(row, rule))
            return (enum rig_rule)rule;
    return RULE_NONE;
}

/* ---- counts ---- */

struct contract_count contract_counted(const char *document)
{
    struct contract_count count = {0};
    bool counts = true;

    for (const struct contract_row *row = rows; row < rows + contract_rows(); row++) {
        if (row->kind == CONTRACT_DOCUMENT)
            counts = !document || strcmp(row->name, document) == 0;
        if (!contract_is_rule(row) || !counts)
            continue;
        count.all++;
        count.standing[contract_standing(row)]++;
        count.later += contract_is_later(row);
        count.v3 += strncmp(row->name, "HV3-", 4) == 0;
    }
    return count;
}

unsigned contract_share(const struct contract_count *count)
{
    unsigned rest = count->all - count->v3;

    return rest ? (count->standing[STANDING_OUTSIDE] - count->v3) * 1000 / rest : 0;
}

/* ---- faults ---- */

struct faults {
    FILE *to;
    unsigned count;
};

static void fault(struct faults *faults, const char *name, size_t length, const char *text)
{
    faults->count++;
    fprintf(faults->to, "fault: %.*s: %s\n", (int)length, name, text);
}

static bool is_held(const struct contract_row *row)
{
    return is_checked(row) || is_carried(row) || is_property(row) || is_setting(row);
}

/* What stands in for a rule must itself be held, and not by another that stands in. */
static void check_carriers(struct faults *faults, const struct contract_row *row, const char *ids)
{
    size_t length;

    for (const char *word = ids; word_next(&word, &length); word += length) {
        const struct contract_row *other = contract_find(word, length);

        if (!other || other->kind == CONTRACT_AS || !is_held(other))
            fault(faults, row->name, strlen(row->name), "said to be held as a rule that is not");
    }
}

static void check_row(struct faults *faults, const struct contract_row *row)
{
    const char *name = row->name, *reason = left_out(row);
    bool checked = is_checked(row);
    size_t length = strlen(name);

    if (contract_find(name, length) != row)
        fault(faults, name, length, "stands twice in contract.def");
    if (contract_standing(row) == STANDING_UNKNOWN)
        fault(faults, name, length, "nothing accounts for it");
    if (reason && is_held(row))
        fault(faults, name, length, "out of scope in one place and held in another");
    if (reason && strcmp(reason, REASON_later) == 0 && !is_awaited(row))
        fault(faults, name, length, "needs a later room, and none is to come");
    if (checked && (row->kind == CONTRACT_OUTSIDE || row->kind == CONTRACT_AS))
        fault(faults, name, length, "stands in rules.def, which says it already");
    if (row->words[0] == '\0' && !checked)
        fault(faults, name, length, "no word says what it is");
    check_carriers(faults, row, row->kind == CONTRACT_AS ? row->rest : "");
}

/* Every word names a rule of the contract. */
static void check_names(struct faults *faults, const char *names)
{
    size_t length;

    for (const char *word = names; word_next(&word, &length); word += length)
        if (!contract_find(word, length))
            fault(faults, word, length, "the contract has no such rule");
}

static void check_tables(struct faults *faults)
{
    for (unsigned rule = RULE_NONE + 1; rule < RULE_COUNT; rule++)
        check_names(faults, rig_rule_row((enum rig_rule)rule)->name);
    for (unsigned property = PROPERTY_NONE + 1; property < PROPERTY_COUNT; property++)
        check_names(faults, property_row((enum property)property)->rules);
    for (unsigned setting = 0; setting < SETTING_COUNT; setting++)
        check_names(faults, rig_setting_row((enum rig_setting)setting)->ids);
}

static bool is_stale(const char *word, size_t length)
{
    for (unsigned i = 0; i < contract_rows(); i++)
        if (contract_is_rule(&rows[i]) && awaits(word, length, &rows[i]) &&
            contract_is_later(&rows[i]))
            return false;
    return true;
}

static void check_rooms(struct faults *faults)
{
    size_t length;

    for (const struct room *room = rooms; room->name; room++)
        for (const char *word = room->ids; word_next(&word, &length); word += length)
            if (is_stale(word, length))
                fault(faults, word, length,
                      "LATER in contract.def, and no rule waits for it any more");
}

unsigned contract_print_faults(FILE *to)
{
    struct faults faults = {to, 0};

    for (unsigned i = 0; i < contract_rows(); i++)
        if (contract_is_rule(&rows[i]))
            check_row(&faults, &rows[i]);
    check_tables(&faults);
    check_rooms(&faults);
    return faults.count;
}
