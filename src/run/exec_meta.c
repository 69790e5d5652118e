/*
 * exec_meta.c - the patterns of a meta pattern: what its records change.
 *
 * Each pattern inside is an executor of its own, a member: it begins with the
 * context that stands where it begins, and gives back its own when it
 * succeeded. In a sequential phase that is the context at once; in a parallel
 * one each member begins with the phase's, and what they changed is merged as
 * they are declared when the phase is done. Of a member that failed nothing is
 * taken over.
 *
 * Invariant: like exec_apply.c, this file alone changes what a replay has to
 * know; exec_phase.c decides.
 */
#include "run/exec.h"

static int add_phase(struct executor *x, struct exec_phase *phase,
    const struct plan_phase *plan, ndf_error *error)
{
    *phase = (struct exec_phase){.owner = x, .plan = plan};
    size_t count = plan->select ? 1 : plan->plan_count;
    phase->members = arena_calloc(&x->arena, count, sizeof *phase->members);
    if (phase->members == NULL) return NDF_ENOMEM;
    int err = map_add(&x->shared->phases, plan->id, phase);
    if (err == NDF_EEXISTS) {
        return err_set(error, err, "the plan of '%.*s' has two phases '%.*s'",
            STR_ARG(x->plan->pattern), STR_ARG(plan->id));
    }
    return err;
}

static int add_member(struct exec_phase *phase, const struct plan *plan,
    bool guessed, ndf_error *error)
{
    struct executor *x = phase->owner;
    struct executor *member;
    struct exec_member made = {.phase = phase,
        .plan = plan,
        .guessed = guessed,
        .context = &x->context_value};
    int err = map_has(&x->shared->patterns, plan->id) ? NDF_EEXISTS : NDF_OK;
    if (err == NDF_EEXISTS) {
        return err_set(error, err, "the plan of '%.*s' has two patterns '%.*s'",
            STR_ARG(x->plan->pattern), STR_ARG(plan->id));
    }
    err = exec_member_new(&member, x->shared, &made, error);
    if (err == NDF_OK) err = map_add(&x->shared->patterns, plan->id, member);
    if (err == NDF_OK) phase->members[phase->count++] = member;
    return err;
}

int exec_meta_new(struct executor *x, ndf_error *error)
{
    const struct plan *plan = x->plan;
    if (plan->phase_count == 0) return NDF_OK;
    x->meta = arena_calloc(&x->arena, 1, sizeof *x->meta);
    if (x->meta == NULL) return NDF_ENOMEM;
    vec_init(&x->meta->done, x->mem, sizeof(struct executor *));
    struct exec_phase *phases =
        arena_calloc(&x->arena, plan->phase_count, sizeof *phases);
    x->meta->phases = phases;
    int err = phases != NULL ? NDF_OK : NDF_ENOMEM;
    for (size_t i = 0; i < plan->phase_count && err == NDF_OK; i++) {
        const struct plan_phase *from = &plan->phases[i];
        err = add_phase(x, &phases[i], from, error);
        for (size_t p = 0; p < from->plan_count && err == NDF_OK; p++) {
            bool first = i == 0 && (p == 0 || from->parallel) && !x->guessed;
            err = add_member(&phases[i], &from->plans[p], !first, error);
        }
    }
    return err;
}

void exec_meta_free(struct executor *x)
{
    if (x->meta != NULL) vec_deinit(&x->meta->done);
}

bool exec_meta_failed(const struct executor *x)
{
    const struct exec_meta *meta = x->meta;
    if (meta->cursor == x->plan->phase_count) return false;
    return meta->phases[meta->cursor].state == PHASE_FAILED;
}

uint64_t exec_meta_time_spent(struct executor *x)
{
    uint64_t spent = 0;
    for (size_t i = 0; i < x->plan->phase_count; i++) {
        spent += exec_phase_time_spent(&x->meta->phases[i]);
    }
    return spent;
}

uint64_t exec_phase_time_spent(const struct exec_phase *phase)
{
    uint64_t sum = 0, longest = 0;
    for (uint32_t i = 0; i < phase->began; i++) {
        uint64_t spent = exec_time_spent(phase->members[i]);
        sum += spent;
        if (spent > longest) longest = spent;
    }
    return phase->plan->parallel ? longest : sum;
}

/* NOLINTNEXTLINE(misc-no-recursion): ends at PLAN_DEPTH_MAX */
uint32_t exec_steps_done(const struct executor *x)
{
    uint32_t count = x->order_count + x->passed;
    for (size_t i = 0; x->meta != NULL && i < x->plan->phase_count; i++) {
        const struct exec_phase *phase = &x->meta->phases[i];
        for (uint32_t m = 0; m < phase->count; m++) {
            count += exec_steps_done(phase->members[m]);
        }
    }
    return count;
}

