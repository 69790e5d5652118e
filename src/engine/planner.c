/*
 * planner.c - makes a plan of a pattern, or of a single agent (one step).
 *
 * The plan holds all that a run needs, so that files and registry may change
 * under it. What it names must be there and be trusted: what is not is refused
 * here, by name and place.
 */
#include "engine/planner.h"

#include <math.h>
#include <string.h>

#include "base/hash.h"
#include "base/os.h"
#include "engine/circles.h"
#include "engine/object.h"
#include "model/tables.h"

enum { KNOWN_MAX = 64 };

/* An agent that a step calls: other steps often call it, too. */
struct known_agent {
    const struct entry *origin;
    struct str name;
    const struct agent *agent; /* of the node that it was planned for first */
    enum runtime runtime;
    struct known_agent *next;
};

struct planning {
    const struct planner *planner;
    struct arena *arena;
    ndf_error *error;
    const struct entry *origin; /* the pattern that is planned */
    struct str id;              /* of its plan; empty: of the whole run */
    int depth;
    struct known_agent *known; /* in the arena */
    size_t known_count;
};

static int check_trust(struct planning *p, const struct entry *entry)
{
    if (entry->path.size == 0) return NDF_OK; /* given by the host */
    bool trusted;
    struct str folder = os_dirname(entry->path);
    int err = trust_check(p->planner->trust, entry->path, &trusted, p->error);
    if (err != NDF_OK || trusted) return err;
    return err_set(p->error, NDF_EUNTRUSTED,
        "'%.*s' comes from %.*s, which is not trusted to run programs: "
        "look at it, then say: ndf trust %.*s",
        STR_ARG(entry->name), STR_ARG(folder), STR_ARG(folder));
}

/* A program named by a relative path is looked for beside the file that names
 * it; one without '/' is found in PATH when it starts. */
static int resolve_program(
    struct planning *p, const struct entry *entry, struct agent *agent)
{
    struct str program = agent->run.items[0];
    if (program.size == 0 || program.at[0] == '/' || entry->path.size == 0 ||
        str_find_char(program, '/') == program.size)
        return NDF_OK;
    struct str path = arena_format(p->arena, "%.*s/%.*s",
        STR_ARG(os_dirname(entry->path)), STR_ARG(program));
    struct str *items = arena_dup(p->arena, agent->run.items,
        agent->run.count * sizeof *agent->run.items);
    if (path.at == NULL || items == NULL) return NDF_ENOMEM;
    items[0] = path;
    agent->run.items = items;
    return NDF_OK;
}

static int copy_list(
    struct arena *arena, const struct str_list *from, struct str_list *out)
{
    out->items = arena_calloc(arena, from->count, sizeof *out->items);
    out->count = from->count;
    if (out->items == NULL) return NDF_ENOMEM;
    for (size_t i = 0; i < from->count; i++) {
        out->items[i] = arena_str(arena, from->items[i]);
        if (out->items[i].at == NULL) return NDF_ENOMEM;
    }
    return NDF_OK;
}

static bool is_bound(const struct planning *p, struct str name)
{
    return p->planner->bound != NULL && p->planner->bound(p->planner->ud, name);
}

/* How the agent is called: the host's function, its own program, or the one
 * its folder was imported with. */
static int resolve_runtime(struct planning *p, const struct entry *entry,
    struct agent *agent, enum runtime *runtime)
{
    if (is_bound(p, entry->name)) {
        *runtime = RUNTIME_CALLBACK;
        return NDF_OK;
    }
    *runtime = RUNTIME_PROCESS;
    if (agent->run.count == 0) {
        /* The plan outlives the picture that the source is part of. */
        int err = copy_list(p->arena, &entry->source->run, &agent->run);
        if (err != NDF_OK) return err;
    }
    if (agent->run.count == 0)
        return err_set(p->error, NDF_EREFERENCE,
            "agent '%.*s' has nothing to run: give it `run: [program, ...]`, "
            "import its folder with --run, or bind a function to it",
            STR_ARG(entry->name));
    int err = check_trust(p, entry);
    return err == NDF_OK ? resolve_program(p, entry, agent) : err;
}

