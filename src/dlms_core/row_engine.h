/* Rows -> columns: runs of rows of a known form where there are any, the plain walk where there are not.

   The engine is a loop that can be left and entered again: it stops when a column has to change, and continues in the
   middle of the same block. */
#ifndef DLMS_ROW_ENGINE_H
#define DLMS_ROW_ENGINE_H

#include "row_resolve.h"
#include "row_walk.h"

#define ENGINE_TEMPLATES 4
/* A template learned for a handful of rows costs more than walking them: after this many, walk on for a while. */
#define ENGINE_POOR_TEMPLATES 6
#define ENGINE_POOR_RUN 4
#define ENGINE_WALK_ROWS 1024

enum dlms_engine_result {
    ENGINE_DONE = 0,
    ENGINE_BROKEN, /* cursor.fault says what, path where in the row */
    ENGINE_UNFIT,  /* a row with another layout */
    ENGINE_STOP,   /* a column that has to change: `stop`, `column` and `why` */
    ENGINE_MEMORY
};

typedef struct dlms_engine {
    const dlms_layout *layout;
    dlms_column *columns;
    size_t count; /* of columns */
    dlms_time_rule rule;
    int fixed;       /* columns may not change */
    int waits;       /* more octets may follow: what is shorter than the rows at hand is left until they do */
    dlms_cursor c;   /* origin: the first octet of the layer; at: the next row */
    size_t rows;     /* how many there are */
    size_t row;      /* how many are done */
    dlms_path path;
    /* Templates; `first` is the plan's, learned already (or NULL). */
    const dlms_template *first;
    const dlms_template *current;
    dlms_template *learned;
    size_t learned_count;
    size_t victim;
    size_t poor;
    size_t walk_until;
    /* The rows in work: a run of a template, or (template NULL) a block of cells. */
    const dlms_template *in_work;
    const uint8_t *work_start;
    size_t work_rows;
    size_t work_column;
    int walked; /* what the walk said after those rows */
    dlms_block block;
    /* Why it stopped. */
    int why;
    size_t column;
    dlms_stop stop;
} dlms_engine;

static inline void dlms_engine_open(dlms_engine *e, const dlms_layout *layout, dlms_column *columns, size_t count,
                                    const dlms_time_rule *rule, int fixed, const dlms_template *first) {
    memset(e, 0, sizeof *e);
    e->layout = layout;
    e->columns = columns;
    e->count = count;
    e->rule = *rule;
    e->fixed = fixed;
    e->first = e->current = first;
    e->walked = WALK_OK;
}

static inline void dlms_engine_close(dlms_engine *e) {
    free(e->learned);
    free(e->block.tags);
    free(e->block.raw);
    free(e->block.seen);
    e->learned = NULL;
    e->block.tags = NULL;
    e->block.raw = NULL;
    e->block.seen = NULL;
}

static int dlms_engine_block(dlms_engine *e) {
    if (e->block.tags != NULL) return 1;
    size_t columns = e->count ? e->count : 1, rows = 8192 / columns;
    e->block.rows = rows < 8 ? 8 : rows > RUN_ROWS ? RUN_ROWS : rows;
    e->block.tags = (uint8_t *)malloc(columns * e->block.rows);
    e->block.raw = (uint64_t *)malloc(columns * e->block.rows * sizeof(uint64_t));
    e->block.seen = (uint32_t *)malloc(columns * sizeof(uint32_t));
    return e->block.tags != NULL && e->block.raw != NULL && e->block.seen != NULL;
}

/* How many rows of a template can lie whole before the end, RUN_ROWS at most. */
static inline size_t dlms_engine_most(const dlms_engine *e, const dlms_template *t) {
    size_t most = e->rows - e->row;
    if (most > RUN_ROWS) most = RUN_ROWS;
    size_t whole = dlms_left(&e->c) / t->stride;
    return most < whole ? most : whole;
}

/* A template that the next row fits, and for how many rows: one at hand, or a new one. 0 when the walk has to do. */
static size_t dlms_engine_run(dlms_engine *e) {
    size_t rows = 0;
    if (e->current) rows = dlms_template_run(e->current, e->c.at, dlms_engine_most(e, e->current));
    if (rows) return rows;
    for (size_t k = 0; k <= e->learned_count; k++) {
        const dlms_template *t = k ? &e->learned[k - 1] : e->first;
        if (t == NULL || t == e->current) continue;
        rows = dlms_template_run(t, e->c.at, dlms_engine_most(e, t));
        if (rows) {
            e->current = t;
            return rows;
        }
    }
    if (e->learned == NULL) {
        e->learned = (dlms_template *)malloc(ENGINE_TEMPLATES * sizeof *e->learned);
        if (e->learned == NULL) return 0;
    }
    size_t place = e->learned_count < ENGINE_TEMPLATES ? e->learned_count : e->victim++ % ENGINE_TEMPLATES;
    dlms_template *t = &e->learned[place];
    if (e->current == t) e->current = NULL;
    if (!dlms_template_learn(t, e->layout, e->columns, e->count, e->c.at, e->c.end, e->fixed)) {
        /* What was overwritten by half a template is gone for good. */
        if (place < e->learned_count) *t = e->learned[--e->learned_count];
        e->current = e->first;
        return 0;
    }
    if (place == e->learned_count) e->learned_count++;
    e->current = t;
    rows = dlms_template_run(t, e->c.at, dlms_engine_most(e, t));
    e->poor += rows < ENGINE_POOR_RUN;
    return rows;
}

