/*
 * test_session.c - a task without content of its own stays with who had the
 * last turn of its session.
 */
#include <stdio.h>

#include "api/api.h"

static const char agents[] =
    "agent: coder\n"
    "description: Fixes failing tests and bugs in code.\n"
    "---\n"
    "agent: writer\n"
    "description: Writes documentation and release notes.\n"
    "---\n"
    "agent: reviewer\n"
    "description: Reviews the changes of a branch.\n"
    "---\n"
    "pattern: careful\n"
    "description: Audits the login.\n"
    "only_if: {attributes: {risk: high}}\n"
    "steps: [{look: {agent: coder}}]\n";

static int64_t now_ms = 1000000;

static int64_t wall(void *ud)
{
    (void)ud;
    return now_ms;
}

static int64_t mono(void *ud)
{
    (void)ud;
    return now_ms * 1000000;
}

static int answer(void *ud, const ndf_call *call, ndf_reply *reply)
{
    (void)ud;
    (void)call;
    return ndf_reply_output(reply, "done", 4);
}

static void bind_all(struct fixture *fixture)
{
    static const char *const names[] = {"coder", "writer", "reviewer"};
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(
            ndf_bind(fixture->engine, names[i], answer, NULL, &fixture->error),
            NDF_OK);
}

static void open_fixture(struct fixture *fixture)
{
    fixture_open(fixture);
    fixture_register(fixture, agents);
    bind_all(fixture);
}

static void run_turn(struct fixture *fixture, const char *pattern,
    const char *task, const char *session, char id[64])
{
    ndf_context *context = fixture_context(fixture, task);
    ndf_run_options options = NDF_RUN_OPTIONS_INIT;
    options.session = session;
    options.cwd = fixture->dir.path;
    ndf_run *run;
    int state = -1;
    int err = ndf_run_start(
        fixture->engine, pattern, context, &options, &run, &fixture->error);
    if (err != NDF_OK) fail_msg("%s", fixture->error.message);
    assert_int_equal(ndf_run_wait(run, 60000, &state, &fixture->error), NDF_OK);
    assert_int_equal(state, NDF_RUN_SUCCEEDED);
    if (id != NULL) snprintf(id, 64, "%s", ndf_run_id(run));
    ndf_run_free(run);
    ndf_context_free(context);
}

/* Whom the task goes to; "" for none, "+" before one that it stays with. */
static const char *goes_to(
    struct fixture *fixture, const char *task, const char *session)
{
    static char out[128];
    ndf_context *context = fixture_context(fixture, task);
    ndf_select_options options = NDF_SELECT_OPTIONS_INIT;
    options.session = session;
    ndf_selection *selection;
    int err = ndf_select_with(
        fixture->engine, context, &options, &selection, &fixture->error);
    if (err != NDF_OK) fail_msg("%s", fixture->error.message);
    const char *chosen = ndf_selection_chosen(selection);
    bool follows = ndf_selection_follow_up(selection) == 1;
    snprintf(out, sizeof out, "%s%s", follows ? "+" : "",
        chosen != NULL ? chosen : "");
    ndf_text *text;
    assert_int_equal(ndf_selection_json(selection, &text), NDF_OK);
    json_t *doc = parse_text(text);
    assert_string_equal(string_at(doc, "follow_up"), follows ? session : "");
    assert_string_equal(string_at(doc, "chosen"), chosen != NULL ? chosen : "");
    json_decref(doc);
    if (follows)
        assert_non_null(strstr(ndf_selection_reason(selection), session));
    ndf_selection_free(selection);
    ndf_context_free(context);
    return out;
}

