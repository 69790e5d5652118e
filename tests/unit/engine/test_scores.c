/*
 * test_scores.c - counts in memory and in the store.
 */
#include <math.h>
#include <pthread.h>
#include <stdio.h>

#include "engine/scores.h"
#include "support/support.h"

static struct learning learning_of(const char *id, const char *run,
    enum outcome_result result, const char *should)
{
    return (struct learning){.mem = &mem_libc,
        .outcome = {.run = str_of(run),
            .pattern = STR("host/p"),
            .domain = STR("a.b"),
            .result = result,
            .evidence = STR("person"),
            .should = str_of(should),
            .at_ms = 1000000,
            .cost = (double)NAN},
        .id = str_of(id)};
}

static int work(struct store_tx *tx, void *ud, ndf_error *error)
{
    return learning_write(tx, ud, error);
}

static void learn(
    struct store *store, struct scores *scores, struct learning learning)
{
    if (learning.outcome.run.size == 0) learning.outcome.run.at = NULL;
    if (learning.outcome.should.size == 0) learning.outcome.should.at = NULL;
    assert_ok(store_write(store, work, &learning, NULL));
    assert_ok(learning_apply(scores, &learning));
}

static int put_run(struct store_tx *tx, void *ud, ndf_error *error)
{
    (void)ud;
    struct store_run run = {.id = STR("r1"), .pattern = STR("host/p")};
    return tx_run_put(tx, &run, error);
}

static void memory_and_store_count_the_same(void **state)
{
    (void)state;
    struct store_options options = {.mode = STORE_CREATE};
    struct store *store;
    assert_ok(store_open(&store, &mem_libc, &options, NULL));
    assert_ok(store_write(store, put_run, NULL, NULL));
    struct scores scores, loaded;
    scores_init(&scores, &mem_libc);
    learn(store, &scores, learning_of("1", NULL, OUTCOME_SUCCESS, NULL));
    learn(store, &scores, learning_of("2", NULL, OUTCOME_FAILURE, NULL));
    learn(store, &scores, learning_of("3", "r1", OUTCOME_UNKNOWN, NULL));
    struct tally tally = scores_get(&scores, STR("host/p"), STR(""));
    assert_int_equal(tally.count, 3);
    assert_true(tally.wins == 1 && tally.tries == 2);
    /* A word on the run takes the place of the last one on it. */
    learn(store, &scores, learning_of("4", "r1", OUTCOME_SUCCESS, NULL));
    tally = scores_get(&scores, STR("host/p"), STR("a.b"));
    assert_true(tally.wins == 2 && tally.tries == 3 && tally.count == 3);
    learn(store, &scores, learning_of("5", "r1", OUTCOME_FAILURE, NULL));
    tally = scores_get(&scores, STR("host/p"), STR("a.b"));
    assert_true(tally.wins == 1 && tally.tries == 3 && tally.count == 3);
    learn(store, &scores, learning_of("6", "r1", OUTCOME_UNKNOWN, "host/q"));
    learn(store, &scores, learning_of("7", "r1", OUTCOME_UNKNOWN, "host/q"));
    tally = scores_get(&scores, STR("host/p"), STR(""));
    assert_true(tally.wins == 1 && tally.tries == 2 && tally.count == 3);

    /* A label without a run is no execution. */
    learn(store, &scores, learning_of("8", NULL, OUTCOME_UNKNOWN, "host/p"));
    tally = scores_get(&scores, STR("host/p"), STR(""));
    assert_true(tally.wins == 1 && tally.tries == 2 && tally.count == 3);

    scores_init(&loaded, &mem_libc);
    struct store_reader *reader;
    assert_ok(store_read_begin(store, &reader, NULL));
    assert_ok(scores_load(&loaded, reader, NULL));
    store_read_end(reader);
    struct tally again = scores_get(&loaded, STR("host/p"), STR(""));
    assert_true(again.wins == tally.wins && again.tries == tally.tries);
    assert_int_equal(again.count, tally.count);
    assert_int_equal(scores_get(&loaded, STR("host/q"), STR("")).count, 0);
    scores_deinit(&loaded);
    scores_deinit(&scores);
    store_close(store);
}

/* Two threads commit one after the other, and tell of it the other way. */
static void the_later_outcome_stands(void **state)
{
    (void)state;
    struct scores scores;
    scores_init(&scores, &mem_libc);
    const struct outcome outcome = {
        .pattern = STR("host/p"), .domain = STR("d")};
    struct learning first = {.outcome = outcome, .seq = 1};
    struct learning second = {.outcome = outcome, .seq = 2};
    first.total = (struct tally){.count = 1};
    first.domain = first.total;
    second.total = (struct tally){.count = 2};
    second.domain = second.total;
    assert_ok(learning_apply(&scores, &second));
    assert_ok(learning_apply(&scores, &first));
    assert_int_equal(scores_get(&scores, STR("host/p"), STR("")).count, 2);
    assert_int_equal(scores_get(&scores, STR("host/p"), STR("d")).count, 2);
    scores_deinit(&scores);
}

static struct tally tally_of(int64_t count)
{
    return (struct tally){.count = count};
}

