/*
 * json.c - JSON text into values; see json.h. The writers are in json_write.c.
 *
 * One pass over bytes that are known to be UTF-8 without NUL. A list or map is
 * gathered on a stack that all levels share and copied into the arena when its
 * end is seen. Line feeds stand only between values, so a place in a line is
 * counted from the last one that was asked for. Invariant: `at` <= `end`.
 */
#include "base/json.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/utf8.h"
#include "base/vec.h"

enum {
    NEAR_MAX = 24,        /* bytes shown of what is wrong */
    COMPARED_KEYS = 16,   /* so many are compared one with another */
    NUMBER_TEXT_MAX = 64, /* a longer number takes memory */
};

struct reader {
    struct arena *arena;
    const char *at, *end;
    const char *mark;      /* where line and column are known */
    uint32_t line, column; /* columns in code points */
    struct vec values;     /* struct value, of the lists that are open */
    struct vec members;    /* struct member, of the maps that are open */
    ndf_error *error;
};

/* ---- places and errors ----------------------------------------------------
 */

static void find_place(struct reader *r)
{
    uint32_t column = r->column;
    for (const char *at = r->mark; at < r->at; at++)
        column += ((unsigned char)*at & 0xC0) != 0x80;
    r->column = column;
    r->mark = r->at;
}

static void skip_blanks(struct reader *r)
{
    for (; r->at < r->end; r->at++) {
        char byte = *r->at;
        if (byte == '\n') {
            r->line++;
            r->column = 1;
            r->mark = r->at + 1;
        } else if (byte != ' ' && byte != '\t' && byte != '\r') {
            return;
        }
    }
}

static int fail_memory(struct reader *r)
{
    return err_set(r->error, NDF_ENOMEM, "out of memory");
}

static int fail(struct reader *r, const char *what)
{
    struct str rest = {r->at, (size_t)(r->end - r->at)};
    if (r->at > r->mark) find_place(r);
    size_t size = 0;
    while (size < rest.size && rest.at[size] != '\n' &&
           (size < NEAR_MAX || ((unsigned char)rest.at[size] & 0xC0) == 0x80))
        size++;
    if (rest.size == 0)
        return err_at(r->error, NDF_ESYNTAX, r->line, r->column,
            "not valid JSON: %s near the end of the text", what);
    return err_at(r->error, NDF_ESYNTAX, r->line, r->column,
        "not valid JSON: %s near '%.*s'", what, (int)size, rest.at);
}

static bool take(struct reader *r, char byte)
{
    if (r->at == r->end || *r->at != byte) return false;
    r->at++;
    return true;
}

/* ---- strings --------------------------------------------------------------
 */

static int hex_digit(char byte)
{
    if (byte >= '0' && byte <= '9') return byte - '0';
    if (byte >= 'a' && byte <= 'f') return byte - 'a' + 10;
    if (byte >= 'A' && byte <= 'F') return byte - 'A' + 10;
    return -1;
}

/* The number of \uXXXX at `at`, or -1. */
static int32_t read_unit(const struct reader *r)
{
    if (r->end - r->at < 6 || r->at[0] != '\\' || r->at[1] != 'u') return -1;
    int32_t unit = 0;
    for (int i = 2; i < 6; i++) {
        int digit = hex_digit(r->at[i]);
        if (digit < 0) return -1;
        unit = unit << 4 | digit;
    }
    return unit;
}

static char *put_utf8(char *to, int32_t code)
{
    if (code < 0x80) {
        *to++ = (char)code;
        return to;
    }
    if (code < 0x800) {
        *to++ = (char)(0xC0 | code >> 6);
    } else {
        if (code < 0x10000) {
            *to++ = (char)(0xE0 | code >> 12);
        } else {
            *to++ = (char)(0xF0 | code >> 18);
            *to++ = (char)(0x80 | (code >> 12 & 0x3F));
        }
        *to++ = (char)(0x80 | (code >> 6 & 0x3F));
    }
    *to++ = (char)(0x80 | (code & 0x3F));
    return to;
}

static bool is_high(int32_t unit)
{
    return unit >= 0xD800 && unit < 0xDC00;
}

static bool is_low(int32_t unit)
{
    return unit >= 0xDC00 && unit < 0xE000;
}

