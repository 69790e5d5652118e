/*
 * clean.c - removing what is old from the store, and the files of its runs.
 *
 * A process that is killed leaves the folders of its runs: those that it had
 * not recorded yet, and those that ended just then. Whoever owns a run may
 * remove what the store does not need.
 */
#include <dirent.h>

#include "base/os.h"
#include "engine/lookup.h"
#include "store/cleanup.h"

static bool is_owned(void *ud, struct str run)
{
    return lookup_owned(ud, run);
}

/* What cannot be removed now is only in the way: the run is gone already. */
static void remove_files(void *ud, struct str run)
{
    const ndf_engine *engine = ud;
    /* An id of a store becomes a part of a path only if it is one of ours. */
    if (engine->runs_dir == NULL || !engine_id_valid(run)) return;
    struct buf path;
    buf_init(&path, &engine->mem);
    buf_format(&path, "%s/%.*s", engine->runs_dir, STR_ARG(run));
    if (!path.failed) (void)os_remove_tree(path.at);
    buf_deinit(&path);
}

/* Whether a run's files are needed: it goes on some day, or nobody can tell. */
static bool is_needed(ndf_engine *engine, struct str run)
{
    struct store_reader *reader;
    if (store_read_begin(engine->store, &reader, NULL) != NDF_OK) return true;
    struct arena arena;
    struct store_run row;
    arena_init(&arena, &engine->mem);
    int err = read_run(reader, &arena, run, &row, NULL);
    store_read_end(reader);
    bool ended = err == NDF_OK && row.state != NDF_RUN_RUNNING &&
                 row.state != NDF_RUN_IN_DOUBT;
    arena_deinit(&arena);
    return !ended && err != NDF_ENOTFOUND;
}

/* Removes the files of a run that nobody owns and nothing needs; whether that
 * was so. */
static bool sweep_run(ndf_engine *engine, struct str run)
{
    struct owners *owners = &engine->owners;
    if (owners_take(owners, engine->runs_dir, run, NULL) != NDF_OK)
        return false;
    /* The store is asked meanwhile: nobody starts the run now. */
    bool swept = !is_needed(engine, run);
    if (swept) remove_files(engine, run);
    owners_drop(owners, run);
    return swept;
}

/* How many runs had left files behind. */
static uint64_t sweep_left(ndf_engine *engine)
{
    uint64_t count = 0;
    /* In memory a second view may wait for a writer that waits for the first,
     * and the folder goes with the engine. */
    DIR *folder = engine->path == NULL ? NULL : opendir(engine->runs_dir);
    if (folder == NULL) return 0;
    struct dirent *entry;
    while ((entry = readdir(folder)) != NULL) {
        struct str run = str_of(entry->d_name);
        if (engine_id_valid(run) && sweep_run(engine, run)) count++;
    }
    closedir(folder);
    return count;
}

static int make_report(struct arena *arena,
    const struct store_cleanup_counts *counts, uint64_t folders,
    struct value *out)
{
    const struct {
        const char *key;
        uint64_t count;
    } parts[] = {
        {"runs", counts->runs},
        {"outcomes", counts->outcomes},
        {"contents", counts->contents},
        {"bytes", counts->bytes},
        {"folders", folders},
    };
    *out = value_of_object();
    int err = NDF_OK;
    for (size_t i = 0; err == NDF_OK && i < sizeof parts / sizeof *parts; i++)
        err = value_set(arena, out, str_of(parts[i].key),
            value_of_int((int64_t)parts[i].count));
    return err;
}

int ndf_cleanup(
    ndf_engine *engine, int64_t before_ms, ndf_text **report, ndf_error *error)
{
    if (report != NULL) *report = NULL;
    int err = engine_check(engine, error);
    if (err != NDF_OK) return err;
    if (error != NULL) error->code = NDF_OK;
    struct store_cleanup what = {.before_ms = before_ms,
        .owned = is_owned,
        .removed = remove_files,
        .ud = engine};
    struct store_cleanup_counts counts;
    /* What outcomes taught stays when they go. */
    learned_note(&engine->learned);
    err = store_cleanup(engine->store, &what, &counts, error);
    int64_t old_ms = clock_wall_ms(&engine->clock) - session_age_max_ms;
    if (err == NDF_OK)
        err = sessions_clean(
            &engine->sessions, before_ms > old_ms ? before_ms : old_ms, error);
    uint64_t folders = err == NDF_OK ? sweep_left(engine) : 0;
    if (err == NDF_OK && report != NULL) {
        struct arena arena;
        struct value value;
        arena_init(&arena, &engine->mem);
        err = make_report(&arena, &counts, folders, &value);
        if (err == NDF_OK) err = text_of_value(report, &engine->mem, &value);
        arena_deinit(&arena);
    }
    return engine_explain(err, "the cleanup stopped", error);
}
