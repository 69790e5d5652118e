/*
 * err.c - filling an ndf_error, and the texts of the codes.
 *
 * Invariant: a message is NUL-terminated, has no control byte, and is
 * valid UTF-8, not cut inside a character.
 */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "base/utf8.h"

static const struct {
    int code;
    const char *name;
    const char *text;
} errors[] = {{NDF_OK, "NDF_OK", "done"},
#define ERR_ROW(name, code, text) {code, #name, text},
    NDF_ERRORS(ERR_ROW)
#undef ERR_ROW
};

enum { ERROR_COUNT = sizeof errors / sizeof errors[0] };

const char *ndf_strerror(int code)
{
    for (size_t i = 0; i < ERROR_COUNT; i++)
        if (errors[i].code == code) return errors[i].text;
    return "unknown error";
}

const char *ndf_error_name(int code)
{
    for (size_t i = 0; i < ERROR_COUNT; i++)
        if (errors[i].code == code) return errors[i].name;
    return "NDF_EUNKNOWN";
}

/* Takes the beginning of a character off the end of a text that was cut. */
static void trim_cut(char *text, size_t size)
{
    size_t tail = 0;
    while (tail < 3 && tail < size &&
           ((unsigned char)text[size - 1 - tail] & 0xC0U) == 0x80U)
        tail++;
    if (tail == size) return;
    unsigned char lead = (unsigned char)text[size - 1 - tail];
    size_t want = lead >= 0xF0U ? 4 : lead >= 0xE0U ? 3 : lead >= 0xC0U ? 2 : 1;
    if (want > tail + 1) text[size - 1 - tail] = '\0';
}

/* C0, DEL, and C1 in their two-byte form. */
static void mask_controls(char *text)
{
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)text[0];
        unsigned char next = (unsigned char)text[1];
        if (c < 0x20U || c == 0x7FU) *text = '?';
        if (c == 0xC2U && next >= 0x80U && next < 0xA0U)
            text[0] = text[1] = '?';
    }
}

static void fill(ndf_error *error, const char *format, va_list args)
{
    int size = vsnprintf(error->message, NDF_MESSAGE_SIZE, format, args);
    if (size < 0) error->message[0] = '\0';
    if (size >= NDF_MESSAGE_SIZE)
        trim_cut(error->message, NDF_MESSAGE_SIZE - 1);
    mask_controls(error->message);
    struct str text = str_of(error->message);
    for (size_t bad = utf8_invalid_at(text); bad < text.size;
         bad = utf8_invalid_at(text))
        error->message[bad] = '?';
}

int err_at(ndf_error *error, int code, uint32_t line, uint32_t column,
    const char *format, ...)
{
    if (error == NULL) return code;
    error->code = code;
    error->line = line;
    error->column = column;
    va_list args;
    va_start(args, format);
    fill(error, format, args);
    va_end(args);
    return code;
}

int err_set(ndf_error *error, int code, const char *format, ...)
{
    if (error == NULL) return code;
    error->code = code;
    error->line = 0;
    error->column = 0;
    va_list args;
    va_start(args, format);
    fill(error, format, args);
    va_end(args);
    return code;
}

int err_prefix(ndf_error *error, const char *path)
{
    if (error == NULL) return NDF_EINVAL;
    struct str message = str_of(error->message);
    struct str name = str_of(path);
    bool there = str_starts(message, name) && message.size > name.size &&
                 message.at[name.size] == ':';
    if (there) return error->code;
    char place[32] = "";
    if (error->line > 0 && error->column > 0)
        (void)snprintf(
            place, sizeof place, "%u:%u:", error->line, error->column);
    else if (error->line > 0)
        (void)snprintf(place, sizeof place, "%u:", error->line);
    ndf_error old = *error;
    return err_at(error, old.code, old.line, old.column, "%s:%s %s", path,
        place, old.message);
}

int err_from_errno(int number)
{
    switch (number) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG: return NDF_EFULL;
    case ENOMEM: return NDF_ENOMEM;
    case EROFS:
    case EACCES:
    case EPERM: return NDF_EREADONLY;
    case ENOENT: return NDF_ENOTFOUND;
    default: return NDF_EIO;
    }
}

const char *err_errno_text(int number, char *text, size_t size)
{
    if (size > 0 && strerror_r(number, text, size) != 0)
        (void)snprintf(text, size, "error %d", number);
    return text;
}
