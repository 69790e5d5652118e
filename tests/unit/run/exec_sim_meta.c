/*
 * exec_sim_meta.c - random runs of phases of patterns, some of which have
 * phases themselves.
 *
 * A phase begins when the one before it is done; its patterns begin as they are
 * declared, one after the other or as many at once as may; a pattern's steps
 * are called while it is under way; what succeeded is not taken back unless a
 * record says so; and where everything is to be taken back, everything is.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exec_sim.h"
#include "support/parse.h"

enum { PHASES_MAX = 3, PATTERNS_MAX = 3, INSIDE_MAX = 3, DEPTH_MAX = 2 };

/* ---- drawing ------------------------------------------------------------- */

static void draw_phases(
    struct sim *sim, struct world *dice, const char *owner, int depth);

/* A pattern of a phase; its id is the prefix of all that is in it. */
/* NOLINTNEXTLINE(misc-no-recursion): ends at DEPTH_MAX */
static void draw_pattern(
    struct sim *sim, struct world *dice, const char *id, int depth)
{
    uint64_t kind = world_draw(dice, depth < DEPTH_MAX ? 7 : 6);
    sim_add(sim, "{");
    if (world_draw(dice, 8) == 0) {
        sim_add(sim, "\"rollback\": false, ");
        sim->complete = false;
    }
    if (world_draw(dice, 8) == 0) sim_add(sim, "\"timeout_ms\": 1000, ");
    if (world_draw(dice, 16) == 0) sim_add(sim, "\"budget_steps\": 1, ");
    if (kind == 6) {
        draw_phases(sim, dice, id, depth + 1);
    } else if (kind >= 3) {
        sim_add_tasks(sim, dice, id, INSIDE_MAX);
    } else {
        sim_add(sim, "\"steps\": ");
        sim_add_steps(sim, dice, id, INSIDE_MAX);
    }
    sim_add(sim, "}");
}

static void add_rules(
    struct sim *sim, struct world *dice, struct sim_phase *phase)
{
    static const char *const success[] = {"", "", "",
        ", \"success_criteria\": {\"min_success_rate\": 0.5}",
        ", \"success_criteria\": {\"max_error_count\": 1}",
        ", \"success_criteria\": {\"max_latency\": 500}"};
    static const char *const triggers[] = {"", "", "",
        ", \"rollback_triggers\": [\"error\"]",
        ", \"rollback_triggers\": [\"violation\"]",
        ", \"rollback_triggers\": [\"timeout\", \"critical\"]"};
    sim_add(sim, "%s%s", success[world_draw(dice, 6)],
        triggers[world_draw(dice, 6)]);
    phase->parallel = world_draw(dice, 2) == 0;
    if (!phase->parallel) return;
    sim_add(sim, ", \"parallel\": true");
    phase->places = (unsigned)world_draw(dice, 3);
    if (phase->places == 0) return;
    sim_add(sim, ", \"resource_allocation\": {\"max_concurrent\": %u}",
        phase->places);
}

/* NOLINTNEXTLINE(misc-no-recursion): ends at DEPTH_MAX */
static void draw_phase(struct sim *sim, struct world *dice, const char *owner,
    unsigned number, int depth)
{
    char id[2 * SIM_ID_MAX];
    assert_true(sim->phase_count < SIM_PHASES_MAX);
    struct sim_phase *phase = &sim->phases[sim->phase_count++];
    *phase = (struct sim_phase){.number = number};
    (void)snprintf(phase->owner, sizeof phase->owner, "%s", owner);
    (void)snprintf(
        id, sizeof id, "%s%sp%u", owner, owner[0] != '\0' ? "/" : "", number);
    memcpy(phase->id, id, sizeof phase->id);
    sim_add(sim, "%s{\"id\": \"p%u\"", number > 0 ? ", " : "", number);
    add_rules(sim, dice, phase);
    bool select = world_draw(dice, 5) == 0;
    phase->count = select ? 1 : 1 + (unsigned)world_draw(dice, PATTERNS_MAX);
    sim_add(sim, select ? ", \"select\": " : ", \"plans\": [");
    for (unsigned i = 0; i < phase->count; i++) {
        if (i > 0) sim_add(sim, ", ");
        (void)snprintf(id, sizeof id, "%s/%u", phase->id, i);
        if (select && world_draw(dice, 4) == 0) sim_add(sim, "null");
        else draw_pattern(sim, dice, id, depth);
    }
    sim_add(sim, select ? "}" : "]}");
}

