/*
 * test_postings.c - the inverted index against a plain search.
 */
#include <stdlib.h>
#include <string.h>

#include "decide/postings.h"
#include "support/support.h"

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* Every document has some of a few hundred terms, spread over all hashes. */
static size_t make(struct posting_entry *entries, size_t max, uint64_t seed)
{
    size_t count = 0;
    for (uint32_t d = 0; d < 50 && count + 40 < max; d++) {
        size_t terms = next_random(&seed) % 40;
        for (size_t t = 0; t < terms; t++) {
            uint32_t term = (uint32_t)(next_random(&seed) % 300);
            entries[count] = (struct posting_entry){
                term * 14316557U, d, (uint16_t)(count + 1), (uint16_t)t};
            count++;
        }
    }
    return count;
}

static void every_term_is_found_with_its_documents(void **state)
{
    (void)state;
    enum { MAX = 4000 };
    struct posting_entry *entries = calloc(MAX, sizeof *entries);
    struct posting_entry *copy = calloc(MAX, sizeof *copy);
    struct posting_entry *other = calloc(MAX, sizeof *other);
    for (uint64_t seed = 1; seed < 30; seed++) {
        size_t count = make(entries, MAX, seed);
        memcpy(copy, entries, count * sizeof *copy);
        struct postings postings;
        assert_ok(postings_init(&postings, &mem_libc, entries, other, count));
        for (uint32_t term = 0; term < 310; term++) {
            size_t found;
            uint32_t hash = term * 14316557U;
            const struct posting *items =
                postings_find(&postings, hash, &found);
            size_t at = 0;
            for (size_t i = 0; i < count; i++) {
                if (copy[i].hash != hash) continue;
                assert_true(at < found);
                assert_int_equal(items[at].document, copy[i].document);
                assert_int_equal(items[at].core, copy[i].core);
                assert_int_equal(items[at++].body, copy[i].body);
                const struct posting *one =
                    postings_of(&postings, hash, copy[i].document);
                assert_non_null(one);
                assert_int_equal(one->document, copy[i].document);
            }
            assert_int_equal(at, found);
            assert_null(postings_of(&postings, hash, 1000));
        }
        postings_deinit(&postings);
    }
    free(entries);
    free(copy);
    free(other);
}

static void an_empty_index_finds_nothing(void **state)
{
    (void)state;
    struct postings postings;
    size_t count;
    assert_ok(postings_init(&postings, &mem_libc, NULL, NULL, 0));
    assert_null(postings_find(&postings, 7, &count));
    assert_int_equal(count, 0);
    assert_null(postings_of(&postings, 7, 0));
    postings_deinit(&postings);
}

static void the_ends_of_the_hash_range_are_found(void **state)
{
    (void)state;
    struct posting_entry entries[] = {{UINT32_MAX, 0, 1, 0}, {0, 0, 2, 0},
        {0, 1, 3, 0}, {UINT32_MAX - 1, 1, 4, 0}};
    struct posting_entry other[4];
    struct postings postings;
    size_t count;
    assert_ok(postings_init(&postings, &mem_libc, entries, other, 4));
    assert_non_null(postings_find(&postings, 0, &count));
    assert_int_equal(count, 2);
    assert_int_equal(postings_of(&postings, UINT32_MAX, 0)->core, 1);
    assert_int_equal(postings_of(&postings, UINT32_MAX - 1, 1)->core, 4);
    assert_null(postings_of(&postings, 1, 0));
    postings_deinit(&postings);
}

static int build(const struct mem *mem, void *ud)
{
    (void)ud;
    struct posting_entry entries[] = {{7, 0, 1, 0}, {9, 0, 1, 0}};
    struct posting_entry other[2];
    struct postings postings;
    int err = postings_init(&postings, mem, entries, other, 2);
    postings_deinit(&postings);
    return err;
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    test_each_allocation_fails(build, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_term_is_found_with_its_documents),
        cmocka_unit_test(an_empty_index_finds_nothing),
        cmocka_unit_test(the_ends_of_the_hash_range_are_found),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
