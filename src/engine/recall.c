/*
 * recall.c - see recall.h.
 *
 * A key is the canonical form of what was asked, after a letter that tells what
 * kind of question it was: equal questions have equal keys, and others have
 * others, as each text in it comes with its length.
 */
#include "engine/recall.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "decide/prior.h"

/* ---- choosing -------------------------------------------------------------
 */

static void add_number(struct buf *key, uint64_t number)
{
    buf_add(key, (const char *)&number, sizeof number);
}

static void add_text(struct buf *key, struct str text)
{
    add_number(key, text.at != NULL ? text.size : UINT64_MAX);
    if (text.at != NULL) buf_add_str(key, text);
}

static void add_context(struct buf *key, const struct context *context)
{
    buf_add(key, "c", 1);
    add_number(key, (uint64_t)context->priority);
    add_text(key, context->domain);
    add_text(key, context->agent_type);
    add_text(key, context->text);
    if (context->attributes.object.count > 0)
        json_write(key, &context->attributes);
}

/* Keeps a copy, if it can be. */
static void keep_prior(ndf_engine *engine, const struct lookup_key *key,
    const struct prior *prior, int64_t now_ns)
{
    struct lookup *lookup =
        lookups_make(&engine->lookups, key, prior_size(prior), now_ns);
    if (lookup == NULL) return;
    prior_write(prior, lookup_value(lookup));
    lookups_put(&engine->lookups, lookup);
    lookup_release(lookup);
}

/* Works it out, in arena, and keeps it. */
static int make_prior(ndf_engine *engine, const struct registry *registry,
    const struct context *context, const struct lookup_key *key,
    struct arena *arena, const struct prior **out)
{
    struct prior *prior = arena_alloc(arena, sizeof *prior);
    if (prior == NULL) return NDF_ENOMEM;
    int err = selector_prior(registry->selector, context, arena, prior);
    if (err != NDF_OK) return err;
    keep_prior(engine, key, prior, clock_mono_ns(&engine->clock));
    *out = prior;
    return NDF_OK;
}

int recall_begin(ndf_engine *engine, const struct registry *registry,
    const struct context *context, struct arena *arena, struct recall *out)
{
    *out = (struct recall){.kept = NULL};
    if (context->text.size == 0 || !lookups_on(&engine->lookups)) return NDF_OK;
    struct buf bytes;
    buf_init(&bytes, arena->mem);
    add_context(&bytes, context);
    int err = buf_error(&bytes);
    const struct lookup_key key = {registry->picture, buf_str(&bytes)};
    if (err == NDF_OK)
        out->kept =
            lookups_get(&engine->lookups, &key, clock_mono_ns(&engine->clock));
    if (out->kept != NULL) out->prior = lookup_value(out->kept);
    else if (err == NDF_OK)
        err = make_prior(engine, registry, context, &key, arena, &out->prior);
    buf_deinit(&bytes);
    return err;
}

void recall_end(struct recall *recall)
{
    lookup_release(recall->kept);
    *recall = (struct recall){.kept = NULL};
}

/* ---- what is like another one ---------------------------------------------
 */

int recall_similar(ndf_engine *engine, const struct registry *registry,
    const struct similar_query *query, struct arena *arena,
    struct similar_list *out)
{
    if (!atomic_load_explicit(&engine->lookup_similar, memory_order_relaxed) ||
        !lookups_on(&engine->lookups))
        return selector_similar(registry->selector, query, arena, out);
    struct {
        char kind[8];
        uint64_t candidate;
        double threshold;
        uint64_t limit;
    } asked = {"s", query->candidate, query->threshold, query->limit};
    const struct lookup_key key = {
        registry->picture, {(const char *)&asked, sizeof asked}};
    int64_t now_ns = clock_mono_ns(&engine->clock);
    struct lookup *kept = lookups_get(&engine->lookups, &key, now_ns);
    if (kept != NULL) {
        size_t size = lookup_size(kept);
        out->count = size / sizeof *out->items;
        out->items = arena_dup(arena, lookup_value(kept), size);
        lookup_release(kept);
        return out->items != NULL ? NDF_OK : NDF_ENOMEM;
    }
    int err = selector_similar(registry->selector, query, arena, out);
    if (err != NDF_OK) return err;
    size_t size = out->count * sizeof *out->items;
    kept = lookups_make(&engine->lookups, &key, size, now_ns);
    if (kept == NULL) return NDF_OK;
    if (size > 0) memcpy(lookup_value(kept), out->items, size);
    lookups_put(&engine->lookups, kept);
    lookup_release(kept);
    return NDF_OK;
}

/* ---- ahead ----------------------------------------------------------------
 */

struct frequent {
    struct context context;
    struct str key;
    uint64_t count;
    size_t order; /* in which it was first met */
};

struct counting {
    struct arena *arena;
    struct map seen; /* key -> struct frequent */
};

