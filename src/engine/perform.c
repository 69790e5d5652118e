/*
 * perform.c - doing what the executor says.
 *
 * The actions of one step that are records become one piece of work for the
 * store; its answer comes back as an event. The last record of a run takes the
 * outcome and the counts with it, so that what was learned and what happened
 * cannot differ.
 */
#include <math.h>
#include <string.h>

#include "base/json.h"
#include "base/os.h"
#include "engine/choose.h"
#include "engine/commands.h"
#include "engine/compose.h"
#include "engine/link.h"
#include "engine/room.h"
#include "engine/runner.h"
#include "engine/tell.h"

/* ---- records
 * ------------------------------------------------------------------ */

struct append_job {
    struct loop_post answer;
    struct ndf_run *run;
    struct arena arena; /* of the actions too */
    struct store_record *records;
    const struct exec_append **appends; /* of the same records */
    size_t count;
    uint64_t token;
    bool ends;
    bool cancels;
    int state;
    int64_t at_ms;
    struct learning learning;
    int err;
    char message[NDF_MESSAGE_SIZE];
};

static int put_payload(struct store_tx *tx, enum store_content kind,
    const struct exec_payload *payload, ndf_error *error)
{
    if (!payload->set) return NDF_OK;
    uint8_t hash[STORE_HASH_SIZE];
    return tx_content_put(tx, kind, payload->bytes, hash, error);
}

/* On the writer's thread. */
static int append_work(struct store_tx *tx, void *ud, ndf_error *error)
{
    struct append_job *job = ud;
    int err = NDF_OK;
    for (size_t i = 0; err == NDF_OK && i < job->count; i++) {
        const struct exec_append *append = job->appends[i];
        err = put_payload(tx, STORE_SNAPSHOT, &append->snapshot, error);
        if (err == NDF_OK)
            err = put_payload(tx, STORE_BLOB, &append->blob, error);
        if (err != NDF_OK || !str_ends(append->kind, STR("approve"))) continue;
        const struct commands said = {.choice = COMMANDS_OF_STEP,
            .step = commands_of_record(&append->body)};
        err = commands_take(tx, str_of(job->run->id), &said, error);
    }
    if (err == NDF_OK)
        err = tx_journal_extend(tx, job->records, job->count, error);
    const struct commands done = {
        .choice = job->ends ? COMMANDS_ALL : COMMANDS_CANCEL};
    if (err == NDF_OK && (job->ends || job->cancels))
        err = commands_take(tx, str_of(job->run->id), &done, error);
    if (err != NDF_OK || !job->ends) return err;
    err = tx_run_state(tx, str_of(job->run->id), job->state, job->at_ms, error);
    if (err == NDF_OK && job->state == NDF_RUN_FAILED &&
        job->run->next_id[0] != '\0')
        err = link_owe(tx, str_of(job->run->id), job->at_ms, error);
    if (err == NDF_OK && job->learning.id.at != NULL)
        err = learning_write(tx, &job->learning, error);
    /* Damaged counts must not keep a run from ending. */
    return err == NDF_ECORRUPT ? NDF_OK : err;
}

static void job_free(struct append_job *job)
{
    struct ndf_run *run = job->run;
    arena_deinit(&job->arena);
    mem_free(&run->engine->mem, job, sizeof *job);
    run_unref(run);
}

static void let_go(struct ndf_run *run);

/* On the runner's thread. */
static void append_answered(void *ud)
{
    struct append_job *job = ud;
    struct ndf_run *run = job->run;
    run->unanswered--;
    if (job->err == NDF_OK && job->ends && job->learning.id.at != NULL)
        engine_learned(run->engine, &job->learning);
    struct exec_event event = {
        .kind = job->err == NDF_OK ? EXEC_RECORDED : EXEC_RECORD_FAILED,
        .token = job->token,
        .error = str_of(job->message)};
    run_dispatch(run, &event);
    if (run->left && run->listed) let_go(run);
    struct runner *runner = run->engine->runner;
    job_free(job);
    runner_answered(runner);
}

/* On the writer's thread, which has other things to do, or on one of the
 * engine's that helps it. */
static void append_written(void *ud, int err, const ndf_error *error)
{
    struct append_job *job = ud;
    struct ndf_engine *engine = job->run->engine;
    job->err = err;
    memcpy(job->message, error->message, sizeof job->message);
    (store_is_helping(engine->store) ? loop_do : loop_post)(
        engine->runner->loop, &job->answer);
}

