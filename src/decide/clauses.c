/*
 * clauses.c - see clauses.h.
 *
 * One pass: at each place, is there a mark? What stands between two marks is a
 * clause; several marks in a row ("; and then") count as the strongest of them.
 */
#include "decide/clauses.h"

#include <stdint.h>
#include <string.h>

struct mark {
    size_t size;
    enum clause_join join;
};

struct cutter {
    struct str text;
    enum clauses_cut cut;
    struct clause *out;
    size_t count;
    struct clause open;
    unsigned number; /* the last one of a numbered list */
    size_t second;   /* where the text has its last "2."; 0: nowhere */
    bool after;      /* "After this, that": the next comma orders them */
    bool over;
};

/* ---- characters ---------------------------------------------------------- */

static unsigned char byte_at(const struct cutter *c, size_t i)
{
    return i < c->text.size ? (unsigned char)c->text.at[i] : ' ';
}

static bool is_blank(unsigned char byte)
{
    return byte <= ' ';
}

static bool is_digit(unsigned char byte)
{
    return byte >= '0' && byte <= '9';
}

/* Of a word: a letter, a digit, or any byte that is not ASCII. */
static bool is_word(unsigned char byte)
{
    unsigned char lower = byte | 0x20U;
    return byte >= 0x80 || is_digit(byte) || (lower >= 'a' && lower <= 'z');
}

static bool says(const struct cutter *c, size_t i, const char *bytes)
{
    return str_starts(str_from(c->text, i), str_of(bytes));
}

static size_t skip_blanks(const struct cutter *c, size_t i)
{
    while (i < c->text.size && is_blank(byte_at(c, i)))
        i++;
    return i;
}

/* ---- words --------------------------------------------------------------- */

struct word {
    const char *text;
    enum clause_join join;
};

/* Between blanks. */
static const struct word spaced[] = {
    {"and", CLAUSE_AND},
    {"und", CLAUSE_AND},
    {"sowie", CLAUSE_AND},
    {"et", CLAUSE_AND},
    {"y", CLAUSE_AND},
    {"e", CLAUSE_AND},
    {"och", CLAUSE_AND},
    {"og", CLAUSE_AND},
    {"ve", CLAUSE_AND},
    {"\xD0\xB8", CLAUSE_AND},
    {"then", CLAUSE_ORDER},
    {"afterwards", CLAUSE_ORDER},
    {"afterward", CLAUSE_ORDER},
    {"dann", CLAUSE_ORDER},
    {"danach", CLAUSE_ORDER},
    {"anschliessend", CLAUSE_ORDER},
    {"anschlie\xC3\x9F"
     "end",
        CLAUSE_ORDER},
    {"puis", CLAUSE_ORDER},
    {"ensuite", CLAUSE_ORDER},
    {"luego", CLAUSE_ORDER},
    {"poi", CLAUSE_ORDER},
    {"depois", CLAUSE_ORDER},
    {"daarna", CLAUSE_ORDER},
    {"sedan", CLAUSE_ORDER},
    {"potem", CLAUSE_ORDER},
    {"\xD0\xB7\xD0\xB0\xD1\x82\xD0\xB5\xD0\xBC", CLAUSE_ORDER},
    {"\xD0\xBF\xD0\xBE\xD1\x82\xD0\xBE\xD0\xBC", CLAUSE_ORDER},
    {"after", CLAUSE_AFTER},
    {"nachdem", CLAUSE_AFTER},
};

/* Of scripts without blanks, and of full width. */
static const struct word unspaced[] = {
    {"\xEF\xBC\x9B", CLAUSE_LIST},              /* ; */
    {"\xE3\x80\x82", CLAUSE_SENTENCE},          /* . */
    {"\xE7\x84\xB6\xE5\x90\x8E", CLAUSE_ORDER}, /* then */
    {"\xE6\x8E\xA5\xE7\x9D\x80", CLAUSE_ORDER},
    {"\xE3\x81\x9D\xE3\x81\xAE\xE5\xBE\x8C", CLAUSE_ORDER},
    {"\xE3\x81\x9D\xE3\x82\x8C\xE3\x81\x8B\xE3\x82\x89", CLAUSE_ORDER},
    {"\xEF\xBC\x8C", CLAUSE_AND}, /* , */
    {"\xE3\x80\x81", CLAUSE_AND},
};

static bool same_word(struct str text, const char *word)
{
    if (text.size != strlen(word)) return false;
    for (size_t i = 0; i < text.size; i++) {
        char byte = text.at[i];
        if (byte >= 'A' && byte <= 'Z') byte = (char)(byte + ('a' - 'A'));
        if (byte != word[i]) return false;
    }
    return true;
}

/* CLAUSE_FIRST: it is none of them. */
static enum clause_join join_of(struct str word)
{
    for (size_t i = 0; i < sizeof spaced / sizeof spaced[0]; i++)
        if (same_word(word, spaced[i].text)) return spaced[i].join;
    return CLAUSE_FIRST;
}

static struct mark word_at(const struct cutter *c, size_t i)
{
    for (size_t w = 0; w < sizeof unspaced / sizeof unspaced[0]; w++)
        if (says(c, i, unspaced[w].text))
            return (struct mark){strlen(unspaced[w].text), unspaced[w].join};
    size_t end = i;
    if (i > 0 && !is_blank(byte_at(c, i - 1))) return (struct mark){0};
    while (is_word(byte_at(c, end)))
        end++;
    enum clause_join join = join_of(str_until(str_from(c->text, i), end - i));
    bool whole = is_blank(byte_at(c, end)) || byte_at(c, end) == ',';
    if (join == CLAUSE_FIRST || !whole) return (struct mark){0};
    return (struct mark){end - i, join};
}

