/*
 * exec_judge.c - what a result is worth.
 *
 * Good means: it ended by itself, did what was expected, and changed of the
 * context only what it may (or the policy took the rest back). Nothing here
 * changes the run; the verdict becomes a record.
 */
#include "base/json.h"
#include "run/exec.h"
#include "run/expect.h"
#include "run/result.h"

enum { JUDGE_LINE_MAX = 300 };

/* The last line of a log that is not blank. */
static struct str last_line(struct str log)
{
    log = str_trim(log);
    size_t start = log.size;
    while (start > 0 && log.at[start - 1] != '\n') {
        start--;
    }
    return str_trim(str_from(log, start));
}

static struct str agent_name(const struct exec_slot *slot)
{
    const struct plan_node *plan = slot->node->plan;
    if (slot->verify) return plan->verify_agent.name;
    if (!slot->undo) return plan->agent.name;
    return plan->step.undo.agent.at != NULL ? plan->undo_agent.name
                                            : STR("undo");
}

/* "agent 'x' WHAT: its own words". */
static void explain(struct exec_verdict *out, const struct exec_slot *slot,
    const struct agent_result *result, const char *what)
{
    struct str words = result->error;
    if (words.size == 0) words = last_line(result->log);
    words = str_until(words,
        words.size < JUDGE_LINE_MAX ? words.size : (size_t)JUDGE_LINE_MAX);
    err_set(&out->error, NDF_EAGENT, "%s '%.*s' %s%s%.*s",
        slot->verify ? "verifier" : "agent", STR_ARG(agent_name(slot)), what,
        words.size > 0 ? ": " : "", STR_ARG(words));
}

static void judge_exit(struct exec_verdict *out, const struct exec_slot *slot,
    const struct agent_result *result)
{
    const struct plan_node *plan = slot->node->plan;
    enum runtime runtime = slot->undo ? plan->undo_runtime : plan->runtime;
    ndf_error what = {0};
    err_set(&what, NDF_EAGENT, "ended with status %d", result->exit);
    out->reason = REASON_FAILURE;
    /* What a function returned means nothing to its host's users. */
    explain(out, slot, result,
        runtime == RUNTIME_CALLBACK ? "failed" : what.message);
}

static int judge_work(struct exec_verdict *out, struct executor *x,
    const struct exec_slot *slot, const struct agent_result *result)
{
    const struct expect *expect = &slot->node->plan->step.expect;
    bool asked = expect->set && expect->exit_set;
    if (!asked && result->exit != 0) {
        judge_exit(out, slot, result);
        return NDF_OK;
    }
    ndf_error missed = {0};
    int err = expect_verify(
        x->shared->out->arena, expect, &slot->call.files, result, &missed);
    if (err == NDF_EAGENT) {
        bool silent = result_empty(result) && result->exit == 0;
        out->reason = silent ? REASON_FAILURE : REASON_EXPECT;
        err_set(&out->error, NDF_EAGENT, "agent '%.*s': %s",
            STR_ARG(agent_name(slot)), missed.message);
        return NDF_OK;
    }
    if (err != NDF_OK) return err;
    out->ok = true;
    out->proof = expect_proves(expect);
    return NDF_OK;
}

/* Those that did not end by themselves. */
static void judge_ended(struct exec_verdict *out, const struct executor *x,
    const struct exec_slot *slot, const struct agent_result *result)
{
    ndf_error what = {0};
    out->reason = REASON_FAILURE;
    switch (result->status) {
    case AGENT_SIGNALLED:
        err_set(&what, NDF_EAGENT, "died of signal %d", result->signal);
        break;
    case AGENT_TIMED_OUT:
        out->reason = REASON_TIMEOUT;
        err_set(&what, NDF_ETIMEOUT, "did not end within its timeout");
        break;
    case AGENT_SILENT:
        out->reason = REASON_TIMEOUT;
        err_set(&what, NDF_ETIMEOUT,
            "gave no sign of life for as long as its heartbeat allows, and was "
            "stopped");
        break;
    case AGENT_OUTPUT_CAP:
        err_set(&what, NDF_ELIMIT,
            "printed more than it may and was stopped (write large results to "
            "a file, or raise its output limit)");
        break;
    case AGENT_OUTPUT_LOST:
        err_set(&what, NDF_EIO, "ran, but its output could not be kept");
        break;
    case AGENT_START_FAILED:
        out->reason = REASON_START;
        err_set(&what, NDF_EAGENT, "could not be started");
        break;
    case AGENT_CANCELLED:
        if (x->cancel != REASON_NONE) out->reason = REASON_CANCELLED;
        err_set(&what, NDF_ECANCELLED, "was stopped");
        break;
    case AGENT_EXITED:
    case AGENT_LOST:
    case AGENT_NEVER_STARTED: break;
    }
    explain(out, slot, result, what.message);
}

