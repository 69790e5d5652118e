/*
 * exec_phase.c - phases of patterns, one phase after another.
 *
 * Order: a sequential phase begins its patterns one after another, a parallel
 * one all at once (allocation.max_concurrent at most), in the order in which
 * they are declared.
 *
 * Success: a phase is done when all its patterns have ended and enough of them
 * succeeded: a share of min_success_rate (1 when no criterion counts them),
 * with no more than max_error_count failed. It is stopped as soon as that
 * cannot be any more, when it lasts longer than max_latency, and by what its
 * rollback_triggers name: then no pattern begins, and those under way are
 * cancelled, which undoes their steps.
 *
 * Rollback: a pattern that fails takes its own steps back, by its own rules.
 * When its phase fails besides, the patterns that had succeeded are taken back,
 * the last one first: none of them (strategy pattern), those of this phase
 * (phase), or all (complete). A meta pattern that is cancelled, out of time or
 * out of budget takes all back.
 *
 * A pattern in doubt keeps others from beginning; those under way come to
 * their ends, then the run stops in doubt.
 */
#include <math.h>

#include "run/exec.h"

/* How it stands with a phase's patterns. */
struct standing {
    uint32_t running, succeeded, failed;
    struct executor *doubt, *undo_failed;
    struct executor *first_failed;
};

static struct standing stand(const struct exec_phase *phase)
{
    struct standing standing = {0};
    for (uint32_t i = 0; i < phase->began; i++) {
        struct executor *member = phase->members[i];
        if (!member->ended) {
            standing.running++;
            continue;
        }
        int state = (int)member->end.state;
        if (state == NDF_RUN_SUCCEEDED) {
            standing.succeeded++;
            continue;
        }
        if (state == NDF_RUN_IN_DOUBT) standing.doubt = member;
        if (state == NDF_RUN_UNDO_FAILED) standing.undo_failed = member;
        if (standing.failed++ == 0) standing.first_failed = member;
    }
    return standing;
}

/* ---- success ------------------------------------------------------------ */

/* Whether so many failures among all of them are too many. */
static bool too_many(const struct exec_phase *phase, uint32_t failed)
{
    const struct success_criteria *success = &phase->plan->success;
    double rate = success->min_success_rate;
    if (success->max_error_count >= 0 &&
        (int64_t)failed > success->max_error_count) {
        return true;
    }
    if (isnan(rate) && success->max_error_count >= 0) return false;
    double share = (double)(phase->count - failed) / (double)phase->count;
    return share < (isnan(rate) ? 1 : rate);
}

static int stop_for_failures(
    struct exec_phase *phase, const struct standing *standing)
{
    const struct executor *failed = standing->first_failed;
    ndf_error text = {0};
    if (standing->failed == 1) {
        err_set(&text, NDF_EAGENT, "pattern '%.*s' failed: %s",
            STR_ARG(failed->plan->id), failed->end.error.at);
    } else {
        err_set(&text, NDF_EAGENT,
            "%u of %u patterns failed, the first of them '%.*s': %s",
            standing->failed, phase->count, STR_ARG(failed->plan->id),
            failed->end.error.at);
    }
    enum exec_reason reason =
        failed->cancel != REASON_NONE ? failed->cancel : failed->failed_reason;
    return exec_record_stop(
        phase, reason != REASON_NONE ? reason : REASON_FAILURE, text.message);
}

static bool triggered_by(
    const struct exec_phase *phase, const struct executor *member)
{
    const struct str_list *triggers = &phase->plan->triggers;
    bool failed = member->ended && member->end.state != NDF_RUN_SUCCEEDED;
    bool late = member->cancel == REASON_TIMEOUT ||
                member->failed_reason == REASON_TIMEOUT;
    for (size_t i = 0; i < triggers->count; i++) {
        struct str word = triggers->items[i];
        if (str_equal(word, STR("error")) && failed) return true;
        if (str_equal(word, STR("timeout")) && failed && late) return true;
        if (str_equal(word, STR("violation")) && member->deducted > 0) {
            return true;
        }
        if (str_equal(word, STR("critical")) && member->critical) return true;
    }
    return false;
}

