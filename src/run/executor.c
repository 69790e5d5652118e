/*
 * executor.c - one run as a pure state machine: making one, replaying its
 * journal, and telling it what happened.
 *
 * See exec.h for how the parts play together. Invariant of this file: a step
 * first takes the event in, then does whatever the state now allows, then says
 * what has become certain.
 */
#include "run/executor.h"

#include <math.h>

#include "run/exec.h"

static void slot_init(
    struct executor *x, struct exec_node *node, struct exec_slot *slot)
{
    slot->node = node;
    slot->undo = slot == &node->undo;
    arena_init(&slot->arena, x->mem);
}

static void node_init(struct executor *x, uint32_t index,
    const struct plan_node *plan, uint32_t leaf)
{
    struct exec_node *node = &x->nodes[index];
    node->plan = plan;
    node->index = index;
    node->end = index + 1;
    node->cursor = index + 1;
    node->leaf = leaf;
    slot_init(x, node, &node->work);
    slot_init(x, node, &node->undo);
}

struct walk {
    const struct plan_node *node;
    size_t child;
    uint32_t index;
};

/* Counts the plan's nodes and steps; fills x->nodes too when it is there. */
static int walk_plan(struct executor *x, ndf_error *error)
{
    struct walk stack[PLAN_DEPTH_MAX];
    const struct plan_node *next = &x->plan->root;
    size_t depth = 0;
    x->node_count = 0;
    x->leaf_count = 0;
    while (next != NULL || depth > 0) {
        if (next != NULL) {
            if (depth == PLAN_DEPTH_MAX || x->node_count == PLAN_NODES_MAX) {
                return err_set(error, NDF_ELIMIT,
                    "the plan of '%.*s' is too large or nested too deeply",
                    STR_ARG(x->plan->pattern));
            }
            uint32_t index = x->node_count++;
            if (x->nodes != NULL) node_init(x, index, next, x->leaf_count);
            if (next->kind == NODE_STEP) x->leaf_count++;
            stack[depth++] = (struct walk){.node = next, .index = index};
        }
        struct walk *top = &stack[depth - 1];
        bool inner =
            top->node->kind != NODE_STEP && top->child < top->node->child_count;
        next = inner ? &top->node->children[top->child++] : NULL;
        if (inner) continue;
        if (x->nodes != NULL) x->nodes[top->index].end = x->node_count;
        depth--;
    }
    return NDF_OK;
}

static int make_tables(struct executor *x)
{
    size_t leaves = (size_t)x->leaf_count + 1;
    struct arena *arena = &x->arena;
    x->nodes = arena_calloc(arena, x->node_count, sizeof *x->nodes);
    x->leaves = arena_calloc(arena, leaves, sizeof *x->leaves);
    x->order = arena_calloc(arena, leaves, sizeof *x->order);
    x->steps = arena_calloc(arena, leaves, sizeof *x->steps);
    x->outputs = arena_calloc(arena, leaves, sizeof *x->outputs);
    x->used = arena_calloc(arena, leaves, sizeof *x->used);
    bool all = x->nodes != NULL && x->leaves != NULL && x->order != NULL &&
               x->steps != NULL && x->outputs != NULL && x->used != NULL;
    return all ? NDF_OK : NDF_ENOMEM;
}

static int index_steps(struct executor *x, ndf_error *error)
{
    for (uint32_t i = 0; i < x->node_count; i++) {
        struct exec_node *node = &x->nodes[i];
        if (node->plan->kind != NODE_STEP) continue;
        x->leaves[node->leaf] = i;
        x->steps[node->leaf].name = node->plan->step.name;
        x->outputs[node->leaf] = value_null;
        int err = map_add(&x->by_id, node->plan->id, node);
        if (err == NDF_EEXISTS) {
            return err_set(error, err,
                "the plan of '%.*s' has two steps '%.*s'",
                STR_ARG(x->plan->pattern), STR_ARG(node->plan->id));
        }
        if (err != NDF_OK) return err;
    }
    return NDF_OK;
}

static int set_initial(
    struct executor *x, const struct context *initial, ndf_error *error)
{
    struct arena scratch;
    struct value value;
    arena_init(&scratch, x->mem);
    int err = context_encode(&scratch, initial, &value);
    if (err == NDF_OK) err = exec_context_set(x, &value, error);
    arena_deinit(&scratch);
    return err;
}

