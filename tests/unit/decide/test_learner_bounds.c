/*
 * test_learner_bounds.c - a learner keeps within its memory and stays whole,
 * whatever it is taught or made from.
 */
#include <math.h>
#include <stdlib.h>

#include "decide/learner_state.h"
#include "teach.h"

static struct learner *learner;
static struct teach teach;

static int setup(void **state)
{
    (void)state;
    return learner_new(&learner, &mem_libc);
}

static int teardown(void **state)
{
    (void)state;
    learner_free(learner);
    learner = NULL;
    return 0;
}

static void learn(const struct lesson *lesson)
{
    assert_ok(learner_learn(learner, lesson, learner_number(learner) + 1));
}

static void write_state(const struct learner *of, struct buf *out)
{
    buf_init(out, &mem_libc);
    assert_ok(learner_write(of, out));
}

/* ---- bounds -------------------------------------------------------------- */

/* Within its bound, and whole: what it writes can be opened. */
static void assert_whole(void)
{
    struct learner_summary summary;
    struct learner *again;
    struct buf bytes;
    learner_summarise(learner, &summary);
    assert_true(summary.bytes <= LEARNER_BYTES_MAX);
    write_state(learner, &bytes);
    assert_ok(learner_open(&again, &mem_libc, bytes.at, bytes.size));
    learner_summarise(again, &summary);
    assert_true(summary.bytes <= LEARNER_BYTES_MAX);
    assert_true(isfinite(teach_evidence(again, &teach.lesson, 1)));
    assert_ok(learner_learn(again, &teach.lesson, UINT64_MAX));
    learner_free(again);
    buf_deinit(&bytes);
}

/* `words` words of a vocabulary, about one of `classes`. */
static void learn_random(
    uint64_t *draws, size_t words, uint32_t vocabulary, uint32_t classes)
{
    teach_lesson(&teach, LESSON_RIGHT, teach_draw(draws) % classes + 1, 4,
        teach_draw(draws) % vocabulary, words);
    learn(&teach.lesson);
}

static void no_more_features_than_there_is_room_for(void **state)
{
    (void)state;
    uint64_t draws = 3;
    for (size_t i = 0; i < FEATURES_MAX / LESSON_FEATURES_MAX + 60; i++)
        learn_random(&draws, LESSON_FEATURES_MAX, 0x3FFF0000, 4);
    assert_int_equal(learner->features.count, FEATURES_MAX);
    assert_whole();
}

/* Even when each is needed by an example or has been seen often. */
static void features_that_are_needed_go_at_last(void **state)
{
    (void)state;
    for (size_t i = 0; i < FEATURES_MAX; i++) {
        uint32_t f;
        assert_ok(learner_add_feature(learner, (uint32_t)i * 5, &f));
        assert_int_equal(f, i);
        features_of(learner)[f].seen = 100;
    }
    uint32_t none;
    assert_ok(learner_add_feature(learner, 3, &none));
    assert_true(none == NO_FEATURE);
    uint64_t draws = 3;
    for (size_t i = 0; i < 5; i++)
        learn_random(&draws, LESSON_FEATURES_MAX, 0x3FFF0000, 4);
    assert_ok(learner_add_feature(learner, 3, &none));
    assert_true(none != NO_FEATURE);
    assert_whole();
}

/* The pool is full and in pieces: the least goes, the most stays. */
static void no_more_postings_than_there_is_room_for(void **state)
{
    (void)state;
    enum { FEATURES = 4000, CLASSES = 400 };
    uint64_t draws = 3;
    size_t most = 0;
    struct posting *posting;
    for (uint32_t c = 0; c < CLASSES; c++) {
        uint32_t class;
        assert_ok(learner_add_class(learner, c + 1, &class));
        for (uint32_t f = 0; f < FEATURES; f++) {
            uint32_t id;
            assert_ok(learner_add_feature(learner, f * 3, &id));
            assert_ok(learner_posting(learner, id, class, &posting));
            if (posting != NULL)
                posting->weight = (float)(teach_draw(&draws) % 1000) / 1000;
        }
        if (learner->postings.count > most) most = learner->postings.count;
    }
    assert_true(most > POSTINGS_MAX - POSTINGS_MAX / 8);
    assert_true(most <= POSTINGS_MAX);
    struct learner_summary summary;
    learner_summarise(learner, &summary);
    assert_true(summary.weights > POSTINGS_MAX / 4);
    learn_random(&draws, 200, FEATURES, CLASSES);
    assert_whole();
}

