/*
 * eval_data.c - see eval_data.h.
 *
 * An id may be any text, the name of a document may not: names are made of the
 * label's name (or id), with a dash for what cannot stand there, and a number
 * where two would be the same. The words of a name that letters of ASCII cannot
 * write go before the description, as a person would put them there.
 */
#include "cli/eval_data.h"

#include <string.h>

enum { NAME_MAX_BYTES = 100, SPLITS_NAMED_MAX = 8 };

/* One file while it is read. */
struct lines {
    struct cli *cli;
    const char *path;
    size_t number;
    char *rest;
};

static int bad_line(const struct lines *lines, const char *what)
{
    return cli_fail(lines->cli, STATUS_USAGE, "%s:%zu: %s", lines->path,
        lines->number, what);
}

/* The next line that is not empty, NUL-terminated; NULL at the end. */
static char *next_line(struct lines *lines)
{
    while (*lines->rest != '\0') {
        char *line = lines->rest;
        size_t size = strcspn(line, "\n");
        lines->rest += line[size] == '\n' ? size + 1 : size;
        line[size] = '\0';
        lines->number++;
        if (line[strspn(line, " \t\r")] != '\0') return line;
    }
    return NULL;
}

/* An object of a line, kept in rows; NULL after printing what is wrong. */
static json_t *parse_line(
    const struct lines *lines, const char *line, json_t *rows)
{
    json_error_t error;
    json_t *value = json_loads(line, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(value)) {
        json_decref(value);
        (void)cli_fail(lines->cli, 0, "%s:%zu: expected a JSON object: %s",
            lines->path, lines->number,
            value == NULL ? error.text : "it is another value");
        return NULL;
    }
    (void)json_array_append_new(rows, value);
    return value;
}

/* ---- labels -------------------------------------------------------------- */

static bool is_name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

/* Runs of what cannot stand in a name become one dash. */
static char *valid_name(const char *text)
{
    char *name = cli_alloc(NAME_MAX_BYTES + 1);
    size_t size = 0;
    for (; *text != '\0' && size < NAME_MAX_BYTES; text++) {
        bool good = is_name_byte(*text) && (size > 0 || *text != '-');
        if (good) name[size++] = *text;
        else if (size > 0 && name[size - 1] != '-') name[size++] = '-';
    }
    while (size > 0 && name[size - 1] == '-')
        size--;
    name[size] = '\0';
    if (size > 0) return name;
    cli_free(name);
    return cli_text("label");
}

static char *unique_name(const struct eval_data *data, const char *text)
{
    char *name = valid_name(text);
    for (size_t n = 2; eval_data_find(data, name) != EVAL_NONE; n++) {
        char *base = valid_name(text);
        cli_free(name);
        name = cli_format("%s-%zu", base, n);
        cli_free(base);
    }
    return name;
}

static const char *title_of(const json_t *line)
{
    const char *name = cli_get(line, "name");
    return name[0] != '\0' ? name : cli_get(line, "id");
}

static int add_label(
    const struct lines *lines, const json_t *line, struct eval_data *data)
{
    const char *id = cli_get(line, "id");
    if (id[0] == '\0') return bad_line(lines, "a label needs an 'id', a text");
    if (json_object_get(data->ids, id) != NULL)
        return cli_fail(lines->cli, STATUS_USAGE,
            "%s:%zu: there is a label '%s' already: give one of the two "
            "another id",
            lines->path, lines->number, id);
    data->labels = cli_resize(
        data->labels, (data->label_count + 1) * sizeof *data->labels);
    struct eval_label *label = &data->labels[data->label_count];
    *label = (struct eval_label){.id = id,
        .name = unique_name(data, title_of(line)),
        .line = line,
        .number = lines->number};
    json_int_t index = (json_int_t)data->label_count++;
    (void)json_object_set_new(data->ids, id, json_integer(index));
    (void)json_object_set_new(data->names, label->name, json_integer(index));
    return STATUS_DONE;
}

static bool is_ascii(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text >= 0x80) return false;
    return true;
}

