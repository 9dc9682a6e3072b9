/*
 * command_sweep.c: dmarig sweep.
 */
#define _POSIX_C_SOURCE 200809L
#include "command.h"
#include "files.h"
#include "shrink.h"
#include "sweep.h"
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct hunt {
    struct sweep sweep;
    const volatile sig_atomic_t *stop;
    const char *path; /* of the program that is swept */
    enum property pinned;
    bool told[PROPERTY_COUNT];
    unsigned programs, findings;
};

/* ---- findings ---- */

static bool fails_again(void *context, const struct program *program)
{
    const struct hunt *hunt = context;
    struct run_options options = {.only = hunt->pinned};
    struct outcome outcome;

    runner_run(hunt->sweep.runner, program, &options, &outcome);
    return outcome.verdict.property == hunt->pinned;
}

/* One minimum of each property is told. */
static void on_found(void *context, const struct program *program, const struct outcome *outcome)
{
    struct hunt *hunt = context;
    enum property property = outcome->verdict.property;
    struct run_options options = {.only = property};
    struct program smaller = *program;
    struct outcome again;

    hunt->findings++;
    if (hunt->told[property])
        return;
    hunt->told[property] = true;
    hunt->pinned = property;
    if (fails_again(hunt, &smaller))
        shrink_program(&smaller, fails_again, hunt);
    runner_run(hunt->sweep.runner, &smaller, &options, &again);
    printf("%s, with request %u refused:\n", hunt->path,
           operand_get(&program->records[0], &op_table[OP_fault].operands[1]) + 1);
    report_finding(stdout, &smaller, &again.verdict, NULL);
}

/* ---- programs ---- */

static bool sweep_file(struct hunt *hunt, const char *path)
{
    char error[FILE_ERROR_MAX];
    struct text_head head;
    struct program program;

    hunt->path = path;
    if (!file_program(path, &program, &head, error)) {
        usage_error("sweep", "%s", error);
        return false;
    }
    sweep_program(&hunt->sweep, &program);
    hunt->programs++;
    return true;
}

static int is_text(const struct dirent *entry)
{
    return file_is_text(entry->d_name);
}

static bool sweep_directory(struct hunt *hunt, const char *corpus, const char *part)
{
    char directory[2048], path[4096];
    struct dirent **entries;
    bool good = true;
    int count;

    snprintf(directory, sizeof directory, "%s/%s", corpus, part);
    count = scandir(directory, &entries, is_text, alphasort);
    if (count < 0) {
        usage_error("sweep", "%s: %s (--corpus names the directory)", directory, strerror(errno));
        return false;
    }
    for (int i = 0; i < count; i++) {
        snprintf(path, sizeof path, "%s/%s", directory, entries[i]->d_name);
        good = good && !(hunt->stop && *hunt->stop) && sweep_file(hunt, path);
        free(entries[i]);
    }
    free(entries);
    return good;
}

/* ---- sites ---- */

struct reach {
    unsigned all, refused;
};

/* MUST: say of each site that programs can reach and none did. */
static struct reach look_at_sites(const struct hunt *hunt, bool must)
{
    struct reach reach = {0, 0};

    for (unsigned site = RIG_SITE_any + 1; site < RIG_SITE_COUNT; site++) {
        const struct rig_site_row *row = rig_site_row((enum rig_site)site);
        bool refused = hunt->sweep.statistics.refused[site] > 0;

        if (row->hosted)
            continue;
        reach.all++;
        reach.refused += refused;
        if (must && !refused)
            printf("sweep: %s was never refused: %s\n", row->name, row->text);
    }
    return reach;
}

static int close_sweep(const struct hunt *hunt, bool whole)
{
    struct reach reach = look_at_sites(hunt, whole);
    uint64_t refused = 0;

    for (unsigned site = 0; site < RIG_SITE_COUNT; site++)
        refused += hunt->sweep.statistics.refused[site];
    printf("sweep: programs=%u runs=%" PRIu64 " refused=%" PRIu64 " sites=%u/%u findings=%u\n",
           hunt->programs, hunt->sweep.statistics.programs, refused, reach.refused, reach.all,
           hunt->findings);
    return hunt->findings || (whole && reach.refused < reach.all) ? EXIT_FINDINGS : EXIT_CLEAN;
}

static int sweep_all(struct hunt *hunt, char **paths, int count, const char *corpus)
{
    bool good = true;

    for (int i = 0; good && i < count; i++)
        good = sweep_file(hunt, paths[i]);
    if (count == 0)
        good = sweep_directory(hunt, corpus, "seed") && sweep_directory(hunt, corpus, "regress");
    if (!good && !(hunt->stop && *hunt->stop))
        return EXIT_USAGE;
    return close_sweep(hunt, count == 0 && good);
}

int command_sweep(int argc, char **argv, const volatile sig_atomic_t *stop)
{
    const char *named = getenv("DMARIG_CORPUS"); /* scripts/dmarig says where it is */
    const char *corpus = named ? named : "corpus/v1";
    const struct option_row rows[] = {{"--corpus", OPTION_TEXT, &corpus}};
    struct hunt *hunt;
    int operands, code;

    if (!options_parse(argc, argv, rows, 1, &operands))
        return EXIT_USAGE;
    hunt = calloc(1, sizeof *hunt);
    if (hunt)
        hunt->sweep = (struct sweep){.runner = runner_make(), .found = on_found, .context = hunt};
    if (!hunt || !hunt->sweep.runner) {
        free(hunt);
        return usage_error("sweep", "no memory");
    }
    hunt->stop = stop;
    code = sweep_all(hunt, argv + 1, operands, corpus);
    runner_free(hunt->sweep.runner);
    free(hunt);
    return code;
}