/* *to gets no more bytes than the escape has. */
static int read_code_point(struct reader *r, char **to)
{
    int32_t unit = read_unit(r);
    if (unit < 0) return fail(r, "invalid escape");
    if (unit == 0)
        return err_at(r->error, NDF_ESYNTAX, r->line, r->column,
            "a string contains the character NUL: leave it out");
    if (is_low(unit)) return fail(r, "a lone surrogate");
    if (is_high(unit)) {
        struct reader next = *r;
        next.at += 6;
        int32_t low = read_unit(&next);
        if (!is_low(low)) return fail(r, "a lone surrogate");
        r->at = next.at;
        unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
    }
    r->at += 6;
    *to = put_utf8(*to, unit);
    return NDF_OK;
}

static int read_escape(struct reader *r, char **to)
{
    static const char names[] = "\"\\/bfnrt";
    static const char meant[] = "\"\\/\b\f\n\r\t";
    char name = '\0';
    if (r->end - r->at > 1) name = r->at[1];
    if (name == 'u') return read_code_point(r, to);
    const char *found = name != '\0' ? strchr(names, name) : NULL;
    if (found == NULL) return fail(r, "invalid escape");
    *(*to)++ = meant[found - names];
    r->at += 2;
    return NDF_OK;
}

/* A string with escapes: what it means is never longer than it is. */
static int read_escaped(
    struct reader *r, const char *start, size_t room, struct str *out)
{
    char *made = arena_alloc(r->arena, room + 1);
    if (made == NULL) return fail_memory(r);
    char *to = made;
    r->at = start;
    while (*r->at != '"') {
        int err = NDF_OK;
        if (*r->at == '\\') err = read_escape(r, &to);
        else *to++ = *r->at++;
        if (err != NDF_OK) return err;
    }
    *to = '\0';
    *out = (struct str){made, (size_t)(to - made)};
    return NDF_OK;
}

static bool is_plain(char byte)
{
    return byte != '"' && byte != '\\' && (unsigned char)byte >= 0x20;
}

/* `at` is behind the quote. */
static int read_string(struct reader *r, struct str *out)
{
    const char *start = r->at;
    bool escapes = false;
    for (;;) {
        while (r->at < r->end && is_plain(*r->at))
            r->at++;
        if (r->at == r->end) return fail(r, "a string without its end");
        if (*r->at == '"') break;
        if (*r->at != '\\')
            return fail(r, "a control character in a string (escape it)");
        escapes = true;
        r->at += r->end - r->at > 1 ? 2 : 1;
    }
    size_t size = (size_t)(r->at - start);
    if (escapes) {
        int err = read_escaped(r, start, size, out);
        if (err != NDF_OK) return err;
    } else {
        *out = arena_str(r->arena, (struct str){start, size});
        if (out->at == NULL) return fail_memory(r);
    }
    r->at++;
    return NDF_OK;
}

/* ---- numbers --------------------------------------------------------------
 */

static bool is_digit(const struct reader *r)
{
    return r->at < r->end && *r->at >= '0' && *r->at <= '9';
}

static bool skip_digits(struct reader *r)
{
    const char *start = r->at;
    while (is_digit(r))
        r->at++;
    return r->at > start;
}

static int fail_number(struct reader *r, const char *start)
{
    r->at = start;
    find_place(r);
    return err_at(r->error, NDF_ESYNTAX, r->line, r->column,
        "a number is too big (integers have 64 bits): write it as a string");
}

static int make_integer(struct reader *r, struct str text, struct value *out)
{
    bool negative = text.at[0] == '-';
    uint64_t most = (uint64_t)INT64_MAX + negative;
    uint64_t number = 0;
    for (size_t i = negative; i < text.size; i++) {
        uint64_t digit = (uint64_t)(text.at[i] - '0');
        if (number > (most - digit) / 10) return fail_number(r, text.at);
        number = number * 10 + digit;
    }
    out->kind = VALUE_INT;
    out->integer = (int64_t)(negative ? 0 - number : number);
    return NDF_OK;
}

/* The C library reads a number as the locale has it: give it that point. */
static int make_real(struct reader *r, struct str text, struct value *out)
{
    char few[NUMBER_TEXT_MAX];
    const char *point = localeconv()->decimal_point;
    size_t room = text.size + strlen(point) + 1;
    char *made = room <= sizeof few ? few : arena_alloc(r->arena, room);
    if (made == NULL) return fail_memory(r);
    size_t before = str_find_char(text, '.');
    char *to = made;
    memcpy(to, text.at, before);
    to += before;
    if (before < text.size) {
        size_t size = strlen(point);
        memcpy(to, point, size);
        to += size;
        memcpy(to, text.at + before + 1, text.size - before - 1);
        to += text.size - before - 1;
    }
    *to = '\0';
    out->kind = VALUE_REAL;
    out->real = strtod(made, NULL);
    return isfinite(out->real) ? NDF_OK : fail_number(r, text.at);
}

