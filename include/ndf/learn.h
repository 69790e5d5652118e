/*
 * ndf/learn.h - what an engine learns from: verdicts and outcomes. Part of
 * ndf/ndf.h, which says what an engine and a text are, and how all calls
 * behave.
 */
#ifndef NDF_LEARN_H
#define NDF_LEARN_H

#include <stddef.h>
#include <stdint.h>

#include "ndf/error.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ndf_engine ndf_engine;
typedef struct ndf_text ndf_text;

enum ndf_verdict { NDF_VERDICT_GOOD = 1, NDF_VERDICT_BAD };

/* A person's word on a run: verdict (enum ndf_verdict, 0: none) and, when the
 * wrong one was chosen, the right pattern (should, else NULL). */
NDF_API int ndf_rate(ndf_engine *engine, const char *run, int verdict,
    const char *should, ndf_error *error);
/* Reports an outcome that happened outside: {pattern, domain?, text?, result:
 * success|failure|unknown, evidence?, should?, latency_ms?, cost?}; or an array
 * of them, all or none, in one transaction. */
NDF_API int ndf_record(
    ndf_engine *engine, const char *json, size_t size, ndf_error *error);

/* Forgets the counts of a pattern, in all domains; its outcomes stay in the
 * history. NDF_ENOTFOUND. */
NDF_API int ndf_reset(
    ndf_engine *engine, const char *pattern, ndf_error *error);

#ifdef __cplusplus
}
#endif
#endif
