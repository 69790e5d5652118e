/*
 * load.c - one document, as a point read from the store: what a host does for
 * each of its own must not wait for the picture of all of them.
 */
#include <string.h>

#include "engine/lookup.h"

static int load(ndf_engine *engine, struct store_reader *reader,
    struct str name, ndf_text **document, ndf_stored *stored, ndf_error *error)
{
    struct arena arena;
    arena_init(&arena, &engine->mem);
    struct lookup_entry entry;
    struct read_stored spec;
    int err = lookup_entry(reader, &arena, name, &entry, error);
    if (err == NDF_OK)
        err = read_content_stored(
            reader, &arena, STORE_SPEC, entry.spec, &spec, error);
    if (err == NDF_OK) err = text_new(document, &engine->mem, spec.bytes);
    if (err == NDF_OK && stored != NULL)
        *stored = (ndf_stored){.bytes = spec.bytes.size,
            .stored_bytes = spec.stored,
            .updated_ms = entry.updated_ms};
    arena_deinit(&arena);
    return err;
}

int ndf_load(ndf_engine *engine, const char *name, ndf_text **document,
    ndf_stored *stored, ndf_error *error)
{
    *document = NULL;
    if (stored != NULL) memset(stored, 0, sizeof *stored);
    int err = engine_check(engine, error);
    if (err != NDF_OK) return err;
    if (name == NULL) return err_set(error, NDF_EINVAL, "the name is NULL");
    if (error != NULL) error->code = NDF_OK;
    struct store_reader *reader;
    err = store_read_begin(engine->store, &reader, error);
    if (err == NDF_OK) {
        err = load(engine, reader, str_of(name), document, stored, error);
        store_read_end(reader);
    }
    return engine_explain(err, "it cannot be loaded", error);
}
