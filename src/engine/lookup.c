/*
 * lookup.c - see lookup.h.
 */
#include "engine/lookup.h"

#include <string.h>

/* ---- runs ---------------------------------------------------------------- */

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

bool lookup_owned(ndf_engine *engine, struct str run)
{
    if (!engine_id_valid(run) || engine->runs_dir == NULL) return false;
    return owners_has(&engine->owners, engine->runs_dir, run);
}

bool lookup_left(ndf_engine *engine, struct str run)
{
    if (lookup_owned(engine, run)) return false;
    /* In memory a second view may wait for a writer that waits for the first.
     */
    if (engine->path == NULL) return true;
    struct store_reader *reader;
    if (store_read_begin(engine->store, &reader, NULL) != NDF_OK) return true;
    struct arena arena;
    struct store_run row;
    arena_init(&arena, &engine->mem);
    int err = read_run(reader, &arena, run, &row, NULL);
    store_read_end(reader);
    bool ended = err == NDF_OK && row.state != NDF_RUN_RUNNING;
    arena_deinit(&arena);
    return !ended;
}

/* ---- agents and patterns ------------------------------------------------- */

struct naming {
    struct arena *arena;
    struct lookup_entry *out;
    bool differ;
    struct buf ids; /* of all that were found */
};

static int take_entry(void *ud, const struct store_entry *row)
{
    struct naming *naming = ud;
    struct lookup_entry *out = naming->out;
    if (out->count++ > 0) {
        buf_add_str(&naming->ids, STR(", "));
        if (memcmp(out->spec, row->spec, sizeof out->spec) != 0)
            naming->differ = true;
    } else {
        memcpy(out->spec, row->spec, sizeof out->spec);
        out->updated_ms = row->updated_ms;
        out->id = arena_str(naming->arena, row->id);
        if (out->id.at == NULL) return NDF_ENOMEM;
    }
    buf_add_str(&naming->ids, row->id);
    return buf_error(&naming->ids);
}

/* By its id, which is the host's or was given whole. */
static int find_exact(struct store_reader *reader, struct str name,
    struct naming *naming, ndf_error *error)
{
    char id[STORE_ID_MAX];
    struct str host = STR(REGISTRY_HOST_SOURCE "/");
    int err = NDF_OK;
    if (name.size <= sizeof id - host.size) {
        memcpy(id, host.at, host.size);
        if (name.size > 0) memcpy(id + host.size, name.at, name.size);
        err = read_entry(reader, (struct str){id, host.size + name.size},
            take_entry, naming, error);
    }
    if (err == NDF_OK && naming->out->count == 0 &&
        str_find_char(name, '/') < name.size)
        err = read_entry(reader, name, take_entry, naming, error);
    return err;
}

int lookup_entry(struct store_reader *reader, struct arena *arena,
    struct str name, struct lookup_entry *out, ndf_error *error)
{
    memset(out, 0, sizeof *out);
    struct naming naming = {.arena = arena, .out = out};
    buf_init(&naming.ids, arena->mem);
    int err = find_exact(reader, name, &naming, error);
    if (err == NDF_OK && out->count == 0)
        err = read_entries_named(reader, name, take_entry, &naming, error);
    if (err == NDF_OK && naming.differ)
        err = err_set(error, NDF_EREFERENCE,
            "'%.*s' is the name of several: say which one (%.*s)",
            STR_ARG(name), STR_ARG(buf_str(&naming.ids)));
    if (err == NDF_OK && out->count == 0)
        err = err_set(error, NDF_ENOTFOUND,
            "there is no agent or pattern '%.*s' in the store: register or "
            "import it first",
            STR_ARG(name));
    buf_deinit(&naming.ids);
    return err;
}

int lookup_pattern(ndf_engine *engine, struct arena *arena, struct str name,
    struct str *out, ndf_error *error)
{
    struct registry *registry;
    int err = engine_registry(engine, &registry, error);
    if (err != NDF_OK) return err;
    const struct entry *entry;
    err = registry_find(registry, name, (struct str){NULL, 0}, &entry, error);
    if (err == NDF_OK) {
        if (entry->folded_into != NULL) entry = entry->folded_into;
        *out = arena_str(arena, entry->qualified);
        if (out->at == NULL) err = NDF_ENOMEM;
    }
    registry_unref(registry);
    return err;
}
