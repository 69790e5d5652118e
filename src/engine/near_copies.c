/*
 * near_copies.c - what an import brought that says nearly the same as something
 * else: selecting can hardly tell the two apart, so people should know.
 */
#include <math.h>

#include "decide/near.h"
#include "decide/selector.h"
#include "engine/importing.h"

#define THOUSAND 1000.0 /* digits that mean something */

struct pairs {
    struct import *import;
    const struct registry *registry;
    struct near *near;
    struct map fresh; /* id -> anything: read by this import */
    struct value *out;
};

static int add_pair(struct pairs *pairs, const struct entry *entry,
    const struct entry *of, double likeness)
{
    struct arena *arena = &pairs->import->stage.arena;
    struct value item = value_of_object();
    struct str name = arena_str(arena, entry->label);
    struct str other = arena_str(arena, of->label);
    if (name.at == NULL || other.at == NULL) return NDF_ENOMEM;
    int err = value_set(arena, &item, STR("name"), value_of_str(name));
    if (err == NDF_OK)
        err = value_set(arena, &item, STR("of"), value_of_str(other));
    if (err == NDF_OK)
        err = value_set(arena, &item, STR("likeness"),
            value_of_real(floor(likeness * THOUSAND) / THOUSAND));
    return err == NDF_OK ? value_push(arena, pairs->out, item) : err;
}

/* Of two that came together it is enough to name the later. */
static int add_pairs(struct pairs *pairs)
{
    const struct registry *registry = pairs->registry;
    int err = NDF_OK;
    for (size_t i = 0; err == NDF_OK && i < registry->candidate_count; i++) {
        const struct entry *entry = registry->candidates[i];
        double likeness;
        if (!map_has(&pairs->fresh, entry->qualified)) continue;
        size_t best = near_best(pairs->near, i, &likeness);
        if (best == NEAR_NONE) continue;
        const struct entry *of = registry->candidates[best];
        if (best < i || !map_has(&pairs->fresh, of->qualified))
            err = add_pair(pairs, entry, of, likeness);
    }
    return err;
}

static int compare(struct pairs *pairs, struct arena *scratch)
{
    const struct registry *registry = pairs->registry;
    size_t count = registry->candidate_count;
    struct str *features = arena_calloc(scratch, count, sizeof *features);
    if (features == NULL) return NDF_ENOMEM;
    for (size_t i = 0; i < count; i++)
        features[i] = selector_candidate(registry->selector, i)->features;
    int err = near_new(&pairs->near, scratch->mem, features, count);
    if (err == NDF_OK) err = add_pairs(pairs);
    near_free(pairs->near);
    return err;
}

int near_copies_list(
    struct import *import, const struct registry *registry, struct value *out)
{
    const struct staged *items = import->stage.items.at;
    size_t count = import->stage.items.count;
    *out = value_of_array();
    if (count == 0 || registry->candidate_count < 2) return NDF_OK;
    struct pairs pairs = {.import = import, .registry = registry, .out = out};
    struct arena scratch;
    int err = NDF_OK;
    arena_init(&scratch, import->stage.mem);
    map_init(&pairs.fresh, import->stage.mem);
    for (size_t i = 0; err == NDF_OK && i < count; i++)
        err = map_put(&pairs.fresh, items[i].id, import);
    if (err == NDF_OK) err = compare(&pairs, &scratch);
    map_deinit(&pairs.fresh);
    arena_deinit(&scratch);
    return err;
}
