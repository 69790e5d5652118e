/*
 * test_vectors.c - a file of word vectors, through the public API.
 */
#include "api.h"

/* Two pairs of synonyms, and a word that says nothing. */
static const char rows[] = "the 0.1 0.1 0.1\nmoney 1 0.1 0\ncash 0.9 0.2 0\n"
                           "rain 0 0.1 1\nweather 0.1 0 0.9\n";

/* Configures the file of a name in the fixture's folder; "": none. */
static int configure(struct fixture *fixture, const char *name, json_t **out)
{
    char path[512] = "";
    ndf_text *text = NULL;
    if (name[0] != '\0')
        (void)snprintf(path, sizeof path, "%s/%s", fixture->dir.path, name);
    json_t *value = json_pack("{s: s}", "vectors", path);
    char *json = json_dumps(value, 0);
    int err = ndf_configure(
        fixture->engine, json, strlen(json), &text, &fixture->error);
    free(json);
    json_decref(value);
    if (out != NULL) *out = err == NDF_OK ? parse_text(text) : NULL;
    else ndf_text_free(text);
    return err;
}

static void the_file_is_told_and_can_be_left_again(void **state)
{
    (void)state;
    struct fixture fixture;
    json_t *all;
    fixture_open(&fixture);
    test_write(&fixture.dir, "words.txt", rows);
    assert_ok(configure(&fixture, "words.txt", &all));
    const char *path = test_path(&fixture.dir, "words.txt");
    assert_string_equal(string_at(all, "vectors"), path);
    json_decref(all);
    assert_ok(configure(&fixture, "", &all));
    assert_null(json_object_get(all, "vectors"));
    json_decref(all);
    fixture_close(&fixture);
}

static void a_file_that_cannot_be_read_changes_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *name, *content, *says;
        int err;
    } cases[] = {
        {"none.txt", NULL, "/none.txt: No such file", NDF_ENOTFOUND},
        {".", NULL, "not a regular file", NDF_EINVAL},
        {"empty.txt", "", "/empty.txt: there is no word", NDF_ESYNTAX},
        {"cut.txt", "a 1 2\nb 1\n", "/cut.txt:2: a word with 1 numbers",
            NDF_ESYNTAX},
        {"wide.txt", "7 2000\n", "/wide.txt:1: 2000 numbers", NDF_ELIMIT},
    };
    struct fixture fixture;
    fixture_open(&fixture);
    test_write(&fixture.dir, "words.txt", rows);
    assert_ok(configure(&fixture, "words.txt", NULL));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (cases[i].content != NULL)
            test_write(&fixture.dir, cases[i].name, cases[i].content);
        int err = configure(&fixture, cases[i].name, NULL);
        if (err != cases[i].err ||
            strstr(fixture.error.message, cases[i].says) == NULL)
            fail_msg("%s: %d: %s", cases[i].name, err, fixture.error.message);
    }
    ndf_text *text;
    assert_ok(ndf_configure(fixture.engine, NULL, 0, &text, NULL));
    json_t *all = parse_text(text);
    const char *path = test_path(&fixture.dir, "words.txt");
    assert_string_equal(string_at(all, "vectors"), path);
    json_decref(all);
    fixture_close(&fixture);
}

/* How many are ranked for a task. */
static size_t ranked(struct fixture *fixture, const char *text)
{
    ndf_context *context = fixture_context(fixture, text);
    ndf_selection *selection;
    ndf_text *json;
    assert_ok(
        ndf_select(fixture->engine, context, 0, &selection, &fixture->error));
    assert_ok(ndf_selection_json(selection, &json));
    json_t *document = parse_text(json);
    size_t count = json_array_size(json_object_get(document, "ranked"));
    json_decref(document);
    ndf_selection_free(selection);
    ndf_context_free(context);
    return count;
}

static void they_count_from_the_next_selection_on(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    fixture_register(&fixture,
        "agent: cashier\ndescription: Withdraw cash\n---\n"
        "pattern: forecast\ndescription: The weather\nsteps: [cashier]\n");
    test_write(&fixture.dir, "words.txt", rows);
    assert_int_equal(ranked(&fixture, "money"), 0);
    assert_ok(configure(&fixture, "words.txt", NULL));
    assert_int_equal(ranked(&fixture, "money"), 1);
    assert_int_equal(ranked(&fixture, "rain"), 1);
    assert_int_equal(ranked(&fixture, "something"), 0);
    assert_ok(configure(&fixture, "", NULL));
    assert_int_equal(ranked(&fixture, "money"), 0);
    fixture_close(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_file_is_told_and_can_be_left_again),
        cmocka_unit_test(they_count_from_the_next_selection_on),
        cmocka_unit_test(a_file_that_cannot_be_read_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
