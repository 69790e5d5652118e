/*
 * engine.c - the picture of the registry that all calls share.
 *
 * The picture is immutable: a call takes a reference under a short lock and
 * works without one. Who changes the registry marks it stale; the next call
 * that needs it reads it anew.
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

static int load_picture(
    ndf_engine *engine, struct registry **out, ndf_error *error)
{
    int64_t start = clock_mono_ns(&engine->clock);
    int64_t version = store_data_version(engine->store);
    pthread_mutex_lock(&engine->lock);
    uint64_t revision = engine->revision; /* what comes later is not in it */
    pthread_mutex_unlock(&engine->lock);
    struct scores scores;
    scores_init(&scores, &engine->mem);
    struct store_reader *reader;
    int err = engine_domains(engine, error);
    if (err == NDF_OK) err = store_read_begin(engine->store, &reader, error);
    if (err == NDF_OK) {
        const struct registry_tools tools = {engine->domains, engine->vectors};
        err = registry_load(out, &engine->mem, &tools, reader, error);
        if (err == NDF_OK) err = scores_load(&scores, reader, error);
        store_read_end(reader);
    }
    if (err != NDF_OK) {
        registry_unref(*out);
        *out = NULL;
        scores_deinit(&scores);
        return err;
    }
    pthread_mutex_lock(&engine->lock);
    struct registry *old = engine->registry;
    struct scores old_scores = engine->scores;
    engine->registry = *out;
    engine->scores = scores;
    engine->kinds_known = false;
    engine->read_revision = revision;
    engine->data_version = version;
    registry_ref(*out);
    pthread_mutex_unlock(&engine->lock);
    registry_unref(old);
    scores_deinit(&old_scores);
    /* Others may have learned, too, and removals are outcomes. */
    learned_behind(&engine->learned);
    histogram_add(&engine->metrics.load_us,
        (uint64_t)(clock_mono_ns(&engine->clock) - start) / 1000);
    return NDF_OK;
}

static struct registry *current(ndf_engine *engine)
{
    pthread_mutex_lock(&engine->lock);
    bool fresh = engine->read_revision == engine->revision;
    struct registry *registry = fresh ? engine->registry : NULL;
    if (registry != NULL) registry_ref(registry);
    pthread_mutex_unlock(&engine->lock);
    return registry;
}

struct registry *engine_last_registry(ndf_engine *engine)
{
    pthread_mutex_lock(&engine->lock);
    struct registry *registry = engine->registry;
    if (registry != NULL) registry_ref(registry);
    pthread_mutex_unlock(&engine->lock);
    return registry;
}

int engine_registry(ndf_engine *engine, struct registry **out, ndf_error *error)
{
    *out = current(engine);
    if (*out != NULL) return NDF_OK;
    int err = NDF_OK;
    pthread_mutex_lock(&engine->loading);
    *out = current(engine); /* somebody else may have read it meanwhile */
    if (*out == NULL) err = load_picture(engine, out, error);
    pthread_mutex_unlock(&engine->loading);
    return engine_explain(err, "the registry cannot be read", error);
}

void engine_touch(ndf_engine *engine)
{
    pthread_mutex_lock(&engine->lock);
    engine->revision++;
    pthread_mutex_unlock(&engine->lock);
}

void engine_notice(ndf_engine *engine)
{
    int64_t version = store_data_version(engine->store);
    pthread_mutex_lock(&engine->lock);
    if (engine->data_version != version) engine->revision++;
    pthread_mutex_unlock(&engine->lock);
}

bool engine_outdated(
    ndf_engine *engine, const struct registry *registry, int err)
{
    if (err != NDF_ENOTFOUND) return err == NDF_EBUSY;
    engine_notice(engine);
    pthread_mutex_lock(&engine->lock);
    bool newest = engine->registry == registry &&
                  engine->read_revision == engine->revision;
    pthread_mutex_unlock(&engine->lock);
    return !newest;
}

int engine_picture(ndf_engine *engine, struct registry **out,
    struct store_reader **reader, ndf_error *error)
{
    *out = NULL;
    pthread_mutex_lock(&engine->loading);
    /* It names things and chooses nothing. */
    const struct registry_tools tools = {.domains = engine->domains};
    int err = store_read_begin(engine->store, reader, error);
    if (err == NDF_OK)
        err = registry_load(out, &engine->mem, &tools, *reader, error);
    pthread_mutex_unlock(&engine->loading);
    return err;
}

void engine_learned(ndf_engine *engine, const struct learning *learning)
{
    pthread_mutex_lock(&engine->lock);
    int err = learning_apply(&engine->scores, learning);
    engine->kinds_known = false;
    /* Without memory the counts come with the next reading. */
    if (err != NDF_OK) engine->revision++;
    pthread_mutex_unlock(&engine->lock);
    learned_add(&engine->learned, &(struct knowledge_outcome){learning->seq,
                                      learning->id, learning->outcome.lesson});
}

void engine_forgot(ndf_engine *engine, struct str pattern)
{
    pthread_mutex_lock(&engine->lock);
    scores_forget(&engine->scores, pattern);
    engine->kinds_known = false;
    pthread_mutex_unlock(&engine->lock);
}

int engine_explain(int err, const char *what, ndf_error *error)
{
    if (err != NDF_OK && error != NULL && error->code != err)
        err_set(error, err, "%s: %s", what, ndf_strerror(err));
    return err;
}