static int read_number(struct reader *r, struct value *out)
{
    const char *start = r->at;
    bool real = false;
    (void)take(r, '-');
    bool good = take(r, '0') || skip_digits(r);
    if (good && is_digit(r)) good = false;
    if (good && take(r, '.')) {
        real = true;
        good = skip_digits(r);
    }
    if (good && r->at < r->end && (*r->at | 0x20) == 'e') {
        real = true;
        r->at++;
        if (!take(r, '+')) (void)take(r, '-');
        good = skip_digits(r);
    }
    if (!good) return fail(r, "invalid number");
    struct str text = {start, (size_t)(r->at - start)};
    return real ? make_real(r, text, out) : make_integer(r, text, out);
}

/* ---- lists and maps -------------------------------------------------------
 */

static int read_value(struct reader *r, int depth, struct value *out);

/* Gives the items that were put on the stack from `base` on to an arena. */
static void *pop(struct reader *r, struct vec *stack, size_t base)
{
    size_t count = stack->count - base;
    void *items = arena_calloc(r->arena, value_room(count), stack->item_size);
    if (items != NULL && count > 0)
        memcpy(items, vec_get(stack, base), count * stack->item_size);
    stack->count = base;
    return items;
}

/* Behind an item: whether the end is there, or another item must follow. */
static int read_mark(struct reader *r, char end, bool *ended)
{
    skip_blanks(r);
    *ended = take(r, end);
    if (*ended) return NDF_OK;
    if (!take(r, ','))
        return fail(
            r, end == ']' ? "',' or ']' expected" : "',' or '}' expected");
    skip_blanks(r);
    return NDF_OK;
}

/* NOLINTNEXTLINE(misc-no-recursion): ends at VALUE_DEPTH_MAX */
static int read_array(struct reader *r, int depth, struct value *out)
{
    size_t base = r->values.count;
    r->at++;
    skip_blanks(r);
    bool ended = take(r, ']');
    while (!ended) {
        struct value item;
        int err = read_value(r, depth + 1, &item);
        if (err != NDF_OK) return err;
        struct value *kept = vec_push(&r->values);
        if (kept == NULL) return fail_memory(r);
        *kept = item;
        err = read_mark(r, ']', &ended);
        if (err != NDF_OK) return err;
    }
    out->kind = VALUE_ARRAY;
    out->array.count = r->values.count - base;
    out->array.items = pop(r, &r->values, base);
    return out->array.items != NULL ? NDF_OK : fail_memory(r);
}

static int fail_duplicate(struct reader *r, const struct member *member)
{
    return err_at(r->error, NDF_ESYNTAX, member->line, member->column,
        "not valid JSON: duplicate key \"%.*s\"", STR_ARG(member->key));
}

static int check_few(
    struct reader *r, const struct member *members, size_t count)
{
    for (size_t i = 1; i < count; i++)
        for (size_t k = 0; k < i; k++)
            if (str_equal(members[i].key, members[k].key))
                return fail_duplicate(r, &members[i]);
    return NDF_OK;
}

static int check_many(
    struct reader *r, const struct member *members, size_t count)
{
    struct map keys;
    map_init(&keys, r->arena->mem);
    int err = NDF_OK;
    for (size_t i = 0; i < count && err == NDF_OK; i++) {
        err = map_add(&keys, members[i].key, NULL);
        if (err == NDF_EEXISTS) err = fail_duplicate(r, &members[i]);
        else if (err != NDF_OK) err = fail_memory(r);
    }
    map_deinit(&keys);
    return err;
}

/* NOLINTNEXTLINE(misc-no-recursion): ends at VALUE_DEPTH_MAX */
static int read_member(struct reader *r, int depth)
{
    find_place(r);
    struct member member = {.line = r->line, .column = r->column};
    if (!take(r, '"')) return fail(r, "a key (a string) expected");
    int err = read_string(r, &member.key);
    if (err != NDF_OK) return err;
    skip_blanks(r);
    if (!take(r, ':')) return fail(r, "':' expected");
    skip_blanks(r);
    err = read_value(r, depth + 1, &member.value);
    if (err != NDF_OK) return err;
    struct member *kept = vec_push(&r->members);
    if (kept == NULL) return fail_memory(r);
    *kept = member;
    return NDF_OK;
}

