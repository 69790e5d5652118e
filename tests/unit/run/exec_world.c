/*
 * exec_world.c - see exec_world.h.
 */
#include "exec_world.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "support/parse.h"

enum { WORLD_EVENTS_MAX = 20000, WORLD_LARGE = 6000 };

static void give(struct world *w, const struct exec_event *event);

void world_init(struct world *w, const struct mem *mem, const char *steps,
    const struct script *scripts)
{
    *w = (struct world){.mem = mem, .scripts = scripts, .random = 1};
    arena_init(&w->arena, &mem_libc);
    vec_init(&w->journal, &mem_libc, sizeof(struct world_record));
    vec_init(&w->pending, &mem_libc, sizeof(struct world_record));
    vec_init(&w->batches, &mem_libc, sizeof(struct world_batch));
    vec_init(&w->calls, &mem_libc, sizeof(struct world_call));
    vec_init(&w->timers, &mem_libc, sizeof(uint64_t));
    buf_init(&w->trace, &mem_libc);
    w->budget_left = WORLD_EVENTS_MAX;
    vec_init(&w->moot, &mem_libc, sizeof(struct str));
    vec_init(&w->selects, &mem_libc, sizeof(struct world_select));
    w->choices = value_of_object();
    struct value from = test_json(&w->arena, steps);
    world_make_plan(w, STR(""), &from, &w->plan);
    w->context.text = STR("do it");
    w->context.domain = STR("web");
    w->context.priority = 3;
    w->context.attributes = test_json(&w->arena, "{\"stage\": \"new\"}");
}

void world_deinit(struct world *w)
{
    executor_free(w->x);
    vec_deinit(&w->journal);
    vec_deinit(&w->pending);
    vec_deinit(&w->batches);
    vec_deinit(&w->calls);
    vec_deinit(&w->timers);
    vec_deinit(&w->selects);
    vec_deinit(&w->moot);
    buf_deinit(&w->trace);
    arena_deinit(&w->arena);
}

uint64_t world_draw(struct world *w, uint64_t n)
{
    /* xorshift64* (Vigna 2016). */
    w->random ^= w->random >> 12;
    w->random ^= w->random << 25;
    w->random ^= w->random >> 27;
    return (w->random * 0x2545F4914F6CDD1Du >> 33) % n;
}

/* ---- records ------------------------------------------------------------ */

size_t world_count(const struct world *w, const char *kind, const char *step)
{
    size_t count = 0;
    for (size_t i = 0; i < w->journal.count; i++) {
        const struct world_record *record = vec_get(&w->journal, i);
        struct arena arena;
        if (!str_equal(record->kind, str_of(kind))) continue;
        arena_init(&arena, &mem_libc);
        struct value body = test_json(&arena, record->body.at);
        struct str name = value_get_str(&body, STR("step"));
        if (step == NULL || str_equal(name, str_of(step))) count++;
        arena_deinit(&arena);
    }
    return count;
}

/* Whether the durable journal has that record of an attempt. */
static bool is_recorded(
    const struct world *w, const char *kind, const char *step, uint32_t attempt)
{
    for (size_t i = 0; i < w->journal.count; i++) {
        const struct world_record *record = vec_get(&w->journal, i);
        struct arena arena;
        if (!str_equal(record->kind, str_of(kind))) continue;
        arena_init(&arena, &mem_libc);
        struct value body = test_json(&arena, record->body.at);
        bool same =
            str_equal(value_get_str(&body, STR("step")), str_of(step)) &&
            value_get_int(&body, STR("attempt"), 0) == (int64_t)attempt;
        arena_deinit(&arena);
        if (same) return true;
    }
    return false;
}

static void append(struct world *w, const struct exec_append *from)
{
    struct buf buf;
    struct world_record *record = vec_push(&w->pending);
    buf_init(&buf, &mem_libc);
    json_write(&buf, &from->body);
    record->kind = arena_str(&w->arena, from->kind);
    record->body = arena_str(&w->arena, buf_str(&buf));
    record->blob = (struct str){NULL, 0};
    if (from->blob.set) {
        record->blob = arena_str(&w->arena, from->blob.bytes);
        char hex[HASH_HEX_SIZE];
        hash_hex(from->blob.hash, HASH_SHA256_SIZE, hex);
        struct str named = executor_record_blob(&from->body);
        assert_int_equal(named.size, strlen(hex));
        assert_memory_equal(named.at, hex, named.size);
    }
    buf_deinit(&buf);
}

