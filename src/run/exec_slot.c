/*
 * exec_slot.c - one call after another until a step's work, or its undo, is
 * done or given up.
 *
 * IDLE -> INTENDED -> RUNNING -> OK | FAILED | WAITING -> INTENDED ...
 * Invariant: RUNNING is reached only when the intent is on disk.
 */
#include "run/exec.h"

static bool is_cancelled(const struct executor *x, const struct exec_slot *slot)
{
    return x->cancel != REASON_NONE && !slot->undo;
}

/* The slot that is tried again when this one's call failed. */
static struct exec_slot *tried(struct exec_slot *slot)
{
    return slot->verify ? &slot->node->work : slot;
}

static const struct retry *retry_of(const struct exec_slot *slot)
{
    return &slot->node->plan->step.retry;
}

/* Result and verdict of a call that never ran. */
static int record_not_run(struct executor *x, struct exec_slot *slot,
    enum exec_reason reason, const char *error)
{
    struct agent_result result = {
        .status = reason == REASON_CANCELLED ? AGENT_NEVER_STARTED
                                             : AGENT_START_FAILED,
    };
    struct exec_verdict verdict = {.reason = reason, .final = true};
    err_set(&verdict.error, NDF_EAGENT, "%s", error);
    slot->number = 0;
    int err = exec_record_result(x, slot, &result, &verdict);
    if (err != NDF_OK) return err;
    return exec_progress(x,
        slot->undo ? NDF_EVENT_UNDO_FAILED : NDF_EVENT_STEP_FAILED, tried(slot),
        error);
}

int exec_slot_refuse(
    struct executor *x, struct exec_slot *slot, const char *why)
{
    int err = exec_call_make(x, slot, slot->attempt + 1, NULL);
    if (err == NDF_ENOMEM) return err;
    err = exec_record_intent(x, slot);
    if (err != NDF_OK) return err;
    return record_not_run(x, slot, REASON_START, why);
}

static int intend(struct executor *x, struct exec_slot *slot)
{
    ndf_error error = {0};
    int made = exec_call_make(x, slot, slot->attempt + 1, &error);
    if (made == NDF_ENOMEM) return made;
    int err = exec_record_intent(x, slot);
    if (err != NDF_OK) return err;
    if (made != NDF_OK) {
        return record_not_run(x, slot, REASON_START, error.message);
    }
    slot->number = exec_number(x, slot);
    return NDF_OK;
}

static int emit_call(
    struct executor *x, struct exec_slot *slot, enum exec_action_kind kind)
{
    struct exec_action *action = exec_emit(x, kind);
    if (action == NULL) return NDF_ENOMEM;
    action->call.number = slot->number;
    action->call.runtime = exec_call_runtime(slot);
    int err =
        agent_call_copy(x->shared->out->arena, &slot->call, &action->call.call);
    if (err != NDF_OK) return err;
    slot->phase = SLOT_RUNNING;
    slot->adopted = kind == EXEC_ADOPT;
    slot->stopped = false;
    enum ndf_event_kind event = NDF_EVENT_STEP_STARTED;
    if (slot->undo) event = NDF_EVENT_UNDO_STARTED;
    if (slot->verify) event = NDF_EVENT_VERIFY_STARTED;
    return exec_progress(x, event, tried(slot),
        kind == EXEC_ADOPT ? "taken over from an earlier owner" : "");
}

/* A call that an earlier life intended; nobody knows yet what became of it. */
static int adopt(struct executor *x, struct exec_slot *slot)
{
    ndf_error error = {0};
    struct str boot = slot->boot;
    int err = exec_call_make(x, slot, slot->attempt, &error);
    if (err == NDF_ENOMEM) return err;
    slot->call.boot = boot;
    slot->number = exec_number(x, slot);
    return emit_call(x, slot, EXEC_ADOPT);
}

static int advance_intended(struct executor *x, struct exec_slot *slot)
{
    if (slot->number == 0) return adopt(x, slot);
    if (!exec_durable(x, slot->token)) return NDF_OK;
    if (is_cancelled(x, slot)) {
        return record_not_run(x, slot, REASON_CANCELLED,
            "it was not started: the run was stopped before");
    }
    return emit_call(x, slot, EXEC_START);
}