static void a_task_without_content_stays_with_the_last_turn(void **state)
{
    static const char *const short_ones[] = {"yes", "try again", "go on",
        "nochmal bitte", "weiter", "\xE3\x82\x82\xE3\x81\x86\xE4\xB8\x80"};
    struct fixture fixture;
    (void)state;
    open_fixture(&fixture);
    assert_string_equal(goes_to(&fixture, "yes", "s1"), "");
    run_turn(&fixture, "writer", "write the release notes", "s1", NULL);
    for (size_t i = 0; i < sizeof short_ones / sizeof short_ones[0]; i++) {
        assert_string_equal(goes_to(&fixture, short_ones[i], "s1"), "+writer");
        assert_string_equal(goes_to(&fixture, short_ones[i], "s2"), "");
        assert_string_equal(goes_to(&fixture, short_ones[i], NULL), "");
    }
    assert_string_equal(
        goes_to(&fixture, "fix the failing test", "s1"), "coder");
    assert_string_equal(goes_to(&fixture, "", "s1"), "");
    /* Too long to be about nothing. */
    assert_string_equal(
        goes_to(&fixture, "one two three four five six", "s1"), "");
    run_turn(&fixture, "coder", "fix the failing test", "s1", NULL);
    assert_string_equal(goes_to(&fixture, "yes", "s1"), "+coder");
    fixture_close(&fixture);
}

static void the_last_turn_outlives_the_engine(void **state)
{
    struct fixture fixture, other;
    (void)state;
    open_fixture(&fixture);
    run_turn(&fixture, "writer", "write the release notes", "s1", NULL);
    assert_string_equal(goes_to(&fixture, "yes", "s1"), "+writer");
    /* Another process has the next turn. */
    other = fixture;
    ndf_options options = NDF_OPTIONS_INIT;
    options.path = fixture.store;
    options.home = fixture.home;
    assert_int_equal(ndf_open(&other.engine, &options, &other.error), NDF_OK);
    bind_all(&other);
    assert_string_equal(goes_to(&other, "yes", "s1"), "+writer");
    run_turn(&other, "reviewer", "review the changes", "s1", NULL);
    ndf_close(other.engine);
    assert_string_equal(goes_to(&fixture, "yes", "s1"), "+reviewer");
    fixture_reopen(&fixture);
    assert_string_equal(goes_to(&fixture, "yes", "s1"), "+reviewer");
    fixture_close(&fixture);
}

static void a_correction_moves_the_session_and_is_marked(void **state)
{
    struct fixture fixture;
    char id[64];
    (void)state;
    open_fixture(&fixture);
    run_turn(&fixture, "writer", "write the release notes", "s1", NULL);
    run_turn(&fixture, "writer", "yes", "s1", id);
    assert_int_equal(
        ndf_rate(fixture.engine, id, 0, "coder", &fixture.error), NDF_OK);
    assert_string_equal(goes_to(&fixture, "try again", "s1"), "+coder");
    json_t *shown = fixture_show(&fixture, id);
    json_t *outcomes = json_object_get(shown, "outcomes");
    assert_int_equal(json_array_size(outcomes), 2);
    for (size_t i = 0; i < 2; i++)
        assert_true(json_is_true(
            json_object_get(json_array_get(outcomes, i), "follow_up")));
    json_t *body = json_object_get(record_of(shown, "plan", 0), "body");
    assert_string_equal(string_at(body, "session"), "s1");
    json_decref(shown);
    /* One that does not have the last turn any more moves nothing. */
    run_turn(&fixture, "reviewer", "review the changes", "s1", NULL);
    assert_int_equal(
        ndf_rate(fixture.engine, id, 0, "coder", &fixture.error), NDF_OK);
    assert_string_equal(goes_to(&fixture, "yes", "s1"), "+reviewer");
    fixture_close(&fixture);
}

static void a_turn_that_may_not_be_taken_is_left(void **state)
{
    struct fixture fixture;
    (void)state;
    open_fixture(&fixture);
    run_turn(&fixture, "careful",
        "{\"text\": \"audit the login\", \"attributes\": {\"risk\": \"high\"}}",
        "s1", NULL);
    assert_string_equal(goes_to(&fixture, "yes", "s1"), "");
    assert_string_equal(
        goes_to(&fixture,
            "{\"text\": \"yes\", \"attributes\": {\"risk\": \"high\"}}", "s1"),
        "+careful");
    assert_int_equal(
        ndf_unregister(fixture.engine, "careful", &fixture.error), NDF_OK);
    assert_string_equal(
        goes_to(&fixture,
            "{\"text\": \"yes\", \"attributes\": {\"risk\": \"high\"}}", "s1"),
        "");
    fixture_close(&fixture);
}