static int encode_record(struct append_job *job, const struct exec_append *from)
{
    struct buf body;
    buf_init(&body, job->arena.mem);
    json_write(&body, &from->body);
    int err = buf_error(&body);
    struct str kept = {NULL, 0};
    if (err == NDF_OK) {
        kept = arena_str(&job->arena, buf_str(&body));
        if (kept.at == NULL) err = NDF_ENOMEM;
    }
    buf_deinit(&body);
    if (err != NDF_OK) return err;
    struct ndf_run *run = job->run;
    job->appends[job->count] = from;
    job->records[job->count] = (struct store_record){.run = str_of(run->id),
        .seq = run->next_seq + (int64_t)job->count,
        .kind = from->kind,
        .at_ms = job->at_ms,
        .body = kept};
    job->count++;
    return NDF_OK;
}

static enum outcome_result result_of(struct str name)
{
    if (str_equal(name, STR("success"))) return OUTCOME_SUCCESS;
    if (str_equal(name, STR("failure"))) return OUTCOME_FAILURE;
    return OUTCOME_UNKNOWN;
}

/* The outcome of a run, from its last record. A cancelled or doubtful run says
 * nothing about its pattern, and a composed one has none. */
static int prepare_end(struct append_job *job, const struct value *body)
{
    struct ndf_run *run = job->run;
    ndf_engine *engine = run->engine;
    job->ends = true;
    job->state = (int)exec_state_of(value_get_str(body, STR("state")));
    if (job->state == NDF_RUN_CANCELLED || job->state == NDF_RUN_IN_DOUBT ||
        compose_is_composed(run->plan.pattern, run->plan.version.size > 0))
        return NDF_OK;
    int64_t elapsed =
        (clock_mono_ns(&engine->clock) - run->started_mono_ns) / 1000000;
    const struct outcome outcome = {.run = str_of(run->id),
        .pattern = run->plan.pattern,
        .domain = run->domain,
        .text = run->context.text,
        .result = result_of(value_get_str(body, STR("outcome"))),
        .evidence = value_get_str(body, STR("evidence")),
        .at_ms = job->at_ms,
        .latency_ms = elapsed > 0 ? (uint64_t)elapsed : 0,
        .cost = (double)NAN,
        .follow_up = run->follow_up};
    return engine_learning(
        engine, &outcome, LESSON_FROM_MEMORY, &job->arena, &job->learning);
}

/* Takes the actions' arena over. */
static int submit_records(struct ndf_run *run, struct arena *arena,
    const struct exec_actions *actions, ndf_error *error)
{
    ndf_engine *engine = run->engine;
    struct append_job *job = mem_calloc(&engine->mem, 1, sizeof *job);
    if (job == NULL) {
        arena_deinit(arena);
        return NDF_ENOMEM;
    }
    run_ref(run);
    job->run = run;
    job->arena = *arena;
    job->answer = (struct loop_post){.fn = append_answered, .ud = job};
    job->token = actions->token;
    job->at_ms = clock_wall_ms(&engine->clock);
    job->records =
        arena_calloc(&job->arena, actions->count, sizeof *job->records);
    job->appends = arena_calloc(
        &job->arena, actions->count, sizeof(const struct exec_append *));
    int err =
        job->records != NULL && job->appends != NULL ? NDF_OK : NDF_ENOMEM;
    for (size_t i = 0; err == NDF_OK && i < actions->count; i++) {
        const struct exec_action *action = &actions->items[i];
        if (action->kind != EXEC_APPEND) continue;
        err = encode_record(job, &action->append);
        if (str_equal(action->append.kind, STR("cancel"))) job->cancels = true;
        if (err == NDF_OK && str_equal(action->append.kind, STR("end")))
            err = prepare_end(job, &action->append.body);
    }
    if (err == NDF_OK)
        err = store_submit(
            engine->store, append_work, append_written, job, error);
    if (err != NDF_OK) {
        job_free(job);
        return err;
    }
    run->next_seq += (int64_t)job->count;
    run->unanswered++;
    runner_expect(engine->runner);
    return NDF_OK;
}

/* ---- calls and timers
 * ---------------------------------------------------------- */

