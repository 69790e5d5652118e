/*
 * exec_parallel.c - tasks side by side.
 *
 * Order: a task is ready when all that it needs is done. Ready tasks start in
 * the order in which they are declared; one that must wait for room holds up
 * those behind it, so that small ones do not starve a large one.
 *
 * Room: at most max_concurrent tasks at once (0: EXEC_TASKS_AT_ONCE_MAX), of
 * which a task that waits to be tried again is none. What a task declares is
 * counted, what it does not declare is not: the declared cpu of those at work
 * must fit resource_threshold of the machine's cpus, and of its memory
 * 1 - resource_threshold must stay free. At work are also the tasks of other
 * runs: what they take comes with events, and whether another run's turn is
 * before this one's. Free is what the system says, or all
 * less what those at work declared, if that is less: they may not have taken
 * it yet. When none is at work one is admitted all the same, as nothing would
 * ever move else; but a task that asks for more than the whole machine has
 * fails and says so. What is not known of the machine bounds nothing.
 *
 * Failures: a task that failed, after its retries, leaves the others alone.
 * Those that need it are skipped, on record, and count as failed. When
 * failed / all is over failure_tolerance, or nothing can be done any more, the
 * run fails at once: a "cancel" record says why, what runs is ended, what is
 * done is undone in the reverse order of completion. Else the run succeeds
 * with what is done.
 *
 * Doubt: a task that nobody knows the end of keeps others from being started;
 * those at work come to their ends first, then the run stops, in doubt.
 *
 * The executor stays pure: how the machine is comes with events, and a task
 * that waits for memory is looked at again when another ends or a timer fires.
 */
#include "run/exec.h"

static struct exec_node *task_at(struct executor *x, uint32_t leaf)
{
    return &x->nodes[x->leaves[leaf]];
}

static bool is_over(const struct exec_node *task)
{
    return task->state == NODE_DONE || task->state == NODE_FAILED ||
           task->state == NODE_SKIPPED;
}

/* Its verifier takes the place of its work. */
static bool is_at_work(struct exec_node *task)
{
    const struct exec_slot *slot = exec_turn(task);
    bool waits = slot->phase == SLOT_IDLE || slot->phase == SLOT_WAITING;
    if (slot->verify && waits) return true;
    return slot->phase == SLOT_INTENDED || slot->phase == SLOT_RUNNING;
}

/* Whether its next call waits for nothing but room. */
static bool is_due(const struct executor *x, const struct exec_node *task)
{
    const struct exec_slot *slot = &task->work;
    if (is_over(task)) return false;
    if (slot->phase == SLOT_WAITING) {
        return slot->wait_ms == 0 && slot->timer == 0;
    }
    return slot->phase == SLOT_IDLE && exec_needs_done(x, task);
}

/* ---- failures ----------------------------------------------------------- */

static int skip(
    struct executor *x, struct exec_node *task, const struct exec_node *needed)
{
    ndf_error text = {0};
    err_set(&text, NDF_EAGENT, "it needs '%.*s', which %s",
        STR_ARG(needed->plan->id),
        needed->state == NODE_SKIPPED ? "was skipped" : "failed");
    int err = exec_record_skip(x, task, needed, text.message);
    if (err != NDF_OK) return err;
    return exec_progress(x, NDF_EVENT_STEP_SKIPPED, &task->work, text.message);
}

/* In the order of needs, so that one pass finds all. */
static int skip_tasks(struct executor *x)
{
    int err = NDF_OK;
    for (uint32_t i = 0; i < x->leaf_count && err == NDF_OK; i++) {
        struct exec_node *task = task_at(x, x->parallel->order[i]);
        if (task->state != NODE_PENDING) continue;
        const struct exec_node *needed = exec_needs_failed(x, task);
        if (needed != NULL) err = skip(x, task, needed);
    }
    return err;
}

struct load {
    uint32_t count;
    double cpu;
    double memory;
};

static void load_add(struct load *load, const struct exec_node *task)
{
    load->count++;
    load->cpu += task->plan->step.cpu;
    load->memory += (double)task->plan->step.memory;
}

