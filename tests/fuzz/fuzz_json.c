/*
 * fuzz_json.c - what is read can be written and read again, with equal bytes.
 */
#include "base/json.h"
#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct value value;
    struct value again;
    struct buf canonical;
    struct buf other;
    ndf_error error = {0};
    arena_init(&arena, &mem_libc);
    buf_init(&canonical, &mem_libc);
    buf_init(&other, &mem_libc);
    int err = json_parse(
        &arena, (struct str){(const char *)data, size}, &value, &error);
    FUZZ_REQUIRE(err == NDF_OK || (err == error.code && error.line > 0));
    if (err == NDF_OK) {
        json_write(&canonical, &value);
        FUZZ_REQUIRE(value_size(&value) <= canonical.size);
        FUZZ_REQUIRE(
            json_parse(&arena, buf_str(&canonical), &again, &error) == NDF_OK);
        FUZZ_REQUIRE(value_equal(&value, &again));
        json_write(&other, &again);
        FUZZ_REQUIRE(str_equal(buf_str(&canonical), buf_str(&other)));
        buf_reset(&other);
        json_write_pretty(&other, &value);
        FUZZ_REQUIRE(
            json_parse(&arena, buf_str(&other), &again, &error) == NDF_OK);
        FUZZ_REQUIRE(value_equal(&value, &again));
    }
    buf_deinit(&canonical);
    buf_deinit(&other);
    arena_deinit(&arena);
    return 0;
}
