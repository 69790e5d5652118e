/*
 * test_host.c - what a host language needs: functions as agents without
 * documents, laws that it decides itself, values of any type, results.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include "api/api.h"

/* ---- functions as agents --------------------------------------------------
 */

struct counter {
    _Atomic int calls;
};

static int counts(void *ud, const ndf_call *call, ndf_reply *reply)
{
    (void)call;
    atomic_fetch_add(&((struct counter *)ud)->calls, 1);
    return ndf_reply_output(reply, "done", 4);
}

static int refuses(void *ud, const ndf_call *call, ndf_reply *reply)
{
    (void)ud;
    (void)call;
    (void)reply;
    return 1;
}

static int naps(void *ud, const ndf_call *call, ndf_reply *reply)
{
    const struct timespec pause = {0, 300000000};
    (void)ud;
    (void)call;
    nanosleep(&pause, NULL);
    return ndf_reply_output(reply, "late", 4);
}

static size_t agent_count(struct fixture *fixture)
{
    ndf_text *text;
    assert_ok(
        ndf_list(fixture->engine, NDF_LIST_AGENTS, 0, &text, &fixture->error));
    json_t *list = parse_text(text);
    size_t count = json_array_size(list);
    json_decref(list);
    return count;
}

static void bind_to(
    struct fixture *fixture, const char *name, ndf_agent_fn fn, void *ud)
{
    int err = ndf_bind(fixture->engine, name, fn, ud, &fixture->error);
    if (err != NDF_OK) fail_msg("%s", fixture->error.message);
}

static void a_function_needs_no_document(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    struct counter done = {0}, undone = {0};
    bind_to(&fixture, "do", counts, &done);
    bind_to(&fixture, "undo", counts, &undone);
    bind_to(&fixture, "fails", refuses, NULL);
    fixture_register(&fixture, "pattern: p\ndescription: d\n"
                               "steps:\n"
                               "  - a: {agent: do, undo: {agent: undo}}\n"
                               "  - b: {agent: fails}\n");
    assert_int_equal(fixture_run(&fixture, "p", "go", NULL), NDF_RUN_FAILED);
    assert_int_equal(atomic_load(&done.calls), 1);
    assert_int_equal(atomic_load(&undone.calls), 1);
    /* It is run by its own name as well, and chosen never. */
    assert_int_equal(
        fixture_run(&fixture, "do", "go", NULL), NDF_RUN_SUCCEEDED);
    assert_int_equal(agent_count(&fixture), 0);
    ndf_context *context = fixture_context(&fixture, "do");
    ndf_selection *selection;
    assert_ok(
        ndf_select(fixture.engine, context, 0, &selection, &fixture.error));
    assert_null(ndf_selection_chosen(selection));
    ndf_selection_free(selection);
    ndf_context_free(context);
    /* Nothing of it is in the store: it ends with the engine. */
    fixture_reopen(&fixture);
    context = fixture_context(&fixture, "go");
    ndf_run *run;
    assert_int_equal(
        ndf_run_start(fixture.engine, "p", context, NULL, &run, &fixture.error),
        NDF_EREFERENCE);
    ndf_context_free(context);
    fixture_close(&fixture);
}

static void a_bound_name_wins_over_what_is_registered(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    struct counter calls = {0};
    fixture_register(&fixture,
        "agent: program\nrun: ['false']\n"
        "---\n"
        "pattern: other\ndescription: d\nsteps: [program]\n"
        "---\n"
        "pattern: p\ndescription: d\nsteps: [program, {x: {agent: other}}]\n");
    bind_to(&fixture, "program", counts, &calls);
    bind_to(&fixture, "other", counts, &calls);
    assert_int_equal(fixture_run(&fixture, "p", "go", NULL), NDF_RUN_SUCCEEDED);
    assert_int_equal(atomic_load(&calls.calls), 2);
    /* A run of the pattern is one of the pattern. */
    assert_int_equal(
        fixture_run(&fixture, "other", "go", NULL), NDF_RUN_SUCCEEDED);
    assert_int_equal(atomic_load(&calls.calls), 3);
    bind_to(&fixture, "program", NULL, NULL);
    assert_int_equal(fixture_run(&fixture, "p", "go", NULL), NDF_RUN_FAILED);
    fixture_close(&fixture);
}

