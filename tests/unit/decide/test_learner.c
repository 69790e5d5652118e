/*
 * test_learner.c - what lessons do to a learner, and that it stays whole.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
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

/* ---- what is taught ------------------------------------------------------ */

static void who_was_right_leads_after_few_examples(void **state)
{
    (void)state;
    uint64_t draws = 7;
    int leads = 0;
    for (int i = 0; i < 20; i++)
        learn(teach_task(&teach, (uint64_t)i % 2 + 1, &draws));
    for (int i = 0; i < 100; i++) {
        uint64_t right = (uint64_t)i % 2 + 1;
        const struct lesson *task = teach_task(&teach, right, &draws);
        leads += teach_evidence(learner, task, right) >
                 teach_evidence(learner, task, 3 - right);
    }
    if (leads < 97) fail_msg("%d of 100", leads);
}

static void one_lesson_speaks_for_its_own_task(void **state)
{
    (void)state;
    const struct lesson *task = teach_lesson(&teach, LESSON_RIGHT, 2, 3, 10, 6);
    learn(task);
    assert_true(
        teach_evidence(learner, task, 2) > teach_evidence(learner, task, 1));
    assert_true(
        teach_evidence(learner, task, 2) > teach_evidence(learner, task, 3));
}

/* What was as sure before is a little less sure, not given up. */
static void one_mistake_does_not_make_all_doubtful(void **state)
{
    (void)state;
    const struct learner_best what = {.words = 2,
        .similarity = 0.4,
        .margin = 0.9,
        .crowd = 1.6,
        .share = 1,
        .lead = 12,
        .evidence = 12};
    double before = learner_sure(learner, &what);
    teach_lesson(&teach, LESSON_RIGHT, 2, 3, 10, 6);
    teach.rivals[0].words = 0.9F;
    teach.rivals[0].likeness = 0.8F;
    learn(&teach.lesson);
    double after = learner_sure(learner, &what);
    assert_true(after < before);
    assert_true(after > before - 3);
}

static void who_was_wrong_is_pushed_down(void **state)
{
    (void)state;
    uint64_t draws = 7;
    for (int i = 0; i < 20; i++)
        learn(teach_task(&teach, (uint64_t)i % 2 + 1, &draws));
    teach_task(&teach, 1, &draws);
    double before = teach_evidence(learner, &teach.lesson, 1) -
                    teach_evidence(learner, &teach.lesson, 2);
    teach.lesson.kind = LESSON_WRONG;
    for (int i = 0; i < 5; i++)
        learn(&teach.lesson);
    assert_true(teach_evidence(learner, &teach.lesson, 1) -
                    teach_evidence(learner, &teach.lesson, 2) <
                before);
}

/* It tells nothing about any: only how sure one may be, and what is common. */
static void none_moves_nothing_but_calibration(void **state)
{
    (void)state;
    uint64_t draws = 7;
    for (int i = 0; i < 20; i++)
        learn(teach_task(&teach, (uint64_t)i % 2 + 1, &draws));
    struct learner_head before = learner->head;
    struct buf classes, postings;
    struct learner_summary was, is;
    learner_summarise(learner, &was);
    buf_init(&classes, &mem_libc);
    buf_init(&postings, &mem_libc);
    buf_add(&classes, learner->classes.at,
        learner->classes.count * sizeof(struct class));
    buf_add(&postings, learner->postings.at,
        learner->postings.count * sizeof(struct posting));
    teach_task(&teach, 1, &draws);
    teach.lesson.kind = LESSON_NONE;
    teach.lesson.about = 0;
    learn(&teach.lesson);
    learner_summarise(learner, &is);
    assert_memory_equal(classes.at, learner->classes.at, classes.size);
    assert_memory_equal(postings.at, learner->postings.at, postings.size);
    assert_memory_equal(before.trust, learner->head.trust, sizeof before.trust);
    assert_int_equal(was.weights, is.weights);
    assert_int_equal(was.examples, is.examples);
    assert_true(memcmp(before.clue, learner->head.clue, sizeof before.clue));
    buf_deinit(&classes);
    buf_deinit(&postings);
}