static void a_turn_counts_for_a_day(void **state)
{
    static const ndf_clock clock = {wall, mono, NULL};
    static const int64_t day_ms = INT64_C(24) * 3600 * 1000;
    struct fixture fixture;
    (void)state;
    fixture_open(&fixture);
    ndf_close(fixture.engine);
    ndf_options options = NDF_OPTIONS_INIT;
    options.path = fixture.store;
    options.home = fixture.home;
    options.clock = &clock;
    assert_int_equal(
        ndf_open(&fixture.engine, &options, &fixture.error), NDF_OK);
    fixture_register(&fixture, agents);
    bind_all(&fixture);
    run_turn(&fixture, "writer", "write the release notes", "s1", NULL);
    now_ms += day_ms - 1;
    assert_string_equal(goes_to(&fixture, "yes", "s1"), "+writer");
    assert_int_equal(
        ndf_cleanup(fixture.engine, 0, NULL, &fixture.error), NDF_OK);
    assert_string_equal(goes_to(&fixture, "yes", "s1"), "+writer");
    now_ms += 1;
    assert_string_equal(goes_to(&fixture, "yes", "s1"), "");
    now_ms -= 1;
    assert_int_equal(
        ndf_cleanup(fixture.engine, now_ms, NULL, &fixture.error), NDF_OK);
    assert_string_equal(goes_to(&fixture, "yes", "s1"), "");
    fixture_close(&fixture);
}

static void the_oldest_sessions_make_room(void **state)
{
    enum { MANY = 1500 };
    struct fixture fixture;
    char session[16];
    size_t kept = 0;
    (void)state;
    open_fixture(&fixture);
    ndf_close(fixture.engine);
    ndf_options options = NDF_OPTIONS_INIT; /* in memory: no fsync */
    options.home = fixture.home;
    assert_int_equal(
        ndf_open(&fixture.engine, &options, &fixture.error), NDF_OK);
    fixture_register(&fixture, agents);
    bind_all(&fixture);
    for (int i = 0; i < MANY; i++) {
        snprintf(session, sizeof session, "s%d", i);
        run_turn(&fixture, "writer", "write notes", session, NULL);
    }
    assert_string_equal(goes_to(&fixture, "yes", session), "+writer");
    for (int i = 0; i < MANY; i++) {
        snprintf(session, sizeof session, "s%d", i);
        if (strcmp(goes_to(&fixture, "yes", session), "+writer") == 0) kept++;
    }
    assert_in_range(kept, 512, 1024);
    fixture_close(&fixture);
}

static void an_id_that_is_none_is_refused(void **state)
{
    struct fixture fixture;
    char longest[130];
    (void)state;
    open_fixture(&fixture);
    memset(longest, 's', sizeof longest);
    longest[128] = '\0';
    assert_string_equal(goes_to(&fixture, "yes", longest), "");
    memset(longest, 's', sizeof longest);
    longest[129] = '\0';
    const char *const wrong[] = {"", "\xFF", longest};
    ndf_context *context = fixture_context(&fixture, "yes");
    for (size_t i = 0; i < 3; i++) {
        ndf_select_options how = NDF_SELECT_OPTIONS_INIT;
        ndf_run_options with = NDF_RUN_OPTIONS_INIT;
        how.session = with.session = wrong[i];
        ndf_selection *selection;
        ndf_run *run;
        assert_int_equal(ndf_select_with(fixture.engine, context, &how,
                             &selection, &fixture.error),
            NDF_EINVAL);
        assert_int_equal(ndf_run_start(fixture.engine, "coder", context, &with,
                             &run, &fixture.error),
            NDF_EINVAL);
    }
    ndf_context_free(context);
    fixture_close(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_task_without_content_stays_with_the_last_turn),
        cmocka_unit_test(the_last_turn_outlives_the_engine),
        cmocka_unit_test(a_correction_moves_the_session_and_is_marked),
        cmocka_unit_test(a_turn_that_may_not_be_taken_is_left),
        cmocka_unit_test(a_turn_counts_for_a_day),
        cmocka_unit_test(the_oldest_sessions_make_room),
        cmocka_unit_test(an_id_that_is_none_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
