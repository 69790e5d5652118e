/*
 * Documents that say nearly the same.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "build.h"
#include "decide/near.h"
#include "decide/text_form.h"

enum { DOCUMENTS = 60, TEXT_SIZE = 2000 };

static struct arena arena;

static int setup(void **state)
{
    (void)state;
    arena_init(&arena, &mem_libc);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_deinit(&arena);
    return 0;
}

static size_t best_of(
    const struct str *all, size_t count, size_t document, double *likeness)
{
    struct near *near;
    assert_ok(near_new(&near, &mem_libc, all, count));
    size_t best = near_best(near, document, likeness);
    near_free(near);
    return best;
}

#define FINDS                                                                  \
    "Finds memory leaks and races in programs of C and C++, explains where "   \
    "they come from, and proposes the smallest change that mends them "        \
    "without "                                                                 \
    "breaking what works; knows valgrind, sanitizers and the kernel's own "    \
    "tools"

static void a_changed_word_is_a_near_copy(void **state)
{
    (void)state;
    struct str all[] = {
        build_features(&arena, "writer", "Writes letters to customers.", NULL),
        build_features(&arena, "debugger", FINDS " well.", NULL),
        build_features(&arena, "debugger", FINDS " badly.", NULL),
        build_features(&arena, "tester", "Finds memory leaks by tests.", NULL),
    };
    double likeness;
    assert_int_equal(best_of(all, 4, 1, &likeness), 2);
    assert_true(likeness >= NEAR_LEAST && likeness < 1);
    assert_int_equal(best_of(all, 4, 2, &likeness), 1);
    assert_true(best_of(all, 4, 0, &likeness) == NEAR_NONE);
    assert_true(likeness == 0);
    assert_true(best_of(all, 4, 3, &likeness) == NEAR_NONE);
}

static void a_copy_under_another_name_is_quite_alike(void **state)
{
    (void)state;
    struct str all[] = {
        build_features(&arena, "one-long-and-rare-name", "Mends.", NULL),
        build_features(&arena, "quite-another", "Mends.", NULL),
        build_features(&arena, NULL, NULL, NULL),
        build_features(&arena, NULL, NULL, NULL),
        STR("no features"),
    };
    double likeness;
    assert_int_equal(best_of(all, 5, 0, &likeness), 1);
    assert_true(likeness == 1);
    for (size_t i = 2; i < 5; i++)
        assert_true(best_of(all, 5, i, &likeness) == NEAR_NONE);
    struct near *none;
    assert_ok(near_new(&none, &mem_libc, NULL, 0));
    near_free(none);
}

/* Forty words of a thousand, the same as before but for some. */
static struct str random_document(unsigned *words, int changes)
{
    char text[TEXT_SIZE];
    size_t size = 0;
    for (int i = 0; i < changes; i++)
        words[rand() % 40] = (unsigned)rand() % 1000;
    for (int i = 0; i < 40; i++)
        size += (size_t)snprintf(
            text + size, sizeof text - size, "word%u ", words[i]);
    return build_features(&arena, NULL, text, NULL);
}

static double weight(const struct str *all, const char *at)
{
    size_t having = 0;
    for (size_t d = 0; d < DOCUMENTS; d++) {
        const char *other = all[d].at + FORM_HEADER;
        for (uint32_t i = 0; i < form_u32(all[d].at + 4); i++)
            having += form_u32(other + (size_t)i * FORM_WORD) == form_u32(at);
    }
    return sqrt((form_u16(at + 4) + form_u16(at + 6)) / 64.0) *
           log1p(DOCUMENTS / (double)having);
}

static double dot(const struct str *all, struct str a, struct str b)
{
    double sum = 0;
    for (uint32_t i = 0; i < form_u32(a.at + 4); i++)
        for (uint32_t j = 0; j < form_u32(b.at + 4); j++) {
            const char *x = a.at + FORM_HEADER + (size_t)i * FORM_WORD;
            const char *y = b.at + FORM_HEADER + (size_t)j * FORM_WORD;
            if (form_u32(x) == form_u32(y))
                sum += weight(all, x) * weight(all, y);
        }
    return sum;
}

/* The same number as among all, where there is one. */
static void check_pair(
    const struct str *all, size_t a, size_t b, double likeness)
{
    struct text_index *index;
    assert_ok(text_index_new(&index, &mem_libc, all, DOCUMENTS));
    double pair = near_pair(index, DOCUMENTS, all[a], all[b]);
    assert_true(fabs(pair - likeness) < 1e-9);
    assert_true(near_pair(index, DOCUMENTS, all[a], STR("none")) == 0);
    text_index_free(index);
}

static void nothing_is_missed(void **state)
{
    struct str all[DOCUMENTS];
    unsigned words[40] = {0};
    size_t found = 0;
    (void)state;
    srand(7);
    for (int d = 0; d < DOCUMENTS; d++)
        all[d] = random_document(words, d % 3 == 0 ? 200 : d % 7);
    for (size_t d = 0; d < DOCUMENTS; d++) {
        double most = 0;
        double own = dot(all, all[d], all[d]);
        for (size_t o = 0; o < DOCUMENTS; o++) {
            if (o == d) continue;
            double cosine =
                dot(all, all[d], all[o]) / sqrt(own * dot(all, all[o], all[o]));
            most = fmax(most, cosine);
        }
        double likeness;
        size_t best = best_of(all, DOCUMENTS, d, &likeness);
        assert_true((best != NEAR_NONE) == (most >= NEAR_LEAST));
        if (best == NEAR_NONE) continue;
        assert_true(fabs(likeness - most) < 1e-9);
        check_pair(all, d, best, likeness);
        found++;
    }
    assert_true(found > 5 && found < DOCUMENTS);
}

static int make(const struct mem *mem, void *ud)
{
    struct near *near;
    int err = near_new(&near, mem, ud, 2);
    if (err != NDF_OK) assert_null(near);
    near_free(near);
    return err;
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    struct str all[] = {build_features(&arena, "a", "Mends roofs.", NULL),
        build_features(&arena, "b", "Mends walls.", NULL)};
    test_each_allocation_fails(make, all);
}

#define TEST(function)                                                         \
    cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_changed_word_is_a_near_copy),
        TEST(a_copy_under_another_name_is_quite_alike),
        TEST(nothing_is_missed),
        TEST(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
