/*
 * eval_plot.c - a measurement as one picture: how the share of right choices
 * grew, and whether the fit means what it says.
 *
 * SVG by hand: a few shapes and texts. What comes from outside (a path) is
 * written in ASCII and escaped, so that the file is well-formed whatever it is
 * called.
 */
#include <math.h>
#include <string.h>

#include "cli/eval.h"

enum {
    WIDTH = 1120,
    HEIGHT = 500,
    POINTS_MAX = 400, /* of a curve */
    WINDOW_MIN = 25,
    WINDOW_MAX = 500, /* queries that the moving share is of */
    PATH_SHOWN = 60,
};

#define BLUE   "#2b6cb0"
#define PALE   "#bcd4ec"
#define ORANGE "#d9601a"
#define GREEN  "#2f855a"
#define GREY   "#6b7280"
#define FAINT  "#e5e7eb"
#define INK    "#1f2937"

/* A rectangle of the picture, and what its right and upper edges stand for;
 * the others stand for 0. */
struct panel {
    double left, top, right, bottom;
    double x_max, y_max;
};

static double across(const struct panel *p, double x)
{
    return p->left + (p->right - p->left) * x / p->x_max;
}

static double upward(const struct panel *p, double y)
{
    return p->bottom - (p->bottom - p->top) * y / p->y_max;
}

/* ---- shapes -------------------------------------------------------------- */

static void draw_line(
    FILE *out, const double from[2], const double to[2], const char *style)
{
    (void)fprintf(out,
        "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" %s/>\n", from[0],
        from[1], to[0], to[1], style);
}

static void draw_box(
    FILE *out, const double at[2], double wide, double high, const char *colour)
{
    (void)fprintf(out,
        "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" "
        "fill=\"%s\"/>\n",
        at[0], at[1], wide, high, colour);
}

static void draw_text(
    FILE *out, const double at[2], const char *style, const char *text)
{
    (void)fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" %s>", at[0], at[1], style);
    for (; *text != '\0'; text++) {
        if (*text == '&') (void)fputs("&amp;", out);
        else if (*text == '<') (void)fputs("&lt;", out);
        else if (*text == '>') (void)fputs("&gt;", out);
        else (void)fputc(*text >= ' ' && *text <= '~' ? *text : '?', out);
    }
    (void)fputs("</text>\n", out);
}

#define MIDDLE "text-anchor=\"middle\""
#define END    "text-anchor=\"end\""

/* The name of the upward axis, turned, left of its numbers. */
static void name_upward(FILE *out, const struct panel *p, const char *name)
{
    double y = (p->top + p->bottom) / 2;
    char style[96];
    (void)snprintf(style, sizeof style,
        MIDDLE " transform=\"rotate(-90 %.1f %.1f)\"", p->left - 42, y);
    draw_text(out, (double[]){p->left - 42, y}, style, name);
}

static void name_across(FILE *out, const struct panel *p, const char *name)
{
    double x = (p->left + p->right) / 2;
    draw_text(out, (double[]){x, p->bottom + 38}, MIDDLE, name);
}

/* Lines and numbers at each step, up to the upper edge. */
static void scale_upward(
    FILE *out, const struct panel *p, double step, int decimals)
{
    for (size_t i = 0; (double)i * step <= p->y_max * 1.0001; i++) {
        char text[32];
        double y = upward(p, (double)i * step);
        (void)snprintf(text, sizeof text, "%.*f", decimals, (double)i * step);
        draw_line(out, (double[]){p->left, y}, (double[]){p->right, y},
            "stroke=\"" FAINT "\"");
        draw_text(out, (double[]){p->left - 8, y + 4}, END, text);
    }
}

static void scale_across(
    FILE *out, const struct panel *p, double step, int decimals)
{
    draw_line(out, (double[]){p->left, p->bottom},
        (double[]){p->right, p->bottom}, "stroke=\"" INK "\"");
    for (size_t i = 0; (double)i * step <= p->x_max * 1.0001; i++) {
        char text[32];
        double x = across(p, (double)i * step);
        (void)snprintf(text, sizeof text, "%.*f", decimals, (double)i * step);
        draw_line(out, (double[]){x, p->bottom}, (double[]){x, p->bottom + 5},
            "stroke=\"" INK "\"");
        draw_text(out, (double[]){x, p->bottom + 19}, MIDDLE, text);
    }
}

/* 1, 2 or 5 times a power of ten: at most six steps up to max. */
static double round_step(double max)
{
    double step = 1;
    for (size_t i = 0; step * 6 < max; i++)
        step *= i % 3 == 1 ? 2.5 : 2;
    return step;
}

