/* Columns -> rows: the octets that all rows share are copied, the values put in between.

   Rows with nulls in the same places have one form and are filled column by column; where the places change from row to
   row, cell by cell. A row never takes more than `stride` octets, a null-data being shorter than any value, so the room
   is known beforehand. */
#ifndef DLMS_ROW_PACK_H
#define DLMS_ROW_PACK_H

#include "row_gather.h"
#include "sink.h"

/* Where a column's cell stands in the form of a row: its tag (with the length of a date-time), its content, its end. */
typedef struct dlms_place {
    size_t start;
    size_t content;
    size_t end;
} dlms_place;

typedef struct dlms_packer {
    const dlms_column *columns;
    const dlms_place *places;
    size_t count;
    const uint8_t *form; /* a row with all values 0 */
    size_t stride;
    /* The form of the rows in work, which may have nulls, and where the contents stand in it: as much room as above. */
    uint8_t *run_form;
    size_t *run_contents;
    size_t run_stride;
    dlms_time_rule rule;
    int deviation; /* for columns of date-times without companions */
    int status;
    int compact; /* no tags, and so no null-data */
    /* The cell that could not be written. */
    size_t row;
    size_t column;
} dlms_packer;

/* Date-times: the date part is worked out once a day. */
typedef struct dlms_pack_day {
    int64_t first; /* ms (as stored) of its midnight */
    int64_t after; /* that of the next */
    int deviation;
    int status;
    uint8_t octets[12];
} dlms_pack_day;

static int dlms_pack_date_time(const dlms_packer *packer, const dlms_column *column, size_t row, dlms_pack_day *day,
                               uint8_t *to) {
    int deviation = column->deviations ? column->deviations[row] : packer->deviation;
    int status = column->statuses ? column->statuses[row] : packer->status;
    int64_t ms;
    memcpy(&ms, column->values + 8 * row, 8);
    if (ms == DLMS_NAT) {
        memset(to, 0xFF, 12);
        to[9] = 0x80;
        to[10] = 0;
        return 1;
    }
    if (ms < day->first || ms >= day->after || deviation != day->deviation || status != day->status) {
        if (!dlms_put_date_time(day->octets, ms, deviation, status, &packer->rule)) return 0;
        day->first = ms - dlms_time_ms(day->octets + 5) - (ms % 10 + 10) % 10;
        day->after = day->first + DLMS_MS_PER_DAY;
        day->deviation = deviation;
        day->status = status;
    }
    uint32_t hundredths = (uint32_t)(ms - day->first) / 10, seconds = hundredths / 100, minutes = seconds / 60;
    memcpy(to, day->octets, 12);
    to[5] = (uint8_t)(minutes / 60);
    to[6] = (uint8_t)(minutes % 60);
    to[7] = (uint8_t)(seconds % 60);
    to[8] = (uint8_t)(hundredths % 100);
    return 1;
}

static int dlms_pack_date(const uint8_t *value, uint8_t *to) {
    static const dlms_time_rule local = {1, 0};
    uint8_t octets[12];
    int64_t ms;
    memcpy(&ms, value, 8);
    if (ms == DLMS_NAT) memset(octets, 0xFF, 5);
    else if (!dlms_put_date_time(octets, ms, DLMS_NO_DEVIATION, DLMS_NO_STATUS, &local)) return 0;
    memcpy(to, octets, 5);
    return 1;
}

static int dlms_pack_time(const uint8_t *value, uint8_t *to) {
    int64_t ms;
    memcpy(&ms, value, 8);
    if (ms == DLMS_NAT) {
        memset(to, 0xFF, 4);
        return 1;
    }
    if (ms < 0 || ms >= DLMS_MS_PER_DAY) return 0;
    to[0] = (uint8_t)(ms / 3600000);
    to[1] = (uint8_t)(ms / 60000 % 60);
    to[2] = (uint8_t)(ms / 1000 % 60);
    to[3] = (uint8_t)(ms / 10 % 100);
    return 1;
}

