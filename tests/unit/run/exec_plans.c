/*
 * exec_plans.c - plans of a small world, from JSON; see world_init.
 */
#include <math.h>

#include "exec_world.h"
#include "support/parse.h"

struct str world_id(struct world *w, struct str prefix, struct str name)
{
    if (prefix.size == 0) return name;
    return arena_format(&w->arena, "%.*s/%.*s", STR_ARG(prefix), STR_ARG(name));
}

static void make_step(struct world *w, struct str prefix,
    const struct value *value, struct plan_node *node)
{
    ndf_error error = {0};
    *node = (struct plan_node){.kind = NODE_STEP};
    int err = step_decode(&w->arena, value, &node->step, &error);
    if (err != NDF_OK) fail_msg("%s", error.message);
    struct str *argv = arena_calloc(&w->arena, 2, sizeof *argv);
    argv[0] = STR("work");
    argv[1] = node->step.name;
    node->id = world_id(w, prefix, node->step.name);
    node->agent.name =
        node->step.agent.size > 0 ? node->step.agent : node->step.name;
    node->agent.run = (struct str_list){argv, 2};
    node->agent.env = value_of_object();
    node->undo_agent = node->agent;
    if (node->step.verify.at != NULL) {
        node->verify_agent = node->agent;
        node->verify_agent.name = node->step.verify;
    }
    if (!node->step.retry_set) node->step.retry.attempts = 1;
}

static double number_of(const struct value *map, struct str key, double usual)
{
    const struct value *value = value_get(map, key);
    if (value == NULL) return usual;
    return value->kind == VALUE_INT ? (double)value->integer : value->real;
}

static void make_parallel(const struct value *from, struct plan_node *root)
{
    root->kind = NODE_PARALLEL;
    root->max_concurrent = (uint32_t)number_of(from, STR("max_concurrent"), 0);
    root->resource_threshold = number_of(from, STR("resource_threshold"), 0.8);
    root->failure_tolerance = number_of(from, STR("failure_tolerance"), 0);
}

static const struct plan plan_base = {.pattern = {"test.pattern", 12},
    .version = {"v", 1},
    .cwd = {"/", 1},
    .rollback = true,
    .strategy = ROLLBACK_COMPLETE,
    .budget = {.cost = (double)NAN}};

static void make_nodes(struct world *w, struct str id, const struct value *from,
    struct plan_node *root)
{
    const struct value *tasks = value_get(from, STR("tasks"));
    const struct value *steps = value_get(from, STR("steps"));
    const struct value *list = tasks != NULL   ? tasks
                               : steps != NULL ? steps
                                               : from;
    *root = (struct plan_node){.kind = NODE_SEQUENCE,
        .id = STR("root"),
        .child_count = list->array.count,
        .children = arena_calloc(
            &w->arena, list->array.count, sizeof(struct plan_node))};
    for (size_t i = 0; i < list->array.count; i++) {
        make_step(w, id, &list->array.items[i], &root->children[i]);
    }
    if (tasks != NULL) make_parallel(from, root);
}

/* The maps of a phase are read as a plan's; only the plans are made here. */
static void make_phase(struct world *w, struct str id, const struct value *from,
    struct plan_phase *phase)
{
    struct value text = value_of_object(), phases = value_of_array();
    struct value copy = value_of_object();
    struct plan read;
    ndf_error error = {0};
    for (size_t i = 0; i < from->object.count; i++) {
        const struct member *member = &from->object.members[i];
        bool select = str_equal(member->key, STR("select"));
        if (str_equal(member->key, STR("plans"))) continue;
        assert_ok(value_set(&w->arena, &copy, member->key,
            select ? value_of_bool(true) : member->value));
        if (!select) continue;
        struct str name = world_id(w, id, value_get_str(from, STR("id")));
        assert_ok(value_set(&w->arena, &w->choices, name, member->value));
    }
    const struct value *plans = value_get(from, STR("plans"));
    if (plans != NULL) {
        /* A stand-in, as phases have plans. */
        struct value fake = test_json(&w->arena,
            "[{\"pattern\": \"x\", \"cwd\": \"/\", \"root\": {\"children\": "
            "[{\"id\": \"x\", \"step\": {\"name\": \"x\"}, \"agent\": "
            "{\"agent\": \"x\"}}]}}]");
        assert_ok(value_set(&w->arena, &copy, STR("plans"), fake));
    }
    assert_ok(value_push(&w->arena, &phases, copy));
    assert_ok(value_set(
        &w->arena, &text, STR("pattern"), value_of_str(STR("test.pattern"))));
    assert_ok(value_set(&w->arena, &text, STR("cwd"), value_of_str(STR("/"))));
    assert_ok(value_set(&w->arena, &text, STR("phases"), phases));
    int err = plan_decode(&w->arena, &text, &read, &error);
    if (err != NDF_OK) fail_msg("%s", error.message);
    *phase = read.phases[0];
    phase->id = world_id(w, id, phase->id);
    phase->plan_count = plans != NULL ? plans->array.count : 0;
    phase->plans =
        arena_calloc(&w->arena, phase->plan_count, sizeof *phase->plans);
    for (size_t i = 0; i < phase->plan_count; i++) {
        struct str number = arena_format(&w->arena, "%zu", i);
        world_make_plan(w, world_id(w, phase->id, number),
            &plans->array.items[i], &phase->plans[i]);
    }
}

void world_make_plan(
    struct world *w, struct str id, const struct value *from, struct plan *plan)
{
    static const char *const strategies[] = {"pattern", "phase", "complete"};
    const struct value *phases = value_get(from, STR("phases"));
    struct str strategy = value_get_str(from, STR("rollback_strategy"));
    *plan = plan_base;
    plan->id = id;
    plan->timeout_ms = (uint64_t)value_get_int(from, STR("timeout_ms"), 0);
    plan->rollback = value_get_bool(from, STR("rollback"), true);
    plan->approval = value_get_bool(from, STR("approval"), false);
    plan->budget.steps = (uint64_t)value_get_int(from, STR("budget_steps"), 0);
    for (int i = 0; i < 3; i++) {
        if (str_equal(strategy, str_of(strategies[i]))) {
            plan->strategy = (enum rollback_strategy)i;
        }
    }
    if (phases == NULL) {
        make_nodes(w, id, from, &plan->root);
        return;
    }
    plan->phase_count = phases->array.count;
    plan->phases =
        arena_calloc(&w->arena, plan->phase_count, sizeof *plan->phases);
    for (size_t i = 0; i < plan->phase_count; i++) {
        make_phase(w, id, &phases->array.items[i], &plan->phases[i]);
    }
}
