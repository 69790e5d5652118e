/*
 * engine.c - the picture of the registry that all calls share.
 *
 * Who changes the registry marks the picture stale; the next call that needs it
 * reads it anew and publishes that. Until then, and while others read, a call
 * only looks at what is published.
 */
#include "engine/engine.h"

#include <unistd.h>

#include "base/os.h"

int engine_check(const ndf_engine *engine, ndf_error *error)
{
    if (engine == NULL) return err_set(error, NDF_EINVAL, "the engine is NULL");
    if (engine->pid != getpid())
        return err_set(error, NDF_EFORKED,
            "this engine belongs to the parent process: run another program "
            "(exec) after fork");
    return NDF_OK;
}

/* ---- the registry's picture --------------------------------------------- */

int engine_domains(ndf_engine *engine, ndf_error *error)
{
    if (engine->domains != NULL) return NDF_OK;
    return domains_new(
        &engine->domains, &engine->mem, &domain_rules_default, error);
}

static int read_picture(
    ndf_engine *engine, struct picture **out, ndf_error *error)
{
    struct store_reader *reader;
    int err = engine_domains(engine, error);
    if (err == NDF_OK) err = store_read_begin(engine->store, &reader, error);
    if (err != NDF_OK) return err;
    const struct registry_tools tools = {
        engine->domains, engine->vectors, engine->image_path};
    err = picture_new(out, &engine->mem, &tools, reader, error);
    store_read_end(reader);
    return err;
}

/* Outcomes that were counted while it was read are in the old one only. */
static int replace_picture(ndf_engine *engine, const struct picture *old,
    uint64_t changes, struct picture *picture)
{
    int err = NDF_OK;
    pthread_mutex_lock(&engine->lock);
    if (old != NULL)
        err = scores_carry(&picture->scores, &old->scores, changes);
    if (err == NDF_OK) err = snapshot_publish(&engine->picture, picture);
    pthread_mutex_unlock(&engine->lock);
    return err;
}

/* `loading` is held. */
static int load_picture(ndf_engine *engine, ndf_error *error)
{
    int64_t start = clock_mono_ns(&engine->clock);
    struct picture *picture = NULL;
    int64_t version = store_data_version(engine->store);
    /* What comes later is not in it. */
    uint64_t revision = atomic_load(&engine->revision);
    /* The old one is freed by the end of this look, after the lock. */
    struct look old;
    uint64_t changes = engine_look_last(engine, &old)
                           ? scores_changes(&old.picture->scores)
                           : 0;
    int err = read_picture(engine, &picture, error);
    if (err == NDF_OK) {
        picture->registry->picture = ++engine->pictures;
        picture->revision = revision;
        picture->data_version = version;
        err = replace_picture(engine, old.picture, changes, picture);
    }
    bool first = old.picture == NULL;
    engine_look_end(engine, &old);
    if (err != NDF_OK) {
        picture_free(picture);
        return err;
    }
    /* Others may have learned, too, and removals are outcomes. */
    learned_behind(&engine->learned);
    int64_t took = clock_mono_ns(&engine->clock) - start;
    histogram_add(&engine->metrics.load_us, (uint64_t)took / 1000);
    if (first) engine_keep_image(engine, picture->registry, took);
    return NDF_OK;
}

/* ---- looking at it ------------------------------------------------------- */

bool engine_look_last(ndf_engine *engine, struct look *look)
{
    look->picture = snapshot_enter(&engine->picture, &look->guard);
    return look->picture != NULL;
}

void engine_look_end(ndf_engine *engine, struct look *look)
{
    if (look->picture != NULL) snapshot_leave(&engine->picture, &look->guard);
    look->picture = NULL;
}

static bool is_fresh(ndf_engine *engine, const struct picture *picture)
{
    return picture->revision == atomic_load(&engine->revision);
}

static bool look_fresh(ndf_engine *engine, struct look *look)
{
    if (!engine_look_last(engine, look)) return false;
    if (is_fresh(engine, look->picture)) return true;
    engine_look_end(engine, look);
    return false;
}

int engine_look(ndf_engine *engine, struct look *look, ndf_error *error)
{
    if (look_fresh(engine, look)) return NDF_OK;
    int err = NDF_OK;
    pthread_mutex_lock(&engine->loading);
    /* Somebody else may have read it meanwhile. */
    if (!look_fresh(engine, look)) {
        err = load_picture(engine, error);
        /* As fresh as when this call began, whatever came since. */
        if (err == NDF_OK) (void)engine_look_last(engine, look);
    }
    pthread_mutex_unlock(&engine->loading);
    return engine_explain(err, "the registry cannot be read", error);
}

int engine_registry(ndf_engine *engine, struct registry **out, ndf_error *error)
{
    struct look look;
    *out = NULL;
    int err = engine_look(engine, &look, error);
    if (err != NDF_OK) return err;
    *out = look.picture->registry;
    registry_ref(*out);
    engine_look_end(engine, &look);
    return NDF_OK;
}

void engine_touch(ndf_engine *engine)
{
    atomic_fetch_add(&engine->revision, 1);
}

void engine_notice(ndf_engine *engine)
{
    int64_t version = store_data_version(engine->store);
    struct look look;
    if (!engine_look_last(engine, &look)) return;
    if (look.picture->data_version != version) engine_touch(engine);
    engine_look_end(engine, &look);
}

bool engine_outdated(
    ndf_engine *engine, const struct registry *registry, int err)
{
    if (err != NDF_ENOTFOUND) return err == NDF_EBUSY;
    engine_notice(engine);
    struct look look;
    if (!engine_look_last(engine, &look)) return true;
    bool newest =
        look.picture->registry == registry && is_fresh(engine, look.picture);
    engine_look_end(engine, &look);
    return !newest;
}

int engine_picture(ndf_engine *engine, struct registry **out,
    struct store_reader **reader, ndf_error *error)
{
    *out = NULL;
    pthread_mutex_lock(&engine->loading);
    /* It names things and chooses nothing. */
    const struct registry_tools tools = {
        .domains = engine->domains, .image = engine->image_path};
    int err = store_read_begin(engine->store, reader, error);
    if (err == NDF_OK)
        err = registry_load(out, &engine->mem, &tools, *reader, error);
    pthread_mutex_unlock(&engine->loading);
    return err;
}

void engine_learned(ndf_engine *engine, const struct learning *learning)
{
    struct look look;
    pthread_mutex_lock(&engine->lock);
    /* Without a picture, which may be just being read, or without memory, the
     * counts come with the next reading. */
    bool counted = engine_look_last(engine, &look) &&
                   learning_apply(&look.picture->scores, learning) == NDF_OK;
    pthread_mutex_unlock(&engine->lock);
    if (!counted) engine_touch(engine);
    engine_look_end(engine, &look);
    learned_add(&engine->learned, &(struct knowledge_outcome){learning->seq,
                                      learning->id, learning->outcome.lesson});
}

void engine_forgot(ndf_engine *engine, struct str pattern)
{
    struct look look;
    pthread_mutex_lock(&engine->lock);
    if (engine_look_last(engine, &look))
        scores_forget(&look.picture->scores, pattern);
    pthread_mutex_unlock(&engine->lock);
    engine_look_end(engine, &look);
}

int engine_explain(int err, const char *what, ndf_error *error)
{
    if (err != NDF_OK && error != NULL && error->code != err)
        err_set(error, err, "%s: %s", what, ndf_strerror(err));
    return err;
}
