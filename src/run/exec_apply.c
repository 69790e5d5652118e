/*
 * exec_apply.c - what each kind of record changes.
 *
 * The only place where a run's remembered state changes, for records that are
 * just being made and for those of an earlier life alike; so a replayed run
 * cannot differ from the one that was lost. A journal is read from a file:
 * nothing in a body is believed.
 */
#include <math.h>
#include <string.h>

#include "base/json.h"
#include "run/exec.h"

static const char *const reason_names[] = {
    [REASON_NONE] = "",
    [REASON_FAILURE] = "failure",
    [REASON_TIMEOUT] = "timeout",
    [REASON_EXPECT] = "expect",
    [REASON_START] = "start",
    [REASON_ENFORCE] = "enforce",
    [REASON_CANCELLED] = "cancel",
    [REASON_LOST] = "lost",
    [REASON_BUDGET] = "budget",
    [REASON_ROLLBACK] = "rollback",
    [REASON_VERIFY] = "verify",
    [REASON_DENIED] = "denied",
};

static const char *const state_names[] = {
    [NDF_RUN_RUNNING] = "running",
    [NDF_RUN_SUCCEEDED] = "succeeded",
    [NDF_RUN_FAILED] = "failed",
    [NDF_RUN_CANCELLED] = "cancelled",
    [NDF_RUN_IN_DOUBT] = "in_doubt",
    [NDF_RUN_UNDO_FAILED] = "undo_failed",
};

enum {
    REASON_COUNT = sizeof reason_names / sizeof *reason_names,
    STATE_COUNT = sizeof state_names / sizeof *state_names,
};

const char *exec_reason_name(enum exec_reason reason)
{
    return reason_names[reason];
}

const char *exec_state_name(int64_t state)
{
    return state >= 0 && state < STATE_COUNT ? state_names[state] : "unknown";
}

/* The index of text among names, or fallback. */
static int name_index(
    const char *const *names, int count, struct str text, int fallback)
{
    for (int i = 0; i < count; i++) {
        if (str_equal(text, str_of(names[i]))) return i;
    }
    return fallback;
}

enum ndf_run_state exec_state_of(struct str name)
{
    return (enum ndf_run_state)name_index(
        state_names, STATE_COUNT, name, NDF_RUN_FAILED);
}

enum exec_reason exec_reason_of(const struct value *body)
{
    return (enum exec_reason)name_index(reason_names, REASON_COUNT,
        value_get_str(body, STR("reason")), REASON_FAILURE);
}

static int misfit(const struct executor *x, const struct exec_record *record,
    ndf_error *error)
{
    struct str step = value_get_str(record->body, STR("step"));
    return err_set(error, NDF_ECORRUPT,
        "the journal of run '%.*s' is damaged: record '%.*s' of step '%.*s' "
        "does not follow from those before it; check the store with 'ndf dev "
        "check'",
        STR_ARG(x->shared->run), STR_ARG(record->kind), STR_ARG(step));
}

int exec_value_hex(
    const struct mem *mem, const struct value *value, char out[HASH_HEX_SIZE])
{
    struct buf buf;
    uint8_t hash[HASH_SHA256_SIZE];
    buf_init(&buf, mem);
    json_write(&buf, value);
    int err = buf_error(&buf);
    struct str bytes = buf_str(&buf);
    if (err == NDF_OK) hash_sha256(&bytes, 1, hash);
    buf_deinit(&buf);
    if (err == NDF_OK) hash_hex(hash, sizeof hash, out);
    return err;
}

int exec_context_tidy(struct arena *arena, struct value *value)
{
    struct context context;
    int err = context_decode(arena, value, &context, NULL);
    return err == NDF_OK ? context_encode(arena, &context, value) : err;
}

