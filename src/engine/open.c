/*
 * open.c - opening and closing an engine.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/os.h"
#include "engine/engine.h"
#include "engine/runner.h"

const char *ndf_version(void)
{
    return NDF_VERSION;
}

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

/* Makes the file, if there is none: so it is certain who made it. Tasks and
 * outputs are its owner's: 0600, which SQLite's files beside it take over. */
static bool made_file(const ndf_options *options)
{
    if (options->path == NULL) return true;
    if (options->mode != NDF_OPEN_CREATE) return false;
    int fd = open(options->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0) (void)close(fd);
    return fd >= 0;
}

static int open_store(
    ndf_engine *engine, const ndf_options *options, ndf_error *error)
{
    static const enum store_mode modes[] = {
        STORE_CREATE, STORE_EXISTING, STORE_READ_ONLY};
    engine->made_store = made_file(options);
    struct store_options store_options = {.path = options->path,
        .mode = modes[options->mode],
        .clock = &engine->clock};
    int err = store_open(&engine->store, &engine->mem, &store_options, error);
    if (err != NDF_OK && engine->made_store && options->path != NULL)
        (void)unlink(options->path);
    learned_open(&engine->learned, engine->store, NULL);
    engine->sessions.store = engine->store;
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
    buf_reset(&real);
    const char *learned = NULL;
    if (err == NDF_OK) {
        buf_format(&real, "%s.learned", engine->path);
        err = buf_error(&real);
    }
    if (err == NDF_OK) err = keep_text(engine, real.at, &learned);
    learned_open(&engine->learned, engine->store, learned);
    buf_reset(&real);
    if (err == NDF_OK) {
        buf_format(&real, "%s.index", engine->path);
        err = buf_error(&real);
    }
    if (err == NDF_OK) err = keep_text(engine, real.at, &engine->image_path);
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

static void free_picture(void *ud, void *picture)
{
    (void)ud;
    picture_free(picture);
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
    os_boot_id(engine->boot);
    pthread_mutex_init(&engine->loading, NULL);
    pthread_mutex_init(&engine->lock, NULL);
    arena_init(&engine->arena, &engine->mem);
    map_init(&engine->bindings, &engine->mem);
    owners_init(&engine->owners, &engine->mem);
    snapshot_init(&engine->picture, &engine->mem, free_picture, NULL);
    learned_init(&engine->learned, &engine->mem);
    lookups_init(&engine->lookups, &engine->mem);
    engine->lookup_options = lookups_off;
    sessions_init(&engine->sessions, &engine->mem);
    const struct selector_config config = selector_config_default();
    engine_set_config(engine, &config);
    if (error != NULL) error->code = NDF_OK;
    err = wide_histogram_init(&engine->metrics.select_us, &engine->mem);
    if (err == NDF_OK) err = fill_engine(engine, &all, error);
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
    learned_deinit(&engine->learned);
    lookups_deinit(&engine->lookups);
    store_close(engine->store);
    snapshot_deinit(&engine->picture);
    domains_unref(engine->domains);
    vectors_unref(engine->vectors);
    sessions_deinit(&engine->sessions);
    wide_histogram_deinit(&engine->metrics.select_us);
    engine_unbind_all(engine);
    owners_deinit(&engine->owners);
    if (engine->path == NULL && engine->runs_dir != NULL)
        (void)os_remove_tree(engine->runs_dir);
    arena_deinit(&engine->arena);
    pthread_mutex_destroy(&engine->lock);
    pthread_mutex_destroy(&engine->loading);
    struct mem mem = engine->mem;
    mem_free(&mem, engine, sizeof *engine);
}
