/*
 * text_features.c - the features of one document (text.h).
 *
 * Every word of every field is noted once an occurrence; then the notes are
 * sorted by hash and summed. What a name says weighs most; descriptions and
 * bodies are read by passages, so that what a user says in an example is an
 * example, and what an assistant answers is nothing. A body is long and often
 * repeats itself, and so do the schemas of many tools: their counts saturate
 * against their own length before they are kept, so nobody is pushed down, or
 * up, for having much of it. Invariant: the same fields give the same bytes on
 * every machine.
 */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "decide/passages.h"
#include "decide/text_form.h"
#include "decide/tokens.h"

/* Weight of one occurrence, in 64ths. The weights were tried on routing sets,
 * with three to ten of their queries as examples of a label, on 504 public
 * agents with one of their own examples as the query and left out, and on
 * registries of single tools beside servers of many (bench/RESULTS.md). */
enum {
    WEIGHT_NAME = 128,
    WEIGHT_PLAIN = 64,
    WEIGHT_EXAMPLE = 32, /* many words of a request are not what it is about */
    WEIGHT_BODY = 64,    /* of any number of occurrences, at most */
    WEIGHT_TOOLS = 96,   /* the same */
    TOOLS_GRAM = 32,
    BODY_PIVOT = 400,  /* words of a body of middling length */
    TOOLS_PIVOT = 120, /* the same of tools */
    WEIGHT_MAX = 60000,
    SORT_SMALL = 32, /* so few are sorted without a library call for each */
};

/* One occurrence, or after merging one term. */
struct note {
    uint32_t hash;
    uint32_t core;        /* in 64ths */
    uint32_t body, tools; /* occurrences */
};

struct notes {
    struct vec words, grams, negatives; /* of struct note */
    uint64_t identity;
    uint32_t body_words, tool_words;
    uint32_t length; /* of the core, in 64ths */
};

static int push(struct vec *vec, struct note note)
{
    struct note *kept = vec_push(vec);
    if (kept == NULL) return NDF_ENOMEM;
    *kept = note;
    return NDF_OK;
}

static int note_grams(struct notes *notes, struct str word, uint32_t weight)
{
    uint32_t grams[TOKENS_WORD_GRAMS_MAX];
    size_t count = tokens_grams(word, grams);
    for (size_t i = 0; i < count; i++) {
        int err = push(
            &notes->grams, (struct note){.hash = grams[i], .core = weight});
        if (err != NDF_OK) return err;
    }
    return NDF_OK;
}

static int note_core(struct notes *notes, struct str word, uint32_t weight)
{
    struct note note = {.hash = tokens_hash(word), .core = weight};
    notes->length += weight;
    int err = push(&notes->words, note);
    return err == NDF_OK ? note_grams(notes, word, FORM_UNIT) : err;
}

static int note_word(
    struct notes *notes, enum text_field_kind kind, struct str word)
{
    struct note note = {.hash = tokens_hash(word)};
    int err;
    switch (kind) {
    case TEXT_NOT_FOR:
        note.core = FORM_UNIT;
        return push(&notes->negatives, note);
    case TEXT_BODY:
        notes->body_words++;
        note.body = 1;
        return push(&notes->words, note);
    case TEXT_TOOLS:
        notes->tool_words++;
        note.tools = 1;
        err = push(&notes->words, note);
        return err == NDF_OK ? note_grams(notes, word, TOOLS_GRAM) : err;
    case TEXT_NAME: return note_core(notes, word, WEIGHT_NAME);
    case TEXT_EXAMPLE: return note_core(notes, word, WEIGHT_EXAMPLE);
    case TEXT_DESCRIPTION: break;
    }
    return note_core(notes, word, WEIGHT_PLAIN);
}

static int note_valid(const struct mem *mem, struct notes *notes,
    enum text_field_kind kind, struct str text)
{
    struct tokens tokens;
    struct str word;
    int err = NDF_OK;
    tokens_init(&tokens, mem, text);
    while (err == NDF_OK && tokens_next(&tokens, &word))
        err = note_word(notes, kind, word);
    if (err == NDF_OK) err = tokens_error(&tokens);
    tokens_deinit(&tokens);
    return err;
}

