/*
 * start.c - starting runs, taking them up again.
 *
 * Record 0 of a run's journal is {plan, context, domain, cwd, seed}: with the
 * records after it, all that is needed to go on in another process. It is on
 * disk before ndf_run_start returns.
 */
#include "engine/start.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "base/os.h"
#include "engine/commands.h"
#include "engine/compose.h"
#include "engine/follow_up.h"
#include "engine/link.h"
#include "engine/planner.h"
#include "engine/rebuild.h"
#include "store/tx.h"

/* ---- the run's folder and its lock -----------------------------------------
 */

/* In memory, runs keep their files in a folder of their own that goes with the
 * engine. */
static int runs_folder(ndf_engine *engine, ndf_error *error)
{
    int err = NDF_OK;
    pthread_mutex_lock(&engine->loading);
    if (engine->runs_dir == NULL) {
        const char *tmp = getenv("TMPDIR");
        struct str name = arena_format(&engine->arena, "%s/ndf-XXXXXX",
            tmp != NULL && tmp[0] == '/' ? tmp : "/tmp");
        char *path = arena_dup(&engine->arena, name.at, name.size + 1);
        if (name.at == NULL || path == NULL) {
            err = NDF_ENOMEM;
        } else if (mkdtemp(path) == NULL) {
            char text[128];
            err = err_set(error, err_from_errno(errno),
                "cannot make a folder for runs in %s: %s", path,
                err_errno_text(errno, text, sizeof text));
        } else {
            engine->runs_dir = path;
        }
    }
    pthread_mutex_unlock(&engine->loading);
    return err;
}

/* NDF_EEXISTS: it is one, which ends the search. */
static int find_program(void *ud, const struct plan_node *node)
{
    (void)ud;
    bool program =
        node->runtime == RUNTIME_PROCESS ||
        (node->step.verify.at != NULL &&
            node->verify_runtime == RUNTIME_PROCESS) ||
        (node->step.undo.set && node->undo_runtime == RUNTIME_PROCESS);
    return program ? NDF_EEXISTS : NDF_OK;
}

/* Functions keep no files, and a folder costs as much as two commits. What is
 * there before the first intent tells later that a program never ran. */
static int make_folder(struct ndf_run *run, ndf_error *error)
{
    bool any = plan_chooses(&run->plan) ||
               plan_each_step(&run->plan, find_program, NULL) == NDF_EEXISTS;
    return any ? os_make_dirs(run->dir, error) : NDF_OK;
}

/* Takes the owner's lock. NDF_EBUSY: owned by another. */
static int own_run(struct ndf_run *run, ndf_error *error)
{
    int err = runs_folder(run->engine, error);
    if (err != NDF_OK) return err;
    struct str dir =
        arena_format(&run->arena, "%s/%s", run->engine->runs_dir, run->id);
    if (dir.at == NULL) return NDF_ENOMEM;
    run->dir = dir.at;
    run->dir_was_there = access(dir.at, F_OK) == 0;
    err = owners_take(
        &run->engine->owners, run->engine->runs_dir, str_of(run->id), error);
    run->owned = err == NDF_OK;
    return err;
}

void run_disown(struct ndf_run *run)
{
    if (run->owned) owners_drop(&run->engine->owners, str_of(run->id));
    run->owned = false;
}

/* ---- record 0
 * ----------------------------------------------------------------- */

static int encode_start(
    struct ndf_run *run, uint64_t seed, struct arena *arena, struct value *out)
{
    struct value plan, context;
    int err = plan_encode(arena, &run->plan, &plan);
    if (err == NDF_OK) err = context_encode(arena, &run->context, &context);
    *out = value_of_object();
    if (err == NDF_OK) err = value_set(arena, out, STR("plan"), plan);
    if (err == NDF_OK) err = value_set(arena, out, STR("context"), context);
    if (err == NDF_OK && run->domain.at != NULL)
        err = value_set(arena, out, STR("domain"), value_of_str(run->domain));
    if (err == NDF_OK)
        err = value_set(arena, out, STR("seed"), value_of_int((int64_t)seed));
    if (err == NDF_OK) err = follow_up_encode(run, arena, out);
    return err == NDF_OK ? link_encode(run, out) : err;
}

struct start_job {
    struct ndf_run *run;
    struct str body;
    uint8_t version[STORE_HASH_SIZE];
};

