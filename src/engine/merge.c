/*
 * merge.c - learning from what happened elsewhere.
 *
 * Nothing that was learned is merged, but the outcomes that it came from; then
 * everything is learned and counted from them anew. So it does not matter which
 * store takes from which.
 */
#include "store/merge.h"

#include "base/json.h"
#include "engine/engine.h"

struct merge {
    ndf_engine *engine;
    struct store_reader *from;
    bool texts;         /* the texts of tasks come along */
    struct arena arena; /* of the outcome under way */
    struct buf body;
    char epoch[ENGINE_ID_SIZE];
    struct merge_counts counts;
};

/* Without its text. */
static int strip(void *ud, struct store_outcome *row)
{
    struct merge *merge = ud;
    struct outcome outcome;
    struct value body;
    arena_deinit(&merge->arena);
    buf_reset(&merge->body);
    int err = json_parse(&merge->arena, row->body, &body, NULL);
    if (err == NDF_OK)
        err = outcome_decode(&merge->arena, &body, &outcome, NULL);
    if (err != NDF_OK) return err == NDF_ENOMEM ? err : NDF_ECORRUPT;
    outcome.text = (struct str){NULL, 0};
    err = outcome_encode(&merge->arena, &outcome, &body);
    if (err != NDF_OK) return err;
    json_write(&merge->body, &body);
    row->body = buf_str(&merge->body);
    return buf_error(&merge->body);
}

static uint64_t half_life_of(void *ud, struct str pattern)
{
    return engine_half_life(ud, pattern);
}

static int merge_work(struct store_tx *tx, void *ud, ndf_error *error)
{
    struct merge *merge = ud;
    ndf_engine *engine = merge->engine;
    int err = merge_outcomes(tx, merge->from, merge->texts ? NULL : strip,
        merge, &merge->counts, error);
    if (err == NDF_OK)
        err = scores_recount(tx, &engine->mem, half_life_of, engine, error);
    if (err == NDF_OK)
        err =
            knowledge_renumbered(tx, &engine->mem, str_of(merge->epoch), error);
    return err;
}

static int take(struct merge *merge, struct store *other, ndf_error *error)
{
    ndf_engine *engine = merge->engine;
    struct registry *registry;
    /* It knows how fast the counts of each pattern fade. */
    int err = engine_registry(engine, &registry, error);
    if (err != NDF_OK) return err;
    registry_unref(registry);
    err = store_read_begin(other, &merge->from, error);
    if (err != NDF_OK) return err;
    arena_init(&merge->arena, &engine->mem);
    buf_init(&merge->body, &engine->mem);
    err = engine_new_id(merge->epoch);
    if (err == NDF_OK)
        err = store_write(engine->store, merge_work, merge, error);
    buf_deinit(&merge->body);
    arena_deinit(&merge->arena);
    store_read_end(merge->from);
    return err;
}

static int report(const struct merge *merge, ndf_text **out)
{
    struct arena arena;
    arena_init(&arena, &merge->engine->mem);
    struct value value = value_of_object();
    int err = value_set(&arena, &value, STR("taken"),
        value_of_int((int64_t)merge->counts.taken));
    if (err == NDF_OK)
        err = value_set(&arena, &value, STR("known"),
            value_of_int((int64_t)merge->counts.known));
    if (err == NDF_OK) err = text_of_value(out, &merge->engine->mem, &value);
    arena_deinit(&arena);
    return err;
}

/* Not its own. */
static int check_path(
    const ndf_engine *engine, const char *path, ndf_error *error)
{
    struct buf real;
    buf_init(&real, &engine->mem);
    int err = os_real_path(path, &real, error);
    if (err == NDF_OK && engine->path != NULL &&
        str_equal(buf_str(&real), str_of(engine->path)))
        err = err_set(error, NDF_EINVAL,
            "%s is this store itself: name another one", path);
    buf_deinit(&real);
    return err;
}

int ndf_learn_merge(ndf_engine *engine, const char *path, int texts,
    ndf_text **out, ndf_error *error)
{
    if (out != NULL) *out = NULL;
    int err = engine_check(engine, error);
    if (err != NDF_OK) return err;
    if (path == NULL) return err_set(error, NDF_EINVAL, "the path is NULL");
    if (error != NULL) error->code = NDF_OK;
    struct merge merge = {.engine = engine, .texts = texts != 0};
    const struct store_options options = {
        .path = path, .mode = STORE_READ_ONLY, .clock = &engine->clock};
    struct store *other = NULL;
    err = check_path(engine, path, error);
    if (err == NDF_OK) err = store_open(&other, &engine->mem, &options, error);
    if (err == NDF_OK) err = take(&merge, other, error);
    store_close(other);
    if (err == NDF_OK) {
        engine_touch(engine);
        learned_behind(&engine->learned);
        learned_catch_up(&engine->learned);
        /* It is merged whether or not a checkpoint can be written. */
        (void)learned_save(&engine->learned, 1, NULL);
    }
    if (err == NDF_OK && out != NULL) err = report(&merge, out);
    return engine_explain(err, "nothing was merged", error);
}
