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
 * wrong one was chosen, the right pattern (should, else NULL). If the run has
 * the last turn of its session, follow-ups go to the right one from now on. */
NDF_API int ndf_rate(ndf_engine *engine, const char *run, int verdict,
    const char *should, ndf_error *error);
/* Reports an outcome that happened outside: {pattern, domain?, text?, result:
 * success|failure|unknown, evidence?, should?, none?, follow_up?, latency_ms?,
 * cost?}; or an array of them, all or none, in one transaction. none: true says
 * that no pattern or agent was right for the text: pattern and result may be
 * left out, and nothing is counted. follow_up: true says that the text has no
 * words of its own ("try again"): they teach nothing. */
NDF_API int ndf_record(
    ndf_engine *engine, const char *json, size_t size, ndf_error *error);

/* Forgets the counts of a pattern, in all domains; its outcomes stay in the
 * history. NDF_ENOTFOUND. */
NDF_API int ndf_reset(
    ndf_engine *engine, const char *pattern, ndf_error *error);

/* What was learned of which tasks are whose: {number, lessons, classes,
 * features, weights, examples, bytes, bytes_max, checkpoint: {path, number,
 * bytes}?, problem?, reliability: [{from, to, count, fit, right}, ...]}.
 * number: of the last outcome that was learned; checkpoint: the file beside the
 * store (PATH.learned) that spares learning all anew; problem: why it could not
 * be used, or what could not be learned. reliability: in each of 15 equal
 * ranges of fit, how many choices there were, what fit they had on average, and
 * how many of them were right (count fades, and may be a fraction). */
NDF_API int ndf_learned(ndf_engine *engine, ndf_text **out, ndf_error *error);
/* Learns everything anew from the outcomes in the store, takes that over, and
 * writes the checkpoint. *out (may be NULL): {number, lessons, same, hash};
 * same: it is what was known before, byte for byte; hash: SHA-256 of it. What
 * outcomes taught that a clean-up removed is forgotten. */
NDF_API int ndf_learn_rebuild(
    ndf_engine *engine, ndf_text **out, ndf_error *error);
/* Takes the outcomes of another store (a file, which is only read) that are not
 * here, puts all in the order of their time, and learns and counts everything
 * anew from them: the same, whichever of two stores takes from which. Counts
 * whose outcomes a clean-up removed are lost by that. texts 0: the tasks'
 * texts stay behind; what is learned from them (hashes of their words) comes
 * along. Runs do not; their outcomes keep their ids. *out (may be NULL):
 * {taken, known}. NDF_ENOTFOUND, NDF_EINVAL (it is this store itself), store
 * errors. */
NDF_API int ndf_learn_merge(ndf_engine *engine, const char *path, int texts,
    ndf_text **out, ndf_error *error);

#ifdef __cplusplus
}
#endif
#endif
