/*
 * exec_call.c - what an agent is given: argv, environment, request.
 *
 * A call is a pure function of the plan, the context and the outputs before
 * it, so an adopted call is made again exactly as it was.
 */
#include "base/json.h"
#include "run/exec.h"

struct str exec_task_text(const struct executor *x)
{
    for (const struct executor *at = x; at != NULL; at = at->parent)
        if (at->plan->task.at != NULL) return at->plan->task;
    return x->context.text;
}

static const struct agent *agent_of(const struct exec_slot *slot)
{
    const struct plan_node *plan = slot->node->plan;
    if (slot->verify) return &plan->verify_agent;
    if (slot->undo && plan->step.undo.agent.at != NULL) {
        return &plan->undo_agent;
    }
    return &plan->agent;
}

static bool runs_own_argv(const struct exec_slot *slot)
{
    return slot->undo && slot->node->plan->step.undo.agent.at == NULL;
}

enum runtime exec_call_runtime(const struct exec_slot *slot)
{
    const struct plan_node *plan = slot->node->plan;
    if (slot->verify) return plan->verify_runtime;
    if (!slot->undo) return plan->runtime;
    return runs_own_argv(slot) ? RUNTIME_PROCESS : plan->undo_runtime;
}

/* What an agent may know a call by. Another try of the work is another thing to
 * verify. */
static struct str make_key(const struct executor *x, struct exec_slot *slot)
{
    struct str id = slot->node->plan->id;
    struct str run = x->shared->run;
    if (slot->verify) {
        return arena_format(&slot->arena, "%.*s/%.*s#verify.%u", STR_ARG(run),
            STR_ARG(id), slot->node->work.attempt);
    }
    return arena_format(&slot->arena, "%.*s/%.*s%s", STR_ARG(run), STR_ARG(id),
        slot->undo ? "#undo" : "");
}

static int make_names(
    struct executor *x, struct exec_slot *slot, uint32_t attempt)
{
    struct arena *arena = &slot->arena;
    struct agent_call *call = &slot->call;
    const struct plan_node *plan = slot->node->plan;
    call->run = x->shared->run;
    call->step = plan->id;
    call->attempt = attempt;
    call->agent = agent_of(slot)->name;
    call->cwd = x->plan->cwd;
    call->boot = x->shared->boot;
    call->output_max = agent_of(slot)->output_max;
    call->pass_env = agent_of(slot)->pass_env;
    call->sandbox = agent_of(slot)->sandbox;
    call->timeout_ms = plan->step.timeout_ms;
    if (!slot->undo) call->silence_ms = plan->step.heartbeat_ms;
    if (slot->undo && plan->step.undo.timeout_ms > 0) {
        call->timeout_ms = plan->step.undo.timeout_ms;
    }
    call->key = make_key(x, slot);
    call->file = arena_format(arena, "%c%u.%u",
        slot->undo     ? 'u'
        : slot->verify ? 'v'
                       : 's',
        x->first_leaf + slot->node->leaf + 1, attempt);
    if (call->key.at == NULL || call->file.at == NULL) return NDF_ENOMEM;
    return NDF_OK;
}

static int make_argv(const struct template_scope *scope, struct exec_slot *slot,
    ndf_error *error)
{
    const struct str_list *argv = runs_own_argv(slot)
                                      ? &slot->node->plan->step.undo.run
                                      : &agent_of(slot)->run;
    struct agent_call *call = &slot->call;
    if (exec_call_runtime(slot) != RUNTIME_PROCESS) return NDF_OK;
    int err = template_list(&slot->arena, scope, argv, &call->argv, error);
    if (err != NDF_OK || runs_own_argv(slot)) return err;
    struct value env;
    err =
        template_value(&slot->arena, scope, &agent_of(slot)->env, &env, error);
    /* The context may be another one before the call is started. */
    if (err == NDF_OK) err = value_copy(&slot->arena, &env, &call->env);
    return err;
}

/* A JSON object under construction; an error sticks. */
struct body {
    struct arena *arena;
    struct value value;
    int err;
};

static void body_set(struct body *body, struct str key, struct value value)
{
    if (body->err != NDF_OK) return;
    body->err = value_set(body->arena, &body->value, key, value);
}

static void body_add_agent(struct body *body, const struct agent *agent)
{
    struct body inner = {body->arena, value_of_object(), NDF_OK};
    body_set(&inner, STR("name"), value_of_str(agent->name));
    if (agent->body.size > 0) {
        body_set(&inner, STR("body"), value_of_str(agent->body));
    }
    if (inner.err != NDF_OK) body->err = inner.err;
    body_set(body, STR("agent"), inner.value);
}

static int make_request(struct executor *x, struct exec_slot *slot,
    const struct template_scope *scope, ndf_error *error)
{
    const struct step *step = &slot->node->plan->step;
    struct agent_call *call = &slot->call;
    struct value with = value_of_object();
    const struct value *given = slot->undo ? &step->undo.with : &step->with;
    if (given->kind == VALUE_OBJECT) {
        int err = template_value(&slot->arena, scope, given, &with, error);
        if (err != NDF_OK) return err;
    }
    struct str task = exec_task_text(x);
    struct body body = {&slot->arena, value_of_object(), NDF_OK};
    body_set(
        &body, STR("task"), value_of_str(task.at != NULL ? task : STR("")));
    body_set(&body, STR("context"), x->context_value);
    body_set(&body, STR("with"), with);
    body_set(&body, STR("run"), value_of_str(x->shared->run));
    body_set(&body, STR("step"), value_of_str(call->step));
    body_set(&body, STR("key"), value_of_str(call->key));
    body_set(&body, STR("attempt"), value_of_int(call->attempt));
    body_add_agent(&body, agent_of(slot));
    if (slot->undo || slot->verify) {
        const struct value *output = x->steps[slot->node->leaf].output;
        body_set(&body, slot->undo ? STR("undo") : STR("verify"),
            value_of_bool(true));
        body_set(&body, STR("output"), output != NULL ? *output : value_null);
    }
    if (body.err != NDF_OK) return body.err;
    struct buf buf;
    buf_init(&buf, x->mem);
    json_write(&buf, &body.value);
    int err = buf_error(&buf);
    if (err == NDF_OK) {
        call->request = arena_str(&slot->arena, buf_str(&buf));
        if (call->request.at == NULL) err = NDF_ENOMEM;
    }
    buf_deinit(&buf);
    return err;
}

int exec_call_make(struct executor *x, struct exec_slot *slot, uint32_t attempt,
    ndf_error *error)
{
    const struct plan_node *plan = slot->node->plan;
    struct context context = x->context;
    context.text = exec_task_text(x);
    struct template_scope scope = {
        .context = &context,
        .run = x->shared->run,
        .agent = agent_of(slot),
        .steps = x->steps,
        .step_count = slot->undo ? x->leaf_count : slot->node->leaf,
    };
    slot->call = (struct agent_call){.env = value_of_object()};
    int err = exec_view(x, slot);
    if (err == NDF_OK && x->parallel != NULL && !slot->undo) {
        err = exec_task_scope(x, slot, &scope.steps, &scope.step_count);
    }
    if (err == NDF_OK) err = make_names(x, slot, attempt);
    if (err == NDF_OK) err = make_argv(&scope, slot, error);
    bool work = !slot->undo && !slot->verify;
    if (err == NDF_OK && work && plan->step.expect.set) {
        err = template_list(&slot->arena, &scope, &plan->step.expect.files,
            &slot->call.files, error);
    }
    if (err == NDF_OK) err = make_request(x, slot, &scope, error);
    return err;
}