struct run_call {
    struct ndf_run *run;
    uint64_t number;
    struct agent_task *task;
    struct run_call *next;
    bool choice; /* of a pattern, by no agent */
};

struct run_timer {
    struct ndf_run *run;
    uint64_t token;
    struct loop_timer *timer;
    struct run_timer *next;
};

static void drop_call(struct run_call *call)
{
    struct ndf_run *run = call->run;
    for (struct run_call **at = &run->calls; *at != NULL; at = &(*at)->next) {
        if (*at != call) continue;
        *at = call->next;
        break;
    }
    agent_task_free(call->task);
    mem_free(&run->engine->mem, call, sizeof *call);
}

static void call_done(void *ud, const struct agent_result *result)
{
    struct run_call *call = ud;
    struct ndf_run *run = call->run;
    struct exec_event event = {
        .kind = EXEC_AGENT_DONE, .call = call->number, .result = result};
    if (call->choice) {
        bool chosen = result->status == AGENT_EXITED && result->exit == 0;
        event.kind = EXEC_SELECTED;
        event.plan = chosen ? &result->output : NULL;
        event.error = result->error.size > 0 ? result->error
                                             : STR("no pattern was chosen");
    } else {
        histogram_add(&run->engine->metrics.step_ms, result->latency_ms);
    }
    run_ref(run);
    run_dispatch(run, &event);
    /* Dispatching may have ended the run and dropped all its calls. */
    for (struct run_call *at = run->calls; at != NULL; at = at->next) {
        if (at != call) continue;
        drop_call(call);
        break;
    }
    run_unref(run);
}

static int start_call(struct ndf_run *run, const struct exec_call *from,
    bool adopt, ndf_error *error)
{
    ndf_engine *engine = run->engine;
    struct agent_call call = from->call;
    call.dir = str_of(run->dir);
    /* Without its folder (a copied store, say) nothing tells what the call did:
     * no file is then no proof that it never ran. */
    if (adopt && !run->dir_was_there) call.boot = STR("");
    /* What became of an earlier owner's call is no question of functions. */
    if (from->runtime == RUNTIME_CALLBACK && !adopt) {
        struct binding binding;
        if (!engine_binding(engine, call.agent, &binding))
            return err_set(error, NDF_EAGENT,
                "no function is bound to agent '%.*s' in this process: bind "
                "one and run it again",
                STR_ARG(call.agent));
        call.fn = binding.fn;
        call.fn_ud = binding.ud;
    }
    /* There already, unless the plan had no program when the run started. */
    if (from->runtime == RUNTIME_PROCESS && !adopt) {
        int err = os_make_dirs(run->dir, error);
        if (err != NDF_OK) return err;
    }
    struct run_call *item = mem_calloc(&engine->mem, 1, sizeof *item);
    if (item == NULL) return err_set(error, NDF_ENOMEM, "out of memory");
    item->run = run;
    item->number = from->number;
    const struct agent_kind *kind = agent_kind_of((int)from->runtime);
    int err = (adopt ? kind->adopt : kind->start)(
        &item->task, &engine->runner->host, &call, call_done, item, error);
    if (err != NDF_OK) {
        mem_free(&engine->mem, item, sizeof *item);
        return err;
    }
    item->next = run->calls;
    run->calls = item;
    return NDF_OK;
}

/* As start_call, of no agent. */
static int start_choice(
    struct ndf_run *run, const struct exec_select *select, ndf_error *error)
{
    struct run_call *item = mem_calloc(&run->engine->mem, 1, sizeof *item);
    if (item == NULL) return NDF_ENOMEM;
    item->run = run;
    item->number = select->number;
    item->choice = true;
    int err = choice_start(run, select, call_done, item, &item->task, error);
    if (err != NDF_OK) {
        mem_free(&run->engine->mem, item, sizeof *item);
        return err;
    }
    item->next = run->calls;
    run->calls = item;
    return NDF_OK;
}

static void stop_call(struct ndf_run *run, uint64_t number)
{
    for (struct run_call *call = run->calls; call != NULL; call = call->next)
        if (call->number == number) agent_task_stop(call->task);
}

