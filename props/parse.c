/*
 * parse.c: text to program, with an error that names the place and what was expected there.
 *
 *   line   := [name '='] operation '(' [operand {',' operand}] ')' ['#' comment]
 *   operand := reference | key '=' word
 *
 * References count by position, wherever the keys stand between them. White space, empty lines and
 * comments are free; only the head, the comments before the first record, is read.
 */
#include "program.h"
#include "rig.h"
#include <stdarg.h>
#include <string.h>

static const char *const rule_words[RULE_COUNT] = {
#define CHECKED(id, name, strength, code, text) [RULE_##id] = name,
#include "rules.def"
#undef CHECKED
};

struct word {
    const char *start;
    size_t length;
};

struct parser {
    const char *at, *end, *line_start;
    unsigned line;
    unsigned made[CLASS_COUNT];
    struct program *program;
    struct text_head *head;
    struct text_error *error;
};

/* ---- words ---- */

static bool is_word_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '+' || c == '-';
}

static void skip_space(struct parser *p)
{
    while (p->at < p->end && (*p->at == ' ' || *p->at == '\t' || *p->at == '\r'))
        p->at++;
}

static bool at_line_end(const struct parser *p)
{
    return p->at == p->end || *p->at == '\n';
}

static bool next_is(struct parser *p, char c)
{
    skip_space(p);
    return p->at < p->end && *p->at == c;
}

static bool take(struct parser *p, char c)
{
    if (!next_is(p, c))
        return false;
    p->at++;
    return true;
}

static struct word take_word(struct parser *p)
{
    struct word word;

    skip_space(p);
    word.start = p->at;
    while (p->at < p->end && is_word_byte(*p->at))
        p->at++;
    word.length = (size_t)(p->at - word.start);
    return word;
}

static bool word_is(struct word word, const char *text)
{
    return strlen(text) == word.length && memcmp(word.start, text, word.length) == 0;
}

static int word_find(struct word word, const char *const *words, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (words[i] && word_is(word, words[i]))
            return (int)i;
    return -1;
}

/* ---- errors ---- */

static void describe_found(const struct parser *p, const char *at, char *found, size_t size)
{
    const char *end = at;

    while (end < p->end && is_word_byte(*end))
        end++;
    if (at == p->end)
        snprintf(found, size, "the end of the text");
    else if (*at == '\n')
        snprintf(found, size, "the end of the line");
    else if (end > at)
        snprintf(found, size, "%.*s", end - at > 30 ? 30 : (int)(end - at), at);
    else if (*at > ' ' && *at < 127)
        snprintf(found, size, "'%c'", *at);
    else
        snprintf(found, size, "byte 0x%02X", (unsigned char)*at);
}

/* AT is where the text goes wrong; always false, so that a caller can return it. */
__attribute__((format(printf, 3, 4))) static bool fail(struct parser *p, const char *at,
                                                       const char *format, ...)
{
    char expected[104], found[36];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(expected, sizeof expected, format, arguments);
    va_end(arguments);
    describe_found(p, at, found, sizeof found);
    p->error->line = p->line;
    p->error->column = (unsigned)(at - p->line_start) + 1;
    snprintf(p->error->message, sizeof p->error->message, "expected %s, found %s", expected, found);
    return false;
}

static bool fail_here(struct parser *p, const char *expected)
{
    skip_space(p);
    return fail(p, p->at, "%s", expected);
}

/* "one of a, b, c", or as many of them as fit */
static bool fail_words(struct parser *p, struct word word, const char *const *words, unsigned count)
{
    char list[96] = "";
    size_t used = 0;

    for (unsigned i = 0; i < count; i++) {
        size_t room = sizeof list - used;

        if (strlen(words[i]) + 6 > room) {
            snprintf(list + used, room, ", ...");
            break;
        }
        used += (size_t)snprintf(list + used, room, "%s%s", i ? ", " : "", words[i]);
    }
    return fail(p, word.start, count == 1 ? "%s" : "one of %s", list);
}

/* ---- numbers ---- */

/* All of WORD as a number: decimal, or hexadecimal after 0x. */
static bool word_number(struct word word, uint64_t *number)
{
    bool hex = word.length > 2 && word.start[0] == '0' && word.start[1] == 'x';
    unsigned base = hex ? 16 : 10;

    *number = 0;
    for (size_t i = hex ? 2 : 0; i < word.length; i++) {
        static const char digits[] = "0123456789abcdefABCDEF";
        const char *digit = memchr(digits, word.start[i], sizeof digits - 1);
        unsigned value = digit ? (unsigned)(digit - digits) : 99;

        value = value > 15 && value < 22 ? value - 6 : value;
        if (value >= base || *number > (UINT64_MAX - value) / base)
            return false;
        *number = *number * base + value;
    }
    return word.length > 0;
}

static bool parse_bits(struct parser *p, const struct operand *operand, struct word word,
                       unsigned *value)
{
    uint64_t number;

    if (!word_number(word, &number) || number >> operand->bits)
        return fail(p, word.start, "a number below %u", 1u << operand->bits);
    *value = (unsigned)number;
    return true;
}