static int start_work(struct store_tx *tx, void *ud, ndf_error *error)
{
    const struct start_job *job = ud;
    struct ndf_run *run = job->run;
    struct store_run row = {.id = str_of(run->id),
        .pattern = run->plan.pattern,
        .domain = run->domain,
        .text = run->context.text,
        .state = NDF_RUN_RUNNING,
        .started_ms = run->started_ms,
        .cwd = run->plan.cwd};
    memcpy(row.version, job->version, sizeof row.version);
    /* It may have been replaced since the plan was made of it. */
    bool there;
    int err = read_content_exists(
        tx_reader(tx), STORE_SPEC, row.version, &there, error);
    if (err == NDF_OK && !there) memset(row.version, 0, sizeof row.version);
    if (err == NDF_OK && run->fallback_of.at != NULL)
        err = link_take(tx, run->fallback_of, error);
    if (err == NDF_OK) err = tx_run_put(tx, &row, error);
    if (err == NDF_OK) err = follow_up_turn(tx, run, error);
    struct store_record record = {.run = row.id,
        .kind = STR("plan"),
        .at_ms = run->started_ms,
        .body = job->body};
    return err == NDF_OK ? tx_journal_append(tx, &record, error) : err;
}

int start_encode(struct ndf_run *run, uint64_t seed, struct arena *arena,
    struct value *out, struct buf *body, ndf_error *error)
{
    int err = encode_start(run, seed, arena, out);
    if (err != NDF_OK) return err;
    json_write(body, out);
    err = buf_error(body);
    if (err == NDF_OK && body->size > PLAN_BYTES_MAX)
        err = err_set(error, NDF_ELIMIT,
            "the plan of '%.*s' with its context is larger than %d bytes: "
            "hand large things over in files",
            STR_ARG(run->plan.pattern), PLAN_BYTES_MAX);
    return err;
}

static int record_start(struct ndf_run *run, uint64_t seed, ndf_error *error)
{
    struct value start;
    struct buf body;
    struct arena scratch; /* not the run's, which may be at work for long */
    arena_init(&scratch, &run->engine->mem);
    buf_init(&body, &run->engine->mem);
    int err = start_encode(run, seed, &scratch, &start, &body, error);
    arena_deinit(&scratch);
    struct start_job job = {.run = run, .body = buf_str(&body)};
    (void)hash_unhex(run->plan.version, job.version, sizeof job.version);
    if (err == NDF_OK)
        err = store_write(run->engine->store, start_work, &job, error);
    sessions_written(&run->engine->sessions, run->session);
    run->next_seq = 1;
    buf_deinit(&body);
    return err;
}

/* ---- starting
 * ------------------------------------------------------------------- */

/* A hundred years. */
static const int64_t timeout_max_ms = INT64_C(36525) * 24 * 3600 * 1000;

int start_options(
    const ndf_run_options *given, ndf_run_options *out, ndf_error *error)
{
    *out = (ndf_run_options)NDF_RUN_OPTIONS_INIT;
    if (given == NULL) return NDF_OK;
    if (given->size < sizeof given->size || given->size > sizeof *out)
        return err_set(error, NDF_EINVAL,
            "ndf_run_options.size is %zu: use NDF_RUN_OPTIONS_INIT",
            given->size);
    memcpy(out, given, given->size);
    if (out->fallback < NDF_FALLBACK_NONE ||
        out->fallback > NDF_FALLBACK_DECLARED)
        return err_set(error, NDF_EINVAL,
            "ndf_run_options.fallback is %d: see enum ndf_fallback",
            out->fallback);
    if (out->timeout_ms < 0 || out->timeout_ms > timeout_max_ms)
        return err_set(error, NDF_EINVAL,
            "ndf_run_options.timeout_ms is %lld: it is 0 (none) to %lld",
            (long long)out->timeout_ms, (long long)timeout_max_ms);
    if (out->compose != NULL && out->fallbacks != NULL)
        return err_set(error, NDF_EINVAL,
            "a composed run has no fallbacks: leave them out");
    return NDF_OK;
}

int start_check(
    const char *pattern, const ndf_run_options *options, ndf_error *error)
{
    if ((pattern == NULL) != (options->compose == NULL)) return NDF_OK;
    return err_set(error, NDF_EINVAL,
        pattern == NULL ? "pattern is NULL"
                        : "a composed run has no pattern: pass NULL, or leave "
                          "ndf_run_options.compose out");
}

/* An absolute path without links, of the folder where agents run. */
static int find_cwd(
    struct ndf_run *run, const char *given, struct str *out, ndf_error *error)
{
    struct buf path;
    buf_init(&path, &run->engine->mem);
    int err = os_real_path(given != NULL ? given : ".", &path, error);
    if (err == NDF_OK) {
        *out = arena_str(&run->arena, buf_str(&path));
        if (out->at == NULL) err = NDF_ENOMEM;
    }
    buf_deinit(&path);
    return err;
}

