/*
 * text.c - the documents that the API hands out: one block, freed by the
 * allocator that made it.
 */
#include "engine/text.h"

#include <string.h>

#include "base/json.h"

struct ndf_text {
    struct mem mem;
    size_t size;
    char at[]; /* size bytes and a NUL */
};

int text_new(ndf_text **out, const struct mem *mem, struct str text)
{
    *out = NULL;
    ndf_text *copy = mem_alloc(mem, sizeof *copy + text.size + 1);
    if (copy == NULL) return NDF_ENOMEM;
    copy->mem = *mem;
    copy->size = text.size;
    if (text.size > 0) memcpy(copy->at, text.at, text.size);
    copy->at[text.size] = '\0';
    *out = copy;
    return NDF_OK;
}

int text_of_value(
    ndf_text **out, const struct mem *mem, const struct value *value)
{
    struct buf buf;
    buf_init(&buf, mem);
    json_write(&buf, value);
    int err = buf_error(&buf);
    *out = NULL;
    if (err == NDF_OK) err = text_new(out, mem, buf_str(&buf));
    buf_deinit(&buf);
    return err;
}

const char *ndf_text_data(const ndf_text *text)
{
    return text->at;
}

size_t ndf_text_size(const ndf_text *text)
{
    return text->size;
}

void ndf_text_free(ndf_text *text)
{
    if (text == NULL) return;
    struct mem mem = text->mem;
    mem_free(&mem, text, sizeof *text + text->size + 1);
}
