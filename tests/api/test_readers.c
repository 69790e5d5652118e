/*
 * test_readers.c - many threads choose while others change what there is to
 * choose from, and what is known of it.
 */
#include <pthread.h>
#include <stdatomic.h>
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
    "pattern: deploy.production\n"
    "description: Deploy the service to the servers.\n"
    "only_if: {attributes: {environment: production}}\n"
    "good_for: {domain: ['shop.**']}\n"
    "steps: [debugger]\n";

enum { SELECTORS = 3, CHANGES = 40, HELD = 3 };

struct shared {
    struct fixture fixture;
    ndf_context *task, *law;
    _Atomic bool over;
    _Atomic size_t selected;
};

static void check(int err, const ndf_error *error)
{
    if (err != NDF_OK) fail_msg("%s", error->message);
}

static ndf_selection *select_one(
    struct shared *shared, const ndf_context *context)
{
    ndf_selection *selection;
    ndf_error error;
    check(ndf_select(shared->fixture.engine, context, 0, &selection, &error),
        &error);
    atomic_fetch_add(&shared->selected, 1);
    return selection;
}

/* Whatever else is there, the notes are the writer's. */
static void check_task(const ndf_selection *selection)
{
    ndf_choice choice;
    assert_ok(ndf_selection_at(selection, 0, &choice));
    assert_string_equal(choice.name, "writer");
    assert_true(choice.confidence >= 0 && choice.confidence <= 1);
    ndf_text *text;
    assert_ok(ndf_selection_json(selection, &text));
    assert_non_null(strstr(ndf_text_data(text), "writer"));
    ndf_text_free(text);
}

/* Some are kept for longer than the pictures that they were made by. */
static void *select_often(void *ud)
{
    struct shared *shared = ud;
    ndf_selection *held[HELD] = {NULL};
    for (size_t i = 0; !atomic_load(&shared->over); i++) {
        size_t at = i % HELD;
        if (held[at] != NULL) check_task(held[at]);
        ndf_selection_free(held[at]);
        held[at] = select_one(shared, shared->task);
        ndf_selection *other = select_one(shared, shared->law);
        assert_true(ndf_selection_count(other) > 0);
        ndf_selection_free(other);
    }
    for (size_t i = 0; i < HELD; i++)
        ndf_selection_free(held[i]);
    return NULL;
}

static int count_found(void *ud, const char *name, double score)
{
    assert_true(strlen(name) > 0);
    assert_true(score >= 0);
    ++*(size_t *)ud;
    return 0;
}

static void *look_often(void *ud)
{
    struct shared *shared = ud;
    ndf_engine *engine = shared->fixture.engine;
    while (!atomic_load(&shared->over)) {
        ndf_error error;
        ndf_text *text;
        size_t found = 0;
        check(
            ndf_explain(engine, shared->task, "writer", &text, &error), &error);
        ndf_text_free(text);
        check(ndf_find_domain(engine, "shop.cart", count_found, &found, &error),
            &error);
        check(ndf_find_attribute(
                  engine, "environment", count_found, &found, &error),
            &error);
        assert_true(found >= 2);
        check(ndf_find_similar(
                  engine, "writer", 0, 3, count_found, &found, &error),
            &error);
        assert_ok(ndf_metrics(engine, &text));
        ndf_text_free(text);
    }
    return NULL;
}

/* Patterns come and are replaced, and so do thresholds. */
static void *change_often(void *ud)
{
    struct shared *shared = ud;
    ndf_engine *engine = shared->fixture.engine;
    for (int i = 0; i < CHANGES; i++) {
        char text[300];
        ndf_error error;
        int size = snprintf(text, sizeof text,
            "pattern: shop.number%d\ndescription: Pack parcel number %d.\n"
            "only_if: {attributes: {parcel: %d}}\nsteps: [debugger]\n",
            i % 5, i, i);
        check(ndf_register(engine, text, (size_t)size, 1, &error), &error);
        size = snprintf(text, sizeof text,
            "{\"threshold\":0.5,\"half_life\":\"%dd\"}", 10 + i % 2);
        check(ndf_configure(engine, text, (size_t)size, NULL, &error), &error);
    }
    return NULL;
}

