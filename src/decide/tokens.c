/*
 * tokens.c - see tokens.h.
 *
 * A run is a stretch of word characters of one sort; its parts are what
 * camelCase separates. Stemming only takes English-looking endings off words
 * of ASCII, the same from queries and documents, so a wrong cut does no more
 * than let two words meet. Invariant: run_start <= part <= run_end <= at.
 */
#include "decide/tokens.h"

#include <string.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/utf8.h"

enum {
    GRAM_SEED = 4,
    STEM_MAX = 256, /* longer words are not stemmed */
};

void tokens_init(struct tokens *tokens, const struct mem *mem, struct str text)
{
    memset(tokens, 0, sizeof *tokens);
    tokens->text = text;
    buf_init(&tokens->word, mem);
}

void tokens_deinit(struct tokens *tokens)
{
    buf_deinit(&tokens->word);
}

int tokens_error(const struct tokens *tokens)
{
    return buf_error(&tokens->word);
}

/* Thai to Myanmar, Khmer, Kana, Han: no blanks between words. */
static bool is_unspaced(int32_t c)
{
    if (c < 0x0E00) return false;
    return c <= 0x0EFF || (c >= 0x1000 && c <= 0x109F) ||
           (c >= 0x1780 && c <= 0x17FF) || (c >= 0x3040 && c <= 0x30FF) ||
           (c >= 0x3400 && c <= 0x9FFF) || (c >= 0xF900 && c <= 0xFAFF) ||
           (c >= 0x20000 && c <= 0x3FFFF);
}

/* Finds the next run; false at the end of the text. */
static bool find_run(struct tokens *t)
{
    size_t at = t->at;
    size_t start = at;
    int32_t c = utf8_next(t->text, &at);
    while (c >= 0 && !utf8_is_word(c)) {
        start = at;
        c = utf8_next(t->text, &at);
    }
    if (c < 0) return false;
    t->unspaced = is_unspaced(c);
    size_t end = at;
    while (end - start < TOKENS_WORD_MAX) {
        c = utf8_next(t->text, &at);
        if (c < 0 || !utf8_is_word(c) || is_unspaced(c) != t->unspaced) break;
        end = at;
    }
    t->run_start = t->part = start;
    t->run_end = t->at = end;
    t->parts = 0;
    return true;
}

/* Where the part that starts at t->part ends: before a capital that follows a
 * small letter, or that a small letter follows (HTTPServer: HTTP, Server). */
static size_t part_end(const struct tokens *t)
{
    struct str run = str_until(t->text, t->run_end);
    size_t at = t->part;
    int32_t before = utf8_next(run, &at);
    size_t start = at; /* of the character `here` */
    int32_t here = utf8_next(run, &at);
    while (here >= 0) {
        size_t ahead = at;
        int32_t after = utf8_next(run, &ahead);
        if (utf8_is_upper(here)) {
            bool small_before = !utf8_is_upper(before);
            bool small_after =
                after >= 0 && !utf8_is_upper(after) && !utf8_is_digit(after);
            if (small_before || small_after) return start;
        }
        before = here;
        start = at;
        here = after;
        at = ahead;
    }
    return t->run_end;
}

/* The end of the pair of characters at t->part. */
static size_t pair_end(const struct tokens *t)
{
    struct str run = str_until(t->text, t->run_end);
    size_t at = t->part;
    utf8_next(run, &at);
    utf8_next(run, &at);
    return at;
}

/* "c++" is "cpp", "c#" is "csharp": people write both. */
static const char *letter_suffix(struct tokens *t)
{
    if (t->run_end - t->run_start != 1) return "";
    struct str rest = str_from(t->text, t->run_end);
    if (str_starts(rest, STR("++"))) {
        t->at += 2;
        return "pp";
    }
    if (!str_starts(rest, STR("#"))) return "";
    t->at += 1;
    return "sharp";
}

static bool emit(struct tokens *t, size_t start, size_t end, struct str *word)
{
    struct str raw = str_until(str_from(t->text, start), end - start);
    bool whole = start == t->run_start && end == t->run_end;
    buf_reset(&t->word);
    if (utf8_fold(&t->word, raw) != NDF_OK) t->word.failed = true;
    if (whole && !t->unspaced) {
        const char *suffix = letter_suffix(t);
        buf_add(&t->word, suffix, strlen(suffix));
    }
    *word = buf_str(&t->word);
    return !t->word.failed;
}

