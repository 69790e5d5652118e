/*
 * fuzz_yaml.c - what is read from YAML is a value that JSON can carry.
 */
#include "base/json.h"
#include "base/yaml.h"
#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct value *values = NULL;
    size_t count = 0;
    ndf_error error = {0};
    arena_init(&arena, &mem_libc);
    int err = yaml_parse(&arena, (struct str){(const char *)data, size},
        &values, &count, &error);
    FUZZ_REQUIRE(err == NDF_OK || (err == error.code && count == 0));
    for (size_t i = 0; i < count; i++) {
        struct buf text;
        struct value again;
        buf_init(&text, &mem_libc);
        json_write(&text, &values[i]);
        FUZZ_REQUIRE(value_depth(&values[i]) <= VALUE_DEPTH_MAX);
        FUZZ_REQUIRE(
            json_parse(&arena, buf_str(&text), &again, &error) == NDF_OK);
        FUZZ_REQUIRE(value_equal(&values[i], &again));
        buf_deinit(&text);
    }
    arena_deinit(&arena);
    return 0;
}
