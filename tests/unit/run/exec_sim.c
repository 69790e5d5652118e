/*
 * exec_sim.c - see exec_sim.h.
 */
#include "exec_sim.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "support/parse.h"

/* ---- drawing ------------------------------------------------------------- */

static void draw_letters(struct world *dice, const char *from, char out[8])
{
    size_t count = 1 + (size_t)world_draw(dice, 3);
    for (size_t i = 0; i < count; i++) {
        out[i] = from[world_draw(dice, strlen(from))];
    }
    out[count] = '\0';
}

void sim_add(struct sim *sim, const char *format, ...)
{
    size_t size = strlen(sim->text);
    va_list args;
    va_start(args, format);
    int more =
        vsnprintf(sim->text + size, sizeof sim->text - size, format, args);
    va_end(args);
    assert_true(more >= 0 && size + (size_t)more < sizeof sim->text);
}

/* What stands before and behind a step's work. */
static void draw_gates(struct sim *sim, struct world *dice, size_t at)
{
    static const char *const conditions[] = {"${attributes.stage} == patched",
        "not ${attributes.unheard}", "${attributes.unheard}", "${domain}",
        "${attributes.stage} != patched", "${attributes.stage} > 3"};
    struct sim_step *step = &sim->steps[at];
    step->verified = world_draw(dice, 5) == 0;
    step->approval = world_draw(dice, 8) == 0;
    draw_letters(dice, "ooooooofxtsl", step->judge);
    sim->judges[at] = (struct script){step->id, step->judge, NULL};
    if (step->verified) sim_add(sim, ", \"verify\": \"judge\"");
    if (step->approval) sim_add(sim, ", \"approval\": true");
    if (world_draw(dice, 6) > 0) return;
    sim_add(sim, ", \"if\": \"%s\"", conditions[world_draw(dice, 6)]);
}

struct sim_step *sim_add_step(
    struct sim *sim, struct world *dice, const char *prefix, size_t i)
{
    static const char *const retries[] = {"", ", \"retry\": {\"attempts\": 3}",
        ", \"retry\": {\"attempts\": 2, \"backoff\": 5, \"jitter\": 0.5}",
        ", \"retry\": {\"attempts\": 3, \"on\": [\"timeout\", \"start\"]}"};
    static const char *const undos[] = {"", ", \"undo\": {\"run\": [\"back\"]}",
        ", \"undo\": {\"run\": [\"back\"]}, \"undo_on_failure\": true"};
    assert_true(sim->step_count < SIM_ALL_MAX);
    size_t at = sim->step_count++;
    struct sim_step *step = &sim->steps[at];
    (void)snprintf(step->id, sizeof step->id, "%s%ss%zu", prefix,
        prefix[0] != '\0' ? "/" : "", i);
    /* Mostly good: else no run would come far. */
    draw_letters(dice, "ooooooopbuftscevlhn", step->work);
    draw_letters(dice, "oooooofl", step->undo);
    bool idempotent = world_draw(dice, 2) == 0;
    sim->scripts[at] = (struct script){step->id, step->work, step->undo};
    sim_add(sim,
        "%s{\"name\": \"s%zu\", \"idempotent\": %s, \"writes\": [\"stage\"]%s",
        i > 0 ? ", " : "", i, idempotent ? "true" : "false",
        retries[world_draw(dice, 4)]);
    uint64_t undo = world_draw(dice, 3);
    step->has_undo = undo > 0;
    sim_add(sim, "%s", undos[undo]);
    draw_gates(sim, dice, at);
    return step;
}

void sim_add_steps(
    struct sim *sim, struct world *dice, const char *prefix, size_t most)
{
    size_t count = 1 + (size_t)world_draw(dice, most);
    sim_add(sim, "[");
    for (size_t i = 0; i < count; i++) {
        (void)sim_add_step(sim, dice, prefix, i);
        bool hands_on = i > 0 && world_draw(dice, 2) == 0;
        sim_add(sim, "%s}",
            hands_on ? ", \"with\": {\"x\": \"${steps.s0.output}\"}" : "");
    }
    sim_add(sim, "]");
}

static void draw_run(
    struct sim *sim, const struct sim_kind *kind, uint64_t seed)
{
    struct world dice = {.random = seed * 2 + 1};
    memset(sim, 0, sizeof *sim);
    sim->kind = kind;
    for (int i = 0; i < 8; i++) {
        (void)world_draw(&dice, 2);
    }
    kind->draw(sim, &dice);
    sim->crashes = world_draw(&dice, 3) > 0;
    sim->cancels = world_draw(&dice, 4) == 0;
    world_init(&sim->w, &mem_libc, sim->text, sim->scripts);
    sim->w.random = dice.random;
    if (world_draw(&dice, 2) == 0) sim->w.machine = &sim->machine;
    sim->w.plan.policy = (enum context_policy)world_draw(&dice, 3);
    sim->w.plan.rollback = world_draw(&dice, 4) > 0;
    if (!sim->w.plan.rollback) sim->complete = false;
    sim->w.plan.approval = world_draw(&dice, 10) == 0;
    sim->w.verifiers = sim->judges;
    sim->w.answer = world_draw(&dice, 6) == 0 ? ANSWER_NO : ANSWER_YES;
    if (world_draw(&dice, 4) == 0) sim->w.plan.timeout_ms = 1000;
    if (world_draw(&dice, 6) == 0) {
        sim->w.plan.budget.steps = 1 + world_draw(&dice, 6);
    }
}