static void executor_init(
    struct executor *x, const struct exec_options *options)
{
    *x = (struct executor){
        .mem = options->mem,
        .plan = options->plan,
        .initial = options->initial,
        .seed = options->seed,
        .tokens = -1,
        .cost = (double)NAN,
    };
    arena_init(&x->arena, x->mem);
    arena_init(&x->context_arenas[0], x->mem);
    arena_init(&x->context_arenas[1], x->mem);
    arena_init(&x->held_arena, x->mem);
    map_init(&x->by_id, x->mem);
    vec_init(&x->held, x->mem, sizeof(struct exec_held));
}

int executor_new(
    struct executor **out, const struct exec_options *options, ndf_error *error)
{
    *out = NULL;
    struct executor *x = mem_calloc(options->mem, 1, sizeof *x);
    if (x == NULL) return NDF_ENOMEM;
    executor_init(x, options);
    x->run = arena_str(&x->arena, options->run);
    x->boot = arena_str(&x->arena, options->boot);
    int err = x->run.at == NULL || x->boot.at == NULL ? NDF_ENOMEM : NDF_OK;
    if (err == NDF_OK) err = walk_plan(x, error);
    if (err == NDF_OK) err = make_tables(x);
    if (err == NDF_OK) err = walk_plan(x, error);
    if (err == NDF_OK) err = index_steps(x, error);
    if (err == NDF_OK) err = set_initial(x, options->initial, error);
    if (err == NDF_OK) err = exec_tasks_new(x, error);
    if (err == NDF_OK) err = exec_check(x, error);
    if (err != NDF_OK) goto fail;
    for (uint32_t i = 0; i < x->leaf_count; i++) {
        if (options->outputs == EXEC_OUTPUTS_ALL) x->used[i] = true;
    }
    *out = x;
    return NDF_OK;

fail:
    executor_free(x);
    return err;
}

void executor_free(struct executor *x)
{
    if (x == NULL) return;
    for (uint32_t i = 0; x->nodes != NULL && i < x->node_count; i++) {
        arena_deinit(&x->nodes[i].work.arena);
        arena_deinit(&x->nodes[i].undo.arena);
    }
    vec_deinit(&x->held);
    map_deinit(&x->by_id);
    arena_deinit(&x->held_arena);
    arena_deinit(&x->context_arenas[0]);
    arena_deinit(&x->context_arenas[1]);
    arena_deinit(&x->arena);
    mem_free(x->mem, x, sizeof *x);
}

int executor_replay(
    struct executor *x, const struct exec_record *record, ndf_error *error)
{
    return exec_apply(x, record, NULL, error);
}

struct str executor_record_blob(const struct value *body)
{
    return value_get_str(value_get(body, STR("output_blob")), STR("sha256"));
}

int executor_look(struct executor *x, struct exec_look *out)
{
    int err = exec_view(x, NULL);
    *out = (struct exec_look){.context = &x->context_value,
        .end = x->ended ? &x->end : NULL,
        .step_count = x->leaf_count};
    return err;
}

void executor_look_step(
    const struct executor *x, uint32_t index, struct exec_step_look *out)
{
    const struct exec_node *node = &x->nodes[x->leaves[index]];
    bool fails = x->parallel == NULL && x->failed != NULL &&
                 x->failed->state == NODE_FAILED;
    bool over = node->state != NODE_PENDING && node->state != NODE_OPEN;
    *out = (struct exec_step_look){.plan = node->plan,
        .done = node->state == NODE_DONE,
        .due = !over && !fails && !x->ended && x->cancel == REASON_NONE,
        .output = &x->outputs[index]};
}

/* ---- events ------------------------------------------------------------- */

static int on_run_timeout(struct executor *x)
{
    x->run_timer = 0;
    if (x->ended || x->failing || x->cancel != REASON_NONE) return NDF_OK;
    return exec_record_cancel(
        x, REASON_TIMEOUT, "the run did not end within its time limit", NULL);
}

/* The bound of the whole run; 0: none. */
static uint64_t time_limit(const struct plan *plan)
{
    uint64_t limit = plan->timeout_ms;
    uint64_t budget = plan->budget.time_ms;
    if (budget > 0 && (limit == 0 || budget < limit)) limit = budget;
    return limit;
}

