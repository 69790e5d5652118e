/*
 * test_mem.c - tests of base/mem, base/buf and base/vec.
 */
#include <string.h>

#include "base/buf.h"
#include "base/vec.h"
#include "support/support.h"

static void nothing_is_allocated_for_size_zero(void **state)
{
    (void)state;
    assert_null(mem_alloc(&mem_libc, 0));
    assert_null(mem_calloc(&mem_libc, 0, 8));
    mem_free(&mem_libc, NULL, 8);
}

static void a_product_that_overflows_is_refused(void **state)
{
    (void)state;
    assert_null(mem_calloc(&mem_libc, SIZE_MAX / 2, 3));
    struct arena arena;
    arena_init(&arena, &mem_libc);
    assert_null(arena_calloc(&arena, SIZE_MAX / 2, 3));
    assert_null(arena_alloc(&arena, SIZE_MAX));
    assert_null(arena_alloc(&arena, SIZE_MAX - 64));
    assert_null(arena_str(&arena, (struct str){"", SIZE_MAX}).at);
    arena_deinit(&arena);
}

static void a_cleared_block_is_zero_and_keeps_its_content_when_resized(
    void **state)
{
    (void)state;
    struct test_mem test;
    test_mem_init(&test, -1);
    unsigned char *at = mem_calloc(&test.mem, 4, 4);
    for (size_t i = 0; i < 16; i++)
        assert_int_equal(at[i], 0);
    at[15] = 7;
    at = mem_resize(&test.mem, at, 16, 4096);
    assert_int_equal(at[15], 7);
    assert_int_equal(test.live, 4096);
    mem_free(&test.mem, at, 4096);
    assert_int_equal(test.live, 0);
}

static void an_array_doubles_and_stays_as_it_was_when_memory_is_out(
    void **state)
{
    (void)state;
    struct test_mem test;
    test_mem_init(&test, 1);
    void *array = NULL;
    size_t capacity = 0;
    assert_ok(mem_grow(&test.mem, &array, &capacity, 1, 4));
    assert_int_equal(capacity, 8);
    assert_ok(mem_grow(&test.mem, &array, &capacity, 8, 4));
    void *before = array;
    int err = mem_grow(&test.mem, &array, &capacity, 9, 4);
    assert_int_equal(err, NDF_ENOMEM);
    assert_ptr_equal(array, before);
    assert_int_equal(capacity, 8);
    test.left = -1;
    assert_ok(mem_grow(&test.mem, &array, &capacity, 9, 4));
    assert_int_equal(capacity, 16);
    err = mem_grow(&test.mem, &array, &capacity, SIZE_MAX / 4, 4);
    assert_int_equal(err, NDF_ENOMEM);
    mem_free(&test.mem, array, capacity * 4);
    assert_int_equal(test.live, 0);
}

static void an_arena_gives_aligned_zeroed_memory_that_stays_put(void **state)
{
    (void)state;
    struct test_mem test;
    test_mem_init(&test, -1);
    struct arena arena;
    arena_init(&arena, &test.mem);
    assert_int_equal(test.live, 0);
    unsigned char *blocks[500];
    for (size_t i = 0; i < 500; i++) {
        blocks[i] = arena_alloc(&arena, i);
        assert_int_equal((uintptr_t)blocks[i] % _Alignof(max_align_t), 0);
        for (size_t k = 0; k < i; k++)
            assert_int_equal(blocks[i][k], 0);
        memset(blocks[i], (int)(i % 256), i);
    }
    for (size_t i = 1; i < 500; i++) {
        assert_int_equal(blocks[i][0], i % 256);
        assert_int_equal(blocks[i][i - 1], i % 256);
    }
    arena_deinit(&arena);
    assert_int_equal(test.live, 0);
    assert_non_null(arena_alloc(&arena, 1));
    arena_deinit(&arena);
}

