/*
 * expect.c - what proves that a step did its work.
 *
 * An agent's word is no proof, so its exit, its output and the files it had to
 * make are looked at. Regular expressions run with bounded effort: an output
 * is hostile input.
 */
#include "run/expect.h"

#include <sys/stat.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/json.h"
#include "base/os.h"
#include "run/result.h"
#include "run/schema.h"

enum {
    EXPECT_MATCH_MAX = 1000000, /* PCRE2's match and depth limits */
    EXPECT_HEAP_MAX_KIB = 64 * 1024,
};

bool expect_proves(const struct expect *expect)
{
    return expect->set && (expect->exit_set || expect->regex.at != NULL ||
                              expect->json_schema.kind != VALUE_NULL ||
                              expect->files.count > 0);
}

int expect_supported(const struct expect *expect, ndf_error *error)
{
    if (!expect->set || expect->json_schema.kind == VALUE_NULL) return NDF_OK;
    return schema_check(&expect->json_schema, error);
}

/* The result of pcre2_match; PCRE2_ERROR_NOMEMORY when out of memory. */
static int run_regex(struct str regex, struct str text)
{
    int number = PCRE2_ERROR_NOMEMORY;
    PCRE2_SIZE offset;
    pcre2_match_data *match = NULL;
    pcre2_match_context *context = NULL;
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)regex.at, regex.size,
        PCRE2_UTF | PCRE2_UCP, &number, &offset, NULL);
    if (code == NULL) return number;
    number = PCRE2_ERROR_NOMEMORY;
    match = pcre2_match_data_create(1, NULL);
    context = pcre2_match_context_create(NULL);
    if (match == NULL || context == NULL) goto done;
    (void)pcre2_set_match_limit(context, EXPECT_MATCH_MAX);
    (void)pcre2_set_depth_limit(context, EXPECT_MATCH_MAX);
    (void)pcre2_set_heap_limit(context, EXPECT_HEAP_MAX_KIB);
    number =
        pcre2_match(code, (PCRE2_SPTR)text.at, text.size, 0, 0, match, context);

done:
    pcre2_match_context_free(context);
    pcre2_match_data_free(match);
    pcre2_code_free(code);
    return number;
}

static int verify_regex(struct arena *arena, struct str regex,
    const struct agent_result *result, ndf_error *error)
{
    const struct value *output = &result->output;
    struct str text = STR("");
    struct buf buf;
    buf_init(&buf, arena->mem);
    if (output->kind == VALUE_STRING) {
        text = output->string;
    } else if (output->kind != VALUE_NULL || result->typed) {
        json_write(&buf, output);
        text = buf_str(&buf);
    }
    int err = buf_error(&buf);
    int found = err == NDF_OK ? run_regex(regex, text) : 0;
    buf_deinit(&buf);
    if (err != NDF_OK || found >= 0) return err;
    if (found == PCRE2_ERROR_NOMEMORY) return NDF_ENOMEM;
    if (found == PCRE2_ERROR_NOMATCH) {
        return err_set(error, NDF_EAGENT,
            "the output does not match the expected '%.*s'", STR_ARG(regex));
    }
    return err_set(error, NDF_EAGENT,
        "the expected '%.*s' needs too much effort on this output (PCRE2 error "
        "%d): make it simpler",
        STR_ARG(regex), found);
}

static int verify_schema(struct arena *arena, const struct value *schema,
    const struct agent_result *result, ndf_error *error)
{
    struct value value = result->output;
    int err = NDF_OK;
    /* What a program printed may be JSON that was meant as a value. */
    if (value.kind == VALUE_STRING && !result->typed) {
        struct value parsed;
        err = json_parse(arena, value.string, &parsed, NULL);
        if (err == NDF_ENOMEM) return err;
        if (err == NDF_OK) value = parsed;
    }
    ndf_error inner = {0};
    err = schema_validate(schema, &value, &inner);
    if (err == NDF_OK) return NDF_OK;
    return err_set(error, NDF_EAGENT,
        "the output is not what json_schema expects: %s", inner.message);
}

static int verify_files(const struct str_list *files,
    const struct agent_result *result, ndf_error *error)
{
    for (size_t i = 0; i < files->count; i++) {
        enum agent_file state =
            i < result->file_count ? result->files[i] : AGENT_FILE_MISSING;
        if (state == AGENT_FILE_FRESH) continue;
        return err_set(error, NDF_EAGENT, "the expected file '%.*s' %s",
            STR_ARG(files->items[i]),
            state == AGENT_FILE_STALE ? "was not written by this step"
                                      : "is not there");
    }
    return NDF_OK;
}

int expect_verify(struct arena *arena, const struct expect *expect,
    const struct str_list *files, const struct agent_result *result,
    ndf_error *error)
{
    int wanted = expect->set && expect->exit_set ? expect->exit : 0;
    if (result->exit != wanted) {
        return err_set(error, NDF_EAGENT,
            "it ended with status %d where %d was expected", result->exit,
            wanted);
    }
    bool may_be_empty = expect->set && !expect->nonempty;
    if (!may_be_empty && result_empty(result)) {
        return err_set(error, NDF_EAGENT,
            "it printed nothing, which counts as having done nothing (allow it "
            "with 'expect: {nonempty: false}')");
    }
    if (!expect->set) return NDF_OK;
    int err = NDF_OK;
    if (expect->regex.at != NULL) {
        err = verify_regex(arena, expect->regex, result, error);
    }
    if (err == NDF_OK && expect->json_schema.kind != VALUE_NULL) {
        err = verify_schema(arena, &expect->json_schema, result, error);
    }
    if (err == NDF_OK) err = verify_files(files, result, error);
    return err;
}

static bool since(const struct timespec *time, int64_t started_ms)
{
    int64_t ms = (int64_t)time->tv_sec * 1000 + time->tv_nsec / 1000000;
    return ms + AGENT_FILE_SLACK_MS >= started_ms;
}

/* Of what a link points to. The time of writing can be set to any, also one
 * that is still to come; that of the last change cannot. */
static enum agent_file file_state(const char *path, int64_t started_ms)
{
    struct stat st;
    if (stat(path, &st) != 0) return AGENT_FILE_MISSING;
    bool fresh =
        since(&st.st_mtim, started_ms) && since(&st.st_ctim, started_ms);
    return fresh ? AGENT_FILE_FRESH : AGENT_FILE_STALE;
}

enum agent_file *expect_files(struct arena *arena, const struct str_list *files,
    struct str cwd, int64_t started_ms)
{
    enum agent_file *states =
        arena_calloc(arena, files->count + 1, sizeof *states);
    struct buf path;
    buf_init(&path, arena->mem);
    for (size_t i = 0; i < files->count && states != NULL; i++) {
        /* A name that a template left empty is that of no file. */
        states[i] = AGENT_FILE_MISSING;
        if (files->items[i].size == 0) continue;
        buf_reset(&path);
        os_join(&path, cwd, files->items[i]);
        if (buf_error(&path) != NDF_OK) {
            states = NULL;
        } else {
            states[i] = file_state(buf_str(&path).at, started_ms);
        }
    }
    buf_deinit(&path);
    return states;
}