/* The first pending batch reaches the disk. */
static void write_batch(struct world *w)
{
    struct world_batch batch = *(struct world_batch *)vec_get(&w->batches, 0);
    for (size_t i = 0; i < batch.count; i++) {
        struct world_record *to = vec_push(&w->journal);
        *to = *(struct world_record *)vec_get(&w->pending, 0);
        vec_remove(&w->pending, 0);
    }
    vec_remove(&w->batches, 0);
}

/* ---- calls -------------------------------------------------------------- */

static struct world_call *call_of(struct world *w, struct str file)
{
    for (size_t i = 0; i < w->calls.count; i++) {
        struct world_call *call = vec_get(&w->calls, i);
        if (str_equal(str_of(call->file), file)) return call;
    }
    return NULL;
}

static char letter(const struct world *w, const struct world_call *call)
{
    const struct script *s = call->verify ? w->verifiers : w->scripts;
    uint32_t attempt = call->attempt;
    for (; s != NULL && s->step; s++) {
        if (strcmp(s->step, call->step) != 0) continue;
        const char *text = call->undo ? s->undo : s->work;
        if (text == NULL) return 'o';
        size_t size = strlen(text);
        return text[attempt <= size ? attempt - 1 : size - 1];
    }
    return 'o';
}

static struct world_call *call_make(
    struct world *w, const struct agent_call *from)
{
    struct world_call *call = call_of(w, from->file);
    if (call != NULL) return call;
    call = vec_push(&w->calls);
    snprintf(call->file, sizeof call->file, "%s", from->file.at);
    snprintf(call->step, sizeof call->step, "%s", from->step.at);
    call->undo = from->file.at[0] == 'u';
    call->verify = from->file.at[0] == 'v';
    call->attempt = from->attempt;
    call->does = letter(w, call);
    return call;
}

int world_starts(const struct world *w, const char *step, bool undo)
{
    int starts = 0;
    for (size_t i = 0; i < w->calls.count; i++) {
        const struct world_call *call = vec_get(&w->calls, i);
        if (call->undo != undo || strcmp(call->step, step) != 0) continue;
        if (!call->verify) starts += call->starts;
    }
    return starts;
}

int world_verifies(const struct world *w, const char *step)
{
    int starts = 0;
    for (size_t i = 0; i < w->calls.count; i++) {
        const struct world_call *call = vec_get(&w->calls, i);
        bool same = call->verify && strcmp(call->step, step) == 0;
        if (same) starts += call->starts;
    }
    return starts;
}

/* The words of the trace: "a a/2 ?a ~a" are a start, a second attempt, its
 * verifier, an undo. */
static void trace_call(struct world *w, const struct world_call *call)
{
    buf_format(&w->trace, "%s%s%s", w->trace.size > 0 ? " " : "",
        call->undo     ? "~"
        : call->verify ? "?"
                       : "",
        call->step);
    if (call->attempt > 1) buf_format(&w->trace, "/%u", call->attempt);
}

static bool has_record(
    const struct world *w, const struct world_call *call, const char *what)
{
    char kind[32];
    snprintf(kind, sizeof kind, "%s%s",
        call->undo     ? "undo_"
        : call->verify ? "verify_"
                       : "",
        what);
    return is_recorded(w, kind, call->step, call->attempt);
}

static void on_start(struct world *w, const struct exec_call *from)
{
    struct world_call *call = call_make(w, &from->call);
    assert_int_equal(call->state, CALL_NEVER);
    assert_true(has_record(w, call, "intent"));
    assert_false(has_record(w, call, "result"));
    assert_true(from->call.request.size > 2);
    w->last = *from;
    assert_ok(agent_call_copy(&w->arena, &from->call, &w->last.call));
    call->state = CALL_RUNS;
    call->starts++;
    call->number = from->number;
    trace_call(w, call);
}