/* Two tasks in three are of a known class, one is of nobody. */
static void fit_becomes_what_it_says(void **state)
{
    (void)state;
    enum { ALL = 1500 };
    uint64_t draws = 99;
    struct learner_summary early, late;
    for (int i = 0; i < ALL; i++) {
        if (i == ALL / 2) learner_summarise(learner, &early);
        bool nobody = teach_draw(&draws) % 3 == 0;
        teach_task(&teach, teach_draw(&draws) % 4 + 1, &draws);
        if (nobody) {
            teach.lesson.kind = LESSON_NONE;
            teach.lesson.about = 0;
            for (size_t k = 0; k < TEACH_WORDS; k++)
                teach.features[k].hash = 500000 + teach_draw(&draws) % 2000;
        }
        learn(&teach.lesson);
    }
    learner_summarise(learner, &late);
    double error = 0, count = 0, right = 0;
    for (int i = 0; i < LEARNER_BINS; i++) {
        double in = (double)(late.bins[i].count - early.bins[i].count);
        double won = (double)(late.bins[i].right - early.bins[i].right);
        double told = (double)(late.bins[i].fit - early.bins[i].fit);
        error += fabs(told - won);
        count += in;
        right += won;
    }
    assert_true(fabs(count - ALL / 2.0) < 0.5);
    assert_true(right / count > 0.6 && right / count < 0.75);
    if (error / count > 0.05) fail_msg("calibration error %g", error / count);
}

static void nothing_is_known_before_the_first_lesson(void **state)
{
    (void)state;
    const struct lesson *task = teach_lesson(&teach, LESSON_RIGHT, 1, 2, 0, 4);
    struct arena arena;
    struct learner_view view;
    arena_init(&arena, &mem_libc);
    for (int i = 0; i < 2; i++) {
        assert_ok(learner_look(i == 0 ? learner : NULL, task->features,
            task->feature_count, &arena, &view));
        struct learned learned = learner_of(&view, 1);
        assert_true(learned.examples == 0 && learned.weights == 0 &&
                    learned.centroid == 0 && learned.bayes == 0);
    }
    arena_deinit(&arena);
    assert_true(teach_evidence(learner, task, 1) == 0);
    assert_int_equal(learner_number(learner), 0);
}

static void lessons_without_words_or_rivals_are_learned(void **state)
{
    (void)state;
    learn(teach_lesson(&teach, LESSON_NONE, 0, 0, 0, 0));
    for (int kind = LESSON_RIGHT; kind <= LESSON_GONE; kind++)
        for (int about = 0; about < 2; about++)
            learn(teach_lesson(&teach, (enum lesson_kind)kind,
                kind == LESSON_NONE ? 0 : 5, 0, 0, (size_t)about));
    learn(teach_lesson(&teach, LESSON_RIGHT, 5, 3, 0, 0));
    assert_true(isfinite(teach_evidence(learner, &teach.lesson, 5)));
    /* All words the same, as often as can be. */
    teach_lesson(&teach, LESSON_RIGHT, 5, 3, 0, LESSON_FEATURES_MAX);
    for (size_t i = 0; i < LESSON_FEATURES_MAX; i++)
        teach.features[i] = (struct lesson_feature){.hash = 3, .times = 255};
    for (int i = 0; i < 3; i++)
        learn(&teach.lesson);
    assert_true(isfinite(teach_evidence(learner, &teach.lesson, 5)));
}

/* ---- the same every time ------------------------------------------------- */

static void the_same_lessons_give_the_same_bytes(void **state)
{
    (void)state;
    struct learner *other;
    struct buf first, second;
    assert_ok(learner_new(&other, &mem_libc));
    assert_ok(teach_stream(learner, 0, 300));
    assert_ok(teach_stream(other, 0, 300));
    write_state(learner, &first);
    write_state(other, &second);
    assert_int_equal(first.size, second.size);
    assert_memory_equal(first.at, second.at, first.size);
    buf_deinit(&first);
    buf_deinit(&second);
    learner_free(other);
}

/* Written, opened and taught more is as taught at once. */
static void a_break_changes_nothing(void **state)
{
    (void)state;
    struct buf whole;
    assert_ok(teach_stream(learner, 0, 120));
    write_state(learner, &whole);
    for (uint64_t at = 0; at < 120; at += 7) {
        struct learner *head, *rest;
        struct buf half, joined;
        assert_ok(learner_new(&head, &mem_libc));
        assert_ok(teach_stream(head, 0, at));
        write_state(head, &half);
        learner_free(head);
        assert_ok(learner_open(&rest, &mem_libc, half.at, half.size));
        assert_ok(teach_stream(rest, at, 120));
        write_state(rest, &joined);
        assert_int_equal(joined.size, whole.size);
        assert_memory_equal(joined.at, whole.at, whole.size);
        learner_free(rest);
        buf_deinit(&half);
        buf_deinit(&joined);
    }
    buf_deinit(&whole);
}

static void what_was_reached_is_kept(void **state)
{
    (void)state;
    struct learner *again;
    struct buf bytes;
    assert_ok(teach_stream(learner, 0, 3));
    learner_reached(learner, 1234567890123);
    write_state(learner, &bytes);
    assert_ok(learner_open(&again, &mem_libc, bytes.at, bytes.size));
    assert_true(learner_number(again) == 1234567890123);
    learner_free(again);
    buf_deinit(&bytes);
}