/* How it stands with all tasks. */
struct tally {
    struct load load; /* of those at work */
    uint32_t failed;  /* or skipped */
    uint32_t doubts;
    uint32_t open;
    struct exec_node *first_failed, *first_doubt;
};

static struct tally count_tasks(struct executor *x)
{
    struct tally tally = {0};
    for (uint32_t i = 0; i < x->leaf_count; i++) {
        struct exec_node *task = task_at(x, i);
        if (!is_over(task)) tally.open++;
        if (is_at_work(task)) load_add(&tally.load, task);
        if (exec_turn(task)->phase == SLOT_DOUBT) {
            if (tally.doubts++ == 0) tally.first_doubt = task;
        }
        if (task->state == NODE_FAILED && tally.first_failed == NULL) {
            tally.first_failed = task;
        }
        bool failed = task->state == NODE_FAILED || task->state == NODE_SKIPPED;
        if (failed) tally.failed++;
    }
    return tally;
}

static int fail_run(
    struct executor *x, const struct exec_node *root, const struct tally *tally)
{
    const struct exec_node *failed = x->failed;
    enum exec_reason reason = x->failed_reason;
    ndf_error text = {0};
    bool known = failed != NULL && failed->state == NODE_FAILED;
    if (!known) failed = tally->first_failed;
    if (!known || reason == REASON_NONE) reason = REASON_FAILURE;
    const char *why = known ? x->failed_error.message : "see its results";
    if (tally->failed == 1 || root->plan->failure_tolerance <= 0) {
        err_set(&text, NDF_EAGENT, "step '%.*s' failed: %s",
            STR_ARG(failed->plan->id), why);
    } else {
        err_set(&text, NDF_EAGENT,
            "%u of %u tasks failed or were skipped, where failure_tolerance "
            "is %g; step '%.*s' failed: %s",
            tally->failed, x->leaf_count, root->plan->failure_tolerance,
            STR_ARG(failed->plan->id), why);
    }
    return exec_record_cancel(x, reason, text.message, failed);
}

/* Skips, and fails the run when that is too much. */
static int judge_failures(struct executor *x, const struct exec_node *root)
{
    int err = skip_tasks(x);
    if (err != NDF_OK) return err;
    struct tally tally = count_tasks(x);
    if (tally.first_failed == NULL) return NDF_OK;
    double share = (double)tally.failed / (double)x->leaf_count;
    bool tolerated = share <= root->plan->failure_tolerance;
    if (tolerated && tally.failed < x->leaf_count) return NDF_OK;
    return fail_run(x, root, &tally);
}

/* ---- room --------------------------------------------------------------- */

uint32_t exec_places(const struct executor *x)
{
    uint32_t places = x->nodes[0].plan->max_concurrent;
    bool own = places > 0 && places < EXEC_TASKS_AT_ONCE_MAX;
    return own ? places : EXEC_TASKS_AT_ONCE_MAX;
}

static bool declares(const struct step *step)
{
    return step->cpu > 0 || step->memory > 0;
}

/* Of the tasks at work in the other patterns of the run; inside: only in those
 * of that phase. */
static struct load load_elsewhere(
    const struct executor *x, const struct exec_phase *inside)
{
    struct load load = {0};
    for (size_t i = 0; i < x->shared->members.count; i++) {
        struct executor *member = exec_member_at(x->shared, i);
        const struct executor *at = member;
        while (inside != NULL && at != NULL && at->phase != inside) {
            at = at->parent;
        }
        bool counts = member != x && at != NULL && member->parallel != NULL;
        if (!counts || !member->began || member->ended) continue;
        for (uint32_t t = 0; t < member->leaf_count; t++) {
            struct exec_node *task = task_at(member, t);
            if (is_at_work(task)) load_add(&load, task);
        }
    }
    return load;
}

/* Whether a step more fits what the phases around the pattern may take. */
static bool is_allotted(const struct executor *x, const struct step *step,
    const struct load *own, bool *ever)
{
    bool fits = true;
    *ever = true;
    for (const struct executor *at = x; at->phase != NULL; at = at->parent) {
        const struct allocation *most = &at->phase->plan->allocation;
        if (most->cpu <= 0 && most->memory == 0) continue;
        struct load load = load_elsewhere(x, at->phase);
        double cpu = own->cpu + load.cpu + step->cpu;
        double memory = own->memory + load.memory + (double)step->memory;
        if (most->cpu > 0 && step->cpu > most->cpu) *ever = false;
        if (most->memory > 0 && step->memory > most->memory) *ever = false;
        if (most->cpu > 0 && cpu > most->cpu) fits = false;
        if (most->memory > 0 && memory > (double)most->memory) fits = false;
    }
    return fits;
}