static int dlms_engine_column(dlms_engine *e, size_t k) {
    dlms_column *column = &e->columns[k];
    if (e->in_work == NULL)
        return dlms_resolve(column, &e->c, e->block.tags + k * e->block.rows, e->block.raw + k * e->block.rows,
                            e->work_rows, e->row, e->block.seen[k], e->fixed, &e->rule, &e->stop);
    dlms_run run = {e->work_start, e->in_work->stride, e->work_rows, e->row};
    if (dlms_gather_field(&e->in_work->fields[k], &run, &e->c, column, &e->rule)) return RESOLVE_OK;
    uint8_t tags[RUN_ROWS];
    uint64_t raw[RUN_ROWS];
    dlms_gather_cells(&e->in_work->fields[k], &run, e->c.origin, tags, raw);
    return dlms_resolve(column, &e->c, tags, raw, run.rows, e->row, dlms_seen(tags[0]), e->fixed, &e->rule, &e->stop);
}

/* Four neighbouring columns of a run at once, where they are of the kind for which that is quicker. */
static inline int dlms_engine_four(dlms_engine *e) {
    const dlms_run run = {e->work_start, e->in_work->stride, e->work_rows, e->row};
    if (run.rows < 4 || !dlms_gather_four(&e->in_work->fields[e->work_column], &run, &e->columns[e->work_column]))
        return 0;
    e->work_column += 3;
    return 1;
}

/* The columns of the rows in work, from the one on that it stopped at. */
static int dlms_engine_work(dlms_engine *e) {
    for (; e->work_column < e->count; e->work_column++) {
        if (e->in_work && e->work_column + 4 <= e->count && dlms_engine_four(e)) continue;
        e->why = dlms_engine_column(e, e->work_column);
        if (e->why != RESOLVE_OK) {
            e->column = e->work_column;
            return ENGINE_STOP;
        }
    }
    e->row += e->work_rows;
    e->work_rows = 0;
    return ENGINE_DONE;
}

/* Take the next rows in work: a run, or a block. */
static int dlms_engine_next(dlms_engine *e) {
    e->work_column = 0;
    e->work_start = e->c.at;
    if (e->waits && e->current && dlms_left(&e->c) < e->current->stride) {
        dlms_fail(&e->c, DLMS_TRUNCATED, e->c.at, 0, 0);
        e->walked = WALK_FAULT;
        return ENGINE_DONE;
    }
    if (e->count <= TEMPLATE_COLUMNS && e->row >= e->walk_until) {
        e->work_rows = dlms_engine_run(e);
        if (e->work_rows) {
            e->in_work = e->current;
            e->c.at += e->work_rows * e->current->stride;
            if (e->poor == ENGINE_POOR_TEMPLATES) {
                e->poor = 0;
                e->walk_until = e->row + ENGINE_WALK_ROWS;
            }
            return ENGINE_DONE;
        }
    }
    if (!dlms_engine_block(e)) return ENGINE_MEMORY;
    e->in_work = NULL;
    e->walked = dlms_walk_rows(&e->c, e->layout, e->count, e->rows - e->row, &e->block, &e->work_rows, &e->path);
    return ENGINE_DONE;
}

/* Go on after a row that was cut off, once its other octets are there. */
static inline void dlms_engine_await(dlms_engine *e) {
    e->c.fault.code = DLMS_OK;
    e->walked = WALK_OK;
}

/* Decode the rows that are left. After ENGINE_STOP, change the column and call again; after any other result but
   ENGINE_DONE, the first `row` rows are good. */
static int dlms_engine_rows(dlms_engine *e) {
    for (;;) {
        if (e->work_rows) {
            int result = dlms_engine_work(e);
            if (result != ENGINE_DONE) return result;
        }
        if (e->walked == WALK_FAULT) return ENGINE_BROKEN;
        if (e->walked == WALK_UNFIT) return ENGINE_UNFIT;
        if (e->row == e->rows) return ENGINE_DONE;
        int result = dlms_engine_next(e);
        if (result != ENGINE_DONE) return result;
    }
}

#endif
