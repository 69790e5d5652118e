/*
 * eval_data.h - labels and queries to measure choosing with, read from JSON
 * Lines.
 */
#ifndef NDF_CLI_EVAL_DATA_H
#define NDF_CLI_EVAL_DATA_H

#include "cli/cli.h"

#define EVAL_NONE SIZE_MAX

struct eval_label {
    const char *id;
    char *name;         /* of its document: valid, and no other label's */
    const json_t *line; /* borrowed from the rows */
    size_t number;      /* of the line in the file */
};

struct eval_query {
    const char *text;
    const char *split; /* "" when the line says none */
    size_t *labels;    /* their indexes; count 0: out of scope */
    size_t label_count;
    size_t number;
};

struct eval_data {
    const char *labels_path, *queries_path;
    json_t *rows;  /* of both files; all texts are borrowed from them */
    json_t *ids;   /* id of a label: its index */
    json_t *names; /* name of a document: its index */
    struct eval_label *labels;
    struct eval_query *queries;
    size_t label_count, query_count;
};

/* Reads both files; each query's labels must be there. STATUS_DONE, or prints
 * what is wrong and where; eval_data_deinit in either case. */
int eval_data_read(struct cli *cli, const char *labels, const char *queries,
    struct eval_data *out);
void eval_data_deinit(struct eval_data *data);

/* A label as the document of an agent, as it would stand in a user's file. The
 * caller's to free. */
char *eval_data_document(const struct eval_data *data, size_t label);
/* The label of that document's name, or EVAL_NONE. */
size_t eval_data_find(const struct eval_data *data, const char *name);
bool eval_data_is_label(const struct eval_query *query, size_t label);

/* The queries of a split (NULL: all), in the order of the file. STATUS_DONE,
 * or names the splits that there are. *out is the caller's to free. */
int eval_data_split(struct cli *cli, const struct eval_data *data,
    const char *split, size_t **out, size_t *count);
/* Fisher-Yates from the end, by the numbers of splitmix64 from that seed: the
 * same order everywhere. */
void eval_data_shuffle(size_t *items, size_t count, uint64_t seed);

#endif
