/*
 * api.h - what the tests of the public API share.
 */
#ifndef NDF_TESTS_API_H
#define NDF_TESTS_API_H

#include <jansson.h>
#include <string.h>

#include "ndf/ndf.h"

#include "support/support.h"

/* A folder with an engine on a store in it; home is inside too. */
struct fixture {
    struct test_dir dir;
    char store[320];
    char home[320];
    ndf_engine *engine;
    ndf_error error;
};

void fixture_open(struct fixture *fixture);
/* Closes and opens again. */
void fixture_reopen(struct fixture *fixture);
void fixture_close(struct fixture *fixture);

void fixture_register(struct fixture *fixture, const char *yaml);
/* {"text": text}, or any context as JSON when it begins with '{'. */
ndf_context *fixture_context(struct fixture *fixture, const char *text);
/* Runs a pattern to its end; the state. *id (64 bytes) may be NULL. */
int fixture_run(struct fixture *fixture, const char *pattern,
    const char *context, char *id);
/* The document of ndf_show, to be freed by json_decref. */
json_t *fixture_show(struct fixture *fixture, const char *name);
json_t *parse_text(ndf_text *text);
/* The string at a path like "body/status" of an object; "" when absent. */
const char *string_at(const json_t *object, const char *path);
/* The n-th record of a kind in a shown run, or NULL. */
json_t *record_of(const json_t *shown, const char *kind, size_t n);

#endif
