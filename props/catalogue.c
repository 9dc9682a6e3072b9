/*
 * catalogue.c: what there is: properties, operations, settings, sites, targets, starts.
 */
#define _POSIX_C_SOURCE 200809L
#include "check.h"
#include "command.h"
#include <inttypes.h>
#include <stdlib.h>

static bool takes_nothing(int argc, char **argv)
{
    int operands;

    if (!options_parse(argc, argv, NULL, 0, &operands))
        return false;
    if (operands > 0)
        usage_error(argv[0], "takes no operand, found %s", argv[1]);
    return operands == 0;
}

/* ---- properties ---- */

static int list_properties(const struct check_options *options)
{
    struct check_result *result = malloc(sizeof *result);
    bool good = result && check_programs(options, stdout, NULL, result);

    for (unsigned property = PROPERTY_NONE + 1; good && property < PROPERTY_COUNT; property++) {
        const struct property_row *row = property_row((enum property)property);

        printf("%-32s %10" PRIu64 "  %s\n", row->name, result->statistics.evaluated[property],
               row->meaning);
        if (row->rules[0])
            printf("%44s(%s)\n", "", row->rules);
    }
    if (good)
        printf("properties: all=%d evaluated=%u runs=%" PRIu64 "\n", PROPERTY_COUNT - 1,
               check_evaluated(&result->statistics), result->runs);
    free(result);
    return good ? EXIT_CLEAN : EXIT_USAGE;
}

int command_properties(int argc, char **argv, const volatile sig_atomic_t *stop)
{
    struct check_options options = {.target = target_find("machine"),
                                    .runs = 20000,
                                    .seed = 1,
                                    .findings = "findings",
                                    .stop = stop};
    const struct option_row rows[] = {{"--runs", OPTION_NUMBER, &options.runs}};
    int operands;

    if (!options_parse(argc, argv, rows, 1, &operands))
        return EXIT_USAGE;
    if (operands > 0)
        return usage_error("properties", "takes no operand, found %s", argv[1]);
    if (options.runs == 0)
        return usage_error("properties", "--runs wants 1 or more");
    return list_properties(&options);
}

/* ---- the other tables ---- */

static void list_operand(const struct operand *operand)
{
    switch (operand->kind) {
    case OPERAND_REF:
        printf("    %s\n", operand->name);
        break;
    case OPERAND_CHOICE:
        printf("    %s=", operand->name);
        for (unsigned i = 0; i < operand->word_count; i++)
            printf("%s%s", i ? "|" : "", operand->words[i]);
        putchar('\n');
        break;
    case OPERAND_NUMBER:
        printf("    %s=0..%u\n", operand->name, (1u << operand->bits) - 1);
        break;
    case OPERAND_FLAGS:
        printf("    %s=0x0..0x%x\n", operand->name, (1u << operand->bits) - 1);
        break;
    case OPERAND_VALUE:
        printf("    %s=NUMBER|limit|limit+N|limit-N\n", operand->name);
        break;
    case OPERAND_SETTING:
        printf("    %s=SETTING\n", operand->name);
        break;
    }
}

int command_ops(int argc, char **argv, const volatile sig_atomic_t *stop)
{
    static const char *const sides[] = {"control", "os", "device", "driver"};
    unsigned count = 0;

    (void)stop;
    if (!takes_nothing(argc, argv))
        return EXIT_USAGE;
    for (unsigned code = 0; code < 256; code++) {
        const struct op_row *row = &op_table[code];

        if (!row->name)
            continue;
        count++;
        printf("0x%02X %s (%s%s%s)\n", code, row->name, sides[row->side],
               row->makes == CLASS_nothing ? "" : ", makes ",
               row->makes == CLASS_nothing ? "" : class_words[row->makes]);
        for (unsigned i = 0; i < row->operand_count; i++)
            list_operand(&row->operands[i]);
    }
    printf("ops: all=%u\n", count);
    return EXIT_CLEAN;
}

int command_settings(int argc, char **argv, const volatile sig_atomic_t *stop)
{
    (void)stop;
    if (!takes_nothing(argc, argv))
        return EXIT_USAGE;
    for (unsigned setting = 0; setting < SETTING_COUNT; setting++) {
        const struct rig_setting_row *row = rig_setting_row((enum rig_setting)setting);

        printf("%-16s %" PRIu32 " (%" PRIu32 "..%" PRIu32 ") %-7s  %s%s%s%s\n", row->name,
               row->value, row->smallest, row->largest, row->when == RIG_boot ? "boot" : "running",
               row->text, row->ids[0] ? " (" : "", row->ids, row->ids[0] ? ")" : "");
    }
    printf("settings: all=%d\n", SETTING_COUNT);
    return EXIT_CLEAN;
}

int command_sites(int argc, char **argv, const volatile sig_atomic_t *stop)
{
    (void)stop;
    if (!takes_nothing(argc, argv))
        return EXIT_USAGE;
    for (unsigned site = RIG_SITE_any + 1; site < RIG_SITE_COUNT; site++) {
        const struct rig_site_row *row = rig_site_row((enum rig_site)site);

        printf("%-16s %s%s; refused: %s\n", row->name, row->text,
               row->hosted ? " (hosted drivers only)" : "", row->refusal);
    }
    printf("sites: all=%d\n", RIG_SITE_COUNT - 1);
    return EXIT_CLEAN;
}

int command_targets(int argc, char **argv, const volatile sig_atomic_t *stop)
{
    (void)stop;
    if (!takes_nothing(argc, argv))
        return EXIT_USAGE;
    for (unsigned i = 0; i < TARGET_COUNT; i++)
        printf("%-16s %s\n", targets[i].name, targets[i].meaning);
    printf("targets: all=%d\n", TARGET_COUNT);
    return EXIT_CLEAN;
}

int command_starts(int argc, char **argv, const volatile sig_atomic_t *stop)
{
    (void)stop;
    if (!takes_nothing(argc, argv))
        return EXIT_USAGE;
    for (unsigned i = 0; i < START_COUNT; i++)
        printf("%-20s %s\n", starts[i].name, starts[i].meaning);
    printf("starts: all=%d\n", START_COUNT);
    return EXIT_CLEAN;
}
