/*
 * selector.h - which pattern to take for a task, and why.
 *
 *     context -> filter -> text -> fit -> success -> rank -> threshold
 *
 * A selector is an immutable snapshot of the candidates with everything
 * compiled once; any number of threads may select at once. It asks no clock:
 * now comes with the query, the counts come from a callback. The same
 * candidates, counts and query give the same selection.
 */
#ifndef NDF_DECIDE_SELECTOR_H
#define NDF_DECIDE_SELECTOR_H

#include "base/value.h"
#include "decide/choice.h"
#include "decide/domain.h"
#include "decide/evidence.h"
#include "decide/mentions.h"

struct selector;

/* Copies the array; borrows the names, conditions, rules, features and
 * fallbacks for the selector's life. domains: what guesses go by, of which it
 * takes a reference of its own; NULL: the default rules, compiled anew. NDF_OK,
 * NDF_ENOMEM, NDF_ELIMIT, NDF_EEXISTS (two of one name), NDF_ESCHEMA (a regular
 * expression that the decoder would have refused). */
int selector_new(struct selector **out, const struct mem *mem,
    const struct candidate *candidates, size_t count, struct domains *domains,
    ndf_error *error);
void selector_free(struct selector *selector);

/* What takes long to make, as blocks (base/block.h). */
enum selector_block {
    SELECTOR_NAMES,
    SELECTOR_TEXT,
    SELECTOR_MENTIONS,
    SELECTOR_OVERLAP,
    SELECTOR_COPIES,
    SELECTOR_LAWS,
    SELECTOR_BLOCKS,
};

/* Appends one of them. Failure sticks in out. */
void selector_write(const struct selector *selector, enum selector_block which,
    struct buf *out);

/* As for selector_new. */
struct selector_given {
    const struct candidate *candidates;
    size_t count;
    struct domains *domains;
};

/* As selector_new, with the blocks that one of the same candidates wrote, which
 * it borrows for its life. Bytes may be hostile, see text_index_open and
 * others. blocks: SELECTOR_BLOCKS of them, or NULL: all is made. Also
 * NDF_ECORRUPT, NDF_ENEWER: without these blocks it would go well. */
int selector_open(struct selector **out, const struct mem *mem,
    const struct selector_given *given, const struct str *blocks,
    ndf_error *error);
/* One more source of evidence beside the words; before the first choice.
 * Borrows what evidence refers to for the selector's life. NDF_OK or
 * NDF_ELIMIT. */
int selector_add_evidence(struct selector *selector, struct evidence evidence);
size_t selector_count(const struct selector *selector);
/* Borrowed; index below selector_count. */
const struct candidate *selector_candidate(
    const struct selector *selector, size_t index);
/* The index of a name, or SELECTOR_NONE. */
size_t selector_find(const struct selector *selector, struct str name);

/* What a context says of all candidates (prior.h), to be kept and given back in
 * a query for the same context. Lives in arena and borrows from selector and
 * context. NDF_OK or NDF_ENOMEM. */
int selector_prior(const struct selector *selector,
    const struct context *context, struct arena *arena, struct prior *out);
/* What decides when nothing else is said. */
struct selector_config selector_config_default(void);

/* Results live in arena and borrow from selector. NDF_OK also when nothing is
 * good enough; NDF_ENOMEM; a negative answer of query->ask. */
int selector_select(const struct selector *selector,
    const struct selector_query *query, struct arena *arena,
    struct selection *out);
/* The document of `ndf why --json`. NDF_OK or NDF_ENOMEM. */
int selection_encode(struct arena *arena, const struct selection *selection,
    const struct selector *selector, struct value *out);
/* Why a candidate was not chosen: {pattern, eligible, failed: {predicate,
 * expected, actual, ...}, alternatives: [failed...]}, or its evidence against
 * the best one's, factor by factor: {pattern, eligible, held: [{predicate,
 * expected, actual, of: only_if or good_for, ...}], chosen, reason, fit...,
 * best: {name, fit...}, factors, compared}. NDF_OK, NDF_EINVAL (no such
 * candidate), NDF_ENOMEM. */
int selector_explain(const struct selector *selector,
    const struct selector_query *query, size_t candidate, struct arena *arena,
    struct value *out);
/* What an outcome says of a choice. */
struct selector_word {
    enum lesson_kind kind;
    uint64_t about, chosen; /* keys of candidates; 0: none */
};

/* Appends what an outcome of this task teaches, as a lesson's bytes. *excuse:
 * success_excuse of a lesson that `about` was wrong, else 0. NDF_OK,
 * NDF_ENOMEM, a negative answer of query->ask. */
int selector_lesson(const struct selector *selector,
    const struct selector_query *query, const struct selector_word *word,
    struct buf *out, double *excuse);
/* Which candidates name a domain or an attribute; by their index. */
const struct mentions *selector_mentions(const struct selector *selector);

/* How like another one a candidate is. */
struct similar {
    size_t candidate;
    double score; /* 0..1 */
};

struct similar_query {
    size_t candidate;
    double threshold; /* the least score */
    size_t limit;     /* 0: all */
};

struct similar_list {
    struct similar *items;
    size_t count;
};

/* The others, best first, ties by name. The score is the mean of the cosine of
 * their words and of the overlap of their predicates, or the cosine alone where
 * neither has a predicate; the same both ways but for rounding. Results live in
 * arena. NDF_OK, NDF_EINVAL (no such candidate) or NDF_ENOMEM. */
int selector_similar(const struct selector *selector,
    const struct similar_query *query, struct arena *arena,
    struct similar_list *out);
const char *level_name(enum level level);

#endif
