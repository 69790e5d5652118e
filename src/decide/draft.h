/*
 * draft.h - a segment while it is read: rules become records of tests, in
 * which words are still numbers of terms; private to segment*.c and index.c.
 */
#ifndef NDF_DECIDE_DRAFT_H
#define NDF_DECIDE_DRAFT_H

#include "decide/segment.h"

struct draft {
    const struct mem *mem;
    struct terms_new terms;
    struct vec mentions; /* uint32_t by term: laws that ask for it */
    struct vec columns;  /* struct column */
    struct vec attributes, dotted;
    struct vec numbers, codes, globs;
    struct vec law_starts; /* uint32_t: of each record in laws */
    struct vec laws, tastes, taste_of;
    struct vec always, candidates;
    struct vec slows; /* struct slow * */
    bool tasted;      /* anybody has a taste */
    bool several;     /* some candidate has several laws */
};

/* NDF_OK or NDF_ENOMEM, as all calls below; NDF_ELIMIT too. */
int draft_init(struct draft *draft, const struct mem *mem, uint64_t seed);
void draft_deinit(struct draft *draft);
/* The column of an attribute, made when there is none. */
int draft_column(
    struct draft *draft, struct str name, enum column_kind kind, uint32_t *out);
/* The term of a word that a law asks for, counted. */
int draft_mention(
    struct draft *draft, uint32_t space, struct str word, uint32_t *term);
/* The number of a glob, counted. */
int draft_glob(struct draft *draft, struct str text, uint32_t *number);
/* A test of what was put into codes from first on, of which last has the last
 * two; short lists are held by the test itself. */
void draft_list(struct draft *draft, enum test_kind kind, uint32_t column,
    uint32_t first, const uint32_t last[2], struct test *out);
/* Takes over the caller's reference, also after an error. */
int draft_slow(struct draft *draft, struct slow *slow, struct test *out);
int draft_number(struct vec *vec, uint32_t number);
/* A new record, and one more test in the last one. */
int draft_begin(struct draft *draft, struct law_record law);
int draft_put(struct draft *draft, const struct test *test);
int draft_push_test(struct vec *records, const struct test *test);

/* Candidates come by rising number. As index_new. */
int draft_add(struct draft *draft, uint32_t candidate,
    const struct index_rule *rule, ndf_error *error);

/* Goes through the candidates of a segment; zero but for the segment. */
struct draft_source {
    const struct segment *segment;
    uint32_t local;
    size_t law, always; /* where it is in those */
};

/* Passes over the candidate at the source, which it may take: its number is
 * candidates[local]. NDF_OK, NDF_ENOMEM, NDF_ELIMIT. */
int draft_pass(struct draft *draft, struct draft_source *source, bool take);
/* Makes a segment of what was read, and empties the draft. */
int segment_new(struct segment **out, struct draft *draft);

#endif
