/*
 * test_snapshot.c - tests of base/snapshot.
 */
#include <pthread.h>
#include <stdlib.h>

#include "base/snapshot.h"
#include "support/support.h"

/* Something immutable that can tell whether it is whole. */
struct thing {
    uint64_t number, other; /* other: ~number while it lives */
    const struct mem *mem;
};

static bool is_whole(const struct thing *thing)
{
    return thing != NULL && thing->other == ~thing->number;
}

struct place {
    struct test_mem test;
    struct snapshot snapshot;
    _Atomic size_t freed;
    _Atomic uint64_t freed_last;
};

static void free_thing(void *ud, void *what)
{
    struct place *place = ud;
    struct thing *thing = what;
    atomic_store(&place->freed_last, thing->number);
    atomic_fetch_add(&place->freed, 1);
    thing->other = thing->number;
    mem_free(&place->test.mem, thing, sizeof *thing);
}

static struct place *place_new(long left)
{
    struct place *place = calloc(1, sizeof *place);
    assert_non_null(place);
    test_mem_init(&place->test, left);
    snapshot_init(&place->snapshot, &place->test.mem, free_thing, place);
    return place;
}

static void place_free(struct place *place)
{
    snapshot_deinit(&place->snapshot);
    assert_int_equal(place->test.live, 0);
    free(place);
}

static struct thing *thing_new(struct place *place, uint64_t number)
{
    struct thing *thing = mem_alloc(&place->test.mem, sizeof *thing);
    if (thing == NULL) return NULL;
    *thing = (struct thing){number, ~number, &place->test.mem};
    return thing;
}

static int publish(struct place *place, uint64_t number)
{
    struct thing *thing = thing_new(place, number);
    if (thing == NULL) return NDF_ENOMEM;
    int err = snapshot_publish(&place->snapshot, thing);
    if (err != NDF_OK) mem_free(&place->test.mem, thing, sizeof *thing);
    return err;
}

/* The number of what is there, which must be whole; 0: nothing. */
static uint64_t enter(struct place *place, struct snapshot_guard *guard)
{
    const struct thing *thing = snapshot_enter(&place->snapshot, guard);
    if (thing == NULL) return 0;
    assert_true(is_whole(thing));
    return thing->number;
}

static void before_the_first_there_is_nothing_to_read(void **state)
{
    (void)state;
    struct place *place = place_new(-1);
    struct snapshot_guard guard;
    assert_int_equal(enter(place, &guard), 0);
    snapshot_leave(&place->snapshot, &guard);
    assert_int_equal(place->test.live, 0);
    place_free(place);
}

static void what_nobody_reads_is_freed_with_the_next(void **state)
{
    (void)state;
    struct place *place = place_new(-1);
    assert_ok(publish(place, 1));
    assert_int_equal(place->freed, 0);
    assert_ok(publish(place, 2));
    assert_int_equal(place->freed, 1);
    assert_int_equal(place->freed_last, 1);
    struct snapshot_guard guard;
    assert_int_equal(enter(place, &guard), 2);
    snapshot_leave(&place->snapshot, &guard);
    place_free(place);
}

static void a_reader_keeps_what_it_saw(void **state)
{
    (void)state;
    struct place *place = place_new(-1);
    struct snapshot_guard old, new;
    assert_ok(publish(place, 1));
    const struct thing *seen = snapshot_enter(&place->snapshot, &old);
    assert_ok(publish(place, 2));
    assert_ok(publish(place, 3));
    assert_int_equal(place->freed, 1);
    assert_int_equal(place->freed_last, 2);
    assert_int_equal(seen->number, 1);
    assert_true(is_whole(seen));
    assert_int_equal(enter(place, &new), 3);
    snapshot_leave(&place->snapshot, &old);
    assert_int_equal(place->freed, 2);
    assert_int_equal(place->freed_last, 1);
    snapshot_leave(&place->snapshot, &new);
    assert_int_equal(place->freed, 2);
    place_free(place);
}