/* A description or a body by its passages. */
static int note_passages(const struct mem *mem, struct notes *notes,
    enum text_field_kind kind, struct str text)
{
    bool body = kind == TEXT_BODY;
    const enum text_field_kind kinds[] = {[PASSAGE_PLAIN] = kind,
        [PASSAGE_UTTERANCE] = TEXT_EXAMPLE,
        [PASSAGE_USE] = TEXT_DESCRIPTION,
        [PASSAGE_NOT_FOR] = TEXT_NOT_FOR};
    struct passages passages;
    struct passage passage;
    struct buf mended;
    buf_init(&mended, mem);
    int err = body ? NDF_OK : passages_mend(&mended, text);
    passages_init(&passages, body ? text : buf_str(&mended),
        body ? PASSAGES_BODY : PASSAGES_DESCRIPTION);
    while (err == NDF_OK && passages_next(&passages, &passage))
        if (passage.kind != PASSAGE_ASIDE)
            err = note_valid(mem, notes, kinds[passage.kind], passage.text);
    buf_deinit(&mended);
    return err;
}

/* A name is left out of the identity: copies differ in name only. */
static int note_field(const struct mem *mem, struct notes *notes,
    enum text_field_kind kind, struct str text)
{
    if (kind != TEXT_NAME && text.size > 0)
        notes->identity =
            hash64_seed(text, notes->identity + (uint64_t)kind + 1);
    bool cut = kind == TEXT_DESCRIPTION || kind == TEXT_BODY;
    struct buf mended;
    buf_init(&mended, mem);
    if (!utf8_valid(text)) {
        utf8_add_lossy(&mended, text);
        text = buf_str(&mended);
    }
    int err = buf_error(&mended);
    if (err == NDF_OK)
        err = cut ? note_passages(mem, notes, kind, text)
                  : note_valid(mem, notes, kind, text);
    buf_deinit(&mended);
    return err;
}

static int by_hash(const void *a, const void *b)
{
    const struct note *x = a;
    const struct note *y = b;
    return (x->hash > y->hash) - (x->hash < y->hash);
}

static int by_weight(const void *a, const void *b)
{
    const struct note *x = a;
    const struct note *y = b;
    if (x->core != y->core) return x->core > y->core ? -1 : 1;
    if (x->tools != y->tools) return x->tools > y->tools ? -1 : 1;
    if (x->body != y->body) return x->body > y->body ? -1 : 1;
    return by_hash(a, b);
}

static void sort_by_hash(struct note *notes, size_t count)
{
    if (count > SORT_SMALL) {
        qsort(notes, count, sizeof *notes, by_hash);
        return;
    }
    for (size_t i = 1; i < count; i++) {
        struct note note = notes[i];
        size_t at = i;
        for (; at > 0 && notes[at - 1].hash > note.hash; at--)
            notes[at] = notes[at - 1];
        notes[at] = note;
    }
}

/* Sums the notes of one hash and keeps the max heaviest, by hash. */
static void merge(struct vec *vec, size_t max)
{
    struct note *notes = vec->at;
    if (vec->count == 0) return;
    sort_by_hash(notes, vec->count);
    size_t kept = 0;
    for (size_t i = 1; i < vec->count; i++) {
        if (notes[i].hash != notes[kept].hash) {
            notes[++kept] = notes[i];
        } else {
            notes[kept].core += notes[i].core;
            notes[kept].body += notes[i].body;
            notes[kept].tools += notes[i].tools;
        }
    }
    vec->count = kept + 1;
    if (vec->count <= max) return;
    qsort(notes, vec->count, sizeof *notes, by_weight);
    vec->count = max;
    qsort(notes, vec->count, sizeof *notes, by_hash);
}

/* The place behind what was written, as all put_ here. */
static char *put_u32(char *at, uint32_t n)
{
    for (unsigned shift = 0; shift < 32; shift += 8)
        *at++ = (char)(n >> shift & 0xFF);
    return at;
}

static char *put_weight(char *at, uint32_t weight)
{
    uint32_t n = weight < WEIGHT_MAX ? weight : WEIGHT_MAX;
    *at++ = (char)(n & 0xFF);
    *at++ = (char)(n >> 8);
    return at;
}

/* How much is kept of a word that stands count times in a long text of so many
 * words: at most max, and not nothing. */
static uint32_t saturate(
    uint32_t max, uint32_t count, uint32_t words, uint32_t pivot)
{
    if (count == 0) return 0;
    uint64_t share = (uint64_t)count * pivot;
    uint32_t weight = (uint32_t)(max * share / (share + pivot / 2 + words));
    return weight > 0 ? weight : 1;
}

static char *put_pairs(char *at, const struct vec *vec)
{
    const struct note *notes = vec->at;
    for (size_t i = 0; i < vec->count; i++)
        at = put_weight(put_u32(at, notes[i].hash), notes[i].core);
    return at;
}

