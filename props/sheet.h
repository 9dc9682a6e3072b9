/*
 * sheet.h: text that grows.
 */
#ifndef DMARIG_SHEET_H
#define DMARIG_SHEET_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/* All zero is an empty one; text is NULL until something is printed. */
struct sheet {
    char *text;
    size_t length, room;
    bool no_memory; /* something is missing */
};

void sheet_print(struct sheet *sheet, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void sheet_vprint(struct sheet *sheet, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));
/* TEXT as it is, behind what is there. */
void sheet_add(struct sheet *sheet, const char *text);
const char *sheet_text(const struct sheet *sheet); /* "" if nothing was printed */
void sheet_free(struct sheet *sheet);

/* Does IDENTIFIER occur in this C, outside of string literals and comments? */
bool sheet_mentions(const struct sheet *sheet, const char *identifier);

#endif