int exec_context_set(
    struct executor *x, const struct value *value, ndf_error *error)
{
    int next = 1 - x->which;
    struct arena *arena = &x->context_arenas[next];
    struct value copy;
    struct context context;
    char hex[HASH_HEX_SIZE];
    arena_deinit(arena);
    int err = value_copy(arena, value, &copy);
    if (err == NDF_OK) err = context_decode(arena, &copy, &context, error);
    if (err == NDF_OK) err = exec_value_hex(x->mem, &copy, hex);
    if (err != NDF_OK) return err;
    memcpy(x->context_hex, hex, sizeof hex);
    x->context = context;
    x->context_value = copy;
    arena_deinit(&x->context_arenas[x->which]);
    x->which = next;
    return NDF_OK;
}

static int apply_intent(
    struct executor *x, struct exec_slot *slot, const struct value *body)
{
    struct exec_node *node = slot->node;
    bool ready = slot->phase == SLOT_IDLE || slot->phase == SLOT_WAITING;
    int64_t attempt = value_get_int(body, STR("attempt"), 0);
    if (!ready || attempt != (int64_t)slot->attempt + 1) return NDF_ECORRUPT;
    if (!slot->undo && !exec_needs_done(x, node)) return NDF_ECORRUPT;
    if (slot->verify && node->work.phase != SLOT_OK) return NDF_ECORRUPT;
    bool work = !slot->undo && !slot->verify;
    /* One whose `if` cannot be judged fails before anybody is asked. */
    bool barred = node->passed || node->approval == APPROVAL_ASKED ||
                  node->approval == APPROVAL_DENIED;
    if (work && barred) return NDF_ECORRUPT;
    if (work) exec_proof_drop(x, node);
    slot->attempt++;
    slot->phase = SLOT_INTENDED;
    slot->number = 0;
    slot->timer = 0;
    slot->token = 0;
    x->context_stored = true;
    for (struct executor *m = x; !slot->undo && m != NULL; m = m->parent) {
        m->intents++;
    }
    if (!slot->undo) slot->node->state = NODE_OPEN;
    if (x->shared->out != NULL) return NDF_OK;
    slot->boot = arena_str(&slot->arena, value_get_str(body, STR("boot")));
    return slot->boot.at != NULL ? NDF_OK : NDF_ENOMEM;
}

static void add_usage(struct executor *x, int64_t tokens, double cost)
{
    if (tokens >= 0) {
        if (x->tokens < 0) x->tokens = 0;
        x->tokens =
            tokens > INT64_MAX - x->tokens ? INT64_MAX : x->tokens + tokens;
    }
    if (cost >= 0) x->cost = isnan(x->cost) ? cost : x->cost + cost;
}

/* What a call used, all patterns around it used, too. */
static void apply_usage(struct executor *x, const struct value *usage)
{
    int64_t tokens = value_get_int(usage, STR("tokens"), -1);
    const struct value *cost = value_get(usage, STR("cost"));
    double amount = (double)NAN;
    if (cost != NULL && cost->kind == VALUE_INT) {
        amount = (double)cost->integer;
    }
    if (cost != NULL && cost->kind == VALUE_REAL) amount = cost->real;
    for (; x != NULL; x = x->parent) {
        add_usage(x, tokens, amount);
    }
}

static void apply_latency(
    struct executor *x, const struct exec_node *node, int64_t latency)
{
    if (latency <= 0) return;
    if (x->parallel != NULL && (uint64_t)latency < INT64_MAX - x->busy_ms) {
        x->parallel->tasks[node->leaf].spent_ms += (uint64_t)latency;
    }
    for (; x != NULL; x = x->parent) {
        if ((uint64_t)latency < INT64_MAX - x->busy_ms) {
            x->busy_ms += (uint64_t)latency;
        }
    }
}

