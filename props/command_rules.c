/*
 * command_rules.c: where each rule of the contract stands, as lines or as the table of
 * docs/contract.md.
 */
#define _POSIX_C_SOURCE 200809L
#include "command.h"
#include "contract.h"
#include "files.h"
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- the regression programs by the rule that they trip, those for hosted drivers too ---- */

enum { PROGRAMS_MAX = 4096 };

struct programs {
    unsigned count;
    struct {
        char name[320]; /* place and file: "regress/SG-01-..." */
        int rule;
    } rows[PROGRAMS_MAX];
};

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b); /* the name comes first in a row */
}

static bool add_program(struct programs *programs, const char *corpus, const char *place,
                        const char *name)
{
    char path[4096], error[FILE_ERROR_MAX];
    struct program program;
    struct text_head head;

    if (!file_is_text(name) || programs->count == PROGRAMS_MAX)
        return true;
    snprintf(path, sizeof path, "%s/%s/%s", corpus, place, name);
    if (!file_program(path, &program, &head, error)) {
        usage_error("rules", "%s", error);
        return false;
    }
    snprintf(programs->rows[programs->count].name, sizeof programs->rows[0].name, "%s/%s", place,
             name);
    programs->rows[programs->count++].rule = head.rule;
    return true;
}

static bool read_place(struct programs *programs, const char *corpus, const char *place)
{
    struct dirent *entry;
    char directory[2048];
    bool good = true;
    DIR *opened;

    snprintf(directory, sizeof directory, "%s/%s", corpus, place);
    opened = opendir(directory);
    if (!opened) {
        usage_error("rules", "%s: %s (--corpus names the directory)", directory, strerror(errno));
        return false;
    }
    while (good && (entry = readdir(opened)) != NULL)
        good = add_program(programs, corpus, place, entry->d_name);
    closedir(opened);
    return good;
}

static bool read_programs(struct programs *programs, const char *corpus)
{
    bool good =
        read_place(programs, corpus, "regress") && read_place(programs, corpus, "hosted/careless");

    qsort(programs->rows, programs->count, sizeof programs->rows[0], by_name);
    return good;
}

/* The first at AT or behind it that trips RULE; NULL: none. */
static const char *next_program(const struct programs *programs, enum rig_rule rule, unsigned *at)
{
    while (rule != RULE_NONE && *at < programs->count) {
        unsigned index = (*at)++;

        if (programs->rows[index].rule == (int)rule)
            return programs->rows[index].name;
    }
    return NULL;
}

/* ---- rows ---- */

static enum rig_rule rule_of(const struct contract_row *row)
{
    return contract_rule(row->name, strlen(row->name));
}

static const char *words_of(const struct contract_row *row)
{
    enum rig_rule rule = rule_of(row);

    return rule == RULE_NONE ? row->words : rig_rule_row(rule)->text;
}

static void print_lines(const struct programs *programs)
{
    for (unsigned i = 0; i < contract_rows(); i++) {
        const struct contract_row *row = contract_row(i);
        const char *program;
        unsigned at = 0;

        if (!contract_is_rule(row))
            continue;
        printf("%-8s %s/%-5s ", row->name, row->actor, row->strength);
        contract_print_holders(stdout, row);
        printf(". %s\n", words_of(row));
        while ((program = next_program(programs, rule_of(row), &at)) != NULL)
            printf("%9s%s\n", "", program);
    }
}

static void print_pages(const char *pages)
{
    const char *between = "";
    size_t length;

    for (const char *page = pages; word_next(&page, &length); page += length) {
        printf("%s%.*s", between, (int)length, page);
        between = ", ";
    }
}

static void print_cells(const struct contract_row *row, const struct programs *programs)
{
    unsigned at = 0;
    const char *program = next_program(programs, contract_teller(row), &at);

    printf("| %s | %s | %s | %s | ", row->name, row->actor, row->strength, words_of(row));
    contract_print_holders(stdout, row);
    printf(" | ");
    if (program) {
        const char *name = strrchr(program, '/') + 1;

        printf("[%.*s](../corpus/v1/%s)", (int)strlen(name) - 4, name, program);
    }
    printf(" | ");
    print_pages(row->pages);
    printf(" |\n");
}