/* The same on every machine and with every compiler. It may change when what
 * is learned from a lesson changes or the form of the bytes does, and then
 * MAGIC of learner_bytes.c has to change with it: else what others have learned
 * would go on from another past. */
static void the_bytes_are_the_same_on_every_machine(void **state)
{
    (void)state;
    struct buf bytes;
    assert_ok(teach_stream(learner, 0, 200));
    write_state(learner, &bytes);
    uint64_t hash = hash64(buf_str(&bytes));
    buf_deinit(&bytes);
    if (hash != 0x4522A5EFCFD63E91)
        fail_msg("the hash is 0x%llX", (unsigned long long)hash);
}

/* ---- forgetting ---------------------------------------------------------- */

static void who_is_gone_leaves_nothing_behind(void **state)
{
    (void)state;
    uint64_t draws = 7;
    for (int i = 0; i < 60; i++)
        learn(teach_task(&teach, (uint64_t)i % 3 + 1, &draws));
    teach_lesson(&teach, LESSON_GONE, 2, 0, 0, 0);
    uint32_t class = learner_class(learner, 2);
    assert_true(class != NO_CLASS);
    learn(&teach.lesson);
    assert_true(learner_class(learner, 2) == NO_CLASS);
    for (size_t f = 0; f < learner->features.count; f++) {
        const struct feature *feature = &features_of(learner)[f];
        for (size_t p = 0; p < feature->count; p++)
            assert_true(
                postings_of_learner(learner)[feature->at + p].class != class);
    }
    for (size_t i = 0; i < learner->head.example_count; i++) {
        size_t size;
        const uint32_t *words = learner_example(learner, i, &size);
        assert_true(words[1] != class);
        for (size_t r = 0; r < (words[0] >> 16 & 0xFF); r++)
            assert_true(words[2 + RIVAL_WORDS * r] != class);
    }
    const struct class none = {.key = 0};
    assert_memory_equal(&classes_of(learner)[class], &none, sizeof none);
    const struct lesson *task = teach_task(&teach, 2, &draws);
    assert_true(teach_evidence(learner, task, 2) ==
                teach_evidence(learner, task, 12345));
}

static void who_stays_keeps_what_was_learned(void **state)
{
    (void)state;
    uint64_t draws = 7;
    for (int i = 0; i < 60; i++)
        learn(teach_task(&teach, (uint64_t)i % 3 + 1, &draws));
    static struct teach gone;
    const struct lesson *task = teach_task(&teach, 1, &draws);
    double before =
        teach_evidence(learner, task, 1) - teach_evidence(learner, task, 3);
    struct learner_summary was, is;
    learner_summarise(learner, &was);
    learn(teach_lesson(&gone, LESSON_GONE, 2, 0, 0, 0));
    learner_summarise(learner, &is);
    /* Evidence is over that of the mean class: the lead is what stays. */
    double after =
        teach_evidence(learner, task, 1) - teach_evidence(learner, task, 3);
    assert_true(fabs(after - before) < 1e-4);
    assert_int_equal(is.classes, was.classes - 1);
    assert_true(is.weights < was.weights);
}

static void who_comes_back_begins_anew(void **state)
{
    (void)state;
    uint64_t draws = 7;
    for (int round = 0; round < 5; round++) {
        for (int i = 0; i < 30; i++)
            learn(teach_task(&teach, (uint64_t)i % 3 + 1, &draws));
        const struct lesson *task = teach_task(&teach, 2, &draws);
        assert_true(teach_evidence(learner, task, 2) >
                    teach_evidence(learner, task, 1));
        learn(teach_lesson(&teach, LESSON_GONE, 2, 0, 0, 0));
        learn(&teach.lesson); /* twice is once */
    }
    struct learner_summary summary;
    learner_summarise(learner, &summary);
    /* Its place is used again: four rivals, one of them gone. */
    assert_int_equal(summary.classes, TEACH_RIVALS - 1);
    assert_int_equal(learner->classes.count, TEACH_RIVALS);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(who_was_right_leads_after_few_examples),
        TEST(one_lesson_speaks_for_its_own_task),
        TEST(one_mistake_does_not_make_all_doubtful),
        TEST(who_was_wrong_is_pushed_down),
        TEST(none_moves_nothing_but_calibration),
        TEST(fit_becomes_what_it_says),
        TEST(nothing_is_known_before_the_first_lesson),
        TEST(lessons_without_words_or_rivals_are_learned),
        TEST(the_same_lessons_give_the_same_bytes),
        TEST(a_break_changes_nothing),
        TEST(what_was_reached_is_kept),
        TEST(the_bytes_are_the_same_on_every_machine),
        TEST(who_is_gone_leaves_nothing_behind),
        TEST(who_stays_keeps_what_was_learned),
        TEST(who_comes_back_begins_anew),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