/* ---- what happens ---------------------------------------------------------
 */

/* One random thing; true when the executor must be made anew. */
static bool disturb(struct sim *sim)
{
    struct world *w = &sim->w;
    uint64_t dice = world_draw(w, 100);
    if (sim->cancels && dice < 3) world_cancel(w);
    if (!sim->crashes || w->lives >= SIM_LIVES_MAX) return false;
    if (dice >= 90) {
        world_crash(w, (size_t)world_draw(w, 3));
        return true;
    }
    if (dice == 89) {
        world_power_loss(w);
        return true;
    }
    if (dice == 88 && w->batches.count > 0) {
        w->fail_next_record = true;
        world_happen(w, 0);
        w->fail_next_record = false;
        assert_true(w->ended);
        w->ended = false;
        world_crash(w, 0);
        return true;
    }
    return false;
}

/* Others come and go. */
static void change_machine(struct sim *sim)
{
    if (sim->w.machine == NULL) return;
    sim->machine =
        (struct exec_machine){.cpus = 1 + (double)world_draw(&sim->w, 4),
            .memory = 50 + world_draw(&sim->w, 2) * 50,
            .memory_free = world_draw(&sim->w, 100)};
}

static void live(struct sim *sim)
{
    ndf_error error = {0};
    if (world_live(&sim->w, &error) != NDF_OK) fail_msg("%s", error.message);
}

static void play(struct sim *sim)
{
    struct world *w = &sim->w;
    change_machine(sim);
    live(sim);
    while (!w->ended) {
        if (disturb(sim)) live(sim);
        /* A hanging agent without any time limit is ended by somebody. */
        if (world_choices(w) == 0 && !w->ended) world_cancel(w);
        size_t choices = world_choices(w);
        if (w->ended) break;
        if (choices == 0) {
            fail_msg("stuck after '%s'", buf_str(&w->trace).at);
        }
        world_happen(w, (size_t)world_draw(w, choices));
        if (sim->kind->watch != NULL) sim->kind->watch(sim);
        change_machine(sim);
    }
}

/* ---- at the end ------------------------------------------------------------
 */

size_t sim_find(const struct sim *sim, struct str id)
{
    for (size_t i = 0; i < sim->step_count; i++) {
        if (str_equal(str_of(sim->steps[i].id), id)) return i;
    }
    fail_msg("there is no step '%.*s'", STR_ARG(id));
    return 0;
}

static void check_calls(const struct sim *sim)
{
    for (size_t i = 0; i < sim->w.calls.count; i++) {
        const struct world_call *call = vec_get(&sim->w.calls, i);
        if (call->starts > 1) {
            fail_msg("%s started %d times", call->file, call->starts);
        }
        if (call->state == CALL_RUNS) fail_msg("%s is left", call->file);
    }
}

struct counts {
    unsigned intents[SIM_ALL_MAX], results[SIM_ALL_MAX];
    unsigned judging[SIM_ALL_MAX], judged[SIM_ALL_MAX];
    unsigned asks[SIM_ALL_MAX], words[SIM_ALL_MAX];
};

static void count_record(
    struct sim *sim, struct counts *counts, struct str kind, struct str step)
{
    if (step.at == NULL || str_equal(kind, STR("end"))) return;
    size_t i = sim_find(sim, step);
    if (str_equal(kind, STR("intent"))) counts->intents[i]++;
    if (str_equal(kind, STR("result"))) counts->results[i]++;
    if (str_equal(kind, STR("verify_intent"))) counts->judging[i]++;
    if (str_equal(kind, STR("verify_result"))) counts->judged[i]++;
    if (str_equal(kind, STR("ask"))) counts->asks[i]++;
    if (str_equal(kind, STR("approve"))) counts->words[i]++;
}

/* Only a run in doubt leaves an intent without a result. */
static void check_pair(
    const struct sim *sim, unsigned intents, unsigned results)
{
    assert_true(results <= intents);
    assert_true(intents - results <= 1);
    if (sim->w.end.state != NDF_RUN_IN_DOUBT) {
        assert_int_equal(results, intents);
    }
}

