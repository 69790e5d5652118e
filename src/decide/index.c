/*
 * index.c - see index.h.
 */
#include "decide/index.h"

#include "decide/scan.h"

struct index {
    const struct mem *mem;
    struct scan *scan;
};

int index_new(struct index **out, const struct mem *mem,
    const struct index_rule *rules, size_t count,
    const struct index_options *options, ndf_error *error)
{
    *out = NULL;
    (void)options;
    struct index *index = mem_calloc(mem, 1, sizeof *index);
    if (index == NULL) return err_set(error, NDF_ENOMEM, "out of memory");
    index->mem = mem;
    int err = scan_new(&index->scan, mem, rules, count, error);
    if (err != NDF_OK) index_free(index);
    else *out = index;
    return err;
}

void index_free(struct index *index)
{
    if (index == NULL) return;
    scan_free(index->scan);
    mem_free(index->mem, index, sizeof *index);
}

int index_match(const struct index *index, const struct context *context,
    struct arena *arena, struct index_matches *out)
{
    return scan_match(index->scan, context, arena, out);
}
