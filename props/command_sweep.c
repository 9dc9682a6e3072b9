/*
 * command_sweep.c: dmarig sweep.
 */
#define _POSIX_C_SOURCE 200809L
#include "command.h"
#include "files.h"
#include "finding.h"
#include "sweep.h"
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { PATIENCE = 20000, CAUSES_MAX = 32, CRASHES_MAX = 200 };

struct item {
    char *path;
    struct program program;
};

/* In memory that the process which sweeps shares with the one that waits for it. */
struct shared {
    struct sweep sweep;
    unsigned done; /* items; the next one is being swept */
};
struct hunt {
    struct shared *shared;
    struct finder finder;
    const volatile sig_atomic_t *stop;
    struct item *items;
    unsigned count;
    bool told[PROPERTY_COUNT], unsaved;
    char causes[CAUSES_MAX][CAUSE_MAX]; /* of crashes that were told */
    unsigned cause_count, crashes, findings;
};

static bool is_stopped(const struct hunt *hunt)
{
    return hunt->stop && *hunt->stop;
}

/* ---- findings ---- */

/* One minimum of each property and of each cause of a crash is told. */
static void tell(struct hunt *hunt, enum property property, const struct job_result *crash)
{
    const struct sweep *sweep = &hunt->shared->sweep;
    const char *path = hunt->items[hunt->shared->done].path, *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    char tail[256], note[256];

    finding_take(&hunt->finder, &sweep->program, property, crash);
    snprintf(tail, sizeof tail, "sweep-%.*s", (int)strcspn(name, "."), name);
    snprintf(note, sizeof note, "found by a sweep of %.200s", name);
    if (sweep->number == 0)
        printf("%s, with nothing refused:\n", path);
    else
        printf("%s, with request %u refused:\n", path, sweep->number);
    hunt->unsaved |= !finding_tell(&hunt->finder, crash, tail, note);
}

static void on_found(struct hunt *hunt)
{
    enum property property = hunt->shared->sweep.property;

    hunt->findings++;
    if (!hunt->told[property])
        tell(hunt, property, NULL);
    hunt->told[property] = true;
}

static void on_crash(struct hunt *hunt, const struct job_result *end)
{
    hunt->findings++;
    hunt->crashes++;
    for (unsigned i = 0; i < hunt->cause_count; i++)
        if (strcmp(hunt->causes[i], end->cause) == 0)
            return;
    if (hunt->cause_count < CAUSES_MAX)
        memcpy(hunt->causes[hunt->cause_count++], end->cause, sizeof end->cause);
    tell(hunt, PROPERTY_NONE, end);
}

/* ---- the sweep, a process of its own ---- */

static void sweep_job(void *context)
{
    struct hunt *hunt = context;
    struct shared *shared = hunt->shared;

    for (; shared->done < hunt->count && !is_stopped(hunt); shared->done++) {
        isolate_alive(PATIENCE);
        if (!sweep_program(&shared->sweep, &hunt->items[shared->done].program))
            return;
    }
}

/* False: it was ended. */
static bool sweep_items(struct hunt *hunt)
{
    struct sweep *sweep = &hunt->shared->sweep;
    struct job_result end;

    while (hunt->shared->done < hunt->count && !is_stopped(hunt) && hunt->crashes < CRASHES_MAX) {
        sweep->property = PROPERTY_NONE;
        isolate(sweep_job, hunt, &end);
        if (end.end == JOB_STOPPED)
            return false;
        if (end.end != JOB_DONE)
            on_crash(hunt, &end);
        else if (sweep->property != PROPERTY_NONE)
            on_found(hunt);
        else
            continue;
        hunt->shared->done += sweep_skip(sweep);
    }
    return hunt->shared->done == hunt->count;
}

/* ---- programs ---- */