static void a_large_block_does_not_waste_the_chunk_being_filled(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, &mem_libc);
    char *first = arena_alloc(&arena, 16);
    assert_non_null(arena_alloc(&arena, 1 << 20));
    char *second = arena_alloc(&arena, 16);
    assert_ptr_equal(second, first + 16);
    arena_deinit(&arena);
}

static void use_twenty_blocks(struct arena *arena)
{
    for (size_t i = 0; i < 20; i++) {
        unsigned char *at = arena_alloc(arena, 300);
        assert_non_null(at);
        for (size_t k = 0; k < 300; k++)
            assert_int_equal(at[k], 0);
        memset(at, 7, 300);
    }
}

static void an_arena_that_is_reset_needs_no_more_memory_for_the_same(
    void **state)
{
    (void)state;
    struct test_mem test;
    test_mem_init(&test, -1);
    struct arena arena;
    arena_init(&arena, &test.mem);
    arena_reset(&arena);
    assert_null(arena.chunks);
    use_twenty_blocks(&arena);
    arena_reset(&arena);
    long held = test.live;
    assert_true(held >= 20 * 300);
    test.left = 0;
    for (int i = 0; i < 3; i++) {
        use_twenty_blocks(&arena);
        arena_reset(&arena);
    }
    assert_int_equal(test.live, held);
    arena_deinit(&arena);
    assert_int_equal(test.live, 0);
}

static void an_arena_is_empty_when_there_is_no_memory_to_reset_it(void **state)
{
    (void)state;
    struct test_mem test;
    test_mem_init(&test, -1);
    struct arena arena;
    arena_init(&arena, &test.mem);
    use_twenty_blocks(&arena);
    test.left = 0;
    arena_reset(&arena);
    assert_int_equal(test.live, 0);
    test.left = -1;
    use_twenty_blocks(&arena);
    arena_deinit(&arena);
    assert_int_equal(test.live, 0);
}

static void texts_in_an_arena_end_with_a_nul(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, &mem_libc);
    struct str copy = arena_str(&arena, (struct str){"abcdef", 3});
    assert_str(copy, "abc");
    assert_int_equal(copy.at[3], '\0');
    assert_str(arena_str(&arena, (struct str){NULL, 0}), "");
    assert_str(arena_format(&arena, "%d-%s", 42, "x"), "42-x");
    int *numbers = arena_dup(&arena, (int[]){1, 2, 3}, 3 * sizeof(int));
    assert_int_equal(numbers[2], 3);
    arena_deinit(&arena);
}

static void a_buffer_is_always_a_text(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, &mem_libc);
    assert_str(buf_str(&buf), "");
    assert_non_null(buf_str(&buf).at);
    buf_add(&buf, "abc", 3);
    buf_add_char(&buf, '-');
    buf_add_str(&buf, STR("def"));
    buf_format(&buf, " %d%s", 7, "!");
    assert_str(buf_str(&buf), "abc-def 7!");
    assert_string_equal(buf.at, "abc-def 7!");
    char *room = buf_reserve(&buf, 100);
    memset(room, 'x', 100);
    buf.size += 100;
    assert_ok(buf_error(&buf));
    buf_reset(&buf);
    assert_string_equal(buf.at, "");
    buf_deinit(&buf);
}

static void a_failed_append_sticks_until_the_buffer_is_reset(void **state)
{
    (void)state;
    struct test_mem test;
    test_mem_init(&test, 0);
    struct buf buf;
    buf_init(&buf, &test.mem);
    buf_format(&buf, "%s", "lost");
    test.left = -1;
    buf_add_str(&buf, STR("lost too"));
    assert_int_equal(buf_error(&buf), NDF_ENOMEM);
    assert_str(buf_str(&buf), "");
    buf_reset(&buf);
    buf_add_str(&buf, STR("kept"));
    assert_ok(buf_error(&buf));
    assert_null(buf_reserve(&buf, SIZE_MAX - 2));
    assert_int_equal(buf_error(&buf), NDF_ENOMEM);
    assert_str(buf_str(&buf), "kept");
    buf_deinit(&buf);
    assert_int_equal(test.live, 0);
}

