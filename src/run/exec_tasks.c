/*
 * exec_tasks.c - what the tasks of a parallel plan need and are given.
 *
 * A task is given the context as the run found it, with the patches of the
 * tasks that it needs, of those that these need and so on, and of no others: so
 * what it sees does not depend on who was faster. Patches are applied in one
 * order everywhere: what is needed first, else as declared. The context of the
 * run is the initial one with the patches of all that is done.
 *
 * Invariant: a patch is kept with its task; x->context is a view, made anew
 * when somebody else's is wanted.
 */
#include <string.h>

#include "run/exec.h"

/* ---- the graph ---------------------------------------------------------- */

static int check_shape(const struct executor *x, ndf_error *error)
{
    for (uint32_t i = 1; i < x->node_count; i++) {
        enum node_kind kind = x->nodes[i].plan->kind;
        bool tasks = x->nodes[0].plan->kind == NODE_PARALLEL;
        if (kind == NODE_STEP || (kind == NODE_SEQUENCE && !tasks)) continue;
        return err_set(error, NDF_EUNSUPPORTED,
            "the plan of '%.*s' nests tasks in steps or steps in tasks, which "
            "this version cannot run",
            STR_ARG(x->plan->pattern));
    }
    return NDF_OK;
}

static int find_needs(struct executor *x, const struct map *names,
    uint32_t leaf, ndf_error *error)
{
    const struct exec_node *node = &x->nodes[x->leaves[leaf]];
    const struct str_list *needs = &node->plan->step.needs;
    struct exec_task *task = &x->parallel->tasks[leaf];
    task->patch = value_null;
    task->need_count = (uint32_t)needs->count;
    if (needs->count == 0) return NDF_OK;
    task->needs = arena_calloc(&x->arena, needs->count, sizeof *task->needs);
    if (task->needs == NULL) return NDF_ENOMEM;
    for (size_t i = 0; i < needs->count; i++) {
        const struct exec_node *needed = map_get(names, needs->items[i]);
        if (needed == NULL) {
            return err_set(error, NDF_EREFERENCE,
                "task '%.*s' needs '%.*s', which is no task of '%.*s'",
                STR_ARG(node->plan->id), STR_ARG(needs->items[i]),
                STR_ARG(x->plan->pattern));
        }
        task->needs[i] = needed->leaf;
    }
    return NDF_OK;
}

enum visit_state { VISIT_NEW, VISIT_OPEN, VISIT_PLACED };

struct visits {
    enum visit_state *states;
    uint32_t *next; /* which need of an open task is looked at next */
    uint32_t placed;
};

/* Places a task behind all that it needs: a walk in depth. */
static int place(
    struct executor *x, struct visits *visits, uint32_t leaf, ndf_error *error)
{
    struct exec_parallel *p = x->parallel;
    uint32_t depth = 0;
    p->stack[depth++] = leaf;
    while (depth > 0) {
        uint32_t at = p->stack[depth - 1];
        const struct exec_task *task = &p->tasks[at];
        visits->states[at] = VISIT_OPEN;
        if (visits->next[at] == task->need_count) {
            visits->states[at] = VISIT_PLACED;
            p->order[visits->placed++] = at;
            depth--;
            continue;
        }
        uint32_t needed = task->needs[visits->next[at]++];
        if (visits->states[needed] == VISIT_PLACED) continue;
        if (visits->states[needed] == VISIT_OPEN) {
            return err_set(error, NDF_ECYCLE,
                "the needs of task '%.*s' lead into a circle: it could never "
                "start",
                STR_ARG(x->nodes[x->leaves[needed]].plan->id));
        }
        p->stack[depth++] = needed;
    }
    return NDF_OK;
}

static int make_order(struct executor *x, ndf_error *error)
{
    struct arena scratch;
    struct visits visits = {.placed = 0};
    arena_init(&scratch, x->mem);
    size_t count = (size_t)x->leaf_count + 1;
    visits.states = arena_calloc(&scratch, count, sizeof *visits.states);
    visits.next = arena_calloc(&scratch, count, sizeof *visits.next);
    int err = NDF_OK;
    if (visits.states == NULL || visits.next == NULL) err = NDF_ENOMEM;
    for (uint32_t i = 0; i < x->leaf_count && err == NDF_OK; i++) {
        if (visits.states[i] == VISIT_NEW) err = place(x, &visits, i, error);
    }
    arena_deinit(&scratch);
    return err;
}