/* One deduction a step, by the worst it ever did. */
static void apply_violations(
    struct executor *x, struct exec_node *node, const struct value *violations)
{
    if (violations == NULL || violations->kind != VALUE_ARRAY) return;
    enum severity worst = node->worst;
    for (size_t i = 0; i < violations->array.count; i++) {
        struct str name =
            value_get_str(&violations->array.items[i], STR("severity"));
        for (int s = SEVERITY_MINOR; s <= SEVERITY_CRITICAL; s++) {
            if (!str_equal(name, str_of(severity_name((enum severity)s)))) {
                continue;
            }
            if (s > (int)worst) worst = (enum severity)s;
        }
    }
    double more = severity_deduction(worst) - severity_deduction(node->worst);
    node->worst = worst;
    for (; x != NULL; x = x->parent) {
        x->deducted += more;
        if (worst == SEVERITY_CRITICAL) x->critical = true;
    }
}

/* The output into the executor's memory, when anything will look at it. */
static int apply_output(struct executor *x, const struct exec_node *node,
    const struct exec_record *record, const struct value *output)
{
    struct value *kept = &x->outputs[node->leaf];
    struct value parsed = value_null;
    struct arena *arena = node->proof != NULL ? &node->proof->arena : &x->arena;
    x->steps[node->leaf].output = kept;
    x->steps[node->leaf].exit =
        (int)value_get_int(record->body, STR("exit"), 0);
    if (!x->used[node->leaf]) return NDF_OK;
    const struct value *blob = value_get(record->body, STR("output_blob"));
    if (output == NULL) output = value_get(record->body, STR("output"));
    if (output == NULL && blob != NULL) {
        if (record->blob.at == NULL) return NDF_ECORRUPT;
        output = &parsed;
        if (str_equal(value_get_str(blob, STR("kind")), STR("json"))) {
            int err = json_parse(arena, record->blob, kept, NULL);
            return err == NDF_OK || err == NDF_ENOMEM ? err : NDF_ECORRUPT;
        }
        parsed = value_of_str(record->blob);
    }
    if (output == NULL) return NDF_OK;
    return value_copy(arena, output, kept);
}

int exec_apply_patch(struct executor *x, const struct exec_slot *slot,
    const struct value *patch, struct str hex, ndf_error *error)
{
    if (patch == NULL) return NDF_OK;
    if (x->parallel != NULL) {
        return exec_task_patch(x, slot, patch, hex, error);
    }
    struct arena scratch;
    struct value after;
    arena_init(&scratch, x->mem);
    int err = patch_merge(&scratch, &x->context_value, patch, &after);
    if (err == NDF_OK) err = exec_context_set(x, &after, error);
    arena_deinit(&scratch);
    if (err != NDF_OK) return err == NDF_ENOMEM ? err : NDF_ECORRUPT;
    return str_equal(hex, str_of(x->context_hex)) ? NDF_OK : NDF_ECORRUPT;
}

/* Whether the call may have done anything. */
static bool has_run(const struct value *body)
{
    struct str status = value_get_str(body, STR("status"));
    return !str_equal(status, STR("start_failed")) &&
           !str_equal(status, STR("never_started"));
}

static void apply_failure(
    struct executor *x, struct exec_slot *slot, const struct value *body)
{
    struct str words = value_get_str(body, STR("error"));
    ndf_error *error = slot->undo ? &x->undo_error : &x->failed_error;
    struct exec_slot *tried = slot->verify ? &slot->node->work : slot;
    slot->phase = SLOT_FAILED;
    tried->phase = SLOT_FAILED;
    if (exec_reason_of(body) != REASON_LOST) tried->tries++;
    if (!slot->undo) slot->node->state = NODE_FAILED;
    /* Tasks that end because the run is stopped are not what stopped it. */
    if (!slot->undo && x->parallel != NULL && x->cancel != REASON_NONE) return;
    err_set(error, NDF_EAGENT, "%.*s", STR_ARG(words));
    if (slot->undo) return;
    x->failed = slot->node;
    x->failed_reason = exec_reason_of(body);
}