static int count_outcome(void *ud, const struct store_outcome *row)
{
    struct counting *counting = ud;
    struct value body;
    struct outcome outcome;
    struct buf key;
    /* One that cannot be read is no reason not to start. */
    if (json_parse(counting->arena, row->body, &body, NULL) != NDF_OK ||
        outcome_decode(counting->arena, &body, &outcome, NULL) != NDF_OK ||
        outcome.text.size == 0)
        return NDF_OK;
    const struct context context = {.domain = outcome.domain,
        .attributes = value_of_object(),
        .text = outcome.text};
    buf_init(&key, counting->arena->mem);
    add_context(&key, &context);
    int err = buf_error(&key);
    struct frequent *frequent = NULL;
    if (err == NDF_OK) frequent = map_get(&counting->seen, buf_str(&key));
    if (frequent != NULL) {
        frequent->count++;
    } else if (err == NDF_OK) {
        struct str bytes = arena_str(counting->arena, buf_str(&key));
        const struct frequent first = {context, bytes, 1, counting->seen.count};
        frequent = arena_dup(counting->arena, &first, sizeof first);
        err = bytes.at != NULL && frequent != NULL
                  ? map_put(&counting->seen, bytes, frequent)
                  : NDF_ENOMEM;
    }
    buf_deinit(&key);
    return err;
}

static int by_count(const void *a, const void *b)
{
    const struct frequent *x = *(const struct frequent *const *)a;
    const struct frequent *y = *(const struct frequent *const *)b;
    if (x->count != y->count) return x->count > y->count ? -1 : 1;
    return x->order < y->order ? -1 : 1;
}

/* Those met more than once, the most frequent first. */
static size_t sort_seen(
    const struct counting *counting, const struct frequent **out)
{
    size_t count = 0;
    size_t at = 0;
    const struct map_entry *entry;
    while ((entry = map_next(&counting->seen, &at)) != NULL) {
        const struct frequent *one = entry->value;
        if (one->count > 1) out[count++] = one;
    }
    if (count > 1) qsort(out, count, sizeof(struct frequent *), by_count);
    return count < RECALL_AHEAD ? count : RECALL_AHEAD;
}

static int count_outcomes(ndf_engine *engine, struct counting *counting)
{
    struct store_reader *reader;
    int err = store_read_begin(engine->store, &reader, NULL);
    if (err != NDF_OK) return err;
    err = read_outcomes_last(
        reader, RECALL_OUTCOMES, count_outcome, counting, NULL);
    store_read_end(reader);
    return err;
}

void recall_ahead(ndf_engine *engine)
{
    struct arena arena;
    struct registry *registry = NULL;
    arena_init(&arena, &engine->mem);
    struct counting counting = {.arena = &arena};
    map_init(&counting.seen, &engine->mem);
    int err = engine_registry(engine, &registry, NULL);
    if (err == NDF_OK) err = count_outcomes(engine, &counting);
    const struct frequent **frequent =
        arena_calloc(&arena, counting.seen.live, sizeof(struct frequent *));
    size_t count =
        err == NDF_OK && frequent != NULL ? sort_seen(&counting, frequent) : 0;
    for (size_t i = 0; err == NDF_OK && i < count; i++) {
        struct arena scratch;
        const struct prior *prior;
        const struct lookup_key key = {registry->picture, frequent[i]->key};
        arena_init(&scratch, &engine->mem);
        err = make_prior(
            engine, registry, &frequent[i]->context, &key, &scratch, &prior);
        arena_deinit(&scratch);
    }
    map_deinit(&counting.seen);
    arena_deinit(&arena);
    registry_unref(registry);
}

/* ---- settings and counts --------------------------------------------------
 */

int recall_configure(ndf_engine *engine, const struct lookups_options *options)
{
    int err = lookups_configure(&engine->lookups, options);
    engine->lookup_options = err == NDF_OK ? *options : lookups_off;
    atomic_store(&engine->lookup_similar, options->similarity);
    return err;
}

int recall_encode(ndf_engine *engine, struct arena *arena, struct value *out)
{
    struct lookups_stats stats;
    lookups_read(&engine->lookups, clock_mono_ns(&engine->clock), &stats);
    const struct {
        const char *name;
        uint64_t number;
    } numbers[] = {
        {"size", stats.size},
        {"entries", stats.entries},
        {"bytes", stats.bytes},
        {"hits", stats.hits},
        {"misses", stats.misses},
        {"busy", stats.busy},
        {"evictions", stats.evictions},
        {"expired", stats.expired},
        {"too_large", stats.refused},
        {"oldest_ms", (uint64_t)(stats.oldest_ns / 1000000)},
    };
    *out = value_of_object();
    int err = NDF_OK;
    for (size_t i = 0; err == NDF_OK && i < sizeof numbers / sizeof *numbers;
         i++)
        err = value_set(arena, out, str_of(numbers[i].name),
            value_of_int((int64_t)numbers[i].number));
    uint64_t looks = stats.hits + stats.misses;
    struct value rate = looks > 0
                            ? value_of_real((double)stats.hits / (double)looks)
                            : value_null;
    if (err == NDF_OK) err = value_set(arena, out, STR("hit_rate"), rate);
    if (err != NDF_OK) return err;
    return value_set(arena, out, STR("note"),
        value_of_str(stats.size > 0
                         ? STR("used for tasks with a text; without one, a "
                               "match costs less than a lookup")
                         : STR("off")));
}
