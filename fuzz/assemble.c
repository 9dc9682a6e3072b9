/*
 * Text programs become an engine's seeds.
 *
 *   assemble DIRECTORY FILE.dma...
 *
 * Writes the bytes of each FILE to DIRECTORY under its name without the ending. Exit status: 0, or
 * 2 if a file cannot be used.
 */
#include "files.h"
#include <string.h>

static bool assemble(const char *folder, const char *path, char error[FILE_ERROR_MAX])
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    size_t length = strlen(name) - (file_is_text(name) ? strlen(".dma") : 0);
    char out[4096];
    uint8_t bytes[PROGRAM_MAX * RECORD_SIZE];
    struct program program;
    struct text_head head;

    if (!file_program_as(path, true, &program, &head, error))
        return false;
    snprintf(out, sizeof out, "%s/%.*s", folder, (int)length, name);
    return file_write(out, bytes, program_encode(&program, bytes), error);
}

int main(int argc, char **argv)
{
    char error[FILE_ERROR_MAX];

    if (argc < 2) {
        fputs("usage: assemble DIRECTORY FILE.dma...\n", stderr);
        return 2;
    }
    for (int i = 2; i < argc; i++) {
        if (!assemble(argv[1], argv[i], error)) {
            fprintf(stderr, "assemble: %s\n", error);
            return 2;
        }
    }
    return 0;
}
