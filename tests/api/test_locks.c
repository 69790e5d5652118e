/*
 * test_locks.c - choosing takes no lock: the calls of the thread library are
 * counted on their way there.
 */
#define _GNU_SOURCE /* NOLINT(bugprone-*,readability-*): not our name */
#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>

#include "api/api.h"

#define PUBLIC __attribute__((visibility("default")))

static _Atomic long locks;

/* The one that would have been called, without a cast that C does not have. */
#define COUNTED(name, type)                                                    \
    PUBLIC int name(type *lock);                                               \
    int name(type *lock)                                                       \
    {                                                                          \
        static _Atomic(int (*)(type *)) real;                                  \
        if (real == NULL) {                                                    \
            union {                                                            \
                void *object;                                                  \
                int (*function)(type *);                                       \
            } found = {dlsym(RTLD_NEXT, #name)};                               \
            real = found.function;                                             \
        }                                                                      \
        atomic_fetch_add(&locks, 1);                                           \
        return real(lock);                                                     \
    }

COUNTED(pthread_mutex_lock, pthread_mutex_t)
COUNTED(pthread_mutex_trylock, pthread_mutex_t)
COUNTED(pthread_rwlock_rdlock, pthread_rwlock_t)
COUNTED(pthread_rwlock_tryrdlock, pthread_rwlock_t)
COUNTED(pthread_rwlock_wrlock, pthread_rwlock_t)
COUNTED(pthread_rwlock_trywrlock, pthread_rwlock_t)

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

static int ignore(void *ud, const char *name, double score)
{
    (void)score;
    assert_non_null(name);
    ++*(size_t *)ud;
    return 0;
}

/* All that only looks, with words and without. */
static void look_at_all(struct fixture *fixture, const ndf_context *context)
{
    ndf_selection *selection;
    ndf_choice choice;
    ndf_text *text;
    size_t found = 0;
    ndf_engine *engine = fixture->engine;
    assert_ok(ndf_select(engine, context, 0, &selection, &fixture->error));
    assert_ok(ndf_selection_at(selection, 0, &choice));
    assert_ok(ndf_selection_json(selection, &text));
    ndf_text_free(text);
    ndf_selection_free(selection);
    assert_ok(ndf_explain(
        engine, context, "deploy.production", &text, &fixture->error));
    ndf_text_free(text);
    assert_ok(
        ndf_find_domain(engine, "shop.cart", ignore, &found, &fixture->error));
    assert_ok(ndf_find_attribute(
        engine, "environment", ignore, &found, &fixture->error));
    assert_ok(ndf_find_similar(
        engine, "writer", 0, 2, ignore, &found, &fixture->error));
    assert_true(found > 0);
}

static void record(struct fixture *fixture)
{
    static const char outcome[] =
        "{\"pattern\":\"writer\",\"domain\":\"shop.cart\","
        "\"text\":\"write the guide\",\"result\":\"success\","
        "\"evidence\":\"test\"}";
    assert_ok(ndf_record(
        fixture->engine, outcome, sizeof outcome - 1, &fixture->error));
}

static void choosing_takes_no_lock(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    fixture_register(&fixture, crew);
    record(&fixture);
    ndf_context *contexts[] = {
        fixture_context(&fixture, "write the release notes"),
        fixture_context(&fixture,
            "{\"domain\":\"shop.cart\",\"attributes\":{\"environment\":"
            "\"production\"}}"),
        fixture_context(&fixture,
            "{\"domain\":\"shop.cart\",\"text\":\"deploy it\",\"attributes\":{"
            "\"environment\":\"production\"}}")};
    enum { CONTEXTS = sizeof contexts / sizeof contexts[0], TIMES = 5 };
    assert_true(atomic_load(&locks) > 0); /* they are counted */
    for (size_t i = 0; i < CONTEXTS; i++) {
        /* The first reads what is there. */
        look_at_all(&fixture, contexts[i]);
        long before = atomic_load(&locks);
        for (size_t k = 0; k < TIMES; k++)
            look_at_all(&fixture, contexts[i]);
        assert_int_equal(atomic_load(&locks) - before, 0);
    }
    /* An outcome changes what is counted and learned, and no more. */
    record(&fixture);
    long before = atomic_load(&locks);
    for (size_t i = 0; i < CONTEXTS; i++)
        look_at_all(&fixture, contexts[i]);
    assert_int_equal(atomic_load(&locks) - before, 0);
    for (size_t i = 0; i < CONTEXTS; i++)
        ndf_context_free(contexts[i]);
    fixture_close(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(choosing_takes_no_lock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