static int apply_success(struct executor *x, struct exec_slot *slot,
    const struct exec_record *record, const struct value *output,
    ndf_error *error)
{
    const struct value *body = record->body;
    struct exec_node *node = slot->node;
    slot->phase = SLOT_OK;
    if (slot->undo) return NDF_OK;
    if (node->proof != NULL && !slot->verify) {
        int err = apply_output(x, node, record, output);
        return err == NDF_OK ? exec_proof_keep(x, node, body) : err;
    }
    node->state = NODE_DONE;
    x->order[x->order_count++] = node->leaf;
    x->shared->done_count++;
    if (x->failed == node) x->failed = NULL;
    if (slot->verify) return exec_proof_accept(x, node, error);
    if (value_get_bool(body, STR("proof"), false)) x->proofs++;
    int err = apply_output(x, node, record, output);
    if (err != NDF_OK) return err;
    return exec_apply_patch(x, slot, value_get(body, STR("patch")),
        value_get_str(body, STR("snapshot")), error);
}

static int apply_result(struct executor *x, struct exec_slot *slot,
    const struct exec_record *record, const struct value *output,
    ndf_error *error)
{
    const struct value *body = record->body;
    bool called = slot->phase == SLOT_INTENDED || slot->phase == SLOT_RUNNING;
    int64_t attempt = value_get_int(body, STR("attempt"), 0);
    int64_t latency = value_get_int(body, STR("latency_ms"), 0);
    if (!called || attempt != (int64_t)slot->attempt) return NDF_ECORRUPT;
    slot->number = 0;
    slot->token = 0;
    apply_latency(x, slot->node, latency);
    if (has_run(body) && !slot->undo) slot->node->ran = true;
    apply_violations(x, slot->node, value_get(body, STR("violations")));
    apply_usage(x, value_get(body, STR("usage")));
    if (value_get_bool(body, STR("ok"), false)) {
        return apply_success(x, slot, record, output, error);
    }
    apply_failure(x, slot, body);
    return NDF_OK;
}

static int apply_retry(struct exec_slot *slot, const struct value *body)
{
    int64_t wait_ms = value_get_int(body, STR("wait_ms"), -1);
    int64_t attempt = value_get_int(body, STR("attempt"), 0);
    if (slot->phase != SLOT_FAILED) return NDF_ECORRUPT;
    if (attempt != (int64_t)slot->attempt + 1) return NDF_ECORRUPT;
    if (wait_ms < 0 || wait_ms > EXEC_WAIT_MAX_MS) return NDF_ECORRUPT;
    slot->phase = SLOT_WAITING;
    /* Its verifier is called again: the work stands as it was. */
    if (slot->verify) slot->node->work.phase = SLOT_OK;
    slot->wait_ms = (uint64_t)wait_ms;
    slot->timer = 0;
    slot->token = 0;
    if (!slot->undo) slot->node->state = NODE_OPEN;
    return NDF_OK;
}

/* A task that will not be called. */
static int apply_skip(struct executor *x, struct exec_node *node)
{
    bool fresh = node->state == NODE_PENDING && node->work.phase == SLOT_IDLE;
    if (!fresh || exec_needs_failed(x, node) == NULL) return NDF_ECORRUPT;
    node->state = NODE_SKIPPED;
    return NDF_OK;
}

/* A step whose `if` does not hold: done, and nothing comes of it. */
static int apply_pass(struct executor *x, struct exec_node *node)
{
    bool over = node->state != NODE_PENDING && node->state != NODE_OPEN;
    bool fresh = !over && node->work.phase == SLOT_IDLE &&
                 node->approval == APPROVAL_NONE;
    bool asked = node->plan->step.condition.at != NULL;
    if (!fresh || !asked || !exec_needs_done(x, node)) return NDF_ECORRUPT;
    node->state = NODE_DONE;
    node->passed = true;
    x->passed++;
    x->shared->done_count++;
    x->steps[node->leaf].skipped = true;
    return NDF_OK;
}