static void the_document_of_a_bound_agent_still_counts(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    bind_to(&fixture, "slow", naps, NULL);
    fixture_register(&fixture, "pattern: p\ndescription: d\nsteps: [slow]\n");
    assert_int_equal(fixture_run(&fixture, "p", "go", NULL), NDF_RUN_SUCCEEDED);
    fixture_register(&fixture, "agent: slow\ntimeout: 20ms\n");
    char id[64];
    assert_int_equal(fixture_run(&fixture, "p", "go", id), NDF_RUN_FAILED);
    json_t *shown = fixture_show(&fixture, id);
    assert_string_equal(
        string_at(record_of(shown, "result", 0), "body/status"), "timed_out");
    json_decref(shown);
    fixture_close(&fixture);
}

static void neither_bound_nor_registered_is_said_with_names(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    bind_to(&fixture, "do", refuses, NULL);
    fixture_register(&fixture,
        "pattern: p\ndescription: d\nsteps:\n  - first: {agent: nobody}\n"
        "---\n"
        "pattern: q\ndescription: d\n"
        "steps:\n  - first: {agent: do, undo: {agent: nobody}}\n");
    ndf_context *context = fixture_context(&fixture, "go");
    static const char *const names[] = {"p", "q"};
    static const char *const says[] = {
        "'first'", "'nobody'", "bind a function", "register an agent"};
    for (size_t i = 0; i < 2; i++) {
        ndf_run *run;
        assert_int_equal(ndf_run_start(fixture.engine, names[i], context, NULL,
                             &run, &fixture.error),
            NDF_EREFERENCE);
        assert_null(run);
        for (size_t s = 0; s < sizeof says / sizeof *says; s++)
            assert_non_null(strstr(fixture.error.message, says[s]));
    }
    ndf_context_free(context);
    fixture_close(&fixture);
}

static void ever_new_names_take_no_memory(void **state)
{
    (void)state;
    enum { TIMES = 1000000, SOME = 1000 };
    struct test_dir home;
    struct test_mem mem;
    test_dir_make(&home);
    test_mem_init(&mem, -1);
    ndf_options options = NDF_OPTIONS_INIT;
    options.alloc = mem.mem.fn;
    options.alloc_ud = mem.mem.ud;
    options.home = home.path;
    ndf_engine *engine;
    assert_ok(ndf_open(&engine, &options, NULL));
    long after_some = 0;
    for (int i = 0; i < TIMES; i++) {
        char name[32];
        snprintf(name, sizeof name, "agent-%d", i);
        if (ndf_bind(engine, name, refuses, NULL, NULL) != NDF_OK ||
            ndf_bind(engine, name, counts, NULL, NULL) != NDF_OK ||
            ndf_bind(engine, name, NULL, NULL, NULL) != NDF_OK)
            fail_msg("%s", name);
        if (i == SOME) after_some = atomic_load(&mem.live);
    }
    assert_int_equal(atomic_load(&mem.live), after_some);
    assert_int_equal(ndf_bind(engine, "a b", counts, NULL, NULL), NDF_EINVAL);
    assert_ok(ndf_bind(engine, "never-bound", NULL, NULL, NULL));
    assert_ok(ndf_bind(engine, "left-to-close", counts, NULL, NULL));
    ndf_close(engine);
    assert_int_equal(atomic_load(&mem.live), 0);
    test_dir_remove(&home);
}

/* ---- documents ------------------------------------------------------------
 */

static void what_is_valid_is_what_can_be_registered(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    static const struct {
        const char *text;
        int code;
        size_t count;
        unsigned line;
    } rows[] = {
        {"agent: a\n---\npattern: p\nsteps: [a]\n", NDF_OK, 2, 0},
        {"[{\"agent\": \"b\"}]", NDF_OK, 1, 0},
        {"pattern: q\nsteps: [nobody]\n", NDF_OK, 1, 0},
        {"", NDF_ESCHEMA, 0, 0},
        {"[]", NDF_ESCHEMA, 0, 0},
        {"agent: [a\n", NDF_ESYNTAX, 0, 2},
        {"{\"agent\": 1,}", NDF_ESYNTAX, 0, 1},
        {"agent: c\nrnu: [x]\n", NDF_ESCHEMA, 0, 2},
        {"agent: d\n---\nagent: d\n", NDF_EEXISTS, 0, 3},
        {"agent: e\n---\npattern: e\nsteps: [e]\n", NDF_EEXISTS, 0, 3},
        {"pattern: r\ntasks:\n- a: {needs: [b]}\n- b: {needs: [a]}\n",
            NDF_ECYCLE, 0, 3},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *text = rows[i].text;
        size_t count = 99;
        ndf_error error = {0};
        int err = ndf_validate(text, strlen(text), &count, &error);
        if (err != rows[i].code || count != rows[i].count ||
            error.line != rows[i].line)
            fail_msg("%s: %d, %zu, line %u: %s", text, err, count, error.line,
                error.message);
        if (err != NDF_OK) assert_true(strlen(error.message) > 10);
        assert_int_equal(
            ndf_register(fixture.engine, text, strlen(text), 0, &fixture.error),
            err);
        if (err != NDF_OK)
            assert_string_equal(error.message, fixture.error.message);
        assert_int_equal(ndf_validate(text, strlen(text), NULL, NULL), err);
    }
    assert_int_equal(ndf_validate(NULL, 0, NULL, NULL), NDF_EINVAL);
    fixture_close(&fixture);
}