static int clear_timer(struct executor *x, struct exec_slot *slot)
{
    if (slot->timer == 0) return NDF_OK;
    struct exec_action *action = exec_emit(x, EXEC_TIMER_CLEAR);
    if (action == NULL) return NDF_ENOMEM;
    action->timer.token = slot->timer;
    slot->timer = 0;
    return NDF_OK;
}

static int advance_waiting(struct executor *x, struct exec_slot *slot)
{
    if (is_cancelled(x, slot)) {
        slot->phase = SLOT_FAILED;
        slot->node->state = NODE_FAILED;
        return clear_timer(x, slot);
    }
    if (slot->timer != 0) return NDF_OK;
    if (slot->wait_ms == 0) return intend(x, slot);
    if (!exec_durable(x, slot->token)) return NDF_OK;
    struct exec_action *action = exec_emit(x, EXEC_TIMER_SET);
    if (action == NULL) return NDF_ENOMEM;
    slot->timer = exec_number(x, slot);
    action->timer.token = slot->timer;
    action->timer.ms = slot->wait_ms;
    return NDF_OK;
}

static int advance_running(struct executor *x, struct exec_slot *slot)
{
    if (!is_cancelled(x, slot) || slot->stopped) return NDF_OK;
    if (!exec_durable(x, x->cancel_token)) return NDF_OK;
    struct exec_action *action = exec_emit(x, EXEC_STOP);
    if (action == NULL) return NDF_ENOMEM;
    action->stop = slot->number;
    slot->stopped = true;
    return NDF_OK;
}

int exec_slot_advance(struct executor *x, struct exec_slot *slot)
{
    switch (slot->phase) {
    case SLOT_IDLE: return intend(x, slot);
    case SLOT_INTENDED: return advance_intended(x, slot);
    case SLOT_RUNNING: return advance_running(x, slot);
    case SLOT_WAITING: return advance_waiting(x, slot);
    case SLOT_OK:
    case SLOT_DOUBT:
    case SLOT_FAILED: break;
    }
    return NDF_OK;
}

/* What of the budget is used up, in words; NULL while there is some left. */
static const char *budget_used_up(const struct executor *x)
{
    const struct budget *budget = &x->plan->budget;
    if (budget->steps > 0 && x->intents >= budget->steps) {
        return "the run used up its budget of steps";
    }
    if (budget->tokens > 0 && x->tokens >= 0 &&
        (uint64_t)x->tokens >= budget->tokens) {
        return "the run used up its budget of tokens";
    }
    if (budget->cost >= 0 && x->cost >= budget->cost) {
        return "the run used up its budget of cost";
    }
    return NULL;
}

/* Of the pattern and of those around it: these end it in their turn. */
static int check_budgets(struct executor *x, bool *stopped)
{
    *stopped = false;
    for (; x != NULL; x = x->parent) {
        const char *used_up = budget_used_up(x);
        if (x->cancel != REASON_NONE) *stopped = true;
        if (used_up == NULL || x->cancel != REASON_NONE) continue;
        *stopped = true;
        int err = exec_record_cancel(x, REASON_BUDGET, used_up, NULL);
        if (err != NDF_OK) return err;
    }
    return NDF_OK;
}

int exec_step_advance(struct executor *x, struct exec_node *node)
{
    struct exec_slot *slot = exec_turn(node);
    if (node->passed) return NDF_OK;
    if (slot->phase == SLOT_IDLE && !slot->verify && x->cancel == REASON_NONE) {
        int err = exec_gate(x, node);
        bool over = node->state == NODE_DONE || node->state == NODE_FAILED;
        if (err != NDF_OK || over) return err;
        if (!exec_gate_open(node) && x->cancel == REASON_NONE) return NDF_OK;
    }
    bool fresh = slot->phase == SLOT_IDLE ||
                 (slot->phase == SLOT_WAITING && slot->wait_ms == 0);
    if (fresh && x->cancel == REASON_NONE) {
        bool stopped;
        int err = check_budgets(x, &stopped);
        if (err != NDF_OK || (stopped && x->cancel == REASON_NONE)) return err;
    }
    /* A work that is done is not left without a word on it. */
    bool starts = slot->phase == SLOT_IDLE && !slot->verify;
    if (starts && x->cancel != REASON_NONE) {
        node->state = NODE_FAILED;
        return NDF_OK;
    }
    return exec_slot_advance(x, slot);
}

