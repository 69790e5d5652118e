/*
 * test_journal.c - the checksum and the chain notice every change.
 */
#include <string.h>

#include "store/journal.h"
#include "support/support.h"

static const struct store_record example = {
    .run = {"run-1", 5},
    .seq = 4,
    .kind = {"intent", 6},
    .at_ms = 1234567890123,
    .body = {"{\"step\":\"scan\"}", 15},
};

static struct store_record sealed(uint8_t before[STORE_HASH_SIZE])
{
    struct store_record record = example;
    journal_start(record.run, before);
    journal_seal(before, &record);
    return record;
}

static void a_sealed_record_is_right(void **state)
{
    (void)state;
    uint8_t before[STORE_HASH_SIZE];
    struct store_record record = sealed(before);
    assert_ok(journal_verify(before, &record, NULL));
}

static void every_change_is_noticed(void **state)
{
    (void)state;
    uint8_t before[STORE_HASH_SIZE];
    const struct store_record good = sealed(before);
    struct store_record bad[9];
    for (size_t i = 0; i < 9; i++)
        bad[i] = good;
    bad[0].run = STR("run-2");
    bad[1].seq++;
    bad[2].kind = STR("result");
    bad[3].at_ms--;
    bad[4].body = STR("{\"step\":\"scam\"}");
    bad[5].sum ^= 1;
    bad[6].chain[31] ^= 1;
    /* The same bytes in a row, cut at other places. */
    bad[7].run = STR("run-1i");
    bad[7].kind = STR("ntent");
    bad[8].kind = STR("intent{");
    bad[8].body = STR("\"step\":\"scan\"}");
    for (size_t i = 0; i < 9; i++) {
        ndf_error error;
        assert_int_equal(journal_verify(before, &bad[i], &error), NDF_ECORRUPT);
        assert_non_null(strstr(error.message, "journal of run run-"));
    }
}

static void another_predecessor_is_noticed_by_the_chain_alone(void **state)
{
    (void)state;
    uint8_t before[STORE_HASH_SIZE];
    struct store_record record = sealed(before);
    ndf_error error;
    before[0] ^= 1;
    assert_int_equal(journal_verify(before, &record, &error), NDF_ECORRUPT);
    assert_non_null(strstr(error.message, "chain"));
}

static void the_sums_never_change(void **state)
{
    /* A store written today must be readable by every later version. */
    (void)state;
    uint8_t before[STORE_HASH_SIZE];
    struct store_record record = sealed(before);
    static const uint8_t start[4] = {0x4e, 0x65, 0xd3, 0xfb};
    static const uint8_t link[4] = {0x86, 0xb4, 0x71, 0x21};
    assert_memory_equal(before, start, sizeof start);
    assert_int_equal((uint64_t)record.sum, 0x40eea006fabd4670);
    assert_memory_equal(record.chain, link, sizeof link);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sealed_record_is_right),
        cmocka_unit_test(every_change_is_noticed),
        cmocka_unit_test(another_predecessor_is_noticed_by_the_chain_alone),
        cmocka_unit_test(the_sums_never_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
