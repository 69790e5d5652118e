/*
 * text.h - how much a task's words speak for a pattern.
 *
 * A pattern's words become features: a compact, versioned byte form (sorted
 * hashes of stemmed words and of character 4-grams, with weights) that is made
 * once and kept by the store, so that opening 500 agents tokenises nothing.
 * An index over many features answers a query with BM25 over words and a
 * TF-IDF cosine over words and 4-grams, for the documents that share a term.
 *
 * Everything is deterministic and the same on every machine. Features and
 * queries may be hostile bytes. An index is immutable: any number of threads
 * may use one at once.
 */
#ifndef NDF_DECIDE_TEXT_H
#define NDF_DECIDE_TEXT_H

#include <stdint.h>

#include "base/buf.h"
#include "base/mem.h"
#include "decide/lesson.h"

enum {
    TEXT_WORDS_MAX = 1500,   /* distinct words kept of one document */
    TEXT_GRAMS_MAX = 1500,   /* distinct 4-grams kept of one document */
    TEXT_NEGATIVE_MAX = 500, /* distinct words of its not_for */
    TEXT_FIELD_BYTES_MAX = 256 * 1024, /* read of all fields together */
    TEXT_FEATURES_MAX = 32 * 1024,     /* bytes of one features */
    TEXT_QUERY_BYTES_MAX = 32 * 1024,  /* read of a query: head and tail */
    TEXT_QUERY_WORDS_MAX = 1024,       /* distinct words of a query */
    TEXT_QUERY_GRAMS_MAX = 2048,
    TEXT_DOCUMENTS_MAX = 4 * 1024 * 1024,
};

enum text_field_kind {
    TEXT_NAME,
    TEXT_DESCRIPTION,
    TEXT_EXAMPLE,
    TEXT_TOOLS,
    TEXT_BODY,
    TEXT_NOT_FOR,
};

struct text_field {
    enum text_field_kind kind;
    struct str text; /* invalid UTF-8 is read as U+FFFD */
};

/* Appends the features of one document to *out. A kind may occur any number
 * of times. NDF_OK or NDF_ENOMEM. */
int text_features(const struct mem *mem, const struct text_field *fields,
    size_t count, struct buf *out);
/* Whether bytes are features of this version: if not, make them again. */
bool text_features_valid(struct str features);

struct text_index;

/* Copies what it needs. Features that are not valid (also empty ones) count
 * as a document without words. NDF_OK, NDF_ENOMEM, NDF_ELIMIT. */
int text_index_new(struct text_index **out, const struct mem *mem,
    const struct str *features, size_t count);
void text_index_free(struct text_index *index);
/* Appends the index as a block (base/block.h). Failure sticks in out. */
void text_index_write(const struct text_index *index, struct buf *out);
/* Uses a block where it lies: borrows it for the index's life. Hostile bytes
 * give wrong scores at worst. Checked here are all places, the order of terms,
 * and every number of a document; of the postings, which are nearly all of the
 * bytes and are not even read here, each document's number when it is used.
 * NDF_OK, NDF_ENOMEM; NDF_ECORRUPT, NDF_ENEWER: to be made anew. */
int text_index_open(
    struct text_index **out, const struct mem *mem, struct str block);
/* How many documents it has. */
size_t text_index_count(const struct text_index *index);

/* A word of the query, folded and stemmed. */
struct text_term {
    uint32_t hash;
    float count;     /* how often it stands in the query */
    float idf;       /* 0 until scored */
    bool known;      /* some document has it */
    struct str word; /* as it stood in the query, folded */
};

/* A task's text made ready; lives in its arena. */
struct text_query {
    struct text_term *terms; /* by hash */
    size_t term_count;
    uint32_t *grams; /* hashes, sorted, distinct */
    float *gram_counts;
    size_t gram_count;
    uint32_t *pairs; /* of words that follow one another, as they stand */
    size_t pair_count;
    bool cut; /* the text was longer than what is read of it */
};

/* NDF_OK or NDF_ENOMEM. */
int text_query_make(
    struct arena *arena, struct str text, struct text_query *out);

/* The query as features of a lesson, in an order that depends on the query
 * alone; in arena. NDF_OK or NDF_ENOMEM. */
int text_query_features(const struct text_query *query, struct arena *arena,
    struct lesson_feature **out, size_t *count);

struct text_score {
    uint32_t document;
    float bm25;     /* 0..1: share of the best a document could reach */
    float cosine;   /* 0..1 */
    float negative; /* 0..1: cosine with the words of not_for */
};

struct text_scores {
    struct text_score *items; /* by document; those that share a term */
    size_t count;
    double known; /* 0..1: share of the query's IDF mass that any knows */
    double mass;  /* the query's IDF mass: what bm25 is a share of */
};

/* Fills query->terms[].idf and .known too. Results live in arena. NDF_OK or
 * NDF_ENOMEM. */
int text_index_score(const struct text_index *index, struct text_query *query,
    struct arena *arena, struct text_scores *out);

/* How like a document all others are: *out is for each the cosine of the two
 * TF-IDF vectors (0..1, the same both ways but for rounding; 0 for the document
 * itself, and for one without words). features are those the document was
 * indexed with. *out lives in arena. NDF_OK or NDF_ENOMEM. */
int text_index_alike(const struct text_index *index, struct str features,
    size_t document, struct arena *arena, float **out);

/* How many documents have the word of a hash, if only in their bodies. */
size_t text_index_having(const struct text_index *index, uint32_t hash);

/* A word of the query that a document has, and its share of that document's
 * BM25 score. */
struct text_word {
    struct str word;
    double share;
};

/* The matching words of a scored query, the weightiest first, ties by word.
 * NDF_OK or NDF_ENOMEM. */
int text_index_words(const struct text_index *index,
    const struct text_query *query, size_t document, struct arena *arena,
    struct text_word **out, size_t *count);
/* The same words in two documents give the same number; for naming copies. 0
 * for a document without words. */
uint64_t text_index_identity(const struct text_index *index, size_t document);

#endif