bool tokens_next(struct tokens *t, struct str *word)
{
    if (t->word.failed) return false;
    if (t->part == t->run_end && t->parts > 1) {
        t->parts = 0;
        return emit(t, t->run_start, t->run_end, word);
    }
    if (t->part == t->run_end && !find_run(t)) return false;
    size_t start = t->part;
    size_t end = t->unspaced ? pair_end(t) : part_end(t);
    t->part = end;
    if (!t->unspaced) {
        t->parts++;
    } else if (end < t->run_end) {
        t->part = start; /* the next pair begins one character on */
        utf8_next(t->text, &t->part);
    }
    return emit(t, start, end, word);
}

static bool is_one_of(char c, struct str set)
{
    return str_find_char(set, c) < set.size;
}

static bool has_vowel(const char *word, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (is_one_of(word[i], STR("aeiouy"))) return true;
    }
    return false;
}

static bool ends(const char *word, size_t size, const char *suffix)
{
    size_t n = strlen(suffix);
    return size > n && memcmp(word + size - n, suffix, n) == 0;
}

/* Plural endings; returns the new size. */
static size_t stem_plural(char *w, size_t size)
{
    if (size <= 3 || !ends(w, size, "s")) return size;
    if (ends(w, size, "ss") || ends(w, size, "us") || ends(w, size, "is"))
        return size;
    if (size > 4 && ends(w, size, "ies")) {
        w[size - 3] = 'y';
        return size - 2;
    }
    return size - 1;
}

/* "running" to "run", "failed" to "fail", "debugger" to "debug". */
static size_t stem_ending(const char *w, size_t size)
{
    static const char *const endings[] = {"ing", "ed", "er", "or"};
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        if (!ends(w, size, endings[i])) continue;
        size_t left = size - strlen(endings[i]);
        if (left < 3 || !has_vowel(w, left) || w[left - 1] == 'e') return size;
        bool doubled =
            w[left - 1] == w[left - 2] && !is_one_of(w[left - 1], STR("lsz"));
        return doubled && left > 3 ? left - 1 : left;
    }
    return size;
}

static size_t stem(char *w, size_t size)
{
    size = stem_plural(w, size);
    size = stem_ending(w, size);
    if (size > 4 && w[size - 1] == 'e') size--;
    return size;
}

static bool is_ascii(struct str s)
{
    for (size_t i = 0; i < s.size; i++) {
        if ((unsigned char)s.at[i] >= 0x80) return false;
    }
    return true;
}

static size_t code_points(struct str s)
{
    size_t count = 0;
    for (size_t i = 0; i < s.size; i++)
        count += ((unsigned char)s.at[i] & 0xC0) != 0x80;
    return count;
}

uint32_t tokens_hash(struct str word)
{
    char copy[STEM_MAX];
    if (word.size <= sizeof copy && word.size > 0 && is_ascii(word)) {
        memcpy(copy, word.at, word.size);
        word = (struct str){copy, stem(copy, word.size)};
    }
    size_t points = code_points(word);
    uint32_t class = points <= 2 ? 0 : points >= 5 ? 3 : (uint32_t)points - 2;
    uint32_t hash = (uint32_t)hash64(word) >> TOKENS_CLASS_BITS;
    return class << (32 - TOKENS_CLASS_BITS) | hash;
}

unsigned tokens_class(uint32_t hash)
{
    return hash >> (32 - TOKENS_CLASS_BITS);
}

size_t tokens_grams(struct str word, uint32_t out[TOKENS_WORD_GRAMS_MAX])
{
    char padded[STEM_MAX];
    if (word.size + 2 > sizeof padded || word.size == 0) return 0;
    memcpy(padded + 1, word.at, word.size);
    padded[0] = padded[word.size + 1] = ' ';
    struct str text = {padded, word.size + 2};
    size_t ends_at = 0;
    for (int i = 0; i < TOKENS_GRAM; i++)
        utf8_next(text, &ends_at);
    size_t count = 0;
    size_t start = 0;
    for (;;) {
        struct str gram = str_until(str_from(text, start), ends_at - start);
        out[count++] = (uint32_t)hash64_seed(gram, GRAM_SEED);
        if (ends_at == text.size || count == TOKENS_WORD_GRAMS_MAX) break;
        utf8_next(text, &start);
        utf8_next(text, &ends_at);
    }
    return count;
}
