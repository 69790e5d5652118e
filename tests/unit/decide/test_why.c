/*
 * test_why.c - selections as documents, why one was not taken, and what holds
 * for all choices: the same answer, limits, threads, memory.
 */
#include <math.h>
#include <pthread.h>

#include "base/json.h"
#include "world.h"

/* ---- determinism, limits, documents -------------------------------------- */

static const char *document(struct world *world, const char *context)
{
    struct value value;
    const struct selection *s = choose(world, context);
    assert_ok(selection_encode(&world->arena, s, world->selector, &value));
    return test_canonical(&world->arena, &value);
}

static void the_same_state_gives_the_same_answer(void **state)
{
    struct world *world = *state;
    const char *task = "{\"text\": \"fix the memory leak in the web shop\"}";
    add(world, "b", "Fixes memory leaks.", "");
    add(world, "a", "Finds leaks in memory.", "");
    add(world, "c", "Builds web shops.", "\"good_for\": {\"text\": \"shop\"}");
    const char *first = document(world, task);
    assert_string_equal(document(world, task), first);
    selector_free(world->selector);
    world->selector = NULL;
    assert_string_equal(document(world, task), first);
}

static void the_document_has_every_number(void **state)
{
    struct world *world = *state;
    add(world, "a", "Fixes memory leaks.", "");
    struct value value = test_json(
        &world->arena, document(world, "{\"text\": \"fix memory leaks\"}"));
    assert_str(value_get_str(&value, STR("chosen")), "a");
    assert_non_null(value_get(&value, STR("reason")));
    const struct value *ranked = value_get(&value, STR("ranked"));
    assert_int_equal(ranked->array.count, 1);
    const struct value *one = &ranked->array.items[0];
    static const char *const keys[] = {"name", "kind", "fit", "success",
        "success_lower", "confidence", "level", "executions", "cold", "needed",
        "copies", "factors"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        assert_non_null(value_get(one, str_of(keys[i])));
    const struct value *factors = value_get(one, STR("factors"));
    double sum = 0;
    for (size_t i = 0; i < factors->array.count; i++) {
        const struct value *contribution =
            value_get(&factors->array.items[i], STR("contribution"));
        sum += contribution->kind == VALUE_INT ? (double)contribution->integer
                                               : contribution->real;
    }
    assert_true(
        fabs(fit_probability(sum) - world->selection.ranked[0].fit) < 1e-9);
}

static void the_document_says_which_kind_suits(void **state)
{
    static const char *const cases[][2] = {
        {"{\"text\": \"x\"}", "sequential"},
        {"{\"attributes\": {\"concurrent\": true}}", "parallel"},
        {"{\"attributes\": {\"complexity\": \"high\"}}", "meta"},
    };
    struct world *world = *state;
    add(world, "a", "Fixes memory leaks.", "");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct value value =
            test_json(&world->arena, document(world, cases[i][0]));
        struct str hint = value_get_str(&value, STR("kind_hint"));
        assert_true(str_equal(hint, str_of(cases[i][1])));
        selector_free(world->selector);
        world->selector = NULL;
    }
}

static struct value explain(
    struct world *world, const char *context, size_t candidate)
{
    compile(world);
    struct selector_query query = query_of(world, context);
    struct value value;
    assert_ok(selector_explain(
        world->selector, &query, candidate, &world->arena, &value));
    return value;
}

static void why_not_names_the_failed_predicate(void **state)
{
    struct world *world = *state;
    add(world, "a", "Fixes leaks.",
        "\"only_if\": {\"attributes\": {\"complexity\": {\"ge\": 3}}}");
    struct value why = explain(world,
        "{\"text\": \"fix leaks\", \"attributes\": {\"complexity\": 1}}", 0);
    assert_false(value_get_bool(&why, STR("eligible"), true));
    const struct value *failed = value_get(&why, STR("failed"));
    assert_str(
        value_get_str(failed, STR("predicate")), "attributes.complexity ge 3");
    assert_int_equal(value_get_int(failed, STR("expected"), 0), 3);
    assert_int_equal(value_get_int(failed, STR("actual"), 0), 1);
    assert_str(value_get_str(failed, STR("why")), "false");
    why = explain(world, "{\"text\": \"fix leaks\"}", 0);
    failed = value_get(&why, STR("failed"));
    assert_str(value_get_str(failed, STR("why")), "unknown");
}