/* Neither bound nor registered. */
static int unknown_agent(
    struct planning *p, const struct step *step, struct str name)
{
    if (p->error == NULL) return NDF_EREFERENCE;
    char why[NDF_MESSAGE_SIZE];
    memcpy(why, p->error->message, sizeof why);
    return err_set(p->error, NDF_EREFERENCE,
        "step '%.*s' of '%.*s' (%.*s:%u) calls agent '%.*s', which is neither "
        "bound nor registered (%s): bind a function to it, or register an "
        "agent",
        STR_ARG(step->name), STR_ARG(p->origin->label),
        STR_ARG(p->origin->path.size > 0 ? p->origin->path
                                         : p->origin->source->name),
        (unsigned)(step->line > 0 ? step->line : p->origin->line),
        STR_ARG(name), why);
}

/* What is known of an agent that is a function and nothing else. */
static struct agent agent_of_function(struct str name)
{
    struct agent agent = agent_default;
    agent.name = name;
    return agent;
}

/* A bound name wins over whatever the registry has of that name; but the
 * document of an agent is how its host wants it called. */
static int find_bound(struct planning *p, struct str name, struct agent *agent)
{
    const struct registry *registry = p->planner->registry;
    const struct entry *entry = NULL;
    int err = NDF_OK;
    *agent = agent_of_function(name);
    if (registry_has(registry, name))
        err = registry_find(
            registry, name, p->origin->source->name, &entry, p->error);
    if (err == NDF_EREFERENCE) { /* of several, none is meant */
        if (p->error != NULL) p->error->code = NDF_OK;
        return NDF_OK;
    }
    if (err != NDF_OK || entry == NULL || entry->kind != DOCUMENT_AGENT)
        return err;
    struct document document;
    err = registry_document(
        entry, p->planner->reader, p->arena, &document, p->error);
    if (err == NDF_OK) *agent = document.agent;
    return err;
}

static int look_up_agent(struct planning *p, const struct step *step,
    struct str name, struct agent *agent, enum runtime *runtime)
{
    *runtime = RUNTIME_CALLBACK;
    if (is_bound(p, name)) return find_bound(p, name, agent);
    const struct entry *entry;
    int err = registry_find(
        p->planner->registry, name, p->origin->source->name, &entry, p->error);
    if (err == NDF_ENOTFOUND) return unknown_agent(p, step, name);
    if (err != NDF_OK) return err;
    if (entry->kind != DOCUMENT_AGENT)
        return err_set(p->error, NDF_EREFERENCE,
            "step agent '%.*s' of '%.*s' is a pattern: steps call agents, "
            "phases call patterns",
            STR_ARG(name), STR_ARG(p->origin->name));
    struct document document;
    err = registry_document(
        entry, p->planner->reader, p->arena, &document, p->error);
    if (err != NDF_OK) return err;
    *agent = document.agent;
    return resolve_runtime(p, entry, agent, runtime);
}

static int find_agent(struct planning *p, const struct step *step,
    struct str name, struct agent *agent, enum runtime *runtime)
{
    for (const struct known_agent *k = p->known; k != NULL; k = k->next) {
        if (k->origin != p->origin || !str_equal(k->name, name)) continue;
        *agent = *k->agent;
        *runtime = k->runtime;
        return NDF_OK;
    }
    int err = look_up_agent(p, step, name, agent, runtime);
    if (err != NDF_OK || p->known_count == KNOWN_MAX) return err;
    struct known_agent *known = arena_alloc(p->arena, sizeof *known);
    if (known == NULL) return NDF_ENOMEM;
    *known = (struct known_agent){p->origin, name, agent, *runtime, p->known};
    p->known = known;
    p->known_count++;
    return NDF_OK;
}

/* The id of what is inside another. */
static int make_id(
    struct planning *p, struct str outer, struct str name, struct str *out)
{
    *out = name;
    if (outer.size > 0)
        *out =
            arena_format(p->arena, "%.*s/%.*s", STR_ARG(outer), STR_ARG(name));
    return out->at != NULL ? NDF_OK : NDF_ENOMEM;
}

