/*
 * engine.c - opening and closing, and the picture of the registry that all
 * calls share.
 *
 * The picture is immutable: a call takes a reference under a short lock and
 * works without one. Who changes the registry marks it stale; the next call
 * that needs it reads it anew.
 */
#include "engine/engine.h"

#include <string.h>
#include <unistd.h>

#include "base/os.h"
#include "engine/runner.h"

static int64_t host_wall_ms(void *ud)
{
    const ndf_clock *clock = ud;
    return clock->wall_ms(clock->ud);
}

static int64_t host_mono_ns(void *ud)
{
    const ndf_clock *clock = ud;
    return clock->mono_ns(clock->ud);
}

const char *ndf_version(void)
{
    return NDF_VERSION;
}

int engine_check(const ndf_engine *engine, ndf_error *error)
{
    if (engine == NULL) return err_set(error, NDF_EINVAL, "the engine is NULL");
    if (engine->pid != getpid())
        return err_set(error, NDF_EFORKED,
            "this engine belongs to the parent process: open one of your own "
            "after fork");
    return NDF_OK;
}

int engine_new_id(char out[ENGINE_ID_SIZE])
{
    static const char letters[] = "0123456789abcdefghjkmnpqrstvwxyz";
    unsigned char bytes[ENGINE_ID_SIZE - 1];
    int err = os_random(bytes, sizeof bytes);
    if (err != NDF_OK) return err;
    for (size_t i = 0; i < sizeof bytes; i++)
        out[i] = letters[bytes[i] & 31];
    out[sizeof bytes] = '\0';
    return NDF_OK;
}

