/*
 * agent_file.c - see agent_file.h. Splitting and mending are in
 * front_matter.c.
 */
#include "model/agent_file.h"

#include <string.h>

#include "base/json.h"
#include "base/utf8.h"
#include "base/yaml.h"
#include "model/codec.h"
#include "model/front_matter.h"

struct reader {
    struct arena *arena;
    uint32_t shift; /* lines before the front matter */
    ndf_error *warning;
    ndf_error *error;
};

static int refuse(
    struct reader *r, const struct value *value, const char *sentence)
{
    uint32_t line = value->line == 0 ? 0 : value->line + r->shift;
    return err_at(r->error, NDF_ESCHEMA, line, value->column, "%s", sentence);
}

static int no_memory(struct reader *r)
{
    return err_set(r->error, NDF_ENOMEM, "out of memory");
}

/* The first warning stays: it is about what came first in the file. */
static void warn(struct reader *r, const struct value *value, const char *what,
    struct str given, struct str taken)
{
    if (r->warning->code != NDF_OK) return;
    uint32_t line =
        value == NULL || value->line == 0 ? 0 : value->line + r->shift;
    (void)err_at(r->warning, NDF_ESCHEMA, line,
        value == NULL ? 0 : value->column, "%s '%.*s' was read as '%.*s'", what,
        STR_ARG(given), STR_ARG(taken));
}

/* A text, or a scalar as it would be written. */
static int read_text(
    struct reader *r, const struct value *value, struct str *out)
{
    if (value == NULL || value->kind == VALUE_NULL) return NDF_OK;
    if (value->kind == VALUE_STRING) {
        *out = value->string;
        return NDF_OK;
    }
    if (value->kind == VALUE_ARRAY || value->kind == VALUE_OBJECT)
        return refuse(r, value,
            "expected a text for name, description and "
            "model, got a list or a map");
    struct buf text;
    buf_init(&text, r->arena->mem);
    json_write(&text, value);
    *out = arena_str(r->arena, buf_str(&text));
    int err = buf_error(&text);
    buf_deinit(&text);
    return err != NDF_OK || out->at == NULL ? no_memory(r) : NDF_OK;
}

/* ---- tools --------------------------------------------------------------- */

/* The next piece before a comma that is not inside parentheses:
 * "Bash(git add:*, git commit:*), Read" has two. */
static bool next_tool(struct str *rest, struct str *tool)
{
    if (rest->size == 0) return false;
    size_t open = 0;
    size_t end = 0;
    for (; end < rest->size; end++) {
        char c = rest->at[end];
        if (c == '(') open++;
        if (c == ')' && open > 0) open--;
        if (c == ',' && open == 0) break;
    }
    *tool = str_trim(str_until(*rest, end));
    *rest = str_from(*rest, end < rest->size ? end + 1 : end);
    return true;
}

static int read_tool_text(
    struct reader *r, struct str text, struct tool_list *out)
{
    struct str rest = text;
    struct str tool;
    size_t most = 1;
    for (size_t i = 0; i < text.size; i++)
        most += text.at[i] == ',' ? 1 : 0;
    out->items = arena_calloc(r->arena, most, sizeof *out->items);
    if (out->items == NULL) return no_memory(r);
    while (next_tool(&rest, &tool)) {
        if (tool.size == 0) continue;
        struct str copy = arena_str(r->arena, tool);
        if (copy.at == NULL) return no_memory(r);
        out->items[out->count++].name = copy;
    }
    return NDF_OK;
}

/* A name, or a map as in our own files, of which other keys do not count. */
static bool read_tool(const struct value *item, struct tool *out)
{
    out->name = item->kind == VALUE_STRING ? item->string
                                           : value_get_str(item, STR("name"));
    if (item->kind != VALUE_OBJECT) return out->name.at != NULL;
    struct str description = value_get_str(item, STR("description"));
    if (description.at != NULL) out->description = description;
    const struct value *schema = value_get(item, STR("input_schema"));
    if (schema != NULL && schema->kind == VALUE_OBJECT)
        out->input_schema = *schema;
    return out->name.at != NULL;
}

