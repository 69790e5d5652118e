/*
 * fuzz_learner.c - what was learned comes from a file: whatever its bytes, it
 * is refused, or it can be looked at, learned with and written.
 *
 * An input is taken for a whole state, and for edits of a good one, as few
 * inputs would get past the checks otherwise: 8 bytes each, the number of a
 * word of 32 bits and what it becomes.
 */
#include <string.h>

#include "base/err.h"
#include "decide/learner.h"
#include "fuzz/fuzz.h"

enum { RIVALS = 6, FEATURES = 24 };

struct made {
    struct lesson lesson;
    struct lesson_rival rivals[RIVALS];
    struct lesson_feature features[FEATURES];
};

/* The i-th of a stream that has a bit of all. */
static const struct lesson *make_lesson(struct made *out, uint32_t i)
{
    static const enum lesson_kind kinds[] = {LESSON_RIGHT, LESSON_RIGHT,
        LESSON_WRONG, LESSON_RIGHT, LESSON_NONE, LESSON_RIGHT, LESSON_GONE};
    enum lesson_kind kind = kinds[i % 7];
    out->lesson = (struct lesson){.kind = kind,
        .about = kind == LESSON_NONE ? 0 : i * 5 % 9 + 1,
        .mass = 3,
        .crowd = 9,
        .rivals = out->rivals,
        .rival_count = RIVALS,
        .features = out->features,
        .feature_count = FEATURES};
    for (uint32_t r = 0; r < RIVALS; r++)
        out->rivals[r] = (struct lesson_rival){
            .key = (i + r) % 9 + 1, .words = 0.5F, .likeness = 0.25F};
    for (uint32_t f = 0; f < FEATURES; f++)
        out->features[f] = (struct lesson_feature){
            .hash = (i * f * 7 + f) % 60 * 0x3000003, .times = 1};
    return &out->lesson;
}

static void learn(struct learner *learner, uint32_t from, uint32_t to)
{
    struct made made;
    for (uint32_t i = from; i < to; i++)
        FUZZ_REQUIRE(
            learner_learn(learner, make_lesson(&made, i), i + 1) == NDF_OK);
}

static void look(const struct learner *learner)
{
    struct arena arena;
    struct learner_view view;
    struct made made;
    arena_init(&arena, &mem_libc);
    const struct lesson *lesson = make_lesson(&made, 3);
    FUZZ_REQUIRE(learner_look(learner, lesson->features, FEATURES, &arena,
                     &view) == NDF_OK);
    for (uint64_t key = 0; key < 12; key++)
        (void)learner_of(&view, key);
    arena_deinit(&arena);
}

static void use(char *bytes, size_t size)
{
    struct learner *learner;
    struct learner_summary summary;
    struct buf out;
    int err = learner_open(&learner, &mem_libc, bytes, size);
    FUZZ_REQUIRE(err == NDF_OK || err == NDF_ECORRUPT);
    if (err != NDF_OK) return;
    look(learner);
    learn(learner, 20, 50);
    look(learner);
    learner_summarise(learner, &summary);
    FUZZ_REQUIRE(summary.bytes <= LEARNER_BYTES_MAX);
    buf_init(&out, &mem_libc);
    FUZZ_REQUIRE(learner_write(learner, &out) == NDF_OK);
    learner_free(learner);
    /* Numbers that were near their bounds may be over them. */
    err = learner_open(&learner, &mem_libc, out.at, out.size);
    FUZZ_REQUIRE(err == NDF_OK || err == NDF_ECORRUPT);
    learner_free(learner);
    buf_deinit(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct buf state;
    if (state.size == 0) {
        struct learner *learner;
        FUZZ_REQUIRE(learner_new(&learner, &mem_libc) == NDF_OK);
        learn(learner, 0, 20);
        buf_init(&state, &mem_libc);
        FUZZ_REQUIRE(learner_write(learner, &state) == NDF_OK);
        learner_free(learner);
        FUZZ_REQUIRE(
            learner_open(&learner, &mem_libc, state.at, state.size) == NDF_OK);
        learner_free(learner);
    }
    char *bytes = malloc(size > state.size ? size : state.size);
    FUZZ_REQUIRE(bytes != NULL);
    if (size > 0) memcpy(bytes, data, size);
    use(bytes, size);
    memcpy(bytes, state.at, state.size);
    for (; size >= 8; data += 8, size -= 8) {
        uint32_t place;
        memcpy(&place, data, 4);
        memcpy(bytes + place % (state.size / 4) * 4, data + 4, 4);
    }
    use(bytes, state.size);
    free(bytes);
    return 0;
}