/* "Read, Write" as in agent files is a list of two. */
static json_t *list_of_words(const char *text)
{
    json_t *list = json_array();
    while (*text != '\0') {
        size_t size = strcspn(text, ",");
        size_t start = strspn(text, " \t\n");
        size_t end = size;
        while (end > start && strchr(" \t\n", text[end - 1]) != NULL)
            end--;
        if (end > start)
            (void)json_array_append_new(
                list, json_stringn(text + start, end - start));
        text += text[size] == ',' ? size + 1 : size;
    }
    return list;
}

char *eval_data_document(const struct eval_data *data, size_t label)
{
    static const char *const keys[] = {"body", "tools", "examples", "not_for"};
    const json_t *line = data->labels[label].line;
    const char *title = title_of(line);
    const char *description = cli_get(line, "description");
    char *said = is_ascii(title) ? cli_text(description)
                                 : cli_format("%s: %s", title, description);
    json_t *document = json_pack(
        "{s:s, s:s}", "agent", data->labels[label].name, "description", said);
    cli_free(said);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        json_t *value = json_object_get(line, keys[i]);
        if (value == NULL || json_is_null(value)) continue;
        if (json_is_string(value) && strcmp(keys[i], "body") != 0)
            (void)json_object_set_new(
                document, keys[i], list_of_words(json_string_value(value)));
        else (void)json_object_set(document, keys[i], value);
    }
    char *text = json_dumps(document, JSON_COMPACT);
    json_decref(document);
    return text;
}

size_t eval_data_find(const struct eval_data *data, const char *name)
{
    const json_t *index = json_object_get(data->names, name);
    return index != NULL ? (size_t)json_integer_value(index) : EVAL_NONE;
}

/* ---- queries ------------------------------------------------------------- */

bool eval_data_is_label(const struct eval_query *query, size_t label)
{
    for (size_t i = 0; i < query->label_count; i++)
        if (query->labels[i] == label) return true;
    return false;
}

static int add_right(const struct lines *lines, const struct eval_data *data,
    const json_t *id, struct eval_query *query)
{
    if (!json_is_string(id))
        return bad_line(
            lines, "'labels' must be a list of ids, which are texts");
    const json_t *index = json_object_get(data->ids, json_string_value(id));
    if (index == NULL)
        return cli_fail(lines->cli, STATUS_USAGE,
            "%s:%zu: there is no label '%s' in %s", lines->path, lines->number,
            json_string_value(id), data->labels_path);
    size_t label = (size_t)json_integer_value(index);
    if (!eval_data_is_label(query, label))
        query->labels[query->label_count++] = label;
    return STATUS_DONE;
}

static int add_query(
    const struct lines *lines, const json_t *line, struct eval_data *data)
{
    const json_t *labels = json_object_get(line, "labels");
    const char *text = json_string_value(json_object_get(line, "query"));
    if (text == NULL || !json_is_array(labels))
        return bad_line(lines,
            "a query needs 'query', a text, and 'labels', a list of ids which "
            "is empty when none is right");
    data->queries = cli_resize(
        data->queries, (data->query_count + 1) * sizeof *data->queries);
    struct eval_query *query = &data->queries[data->query_count++];
    *query = (struct eval_query){.text = text,
        .split = cli_get(line, "split"),
        .labels = cli_alloc(json_array_size(labels) * sizeof *query->labels),
        .number = lines->number};
    int status = STATUS_DONE;
    for (size_t i = 0; status == STATUS_DONE && i < json_array_size(labels);
         i++)
        status = add_right(lines, data, json_array_get(labels, i), query);
    return status;
}

/* ---- files --------------------------------------------------------------- */

typedef int (*add_fn)(
    const struct lines *lines, const json_t *line, struct eval_data *data);