static bool parse_limit(struct parser *p, struct word word, unsigned *value)
{
    struct word digits = {word.start + 6, word.length > 6 ? word.length - 6 : 0};
    bool minus = word.length > 5 && word.start[5] == '-';
    uint64_t delta = 0;

    if (word.length > 5 && (!word_number(digits, &delta) || delta > (minus ? 2048u : 2047u)))
        return fail(p, word.start, "limit, or limit-2048 to limit+2047");
    *value = value_limit(minus ? -(int)delta : (int)delta);
    return true;
}

static bool parse_value(struct parser *p, struct word word, unsigned *value)
{
    uint16_t encoded;
    uint64_t number;

    if (word.length >= 5 && memcmp(word.start, "limit", 5) == 0 &&
        (word.length == 5 || word.start[5] == '+' || word.start[5] == '-'))
        return parse_limit(p, word, value);
    if (!word_number(word, &number))
        return fail(p, word.start, "a number or limit");
    if (!value_encode(number, &encoded))
        return fail(p, word.start,
                    "a number that 16 bits can say (below 4096, a multiple of 8 below "
                    "32768, near a page or power of 2)");
    *value = encoded;
    return true;
}

/* ---- operands ---- */

static bool parse_keyed(struct parser *p, const struct operand *operand, unsigned *value)
{
    struct word word = take_word(p);
    int found;

    if (operand->kind == OPERAND_VALUE)
        return parse_value(p, word, value);
    if (operand->kind == OPERAND_NUMBER || operand->kind == OPERAND_FLAGS)
        return parse_bits(p, operand, word, value);
    found = word_find(word, operand->words, operand->word_count);
    if (found < 0)
        return fail_words(p, word, operand->words, operand->word_count);
    *value = (unsigned)found;
    return true;
}

/* Split "list12" into its class and its number; CLASS_nothing if WORD is no name. */
static enum name_class word_name(struct word word, unsigned *number)
{
    struct word letters = word, digits;
    uint64_t value;
    int class;

    while (letters.length > 0 && letters.start[letters.length - 1] >= '0' &&
           letters.start[letters.length - 1] <= '9')
        letters.length--;
    digits = (struct word){word.start + letters.length, word.length - letters.length};
    class = word_find(letters, class_words, CLASS_COUNT);
    if (class <= CLASS_nothing || digits.length > 3 || !word_number(digits, &value) || value == 0 ||
        digits.start[0] == '0')
        return CLASS_nothing;
    *number = (unsigned)value;
    return (enum name_class) class;
}

/* A name of another class: only the newest of some classes can be said. */
static bool parse_wrong(struct parser *p, const struct operand *operand, struct word word,
                        enum name_class class, unsigned number, unsigned *value)
{
    for (unsigned i = 0; i < 8; i++) {
        if (class_of_wrong[i] == class && number == p->made[class]) {
            *value = 0xF8 + i;
            return true;
        }
    }
    return fail(p, word.start,
                "a name of class %s, or the newest adapter, dma, list, nb, nbl, mdl, device, hal",
                class_words[operand->class]);
}

static bool parse_ref(struct parser *p, const struct operand *operand, struct word word,
                      unsigned *value)
{
    enum name_class class;
    unsigned number = 0;

    *value = 0xE0;
    if (word_is(word, "NULL"))
        return true;
    if (word.length == 7 && memcmp(word.start, "forged", 6) == 0 && word.start[6] >= '0' &&
        word.start[6] <= '7') {
        *value = 0xF0 + (unsigned)(word.start[6] - '0');
        return true;
    }
    class = word_name(word, &number);
    if (class == CLASS_nothing)
        return fail(p, word.start, "a name of class %s, NULL, or forged0 to forged7",
                    class_words[operand->class]);
    if (number > p->made[class])
        return fail(p, word.start, "a name made before (%u of class %s so far)", p->made[class],
                    class_words[class]);
    if (class != operand->class)
        return parse_wrong(p, operand, word, class, number, value);
    if (p->made[class] - number > 31)
        return fail(p, word.start, "a name at most 31 names back (%s%u or later)",
                    class_words[class], p->made[class] - 31);
    *value = p->made[class] - number;
    return true;
}

/* ---- operations ---- */

/* Which operands of an operation a text has given so far. */
struct given {
    const struct op_row *row;
    unsigned mask;
};

static const struct operand *next_ref(struct given *given)
{
    for (unsigned i = 0; i < given->row->operand_count; i++) {
        if (given->row->operands[i].kind != OPERAND_REF || given->mask >> i & 1)
            continue;
        given->mask |= 1u << i;
        return &given->row->operands[i];
    }
    return NULL;
}

