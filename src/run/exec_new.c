/*
 * exec_new.c - making executors: the tables of one pattern's plan, and what the
 * executors of a run share.
 */
#include <math.h>

#include "run/exec.h"
#include "run/executor.h"

static void slot_init(
    struct executor *x, struct exec_node *node, struct exec_slot *slot)
{
    slot->node = node;
    slot->undo = slot == &node->undo;
    slot->verify = node->proof != NULL && slot == &node->proof->slot;
    arena_init(&slot->arena, x->mem);
}

static void node_init(struct executor *x, uint32_t index,
    const struct plan_node *plan, uint32_t leaf)
{
    struct exec_node *node = &x->nodes[index];
    node->owner = x;
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

static int make_proof(struct executor *x, struct exec_node *node)
{
    if (node->plan->step.verify.at == NULL) return NDF_OK;
    node->proof = arena_calloc(&x->arena, 1, sizeof *node->proof);
    if (node->proof == NULL) return NDF_ENOMEM;
    node->proof->patch = value_null;
    arena_init(&node->proof->arena, x->mem);
    slot_init(x, node, &node->proof->slot);
    return NDF_OK;
}

static int index_steps(struct executor *x, ndf_error *error)
{
    for (uint32_t i = 0; i < x->node_count; i++) {
        struct exec_node *node = &x->nodes[i];
        if (node->plan->kind != NODE_STEP) continue;
        x->leaves[node->leaf] = i;
        x->steps[node->leaf].name = node->plan->step.name;
        x->outputs[node->leaf] = value_null;
        int err = map_add(&x->shared->by_id, node->plan->id, node);
        if (err == NDF_EEXISTS) {
            return err_set(error, err,
                "the plan of '%.*s' has two steps '%.*s'",
                STR_ARG(x->plan->pattern), STR_ARG(node->plan->id));
        }
        if (err == NDF_OK) err = make_proof(x, node);
        if (err != NDF_OK) return err;
    }
    return NDF_OK;
}

int exec_begin_with(
    struct executor *x, const struct value *context, ndf_error *error)
{
    int err = value_copy(&x->arena, context, &x->initial);
    if (err == NDF_OK) err = exec_context_set(x, &x->initial, error);
    if (err == NDF_OK && x->parallel != NULL) {
        x->parallel->patch_bytes = value_size(&x->context_value);
    }
    return err;
}

static int fill(struct executor *x, const struct value *context,
    enum exec_outputs outputs, ndf_error *error)
{
    bool nodes = x->plan->phase_count == 0;
    int err = nodes ? walk_plan(x, error) : NDF_OK;
    if (err == NDF_OK) err = make_tables(x);
    if (err == NDF_OK && nodes) err = walk_plan(x, error);
    if (err == NDF_OK) err = index_steps(x, error);
    if (err == NDF_OK) err = exec_begin_with(x, context, error);
    if (err == NDF_OK) err = exec_tasks_new(x, error);
    if (err == NDF_OK) err = exec_check(x, error);
    if (err != NDF_OK) return err;
    for (uint32_t i = 0; i < x->leaf_count; i++) {
        if (outputs == EXEC_OUTPUTS_ALL) x->used[i] = true;
    }
    x->shared->node_count += x->node_count;
    x->shared->leaf_count += x->leaf_count;
    return exec_meta_new(x, error);
}

static void member_free(struct executor *x)
{
    for (uint32_t i = 0; x->nodes != NULL && i < x->node_count; i++) {
        struct exec_proof *proof = x->nodes[i].proof;
        arena_deinit(&x->nodes[i].work.arena);
        arena_deinit(&x->nodes[i].undo.arena);
        if (proof == NULL) continue;
        arena_deinit(&proof->slot.arena);
        arena_deinit(&proof->arena);
    }
    exec_meta_free(x);
    arena_deinit(&x->context_arenas[0]);
    arena_deinit(&x->context_arenas[1]);
    arena_deinit(&x->arena);
    mem_free(x->mem, x, sizeof *x);
}

int exec_member_new(struct executor **out, struct exec_shared *shared,
    const struct exec_member *member, ndf_error *error)
{
    const struct mem *mem = shared->arena.mem;
    struct executor **place = vec_push(&shared->members);
    struct executor *x = mem_calloc(mem, 1, sizeof *x);
    *out = NULL;
    if (place == NULL || x == NULL) {
        if (place != NULL) shared->members.count--;
        mem_free(mem, x, sizeof *x);
        return NDF_ENOMEM;
    }
    *x = (struct executor){
        .mem = mem,
        .shared = shared,
        .phase = member->phase,
        .parent = member->phase != NULL ? member->phase->owner : NULL,
        .guessed = member->guessed,
        .plan = member->plan,
        .first_node = shared->node_count,
        .first_leaf = shared->leaf_count,
        .tokens = -1,
        .cost = (double)NAN,
    };
    arena_init(&x->arena, mem);
    arena_init(&x->context_arenas[0], mem);
    arena_init(&x->context_arenas[1], mem);
    *place = x; /* which frees it, whatever comes */
    *out = x;
    return fill(x, member->context, shared->outputs, error);
}

static int shared_new(
    struct exec_shared **out, const struct exec_options *options)
{
    struct exec_shared *shared = mem_calloc(options->mem, 1, sizeof *shared);
    *out = shared;
    if (shared == NULL) return NDF_ENOMEM;
    shared->seed = options->seed;
    shared->outputs = options->outputs;
    arena_init(&shared->arena, options->mem);
    arena_init(&shared->held_arena, options->mem);
    map_init(&shared->by_id, options->mem);
    map_init(&shared->patterns, options->mem);
    map_init(&shared->phases, options->mem);
    vec_init(&shared->held, options->mem, sizeof(struct exec_held));
    vec_init(&shared->members, options->mem, sizeof(struct executor *));
    shared->run = arena_str(&shared->arena, options->run);
    shared->boot = arena_str(&shared->arena, options->boot);
    bool all = shared->run.at != NULL && shared->boot.at != NULL;
    return all ? NDF_OK : NDF_ENOMEM;
}

static void shared_free(struct exec_shared *shared)
{
    if (shared == NULL) return;
    const struct mem *mem = shared->arena.mem;
    for (size_t i = shared->members.count; i > 0; i--) {
        member_free(exec_member_at(shared, i - 1));
    }
    vec_deinit(&shared->members);
    vec_deinit(&shared->held);
    map_deinit(&shared->by_id);
    map_deinit(&shared->patterns);
    map_deinit(&shared->phases);
    arena_deinit(&shared->held_arena);
    arena_deinit(&shared->arena);
    mem_free(mem, shared, sizeof *shared);
}

int executor_new(
    struct executor **out, const struct exec_options *options, ndf_error *error)
{
    struct exec_shared *shared;
    struct arena scratch;
    struct value context;
    *out = NULL;
    arena_init(&scratch, options->mem);
    int err = shared_new(&shared, options);
    if (err == NDF_OK) {
        err = context_encode(&scratch, options->initial, &context);
    }
    struct exec_member root = {.plan = options->plan, .context = &context};
    if (err == NDF_OK) err = exec_member_new(out, shared, &root, error);
    arena_deinit(&scratch);
    if (err == NDF_OK) return NDF_OK;
    shared_free(shared);
    *out = NULL;
    return err;
}

void executor_free(struct executor *x)
{
    if (x != NULL) shared_free(x->shared);
}