static int judge_running(
    struct exec_phase *phase, const struct standing *standing)
{
    if (phase->state != PHASE_OPEN || phase->stopped) return NDF_OK;
    if (standing->failed > 0 && too_many(phase, standing->failed)) {
        return stop_for_failures(phase, standing);
    }
    for (uint32_t i = 0; i < phase->began; i++) {
        const struct executor *member = phase->members[i];
        if (!triggered_by(phase, member)) continue;
        ndf_error text = {0};
        err_set(&text, NDF_EAGENT,
            "pattern '%.*s' did what is a rollback trigger of the phase%s%s",
            STR_ARG(member->plan->id), member->end.error.size > 0 ? ": " : "",
            member->end.error.size > 0 ? member->end.error.at : "");
        return exec_record_stop(phase, REASON_FAILURE, text.message);
    }
    return NDF_OK;
}

/* ---- moving on ---------------------------------------------------------- */

static int set_latency_timer(struct exec_phase *phase)
{
    struct executor *x = phase->owner;
    uint64_t limit = phase->plan->success.max_latency_ms;
    uint64_t spent = exec_phase_time_spent(phase);
    if (limit == 0 || phase->timer != 0) return NDF_OK;
    struct exec_action *action = exec_emit(x, EXEC_TIMER_SET);
    if (action == NULL) return NDF_ENOMEM;
    phase->timer = exec_number(x, NULL);
    action->timer.token = phase->timer;
    action->timer.ms = spent < limit ? limit - spent : 1;
    return NDF_OK;
}

static int clear_latency_timer(struct exec_phase *phase)
{
    if (phase->timer == 0) return NDF_OK;
    struct exec_action *action = exec_emit(phase->owner, EXEC_TIMER_CLEAR);
    if (action == NULL) return NDF_ENOMEM;
    action->timer.token = phase->timer;
    phase->timer = 0;
    return NDF_OK;
}

static int begin_next(struct exec_phase *phase)
{
    struct executor *member = phase->members[phase->began];
    bool first = phase->began == 0;
    int err = exec_record_begin(member);
    if (err == NDF_OK && first) err = set_latency_timer(phase);
    if (err == NDF_OK) err = exec_begin_timing(member);
    return err == NDF_OK ? exec_advance(member) : err;
}

static int begin_more(struct exec_phase *phase)
{
    uint32_t places = phase->plan->allocation.max_concurrent;
    if (places == 0) places = UINT32_MAX;
    if (!phase->plan->parallel) places = 1;
    int err = NDF_OK;
    while (err == NDF_OK && phase->began < phase->count && !phase->stopped &&
           phase->owner->cancel == REASON_NONE) {
        struct standing standing = stand(phase);
        if (standing.doubt != NULL || standing.undo_failed != NULL) break;
        if (standing.running >= places) break;
        err = begin_next(phase);
        standing = stand(phase);
        if (err == NDF_OK) err = judge_running(phase, &standing);
    }
    return err;
}

static int advance_running(struct exec_phase *phase)
{
    const struct executor *x = phase->owner;
    int err = NDF_OK;
    for (uint32_t i = 0; i < phase->began && err == NDF_OK; i++) {
        struct executor *member = phase->members[i];
        if (member->ended) continue;
        bool stop = phase->stopped || x->cancel != REASON_NONE;
        if (stop && !member->failing && member->cancel == REASON_NONE) {
            const char *why = x->cancel != REASON_NONE ? x->cancel_error.message
                                                       : phase->error.message;
            err = exec_record_cancel(member, REASON_CANCELLED, why, NULL);
        }
        if (err == NDF_OK) err = exec_advance(member);
    }
    return err;
}