/* ---- laws that the host decides -------------------------------------------
 */

static const char asking[] =
    "pattern: leaks.careful\n"
    "description: Finds and fixes memory leaks with care.\n"
    "ask_host: true\n"
    "host: {class: Careful, depth: 3}\n"
    "steps: [fixer]\n"
    "---\n"
    "pattern: leaks.shut\n"
    "description: Finds and fixes memory leaks.\n"
    "only_if: {domain: elsewhere}\n"
    "ask_host: true\n"
    "steps: [fixer]\n"
    "---\n"
    "pattern: paint\n"
    "description: Draws icons and logos.\n"
    "steps: [fixer]\n";

struct host {
    struct fixture *fixture;
    const ndf_context *context;
    int answer, asked;
    char name[64];
};

static int ask(void *ud, const char *pattern, const ndf_context *context)
{
    struct host *host = ud;
    host->asked++;
    snprintf(host->name, sizeof host->name, "%s", pattern);
    assert_ptr_equal(context, host->context);
    /* It may use the engine meanwhile, and change it. */
    bind_to(host->fixture, "fixer", refuses, NULL);
    (void)agent_count(host->fixture);
    return host->answer;
}

static void the_host_is_part_of_the_law(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    fixture_register(&fixture, asking);
    ndf_context *context = fixture_context(&fixture, "fix the memory leaks");
    struct host host = {.fixture = &fixture, .context = context, .answer = 1};
    ndf_select_options options = NDF_SELECT_OPTIONS_INIT;
    options.ask = ask;
    options.ask_ud = &host;
    ndf_selection *selection;
    assert_ok(ndf_select_with(
        fixture.engine, context, &options, &selection, &fixture.error));
    assert_int_equal(host.asked, 1);
    assert_string_equal(host.name, "leaks.careful");
    assert_string_equal(ndf_selection_chosen(selection), "leaks.careful");
    ndf_selection_free(selection);
    host.answer = 0;
    assert_ok(ndf_select_with(
        fixture.engine, context, &options, &selection, &fixture.error));
    assert_null(ndf_selection_chosen(selection));
    ndf_selection_free(selection);
    host.answer = NDF_EHOST;
    assert_int_equal(ndf_select_with(fixture.engine, context, &options,
                         &selection, &fixture.error),
        NDF_EHOST);
    assert_null(selection);
    assert_non_null(strstr(fixture.error.message, "function of the host"));
    ndf_context_free(context);
    fixture_close(&fixture);
}

static void what_is_explained_asks_the_host_once(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    fixture_register(&fixture, asking);
    ndf_context *context = fixture_context(&fixture, "fix the memory leaks");
    struct host host = {.fixture = &fixture, .context = context};
    ndf_select_options options = NDF_SELECT_OPTIONS_INIT;
    options.ask = ask;
    options.ask_ud = &host;
    for (host.answer = 0; host.answer <= 1; host.answer++) {
        ndf_text *text;
        host.asked = 0;
        assert_ok(ndf_explain_with(fixture.engine, context, "leaks.careful",
            &options, &text, &fixture.error));
        assert_int_equal(host.asked, 1);
        json_t *why = parse_text(text);
        assert_int_equal(
            json_is_true(json_object_get(why, "eligible")), host.answer);
        if (host.answer == 1)
            assert_true(json_is_true(json_object_get(why, "chosen")));
        else assert_string_equal(string_at(why, "failed/why"), "not allowed");
        json_decref(why);
    }
    host.answer = NDF_EHOST;
    ndf_text *text;
    assert_int_equal(ndf_explain_with(fixture.engine, context, "leaks.careful",
                         &options, &text, &fixture.error),
        NDF_EHOST);
    assert_null(text);
    ndf_context_free(context);
    fixture_close(&fixture);
}

