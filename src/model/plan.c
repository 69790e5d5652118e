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

static int root_write(struct arena *arena, const struct codec_key *key,
    const void *field, const void *base, struct value *out)
{
    (void)key;
    (void)base;
    return write_node(arena, field, 1, out);
}

static const struct codec_type root_type = {"a node", root_read, root_write};

static const struct codec_key plan_keys[] = {
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
    {.name = "budget",
        .type = &codec_struct,
        .detail = &budget_map,
        .offset = offsetof(struct plan, budget)},
    {.name = "root",
        .type = &root_type,
        .presence = CODEC_REQUIRED,
        .offset = offsetof(struct plan, root)},
};

static const struct codec_map plan_map = {.name = "plan",
    .what = "a plan",
    .keys = plan_keys,
    .count = sizeof plan_keys / sizeof plan_keys[0]};

static const struct plan plan_default = {
    .rollback = true, .budget = {.cost = (double)NAN}};

int plan_encode(struct arena *arena, const struct plan *plan, struct value *out)
{
    int err = codec_write_map(arena, &plan_map, plan, &plan_default, out);
    if (err != NDF_OK) return err;
    return value_size(out) > PLAN_BYTES_MAX ? NDF_ELIMIT : NDF_OK;
}

int plan_decode(struct arena *arena, const struct value *value,
    struct plan *out, ndf_error *error)
{
    struct codec c = {arena, error};
    struct plan plan = plan_default;
    memset(out, 0, sizeof *out);
    int err = codec_read_map(&c, &plan_map, value, &plan);
    if (err == NDF_OK) *out = plan;
    return err;
}