static bool add_file(struct hunt *hunt, const char *path)
{
    char error[FILE_ERROR_MAX];
    struct text_head head;
    struct item *items = realloc(hunt->items, (hunt->count + 1) * sizeof *items);

    if (!items) {
        usage_error("sweep", "no memory");
        return false;
    }
    hunt->items = items;
    items[hunt->count].path = NULL;
    if (!file_program(path, &items[hunt->count].program, &head, error)) {
        usage_error("sweep", "%s", error);
        return false;
    }
    items[hunt->count].path = strdup(path);
    return items[hunt->count++].path != NULL;
}

static int is_text(const struct dirent *entry)
{
    return file_is_text(entry->d_name);
}

static bool add_directory(struct hunt *hunt, const char *corpus, const char *part)
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
        good = good && add_file(hunt, path);
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
        bool refused = hunt->shared->sweep.statistics.refused[site] > 0;

        if (row->hosted)
            continue;
        reach.all++;
        reach.refused += refused;
        if (must && !refused && !rig_layer()) /* another NDIS layer asks for other things */
            printf("sweep: %s was never refused: %s\n", row->name, row->text);
    }
    return reach;
}

static int close_sweep(const struct hunt *hunt, bool whole)
{
    struct reach reach = look_at_sites(hunt, whole);
    uint64_t refused = 0;

    for (unsigned site = 0; site < RIG_SITE_COUNT; site++)
        refused += hunt->shared->sweep.statistics.refused[site];
    printf("sweep: programs=%u runs=%" PRIu64 " refused=%" PRIu64 " sites=%u/%u findings=%u\n",
           hunt->shared->done, hunt->shared->sweep.statistics.programs, refused, reach.refused,
           reach.all, hunt->findings);
    return hunt->findings || (whole && reach.refused < reach.all && !rig_layer()) ? EXIT_FINDINGS
                                                                                  : EXIT_CLEAN;
}

static int sweep_all(struct hunt *hunt, char **paths, int count, const char *corpus)
{
    bool good = true, whole;
    int code;

    for (int i = 0; good && i < count; i++)
        good = add_file(hunt, paths[i]);
    if (count == 0)
        good = add_directory(hunt, corpus, "seed") && add_directory(hunt, corpus, "regress");
    if (!good)
        return EXIT_USAGE;
    whole = sweep_items(hunt);
    code = close_sweep(hunt, count == 0 && whole);
    if (hunt->unsaved)
        return EXIT_USAGE;
    return whole ? code : EXIT_FINDINGS;
}

static bool open_hunt(struct hunt *hunt)
{
    hunt->shared = shared_memory(sizeof *hunt->shared);
    if (!hunt->shared || !finder_open(&hunt->finder))
        return false;
    hunt->shared->sweep.runner = hunt->finder.runner;
    return true;
}

static void close_hunt(struct hunt *hunt)
{
    for (unsigned i = 0; i < hunt->count; i++)
        free(hunt->items[i].path);
    free(hunt->items);
    finder_close(&hunt->finder);
    shared_memory_free(hunt->shared, sizeof *hunt->shared);
}

int command_sweep(int argc, char **argv, const volatile sig_atomic_t *stop)
{
    const char *named = getenv("DMARIG_CORPUS"); /* scripts/dmarig says where it is */
    const char *corpus = named ? named : "corpus/v1", *findings = "findings";
    const struct option_row rows[] = {{"--corpus", OPTION_TEXT, &corpus},
                                      {"--findings", OPTION_TEXT, &findings}};
    struct hunt hunt = {.stop = stop};
    int operands, code;

    if (!options_parse(argc, argv, rows, 2, &operands))
        return EXIT_USAGE;
    hunt.finder = (struct finder){.command = "sweep", .directory = findings, .out = stdout};
    if (open_hunt(&hunt))
        code = sweep_all(&hunt, argv + 1, operands, corpus);
    else
        code = usage_error("sweep", "no memory");
    close_hunt(&hunt);
    return code;
}