static void the_last_of_several_readers_frees(void **state)
{
    (void)state;
    enum { READERS = 1000 };
    struct place *place = place_new(-1);
    struct snapshot_guard *guards = calloc(READERS, sizeof *guards);
    assert_ok(publish(place, 1));
    long before = place->test.live;
    for (size_t i = 0; i < READERS; i++)
        assert_int_equal(enter(place, &guards[i]), 1);
    /* Reading allocates nothing. */
    assert_int_equal(place->test.live, before);
    assert_ok(publish(place, 2));
    for (size_t i = 0; i < READERS; i++) {
        assert_int_equal(place->freed, 0);
        snapshot_leave(&place->snapshot, &guards[i * 7 % READERS]);
    }
    assert_int_equal(place->freed, 1);
    free(guards);
    place_free(place);
}

static void leaving_twice_is_leaving_once(void **state)
{
    (void)state;
    struct place *place = place_new(-1);
    struct snapshot_guard one, two;
    assert_ok(publish(place, 1));
    assert_int_equal(enter(place, &one), 1);
    assert_int_equal(enter(place, &two), 1);
    assert_ok(publish(place, 2));
    snapshot_leave(&place->snapshot, &one);
    snapshot_leave(&place->snapshot, &one);
    assert_int_equal(place->freed, 0);
    snapshot_leave(&place->snapshot, &two);
    assert_int_equal(place->freed, 1);
    place_free(place);
}

static void it_can_be_withdrawn(void **state)
{
    (void)state;
    struct place *place = place_new(-1);
    struct snapshot_guard in, out;
    assert_ok(publish(place, 1));
    assert_int_equal(enter(place, &in), 1);
    assert_ok(snapshot_publish(&place->snapshot, NULL));
    assert_int_equal(enter(place, &out), 0);
    assert_int_equal(place->freed, 0);
    snapshot_leave(&place->snapshot, &in);
    assert_int_equal(place->freed, 1);
    place_free(place);
}

static void publishing_often_needs_no_more_memory(void **state)
{
    (void)state;
    enum { TIMES = 10000 };
    struct place *place = place_new(-1);
    assert_ok(publish(place, 1));
    assert_ok(publish(place, 2));
    long before = place->test.live;
    for (uint64_t i = 3; i < TIMES; i++) {
        struct snapshot_guard guard;
        assert_int_equal(enter(place, &guard), i - 1);
        snapshot_leave(&place->snapshot, &guard);
        assert_ok(publish(place, i));
    }
    assert_int_equal(place->test.live, before);
    place_free(place);
}

static void without_memory_the_old_one_stays(void **state)
{
    (void)state;
    struct place *place = place_new(-1);
    struct snapshot_guard guard;
    assert_ok(publish(place, 1));
    assert_int_equal(enter(place, &guard), 1);
    struct thing *two = thing_new(place, 2);
    place->test.left = 0;
    assert_int_equal(snapshot_publish(&place->snapshot, two), NDF_ENOMEM);
    assert_true(is_whole(two));
    struct snapshot_guard again;
    assert_int_equal(enter(place, &again), 1);
    snapshot_leave(&place->snapshot, &again);
    place->test.left = -1;
    assert_ok(snapshot_publish(&place->snapshot, two));
    assert_int_equal(enter(place, &again), 2);
    snapshot_leave(&place->snapshot, &again);
    snapshot_leave(&place->snapshot, &guard);
    assert_int_equal(place->freed, 1);
    place_free(place);
}

static int use_all(const struct mem *mem, void *ud)
{
    (void)ud;
    struct place place = {.test = {.mem = *mem}};
    snapshot_init(&place.snapshot, mem, free_thing, &place);
    struct snapshot_guard guards[3];
    int err = NDF_OK;
    for (uint64_t i = 0; err == NDF_OK && i < 3; i++) {
        err = publish(&place, i + 1);
        if (err == NDF_OK) assert_int_equal(enter(&place, &guards[i]), i + 1);
        else guards[i].node = NULL;
        for (uint64_t k = i; err != NDF_OK && k-- > 0;)
            snapshot_leave(&place.snapshot, &guards[k]);
    }
    for (uint64_t i = 0; err == NDF_OK && i < 3; i++)
        snapshot_leave(&place.snapshot, &guards[i]);
    snapshot_deinit(&place.snapshot);
    return err;
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    test_each_allocation_fails(use_all, NULL);
}

/* ---- threads ---------------------------------------------------------------
 */

