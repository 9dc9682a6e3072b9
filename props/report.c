/*
 * report.c: a finding, for a person and for a fuzzing service.
 */
#include "explain.h"
#include <string.h>

static void print_marked(FILE *to, const struct program *program, unsigned record,
                         const uint16_t *free_operands)
{
    unsigned made[CLASS_COUNT] = {0};

    for (unsigned i = 0; i < program->count; i++) {
        const struct record *at = &program->records[i];

        fprintf(to, "%s %3u  ", i == record ? ">" : " ", i + 1);
        explained_record_print(at, made, free_operands ? free_operands[i] : 0, to);
        fputc('\n', to);
        if (op_table[at->op].name)
            made[op_table[at->op].makes]++;
    }
}

/* How to see it again, and how to have it in C: a program for the bare machine, that fails by
 * itself and not beside a variant. */
static void print_commands(FILE *to, const struct failure *failure, const char *replay)
{
    static const char run[] = "dmarig run ", variants[] = "metamorphic.";

    fprintf(to, "replay: %s\n", replay);
    if (!rig_layer() && strncmp(replay, run, sizeof run - 1) == 0 &&
        strncmp(failure->name, variants, sizeof variants - 1) != 0)
        fprintf(to, "in C:   dmarig emit-c %s -o repro.c\n", replay + sizeof run - 1);
}

void report_failure(FILE *to, const struct program *program, const struct failure *failure,
                    const char *replay, const uint16_t *free_operands)
{
    fprintf(to, "FAIL %s   %s\n", failure->name, failure->meaning);
    if (failure->rules[0])
        fprintf(to, "rules: %s\n", failure->rules);
    fputc('\n', to);
    print_marked(to, program, failure->record, free_operands);
    fprintf(to, "\nexpected %s\ngot      %s\n", failure->expected, failure->actual);
    if (replay)
        print_commands(to, failure, replay);
    fprintf(to, "dmarig: Assertion '%s' failed.\nDEDUP_TOKEN: %s\n", failure->name, failure->token);
}

void report_explained(FILE *to, const struct program *program, const struct verdict *verdict,
                      const char *replay, const uint16_t *free_operands)
{
    const struct property_row *row = property_row(verdict->property);
    const struct failure failure = {.name = row->name,
                                    .meaning = row->meaning,
                                    .rules = row->rules,
                                    .token = row->name,
                                    .expected = verdict->expected,
                                    .actual = verdict->actual,
                                    .record = verdict->record};

    report_failure(to, program, &failure, replay, free_operands);
}

void report_finding(FILE *to, const struct program *program, const struct verdict *verdict,
                    const char *replay)
{
    report_explained(to, program, verdict, replay, NULL);
}
