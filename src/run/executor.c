/*
 * executor.c - one run as a pure state machine: replaying its journal, and
 * telling it what happened.
 *
 * See exec.h for how the parts play together. Invariant of this file: a step
 * first takes the event in, then does whatever the state now allows, then says
 * what has become certain.
 */
#include "run/executor.h"

#include <math.h>

#include "run/exec.h"

int executor_replay(
    struct executor *x, const struct exec_record *record, ndf_error *error)
{
    return exec_apply(x, record, NULL, error);
}

struct str executor_record_blob(const struct value *body)
{
    return value_get_str(value_get(body, STR("output_blob")), STR("sha256"));
}

/* The pattern whose context says most: the one that is under way alone. */
static struct executor *look_into(struct executor *x)
{
    while (x->meta != NULL && x->meta->cursor < x->plan->phase_count) {
        const struct exec_phase *phase = &x->meta->phases[x->meta->cursor];
        if (phase->plan->parallel || phase->began == 0) break;
        struct executor *member = phase->members[phase->began - 1];
        if (member->ended) break;
        x = member;
    }
    return x;
}

int executor_look(struct executor *x, struct exec_look *out)
{
    struct executor *inner = look_into(x);
    int err = exec_view(inner, NULL);
    *out = (struct exec_look){.context = &inner->context_value,
        .end = x->ended ? &x->end : NULL,
        .step_count = x->shared->leaf_count};
    return err;
}

/* Whether the pattern, and all around it, may still call agents. */
static bool may_call(const struct executor *x)
{
    for (; x != NULL; x = x->parent) {
        bool failed = x->parallel == NULL && x->failed != NULL &&
                      x->failed->state == NODE_FAILED;
        const struct exec_phase *phase = x->phase;
        bool over =
            phase != NULL && (phase->stopped || phase->state > PHASE_OPEN ||
                                 exec_meta_failed(x->parent));
        if (failed || over || x->ended || x->cancel != REASON_NONE) {
            return false;
        }
    }
    return true;
}

uint64_t executor_time_spent(struct executor *x)
{
    return exec_time_spent(x);
}

void executor_look_step(
    const struct executor *x, uint32_t index, struct exec_step_look *out)
{
    const struct executor *member = x;
    for (size_t i = x->shared->members.count; i > 0; i--) {
        member = exec_member_at(x->shared, i - 1);
        if (index >= member->first_leaf && member->leaf_count > 0) break;
    }
    index -= member->first_leaf;
    const struct exec_node *node = &member->nodes[member->leaves[index]];
    bool over = node->state != NODE_PENDING && node->state != NODE_OPEN;
    bool done = node->state == NODE_DONE && !node->passed;
    *out = (struct exec_step_look){.plan = node->plan,
        .done = done,
        .skipped = node->passed || node->state == NODE_SKIPPED,
        .due = !over && may_call(member),
        .output = done ? &member->outputs[index] : &value_null};
}

/* ---- events ------------------------------------------------------------- */

int exec_on_timeout(struct executor *x)
{
    x->run_timer = 0;
    if (x->ended || x->failing || x->cancel != REASON_NONE) return NDF_OK;
    return exec_record_cancel(x, REASON_TIMEOUT,
        x->phase == NULL ? "the run did not end within its time limit"
                         : "the pattern did not end within its time limit",
        NULL);
}

/* The bound of the whole run; 0: none. */
static uint64_t time_limit(const struct plan *plan)
{
    uint64_t limit = plan->timeout_ms;
    uint64_t budget = plan->budget.time_ms;
    if (budget > 0 && (limit == 0 || budget < limit)) limit = budget;
    return limit;
}

/* The time limit begins to run, less what was spent before. */
static int start_time(struct executor *x)
{
    uint64_t limit = time_limit(x->plan);
    if (limit == 0) return NDF_OK;
    uint64_t spent = exec_time_spent(x);
    if (limit <= spent) return exec_on_timeout(x);
    struct exec_action *action = exec_emit(x, EXEC_TIMER_SET);
    if (action == NULL) return NDF_ENOMEM;
    x->run_timer = exec_number(x, NULL);
    action->timer.token = x->run_timer;
    action->timer.ms = limit - spent;
    return NDF_OK;
}

int exec_begin_timing(struct executor *x)
{
    int err = start_time(x);
    return err == NDF_OK && x->meta != NULL ? exec_meta_resume(x) : err;
}

