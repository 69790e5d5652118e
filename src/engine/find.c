/*
 * find.c - patterns and agents found without a task.
 *
 * The host's function is called while the picture is looked at, which is no
 * lock: so it may call the engine.
 */
#include "engine/recall.h"

/* Whom to tell. */
struct finder {
    ndf_found_fn fn;
    void *ud;
    const struct registry *registry;
};

static int tell(const struct finder *finder, size_t candidate, double score)
{
    const struct entry *entry = finder->registry->candidates[candidate];
    return finder->fn(finder->ud, entry->label.at, score);
}

static int tell_all(const struct finder *finder, struct mentioned found)
{
    for (size_t i = 0; i < found.count; i++) {
        int stop = tell(finder, found.items[i], 1);
        if (stop != 0) return stop;
    }
    return NDF_OK;
}

static int check(
    ndf_engine *engine, const char *what, ndf_found_fn found, ndf_error *error)
{
    int err = engine_check(engine, error);
    if (err != NDF_OK) return err;
    if (what == NULL || found == NULL)
        return err_set(error, NDF_EINVAL,
            "finding needs what to look for and a function to tell");
    if (error != NULL) error->code = NDF_OK;
    return NDF_OK;
}

int ndf_find_domain(ndf_engine *engine, const char *domain, ndf_found_fn found,
    void *ud, ndf_error *error)
{
    struct look look;
    int err = check(engine, domain, found, error);
    if (err == NDF_OK) err = engine_look(engine, &look, error);
    if (err != NDF_OK) return err;
    struct arena arena;
    arena_init(&arena, &engine->mem);
    struct mentioned list;
    err = mentions_domain(selector_mentions(look.picture->registry->selector),
        str_of(domain), &arena, &list);
    if (err != NDF_OK) (void)err_set(error, err, "out of memory");
    struct finder finder = {found, ud, look.picture->registry};
    if (err == NDF_OK) err = tell_all(&finder, list);
    arena_deinit(&arena);
    engine_look_end(engine, &look);
    return err;
}

int ndf_find_attribute(ndf_engine *engine, const char *attribute,
    ndf_found_fn found, void *ud, ndf_error *error)
{
    struct look look;
    int err = check(engine, attribute, found, error);
    if (err == NDF_OK) err = engine_look(engine, &look, error);
    if (err != NDF_OK) return err;
    struct mentioned list;
    mentions_attribute(selector_mentions(look.picture->registry->selector),
        str_of(attribute), &list);
    struct finder finder = {found, ud, look.picture->registry};
    err = tell_all(&finder, list);
    engine_look_end(engine, &look);
    return err;
}

/* Which candidate a pattern is; of an exact copy, the one that it is folded
 * into. */
static int find_candidate(const struct registry *registry, struct str pattern,
    size_t *out, ndf_error *error)
{
    const struct entry *entry;
    int err =
        registry_find(registry, pattern, (struct str){NULL, 0}, &entry, error);
    if (err != NDF_OK) return err;
    if (entry->folded_into != NULL) entry = entry->folded_into;
    *out = entry->candidate;
    return NDF_OK;
}

/* NOLINTNEXTLINE(readability-function-size): as the public header has it */
int ndf_find_similar(ndf_engine *engine, const char *pattern, double threshold,
    size_t limit, ndf_found_fn found, void *ud, ndf_error *error)
{
    struct look look;
    int err = check(engine, pattern, found, error);
    if (err != NDF_OK) return err;
    if (!(threshold >= 0 && threshold <= 1))
        return err_set(error, NDF_EINVAL,
            "the threshold is %g: take one from 0 to 1", threshold);
    err = engine_look(engine, &look, error);
    if (err != NDF_OK) return err;
    struct arena arena;
    arena_init(&arena, &engine->mem);
    struct similar_query query = {.threshold = threshold, .limit = limit};
    struct similar_list list;
    const struct registry *registry = look.picture->registry;
    err = find_candidate(registry, str_of(pattern), &query.candidate, error);
    if (err == NDF_OK)
        err = engine_explain(
            recall_similar(engine, registry, &query, &arena, &list),
            "nothing can be compared", error);
    struct finder finder = {found, ud, registry};
    for (size_t i = 0; err == NDF_OK && i < list.count; i++)
        err = tell(&finder, list.items[i].candidate, list.items[i].score);
    arena_deinit(&arena);
    engine_look_end(engine, &look);
    return err;
}