/* NOLINTNEXTLINE(misc-no-recursion): ends at DEPTH_MAX */
static void draw_phases(
    struct sim *sim, struct world *dice, const char *owner, int depth)
{
    static const char *const strategies[] = {"complete", "pattern", "phase"};
    uint64_t strategy = world_draw(dice, 4) % 3;
    unsigned count = 1 + (unsigned)world_draw(dice, PHASES_MAX);
    sim->complete = sim->complete && strategy == 0;
    sim_add(sim, "\"rollback_strategy\": \"%s\", \"phases\": [",
        strategies[strategy]);
    for (unsigned i = 0; i < count; i++) {
        draw_phase(sim, dice, owner, i, depth);
    }
    sim_add(sim, "]");
}

static void draw_meta(struct sim *sim, struct world *dice)
{
    sim->complete = true;
    sim_add(sim, "{");
    draw_phases(sim, dice, "", 1);
    sim_add(sim, "}");
    sim->at_once = 0; /* of each pattern another */
}

/* ---- what the journal tells ------------------------------------------------
 */

enum member_state { MEMBER_NEVER, MEMBER_RUNS, MEMBER_DONE, MEMBER_FAILED };

struct member_tale {
    char id[SIM_ID_MAX];
    enum member_state state;
    bool rolling_back;
};

struct step_tale {
    bool done, undone;
};

struct meta_tale {
    struct member_tale members[SIM_PHASES_MAX * PATTERNS_MAX];
    size_t member_count;
    struct step_tale steps[SIM_ALL_MAX];
};

/* All before the last '/'; empty when there is none. */
static struct str parent_of(struct str id)
{
    size_t size = id.size;
    while (size > 0 && id.at[size - 1] != '/') {
        size--;
    }
    return (struct str){id.at, size > 0 ? size - 1 : 0};
}

static struct member_tale *member_of(struct meta_tale *tale, struct str id)
{
    for (size_t i = 0; i < tale->member_count; i++) {
        struct member_tale *member = &tale->members[i];
        if (str_equal(str_of(member->id), id)) return member;
    }
    struct member_tale *member = &tale->members[tale->member_count++];
    assert_true(id.size < sizeof member->id);
    memcpy(member->id, id.at, id.size);
    return member;
}

static struct sim_phase *phase_of(struct sim *sim, struct str id)
{
    for (size_t i = 0; i < sim->phase_count; i++) {
        if (str_equal(str_of(sim->phases[i].id), id)) return &sim->phases[i];
    }
    fail_msg("there is no phase '%.*s'", STR_ARG(id));
    return NULL;
}

static void tell_begin(struct sim *sim, struct meta_tale *tale, struct str id)
{
    struct member_tale *member = member_of(tale, id);
    struct sim_phase *phase = phase_of(sim, parent_of(id));
    struct str number = str_from(id, parent_of(id).size + 1);
    assert_int_equal(member->state, MEMBER_NEVER);
    member->state = MEMBER_RUNS;
    assert_false(phase->closed);
    assert_int_equal(strtoul(number.at, NULL, 10), phase->began);
    unsigned places = phase->parallel ? phase->places : 1;
    assert_true(places == 0 || phase->running < places);
    phase->began++;
    phase->running++;
    for (size_t i = 0; i < sim->phase_count; i++) {
        const struct sim_phase *other = &sim->phases[i];
        if (strcmp(other->owner, phase->owner) != 0) continue;
        if (other->number < phase->number) assert_true(other->ok);
        if (other->number > phase->number) assert_int_equal(other->began, 0);
    }
    if (phase->owner[0] == '\0') return;
    assert_int_equal(member_of(tale, str_of(phase->owner))->state, MEMBER_RUNS);
}

static void tell_end(
    struct sim *sim, struct meta_tale *tale, const struct value *body)
{
    struct str id = value_get_str(body, STR("pattern"));
    struct member_tale *member = member_of(tale, id);
    bool done = str_equal(value_get_str(body, STR("state")), STR("succeeded"));
    if (member->rolling_back) {
        assert_false(done);
    } else {
        assert_int_equal(member->state, MEMBER_RUNS);
        phase_of(sim, parent_of(id))->running--;
    }
    member->state = done ? MEMBER_DONE : MEMBER_FAILED;
    member->rolling_back = false;
}