static int read_tool_list(
    struct reader *r, const struct value *value, struct tool_list *out)
{
    size_t count = value->array.count;
    out->items = arena_calloc(r->arena, count, sizeof *out->items);
    if (out->items == NULL) return no_memory(r);
    for (size_t i = 0; i < count; i++) {
        const struct value *item = &value->array.items[i];
        struct tool tool = {.input_schema = value_null};
        if (!read_tool(item, &tool))
            return refuse(r, item, "'tools': expected names of tools");
        if (tool.name.size > 0) out->items[out->count++] = tool;
    }
    return NDF_OK;
}

/* {read: true, write: false}: those that are not false. */
static int read_tool_map(
    struct reader *r, const struct value *value, struct tool_list *out)
{
    size_t count = value->object.count;
    out->items = arena_calloc(r->arena, count, sizeof *out->items);
    if (out->items == NULL) return no_memory(r);
    for (size_t i = 0; i < count; i++) {
        const struct member *member = &value->object.members[i];
        bool off = member->value.kind == VALUE_BOOL && !member->value.truth;
        if (!off) out->items[out->count++].name = member->key;
    }
    return NDF_OK;
}

static int read_tools(
    struct reader *r, const struct value *value, struct tool_list *out)
{
    if (value == NULL || value->kind == VALUE_NULL) return NDF_OK;
    if (value->kind == VALUE_STRING)
        return read_tool_text(r, value->string, out);
    if (value->kind == VALUE_ARRAY) return read_tool_list(r, value, out);
    if (value->kind == VALUE_OBJECT) return read_tool_map(r, value, out);
    return refuse(r, value, "'tools': expected names of tools");
}

/* ---- name ---------------------------------------------------------------- */

static bool name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || c == '_' || c == '.';
}

/* "Code Reviewer (v2)" -> "Code-Reviewer-v2"; {NULL, 0} when nothing is left
 * or out of memory. */
static struct str make_name(struct arena *arena, struct str text)
{
    char *name = arena_alloc(arena, AGENT_NAME_MAX + 1);
    size_t size = 0;
    if (name == NULL) return (struct str){NULL, 0};
    for (size_t i = 0; i < text.size && size < AGENT_NAME_MAX; i++) {
        if (name_byte(text.at[i])) name[size++] = text.at[i];
        else if (size > 0 && name[size - 1] != '-') name[size++] = '-';
    }
    while (size > 0 && name[size - 1] == '-')
        size--;
    name[size] = '\0';
    return (struct str){size > 0 ? name : NULL, size};
}

static int read_name(struct reader *r, const struct value *value,
    struct str stem, struct str *out)
{
    struct str given = {NULL, 0};
    int err = read_text(r, value, &given);
    if (err != NDF_OK) return err;
    given = str_trim(given);
    if (given.size == 0) given = stem;
    *out = agent_name_valid(given) ? arena_str(r->arena, given)
                                   : make_name(r->arena, given);
    if (out->at == NULL && given.at != stem.at)
        *out = make_name(r->arena, stem);
    if (out->at == NULL)
        return err_set(r->error, NDF_ESCHEMA,
            "the agent has no name: add a line 'name: NAME' to its front "
            "matter");
    if (!str_equal(*out, given)) warn(r, value, "the name", given, *out);
    return NDF_OK;
}

/* ---- the file ------------------------------------------------------------ */

static int check_text(struct reader *r, struct str text)
{
    if (text.size > AGENT_FILE_MAX)
        return err_set(r->error, NDF_ELIMIT,
            "the file has %zu bytes, at most %d are taken", text.size,
            AGENT_FILE_MAX);
    size_t bad = utf8_invalid_at(text);
    const char *what = "this is no UTF-8 text";
    if (bad == text.size) {
        bad = str_find_char(text, '\0');
        what = "the text contains the character NUL";
    }
    if (bad == text.size) return NDF_OK;
    uint32_t line = 1;
    for (size_t i = 0; i < bad; i++)
        line += text.at[i] == '\n' ? 1 : 0;
    return err_at(r->error, NDF_ESYNTAX, line, 0, "%s", what);
}

