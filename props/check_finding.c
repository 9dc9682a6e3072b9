/*
 * check_finding.c: findings of dmarig check, shrunk, told and kept.
 */
#define _POSIX_C_SOURCE 200809L
#include "check_finding.h"
#include "explain.h"
#include "files.h"
#include "shrink_apart.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static uint64_t mixed(uint64_t hash, const void *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        hash = (hash ^ ((const uint8_t *)bytes)[i]) * UINT64_C(0x9E3779B97F4A7C15);
        hash ^= hash >> 29;
    }
    return hash;
}

static uint64_t program_hash(const struct program *program, const char *name)
{
    uint8_t bytes[PROGRAM_MAX * RECORD_SIZE];
    size_t size = program_encode(program, bytes);

    return mixed(mixed(0, bytes, size), name, strlen(name));
}

/* Adds it to the known ones; false: it was among them. */
static bool is_new(struct check_result *result, uint64_t hash)
{
    for (unsigned i = 0; i < result->findings; i++)
        if (result->hashes[i] == hash)
            return false;
    result->hashes[result->findings++] = hash;
    return true;
}

/* ---- saving ---- */

static char *finding_text(const struct check *check, const char *name)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);

    if (!file)
        return NULL;
    fprintf(file, "# fails %s, target %s\n", name, check->options->target->name);
    program_print(&check->shared->program, file);
    if (fclose(file) == 0)
        return text;
    free(text);
    return NULL;
}

static bool save(const struct check *check, const char *name, const char *path)
{
    char error[FILE_ERROR_MAX], *text = finding_text(check, name);
    bool good = text && (mkdir(check->options->findings, 0755) == 0 || errno == EEXIST) &&
                file_write(path, text, strlen(text), error);

    free(text);
    if (!good)
        fprintf(stderr, "dmarig check: cannot write %s\n", path);
    return good;
}

/* DIRECTORY/NAME-HASH.dma: the program as text, the name in its head. CRASH is NULL for a property.
 */
static bool tell(struct check *check, const char *name, uint64_t hash,
                 const struct job_result *crash)
{
    const struct check_shared *shared = check->shared;
    char path[2048], replay[2100];

    snprintf(path, sizeof path, "%s/%s-%016" PRIx64 ".dma", check->options->findings, name, hash);
    snprintf(replay, sizeof replay, "dmarig run %s", path);
    fputc('\n', check->out);
    if (crash)
        crash_report(check->out, &shared->program, crash, replay, check->free_operands);
    else
        report_explained(check->out, &shared->program, &shared->verdict, replay,
                         check->free_operands);
    return save(check, name, path);
}

/* ---- shrinking ---- */

static bool fails_again(void *context, const struct program *program)
{
    const struct check *check = context;
    struct run_options options = {.legal_only = check->options->legal_only, .only = check->pinned};
    struct outcome outcome;

    runner_run(check->runner, program, &options, &outcome);
    check->shared->verdict = outcome.verdict;
    return outcome.verdict.property != PROPERTY_NONE && outcome.verdict.property == check->pinned;
}

/* As WANTED says, see shrink_apart; what does not do so by itself stays as it is. */
static void shrink(struct check *check, const struct job_result *wanted)
{
    struct program *program = &check->shared->program;
    struct job_result alone;

    memset(check->free_operands, 0, sizeof check->free_operands);
    run_apart(program, fails_again, check, &alone);
    if (wanted ? alone.end == wanted->end && strcmp(alone.cause, wanted->cause) == 0
               : check->shared->verdict.property == check->pinned)
        shrink_apart(program, fails_again, check, wanted, check->free_operands);
    run_apart(program, fails_again, check, &alone);
}

bool check_found(struct check *check)
{
    struct check_result *result = &check->shared->result;
    enum property property = check->shared->verdict.property;
    const char *name = property_row(property)->name;
    uint64_t hash;

    check->pinned = property;
    shrink(check, NULL);
    hash = program_hash(&check->shared->program, name);
    if (!is_new(result, hash))
        return true;
    result->found[property]++;
    return tell(check, name, hash, NULL);
}

/* One finding for each cause: whatever crashes costs a process each time. */
bool check_crashed(struct check *check, const struct job_result *crash)
{
    uint64_t hash = mixed(1, crash->cause, strlen(crash->cause));

    if (!is_new(&check->shared->result, hash))
        return true;
    check->pinned = check->options->only;
    shrink(check, crash);
    return tell(check, crash_name(crash), hash, crash);
}