static void legend(
    FILE *out, double *x, double y, const char *mark, const char *text)
{
    (void)fprintf(
        out, "<g transform=\"translate(%.1f %.1f)\">%s</g>\n", *x, y - 4, mark);
    draw_text(out, (double[]){*x + 28, y}, "", text);
    *x += 28 + 6.4 * (double)strlen(text) + 16;
}

#define LEGEND_LINE(style)                                                     \
    "<line x1=\"0\" y1=\"0\" x2=\"22\" y2=\"0\" " style "/>"

/* ---- the learning curve -------------------------------------------------- */

#define MOVING    "stroke=\"" BLUE "\" stroke-width=\"1.5\""
#define SO_FAR    "stroke=\"" ORANGE "\" stroke-width=\"2.5\""
#define ZERO_SHOT "stroke=\"" GREY "\" stroke-dasharray=\"6 4\""
#define TEST_LEVEL                                                             \
    "stroke=\"" GREEN "\" stroke-width=\"2\" stroke-dasharray=\"2 3\""

/* How many of the first i in scope were right; count + 1 numbers, the caller's
 * to free. */
static size_t *sums_of(const struct eval_answers *answers, size_t *count)
{
    size_t *sums = cli_alloc((answers->count + 1) * sizeof *sums);
    *count = 0;
    for (size_t i = 0; i < answers->count; i++) {
        if (!answers->items[i].in_scope) continue;
        sums[*count + 1] = sums[*count] + (answers->items[i].rank == 1);
        ++*count;
    }
    return sums;
}

/* The share of right ones among the last `window` at each point. */
static void draw_curve(FILE *out, const struct panel *p, const size_t *sums,
    size_t window, const char *style)
{
    size_t count = (size_t)p->x_max;
    size_t step = (count + POINTS_MAX - 1) / POINTS_MAX;
    size_t from = window < count ? window : step;
    (void)fprintf(out, "<polyline fill=\"none\" %s points=\"", style);
    for (size_t i = from; i <= count; i += step) {
        size_t size = window < i ? window : i;
        double share = 100 * (double)(sums[i] - sums[i - size]) / (double)size;
        (void)fprintf(
            out, "%.1f,%.1f ", across(p, (double)i), upward(p, share));
    }
    (void)fputs("\"/>\n", out);
}

static void draw_level(
    FILE *out, const struct panel *p, const json_t *value, const char *style)
{
    if (!json_is_number(value)) return;
    double y = upward(p, json_number_value(value));
    draw_line(out, (double[]){p->left, y}, (double[]){p->right, y}, style);
}

static void curve_legend(
    FILE *out, const struct panel *p, size_t window, const json_t *test)
{
    char text[64];
    double x = p->left;
    (void)snprintf(text, sizeof text, "last %zu", window);
    legend(out, &x, p->top - 14, LEGEND_LINE(MOVING), text);
    legend(out, &x, p->top - 14, LEGEND_LINE(SO_FAR), "all so far");
    legend(out, &x, p->top - 14, LEGEND_LINE(ZERO_SHOT), "untaught");
    if (json_is_number(test))
        legend(out, &x, p->top - 14, LEGEND_LINE(TEST_LEVEL), "test");
}

static void draw_learning(
    const struct eval *eval, const json_t *report, FILE *out)
{
    size_t count;
    size_t *sums = sums_of(&eval->streamed, &count);
    struct panel p = {76, 116, 560, 430, (double)(count > 0 ? count : 1), 100};
    size_t window = count / 20 > WINDOW_MAX ? WINDOW_MAX : count / 20;
    if (window < WINDOW_MIN) window = WINDOW_MIN;
    const json_t *test = json_object_get(report, "test_top1");
    scale_upward(out, &p, 20, 0);
    scale_across(out, &p, round_step(p.x_max), 0);
    name_upward(out, &p, "right, %");
    name_across(out, &p, "queries in scope, each asked before its feedback");
    curve_legend(out, &p, window, test);
    draw_level(out, &p, json_object_get(report, "zero_shot_top1"), ZERO_SHOT);
    draw_level(out, &p, test, TEST_LEVEL);
    if (count > window) draw_curve(out, &p, sums, window, MOVING);
    if (count > 0) draw_curve(out, &p, sums, count, SO_FAR);
    cli_free(sums);
}

/* ---- reliability --------------------------------------------------------- */

static void reliability_legend(FILE *out, const struct panel *p)
{
    double x = p->left;
    legend(out, &x, p->top - 14,
        "<rect x=\"4\" y=\"-6\" width=\"14\" height=\"12\" fill=\"" PALE "\"/>",
        "share right");
    legend(out, &x, p->top - 14,
        "<circle cx=\"11\" cy=\"0\" r=\"4\" fill=\"" BLUE "\"/>",
        "at its mean fit");
    legend(out, &x, p->top - 14, LEGEND_LINE(ZERO_SHOT), "as it should be");
}

