/*
 * cli.c - memory, messages and documents of the commands.
 */
#include "cli/cli.h"

#include <float.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { WORD_MAX = 200, WORD_HEAD = 60, WORD_TAIL = 100 };

static _Noreturn void out_of_memory(void)
{
    (void)fputs("ndf: out of memory\n", stderr);
    exit(STATUS_STORE);
}

void *cli_alloc(size_t size)
{
    void *ptr = calloc(1, size == 0 ? 1 : size);
    if (ptr == NULL) out_of_memory();
    return ptr;
}

void *cli_resize(void *ptr, size_t size)
{
    void *moved = realloc(ptr, size == 0 ? 1 : size);
    if (moved == NULL) out_of_memory();
    return moved;
}

char *cli_text(const char *text)
{
    char *copy = cli_alloc(strlen(text) + 1);
    return memcpy(copy, text, strlen(text) + 1);
}

static char *format_list(const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int size = vsnprintf(NULL, 0, format, args);
    size_t room = (size_t)(size < 0 ? 0 : size) + 1;
    char *text = cli_alloc(room);
    (void)vsnprintf(text, room, format, again);
    va_end(again);
    return text;
}

char *cli_format(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = format_list(format, args);
    va_end(args);
    return text;
}

void cli_free(void *ptr)
{
    free(ptr);
}

/* The first byte of a character, at or after i. */
static size_t next_character(const char *text, size_t i)
{
    while (((unsigned char)text[i] & 0xC0U) == 0x80U)
        i++;
    return i;
}

void cli_cut_words(char *text)
{
    static const char dots[] = "...";
    char *out = text;
    while (*text != '\0') {
        size_t size = strcspn(text, " \n");
        if (size > WORD_MAX) {
            size_t head = next_character(text, WORD_HEAD);
            size_t tail = next_character(text, size - WORD_TAIL);
            memmove(out, text, head);
            memcpy(out + head, dots, strlen(dots));
            memmove(out + head + strlen(dots), text + tail, size - tail);
            out += head + strlen(dots) + (size - tail);
        } else {
            memmove(out, text, size);
            out += size;
        }
        text += size;
        if (*text != '\0') *out++ = *text++;
    }
    *out = '\0';
}

/* Nothing that comes from outside may steer the terminal, so messages are
 * formatted first and cleaned then. */
static void print_sentence(const struct cli *cli, enum style style,
    const char *start, const char *format, va_list args)
{
    char *text = format_list(format, args);
    cli_cut_words(text);
    (void)fflush(stdout);
    term_styled(&cli->err, style, start);
    (void)term_line(&cli->err, text, 0);
    (void)fputc('\n', cli->err.file);
    cli_free(text);
}

int cli_fail(const struct cli *cli, int status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    print_sentence(cli, STYLE_BAD, "ndf: ", format, args);
    va_end(args);
    return status;
}

void cli_say(const struct cli *cli, const char *format, ...)
{
    if (cli->args.given[OPT_QUIET]) return;
    va_list args;
    va_start(args, format);
    print_sentence(cli, STYLE_PLAIN, "", format, args);
    va_end(args);
}

int cli_status(int code)
{
    static const struct {
        int code, status;
    } map[] = {
        {NDF_OK, STATUS_DONE},
        {NDF_EINVAL, STATUS_USAGE},
        {NDF_ESYNTAX, STATUS_USAGE},
        {NDF_ESCHEMA, STATUS_USAGE},
        {NDF_ELIMIT, STATUS_USAGE},
        {NDF_EEXISTS, STATUS_USAGE},
        {NDF_ECYCLE, STATUS_USAGE},
        {NDF_EUNSUPPORTED, STATUS_USAGE},
        {NDF_ENOTFOUND, STATUS_NOT_FOUND},
        {NDF_EREFERENCE, STATUS_NOT_FOUND},
        {NDF_ENOCONFIDENCE, STATUS_NO_CONFIDENCE},
        {NDF_ENOMEM, STATUS_STORE},
        {NDF_EIO, STATUS_STORE},
        {NDF_ESTORE, STATUS_STORE},
        {NDF_ECORRUPT, STATUS_STORE},
        {NDF_ENEWER, STATUS_STORE},
        {NDF_EBUSY, STATUS_STORE},
        {NDF_EREADONLY, STATUS_STORE},
        {NDF_EFULL, STATUS_STORE},
        {NDF_ETIMEOUT, STATUS_TIMEOUT},
        {NDF_EINDOUBT, STATUS_IN_DOUBT},
        {NDF_ECANCELLED, STATUS_INTERRUPTED},
    };
    for (size_t i = 0; i < sizeof map / sizeof map[0]; i++)
        if (map[i].code == code) return map[i].status;
    return STATUS_FAILED;
}

int cli_error(const struct cli *cli, int code)
{
    bool filled = cli->error.code == code && cli->error.message[0] != '\0';
    /* No folder can be trusted then, so advice to do so is none. */
    if (code == NDF_EUNTRUSTED && !cli_has_home())
        return cli_fail(cli, cli_status(code), "%s", CLI_NO_HOME);
    return cli_fail(cli, cli_status(code), "%s",
        filled ? cli->error.message : ndf_strerror(code));
}

/* ---- documents ----------------------------------------------------------- */

json_t *cli_document(ndf_text *text)
{
    json_error_t error;
    json_t *value = json_loadb(ndf_text_data(text), ndf_text_size(text),
        JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    ndf_text_free(text);
    if (value == NULL) {
        (void)fprintf(
            stderr, "ndf: a document cannot be read: %s\n", error.text);
        exit(STATUS_STORE);
    }
    return value;
}

char *cli_json(const struct term *out, const json_t *value)
{
    size_t form = out->tty ? JSON_INDENT(2) : JSON_COMPACT | JSON_SORT_KEYS;
    for (size_t digits = DBL_DIG;; digits++) {
        char *text = json_dumps(
            value, form | JSON_ENCODE_ANY | JSON_REAL_PRECISION(digits));
        if (text == NULL) out_of_memory();
        if (digits == DBL_DECIMAL_DIG) return text;
        json_t *again =
            json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
        bool same = again != NULL && json_equal(again, value);
        json_decref(again);
        if (same) return text;
        free(text);
    }
}

void cli_print_json(const struct cli *cli, ndf_text *text)
{
    if (!cli->out.tty) {
        (void)fwrite(ndf_text_data(text), 1, ndf_text_size(text), stdout);
        (void)fputc('\n', stdout);
        ndf_text_free(text);
        return;
    }
    json_t *value = cli_document(text);
    cli_print_document(cli, value);
    json_decref(value);
}

void cli_print_document(const struct cli *cli, const json_t *value)
{
    char *lines = cli_json(&cli->out, value);
    if (cli->out.tty) term_clean(&cli->out, lines, strlen(lines));
    else (void)fputs(lines, stdout);
    (void)fputc('\n', stdout);
    cli_free(lines);
}

char *cli_number(const json_t *value, int decimals)
{
    if (!json_is_number(value)) return cli_text("-");
    return cli_format("%.*f", decimals, json_number_value(value));
}

const char *cli_get(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

char *cli_member_text(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    if (json_is_string(value)) return cli_text(json_string_value(value));
    if (json_is_integer(value))
        return cli_format("%" PRId64, (int64_t)json_integer_value(value));
    if (json_is_array(value)) return cli_format("%zu", json_array_size(value));
    if (json_is_boolean(value))
        return cli_text(json_is_true(value) ? "yes" : "no");
    return cli_number(value, 2);
}