static bool is_bound(void *ud, struct str agent)
{
    struct binding binding;
    return engine_binding(ud, agent, &binding);
}

/* A store that came with a folder must not run anything unasked. */
static int check_store_trust(ndf_engine *engine, ndf_error *error)
{
    if (engine->made_store || engine->path == NULL) return NDF_OK;
    bool trusted;
    struct str path = str_of(engine->path);
    int err = trust_check(&engine->trust, path, &trusted, error);
    if (err != NDF_OK || trusted) return err;
    struct str folder = os_dirname(path);
    if (str_ends(folder, STR("/.ndf"))) folder = os_dirname(folder);
    return err_set(error, NDF_EUNTRUSTED,
        "the store %.*s was not made by you here and is not trusted to run "
        "programs: look at what it holds, then say: ndf trust %.*s",
        STR_ARG(path), STR_ARG(folder));
}

struct planning {
    ndf_engine *engine;
    struct arena *arena;
    const struct plan_request *request;
};

static int plan_from(const struct planning *p, const struct registry *registry,
    struct store_reader *reader, struct plan *out, ndf_error *error)
{
    const struct plan_request *request = p->request;
    struct planner planner = {.registry = registry,
        .reader = reader,
        .trust = &p->engine->trust,
        .bound = is_bound,
        .ud = p->engine,
        .cwd = request->cwd};
    if (request->parts != NULL)
        return planner_plan_parts(
            &planner, p->arena, request->parts, out, error);
    struct str name = arena_str(p->arena, request->pattern);
    if (name.at == NULL) return NDF_ENOMEM;
    if (request->phase.size == 0)
        return planner_plan(&planner, p->arena, name, out, error);
    return planner_plan_chosen(
        &planner, p->arena, request->phase, name, out, error);
}

int start_plan(ndf_engine *engine, struct arena *arena,
    const struct plan_request *request, struct plan *out, ndf_error *error)
{
    const struct planning p = {engine, arena, request};
    struct registry *registry;
    int err = engine_registry(engine, &registry, error);
    if (err != NDF_OK) return err;
    struct store_reader *reader;
    err = store_read_begin(engine->store, &reader, error);
    if (err == NDF_OK) {
        err = plan_from(&p, registry, reader, out, error);
        if (engine_outdated(engine, registry, err)) {
            registry_unref(registry);
            store_read_end(reader);
            err = engine_picture(engine, &registry, &reader, error);
            if (err == NDF_OK)
                err = plan_from(&p, registry, reader, out, error);
        }
        store_read_end(reader);
    }
    registry_unref(registry);
    return err;
}

/* The context is copied: the caller may free its own. */
static int copy_context(struct ndf_run *run, const struct context *from)
{
    struct value value, copy;
    int err = context_encode(&run->arena, from, &value);
    if (err == NDF_OK) err = value_copy(&run->arena, &value, &copy);
    if (err == NDF_OK)
        err = context_decode(&run->arena, &copy, &run->context, NULL);
    run->domain = run->context.domain;
    return err;
}

static int draw_seed(const ndf_engine *engine, uint64_t *seed)
{
    *seed = engine->seed;
    int err = *seed != 0 ? NDF_OK : os_random(seed, sizeof *seed);
    *seed &= INT64_MAX; /* as the journal keeps it */
    return err;
}

static int hand_over(struct ndf_run *run, ndf_error *error)
{
    struct runner *runner;
    int err = runner_get(run->engine, &runner, error);
    if (err != NDF_OK) return err;
    run->started_mono_ns = clock_mono_ns(&run->engine->clock);
    run_ref(run);
    runner_take(runner, run);
    counter_add(&run->engine->metrics.runs_started, 1);
    return NDF_OK;
}

/* Takes back what starting left on the disk, of a run that was not recorded. */
static void take_back(struct ndf_run *run)
{
    (void)os_remove_tree(run->dir);
    run_disown(run);
}

static void shorten(uint64_t *limit_ms, int64_t given_ms)
{
    if (given_ms <= 0) return;
    if (*limit_ms == 0 || (uint64_t)given_ms < *limit_ms)
        *limit_ms = (uint64_t)given_ms;
}

/* Those that its pattern declares. */
static int find_fallbacks(struct ndf_run *run, ndf_error *error)
{
    struct registry *registry;
    int err = engine_registry(run->engine, &registry, error);
    if (err != NDF_OK) return err;
    err = link_declared(
        registry, run->plan.pattern, &run->arena, &run->after, error);
    registry_unref(registry);
    return err;
}