/* NOLINTNEXTLINE(misc-no-recursion): ends at PLAN_DEPTH_MAX */
uint32_t exec_steps_total(const struct executor *x)
{
    uint32_t count = x->leaf_count;
    for (size_t i = 0; x->meta != NULL && i < x->plan->phase_count; i++) {
        const struct exec_phase *phase = &x->meta->phases[i];
        for (uint32_t m = 0; m < phase->count; m++) {
            count += exec_steps_total(phase->members[m]);
        }
    }
    return count;
}

/* ---- contexts ----------------------------------------------------------- */

/* The context of x with what all members of a phase that succeeded changed. */
int exec_phase_context(
    struct exec_phase *phase, struct arena *arena, struct value *out)
{
    struct executor *x = phase->owner;
    *out = x->context_value;
    int err = NDF_OK;
    for (uint32_t i = 0; i < phase->began && err == NDF_OK; i++) {
        struct executor *member = phase->members[i];
        struct value patch, before = *out;
        if (member->end.state != NDF_RUN_SUCCEEDED) continue;
        err = exec_view(member, NULL);
        if (err == NDF_OK) {
            err = exec_diff(
                arena, &member->initial, &member->context_value, &patch);
        }
        if (err == NDF_OK) err = patch_merge(arena, &before, &patch, out);
    }
    return err == NDF_OK ? exec_context_tidy(arena, out) : err;
}

static int merge_phase(
    struct exec_phase *phase, struct str hex, ndf_error *error)
{
    struct executor *x = phase->owner;
    struct arena scratch;
    struct value after;
    arena_init(&scratch, x->mem);
    int err = exec_phase_context(phase, &scratch, &after);
    if (err == NDF_OK) err = exec_context_set(x, &after, error);
    arena_deinit(&scratch);
    if (err != NDF_OK) return err == NDF_ENOMEM ? err : NDF_ECORRUPT;
    return str_equal(hex, str_of(x->context_hex)) ? NDF_OK : NDF_ECORRUPT;
}

/* ---- records ------------------------------------------------------------ */

/* Whether a phase of x may still change. */
static bool is_turn(const struct exec_phase *phase)
{
    const struct executor *x = phase->owner;
    const struct exec_meta *meta = x->meta;
    if (x->ended || meta->cursor == x->plan->phase_count) return false;
    if (&meta->phases[meta->cursor] != phase) return false;
    return phase->state == PHASE_PENDING || phase->state == PHASE_OPEN;
}

static int apply_begin(
    struct executor *member, const struct value *body, ndf_error *error)
{
    struct exec_phase *phase = member->phase;
    struct str hex = value_get_str(body, STR("snapshot"));
    if (member->began || !is_turn(phase) || phase->stopped) return NDF_ECORRUPT;
    if (phase->members[phase->began] != member) return NDF_ECORRUPT;
    int err = exec_begin_with(member, &phase->owner->context_value, error);
    if (err != NDF_OK) return err;
    member->began = true;
    member->context_stored = true;
    phase->began++;
    phase->state = PHASE_OPEN;
    return str_equal(hex, str_of(member->context_hex)) ? NDF_OK : NDF_ECORRUPT;
}

static int apply_select(
    struct exec_phase *phase, const struct value *body, ndf_error *error)
{
    struct executor *x = phase->owner;
    const struct value *given = value_get(body, STR("plan"));
    if (!phase->plan->select || phase->count > 0 || !is_turn(phase)) {
        return NDF_ECORRUPT;
    }
    phase->choice = 0;
    if (given == NULL) {
        err_set(&phase->error, NDF_EAGENT, "%.*s",
            STR_ARG(value_get_str(body, STR("error"))));
        phase->reason = REASON_FAILURE;
        phase->stopped = true;
        phase->state = PHASE_OPEN;
        return NDF_OK;
    }
    struct value copy;
    struct plan *plan = arena_calloc(&x->arena, 1, sizeof *plan);
    if (plan == NULL) return NDF_ENOMEM;
    int err = value_copy(&x->arena, given, &copy);
    if (err == NDF_OK) err = plan_decode(&x->arena, &copy, plan, error);
    if (err == NDF_OK) err = add_member(phase, plan, false, error);
    return err == NDF_OK || err == NDF_ENOMEM ? err : NDF_ECORRUPT;
}

