/*
 * kept.c - what the host keeps in the store under names of its own.
 *
 * They are notes of the store behind a prefix, so that the program's own names
 * can never be theirs; an export has them as it has all notes.
 */
#include <string.h>

#include "base/utf8.h"
#include "engine/engine.h"
#include "store/tx.h"

#define HOST_PREFIX "host:"

enum { KEPT_NAME_MAX = 512, KEPT_SIZE_MAX = 64 * 1024 * 1024 };

/* The name in the store, in arena. */
static int stored_name(
    struct arena *arena, const char *name, struct str *out, ndf_error *error)
{
    struct str given = name != NULL ? str_of(name) : (struct str){NULL, 0};
    if (given.size == 0 || given.size > KEPT_NAME_MAX || !utf8_valid(given))
        return err_set(error, NDF_EINVAL,
            "the name of what is kept must be UTF-8 of 1 to %d bytes",
            KEPT_NAME_MAX);
    *out = arena_format(arena, HOST_PREFIX "%s", name);
    return out->at != NULL ? NDF_OK : NDF_ENOMEM;
}

struct keep {
    struct str name;
    struct str value; /* .at NULL: remove */
};

static int keep_work(struct store_tx *tx, void *ud, ndf_error *error)
{
    const struct keep *keep = ud;
    if (keep->value.at != NULL)
        return tx_meta_put(tx, keep->name, keep->value, error);
    int err = tx_meta_remove(tx, keep->name, error);
    if (err == NDF_ENOTFOUND)
        err_set(error, err, "nothing is kept under the name '%s'",
            keep->name.at + strlen(HOST_PREFIX));
    return err;
}

int ndf_keep(ndf_engine *engine, const char *name, const void *bytes,
    size_t size, ndf_error *error)
{
    int err = engine_check(engine, error);
    if (err != NDF_OK) return err;
    if (error != NULL) error->code = NDF_OK;
    if (bytes != NULL && size > KEPT_SIZE_MAX)
        return err_set(error, NDF_ELIMIT,
            "%zu bytes are too many to be kept: at most %d", size,
            KEPT_SIZE_MAX);
    struct arena arena;
    arena_init(&arena, &engine->mem);
    struct keep keep = {.value = {bytes, size}};
    err = stored_name(&arena, name, &keep.name, error);
    if (err == NDF_OK)
        err = store_write(engine->store, keep_work, &keep, error);
    arena_deinit(&arena);
    return engine_explain(err, "it cannot be kept", error);
}

static int read_kept(ndf_engine *engine, struct store_reader *reader,
    const char *name, ndf_text **out, ndf_error *error)
{
    struct arena arena;
    arena_init(&arena, &engine->mem);
    struct str stored = {NULL, 0}, value;
    int err = stored_name(&arena, name, &stored, error);
    if (err == NDF_OK) err = read_meta(reader, &arena, stored, &value, error);
    if (err == NDF_ENOTFOUND)
        err_set(error, err, "nothing is kept under the name '%s'", name);
    if (err == NDF_OK) err = text_new(out, &engine->mem, value);
    arena_deinit(&arena);
    return err;
}

int ndf_kept(
    ndf_engine *engine, const char *name, ndf_text **out, ndf_error *error)
{
    *out = NULL;
    int err = engine_check(engine, error);
    if (err != NDF_OK) return err;
    if (error != NULL) error->code = NDF_OK;
    struct store_reader *reader;
    err = store_read_begin(engine->store, &reader, error);
    if (err == NDF_OK) {
        err = read_kept(engine, reader, name, out, error);
        store_read_end(reader);
    }
    return engine_explain(err, "it cannot be read", error);
}

struct names {
    struct arena arena;
    struct value list;
};

static int add_name(void *ud, const struct store_meta *meta)
{
    struct names *names = ud;
    if (!str_starts(meta->name, STR(HOST_PREFIX))) return NDF_OK;
    struct str name =
        arena_str(&names->arena, str_from(meta->name, strlen(HOST_PREFIX)));
    if (name.at == NULL) return NDF_ENOMEM;
    return value_push(&names->arena, &names->list, value_of_str(name));
}

int ndf_kept_names(ndf_engine *engine, ndf_text **out, ndf_error *error)
{
    *out = NULL;
    int err = engine_check(engine, error);
    if (err != NDF_OK) return err;
    if (error != NULL) error->code = NDF_OK;
    struct names names = {.list = value_of_array()};
    arena_init(&names.arena, &engine->mem);
    struct store_reader *reader;
    err = store_read_begin(engine->store, &reader, error);
    if (err == NDF_OK) {
        err = read_metas(reader, add_name, &names, error);
        store_read_end(reader);
    }
    if (err == NDF_OK) err = text_of_value(out, &engine->mem, &names.list);
    arena_deinit(&names.arena);
    return engine_explain(err, "the names cannot be read", error);
}
