/*
 * A crash file becomes a text program.
 *
 *   triage_TARGET FILE DIRECTORY
 *
 * Decodes and narrows FILE and runs it in a process of its own. What goes wrong (a finding, or a
 * process that ends by a sanitizer or a signal) is shrunk to the same and written to
 * DIRECTORY/TARGET-FINDING-HASH.dma, or TARGET-crash-HASH.dma; a finding is reported on stderr.
 * Prints the name of the written file on stdout. A file that exists holds the same program already
 * and is left alone.
 *
 * Exit status: 0 runs clean, 1 finding written, 2 an argument cannot be used.
 */
#define _POSIX_C_SOURCE 200809L
#include "front.h"
#include "shrink.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CLEAN = 0, FOUND = 1, MISUSE = 2 };
enum { CHILD_FOUND = 77 };  /* unlike what a sanitizer ends a process with */
enum { FORKS_MOST = 2000 }; /* for shrinking a crash: each candidate is a process */

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

/* How a run in a process of its own ends: 0, CHILD_FOUND, or anything else for a crash. */
static int try_run(const struct program *program)
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
        _exit(front_run(program, NULL) ? CHILD_FOUND : 0);
    }
    if (child < 0 || waitpid(child, &status, 0) != child)
        abort();
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool same_finding(void *identity, const struct program *program)
{
    return front_run(program, NULL) && strcmp(front_identity(), identity) == 0;
}

static bool same_end(void *end, const struct program *program)
{
    return try_run(program) == *(int *)end;
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

static int save(const struct program *program, const char *path, const char *identity)
{
    FILE *to = fopen(path, "wx");

    if (!to && errno != EEXIST)
        return complain(path, strerror(errno));
    if (to) {
        fprintf(to, "# %s: %s\n", DMARIG_TARGET, identity);
        program_print(program, to);
        if (fclose(to) != 0)
            return complain(path, strerror(errno));
    }
    puts(path);
    return FOUND;
}

static int keep(const struct program *program, const char *folder, const char *identity)
{
    char path[4096], replay[4200];

    snprintf(path, sizeof path, "%s/%s-%s-%08x.dma", folder, DMARIG_TARGET, identity,
             hash(program));
    snprintf(replay, sizeof replay, "scripts/repro %s", path);
    if (save(program, path, identity) != FOUND)
        return MISUSE;
    if (strcmp(identity, "crash") != 0) {
        front_report(stderr, program, replay);
    } else {
        program_print(program, stderr);
        fprintf(stderr, "the process ended in this program\nreplay: %s\n", replay);
    }
    return FOUND;
}

static int triage_finding(struct program *program, const char *folder)
{
    char identity[96];

    front_run(program, NULL);
    snprintf(identity, sizeof identity, "%s", front_identity());
    shrink_program(program, same_finding, identity);
    return keep(program, folder, identity);
}

int main(int argc, char **argv)
{
    static struct program program;
    int end;

    if (argc != 3)
        return complain(argv[0], "usage: triage_TARGET FILE DIRECTORY");
    if (!read_program(argv[1], &program))
        return complain(argv[1], strerror(errno));
    end = try_run(&program);
    if (end == 0)
        return CLEAN;
    if (end == CHILD_FOUND)
        return triage_finding(&program, argv[2]);
    shrink_program_within(&program, same_end, &end, FORKS_MOST);
    return keep(&program, argv[2], "crash");
}