void exec_parallel_load(const struct executor *x, struct exec_load *out)
{
    *out = (struct exec_load){
        .waits = x->shared->waits, .admitted = x->shared->admitted};
    for (size_t i = 0; i < x->shared->members.count; i++) {
        struct executor *member = exec_member_at(x->shared, i);
        if (member->parallel == NULL || member->ended) continue;
        for (uint32_t t = 0; t < member->leaf_count; t++) {
            struct exec_node *task = task_at(member, t);
            const struct step *step = &task->plan->step;
            if (!declares(step) || !is_at_work(task)) continue;
            out->count++;
            out->cpu += step->cpu;
            out->memory += step->memory;
        }
    }
}

enum admission {
    ADMIT,
    ADMIT_NO_PLACE,
    ADMIT_NO_CPU,
    ADMIT_NO_MEMORY,
    ADMIT_NEVER,
};

static enum admission admit(const struct executor *x,
    const struct exec_node *root, const struct exec_node *task,
    const struct load *load)
{
    const struct exec_machine *machine = &x->shared->machine;
    const struct step *step = &task->plan->step;
    double share = root->plan->resource_threshold;
    double all = (double)machine->memory;
    double needed = (double)step->memory;
    bool ever;
    bool allotted = is_allotted(x, step, load, &ever);
    if (machine->cpus > 0 && step->cpu > machine->cpus) return ADMIT_NEVER;
    if ((all > 0 && needed > all) || !ever) return ADMIT_NEVER;
    struct load others = load_elsewhere(x, NULL);
    others.count += machine->others;
    others.cpu += machine->cpu_taken;
    others.memory += (double)machine->memory_taken;
    /* Also when nothing is at work: then that one's task is about to be. */
    if (machine->behind && declares(step)) return ADMIT_NO_CPU;
    if (load->count + others.count == 0) return ADMIT;
    if (load->count >= exec_places(x) || !allotted) return ADMIT_NO_PLACE;
    if (machine->cpus > 0 && step->cpu > 0 &&
        load->cpu + others.cpu + step->cpu > share * machine->cpus) {
        return ADMIT_NO_CPU;
    }
    if (all <= 0 || needed <= 0) return ADMIT;
    double left = all - load->memory - others.memory;
    if ((double)machine->memory_free < left) {
        left = (double)machine->memory_free;
    }
    return left - needed >= (1 - share) * all ? ADMIT : ADMIT_NO_MEMORY;
}

/* Memory may be given back by others: nobody tells us. */
static int look_again(struct executor *x)
{
    struct exec_parallel *p = x->parallel;
    if (p->timer != 0) return NDF_OK;
    struct exec_action *action = exec_emit(x, EXEC_TIMER_SET);
    if (action == NULL) return NDF_ENOMEM;
    p->timer = exec_number(x, NULL);
    action->timer.token = p->timer;
    action->timer.ms = EXEC_ADMIT_MS;
    return NDF_OK;
}

static int refuse(struct executor *x, struct exec_node *task)
{
    const struct exec_machine *machine = &x->shared->machine;
    const struct step *step = &task->plan->step;
    ndf_error text = {0};
    bool ever;
    (void)is_allotted(x, step, &(struct load){0}, &ever);
    if (!ever) {
        err_set(&text, NDF_ELIMIT,
            "it declares more than the 'resource_allocation' of its phase: "
            "declare less, or allot more");
    } else if (machine->cpus > 0 && step->cpu > machine->cpus) {
        err_set(&text, NDF_ELIMIT,
            "it declares %g cpus and this machine has %g: declare less, or run "
            "it on a larger machine",
            step->cpu, machine->cpus);
    } else {
        err_set(&text, NDF_ELIMIT,
            "it declares %llu bytes of memory and this machine has %llu: "
            "declare less, or run it on a larger machine",
            (unsigned long long)step->memory,
            (unsigned long long)machine->memory);
    }
    return exec_slot_refuse(x, &task->work, text.message);
}

