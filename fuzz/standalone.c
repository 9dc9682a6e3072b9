/*
 * A target without an engine: runs it over files, and over the files of directories.
 *
 *   replay_TARGET FILE|DIRECTORY...
 *
 * Exit status: 0, or 2 if an argument cannot be read. A finding aborts.
 */
#define _POSIX_C_SOURCE 200809L
#include "program.h"
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static unsigned long inputs;

static bool complain(const char *path, const char *what)
{
    fprintf(stderr, "%s: %s\n", path, what);
    return false;
}

static bool run_file(const char *path)
{
    static uint8_t bytes[TEXT_LIMIT + 1];
    FILE *from = fopen(path, "rb");
    size_t size;
    bool failed;

    if (!from)
        return complain(path, strerror(errno));
    size = fread(bytes, 1, sizeof bytes, from);
    failed = ferror(from) != 0;
    fclose(from);
    if (failed)
        return complain(path, "cannot be read");
    if (size > TEXT_LIMIT)
        return complain(path, "is over 1 MiB");
    LLVMFuzzerTestOneInput(bytes, size);
    inputs++;
    return true;
}

static bool is_directory(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static bool run_directory(const char *path)
{
    struct dirent **entries;
    int count = scandir(path, &entries, NULL, alphasort);
    bool good = true;

    if (count < 0)
        return complain(path, strerror(errno));
    for (int i = 0; i < count; i++) {
        char inner[4096];
        int length = snprintf(inner, sizeof inner, "%s/%s", path, entries[i]->d_name);

        if (entries[i]->d_name[0] != '.' && (size_t)length < sizeof inner && !is_directory(inner))
            good &= run_file(inner);
        free(entries[i]);
    }
    free(entries);
    return good;
}

int main(int argc, char **argv)
{
    bool good = argc > 1;

    if (argc < 2)
        fprintf(stderr, "usage: %s FILE|DIRECTORY...\n", argv[0]);
    for (int i = 1; i < argc; i++)
        good &= is_directory(argv[i]) ? run_directory(argv[i]) : run_file(argv[i]);
    printf("replay: inputs=%lu\n", inputs);
    return good ? 0 : 2;
}
