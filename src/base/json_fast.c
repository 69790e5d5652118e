/*
 * json_fast.c - see json_fast.h.
 *
 * Nearly all documents of a registry are plain, and going over them twice is
 * most of reading many. This reader goes once and takes only what is certainly
 * valid; whoever calls it has jansson judge the rest, so there is one judge of
 * what is wrong, and one who words it.
 */
#include "base/json_fast.h"

enum {
    FAST_MEMBERS_MAX = 64, /* of one object: duplicates are looked for by one */
    FAST_DIGITS_MAX = 18,  /* always fit in 64 bits */
};

struct fast {
    struct arena *arena;
    const char *at, *end;
    uint32_t line, column; /* of at; columns in code points */
};

static void skip_blanks(struct fast *f)
{
    for (; f->at < f->end; f->at++, f->column++) {
        if (*f->at == '\n') {
            f->line++;
            f->column = 0;
        } else if (*f->at != ' ' && *f->at != '\t' && *f->at != '\r') {
            return;
        }
    }
}

/* Takes the byte and the blanks around it. */
static bool take(struct fast *f, char byte)
{
    skip_blanks(f);
    if (f->at == f->end || *f->at != byte) return false;
    f->at++;
    f->column++;
    skip_blanks(f);
    return true;
}

/* What an escape stands for; 0: not a plain one. */
static char unescaped(char c)
{
    switch (c) {
    case '"':
    case '\\':
    case '/': return c;
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    default: return '\0';
    }
}

/* Copies the string whose bytes are at..end, with escapes in it. */
static bool copy_escaped(struct fast *f, struct str raw, struct str *out)
{
    char *copy = arena_alloc(f->arena, raw.size + 1);
    if (copy == NULL) return false;
    size_t size = 0;
    for (size_t i = 0; i < raw.size; i++) {
        char c = raw.at[i];
        /* A backslash is never the last byte: the scan went past its pair. */
        if (c == '\\') c = unescaped(raw.at[++i]);
        if (c == '\0') return false;
        copy[size++] = c;
    }
    *out = (struct str){copy, size};
    return true;
}

static bool read_string(struct fast *f, struct str *out)
{
    if (f->at == f->end || *f->at != '"') return false;
    const char *start = ++f->at;
    uint32_t characters = 0;
    bool escapes = false;
    for (; f->at < f->end && *f->at != '"'; f->at++) {
        unsigned char byte = (unsigned char)*f->at;
        if (byte < ' ') return false;
        characters += (byte & 0xC0) != 0x80;
        if (byte != '\\') continue;
        escapes = true;
        characters++;
        if (++f->at == f->end) return false;
    }
    if (f->at == f->end) return false;
    struct str raw = {start, (size_t)(f->at - start)};
    f->at++;
    f->column += characters + 2;
    if (escapes) return copy_escaped(f, raw, out);
    *out = arena_str(f->arena, raw);
    return out->at != NULL;
}

/* An integer; one with a fraction, an exponent or a zero before it is left to
 * others, and so is -0. */
static bool read_integer(struct fast *f, struct value *out)
{
    const char *start = f->at;
    bool minus = *f->at == '-';
    f->at += minus;
    const char *digits = f->at;
    int64_t number = 0;
    while (f->at < f->end && *f->at >= '0' && *f->at <= '9' &&
           f->at - digits <= FAST_DIGITS_MAX)
        number = number * 10 + (*f->at++ - '0');
    size_t count = (size_t)(f->at - digits);
    if (count == 0 || count > FAST_DIGITS_MAX) return false;
    if (*digits == '0' && (count > 1 || minus)) return false;
    if (f->at < f->end && (*f->at == '.' || *f->at == 'e' || *f->at == 'E'))
        return false;
    f->column += (uint32_t)(f->at - start);
    out->kind = VALUE_INT;
    out->integer = minus ? -number : number;
    return true;
}

static bool take_word(struct fast *f, struct str word)
{
    if (!str_starts((struct str){f->at, (size_t)(f->end - f->at)}, word))
        return false;
    f->at += word.size;
    f->column += (uint32_t)word.size;
    return true;
}

static bool read_scalar(struct fast *f, struct value *out)
{
    switch (*f->at) {
    case '"': out->kind = VALUE_STRING; return read_string(f, &out->string);
    case 't':
        out->kind = VALUE_BOOL;
        out->truth = true;
        return take_word(f, STR("true"));
    case 'f': out->kind = VALUE_BOOL; return take_word(f, STR("false"));
    case 'n': return take_word(f, STR("null"));
    default: return read_integer(f, out);
    }
}

static bool read_value(struct fast *f, int depth, struct value *out);

/* NOLINTNEXTLINE(misc-no-recursion): ends at VALUE_DEPTH_MAX */
static bool read_array(struct fast *f, int depth, struct value *out)
{
    if (take(f, ']')) return true;
    do {
        struct value item;
        if (!read_value(f, depth, &item)) return false;
        if (value_push(f->arena, out, item) != NDF_OK) return false;
    } while (take(f, ','));
    return take(f, ']');
}

/* NOLINTNEXTLINE(misc-no-recursion): ends at VALUE_DEPTH_MAX */
static bool read_object(struct fast *f, int depth, struct value *out)
{
    if (take(f, '}')) return true;
    do {
        uint32_t line = f->line;
        uint32_t column = f->column;
        struct str key;
        struct value item;
        size_t count = out->object.count;
        if (count == FAST_MEMBERS_MAX) return false;
        if (!read_string(f, &key) || !take(f, ':')) return false;
        if (!read_value(f, depth, &item)) return false;
        if (value_set(f->arena, out, key, item) != NDF_OK) return false;
        if (out->object.count == count) return false; /* a duplicate */
        out->object.members[count].line = line;
        out->object.members[count].column = column;
    } while (take(f, ','));
    return take(f, '}');
}

/* NOLINTNEXTLINE(misc-no-recursion): ends at VALUE_DEPTH_MAX */
static bool read_value(struct fast *f, int depth, struct value *out)
{
    if (f->at == f->end) return false;
    *out = (struct value){.line = f->line, .column = f->column};
    if (*f->at != '{' && *f->at != '[') return read_scalar(f, out);
    if (depth == VALUE_DEPTH_MAX) return false;
    struct value empty = *f->at == '{' ? value_of_object() : value_of_array();
    empty.line = f->line;
    empty.column = f->column;
    *out = empty;
    (void)take(f, *f->at);
    return out->kind == VALUE_OBJECT ? read_object(f, depth + 1, out)
                                     : read_array(f, depth + 1, out);
}

bool json_read_fast(struct arena *arena, struct str text, struct value *out)
{
    struct fast f = {.arena = arena,
        .at = text.at,
        .end = text.at + text.size,
        .line = 1,
        .column = 1};
    skip_blanks(&f);
    if (!read_value(&f, 0, out)) return false;
    skip_blanks(&f);
    return f.at == f.end;
}