static void *record_often(void *ud)
{
    struct shared *shared = ud;
    for (int i = 0; i < CHANGES; i++) {
        static const char outcome[] =
            "{\"pattern\":\"writer\",\"domain\":\"shop.cart\","
            "\"text\":\"write the guide\",\"result\":\"success\","
            "\"evidence\":\"test\"}";
        ndf_error error;
        check(ndf_record(
                  shared->fixture.engine, outcome, sizeof outcome - 1, &error),
            &error);
    }
    return NULL;
}

static void shared_open(struct shared *shared)
{
    memset(shared, 0, sizeof *shared);
    fixture_open(&shared->fixture);
    fixture_register(&shared->fixture, crew);
    shared->task = fixture_context(&shared->fixture, "write the release notes");
    shared->law = fixture_context(&shared->fixture,
        "{\"domain\":\"shop.cart\",\"attributes\":{\"environment\":"
        "\"production\"}}");
}

static void shared_close(struct shared *shared)
{
    ndf_context_free(shared->task);
    ndf_context_free(shared->law);
    fixture_close(&shared->fixture);
}

static void choosing_goes_on_while_all_changes(void **state)
{
    (void)state;
    struct shared shared;
    pthread_t readers[SELECTORS + 1], writers[2];
    shared_open(&shared);
    for (size_t i = 0; i <= SELECTORS; i++)
        assert_ok(pthread_create(&readers[i], NULL,
            i < SELECTORS ? select_often : look_often, &shared));
    for (size_t i = 0; i < 2; i++)
        assert_ok(pthread_create(
            &writers[i], NULL, i == 0 ? change_often : record_often, &shared));
    for (size_t i = 0; i < 2; i++)
        assert_ok(pthread_join(writers[i], NULL));
    atomic_store(&shared.over, true);
    for (size_t i = 0; i <= SELECTORS; i++)
        assert_ok(pthread_join(readers[i], NULL));
    /* No outcome was lost, though the registry was read meanwhile. */
    ndf_selection *selection = select_one(&shared, shared.task);
    ndf_choice choice;
    check_task(selection);
    assert_ok(ndf_selection_at(selection, 0, &choice));
    assert_int_equal(choice.executions, CHANGES);
    ndf_selection_free(selection);
    shared_close(&shared);
}

/* Freed on another thread, after what it was made by was replaced. */
static void *free_it(void *selection)
{
    check_task(selection);
    ndf_selection_free(selection);
    return NULL;
}

static void a_selection_keeps_its_names(void **state)
{
    (void)state;
    struct shared shared;
    pthread_t thread;
    shared_open(&shared);
    ndf_selection *selection = select_one(&shared, shared.task);
    ndf_choice before, after;
    assert_ok(ndf_selection_at(selection, 0, &before));
    for (int i = 0; i < 3; i++) {
        fixture_register(&shared.fixture,
            i == 0   ? "agent: a\ndescription: A.\nrun: [printf, a]\n"
            : i == 1 ? "agent: b\ndescription: B.\nrun: [printf, b]\n"
                     : "agent: c\ndescription: C.\nrun: [printf, c]\n");
        ndf_selection_free(select_one(&shared, shared.law));
    }
    assert_ok(ndf_selection_at(selection, 0, &after));
    assert_ptr_equal(before.name, after.name);
    assert_string_equal(after.name, "writer");
    assert_ok(pthread_create(&thread, NULL, free_it, selection));
    assert_ok(pthread_join(thread, NULL));
    shared_close(&shared);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(choosing_goes_on_while_all_changes),
        cmocka_unit_test(a_selection_keeps_its_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
