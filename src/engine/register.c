/*
 * register.c - agents and patterns that the host gives.
 */
#include <string.h>

#include "engine/gone.h"
#include "engine/lookup.h"
#include "engine/stage.h"

struct register_job {
    const struct stage *stage;
    bool replace;
    int64_t now_ms;
};

static int put_host_source(
    struct store_tx *tx, int64_t now_ms, ndf_error *error)
{
    struct store_source source = {.id = STR(REGISTRY_HOST_SOURCE),
        .name = STR(REGISTRY_HOST_SOURCE),
        .kind = STR("host"),
        .added_ms = now_ms};
    return tx_source_put(tx, &source, error);
}

static int register_work(struct store_tx *tx, void *ud, ndf_error *error)
{
    const struct register_job *job = ud;
    const struct staged *items = job->stage->items.at;
    int err = put_host_source(tx, job->now_ms, error);
    for (size_t i = 0;
         err == NDF_OK && !job->replace && i < job->stage->items.count; i++) {
        bool there;
        err = read_entry_exists(tx_reader(tx), items[i].id, &there, error);
        if (err == NDF_OK && there)
            err = err_at(error, NDF_EEXISTS, items[i].line, 0,
                "'%.*s' is registered already: take another name, or replace "
                "it",
                STR_ARG(items[i].name));
    }
    if (err == NDF_OK)
        err = stage_write(
            job->stage, tx, STR(REGISTRY_HOST_SOURCE), job->now_ms, error);
    return err;
}

static int stage_all(struct stage *stage, struct str text, ndf_error *error)
{
    struct value *values;
    size_t count;
    int err = stage_parse(stage, text, &values, &count, error);
    if (err == NDF_OK && count == 0)
        err = err_set(error, NDF_ESCHEMA,
            "there is no document: begin one with `agent: NAME` or "
            "`pattern: NAME`");
    for (size_t i = 0; err == NDF_OK && i < count; i++) {
        struct stage_place place = {
            .source = STR(REGISTRY_HOST_SOURCE), .line = values[i].line};
        err = stage_add_value(stage, &values[i], &place, error);
    }
    return err;
}

int ndf_register(ndf_engine *engine, const char *text, size_t size, int replace,
    ndf_error *error)
{
    int err = engine_check(engine, error);
    if (err != NDF_OK) return err;
    if (text == NULL) return err_set(error, NDF_EINVAL, "the text is NULL");
    if (error != NULL) error->code = NDF_OK;
    struct stage stage;
    stage_init(&stage, &engine->mem);
    err = stage_all(&stage, (struct str){text, size}, error);
    struct register_job job = {.stage = &stage,
        .replace = replace != 0,
        .now_ms = clock_wall_ms(&engine->clock)};
    if (err == NDF_OK)
        err = store_write(engine->store, register_work, &job, error);
    stage_deinit(&stage);
    if (err == NDF_OK) engine_touch(engine);
    return engine_explain(err, "nothing was registered", error);
}

/* By the very steps of registering, so that the two cannot differ. */
int ndf_validate(const char *text, size_t size, size_t *count, ndf_error *error)
{
    if (count != NULL) *count = 0;
    if (text == NULL) return err_set(error, NDF_EINVAL, "the text is NULL");
    if (error != NULL) error->code = NDF_OK;
    struct stage stage;
    stage_init(&stage, &mem_libc);
    int err = stage_all(&stage, (struct str){text, size}, error);
    if (err == NDF_OK && count != NULL) *count = stage.items.count;
    stage_deinit(&stage);
    return engine_explain(err, "the text cannot be checked", error);
}

struct unregister_job {
    const struct mem *mem;
    struct str name; /* of unregister_work: its id */
    int64_t now_ms;
};

static int unregister_work(struct store_tx *tx, void *ud, ndf_error *error)
{
    const struct unregister_job *job = ud;
    int err = tx_entry_remove(tx, job->name, error);
    if (err != NDF_OK) return err;
    return gone_write(tx, job->mem, job->name, job->now_ms, error);
}

/* By the store alone: the one of that name, if it is the only one. */
static int unregister_one(struct store_tx *tx, void *ud, ndf_error *error)
{
    struct unregister_job job = *(const struct unregister_job *)ud;
    struct arena arena;
    arena_init(&arena, job.mem);
    struct lookup_entry entry;
    int err = lookup_entry(tx_reader(tx), &arena, job.name, &entry, error);
    if (err == NDF_OK && entry.count > 1) err = NDF_EREFERENCE;
    job.name = entry.id;
    if (err == NDF_OK) err = unregister_work(tx, &job, error);
    arena_deinit(&arena);
    return err;
}

/* Of several of that name, the one that the name stands for; or what to say
 * about a name that nothing has. */
static int unregister_among(
    ndf_engine *engine, struct unregister_job *job, ndf_error *error)
{
    struct registry *registry;
    int err = engine_registry(engine, &registry, error);
    if (err != NDF_OK) return err;
    const struct entry *entry;
    err = registry_find(
        registry, job->name, (struct str){NULL, 0}, &entry, error);
    if (err == NDF_OK) {
        job->name = entry->qualified;
        err = store_write(engine->store, unregister_work, job, error);
    }
    registry_unref(registry);
    return err;
}

int ndf_unregister(ndf_engine *engine, const char *name, ndf_error *error)
{
    int err = engine_check(engine, error);
    if (err != NDF_OK) return err;
    if (name == NULL) return err_set(error, NDF_EINVAL, "the name is NULL");
    if (error != NULL) error->code = NDF_OK;
    struct unregister_job job = {
        &engine->mem, str_of(name), clock_wall_ms(&engine->clock)};
    err = store_write(engine->store, unregister_one, &job, error);
    if (err == NDF_ENOTFOUND || err == NDF_EREFERENCE) {
        if (error != NULL) error->code = NDF_OK;
        err = unregister_among(engine, &job, error);
    }
    if (err == NDF_OK) engine_touch(engine);
    return engine_explain(err, "nothing was unregistered", error);
}
