/*
 * clean.c - removing what is old from the store, and the files of its runs.
 */
#include <unistd.h>

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
    buf_add_str(&path, STR(".owner"));
    if (!path.failed) (void)unlink(path.at);
    buf_deinit(&path);
}

static int make_report(struct arena *arena,
    const struct store_cleanup_counts *counts, struct value *out)
{
    const struct {
        const char *key;
        uint64_t count;
    } parts[] = {
        {"runs", counts->runs},
        {"outcomes", counts->outcomes},
        {"contents", counts->contents},
        {"bytes", counts->bytes},
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
    err = store_cleanup(engine->store, &what, &counts, error);
    if (err == NDF_OK && report != NULL) {
        struct arena arena;
        struct value value;
        arena_init(&arena, &engine->mem);
        err = make_report(&arena, &counts, &value);
        if (err == NDF_OK) err = text_of_value(report, &engine->mem, &value);
        arena_deinit(&arena);
    }
    return engine_explain(err, "the cleanup stopped", error);
}