static int apply_stop(struct exec_phase *phase, const struct value *body)
{
    if (phase->stopped || phase->state != PHASE_OPEN) return NDF_ECORRUPT;
    phase->stopped = true;
    phase->reason = exec_reason_of(body);
    err_set(&phase->error, NDF_EAGENT, "%.*s",
        STR_ARG(value_get_str(body, STR("error"))));
    return NDF_OK;
}

static int apply_phase(
    struct exec_phase *phase, const struct value *body, ndf_error *error)
{
    struct executor *x = phase->owner;
    if (!is_turn(phase)) return NDF_ECORRUPT;
    for (uint32_t i = 0; i < phase->began; i++) {
        if (!phase->members[i]->ended) return NDF_ECORRUPT;
    }
    if (!value_get_bool(body, STR("ok"), false)) {
        phase->state = PHASE_FAILED;
        x->failed_reason =
            phase->reason != REASON_NONE ? phase->reason : REASON_FAILURE;
        err_set(&phase->error, NDF_EAGENT, "%.*s",
            STR_ARG(value_get_str(body, STR("error"))));
        return NDF_OK;
    }
    if (phase->began == 0 || phase->began < phase->count) return NDF_ECORRUPT;
    phase->state = PHASE_DONE;
    x->meta->cursor++;
    if (!phase->plan->parallel) return NDF_OK;
    return merge_phase(phase, value_get_str(body, STR("snapshot")), error);
}

static int apply_rollback(struct executor *member, const struct value *body)
{
    struct executor *x = member->phase->owner;
    struct vec *done = &x->meta->done;
    bool good = member->ended && member->end.state == NDF_RUN_SUCCEEDED &&
                x->meta->undo == NULL && !x->ended;
    for (size_t i = done->count; good && i > 0; i--) {
        if (*(struct executor **)vec_get(done, i - 1) != member) continue;
        vec_remove(done, i - 1);
        member->ended = false;
        member->failing = true;
        member->cancel = REASON_ROLLBACK;
        x->proofs -= member->proofs;
        x->verified -= member->verified;
        x->meta->undo = member;
        err_set(&member->cancel_error, NDF_ECANCELLED, "%.*s",
            STR_ARG(value_get_str(body, STR("error"))));
        return NDF_OK;
    }
    return NDF_ECORRUPT;
}

static int apply_pattern_record(struct exec_shared *shared,
    const struct exec_record *record, ndf_error *error)
{
    const struct value *body = record->body;
    struct str kind = record->kind;
    struct executor *member =
        map_get(&shared->patterns, value_get_str(body, STR("pattern")));
    if (member == NULL) return NDF_ECORRUPT;
    if (str_equal(kind, STR("pattern_begin"))) {
        return apply_begin(member, body, error);
    }
    if (str_equal(kind, STR("pattern_rollback"))) {
        return apply_rollback(member, body);
    }
    kind = str_from(kind, sizeof "pattern_" - 1);
    return exec_apply_run(member, kind, body, error);
}

int exec_meta_apply(struct exec_shared *shared,
    const struct exec_record *record, ndf_error *error)
{
    const struct value *body = record->body;
    struct str kind = record->kind;
    if (str_starts(kind, STR("pattern_"))) {
        return apply_pattern_record(shared, record, error);
    }
    struct exec_phase *phase =
        map_get(&shared->phases, value_get_str(body, STR("phase")));
    if (phase == NULL) return NDF_ECORRUPT;
    if (str_equal(kind, STR("phase_select"))) {
        return apply_select(phase, body, error);
    }
    if (str_equal(kind, STR("phase_stop"))) return apply_stop(phase, body);
    if (!str_equal(kind, STR("phase_end"))) return NDF_ECORRUPT;
    return apply_phase(phase, body, error);
}

int exec_meta_member_ended(struct executor *member, ndf_error *error)
{
    struct exec_phase *phase = member->phase;
    struct executor *x = phase->owner;
    if (x->meta->undo == member) {
        if (member->end.state == NDF_RUN_CANCELLED) x->meta->undo = NULL;
        return NDF_OK;
    }
    if (member->end.state != NDF_RUN_SUCCEEDED) return NDF_OK;
    struct executor **place = vec_push(&x->meta->done);
    if (place == NULL) return NDF_ENOMEM;
    *place = member;
    x->proofs += member->proofs;
    x->verified += member->verified;
    if (phase->plan->parallel) return NDF_OK;
    int err = exec_view(member, NULL);
    return err == NDF_OK ? exec_context_set(x, &member->context_value, error)
                         : err;
}