static void check_records(struct sim *sim)
{
    static struct counts counts;
    unsigned ends = 0;
    const struct world *w = &sim->w;
    memset(&counts, 0, sizeof counts);
    for (size_t r = 0; r < w->journal.count; r++) {
        const struct world_record *record = vec_get(&w->journal, r);
        struct arena arena;
        arena_init(&arena, &mem_libc);
        struct value body = test_json(&arena, record->body.at);
        struct str step = value_get_str(&body, STR("step"));
        bool last = r + 1 == w->journal.count;
        count_record(sim, &counts, record->kind, step);
        if (str_equal(record->kind, STR("end"))) {
            assert_true(last);
            ends++;
        }
        arena_deinit(&arena);
    }
    assert_int_equal(ends, 1);
    for (size_t i = 0; i < sim->step_count; i++) {
        const struct sim_step *step = &sim->steps[i];
        check_pair(sim, counts.intents[i], counts.results[i]);
        check_pair(sim, counts.judging[i], counts.judged[i]);
        assert_true(counts.words[i] <= counts.asks[i]);
        assert_true(counts.asks[i] <= (step->approval ? 1 : 0));
        if (!step->approval || w->answer == ANSWER_YES) continue;
        assert_int_equal(world_starts(w, step->id, false), 0);
    }
}

bool sim_is_verified(
    const struct sim *sim, struct arena *arena, size_t r, size_t step)
{
    bool ok = !sim->steps[step].verified;
    for (r++; !ok && r < sim->w.journal.count; r++) {
        const struct world_record *record = vec_get(&sim->w.journal, r);
        bool again = str_equal(record->kind, STR("intent"));
        if (!again && !str_equal(record->kind, STR("verify_result"))) continue;
        struct value body = test_json(arena, record->body.at);
        struct str id = value_get_str(&body, STR("step"));
        if (!str_equal(id, str_of(sim->steps[step].id))) continue;
        if (again) return false;
        ok = value_get_bool(&body, STR("ok"), false);
    }
    return ok;
}

void sim_replay_all(struct sim *sim, const struct value *context)
{
    struct world *w = &sim->w;
    const struct exec_options options = {.mem = &mem_libc,
        .plan = &w->plan,
        .initial = &w->context,
        .run = STR("run-1"),
        .boot = STR("boot"),
        .seed = 7};
    struct executor *x;
    struct exec_look look = {0};
    struct arena arena;
    arena_init(&arena, &mem_libc);
    assert_ok(executor_new(&x, &options, NULL));
    for (size_t i = 0; i < w->journal.count; i++) {
        const struct world_record *from = vec_get(&w->journal, i);
        struct value body = test_json(&arena, from->body.at);
        struct exec_record record = {
            .kind = from->kind, .body = &body, .blob = from->blob};
        assert_ok(executor_replay(x, &record, NULL));
        assert_ok(executor_look(x, &look));
    }
    if (context != NULL) assert_true(value_equal(look.context, context));
    assert_non_null(look.end);
    assert_int_equal(look.end->state, w->end.state);
    assert_int_equal(look.end->steps_done, w->end.steps_done);
    executor_free(x);
    arena_deinit(&arena);
}

static void print_run(const struct sim *sim, struct buf *out)
{
    const struct world *w = &sim->w;
    buf_format(out, "%s\n", w->trace.size > 0 ? w->trace.at : "");
    for (size_t i = 0; i < w->journal.count; i++) {
        const struct world_record *record = vec_get(&w->journal, i);
        buf_format(out, "%.*s %.*s %.*s\n", STR_ARG(record->kind),
            STR_ARG(record->body), STR_ARG(record->blob));
    }
    buf_format(out, "%d %zu %d\n", (int)w->end.state, w->steps, w->lives);
}

void sim_play(const struct sim_kind *kind, uint64_t seed, struct buf *print)
{
    static struct sim sim;
    draw_run(&sim, kind, seed);
    play(&sim);
    check_calls(&sim);
    check_records(&sim);
    assert_true(sim.w.end.preservation >= 0 && sim.w.end.preservation <= 1);
    if (kind->check != NULL) kind->check(&sim);
    if (print != NULL) print_run(&sim, print);
    world_deinit(&sim.w);
}

/* ---- steps, one after the other
 * ---------------------------------------------- */

static void draw_steps(struct sim *sim, struct world *dice)
{
    sim_add_steps(sim, dice, "", SIM_STEPS_MAX);
}

static void check_steps(struct sim *sim)
{
    struct world *w = &sim->w;
    sim_replay_all(sim, NULL);
    if (w->end.state != NDF_RUN_SUCCEEDED) return;
    assert_int_equal(w->end.steps_done, sim->step_count);
    assert_int_equal(world_count(w, "undo_intent", NULL), 0);
}

const struct sim_kind sim_steps = {"steps", draw_steps, NULL, check_steps};
