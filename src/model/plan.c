/*
 * plan.c - see plan.h.
 *
 * The root and what is in the header of a plan go by tables; the tree of nodes
 * is walked by hand, to a depth of PLAN_DEPTH_MAX, because each node is checked
 * against the whole: ids are unique, nodes are counted.
 */
#include "model/plan.h"

#include <math.h>
#include <string.h>

#include "base/map.h"
#include "model/tables.h"

static const char *const runtimes[] = {"process", "callback", NULL};
static const struct str parallel_word = {"parallel", 8};

static int step_read(struct codec *c, const struct codec_key *key,
    const struct value *value, void *field)
{
    (void)key;
    return step_decode(c->arena, value, field, c->error);
}

static int step_write(struct arena *arena, const struct codec_key *key,
    const void *field, const void *base, struct value *out)
{
    const struct step *step = field;
    (void)key;
    (void)base;
    return step->name.size == 0 ? NDF_OK : step_encode(arena, step, out);
}

static int node_agent_read(struct codec *c, const struct codec_key *key,
    const struct value *value, void *field)
{
    (void)key;
    return agent_decode(c->arena, value, field, c->error);
}

static int node_agent_write(struct arena *arena, const struct codec_key *key,
    const void *field, const void *base, struct value *out)
{
    const struct agent *agent = field;
    (void)key;
    (void)base;
    return agent->name.size == 0 ? NDF_OK : agent_encode(arena, agent, out);
}

/* The nodes below are read and written by the walk itself. */
static int children_read(struct codec *c, const struct codec_key *key,
    const struct value *value, void *field)
{
    (void)field;
    return value->kind == VALUE_ARRAY ? NDF_OK : codec_refuse(c, key, value);
}

static int children_write(struct arena *arena, const struct codec_key *key,
    const void *field, const void *base, struct value *out)
{
    (void)arena;
    (void)key;
    (void)field;
    (void)base;
    (void)out;
    return NDF_OK;
}

/* The kind of a node is seen by what it has; only a parallel one says it. */
static int kind_read(struct codec *c, const struct codec_key *key,
    const struct value *value, void *field)
{
    if (value->kind != VALUE_STRING || !str_equal(value->string, parallel_word))
        return codec_refuse(c, key, value);
    *(enum node_kind *)field = NODE_PARALLEL;
    return NDF_OK;
}

static int kind_write(struct arena *arena, const struct codec_key *key,
    const void *field, const void *base, struct value *out)
{
    (void)arena;
    (void)key;
    (void)base;
    if (*(const enum node_kind *)field == NODE_PARALLEL)
        *out = value_of_str(parallel_word);
    return NDF_OK;
}

static const struct codec_type kind_type = {
    "the word parallel", kind_read, kind_write};
static const struct codec_type step_type = {"a map", step_read, step_write};
static const struct codec_type node_agent_type = {
    "a map", node_agent_read, node_agent_write};
static const struct codec_type children_type = {
    "a list of nodes", children_read, children_write};

static const struct codec_key node_keys[] = {
    {.name = "id",
        .type = &codec_text,
        .offset = offsetof(struct plan_node, id)},
    {.name = "step",
        .type = &step_type,
        .offset = offsetof(struct plan_node, step)},
    {.name = "runtime",
        .type = &codec_word,
        .detail = runtimes,
        .offset = offsetof(struct plan_node, runtime),
        .expected = "process or callback"},
    {.name = "agent",
        .type = &node_agent_type,
        .offset = offsetof(struct plan_node, agent)},
    {.name = "undo_agent",
        .type = &node_agent_type,
        .offset = offsetof(struct plan_node, undo_agent)},
    {.name = "undo_runtime",
        .type = &codec_word,
        .detail = runtimes,
        .offset = offsetof(struct plan_node, undo_runtime),
        .expected = "process or callback"},
    {.name = "verify_agent",
        .type = &node_agent_type,
        .offset = offsetof(struct plan_node, verify_agent)},
    {.name = "verify_runtime",
        .type = &codec_word,
        .detail = runtimes,
        .offset = offsetof(struct plan_node, verify_runtime),
        .expected = "process or callback"},
    {.name = "children", .type = &children_type},
    {.name = "kind",
        .type = &kind_type,
        .offset = offsetof(struct plan_node, kind)},
    {.name = "max_concurrent",
        .type = &codec_u32,
        .offset = offsetof(struct plan_node, max_concurrent)},
    {.name = "resource_threshold",
        .type = &codec_real,
        .max = 1,
        .offset = offsetof(struct plan_node, resource_threshold)},
    {.name = "failure_tolerance",
        .type = &codec_real,
        .max = 1,
        .offset = offsetof(struct plan_node, failure_tolerance)},
};