static int name_around(
    const struct executor *x, struct arena *arena, struct exec_select *out)
{
    size_t depth = 0;
    for (const struct executor *at = x; at != NULL; at = at->parent) {
        depth++;
    }
    out->around = arena_calloc(arena, depth, sizeof *out->around);
    if (out->around == NULL) return NDF_ENOMEM;
    for (; x != NULL; x = x->parent) {
        out->around[out->around_count++] = x->plan->pattern;
    }
    return NDF_OK;
}

static int choose(struct exec_phase *phase)
{
    struct executor *x = phase->owner;
    if (phase->choice != 0 || x->cancel != REASON_NONE) return NDF_OK;
    struct exec_action *action = exec_emit(x, EXEC_SELECT);
    if (action == NULL) return NDF_ENOMEM;
    phase->choice = exec_number(x, NULL);
    action->select.number = phase->choice;
    action->select.phase = phase->plan->id;
    int err = name_around(x, x->shared->out->arena, &action->select);
    if (err != NDF_OK) return err;
    struct context context = x->context;
    struct value value;
    context.text = exec_task_text(x);
    err = context_encode(x->shared->out->arena, &context, &value);
    return err == NDF_OK ? value_copy(x->shared->out->arena, &value,
                               &action->select.context)
                         : err;
}

/* The step in which a member went wrong, or NULL. */
static const struct exec_node *step_of(const struct executor *member)
{
    if (member->end.step.size == 0) return NULL;
    return map_get(&member->shared->by_id, member->end.step);
}

/* Nothing of the phase is under way: is that its end? */
static int settle(struct exec_phase *phase, const struct standing *standing)
{
    struct executor *x = phase->owner;
    const struct executor *doubt = standing->doubt;
    if (standing->running > 0) return NDF_OK;
    if (doubt != NULL) {
        return exec_record_end(
            x, NDF_RUN_IN_DOUBT, doubt->end.error.at, step_of(doubt));
    }
    if (standing->undo_failed != NULL) {
        doubt = standing->undo_failed;
        return exec_record_end(
            x, NDF_RUN_UNDO_FAILED, doubt->end.error.at, step_of(doubt));
    }
    bool all = phase->count > 0 && phase->began == phase->count;
    if (!all && !phase->stopped && x->cancel == REASON_NONE) return NDF_OK;
    int err = clear_latency_timer(phase);
    if (err != NDF_OK) return err;
    if (phase->stopped) {
        return exec_record_phase(phase, false, phase->error.message, NULL);
    }
    if (!all || (x->cancel != REASON_NONE && standing->failed > 0)) {
        return exec_record_phase(phase, false, x->cancel_error.message, NULL);
    }
    if (!phase->plan->parallel) return exec_record_phase(phase, true, "", NULL);
    struct value after;
    err = exec_phase_context(phase, x->shared->out->arena, &after);
    return err == NDF_OK ? exec_record_phase(phase, true, "", &after) : err;
}

static int phase_advance(struct exec_phase *phase)
{
    struct executor *x = phase->owner;
    bool chosen = !phase->plan->select || phase->count > 0;
    if (!chosen && !phase->stopped && x->cancel == REASON_NONE) {
        return choose(phase);
    }
    int err = advance_running(phase);
    struct standing standing = stand(phase);
    if (err == NDF_OK && x->cancel == REASON_NONE && standing.doubt == NULL) {
        err = judge_running(phase, &standing);
    }
    if (err == NDF_OK && phase->stopped) err = advance_running(phase);
    if (err == NDF_OK) err = begin_more(phase);
    if (err == NDF_OK && (phase->stopped || x->cancel != REASON_NONE)) {
        err = advance_running(phase);
    }
    if (err != NDF_OK) return err;
    standing = stand(phase);
    return settle(phase, &standing);
}

int exec_meta_advance(struct executor *x)
{
    struct exec_meta *meta = x->meta;
    while (!x->ended && meta->cursor < x->plan->phase_count) {
        uint32_t before = meta->cursor;
        if (meta->phases[before].state == PHASE_FAILED) return NDF_OK;
        int err = phase_advance(&meta->phases[before]);
        if (err != NDF_OK || meta->cursor == before) return err;
    }
    return NDF_OK;
}