static void on_adopt(struct world *w, const struct exec_call *from)
{
    struct world_call *call = call_make(w, &from->call);
    assert_true(has_record(w, call, "intent"));
    call->number = from->number;
}

static void on_stop(struct world *w, uint64_t number)
{
    for (size_t i = 0; i < w->calls.count; i++) {
        struct world_call *call = vec_get(&w->calls, i);
        if (call->number == number) call->stopped = true;
    }
}

static void on_select(struct world *w, const struct exec_select *from)
{
    struct world_select *select = vec_push(&w->selects);
    *select =
        (struct world_select){from->number, arena_str(&w->arena, from->phase)};
}

/* ---- actions ------------------------------------------------------------ */

static void on_timer(struct world *w, const struct exec_action *action)
{
    if (action->kind == EXEC_TIMER_SET) {
        *(uint64_t *)vec_push(&w->timers) = action->timer.token;
        w->last_timer_ms = action->timer.ms;
        return;
    }
    for (size_t i = 0; i < w->timers.count; i++) {
        if (*(uint64_t *)vec_get(&w->timers, i) != action->timer.token)
            continue;
        vec_remove(&w->timers, i);
        return;
    }
}

/* What is told was recorded before. */
static void on_progress(struct world *w, const struct exec_progress *progress)
{
    const char *kind = NULL;
    if (progress->event == NDF_EVENT_STEP_DONE) kind = "result";
    if (progress->event == NDF_EVENT_STEP_FAILED) kind = "result";
    if (progress->event == NDF_EVENT_UNDO_DONE) kind = "undo_result";
    if (progress->event == NDF_EVENT_STEP_STARTED) kind = "intent";
    if (progress->event == NDF_EVENT_STEP_SKIPPED) kind = "skip";
    if (progress->event == NDF_EVENT_APPROVAL_ASKED) {
        assert_true(
            world_count(w, "ask", NULL) + world_count(w, "pattern_ask", NULL) >
            0);
    }
    if (kind == NULL || progress->step.size == 0) return;
    assert_true(is_recorded(w, kind, progress->step.at, progress->attempt));
}

static void on_end(struct world *w, const struct exec_end *end)
{
    assert_false(w->ended);
    w->ended = true;
    w->end = *end;
    w->end.error = arena_str(&w->arena, end->error);
    w->end.step = arena_str(&w->arena, end->step);
    w->end.evidence = arena_str(&w->arena, end->evidence);
    if (!end->halted) assert_int_equal(world_count(w, "end", NULL), 1);
}

static void perform(struct world *w, const struct exec_actions *actions)
{
    size_t before = w->pending.count;
    for (size_t i = 0; i < actions->count; i++) {
        const struct exec_action *action = &actions->items[i];
        assert_false(w->ended);
        switch (action->kind) {
        case EXEC_APPEND: append(w, &action->append); break;
        case EXEC_START: on_start(w, &action->call); break;
        case EXEC_ADOPT: on_adopt(w, &action->call); break;
        case EXEC_STOP: on_stop(w, action->stop); break;
        case EXEC_SELECT: on_select(w, &action->select); break;
        case EXEC_TIMER_SET:
        case EXEC_TIMER_CLEAR: on_timer(w, action); break;
        case EXEC_PROGRESS: on_progress(w, &action->progress); break;
        case EXEC_END: on_end(w, &action->end); break;
        }
    }
    size_t count = w->pending.count - before;
    assert_int_equal(count > 0, actions->token != 0);
    if (count == 0) return;
    struct world_batch *batch = vec_push(&w->batches);
    *batch = (struct world_batch){actions->token, before, count};
}

static void give(struct world *w, const struct exec_event *given)
{
    struct exec_event told = *given;
    const struct exec_event *event = &told;
    struct arena arena;
    told.machine = w->machine;
    arena_init(&arena, w->mem);
    struct exec_actions actions = {.arena = &arena};
    w->last_error = executor_step(w->x, event, &actions);
    w->steps++;
    if (w->last_error == NDF_OK) perform(w, &actions);
    arena_deinit(&arena);
}

/* ---- lives -------------------------------------------------------------- */

