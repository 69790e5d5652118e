/*
 * stats.c - counts and times as documents.
 */
#include <string.h>

#include "engine/recall.h"

struct pattern_stats {
    struct arena *arena;
    struct value *out;
    const struct registry *registry;
    struct str only; /* qualified; .at NULL: all */
    int64_t now_ms;
    struct value *domains; /* of the pattern under way */
};

static int put_number(
    struct arena *arena, struct value *object, const char *key, double number)
{
    return value_set(arena, object, str_of(key), value_of_real(number));
}

static int put_int(
    struct arena *arena, struct value *object, const char *key, int64_t number)
{
    return value_set(arena, object, str_of(key), value_of_int(number));
}

/* {executions, wins, tries, success, success_lower}: wins and tries faded to
 * now. */
static int describe_tally(struct arena *arena, const struct tally *tally,
    int64_t now_ms, struct value *out)
{
    struct tally now = tally_fade(*tally, now_ms, 0);
    struct success_counts counts = {.pattern = now};
    struct success success = success_estimate(&counts, now_ms, 0);
    int err = put_int(arena, out, "executions", now.count);
    if (err == NDF_OK) err = put_number(arena, out, "wins", now.wins);
    if (err == NDF_OK) err = put_number(arena, out, "tries", now.tries);
    if (err == NDF_OK) err = put_number(arena, out, "success", success.mean);
    if (err == NDF_OK)
        err = put_number(arena, out, "success_lower", success_lower(&success));
    return err;
}

/* Rows come by pattern, the row of all domains first. */
static int add_tally(void *ud, const struct store_tally *row)
{
    struct pattern_stats *stats = ud;
    struct arena *arena = stats->arena;
    if (stats->only.at != NULL && !str_equal(stats->only, row->pattern))
        return NDF_OK;
    struct tally tally = {.wins = row->wins,
        .tries = row->tries,
        .at_ms = row->at_ms,
        .count = row->executions};
    const struct entry *entry = registry_entry(stats->registry, row->pattern);
    bool all = row->domain.size == 0;
    struct str name = arena_str(arena, !all            ? row->domain
                                       : entry != NULL ? entry->label
                                                       : row->pattern);
    if (name.at == NULL) return NDF_ENOMEM;
    struct value item = value_of_object();
    int err = value_set(
        arena, &item, all ? STR("name") : STR("domain"), value_of_str(name));
    if (err == NDF_OK)
        err = describe_tally(arena, &tally, stats->now_ms, &item);
    if (err != NDF_OK) return err;
    if (!all)
        return stats->domains != NULL ? value_push(arena, stats->domains, item)
                                      : NDF_OK;
    err = put_int(arena, &item, "last_ms", row->at_ms);
    if (err == NDF_OK)
        err = value_set(arena, &item, STR("domains"), value_of_array());
    if (err == NDF_OK) err = value_push(arena, stats->out, item);
    if (err != NDF_OK) return err;
    struct value *kept = &stats->out->array.items[stats->out->array.count - 1];
    stats->domains = &kept->object.members[kept->object.count - 1].value;
    return NDF_OK;
}

static int read_stats(ndf_engine *engine, const char *pattern,
    struct arena *arena, struct value *out, ndf_error *error)
{
    struct registry *registry;
    int err = engine_registry(engine, &registry, error);
    if (err != NDF_OK) return err;
    struct pattern_stats stats = {.arena = arena,
        .out = out,
        .registry = registry,
        .now_ms = clock_wall_ms(&engine->clock)};
    const struct entry *entry = NULL;
    if (pattern != NULL) {
        err = registry_find(
            registry, str_of(pattern), (struct str){NULL, 0}, &entry, error);
        if (err == NDF_OK && entry->folded_into != NULL)
            entry = entry->folded_into;
        if (err == NDF_OK) stats.only = entry->qualified;
    }
    struct store_reader *reader;
    if (err == NDF_OK) err = store_read_begin(engine->store, &reader, error);
    if (err == NDF_OK) {
        err = read_tallies(reader, add_tally, &stats, error);
        store_read_end(reader);
    }
    /* One that never ran has no row: its counts are zero. */
    if (err == NDF_OK && entry != NULL && out->array.count == 0) {
        struct store_tally zero = {
            .pattern = entry->qualified, .at_ms = stats.now_ms};
        err = add_tally(&stats, &zero);
    }
    registry_unref(registry);
    return err;
}