/* node: NULL: of the whole pattern. */
static int apply_ask(struct executor *x, struct exec_node *node)
{
    enum approval *approval = node != NULL ? &node->approval : &x->approval;
    bool wanted = node != NULL ? node->plan->step.approval : x->plan->approval;
    if (!wanted || *approval != APPROVAL_NONE) return NDF_ECORRUPT;
    if (node != NULL &&
        (node->work.phase != SLOT_IDLE || !exec_needs_done(x, node))) {
        return NDF_ECORRUPT;
    }
    *approval = APPROVAL_ASKED;
    x->shared->asked++;
    return NDF_OK;
}

static int apply_approve(
    struct executor *x, struct exec_node *node, const struct value *body)
{
    enum approval *approval = node != NULL ? &node->approval : &x->approval;
    struct str reason = value_get_str(body, STR("reason"));
    if (*approval != APPROVAL_ASKED) return NDF_ECORRUPT;
    struct str id = node != NULL ? node->plan->id : x->plan->id;
    bool inner = node != NULL || x->phase != NULL;
    x->shared->asked--;
    *approval = APPROVAL_GIVEN;
    if (value_get_bool(body, STR("approved"), false)) return NDF_OK;
    *approval = APPROVAL_DENIED;
    err_set(&x->shared->denied, NDF_ECANCELLED, "%s%.*s%s was denied%s%.*s",
        node != NULL ? "step '"
        : inner      ? "pattern '"
                     : "the run",
        inner ? str_int(id.size) : 0, inner ? id.at : "", inner ? "'" : "",
        reason.size > 0 ? ": " : "", STR_ARG(reason));
    return NDF_OK;
}

static int apply_cancel(struct executor *x, const struct value *body)
{
    struct str words = value_get_str(body, STR("error"));
    struct str step = value_get_str(body, STR("step"));
    if (x->cancel != REASON_NONE) return NDF_ECORRUPT;
    x->cancel = exec_reason_of(body);
    /* A task that failed is not why the run is stopped, unless it says so. */
    if (x->parallel != NULL) {
        x->failed = step.at != NULL ? map_get(&x->shared->by_id, step) : NULL;
    }
    err_set(&x->cancel_error, NDF_ECANCELLED, "%.*s", STR_ARG(words));
    return NDF_OK;
}

/* Nobody is asked any more. */
static void drop_asks(struct executor *x)
{
    if (x->approval == APPROVAL_ASKED) x->shared->asked--;
    if (x->approval == APPROVAL_ASKED) x->approval = APPROVAL_NONE;
    for (uint32_t i = 0; i < x->leaf_count && x->shared->asked > 0; i++) {
        struct exec_node *node = &x->nodes[x->leaves[i]];
        if (node->approval != APPROVAL_ASKED) continue;
        node->approval = APPROVAL_NONE;
        x->shared->asked--;
    }
}

static int apply_end(
    struct executor *x, const struct value *body, ndf_error *error)
{
    struct exec_end *end = &x->end;
    int state = name_index(state_names, STATE_COUNT,
        value_get_str(body, STR("state")), NDF_RUN_RUNNING);
    if (state == NDF_RUN_RUNNING) return NDF_ECORRUPT;
    struct str outcome = value_get_str(body, STR("outcome"));
    *end = (struct exec_end){
        .state = (enum ndf_run_state)state,
        .evidence = arena_str(&x->arena, value_get_str(body, STR("evidence"))),
        .error = arena_str(&x->arena, value_get_str(body, STR("error"))),
        .step = arena_str(&x->arena, value_get_str(body, STR("step"))),
        .preservation = 1,
        .steps_done = exec_steps_done(x),
        .steps_total = exec_steps_total(x),
        .busy_ms = x->busy_ms,
        .tokens = x->tokens,
        .cost = x->cost,
    };
    for (int i = OUTCOME_UNKNOWN; i <= OUTCOME_FAILURE; i++) {
        const char *name = outcome_result_name((enum outcome_result)i);
        if (!str_equal(outcome, str_of(name))) continue;
        end->outcome = (enum outcome_result)i;
    }
    const struct value *preservation = value_get(body, STR("preservation"));
    if (preservation != NULL && preservation->kind == VALUE_REAL) {
        end->preservation = preservation->real;
    } else if (preservation != NULL && preservation->kind == VALUE_INT) {
        end->preservation = (double)preservation->integer;
    }
    end->preservation = fmin(fmax(end->preservation, 0), 1);
    x->ended = true;
    drop_asks(x);
    bool kept = end->evidence.at != NULL && end->error.at != NULL &&
                end->step.at != NULL;
    if (!kept) return NDF_ENOMEM;
    return x->phase != NULL ? exec_meta_member_ended(x, error) : NDF_OK;
}

