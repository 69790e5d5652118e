/*
 * fuzz_passages.c - any bytes have passages; they lie within the text, one
 * behind the other, and none is empty.
 */
#include "base/err.h"
#include "decide/passages.h"
#include "fuzz/fuzz.h"

static void read_all(struct str text, enum passages_source source)
{
    struct passages passages;
    struct passage passage;
    const char *end = text.at;
    passages_init(&passages, text, source);
    while (passages_next(&passages, &passage)) {
        FUZZ_REQUIRE(passage.text.size > 0);
        FUZZ_REQUIRE(passage.text.at >= end);
        end = passage.text.at + passage.text.size;
        FUZZ_REQUIRE(end <= text.at + text.size);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str bytes = {(const char *)data, size};
    struct buf mended;
    buf_init(&mended, &mem_libc);
    FUZZ_REQUIRE(passages_mend(&mended, bytes) == NDF_OK);
    read_all(buf_str(&mended), PASSAGES_DESCRIPTION);
    read_all(bytes, PASSAGES_BODY);
    buf_deinit(&mended);
    return 0;
}