/* ---- moving on ---------------------------------------------------------- */

/* Starts what there is room for, in order; ends early when one failed at
 * once: *again is true then. */
static int start_tasks(struct executor *x, const struct exec_node *root,
    struct load load, bool *again)
{
    *again = false;
    for (uint32_t i = x->parallel->first; i < x->leaf_count; i++) {
        struct exec_node *task = task_at(x, i);
        if (!is_due(x, task)) continue;
        if (task->work.phase == SLOT_IDLE) {
            int err = exec_gate(x, task);
            *again = is_over(task);
            if (err != NDF_OK || *again || x->cancel != REASON_NONE) return err;
            if (!exec_gate_open(task)) continue;
        }
        enum admission admission = admit(x, root, task, &load);
        x->shared->waits |=
            admission == ADMIT_NO_MEMORY || admission == ADMIT_NO_CPU;
        if (admission == ADMIT_NO_MEMORY) return look_again(x);
        if (admission == ADMIT_NO_PLACE || admission == ADMIT_NO_CPU) break;
        int err = admission == ADMIT_NEVER ? refuse(x, task)
                                           : exec_node_advance(x, task);
        if (err != NDF_OK) return err;
        *again = task->state == NODE_FAILED;
        if (*again || x->cancel != REASON_NONE) break;
        load_add(&load, task);
        x->shared->admitted += declares(&task->plan->step);
    }
    return NDF_OK;
}

/* What is under way goes on: calls, waits, and their ends. */
static int advance_tasks(struct executor *x)
{
    struct exec_parallel *p = x->parallel;
    int err = NDF_OK;
    while (p->first < x->leaf_count && is_over(task_at(x, p->first))) {
        p->first++;
    }
    for (uint32_t i = p->first; i < x->leaf_count && err == NDF_OK; i++) {
        struct exec_node *task = task_at(x, i);
        if (is_over(task)) continue;
        bool waits = task->work.phase == SLOT_WAITING &&
                     (x->cancel != REASON_NONE || !is_due(x, task));
        if (is_at_work(task) || waits) err = exec_node_advance(x, task);
    }
    return err;
}

static int end_in_doubt(struct executor *x, const struct tally *tally)
{
    ndf_error error = {0};
    exec_doubt_words(exec_turn(tally->first_doubt), &error);
    if (tally->doubts == 1) {
        return exec_record_end(
            x, NDF_RUN_IN_DOUBT, error.message, tally->first_doubt);
    }
    ndf_error text = {0};
    err_set(&text, NDF_EINDOUBT, "%u tasks are in doubt: %s", tally->doubts,
        error.message);
    return exec_record_end(
        x, NDF_RUN_IN_DOUBT, text.message, tally->first_doubt);
}

static int settle(struct executor *x, struct exec_node *root)
{
    for (uint32_t i = 0; i < x->leaf_count; i++) {
        if (is_at_work(task_at(x, i))) return NDF_OK;
    }
    struct tally tally = count_tasks(x);
    if (tally.doubts > 0) return end_in_doubt(x, &tally);
    if (x->cancel != REASON_NONE) {
        root->state = NODE_FAILED;
    } else if (tally.open == 0) {
        root->state = NODE_DONE;
    }
    return NDF_OK;
}

int exec_parallel_advance(struct executor *x, struct exec_node *root)
{
    bool again = true;
    int err = NDF_OK;
    while (again && err == NDF_OK) {
        again = false;
        struct tally tally = count_tasks(x);
        if (tally.failed > 0 && x->cancel == REASON_NONE) {
            err = judge_failures(x, root);
        }
        if (err == NDF_OK) err = advance_tasks(x);
        if (err == NDF_OK && tally.doubts == 0 && x->cancel == REASON_NONE) {
            err = start_tasks(x, root, tally.load, &again);
        }
        /* A budget that is used up stops those that wait, too. */
        if (err == NDF_OK && x->cancel != REASON_NONE) err = advance_tasks(x);
    }
    return err == NDF_OK ? settle(x, root) : err;
}