static void no_more_classes_than_there_is_room_for(void **state)
{
    (void)state;
    uint32_t class;
    for (uint64_t key = 1; key <= CLASSES_MAX; key++) {
        assert_ok(learner_add_class(learner, key, &class));
        assert_int_equal(class, key - 1);
    }
    assert_ok(learner_add_class(learner, CLASSES_MAX + 1, &class));
    assert_true(class == NO_CLASS);
    /* What there is no room for teaches nothing, and harms nothing. */
    learn(teach_lesson(&teach, LESSON_RIGHT, CLASSES_MAX + 1, 4, 0, 10));
    teach.rivals[0].key = CLASSES_MAX + 2;
    teach.lesson.kind = LESSON_WRONG;
    learn(&teach.lesson);
    learn(teach_lesson(&teach, LESSON_RIGHT, 7, 4, 0, 10));
    assert_whole();
    learn(teach_lesson(&teach, LESSON_GONE, 7, 0, 0, 0));
    assert_ok(learner_add_class(learner, CLASSES_MAX + 1, &class));
    assert_int_equal(class, 6);
}

/* The rings of examples go round, by their number and by their size. */
static void the_oldest_examples_make_room(void **state)
{
    (void)state;
    static uint32_t words[2 + EXAMPLE_FEATURES_MAX];
    uint32_t f;
    assert_ok(learner_add_feature(learner, 0, &f));
    uint32_t class;
    assert_ok(learner_add_class(learner, 1, &class));
    uint64_t draws = 5;
    for (int round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < 3 * EXAMPLES_MAX; i++) {
            uint32_t size = round == 0 ? 3 : teach_draw(&draws) % 512;
            words[0] = (uint32_t)LESSON_RIGHT << 24 | size;
            assert_ok(learner_keep_example(learner, words, 2 + size));
            assert_true(learner->head.example_count <= EXAMPLES_MAX);
        }
        assert_true(learner->words.count <= EXAMPLE_WORDS_MAX);
        teach_lesson(&teach, LESSON_RIGHT, 1, 4, 0, 10);
        assert_whole();
        if (round == 0)
            assert_int_equal(learner->head.example_count, EXAMPLES_MAX);
    }
    assert_true(learner->words.count > EXAMPLE_WORDS_MAX - 600);
}

/* ---- harm ---------------------------------------------------------------- */

static int live(const struct mem *mem, void *ud)
{
    struct learner *first = NULL, *second = NULL;
    struct buf bytes;
    struct arena arena;
    struct learner_view view;
    (void)ud;
    buf_init(&bytes, mem);
    arena_init(&arena, mem);
    int err = learner_new(&first, mem);
    if (err == NDF_OK) err = teach_stream(first, 0, 20);
    if (err == NDF_OK) err = learner_write(first, &bytes);
    if (err == NDF_OK) err = learner_open(&second, mem, bytes.at, bytes.size);
    if (err == NDF_OK) err = teach_stream(second, 20, 40);
    if (err == NDF_OK)
        err = learner_look(
            second, teach.features, teach.lesson.feature_count, &arena, &view);
    learner_free(second);
    learner_free(first);
    arena_deinit(&arena);
    buf_deinit(&bytes);
    return err;
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    teach_lesson(&teach, LESSON_RIGHT, 1, 2, 0, 30);
    test_each_allocation_fails(live, NULL);
}

static int make_room(const struct mem *mem, void *ud)
{
    struct learner *full = NULL;
    struct posting *posting;
    uint32_t id = 0;
    (void)ud;
    int err = learner_new(&full, mem);
    for (uint32_t i = 0; err == NDF_OK && i < FEATURES_MAX; i++)
        err = learner_add_feature(full, i, &id);
    /* All blocks of one: the pool is full at the last one. */
    for (uint32_t c = 0; err == NDF_OK && c < 3; c++)
        for (uint32_t i = 0; err == NDF_OK && i < FEATURES_MAX; i++)
            err = learner_posting(full, i, c, &posting);
    if (err == NDF_OK) err = learner_make_room(full);
    learner_free(full);
    return err;
}

static void making_room_may_fail(void **state)
{
    (void)state;
    test_each_allocation_fails(make_room, NULL);
}

/* Refused, or of use; in memory that is no longer than it says. */
static void use_bytes(const char *bytes, size_t size)
{
    struct learner *opened;
    struct buf out;
    char *exact = malloc(size > 0 ? size : 1);
    assert_non_null(exact);
    if (size > 0) memcpy(exact, bytes, size);
    int err = learner_open(&opened, &mem_libc, exact, size);
    if (err == NDF_OK) {
        teach_lesson(&teach, LESSON_RIGHT, 3, 4, 3000, 30);
        (void)teach_evidence(opened, &teach.lesson, 3);
        assert_ok(teach_stream(opened, 12, 20));
        buf_init(&out, &mem_libc);
        assert_ok(learner_write(opened, &out));
        buf_deinit(&out);
        learner_free(opened);
    } else {
        assert_int_equal(err, NDF_ECORRUPT);
    }
    free(exact);
}

static void a_changed_byte_does_no_harm(void **state)
{
    (void)state;
    static const int changes[] = {0x01, 0x80, 0xFF};
    struct buf bytes;
    assert_ok(teach_stream(learner, 0, 40));
    write_state(learner, &bytes);
    size_t stride = 1;
    for (size_t at = 0; at < bytes.size; at += stride) {
        for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
            bytes.at[at] = (char)(bytes.at[at] ^ changes[i]);
            use_bytes(bytes.at, bytes.size);
            bytes.at[at] = (char)(bytes.at[at] ^ changes[i]);
        }
        /* The head has the counts; of the arrays one in some bytes will do. */
        if (at > sizeof(struct learner_head)) stride = 13;
    }
    buf_deinit(&bytes);
}

