/*
 * compile.c - what is computed of the registry, made now and kept beside the
 * store.
 */
#include "engine/engine.h"
#include "engine/object.h"
#include "store/tx.h"

/* Of the work of making a picture: below, reading an image is hardly faster. */
enum { WORTH_KEEPING_MS = 50 };

/* Whether an image may be written at all. */
static bool may_keep(const ndf_engine *engine)
{
    return engine->image_path != NULL && !store_is_read_only(engine->store);
}

void engine_keep_image(
    ndf_engine *engine, const struct registry *registry, int64_t took_ns)
{
    uint64_t size;
    if (registry->from_image || !registry->has_revision ||
        took_ns < (int64_t)WORTH_KEEPING_MS * 1000000 || !may_keep(engine))
        return;
    (void)registry_save(registry, engine->image_path, &size, NULL);
}

struct compiling {
    ndf_engine *engine;
    struct registry *registry;
    uint64_t written;  /* bytes; 0: nothing was */
    ndf_error problem; /* why not; code NDF_OK: none */
};

static int touch(struct store_tx *tx, void *ud, ndf_error *error)
{
    (void)ud;
    return tx_registry_touch(tx, error);
}

/* A store whose registry did not change since there are revisions has none. */
static int make_revision(struct compiling *c, ndf_error *error)
{
    if (c->registry->has_revision || !may_keep(c->engine)) return NDF_OK;
    int err = store_write(c->engine->store, touch, NULL, error);
    if (err != NDF_OK) return err;
    engine_touch(c->engine);
    registry_unref(c->registry);
    return engine_registry(c->engine, &c->registry, error);
}

static void write_image(struct compiling *c)
{
    const ndf_engine *engine = c->engine;
    if (engine->image_path == NULL) return;
    c->problem = c->registry->image_problem;
    if (c->registry->from_image) return;
    if (!may_keep(engine)) {
        err_set(&c->problem, NDF_EREADONLY,
            "the store is open for reading only: nothing is kept beside it");
        return;
    }
    ndf_error why = {.code = NDF_OK};
    int err = registry_save(c->registry, engine->image_path, &c->written, &why);
    if (err != NDF_OK) c->problem = why;
}

static int describe(const struct compiling *c, int64_t took_ns,
    struct arena *arena, struct value *out)
{
    const struct registry *registry = c->registry;
    struct object object = object_new(arena);
    uint64_t size = registry->from_image ? registry->image.size : c->written;
    object_put(
        &object, "patterns", value_of_int((int64_t)registry->candidate_count));
    object_put(&object, "us", value_of_int(took_ns / 1000));
    object_put(&object, "written", value_of_bool(c->written > 0));
    object_put(&object, "bytes", value_of_int((int64_t)size));
    if (size > 0)
        object_put(
            &object, "path", value_of_str(str_of(c->engine->image_path)));
    if (c->problem.code != NDF_OK)
        object_put(
            &object, "problem", value_of_str(str_of(c->problem.message)));
    *out = object.value;
    return object.err;
}

int ndf_compile(ndf_engine *engine, ndf_text **report, ndf_error *error)
{
    if (report != NULL) *report = NULL;
    int err = engine_check(engine, error);
    if (err != NDF_OK) return err;
    if (error != NULL) error->code = NDF_OK;
    int64_t start = clock_mono_ns(&engine->clock);
    struct compiling c = {.engine = engine};
    engine_notice(engine);
    err = engine_registry(engine, &c.registry, error);
    if (err == NDF_OK) err = make_revision(&c, error);
    if (err == NDF_OK) {
        write_image(&c);
        struct arena arena;
        struct value value;
        arena_init(&arena, &engine->mem);
        err =
            describe(&c, clock_mono_ns(&engine->clock) - start, &arena, &value);
        if (err == NDF_OK && report != NULL)
            err = text_of_value(report, &engine->mem, &value);
        arena_deinit(&arena);
    }
    registry_unref(c.registry);
    return engine_explain(err, "the registry cannot be compiled", error);
}
