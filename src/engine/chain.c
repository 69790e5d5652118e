/*
 * chain.c - runs that are tried one after the other: a pattern, and when its
 * run fails, its fallback.
 */
#include "engine/link.h"
#include "engine/rebuild.h"
#include "engine/start.h"

/* ---- starting the first that can be started ------------------------------ */

/* Errors of this one pattern: the next may do. */
static bool may_pass(int err)
{
    return err == NDF_ENOTFOUND || err == NDF_EREFERENCE || err == NDF_ECYCLE ||
           err == NDF_EUNTRUSTED || err == NDF_ESCHEMA || err == NDF_ESYNTAX ||
           err == NDF_EUNSUPPORTED || err == NDF_ELIMIT;
}

static int pass_over(struct arena *arena, struct value *passed,
    struct str pattern, const ndf_error *why)
{
    struct value item = value_of_object();
    struct str text = arena_str(arena, str_of(why->message));
    if (text.at == NULL) return NDF_ENOMEM;
    int err = value_set(arena, &item, STR("pattern"), value_of_str(pattern));
    if (err == NDF_OK)
        err = value_set(arena, &item, STR("error"), value_of_str(text));
    if (err == NDF_OK)
        err = value_set(arena, &item, STR("code"), value_of_int(why->code));
    return err == NDF_OK ? value_push(arena, passed, item) : err;
}

/* Starts the first of `patterns` that can be started, with the others after it.
 * place says what is known before: its `after` and `passed` are made here.
 * The error is that of the first. */
static int start_first(ndf_engine *engine, struct start_request request,
    struct start_place place, const struct str_list *patterns, ndf_run **out,
    ndf_error *error)
{
    struct arena arena;
    arena_init(&arena, &engine->mem);
    struct value passed = value_of_array();
    int first = NDF_OK, err = NDF_OK;
    request.place = &place;
    for (size_t i = 0; i < patterns->count; i++) {
        ndf_error why = {0};
        place.after =
            (struct str_list){patterns->items + i + 1, patterns->count - i - 1};
        place.passed = passed.array.count > 0 ? &passed : NULL;
        struct str name = arena_str(&arena, patterns->items[i]);
        request.pattern = name.at;
        err = name.at != NULL ? start_run(engine, &request, out, &why)
                              : NDF_ENOMEM;
        if (err == NDF_OK) break;
        if (first == NDF_OK) {
            first = err;
            if (error != NULL) *error = why;
        }
        if (!may_pass(err)) {
            if (error != NULL) *error = why;
            break;
        }
        int kept = pass_over(&arena, &passed, name, &why);
        if (kept != NDF_OK) {
            err = kept;
            break;
        }
    }
    arena_deinit(&arena);
    if (err == NDF_OK && error != NULL) error->code = NDF_OK;
    return may_pass(err) ? first : err;
}

/* The pattern, and those that the host named for when it fails. */
static int start_named(ndf_engine *engine, const struct start_request *request,
    const char *const *fallbacks, ndf_run **out, ndf_error *error)
{
    struct str names[PLAN_DEPTH_MAX + 1];
    size_t count = 0;
    names[count++] = str_of(request->pattern);
    for (; *fallbacks != NULL; fallbacks++) {
        if (count > PLAN_DEPTH_MAX)
            return err_set(error, NDF_ELIMIT,
                "there are more than %d fallbacks", PLAN_DEPTH_MAX);
        names[count++] = str_of(*fallbacks);
    }
    const struct str_list patterns = {names, count};
    const struct start_place first = {0};
    return start_first(engine, *request, first, &patterns, out, error);
}

int ndf_run_start(ndf_engine *engine, const char *pattern,
    const ndf_context *context, const ndf_run_options *options, ndf_run **out,
    ndf_error *error)
{
    *out = NULL;
    int err = engine_check(engine, error);
    if (err != NDF_OK) return err;
    if (context == NULL)
        return err_set(error, NDF_EINVAL, "the context is NULL");
    if (store_is_read_only(engine->store))
        return err_set(error, NDF_EREADONLY,
            "nothing can be run from a store that is open for reading only");
    if (error != NULL) error->code = NDF_OK;
    ndf_run_options all;
    err = start_options(options, &all, error);
    if (err == NDF_OK) err = start_check(pattern, &all, error);
    if (err != NDF_OK) return err;
    const struct start_request request = {
        .pattern = pattern, .context = context, .options = options};
    if (all.fallbacks == NULL) return start_run(engine, &request, out, error);
    return start_named(engine, &request, all.fallbacks, out, error);
}