/* What the host says, and how often it was asked. */
struct host {
    int answer;
    size_t asked, last;
};

static int ask(void *ud, size_t candidate)
{
    struct host *host = ud;
    host->asked++;
    host->last = candidate;
    return host->answer;
}

static int choose_asking(struct world *world, const char *context,
    struct host *host, struct selection *out)
{
    compile(world);
    struct selector_query query = query_of(world, context);
    if (host != NULL) query.ask = ask;
    query.ask_ud = host;
    return selector_select(world->selector, &query, &world->arena, out);
}

static void the_host_is_asked_where_the_law_holds(void **state)
{
    struct world *world = *state;
    add(world, "plain", "Fixes teeth.", "");
    add(world, "asks", "Fixes memory leaks.", "\"ask_host\": true");
    add(world, "shut", "Fixes memory leaks.",
        "\"ask_host\": true, \"only_if\": {\"domain\": \"x\"}");
    const char *task = "{\"text\": \"fix memory leaks\"}";
    struct selection selection;
    struct host host = {.answer = 1};
    assert_ok(choose_asking(world, task, &host, &selection));
    assert_int_equal(host.asked, 1);
    assert_int_equal(host.last, 1);
    assert_int_equal(selection.chosen, 1);
    assert_int_equal(selection.eligible, 2);
    host = (struct host){.answer = 0};
    assert_ok(choose_asking(world, task, &host, &selection));
    assert_int_equal(host.asked, 1);
    assert_int_equal(selection.eligible, 1);
    for (size_t i = 0; i < selection.count; i++)
        assert_int_equal(selection.ranked[i].candidate, 0);
    assert_ok(choose_asking(world, task, NULL, &selection));
    assert_int_equal(selection.eligible, 1);
    host.answer = NDF_EHOST;
    assert_int_equal(choose_asking(world, task, &host, &selection), NDF_EHOST);
}

static void a_choice_of_none_says_that_the_host_decides(void **state)
{
    struct world *world = *state;
    add(world, "asks", "Fixes memory leaks.", "\"ask_host\": true");
    struct selection selection;
    struct host host = {.answer = 0};
    const char *task = "{\"text\": \"fix memory leaks\"}";
    assert_ok(choose_asking(world, task, NULL, &selection));
    test_contains(selection.reason.at, "is not asked here");
    assert_ok(choose_asking(world, task, &host, &selection));
    test_contains(selection.reason.at, "allowed none");
}