/* While the store was read outcomes were counted elsewhere. */
static void what_came_meanwhile_is_carried_over(void **state)
{
    (void)state;
    struct scores old, new;
    struct str p = STR("host/p"), q = STR("host/q"), none = STR("");
    scores_init(&old, &mem_libc);
    scores_init(&new, &mem_libc);
    assert_true(scores_empty(&old));
    assert_ok(scores_put(&old, p, none, tally_of(1), 1));
    assert_ok(scores_put(&old, q, none, tally_of(2), 2));
    assert_false(scores_empty(&old));
    uint64_t since = scores_changes(&old);
    /* It was read from a store that had the outcomes up to the third. */
    new.seq = 3;
    assert_ok(scores_put(&new, p, none, tally_of(7), 0));
    assert_ok(scores_carry(&new, &old, since));
    assert_int_equal(scores_get(&new, p, none).count, 7);
    assert_int_equal(scores_get(&new, q, none).count, 0);
    assert_ok(scores_put(&old, p, none, tally_of(5), 3));
    assert_ok(scores_put(&old, q, none, tally_of(6), 4));
    assert_ok(scores_put(&old, q, STR("d"), tally_of(4), 4));
    assert_true(scores_changes(&old) != since);
    assert_ok(scores_carry(&new, &old, since));
    assert_int_equal(scores_get(&new, p, none).count, 7);
    assert_int_equal(scores_get(&new, q, none).count, 6);
    assert_int_equal(scores_get(&new, q, STR("d")).count, 4);
    scores_deinit(&new);
    scores_deinit(&old);
}

static void forgetting_is_of_one_pattern(void **state)
{
    (void)state;
    struct scores scores;
    scores_init(&scores, &mem_libc);
    assert_ok(scores_put(&scores, STR("p"), STR(""), tally_of(1), 1));
    assert_ok(scores_put(&scores, STR("p"), STR("d"), tally_of(1), 1));
    assert_ok(scores_put(&scores, STR("pp"), STR(""), tally_of(1), 2));
    scores_forget(&scores, STR("p"));
    assert_int_equal(scores_get(&scores, STR("p"), STR("")).count, 0);
    assert_int_equal(scores_get(&scores, STR("p"), STR("d")).count, 0);
    assert_int_equal(scores_get(&scores, STR("pp"), STR("")).count, 1);
    scores_deinit(&scores);
}

/* ---- threads ---------------------------------------------------------------
 */

enum { PATTERNS = 500, ROUNDS = 20, READERS = 3 };

struct shared {
    struct scores scores;
    _Atomic int64_t least; /* all patterns up to `known` have this count */
    _Atomic int known;
    _Atomic bool over;
};

static struct str name_of(char name[16], int number)
{
    snprintf(name, 16, "p%d", number);
    return str_of(name);
}

static void *look_up(void *ud)
{
    struct shared *shared = ud;
    while (!atomic_load(&shared->over)) {
        int64_t least = atomic_load(&shared->least);
        int known = atomic_load(&shared->known);
        for (int i = 0; i < known; i += 7) {
            char name[16];
            struct tally tally =
                scores_get(&shared->scores, name_of(name, i), STR("d"));
            assert_true(tally.count >= least);
            assert_true(tally.at_ms == tally.count);
        }
    }
    return NULL;
}

static void counts_are_looked_up_while_they_change(void **state)
{
    (void)state;
    struct shared shared = {.least = 0};
    pthread_t threads[READERS];
    scores_init(&shared.scores, &mem_libc);
    for (size_t i = 0; i < READERS; i++)
        assert_ok(pthread_create(&threads[i], NULL, look_up, &shared));
    for (int round = 1; round <= ROUNDS; round++) {
        for (int i = 0; i < PATTERNS; i++) {
            char name[16];
            const struct tally tally = {.count = round, .at_ms = round};
            assert_ok(scores_put(
                &shared.scores, name_of(name, i), STR("d"), tally, round));
            if (round == 1) atomic_store(&shared.known, i + 1);
        }
        atomic_store(&shared.least, round);
    }
    atomic_store(&shared.over, true);
    for (size_t i = 0; i < READERS; i++)
        assert_ok(pthread_join(threads[i], NULL));
    scores_deinit(&shared.scores);
}

static int put(const struct mem *mem, void *ud)
{
    (void)ud;
    struct scores scores;
    scores_init(&scores, mem);
    int err = NDF_OK;
    for (int i = 0; err == NDF_OK && i < 50; i++) {
        char name[16];
        snprintf(name, sizeof name, "p%d", i);
        err = scores_put(
            &scores, str_of(name), STR("d"), (struct tally){.count = i}, i);
    }
    if (err == NDF_OK)
        assert_int_equal(scores_get(&scores, STR("p49"), STR("d")).count, 49);
    scores_deinit(&scores);
    return err;
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    test_each_allocation_fails(put, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_and_store_count_the_same),
        cmocka_unit_test(the_later_outcome_stands),
        cmocka_unit_test(what_came_meanwhile_is_carried_over),
        cmocka_unit_test(forgetting_is_of_one_pattern),
        cmocka_unit_test(counts_are_looked_up_while_they_change),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
