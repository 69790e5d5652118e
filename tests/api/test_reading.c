/*
 * test_reading.c - YAML and JSON of a host's own, and the last outcomes.
 */
#include "api/api.h"

static json_t *line_at(json_t *places, size_t index, const char *key)
{
    json_t *of = json_object_get(json_array_get(places, 0), "of");
    json_t *item = json_array_get(of, index);
    if (key != NULL) item = json_object_get(json_object_get(item, "of"), key);
    return json_object_get(item, "line");
}

static void yaml_becomes_json_with_its_lines(void **state)
{
    static const char text[] = "- task: a\n"
                               "  expect: [b, c]\n"
                               "\n"
                               "- task: no\n"
                               "  top:\n"
                               "    3\n";
    ndf_text *documents, *places;
    ndf_error error;
    (void)state;
    assert_int_equal(
        ndf_yaml_to_json(text, strlen(text), &documents, &places, &error),
        NDF_OK);
    assert_string_equal(ndf_text_data(documents),
        "[[{\"expect\":[\"b\",\"c\"],\"task\":\"a\"},"
        "{\"task\":\"no\",\"top\":3}]]");
    json_t *where = parse_text(places);
    assert_int_equal(json_integer_value(line_at(where, 0, NULL)), 1);
    assert_int_equal(json_integer_value(line_at(where, 0, "expect")), 2);
    assert_int_equal(json_integer_value(line_at(where, 1, NULL)), 4);
    assert_int_equal(json_integer_value(line_at(where, 1, "top")), 5);
    json_decref(where);
    ndf_text_free(documents);
}

static void json_and_no_document_at_all_are_read_too(void **state)
{
    static const struct {
        const char *text, *documents;
    } cases[] = {
        {" {\"a\": 1}", "[{\"a\":1}]"},
        {"[1, 2]", "[[1,2]]"},
        {"a: 1\n---\nb: 2\n", "[{\"a\":1},{\"b\":2}]"},
        {"", "[]"},
        {"# nothing\n", "[]"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ndf_text *documents;
        assert_int_equal(ndf_yaml_to_json(cases[i].text, strlen(cases[i].text),
                             &documents, NULL, NULL),
            NDF_OK);
        assert_string_equal(ndf_text_data(documents), cases[i].documents);
        ndf_text_free(documents);
    }
}

static void what_is_no_yaml_is_refused_with_its_line(void **state)
{
    static const char text[] = "a: 1\nb: [\n";
    ndf_text *documents, *places;
    ndf_error error;
    (void)state;
    assert_int_equal(
        ndf_yaml_to_json(text, strlen(text), &documents, &places, &error),
        NDF_ESYNTAX);
    assert_null(documents);
    assert_null(places);
    assert_int_equal(error.line, 3);
    assert_int_equal(
        ndf_yaml_to_json(NULL, 0, &documents, &places, &error), NDF_EINVAL);
}

static void outcomes_are_listed_newest_first(void **state)
{
    struct fixture fixture;
    ndf_text *text;
    (void)state;
    fixture_open(&fixture);
    fixture_register(&fixture, "agent: coder\ndescription: Fixes tests.\n");
    static const char outcomes[] =
        "[{\"pattern\":\"coder\",\"result\":\"success\",\"text\":\"one\"},"
        "{\"pattern\":\"coder\",\"result\":\"failure\",\"text\":\"two\"}]";
    assert_int_equal(
        ndf_record(fixture.engine, outcomes, strlen(outcomes), &fixture.error),
        NDF_OK);
    assert_int_equal(
        ndf_list(fixture.engine, NDF_LIST_OUTCOMES, 1, &text, &fixture.error),
        NDF_OK);
    json_t *list = parse_text(text);
    assert_int_equal(json_array_size(list), 1);
    assert_string_equal(string_at(json_array_get(list, 0), "text"), "two");
    json_decref(list);
    assert_int_equal(
        ndf_list(fixture.engine, NDF_LIST_OUTCOMES, 0, &text, &fixture.error),
        NDF_OK);
    list = parse_text(text);
    assert_int_equal(json_array_size(list), 2);
    json_decref(list);
    fixture_close(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(yaml_becomes_json_with_its_lines),
        cmocka_unit_test(json_and_no_document_at_all_are_read_too),
        cmocka_unit_test(what_is_no_yaml_is_refused_with_its_line),
        cmocka_unit_test(outcomes_are_listed_newest_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