/* NOLINTNEXTLINE(misc-no-recursion): ends at VALUE_DEPTH_MAX */
static int read_object(struct reader *r, int depth, struct value *out)
{
    size_t base = r->members.count;
    r->at++;
    skip_blanks(r);
    bool ended = take(r, '}');
    while (!ended) {
        int err = read_member(r, depth);
        if (err == NDF_OK) err = read_mark(r, '}', &ended);
        if (err != NDF_OK) return err;
    }
    size_t count = r->members.count - base;
    out->kind = VALUE_OBJECT;
    out->object.count = count;
    out->object.members = pop(r, &r->members, base);
    if (out->object.members == NULL) return fail_memory(r);
    return count <= COMPARED_KEYS ? check_few(r, out->object.members, count)
                                  : check_many(r, out->object.members, count);
}

/* ---- values ---------------------------------------------------------------
 */

static bool take_word(struct reader *r, struct str word)
{
    if (!str_starts((struct str){r->at, (size_t)(r->end - r->at)}, word))
        return false;
    r->at += word.size;
    return true;
}

static int read_word(struct reader *r, struct value *out)
{
    out->kind = VALUE_BOOL;
    out->truth = take_word(r, STR("true"));
    if (out->truth || take_word(r, STR("false"))) return NDF_OK;
    out->kind = VALUE_NULL;
    return take_word(r, STR("null")) ? NDF_OK : fail(r, "invalid token");
}

/* NOLINTNEXTLINE(misc-no-recursion): ends at VALUE_DEPTH_MAX */
static int read_value(struct reader *r, int depth, struct value *out)
{
    *out = value_null;
    if (r->at == r->end) return fail(r, "a value expected");
    find_place(r);
    out->line = r->line;
    out->column = r->column;
    char first = *r->at;
    if ((first == '{' || first == '[') && depth > VALUE_DEPTH_MAX)
        return err_at(r->error, NDF_ELIMIT, r->line, r->column,
            "nested more than %d levels deep: make it flatter",
            VALUE_DEPTH_MAX);
    if (first == '{') return read_object(r, depth, out);
    if (first == '[') return read_array(r, depth, out);
    if (first == '-' || is_digit(r)) return read_number(r, out);
    if (first != '"') return read_word(r, out);
    r->at++;
    out->kind = VALUE_STRING;
    return read_string(r, &out->string);
}

static int read_text(struct reader *r, struct value *out)
{
    skip_blanks(r);
    if (r->at == r->end) {
        find_place(r);
        return err_at(r->error, NDF_ESYNTAX, r->line, r->column,
            "not valid JSON: there is no value, the text is empty");
    }
    int err = read_value(r, 1, out);
    if (err != NDF_OK) return err;
    skip_blanks(r);
    return r->at == r->end ? NDF_OK : fail(r, "end of file expected");
}

/* The place of the first bad byte is counted over all before it, as nothing
 * was read yet. */
static int check_bytes(struct reader r, struct str text)
{
    size_t bad = utf8_invalid_at(text);
    const char *what = "this is no UTF-8 text";
    if (bad == text.size) {
        bad = str_find_char(text, '\0');
        what = "the text contains the character NUL";
    }
    if (bad == text.size) return NDF_OK;
    for (const char *end = text.at + bad; r.at < end; r.at++) {
        if (*r.at != '\n') continue;
        r.line++;
        r.mark = r.at + 1;
    }
    find_place(&r);
    return err_at(
        r.error, NDF_ESYNTAX, r.line, r.column, "not valid JSON: %s", what);
}

int json_parse(
    struct arena *arena, struct str text, struct value *out, ndf_error *error)
{
    *out = value_null;
    if (str_starts(text, STR("\xEF\xBB\xBF"))) text = str_from(text, 3);
    /* Of an empty text there may be no address to count from. */
    if (text.size == 0) text = STR("");
    struct reader r = {.arena = arena,
        .at = text.at,
        .end = text.at + text.size,
        .mark = text.at,
        .line = 1,
        .column = 1,
        .error = error};
    int err = check_bytes(r, text);
    if (err != NDF_OK) return err;
    vec_init(&r.values, arena->mem, sizeof(struct value));
    vec_init(&r.members, arena->mem, sizeof(struct member));
    struct value value;
    err = read_text(&r, &value);
    vec_deinit(&r.values);
    vec_deinit(&r.members);
    if (err == NDF_OK) *out = value;
    return err;
}