static void why_not_says_what_the_host_said(void **state)
{
    struct world *world = *state;
    add(world, "asks", "Fixes memory leaks.", "\"ask_host\": true");
    compile(world);
    const struct {
        bool asked;
        int answer;
        const char *reason, *why;
    } cases[] = {
        {false, 0, "it asks the host, which is not asked here", "not asked"},
        {true, 0, "it asks the host, which did not allow it", "not allowed"},
        {true, 1, NULL, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct host host = {.answer = cases[i].answer};
        struct selector_query query =
            query_of(world, "{\"text\": \"fix memory leaks\"}");
        if (cases[i].asked) query.ask = ask;
        query.ask_ud = &host;
        struct value why;
        assert_ok(
            selector_explain(world->selector, &query, 0, &world->arena, &why));
        bool eligible = value_get_bool(&why, STR("eligible"), false);
        assert_int_equal(eligible, cases[i].reason == NULL);
        if (eligible) continue;
        assert_string_equal(
            value_get_str(&why, STR("reason")).at, cases[i].reason);
        assert_string_equal(
            value_get_str(value_get(&why, STR("failed")), STR("why")).at,
            cases[i].why);
    }
}

static void why_not_tells_what_holds(void **state)
{
    static const struct {
        const char *predicate, *actual, *of;
    } rows[] = {
        {"attributes.n ge 2", "3", "only_if"},
        {"attributes.m absent", "null", "only_if"},
        {"priority le 2", "1", "good_for"},
    };
    struct world *world = *state;
    add(world, "a", "Fixes memory leaks.",
        "\"only_if\": [{\"domain\": \"sea\"}, {\"attributes\": {\"n\": "
        "{\"ge\": 2}, \"m\": {\"absent\": true}}}], \"good_for\": "
        "{\"agent_type\": \"x\", \"priority\": {\"le\": 2}}");
    struct value why = explain(world,
        "{\"text\": \"fix leaks\", \"priority\": 1, \"attributes\": "
        "{\"n\": 3}}",
        0);
    const struct value *held = value_get(&why, STR("held"));
    assert_non_null(held);
    assert_int_equal(held->array.count, sizeof rows / sizeof rows[0]);
    for (size_t i = 0; i < held->array.count; i++) {
        const struct value *item = &held->array.items[i];
        struct buf actual;
        buf_init(&actual, &mem_libc);
        json_write(&actual, value_get(item, STR("actual")));
        assert_true(str_starts(
            value_get_str(item, STR("predicate")), str_of(rows[i].predicate)));
        assert_true(str_equal(buf_str(&actual), str_of(rows[i].actual)));
        assert_true(
            str_equal(value_get_str(item, STR("of")), str_of(rows[i].of)));
        buf_deinit(&actual);
    }
    /* Nothing is told to hold of a law that does not. */
    why = explain(world, "{\"text\": \"fix leaks\"}", 0);
    assert_null(value_get(&why, STR("held")));
    assert_int_equal(value_get(&why, STR("alternatives"))->array.count, 2);
}

static void why_not_compares_the_evidence(void **state)
{
    struct world *world = *state;
    add(world, "good", "Fixes memory leaks.", "");
    add(world, "weak", "Fixes teeth.", "");
    add(world, "mute", "Paints.", "");
    const char *task = "{\"text\": \"fix memory leaks\"}";
    struct value why = explain(world, task, 1);
    assert_true(value_get_bool(&why, STR("eligible"), false));
    assert_str(
        value_get_str(value_get(&why, STR("best")), STR("name")), "good");
    assert_true(value_get(&why, STR("compared"))->array.count > 2);
    why = explain(world, task, 0);
    assert_true(value_get_bool(&why, STR("chosen"), false));
    why = explain(world, task, 2);
    test_contains(value_get_str(&why, STR("reason")).at, "no word");
    struct selector_query query = query_of(world, task);
    assert_int_equal(
        selector_explain(world->selector, &query, 3, &world->arena, &why),
        NDF_EINVAL);
}

static void more_candidates_than_are_scored_are_still_ranked(void **state)
{
    (void)state;
    enum { COUNT = SELECTOR_SCORED_MAX + 904 };
    struct arena arena;
    arena_init(&arena, &mem_libc);
    struct candidate *all = calloc(COUNT, sizeof *all);
    for (size_t i = 0; i < COUNT; i++) {
        bool best = i == COUNT - 1;
        all[i].name = arena_format(&arena, "c%05zu", i);
        all[i].features = build_features(
            &arena, NULL, best ? "fixes memory leaks" : "fixes things", NULL);
    }
    struct selector *selector;
    struct selection selection;
    assert_ok(selector_new(&selector, &mem_libc, all, COUNT, NULL, NULL));
    struct context context = {
        .attributes = value_of_object(), .text = STR("fix the memory leaks")};
    struct selector_query query = {
        .context = &context, .config = selector_config_default()};
    assert_ok(selector_select(selector, &query, &arena, &selection));
    assert_int_equal(selection.ranked[0].candidate, COUNT - 1);
    assert_int_equal(selection.ranked[1].candidate, 0);
    query.limit = COUNT;
    assert_ok(selector_select(selector, &query, &arena, &selection));
    assert_int_equal(selection.count, SELECTOR_SCORED_MAX);
    selector_free(selector);
    free(all);
    arena_deinit(&arena);
}

static void a_name_is_found_and_may_not_come_twice(void **state)
{
    struct world *world = *state;
    add(world, "a", NULL, "");
    add(world, "b", NULL, "");
    compile(world);
    assert_int_equal(selector_count(world->selector), 2);
    assert_true(selector_find(world->selector, STR("b")) == 1);
    assert_true(selector_find(world->selector, STR("x")) == SELECTOR_NONE);
    assert_str(selector_candidate(world->selector, 1)->name, "b");
    world->candidates[1].name = STR("a");
    struct selector *selector;
    ndf_error error = {0};
    assert_int_equal(
        selector_new(&selector, &mem_libc, world->candidates, 2, NULL, &error),
        NDF_EEXISTS);
    assert_null(selector);
}

/* ---- threads ------------------------------------------------------------- */

static void *choose_often(void *ud)
{
    const struct world *world = ud;
    struct context context = {.attributes = value_of_object(),
        .text = STR("fix the memory leak in the web shop")};
    struct selector_query query = {
        .context = &context, .config = selector_config_default()};
    for (int i = 0; i < 50; i++) {
        struct arena scratch;
        struct selection selection;
        arena_init(&scratch, &mem_libc);
        int err =
            selector_select(world->selector, &query, &scratch, &selection);
        bool right = err == NDF_OK && selection.chosen == 1;
        arena_deinit(&scratch);
        if (!right) return ud;
    }
    return NULL;
}

static void many_threads_choose_at_once(void **state)
{
    enum { THREADS = 4 };
    struct world *world = *state;
    add(world, "a", "Paints.", "\"good_for\": {\"text\": \"(a+)+$\"}");
    add(world, "b", "Fixes memory leaks.",
        "\"good_for\": {\"text\": \"\\\\bleak\"}");
    compile(world);
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_ok(pthread_create(&threads[i], NULL, choose_often, world));
    for (int i = 0; i < THREADS; i++) {
        void *wrong;
        assert_ok(pthread_join(threads[i], &wrong));
        assert_null(wrong);
    }
}

static int use_all(const struct mem *mem, void *ud)
{
    struct world *world = ud;
    struct selector *selector = NULL;
    struct selection selection;
    struct value value;
    struct arena scratch;
    arena_init(&scratch, mem);
    struct selector_query query = {.context = build_context(&world->arena,
                                       "{\"text\": \"fix the memory leak\"}"),
        .config = selector_config_default()};
    int err = selector_new(
        &selector, mem, world->candidates, world->count, NULL, NULL);
    if (err == NDF_OK)
        err = selector_select(selector, &query, &scratch, &selection);
    if (err == NDF_OK)
        err = selection_encode(&scratch, &selection, selector, &value);
    if (err == NDF_OK)
        err = selector_explain(selector, &query, 0, &scratch, &value);
    if (err == NDF_OK)
        err = selector_explain(selector, &query, 1, &scratch, &value);
    if (err == NDF_OK)
        err = selector_explain(selector, &query, 2, &scratch, &value);
    if (err == NDF_OK)
        err = selector_explain(selector, &query, 3, &scratch, &value);
    selector_free(selector);
    arena_deinit(&scratch);
    return err;
}

static void each_allocation_may_fail(void **state)
{
    struct world *world = *state;
    add(world, "x/a", "Fixes memory leaks.",
        "\"fallback\": \"b\", \"confidence\": {\"cold_threshold\": 1}");
    add(world, "x/b", "Fixes memory leaks.", "");
    add(world, "x/c", "Paints.", "\"only_if\": {\"attributes\": {\"x\": 1}}");
    add(world, "x/d", "Asks.", "\"ask_host\": true");
    test_each_allocation_fails(use_all, world);
}

int main(void)
{
#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        TEST(the_same_state_gives_the_same_answer),
        TEST(the_document_has_every_number),
        TEST(the_document_says_which_kind_suits),
        TEST(why_not_names_the_failed_predicate),
        TEST(the_host_is_asked_where_the_law_holds),
        TEST(a_choice_of_none_says_that_the_host_decides),
        TEST(why_not_says_what_the_host_said),
        TEST(why_not_tells_what_holds),
        TEST(why_not_compares_the_evidence),
        TEST(more_candidates_than_are_scored_are_still_ranked),
        TEST(a_name_is_found_and_may_not_come_twice),
        TEST(many_threads_choose_at_once),
        TEST(each_allocation_may_fail),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