static int read_lines(
    struct cli *cli, const char *path, add_fn add, struct eval_data *data)
{
    size_t size;
    int status;
    char *text = cli_read_file(cli, path, &size, &status);
    if (text == NULL) return status;
    struct lines lines = {cli, path, 0, text};
    status = STATUS_DONE;
    for (char *at; status == STATUS_DONE && (at = next_line(&lines)) != NULL;) {
        const json_t *line = parse_line(&lines, at, data->rows);
        status = line != NULL ? add(&lines, line, data) : STATUS_USAGE;
    }
    /* A NUL would end the file early, unseen. */
    if (status == STATUS_DONE && lines.rest != text + size) {
        lines.number++;
        status = bad_line(&lines, "there is a NUL byte, so this is no text");
    }
    cli_free(text);
    return status;
}

int eval_data_read(struct cli *cli, const char *labels, const char *queries,
    struct eval_data *out)
{
    *out = (struct eval_data){.labels_path = labels,
        .queries_path = queries,
        .rows = json_array(),
        .ids = json_object(),
        .names = json_object()};
    int status = read_lines(cli, labels, add_label, out);
    if (status == STATUS_DONE && out->label_count == 0)
        status = cli_fail(cli, STATUS_USAGE,
            "%s is empty: it needs a line {\"id\", \"name\", \"description\"} "
            "for each label",
            labels);
    if (status == STATUS_DONE)
        status = read_lines(cli, queries, add_query, out);
    if (status == STATUS_DONE && out->query_count == 0)
        status = cli_fail(cli, STATUS_USAGE,
            "%s is empty: it needs a line {\"query\", \"labels\"} for each "
            "query",
            queries);
    return status;
}

void eval_data_deinit(struct eval_data *data)
{
    for (size_t i = 0; i < data->label_count; i++)
        cli_free(data->labels[i].name);
    for (size_t i = 0; i < data->query_count; i++)
        cli_free(data->queries[i].labels);
    cli_free(data->labels);
    cli_free(data->queries);
    json_decref(data->ids);
    json_decref(data->names);
    json_decref(data->rows);
}

/* ---- splits and order ---------------------------------------------------- */

/* "train, test", in the order in which they come. */
static char *split_names(const struct eval_data *data)
{
    char *names = cli_text("");
    const char *seen[SPLITS_NAMED_MAX];
    size_t count = 0;
    for (size_t i = 0; i < data->query_count; i++) {
        const char *split = data->queries[i].split;
        bool known = split[0] == '\0' || count == SPLITS_NAMED_MAX;
        for (size_t k = 0; !known && k < count; k++)
            known = strcmp(seen[k], split) == 0;
        if (known) continue;
        char *longer =
            cli_format("%s%s%s", names, count > 0 ? ", " : "", split);
        cli_free(names);
        names = longer;
        seen[count++] = split;
    }
    return names;
}

int eval_data_split(struct cli *cli, const struct eval_data *data,
    const char *split, size_t **out, size_t *count)
{
    *out = cli_alloc(data->query_count * sizeof **out);
    *count = 0;
    for (size_t i = 0; i < data->query_count; i++)
        if (split == NULL || strcmp(data->queries[i].split, split) == 0)
            (*out)[(*count)++] = i;
    if (*count > 0) return STATUS_DONE;
    char *names = split_names(data);
    int status = names[0] != '\0'
                     ? cli_fail(cli, STATUS_NOT_FOUND,
                           "%s has no split '%s'; it has: %s",
                           data->queries_path, split, names)
                     : cli_fail(cli, STATUS_NOT_FOUND,
                           "%s has no splits: leave --train and --test out",
                           data->queries_path);
    cli_free(names);
    return status;
}

static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

void eval_data_shuffle(size_t *items, size_t count, uint64_t seed)
{
    for (size_t left = count; left > 1; left--) {
        /* What is over a multiple of left would favour the first ones. */
        uint64_t over = (UINT64_MAX % left + 1) % left;
        uint64_t drawn = next_random(&seed);
        while (drawn > UINT64_MAX - over)
            drawn = next_random(&seed);
        size_t at = (size_t)(drawn % left);
        size_t item = items[left - 1];
        items[left - 1] = items[at];
        items[at] = item;
    }
}