static char *put_head(char *at, const struct notes *notes)
{
    for (size_t i = 0; i < sizeof FORM_MAGIC - 1; i++)
        *at++ = FORM_MAGIC[i];
    at = put_u32(at, (uint32_t)notes->words.count);
    at = put_u32(at, (uint32_t)notes->grams.count);
    at = put_u32(at, (uint32_t)notes->negatives.count);
    at = put_u32(at, notes->length);
    at = put_u32(at, (uint32_t)notes->identity);
    return put_u32(at, (uint32_t)(notes->identity >> 32));
}

static int put(struct notes *notes, struct buf *out)
{
    merge(&notes->words, TEXT_WORDS_MAX);
    merge(&notes->grams, TEXT_GRAMS_MAX);
    merge(&notes->negatives, TEXT_NEGATIVE_MAX);
    size_t size = FORM_HEADER + notes->words.count * FORM_WORD +
                  (notes->grams.count + notes->negatives.count) * FORM_PAIR;
    char *at = buf_reserve(out, size);
    if (at == NULL) return NDF_ENOMEM;
    at = put_head(at, notes);
    const struct note *words = notes->words.at;
    for (size_t i = 0; i < notes->words.count; i++) {
        at = put_weight(put_u32(at, words[i].hash), words[i].core);
        at = put_weight(at, saturate(WEIGHT_BODY, words[i].body,
                                notes->body_words, BODY_PIVOT) +
                                saturate(WEIGHT_TOOLS, words[i].tools,
                                    notes->tool_words, TOOLS_PIVOT));
    }
    at = put_pairs(at, &notes->grams);
    at = put_pairs(at, &notes->negatives);
    *at = '\0';
    out->size += size;
    return NDF_OK;
}

/* Reads the bodies only, or all the other fields, as far as *left goes. */
static int note_fields(const struct mem *mem, struct notes *notes,
    const struct text_field *fields, size_t count, bool bodies, size_t *left)
{
    for (size_t i = 0; i < count; i++) {
        if ((fields[i].kind == TEXT_BODY) != bodies) continue;
        struct str text = fields[i].text;
        if (text.size > *left) text = str_until(text, *left);
        *left -= text.size;
        int err = note_field(mem, notes, fields[i].kind, text);
        if (err != NDF_OK) return err;
    }
    return NDF_OK;
}

int text_features(const struct mem *mem, const struct text_field *fields,
    size_t count, struct buf *out)
{
    struct notes notes = {.identity = 0};
    size_t left = TEXT_FIELD_BYTES_MAX;
    vec_init(&notes.words, mem, sizeof(struct note));
    vec_init(&notes.grams, mem, sizeof(struct note));
    vec_init(&notes.negatives, mem, sizeof(struct note));
    int err = note_fields(mem, &notes, fields, count, false, &left);
    if (err == NDF_OK)
        err = note_fields(mem, &notes, fields, count, true, &left);
    if (err == NDF_OK) err = put(&notes, out);
    vec_deinit(&notes.words);
    vec_deinit(&notes.grams);
    vec_deinit(&notes.negatives);
    return err;
}

/* Whether count entries of size bytes have rising hashes and some weight. */
static bool entries_valid(const char *at, size_t count, size_t size)
{
    for (size_t i = 0; i < count; i++, at += size) {
        if (i > 0 && form_u32(at) <= form_u32(at - size)) return false;
        unsigned weight = form_u16(at + 4);
        if (size == FORM_WORD) weight |= form_u16(at + 6);
        if (weight == 0) return false;
    }
    return true;
}

bool text_features_valid(struct str features)
{
    if (features.size < FORM_HEADER) return false;
    const char *at = features.at;
    if (memcmp(at, FORM_MAGIC, 4) != 0) return false;
    size_t words = form_u32(at + 4);
    size_t grams = form_u32(at + 8);
    size_t negatives = form_u32(at + 12);
    if (words > TEXT_WORDS_MAX || grams > TEXT_GRAMS_MAX ||
        negatives > TEXT_NEGATIVE_MAX)
        return false;
    size_t size = words * FORM_WORD + (grams + negatives) * FORM_PAIR;
    if (features.size != FORM_HEADER + size) return false;
    at += FORM_HEADER;
    if (!entries_valid(at, words, FORM_WORD)) return false;
    at += words * FORM_WORD;
    if (!entries_valid(at, grams, FORM_PAIR)) return false;
    return entries_valid(at + grams * FORM_PAIR, negatives, FORM_PAIR);
}
