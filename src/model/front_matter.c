/*
 * front_matter.c - see front_matter.h.
 *
 * What breaks YAML in such files is nearly always a description in plain words
 * with ': ' or quotes inside, often with whole dialogues ("user: ...") below.
 * So while a description is read, only keys that agent files are known to have
 * end it; everything else is more of it.
 */
#include "model/front_matter.h"

#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool take_line(struct str *rest, struct str *line)
{
    if (!str_split(rest, '\n', line)) return false;
    if (str_ends(*line, STR("\r"))) line->size--;
    return true;
}

static bool is_fence(struct str line)
{
    return str_starts(line, STR("---")) && str_trim(line).size == 3;
}

static struct str trim_right(struct str text)
{
    while (text.size > 0 && (is_blank(text.at[text.size - 1]) ||
                                text.at[text.size - 1] == '\n' ||
                                text.at[text.size - 1] == '\r'))
        text.size--;
    return text;
}

bool front_matter_split(struct str text, struct front_matter *out)
{
    struct str rest = text;
    struct str line;
    uint32_t number = 1;
    bool found = take_line(&rest, &line);
    for (; found && str_trim(line).size == 0; number++)
        found = take_line(&rest, &line);
    if (!found || !is_fence(line) || rest.at == NULL) return false;
    *out = (struct front_matter){.front = rest, .front_line = number + 1};
    const char *start = rest.at;
    while (take_line(&rest, &line)) {
        if (!is_fence(line)) continue;
        out->front.size = (size_t)(line.at - start);
        out->body = rest.at == NULL ? STR("") : str_trim(rest);
        return true;
    }
    return false;
}

/* ---- mending ------------------------------------------------------------- */

struct mend {
    struct arena *arena;
    struct value *out;
    struct str key;
    struct buf text;
    struct value list;
    bool literal; /* a block text with `|`: line breaks stay */
    bool block;   /* a block text of either sort: nothing in it is special */
};

/* "key" of a line `key:` or `key: rest` that starts in the first column. */
static bool split_key(struct str line, struct str *key, struct str *rest)
{
    size_t colon = str_find_char(line, ':');
    if (colon == 0 || colon == line.size) return false;
    *rest = str_from(line, colon + 1);
    if (rest->size > 0 && !is_blank(rest->at[0])) return false;
    *key = str_until(line, colon);
    for (size_t i = 0; i < key->size; i++) {
        char c = key->at[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        bool later = (c >= '0' && c <= '9') || c == '_' || c == '-';
        if (!letter && (i == 0 || !later)) return false;
    }
    *rest = str_trim(*rest);
    return true;
}

static bool is_usual_key(struct str key)
{
    static const struct str usual[] = {{"name", 4}, {"description", 11},
        {"tools", 5}, {"model", 5}, {"color", 5}, {"version", 7}, {"author", 6},
        {"tags", 4}, {"category", 8}, {"temperature", 11}, {"mode", 4},
        {"permissionMode", 14}, {"permissions", 11}, {"allowed-tools", 13},
        {"disallowedTools", 15}, {"skills", 6}, {"mcpServers", 10},
        {"hooks", 5}, {"memory", 6}, {"maxTurns", 8}, {"background", 10},
        {"isolation", 9}, {"effort", 6}};
    for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++) {
        if (str_equal(usual[i], key)) return true;
    }
    return false;
}

static char unescape(char c)
{
    if (c == 'n') return '\n';
    if (c == 't') return '\t';
    return c;
}

/* Without quotes around it; backslash-n is a line break also in plain text,
 * where the writer meant one. */