static int replay(struct world *w, ndf_error *error)
{
    for (size_t i = 0; i < w->journal.count; i++) {
        const struct world_record *from = vec_get(&w->journal, i);
        struct arena arena;
        arena_init(&arena, &mem_libc);
        struct value body = test_json(&arena, from->body.at);
        struct exec_record record = {
            .kind = from->kind, .body = &body, .blob = from->blob};
        int err = executor_replay(w->x, &record, error);
        arena_deinit(&arena);
        if (err != NDF_OK) return err;
    }
    return NDF_OK;
}

int world_live(struct world *w, ndf_error *error)
{
    const struct exec_options options = {.mem = w->mem,
        .plan = &w->plan,
        .initial = &w->context,
        .run = STR("run-1"),
        .boot = STR("boot"),
        .seed = 7,
        .outputs = w->outputs};
    int err = executor_new(&w->x, &options, error);
    if (err == NDF_OK) err = replay(w, error);
    if (err != NDF_OK) return err;
    w->lives++;
    give(w, &(struct exec_event){.kind = EXEC_BEGIN});
    return w->last_error;
}

void world_crash(struct world *w, size_t written)
{
    while (written > 0 && w->batches.count > 0) {
        write_batch(w);
        written--;
    }
    vec_clear(&w->batches);
    vec_clear(&w->pending);
    vec_clear(&w->timers);
    vec_clear(&w->selects);
    vec_clear(&w->moot);
    for (size_t i = 0; i < w->calls.count; i++) {
        struct world_call *call = vec_get(&w->calls, i);
        call->number = 0;
        call->stopped = false;
    }
    executor_free(w->x);
    w->x = NULL;
}

void world_power_loss(struct world *w)
{
    world_crash(w, 0);
    for (size_t i = 0; i < w->calls.count; i++) {
        struct world_call *call = vec_get(&w->calls, i);
        if (call->state == CALL_RUNS) call->state = CALL_GONE;
    }
}

void world_room(struct world *w)
{
    give(w, &(struct exec_event){.kind = EXEC_ROOM});
}

void world_cancel(struct world *w)
{
    give(w, &(struct exec_event){.kind = EXEC_CANCEL});
}

void world_approve(struct world *w, const char *step, bool approved)
{
    const struct exec_approval approval = {.step = str_of(step),
        .approved = approved,
        .reason = approved ? STR("") : STR("not today")};
    give(w, &(struct exec_event){.kind = EXEC_APPROVE, .approval = &approval});
}

static bool can_answer(const struct world *w)
{
    return w->answer != ANSWER_NEVER && world_asked(w) != NULL;
}

/* ---- what can happen ---------------------------------------------------- */

/* Whether a call has something to say to the living executor. */
static bool can_end(const struct world_call *call)
{
    if (call->number == 0) return false;
    return call->state != CALL_RUNS || call->does != 'h' || call->stopped;
}

static size_t ending_calls(const struct world *w)
{
    size_t count = 0;
    for (size_t i = 0; i < w->calls.count; i++) {
        if (can_end(vec_get(&w->calls, i))) count++;
    }
    return count;
}

size_t world_choices(const struct world *w)
{
    if (w->ended) return 0;
    return (w->batches.count > 0 ? 1 : 0) + w->selects.count + ending_calls(w) +
           w->timers.count + (can_answer(w) ? 1 : 0);
}

static void fill_result(
    struct world *w, const struct world_call *call, struct agent_result *out)
{
    static const char *const patches[] = {
        "{\"attributes\": {\"stage\": \"patched\"}}", "{\"priority\": 1}"};
    char does = call->does;
    bool dies = call->stopped && does != 'n' && call->state == CALL_RUNS;
    *out = (struct agent_result){.status = AGENT_EXITED,
        .output = value_of_str(STR("done")),
        .error = STR(""),
        .log = STR("line one\nlast words\n"),
        .latency_ms = 5};
    if (dies) out->status = AGENT_CANCELLED;
    if (does == 't') out->status = AGENT_TIMED_OUT;
    if (does == 'q') out->status = AGENT_SILENT;
    if (does == 's') out->status = AGENT_START_FAILED;
    if (does == 'c') out->status = AGENT_OUTPUT_CAP;
    if (does == 'l') out->status = AGENT_LOST;
    if (does == 'f') out->exit = 1;
    if (does == 'e') out->output = value_null;
    if (does == 'u') out->usage = test_json(&w->arena, "{\"tokens\": 10}");
    if (does == 'p' || does == 'v') {
        out->patch = test_json(&w->arena, patches[does == 'v']);
    }
    if (does == 'x') out->output = value_of_bool(false);
    if (does == 'b') {
        char *large = arena_alloc(&w->arena, WORLD_LARGE + 1);
        memset(large, 'b', WORLD_LARGE);
        out->output = value_of_str((struct str){large, WORLD_LARGE});
    }
    if (call->state == CALL_GONE) out->status = AGENT_LOST;
    if (call->state == CALL_NEVER) out->status = AGENT_NEVER_STARTED;
}

