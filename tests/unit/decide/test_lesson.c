/*
 * test_lesson.c - lessons as bytes.
 */
#include <math.h>
#include <stdlib.h>

#include "decide/lesson.h"
#include "teach.h"

static struct teach teach;
static struct arena arena;
static struct buf bytes;

static int setup(void **state)
{
    (void)state;
    arena_init(&arena, &mem_libc);
    buf_init(&bytes, &mem_libc);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    buf_deinit(&bytes);
    arena_deinit(&arena);
    return 0;
}

static void make_example(void)
{
    teach_lesson(&teach, LESSON_RIGHT, 0xFEDCBA9876543210, 3, 0xC0000000, 5);
    teach.lesson.mass = 12.5F;
    teach.lesson.crowd = 4000000000;
    teach.rivals[0].words = 0;
    teach.rivals[1].words = 1;
    teach.rivals[1].meaning = 0.5F;
    teach.rivals[2].key = UINT64_MAX;
    teach.rivals[2].structure = -3.25F;
    teach.features[4].times = 255;
    assert_ok(lesson_encode(&teach.lesson, &bytes));
}

/* Whatever it is, it is one that learning can take. */
static void assert_bounded(const struct lesson *lesson)
{
    assert_in_range(lesson->kind, LESSON_RIGHT, LESSON_GONE);
    assert_true(lesson->rival_count <= LESSON_RIVALS_MAX);
    assert_true(lesson->feature_count <= LESSON_FEATURES_MAX);
    assert_true((lesson->about == 0) == (lesson->kind == LESSON_NONE));
    assert_true(lesson->mass >= 0 && lesson->mass < 1e6F);
    for (size_t i = 0; i < lesson->rival_count; i++) {
        const struct lesson_rival *rival = &lesson->rivals[i];
        assert_true(rival->key != 0);
        assert_true(rival->words >= 0 && rival->words <= 1);
        assert_true(rival->likeness >= 0 && rival->likeness <= 1);
        assert_true(rival->meaning >= 0 && rival->meaning <= 1);
        assert_true(fabsf(rival->structure) < 1e6F);
        for (size_t k = 0; k < i; k++)
            assert_true(lesson->rivals[k].key != rival->key);
    }
    for (size_t i = 0; i < lesson->feature_count; i++)
        assert_true(lesson->features[i].times > 0);
}

/* What is said to be of this size, in memory that ends there. */
static int decode(const char *at, size_t size, struct lesson *out)
{
    char *exact = malloc(size > 0 ? size : 1);
    assert_non_null(exact);
    if (size > 0) memcpy(exact, at, size);
    int err = lesson_decode(&arena, exact, size, out);
    free(exact);
    assert_true(err == NDF_OK || err == NDF_ECORRUPT);
    if (err == NDF_OK) assert_bounded(out);
    return err;
}

static void what_is_encoded_comes_back(void **state)
{
    (void)state;
    struct lesson out;
    make_example();
    assert_ok(decode(bytes.at, bytes.size, &out));
    assert_int_equal(out.kind, LESSON_RIGHT);
    assert_true(out.about == 0xFEDCBA9876543210);
    assert_true(out.mass == 12.5F);
    assert_true(out.crowd == 4000000000);
    assert_int_equal(out.rival_count, 3);
    for (size_t i = 0; i < 3; i++) {
        const struct lesson_rival *was = &teach.rivals[i];
        assert_true(out.rivals[i].key == was->key);
        assert_true(fabsf(out.rivals[i].words - was->words) < 1e-5F);
        assert_true(fabsf(out.rivals[i].likeness - was->likeness) < 1e-5F);
        assert_true(fabsf(out.rivals[i].meaning - was->meaning) < 1e-5F);
        assert_true(out.rivals[i].structure == was->structure);
    }
    assert_true(out.rivals[0].words == 0 && out.rivals[1].words == 1);
    assert_int_equal(out.feature_count, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(out.features[i].hash, teach.features[i].hash);
        assert_int_equal(out.features[i].times, teach.features[i].times);
    }
}

/* What was decoded says exactly what the bytes said. */
static void encoding_again_gives_the_same_bytes(void **state)
{
    (void)state;
    struct lesson out;
    struct buf again;
    make_example();
    assert_ok(decode(bytes.at, bytes.size, &out));
    buf_init(&again, &mem_libc);
    assert_ok(lesson_encode(&out, &again));
    assert_int_equal(again.size, bytes.size);
    assert_memory_equal(again.at, bytes.at, bytes.size);
    buf_deinit(&again);
}

static void each_kind_has_its_form(void **state)
{
    (void)state;
    for (int kind = 0; kind <= 6; kind++) {
        for (uint64_t about = 0; about < 2; about++) {
            struct lesson out;
            bool named = kind == LESSON_RIGHT || kind == LESSON_WRONG ||
                         kind == LESSON_GONE;
            bool good = about != 0 ? named : kind == LESSON_NONE;
            teach_lesson(&teach, (enum lesson_kind)kind, about, 2, 7, 2);
            buf_reset(&bytes);
            assert_ok(lesson_encode(&teach.lesson, &bytes));
            assert_int_equal(decode(bytes.at, bytes.size, &out),
                good ? NDF_OK : NDF_ECORRUPT);
        }
    }
}

static void a_lesson_of_nothing_is_one(void **state)
{
    (void)state;
    struct lesson out;
    teach_lesson(&teach, LESSON_NONE, 0, 0, 0, 0);
    assert_ok(lesson_encode(&teach.lesson, &bytes));
    assert_ok(decode(bytes.at, bytes.size, &out));
    assert_int_equal(out.rival_count, 0);
    assert_int_equal(out.feature_count, 0);
}

