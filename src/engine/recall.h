/*
 * recall.h - what the engine keeps in its lookup cache, and when.
 *
 * For a task with words: whose law holds and how their words suit, which is all
 * of a choice that depends on the context and the registry alone. What was
 * learned, the counts, the thresholds and the host's answers are put to it anew
 * each time, so a choice is the same, bit by bit, whether it was kept or not. A
 * context without words is matched faster than it could be looked up: it never
 * is. Where it is wished, also which patterns are like another one.
 */
#ifndef NDF_ENGINE_RECALL_H
#define NDF_ENGINE_RECALL_H

#include "engine/engine.h"

enum {
    RECALL_OUTCOMES = 2000, /* the last of which the frequent are taken */
    RECALL_AHEAD = 64,      /* tasks that are looked up ahead, at most */
};

/* What a choice uses, until recall_end. */
struct recall {
    struct lookup *kept;
    const struct prior *prior; /* NULL: it is to be made by who chooses */
};

/* *out may be ended in any case. arena: of the choice. NDF_OK, NDF_ENOMEM. */
int recall_begin(ndf_engine *engine, const struct registry *registry,
    const struct context *context, struct arena *arena, struct recall *out);
void recall_end(struct recall *recall);

/* As selector_similar, by what is kept if that is wished. */
int recall_similar(ndf_engine *engine, const struct registry *registry,
    const struct similar_query *query, struct arena *arena,
    struct similar_list *out);

/* Turns to other options; `loading` is held. NDF_OK; NDF_ENOMEM: it is off. */
int recall_configure(ndf_engine *engine, const struct lookups_options *options);
/* Looks up ahead the tasks that the store's last outcomes tell of more than
 * once, the most frequent first: by their domain and text, as outcomes have no
 * more of a context. What cannot be read or does not fit is not there. */
void recall_ahead(ndf_engine *engine);
/* {size, entries, bytes, hits, misses, hit_rate, ...}. NDF_OK, NDF_ENOMEM. */
int recall_encode(ndf_engine *engine, struct arena *arena, struct value *out);

#endif
