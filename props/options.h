/*
 * options.h: the command line of a subcommand: --name VALUE or --name=VALUE, the rest are operands.
 */
#ifndef DMARIG_OPTIONS_H
#define DMARIG_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

enum exit_code { EXIT_CLEAN = 0, EXIT_FINDINGS = 1, EXIT_USAGE = 2 };

enum option_kind { OPTION_SWITCH, OPTION_NUMBER, OPTION_TEXT };
struct option_row {
    const char *name; /* "--runs" */
    enum option_kind kind;
    void *value; /* bool, uint64_t, const char *: what it sets */
};

/* One line on standard error: "dmarig COMMAND: ..."; returns EXIT_USAGE. */
int usage_error(const char *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Reads argv[1..argc-1]; argv[0] is the subcommand. Afterwards argv[1..*operands] are the operands.
 * False, with the error told, if an option is unknown, lacks its value or has a bad number. */
bool options_parse(int argc, char **argv, const struct option_row *rows, unsigned count,
                   int *operands);

#endif
