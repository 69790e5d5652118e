/*
 * exec_gate.c - what stands before a step's first call: its `if`, and a
 * person's approval.
 *
 * A condition is judged when the step's turn has come; nobody is asked about a
 * step that will not be called. Asking and the answer are records, so a run
 * that lost its owner goes on waiting, or goes on, where it was.
 */
#include "run/exec.h"
#include "run/when.h"

/* ---- if ----------------------------------------------------------------- */

static int judge(
    struct executor *x, struct exec_node *node, bool *holds, ndf_error *error)
{
    struct arena *arena = x->shared->out->arena;
    struct template_scope scope = {
        .context = &x->context,
        .run = x->shared->run,
        .agent = &node->plan->agent,
        .steps = x->steps,
        .step_count = node->leaf,
    };
    int err = exec_view(x, &node->work);
    if (err == NDF_OK && x->parallel != NULL) {
        err = exec_task_scope(x, &node->work, &scope.steps, &scope.step_count);
    }
    if (err != NDF_OK) return err;
    return when_holds(arena, &scope, node->plan->step.condition, holds, error);
}

static int pass(struct executor *x, struct exec_node *node)
{
    int err = exec_record_pass(x, node);
    if (err != NDF_OK) return err;
    return exec_progress(
        x, NDF_EVENT_STEP_SKIPPED, &node->work, "its 'if' does not hold");
}

static int check_condition(struct executor *x, struct exec_node *node)
{
    bool holds = true;
    ndf_error error = {0};
    bool judged = node->judged || node->approval != APPROVAL_NONE;
    if (judged || node->plan->step.condition.at == NULL) return NDF_OK;
    int err = judge(x, node, &holds, &error);
    if (err == NDF_ENOMEM) return err;
    if (err != NDF_OK) return exec_slot_refuse(x, &node->work, error.message);
    node->judged = holds;
    return holds ? NDF_OK : pass(x, node);
}

/* ---- approval ----------------------------------------------------------- */

static int tell(struct executor *x, const struct exec_node *node)
{
    return exec_progress(x, NDF_EVENT_APPROVAL_ASKED,
        node != NULL ? &node->work : NULL, "it waits for approval");
}

static int ask(struct executor *x, const struct exec_node *node)
{
    int err = exec_record_ask(x, node);
    return err == NDF_OK ? tell(x, node) : err;
}

static bool is_stopped(const struct executor *x)
{
    return x->ended || x->failing || x->cancel != REASON_NONE;
}

/* A denial ends the run, whichever of its patterns asked. */
static int check_approval(
    struct executor *x, const struct exec_node *node, enum approval approval)
{
    struct executor *root = exec_member_at(x->shared, 0);
    if (approval == APPROVAL_NONE) return ask(x, node);
    if (approval != APPROVAL_DENIED || is_stopped(root)) return NDF_OK;
    return exec_record_cancel(root, REASON_DENIED, x->shared->denied.message,
        root == x ? node : NULL);
}

bool exec_gate_open(const struct exec_node *node)
{
    return !node->plan->step.approval || node->approval == APPROVAL_GIVEN;
}

int exec_gate(struct executor *x, struct exec_node *node)
{
    int err = check_condition(x, node);
    bool over = node->state == NODE_DONE || node->state == NODE_FAILED;
    if (err != NDF_OK || over || exec_gate_open(node)) return err;
    return check_approval(x, node, node->approval);
}

bool exec_pattern_open(const struct executor *x)
{
    return !x->plan->approval || x->approval == APPROVAL_GIVEN;
}

int exec_pattern_gate(struct executor *x)
{
    if (exec_pattern_open(x) || x->cancel != REASON_NONE) return NDF_OK;
    return check_approval(x, NULL, x->approval);
}

/* Words for what was not asked, or was answered already, change nothing. */
int exec_on_approve(
    struct exec_shared *shared, const struct exec_approval *word)
{
    struct executor *root = exec_member_at(shared, 0);
    struct executor *x = root;
    const struct exec_node *node = NULL;
    if (word->step.size > 0) {
        node = map_get(&shared->by_id, word->step);
        x = node != NULL ? node->owner : map_get(&shared->patterns, word->step);
        if (x == NULL) return NDF_OK;
    }
    enum approval now = node != NULL ? node->approval : x->approval;
    if (is_stopped(root) || is_stopped(x) || now != APPROVAL_ASKED) {
        return NDF_OK;
    }
    int err = exec_record_approve(x, node, word->approved, word->reason);
    if (err != NDF_OK) return err;
    ndf_error detail = {0};
    err_set(&detail, NDF_OK, "%.*s", STR_ARG(word->reason));
    return exec_progress(x,
        word->approved ? NDF_EVENT_APPROVED : NDF_EVENT_DENIED,
        node != NULL ? &node->work : NULL, detail.message);
}

static int tell_asked(struct executor *x)
{
    int err = NDF_OK;
    if (x->approval == APPROVAL_ASKED) err = tell(x, NULL);
    for (uint32_t i = 0; i < x->leaf_count && err == NDF_OK; i++) {
        const struct exec_node *node = &x->nodes[x->leaves[i]];
        if (node->approval == APPROVAL_ASKED) err = tell(x, node);
    }
    return err;
}

int exec_tell_asked(struct exec_shared *shared)
{
    int err = NDF_OK;
    if (shared->asked == 0) return NDF_OK;
    for (size_t i = 0; i < shared->members.count && err == NDF_OK; i++) {
        err = tell_asked(exec_member_at(shared, i));
    }
    return err;
}

static bool moves(const struct executor *x)
{
    for (uint32_t i = 0; i < x->leaf_count; i++) {
        struct exec_node *node = &x->nodes[x->leaves[i]];
        enum slot_phase phase = exec_turn(node)->phase;
        bool waits = phase == SLOT_INTENDED || phase == SLOT_RUNNING ||
                     phase == SLOT_WAITING;
        if (waits) return true;
    }
    return x->failing && !x->ended;
}

bool exec_stands(const struct exec_shared *shared)
{
    if (shared->asked == 0 || is_stopped(exec_member_at(shared, 0))) {
        return false;
    }
    for (size_t i = 0; i < shared->members.count; i++) {
        if (moves(exec_member_at(shared, i))) return false;
    }
    return true;
}
