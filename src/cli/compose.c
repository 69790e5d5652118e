/*
 * compose.c - tasks that ask for several things: what they are made of.
 */
#include <string.h>

#include "cli/cli.h"

int cli_compose(struct cli *cli, const ndf_context *context, json_t **out)
{
    ndf_text *text = NULL;
    *out = NULL;
    int err = ndf_compose(cli->engine, context, NULL, &text, &cli->error);
    if (err != NDF_OK) return cli_error(cli, err);
    if (text != NULL) *out = cli_document(text);
    return STATUS_DONE;
}

void cli_print_parts(const struct term *term, const json_t *compose)
{
    const json_t *parts = json_object_get(compose, "parts");
    struct table *table = table_new("rlrl");
    const char *head[] = {"", "pattern", "fit", "part"};
    table_row(table, head);
    for (size_t i = 0; i < json_array_size(parts); i++) {
        const json_t *part = json_array_get(parts, i);
        char *number = cli_format("%zu", i + 1);
        char *fit = cli_number(json_object_get(part, "fit"), 2);
        const char *cells[] = {
            number, cli_get(part, "pattern"), fit, cli_get(part, "text")};
        table_row(table, cells);
        table_style(table, 1, STYLE_BOLD);
        cli_free(number);
        cli_free(fit);
    }
    table_print(table, term);
}
