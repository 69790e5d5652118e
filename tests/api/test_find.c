/*
 * test_find.c - patterns found by domain, attribute and likeness, and what
 * configuring changes.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "api/api.h"

static const char crew[] =
    "pattern: web.audit\n"
    "description: Audits web shops for security holes\n"
    "only_if: {domain: [web.**, shop], attributes: {level: {ge: 2}}}\n"
    "steps: [look]\n"
    "---\n"
    "pattern: web.review\n"
    "description: Reviews web shops for security holes\n"
    "only_if: {domain: [web.**, shop], attributes: {level: {ge: 2}}}\n"
    "steps: [look]\n"
    "---\n"
    "pattern: web.build\n"
    "description: Builds a page\n"
    "good_for: {domain: {in: [web.page, web.site]}}\n"
    "steps: [look]\n"
    "---\n"
    "pattern: bake\n"
    "description: Bakes bread\n"
    "only_if: {domain: {ne: web.page}, attributes: {oven: true}}\n"
    "steps: [look]\n"
    "---\n"
    "agent: web\n"
    "description: Audits web shops for security holes\n";

/* Names and scores as they came. */
struct names {
    char text[512];
    double scores[16];
    size_t count, stop_at;
};

static int note(void *ud, const char *name, double score)
{
    struct names *names = ud;
    size_t used = strlen(names->text);
    (void)snprintf(names->text + used, sizeof names->text - used, "%s%s",
        used > 0 ? " " : "", name);
    names->scores[names->count++] = score;
    return names->count == names->stop_at ? 42 : 0;
}

static void patterns_are_found_by_domain(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    fixture_register(&fixture, crew);
    static const char *const rows[][2] = {
        {"web.page", "web.audit web.review web.build"},
        {"web", "web.audit web.review"},
        {"shop", "web.audit web.review"},
        {"shop.big", ""},
        {"bread", ""},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct names names = {.count = 0};
        assert_ok(ndf_find_domain(
            fixture.engine, rows[i][0], note, &names, &fixture.error));
        assert_string_equal(names.text, rows[i][1]);
        for (size_t n = 0; n < names.count; n++)
            assert_true(names.scores[n] == 1);
    }
    struct names names = {.stop_at = 2};
    assert_int_equal(
        ndf_find_domain(fixture.engine, "web.page", note, &names, NULL), 42);
    assert_int_equal(names.count, 2);
    assert_int_equal(
        ndf_find_domain(fixture.engine, NULL, note, &names, NULL), NDF_EINVAL);
    assert_int_equal(
        ndf_find_domain(fixture.engine, "a", NULL, NULL, NULL), NDF_EINVAL);
    assert_ok(ndf_unregister(fixture.engine, "web.audit", NULL));
    struct names rest = {.count = 0};
    assert_ok(ndf_find_domain(fixture.engine, "web", note, &rest, NULL));
    assert_string_equal(rest.text, "web.review");
    fixture_close(&fixture);
}

static void patterns_are_found_by_attribute(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    fixture_register(&fixture, crew);
    static const char *const rows[][2] = {
        {"level", "web.audit web.review"}, {"oven", "bake"}, {"domain", ""}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct names names = {.count = 0};
        assert_ok(ndf_find_attribute(
            fixture.engine, rows[i][0], note, &names, &fixture.error));
        assert_string_equal(names.text, rows[i][1]);
    }
    struct names names = {.stop_at = 1};
    assert_int_equal(
        ndf_find_attribute(fixture.engine, "level", note, &names, NULL), 42);
    assert_int_equal(
        ndf_find_attribute(fixture.engine, NULL, note, &names, NULL),
        NDF_EINVAL);
    fixture_close(&fixture);
}

static void like_patterns_are_found(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    fixture_register(&fixture, crew);
    struct names names = {.count = 0};
    assert_ok(ndf_find_similar(
        fixture.engine, "web.audit", 0, 0, note, &names, &fixture.error));
    assert_int_equal(names.count, 4);
    assert_true(strncmp(names.text, "web.review web ", 15) == 0);
    assert_true(names.scores[0] > 0.7);
    for (size_t i = 1; i < names.count; i++)
        assert_true(names.scores[i] <= names.scores[i - 1]);
    struct names few = {.count = 0};
    assert_ok(ndf_find_similar(
        fixture.engine, "web.audit", 0.7, 1, note, &few, NULL));
    assert_string_equal(few.text, "web.review");
    assert_int_equal(ndf_find_similar(fixture.engine, "web.adit", 0, 0, note,
                         &few, &fixture.error),
        NDF_ENOTFOUND);
    assert_non_null(strstr(fixture.error.message, "web.audit"));
    static const double bad[] = {-0.1, 1.1, (double)NAN};
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(ndf_find_similar(fixture.engine, "web.audit", bad[i],
                             0, note, &few, NULL),
            NDF_EINVAL);
    fixture_close(&fixture);
}