/* ---- marks --------------------------------------------------------------- */

/* "2. ", "2) ", "(2) " of that number; its size, 0: it is not there. */
static size_t number_at(const struct cutter *c, size_t i, unsigned number)
{
    size_t at = i;
    unsigned found = 0;
    if (i > 0 && !is_blank(byte_at(c, i - 1))) return 0;
    bool open = byte_at(c, at) == '(';
    if (open) at++;
    for (int digits = 0; digits < 2 && is_digit(byte_at(c, at)); digits++)
        found = found * 10 + (byte_at(c, at++) - '0');
    bool closed = byte_at(c, at) == ')' || (!open && byte_at(c, at) == '.');
    if (!closed || found != number || !is_blank(byte_at(c, at + 1))) return 0;
    return at + 1 - i;
}

/* One alone is no list. */
static size_t listed_at(const struct cutter *c, size_t i)
{
    size_t size = number_at(c, i, c->number + 1);
    return c->number > 0 || c->second > i ? size : 0;
}

/* Behind the blanks and the bullet that a line begins with. */
static size_t skip_bullet(const struct cutter *c, size_t i)
{
    static const char *const bullets[] = {"- ", "* ", "+ ", "\xE2\x80\xA2 "};
    size_t at = skip_blanks(c, i);
    for (size_t b = 0; b < sizeof bullets / sizeof bullets[0]; b++)
        if (says(c, at, bullets[b])) return at + strlen(bullets[b]);
    return at;
}

/* The end of a line, with the bullet of the next. */
static size_t line_at(const struct cutter *c, size_t i)
{
    return byte_at(c, i) == '\n' ? skip_bullet(c, i) - i : 0;
}

/* The end of a sentence that another follows; "e.g." and "1." are none. */
static bool ends_sentence(const struct cutter *c, size_t i)
{
    unsigned char byte = byte_at(c, i);
    if (!is_blank(byte_at(c, i + 1)) || skip_blanks(c, i + 1) == c->text.size)
        return false;
    if (byte == '!' || byte == '?') return true;
    return byte == '.' && i >= 2 && is_word(byte_at(c, i - 1)) &&
           is_word(byte_at(c, i - 2));
}

static struct mark mark_at(const struct cutter *c, size_t i)
{
    size_t size = line_at(c, i);
    if (size > 0) return (struct mark){size, CLAUSE_LIST};
    size = listed_at(c, i);
    if (size > 0) return (struct mark){size, CLAUSE_ORDER};
    if (byte_at(c, i) == ';') return (struct mark){1, CLAUSE_LIST};
    if (ends_sentence(c, i)) return (struct mark){1, CLAUSE_SENTENCE};
    if (byte_at(c, i) == ',' && is_blank(byte_at(c, i + 1)))
        return (struct mark){1, c->after ? CLAUSE_ORDER : CLAUSE_AND};
    return word_at(c, i);
}

/* ---- cutting ------------------------------------------------------------- */

/* Without blanks at both ends, and without "and" and commas at its end. */
static void tidy(const struct cutter *c, struct clause *clause)
{
    clause->start = skip_blanks(c, clause->start);
    while (clause->end > clause->start) {
        size_t word = clause->end;
        unsigned char last = byte_at(c, clause->end - 1);
        if (is_blank(last) || last == ',' || last == ':') {
            clause->end--;
            continue;
        }
        while (word > clause->start && !is_blank(byte_at(c, word - 1)))
            word--;
        struct str text =
            str_until(str_from(c->text, word), clause->end - word);
        if (join_of(text) != CLAUSE_AND) return;
        clause->end = word;
    }
}

static void close_clause(struct cutter *c, size_t end, struct mark mark)
{
    struct clause clause = c->open;
    clause.end = end;
    tidy(c, &clause);
    enum clause_join join = mark.join;
    if (clause.end <= clause.start) {
        /* Nothing between two marks. */
        if (join < c->open.join) join = c->open.join;
        if (c->count == 0) {
            c->after |= join == CLAUSE_AFTER;
            join = CLAUSE_FIRST;
        }
    } else if (c->count == CLAUSES_MAX) {
        c->over = true;
    } else {
        c->out[c->count++] = clause;
        c->after = false;
    }
    c->open = (struct clause){.start = end + mark.size, .join = join};
}

size_t clauses_find(
    struct str text, enum clauses_cut cut, struct clause out[CLAUSES_MAX])
{
    struct cutter c = {.text = text, .cut = cut, .out = out};
    if (text.size > CLAUSES_TEXT_MAX) return 0;
    for (size_t at = 0; at < text.size; at++)
        if (number_at(&c, at, 2) > 0) c.second = at;
    size_t i = skip_bullet(&c, 0);
    c.open.start = i;
    while (i < text.size && !c.over) {
        struct mark mark = mark_at(&c, i);
        bool strong = cut == CLAUSES_ALL || mark.join != CLAUSE_AND;
        if (mark.size == 0 || !strong) {
            i++;
            continue;
        }
        if (number_at(&c, i, c.number + 1) == mark.size) c.number++;
        close_clause(&c, i, mark);
        i += mark.size;
    }
    close_clause(&c, text.size, (struct mark){0});
    return c.over ? 0 : c.count;
}