static const struct codec_map node_map = {.name = "node",
    .what = "a node of a plan",
    .keys = node_keys,
    .count = sizeof node_keys / sizeof node_keys[0]};

static const struct plan_node node_default = {.runtime = RUNTIME_PROCESS};

struct walk {
    struct codec *c;
    struct map ids;
    size_t nodes;
};

static int read_node(struct walk *walk, const struct value *value, int depth,
    struct plan_node *out);

/* NOLINTNEXTLINE(misc-no-recursion): ends at PLAN_DEPTH_MAX */
static int read_children(struct walk *walk, const struct value *list, int depth,
    struct plan_node *out)
{
    size_t count = list->array.count;
    out->children = arena_calloc(walk->c->arena, count, sizeof *out->children);
    if (out->children == NULL) return codec_no_memory(walk->c);
    for (size_t i = 0; i < count; i++) {
        int err = read_node(
            walk, &list->array.items[i], depth + 1, &out->children[i]);
        if (err != NDF_OK) return err;
    }
    out->child_count = count;
    return NDF_OK;
}

static int check_node(struct walk *walk, const struct value *value, int depth,
    const struct plan_node *node)
{
    ndf_error *error = walk->c->error;
    if (depth > PLAN_DEPTH_MAX || ++walk->nodes > PLAN_NODES_MAX)
        return err_at(error, NDF_ELIMIT, value->line, value->column,
            "a plan has at most %d nodes and %d levels", PLAN_NODES_MAX,
            PLAN_DEPTH_MAX);
    /* Only the root has no name of its own. */
    if (depth > 1 && node->id.size == 0)
        return err_at(error, NDF_ESCHEMA, value->line, value->column,
            "a node of a plan lacks the key 'id'");
    int err = node->id.size == 0 ? NDF_OK : map_add(&walk->ids, node->id, walk);
    if (err == NDF_ENOMEM) return codec_no_memory(walk->c);
    if (err == NDF_EEXISTS)
        return err_at(error, NDF_ESCHEMA, value->line, value->column,
            "two nodes of a plan have the id '%.*s'",
            STR_ARG(codec_clip(node->id)));
    bool leaf = value_get(value, STR("children")) == NULL;
    if (leaf != (node->step.name.size > 0) ||
        leaf != (node->agent.name.size > 0))
        return err_at(error, NDF_ESCHEMA, value->line, value->column,
            "node '%.*s' of a plan has either children or a step with its "
            "agent",
            STR_ARG(codec_clip(node->id)));
    if ((node->step.verify.at != NULL) != (node->verify_agent.name.size > 0))
        return err_at(error, NDF_ESCHEMA, value->line, value->column,
            "node '%.*s' of a plan has either both a verifier and its agent, "
            "or neither",
            STR_ARG(codec_clip(node->id)));
    if (node->kind == NODE_PARALLEL && (leaf || depth > 1))
        return err_at(error, NDF_ESCHEMA, value->line, value->column,
            "node '%.*s' of a plan cannot be parallel: only a root with "
            "children can",
            STR_ARG(codec_clip(node->id)));
    return NDF_OK;
}

static int check_tasks(
    struct walk *walk, const struct value *value, const struct plan_node *node)
{
    for (size_t i = 0; i < node->child_count; i++)
        if (node->children[i].kind != NODE_STEP)
            return err_at(walk->c->error, NDF_ESCHEMA, value->line,
                value->column,
                "node '%.*s' of a plan is not a step: a parallel node has "
                "nothing else",
                STR_ARG(codec_clip(node->children[i].id)));
    return NDF_OK;
}