static int apply_slot_record(struct exec_shared *shared,
    const struct exec_record *record, const struct value *output,
    ndf_error *error)
{
    struct str kind = record->kind;
    struct exec_node *node =
        map_get(&shared->by_id, value_get_str(record->body, STR("step")));
    if (node == NULL) return NDF_ECORRUPT;
    struct executor *x = node->owner;
    if (x->ended || (x->phase != NULL && !x->began)) return NDF_ECORRUPT;
    struct exec_slot *slot = &node->work;
    if (str_equal(kind, STR("ask"))) return apply_ask(x, node);
    if (str_equal(kind, STR("approve"))) {
        return apply_approve(x, node, record->body);
    }
    if (str_equal(kind, STR("skip"))) {
        bool pass = value_get_bool(record->body, STR("if"), false);
        return pass ? apply_pass(x, node) : apply_skip(x, node);
    }
    if (str_starts(kind, STR("verify_"))) {
        if (node->proof == NULL) return NDF_ECORRUPT;
        slot = &node->proof->slot;
        kind = str_from(kind, sizeof "verify_" - 1);
    }
    if (str_starts(kind, STR("undo_"))) {
        slot = &node->undo;
        kind = str_from(kind, sizeof "undo_" - 1);
        if (!node->plan->step.undo.set) return NDF_ECORRUPT;
    }
    if (str_equal(kind, STR("intent"))) {
        return apply_intent(x, slot, record->body);
    }
    if (str_equal(kind, STR("result"))) {
        return apply_result(x, slot, record, output, error);
    }
    if (str_equal(kind, STR("retry"))) return apply_retry(slot, record->body);
    return NDF_ECORRUPT;
}

/* Of the whole run, or of a pattern inside a meta pattern. */
int exec_apply_run(struct executor *x, struct str kind,
    const struct value *body, ndf_error *error)
{
    if (x->ended || (x->phase != NULL && !x->began)) return NDF_ECORRUPT;
    if (str_equal(kind, STR("end"))) return apply_end(x, body, error);
    if (str_equal(kind, STR("cancel"))) return apply_cancel(x, body);
    if (str_equal(kind, STR("ask"))) return apply_ask(x, NULL);
    if (str_equal(kind, STR("approve"))) return apply_approve(x, NULL, body);
    return NDF_ECORRUPT;
}

int exec_apply(struct executor *x, const struct exec_record *record,
    const struct value *output, ndf_error *error)
{
    struct executor *root = exec_member_at(x->shared, 0);
    int err = NDF_ECORRUPT;
    bool of_step = value_get(record->body, STR("step")) != NULL;
    bool of_person = str_equal(record->kind, STR("ask")) ||
                     str_equal(record->kind, STR("approve"));
    if (root->ended) return misfit(root, record, error);
    if (str_equal(record->kind, STR("cancel")) ||
        str_equal(record->kind, STR("end")) || (of_person && !of_step)) {
        err = exec_apply_run(root, record->kind, record->body, error);
    } else if (str_starts(record->kind, STR("pattern_")) ||
               str_starts(record->kind, STR("phase_"))) {
        err = exec_meta_apply(x->shared, record, error);
    } else {
        err = apply_slot_record(x->shared, record, output, error);
    }
    return err == NDF_ECORRUPT ? misfit(root, record, error) : err;
}
