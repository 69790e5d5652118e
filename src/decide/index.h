/*
 * index.h - which candidates a context allows, and what is good about them.
 *
 * The law (`only_if`, any of its alternatives) excludes; taste (`good_for`)
 * only adds evidence. On an unknown part of the context every predicate is
 * false except `absent`; null is a value. scan.h has the same answers by the
 * straight way.
 *
 * An index is immutable and may be used by any number of threads at once. One
 * that differs in a few candidates is made from it without making it anew, and
 * shares most of its memory.
 */
#ifndef NDF_DECIDE_INDEX_H
#define NDF_DECIDE_INDEX_H

#include "base/buf.h"
#include "decide/rows.h"
#include "decide/rule.h"
#include "model/context.h"

struct index_options {
    enum rows_with with; /* instructions; for tests */
};

struct index;

/* Of rules 0..count-1; keeps nothing of what they point to. options NULL: all
 * defaults. NDF_OK, NDF_ENOMEM, NDF_ELIMIT, or NDF_ESCHEMA for a regular
 * expression that does not compile (the decoder refuses those). */
int index_new(struct index **out, const struct mem *mem,
    const struct index_rule *rules, size_t count,
    const struct index_options *options, ndf_error *error);
void index_free(struct index *index);

struct index_change {
    const struct index_rule *rules;
    const uint32_t *candidates; /* of each rule: one whose number is there is
                                   replaced */
    size_t count;
    const uint32_t *removed; /* numbers that are not there are passed over */
    size_t removed_count;
};

/* *out is `from` with these put in and taken out; both stay, and each is freed
 * by itself. Few changes are put beside what is there: tens of microseconds as
 * a rule, however many candidates there are; now and then what was put in
 * before is drawn together, which takes as long as making an index of that. As
 * index_new; NDF_EINVAL for a candidate numbered UINT32_MAX. */
int index_change(struct index **out, const struct index *from,
    const struct index_change *change, ndf_error *error);
/* *out answers as `from`, and is as if it had been made at once: changes slow
 * matching a little, this makes it as fast as it can be. NDF_OK, NDF_ENOMEM. */
int index_compile(
    struct index **out, const struct index *from, ndf_error *error);
/* Appends it as a block (base/block.h); one that was changed is compiled first,
 * for this alone. Failure sticks in out. Expressions that no decoder would have
 * let through may give a block that is refused. */
void index_write(const struct index *index, struct buf *out);
/* What was written, which it borrows for its life and for that of all that are
 * made from it. Nothing is compiled before it is asked for. Bytes may be
 * hostile: what is not refused answers something. NDF_OK, NDF_ENOMEM,
 * NDF_ECORRUPT, NDF_ENEWER. */
int index_open(struct index **out, const struct mem *mem, struct str block);
/* Whether it is one of these rules as far as numbers go: of so many candidates,
 * and each with the alternatives that matches may name. */
bool index_fits(
    const struct index *index, const struct index_rule *rules, size_t count);
/* All that it holds, in bytes; what several share counts in each. */
size_t index_bytes(const struct index *index);

/* Results live in arena. NDF_OK or NDF_ENOMEM. */
int index_match(const struct index *index, const struct context *context,
    struct arena *arena, struct index_matches *out);
/* The part of index_match that reads the context; for measuring it. */
int index_encode(const struct index *index, const struct context *context,
    struct arena *arena);
/* Puts them by candidate. NDF_OK or NDF_ENOMEM. */
int index_sort(struct index_matches *matches, struct arena *arena);

#endif
