/*
 * test_twin.c - tests of base/twin.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/twin.h"
#include "support/support.h"

struct bytes {
    char at[24];
};

struct holder {
    _Atomic uint64_t turn;
    _Atomic uint64_t words[TWIN_WORDS(sizeof(struct bytes))];
    uint64_t behind;
};

static struct bytes make(char byte)
{
    struct bytes bytes;
    memset(bytes.at, byte, sizeof bytes.at);
    return bytes;
}

static void what_was_written_last_is_read(void **state)
{
    (void)state;
    struct holder holder = {.behind = 42};
    for (int i = 0; i < 100; i++) {
        struct bytes given = make((char)i);
        struct bytes got = make('x');
        twin_write(&holder.turn, holder.words, &given, sizeof given);
        twin_read(&holder.turn, holder.words, &got, sizeof got);
        assert_memory_equal(&got, &given, sizeof got);
        assert_int_equal(holder.behind, 42);
    }
}

static void before_the_first_it_is_zero(void **state)
{
    (void)state;
    struct holder holder = {.behind = 42};
    struct bytes zero = make(0), got = make('x');
    twin_read(&holder.turn, holder.words, &got, sizeof got);
    assert_memory_equal(&got, &zero, sizeof got);
}

/* A writer that stops in the middle has written one copy in part. */
static void a_writer_in_the_middle_is_not_seen(void **state)
{
    (void)state;
    struct holder holder = {.behind = 0};
    struct bytes given = make('a'), got;
    twin_write(&holder.turn, holder.words, &given, sizeof given);
    size_t words = sizeof holder.words / sizeof holder.words[0] / 2;
    size_t next = (size_t)(holder.turn + 1) % 2 * words;
    holder.words[next] = UINT64_MAX;
    twin_read(&holder.turn, holder.words, &got, sizeof got);
    assert_memory_equal(&got, &given, sizeof got);
}

/* ---- threads ---------------------------------------------------------------
 */

enum { READERS = 3, TIMES = 20000, NUMBERS = 6 };

struct numbers {
    uint64_t at[NUMBERS]; /* all the same */
};

struct shared {
    _Atomic uint64_t turn;
    _Atomic uint64_t words[TWIN_WORDS(sizeof(struct numbers))];
    _Atomic bool over;
};

static void *read_often(void *ud)
{
    const struct shared *shared = ud;
    uint64_t last = 0;
    while (!atomic_load(&shared->over)) {
        struct numbers numbers;
        twin_read(&shared->turn, shared->words, &numbers, sizeof numbers);
        for (size_t i = 1; i < NUMBERS; i++)
            assert_int_equal(numbers.at[i], numbers.at[0]);
        assert_true(numbers.at[0] >= last);
        last = numbers.at[0];
    }
    return NULL;
}

static void readers_see_whole_values_in_their_order(void **state)
{
    (void)state;
    struct shared *shared = calloc(1, sizeof *shared);
    pthread_t threads[READERS];
    for (size_t i = 0; i < READERS; i++)
        assert_ok(pthread_create(&threads[i], NULL, read_often, shared));
    for (uint64_t i = 1; i <= TIMES; i++) {
        struct numbers numbers;
        for (size_t k = 0; k < NUMBERS; k++)
            numbers.at[k] = i;
        twin_write(&shared->turn, shared->words, &numbers, sizeof numbers);
    }
    atomic_store(&shared->over, true);
    for (size_t i = 0; i < READERS; i++)
        assert_ok(pthread_join(threads[i], NULL));
    free(shared);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_last_is_read),
        cmocka_unit_test(before_the_first_it_is_zero),
        cmocka_unit_test(a_writer_in_the_middle_is_not_seen),
        cmocka_unit_test(readers_see_whole_values_in_their_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
