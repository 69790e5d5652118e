/*
 * print.c - a document as lines for people, in the manner of YAML.
 *
 * Documents are at most 64 levels deep (the library refuses deeper ones), and
 * so is the recursion here.
 */
#include <inttypes.h>
#include <string.h>

#include "cli/cli.h"

enum { STEP = 2, DEPTH_MAX = 80 };

static void print_text(
    const struct term *term, const char *text, size_t size, size_t indent)
{
    const char *end = text + size;
    if (memchr(text, '\n', size) == NULL) {
        term_clean(term, text, size);
        (void)fputc('\n', term->file);
        return;
    }
    (void)fputs("|\n", term->file);
    while (text < end) {
        const char *stop = memchr(text, '\n', (size_t)(end - text));
        if (stop == NULL) stop = end;
        term_pad(term, indent);
        term_clean(term, text, (size_t)(stop - text));
        (void)fputc('\n', term->file);
        text = stop + 1;
    }
}

static void print_scalar(
    const struct term *term, const json_t *value, size_t indent)
{
    if (json_is_string(value))
        print_text(
            term, json_string_value(value), json_string_length(value), indent);
    else if (json_is_integer(value))
        (void)fprintf(
            term->file, "%" PRId64 "\n", (int64_t)json_integer_value(value));
    else if (json_is_real(value))
        (void)fprintf(term->file, "%.6g\n", json_real_value(value));
    else if (json_is_boolean(value))
        (void)fputs(json_is_true(value) ? "true\n" : "false\n", term->file);
    else (void)fputs("null\n", term->file);
}

static bool is_leaf(const json_t *value)
{
    return !json_is_object(value) && !json_is_array(value);
}

static bool is_short_list(const json_t *value)
{
    size_t size = 0;
    if (!json_is_array(value)) return false;
    for (size_t i = 0; i < json_array_size(value); i++) {
        const json_t *item = json_array_get(value, i);
        if (!json_is_string(item) && !json_is_integer(item)) return false;
        size += json_is_string(item) ? json_string_length(item) + 2 : 8;
        if (json_is_string(item) && strchr(json_string_value(item), '\n'))
            return false;
    }
    return size <= 60;
}

static void print_short_list(const struct term *term, const json_t *list)
{
    (void)fputc('[', term->file);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        if (i > 0) (void)fputs(", ", term->file);
        if (json_is_string(item))
            (void)term_line(term, json_string_value(item), 0);
        else
            (void)fprintf(
                term->file, "%" PRId64, (int64_t)json_integer_value(item));
    }
    (void)fputs("]\n", term->file);
}

static void print_tree(
    const struct term *term, json_t *value, size_t indent, size_t depth);

/* What stands behind "key:" or "-". */
/* NOLINTNEXTLINE(misc-no-recursion): at most DEPTH_MAX levels */
static void print_behind(
    const struct term *term, json_t *value, size_t indent, size_t depth)
{
    bool empty = json_is_array(value) ? json_array_size(value) == 0
                                      : json_object_size(value) == 0;
    if (is_leaf(value)) {
        (void)fputc(' ', term->file);
        print_scalar(term, value, indent + STEP);
    } else if (empty) {
        (void)fputs(json_is_array(value) ? " []\n" : " {}\n", term->file);
    } else if (is_short_list(value)) {
        (void)fputc(' ', term->file);
        print_short_list(term, value);
    } else if (depth == DEPTH_MAX) {
        (void)fputs(" ...\n", term->file);
    } else {
        (void)fputc('\n', term->file);
        print_tree(term, value, indent + STEP, depth + 1);
    }
}

/* first: the columns before the first key, which may stand behind a dash. */
/* NOLINTNEXTLINE(misc-no-recursion): at most DEPTH_MAX levels */
static void print_members(const struct term *term, json_t *object,
    size_t indent, size_t first, size_t depth)
{
    void *at = json_object_iter(object);
    for (; at != NULL; at = json_object_iter_next(object, at)) {
        const char *key = json_object_iter_key(at);
        term_pad(term, first);
        first = indent;
        term_styled(term, STYLE_NAME, key);
        (void)fputc(':', term->file);
        print_behind(term, json_object_iter_value(at), indent, depth);
    }
}

/* NOLINTNEXTLINE(misc-no-recursion): at most DEPTH_MAX levels */
static void print_tree(
    const struct term *term, json_t *value, size_t indent, size_t depth)
{
    if (json_is_object(value)) {
        print_members(term, value, indent, indent, depth);
        return;
    }
    for (size_t i = 0; i < json_array_size(value); i++) {
        json_t *item = json_array_get(value, i);
        term_pad(term, indent);
        (void)fputc('-', term->file);
        if (json_object_size(item) > 0 && depth < DEPTH_MAX)
            print_members(term, item, indent + STEP, 1, depth + 1);
        else print_behind(term, item, indent, depth);
    }
}

void cli_print_value(const struct term *term, json_t *value, size_t indent)
{
    if (is_leaf(value)) print_scalar(term, value, indent);
    else print_tree(term, value, indent, 0);
}