int ndf_stats(
    ndf_engine *engine, const char *pattern, ndf_text **out, ndf_error *error)
{
    *out = NULL;
    int err = engine_check(engine, error);
    if (err != NDF_OK) return err;
    if (error != NULL) error->code = NDF_OK;
    engine_notice(engine);
    struct arena arena;
    arena_init(&arena, &engine->mem);
    struct value list = value_of_array();
    err = read_stats(engine, pattern, &arena, &list, error);
    if (err == NDF_OK)
        err = text_of_value(
            out, &engine->mem, pattern != NULL ? &list.array.items[0] : &list);
    arena_deinit(&arena);
    return engine_explain(err, "the counts cannot be read", error);
}

/* ---- this engine's metrics
 * ---------------------------------------------------------- */

static int add_summary(struct arena *arena, struct value *out, const char *name,
    const struct histogram_summary *summary)
{
    struct value item = value_of_object();
    int err = put_int(arena, &item, "count", (int64_t)summary->count);
    if (err == NDF_OK) err = put_number(arena, &item, "mean", summary->mean);
    if (err == NDF_OK)
        err = put_int(arena, &item, "p50", (int64_t)summary->p50);
    if (err == NDF_OK)
        err = put_int(arena, &item, "p95", (int64_t)summary->p95);
    if (err == NDF_OK)
        err = put_int(arena, &item, "p99", (int64_t)summary->p99);
    if (err == NDF_OK)
        err = put_int(arena, &item, "max", (int64_t)summary->max);
    return err == NDF_OK ? value_set(arena, out, str_of(name), item) : err;
}

static int add_histogram(struct arena *arena, struct value *out,
    const char *name, const struct histogram *histogram)
{
    struct histogram_summary summary;
    histogram_read(histogram, &summary);
    return add_summary(arena, out, name, &summary);
}

static int add_counter(struct arena *arena, struct value *out, const char *name,
    const struct counter *counter)
{
    return put_int(arena, out, name, (int64_t)counter_get(counter));
}

static int add_metrics(
    ndf_engine *engine, struct arena *arena, struct value *out)
{
    const struct engine_metrics *own = &engine->metrics;
    const struct store_metrics *store = store_metrics(engine->store);
    const struct {
        const char *name;
        const struct counter *counter;
    } counters[] = {
        {"runs_started", &own->runs_started},
        {"runs_succeeded", &own->runs_ended[NDF_RUN_SUCCEEDED]},
        {"runs_failed", &own->runs_ended[NDF_RUN_FAILED]},
        {"runs_cancelled", &own->runs_ended[NDF_RUN_CANCELLED]},
        {"runs_in_doubt", &own->runs_ended[NDF_RUN_IN_DOUBT]},
        {"runs_undo_failed", &own->runs_ended[NDF_RUN_UNDO_FAILED]},
        {"context_violations", &own->violations},
        {"store_jobs", &store->jobs},
        {"store_jobs_failed", &store->failed},
        {"store_commits", &store->groups},
    };
    const struct {
        const char *name;
        const struct histogram *histogram;
    } histograms[] = {
        {"registry_load_us", &own->load_us},
        {"step_ms", &own->step_ms},
        {"run_ms", &own->run_ms},
        {"preservation_permille", &own->preservation_permille},
        {"store_commit_us", &store->commit_us},
    };
    struct histogram_summary select_us;
    wide_histogram_read(&own->select_us, &select_us);
    int err = put_int(
        arena, out, "selections", (int64_t)wide_counter_get(&own->selections));
    if (err == NDF_OK) err = add_summary(arena, out, "select_us", &select_us);
    for (size_t i = 0; err == NDF_OK && i < sizeof counters / sizeof *counters;
         i++)
        err = add_counter(arena, out, counters[i].name, counters[i].counter);
    for (size_t i = 0;
         err == NDF_OK && i < sizeof histograms / sizeof *histograms; i++)
        err = add_histogram(
            arena, out, histograms[i].name, histograms[i].histogram);
    struct value lookups;
    if (err == NDF_OK) err = recall_encode(engine, arena, &lookups);
    return err == NDF_OK ? value_set(arena, out, STR("lookup_cache"), lookups)
                         : err;
}

int ndf_metrics(ndf_engine *engine, ndf_text **out)
{
    *out = NULL;
    int err = engine_check(engine, NULL);
    if (err != NDF_OK) return err;
    struct arena arena;
    arena_init(&arena, &engine->mem);
    struct value value = value_of_object();
    err = add_metrics(engine, &arena, &value);
    if (err == NDF_OK) err = text_of_value(out, &engine->mem, &value);
    arena_deinit(&arena);
    return err;
}
