/* sheet.c: see sheet.h. */
#include "sheet.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool grow(struct sheet *sheet, size_t more)
{
    size_t room = 2 * sheet->room + more + 256;
    char *text;

    if (sheet->length + more < sheet->room)
        return true;
    text = realloc(sheet->text, room);
    if (!text) {
        sheet->no_memory = true;
        return false;
    }
    sheet->text = text;
    sheet->room = room;
    return true;
}

void sheet_vprint(struct sheet *sheet, const char *format, va_list arguments)
{
    va_list again;
    int length;

    va_copy(again, arguments);
    length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (length < 0 || !grow(sheet, (size_t)length))
        return;
    vsnprintf(sheet->text + sheet->length, (size_t)length + 1, format, arguments);
    sheet->length += (size_t)length;
}

void sheet_print(struct sheet *sheet, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    sheet_vprint(sheet, format, arguments);
    va_end(arguments);
}

void sheet_add(struct sheet *sheet, const char *text)
{
    sheet_print(sheet, "%s", text);
}

const char *sheet_text(const struct sheet *sheet)
{
    return sheet->text ? sheet->text : "";
}

void sheet_free(struct sheet *sheet)
{
    free(sheet->text);
    *sheet = (struct sheet){0};
}

/* ---- identifiers ---- */

static const char *behind_literal(const char *at)
{
    for (at++; *at && *at != '"'; at++)
        if (*at == '\\' && at[1])
            at++;
    return *at ? at + 1 : at;
}

static const char *behind_comment(const char *at)
{
    const char *end = strstr(at + 2, "*/");

    return end ? end + 2 : at + strlen(at);
}

bool sheet_mentions(const struct sheet *sheet, const char *identifier)
{
    size_t wanted = strlen(identifier);
    const char *at = sheet_text(sheet);

    while (*at) {
        size_t length = 0;

        while (isalnum((unsigned char)at[length]) || at[length] == '_')
            length++;
        if (length == wanted && memcmp(at, identifier, wanted) == 0)
            return true;
        if (*at == '"')
            at = behind_literal(at);
        else if (at[0] == '/' && at[1] == '*')
            at = behind_comment(at);
        else
            at += length ? length : 1;
    }
    return false;
}
