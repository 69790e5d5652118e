/*
 * scores.h - the success counts of all patterns, in memory, as the store has
 * them.
 *
 * Any number of threads may look counts up while one changes them; they take no
 * lock and never wait. Those that change them keep each other out: by the
 * engine's lock. What is added stays where it is, so there is nothing that a
 * reader could lose, and a count is a twin, which is always whole.
 */
#ifndef NDF_ENGINE_SCORES_H
#define NDF_ENGINE_SCORES_H

#include "base/mem.h"
#include "decide/success.h"
#include "model/outcome.h"
#include "store/read.h"
#include "store/tx.h"

struct counted;
struct scores_table;

struct scores {
    struct arena arena;
    struct scores_table *_Atomic table; /* NULL: there are none */
    struct counted *first, *last;       /* of all, as they came */
    size_t count;
    int64_t seq; /* of the last outcome that was there when it was read */
    _Atomic uint64_t changes; /* how often anything changed; begins at 1 */
};

void scores_init(struct scores *scores, const struct mem *mem);
void scores_deinit(struct scores *scores);
/* Reads all of a store. NDF_ECORRUPT for counts that cannot be. */
int scores_load(
    struct scores *scores, struct store_reader *reader, ndf_error *error);
/* Zero when there is none. domain "" counts all. */
struct tally scores_get(
    const struct scores *scores, struct str pattern, struct str domain);
/* seq: of the outcome it comes from; one of an earlier outcome than that known
 * changes nothing. NDF_OK or NDF_ENOMEM. */
int scores_put(struct scores *scores, struct str pattern, struct str domain,
    struct tally tally, int64_t seq);
/* Of all domains of a pattern: as if nothing had been counted. */
void scores_forget(struct scores *scores, struct str pattern);
/* Takes over what was counted elsewhere since the changes there were `since`,
 * unless it was read here. NDF_OK or NDF_ENOMEM: some is missing. */
int scores_carry(
    struct scores *scores, const struct scores *from, uint64_t since);
/* Whether nothing was ever counted. */
bool scores_empty(const struct scores *scores);
/* Goes on with every change, after it: what was made from the counts holds as
 * long as this is as it was before. Never 0. */
uint64_t scores_changes(const struct scores *scores);

/* One outcome on its way into the store and the counts. */
struct learning {
    const struct mem *mem;
    struct outcome outcome; /* borrowed */
    struct str id;          /* of the outcome; unique */
    uint64_t half_life_ms;
    struct tally total;  /* result: the counts after it */
    struct tally domain; /* result; only if outcome.domain is known */
    int64_t seq;         /* result: the outcome's place in the store */
};

/* Adds the outcome and its counts, inside a store_work_fn. What an earlier
 * outcome of the same run had counted is taken back first: the last word on a
 * run stands alone. */
int learning_write(
    struct store_tx *tx, struct learning *learning, ndf_error *error);
/* Of a pattern, by its qualified name. */
typedef uint64_t (*scores_half_life_fn)(void *ud, struct str pattern);
/* Counts the patterns of all outcomes anew, inside a store_work_fn. NDF_ENOMEM,
 * NDF_ECORRUPT, store errors. */
int scores_recount(struct store_tx *tx, const struct mem *mem,
    scores_half_life_fn half_life, void *ud, ndf_error *error);
/* Takes the result over; NDF_ENOMEM leaves old counts until the next load. */
int learning_apply(struct scores *scores, const struct learning *learning);

#endif
