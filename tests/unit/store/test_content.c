/*
 * test_content.c - packing, unpacking, and what a damaged content does.
 */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "store/content.h"
#include "support/support.h"

static struct content_row packed(struct buf *scratch, struct str bytes)
{
    struct content_row row;
    assert_ok(content_pack(scratch, bytes, &row, NULL));
    return row;
}

static void assert_comes_back(const struct content_row *row, struct str bytes)
{
    struct arena arena;
    struct str again;
    arena_init(&arena, &mem_libc);
    assert_ok(content_unpack(&arena, row, &again, NULL));
    assert_true(str_equal(again, bytes));
    assert_int_equal(again.at[again.size], '\0');
    arena_deinit(&arena);
}

static void every_size_comes_back(void **state)
{
    (void)state;
    static const size_t sizes[] = {
        0, 1, CONTENT_PACK_MIN - 1, CONTENT_PACK_MIN, 100000};
    char *bytes = calloc(1, 100000);
    struct buf scratch;
    buf_init(&scratch, &mem_libc);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct str s = {bytes, sizes[i]};
        struct content_row row = packed(&scratch, s);
        assert_comes_back(&row, s);
        assert_int_equal(row.codec,
            sizes[i] < CONTENT_PACK_MIN ? CONTENT_RAW : CONTENT_ZSTD);
    }
    struct content_row none = packed(&scratch, (struct str){NULL, 0});
    assert_comes_back(&none, STR(""));
    buf_deinit(&scratch);
    free(bytes);
}

static void what_does_not_shrink_stays_as_it_is(void **state)
{
    (void)state;
    uint8_t noise[4096];
    for (size_t i = 0; i < sizeof noise; i += 32) {
        struct str seed = {(const char *)&i, sizeof i};
        hash_sha256(&seed, 1, noise + i);
    }
    struct str s = {(const char *)noise, sizeof noise};
    struct buf scratch;
    buf_init(&scratch, &mem_libc);
    struct content_row row = packed(&scratch, s);
    assert_int_equal(row.codec, CONTENT_RAW);
    assert_ptr_equal(row.body.at, s.at);
    assert_comes_back(&row, s);
    buf_deinit(&scratch);
}

static void assert_damaged(const struct content_row *row)
{
    struct arena arena;
    struct str bytes;
    ndf_error error;
    arena_init(&arena, &mem_libc);
    assert_int_equal(content_unpack(&arena, row, &bytes, &error), NDF_ECORRUPT);
    assert_null(bytes.at);
    assert_true(arena.bytes < 1024 * 1024);
    arena_deinit(&arena);
}

static void damage_is_found_before_memory_is_taken(void **state)
{
    (void)state;
    char bytes[2000] = {0};
    struct buf scratch;
    buf_init(&scratch, &mem_libc);
    const struct content_row good =
        packed(&scratch, (struct str){bytes, sizeof bytes});
    struct content_row row = good;
    row.size = INT64_MAX;
    assert_damaged(&row);
    row.size = -1;
    assert_damaged(&row);
    row.size = STORE_BODY_MAX;
    assert_damaged(&row);
    row.size = good.size - 1;
    assert_damaged(&row);
    row = good;
    row.codec = CONTENT_RAW;
    assert_damaged(&row);
    row.codec = 7;
    assert_damaged(&row);
    row = good;
    row.hash[0] ^= 1;
    assert_damaged(&row);
    row = good;
    row.body.size--;
    assert_damaged(&row);
    row.body.size = 0;
    assert_damaged(&row);
    buf_deinit(&scratch);
}

static void one_byte_over_the_limit_is_refused(void **state)
{
    (void)state;
    struct buf scratch;
    struct content_row row;
    ndf_error error;
    buf_init(&scratch, &mem_libc);
    struct str s = {"", (size_t)STORE_BODY_MAX + 1};
    assert_int_equal(content_pack(&scratch, s, &row, &error), NDF_ELIMIT);
    buf_deinit(&scratch);
}

static int pack_and_unpack(const struct mem *mem, void *ud)
{
    (void)ud;
    char bytes[2000] = {0};
    struct buf scratch;
    struct arena arena;
    struct content_row row;
    struct str again;
    buf_init(&scratch, mem);
    arena_init(&arena, mem);
    int err =
        content_pack(&scratch, (struct str){bytes, sizeof bytes}, &row, NULL);
    if (err == NDF_OK) err = content_unpack(&arena, &row, &again, NULL);
    buf_deinit(&scratch);
    arena_deinit(&arena);
    return err;
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    test_each_allocation_fails(pack_and_unpack, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_size_comes_back),
        cmocka_unit_test(what_does_not_shrink_stays_as_it_is),
        cmocka_unit_test(damage_is_found_before_memory_is_taken),
        cmocka_unit_test(one_byte_over_the_limit_is_refused),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
