/*
 * test_gate.c - tests of base/gate.
 */
#include <pthread.h>
#include <stdlib.h>

#include "base/gate.h"
#include "support/support.h"

enum { LONG_MS = 20000 };

static void readers_do_not_keep_one_another_out(void **state)
{
    (void)state;
    struct gate gate;
    unsigned cells[3];
    gate_init(&gate);
    for (size_t i = 0; i < 2; i++)
        cells[i] = gate_enter(&gate);
    assert_true(gate_try_enter(&gate, &cells[2]));
    for (size_t i = 0; i < 3; i++)
        gate_leave(&gate, cells[i]);
    gate_deinit(&gate);
}

static void a_writer_is_alone(void **state)
{
    (void)state;
    struct gate gate;
    unsigned cell;
    gate_init(&gate);
    assert_true(gate_close(&gate, 0));
    assert_false(gate_try_enter(&gate, &cell));
    assert_false(gate_close(&gate, 1));
    gate_open(&gate);
    assert_true(gate_try_enter(&gate, &cell));
    gate_leave(&gate, cell);
    assert_true(gate_close(&gate, 0));
    gate_open(&gate);
    gate_deinit(&gate);
}

static void a_writer_gives_up_when_readers_stay(void **state)
{
    (void)state;
    struct gate gate;
    gate_init(&gate);
    unsigned outer = gate_enter(&gate);
    assert_false(gate_close(&gate, 2));
    /* Its wait keeps nobody out, nor does the end of it. */
    unsigned inner = gate_enter(&gate);
    gate_leave(&gate, inner);
    gate_leave(&gate, outer);
    assert_true(gate_close(&gate, 2));
    gate_open(&gate);
    gate_deinit(&gate);
}

/* ---- threads ---------------------------------------------------------------
 */

enum { READERS = 3, WRITERS = 2, TIMES = 300 };

struct shared {
    struct gate gate;
    uint64_t a, b; /* the same when nobody is at work */
    _Atomic bool over;
    _Atomic uint64_t reads;
};

static void *read_often(void *ud)
{
    struct shared *shared = ud;
    uint64_t last = 0;
    while (!atomic_load(&shared->over)) {
        unsigned cell = gate_enter(&shared->gate);
        uint64_t a = shared->a;
        /* Further in once more, as a host that is asked may do. */
        unsigned again = gate_enter(&shared->gate);
        assert_int_equal(shared->b, a);
        gate_leave(&shared->gate, again);
        gate_leave(&shared->gate, cell);
        assert_true(a >= last);
        last = a;
        atomic_fetch_add(&shared->reads, 1);
    }
    return NULL;
}

static void *write_often(void *ud)
{
    struct shared *shared = ud;
    for (size_t i = 0; i < TIMES; i++) {
        assert_true(gate_close(&shared->gate, LONG_MS));
        shared->a++;
        shared->b++;
        gate_open(&shared->gate);
    }
    return NULL;
}

static void what_is_behind_it_is_seen_whole(void **state)
{
    (void)state;
    struct shared *shared = calloc(1, sizeof *shared);
    pthread_t readers[READERS], writers[WRITERS];
    gate_init(&shared->gate);
    for (size_t i = 0; i < READERS; i++)
        assert_ok(pthread_create(&readers[i], NULL, read_often, shared));
    for (size_t i = 0; i < WRITERS; i++)
        assert_ok(pthread_create(&writers[i], NULL, write_often, shared));
    for (size_t i = 0; i < WRITERS; i++)
        assert_ok(pthread_join(writers[i], NULL));
    atomic_store(&shared->over, true);
    for (size_t i = 0; i < READERS; i++)
        assert_ok(pthread_join(readers[i], NULL));
    assert_int_equal(shared->a, WRITERS * TIMES);
    assert_int_equal(shared->b, WRITERS * TIMES);
    gate_deinit(&shared->gate);
    free(shared);
}

static void *enter_once(void *ud)
{
    struct shared *shared = ud;
    unsigned cell = gate_enter(&shared->gate);
    assert_int_equal(shared->a, 1);
    gate_leave(&shared->gate, cell);
    return NULL;
}

static void a_reader_waits_for_the_writer_at_work(void **state)
{
    (void)state;
    struct shared *shared = calloc(1, sizeof *shared);
    pthread_t thread;
    gate_init(&shared->gate);
    assert_true(gate_close(&shared->gate, 0));
    assert_ok(pthread_create(&thread, NULL, enter_once, shared));
    shared->a = 1;
    gate_open(&shared->gate);
    assert_ok(pthread_join(thread, NULL));
    gate_deinit(&shared->gate);
    free(shared);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(readers_do_not_keep_one_another_out),
        cmocka_unit_test(a_writer_is_alone),
        cmocka_unit_test(a_writer_gives_up_when_readers_stay),
        cmocka_unit_test(what_is_behind_it_is_seen_whole),
        cmocka_unit_test(a_reader_waits_for_the_writer_at_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
