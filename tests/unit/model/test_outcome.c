/*
 * test_outcome.c - how a run turned out.
 */
#include "model/outcome.h"
#include "support/parse.h"

static struct arena arena;

static int setup(void **state)
{
    (void)state;
    arena_init(&arena, &mem_libc);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_deinit(&arena);
    return 0;
}

static void an_outcome_survives_writing_and_reading(void **state)
{
    (void)state;
    static const char text[] =
        "{\"at_ms\":1700000000000,\"cost\":0.25,\"domain\":\"a.b\","
        "\"evidence\":\"expect\",\"latency_ms\":12,\"pattern\":\"s/p\","
        "\"result\":\"success\",\"run\":\"r1\",\"should\":\"q\","
        "\"text\":\"t\"}";
    struct value v = test_json(&arena, text);
    struct outcome o;
    struct value out;
    assert_ok(outcome_decode(&arena, &v, &o, NULL));
    assert_int_equal(o.result, OUTCOME_SUCCESS);
    assert_int_equal(o.latency_ms, 12);
    assert_true(o.cost == 0.25);
    assert_ok(outcome_encode(&arena, &o, &out));
    assert_string_equal(test_canonical(&arena, &out), text);
}

static void most_of_it_may_be_unknown(void **state)
{
    (void)state;
    struct value v = test_json(&arena,
        "{\"pattern\":\"p\",\"result\":\"unknown\",\"domain\":null,"
        "\"text\":null}");
    struct outcome o;
    struct value out;
    assert_ok(outcome_decode(&arena, &v, &o, NULL));
    assert_null(o.run.at);
    assert_null(o.domain.at);
    assert_null(o.text.at);
    assert_null(o.should.at);
    assert_true(o.cost != o.cost);
    assert_ok(outcome_encode(&arena, &o, &out));
    assert_string_equal(test_canonical(&arena, &out),
        "{\"pattern\":\"p\",\"result\":\"unknown\"}");
}

static void bytes_and_remarks_survive_too(void **state)
{
    (void)state;
    static const char text[] = "{\"follow_up\":true,\"lesson\":\"AAH+\","
                               "\"none\":true,\"result\":\"unknown\"}";
    struct value v = test_json(&arena, text);
    struct outcome o;
    struct value out;
    assert_ok(outcome_decode(&arena, &v, &o, NULL));
    assert_true(o.none && o.follow_up && o.pattern.at == NULL);
    assert_int_equal(o.lesson.size, 3);
    assert_memory_equal(o.lesson.at, "\x00\x01\xfe", 3);
    assert_ok(outcome_encode(&arena, &o, &out));
    assert_string_equal(test_canonical(&arena, &out), text);
    v = test_json(&arena, "{\"none\":true}");
    assert_ok(outcome_decode(&arena, &v, &o, NULL));
}

static void only_executions_count(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        bool counts;
    } rows[] = {
        {"{\"pattern\":\"p\",\"result\":\"unknown\"}", true},
        {"{\"pattern\":\"p\",\"result\":\"unknown\",\"should\":\"q\"}", false},
        {"{\"pattern\":\"p\",\"result\":\"unknown\",\"should\":\"q\","
         "\"run\":\"r\"}",
            true},
        {"{\"none\":true,\"pattern\":\"p\",\"result\":\"failure\"}", false},
        {"{\"pattern\":\"p\",\"result\":\"unknown\","
         "\"evidence\":\"removed\"}",
            false},
        {"{\"pattern\":\"p\",\"result\":\"unknown\",\"evidence\":\"reset\"}",
            false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct value v = test_json(&arena, rows[i].json);
        struct outcome o;
        assert_ok(outcome_decode(&arena, &v, &o, NULL));
        assert_int_equal(outcome_counts(&o), rows[i].counts);
    }
}

static void bad_outcomes_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *json, *says;
    } rows[] = {
        {"[]", "expected a map"},
        {"{\"result\":\"success\"}", "lacks the key 'pattern'"},
        {"{\"pattern\":\"p\"}", "lacks the key 'result'"},
        {"{\"pattern\":null,\"result\":\"success\"}",
            "lacks the key 'pattern'"},
        {"{\"pattern\":\"p\",\"result\":\"ok\"}",
            "success, failure or unknown"},
        {"{\"pattern\":\"p\",\"result\":true}", "success, failure or unknown"},
        {"{\"pattern\":\"\",\"result\":\"success\"}", "a pattern's name"},
        {"{\"pattern\":\"p\",\"result\":\"success\",\"cost\":-1}",
            "at least 0"},
        {"{\"pattern\":\"p\",\"result\":\"success\",\"latency_ms\":-1}",
            "at least 0"},
        {"{\"pattern\":\"p\",\"result\":\"success\",\"latency_ms\":1.5}",
            "an integer"},
        {"{\"pattern\":\"p\",\"result\":\"success\",\"domain\":\"a.*\"}",
            "dotted name"},
        {"{\"pattern\":\"p\",\"result\":\"success\",\"evidense\":\"x\"}",
            "did you mean 'evidence'?"},
        {"{\"none\":false,\"result\":\"success\"}", "lacks the key 'pattern'"},
        {"{\"none\":true,\"should\":\"p\"}", "leave one of them out"},
        {"{\"pattern\":\"p\",\"result\":\"success\",\"lesson\":\"A\"}",
            "base64"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct value v = test_json(&arena, rows[i].json);
        struct outcome o;
        ndf_error error = {0};
        assert_int_equal(outcome_decode(&arena, &v, &o, &error), NDF_ESCHEMA);
        test_contains(error.message, rows[i].says);
    }
}

static void results_have_names(void **state)
{
    (void)state;
    assert_string_equal(outcome_result_name(OUTCOME_UNKNOWN), "unknown");
    assert_string_equal(outcome_result_name(OUTCOME_SUCCESS), "success");
    assert_string_equal(outcome_result_name(OUTCOME_FAILURE), "failure");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_outcome_survives_writing_and_reading),
        cmocka_unit_test(most_of_it_may_be_unknown),
        cmocka_unit_test(bytes_and_remarks_survive_too),
        cmocka_unit_test(only_executions_count),
        cmocka_unit_test(bad_outcomes_are_refused),
        cmocka_unit_test(results_have_names),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