enum { READERS = 4, WRITERS = 2, ROUNDS = 8, EACH = 1000, HELD = 4 };

struct run {
    struct place *place;
    _Atomic uint64_t number; /* of the last thing made */
    _Atomic size_t made;
};

/* Reads, and keeps some for longer than others; what it keeps stays whole. */
static void *read_often(void *ud)
{
    struct run *run = ud;
    struct snapshot *snapshot = &run->place->snapshot;
    struct snapshot_guard held[HELD] = {{NULL, 0}};
    const struct thing *kept[HELD] = {NULL};
    for (size_t i = 0; i < EACH; i++) {
        size_t at = i % HELD;
        if (kept[at] != NULL) assert_true(is_whole(kept[at]));
        snapshot_leave(snapshot, &held[at]);
        for (size_t k = 0; k < HELD; k++) {
            struct snapshot_guard guard;
            assert_true(enter(run->place, &guard) > 0);
            snapshot_leave(snapshot, &guard);
        }
        kept[at] = snapshot_enter(snapshot, &held[at]);
        assert_non_null(kept[at]);
    }
    for (size_t i = 0; i < HELD; i++) {
        assert_true(is_whole(kept[i]));
        snapshot_leave(snapshot, &held[i]);
    }
    return NULL;
}

static void *write_often(void *ud)
{
    struct run *run = ud;
    for (size_t i = 0; i < EACH; i++) {
        assert_ok(publish(run->place, atomic_fetch_add(&run->number, 1) + 1));
        atomic_fetch_add(&run->made, 1);
    }
    return NULL;
}

/* Threads begin and end all the time, and nobody is told. */
static void readers_and_writers_go_together(void **state)
{
    (void)state;
    struct run run = {.place = place_new(-1)};
    pthread_t threads[READERS + WRITERS];
    assert_ok(publish(run.place, 1));
    atomic_store(&run.number, 1);
    for (size_t round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < READERS + WRITERS; i++)
            assert_ok(pthread_create(&threads[i], NULL,
                i < READERS ? read_often : write_often, &run));
        for (size_t i = 0; i < READERS + WRITERS; i++)
            assert_ok(pthread_join(threads[i], NULL));
        /* All that nobody can see is gone, without another publication. */
        assert_int_equal(run.place->freed, run.made);
    }
    assert_int_equal(run.made, ROUNDS * WRITERS * EACH);
    place_free(run.place);
}

struct handing {
    struct place *place;
    struct snapshot_guard guards[EACH];
    _Atomic size_t given;
};

static void *leave_all(void *ud)
{
    struct handing *handing = ud;
    for (size_t i = 0; i < EACH; i++) {
        while (atomic_load(&handing->given) <= i)
            continue;
        snapshot_leave(&handing->place->snapshot, &handing->guards[i]);
    }
    return NULL;
}

static void another_thread_may_leave(void **state)
{
    (void)state;
    struct handing *handing = calloc(1, sizeof *handing);
    handing->place = place_new(-1);
    pthread_t thread;
    assert_ok(publish(handing->place, 1));
    assert_ok(pthread_create(&thread, NULL, leave_all, handing));
    for (uint64_t i = 0; i < EACH; i++) {
        assert_int_equal(enter(handing->place, &handing->guards[i]), i + 1);
        atomic_store(&handing->given, i + 1);
        assert_ok(publish(handing->place, i + 2));
    }
    assert_ok(pthread_join(thread, NULL));
    assert_int_equal(handing->place->freed, EACH);
    place_free(handing->place);
    free(handing);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(before_the_first_there_is_nothing_to_read),
        cmocka_unit_test(what_nobody_reads_is_freed_with_the_next),
        cmocka_unit_test(a_reader_keeps_what_it_saw),
        cmocka_unit_test(the_last_of_several_readers_frees),
        cmocka_unit_test(leaving_twice_is_leaving_once),
        cmocka_unit_test(it_can_be_withdrawn),
        cmocka_unit_test(publishing_often_needs_no_more_memory),
        cmocka_unit_test(without_memory_the_old_one_stays),
        cmocka_unit_test(each_allocation_may_fail),
        cmocka_unit_test(readers_and_writers_go_together),
        cmocka_unit_test(another_thread_may_leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
