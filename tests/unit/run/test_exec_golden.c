/*
 * test_exec_golden.c - journals that an older executor wrote are read to the
 * same end.
 */
#include <string.h>

#include "base/json.h"
#include "base/os.h"
#include "run/executor.h"
#include "support/parse.h"
#include "support/support.h"

enum { JOURNALS_MAX = 1 << 20 };

struct golden {
    struct arena arena; /* of the run under way */
    struct plan plan;
    struct context context;
    struct executor *x;
    struct str hex;         /* of the context that records say there is */
    enum ndf_run_state end; /* RUNNING: not yet */
    size_t runs;
    bool contexts; /* the last snapshot is that of the run's end */
};

static void finish(struct golden *g)
{
    struct exec_look look;
    if (g->x == NULL) return;
    assert_ok(executor_look(g->x, &look));
    assert_non_null(look.end);
    assert_int_equal(look.end->state, g->end);
    if (g->contexts && g->hex.at != NULL) {
        uint8_t hash[HASH_SHA256_SIZE];
        char hex[HASH_HEX_SIZE];
        struct buf buf;
        buf_init(&buf, &mem_libc);
        json_write(&buf, look.context);
        struct str bytes = buf_str(&buf);
        hash_sha256(&bytes, 1, hash);
        hash_hex(hash, sizeof hash, hex);
        buf_deinit(&buf);
        assert_str(g->hex, hex);
    }
    executor_free(g->x);
    g->x = NULL;
    arena_deinit(&g->arena);
    g->runs++;
}

/* A plan, which is written as it was read, and its executor. */
static void begin(struct golden *g, const struct value *body)
{
    ndf_error error = {0};
    struct value again;
    const struct value *plan = value_get(body, STR("plan"));
    if (plan_decode(&g->arena, plan, &g->plan, &error) != NDF_OK)
        fail_msg("%s", error.message);
    assert_ok(plan_encode(&g->arena, &g->plan, &again));
    assert_true(value_equal(plan, &again));
    assert_ok(context_decode(
        &g->arena, value_get(body, STR("context")), &g->context, NULL));
    const struct exec_options options = {.mem = &mem_libc,
        .plan = &g->plan,
        .initial = &g->context,
        .run = STR("run-1"),
        .boot = STR("boot"),
        .seed = 7};
    if (executor_new(&g->x, &options, &error) != NDF_OK)
        fail_msg("%s", error.message);
    g->hex = (struct str){NULL, 0};
    g->end = NDF_RUN_RUNNING;
}

static void replay(struct golden *g, struct str line)
{
    ndf_error error = {0};
    struct value value;
    struct arena fresh;
    arena_init(&fresh, &mem_libc);
    assert_ok(json_parse(&fresh, line, &value, NULL));
    const struct value *body = value_get(&value, STR("body"));
    struct exec_record record = {.kind = value_get_str(&value, STR("kind")),
        .body = body,
        .blob = value_get_str(&value, STR("blob"))};
    if (str_equal(record.kind, STR("plan"))) {
        finish(g);
        g->arena = fresh;
        begin(g, body);
        return;
    }
    if (executor_replay(g->x, &record, &error) != NDF_OK)
        fail_msg("run %zu: %s", g->runs, error.message);
    struct str hex = value_get_str(body, STR("snapshot"));
    if (hex.at != NULL) g->hex = arena_str(&g->arena, hex);
    if (str_equal(record.kind, STR("end")))
        g->end = exec_state_of(value_get_str(body, STR("state")));
    arena_deinit(&fresh);
}

static void read_to_the_end(const char *path, bool contexts, size_t runs)
{
    struct golden g = {.contexts = contexts};
    struct buf text;
    ndf_error error = {0};
    buf_init(&text, &mem_libc);
    int err = os_read_file(path, JOURNALS_MAX, &text, &error);
    if (err != NDF_OK) fail_msg("%s", error.message);
    struct str rest = buf_str(&text), line;
    while (rest.size > 0 && str_split(&rest, '\n', &line)) {
        if (line.size > 0) replay(&g, line);
    }
    finish(&g);
    assert_int_equal(g.runs, runs);
    buf_deinit(&text);
}

static void journals_of_the_first_executor_are_read_to_their_ends(void **state)
{
    (void)state;
    read_to_the_end(TEST_DATA "/journals/steps-0.1.0.jsonl", true, 16);
}

/* The last context on record may be that of a pattern that failed. */
static void journals_of_the_first_phases_are_read_to_their_ends(void **state)
{
    (void)state;
    read_to_the_end(TEST_DATA "/journals/meta-0.1.0.jsonl", false, 13);
}

/* Records of works that were refused name contexts that never came to be. */
static void journals_of_the_first_gates_are_read_to_their_ends(void **state)
{
    (void)state;
    read_to_the_end(TEST_DATA "/journals/gates-0.1.0.jsonl", false, 35);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(journals_of_the_first_executor_are_read_to_their_ends),
        cmocka_unit_test(journals_of_the_first_phases_are_read_to_their_ends),
        cmocka_unit_test(journals_of_the_first_gates_are_read_to_their_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
