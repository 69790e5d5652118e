/*
 * learning.c - what was learned, for people: told, and learned anew.
 */
#include "base/hash.h"
#include "engine/engine.h"
#include "engine/object.h"

static void put_count(struct object *object, const char *key, uint64_t count)
{
    object_put(object, key, value_of_int((int64_t)count));
}

static int put_bins(struct object *object, const struct learner_summary *known)
{
    struct value list = value_of_array();
    for (int i = 0; object->err == NDF_OK && i < LEARNER_BINS; i++) {
        const struct learner_bin *bin = &known->bins[i];
        double count = (double)bin->count;
        struct object row = object_new(object->arena);
        object_put(&row, "from", value_of_real((double)i / LEARNER_BINS));
        object_put(&row, "to", value_of_real((double)(i + 1) / LEARNER_BINS));
        object_put(&row, "count", value_of_real(count));
        /* Of nothing there is no mean. */
        object_put(&row, "fit",
            count > 0 ? value_of_real((double)bin->fit / count) : value_null);
        object_put(&row, "right",
            count > 0 ? value_of_real((double)bin->right / count) : value_null);
        object->err = row.err;
        if (row.err == NDF_OK)
            object->err = value_push(object->arena, &list, row.value);
    }
    object_put(object, "reliability", list);
    return object->err;
}

static int describe(const ndf_engine *engine, const struct learned_look *look,
    struct arena *arena, struct value *out)
{
    const struct learner_summary *known = &look->summary;
    struct object object = object_new(arena);
    put_count(&object, "number", look->number);
    put_count(&object, "lessons", known->lessons);
    put_count(&object, "classes", known->classes);
    put_count(&object, "features", known->features);
    put_count(&object, "weights", known->weights);
    put_count(&object, "examples", known->examples);
    put_count(&object, "bytes", known->bytes);
    put_count(&object, "bytes_max", LEARNER_BYTES_MAX);
    if (look->saved.number > 0 && engine->learned.from.path != NULL) {
        struct object file = object_new(arena);
        object_put(
            &file, "path", value_of_str(str_of(engine->learned.from.path)));
        put_count(&file, "number", look->saved.number);
        put_count(&file, "bytes", look->saved_bytes);
        if (object.err == NDF_OK) object.err = file.err;
        object_put(&object, "checkpoint", file.value);
    }
    if (look->problem[0] != '\0')
        object_put(&object, "problem", value_of_str(str_of(look->problem)));
    int err = put_bins(&object, known);
    *out = object.value;
    return err;
}

int ndf_learned(ndf_engine *engine, ndf_text **out, ndf_error *error)
{
    *out = NULL;
    int err = engine_check(engine, error);
    if (err != NDF_OK) return err;
    if (error != NULL) error->code = NDF_OK;
    struct learned_look look;
    struct value value;
    struct arena arena;
    learned_behind(&engine->learned);
    learned_look(&engine->learned, &look);
    arena_init(&arena, &engine->mem);
    err = describe(engine, &look, &arena, &value);
    if (err == NDF_OK) err = text_of_value(out, &engine->mem, &value);
    arena_deinit(&arena);
    return engine_explain(err, "what was learned cannot be told", error);
}

static int report(const ndf_engine *engine,
    const struct learned_rebuilt *rebuilt, ndf_text **out)
{
    char hash[HASH_HEX_SIZE];
    hash_hex(rebuilt->hash, sizeof rebuilt->hash, hash);
    struct arena arena;
    arena_init(&arena, &engine->mem);
    struct object object = object_new(&arena);
    put_count(&object, "number", rebuilt->number);
    put_count(&object, "lessons", rebuilt->lessons);
    object_put(&object, "same", value_of_bool(rebuilt->same));
    object_put(&object, "hash", value_of_str(str_of(hash)));
    int err = object.err;
    if (err == NDF_OK) err = text_of_value(out, &engine->mem, &object.value);
    arena_deinit(&arena);
    return err;
}

int ndf_learn_rebuild(ndf_engine *engine, ndf_text **out, ndf_error *error)
{
    if (out != NULL) *out = NULL;
    int err = engine_check(engine, error);
    if (err != NDF_OK) return err;
    if (error != NULL) error->code = NDF_OK;
    struct learned_rebuilt rebuilt;
    learned_behind(&engine->learned);
    err = learned_rebuild(&engine->learned, &rebuilt, error);
    if (err == NDF_OK && out != NULL) err = report(engine, &rebuilt, out);
    return engine_explain(err, "nothing was learned anew", error);
}