static void print_section(const struct contract_row *section)
{
    printf("\n### %s %s\n\n", section->name, section->strength);
    if (section->pages[0]) {
        printf("Pages: ");
        print_pages(section->pages);
        printf("\n\n");
    }
    printf("| rule | actor | strength | what | held by | program | pages |\n"
           "| --- | --- | --- | --- | --- | --- | --- |\n");
}

static void print_table(const struct programs *programs)
{
    for (unsigned i = 0; i < contract_rows(); i++) {
        const struct contract_row *row = contract_row(i);

        if (row->kind == CONTRACT_DOCUMENT)
            printf("\n## %s\n", row->name);
        else if (row->kind == CONTRACT_SECTION)
            print_section(row);
        else
            print_cells(row, programs);
    }
}

/* ---- counts and faults ---- */

static unsigned print_unprogrammed(const struct programs *programs)
{
    unsigned faults = 0;

    for (unsigned rule = RULE_NONE + 1; rule < RULE_COUNT; rule++) {
        const struct rig_rule_row *entry = rig_rule_row((enum rig_rule)rule);
        unsigned at = 0;

        if (next_program(programs, (enum rig_rule)rule, &at))
            continue;
        printf("fault: %s: checked, and no program trips it\n", entry->name);
        faults++;
    }
    return faults;
}

/* `NAME: all=N checked=N ...`; whoever calls it ends the line. */
static void print_counts(const char *name, const char *document)
{
    struct contract_count count = contract_counted(document);
    unsigned share = contract_share(&count);

    printf("%s: all=%u checked=%u carried=%u property=%u setting=%u information=%u "
           "out_of_scope=%u v3=%u later=%u share=%u.%u%%",
           name, count.all, count.standing[STANDING_CHECKED], count.standing[STANDING_CARRIED],
           count.standing[STANDING_PROPERTY], count.standing[STANDING_SETTING],
           count.standing[STANDING_INFORMATION], count.standing[STANDING_OUTSIDE], count.v3,
           count.later, share / 10, share % 10);
}

static bool print_summary(const struct programs *programs)
{
    unsigned faults = contract_print_faults(stdout) + print_unprogrammed(programs);

    for (unsigned i = 0; i < contract_rows(); i++)
        if (contract_row(i)->kind == CONTRACT_DOCUMENT) {
            print_counts(contract_row(i)->name, contract_row(i)->name);
            putchar('\n');
        }
    print_counts("rules", NULL);
    printf(" programs=%u faults=%u\n", programs->count, faults);
    return faults == 0;
}

int command_rules(int argc, char **argv, const volatile sig_atomic_t *stop)
{
    const char *named = getenv("DMARIG_CORPUS"); /* scripts/dmarig says where it is */
    const char *corpus = named ? named : "corpus/v1";
    bool markdown = false, good = true;
    const struct option_row rows[] = {{"--corpus", OPTION_TEXT, &corpus},
                                      {"--markdown", OPTION_SWITCH, &markdown}};
    struct programs *programs;
    int operands;

    (void)stop;
    if (!options_parse(argc, argv, rows, 2, &operands))
        return EXIT_USAGE;
    if (operands > 0)
        return usage_error("rules", "takes no operand, found %s", argv[1]);
    programs = calloc(1, sizeof *programs);
    if (!programs)
        return usage_error("rules", "no memory");
    if (!read_programs(programs, corpus)) {
        free(programs);
        return EXIT_USAGE;
    }
    if (markdown)
        print_table(programs);
    else {
        print_lines(programs);
        good = print_summary(programs);
    }
    free(programs);
    return good ? EXIT_CLEAN : EXIT_FINDINGS;
}