/* The content of one cell; 0 when its type cannot hold it. */
static int dlms_pack_content(const dlms_packer *packer, const dlms_column *column, size_t row, dlms_pack_day *day,
                             uint8_t *to) {
    const size_t width = dlms_store_width(column->store);
    const uint8_t *value = column->values + row * width;
    uint16_t v16;
    uint32_t v32;
    uint64_t v64;
    switch (column->store) {
    case STORE_DATE_TIME: return dlms_pack_date_time(packer, column, row, day, to);
    case STORE_DATE: return dlms_pack_date(value, to);
    case STORE_TIME: return dlms_pack_time(value, to);
    default: break;
    }
    switch (width) {
    case 1: *to = *value; break;
    case 2: memcpy(&v16, value, 2), dlms_put_be16(to, v16); break;
    case 4: memcpy(&v32, value, 4), dlms_put_be32(to, v32); break;
    default: memcpy(&v64, value, 8), dlms_put_be64(to, v64); break;
    }
    return 1;
}

#define SCATTER(NAME, TYPE, PUT)                                                                    \
    static inline void NAME(const uint8_t *values, size_t rows, uint8_t *to, size_t stride) {       \
        for (size_t k = 0; k < rows; k++) {                                                         \
            TYPE value;                                                                             \
            memcpy(&value, values + k * sizeof value, sizeof value);                                \
            PUT(to + k * stride, value);                                                            \
        }                                                                                           \
    }
#define DLMS_PUT_U8(p, v) (*(p) = (v))
SCATTER(dlms_scatter_8, uint8_t, DLMS_PUT_U8)
SCATTER(dlms_scatter_16, uint16_t, dlms_put_be16)
SCATTER(dlms_scatter_32, uint32_t, dlms_put_be32)
SCATTER(dlms_scatter_64, uint64_t, dlms_put_be64)

static inline int dlms_pack_is_null(const dlms_column *column, size_t row) {
    return column->mask && (column->mask[row] & MASK_NULL);
}

/* The values of `rows` rows of a column (no nulls) into rows `stride` octets apart, the first content at `to`. */
static int dlms_scatter(dlms_packer *packer, size_t k, size_t row, size_t rows, uint8_t *to, size_t stride,
                        dlms_pack_day *day) {
    const dlms_column *column = &packer->columns[k];
    const uint8_t *values = column->values + row * dlms_store_width(column->store);
    if (dlms_is_time_store(column->store)) {
        for (size_t r = 0; r < rows; r++, to += stride)
            if (!dlms_pack_content(packer, column, row + r, day, to)) {
                packer->row = row + r;
                packer->column = k;
                return 0;
            }
        return 1;
    }
    switch (dlms_store_width(column->store)) {
    case 1: dlms_scatter_8(values, rows, to, stride); break;
    case 2: dlms_scatter_16(values, rows, to, stride); break;
    case 4: dlms_scatter_32(values, rows, to, stride); break;
    default: dlms_scatter_64(values, rows, to, stride); break;
    }
    return 1;
}

static int dlms_pack_has_null(const dlms_packer *packer, size_t row) {
    for (size_t k = 0; k < packer->count; k++)
        if (dlms_pack_is_null(&packer->columns[k], row)) return 1;
    return 0;
}

/* How many rows from `row` on, `most` at the most, have nulls where this one has them. */
static size_t dlms_pack_alike(const dlms_packer *packer, size_t row, size_t most) {
    for (size_t k = 0; k < packer->count; k++) {
        const uint8_t *mask = packer->columns[k].mask;
        size_t alike = 1;
        uint8_t differ = 0;
        if (mask == NULL) continue;
        for (size_t r = row; r < row + most; r++) differ |= mask[r] ^ mask[row];
        if ((differ & MASK_NULL) == 0) continue;
        while (alike < most && ((mask[row] ^ mask[row + alike]) & MASK_NULL) == 0) alike++;
        most = alike;
    }
    return most;
}