static void where_nobody_is_asked_it_is_not_eligible(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    fixture_register(&fixture, asking);
    ndf_context *context = fixture_context(&fixture, "fix the memory leaks");
    ndf_selection *selection;
    assert_ok(
        ndf_select(fixture.engine, context, 0, &selection, &fixture.error));
    assert_null(ndf_selection_chosen(selection));
    ndf_selection_free(selection);
    ndf_text *text;
    assert_ok(ndf_explain(
        fixture.engine, context, "leaks.careful", &text, &fixture.error));
    json_t *why = parse_text(text);
    assert_true(json_is_false(json_object_get(why, "eligible")));
    assert_string_equal(
        string_at(why, "reason"), "it asks the host, which is not asked here");
    json_decref(why);
    /* What the host keeps comes back as it was. */
    json_t *shown = fixture_show(&fixture, "leaks.careful");
    assert_string_equal(string_at(shown, "document/host/class"), "Careful");
    json_decref(shown);
    ndf_context_free(context);
    fixture_close(&fixture);
}

static void the_size_of_the_options_says_what_they_hold(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    fixture_register(&fixture, asking);
    ndf_context *context = fixture_context(&fixture, "fix, draw");
    struct host host = {.fixture = &fixture, .context = context};
    ndf_select_options options = NDF_SELECT_OPTIONS_INIT;
    options.ask = ask;
    options.ask_ud = &host;
    options.limit = 1;
    const size_t bad[] = {sizeof options + 1, 0};
    ndf_selection *selection;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        options.size = bad[i];
        assert_int_equal(ndf_select_with(fixture.engine, context, &options,
                             &selection, &fixture.error),
            NDF_EINVAL);
        assert_null(selection);
    }
    options.size = offsetof(ndf_select_options, ask);
    assert_ok(ndf_select_with(
        fixture.engine, context, &options, &selection, &fixture.error));
    assert_int_equal(host.asked, 0);
    assert_int_equal(ndf_selection_count(selection), 1);
    ndf_selection_free(selection);
    assert_ok(ndf_select_with(
        fixture.engine, context, NULL, &selection, &fixture.error));
    ndf_selection_free(selection);
    ndf_context_free(context);
    fixture_close(&fixture);
}

/* ---- values ---------------------------------------------------------------
 */

static int gives(void *ud, const ndf_call *call, ndf_reply *reply)
{
    const char *json = ud;
    (void)call;
    return ndf_reply_value(reply, json, strlen(json));
}

struct asked {
    char request[4096];
};

static int repeats(void *ud, const ndf_call *call, ndf_reply *reply)
{
    struct asked *asked = ud;
    snprintf(asked->request, sizeof asked->request, "%s", call->request);
    return ndf_reply_output(reply, "seen", 4);
}

static void a_value_is_handed_on_with_its_type(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    fixture_register(&fixture,
        "pattern: p\ndescription: d\n"
        "steps:\n"
        "  - give\n"
        "  - look: {with: {got: \"${steps.give.output}\"}}\n");
    static char values[][16] = {"null", "false", "0", "0.5", "\"5\"", "[1,2]"};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        struct asked asked = {""};
        char expected[128];
        bind_to(&fixture, "give", gives, values[i]);
        bind_to(&fixture, "look", repeats, &asked);
        assert_int_equal(
            fixture_run(&fixture, "p", "go", NULL), NDF_RUN_SUCCEEDED);
        snprintf(expected, sizeof expected, "\"got\":%s", values[i]);
        assert_non_null(strstr(asked.request, expected));
    }
    /* Only the empty text says nothing. */
    static char nothing[] = "\"\"";
    bind_to(&fixture, "give", gives, nothing);
    assert_int_equal(fixture_run(&fixture, "p", "go", NULL), NDF_RUN_FAILED);
    fixture_close(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_function_needs_no_document),
        cmocka_unit_test(a_bound_name_wins_over_what_is_registered),
        cmocka_unit_test(the_document_of_a_bound_agent_still_counts),
        cmocka_unit_test(neither_bound_nor_registered_is_said_with_names),
        cmocka_unit_test(ever_new_names_take_no_memory),
        cmocka_unit_test(what_is_valid_is_what_can_be_registered),
        cmocka_unit_test(the_host_is_part_of_the_law),
        cmocka_unit_test(what_is_explained_asks_the_host_once),
        cmocka_unit_test(where_nobody_is_asked_it_is_not_eligible),
        cmocka_unit_test(the_size_of_the_options_says_what_they_hold),
        cmocka_unit_test(a_value_is_handed_on_with_its_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
