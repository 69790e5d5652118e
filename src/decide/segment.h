/*
 * segment.h - an immutable part of an index: the laws of some candidates as
 * compact records, found by rows of bits; private to segment*.c, draft.c and
 * index.c.
 *
 * What a context may say is a column: the words of an attribute, its numbers,
 * or the first so many segments of the domain. A context becomes one code a
 * column. A law is a record of tests on columns, all of which must hold.
 *
 * Each law lies in the cell of one thing that it asks for and that few contexts
 * have: a word, or a place in the tree of domains; a context looks only into
 * the cells of what it says, and into the first cell, of laws that ask for
 * nothing so rare. A cell has a row of bits for each class of codes of a
 * column: which of its laws may hold for such a code. The rows of a context's
 * classes, ANDed, leave the laws whose records are tried: rows only leave out,
 * a record decides.
 */
#ifndef NDF_DECIDE_SEGMENT_H
#define NDF_DECIDE_SEGMENT_H

#include <stdatomic.h>

#include "base/buf.h"
#include "decide/judge.h"
#include "decide/rows.h"
#include "decide/rule.h"
#include "decide/terms.h"

enum {
    SEGMENT_PREFIXES = 8, /* levels of the domain that are columns */
    SEGMENT_BUCKETS = 32, /* of numbers, and classes of words in a cell */
};

/* The first columns are always there. */
enum {
    COLUMN_AGENT_TYPE = SEGMENT_PREFIXES,
    COLUMN_PRIORITY,
    COLUMN_SEGMENTS, /* how many the domain has */
    COLUMN_SEGMENT,  /* the first of them alone, then the second, ... */
    COLUMN_FIRST = COLUMN_SEGMENT + SEGMENT_PREFIXES, /* of an attribute */
    COLUMN_NONE = (1 << 24) - 1,
};

/* Numbers lie on a line of integers: n at 2n, what is between n and n + 1 at
 * 2n + 1, so that every comparison with an integer is a range of places, exact
 * for reals, too. What is LINE_END or farther lies at the ends of the line, and
 * laws that name such numbers are judged without it. */
#define LINE_END (INT64_C(1) << 62)

enum code { CODE_ABSENT, CODE_OTHER, CODE_FIRST };

enum column_kind { COLUMN_WORD, COLUMN_NUMBER, COLUMN_PREFIX };

struct column {
    uint32_t kind;      /* enum column_kind */
    uint32_t attribute; /* UINT32_MAX: none */
    uint32_t first;     /* in code_terms and cell_of, of CODE_FIRST */
    uint32_t count;     /* codes from CODE_FIRST on */
    uint32_t bounds;    /* of numbers: where in numbers, SEGMENT_BUCKETS - 1 */
    uint32_t bound_count;
    uint32_t rounded;   /* laws name numbers that are no bounds */
    uint32_t truths[3]; /* codes of false, true, null */
};

struct attribute {
    uint32_t name;   /* a term */
    uint32_t word;   /* column, or COLUMN_NONE */
    uint32_t number; /* the same */
    uint32_t scale;  /* its words may stand for numbers */
};

/* Spaces of terms beside those of columns. */
#define SPACE_NAMES UINT32_MAX
#define SPACE_GLOBS (UINT32_MAX - 1)
#define SPACE_HEADS (UINT32_MAX - 2) /* names with dots, up to one of them */

enum test_kind {
    TEST_WORD,      /* the code is a, or b */
    TEST_WORDS,     /* one of b codes from codes[a] on */
    TEST_NOT_WORDS, /* known, and none of these */
    TEST_KNOWN,
    TEST_ABSENT,
    TEST_RANGE,  /* at places a to b of the line, as int32_t */
    TEST_RANGES, /* in one of b pairs of ends from numbers[a] on */
    TEST_GLOB,   /* the domain is that of globs[a], or of globs[b] */
    TEST_GLOBS,  /* of one of b globs, by codes[a] and on */
    TEST_SLOW,   /* slows[a], judged as it stands */
};

struct test {
    uint32_t kind : 8;
    uint32_t column : 24;
    uint32_t a, b;
};

static inline struct test test_of(
    enum test_kind kind, uint32_t column, uint32_t a, uint32_t b)
{
    return (struct test){(uint32_t)kind & 0xFF, column & COLUMN_NONE, a, b};
}

/* Of one alternative, followed by its tests. */
struct law_record {
    uint32_t local; /* candidate's number in the segment */
    uint32_t alternative;
    uint32_t count; /* of tests */
};

enum { LAW_WORDS = 3, TEST_UNITS = 3 }; /* uint32_t of each in a record */

