/*
 * plant.c: copies the sources of core/ and plants the bugs of bugs.def in the copies.
 *
 *   plant DIRECTORY SOURCE...
 *
 * Writes DIRECTORY/NAME for each SOURCE; a copy that would not change is left alone. The good text
 * of each bug must stand exactly once in the function that it names; runs of white space match one
 * another. Lines keep their numbers. Bugs may share a text, but not overlap.
 *
 * Exit status: 0, or 2 and one line on stderr.
 */
#include <assert.h>
#include <ctype.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { VALUE, STATEMENT };

struct row {
    const char *name, *file, *function;
    enum kind kind;
    const char *good, *bad;
};

static const struct row rows[] = {
#define BUG(name, file, function, kind, good, bad, expected, rules, seen, about) \
    {#name, file, function, kind, good, bad},
#include "bugs.def"
#undef BUG
};
enum { ROWS = sizeof rows / sizeof rows[0], PATH_SIZE = 4096 };

/* Where a row's text stands in its source. */
struct site {
    const char *start, *end;
};

static void die(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

static void die(const char *format, ...)
{
    va_list arguments;

    fputs("plant: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(2);
}

/* ---- finding ---- */

/* The end of PATTERN's match at TEXT; NULL: it does not stand there. */
static const char *match(const char *text, const char *pattern)
{
    while (*pattern) {
        if (isspace((unsigned char)*pattern)) {
            if (!isspace((unsigned char)*text))
                return NULL;
            pattern += strspn(pattern, " \n");
            text += strspn(text, " \n");
        } else if (*text++ != *pattern++) {
            return NULL;
        }
    }
    return text;
}

/* Does a definition of NAME begin with the line START? */
static bool defines(const char *start, const char *name)
{
    const char *parenthesis = strchr(start, '('), *at, *end;

    if (!isalpha((unsigned char)*start) || !parenthesis)
        return false;
    at = parenthesis - strlen(name);
    if (at <= start || strncmp(at, name, strlen(name)) != 0 || (at[-1] != ' ' && at[-1] != '*'))
        return false;
    end = strpbrk(at, ";{\n");
    while (end && *end == '\n')
        end = strpbrk(end + 1, ";{\n");
    return end && *end == '{';
}

/* The body of the row's function, from brace to brace. */
static struct site find_body(const struct row *row, const char *text)
{
    const char *start, *end;

    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        start = defines(line, row->function) ? strstr(line, "\n{") : NULL;
        end = start ? strstr(start, "\n}") : NULL;
        if (end)
            return (struct site){start, end};
    }
    die("%s: %s has no function %s", row->name, row->file, row->function);
}

static struct site find_site(const struct row *row, const char *text)
{
    struct site body = find_body(row, text), found = {NULL, NULL};
    unsigned count = 0;

    for (const char *at = body.start; at < body.end; at++) {
        const char *end = match(at, row->good);

        if (!end)
            continue;
        found = (struct site){at, end};
        count++;
    }
    if (count != 1)
        die("%s: `%s` stands %u times in %s of %s, not once", row->name, row->good, count,
            row->function, row->file);
    return found;
}

/* ---- writing ---- */

/* Appends to a string of its own. */
struct text {
    char *bytes;
    size_t size, room;
};

static void append(struct text *text, const char *bytes, size_t size)
{
    if (text->size + size + 1 > text->room) {
        text->room = 2 * (text->room + size + 1);
        text->bytes = realloc(text->bytes, text->room);
        if (!text->bytes)
            die("no memory");
    }
    memcpy(text->bytes + text->size, bytes, size);
    text->size += size;
    text->bytes[text->size] = '\0';
}

static void append_format(struct text *to, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void append_format(struct text *to, const char *format, ...)
{
    char bytes[8192];
    va_list arguments;
    int size;

    va_start(arguments, format);
    size = vsnprintf(bytes, sizeof bytes, format, arguments);
    va_end(arguments);
    if (size < 0 || (size_t)size >= sizeof bytes)
        die("a planted text is too long");
    append(to, bytes, (size_t)size);
}

/* GOOD, or what ROW has in its place while its bug is selected. GOOD is owned and replaced. */
static void wrap(const struct row *row, struct text *good)
{
    struct text both = {NULL, 0, 0};

    if (row->kind == STATEMENT)
        append_format(&both,
                      "{ if (planted_at(PLANTED_%s)) { planted_wrong(true); %s } else { %s } }",
                      row->name, row->bad, good->bytes);
    else
        append_format(
            &both,
            "(__extension__({ __typeof__(%s) planted_good = (%s); planted_at(PLANTED_%s) ? "
            "({ __typeof__(%s) planted_bad = (%s); "
            "planted_wrong(planted_bad != planted_good); planted_bad; }) "
            ": planted_good; }))",
            good->bytes, good->bytes, row->name, good->bytes, row->bad);
    free(good->bytes);
    *good = both;
}

/* The text of SITE without line breaks, wrapped in every bug that is planted there. */
static void append_site(struct text *to, const struct site *sites, unsigned first)
{
    struct text good = {NULL, 0, 0};
    unsigned lines = 0;

    for (const char *at = sites[first].start; at < sites[first].end; at++) {
        lines += *at == '\n';
        append(&good, *at == '\n' ? " " : at, 1);
    }
    assert(good.bytes && "a site has text");
    for (unsigned i = first; i < ROWS; i++)
        if (sites[i].start == sites[first].start)
            wrap(&rows[i], &good);
    append(to, good.bytes, good.size);
    free(good.bytes);
    for (; lines > 0; lines--)
        append(to, "\n", 1);
}

/* The site that comes first from FROM on; ROWS: none. */
static unsigned next_site(const struct site *sites, const char *from)
{
    unsigned next = ROWS;

    for (unsigned i = 0; i < ROWS; i++)
        if (sites[i].start && sites[i].start >= from &&
            (next == ROWS || sites[i].start < sites[next].start))
            next = i;
    return next;
}

static void check_overlap(const struct site *sites)
{
    for (unsigned i = 0; i < ROWS; i++)
        for (unsigned k = 0; k < ROWS; k++)
            if (sites[i].start && sites[k].start && sites[i].start <= sites[k].start &&
                sites[k].start < sites[i].end &&
                (sites[i].start != sites[k].start || sites[i].end != sites[k].end))
                die("%s and %s overlap", rows[i].name, rows[k].name);
}

static void plant(struct text *to, const char *text, const char *file)
{
    struct site sites[ROWS] = {{NULL, NULL}};

    for (unsigned i = 0; i < ROWS; i++)
        if (strcmp(rows[i].file, file) == 0)
            sites[i] = find_site(&rows[i], text);
    check_overlap(sites);
    append_format(to, "#include \"planted.h\"\n#line 1 \"core/%s\"\n", file);
    for (unsigned i; (i = next_site(sites, text)) < ROWS; text = sites[i].end) {
        append(to, text, (size_t)(sites[i].start - text));
        append_site(to, sites, i);
    }
    append(to, text, strlen(text));
}

/* ---- files ---- */

/* The whole of PATH; false: it is not there. */
static bool read_whole(const char *path, struct text *text)
{
    FILE *file = fopen(path, "rb");
    char bytes[4096];
    size_t size;

    if (!file)
        return false;
    append(text, "", 0);
    while ((size = fread(bytes, 1, sizeof bytes, file)) > 0)
        append(text, bytes, size);
    if (ferror(file))
        die("%s: cannot be read", path);
    fclose(file);
    return true;
}

static void write_whole(const char *path, const struct text *text)
{
    char temporary[PATH_SIZE + 8];
    FILE *file;

    snprintf(temporary, sizeof temporary, "%s.new", path);
    file = fopen(temporary, "wb");
    if (!file || fwrite(text->bytes, 1, text->size, file) != text->size || fclose(file) != 0 ||
        rename(temporary, path) != 0)
        die("%s: cannot be written", path);
}

static const char *file_of(const char *source)
{
    const char *slash = strrchr(source, '/');

    return slash ? slash + 1 : source;
}

static void check_sources(char **sources, int count)
{
    for (unsigned i = 0; i < ROWS; i++) {
        int source = 0;

        while (source < count && strcmp(rows[i].file, file_of(sources[source])) != 0)
            source++;
        if (source == count)
            die("%s: there is no source %s", rows[i].name, rows[i].file);
    }
}

static void copy(const char *directory, const char *source)
{
    const char *file = file_of(source);
    struct text text = {NULL, 0, 0}, made = {NULL, 0, 0}, old = {NULL, 0, 0};
    char path[PATH_SIZE];

    if (snprintf(path, sizeof path, "%s/%s", directory, file) >= PATH_SIZE)
        die("%s: the name is too long", directory);
    if (!read_whole(source, &text))
        die("%s: cannot be read", source);
    plant(&made, text.bytes, file);
    if (!read_whole(path, &old) || strcmp(old.bytes, made.bytes) != 0)
        write_whole(path, &made);
    free(text.bytes);
    free(made.bytes);
    free(old.bytes);
}

int main(int argc, char **argv)
{
    if (argc < 3)
        die("usage: plant DIRECTORY SOURCE...");
    check_sources(argv + 2, argc - 2);
    for (int i = 2; i < argc; i++)
        copy(argv[1], argv[i]);
    return 0;
}