static void drop_timer(struct run_timer *timer)
{
    struct ndf_run *run = timer->run;
    for (struct run_timer **at = &run->timers; *at != NULL; at = &(*at)->next) {
        if (*at != timer) continue;
        *at = timer->next;
        break;
    }
    loop_timer_free(timer->timer);
    mem_free(&run->engine->mem, timer, sizeof *timer);
}

static void timer_fired(void *ud)
{
    struct run_timer *timer = ud;
    struct ndf_run *run = timer->run;
    struct exec_event event = {.kind = EXEC_TIMER, .token = timer->token};
    drop_timer(timer);
    run_dispatch(run, &event);
}

static int set_timer_to(
    struct ndf_run *run, uint64_t token, uint64_t ms, loop_fn fn)
{
    struct run_timer *timer = mem_calloc(&run->engine->mem, 1, sizeof *timer);
    if (timer == NULL) return NDF_ENOMEM;
    timer->run = run;
    timer->token = token;
    int err =
        loop_timer_new(&timer->timer, run->engine->runner->loop, ms, fn, timer);
    if (err != NDF_OK) {
        mem_free(&run->engine->mem, timer, sizeof *timer);
        return err;
    }
    timer->next = run->timers;
    run->timers = timer;
    return NDF_OK;
}

static void clear_timer(struct ndf_run *run, uint64_t token)
{
    for (struct run_timer *timer = run->timers; timer != NULL;
         timer = timer->next) {
        if (timer->token != token) continue;
        drop_timer(timer);
        return;
    }
}

/* ---- telling, ending
 * ------------------------------------------------------------ */

/* Who waits for it may take it up, or clean up behind it, at once: so nothing
 * of ours may still be on its way into its journal. */
static void let_go(struct ndf_run *run)
{
    if (run->unanswered > 0) return;
    run_disown(run);
    run_ended(run, run->left_err, run->left_state, run->left_message);
    runner_drop(run->engine->runner, run);
}

/* The run is over for this process: forget its calls and timers, let waiters
 * go. Agents of a halted run go on and are adopted by a later resume. */
static void leave_run(
    struct ndf_run *run, int err, int state, struct str message)
{
    ndf_engine *engine = run->engine;
    while (run->calls != NULL)
        drop_call(run->calls);
    while (run->timers != NULL)
        drop_timer(run->timers);
    room_leave(run);
    if (err == NDF_OK) {
        counter_add(&engine->metrics.runs_ended[state], 1);
        histogram_add(&engine->metrics.run_ms,
            (uint64_t)(clock_mono_ns(&engine->clock) - run->started_mono_ns) /
                1000000);
        /* What a doubtful run left is evidence. */
        if (state != NDF_RUN_IN_DOUBT) (void)os_remove_tree(run->dir);
    }
    struct str text = arena_str(&run->arena, message);
    executor_free(run->executor);
    run->executor = NULL;
    run->left = true;
    run->left_err = err;
    run->left_state = state;
    run->left_message = text.at != NULL ? text.at : "";
    let_go(run);
}

/* ---- killing
 * ----------------------------------------------------------------------- */

enum { KILL_AGAIN_MS = 50, KILL_PATIENCE = 40 };

static void stop_all(struct ndf_run *run)
{
    for (struct run_call *call = run->calls; call != NULL; call = call->next)
        agent_task_stop(call->task);
}

static void leave_killed(struct ndf_run *run)
{
    leave_run(run, NDF_ECANCELLED, NDF_RUN_RUNNING,
        STR("its agents were killed, and nothing was undone; it can be "
            "resumed"));
}

/* A stop that is said again kills at once; one that comes too soon after the
 * first would be taken for the same. */
static void kill_again(void *ud)
{
    struct run_timer *timer = ud;
    struct ndf_run *run = timer->run;
    drop_timer(timer);
    if (run->calls == NULL || ++run->kills > KILL_PATIENCE) {
        leave_killed(run);
        return;
    }
    stop_all(run);
    if (set_timer_to(run, 0, KILL_AGAIN_MS, kill_again) != NDF_OK)
        leave_killed(run);
}

void run_kill(struct ndf_run *run)
{
    if (!run->listed || run->left || run->kills > 0) return;
    run->kills = 1;
    while (run->timers != NULL)
        drop_timer(run->timers);
    stop_all(run);
    if (run->calls == NULL ||
        set_timer_to(run, 0, KILL_AGAIN_MS, kill_again) != NDF_OK)
        leave_killed(run);
}