/* ---- configuring -------------------------------------------------------- */

static json_t *configure(struct fixture *fixture, const char *json)
{
    ndf_text *text;
    if (ndf_configure(fixture->engine, json, json != NULL ? strlen(json) : 0,
            &text, &fixture->error) != NDF_OK)
        fail_msg("%s", fixture->error.message);
    return parse_text(text);
}

static void the_whole_configuration_is_told(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    json_t *all = configure(&fixture, NULL);
    assert_int_equal(json_object_size(all), 8);
    assert_true(json_real_value(json_object_get(all, "threshold")) == 0.5);
    assert_int_equal(
        json_integer_value(json_object_get(all, "min_executions")), 5);
    assert_string_equal(string_at(all, "half_life"), "2592000s");
    assert_int_equal(json_array_size(json_object_get(all, "categories")), 4);
    json_decref(all);
    all = configure(&fixture,
        "{\"threshold\": 0.25, \"half_life\": \"7d\", \"levels\": {\"medium\": "
        "0.2, \"high\": 0.3}, \"kind_names\": {\"meta\": [\"big\"]}, "
        "\"categories\": []}");
    json_decref(all);
    all = configure(&fixture, "{}");
    assert_true(json_real_value(json_object_get(all, "threshold")) == 0.25);
    assert_string_equal(string_at(all, "half_life"), "604800s");
    assert_int_equal(json_array_size(json_object_get(all, "categories")), 0);
    json_t *kinds = json_object_get(all, "kind_names");
    assert_int_equal(json_object_size(kinds), 3);
    assert_int_equal(json_array_size(json_object_get(kinds, "meta")), 1);
    assert_int_equal(json_array_size(json_object_get(kinds, "parallel")), 0);
    json_decref(all);
    assert_ok(ndf_configure(fixture.engine, NULL, 0, NULL, NULL));
    fixture_close(&fixture);
}

static void a_bad_configuration_changes_nothing(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    static const struct {
        const char *json, *says;
        int err;
    } rows[] = {
        {"{", "", NDF_ESYNTAX},
        {"[]", "a map", NDF_ESCHEMA},
        {"{\"thresholdd\": 1}", "threshold", NDF_ESCHEMA},
        {"{\"threshold\": 1.5}", "from 0 to 1", NDF_ESCHEMA},
        {"{\"cold_threshold\": -1}", "from 0 to 1", NDF_ESCHEMA},
        {"{\"threshold\": \"high\"}", "a number", NDF_ESCHEMA},
        {"{\"min_executions\": -1}", "an integer", NDF_ESCHEMA},
        {"{\"half_life\": \"soon\"}", "a duration", NDF_ESCHEMA},
        {"{\"half_life\": 0}", "more than no time", NDF_ESCHEMA},
        {"{\"levels\": {\"medium\": 0.5}}", "'high'", NDF_ESCHEMA},
        {"{\"levels\": {\"medium\": 0.5, \"high\": 0.4}}", "below medium",
            NDF_ESCHEMA},
        {"{\"kind_names\": {\"metta\": []}}", "meta", NDF_ESCHEMA},
        {"{\"kind_names\": {\"meta\": [1]}}", "strings", NDF_ESCHEMA},
        {"{\"categories\": {}}", "a list", NDF_ESCHEMA},
        {"{\"categories\": [{\"category\": \"x\", \"regex\": \"(\"}]}",
            "regular expression", NDF_ESCHEMA},
        {"{\"categories\": [{\"regex\": \"x\"}]}", "category", NDF_ESCHEMA},
        {"{\"threshold\": 0.1, \"categories\": 3}", "a list", NDF_ESCHEMA},
    };
    json_t *before = configure(&fixture, NULL);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ndf_text *text;
        int err = ndf_configure(fixture.engine, rows[i].json,
            strlen(rows[i].json), &text, &fixture.error);
        assert_int_equal(err, rows[i].err);
        assert_null(text);
        if (strstr(fixture.error.message, rows[i].says) == NULL)
            fail_msg("%s: %s", rows[i].json, fixture.error.message);
    }
    json_t *after = configure(&fixture, NULL);
    assert_true(json_equal(before, after));
    json_decref(before);
    json_decref(after);
    fixture_close(&fixture);
}