static int on_begin(struct executor *x)
{
    if (x->began) return NDF_OK;
    x->began = true;
    if (x->ended) return NDF_OK;
    int err = exec_progress(x, NDF_EVENT_RUN_STARTED, NULL, "");
    uint64_t limit = time_limit(x->plan);
    if (err != NDF_OK || limit == 0) return err;
    uint64_t spent = exec_time_spent(x);
    if (limit <= spent) return on_run_timeout(x);
    struct exec_action *action = exec_emit(x, EXEC_TIMER_SET);
    if (action == NULL) return NDF_ENOMEM;
    x->run_timer = exec_number(x, NULL);
    action->timer.token = x->run_timer;
    action->timer.ms = limit - spent;
    return NDF_OK;
}

static int on_record_failed(struct executor *x, const struct exec_event *event)
{
    struct exec_action *action = exec_emit(x, EXEC_END);
    if (action == NULL) return NDF_ENOMEM;
    x->finished = true;
    action->end = (struct exec_end){.halted = true,
        .error = arena_str(x->out->arena, event->error),
        .evidence = STR(""),
        .step = STR(""),
        .tokens = x->tokens,
        .cost = x->cost};
    return action->end.error.at != NULL ? NDF_OK : NDF_ENOMEM;
}

static int on_agent_done(struct executor *x, const struct exec_event *event)
{
    struct exec_slot *slot = exec_slot_of(x, event->call);
    if (slot == NULL || x->ended) return NDF_OK;
    if (slot->number != event->call || slot->phase != SLOT_RUNNING) {
        return NDF_OK;
    }
    return exec_slot_result(x, slot, event->result);
}

static int on_timer(struct executor *x, uint64_t token)
{
    if (token == 0) return NDF_OK;
    if (token == x->run_timer) return on_run_timeout(x);
    if (x->parallel != NULL && token == x->parallel->timer) {
        x->parallel->timer = 0;
        return NDF_OK;
    }
    struct exec_slot *slot = exec_slot_of(x, token);
    if (slot == NULL || slot->timer != token) return NDF_OK;
    slot->timer = 0;
    slot->wait_ms = 0;
    return NDF_OK;
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
        if (event->token > x->recorded && event->token <= x->issued) {
            x->recorded = event->token;
        }
        return NDF_OK;
    case EXEC_RECORD_FAILED: return on_record_failed(x, event);
    case EXEC_AGENT_DONE: return on_agent_done(x, event);
    case EXEC_TIMER: return on_timer(x, event->token);
    case EXEC_CANCEL: return on_cancel(x);
    }
    return NDF_OK;
}

static int advance(struct executor *x)
{
    struct exec_node *root = &x->nodes[0];
    int err = NDF_OK;
    if (!x->failing && !x->ended) {
        err = exec_node_advance(x, root);
        if (err != NDF_OK || x->ended) return err;
        bool stopped = x->cancel != REASON_NONE;
        if (root->state == NODE_DONE && !stopped) {
            return exec_record_end(x, NDF_RUN_SUCCEEDED, "", NULL);
        }
        x->failing =
            root->state == NODE_FAILED || (root->state == NODE_DONE && stopped);
    }
    if (x->failing && !x->ended) err = exec_undo_advance(x);
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

/* The run's last word, when its record is on disk. */
static int finish(struct executor *x)
{
    struct arena *arena = x->out->arena;
    int err = clear_timer(x, &x->run_timer);
    if (err == NDF_OK && x->parallel != NULL) {
        err = clear_timer(x, &x->parallel->timer);
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
    x->finished = true;
    bool all = end->evidence.at != NULL && end->error.at != NULL &&
               end->step.at != NULL;
    return all ? NDF_OK : NDF_ENOMEM;
}

bool executor_wants_machine(const struct executor *x)
{
    return x->parallel != NULL && x->parallel->declared && !x->ended &&
           x->cancel == REASON_NONE;
}

int executor_step(struct executor *x, const struct exec_event *event,
    struct exec_actions *out)
{
    out->items = NULL;
    out->count = 0;
    out->capacity = 0;
    out->token = 0;
    if (x->finished || (!x->began && event->kind != EXEC_BEGIN)) return NDF_OK;
    x->out = out;
    if (x->parallel != NULL && event->machine != NULL) {
        x->parallel->machine = *event->machine;
    }
    int err = take(x, event);
    if (err == NDF_OK && !x->finished) err = advance(x);
    if (err == NDF_OK && !x->finished) err = exec_release(x);
    if (err == NDF_OK && !x->finished && x->ended &&
        exec_durable(x, x->end_token)) {
        err = finish(x);
    }
    x->out = NULL;
    if (err == NDF_OK) return NDF_OK;
    x->finished = true;
    out->count = 0;
    out->token = 0;
    return NDF_ENOMEM;
}
