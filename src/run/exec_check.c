/*
 * exec_check.c - what of a plan could not be run, found before it is run.
 *
 * Everything that would fail a step for certain, and everything a plan may say
 * that this executor does not do, is refused here with a sentence that names
 * the step. Invariant: what passes is understood whole.
 */
#include <math.h>

#include "run/exec.h"
#include "run/expect.h"
#include "run/when.h"

/* Puts "step 'x': " before what went wrong. */
static int in_step(int err, const struct exec_node *node, ndf_error *error)
{
    if (err == NDF_OK || err == NDF_ENOMEM || error == NULL) return err;
    ndf_error inner = *error;
    return err_at(error, err, inner.line, inner.column, "step '%.*s': %s",
        STR_ARG(node->plan->id), inner.message);
}

static int check_runnable(const struct agent *agent, enum runtime runtime,
    const struct str_list *argv, ndf_error *error)
{
    if (runtime != RUNTIME_PROCESS || argv->count > 0) return NDF_OK;
    return err_set(error, NDF_EREFERENCE,
        "agent '%.*s' says nothing to run: give it 'run: [program, ...]', or "
        "import its folder with a program for all (--run)",
        STR_ARG(agent->name));
}

static int check_list(const struct template_names *names,
    const struct str_list *list, ndf_error *error)
{
    int err = NDF_OK;
    for (size_t i = 0; i < list->count && err == NDF_OK; i++) {
        err = template_check_text(names, list->items[i], error);
    }
    return err;
}

static int check_agent(const struct template_names *names,
    const struct agent *agent, enum runtime runtime, ndf_error *error)
{
    if (runtime != RUNTIME_PROCESS) return NDF_OK;
    int err = check_runnable(agent, runtime, &agent->run, error);
    if (err == NDF_OK) err = check_list(names, &agent->run, error);
    if (err == NDF_OK) err = template_check_value(names, &agent->env, error);
    return err;
}

static int check_condition(const struct exec_node *node,
    const struct template_names *names, ndf_error *error)
{
    struct str condition = node->plan->step.condition;
    if (condition.at == NULL) return NDF_OK;
    struct arena scratch;
    arena_init(&scratch, node->owner->mem);
    int err = when_check(&scratch, names, condition, error);
    arena_deinit(&scratch);
    return err;
}

static int check_work(const struct exec_node *node,
    const struct template_names *names, ndf_error *error)
{
    const struct step *step = &node->plan->step;
    int err =
        check_agent(names, &node->plan->agent, node->plan->runtime, error);
    if (err == NDF_OK) err = template_check_value(names, &step->with, error);
    if (err == NDF_OK && step->expect.set) {
        err = check_list(names, &step->expect.files, error);
    }
    if (err == NDF_OK) err = expect_supported(&step->expect, error);
    if (err == NDF_OK) err = check_condition(node, names, error);
    if (err == NDF_OK && step->verify.at != NULL) {
        err = check_agent(names, &node->plan->verify_agent,
            node->plan->verify_runtime, error);
    }
    return in_step(err, node, error);
}

static int check_undo(const struct exec_node *node,
    const struct template_names *names, ndf_error *error)
{
    const struct undo *undo = &node->plan->step.undo;
    if (!undo->set) return NDF_OK;
    int err = NDF_OK;
    if (undo->agent.at != NULL) {
        err = check_agent(
            names, &node->plan->undo_agent, node->plan->undo_runtime, error);
    } else {
        err = check_runnable(
            &node->plan->agent, RUNTIME_PROCESS, &undo->run, error);
        if (err == NDF_OK) err = check_list(names, &undo->run, error);
    }
    if (err == NDF_OK) err = template_check_value(names, &undo->with, error);
    return in_step(err, node, error);
}

static int check_budget(const struct executor *x, ndf_error *error)
{
    const struct executor *bound = x;
    while (bound != NULL && isnan(bound->plan->budget.cost)) {
        bound = bound->parent;
    }
    if (bound == NULL) return NDF_OK;
    for (uint32_t i = 0; i < x->leaf_count; i++) {
        const struct plan_node *plan = x->nodes[x->leaves[i]].plan;
        const struct agent *agent = &plan->agent;
        if (agent->price.kind != VALUE_NULL && plan->step.verify.at != NULL) {
            agent = &plan->verify_agent;
        }
        if (agent->price.kind != VALUE_NULL) continue;
        return err_set(error, NDF_EUNSUPPORTED,
            "step '%.*s': a cost budget cannot be kept, as the price of agent "
            "'%.*s' is unknown: give the agent a 'price'",
            STR_ARG(plan->id), STR_ARG(agent->name));
    }
    return NDF_OK;
}