/* ---- one event
 * --------------------------------------------------------------------- */

/* A call that could not be started is an event of its own, after the actions
 * it was among. */
struct failed_start {
    uint64_t number;
    bool choice;
    char message[NDF_MESSAGE_SIZE];
};

static int perform_one(
    struct ndf_run *run, const struct exec_action *action, struct vec *failed)
{
    ndf_error error = {0};
    switch (action->kind) {
    case EXEC_APPEND: return NDF_OK; /* submitted together, before */
    case EXEC_START:
    case EXEC_ADOPT:
        if (start_call(run, &action->call, action->kind == EXEC_ADOPT,
                &error) != NDF_OK) {
            struct failed_start *item = vec_push(failed);
            if (item == NULL) return NDF_ENOMEM;
            item->number = action->call.number;
            memcpy(item->message, error.message, sizeof item->message);
        }
        return NDF_OK;
    case EXEC_SELECT:
        if (start_choice(run, &action->select, &error) != NDF_OK) {
            struct failed_start *item = vec_push(failed);
            if (item == NULL) return NDF_ENOMEM;
            item->number = action->select.number;
            item->choice = true;
            memcpy(item->message, error.message, sizeof item->message);
        }
        return NDF_OK;
    case EXEC_STOP: stop_call(run, action->stop); return NDF_OK;
    case EXEC_TIMER_SET:
        return set_timer_to(
            run, action->timer.token, action->timer.ms, timer_fired);
    case EXEC_TIMER_CLEAR: clear_timer(run, action->timer.token); return NDF_OK;
    case EXEC_PROGRESS: tell_progress(run, &action->progress); return NDF_OK;
    case EXEC_END:
        if (!action->end.halted)
            histogram_add(&run->engine->metrics.preservation_permille,
                (uint64_t)llround(action->end.preservation * 1000));
        leave_run(run, action->end.halted ? NDF_ESTORE : NDF_OK,
            (int)action->end.state, action->end.error);
        return NDF_OK;
    }
    return NDF_OK;
}

/* Performs one step's actions. NDF_ENOMEM: the run must be given up. */
static int step_once(struct ndf_run *run, const struct exec_event *event,
    struct vec *failed, ndf_error *error)
{
    struct arena arena;
    arena_init(&arena, &run->engine->mem);
    struct exec_actions actions = {.arena = &arena};
    struct exec_event told = *event;
    struct exec_machine machine;
    if (executor_wants_machine(run->executor)) {
        room_look(run, &machine);
        told.machine = &machine;
    }
    int err = executor_step(run->executor, &told, &actions);
    if (err == NDF_OK) room_update(run);
    /* Everything is done before the records are handed over: the arena goes
     * with them. A start never stands beside its own intent. */
    for (size_t i = 0; err == NDF_OK && i < actions.count; i++)
        err = perform_one(run, &actions.items[i], failed);
    if (err != NDF_OK || actions.token == 0) {
        arena_deinit(&arena);
        return err;
    }
    actions.arena = NULL;
    return submit_records(run, &arena, &actions, error);
}

void run_dispatch(struct ndf_run *run, const struct exec_event *event)
{
    /* What a killed call was worth, a later owner sees. */
    if (!run->listed || run->left || run->kills > 0) return;
    struct vec failed;
    vec_init(&failed, &run->engine->mem, sizeof(struct failed_start));
    run_ref(run);
    ndf_error error = {0};
    int err = step_once(run, event, &failed, &error);
    while (err == NDF_OK && failed.count > 0 && !run->left) {
        struct failed_start item =
            *(struct failed_start *)vec_get(&failed, failed.count - 1);
        failed.count--;
        struct agent_result result = {
            .status = AGENT_START_FAILED, .error = str_of(item.message)};
        struct exec_event again = {
            .kind = item.choice ? EXEC_SELECTED : EXEC_AGENT_DONE,
            .call = item.number,
            .result = &result,
            .error = str_of(item.message)};
        err = step_once(run, &again, &failed, &error);
    }
    if (err != NDF_OK && !run->left)
        leave_run(run, err, NDF_RUN_RUNNING,
            error.message[0] != '\0'
                ? str_of(error.message)
                : STR("it had to be given up without memory; it can be "
                      "resumed"));
    vec_deinit(&failed);
    run_unref(run);
}