static int plan_step(struct planning *p, const struct pattern *pattern,
    const struct step *step, struct plan_node *node)
{
    node->kind = NODE_STEP;
    node->step = *step;
    if (!step->retry_set) {
        /* Written into the plan, or a resumed run would not know of it. */
        node->step.retry = pattern->retry;
        node->step.retry_set = pattern->retry.attempts > 1;
    }
    int err = make_id(p, p->id, step->name, &node->id);
    if (err == NDF_OK)
        err = find_agent(p, step, step->agent, &node->agent, &node->runtime);
    if (err == NDF_OK && step->undo.agent.at != NULL)
        err = find_agent(
            p, step, step->undo.agent, &node->undo_agent, &node->undo_runtime);
    if (err != NDF_OK) return err;
    if (step->verify.at != NULL) {
        err = find_agent(
            p, step, step->verify, &node->verify_agent, &node->verify_runtime);
        if (err != NDF_OK) return err;
    }
    if (step->undo.run.count > 0) {
        /* An undo of its own is a program of the pattern's file. */
        node->undo_runtime = RUNTIME_PROCESS;
        node->undo_agent.name = step->name;
        node->undo_agent.run = step->undo.run;
        err = check_trust(p, p->origin);
        if (err == NDF_OK)
            err = resolve_program(p, p->origin, &node->undo_agent);
        node->step.undo.run = node->undo_agent.run;
    }
    if (node->step.timeout_ms == 0)
        node->step.timeout_ms = node->agent.timeout_ms;
    return err;
}

static int plan_phases(
    struct planning *p, const struct pattern *pattern, struct plan *plan);

/* NOLINTNEXTLINE(misc-no-recursion): ends at PLAN_DEPTH_MAX */
static int plan_pattern(
    struct planning *p, const struct pattern *pattern, struct plan *plan)
{
    /* Its words become agents' instructions: they need trust as programs do. */
    int err = check_trust(p, p->origin);
    if (err != NDF_OK) return err;
    plan->policy = pattern->policy;
    plan->timeout_ms = pattern->timeout_ms;
    plan->rollback = pattern->rollback;
    plan->approval = pattern->approval;
    plan->budget = pattern->budget;
    plan->strategy = pattern->rollback_strategy;
    if (pattern->kind == PATTERN_META) return plan_phases(p, pattern, plan);
    if (pattern->kind == PATTERN_PARALLEL) {
        plan->root.kind = NODE_PARALLEL;
        plan->root.max_concurrent = pattern->max_concurrent;
        plan->root.resource_threshold = pattern->resource_threshold;
        plan->root.failure_tolerance = pattern->failure_tolerance;
    }
    plan->root.children = arena_calloc(
        p->arena, pattern->step_count, sizeof *plan->root.children);
    if (plan->root.children == NULL) return NDF_ENOMEM;
    plan->root.child_count = pattern->step_count;
    for (size_t i = 0; err == NDF_OK && i < pattern->step_count; i++)
        err =
            plan_step(p, pattern, &pattern->steps[i], &plan->root.children[i]);
    return err;
}

/* A single agent is a pattern of one step. */
static int plan_agent(
    struct planning *p, const struct agent *agent, struct plan *plan)
{
    struct plan_node *node = arena_calloc(p->arena, 1, sizeof *node);
    if (node == NULL) return NDF_ENOMEM;
    plan->rollback = true;
    plan->budget.cost = (double)NAN;
    plan->root.children = node;
    plan->root.child_count = 1;
    node->kind = NODE_STEP;
    if (make_id(p, p->id, agent->name, &node->id) != NDF_OK) return NDF_ENOMEM;
    node->agent = *agent;
    node->runtime = RUNTIME_CALLBACK;
    node->step.name = agent->name;
    node->step.agent = agent->name;
    node->step.with = value_of_object();
    node->step.retry = (struct retry){.attempts = 1, .factor = 1};
    node->step.timeout_ms = agent->timeout_ms;
    node->step.expect.nonempty = true;
    if (p->origin == NULL) return NDF_OK;
    return resolve_runtime(p, p->origin, &node->agent, &node->runtime);
}

/* A function alone: its outcomes count for the host's agent of that name, and
 * there is no document whose version it could have. */
static int plan_function(struct planning *p, struct str name, struct plan *plan)
{
    struct agent agent = agent_of_function(name);
    plan->pattern =
        arena_format(p->arena, REGISTRY_HOST_SOURCE "/%.*s", STR_ARG(name));
    plan->version = STR("");
    if (plan->pattern.at == NULL) return NDF_ENOMEM;
    return plan_agent(p, &agent, plan);
}