int exec_tasks_new(struct executor *x, ndf_error *error)
{
    int err = check_shape(x, error);
    if (err != NDF_OK || x->plan->root.kind != NODE_PARALLEL) return err;
    size_t count = (size_t)x->leaf_count + 1;
    struct exec_parallel *p = arena_calloc(&x->arena, 1, sizeof *p);
    if (p == NULL) return NDF_ENOMEM;
    p->tasks = arena_calloc(&x->arena, count, sizeof *p->tasks);
    p->order = arena_calloc(&x->arena, count, sizeof *p->order);
    p->marks = arena_calloc(&x->arena, count, sizeof *p->marks);
    p->stack = arena_calloc(&x->arena, count, sizeof *p->stack);
    p->view = VIEW_BASE;
    p->patch_bytes = value_size(&x->context_value);
    x->parallel = p;
    if (p->tasks == NULL || p->order == NULL || p->marks == NULL ||
        p->stack == NULL) {
        return NDF_ENOMEM;
    }
    struct map names; /* of steps; ids have those of patterns before them */
    map_init(&names, x->mem);
    for (uint32_t i = 0; i < x->leaf_count && err == NDF_OK; i++) {
        struct exec_node *node = &x->nodes[x->leaves[i]];
        err = map_put(&names, node->plan->step.name, node);
    }
    for (uint32_t i = 0; i < x->leaf_count && err == NDF_OK; i++) {
        const struct step *step = &x->nodes[x->leaves[i]].plan->step;
        if (step->cpu > 0 || step->memory > 0) p->declared = true;
        err = find_needs(x, &names, i, error);
    }
    map_deinit(&names);
    return err == NDF_OK ? make_order(x, error) : err;
}

void exec_closure(struct executor *x, uint32_t leaf)
{
    struct exec_parallel *p = x->parallel;
    uint32_t depth = 0;
    memset(p->marks, 0, x->leaf_count * sizeof *p->marks);
    p->stack[depth++] = leaf;
    while (depth > 0) {
        const struct exec_task *task = &p->tasks[p->stack[--depth]];
        for (uint32_t i = 0; i < task->need_count; i++) {
            if (p->marks[task->needs[i]]) continue;
            p->marks[task->needs[i]] = true;
            p->stack[depth++] = task->needs[i];
        }
    }
}

static const struct exec_node *need_at(
    const struct executor *x, const struct exec_node *node, uint32_t i)
{
    const struct exec_task *task = &x->parallel->tasks[node->leaf];
    return &x->nodes[x->leaves[task->needs[i]]];
}

static uint32_t need_count(
    const struct executor *x, const struct exec_node *node)
{
    if (x->parallel == NULL) return 0;
    return x->parallel->tasks[node->leaf].need_count;
}

bool exec_needs_done(const struct executor *x, const struct exec_node *node)
{
    for (uint32_t i = 0; i < need_count(x, node); i++) {
        if (need_at(x, node, i)->state != NODE_DONE) return false;
    }
    return true;
}

const struct exec_node *exec_needs_failed(
    const struct executor *x, const struct exec_node *node)
{
    for (uint32_t i = 0; i < need_count(x, node); i++) {
        const struct exec_node *needed = need_at(x, node, i);
        if (needed->state == NODE_FAILED || needed->state == NODE_SKIPPED) {
            return needed;
        }
    }
    return NULL;
}

/* ---- contexts ----------------------------------------------------------- */

/* Marks whose patches belong to a call; says what that view is called. */
static int64_t mark_view(struct executor *x, const struct exec_slot *slot)
{
    struct exec_parallel *p = x->parallel;
    if (p->patch_count == 0) return VIEW_BASE;
    if (slot == NULL || slot->undo) {
        memset(p->marks, true, x->leaf_count * sizeof *p->marks);
        return VIEW_ALL;
    }
    exec_closure(x, slot->node->leaf);
    for (uint32_t i = 0; i < x->leaf_count; i++) {
        if (p->marks[i] && p->tasks[i].patch.kind != VALUE_NULL) {
            return slot->node->leaf;
        }
    }
    return VIEW_BASE;
}