/* Strictly; and if that fails, line by line with a warning. */
static int read_front(struct reader *r, struct str front, struct value *out)
{
    struct value *documents;
    size_t count = 0;
    ndf_error problem = {.code = NDF_OK};
    int err = yaml_parse(r->arena, front, &documents, &count, &problem);
    if (err == NDF_ENOMEM) return no_memory(r);
    *out = value_of_object();
    if (err == NDF_OK && count == 0) return NDF_OK;
    if (err == NDF_OK && documents[0].kind == VALUE_OBJECT) {
        *out = documents[0];
        return NDF_OK;
    }
    if (err == NDF_OK)
        (void)err_at(&problem, NDF_ESYNTAX, documents[0].line,
            documents[0].column, "the front matter is no map of keys");
    (void)err_at(r->warning, NDF_ESYNTAX, problem.line + r->shift,
        problem.column,
        "%s. Read line by line instead, each 'key: text' to its end; to mend "
        "it, put the text in quotes",
        problem.message);
    err = front_matter_mend(r->arena, front, out);
    return err == NDF_OK ? NDF_OK : no_memory(r);
}

static int check_size(
    struct reader *r, const char *what, size_t size, size_t max)
{
    if (size <= max) return NDF_OK;
    return err_set(r->error, NDF_ELIMIT,
        "%s has %zu bytes, at most %zu are taken", what, size, max);
}

static int check_tool(struct reader *r, const struct tool *tool)
{
    int err = check_size(r, "a tool", tool->name.size, CODEC_TEXT_MAX);
    if (err == NDF_OK)
        err = check_size(r, "the description of a tool", tool->description.size,
            CODEC_TEXT_MAX);
    if (err == NDF_OK && value_depth(&tool->input_schema) > CODEC_DEPTH_MAX)
        err = err_set(r->error, NDF_ELIMIT,
            "the schema of tool '%.*s' is nested more than %d levels deep: "
            "make it flatter",
            STR_ARG(codec_clip(tool->name)), CODEC_DEPTH_MAX);
    return err;
}

/* What is taken here must pass agent_decode, when it comes back from a store.
 */
static int check_sizes(struct reader *r, const struct agent *agent)
{
    int err = check_size(
        r, "the description", agent->description.size, AGENT_DESCRIPTION_MAX);
    if (err == NDF_OK)
        err = check_size(r, "the body", agent->body.size, AGENT_BODY_MAX);
    if (err == NDF_OK)
        err = check_size(r, "the model", agent->model.size, CODEC_TEXT_MAX);
    if (err == NDF_OK && agent->tools.count > CODEC_LIST_MAX)
        err = err_set(
            r->error, NDF_ELIMIT, "%zu tools are too many", agent->tools.count);
    for (size_t i = 0; i < agent->tools.count && err == NDF_OK; i++)
        err = check_tool(r, &agent->tools.items[i]);
    return err;
}

int agent_file_decode(struct arena *arena, struct str text, struct str stem,
    struct agent *out, ndf_error *warning, ndf_error *error)
{
    struct reader r = {.arena = arena, .warning = warning, .error = error};
    struct front_matter parts;
    struct value front;
    struct agent agent = {.env = value_of_object()};
    memset(out, 0, sizeof *out);
    memset(warning, 0, sizeof *warning);
    int err = check_text(&r, text);
    if (err != NDF_OK) return err;
    if (str_starts(text, STR("\xEF\xBB\xBF"))) text = str_from(text, 3);
    if (!front_matter_split(text, &parts))
        return err_at(error, NDF_ENOTFOUND, 1, 1,
            "no front matter: an agent file starts with 'name:' and "
            "'description:' between two lines of '---'");
    r.shift = parts.front_line - 1;
    err = read_front(&r, parts.front, &front);
    if (err == NDF_OK)
        err = read_name(&r, value_get(&front, STR("name")), stem, &agent.name);
    if (err == NDF_OK)
        err = read_text(
            &r, value_get(&front, STR("description")), &agent.description);
    if (err == NDF_OK)
        err = read_text(&r, value_get(&front, STR("model")), &agent.model);
    if (err == NDF_OK)
        err = read_tools(&r, value_get(&front, STR("tools")), &agent.tools);
    if (err != NDF_OK) return err;
    agent.body = arena_str(arena, parts.body);
    if (agent.body.at == NULL) return no_memory(&r);
    err = check_sizes(&r, &agent);
    if (err == NDF_OK) *out = agent;
    return err;
}