static size_t count_writes(const struct executor *x)
{
    size_t count = 0;
    for (uint32_t i = 0; i < x->leaf_count; i++) {
        count += x->nodes[x->leaves[i]].plan->step.writes.count;
    }
    return count;
}

/* The names that a plan's templates may say, as they grow; in an arena. */
struct said {
    struct template_names names;
    struct str *steps;
    struct str *writes;
    bool *used;       /* of steps */
    uint32_t *leaves; /* which they are */
};

static int said_init(
    struct said *said, const struct executor *x, struct arena *arena)
{
    size_t count = (size_t)x->leaf_count + 1;
    *said = (struct said){
        .steps = arena_calloc(arena, count, sizeof *said->steps),
        .writes =
            arena_calloc(arena, count_writes(x) + 1, sizeof *said->writes),
        .used = arena_calloc(arena, count, sizeof *said->used),
        .leaves = arena_calloc(arena, count, sizeof *said->leaves),
    };
    said->names = (struct template_names){
        .steps = said->steps,
        .context = &x->context,
        .writes = said->writes,
        .any_attribute = x->plan->policy == POLICY_RECORD || x->guessed,
        .used = said->used,
        .tasks = x->parallel != NULL,
    };
    bool all = said->steps != NULL && said->writes != NULL &&
               said->used != NULL && said->leaves != NULL;
    return all ? NDF_OK : NDF_ENOMEM;
}

static void say_step(struct said *said, const struct executor *x, uint32_t leaf)
{
    const struct step *step = &x->nodes[x->leaves[leaf]].plan->step;
    size_t at = said->names.step_count++;
    said->steps[at] = step->name;
    said->leaves[at] = leaf;
    said->used[at] = false;
    for (size_t w = 0; w < step->writes.count; w++) {
        said->writes[said->names.write_count++] = step->writes.items[w];
    }
}

/* What the templates of a step's work may name: all before it, or what a task
 * needs. */
static void say_before(struct said *said, struct executor *x, uint32_t leaf)
{
    if (x->parallel == NULL) {
        if (leaf > 0) say_step(said, x, leaf - 1);
        return;
    }
    said->names.step_count = 0;
    said->names.write_count = 0;
    if (x->parallel->tasks[leaf].need_count == 0) return;
    exec_closure(x, leaf);
    for (uint32_t i = 0; i < x->leaf_count; i++) {
        if (x->parallel->marks[i]) say_step(said, x, i);
    }
}

static void keep_used(const struct said *said, struct executor *x)
{
    for (size_t i = 0; i < said->names.step_count; i++) {
        if (said->used[i]) x->used[said->leaves[i]] = true;
    }
}

static int check_steps(struct executor *x, struct said *said, ndf_error *error)
{
    int err = NDF_OK;
    for (uint32_t i = 0; i < x->leaf_count && err == NDF_OK; i++) {
        say_before(said, x, i);
        err = check_work(&x->nodes[x->leaves[i]], &said->names, error);
        if (x->parallel != NULL) keep_used(said, x);
        const struct step *step = &x->nodes[x->leaves[i]].plan->step;
        if (step->verify.at != NULL) x->used[i] = true;
    }
    keep_used(said, x);
    return err;
}

/* An undo may name all steps, in the order of the plan. */
static int check_undos(struct executor *x, struct said *said, ndf_error *error)
{
    int err = NDF_OK;
    said->names.step_count = 0;
    said->names.write_count = 0;
    said->names.tasks = false;
    for (uint32_t i = 0; i < x->leaf_count; i++) {
        say_step(said, x, i);
    }
    for (uint32_t i = 0; i < x->leaf_count && err == NDF_OK; i++) {
        const struct exec_node *node = &x->nodes[x->leaves[i]];
        err = check_undo(node, &said->names, error);
        if (node->plan->step.undo.set) x->used[i] = true;
    }
    keep_used(said, x);
    return err;
}

int exec_check(struct executor *x, ndf_error *error)
{
    struct arena scratch;
    struct said said;
    arena_init(&scratch, x->mem);
    int err = said_init(&said, x, &scratch);
    if (err == NDF_OK) err = check_budget(x, error);
    if (err == NDF_OK) err = check_steps(x, &said, error);
    if (err == NDF_OK) err = check_undos(x, &said, error);
    arena_deinit(&scratch);
    return err;
}