enum glob_kind {
    GLOB_BELOW, /* prefix.** */
    GLOB_EXACT,
    GLOB_STARS, /* with some * inside */
    GLOB_OTHER, /* of more segments than are columns: by its text */
};

struct glob {
    uint32_t kind;
    uint32_t level; /* segments before the first star, at most PREFIXES */
    uint32_t size;  /* segments in all, a last ** left out */
    uint32_t below; /* it has a last ** */
    uint32_t text;  /* a term */
    uint32_t uses;  /* by laws */
    uint32_t prefixes[SEGMENT_PREFIXES]; /* codes of the first 1, 2, ... of
                                            these segments */
    uint32_t words[SEGMENT_PREFIXES];    /* of STARS: codes of the segments
                                            behind those; ABSENT: a star */
};

/* A predicate that has no faster form, with its expressions compiled. Counted:
 * segments share it. */
struct slow {
    const struct mem *mem;
    _Atomic size_t references;
    struct arena arena; /* of predicate */
    struct predicate predicate;
    struct judge_predicate judged;
    struct matcher **matchers;
    size_t matcher_room;
};

int slow_new(struct slow **out, const struct mem *mem,
    const struct predicate *predicate, ndf_error *error);
/* Of bytes (model/law.h); what they do not say, or does not compile, becomes a
 * predicate that never holds. NDF_OK or NDF_ENOMEM. */
int slow_read(struct slow **out, const struct mem *mem, struct str bytes);
struct slow *slow_ref(struct slow *slow);
void slow_unref(struct slow *slow);

/* A law in a cell, as far as it can be decided in a few steps that are always
 * the same: each slot asks whether what is near in a column is from `from` on
 * and at most `span` more. All slots must hold, of joined ones any. What leads
 * to the cell, and what its rows decide for certain, is left out. One cache
 * line. */
enum { QUICK_SLOTS = 5, QUICK_COLUMNS = 1 << 16 };
#define QUICK_PART UINT32_C(0x80000000) /* the law's record decides, then */

enum {
    CELL_COLUMNS = 48, /* at most, of a cell */
    ACCESS_MAX = 8,    /* cells that one law lies in, at most */
};

struct quick {
    uint32_t local, alternative;
    uint32_t law; /* where in laws; and QUICK_PART */
    uint16_t column[QUICK_SLOTS];
    uint16_t joined; /* bits: a slot that is joined to the next */
    uint32_t from[QUICK_SLOTS], span[QUICK_SLOTS];
};

struct quick_slot {
    uint32_t column, from, span;
};

struct cell {
    uint32_t first, count; /* in quicks */
    uint32_t column_first, column_count;
    uint64_t rows; /* where its rows begin */
};

/* A column in a cell; its class of a code c >= CODE_FIRST is
 * CODE_FIRST + ((c - CODE_FIRST) >> shift & mask), of others c itself. */
struct cell_column {
    uint32_t column;
    uint32_t mask, shift;
    uint32_t row; /* of class 0, from the cell's first */
};

/* X(type, name): the arrays of a segment; those in lines begin with a cache
 * line. */
#define SEGMENT_PLAIN(X)                                                       \
    X(struct column, columns)                                                  \
    X(struct attribute, attributes)                                            \
    X(int32_t, blanks)  /* by column: near, when nothing is said */            \
    X(uint32_t, dotted) /* attributes whose names have dots */                 \
    X(struct term_slot, slots)                                                 \
    X(struct term, terms)                                                      \
    X(char, bytes)                                                             \
    X(uint32_t, code_terms) /* by column.first: the term of a code */          \
    X(uint32_t, cell_of)    /* the same: the cell of a code; 0: none */        \
    X(int64_t, numbers)                                                        \
    X(uint32_t, codes)                                                         \
    X(struct glob, globs)                                                      \
    X(uint32_t, laws)       /* records */                                      \
    X(uint32_t, always)     /* locals without a law */                         \
    X(uint32_t, candidates) /* by local, rising */                             \
    X(uint32_t, tastes)     /* records: count, tests */                        \
    X(uint32_t, taste_of)   /* by local: where in tastes, + 1; or empty */     \
    X(struct cell, cells)                                                      \
    X(struct cell_column, cell_columns)
#define SEGMENT_LINES(X)                                                       \
    X(struct quick, quicks)                                                    \
    X(uint64_t, rows)
#define SEGMENT_ARRAYS(X) SEGMENT_PLAIN(X) SEGMENT_LINES(X)

enum { SEGMENT_LINE = 64 };

