/*
 * A crash file becomes a text program.
 *
 *   triage_TARGET FILE DIRECTORY
 *
 * Decodes and narrows FILE and runs it in a process of its own. What goes wrong (a finding, or a
 * process that crashes or hangs) is shrunk to the same, written to DIRECTORY/TARGET-FINDING-HASH.dma,
 * TARGET-crash-HASH.dma or TARGET-hang-HASH.dma, and reported on stderr.
 * Prints the name of the written file on stdout. A file that exists holds the same program already
 * and is left alone.
 *
 * Exit status: 0 runs clean, 1 finding written, 2 an argument cannot be used.
 */
#define _POSIX_C_SOURCE 200809L
#include "front.h"
#include "shrink_apart.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { CLEAN = 0, FOUND = 1, MISUSE = 2 };

/* What a run in a process of its own tells. */
static char *identity; /* of the finding, IDENTITY_MAX bytes, shared; "": none */
enum { IDENTITY_MAX = 96 };

static int complain(const char *path, const char *what)
{
    fprintf(stderr, "%s: %s\n", path, what);
    return MISUSE;
}

static bool read_program(const char *path, struct program *program)
{
    uint8_t bytes[PROGRAM_MAX * RECORD_SIZE];
    FILE *from = fopen(path, "rb");
    size_t size;
    bool failed;

    if (!from)
        return false;
    size = fread(bytes, 1, sizeof bytes, from);
    failed = ferror(from) != 0;
    fclose(from);
    program_decode(program, bytes, size);
    front_narrow(program);
    return !failed;
}

/* Is there the finding that WANTED names, or any if it is NULL? */
static bool finds(void *wanted, const struct program *program)
{
    bool found = front_run(program, NULL);

    snprintf(identity, IDENTITY_MAX, "%s", found ? front_identity() : "");
    return found && (!wanted || strcmp(identity, wanted) == 0);
}

static unsigned hash(const struct program *program)
{
    uint8_t bytes[PROGRAM_MAX * RECORD_SIZE];
    size_t size = program_encode(program, bytes);
    uint32_t value = 2166136261u;

    for (size_t i = 0; i < size; i++)
        value = (value ^ bytes[i]) * 16777619u;
    return value;
}

static int save(const struct program *program, const char *path, const char *name)
{
    FILE *to = fopen(path, "wx");

    if (!to && errno != EEXIST)
        return complain(path, strerror(errno));
    if (to) {
        fprintf(to, "# %s: %s\n", DMARIG_TARGET, name);
        program_print(program, to);
        if (fclose(to) != 0)
            return complain(path, strerror(errno));
    }
    puts(path);
    return FOUND;
}

static int keep(const struct program *program, const char *folder, const struct job_result *end,
                const uint16_t *free_operands)
{
    const char *name = end->end == JOB_DONE ? identity : crash_name(end);
    char path[4096], replay[4200];

    snprintf(path, sizeof path, "%s/%s-%s-%08x.dma", folder, DMARIG_TARGET, name, hash(program));
    snprintf(replay, sizeof replay, "scripts/repro %s", path);
    if (save(program, path, name) != FOUND)
        return MISUSE;
    if (end->end == JOB_DONE)
        front_report(stderr, program, replay);
    else
        crash_report(stderr, program, end, program->count ? program->count - 1 : 0, replay,
                     free_operands);
    return FOUND;
}

static int triage(struct program *program, const char *folder)
{
    uint16_t free_operands[PROGRAM_MAX] = {0};
    char wanted[IDENTITY_MAX];
    struct job_result end;

    run_apart(program, finds, NULL, &end);
    if (end.end == JOB_DONE && identity[0] == '\0')
        return CLEAN;
    if (end.end == JOB_STOPPED)
        return complain("triage", end.cause);
    memcpy(wanted, identity, sizeof wanted);
    shrink_apart(program, finds, wanted, end.end == JOB_DONE ? NULL : &end, free_operands);
    memcpy(identity, wanted, sizeof wanted);
    return keep(program, folder, &end, free_operands);
}

int main(int argc, char **argv)
{
    static struct program program;

    if (argc != 3)
        return complain(argv[0], "usage: triage_TARGET FILE DIRECTORY");
    if (!read_program(argv[1], &program))
        return complain(argv[1], strerror(errno));
    identity = shared_memory(IDENTITY_MAX);
    if (!identity)
        return complain(argv[0], "no memory");
    return triage(&program, argv[2]);
}
