/*
 * check_finding.c: findings of dmarig check, shrunk, told and kept.
 */
#include "check_finding.h"
#include <inttypes.h>
#include <string.h>

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

/* DIRECTORY/NAME-HASH.dma. CRASH is NULL for a property. */
static bool tell(const struct check *check, uint64_t hash, const struct job_result *crash)
{
    char tail[20], note[64];

    snprintf(tail, sizeof tail, "%016" PRIx64, hash);
    snprintf(note, sizeof note, "target %s", check->options->target->name);
    return finding_tell(&check->finder, crash, tail, note);
}

bool check_found(struct check *check)
{
    struct check_result *result = &check->shared->result;
    enum property property = check->shared->verdict.property;
    uint64_t hash;

    finding_take(&check->finder, &check->shared->program, property, NULL);
    hash = program_hash(&check->finder.finding->program, property_row(property)->name);
    if (!is_new(result, hash))
        return true;
    result->found[property]++;
    return tell(check, hash, NULL);
}

/* One finding for each cause: whatever crashes costs a process each time. */
bool check_crashed(struct check *check, const struct job_result *crash)
{
    uint64_t hash = mixed(1, crash->cause, strlen(crash->cause));

    if (!is_new(&check->shared->result, hash))
        return true;
    finding_take(&check->finder, &check->shared->program, check->options->only, crash);
    return tell(check, hash, crash);
}