static int on_begin(struct executor *x)
{
    if (x->shared->began) return NDF_OK;
    x->shared->began = true;
    if (x->ended) return NDF_OK;
    int err = exec_progress(x, NDF_EVENT_RUN_STARTED, NULL, "");
    if (err == NDF_OK) err = exec_tell_asked(x->shared);
    return err == NDF_OK ? exec_begin_timing(x) : err;
}

static int on_record_failed(struct executor *x, const struct exec_event *event)
{
    struct exec_action *action = exec_emit(x, EXEC_END);
    if (action == NULL) return NDF_ENOMEM;
    x->shared->finished = true;
    action->end = (struct exec_end){.halted = true,
        .error = arena_str(x->shared->out->arena, event->error),
        .evidence = STR(""),
        .step = STR(""),
        .tokens = x->tokens,
        .cost = x->cost};
    return action->end.error.at != NULL ? NDF_OK : NDF_ENOMEM;
}

static int on_agent_done(struct executor *x, const struct exec_event *event)
{
    struct exec_slot *slot = exec_slot_of(x, event->call);
    if (slot == NULL || slot->node->owner->ended) return NDF_OK;
    if (slot->number != event->call || slot->phase != SLOT_RUNNING) {
        return NDF_OK;
    }
    return exec_slot_result(slot->node->owner, slot, event->result);
}

static int on_timer(struct executor *root, uint64_t token)
{
    struct exec_slot *slot = exec_slot_of(root, token);
    if (slot != NULL && slot->timer == token) {
        slot->timer = 0;
        slot->wait_ms = 0;
    }
    if (slot != NULL || token == 0) return NDF_OK;
    int err = NDF_OK;
    for (size_t i = 0; i < root->shared->members.count; i++) {
        struct executor *x = exec_member_at(root->shared, i);
        struct exec_parallel *p = x->parallel;
        if (p != NULL && p->timer == token) p->timer = 0;
        if (x->run_timer == token) err = exec_on_timeout(x);
        if (err == NDF_OK && x->meta != NULL) {
            err = exec_meta_on_timer(x, token);
        }
        if (err != NDF_OK) break;
    }
    return err;
}

static int on_cancel(struct executor *x)
{
    if (x->ended || x->failing || x->cancel != REASON_NONE) return NDF_OK;
    return exec_record_cancel(
        x, REASON_CANCELLED, "the run was cancelled", NULL);
}

static int take(struct executor *x, const struct exec_event *event)
{
    switch (event->kind) {
    case EXEC_BEGIN: return on_begin(x);
    case EXEC_RECORDED:
        if (event->token > x->shared->recorded &&
            event->token <= x->shared->issued) {
            x->shared->recorded = event->token;
        }
        return NDF_OK;
    case EXEC_RECORD_FAILED: return on_record_failed(x, event);
    case EXEC_AGENT_DONE: return on_agent_done(x, event);
    case EXEC_TIMER: return on_timer(x, event->token);
    case EXEC_ROOM: return NDF_OK;
    case EXEC_CANCEL: return on_cancel(x);
    case EXEC_SELECTED: return exec_meta_on_selected(x->shared, event);
    case EXEC_APPROVE: return exec_on_approve(x->shared, event->approval);
    }
    return NDF_OK;
}

/* How the plan as a whole stands. */
static enum node_state state_of(const struct executor *x)
{
    if (x->meta == NULL) return x->nodes[0].state;
    if (exec_meta_failed(x)) return NODE_FAILED;
    return x->meta->cursor == x->plan->phase_count ? NODE_DONE : NODE_OPEN;
}

/* NOLINTNEXTLINE(misc-no-recursion): patterns inside, PLAN_DEPTH_MAX deep */
int exec_advance(struct executor *x)
{
    int err = NDF_OK;
    if (!x->failing && !x->ended && !exec_pattern_open(x)) {
        err = exec_pattern_gate(x);
        if (err != NDF_OK || x->cancel == REASON_NONE) return err;
        x->failing = true;
    }
    if (!x->failing && !x->ended) {
        err = x->meta != NULL ? exec_meta_advance(x)
                              : exec_node_advance(x, &x->nodes[0]);
        if (err != NDF_OK || x->ended) return err;
        enum node_state state = state_of(x);
        bool stopped = x->cancel != REASON_NONE;
        if (state == NODE_DONE && !stopped) {
            return exec_record_end(x, NDF_RUN_SUCCEEDED, "", NULL);
        }
        x->failing = state == NODE_FAILED || (state == NODE_DONE && stopped);
    }
    if (!x->failing || x->ended) return NDF_OK;
    return x->meta != NULL ? exec_meta_undo(x) : exec_undo_advance(x);
}

