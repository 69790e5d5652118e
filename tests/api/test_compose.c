/*
 * test_compose.c - a task that asks for several things, as a plan of several
 * patterns.
 */
#include <stdio.h>
#include <stdlib.h>

#include "api/api.h"

static const char agents[] =
    "agent: coder\n"
    "description: Fixes failing tests and bugs in code.\n"
    "---\n"
    "agent: writer\n"
    "description: Writes documentation and release notes.\n"
    "---\n"
    "agent: auditor\n"
    "description: Audits code for vulnerabilities and injection.\n";

/* What they were asked for, in order; from the threads of the engine, one after
 * another in these tests. */
static char asked[512];

static int answer(void *ud, const ndf_call *call, ndf_reply *reply)
{
    (void)ud;
    json_t *request = json_loadb(call->request, call->request_size, 0, NULL);
    size_t used = strlen(asked);
    snprintf(asked + used, sizeof asked - used, "%s: %s\n", call->agent,
        string_at(request, "task"));
    json_decref(request);
    return ndf_reply_output(reply, "done", 4);
}

static int fails(void *ud, const ndf_call *call, ndf_reply *reply)
{
    (void)ud;
    (void)call;
    (void)reply;
    return 1;
}

static void open_fixture(struct fixture *fixture)
{
    static const char *const names[] = {"coder", "writer", "auditor"};
    fixture_open(fixture);
    fixture_register(fixture, agents);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(
            ndf_bind(fixture->engine, names[i], answer, NULL, &fixture->error),
            NDF_OK);
    asked[0] = '\0';
}

/* "kind pattern: text, pattern: text"; "" for a task that asks for one. */
static const char *parts_of(struct fixture *fixture, const char *task)
{
    static char out[512];
    ndf_context *context = fixture_context(fixture, task);
    ndf_text *text;
    int err =
        ndf_compose(fixture->engine, context, NULL, &text, &fixture->error);
    if (err != NDF_OK) fail_msg("%s", fixture->error.message);
    ndf_context_free(context);
    out[0] = '\0';
    if (text == NULL) return out;
    json_t *doc = parse_text(text);
    size_t used =
        (size_t)snprintf(out, sizeof out, "%s", string_at(doc, "kind"));
    size_t i;
    json_t *part;
    json_array_foreach(json_object_get(doc, "parts"), i, part)
    {
        double fit = json_real_value(json_object_get(part, "fit"));
        assert_true(fit > 0.5 && fit <= 1);
        used += (size_t)snprintf(out + used, sizeof out - used, "%s%s: %s",
            i > 0 ? ", " : " ", string_at(part, "pattern"),
            string_at(part, "text"));
    }
    json_decref(doc);
    return out;
}

static void clauses_that_choose_different_patterns_are_parts(void **state)
{
    static const struct {
        const char *task, *parts;
    } cases[] = {
        {"fix the failing test", ""},
        {"fix the failing test; fix the other bugs", ""},
        {"fix the failing test; and sing", ""},
        {"write documentation and release notes", ""},
        {"", ""},
        {"fix the bugs; write the release notes",
            "parallel coder: fix the bugs, writer: write the release notes"},
        {"fix the failing test and write the release notes",
            "parallel coder: fix the failing test, "
            "writer: write the release notes"},
        {"write the release notes after fixing the failing tests",
            "sequential coder: fixing the failing tests, "
            "writer: write the release notes"},
        {"hello\n1. fix the bugs\n2. fix the tests\n3. write release notes",
            "sequential coder: hello\n1. fix the bugs\n2. fix the tests, "
            "writer: write release notes"},
        {"Hello! Fix the failing tests. Then write the release notes. Thanks.",
            "sequential coder: Hello! Fix the failing tests, "
            "writer: write the release notes. Thanks."},
        {"Fix the failing tests. Write the release notes.",
            "sequential coder: Fix the failing tests, "
            "writer: Write the release notes."},
        {"fix the bugs\nwrite release notes\nfix the tests",
            "parallel coder: fix the bugs, writer: write release notes, "
            "coder: fix the tests"},
        {"fix bugs;write docs;fix bugs;write docs;fix bugs;write docs;"
         "fix bugs;write docs;fix bugs",
            ""},
    };
    struct fixture fixture;
    (void)state;
    open_fixture(&fixture);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal(parts_of(&fixture, cases[i].task), cases[i].parts);
    fixture_close(&fixture);
}