/* Whether a name that the registry has not is that of a bound function. */
static bool is_function(const void *ud, struct str name)
{
    const struct planner *planner = ud;
    struct planning p = {.planner = planner};
    return !registry_has(planner->registry, name) && is_bound(&p, name);
}

/* Plans what p->origin is. */
/* NOLINTNEXTLINE(misc-no-recursion): ends at PLAN_DEPTH_MAX */
static int plan_origin(struct planning *p, struct plan *out)
{
    struct document document;
    char hex[HASH_HEX_SIZE];
    int err = registry_document(
        p->origin, p->planner->reader, p->arena, &document, p->error);
    if (err != NDF_OK) return err;
    hash_hex(p->origin->hash, HASH_SHA256_SIZE, hex);
    out->pattern = arena_str(p->arena, p->origin->qualified);
    out->version = arena_str(p->arena, str_of(hex));
    if (out->pattern.at == NULL || out->version.at == NULL) return NDF_ENOMEM;
    if (document.kind == DOCUMENT_AGENT)
        return plan_agent(p, &document.agent, out);
    /* Those inside were followed with the outermost. */
    if (p->depth == 0 && circles_possible(&document.pattern)) {
        const struct circles_source source = {
            p->planner->registry, p->planner->reader, is_function, p->planner};
        err = circles_check(&source, p->arena, p->origin, p->error);
    }
    return err == NDF_OK ? plan_pattern(p, &document.pattern, out) : err;
}

static void plan_init(const struct planning *p, struct plan *out)
{
    *out = (struct plan){.id = p->id,
        .cwd = p->planner->cwd,
        .policy = POLICY_RESTORE,
        .strategy = ROLLBACK_COMPLETE};
    out->root.kind = NODE_SEQUENCE;
    out->root.id = STR("");
}

/* Plans the pattern, agent or function of that name; nearest to source. */
/* NOLINTNEXTLINE(misc-no-recursion): ends at PLAN_DEPTH_MAX */
static int plan_name(
    struct planning *p, struct str name, struct str source, struct plan *out)
{
    plan_init(p, out);
    if (is_function(p->planner, name)) return plan_function(p, name, out);
    int err =
        registry_find(p->planner->registry, name, source, &p->origin, p->error);
    return err == NDF_OK ? plan_origin(p, out) : err;
}

/* ---- phases ------------------------------------------------------------- */

/* Without the source before it: '/' parts the levels of an id. */
static struct str short_name(struct str name)
{
    for (size_t i = name.size; i > 0; i--)
        if (name.at[i - 1] == '/') return str_from(name, i);
    return name;
}

/* Names may be the same, of one pattern or of several sources. */
static int member_name(struct planning *p, const struct str_list *names,
    size_t at, struct str *out)
{
    unsigned before = 0;
    *out = short_name(names->items[at]);
    for (size_t i = 0; i < at; i++)
        if (str_equal(short_name(names->items[i]), *out)) before++;
    if (before == 0) return NDF_OK;
    *out = arena_format(p->arena, "%.*s#%u", STR_ARG(*out), before + 1);
    return out->at != NULL ? NDF_OK : NDF_ENOMEM;
}

/* NOLINTNEXTLINE(misc-no-recursion): ends at PLAN_DEPTH_MAX */
static int plan_member(struct planning *p, const struct str_list *names,
    size_t at, struct str phase, struct plan *out)
{
    struct str name;
    struct planning inner = *p;
    if (++inner.depth > PLAN_DEPTH_MAX)
        return err_set(p->error, NDF_ELIMIT,
            "pattern '%.*s' nests patterns more than %d deep",
            STR_ARG(p->origin->name), PLAN_DEPTH_MAX);
    int err = member_name(p, names, at, &name);
    if (err == NDF_OK) err = make_id(p, phase, name, &inner.id);
    if (err != NDF_OK) return err;
    return plan_name(&inner, names->items[at], p->origin->source->name, out);
}

/* NOLINTNEXTLINE(misc-no-recursion): ends at PLAN_DEPTH_MAX */
static int plan_phase(
    struct planning *p, const struct phase *phase, struct plan_phase *out)
{
    *out = (struct plan_phase){.select = phase->select,
        .parallel = str_equal(phase->coordination, STR("parallel")),
        .success = phase->success,
        .triggers = phase->triggers,
        .allocation = phase->allocation,
        .plan_count = phase->patterns.count};
    int err = make_id(p, p->id, phase->name, &out->id);
    if (err != NDF_OK || phase->select) return err;
    out->plans = arena_calloc(p->arena, out->plan_count, sizeof *out->plans);
    if (out->plans == NULL) return NDF_ENOMEM;
    for (size_t i = 0; err == NDF_OK && i < out->plan_count; i++)
        err = plan_member(p, &phase->patterns, i, out->id, &out->plans[i]);
    return err;
}

