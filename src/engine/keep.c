/*
 * keep.c - export, import, check and backup of the store.
 */
#include "base/json.h"
#include "engine/engine.h"
#include "model/schema.h"
#include "store/export.h"

int ndf_export(
    ndf_engine *engine, ndf_write_fn write, void *ud, ndf_error *error)
{
    int err = engine_check(engine, error);
    if (err != NDF_OK) return err;
    if (error != NULL) error->code = NDF_OK;
    err = store_export(engine->store, write, ud, error);
    return engine_explain(err, "the export stopped", error);
}

static int import_line_work(struct store_tx *tx, void *ud, ndf_error *error)
{
    return store_import_line(tx, ud, error);
}

/* Lines can say anything, also that an agent is the host's own: the store is
 * no longer one that only its user filled. */
static int distrust_store(ndf_engine *engine, ndf_error *error)
{
    if (engine->path == NULL || engine->distrusted) return NDF_OK;
    engine->made_store = false;
    int err = trust_revoke(&engine->trust, str_of(engine->path), error);
    if (err == NDF_ENOTFOUND) err = NDF_OK; /* no home: no trust */
    engine->distrusted = err == NDF_OK;
    return err;
}

int ndf_import_line(
    ndf_engine *engine, const char *line, size_t size, ndf_error *error)
{
    int err = engine_check(engine, error);
    if (err != NDF_OK) return err;
    if (line == NULL) return err_set(error, NDF_EINVAL, "the line is NULL");
    if (error != NULL) error->code = NDF_OK;
    struct arena arena;
    arena_init(&arena, &engine->mem);
    struct value value;
    err = json_parse(&arena, (struct str){line, size}, &value, error);
    if (err == NDF_OK)
        err = store_write(engine->store, import_line_work, &value, error);
    arena_deinit(&arena);
    if (err == NDF_OK) err = distrust_store(engine, error);
    if (err == NDF_OK) engine_touch(engine);
    return engine_explain(err, "the line was not taken", error);
}

struct problems {
    struct arena *arena;
    struct value list;
    int err;
};

static void add_problem(void *ud, const char *where, const char *what)
{
    struct problems *problems = ud;
    struct arena *arena = problems->arena;
    struct value item = value_of_object();
    struct str place = arena_str(arena, str_of(where));
    struct str text = arena_str(arena, str_of(what));
    if (place.at == NULL || text.at == NULL) problems->err = NDF_ENOMEM;
    if (problems->err == NDF_OK)
        problems->err =
            value_set(arena, &item, STR("where"), value_of_str(place));
    if (problems->err == NDF_OK)
        problems->err =
            value_set(arena, &item, STR("what"), value_of_str(text));
    if (problems->err == NDF_OK)
        problems->err = value_push(arena, &problems->list, item);
}

static int make_report(struct problems *problems,
    const struct store_check_counts *counts, struct value *out)
{
    const struct {
        const char *key;
        struct value value;
    } parts[] = {
        {"ok", value_of_bool(counts->problems == 0)},
        {"runs", value_of_int((int64_t)counts->runs)},
        {"records", value_of_int((int64_t)counts->records)},
        {"contents", value_of_int((int64_t)counts->contents)},
        {"entries", value_of_int((int64_t)counts->entries)},
        {"outcomes", value_of_int((int64_t)counts->outcomes)},
        {"problems", problems->list},
    };
    *out = value_of_object();
    int err = problems->err;
    for (size_t i = 0; err == NDF_OK && i < sizeof parts / sizeof *parts; i++)
        err = value_set(
            problems->arena, out, str_of(parts[i].key), parts[i].value);
    return err;
}

int ndf_check(ndf_engine *engine, ndf_text **report, ndf_error *error)
{
    *report = NULL;
    int err = engine_check(engine, error);
    if (err != NDF_OK) return err;
    if (error != NULL) error->code = NDF_OK;
    struct arena arena;
    arena_init(&arena, &engine->mem);
    struct problems problems = {.arena = &arena, .list = value_of_array()};
    struct store_check_counts counts;
    err = store_check(engine->store, add_problem, &problems, &counts, error);
    struct value value;
    if (err == NDF_OK) err = make_report(&problems, &counts, &value);
    if (err == NDF_OK) err = text_of_value(report, &engine->mem, &value);
    arena_deinit(&arena);
    return engine_explain(err, "the store could not be checked", error);
}

int ndf_backup(ndf_engine *engine, const char *path, ndf_error *error)
{
    int err = engine_check(engine, error);
    if (err != NDF_OK) return err;
    if (path == NULL) return err_set(error, NDF_EINVAL, "the path is NULL");
    if (error != NULL) error->code = NDF_OK;
    err = store_backup(engine->store, path, error);
    return engine_explain(err, "there is no backup", error);
}

const char *ndf_schema(void)
{
    return schema_text();
}