/* The form of a row with nulls where row `row` has them. */
static void dlms_pack_form(dlms_packer *packer, size_t row) {
    uint8_t *to = packer->run_form;
    size_t from = 0;
    for (size_t k = 0; k < packer->count; k++) {
        const dlms_place *place = &packer->places[k];
        const int is_null = packer->columns[k].store != STORE_NONE && dlms_pack_is_null(&packer->columns[k], row);
        const size_t until = is_null ? place->start : place->end;
        memcpy(to, packer->form + from, until - from);
        to += until - from;
        packer->run_contents[k] = (size_t)(to - packer->run_form) - (is_null ? 0 : place->end - place->content);
        if (is_null) *to++ = 0;
        from = place->end;
    }
    memcpy(to, packer->form + from, packer->stride - from);
    packer->run_stride = (size_t)(to - packer->run_form) + packer->stride - from;
}

/* One cell with what stands before it; the octet after it, or NULL. */
static uint8_t *dlms_pack_cell(dlms_packer *packer, size_t k, size_t row, dlms_pack_day *day, uint8_t *to) {
    const dlms_place *place = &packer->places[k];
    const size_t before = k ? packer->places[k - 1].end : 0;
    const dlms_column *column = &packer->columns[k];
    memcpy(to, packer->form + before, place->start - before);
    to += place->start - before;
    packer->row = row;
    packer->column = k;
    /* A column that never had a value has its null-data in the form. */
    if (column->store == STORE_NONE) return to;
    if (dlms_pack_is_null(column, row)) {
        if (packer->compact) return NULL;
        *to = 0;
        return to + 1;
    }
    memcpy(to, packer->form + place->start, place->end - place->start);
    if (!dlms_pack_content(packer, column, row, day, to + (place->content - place->start))) return NULL;
    return to + (place->end - place->start);
}

static uint8_t *dlms_pack_row(dlms_packer *packer, size_t row, dlms_pack_day *days, uint8_t *to) {
    const size_t last = packer->count ? packer->places[packer->count - 1].end : 0;
    for (size_t k = 0; k < packer->count; k++) {
        to = dlms_pack_cell(packer, k, row, &days[k], to);
        if (to == NULL) return NULL;
    }
    memcpy(to, packer->form + last, packer->stride - last);
    return to + (packer->stride - last);
}

/* Rows of one form: the form again and again, by copies of what is there already, then column after column. */
static uint8_t *dlms_pack_run(dlms_packer *packer, size_t row, size_t rows, dlms_pack_day *days, uint8_t *to) {
    size_t copied, stride, all;
    dlms_pack_form(packer, row);
    copied = stride = packer->run_stride;
    all = rows * stride;
    memcpy(to, packer->run_form, stride);
    for (; copied < all; copied *= 2) memcpy(to + copied, to, copied * 2 <= all ? copied : all - copied);
    for (size_t k = 0; k < packer->count; k++) {
        if (packer->columns[k].store == STORE_NONE || dlms_pack_is_null(&packer->columns[k], row)) continue;
        if (!dlms_scatter(packer, k, row, rows, to + packer->run_contents[k], stride, &days[k])) return NULL;
    }
    return to + all;
}

/* Rows `0` .. `rows` to `to`, where rows x stride octets have room; the octet after the last, or NULL where
   packer->row, ->column cannot be written. `days` has one for each column. */
static uint8_t *dlms_pack_rows(dlms_packer *packer, size_t rows, dlms_pack_day *days, uint8_t *to) {
    for (size_t row = 0, alike; row < rows && to != NULL; row += alike) {
        alike = dlms_pack_alike(packer, row, rows - row < RUN_ROWS ? rows - row : RUN_ROWS);
        if (alike >= 4 && !(packer->compact && dlms_pack_has_null(packer, row))) {
            to = dlms_pack_run(packer, row, alike, days, to);
        } else {
            for (size_t r = 0; r < alike && to != NULL; r++) to = dlms_pack_row(packer, row + r, days, to);
        }
    }
    return to;
}

#endif
