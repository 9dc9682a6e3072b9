/* files.c: see files.h. */
#define _POSIX_C_SOURCE 200809L
#include "files.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool told(char error[FILE_ERROR_MAX], const char *path, const char *what)
{
    snprintf(error, FILE_ERROR_MAX, "%s: %s", path, what);
    return false;
}

static bool read_open(FILE *file, const char *path, uint8_t *bytes, size_t *size,
                      char error[FILE_ERROR_MAX])
{
    struct stat status;

    if (fstat(fileno(file), &status) != 0)
        return told(error, path, strerror(errno));
    if (S_ISDIR(status.st_mode))
        return told(error, path, "is a directory, not a program");
    *size = fread(bytes, 1, TEXT_LIMIT + 1, file);
    if (ferror(file))
        return told(error, path, strerror(errno));
    if (*size > TEXT_LIMIT)
        return told(error, path, "is longer than 1 MiB");
    return true;
}

uint8_t *file_read(const char *path, size_t *size, char error[FILE_ERROR_MAX])
{
    bool standard = strcmp(path, "-") == 0;
    FILE *file = standard ? stdin : fopen(path, "rb");
    uint8_t *bytes;

    if (!file) {
        told(error, path, strerror(errno));
        return NULL;
    }
    bytes = malloc(TEXT_LIMIT + 1);
    if (!bytes) {
        told(error, path, "no memory");
    } else if (!read_open(file, path, bytes, size, error)) {
        free(bytes);
        bytes = NULL;
    }
    if (!standard)
        fclose(file);
    return bytes;
}

static bool write_open(int descriptor, const void *bytes, size_t size)
{
    FILE *file = fdopen(descriptor, "wb");
    bool good;

    if (!file) {
        close(descriptor);
        return false;
    }
    good = fchmod(descriptor, 0644) == 0 && fwrite(bytes, 1, size, file) == size;
    return fclose(file) == 0 && good;
}

bool file_write(const char *path, const void *bytes, size_t size, char error[FILE_ERROR_MAX])
{
    char temporary[4096];
    int descriptor;

    if (snprintf(temporary, sizeof temporary, "%s.XXXXXX", path) >= (int)sizeof temporary)
        return told(error, path, "is too long a name");
    descriptor = mkstemp(temporary);
    if (descriptor < 0)
        return told(error, path, strerror(errno));
    if (write_open(descriptor, bytes, size) && rename(temporary, path) == 0)
        return true;
    told(error, path, strerror(errno));
    unlink(temporary);
    return false;
}

bool file_is_text(const char *path)
{
    size_t length = strlen(path);

    return length > 4 && strcmp(path + length - 4, ".dma") == 0;
}

static bool parse_bytes(const char *path, const uint8_t *bytes, size_t size,
                        struct program *program, struct text_head *head, char error[FILE_ERROR_MAX])
{
    struct text_error place;

    if (program_parse(program, head, (const char *)bytes, size, &place))
        return true;
    snprintf(error, FILE_ERROR_MAX, "%s:%u:%u: %s", path, place.line, place.column, place.message);
    return false;
}

bool file_program_as(const char *path, bool text, struct program *program, struct text_head *head,
                     char error[FILE_ERROR_MAX])
{
    size_t size = 0;
    uint8_t *bytes = file_read(path, &size, error);
    bool good = bytes != NULL;

    *head = (struct text_head){0};
    if (good && text)
        good = parse_bytes(path, bytes, size, program, head, error);
    else if (good)
        program_decode(program, bytes, size);
    free(bytes);
    return good;
}

bool file_program(const char *path, struct program *program, struct text_head *head,
                  char error[FILE_ERROR_MAX])
{
    return file_program_as(path, file_is_text(path), program, head, error);
}
