/*
 * test_content.c - packing, unpacking, and what a damaged content does.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "store/content.h"
#include "support/support.h"

static struct content_row packed(
    struct content_packer *packer, struct str bytes)
{
    struct content_row row;
    assert_ok(content_pack(packer, bytes, &row, NULL));
    return row;
}

static int unpacked(struct arena *arena, const struct content_row *row,
    struct str *bytes, ndf_error *error)
{
    struct content_unpacker unpacker;
    content_unpacker_init(&unpacker);
    int err = content_unpack(&unpacker, arena, row, bytes, error);
    content_unpacker_deinit(&unpacker);
    return err;
}

static void assert_comes_back(const struct content_row *row, struct str bytes)
{
    struct arena arena;
    struct str again;
    arena_init(&arena, &mem_libc);
    assert_ok(unpacked(&arena, row, &again, NULL));
    assert_true(str_equal(again, bytes));
    assert_int_equal(again.at[again.size], '\0');
    arena_deinit(&arena);
}

static void every_size_comes_back(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, CONTENT_PACK_MIN - 1, CONTENT_PACK_MIN,
        CONTENT_DICT_MAX, CONTENT_DICT_MAX + 1, 100000};
    char *bytes = calloc(1, 100000);
    struct content_packer packer;
    content_packer_init(&packer, &mem_libc);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct str s = {bytes, sizes[i]};
        struct content_row row = packed(&packer, s);
        assert_comes_back(&row, s);
        assert_int_equal(row.codec, sizes[i] < CONTENT_PACK_MIN ? CONTENT_RAW
                                    : sizes[i] <= CONTENT_DICT_MAX
                                        ? CONTENT_ZSTD_DICT
                                        : CONTENT_ZSTD);
    }
    struct content_row none = packed(&packer, (struct str){NULL, 0});
    assert_comes_back(&none, STR(""));
    content_packer_deinit(&packer);
    free(bytes);
}

/* As the registry of a host keeps them. */
static const char small_document[] =
    "{\"description\":\"Test pattern 7\",\"pattern\":\"test_pattern_7\","
    "\"steps\":[{\"step_7_1\":{\"agent\":\"step_7_1\"}},"
    "{\"step_7_2\":{\"agent\":\"step_7_2\"}}]}";

static void a_small_document_takes_less_than_half(void **state)
{
    (void)state;
    struct str document = str_of(small_document);
    struct content_packer packer;
    content_packer_init(&packer, &mem_libc);
    struct content_row row = packed(&packer, document);
    assert_int_equal(row.codec, CONTENT_ZSTD_DICT);
    assert_true(row.body.size < document.size / 2);
    assert_comes_back(&row, document);
    content_packer_deinit(&packer);
}

/* What is packed today must be readable for ever: so the dictionary may not
 * change. */
static void the_dictionary_is_the_one_that_stores_were_written_with(
    void **state)
{
    (void)state;
    struct str words = content_dictionary_1();
    uint8_t hash[STORE_HASH_SIZE];
    char hex[HASH_HEX_SIZE];
    hash_sha256(&words, 1, hash);
    hash_hex(hash, sizeof hash, hex);
    assert_string_equal(hex,
        "0e2cd124a14284f7cc53192676d7b17a59de4b3c09011cf545ab13bc748ca1a6");
}

enum { THREADS = 4, ROUNDS = 500 };

struct shared {
    struct content_unpacker unpacker;
    struct content_row row;
    struct str document;
};

static void *unpack_many(void *ud)
{
    struct shared *shared = ud;
    for (int i = 0; i < ROUNDS; i++) {
        struct arena arena;
        struct str again;
        arena_init(&arena, &mem_libc);
        int err = content_unpack(
            &shared->unpacker, &arena, &shared->row, &again, NULL);
        bool same = err == NDF_OK && str_equal(again, shared->document);
        arena_deinit(&arena);
        if (!same) return shared;
    }
    return NULL;
}

static void threads_share_an_unpacker(void **state)
{
    (void)state;
    struct content_packer packer;
    content_packer_init(&packer, &mem_libc);
    struct shared shared = {.document = str_of(small_document)};
    shared.row = packed(&packer, shared.document);
    content_unpacker_init(&shared.unpacker);
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(
            pthread_create(&threads[i], NULL, unpack_many, &shared), 0);
    for (int i = 0; i < THREADS; i++) {
        void *failed;
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
    content_unpacker_deinit(&shared.unpacker);
    content_packer_deinit(&packer);
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
    struct content_packer packer;
    content_packer_init(&packer, &mem_libc);
    struct content_row row = packed(&packer, s);
    assert_int_equal(row.codec, CONTENT_RAW);
    assert_ptr_equal(row.body.at, s.at);
    assert_comes_back(&row, s);
    content_packer_deinit(&packer);
}

static void assert_damaged(const struct content_row *row)
{
    struct arena arena;
    struct str bytes;
    ndf_error error;
    arena_init(&arena, &mem_libc);
    assert_int_equal(unpacked(&arena, row, &bytes, &error), NDF_ECORRUPT);
    assert_null(bytes.at);
    assert_true(arena.bytes < 1024 * 1024);
    arena_deinit(&arena);
}

static void damage_is_found_before_memory_is_taken(void **state)
{
    (void)state;
    char bytes[2000] = {0};
    struct content_packer packer;
    content_packer_init(&packer, &mem_libc);
    const struct content_row good =
        packed(&packer, (struct str){bytes, sizeof bytes});
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
    row.codec = CONTENT_ZSTD_DICT + 1;
    assert_damaged(&row);
    row = good;
    row.hash[0] ^= 1;
    assert_damaged(&row);
    row = good;
    row.body.size--;
    assert_damaged(&row);
    row.body.size = 0;
    assert_damaged(&row);
    /* Of words that only the dictionary has. */
    row = packed(&packer, str_of(small_document));
    row.codec = CONTENT_ZSTD;
    assert_damaged(&row);
    content_packer_deinit(&packer);
}

static void one_byte_over_the_limit_is_refused(void **state)
{
    (void)state;
    struct content_packer packer;
    struct content_row row;
    ndf_error error;
    content_packer_init(&packer, &mem_libc);
    struct str s = {"", (size_t)STORE_BODY_MAX + 1};
    assert_int_equal(content_pack(&packer, s, &row, &error), NDF_ELIMIT);
    content_packer_deinit(&packer);
}

static int pack_and_unpack(const struct mem *mem, void *ud)
{
    (void)ud;
    char bytes[2000] = {0};
    struct content_packer packer;
    struct arena arena;
    struct content_row row;
    struct str again;
    content_packer_init(&packer, mem);
    arena_init(&arena, mem);
    int err =
        content_pack(&packer, (struct str){bytes, sizeof bytes}, &row, NULL);
    if (err == NDF_OK) err = unpacked(&arena, &row, &again, NULL);
    content_packer_deinit(&packer);
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
        cmocka_unit_test(a_small_document_takes_less_than_half),
        cmocka_unit_test(
            the_dictionary_is_the_one_that_stores_were_written_with),
        cmocka_unit_test(threads_share_an_unpacker),
        cmocka_unit_test(what_does_not_shrink_stays_as_it_is),
        cmocka_unit_test(damage_is_found_before_memory_is_taken),
        cmocka_unit_test(one_byte_over_the_limit_is_refused),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