/* ---- the registry's picture --------------------------------------------- */

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
    int err = store_read_begin(engine->store, &reader, error);
    if (err == NDF_OK) {
        err = registry_load(out, &engine->mem, reader, error);
        if (err == NDF_OK) err = scores_load(&scores, reader, error);
        store_read_end(reader);
    }
    if (err != NDF_OK) {
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

void engine_learned(ndf_engine *engine, const struct learning *learning)
{
    pthread_mutex_lock(&engine->lock);
    int err = learning_apply(&engine->scores, learning);
    engine->kinds_known = false;
    /* Without memory the counts come with the next reading. */
    if (err != NDF_OK) engine->revision++;
    pthread_mutex_unlock(&engine->lock);
}

int engine_explain(int err, const char *what, ndf_error *error)
{
    if (err != NDF_OK && error != NULL && error->code != err)
        err_set(error, err, "%s: %s", what, ndf_strerror(err));
    return err;
}

bool engine_binding(ndf_engine *engine, struct str agent, struct binding *out)
{
    bool found = false;
    pthread_mutex_lock(&engine->lock);
    const struct binding *bindings = engine->bindings.at;
    for (size_t i = 0; !found && i < engine->bindings.count; i++) {
        if (!str_equal(bindings[i].agent, agent)) continue;
        *out = bindings[i];
        found = bindings[i].fn != NULL;
        break;
    }
    pthread_mutex_unlock(&engine->lock);
    return found;
}

/* ---- opening ------------------------------------------------------------- */

/* Fills what an older host's shorter struct lacks. */
static int read_options(
    const ndf_options *given, ndf_options *out, ndf_error *error)
{
    *out = (ndf_options)NDF_OPTIONS_INIT;
    if (given == NULL) return NDF_OK;
    if (given->size < sizeof given->size || given->size > sizeof *out)
        return err_set(error, NDF_EINVAL,
            "ndf_options.size is %zu: use NDF_OPTIONS_INIT, and the library "
            "that the program was built for",
            given->size);
    memcpy(out, given, given->size);
    if (out->mode < NDF_OPEN_CREATE || out->mode > NDF_OPEN_READ_ONLY)
        return err_set(error, NDF_EINVAL,
            "ndf_options.mode is %d: see enum ndf_open_mode", out->mode);
    return NDF_OK;
}

static int keep_text(ndf_engine *engine, const char *text, const char **out)
{
    if (text == NULL) return NDF_OK;
    *out = arena_str(&engine->arena, str_of(text)).at;
    return *out != NULL ? NDF_OK : NDF_ENOMEM;
}

static int find_home(ndf_engine *engine, const char *given)
{
    engine->trust.mem = &engine->mem;
    struct buf buf;
    buf_init(&buf, &engine->mem);
    if (given != NULL) buf_add_str(&buf, str_of(given));
    int err = given != NULL ? NDF_OK : os_data_dir(&buf);
    if (err == NDF_ENOTFOUND) {
        buf_reset(&buf); /* no home: nothing can be trusted from folders */
        err = NDF_OK;
    }
    if (err == NDF_OK) err = buf_error(&buf);
    if (err == NDF_OK) {
        engine->trust.home = arena_str(&engine->arena, buf_str(&buf));
        if (engine->trust.home.at == NULL) err = NDF_ENOMEM;
    }
    buf_deinit(&buf);
    return err;
}

/* ndf-init lies beside the library or program, or where it was installed. */
static int find_init(ndf_engine *engine, const char *given)
{
    if (given != NULL) return keep_text(engine, given, &engine->init_path);
    struct buf buf;
    buf_init(&buf, &engine->mem);
    int err = os_self_dir(&buf);
    if (err == NDF_OK) {
        buf_add_str(&buf, STR("/ndf-init"));
        err = buf_error(&buf);
    }
    if (err == NDF_OK)
        err = keep_text(engine,
            access(buf.at, X_OK) == 0 ? buf.at : NDF_LIBEXECDIR "/ndf-init",
            &engine->init_path);
    buf_deinit(&buf);
    return err;
}

static int open_store(
    ndf_engine *engine, const ndf_options *options, ndf_error *error)
{
    static const enum store_mode modes[] = {
        STORE_CREATE, STORE_EXISTING, STORE_READ_ONLY};
    engine->made_store =
        options->path == NULL || access(options->path, F_OK) != 0;
    struct store_options store_options = {.path = options->path,
        .mode = modes[options->mode],
        .clock = &engine->clock};
    int err = store_open(&engine->store, &engine->mem, &store_options, error);
    if (err != NDF_OK || options->path == NULL) return err;
    struct buf real;
    buf_init(&real, &engine->mem);
    err = os_real_path(options->path, &real, error);
    if (err == NDF_OK) err = keep_text(engine, real.at, &engine->path);
    /* A store that we made is ours to run from; failing to note that only
     * means that the user is asked later. */
    if (err == NDF_OK && engine->made_store)
        (void)trust_grant(&engine->trust, buf_str(&real), NULL);
    if (err == NDF_OK) {
        buf_add_str(&real, STR(".runs"));
        err = buf_error(&real);
    }
    if (err == NDF_OK) err = keep_text(engine, real.at, &engine->runs_dir);
    buf_deinit(&real);
    return err;
}

static int fill_engine(
    ndf_engine *engine, const ndf_options *options, ndf_error *error)
{
    if (options->clock != NULL) {
        ndf_clock *host =
            arena_dup(&engine->arena, options->clock, sizeof *options->clock);
        if (host == NULL) return NDF_ENOMEM;
        engine->clock = (struct clock){host_wall_ms, host_mono_ns, host};
    }
    engine->seed = options->seed;
    int err = find_home(engine, options->home);
    if (err == NDF_OK) err = find_init(engine, options->init_path);
    if (err == NDF_OK) err = open_store(engine, options, error);
    return err;
}

int ndf_open(ndf_engine **out, const ndf_options *options, ndf_error *error)
{
    *out = NULL;
    ndf_options all;
    int err = read_options(options, &all, error);
    if (err != NDF_OK) return err;
    struct mem mem = mem_libc;
    if (all.alloc != NULL) mem = (struct mem){all.alloc, all.alloc_ud};
    ndf_engine *engine = mem_calloc(&mem, 1, sizeof *engine);
    if (engine == NULL)
        return err_set(error, NDF_ENOMEM, "out of memory while opening");
    engine->mem = mem;
    engine->clock = clock_system;
    engine->pid = getpid();
    pthread_mutex_init(&engine->loading, NULL);
    pthread_mutex_init(&engine->lock, NULL);
    arena_init(&engine->arena, &engine->mem);
    arena_init(&engine->names, &engine->mem);
    vec_init(&engine->bindings, &engine->mem, sizeof(struct binding));
    scores_init(&engine->scores, &engine->mem);
    if (error != NULL) error->code = NDF_OK;
    err = fill_engine(engine, &all, error);
    if (err != NDF_OK) {
        ndf_close(engine);
        return engine_explain(err, "the store cannot be opened", error);
    }
    *out = engine;
    return NDF_OK;
}

void ndf_close(ndf_engine *engine)
{
    if (engine == NULL || engine->pid != getpid()) return;
    runner_free(engine->runner);
    store_close(engine->store);
    registry_unref(engine->registry);
    scores_deinit(&engine->scores);
    vec_deinit(&engine->bindings);
    arena_deinit(&engine->names);
    if (engine->path == NULL && engine->runs_dir != NULL)
        (void)os_remove_tree(engine->runs_dir);
    arena_deinit(&engine->arena);
    pthread_mutex_destroy(&engine->lock);
    pthread_mutex_destroy(&engine->loading);
    struct mem mem = engine->mem;
    mem_free(&mem, engine, sizeof *engine);
}