static void the_limits_hold_and_one_more_is_refused(void **state)
{
    (void)state;
    struct lesson out;
    teach_lesson(
        &teach, LESSON_RIGHT, 1, LESSON_RIVALS_MAX, 0, LESSON_FEATURES_MAX);
    assert_ok(lesson_encode(&teach.lesson, &bytes));
    assert_ok(decode(bytes.at, bytes.size, &out));

    static struct lesson_rival rivals[LESSON_RIVALS_MAX + 1];
    for (size_t i = 0; i <= LESSON_RIVALS_MAX; i++)
        rivals[i].key = i + 1;
    struct lesson many = teach.lesson;
    many.rivals = rivals;
    many.rival_count = LESSON_RIVALS_MAX + 1;
    buf_reset(&bytes);
    assert_ok(lesson_encode(&many, &bytes));
    assert_int_equal(decode(bytes.at, bytes.size, &out), NDF_ECORRUPT);

    static struct lesson_feature features[LESSON_FEATURES_MAX + 1];
    for (size_t i = 0; i <= LESSON_FEATURES_MAX; i++)
        features[i].times = 1;
    many = teach.lesson;
    many.features = features;
    many.feature_count = LESSON_FEATURES_MAX + 1;
    buf_reset(&bytes);
    assert_ok(lesson_encode(&many, &bytes));
    assert_int_equal(decode(bytes.at, bytes.size, &out), NDF_ECORRUPT);
}

static void what_cannot_be_learned_is_refused(void **state)
{
    (void)state;
    static const float bad[] = {NAN, INFINITY, -INFINITY, 1e6F, -1e6F};
    struct lesson out;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        teach_lesson(&teach, LESSON_RIGHT, 1, 2, 0, 2);
        teach.lesson.mass = bad[i];
        buf_reset(&bytes);
        assert_ok(lesson_encode(&teach.lesson, &bytes));
        assert_int_equal(decode(bytes.at, bytes.size, &out), NDF_ECORRUPT);
        teach.lesson.mass = 1;
        teach.rivals[1].structure = bad[i];
        buf_reset(&bytes);
        assert_ok(lesson_encode(&teach.lesson, &bytes));
        assert_int_equal(decode(bytes.at, bytes.size, &out), NDF_ECORRUPT);
    }
    for (int i = 0; i < 4; i++) {
        teach_lesson(&teach, LESSON_RIGHT, 1, 2, 0, 2);
        if (i == 0) teach.lesson.mass = -1;
        if (i == 1) teach.rivals[0].key = 0;
        if (i == 2) teach.rivals[1].key = teach.rivals[0].key;
        if (i == 3) teach.features[1].times = 0;
        buf_reset(&bytes);
        assert_ok(lesson_encode(&teach.lesson, &bytes));
        assert_int_equal(decode(bytes.at, bytes.size, &out), NDF_ECORRUPT);
    }
}

/* Shares outside of 0..1 are cut, a NaN is nothing. */
static void shares_stay_within_their_range(void **state)
{
    (void)state;
    struct lesson out;
    teach_lesson(&teach, LESSON_RIGHT, 1, 3, 0, 0);
    teach.rivals[0].words = -2;
    teach.rivals[1].words = 7;
    teach.rivals[2].words = NAN;
    assert_ok(lesson_encode(&teach.lesson, &bytes));
    assert_ok(decode(bytes.at, bytes.size, &out));
    assert_true(out.rivals[0].words == 0);
    assert_true(out.rivals[1].words == 1);
    assert_true(out.rivals[2].words == 0);
}

static void every_cut_is_refused(void **state)
{
    (void)state;
    struct lesson out;
    make_example();
    for (size_t size = 0; size < bytes.size; size++)
        assert_int_equal(decode(bytes.at, size, &out), NDF_ECORRUPT);
    buf_add_char(&bytes, '\0');
    assert_int_equal(decode(bytes.at, bytes.size, &out), NDF_ECORRUPT);
}

static void every_changed_byte_is_refused_or_within_bounds(void **state)
{
    (void)state;
    struct lesson out;
    make_example();
    for (size_t i = 0; i < bytes.size; i++) {
        char was = bytes.at[i];
        for (int change = 1; change < 256; change++) {
            bytes.at[i] = (char)(was ^ change);
            int err = decode(bytes.at, bytes.size, &out);
            /* The mark, and the counts: the size no longer fits. */
            if (i < 2 || (i >= 3 && i < 6)) assert_int_equal(err, NDF_ECORRUPT);
        }
        bytes.at[i] = was;
        arena_deinit(&arena);
    }
}

static int go_back_and_forth(const struct mem *mem, void *ud)
{
    struct arena scratch;
    struct buf made;
    struct lesson out;
    arena_init(&scratch, mem);
    buf_init(&made, mem);
    int err = lesson_encode(ud, &made);
    if (err == NDF_OK) err = lesson_decode(&scratch, made.at, made.size, &out);
    buf_deinit(&made);
    arena_deinit(&scratch);
    return err;
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    make_example();
    test_each_allocation_fails(go_back_and_forth, &teach.lesson);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(what_is_encoded_comes_back),
        TEST(encoding_again_gives_the_same_bytes),
        TEST(each_kind_has_its_form),
        TEST(a_lesson_of_nothing_is_one),
        TEST(the_limits_hold_and_one_more_is_refused),
        TEST(what_cannot_be_learned_is_refused),
        TEST(shares_stay_within_their_range),
        TEST(every_cut_is_refused),
        TEST(every_changed_byte_is_refused_or_within_bounds),
        TEST(each_allocation_may_fail),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
