/*
 * follow.c - waiting for what a run does, also in another process.
 *
 * Between looks at the journal only a number is asked for that changes with the
 * store: no lock is taken and nothing is read from the disk. An owner that died
 * changes nothing, so its lock is looked at now and then.
 */
#include <time.h>

#include "engine/lookup.h"
#include "engine/recorded.h"
#include "run/executor.h"

enum { ASK_MS = 25, OWNER_MS = 500 };

struct following {
    ndf_engine *engine;
    struct arena *arena;
    struct str id;
    int64_t from;
    struct store_reader *reader; /* of the look under way */
    struct value records;
    ndf_error *error;
};

/* Says that the store changed, by whomever, when it is another one. */
struct stamp {
    int64_t others;
    uint64_t own;
};

static struct stamp stamp_of(ndf_engine *engine)
{
    const struct store_metrics *metrics = store_metrics(engine->store);
    return (struct stamp){
        store_data_version(engine->store), counter_get(&metrics->groups)};
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Until the store changes, the owner is to be looked for, or it is `until`. */
static void await_change(
    ndf_engine *engine, const struct stamp *seen, int64_t until)
{
    const struct timespec pause = {.tv_nsec = ASK_MS * 1000000L};
    int64_t look = now_ms() + OWNER_MS;
    if (until < look) look = until;
    while (now_ms() < look) {
        (void)nanosleep(&pause, NULL);
        struct stamp stamp = stamp_of(engine);
        if (stamp.others != seen->others || stamp.own != seen->own) return;
    }
}

static int add_record(void *ud, const struct store_record *record)
{
    struct following *f = ud;
    struct value value;
    int err = recorded_document(f->reader, f->arena, record, &value, f->error);
    if (err != NDF_OK) return err;
    f->from = record->seq + 1;
    return value_push(f->arena, &f->records, value);
}

/* One consistent view: the state, and the records from f->from on. */
static int look(struct following *f, struct store_run *run)
{
    int err = store_read_begin(f->engine->store, &f->reader, f->error);
    if (err != NDF_OK) return err;
    err = read_run(f->reader, f->arena, f->id, run, f->error);
    if (err == NDF_OK)
        err = read_journal(f->reader, f->id, f->from, add_record, f, f->error);
    store_read_end(f->reader);
    return err;
}

static int describe(struct following *f, const struct store_run *run,
    bool owned, ndf_text **out)
{
    struct value doc = value_of_object();
    bool left = run->state == NDF_RUN_RUNNING && !owned;
    struct str state =
        left ? STR("interrupted") : str_of(exec_state_name(run->state));
    struct str dir = {NULL, 0};
    if (f->engine->runs_dir != NULL) {
        dir = arena_format(
            f->arena, "%s/%.*s", f->engine->runs_dir, STR_ARG(f->id));
        if (dir.at == NULL) return NDF_ENOMEM;
    }
    int err = value_set(f->arena, &doc, STR("id"), value_of_str(f->id));
    if (err == NDF_OK)
        err = value_set(f->arena, &doc, STR("state"), value_of_str(state));
    if (err == NDF_OK && dir.at != NULL)
        err = value_set(f->arena, &doc, STR("dir"), value_of_str(dir));
    if (err == NDF_OK)
        err = value_set(f->arena, &doc, STR("next"), value_of_int(f->from));
    if (err == NDF_OK)
        err = value_set(f->arena, &doc, STR("records"), f->records);
    return err == NDF_OK ? text_of_value(out, &f->engine->mem, &doc) : err;
}

static int follow(struct following *f, int64_t timeout_ms, ndf_text **out)
{
    int64_t until = timeout_ms < 0 ? INT64_MAX : now_ms();
    if (timeout_ms > 0)
        until = until > INT64_MAX - timeout_ms ? INT64_MAX : until + timeout_ms;
    struct store_run run;
    for (;;) {
        struct stamp seen = stamp_of(f->engine);
        /* Before the view: an owner records the end before it lets go, so a
         * run that had no owner and is then seen running was left. */
        bool owned = lookup_owned(f->engine, f->id);
        int err = look(f, &run);
        if (err != NDF_OK) return err;
        if (f->records.array.count > 0 || run.state != NDF_RUN_RUNNING ||
            !owned || now_ms() >= until)
            return describe(f, &run, owned, out);
        await_change(f->engine, &seen, until);
    }
}

int ndf_follow(ndf_engine *engine, const char *run, int64_t from,
    int64_t timeout_ms, ndf_text **out, ndf_error *error)
{
    *out = NULL;
    int err = engine_check(engine, error);
    if (err != NDF_OK) return err;
    if (run == NULL || from < 0)
        return err_set(error, NDF_EINVAL,
            "run is NULL, or from is less than 0: records count from 0");
    if (error != NULL) error->code = NDF_OK;
    struct arena arena;
    arena_init(&arena, &engine->mem);
    struct following f = {.engine = engine,
        .arena = &arena,
        .from = from,
        .records = value_of_array(),
        .error = error};
    struct store_run row;
    err = lookup_run(engine, &arena, str_of(run), &row, error);
    f.id = row.id;
    if (err == NDF_OK) err = follow(&f, timeout_ms, out);
    arena_deinit(&arena);
    return engine_explain(err, "the run cannot be followed", error);
}
