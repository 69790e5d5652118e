/*
 * event_line.h - what happens in a run, one line an event: for people whose
 * terminal cannot draw, and as JSON for programs.
 */
#ifndef NDF_CLI_EVENT_LINE_H
#define NDF_CLI_EVENT_LINE_H

#include "cli/cli.h"

/* took_ms: < 0 is not known. An event that says nothing to people has none. */
void event_line_print(
    const struct term *to, const ndf_event *event, int64_t took_ms);
/* {event, run, step?, detail?, attempt?, steps_done, steps_total, at_ms,
 * elapsed_ms, tokens?, cost?, step_tokens?, step_cost?}. */
void event_line_json(FILE *file, const ndf_event *event);

#endif
