/* options.c: see options.h. */
#include "options.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int usage_error(const char *command, const char *format, ...)
{
    va_list arguments;

    fprintf(stderr, "dmarig %s: ", command);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    return EXIT_USAGE;
}

static const struct option_row *option_find(const char *word, const struct option_row *rows,
                                            unsigned count)
{
    size_t length = strcspn(word, "=");

    for (unsigned i = 0; i < count; i++)
        if (strlen(rows[i].name) == length && memcmp(rows[i].name, word, length) == 0)
            return &rows[i];
    return NULL;
}

static bool set_number(const char *command, const struct option_row *row, const char *text)
{
    char *end;
    unsigned long long number;

    errno = 0;
    number = strtoull(text, &end, 0);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0) {
        usage_error(command, "%s wants a number, not '%s'", row->name, text);
        return false;
    }
    *(uint64_t *)row->value = number;
    return true;
}

/* Takes one option and its value; *AT moves past what was used. */
static bool take_option(int argc, char **argv, int *at, const struct option_row *row)
{
    const char *value = strchr(argv[*at], '=');

    if (row->kind == OPTION_SWITCH) {
        if (value)
            usage_error(argv[0], "%s takes no value", row->name);
        *(bool *)row->value = true;
        return !value;
    }
    if (value)
        value++;
    else if (*at + 1 < argc)
        value = argv[++*at];
    else {
        usage_error(argv[0], "%s wants a value", row->name);
        return false;
    }
    if (row->kind == OPTION_NUMBER)
        return set_number(argv[0], row, value);
    *(const char **)row->value = value;
    return true;
}

bool options_parse(int argc, char **argv, const struct option_row *rows, unsigned count,
                   int *operands)
{
    bool only_operands = false;

    *operands = 0;
    for (int at = 1; at < argc; at++) {
        const struct option_row *row;

        if (only_operands || argv[at][0] != '-' || argv[at][1] == '\0') {
            argv[++*operands] = argv[at];
        } else if (strcmp(argv[at], "--") == 0) {
            only_operands = true;
        } else {
            row = option_find(argv[at], rows, count);
            if (!row) {
                usage_error(argv[0], "unknown option %s (dmarig %s --help lists them)", argv[at],
                            argv[0]);
                return false;
            }
            if (!take_option(argc, argv, &at, row))
                return false;
        }
    }
    return true;
}