static bool retry_covers(const struct retry *retry, enum exec_reason reason)
{
    if (retry->on.count == 0) return true;
    if (reason == REASON_ENFORCE) reason = REASON_FAILURE;
    if (reason == REASON_VERIFY) reason = REASON_EXPECT;
    struct str name = str_of(exec_reason_name(reason));
    for (size_t i = 0; i < retry->on.count; i++) {
        if (str_equal(retry->on.items[i], name)) return true;
    }
    return false;
}

static bool may_retry(const struct executor *x, const struct exec_slot *slot,
    const struct exec_verdict *verdict)
{
    uint32_t attempts = retry_of(slot)->attempts;
    if (is_cancelled(x, slot) || verdict->final) return false;
    if (!slot->undo) {
        return slot->tries < attempts &&
               retry_covers(retry_of(slot), verdict->reason);
    }
    if (attempts < EXEC_UNDO_ATTEMPTS) attempts = EXEC_UNDO_ATTEMPTS;
    return slot->tries < attempts;
}

/* backoff * factor^(tries - 1), of which the share `jitter` is drawn. */
static uint64_t wait_before_retry(
    const struct executor *x, const struct exec_slot *slot)
{
    const struct retry *retry = retry_of(slot);
    double wait = (double)retry->backoff_ms;
    if (slot->undo && retry->backoff_ms == 0) wait = EXEC_UNDO_WAIT_MS;
    for (uint32_t i = 1; i < slot->tries && wait < EXEC_WAIT_MAX_MS; i++) {
        if (retry->factor <= 1) break;
        wait *= retry->factor;
    }
    if (wait > EXEC_WAIT_MAX_MS) wait = EXEC_WAIT_MAX_MS;
    uint32_t draw[] = {
        x->first_node + slot->node->index, slot->tries, slot->undo ? 1 : 0};
    uint64_t bits = hash64_seed(
        (struct str){(const char *)draw, sizeof draw}, x->shared->seed);
    double share = (double)(bits >> 11) * 0x1p-53;
    double jitter = retry->jitter > 0 && retry->jitter <= 1 ? retry->jitter : 0;
    return (uint64_t)(wait * (1 - jitter) + wait * jitter * share);
}

static int tell_failure(struct executor *x, struct exec_slot *slot,
    const struct exec_verdict *verdict)
{
    enum ndf_event_kind event =
        slot->undo ? NDF_EVENT_UNDO_FAILED : NDF_EVENT_STEP_FAILED;
    bool again =
        slot->phase == SLOT_WAITING || tried(slot)->phase == SLOT_WAITING;
    if (again) event = NDF_EVENT_STEP_RETRY;
    return exec_progress(x, event, tried(slot), verdict->error.message);
}

/* Its work may be good and wait for the verifier. */
static int tell_success(struct executor *x, struct exec_slot *slot,
    const struct agent_result *result)
{
    if (slot->verify && result->patch.kind != VALUE_NULL) {
        int err = exec_progress(x, NDF_EVENT_VIOLATION, tried(slot),
            "its verifier sent a patch, which is not applied: a verifier only "
            "judges");
        if (err != NDF_OK) return err;
    }
    if (slot->undo) return exec_progress(x, NDF_EVENT_UNDO_DONE, slot, "");
    if (slot->node->state != NODE_DONE) return NDF_OK;
    return exec_progress(x, NDF_EVENT_STEP_DONE, tried(slot), "");
}