/* Its id, and its place among others. */
static int find_place(struct ndf_run *run, const struct start_place *place)
{
    if (place != NULL && place->id.at != NULL) {
        memcpy(run->id, place->id.at, place->id.size);
    } else {
        int err = engine_new_id(run->id);
        if (err != NDF_OK) return err;
    }
    if (place == NULL) return NDF_OK;
    run->fallback_of = place->of;
    run->after = place->after;
    run->passed = place->passed;
    return NDF_OK;
}

int start_prepare(struct ndf_run *run, const struct start_request *request,
    uint64_t *seed, ndf_error *error)
{
    ndf_run_options all;
    struct str cwd = {NULL, 0};
    int err = start_options(request->options, &all, error);
    if (err != NDF_OK) return err;
    run->event = all.event;
    run->event_ud = all.event_ud;
    err = check_store_trust(run->engine, error);
    if (err == NDF_OK) err = find_place(run, request->place);
    if (err == NDF_OK) err = draw_seed(run->engine, seed);
    if (err == NDF_OK) err = find_cwd(run, all.cwd, &cwd, error);
    if (err == NDF_OK) err = copy_context(run, &request->context->context);
    if (err == NDF_OK) err = follow_up_begin(run, all.session, error);
    struct plan_parts parts;
    if (err == NDF_OK && all.compose != NULL)
        err = compose_read(&run->arena, all.compose, &parts, error);
    if (err == NDF_OK) {
        const struct plan_request wanted = {str_of(request->pattern), STR(""),
            cwd, all.compose != NULL ? &parts : NULL};
        err = start_plan(run->engine, &run->arena, &wanted, &run->plan, error);
    }
    if (err == NDF_OK && request->place == NULL &&
        all.fallback == NDF_FALLBACK_DECLARED)
        err = find_fallbacks(run, error);
    if (err == NDF_OK && run->after.count > 0)
        err = engine_new_id(run->next_id);
    shorten(&run->plan.timeout_ms, all.timeout_ms);
    if (err == NDF_OK)
        err = rebuild_executor(run, *seed, EXEC_OUTPUTS_NEEDED, error);
    return err;
}

/* Whoever makes a run of a given id holds its lock: there is none yet, or there
 * has been one for good. */
static int check_free(struct ndf_run *run, ndf_error *error)
{
    struct store_reader *reader;
    struct store_run row;
    int err = store_read_begin(run->engine->store, &reader, error);
    if (err != NDF_OK) return err;
    err = read_run(reader, &run->arena, str_of(run->id), &row, NULL);
    store_read_end(reader);
    if (err == NDF_OK)
        return err_set(
            error, NDF_EEXISTS, "run %s was started already", run->id);
    return err == NDF_ENOTFOUND ? NDF_OK : err;
}

static int start(
    struct ndf_run *run, const struct start_request *request, ndf_error *error)
{
    uint64_t seed = 0;
    int err = start_prepare(run, request, &seed, error);
    if (err == NDF_OK) err = own_run(run, error);
    if (err == NDF_OK && run->fallback_of.at != NULL)
        err = check_free(run, error);
    if (err == NDF_OK) err = make_folder(run, error);
    run->started_ms = clock_wall_ms(&run->engine->clock);
    if (err == NDF_OK) {
        err = record_start(run, seed, error);
        if (err != NDF_OK) take_back(run);
    }
    /* They are the caller's, and on record. */
    run->fallback_of = (struct str){NULL, 0};
    run->after = (struct str_list){0};
    run->passed = NULL;
    return err == NDF_OK ? hand_over(run, error) : err;
}

int start_run(ndf_engine *engine, const struct start_request *request,
    ndf_run **out, ndf_error *error)
{
    struct ndf_run *run;
    *out = NULL;
    int err = run_new(&run, engine);
    if (err != NDF_OK) return engine_explain(err, "the run", error);
    err = start(run, request, error);
    if (err != NDF_OK) {
        run_disown(run);
        run_unref(run);
        return engine_explain(err, "the run cannot be started", error);
    }
    *out = run;
    return NDF_OK;
}

/* ---- resuming
 * ---------------------------------------------------------------------- */

/* Cancels that were left while nobody owned the run count before its next
 * step does; what else was said is read at once. */