/* What is broken on purpose: the learner is written with it. */
static struct feature *nth_used(size_t n)
{
    struct feature *feature = features_of(learner);
    for (;; feature++)
        if (feature->count > 0 && n-- == 0) return feature;
}

static void overlap_blocks(void)
{
    nth_used(1)->at = nth_used(2)->at;
}

static void free_what_is_used(void)
{
    learner->head.free_blocks[nth_used(3)->log] = nth_used(3)->at + 1;
}

static void free_in_a_circle(void)
{
    uint32_t first = learner->head.free_blocks[0];
    assert_true(first != 0);
    postings_of_learner(learner)[first - 1].class = first;
}

static void lead_behind_the_pool(void)
{
    nth_used(0)->at = (uint32_t)learner->postings.count;
}

static void post_an_unknown_class(void)
{
    postings_of_learner(learner)[nth_used(0)->at].class =
        (uint32_t)learner->classes.count;
}

static void overlap_examples(void)
{
    struct example *examples = learner->examples.at;
    examples[2] = examples[1];
}

static void swap_examples(void)
{
    struct example *examples = learner->examples.at;
    struct example first = examples[0];
    examples[0] = examples[1];
    examples[1] = first;
}

static void write_examples_elsewhere(void)
{
    learner->head.word_at -= 5;
}

static void place_examples_far_behind(void)
{
    learner->head.first_example = EXAMPLES_MAX - 5;
    learner->head.example_count = 0;
}

static void name_an_unknown_feature(void)
{
    size_t size;
    (void)learner_example(learner, 0, &size);
    const struct example *first = learner->examples.at;
    ((uint32_t *)learner->words.at)[first->at + size - 1] =
        (uint32_t)learner->features.count;
}

static void lose_count_of_the_free(void)
{
    learner->head.free_classes++;
}

static void trust_without_end(void)
{
    learner->head.trust[1][BY_WORDS] = 1e300;
}

static void trust_no_number(void)
{
    learner->head.trust_square[1][BY_WORDS] = (double)NAN;
}

static void root_of_less_than_nothing(void)
{
    learner->head.clue_square[0] = -2;
}

static void weigh_without_end(void)
{
    postings_of_learner(learner)[nth_used(0)->at].weight = INFINITY;
}

static void lean_too_much(void)
{
    classes_of(learner)[0].bias = -1e30F;
}

static void width_no_number(void)
{
    classes_of(learner)[0].width = NAN;
}

static void what_would_lead_astray_is_refused(void **state)
{
    (void)state;
    static void (*const breaks[])(void) = {overlap_blocks, free_what_is_used,
        free_in_a_circle, lead_behind_the_pool, post_an_unknown_class,
        overlap_examples, swap_examples, write_examples_elsewhere,
        place_examples_far_behind, name_an_unknown_feature,
        lose_count_of_the_free, trust_without_end, trust_no_number,
        root_of_less_than_nothing, weigh_without_end, lean_too_much,
        width_no_number};
    for (size_t i = 0; i < sizeof breaks / sizeof breaks[0]; i++) {
        struct learner *opened;
        struct buf bytes;
        learner_free(learner);
        assert_ok(learner_new(&learner, &mem_libc));
        assert_ok(teach_stream(learner, 0, 40));
        breaks[i]();
        write_state(learner, &bytes);
        if (learner_open(&opened, &mem_libc, bytes.at, bytes.size) !=
            NDF_ECORRUPT)
            fail_msg("break %zu is not seen", i);
        buf_deinit(&bytes);
    }
}

static void every_cut_is_refused(void **state)
{
    (void)state;
    struct learner *opened;
    struct buf bytes;
    assert_ok(teach_stream(learner, 0, 20));
    write_state(learner, &bytes);
    for (size_t size = 0; size < bytes.size; size++)
        assert_int_equal(
            learner_open(&opened, &mem_libc, bytes.at, size), NDF_ECORRUPT);
    buf_add(&bytes, "12345678", 8);
    assert_int_equal(
        learner_open(&opened, &mem_libc, bytes.at, bytes.size), NDF_ECORRUPT);
    buf_deinit(&bytes);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(no_more_features_than_there_is_room_for),
        TEST(features_that_are_needed_go_at_last),
        TEST(no_more_postings_than_there_is_room_for),
        TEST(no_more_classes_than_there_is_room_for),
        TEST(the_oldest_examples_make_room),
        TEST(a_changed_byte_does_no_harm),
        TEST(what_would_lead_astray_is_refused),
        TEST(every_cut_is_refused),
        cmocka_unit_test(each_allocation_may_fail),
        cmocka_unit_test(making_room_may_fail),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