static int tell_violations(struct executor *x, const struct exec_slot *slot,
    const struct exec_verdict *verdict)
{
    static const char *const what[] = {
        [POLICY_RESTORE] = "the change was taken back",
        [POLICY_ENFORCE] = "the step fails for it",
        [POLICY_RECORD] = "the change was kept",
    };
    for (size_t i = 0; i < verdict->violation_count; i++) {
        const struct violation *violation = &verdict->violations[i];
        ndf_error text = {0};
        err_set(&text, NDF_EAGENT,
            "changed '%.*s' without declaring it (%s): %s",
            STR_ARG(violation->field), severity_name(violation->severity),
            what[x->plan->policy]);
        int err = exec_progress(x, NDF_EVENT_VIOLATION, slot, text.message);
        if (err != NDF_OK) return err;
    }
    return NDF_OK;
}

static const char *what_of(const struct exec_slot *slot)
{
    if (slot->verify) return "the verifier of step";
    return slot->undo ? "the undo of step" : "step";
}

void exec_doubt_words(const struct exec_slot *slot, ndf_error *error)
{
    err_set(error, NDF_EINDOUBT,
        "%s '%.*s' is in doubt: it was started and nobody knows how it ended; "
        "look at what it did, then run the task again (a step that may run "
        "twice can say 'idempotent: true')",
        what_of(slot), STR_ARG(slot->node->plan->id));
}

/* Tasks beside it come to their ends first, so that nothing of theirs is
 * lost. */
static int on_doubt(struct executor *x, struct exec_slot *slot)
{
    if (x->parallel != NULL && !slot->undo) {
        slot->phase = SLOT_DOUBT;
        return NDF_OK;
    }
    ndf_error error = {0};
    exec_doubt_words(slot, &error);
    return exec_record_end(x, NDF_RUN_IN_DOUBT, error.message, slot->node);
}

/* It may have run, and nobody knows how it ended. An owner's death costs no
 * try; an agent that is lost under our eyes does, else one that always takes
 * its watcher down would be called for ever. */
static int on_lost(struct executor *x, struct exec_slot *slot,
    const struct agent_result *result)
{
    struct exec_verdict verdict = {.reason = REASON_FAILURE};
    if (!slot->node->plan->step.idempotent) return on_doubt(x, slot);
    if (slot->adopted) verdict.reason = REASON_LOST;
    err_set(&verdict.error, NDF_EAGENT,
        "%s '%.*s' lost its agent: nobody knows how it ended", what_of(slot),
        STR_ARG(slot->node->plan->id));
    int err = exec_record_result(x, slot, result, &verdict);
    if (err != NDF_OK) return err;
    if (slot->adopted && !is_cancelled(x, slot)) {
        err = exec_record_retry(x, slot, 0);
    } else if (may_retry(x, tried(slot), &verdict)) {
        err = exec_record_retry(
            x, tried(slot), wait_before_retry(x, tried(slot)));
    }
    if (err != NDF_OK) return err;
    return tell_failure(x, slot, &verdict);
}

/* The intent stands, and nothing came of it: it is started now. */
static int on_never_started(struct executor *x, struct exec_slot *slot)
{
    ndf_error error = {0};
    int err = exec_call_make(x, slot, slot->attempt, &error);
    if (err == NDF_ENOMEM) return err;
    if (err != NDF_OK) {
        return record_not_run(x, slot, REASON_START, error.message);
    }
    slot->phase = SLOT_INTENDED;
    slot->number = exec_number(x, slot);
    return NDF_OK;
}

int exec_slot_result(struct executor *x, struct exec_slot *slot,
    const struct agent_result *result)
{
    slot->number = 0;
    if (result->status == AGENT_LOST) return on_lost(x, slot, result);
    if (result->status == AGENT_NEVER_STARTED) {
        return on_never_started(x, slot);
    }
    struct exec_verdict verdict;
    int err = exec_judge(x, slot, result, &verdict);
    if (err == NDF_OK) err = exec_record_result(x, slot, result, &verdict);
    struct exec_slot *again = tried(slot);
    if (err == NDF_OK && !verdict.ok && may_retry(x, again, &verdict)) {
        err = exec_record_retry(x, again, wait_before_retry(x, again));
    }
    if (err == NDF_OK) err = tell_violations(x, slot, &verdict);
    if (err != NDF_OK) return err;
    if (!verdict.ok) return tell_failure(x, slot, &verdict);
    return tell_success(x, slot, result);
}
