/*
 * teach.h - lessons made of few words, for the tests of the learner.
 */
#ifndef NDF_TESTS_DECIDE_TEACH_H
#define NDF_TESTS_DECIDE_TEACH_H

#include <string.h>

#include "decide/learner.h"
#include "support/support.h"

enum { TEACH_RIVALS = 4, TEACH_WORDS = 12 };

/* A lesson and what it points to: copy it only with teach_lesson. */
struct teach {
    struct lesson lesson;
    struct lesson_rival rivals[LESSON_RIVALS_MAX];
    struct lesson_feature features[LESSON_FEATURES_MAX];
};

/* Draws that are the same for ever (xorshift64; Marsaglia 2003). */
static inline uint32_t teach_draw(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return (uint32_t)(*state >> 32);
}

/* Rivals 1..count, all alike by their descriptions; words are hashes that begin
 * at `from`. */
static inline const struct lesson *teach_lesson(struct teach *teach,
    enum lesson_kind kind, uint64_t about, size_t rivals, uint32_t from,
    size_t words)
{
    assert_true(rivals <= LESSON_RIVALS_MAX);
    assert_true(words <= LESSON_FEATURES_MAX);
    teach->lesson = (struct lesson){.kind = kind,
        .about = about,
        .mass = 10,
        .crowd = (uint32_t)rivals,
        .rivals = teach->rivals,
        .rival_count = rivals,
        .features = teach->features,
        .feature_count = words};
    for (size_t i = 0; i < rivals; i++)
        teach->rivals[i] = (struct lesson_rival){
            .key = i + 1, .words = 0.25F, .likeness = 0.25F};
    for (size_t i = 0; i < words; i++)
        teach->features[i] =
            (struct lesson_feature){.hash = from + (uint32_t)i, .times = 1};
    return &teach->lesson;
}

/* A task of class 1..classes: half its words are its class's, half of anyone.
 */
static inline const struct lesson *teach_task(
    struct teach *teach, uint64_t about, uint64_t *state)
{
    teach_lesson(teach, LESSON_RIGHT, about, TEACH_RIVALS, 0, TEACH_WORDS);
    for (uint32_t i = 0; i < TEACH_WORDS; i++) {
        uint32_t drawn = teach_draw(state);
        teach->features[i].hash = drawn % 2 == 0
                                      ? (uint32_t)about * 1000 + drawn / 2 % 20
                                      : 900000 + drawn / 2 % 60;
    }
    return &teach->lesson;
}

/* A stream with something of every kind: from lesson `from` to before `to`. */
static inline int teach_stream(
    struct learner *to_teach, uint64_t from, uint64_t to)
{
    static struct teach one;
    int err = NDF_OK;
    for (uint64_t i = from; err == NDF_OK && i < to; i++) {
        uint64_t state = i * 0x9E3779B97F4A7C15 + 1;
        (void)teach_draw(&state);
        teach_task(&one, i % 7 + 1, &state);
        if (i % 5 == 3) one.lesson.kind = LESSON_WRONG;
        if (i % 11 == 7) {
            one.lesson.kind = LESSON_NONE;
            one.lesson.about = 0;
        }
        if (i % 17 == 16) one.lesson.kind = LESSON_GONE;
        err = learner_learn(to_teach, &one.lesson, i + 1);
    }
    return err;
}

/* What speaks for a class on a task, without what the task's lesson says of its
 * description. */
static inline double teach_evidence(
    const struct learner *learner, const struct lesson *task, uint64_t key)
{
    struct arena arena;
    struct learner_view view;
    const struct lesson_rival nothing = {.key = key};
    arena_init(&arena, &mem_libc);
    assert_ok(learner_look(
        learner, task->features, task->feature_count, &arena, &view));
    struct learned learned = learner_of(&view, key);
    double past = learner_parts(learner, &nothing, &learned).past;
    arena_deinit(&arena);
    return past;
}

#endif
