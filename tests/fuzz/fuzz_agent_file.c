/*
 * fuzz_agent_file.c - an agent that was read from a file can be kept.
 */
#include "base/json.h"
#include "fuzz/fuzz.h"
#include "model/agent_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct agent agent;
    ndf_error warning;
    ndf_error error = {0};
    arena_init(&arena, &mem_libc);
    int err = agent_file_decode(&arena, (struct str){(const char *)data, size},
        STR("stem"), &agent, &warning, &error);
    FUZZ_REQUIRE(err == NDF_OK || err == error.code);
    if (err == NDF_OK) {
        struct value written;
        struct value parsed;
        struct agent again;
        struct buf text;
        buf_init(&text, &mem_libc);
        FUZZ_REQUIRE(agent_encode(&arena, &agent, &written) == NDF_OK);
        json_write(&text, &written);
        FUZZ_REQUIRE(
            json_parse(&arena, buf_str(&text), &parsed, &error) == NDF_OK);
        FUZZ_REQUIRE(agent_decode(&arena, &parsed, &again, &error) == NDF_OK);
        FUZZ_REQUIRE(str_equal(agent.name, again.name));
        FUZZ_REQUIRE(str_equal(agent.body, again.body));
        buf_deinit(&text);
    }
    arena_deinit(&arena);
    return 0;
}
