/*
 * fuzz_lesson.c - any bytes are a lesson within its limits or none, and one
 * that is can be learned and says the same when it is encoded again.
 */
#include <string.h>

#include "base/err.h"
#include "decide/learner.h"
#include "fuzz/fuzz.h"

static void require_learnable(const struct lesson *lesson)
{
    struct learner *learner;
    struct arena arena;
    struct learner_view view;
    struct learner_summary summary;
    arena_init(&arena, &mem_libc);
    FUZZ_REQUIRE(learner_new(&learner, &mem_libc) == NDF_OK);
    for (uint64_t i = 1; i <= 3; i++)
        FUZZ_REQUIRE(learner_learn(learner, lesson, i) == NDF_OK);
    FUZZ_REQUIRE(learner_look(learner, lesson->features, lesson->feature_count,
                     &arena, &view) == NDF_OK);
    (void)learner_of(&view, lesson->about);
    learner_summarise(learner, &summary);
    FUZZ_REQUIRE(summary.bytes <= LEARNER_BYTES_MAX);
    learner_free(learner);
    arena_deinit(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lesson lesson;
    struct arena arena;
    struct buf again;
    arena_init(&arena, &mem_libc);
    buf_init(&again, &mem_libc);
    int err = lesson_decode(&arena, (const char *)data, size, &lesson);
    FUZZ_REQUIRE(err == NDF_OK || err == NDF_ECORRUPT);
    if (err == NDF_OK) {
        FUZZ_REQUIRE(lesson_encode(&lesson, &again) == NDF_OK);
        FUZZ_REQUIRE(again.size == size);
        FUZZ_REQUIRE(memcmp(again.at, data, size) == 0);
        require_learnable(&lesson);
    }
    buf_deinit(&again);
    arena_deinit(&arena);
    return 0;
}