/* NOLINTNEXTLINE(misc-no-recursion): ends at PLAN_DEPTH_MAX */
static int read_node(struct walk *walk, const struct value *value, int depth,
    struct plan_node *out)
{
    *out = node_default;
    int err = codec_read_map(walk->c, &node_map, value, out);
    if (err == NDF_OK) err = check_node(walk, value, depth, out);
    if (err != NDF_OK) return err;
    const struct value *children = value_get(value, STR("children"));
    if (children == NULL) return NDF_OK;
    if (out->kind != NODE_PARALLEL) out->kind = NODE_SEQUENCE;
    err = read_children(walk, children, depth, out);
    if (err != NDF_OK || out->kind != NODE_PARALLEL) return err;
    return check_tasks(walk, value, out);
}

static int root_read(struct codec *c, const struct codec_key *key,
    const struct value *value, void *field)
{
    struct walk walk = {.c = c};
    (void)key;
    map_init(&walk.ids, c->arena->mem);
    int err = read_node(&walk, value, 1, field);
    map_deinit(&walk.ids);
    return err;
}

/* NOLINTNEXTLINE(misc-no-recursion): ends at PLAN_DEPTH_MAX */
static int write_node(struct arena *arena, const struct plan_node *node,
    int depth, struct value *out)
{
    if (depth > PLAN_DEPTH_MAX) return NDF_ELIMIT;
    int err = codec_write_map(arena, &node_map, node, &node_default, out);
    if (err != NDF_OK || node->kind == NODE_STEP) return err;
    struct value children = value_of_array();
    for (size_t i = 0; i < node->child_count; i++) {
        struct value child = value_null;
        err = write_node(arena, &node->children[i], depth + 1, &child);
        if (err == NDF_OK) err = value_push(arena, &children, child);
        if (err != NDF_OK) return err;
    }
    return value_set(arena, out, STR("children"), children);
}

static bool has_nodes(const struct plan_node *root)
{
    return root->child_count > 0 || root->step.name.size > 0;
}

static int root_write(struct arena *arena, const struct codec_key *key,
    const void *field, const void *base, struct value *out)
{
    const struct plan_node *root = field;
    (void)key;
    (void)base;
    return has_nodes(root) ? write_node(arena, root, 1, out) : NDF_OK;
}

static const struct codec_type root_type = {"a node", root_read, root_write};

/* ---- phases ------------------------------------------------------------- */

static const struct codec_map plan_map;

static const struct plan plan_default = {.rollback = true,
    .budget = {.cost = (double)NAN},
    .strategy = ROLLBACK_COMPLETE};

static const struct plan_phase phase_default = {
    .success = {.min_success_rate = (double)NAN, .max_error_count = -1}};

/* field: the struct plan_phase as a whole. A value is VALUE_DEPTH_MAX deep at
 * most, and so are the plans in it. */
static int plans_read(struct codec *c, const struct codec_key *key,
    const struct value *value, void *field)
{
    struct plan_phase *phase = field;
    if (value->kind != VALUE_ARRAY || value->array.count == 0)
        return codec_refuse(c, key, value);
    size_t count = value->array.count;
    phase->plans = arena_calloc(c->arena, count, sizeof *phase->plans);
    if (phase->plans == NULL) return codec_no_memory(c);
    int err = NDF_OK;
    for (size_t i = 0; err == NDF_OK && i < count; i++) {
        phase->plans[i] = plan_default;
        err = codec_read_map(
            c, &plan_map, &value->array.items[i], &phase->plans[i]);
        phase->plan_count++;
    }
    return err;
}

static int plans_write(struct arena *arena, const struct codec_key *key,
    const void *field, const void *base, struct value *out)
{
    const struct plan_phase *phase = field;
    (void)key;
    (void)base;
    if (phase->plan_count == 0) return NDF_OK;
    *out = value_of_array();
    for (size_t i = 0; i < phase->plan_count; i++) {
        struct value plan;
        int err = codec_write_map(
            arena, &plan_map, &phase->plans[i], &plan_default, &plan);
        if (err == NDF_OK) err = value_push(arena, out, plan);
        if (err != NDF_OK) return err;
    }
    return NDF_OK;
}

static const struct codec_type plans_type = {
    "a list of plans", plans_read, plans_write};

