/*
 * test_select.c - choosing by words and by law, and what outcomes change.
 */
#include <stdio.h>

#include "api/api.h"

static const char crew[] =
    "agent: debugger\n"
    "description: Finds and fixes bugs, crashes and memory leaks in code.\n"
    "run: [printf, fixed]\n"
    "---\n"
    "agent: writer\n"
    "description: Writes documentation, guides and release notes.\n"
    "run: [printf, written]\n"
    "---\n"
    "agent: painter\n"
    "description: Draws icons, logos and illustrations.\n"
    "run: [printf, drawn]\n"
    "---\n"
    "pattern: deploy.production\n"
    "description: Deploy the service to the servers.\n"
    "only_if: {attributes: {environment: production, replicas: {ge: 2}}}\n"
    "steps: [debugger]\n";

static ndf_selection *choose(struct fixture *fixture, const char *text)
{
    ndf_context *context = fixture_context(fixture, text);
    ndf_selection *selection;
    int err =
        ndf_select(fixture->engine, context, 0, &selection, &fixture->error);
    if (err != NDF_OK) fail_msg("%s", fixture->error.message);
    ndf_context_free(context);
    return selection;
}

static void an_empty_store_chooses_sensibly(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    ndf_selection *none = choose(&fixture, "fix the memory leak");
    assert_null(ndf_selection_chosen(none));
    assert_true(strlen(ndf_selection_reason(none)) > 10);
    ndf_selection_free(none);
    fixture_register(&fixture, crew);
    const struct {
        const char *task, *agent;
    } rows[] = {
        {"find and fix the memory leak", "debugger"},
        {"write the release notes", "writer"},
        {"draw a new logo", "painter"},
        {"xyzzy plugh quux", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ndf_selection *selection = choose(&fixture, rows[i].task);
        const char *chosen = ndf_selection_chosen(selection);
        if (rows[i].agent == NULL) assert_null(chosen);
        else if (chosen == NULL)
            fail_msg("%s: %s", rows[i].task, ndf_selection_reason(selection));
        else assert_string_equal(chosen, rows[i].agent);
        ndf_selection_free(selection);
    }
    fixture_close(&fixture);
}

static void every_choice_gives_its_numbers(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    fixture_register(&fixture, crew);
    ndf_selection *selection = choose(&fixture, "fix the memory leak");
    ndf_choice choice, next;
    assert_ok(ndf_selection_at(selection, 0, &choice));
    assert_string_equal(choice.name, "debugger");
    assert_true(choice.fit > 0 && choice.fit <= 1);
    assert_true(choice.success > 0 && choice.success <= 1);
    double product = choice.fit * choice.success;
    assert_true(choice.confidence > product - 1e-9 &&
                choice.confidence < product + 1e-9);
    for (size_t i = 1; i < ndf_selection_count(selection); i++) {
        assert_ok(ndf_selection_at(selection, i, &next));
        assert_true(next.confidence <= choice.confidence);
        choice = next;
    }
    assert_int_equal(
        ndf_selection_at(selection, ndf_selection_count(selection), &next),
        NDF_ENOTFOUND);
    ndf_text *text;
    assert_ok(ndf_selection_json(selection, &text));
    json_decref(parse_text(text));
    ndf_selection_free(selection);
    fixture_close(&fixture);
}

static void a_law_excludes_and_says_why(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    fixture_register(&fixture, crew);
    const char held[] =
        "{\"text\":\"deploy the service to the servers\",\"attributes\":"
        "{\"environment\":\"production\",\"replicas\":3}}";
    const char broken[] =
        "{\"text\":\"deploy the service to the servers\",\"attributes\":"
        "{\"environment\":\"production\",\"replicas\":1}}";
    ndf_selection *selection = choose(&fixture, held);
    assert_string_equal(ndf_selection_chosen(selection), "deploy.production");
    ndf_selection_free(selection);
    selection = choose(&fixture, broken);
    const char *chosen = ndf_selection_chosen(selection);
    assert_true(chosen == NULL || strcmp(chosen, "deploy.production") != 0);
    ndf_selection_free(selection);
    ndf_context *context = fixture_context(&fixture, broken);
    ndf_text *text;
    assert_ok(ndf_explain(
        fixture.engine, context, "deploy.production", &text, &fixture.error));
    assert_non_null(strstr(ndf_text_data(text), "replicas"));
    json_t *why = parse_text(text);
    assert_true(json_is_false(json_object_get(why, "eligible")));
    json_decref(why);
    assert_int_equal(
        ndf_explain(fixture.engine, context, "nothing", &text, &fixture.error),
        NDF_ENOTFOUND);
    ndf_context_free(context);
    fixture_close(&fixture);
}

static double success_of(struct fixture *fixture, const char *pattern)
{
    ndf_text *text;
    int err = ndf_stats(fixture->engine, pattern, &text, &fixture->error);
    if (err != NDF_OK) fail_msg("%s", fixture->error.message);
    json_t *stats = parse_text(text);
    double success = json_real_value(json_object_get(stats, "success"));
    json_decref(stats);
    return success;
}

static void outcomes_change_the_next_choice(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    fixture_register(&fixture, crew);
    double before = success_of(&fixture, "debugger");
    const char bad[] =
        "{\"pattern\":\"debugger\",\"result\":\"failure\",\"domain\":\"x\"}";
    for (int i = 0; i < 6; i++)
        assert_ok(
            ndf_record(fixture.engine, bad, sizeof bad - 1, &fixture.error));
    double after = success_of(&fixture, "debugger");
    assert_true(after < before);
    ndf_selection *selection = choose(&fixture, "fix the memory leak");
    ndf_choice choice;
    assert_ok(ndf_selection_at(selection, 0, &choice));
    assert_true(choice.confidence < 0.5);
    assert_null(ndf_selection_chosen(selection));
    ndf_selection_free(selection);
    /* It is the same after a restart. */
    fixture_reopen(&fixture);
    double again = success_of(&fixture, "debugger");
    assert_true(again > after - 1e-6 && again < after + 1e-6);
    fixture_close(&fixture);
}

static void the_last_word_on_a_run_stands_alone(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    fixture_register(&fixture, crew);
    char id[64];
    assert_int_equal(
        fixture_run(&fixture, "writer", "write", id), NDF_RUN_SUCCEEDED);
    double unknown = success_of(&fixture, "writer");
    assert_ok(
        ndf_rate(fixture.engine, id, NDF_VERDICT_GOOD, NULL, &fixture.error));
    double good = success_of(&fixture, "writer");
    assert_true(good > unknown);
    assert_ok(
        ndf_rate(fixture.engine, id, NDF_VERDICT_BAD, NULL, &fixture.error));
    double bad = success_of(&fixture, "writer");
    assert_true(bad < unknown);
    /* The wrong one was taken: that says nothing about whether it works. */
    assert_ok(ndf_rate(fixture.engine, id, 0, "debugger", &fixture.error));
    double corrected = success_of(&fixture, "writer");
    assert_true(corrected > unknown - 0.01 && corrected < unknown + 0.01);
    ndf_text *text;
    assert_ok(ndf_stats(fixture.engine, "writer", &text, &fixture.error));
    json_t *stats = parse_text(text);
    assert_int_equal(
        json_integer_value(json_object_get(stats, "executions")), 1);
    json_decref(stats);
    assert_int_equal(ndf_rate(fixture.engine, "zzzz", NDF_VERDICT_GOOD, NULL,
                         &fixture.error),
        NDF_ENOTFOUND);
    fixture_close(&fixture);
}

static void bad_contexts_are_refused_with_a_sentence(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    const struct {
        const char *json;
        int code;
    } rows[] = {
        {"{\"text\":", NDF_ESYNTAX},
        {"{\"txt\": \"x\"}", NDF_ESCHEMA},
        {"{\"priority\": 9}", NDF_ESCHEMA},
        {"{\"attributes\": []}", NDF_ESCHEMA},
        {"{\"attributes\": {\"n\": 9223372036854775808}}", NDF_ESYNTAX},
        {"{\"text\": \"a\\u0000b\"}", NDF_ESYNTAX},
        {"{\"text\": \"\xff\"}", NDF_ESYNTAX},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ndf_context *context;
        int err = ndf_context_new(fixture.engine, rows[i].json,
            strlen(rows[i].json), &context, &fixture.error);
        assert_int_equal(err, rows[i].code);
        assert_null(context);
        assert_true(strlen(fixture.error.message) > 10);
    }
    fixture_close(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_store_chooses_sensibly),
        cmocka_unit_test(every_choice_gives_its_numbers),
        cmocka_unit_test(a_law_excludes_and_says_why),
        cmocka_unit_test(outcomes_change_the_next_choice),
        cmocka_unit_test(the_last_word_on_a_run_stands_alone),
        cmocka_unit_test(bad_contexts_are_refused_with_a_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
