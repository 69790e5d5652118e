/*
 * picture.h - all that a choice goes by, published as one (base/snapshot.h):
 * the registry as it was read, and the counts of its patterns.
 *
 * The registry never changes; another picture takes its place. The counts are
 * changed in place by each outcome (scores.h). Reading either takes no lock and
 * writes to nothing that others read.
 */
#ifndef NDF_ENGINE_PICTURE_H
#define NDF_ENGINE_PICTURE_H

#include "base/twin.h"
#include "engine/registry.h"
#include "engine/scores.h"

/* All patterns of a kind together, and what they were summed from. */
struct picture_kinds {
    uint64_t changes; /* of the scores; 0: nothing was summed */
    uint64_t half_life_ms;
    struct tally kinds[3]; /* by enum pattern_kind */
};

struct picture {
    const struct mem *mem;
    struct registry *registry; /* one reference */
    struct scores scores;
    uint64_t revision;    /* of the engine's registry, when it was read */
    int64_t data_version; /* of the store, then */
    _Atomic bool summing; /* somebody writes the kinds */
    _Atomic uint64_t kinds_turn;
    _Atomic uint64_t kinds[TWIN_WORDS(sizeof(struct picture_kinds))];
};

/* Reads all of a store's view. NDF_ENOMEM, and as registry_load and
 * scores_load. */
int picture_new(struct picture **out, const struct mem *mem,
    const struct registry_tools *tools, struct store_reader *reader,
    ndf_error *error);
/* Accepts NULL. */
void picture_free(struct picture *picture);

/* The counts of all patterns, by their kind, faded to about now_ms. They are
 * summed anew by the first who asks after an outcome. */
void picture_kinds(struct picture *picture, int64_t now_ms,
    uint64_t half_life_ms, struct tally kinds[3]);

#endif