/* Runs what is composed; the id of the run. */
static int run_parts(
    struct fixture *fixture, const char *task, const char *compose, char id[64])
{
    ndf_context *context = fixture_context(fixture, task);
    ndf_run_options options = NDF_RUN_OPTIONS_INIT;
    options.compose = compose;
    options.cwd = fixture->dir.path;
    ndf_run *run;
    int state = -1;
    int err = ndf_run_start(
        fixture->engine, NULL, context, &options, &run, &fixture->error);
    ndf_context_free(context);
    if (err != NDF_OK) fail_msg("%s", fixture->error.message);
    assert_int_equal(ndf_run_wait(run, 60000, &state, &fixture->error), NDF_OK);
    snprintf(id, 64, "%s", ndf_run_id(run));
    ndf_run_free(run);
    return state;
}

static const char two[] =
    "{\"kind\": \"sequential\", \"parts\": ["
    "{\"pattern\": \"coder\", \"text\": \"fix the bugs\"},"
    "{\"pattern\": \"writer\", \"text\": \"write the notes\"},"
    "{\"pattern\": \"coder\", \"text\": \"fix the notes\"}]}";

static void each_part_has_its_own_task(void **state)
{
    struct fixture fixture;
    char id[64];
    (void)state;
    open_fixture(&fixture);
    assert_int_equal(
        run_parts(&fixture, "the whole", two, id), NDF_RUN_SUCCEEDED);
    assert_string_equal(asked, "coder: fix the bugs\n"
                               "writer: write the notes\n"
                               "coder: fix the notes\n");
    json_t *shown = fixture_show(&fixture, id);
    assert_string_equal(string_at(shown, "pattern"), "composed/sequential");
    assert_string_equal(string_at(shown, "text"), "the whole");
    assert_int_equal(json_array_size(json_object_get(shown, "outcomes")), 0);
    json_decref(shown);
    /* No pattern was chosen, so none is good or bad; but one may be right. */
    assert_int_equal(
        ndf_rate(fixture.engine, id, NDF_VERDICT_GOOD, NULL, &fixture.error),
        NDF_EINVAL);
    assert_int_equal(
        ndf_rate(fixture.engine, id, 0, "writer", &fixture.error), NDF_OK);
    ndf_text *text;
    assert_int_equal(
        ndf_list(fixture.engine, NDF_LIST_OUTCOMES, 0, &text, &fixture.error),
        NDF_OK);
    json_t *list = parse_text(text);
    assert_int_equal(json_array_size(list), 1);
    assert_string_equal(
        string_at(json_array_get(list, 0), "should"), "host/writer");
    assert_string_equal(
        string_at(json_array_get(list, 0), "pattern"), "host/writer");
    json_decref(list);
    fixture_close(&fixture);
}

static void a_part_that_fails_fails_the_whole(void **state)
{
    struct fixture fixture;
    char id[64];
    (void)state;
    open_fixture(&fixture);
    assert_int_equal(
        ndf_bind(fixture.engine, "writer", fails, NULL, &fixture.error),
        NDF_OK);
    assert_int_equal(run_parts(&fixture, "the whole", two, id), NDF_RUN_FAILED);
    assert_string_equal(asked, "coder: fix the bugs\n");
    fixture_close(&fixture);
}

