/*
 * fuzz_journal.c - a journal of any content is replayed or refused, and a run
 * goes on from whatever it was replayed to.
 *
 * The input is a JSON list of [kind, body] or [kind, body, blob].
 */
#include <math.h>

#include "base/json.h"
#include "fuzz/fuzz.h"
#include "run/executor.h"

enum { JOURNAL_STEPS = 3, JOURNAL_EVENTS = 64 };

static void make_step(struct arena *arena, size_t i, struct plan_node *node)
{
    static const char *const steps[JOURNAL_STEPS] = {
        "{\"name\": \"a\", \"undo\": {\"run\": [\"x\"]}, \"writes\": "
        "[\"stage\"]}",
        "{\"name\": \"b\", \"idempotent\": true, \"with\": {\"x\": "
        "\"${steps.a.output}\"}, \"retry\": {\"attempts\": 2}}",
        "{\"name\": \"c\", \"undo\": {\"run\": [\"x\"]}, "
        "\"undo_on_failure\": true}"};
    static struct str argv[] = {{"work", 4}};
    struct value value;
    *node = (struct plan_node){.kind = NODE_STEP};
    FUZZ_REQUIRE(json_parse(arena, str_of(steps[i]), &value, NULL) == NDF_OK);
    FUZZ_REQUIRE(step_decode(arena, &value, &node->step, NULL) == NDF_OK);
    node->id = node->step.name;
    node->agent.name = node->step.name;
    node->agent.run = (struct str_list){argv, 1};
    node->agent.env = value_of_object();
}

static int replay(struct executor *x, const struct value *journal)
{
    for (size_t i = 0; i < journal->array.count; i++) {
        const struct value *item = &journal->array.items[i];
        if (item->kind != VALUE_ARRAY || item->array.count < 2) continue;
        const struct value *parts = item->array.items;
        struct exec_record record = {.body = &parts[1]};
        if (parts[0].kind != VALUE_STRING) continue;
        record.kind = parts[0].string;
        if (item->array.count > 2 && parts[2].kind == VALUE_STRING) {
            record.blob = parts[2].string;
        }
        int err = executor_replay(x, &record, NULL);
        if (err != NDF_OK) return err;
    }
    return NDF_OK;
}

struct queue {
    struct exec_event events[JOURNAL_EVENTS];
    size_t first, count;
    bool ended;
};

static void expect_event(struct queue *queue, struct exec_event event)
{
    FUZZ_REQUIRE(queue->count < JOURNAL_EVENTS);
    queue->events[queue->count++] = event;
}

/* What each action leads to in the simplest of worlds. */
static void answer(struct queue *queue, const struct exec_actions *actions,
    const struct agent_result *result)
{
    if (actions->token != 0) {
        expect_event(queue, (struct exec_event){.kind = EXEC_RECORDED,
                                .token = actions->token});
    }
    for (size_t i = 0; i < actions->count; i++) {
        const struct exec_action *action = &actions->items[i];
        FUZZ_REQUIRE(!queue->ended);
        if (action->kind == EXEC_END) queue->ended = true;
        if (action->kind == EXEC_START || action->kind == EXEC_ADOPT) {
            expect_event(queue, (struct exec_event){.kind = EXEC_AGENT_DONE,
                                    .call = action->call.number,
                                    .result = result});
        }
        if (action->kind == EXEC_TIMER_SET) {
            expect_event(queue, (struct exec_event){.kind = EXEC_TIMER,
                                    .token = action->timer.token});
        }
    }
}

static void go_on(struct executor *x, const struct mem *mem)
{
    struct agent_result result = {
        .output = value_of_str(STR("done")), .error = STR(""), .log = STR("")};
    struct queue queue = {.events = {{.kind = EXEC_BEGIN}}, .count = 1};
    while (!queue.ended) {
        struct arena arena;
        struct exec_actions actions = {.arena = &arena};
        FUZZ_REQUIRE(queue.first < queue.count);
        arena_init(&arena, mem);
        FUZZ_REQUIRE(
            executor_step(x, &queue.events[queue.first++], &actions) == NDF_OK);
        answer(&queue, &actions, &result);
        arena_deinit(&arena);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct value journal;
    struct executor *x;
    struct plan_node steps[JOURNAL_STEPS];
    struct str text = {(const char *)data, size};
    arena_init(&arena, &mem_libc);
    if (json_parse(&arena, text, &journal, NULL) != NDF_OK ||
        journal.kind != VALUE_ARRAY) {
        arena_deinit(&arena);
        return 0;
    }
    for (size_t i = 0; i < JOURNAL_STEPS; i++) {
        make_step(&arena, i, &steps[i]);
    }
    const struct context context = {.attributes = value_of_object()};
    const struct plan plan = {.pattern = STR("p"),
        .rollback = true,
        .budget = {.cost = (double)NAN},
        .root = {.kind = NODE_SEQUENCE,
            .children = steps,
            .child_count = JOURNAL_STEPS}};
    const struct exec_options options = {.mem = &mem_libc,
        .plan = &plan,
        .initial = &context,
        .run = STR("r"),
        .boot = STR("boot")};
    FUZZ_REQUIRE(executor_new(&x, &options, NULL) == NDF_OK);
    if (replay(x, &journal) == NDF_OK) go_on(x, &mem_libc);
    executor_free(x);
    arena_deinit(&arena);
    return 0;
}