int exec_meta_resume(struct executor *x)
{
    int err = NDF_OK;
    struct exec_meta *meta = x->meta;
    for (size_t i = 0; i < x->plan->phase_count && err == NDF_OK; i++) {
        struct exec_phase *phase = &meta->phases[i];
        if (phase->state == PHASE_OPEN && phase->began > 0) {
            err = set_latency_timer(phase);
        }
        for (uint32_t m = 0; m < phase->began && err == NDF_OK; m++) {
            struct executor *member = phase->members[m];
            if (!member->ended) err = exec_begin_timing(member);
        }
    }
    return err;
}

int exec_meta_rest(struct executor *x, bool rests)
{
    int err = NDF_OK;
    for (size_t i = 0; i < x->plan->phase_count && err == NDF_OK; i++) {
        struct exec_phase *phase = &x->meta->phases[i];
        bool runs = phase->state == PHASE_OPEN && phase->began > 0 &&
                    !phase->stopped && !x->ended;
        if (rests) err = clear_latency_timer(phase);
        else if (runs) err = set_latency_timer(phase);
    }
    return err;
}

/* ---- events ------------------------------------------------------------- */

static int on_late(struct exec_phase *phase)
{
    phase->timer = 0;
    /* One in doubt has ended with its phase open. */
    bool open =
        phase->state == PHASE_OPEN && !phase->stopped && !phase->owner->ended;
    if (!open || phase->owner->cancel != REASON_NONE) return NDF_OK;
    return exec_record_stop(
        phase, REASON_TIMEOUT, "the phase did not end within its max_latency");
}

int exec_meta_on_timer(struct executor *x, uint64_t token)
{
    for (size_t p = 0; p < x->plan->phase_count; p++) {
        struct exec_phase *phase = &x->meta->phases[p];
        if (phase->timer == token) return on_late(phase);
    }
    return NDF_OK;
}

static int check_price(void *ud, const struct plan_node *step)
{
    if (step->agent.price.kind != VALUE_NULL) return NDF_OK;
    return err_set(ud, NDF_EUNSUPPORTED,
        "a cost budget cannot be kept with it, as the price of agent '%.*s' "
        "is unknown",
        STR_ARG(step->agent.name));
}

/* What was chosen must go into the run: found before it is on record. */
static int check_chosen(
    const struct exec_phase *phase, const struct value *given, ndf_error *error)
{
    struct executor *x = phase->owner;
    struct arena scratch;
    struct plan plan;
    int depth = 1;
    bool priced = false;
    for (const struct executor *at = x; at != NULL; at = at->parent) {
        if (!isnan(at->plan->budget.cost)) priced = true;
        depth++;
    }
    arena_init(&scratch, x->mem);
    int err = plan_decode(&scratch, given, &plan, error);
    if (err == NDF_OK && priced) {
        err = plan_each_step(&plan, check_price, error);
    }
    bool inside = err == NDF_OK && str_starts(plan.id, phase->plan->id) &&
                  !map_has(&x->shared->patterns, plan.id);
    bool room =
        depth <= PLAN_DEPTH_MAX && x->shared->node_count < PLAN_NODES_MAX;
    if (err == NDF_OK && (!inside || !room)) {
        err = err_set(error, NDF_ELIMIT,
            "the run has too many steps already, or patterns more than %d deep",
            PLAN_DEPTH_MAX);
    }
    arena_deinit(&scratch);
    return err;
}

static int on_selected(struct exec_phase *phase, const struct exec_event *event)
{
    const struct executor *x = phase->owner;
    phase->choice = 0;
    bool over = x->ended || x->cancel != REASON_NONE || phase->stopped;
    if (over || phase->state > PHASE_OPEN) return NDF_OK;
    if (event->plan == NULL) {
        return exec_record_select(phase, NULL, event->error.at);
    }
    ndf_error error = {0};
    int err = check_chosen(phase, event->plan, &error);
    if (err == NDF_ENOMEM) return err;
    return exec_record_select(
        phase, err == NDF_OK ? event->plan : NULL, error.message);
}