/* A run that is started can be read again. */
static void a_part_is_no_longer_than_a_task(void **state)
{
    enum { LONG = 1024 * 1024 + 1 };
    struct fixture fixture;
    ndf_run *run;
    struct text {
        char at[LONG + 256];
    } *text = calloc(1, sizeof *text);
    (void)state;
    open_fixture(&fixture);
    ndf_context *context = fixture_context(&fixture, "the whole");
    ndf_run_options options = NDF_RUN_OPTIONS_INIT;
    int head = snprintf(text->at, sizeof text->at,
        "{\"kind\":\"parallel\",\"parts\":[{\"pattern\":\"coder\",\"text\":\"");
    memset(text->at + head, 'x', LONG);
    (void)snprintf(text->at + head + LONG, 64, "\"}]}");
    options.compose = text->at;
    assert_int_equal(ndf_run_start(fixture.engine, NULL, context, &options,
                         &run, &fixture.error),
        NDF_ELIMIT);
    ndf_context_free(context);
    free(text);
    fixture_close(&fixture);
}

static void what_cannot_be_composed_is_refused(void **state)
{
    static const struct {
        const char *compose;
        int err;
    } cases[] = {
        {"", NDF_ESYNTAX},
        {"{}", NDF_ESCHEMA},
        {"{\"kind\": \"both\", \"parts\": []}", NDF_ESCHEMA},
        {"{\"kind\": \"parallel\"}", NDF_ESCHEMA},
        {"{\"kind\": \"parallel\", \"parts\": []}", NDF_ESCHEMA},
        {"{\"kind\": \"parallel\", \"parts\": [1]}", NDF_ESCHEMA},
        {"{\"kind\": \"parallel\", \"parts\": [{\"text\": \"a\"}]}",
            NDF_ESCHEMA},
        {"{\"kind\": \"parallel\", \"parts\": [{\"pattern\": \"coder\"}]}",
            NDF_ESCHEMA},
        {"{\"kind\": \"parallel\", \"parts\": "
         "[{\"pattern\": \"nobody\", \"text\": \"a\"}]}",
            NDF_ENOTFOUND},
        {"{\"kind\": \"parallel\", \"parts\": [1,1,1,1,1,1,1,1,1]}",
            NDF_ELIMIT},
    };
    struct fixture fixture;
    ndf_text *text;
    ndf_run *run;
    (void)state;
    open_fixture(&fixture);
    ndf_context *context = fixture_context(&fixture, "the whole");
    ndf_run_options options = NDF_RUN_OPTIONS_INIT;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        options.compose = cases[i].compose;
        assert_int_equal(ndf_plan(fixture.engine, NULL, context, &options,
                             &text, &fixture.error),
            cases[i].err);
        assert_true(fixture.error.message[0] != '\0');
    }
    options.compose = two;
    assert_int_equal(ndf_run_start(fixture.engine, "coder", context, &options,
                         &run, &fixture.error),
        NDF_EINVAL);
    static const char *const others[] = {"coder", NULL};
    options.fallbacks = others;
    assert_int_equal(ndf_run_start(fixture.engine, NULL, context, &options,
                         &run, &fixture.error),
        NDF_EINVAL);
    options.fallbacks = NULL;
    assert_int_equal(ndf_plan(fixture.engine, NULL, context, &options, &text,
                         &fixture.error),
        NDF_OK);
    ndf_text_free(text);
    options.compose = NULL;
    assert_int_equal(ndf_run_start(fixture.engine, NULL, context, &options,
                         &run, &fixture.error),
        NDF_EINVAL);
    assert_int_equal(
        ndf_compose(fixture.engine, NULL, NULL, &text, &fixture.error),
        NDF_EINVAL);
    ndf_context_free(context);
    fixture_close(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clauses_that_choose_different_patterns_are_parts),
        cmocka_unit_test(each_part_has_its_own_task),
        cmocka_unit_test(a_part_that_fails_fails_the_whole),
        cmocka_unit_test(a_part_is_no_longer_than_a_task),
        cmocka_unit_test(what_cannot_be_composed_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