struct segment {
    const struct mem *mem;
    _Atomic size_t references;
    uint64_t seed; /* of terms */
    bool dense;    /* candidates are consecutive */
    bool several;  /* some candidate has several laws */
#define SEGMENT_ARRAY(type, name)                                              \
    type *name;                                                                \
    size_t name##_count;
    SEGMENT_ARRAYS(SEGMENT_ARRAY)
#undef SEGMENT_ARRAY
    void *quicks_block, *rows_block; /* what these lie in */
    struct slow **slows;             /* not lent */
    size_t slow_count;
    /* Of one whose arrays are lent by a block: its slow predicates as bytes,
     * and those that were asked for. */
    bool lent;
    const char *slow_bytes;
    const uint64_t *slow_starts; /* slow_count + 1, in those bytes */
    _Atomic(struct slow *) *made;
};

struct segment *segment_ref(struct segment *segment);
void segment_unref(struct segment *segment);
size_t segment_bytes(const struct segment *segment);
/* A slow predicate, made if nobody asked for it before; the segment keeps it.
 * NDF_OK or NDF_ENOMEM. */
int segment_slow(
    const struct segment *segment, uint32_t number, struct slow **out);
/* As index_write and index_open. */
void segment_write(const struct segment *segment, struct buf *out);
int segment_open(struct segment **out, const struct mem *mem, struct str block);
/* Whether no use of these arrays, which are lent by anybody, could look outside
 * of them or go on without end; sets dense and several. slow_size: of the bytes
 * of slow predicates. NDF_OK, NDF_ENOMEM, NDF_ECORRUPT. */
int segment_check(struct segment *segment, size_t slow_size);
/* Of one segment: see index_fits. */
bool segment_fits(const struct segment *segment, const struct index_rule *rules,
    size_t count);
/* The local of a candidate, or UINT32_MAX. */
uint32_t segment_local(const struct segment *segment, uint32_t candidate);

static inline struct terms segment_terms(const struct segment *segment)
{
    return (struct terms){.slots = segment->slots,
        .mask = (uint32_t)segment->slots_count - 1,
        .items = segment->terms,
        .bytes = segment->bytes,
        .seed = segment->seed};
}

/* Words that are equal as strings, or as true, false and null. */
static inline uint32_t column_space(uint32_t column, bool string)
{
    return column * 2 + (string ? 0 : 1);
}

static inline uint32_t class_of(const struct cell_column *column, uint32_t code)
{
    if (code < CODE_FIRST) return code;
    return CODE_FIRST + (((code - CODE_FIRST) >> column->shift) & column->mask);
}

/* How many rows such a column has. */
uint32_t class_count(
    const struct segment *segment, const struct cell_column *c);

/* The bucket of a place: how many of the bounds are not above it. There are
 * SEGMENT_BUCKETS - 1, of which those past count are INT64_MAX. */
static inline uint32_t bucket_of(
    const int64_t *bounds, uint32_t count, int64_t place)
{
    uint32_t bucket = 0;
#pragma GCC unroll 8
    for (uint32_t half = SEGMENT_BUCKETS / 2; half > 0; half /= 2)
        bucket += bounds[bucket + half - 1] <= place ? half : 0;
    return bucket < count ? bucket : count;
}

/* A string, or a word that stands for true, false or null. */
static inline struct str word_of_value(const struct value *value)
{
    if (value->kind == VALUE_STRING)
        return value->string.at != NULL ? value->string : STR("");
    if (value->kind == VALUE_NULL) return STR("n");
    return value->truth ? STR("t") : STR("f");
}

/* ---- matching ------------------------------------------------------------ */

/* A match under way; each alternative that holds is an item. */
struct matching {
    const struct context *context;
    struct matcher_work work;
    rows_fn rows;
    const uint64_t *removed; /* by local; NULL: none */
    struct index_match *items;
    size_t count, room;
};

/* Codes of a context in one segment. */
struct coded {
    const struct context *context;
    uint32_t segments; /* of the domain; all */
    bool domain;       /* is known */
    uint32_t *codes;   /* by column */
    int64_t *places;   /* of numbers, by column: on their line */
    int32_t *near;     /* by column: the code, or the place, or next to it if
                          it is far; INT32_MIN: no number */
    uint32_t *said;    /* columns with a code from CODE_FIRST on */
    size_t said_count;
};

/* Lives in arena. NDF_OK or NDF_ENOMEM. */
int segment_encode(const struct segment *segment, const struct context *context,
    struct arena *arena, struct coded *out);
int segment_match(const struct segment *segment, const struct coded *coded,
    struct matching *matching);
#endif