static void end_call(struct world *w, struct world_call *call)
{
    struct agent_result result;
    uint64_t number = call->number;
    fill_result(w, call, &result);
    if (w->instead != NULL) result = *w->instead;
    call->number = 0;
    if (call->state == CALL_RUNS) {
        call->state = CALL_ENDED;
        /* What a stopped agent left behind says so to any later owner. */
        if (result.status == AGENT_CANCELLED) call->does = 'k';
    }
    if (call->does == 'k' && result.status == AGENT_EXITED) {
        result.status = AGENT_CANCELLED;
    }
    give(w, &(struct exec_event){
                .kind = EXEC_AGENT_DONE, .call = number, .result = &result});
}

static void answer_batch(struct world *w)
{
    uint64_t token = ((struct world_batch *)vec_get(&w->batches, 0))->token;
    struct exec_event event = {.kind = EXEC_RECORDED, .token = token};
    if (w->fail_next_record) {
        event.kind = EXEC_RECORD_FAILED;
        event.error = STR("the disk is full");
    } else {
        write_batch(w);
    }
    give(w, &event);
}

static void answer_ask(struct world *w)
{
    size_t before = w->batches.count;
    const char *asked = world_asked(w);
    world_approve(w, asked, w->answer == ANSWER_YES);
    if (w->batches.count > before) return;
    *(struct str *)vec_push(&w->moot) = str_of(asked);
}

static void answer_select(struct world *w, size_t index)
{
    struct world_select select =
        *(struct world_select *)vec_get(&w->selects, index);
    const struct value *from = value_get(&w->choices, select.phase);
    struct exec_event event = {.kind = EXEC_SELECTED,
        .call = select.number,
        .error = STR("nothing fits")};
    struct plan plan;
    struct value encoded;
    vec_remove(&w->selects, index);
    if (from->kind != VALUE_NULL) {
        world_make_plan(w, world_id(w, select.phase, STR("0")), from, &plan);
        assert_ok(plan_encode(&w->arena, &plan, &encoded));
        event.plan = &encoded;
    }
    give(w, &event);
}

void world_happen(struct world *w, size_t choice)
{
    assert_true(w->budget_left-- > 0);
    if (w->batches.count > 0 && choice-- == 0) {
        answer_batch(w);
        return;
    }
    if (choice < w->selects.count) {
        answer_select(w, choice);
        return;
    }
    choice -= w->selects.count;
    for (size_t i = 0; i < w->calls.count; i++) {
        struct world_call *call = vec_get(&w->calls, i);
        if (!can_end(call) || choice-- != 0) continue;
        end_call(w, call);
        return;
    }
    if (choice == w->timers.count) {
        answer_ask(w);
        return;
    }
    uint64_t token = *(uint64_t *)vec_get(&w->timers, choice);
    vec_remove(&w->timers, choice);
    give(w, &(struct exec_event){.kind = EXEC_TIMER, .token = token});
}

void world_run(struct world *w)
{
    while (!w->ended) {
        if (world_choices(w) == 0) fail_msg("stuck after '%s'", w->trace.at);
        world_happen(w, 0);
        if (w->last_error != NDF_OK) return;
    }
}

void world_play(
    struct world *w, const char *steps, const struct script *scripts)
{
    ndf_error error = {0};
    world_init(w, &mem_libc, steps, scripts);
    int err = world_live(w, &error);
    if (err != NDF_OK) fail_msg("%s", error.message);
    world_run(w);
}
