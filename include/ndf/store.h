/*
 * ndf/store.h - keeping the store of an engine: export and import, check, copy,
 * clean-up, and bytes of the host's own. Part of ndf/ndf.h, which says what an
 * engine and a text are, and how all calls behave.
 */
#ifndef NDF_STORE_H
#define NDF_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "ndf/error.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ndf_engine ndf_engine;
typedef struct ndf_text ndf_text;

/* Writes a piece of an export; not 0 stops it (NDF_ECANCELLED). */
typedef int (*ndf_write_fn)(void *ud, const char *bytes, size_t size);

/* Everything in the store as JSON Lines, lossless. NDF_ECORRUPT, at the end:
 * damaged rows were left out; error says how many. */
NDF_API int ndf_export(
    ndf_engine *engine, ndf_write_fn write, void *ud, ndf_error *error);
/* Reads one line of an export; what is there already stays. A store file that
 * took lines must be trusted anew (ndf_trust_folder) before it runs anything.
 */
NDF_API int ndf_import_line(
    ndf_engine *engine, const char *line, size_t size, ndf_error *error);
/* Walks every record, checksum and chain. *report: {ok, runs, records,
 * problems: [...]}; NDF_OK also when there are problems. */
NDF_API int ndf_check(ndf_engine *engine, ndf_text **report, ndf_error *error);
/* A consistent copy while others write. NDF_EEXISTS when path is there;
 * NDF_ECORRUPT: it was copied, but the store is damaged, and so the copy. */
NDF_API int ndf_backup(ndf_engine *engine, const char *path, ndf_error *error);
/* Removes what is older than before_ms (wall time): ended runs with their
 * journals, outcomes and files, outcomes of no run, last turns of sessions, and
 * every stored document, snapshot and output that nothing refers to any more.
 * Counts stay, what was learned until ndf_learn_rebuild, and so do runs that
 * have not ended, that somebody is at work on, or that have a newer outcome.
 * Sweeps, too, what killed processes left in files of runs that ended or were
 * never recorded (folders). Not while an export is being read in
 * (ndf_import_line). *report (may be NULL): {runs, outcomes, contents, bytes,
 * folders}: what went. NDF_ECORRUPT: the store is damaged, so what refers to
 * what cannot be told. */
NDF_API int ndf_cleanup(
    ndf_engine *engine, int64_t before_ms, ndf_text **report, ndf_error *error);

/* Makes what selecting needs of all patterns now, and keeps it in a file beside
 * the store (PATH.index; not of a store in memory), which a later ndf_open uses
 * as long as no pattern or agent changed. It is only a copy of what can be
 * computed: it may be removed at any time, and one that is damaged or old is
 * made anew. The first selection of an engine that took long to get ready keeps
 * it by itself. That it cannot be written is no error: the report says so.
 * *report (may be NULL): {patterns, us (what it took), written, bytes (of the
 * file), path, problem (why none was written, or the old one was no use)}.
 * NDF_ECORRUPT, NDF_EIO, NDF_ENOMEM. */
NDF_API int ndf_compile(
    ndf_engine *engine, ndf_text **report, ndf_error *error);

/* Bytes that the host keeps in the store under a name of its own (1 to 512
 * bytes); durable when it returns; replaces. bytes NULL removes
 * (NDF_ENOTFOUND). NDF_ELIMIT: over 64 MiB. */
NDF_API int ndf_keep(ndf_engine *engine, const char *name, const void *bytes,
    size_t size, ndf_error *error);
/* NDF_ENOTFOUND. */
NDF_API int ndf_kept(
    ndf_engine *engine, const char *name, ndf_text **out, ndf_error *error);
/* The names, a JSON array, sorted. */
NDF_API int ndf_kept_names(
    ndf_engine *engine, ndf_text **out, ndf_error *error);

#ifdef __cplusplus
}
#endif
#endif