/* The document of a selection. */
static json_t *select_json(struct fixture *fixture, const char *text)
{
    ndf_context *context = fixture_context(fixture, text);
    ndf_selection *selection;
    ndf_text *json;
    assert_ok(
        ndf_select(fixture->engine, context, 0, &selection, &fixture->error));
    assert_ok(ndf_selection_json(selection, &json));
    ndf_selection_free(selection);
    ndf_context_free(context);
    return parse_text(json);
}

static void thresholds_decide_from_the_next_selection_on(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    fixture_register(&fixture, crew);
    const char *task =
        "{\"domain\": \"web\", \"text\": \"audit the web shop for security "
        "holes\", \"attributes\": {\"level\": 3}}";
    json_t *first = select_json(&fixture, task);
    assert_true(json_is_string(json_object_get(first, "chosen")));
    json_decref(first);
    json_decref(configure(&fixture, "{\"cold_threshold\": 1}"));
    json_t *none = select_json(&fixture, task);
    assert_false(json_is_string(json_object_get(none, "chosen")));
    json_decref(none);
    json_decref(
        configure(&fixture, "{\"levels\": {\"medium\": 0, \"high\": 0}}"));
    json_t *high = select_json(&fixture, task);
    json_t *best = json_array_get(json_object_get(high, "ranked"), 0);
    assert_string_equal(string_at(best, "level"), "high");
    json_decref(high);
    fixture_close(&fixture);
}

static void categories_infer_the_domain(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    fixture_register(&fixture, crew);
    json_t *before = select_json(&fixture, "bake bread with analytics");
    assert_string_equal(string_at(before, "domain/name"), "data");
    json_decref(before);
    json_decref(configure(&fixture,
        "{\"categories\": [{\"category\": \"kitchen\", \"regex\": "
        "\"BREAD|soup\"}]}"));
    json_t *after = select_json(&fixture, "bake bread with analytics");
    assert_string_equal(string_at(after, "domain/name"), "kitchen");
    json_decref(after);
    json_t *other = select_json(&fixture, "security audit");
    assert_string_equal(string_at(other, "domain/name"), "general");
    json_decref(other);
    fixture_close(&fixture);
}

/* How much of eight failures is left after a while under a half-life. */
static double success_after(const char *half_life)
{
    struct fixture fixture;
    fixture_open(&fixture);
    fixture_register(&fixture, crew);
    char json[128];
    (void)snprintf(json, sizeof json, "{\"half_life\": \"%s\"}", half_life);
    json_decref(configure(&fixture, json));
    for (int i = 0; i < 8; i++) {
        (void)snprintf(json, sizeof json,
            "{\"pattern\": \"web\", \"result\": \"%s\", \"at_ms\": %d}",
            i < 4 ? "failure" : "success", i < 4 ? 1000 : 86401000);
        assert_ok(
            ndf_record(fixture.engine, json, strlen(json), &fixture.error));
    }
    ndf_context *context = fixture_context(&fixture, "audit web shops");
    ndf_selection *selection;
    assert_ok(ndf_select(fixture.engine, context, 0, &selection, NULL));
    ndf_choice choice = {.success = -1};
    for (size_t i = 0; i < ndf_selection_count(selection); i++) {
        assert_ok(ndf_selection_at(selection, i, &choice));
        if (strcmp(choice.name, "web") == 0) break;
    }
    ndf_selection_free(selection);
    ndf_context_free(context);
    fixture_close(&fixture);
    return choice.success;
}

/* Recording fades the old failures a day later; ten thousand days of half-life
 * keep them, an hour does not. */
static void the_half_life_fades_what_is_recorded(void **state)
{
    (void)state;
    double slow = success_after("10000d");
    double fast = success_after("1h");
    assert_true(slow > 0 && slow < 1);
    assert_true(fast != slow);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns_are_found_by_domain),
        cmocka_unit_test(patterns_are_found_by_attribute),
        cmocka_unit_test(like_patterns_are_found),
        cmocka_unit_test(the_whole_configuration_is_told),
        cmocka_unit_test(a_bad_configuration_changes_nothing),
        cmocka_unit_test(thresholds_decide_from_the_next_selection_on),
        cmocka_unit_test(categories_infer_the_domain),
        cmocka_unit_test(the_half_life_fades_what_is_recorded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