static int find_commands(struct ndf_run *run, ndf_error *error)
{
    const struct commands all = {.choice = COMMANDS_ALL};
    const struct commands cancels = {.choice = COMMANDS_CANCEL};
    struct str id = str_of(run->id);
    struct store_reader *reader;
    int err = store_read_begin(run->engine->store, &reader, error);
    if (err != NDF_OK) return err;
    err = commands_wait(reader, id, &all, &run->words_first, error);
    if (err == NDF_OK && run->words_first)
        err = commands_wait(reader, id, &cancels, &run->cancel_first, error);
    store_read_end(reader);
    return err;
}

static int need_function(const struct ndf_run *run, const char *what,
    struct str step, struct str agent, ndf_error *error)
{
    if (is_bound(run->engine, agent)) return NDF_OK;
    return err_set(error, NDF_EREFERENCE,
        "run %s cannot go on: %s '%.*s' calls agent '%.*s', a function that "
        "is not bound in this process: bind it, and resume the run again",
        run->id, what, STR_ARG(step), STR_ARG(agent));
}

/* A run whose functions are not bound stays as it is: to go on would only make
 * it fail. */
static int check_functions(const struct ndf_run *run, ndf_error *error)
{
    struct exec_look look;
    int err = executor_look(run->executor, &look);
    for (uint32_t i = 0; err == NDF_OK && i < look.step_count; i++) {
        struct exec_step_look step;
        executor_look_step(run->executor, i, &step);
        const struct plan_node *node = step.plan;
        if (step.due && !run->cancel_first && node->runtime == RUNTIME_CALLBACK)
            err = need_function(run, "step", node->id, node->agent.name, error);
        if (err == NDF_OK && step.due && !run->cancel_first &&
            node->step.verify.at != NULL &&
            node->verify_runtime == RUNTIME_CALLBACK)
            err = need_function(run, "the verifier of step", node->id,
                node->verify_agent.name, error);
        if (err == NDF_OK && run->plan.rollback &&
            node->step.undo.agent.at != NULL &&
            node->undo_runtime == RUNTIME_CALLBACK)
            err = need_function(run, "the undo of step", node->id,
                node->undo_agent.name, error);
    }
    return err;
}

/* A limit of this owner's own counts from now on. */
static void limit_rest(struct ndf_run *run, int64_t timeout_ms)
{
    if (timeout_ms > 0)
        shorten(&run->plan.timeout_ms,
            (int64_t)executor_time_spent(run->executor) + timeout_ms);
}

static int take_up(struct ndf_run *run, int64_t timeout_ms, ndf_error *error)
{
    struct vec records;
    vec_init(&records, &run->engine->mem, sizeof(struct exec_record));
    int err = rebuild_run(run, EXEC_OUTPUTS_NEEDED, &records, error);
    vec_deinit(&records);
    if (err == NDF_OK) limit_rest(run, timeout_ms);
    if (err == NDF_OK) err = make_folder(run, error);
    if (err == NDF_OK) err = find_commands(run, error);
    if (err == NDF_OK) err = check_functions(run, error);
    if (err == NDF_OK) err = hand_over(run, error);
    /* A folder that this owner made must not look like an earlier one's. */
    if (err != NDF_OK && !run->dir_was_there) (void)os_remove_tree(run->dir);
    return err;
}

int ndf_run_resume(ndf_engine *engine, const char *id,
    const ndf_run_options *options, ndf_run **out, ndf_error *error)
{
    *out = NULL;
    int err = engine_check(engine, error);
    if (err != NDF_OK) return err;
    if (error != NULL) error->code = NDF_OK;
    ndf_run_options all;
    err = start_options(options, &all, error);
    if (err != NDF_OK) return err;
    struct ndf_run *run;
    err = run_new(&run, engine);
    if (err != NDF_OK) return engine_explain(err, "the run", error);
    run->event = all.event;
    run->event_ud = all.event_ud;
    err = rebuild_find(run, str_of(id), NULL, error);
    if (err == NDF_OK && run->state == NDF_RUN_RUNNING) {
        err = check_store_trust(engine, error);
        if (err == NDF_OK) err = own_run(run, error);
        /* It may have ended while we came to own it. */
        if (err == NDF_OK)
            err = rebuild_find(run, str_of(run->id), NULL, error);
        if (err == NDF_OK && run->state != NDF_RUN_RUNNING) take_back(run);
    }
    if (err == NDF_OK && run->state != NDF_RUN_RUNNING) {
        run_ended(run, NDF_OK, run->state, "");
    } else if (err == NDF_OK) {
        err = take_up(run, all.timeout_ms, error);
    }
    if (err != NDF_OK) {
        run_disown(run);
        run_unref(run);
        return engine_explain(err, "the run cannot be resumed", error);
    }
    *out = run;
    return NDF_OK;
}