static void tell_step(struct sim *sim, struct meta_tale *tale, struct str kind,
    const struct value *body)
{
    struct str id = value_get_str(body, STR("step"));
    size_t at = sim_find(sim, id);
    struct step_tale *step = &tale->steps[at];
    const struct member_tale *member = member_of(tale, parent_of(id));
    if (str_equal(kind, STR("intent"))) {
        assert_int_equal(member->state, MEMBER_RUNS);
        assert_false(member->rolling_back || step->done);
    } else if (str_equal(kind, STR("result")) ||
               str_equal(kind, STR("verify_result"))) {
        bool waits = kind.at[0] == 'r' && sim->steps[at].verified;
        step->done = !waits && value_get_bool(body, STR("ok"), false);
    } else if (str_equal(kind, STR("undo_intent"))) {
        assert_true(member->state == MEMBER_RUNS || member->rolling_back);
        assert_false(step->undone);
    } else if (str_equal(kind, STR("undo_result"))) {
        step->undone = value_get_bool(body, STR("ok"), false);
    }
}

static void tell_record(struct sim *sim, struct meta_tale *tale,
    struct str kind, const struct value *body)
{
    struct str id = value_get_str(body, STR("pattern"));
    if (str_equal(kind, STR("pattern_begin"))) {
        tell_begin(sim, tale, id);
    } else if (str_equal(kind, STR("pattern_end"))) {
        tell_end(sim, tale, body);
    } else if (str_equal(kind, STR("pattern_rollback"))) {
        struct member_tale *member = member_of(tale, id);
        assert_int_equal(member->state, MEMBER_DONE);
        member->rolling_back = true;
    } else if (str_equal(kind, STR("phase_end"))) {
        struct sim_phase *phase =
            phase_of(sim, value_get_str(body, STR("phase")));
        assert_false(phase->closed);
        assert_int_equal(phase->running, 0);
        phase->closed = true;
        phase->ok = value_get_bool(body, STR("ok"), false);
    } else if (value_get(body, STR("step")) != NULL &&
               !str_equal(kind, STR("cancel")) &&
               !str_equal(kind, STR("end")) &&
               !str_starts(kind, STR("pattern_")) &&
               !str_starts(kind, STR("phase_"))) {
        tell_step(sim, tale, kind, body);
    }
}

static void check_told(struct sim *sim, struct meta_tale *tale)
{
    enum ndf_run_state state = sim->w.end.state;
    for (size_t i = 0; i < sim->phase_count && state == NDF_RUN_SUCCEEDED;
         i++) {
        if (sim->phases[i].owner[0] == '\0') assert_true(sim->phases[i].ok);
    }
    for (size_t i = 0; i < tale->member_count; i++) {
        if (state != NDF_RUN_IN_DOUBT && state != NDF_RUN_UNDO_FAILED) {
            assert_int_not_equal(tale->members[i].state, MEMBER_RUNS);
            assert_false(tale->members[i].rolling_back);
        }
    }
    for (size_t i = 0; i < sim->step_count; i++) {
        const struct step_tale *step = &tale->steps[i];
        struct str in = parent_of(str_of(sim->steps[i].id));
        bool kept = member_of(tale, in)->state == MEMBER_DONE;
        if (kept) assert_false(step->undone);
        if (state != NDF_RUN_FAILED || !sim->complete) continue;
        if (step->done && sim->steps[i].has_undo) assert_true(step->undone);
    }
}

static void check_meta(struct sim *sim)
{
    static struct meta_tale tale;
    struct world *w = &sim->w;
    struct arena arena;
    arena_init(&arena, &mem_libc);
    memset(&tale, 0, sizeof tale);
    for (size_t r = 0; r < w->journal.count; r++) {
        const struct world_record *record = vec_get(&w->journal, r);
        struct value body = test_json(&arena, record->body.at);
        tell_record(sim, &tale, record->kind, &body);
    }
    check_told(sim, &tale);
    arena_deinit(&arena);
    sim_replay_all(sim, NULL);
}

const struct sim_kind sim_meta = {"meta", draw_meta, NULL, check_meta};