/* The operand that KEY names; NULL, told, if it is none or was given already. */
static const struct operand *find_key(struct parser *p, struct given *given, struct word key)
{
    const char *keys[OPERANDS_MAX];
    unsigned count = 0;

    for (unsigned i = 0; i < given->row->operand_count; i++) {
        if (given->row->operands[i].kind == OPERAND_REF || given->mask >> i & 1)
            continue;
        keys[count++] = given->row->operands[i].name;
        if (word_is(key, given->row->operands[i].name)) {
            given->mask |= 1u << i;
            return &given->row->operands[i];
        }
    }
    if (count)
        fail_words(p, key, keys, count);
    else
        fail(p, key.start, "no more operands");
    return NULL;
}

static bool parse_operand(struct parser *p, struct given *given, struct record *record)
{
    const struct operand *operand;
    struct word word = take_word(p);
    unsigned value = 0;

    if (take(p, '=')) {
        operand = find_key(p, given, word);
        if (!operand || !parse_keyed(p, operand, &value))
            return false;
    } else {
        operand = next_ref(given);
        if (!operand)
            return fail(p, word.start, "key=word or ')'");
        if (!parse_ref(p, operand, word, &value))
            return false;
    }
    operand_set(record, operand, value);
    return true;
}

static bool parse_operands(struct parser *p, struct record *record)
{
    struct given given = {.row = &op_table[record->op]};
    const struct operand *missing;

    if (!take(p, '('))
        return fail_here(p, "'('");
    if (!next_is(p, ')')) {
        do {
            if (!parse_operand(p, &given, record))
                return false;
        } while (take(p, ','));
    }
    if (!next_is(p, ')'))
        return fail_here(p, "',' or ')'");
    missing = next_ref(&given);
    if (missing)
        return fail(p, p->at, "a name of class %s or NULL", class_words[missing->class]);
    p->at++;
    return true;
}

static bool find_operation(struct parser *p, struct word word, uint8_t *op)
{
    for (unsigned code = 0; code < 256; code++) {
        if (op_table[code].name && word_is(word, op_table[code].name)) {
            *op = (uint8_t)code;
            return true;
        }
    }
    return fail(p, word.start, "an operation (dmarig ops lists them)");
}

/* The name on the left must be the next of its class; LEFT is empty where there is none. */
static bool check_left(struct parser *p, struct word left, struct word operation, uint8_t op)
{
    const struct op_row *row = &op_table[op];
    char expected[24];

    if (row->makes == CLASS_nothing)
        return left.length == 0 ||
               fail(p, left.start, "no name before %s, which makes none", row->name);
    snprintf(expected, sizeof expected, "%s%u", class_words[row->makes], p->made[row->makes] + 1);
    if (left.length == 0)
        return fail(p, operation.start, "%s = before %s", expected, row->name);
    return word_is(left, expected) ||
           fail(p, left.start, "%s, the next name of its class", expected);
}

static bool end_line(struct parser *p)
{
    skip_space(p);
    if (!at_line_end(p) && *p->at != '#')
        return fail_here(p, "the end of the line");
    while (!at_line_end(p))
        p->at++;
    return true;
}

static bool parse_record(struct parser *p)
{
    struct record record = {0};
    struct word left = {p->at, 0}, word = take_word(p);

    if (take(p, '=')) {
        left = word;
        word = take_word(p);
    }
    if (p->program->count == PROGRAM_MAX)
        return fail(p, left.length ? left.start : word.start, "at most %d records", PROGRAM_MAX);
    if (!find_operation(p, word, &record.op) || !check_left(p, left, word, record.op) ||
        !parse_operands(p, &record) || !end_line(p))
        return false;
    p->program->records[p->program->count++] = record;
    p->made[op_table[record.op].makes]++;
    return true;
}

/* ---- the head ---- */

static bool parse_trips(struct parser *p)
{
    struct word rule = take_word(p);
    int found = word_find(rule, rule_words, RULE_COUNT);
    struct word number;
    uint64_t record;

    if (found < 0)
        return fail(p, rule.start, "a rule (dmarig rules lists them)");
    if (!word_is(take_word(p), "at") || !word_is(take_word(p), "record"))
        return fail(p, rule.start + rule.length, "'at record N' after the rule");
    number = take_word(p);
    if (!word_number(number, &record) || record == 0 || record > PROGRAM_MAX)
        return fail(p, number.start, "a record number from 1 to %d", PROGRAM_MAX);
    *p->head = (struct text_head){.rule = found, .record = (unsigned)record};
    return end_line(p);
}

static bool parse_comment(struct parser *p)
{
    p->at++;
    if (p->program->count == 0 && word_is(take_word(p), "trips"))
        return parse_trips(p);
    while (!at_line_end(p))
        p->at++;
    return true;
}

static bool parse_line(struct parser *p)
{
    skip_space(p);
    if (at_line_end(p))
        return true;
    return *p->at == '#' ? parse_comment(p) : parse_record(p);
}

bool program_parse(struct program *program, struct text_head *head, const char *text, size_t length,
                   struct text_error *error)
{
    struct parser p = {
        .at = text, .end = text + length, .program = program, .head = head, .error = error};

    program->count = 0;
    *head = (struct text_head){0};
    for (;;) {
        p.line++;
        p.line_start = p.at;
        if (!parse_line(&p))
            return false;
        if (p.at == p.end)
            return true;
        p.at++;
    }
}
