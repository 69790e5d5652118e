/*
 * trusted.c - the trust list as a document.
 */
#include "engine/engine.h"

int ndf_trust_list(ndf_engine *engine, ndf_text **out, ndf_error *error)
{
    *out = NULL;
    int err = engine_check(engine, error);
    if (err != NDF_OK) return err;
    if (error != NULL) error->code = NDF_OK;
    struct arena arena;
    arena_init(&arena, &engine->mem);
    struct value list = value_of_array();
    err = trust_list(&engine->trust, &arena, &list, error);
    if (err == NDF_OK) err = text_of_value(out, &engine->mem, &list);
    arena_deinit(&arena);
    return engine_explain(err, "the trust list", error);
}
