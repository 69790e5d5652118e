/*
 * api.c - see api.h.
 */
#include "api/api.h"

#include <stdio.h>

static void open_engine(struct fixture *fixture)
{
    ndf_options options = NDF_OPTIONS_INIT;
    options.path = fixture->store;
    options.home = fixture->home;
    options.seed = 7;
    int err = ndf_open(&fixture->engine, &options, &fixture->error);
    if (err != NDF_OK) fail_msg("%s", fixture->error.message);
}

void fixture_open(struct fixture *fixture)
{
    memset(fixture, 0, sizeof *fixture);
    test_dir_make(&fixture->dir);
    snprintf(
        fixture->store, sizeof fixture->store, "%s/ndf.db", fixture->dir.path);
    snprintf(fixture->home, sizeof fixture->home, "%s/home", fixture->dir.path);
    open_engine(fixture);
}

void fixture_reopen(struct fixture *fixture)
{
    ndf_close(fixture->engine);
    open_engine(fixture);
}

void fixture_close(struct fixture *fixture)
{
    ndf_close(fixture->engine);
    test_dir_remove(&fixture->dir);
}

void fixture_register(struct fixture *fixture, const char *yaml)
{
    int err =
        ndf_register(fixture->engine, yaml, strlen(yaml), 0, &fixture->error);
    if (err != NDF_OK) fail_msg("%s", fixture->error.message);
}

ndf_context *fixture_context(struct fixture *fixture, const char *text)
{
    json_t *made = text[0] == '{' ? NULL : json_pack("{s:s}", "text", text);
    char *json = made != NULL ? json_dumps(made, 0) : NULL;
    const char *source = json != NULL ? json : text;
    ndf_context *context;
    int err = ndf_context_new(
        fixture->engine, source, strlen(source), &context, &fixture->error);
    if (err != NDF_OK) fail_msg("%s", fixture->error.message);
    free(json);
    json_decref(made);
    return context;
}

int fixture_run(
    struct fixture *fixture, const char *pattern, const char *context, char *id)
{
    ndf_context *made = fixture_context(fixture, context);
    ndf_run_options options = NDF_RUN_OPTIONS_INIT;
    options.cwd = fixture->dir.path;
    ndf_run *run;
    int err = ndf_run_start(
        fixture->engine, pattern, made, &options, &run, &fixture->error);
    if (err != NDF_OK) fail_msg("%s", fixture->error.message);
    ndf_context_free(made);
    int state = -1;
    err = ndf_run_wait(run, 60000, &state, &fixture->error);
    if (err != NDF_OK) fail_msg("%s", fixture->error.message);
    if (id != NULL) snprintf(id, 64, "%s", ndf_run_id(run));
    ndf_run_free(run);
    return state;
}

json_t *parse_text(ndf_text *text)
{
    json_t *json = json_loadb(
        ndf_text_data(text), ndf_text_size(text), JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(json);
    ndf_text_free(text);
    return json;
}

json_t *fixture_show(struct fixture *fixture, const char *name)
{
    ndf_text *text;
    int err = ndf_show(fixture->engine, name, &text, &fixture->error);
    if (err != NDF_OK) fail_msg("%s", fixture->error.message);
    return parse_text(text);
}

const char *string_at(const json_t *object, const char *path)
{
    char key[64];
    while (object != NULL) {
        size_t size = strcspn(path, "/");
        snprintf(key, sizeof key, "%.*s", (int)size, path);
        object = json_object_get(object, key);
        if (path[size] == '\0') break;
        path += size + 1;
    }
    const char *text = json_string_value(object);
    return text != NULL ? text : "";
}

json_t *record_of(const json_t *shown, const char *kind, size_t n)
{
    size_t i;
    json_t *record;
    json_array_foreach(json_object_get(shown, "records"), i,
        record) if (strcmp(string_at(record, "kind"), kind) == 0 &&
                    n-- == 0) return record;
    return NULL;
}