static void add_unquoted(struct buf *text, struct str s)
{
    char quote = 0;
    if (s.size >= 2 && (s.at[0] == '"' || s.at[0] == '\'') &&
        s.at[s.size - 1] == s.at[0]) {
        quote = s.at[0];
        s = str_until(str_from(s, 1), s.size - 2);
    }
    for (size_t i = 0; i < s.size; i++) {
        char next = '\0';
        if (i + 1 < s.size) next = s.at[i + 1];
        bool escape = s.at[i] == '\\' && quote != '\'' &&
                      (next == 'n' || next == '"' || next == '\\' ||
                          (quote == '"' && next == 't'));
        bool doubled = quote == '\'' && s.at[i] == '\'' && next == '\'';
        if (escape || doubled) {
            char plain = unescape(next);
            buf_add_char(text, plain);
            i++;
        } else {
            buf_add_char(text, s.at[i]);
        }
    }
}

/* Stores the key that was being read. */
static int finish_key(struct mend *m)
{
    int err = buf_error(&m->text);
    struct value value = m->list;
    if (err != NDF_OK || m->key.at == NULL) return err;
    if (m->list.array.count == 0) {
        struct buf plain;
        buf_init(&plain, m->arena->mem);
        struct str text = str_trim(buf_str(&m->text));
        if (m->block) buf_add_str(&plain, text);
        else add_unquoted(&plain, text);
        value = value_of_str(arena_str(m->arena, buf_str(&plain)));
        err = buf_error(&plain);
        buf_deinit(&plain);
        if (err != NDF_OK || value.string.at == NULL) return NDF_ENOMEM;
    }
    struct str key = arena_str(m->arena, m->key);
    if (key.at == NULL) return NDF_ENOMEM;
    if (value_get(m->out, key) != NULL) return NDF_OK;
    return value_set(m->arena, m->out, key, value);
}

static int start_key(struct mend *m, struct str key, struct str rest)
{
    int err = finish_key(m);
    m->key = key;
    m->list = value_of_array();
    m->block = rest.size > 0 && rest.size <= 3 &&
               (rest.at[0] == '|' || rest.at[0] == '>');
    m->literal = m->block && rest.at[0] == '|';
    buf_reset(&m->text);
    if (!m->block) buf_add_str(&m->text, rest);
    return err;
}

static int add_item(struct mend *m, struct str item)
{
    struct buf plain;
    buf_init(&plain, m->arena->mem);
    add_unquoted(&plain, str_trim(item));
    struct str text = arena_str(m->arena, buf_str(&plain));
    int err = buf_error(&plain);
    buf_deinit(&plain);
    if (err != NDF_OK || text.at == NULL) return NDF_ENOMEM;
    return value_push(m->arena, &m->list, value_of_str(text));
}

static int add_line(struct mend *m, struct str line)
{
    struct str text = str_trim(line);
    bool item = str_starts(text, STR("- ")) && !m->block && m->text.size == 0;
    if (item && m->key.at != NULL) return add_item(m, str_from(text, 2));
    bool breaks = m->literal || text.size == 0 || line.at[0] != ' ';
    if (m->text.size > 0) buf_add_char(&m->text, breaks ? '\n' : ' ');
    buf_add_str(&m->text, m->literal ? trim_right(line) : text);
    return NDF_OK;
}

static bool starts_key(
    const struct mend *m, struct str line, struct str *key, struct str *rest)
{
    if (!split_key(line, key, rest)) return false;
    bool describing = str_equal(m->key, STR("description"));
    return !describing || is_usual_key(*key);
}

int front_matter_mend(struct arena *arena, struct str front, struct value *out)
{
    struct mend m = {.arena = arena, .out = out, .list = value_of_array()};
    struct str rest = front;
    struct str line;
    int err = NDF_OK;
    *out = value_of_object();
    buf_init(&m.text, arena->mem);
    while (err == NDF_OK && take_line(&rest, &line)) {
        struct str key;
        struct str text;
        if (starts_key(&m, line, &key, &text)) err = start_key(&m, key, text);
        else if (m.key.at != NULL && !str_starts(line, STR("#")))
            err = add_line(&m, line);
    }
    if (err == NDF_OK) err = finish_key(&m);
    buf_deinit(&m.text);
    return err;
}