/* NOLINTNEXTLINE(misc-no-recursion): at most VALUE_DEPTH_MAX levels. */
int exec_diff(struct arena *arena, const struct value *a, const struct value *b,
    struct value *out)
{
    *out = value_of_object();
    int err = NDF_OK;
    for (size_t i = 0; i < a->object.count && err == NDF_OK; i++) {
        struct str key = a->object.members[i].key;
        if (value_get(b, key) != NULL) continue;
        err = value_set(arena, out, key, value_null);
    }
    for (size_t i = 0; i < b->object.count && err == NDF_OK; i++) {
        const struct member *member = &b->object.members[i];
        const struct value *old = value_get(a, member->key);
        if (old != NULL && value_equal(old, &member->value)) continue;
        struct value change = member->value;
        if (old != NULL && old->kind == VALUE_OBJECT &&
            change.kind == VALUE_OBJECT) {
            err = exec_diff(arena, old, &member->value, &change);
        }
        if (err == NDF_OK) err = value_set(arena, out, member->key, change);
    }
    return err;
}

static int encoded_size(
    const struct mem *mem, const struct value *value, size_t *out)
{
    struct buf buf;
    buf_init(&buf, mem);
    json_write(&buf, value);
    int err = buf_error(&buf);
    *out = buf.size;
    buf_deinit(&buf);
    return err;
}

static void fail_patch(struct exec_verdict *out, const struct exec_slot *slot,
    enum exec_reason reason, const char *why)
{
    out->ok = false;
    out->proof = false;
    out->patched = false;
    out->reason = reason;
    err_set(&out->error, NDF_EAGENT, "agent '%.*s': %s",
        STR_ARG(agent_name(slot)), why);
}

static int judge_patch(struct exec_verdict *out, struct executor *x,
    const struct exec_slot *slot, const struct agent_result *result)
{
    struct arena *arena = x->shared->out->arena;
    struct patch_result patched;
    ndf_error why = {0};
    int err = patch_apply(arena, &x->context, &result->patch,
        &slot->node->plan->step.writes, x->plan->policy, &patched, &why);
    if (err == NDF_ENOMEM) return err;
    if (err != NDF_OK) {
        fail_patch(out, slot, REASON_FAILURE, why.message);
        return NDF_OK;
    }
    out->violations = patched.violations;
    out->violation_count = patched.violation_count;
    if (x->plan->policy == POLICY_ENFORCE && patched.violation_count > 0) {
        err_set(&why, NDF_EAGENT,
            "it changed '%.*s', which it does not declare in 'writes'",
            STR_ARG(patched.violations[0].field));
        fail_patch(out, slot, REASON_ENFORCE, why.message);
        return NDF_OK;
    }
    size_t size = 0;
    err = context_encode(arena, &patched.context, &out->after);
    if (err == NDF_OK) err = encoded_size(x->mem, &out->after, &size);
    if (err != NDF_OK) return err;
    if (size > CONTEXT_SIZE_MAX) {
        fail_patch(out, slot, REASON_FAILURE,
            "its patch makes the context larger than 8 MiB: hand large things "
            "on as files");
        return NDF_OK;
    }
    out->patched = !value_equal(&x->context_value, &out->after);
    if (!out->patched) return NDF_OK;
    err = exec_diff(arena, &x->context_value, &out->after, &out->patch);
    if (err != NDF_OK || x->parallel == NULL) return err;
    if (x->parallel->patch_bytes + value_size(&out->patch) > CONTEXT_SIZE_MAX) {
        fail_patch(out, slot, REASON_FAILURE,
            "its patch and those of the other tasks make the context larger "
            "than 8 MiB: hand large things on as files");
    }
    return NDF_OK;
}

int exec_judge(struct executor *x, const struct exec_slot *slot,
    const struct agent_result *result, struct exec_verdict *out)
{
    *out = (struct exec_verdict){0};
    if (result->status != AGENT_EXITED) {
        judge_ended(out, x, slot, result);
        return NDF_OK;
    }
    if (slot->verify) return exec_judge_verifier(x, slot, result, out);
    if (slot->undo) {
        out->ok = result->exit == 0;
        if (!out->ok) judge_exit(out, slot, result);
        return NDF_OK;
    }
    int err = exec_view(x, slot);
    if (err == NDF_OK) err = judge_work(out, x, slot, result);
    if (err == NDF_OK && out->ok && result->patch.kind != VALUE_NULL) {
        err = judge_patch(out, x, slot, result);
    }
    return err;
}
