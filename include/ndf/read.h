/*
 * ndf/read.h - what there is, as documents: lists, single things, counts,
 * metrics. Part of ndf/ndf.h, which says what an engine and a text are, and how
 * all calls behave.
 */
#ifndef NDF_READ_H
#define NDF_READ_H

#include <stddef.h>

#include "ndf/error.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ndf_engine ndf_engine;
typedef struct ndf_text ndf_text;

enum ndf_list_kind {
    NDF_LIST_PATTERNS = 1,
    NDF_LIST_AGENTS,
    NDF_LIST_RUNS,
    NDF_LIST_SOURCES,
    NDF_LIST_OUTCOMES, /* as ndf_record takes them, with `run` if of one; also
                          removals and resets, by their evidence */
};

/* A JSON array, by name (runs and outcomes: newest first), at most limit (0:
 * all). */
NDF_API int ndf_list(ndf_engine *engine, int kind, size_t limit, ndf_text **out,
    ndf_error *error);
/* One agent, pattern or run (by id or its unambiguous start), whole. A run that
 * waits for approval is in the state `waiting`, as in lists, and has asks: the
 * ids of the steps, "" for the run as a whole. */
NDF_API int ndf_show(
    ndf_engine *engine, const char *name, ndf_text **out, ndf_error *error);
/* Executions, success, confidence: of all (pattern NULL) or of one. */
NDF_API int ndf_stats(
    ndf_engine *engine, const char *pattern, ndf_text **out, ndf_error *error);
/* Counters and histograms of this engine since it was opened; among them
 * preservation_permille, how much of the context runs that ended here kept, in
 * thousandths; and lookup_cache: {size, entries, bytes, hits, misses, hit_rate
 * (null before the first look), busy (misses because another thread was at it),
 * evictions, expired, too_large, oldest_ms, note: what it is used for}. */
NDF_API int ndf_metrics(ndf_engine *engine, ndf_text **out);

/* The JSON Schema (2020-12) of NDF's files. Static. */
NDF_API const char *ndf_schema(void);

#ifdef __cplusplus
}
#endif
#endif