/* What one pattern did may let another go on. */
static int advance(struct executor *root)
{
    uint64_t made;
    int err;
    do {
        made = root->shared->made;
        err = exec_advance(root);
    } while (err == NDF_OK && root->meta != NULL && !root->ended &&
             root->shared->made != made);
    return err;
}

static int clear_timer(struct executor *x, uint64_t *timer)
{
    if (*timer == 0) return NDF_OK;
    struct exec_action *clear = exec_emit(x, EXEC_TIMER_CLEAR);
    if (clear == NULL) return NDF_ENOMEM;
    clear->timer.token = *timer;
    *timer = 0;
    return NDF_OK;
}

int exec_clear_timers(struct executor *x)
{
    int err = clear_timer(x, &x->run_timer);
    if (err == NDF_OK && x->parallel != NULL) {
        err = clear_timer(x, &x->parallel->timer);
    }
    return err;
}

static int rest_or_go_on_one(struct executor *x, bool stands)
{
    if (stands && x->run_timer != 0) {
        x->resting = true;
        return clear_timer(x, &x->run_timer);
    }
    if (stands || !x->resting) return NDF_OK;
    x->resting = false;
    bool over = x->ended || x->failing || x->cancel != REASON_NONE;
    return over ? NDF_OK : start_time(x);
}

/* A person's time is not the run's. */
static int rest_or_go_on(struct executor *root)
{
    struct exec_shared *shared = root->shared;
    bool stands = exec_stands(shared);
    int err = NDF_OK;
    if (!stands && !shared->resting) return NDF_OK;
    shared->resting = stands;
    for (size_t i = 0; i < shared->members.count && err == NDF_OK; i++) {
        struct executor *x = exec_member_at(shared, i);
        err = rest_or_go_on_one(x, stands);
        if (err == NDF_OK && x->meta != NULL) err = exec_meta_rest(x, stands);
    }
    return err;
}

/* The run's last word, when its record is on disk. */
static int finish(struct executor *x)
{
    struct arena *arena = x->shared->out->arena;
    int err = NDF_OK;
    for (size_t i = 0; i < x->shared->members.count && err == NDF_OK; i++) {
        err = exec_clear_timers(exec_member_at(x->shared, i));
    }
    if (err != NDF_OK) return err;
    err = exec_progress(x, NDF_EVENT_RUN_DONE, NULL, x->end.error.at);
    if (err == NDF_OK) err = exec_release(x);
    if (err != NDF_OK) return err;
    struct exec_action *action = exec_emit(x, EXEC_END);
    if (action == NULL) return NDF_ENOMEM;
    struct exec_end *end = &action->end;
    *end = x->end;
    end->evidence = arena_str(arena, x->end.evidence);
    end->error = arena_str(arena, x->end.error);
    end->step = arena_str(arena, x->end.step);
    x->shared->finished = true;
    bool all = end->evidence.at != NULL && end->error.at != NULL &&
               end->step.at != NULL;
    return all ? NDF_OK : NDF_ENOMEM;
}

bool executor_wants_machine(const struct executor *x)
{
    if (x->ended || x->cancel != REASON_NONE) return false;
    for (size_t i = 0; i < x->shared->members.count; i++) {
        const struct executor *member = exec_member_at(x->shared, i);
        bool goes = !member->ended && member->cancel == REASON_NONE;
        if (goes && member->parallel != NULL && member->parallel->declared) {
            return true;
        }
    }
    return false;
}

void executor_load(const struct executor *x, struct exec_load *out)
{
    exec_parallel_load(x, out);
}

int executor_step(struct executor *x, const struct exec_event *event,
    struct exec_actions *out)
{
    out->items = NULL;
    out->count = 0;
    out->capacity = 0;
    out->token = 0;
    if (x->shared->finished || (!x->shared->began && event->kind != EXEC_BEGIN))
        return NDF_OK;
    x->shared->out = out;
    if (event->machine != NULL) x->shared->machine = *event->machine;
    x->shared->waits = false;
    int err = take(x, event);
    if (err == NDF_OK && !x->shared->finished) err = advance(x);
    if (err == NDF_OK && !x->shared->finished) err = rest_or_go_on(x);
    if (err == NDF_OK && !x->shared->finished) err = exec_release(x);
    if (err == NDF_OK && !x->shared->finished && x->ended &&
        exec_durable(x, x->end_token)) {
        err = finish(x);
    }
    x->shared->out = NULL;
    if (err == NDF_OK) return NDF_OK;
    x->shared->finished = true;
    out->count = 0;
    out->token = 0;
    return NDF_ENOMEM;
}