/* ---- the next run -------------------------------------------------------- */

/* A run that has ended, and what comes after it. */
struct link {
    ndf_engine *engine;
    const ndf_run_options *options;
    struct ndf_run *last;
    bool due;   /* its fallback is to be started */
    bool there; /* it was started */
};

static int look_at(struct link *link, ndf_error *error)
{
    struct store_reader *reader;
    struct store_run row;
    struct ndf_run *last = link->last;
    int err = store_read_begin(link->engine->store, &reader, error);
    if (err != NDF_OK) return err;
    err = link_due(reader, str_of(last->id), &link->due, error);
    if (err == NDF_OK) {
        err = read_run(reader, &last->arena, str_of(last->next_id), &row, NULL);
        link->there = err == NDF_OK;
        if (err == NDF_ENOTFOUND) err = NDF_OK;
    }
    store_read_end(reader);
    return err;
}

static int start_next(struct link *link, ndf_run **out, ndf_error *error)
{
    struct ndf_run *last = link->last;
    struct str cwd = arena_str(&last->arena, last->plan.cwd);
    if (cwd.at == NULL) return NDF_ENOMEM;
    ndf_run_options options = *link->options;
    if (options.cwd == NULL) options.cwd = cwd.at;
    struct ndf_context context = {.context = last->context};
    struct start_request request = {.context = &context, .options = &options};
    struct start_place place = {
        .of = str_of(last->id), .id = str_of(last->next_id)};
    return start_first(link->engine, request, place, &last->after, out, error);
}

static int go_on(struct link *link, ndf_run **out, ndf_error *error)
{
    /* Between the look and the start somebody else may have started it. */
    for (int i = 0; i < 2; i++) {
        int err = look_at(link, error);
        if (err != NDF_OK) return err;
        if (link->there)
            return ndf_run_resume(
                link->engine, link->last->next_id, link->options, out, error);
        if (!link->due) return NDF_OK;
        err = start_next(link, out, error);
        if (err != NDF_EEXISTS) return err;
    }
    return NDF_EEXISTS;
}

static int find_last(struct link *link, const char *id, ndf_error *error)
{
    struct ndf_run *last = link->last;
    int err = rebuild_find(last, str_of(id), NULL, error);
    if (err != NDF_OK) return err;
    if (last->state == NDF_RUN_RUNNING)
        return err_set(error, NDF_EBUSY,
            "run %s has not ended: wait for it, or resume it if its owner "
            "died",
            last->id);
    if (last->state != NDF_RUN_FAILED) return NDF_OK;
    struct vec records;
    vec_init(&records, &link->engine->mem, sizeof(struct exec_record));
    err = rebuild_run(last, EXEC_OUTPUTS_NEEDED, &records, error);
    vec_deinit(&records);
    return err;
}

int ndf_run_next(ndf_engine *engine, const char *run,
    const ndf_run_options *options, ndf_run **out, ndf_error *error)
{
    *out = NULL;
    int err = engine_check(engine, error);
    if (err != NDF_OK) return err;
    if (run == NULL) return err_set(error, NDF_EINVAL, "the run is NULL");
    if (error != NULL) error->code = NDF_OK;
    ndf_run_options all;
    err = start_options(options, &all, error);
    if (err != NDF_OK) return err;
    struct link link = {.engine = engine, .options = &all};
    err = run_new(&link.last, engine);
    if (err != NDF_OK) return engine_explain(err, "the run", error);
    err = find_last(&link, run, error);
    if (err == NDF_OK && link.last->next_id[0] != '\0')
        err = go_on(&link, out, error);
    run_unref(link.last);
    return engine_explain(err, "the fallback cannot be started", error);
}

int ndf_run_chain(ndf_engine *engine, const char *pattern,
    const ndf_context *context, const ndf_run_options *options, ndf_run **out,
    ndf_error *error)
{
    int err = ndf_run_start(engine, pattern, context, options, out, error);
    while (err == NDF_OK) {
        struct ndf_run *next;
        int state = NDF_RUN_RUNNING;
        err = ndf_run_wait(*out, -1, &state, error);
        if (err != NDF_OK || state != NDF_RUN_FAILED) break;
        err = ndf_run_next(engine, (*out)->id, options, &next, error);
        if (err != NDF_OK || next == NULL) break;
        run_unref(*out);
        *out = next;
    }
    if (err != NDF_OK && *out != NULL) {
        run_unref(*out);
        *out = NULL;
    }
    return err;
}