/* The initial context with the patches of the marked. */
static int merge_marked(struct executor *x, struct arena *arena,
    bool with_patches, struct value *out)
{
    const struct exec_parallel *p = x->parallel;
    int err = NDF_OK;
    *out = x->initial;
    for (uint32_t i = 0; i < x->leaf_count && with_patches; i++) {
        const struct value *patch = &p->tasks[p->order[i]].patch;
        struct value before = *out;
        if (!p->marks[p->order[i]] || patch->kind == VALUE_NULL) continue;
        if (err == NDF_OK) err = patch_merge(arena, &before, patch, out);
    }
    return err == NDF_OK ? exec_context_tidy(arena, out) : err;
}

int exec_view(struct executor *x, const struct exec_slot *slot)
{
    struct exec_parallel *p = x->parallel;
    if (p == NULL) return NDF_OK;
    int64_t view = mark_view(x, slot);
    bool fresh = view != VIEW_ALL || p->view_patches == p->patch_count;
    if (view == p->view && fresh) return NDF_OK;
    struct arena scratch;
    struct value value;
    arena_init(&scratch, x->mem);
    int err = merge_marked(x, &scratch, view != VIEW_BASE, &value);
    if (err == NDF_OK) err = exec_context_set(x, &value, NULL);
    arena_deinit(&scratch);
    if (err != NDF_OK) return err;
    p->view = view;
    p->view_patches = p->patch_count;
    return NDF_OK;
}

/* Whether patch makes the context with that hash of the one in view, and a
 * good one. */
static int check_patch(struct executor *x, const struct value *patch,
    struct str hex, ndf_error *error)
{
    struct arena scratch;
    struct value after;
    struct context context;
    char got[HASH_HEX_SIZE];
    arena_init(&scratch, x->mem);
    int err = patch_merge(&scratch, &x->context_value, patch, &after);
    if (err == NDF_OK) err = exec_value_hex(x->mem, &after, got);
    if (err == NDF_OK) err = context_decode(&scratch, &after, &context, error);
    arena_deinit(&scratch);
    if (err != NDF_OK) return err == NDF_ENOMEM ? err : NDF_ECORRUPT;
    return str_equal(hex, str_of(got)) ? NDF_OK : NDF_ECORRUPT;
}

int exec_task_patch(struct executor *x, const struct exec_slot *slot,
    const struct value *patch, struct str hex, ndf_error *error)
{
    struct exec_parallel *p = x->parallel;
    struct exec_task *task = &p->tasks[slot->node->leaf];
    if (patch->kind != VALUE_OBJECT) return NDF_ECORRUPT;
    int err = exec_view(x, slot);
    if (err == NDF_OK) err = check_patch(x, patch, hex, error);
    if (err == NDF_OK) err = value_copy(&x->arena, patch, &task->patch);
    if (err != NDF_OK) return err;
    p->patch_count++;
    p->patch_bytes += value_size(patch);
    return NDF_OK;
}

uint64_t exec_time_spent(struct executor *x)
{
    struct exec_parallel *p = x->parallel;
    if (x->meta != NULL) return exec_meta_time_spent(x);
    if (p == NULL) return x->busy_ms;
    /* No less than all calls spread over all places, nor than the longest
     * chain of needs. */
    uint64_t spent = x->busy_ms / exec_places(x);
    for (uint32_t i = 0; i < x->leaf_count; i++) {
        struct exec_task *task = &p->tasks[p->order[i]];
        task->chain_ms = 0;
        for (uint32_t n = 0; n < task->need_count; n++) {
            uint64_t before = p->tasks[task->needs[n]].chain_ms;
            if (before > task->chain_ms) task->chain_ms = before;
        }
        task->chain_ms += task->spent_ms;
        if (task->chain_ms > spent) spent = task->chain_ms;
    }
    return spent;
}

int exec_task_scope(struct executor *x, struct exec_slot *slot,
    const struct template_step **steps, size_t *count)
{
    struct exec_parallel *p = x->parallel;
    *steps = NULL;
    *count = 0;
    if (need_count(x, slot->node) == 0) return NDF_OK;
    exec_closure(x, slot->node->leaf);
    size_t all = 0;
    for (uint32_t i = 0; i < x->leaf_count; i++) {
        if (p->marks[i]) all++;
    }
    struct template_step *visible =
        arena_calloc(&slot->arena, all, sizeof *visible);
    if (visible == NULL) return NDF_ENOMEM;
    for (uint32_t i = 0; i < x->leaf_count; i++) {
        if (p->marks[i]) visible[(*count)++] = x->steps[i];
    }
    *steps = visible;
    return NDF_OK;
}
