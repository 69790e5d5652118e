/*
 * knowledge.h - a learner and the outcomes that it comes from.
 *
 * No lock: learned.h has one.
 */
#ifndef NDF_ENGINE_KNOWLEDGE_H
#define NDF_ENGINE_KNOWLEDGE_H

#include "decide/learner.h"
#include "engine/checkpoint.h"
#include "store/read.h"
#include "store/tx.h"

/* The note of a store on its outcomes: what they are numbered by, and the
 * place of one that a clean-up may have removed since. */
#define KNOWLEDGE_NOTE "learning"

/* All borrowed. */
struct knowledge_source {
    const struct mem *mem;
    struct store *store;
    const char *path; /* of the checkpoint; NULL: none is kept */
};

/* Zeroed, it is nothing. */
struct knowledge {
    struct learner *learner;      /* NULL: none */
    struct checkpoint checkpoint; /* in which the learner works, if any */
    struct checkpoint_tie tie;    /* of the learner, as it is now */
    uint64_t fresh;               /* lessons since the checkpoint */
    int64_t skipped; /* the last one that cannot be read; 0: none */
};

/* Frees what it has; it is nothing then. */
void knowledge_forget(struct knowledge *knowledge);
/* Forgets, and begins with nothing learned. NDF_OK or NDF_ENOMEM. */
int knowledge_begin(
    struct knowledge *knowledge, const struct knowledge_source *from);
/* Forgets, and begins with the checkpoint. NDF_ENOTFOUND: there is none;
 * NDF_ECORRUPT, NDF_ENEWER, NDF_EIO: it is of no use; NDF_ENOMEM. */
int knowledge_open(struct knowledge *knowledge,
    const struct knowledge_source *from, ndf_error *error);

/* No error code: what was learned comes from other outcomes. */
enum { KNOWLEDGE_STRANGE = 1 };
/* Learns what the store has, up to its last outcome. KNOWLEDGE_STRANGE; after
 * store errors and NDF_ENOMEM what there is is right as far as it goes, or
 * nothing. */
int knowledge_fold(struct knowledge *knowledge,
    const struct knowledge_source *from, ndf_error *error);

struct knowledge_outcome {
    int64_t seq;
    struct str id;
    struct str lesson; /* bytes; size 0: none */
};
/* Learns the next outcome. NDF_ENOMEM: it is nothing now. */
int knowledge_add(struct knowledge *knowledge,
    const struct knowledge_source *from,
    const struct knowledge_outcome *outcome);
/* SHA-256 of the learner's bytes. NDF_OK or NDF_ENOMEM. */
int knowledge_hash(const struct knowledge *knowledge,
    const struct knowledge_source *from, uint8_t hash[STORE_HASH_SIZE]);

/* Whether a checkpoint of that tie is of use: no clean-up noted a later one,
 * and the outcomes have their numbers still. Store errors, NDF_ENOMEM. */
int knowledge_is_current(const struct knowledge_source *from,
    const struct checkpoint_tie *tie, bool *current, ndf_error *error);
/* Notes in the store that outcomes were learned up to there, unless they were
 * numbered anew since, or a later one is noted. Store errors, NDF_ENOMEM. */
int knowledge_note(const struct knowledge_source *from,
    const struct checkpoint_tie *tie, ndf_error *error);
/* The outcomes got other numbers; inside a store_work_fn. epoch: new, an id. */
int knowledge_renumbered(struct store_tx *tx, const struct mem *mem,
    struct str epoch, ndf_error *error);

#endif