static const struct codec_key phase_keys[] = {
    {.name = "id",
        .type = &codec_text,
        .presence = CODEC_REQUIRED,
        .min = 1,
        .offset = offsetof(struct plan_phase, id)},
    {.name = "select",
        .type = &codec_bool,
        .offset = offsetof(struct plan_phase, select)},
    {.name = "parallel",
        .type = &codec_bool,
        .offset = offsetof(struct plan_phase, parallel)},
    {.name = "success_criteria",
        .type = &codec_struct,
        .offset = offsetof(struct plan_phase, success),
        .detail = &success_criteria_map},
    {.name = "rollback_triggers",
        .type = &codec_texts,
        .offset = offsetof(struct plan_phase, triggers),
        .valid = phase_trigger_valid},
    {.name = "resource_allocation",
        .type = &codec_struct,
        .offset = offsetof(struct plan_phase, allocation),
        .detail = &allocation_map},
    {.name = "plans", .type = &plans_type},
};

static const struct codec_map plan_phase_map = {.name = "plan_phase",
    .what = "a phase of a plan",
    .keys = phase_keys,
    .count = sizeof phase_keys / sizeof phase_keys[0]};

/* field: the struct plan as a whole. */
static int phases_read(struct codec *c, const struct codec_key *key,
    const struct value *value, void *field)
{
    struct plan *plan = field;
    if (value->kind != VALUE_ARRAY || value->array.count == 0)
        return codec_refuse(c, key, value);
    size_t count = value->array.count;
    plan->phases = arena_calloc(c->arena, count, sizeof *plan->phases);
    if (plan->phases == NULL) return codec_no_memory(c);
    for (size_t i = 0; i < count; i++) {
        const struct value *item = &value->array.items[i];
        struct plan_phase *phase = &plan->phases[i];
        *phase = phase_default;
        int err = codec_read_map(c, &plan_phase_map, item, phase);
        if (err != NDF_OK) return err;
        plan->phase_count++;
        if (phase->select == (phase->plan_count == 0)) continue;
        return err_at(c->error, NDF_ESCHEMA, item->line, item->column,
            "phase '%.*s' of a plan has one of 'plans' and 'select'",
            STR_ARG(codec_clip(phase->id)));
    }
    return NDF_OK;
}

static int phases_write(struct arena *arena, const struct codec_key *key,
    const void *field, const void *base, struct value *out)
{
    const struct plan *plan = field;
    (void)key;
    (void)base;
    if (plan->phase_count == 0) return NDF_OK;
    *out = value_of_array();
    for (size_t i = 0; i < plan->phase_count; i++) {
        struct value phase;
        int err = codec_write_map(
            arena, &plan_phase_map, &plan->phases[i], &phase_default, &phase);
        if (err == NDF_OK) err = value_push(arena, out, phase);
        if (err != NDF_OK) return err;
    }
    return NDF_OK;
}

static const struct codec_type plan_phases_type = {
    "a list of phases", phases_read, phases_write};

static const struct codec_key plan_keys[] = {
    {.name = "id", .type = &codec_text, .offset = offsetof(struct plan, id)},
    {.name = "pattern",
        .type = &codec_text,
        .presence = CODEC_REQUIRED,
        .min = 1,
        .offset = offsetof(struct plan, pattern)},
    {.name = "version",
        .type = &codec_text,
        .offset = offsetof(struct plan, version)},
    {.name = "cwd",
        .type = &codec_text,
        .presence = CODEC_REQUIRED,
        .min = 1,
        .offset = offsetof(struct plan, cwd)},
    {.name = "task",
        .type = &codec_text,
        .max = CONTEXT_TEXT_MAX,
        .offset = offsetof(struct plan, task)},
    {.name = "context",
        .type = &codec_word,
        .detail = policy_words,
        .offset = offsetof(struct plan, policy),
        .expected = "restore, enforce or record"},
    {.name = "timeout",
        .type = &codec_duration,
        .offset = offsetof(struct plan, timeout_ms)},
    {.name = "rollback",
        .type = &codec_bool,
        .offset = offsetof(struct plan, rollback)},
    {.name = "approval",
        .type = &codec_bool,
        .offset = offsetof(struct plan, approval)},
    {.name = "budget",
        .type = &codec_struct,
        .detail = &budget_map,
        .offset = offsetof(struct plan, budget)},
    {.name = "root", .type = &root_type, .offset = offsetof(struct plan, root)},
    {.name = "phases", .type = &plan_phases_type},
    {.name = "rollback_strategy",
        .type = &codec_word,
        .detail = strategy_words,
        .offset = offsetof(struct plan, strategy),
        .expected = "pattern, phase or complete"},
};