/* NOLINTNEXTLINE(misc-no-recursion): ends at PLAN_DEPTH_MAX */
static int plan_phases(
    struct planning *p, const struct pattern *pattern, struct plan *plan)
{
    size_t count = pattern->phase_count;
    plan->phases = arena_calloc(p->arena, count, sizeof *plan->phases);
    if (plan->phases == NULL) return NDF_ENOMEM;
    int err = NDF_OK;
    for (size_t i = 0; err == NDF_OK && i < count; i++, plan->phase_count++)
        err = plan_phase(p, &pattern->phases[i], &plan->phases[i]);
    return err == NDF_OK ? plan_check_size(plan, p->error) : err;
}

/* ---- whole plans -------------------------------------------------------- */

int planner_plan(const struct planner *planner, struct arena *arena,
    struct str name, struct plan *out, ndf_error *error)
{
    struct planning p = {
        .planner = planner, .arena = arena, .error = error, .id = STR("")};
    return plan_name(&p, name, (struct str){NULL, 0}, out);
}

int planner_plan_chosen(const struct planner *planner, struct arena *arena,
    struct str phase, struct str name, struct plan *out, ndf_error *error)
{
    struct planning p = {.planner = planner, .arena = arena, .error = error};
    int err = make_id(&p, phase, short_name(name), &p.id);
    if (err != NDF_OK) return err;
    return plan_name(&p, name, (struct str){NULL, 0}, out);
}

/* Parts are done independently of each other, so that each takes back its own
 * work only. What fails to decode here is a bug, but for the names. */
static int parts_pattern(
    struct planning *p, const struct plan_parts *parts, struct pattern *out)
{
    struct arena *arena = p->arena;
    struct object document = object_new(arena), item = object_new(arena);
    struct object phase = object_new(arena);
    struct value names = value_of_array(), phases = value_of_array();
    int err = NDF_OK;
    for (size_t i = 0; err == NDF_OK && i < parts->count; i++)
        err = value_push(arena, &names, value_of_str(parts->items[i].pattern));
    object_put(&phase, "patterns", names);
    object_put(&phase, "coordination",
        value_of_str(parts->parallel ? STR("parallel") : STR("sequential")));
    object_put(&item, "parts", phase.value);
    if (err == NDF_OK) err = phase.err;
    if (err == NDF_OK) err = item.err;
    if (err == NDF_OK) err = value_push(arena, &phases, item.value);
    object_put(&document, "pattern", value_of_str(STR("composed")));
    object_put(&document, "rollback_strategy", value_of_str(STR("pattern")));
    object_put(&document, "phases", phases);
    if (err == NDF_OK) err = document.err;
    return err == NDF_OK ? pattern_decode(arena, &document.value, out, p->error)
                         : err;
}

int planner_plan_parts(const struct planner *planner, struct arena *arena,
    const struct plan_parts *parts, struct plan *out, ndf_error *error)
{
    const struct source source = {.name = STR(REGISTRY_HOST_SOURCE)};
    const struct entry origin = {.source = &source, .name = STR("composed")};
    struct planning p = {.planner = planner,
        .arena = arena,
        .error = error,
        .origin = &origin,
        .id = STR("")};
    struct pattern pattern;
    plan_init(&p, out);
    int err = parts_pattern(&p, parts, &pattern);
    if (err == NDF_OK) err = plan_pattern(&p, &pattern, out);
    if (err != NDF_OK) return err;
    out->pattern =
        parts->parallel ? STR("composed/parallel") : STR("composed/sequential");
    out->version = STR("");
    struct plan_phase *phase = &out->phases[0];
    for (size_t i = 0; err == NDF_OK && i < phase->plan_count; i++) {
        phase->plans[i].task = arena_str(arena, parts->items[i].task);
        if (phase->plans[i].task.at == NULL) err = NDF_ENOMEM;
    }
    return err;
}