static void a_vector_grows_and_gives_items_back(void **state)
{
    (void)state;
    struct vec vec;
    vec_init(&vec, &mem_libc, sizeof(int));
    for (int i = 0; i < 100; i++) {
        int *item = vec_push(&vec);
        assert_int_equal(*item, 0);
        *item = i;
    }
    vec_remove(&vec, 0);
    vec_remove(&vec, 98);
    assert_int_equal(vec.count, 98);
    assert_int_equal(*(int *)vec_get(&vec, 0), 1);
    assert_int_equal(*(int *)vec_get(&vec, 97), 98);
    struct arena arena;
    arena_init(&arena, &mem_libc);
    const int *copy = vec_dup(&vec, &arena);
    vec_clear(&vec);
    assert_int_equal(vec.count, 0);
    assert_int_equal(*(int *)vec_push(&vec), 0);
    assert_int_equal(copy[97], 98);
    vec_clear(&vec);
    assert_non_null(vec_dup(&vec, &arena));
    arena_deinit(&arena);
    vec_deinit(&vec);
}

static int use_everything(const struct mem *mem, void *ud)
{
    (void)ud;
    int err = NDF_ENOMEM;
    struct arena arena;
    struct vec vec;
    struct buf buf;
    arena_init(&arena, mem);
    vec_init(&vec, mem, 24);
    buf_init(&buf, mem);
    for (size_t i = 0; i < 40; i++) {
        buf_format(&buf, "%zu,", i * i);
        if (vec_push(&vec) == NULL) goto done;
        if (arena_alloc(&arena, i * 100) == NULL) goto done;
    }
    if (arena_format(&arena, "%s", buf_str(&buf).at).at == NULL) goto done;
    if (vec_dup(&vec, &arena) == NULL) goto done;
    err = buf_error(&buf);
done:
    buf_deinit(&buf);
    vec_deinit(&vec);
    arena_deinit(&arena);
    return err;
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    test_each_allocation_fails(use_everything, NULL);
}

static void aligned_memory_begins_where_it_should(void **state)
{
    (void)state;
    enum { ALIGN = 64 };
    struct test_mem test;
    test_mem_init(&test, -1);
    for (size_t size = 1; size < 300; size += 7) {
        void *block;
        char *at = mem_alloc_aligned(&test.mem, size, ALIGN, &block);
        assert_non_null(at);
        assert_int_equal((uintptr_t)at % ALIGN, 0);
        memset(at, 1, size);
        mem_free(&test.mem, block, size + ALIGN);
    }
    assert_int_equal(test.live, 0);
    void *block = &test;
    assert_null(mem_alloc_aligned(&test.mem, SIZE_MAX - 1, ALIGN, &block));
    assert_null(block);
    assert_null(mem_alloc_aligned(&test.mem, 0, ALIGN, &block));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(aligned_memory_begins_where_it_should),
        cmocka_unit_test(nothing_is_allocated_for_size_zero),
        cmocka_unit_test(a_product_that_overflows_is_refused),
        cmocka_unit_test(
            a_cleared_block_is_zero_and_keeps_its_content_when_resized),
        cmocka_unit_test(
            an_array_doubles_and_stays_as_it_was_when_memory_is_out),
        cmocka_unit_test(an_arena_gives_aligned_zeroed_memory_that_stays_put),
        cmocka_unit_test(a_large_block_does_not_waste_the_chunk_being_filled),
        cmocka_unit_test(
            an_arena_that_is_reset_needs_no_more_memory_for_the_same),
        cmocka_unit_test(an_arena_is_empty_when_there_is_no_memory_to_reset_it),
        cmocka_unit_test(texts_in_an_arena_end_with_a_nul),
        cmocka_unit_test(a_buffer_is_always_a_text),
        cmocka_unit_test(a_failed_append_sticks_until_the_buffer_is_reset),
        cmocka_unit_test(a_vector_grows_and_gives_items_back),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
