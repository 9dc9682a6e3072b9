/*
 * files.h: programs on disk. Text (*.dma) or bytes, at most 1 MiB; written whole or not at all.
 */
#ifndef DMARIG_FILES_H
#define DMARIG_FILES_H

#include "program.h"

enum { FILE_ERROR_MAX = 512 };

/* The whole of PATH ("-" is standard input), to be freed; NULL and a line in ERROR if it cannot be.
 */
uint8_t *file_read(const char *path, size_t *size, char error[FILE_ERROR_MAX]);

/* PATH becomes SIZE BYTES by way of a temporary file beside it; false and a line in ERROR. */
bool file_write(const char *path, const void *bytes, size_t size, char error[FILE_ERROR_MAX]);

bool file_is_text(const char *path); /* does the name end in .dma? */

/* The program in PATH, text or bytes as its name says; HEAD is empty for bytes. */
bool file_program(const char *path, struct program *program, struct text_head *head,
                  char error[FILE_ERROR_MAX]);
/* The same, as TEXT or as bytes whatever the name. */
bool file_program_as(const char *path, bool text, struct program *program, struct text_head *head,
                     char error[FILE_ERROR_MAX]);

#endif