int exec_meta_on_selected(
    struct exec_shared *shared, const struct exec_event *event)
{
    for (size_t i = 0; i < shared->members.count; i++) {
        struct executor *x = exec_member_at(shared, i);
        for (size_t p = 0; x->meta != NULL && p < x->plan->phase_count; p++) {
            struct exec_phase *phase = &x->meta->phases[p];
            if (phase->choice == 0 || phase->choice != event->call) continue;
            return on_selected(phase, event);
        }
    }
    return NDF_OK;
}

/* ---- rollback ----------------------------------------------------------- */

/* The last member that succeeded and has to be taken back; NULL: none. */
static struct executor *next_rollback(struct executor *x)
{
    const struct exec_meta *meta = x->meta;
    bool all =
        x->cancel != REASON_NONE || x->plan->strategy == ROLLBACK_COMPLETE;
    const struct exec_phase *failed = meta->cursor < x->plan->phase_count
                                          ? &meta->phases[meta->cursor]
                                          : NULL;
    if (!x->plan->rollback) return NULL;
    for (size_t i = meta->done.count; i > 0; i--) {
        struct executor *member =
            *(struct executor **)vec_get(&meta->done, i - 1);
        bool here =
            x->plan->strategy == ROLLBACK_PHASE && member->phase == failed;
        if (all || here) return member;
    }
    return NULL;
}

/* The step in which the phase went wrong: none of a pattern that was ended, or
 * taken back, only because another one failed. */
static const struct exec_node *step_of_failure(const struct exec_phase *phase)
{
    for (uint32_t i = 0; i < phase->began; i++) {
        const struct executor *member = phase->members[i];
        bool alone = member->cancel != REASON_CANCELLED &&
                     member->cancel != REASON_ROLLBACK;
        if (alone && member->end.state != NDF_RUN_SUCCEEDED) {
            return step_of(member);
        }
    }
    return NULL;
}

static int end_rolled_back(struct executor *x)
{
    const struct exec_meta *meta = x->meta;
    if (x->cancel == REASON_CANCELLED || x->cancel == REASON_ROLLBACK ||
        x->cancel == REASON_DENIED) {
        return exec_record_end(
            x, NDF_RUN_CANCELLED, x->cancel_error.message, NULL);
    }
    if (x->cancel != REASON_NONE) {
        return exec_record_end(
            x, NDF_RUN_FAILED, x->cancel_error.message, NULL);
    }
    const struct exec_phase *phase = &meta->phases[meta->cursor];
    ndf_error text = {0};
    err_set(&text, NDF_EAGENT, "phase '%.*s' failed: %s",
        STR_ARG(phase->plan->id), phase->error.message);
    return exec_record_end(
        x, NDF_RUN_FAILED, text.message, step_of_failure(phase));
}

int exec_meta_undo(struct executor *x)
{
    struct exec_meta *meta = x->meta;
    while (!x->ended) {
        struct executor *member = meta->undo;
        if (member != NULL && !member->ended) {
            int err = exec_advance(member);
            if (err != NDF_OK || !member->ended) return err;
            continue;
        }
        if (member != NULL) {
            return exec_record_end(
                x, member->end.state, member->end.error.at, step_of(member));
        }
        member = next_rollback(x);
        if (member == NULL) return end_rolled_back(x);
        ndf_error text = {0};
        err_set(&text, NDF_ECANCELLED, "'%.*s' did not succeed",
            STR_ARG(x->plan->id.size > 0 ? x->plan->id : x->plan->pattern));
        int err = exec_record_rollback(member, text.message);
        if (err != NDF_OK) return err;
    }
    return NDF_OK;
}