static void draw_bins(
    FILE *out, const struct panel *p, const struct eval_bin bins[EVAL_BINS])
{
    double wide = (p->right - p->left) / EVAL_BINS;
    for (size_t i = 0; i < EVAL_BINS; i++) {
        if (bins[i].count == 0) continue;
        double y = upward(p, bins[i].right);
        double x = p->left + wide * (double)i + 1;
        draw_box(out, (double[]){x, y}, wide - 2, p->bottom - y, PALE);
    }
    draw_line(out, (double[]){p->left, p->bottom}, (double[]){p->right, p->top},
        ZERO_SHOT);
    for (size_t i = 0; i < EVAL_BINS; i++) {
        if (bins[i].count == 0) continue;
        (void)fprintf(out,
            "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4\" fill=\"" BLUE "\"/>\n",
            across(p, bins[i].fit), upward(p, bins[i].right));
    }
}

/* How many queries each bin has: bars with their numbers above. */
static void draw_counts(
    FILE *out, const struct panel *p, const struct eval_bin bins[EVAL_BINS])
{
    double wide = (p->right - p->left) / EVAL_BINS;
    for (size_t i = 0; i < EVAL_BINS; i++) {
        char text[32];
        double y = upward(p, (double)bins[i].count);
        double x = p->left + wide * (double)i;
        draw_box(out, (double[]){x + 1, y}, wide - 2, p->bottom - y, GREY);
        if (bins[i].count < 10000)
            (void)snprintf(text, sizeof text, "%zu", bins[i].count);
        else
            (void)snprintf(
                text, sizeof text, "%.0fk", (double)bins[i].count / 1000);
        draw_text(out, (double[]){x + wide / 2, y - 3},
            MIDDLE " font-size=\"9.5\"", text);
    }
}

static void draw_reliability(const struct eval *eval, FILE *out)
{
    struct eval_bin bins[EVAL_BINS];
    size_t most = 1;
    eval_bins(&eval->streamed, bins);
    for (size_t i = 0; i < EVAL_BINS; i++)
        if (bins[i].count > most) most = bins[i].count;
    struct panel p = {660, 116, 1080, 340, 1, 1};
    scale_upward(out, &p, 0.2, 1);
    name_upward(out, &p, "share right");
    reliability_legend(out, &p);
    draw_bins(out, &p, bins);
    struct panel counts = {660, 372, 1080, 430, 1, (double)most};
    draw_counts(out, &counts, bins);
    scale_across(out, &counts, 0.2, 1);
    name_upward(out, &counts, "queries");
    name_across(out, &counts, "fit of the top one, in 15 bins");
}

/* ---- the whole ----------------------------------------------------------- */

static void draw_head(const struct eval *eval, const json_t *report, FILE *out)
{
    const char *path = eval->data.queries_path;
    size_t size = strlen(path);
    bool cut = size > PATH_SHOWN;
    char *from = cli_format("%zu queries of %s%s, %zu labels; %s feedback",
        eval->streamed.count, cut ? "..." : "",
        cut ? path + size - PATH_SHOWN : path, eval->data.label_count,
        eval_feedback_name(eval->options.feedback));
    draw_text(
        out, (double[]){34, 34}, "font-size=\"17\" font-weight=\"bold\"", from);
    cli_free(from);
    char *so_far = cli_number(json_object_get(report, "cumulative"), 2);
    char *last = cli_number(json_object_get(report, "last1000"), 2);
    char *error = cli_number(json_object_get(report, "ece"), 4);
    const json_t *top = json_object_get(report, "test_top1");
    char *test = json_is_number(top)
                     ? cli_format(", test %.2f", json_number_value(top))
                     : cli_text("");
    char *figures =
        cli_format("right %%: all %s, last 1,000 %s%s; calibration error %s",
            so_far, last, test, error);
    draw_text(
        out, (double[]){34, 58}, "font-size=\"13\" fill=\"" GREY "\"", figures);
    cli_free(figures);
    cli_free(so_far);
    cli_free(last);
    cli_free(test);
    cli_free(error);
}

void eval_plot(const struct eval *eval, const json_t *report, FILE *out)
{
    (void)fprintf(out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
        "viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"12\" "
        "fill=\"" INK "\">\n"
        "<rect width=\"%d\" height=\"%d\" fill=\"white\"/>\n",
        WIDTH, HEIGHT, WIDTH, HEIGHT, WIDTH, HEIGHT);
    draw_head(eval, report, out);
    draw_learning(eval, report, out);
    draw_reliability(eval, out);
    (void)fputs("</svg>\n", out);
}
