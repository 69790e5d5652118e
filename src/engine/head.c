/*
 * head.c - the small form of a document, and its words.
 */
#include "engine/head.h"

#include "base/json.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "decide/text.h"

static bool program_is_relative(const struct str_list *run)
{
    return run->count > 0 && run->items[0].size > 0 &&
           run->items[0].at[0] != '/' &&
           str_find_char(run->items[0], '/') < run->items[0].size;
}

/* At a character, not inside one. */
static struct str cut(struct str text, size_t max)
{
    if (text.size <= max) return text;
    while (max > 0 && ((unsigned char)text.at[max] & 0xc0) == 0x80)
        max--;
    return str_until(text, max);
}

/* Of an agent: "r" or "-" (has a program), "." or "-" (named relative to its
 * file), and the description. No JSON: a start decodes one for every agent. */
enum { HEAD_FLAGS = 2 };

static void encode_agent(const struct agent *agent, struct buf *out)
{
    buf_add_char(out, agent->run.count > 0 ? 'r' : '-');
    buf_add_char(out, program_is_relative(&agent->run) ? '.' : '-');
    buf_add_str(out, cut(agent->description, HEAD_DESCRIPTION_MAX));
}

/* All members but one. */
static int without(struct arena *arena, const struct value *from,
    struct str key, struct value *out)
{
    *out = value_of_object();
    for (size_t i = 0; i < from->object.count; i++) {
        const struct member *member = &from->object.members[i];
        if (str_equal(member->key, key)) continue;
        int err = value_set(arena, out, member->key, member->value);
        if (err != NDF_OK) return err;
    }
    return NDF_OK;
}

int head_encode(struct arena *arena, const struct document *document,
    const struct encoded *encoded, struct buf *out)
{
    if (document->kind == DOCUMENT_AGENT) {
        encode_agent(&document->agent, out);
        return buf_error(out);
    }
    if (document->pattern.host.kind == VALUE_NULL) {
        buf_add_str(out, encoded->text);
        return buf_error(out);
    }
    /* What the host keeps with it may be large, and no picture needs it. */
    struct value kept;
    int err = without(arena, &encoded->value, STR("host"), &kept);
    if (err != NDF_OK) return err;
    json_write(out, &kept);
    return buf_error(out);
}

static bool undo_is_relative(const struct pattern *pattern)
{
    for (size_t i = 0; i < pattern->step_count; i++)
        if (program_is_relative(&pattern->steps[i].undo.run)) return true;
    return false;
}

static int decode_agent(struct arena *arena, struct str bytes, struct head *out)
{
    if (bytes.size < HEAD_FLAGS) return NDF_ECORRUPT;
    out->runs = bytes.at[0] == 'r';
    out->relative_program = bytes.at[1] == '.';
    out->description = arena_str(arena, str_from(bytes, HEAD_FLAGS));
    if (out->description.at == NULL) return NDF_ENOMEM;
    return utf8_valid(out->description) ? NDF_OK : NDF_ECORRUPT;
}

int head_decode(struct arena *arena, struct str bytes, enum document_kind kind,
    struct head *out)
{
    *out = (struct head){.description = STR("")};
    if (kind == DOCUMENT_AGENT) return decode_agent(arena, bytes, out);
    struct value value;
    int err = json_parse(arena, bytes, &value, NULL);
    if (err == NDF_ENOMEM) return err;
    if (err != NDF_OK) return NDF_ECORRUPT;
    struct document document;
    err = document_decode(arena, &value, &document, NULL);
    if (err == NDF_ENOMEM) return err;
    if (err != NDF_OK || document.kind != DOCUMENT_PATTERN) return NDF_ECORRUPT;
    out->pattern = arena_dup(arena, &document.pattern, sizeof *out->pattern);
    if (out->pattern == NULL) return NDF_ENOMEM;
    out->description = cut(document.pattern.description, HEAD_DESCRIPTION_MAX);
    out->relative_program = undo_is_relative(out->pattern);
    return NDF_OK;
}

static int add_field(
    struct vec *fields, enum text_field_kind kind, struct str text)
{
    if (text.size == 0) return NDF_OK;
    struct text_field *field = vec_push(fields);
    if (field == NULL) return NDF_ENOMEM;
    *field = (struct text_field){kind, text};
    return NDF_OK;
}

static int add_fields(
    struct vec *fields, enum text_field_kind kind, const struct str_list *list)
{
    int err = NDF_OK;
    for (size_t i = 0; err == NDF_OK && i < list->count; i++)
        err = add_field(fields, kind, list->items[i]);
    return err;
}

static int add_tools(struct vec *fields, const struct tool_list *tools)
{
    struct vec texts;
    vec_init(&texts, fields->mem, sizeof(struct str));
    int err = NDF_OK;
    for (size_t i = 0; err == NDF_OK && i < tools->count; i++)
        err = tool_texts(&tools->items[i], &texts);
    for (size_t i = 0; err == NDF_OK && i < texts.count; i++)
        err = add_field(
            fields, TEXT_TOOLS, *(const struct str *)vec_get(&texts, i));
    vec_deinit(&texts);
    return err;
}

static int agent_fields(struct vec *fields, const struct agent *agent)
{
    int err = add_field(fields, TEXT_NAME, agent->name);
    if (err == NDF_OK)
        err = add_field(fields, TEXT_DESCRIPTION, agent->description);
    if (err == NDF_OK) err = add_fields(fields, TEXT_EXAMPLE, &agent->examples);
    if (err == NDF_OK) err = add_fields(fields, TEXT_NOT_FOR, &agent->not_for);
    if (err == NDF_OK) err = add_tools(fields, &agent->tools);
    if (err == NDF_OK) err = add_field(fields, TEXT_BODY, agent->body);
    return err;
}

/* The names of its steps say what a pattern does. */
static int pattern_fields(struct vec *fields, const struct pattern *pattern)
{
    int err = add_field(fields, TEXT_NAME, pattern->name);
    if (err == NDF_OK)
        err = add_field(fields, TEXT_DESCRIPTION, pattern->description);
    if (err == NDF_OK)
        err = add_fields(fields, TEXT_EXAMPLE, &pattern->examples);
    if (err == NDF_OK)
        err = add_fields(fields, TEXT_NOT_FOR, &pattern->not_for);
    for (size_t i = 0; err == NDF_OK && i < pattern->step_count; i++)
        err = add_field(fields, TEXT_BODY, pattern->steps[i].name);
    for (size_t i = 0; err == NDF_OK && i < pattern->phase_count; i++)
        err = add_field(fields, TEXT_BODY, pattern->phases[i].name);
    return err;
}

static int fields_of(struct vec *fields, const struct document *document)
{
    return document->kind == DOCUMENT_AGENT
               ? agent_fields(fields, &document->agent)
               : pattern_fields(fields, &document->pattern);
}

int head_features(
    const struct mem *mem, const struct document *document, struct buf *out)
{
    struct vec fields;
    vec_init(&fields, mem, sizeof(struct text_field));
    int err = fields_of(&fields, document);
    if (err == NDF_OK) err = text_features(mem, fields.at, fields.count, out);
    vec_deinit(&fields);
    return err;
}

int head_meaning(const struct mem *mem, const struct document *document,
    struct meaning *meaning, size_t candidate)
{
    struct vec fields;
    vec_init(&fields, mem, sizeof(struct text_field));
    int err = fields_of(&fields, document);
    if (err == NDF_OK)
        err = meaning_set(meaning, candidate, fields.at, fields.count);
    vec_deinit(&fields);
    return err;
}