static const struct codec_map plan_map = {.name = "plan",
    .what = "a plan",
    .keys = plan_keys,
    .count = sizeof plan_keys / sizeof plan_keys[0]};

/* ---- whole plans -------------------------------------------------------- */

int plan_encode(struct arena *arena, const struct plan *plan, struct value *out)
{
    int err = codec_write_map(arena, &plan_map, plan, &plan_default, out);
    if (err != NDF_OK) return err;
    return value_size(out) > PLAN_BYTES_MAX ? NDF_ELIMIT : NDF_OK;
}

/* NOLINTNEXTLINE(misc-no-recursion): ends at PLAN_DEPTH_MAX */
static int check_size(
    const struct plan *plan, int depth, size_t *nodes, ndf_error *error)
{
    const struct plan_node *root = &plan->root;
    bool nodes_in = has_nodes(root);
    if (nodes_in == (plan->phase_count > 0))
        return err_set(error, NDF_ESCHEMA,
            "plan '%.*s' has one of 'root' and 'phases'",
            STR_ARG(codec_clip(plan->pattern)));
    *nodes += root->child_count + plan->phase_count;
    if (depth > PLAN_DEPTH_MAX || *nodes > PLAN_NODES_MAX)
        return err_set(error, NDF_ELIMIT,
            "a plan has at most %d nodes and %d levels", PLAN_NODES_MAX,
            PLAN_DEPTH_MAX);
    int err = NDF_OK;
    for (size_t i = 0; i < plan->phase_count; i++) {
        const struct plan_phase *phase = &plan->phases[i];
        for (size_t p = 0; err == NDF_OK && p < phase->plan_count; p++)
            err = check_size(&phase->plans[p], depth + 1, nodes, error);
    }
    return err;
}

int plan_check_size(const struct plan *plan, ndf_error *error)
{
    size_t nodes = 0;
    return check_size(plan, 1, &nodes, error);
}

int plan_decode(struct arena *arena, const struct value *value,
    struct plan *out, ndf_error *error)
{
    struct codec c = {arena, error};
    struct plan plan = plan_default;
    memset(out, 0, sizeof *out);
    int err = codec_read_map(&c, &plan_map, value, &plan);
    if (err == NDF_OK) err = plan_check_size(&plan, error);
    if (err == NDF_OK) *out = plan;
    return err;
}

/* NOLINTNEXTLINE(misc-no-recursion): ends at PLAN_DEPTH_MAX */
static int each_node(const struct plan_node *node,
    int (*visit)(void *ud, const struct plan_node *step), void *ud)
{
    if (node->kind == NODE_STEP) return visit(ud, node);
    int err = NDF_OK;
    for (size_t i = 0; err == NDF_OK && i < node->child_count; i++)
        err = each_node(&node->children[i], visit, ud);
    return err;
}

/* NOLINTNEXTLINE(misc-no-recursion): ends at PLAN_DEPTH_MAX */
int plan_each_step(const struct plan *plan,
    int (*visit)(void *ud, const struct plan_node *step), void *ud)
{
    if (plan->phase_count == 0) return each_node(&plan->root, visit, ud);
    int err = NDF_OK;
    for (size_t i = 0; i < plan->phase_count; i++) {
        const struct plan_phase *phase = &plan->phases[i];
        for (size_t p = 0; err == NDF_OK && p < phase->plan_count; p++)
            err = plan_each_step(&phase->plans[p], visit, ud);
    }
    return err;
}

/* NOLINTNEXTLINE(misc-no-recursion): ends at PLAN_DEPTH_MAX */
bool plan_chooses(const struct plan *plan)
{
    for (size_t i = 0; i < plan->phase_count; i++) {
        const struct plan_phase *phase = &plan->phases[i];
        if (phase->select) return true;
        for (size_t p = 0; p < phase->plan_count; p++)
            if (plan_chooses(&phase->plans[p])) return true;
    }
    return false;
}
