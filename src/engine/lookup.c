/*
 * lookup.c - a run by the start of its id, as people type it.
 */
#include "engine/lookup.h"

struct search {
    struct arena *arena;
    struct store_run found;
    size_t count;
};

static int keep_run(void *ud, const struct store_run *row)
{
    struct search *search = ud;
    search->count++;
    search->found = *row;
    enum { TEXTS = 6 };
    struct str *texts[TEXTS] = {&search->found.id, &search->found.pattern,
        &search->found.domain, &search->found.text, &search->found.cwd,
        &search->found.owner};
    for (size_t i = 0; i < TEXTS; i++) {
        *texts[i] = arena_str(search->arena, *texts[i]);
        if (texts[i]->at == NULL) return NDF_ENOMEM;
    }
    return NDF_OK;
}

int lookup_run(ndf_engine *engine, struct arena *arena, struct str id,
    struct store_run *out, ndf_error *error)
{
    struct search search = {.arena = arena};
    struct store_reader *reader;
    int err = store_read_begin(engine->store, &reader, error);
    if (err != NDF_OK) return err;
    if (id.size > 0)
        err = read_runs_like(reader, id, 2, keep_run, &search, error);
    store_read_end(reader);
    if (err != NDF_OK) return err;
    if (search.count == 0)
        return err_set(error, NDF_ENOTFOUND,
            "there is no run '%.*s': see ndf ls runs", STR_ARG(id));
    if (search.count > 1)
        return err_set(error, NDF_EINVAL,
            "several runs start with '%.*s': give more of the id", STR_ARG(id));
    if (!engine_id_valid(search.found.id))
        return err_set(error, NDF_ECORRUPT,
            "the store has a run whose id none of ours can be: run ndf dev "
            "check, and put back a backup");
    *out = search.found;
    return NDF_OK;
}
