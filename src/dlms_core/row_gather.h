/* Gathers: one field of a run of rows of one form -> a stretch of a column, `stride` octets apart.

   Every address read was proved by the caller: the rows lie whole within the buffer. A gather that meets a value that
   does not fit the column's store returns 0 and leaves the column's state as it was; the cell-by-cell way
   (row_resolve.h) then finds out which. */
#ifndef DLMS_ROW_GATHER_H
#define DLMS_ROW_GATHER_H

#include "row_template.h"

#define RUN_ROWS 128 /* the most rows of a run: a few KB of octets, so that every column finds them in the L1 cache */

/* The run: its first row, the distance of rows, how many. */
typedef struct dlms_run {
    const uint8_t *row;
    size_t stride;
    size_t rows;
    size_t at; /* the row of the columns that the first one becomes */
} dlms_run;

#define GATHER(NAME, TYPE, LOAD)                                                                    \
    static inline void NAME(const uint8_t *p, size_t stride, size_t rows, uint8_t *values) {        \
        for (size_t k = 0; k < rows; k++) {                                                         \
            TYPE value = (TYPE)LOAD(p + k * stride);                                                \
            memcpy(values + k * sizeof value, &value, sizeof value);                                \
        }                                                                                           \
    }
#define DLMS_U8_AT(p) (*(p))
#define DLMS_TRUTH_AT(p) (*(p) != 0)
GATHER(dlms_gather_8, uint8_t, DLMS_U8_AT)
GATHER(dlms_gather_16, uint16_t, dlms_be16)
GATHER(dlms_gather_32, uint32_t, dlms_be32)
GATHER(dlms_gather_64, uint64_t, dlms_be64)
GATHER(dlms_gather_truth, uint8_t, DLMS_TRUTH_AT)

#if defined(__SSE4_1__)
#include <smmintrin.h>

/* Four neighbouring fields of 32 bits at once, `pitch` octets apart (5 with tags, 4 without): one load holds three or
   four of them, and four rows are turned into four columns. Reads nothing beyond the four fields. */
static void dlms_gather_32_by_4(const uint8_t *p, size_t stride, size_t rows, size_t pitch, uint8_t *const to[4]) {
    const __m128i tagged = _mm_setr_epi8(3, 2, 1, 0, 8, 7, 6, 5, 13, 12, 11, 10, -1, -1, -1, -1);
    const __m128i bare = _mm_setr_epi8(3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12);
    size_t k = 0;
    for (; k + 4 <= rows; k += 4) {
        __m128i r[4];
        for (int j = 0; j < 4; j++) {
            const uint8_t *field = p + (k + j) * stride;
            const __m128i octets = _mm_loadu_si128((const __m128i *)field);
            r[j] = pitch == 4 ? _mm_shuffle_epi8(octets, bare)
                              : _mm_insert_epi32(_mm_shuffle_epi8(octets, tagged), (int)dlms_be32(field + 15), 3);
        }
        const __m128i low01 = _mm_unpacklo_epi32(r[0], r[1]), low23 = _mm_unpacklo_epi32(r[2], r[3]);
        const __m128i high01 = _mm_unpackhi_epi32(r[0], r[1]), high23 = _mm_unpackhi_epi32(r[2], r[3]);
        _mm_storeu_si128((__m128i *)(to[0] + 4 * k), _mm_unpacklo_epi64(low01, low23));
        _mm_storeu_si128((__m128i *)(to[1] + 4 * k), _mm_unpackhi_epi64(low01, low23));
        _mm_storeu_si128((__m128i *)(to[2] + 4 * k), _mm_unpacklo_epi64(high01, high23));
        _mm_storeu_si128((__m128i *)(to[3] + 4 * k), _mm_unpackhi_epi64(high01, high23));
    }
    for (size_t j = 0; j < 4; j++) dlms_gather_32(p + k * stride + j * pitch, stride, rows - k, to[j] + 4 * k);
}
#define DLMS_HAS_GATHER_BY_4 1
#else
#define DLMS_HAS_GATHER_BY_4 0
#endif

/* Widened to int64: any integer or delta but an unsigned one of 8 octets. */
#define GATHER_WIDE(NAME, TYPE, LOAD)                                                               \
    static inline void NAME(const uint8_t *p, size_t stride, size_t rows, int64_t *values) {        \
        for (size_t k = 0; k < rows; k++) values[k] = (TYPE)LOAD(p + k * stride);                   \
    }
GATHER_WIDE(dlms_widen_u8, uint8_t, DLMS_U8_AT)
GATHER_WIDE(dlms_widen_i8, int8_t, DLMS_U8_AT)
GATHER_WIDE(dlms_widen_u16, uint16_t, dlms_be16)
GATHER_WIDE(dlms_widen_i16, int16_t, dlms_be16)
GATHER_WIDE(dlms_widen_u32, uint32_t, dlms_be32)
GATHER_WIDE(dlms_widen_i32, int32_t, dlms_be32)
GATHER_WIDE(dlms_widen_i64, int64_t, dlms_be64)

static inline void dlms_widen(uint8_t tag, const uint8_t *p, size_t stride, size_t rows, int64_t *values) {
    const dlms_tag_facts facts = DLMS_TAG_FACTS[tag];
    switch (facts.width * 2 + facts.is_signed) {
    case 2: dlms_widen_u8(p, stride, rows, values); break;
    case 3: dlms_widen_i8(p, stride, rows, values); break;
    case 4: dlms_widen_u16(p, stride, rows, values); break;
    case 5: dlms_widen_i16(p, stride, rows, values); break;
    case 8: dlms_widen_u32(p, stride, rows, values); break;
    case 9: dlms_widen_i32(p, stride, rows, values); break;
    default: dlms_widen_i64(p, stride, rows, values); break;
    }
}

#define NARROW(NAME, TYPE)                                                                          \
    static inline int NAME(const int64_t *from, size_t rows, uint8_t *values) {                     \
        int64_t lost = 0;                                                                           \
        for (size_t k = 0; k < rows; k++) {                                                         \
            TYPE value = (TYPE)from[k];                                                             \
            lost |= from[k] ^ (int64_t)value;                                                       \
            memcpy(values + k * sizeof value, &value, sizeof value);                                \
        }                                                                                           \
        return lost == 0;                                                                           \
    }
NARROW(dlms_narrow_u8, uint8_t)
NARROW(dlms_narrow_i8, int8_t)
NARROW(dlms_narrow_u16, uint16_t)
NARROW(dlms_narrow_i16, int16_t)
NARROW(dlms_narrow_u32, uint32_t)
NARROW(dlms_narrow_i32, int32_t)
NARROW(dlms_narrow_i64, int64_t)

/* int64 values into a store of integers (not U64, not INTEGER_F64); 0 when one does not fit. */
static inline int dlms_narrow(int store, const int64_t *from, size_t rows, uint8_t *values) {
    switch (store) {
    case STORE_U8: return dlms_narrow_u8(from, rows, values);
    case STORE_I8: return dlms_narrow_i8(from, rows, values);
    case STORE_U16: return dlms_narrow_u16(from, rows, values);
    case STORE_I16: return dlms_narrow_i16(from, rows, values);
    case STORE_U32: return dlms_narrow_u32(from, rows, values);
    case STORE_I32: return dlms_narrow_i32(from, rows, values);
    case STORE_I64: return dlms_narrow_i64(from, rows, values);
    default: return 0;
    }
}

static inline void dlms_keep_last(dlms_column *column, int64_t value) {
    column->last.known = 1;
    column->last.low = (uint64_t)value;
    column->last.high = value < 0 ? -1 : 0;
}

/* The value in row `row` of a store of integers, widened. */
static inline uint64_t dlms_stored(const dlms_column *column, size_t row) {
    const size_t width = dlms_store_width(column->store);
    const uint8_t *p = column->values + row * width;
    uint8_t v8;
    uint16_t v16;
    uint32_t v32;
    uint64_t v64;
    switch (width) {
    case 1: memcpy(&v8, p, 1); return column->store == STORE_I8 ? (uint64_t)(int64_t)(int8_t)v8 : v8;
    case 2: memcpy(&v16, p, 2); return column->store == STORE_I16 ? (uint64_t)(int64_t)(int16_t)v16 : v16;
    case 4: memcpy(&v32, p, 4); return column->store == STORE_I32 ? (uint64_t)(int64_t)(int32_t)v32 : v32;
    default: memcpy(&v64, p, 8); return v64;
    }
}

static inline void dlms_keep_stored(dlms_column *column, size_t row) {
    column->last.known = 1;
    column->last.low = dlms_stored(column, row);
    column->last.high = column->store != STORE_U64 && column->last.low >> 63 ? -1 : 0;
}

/* Deltas: every row adds to the one before. Sums that leave the store make the column wider, they never wrap. */
static int dlms_gather_deltas(const dlms_field *field, const dlms_run *run, dlms_column *column) {
    int64_t wide[RUN_ROWS];
    if (!column->last.known || column->last.high != (column->last.low >> 63 ? -1 : 0)) return 0;
    int64_t sum = (int64_t)column->last.low;
    /* 128 deltas of 32 bits cannot carry such a sum beyond 64 bits. */
    if (sum > INT64_MAX / 2 || sum < INT64_MIN / 2) return 0;
    dlms_widen(field->tag, run->row + field->offset, run->stride, run->rows, wide);
    for (size_t k = 0; k < run->rows; k++) wide[k] = sum += wide[k];
    if (!dlms_narrow(column->store, wide, run->rows, column->values + run->at * dlms_store_width(column->store)))
        return 0;
    dlms_keep_last(column, sum);
    return 1;
}

static int dlms_gather_integers(const dlms_field *field, const dlms_run *run, dlms_column *column) {
    const uint8_t *p = run->row + field->offset;
    uint8_t *values = column->values + run->at * dlms_store_width(column->store);
    if (DLMS_TAG_FACTS[field->tag].kind == CELL_DELTA) return dlms_gather_deltas(field, run, column);
    if (dlms_natural_store(field->tag) != column->store) {
        int64_t wide[RUN_ROWS];
        dlms_widen(field->tag, p, run->stride, run->rows, wide);
        if (!dlms_narrow(column->store, wide, run->rows, values)) return 0;
        dlms_keep_last(column, wide[run->rows - 1]);
        return 1;
    }
    switch (DLMS_TAG_FACTS[field->tag].width) {
    case 1: dlms_gather_8(p, run->stride, run->rows, values); break;
    case 2: dlms_gather_16(p, run->stride, run->rows, values); break;
    case 4: dlms_gather_32(p, run->stride, run->rows, values); break;
    default: dlms_gather_64(p, run->stride, run->rows, values); break;
    }
    dlms_keep_stored(column, run->at + run->rows - 1);
    return 1;
}

/* The same for this and the three columns after it, where all four are neighbours of 32 bits; 0 where they are not. */
static int dlms_gather_four(const dlms_field *field, const dlms_run *run, dlms_column *columns) {
#if DLMS_HAS_GATHER_BY_4
    const size_t pitch = (size_t)field[1].offset - field[0].offset;
    uint8_t *to[4];
    if (pitch != 4 && pitch != 5) return 0;
    for (size_t j = 0; j < 4; j++) {
        const int store = columns[j].store;
        if ((store != STORE_U32 && store != STORE_I32) || dlms_natural_store(field[j].tag) != store) return 0;
        if (field[j].offset != field[0].offset + j * pitch) return 0;
        to[j] = columns[j].values + 4 * run->at;
    }
    dlms_gather_32_by_4(run->row + field->offset, run->stride, run->rows, pitch, to);
    for (size_t j = 0; j < 4; j++) {
        if (columns[j].mask) memset(columns[j].mask + run->at, 0, run->rows);
        dlms_keep_stored(&columns[j], run->at + run->rows - 1);
    }
    return 1;
#else
    return 0;
#endif
}

static void dlms_fill(uint8_t *values, size_t width, size_t rows, uint64_t value) {
    uint16_t v16 = (uint16_t)value;
    uint32_t v32 = (uint32_t)value;
    if (width == 1) memset(values, (int)(value & 0xFF), rows);
    else if (width == 2) for (size_t k = 0; k < rows; k++) memcpy(values + 2 * k, &v16, 2);
    else if (width == 4) for (size_t k = 0; k < rows; k++) memcpy(values + 4 * k, &v32, 4);
    else for (size_t k = 0; k < rows; k++) memcpy(values + 8 * k, &value, 8);
}

/* The bits that stand in a column for "no value here": not-a-time, not-a-number, 0. */
static inline uint64_t dlms_missing_bits(int store) {
    switch (store) {
    case STORE_DATE_TIME:
    case STORE_DATE:
    case STORE_TIME: return (uint64_t)DLMS_NAT;
    case STORE_F32: return UINT64_C(0x7FC00000);
    case STORE_F64:
    case STORE_INTEGER_F64: return UINT64_C(0x7FF8000000000000);
    default: return 0;
    }
}

static inline int dlms_is_time_store(int store) { return store >= STORE_DATE_TIME && store <= STORE_TIME; }

/* The bits of a repeated value: integers are kept as numbers, all else as it is stored. */
static inline uint64_t dlms_repeated_bits(const dlms_column *column) {
    if (column->store == STORE_INTEGER_F64) {
        double value = column->last.high < 0 ? -(double)(0 - column->last.low) : (double)column->last.low;
        uint64_t bits;
        memcpy(&bits, &value, 8);
        return bits;
    }
    return column->last.low;
}

/* Whether null-data is rebuilt from what is known. */
static inline int dlms_rebuilds(const dlms_column *column) {
    if (!column->repeats || !column->last.known) return 0;
    if (!dlms_is_time_store(column->store)) return 1;
    return (int64_t)column->last.low != DLMS_NAT && (!column->is_clock || column->step != 0);
}

/* `rows` rows of null-data, or (`missing`) rows that end before this column. */
static void dlms_gather_nulls(const dlms_run *run, dlms_column *column, int missing) {
    const size_t width = dlms_store_width(column->store), at = run->at, rows = run->rows;
    const int rebuilds = !missing && dlms_rebuilds(column);
    if (column->mask) memset(column->mask + at, rebuilds ? MASK_NULL | MASK_REBUILT : MASK_NULL, rows);
    if (column->deviations) {
        int16_t deviation = rebuilds ? column->last.deviation : DLMS_NO_DEVIATION;
        for (size_t k = 0; k < rows; k++) column->deviations[at + k] = deviation;
    }
    if (column->statuses) memset(column->statuses + at, rebuilds ? column->last.status : DLMS_NO_STATUS, rows);
    if (column->store == STORE_NONE) return;
    if (rebuilds && column->is_clock && column->store == STORE_DATE_TIME) {
        uint64_t ms = column->last.low;
        for (size_t k = 0; k < rows; k++) {
            ms += (uint64_t)column->step;
            memcpy(column->values + 8 * (at + k), &ms, 8);
        }
        column->last.low = ms;
        return;
    }
    uint64_t bits = rebuilds ? dlms_repeated_bits(column) : dlms_missing_bits(column->store);
    dlms_fill(column->values + at * width, width, rows, bits);
}

static void dlms_gather_times(const dlms_field *field, const dlms_run *run, const uint8_t *end, dlms_column *column,
                              const dlms_time_rule *rule) {
    const uint8_t *p = run->row + field->offset;
    uint8_t *mask = column->mask ? column->mask + run->at : NULL;
    int64_t *ms = (int64_t *)(void *)column->values + run->at; /* arrays of 8 octets are aligned */
    if (column->store == STORE_DATE_TIME) {
        dlms_gather_dates(p, run->stride, run->rows, end, ms, mask, &column->day, rule, &column->bases);
        const uint8_t *last = p + (run->rows - 1) * run->stride;
        column->last.deviation = (int16_t)dlms_deviation(last);
        column->last.status = last[11];
        if (column->deviations)
            for (size_t k = 0; k < run->rows; k++)
                column->deviations[run->at + k] = (int16_t)dlms_deviation(p + k * run->stride);
        if (column->statuses) dlms_gather_8(p + 11, run->stride, run->rows, column->statuses + run->at);
    } else {
        for (size_t k = 0; k < run->rows; k++) {
            ms[k] = column->store == STORE_DATE ? dlms_date_ms(p + k * run->stride) : dlms_time_ms(p + k * run->stride);
            if (ms[k] == DLMS_NAT && mask) mask[k] |= dlms_nat_flag(column->store, p + k * run->stride);
        }
    }
    column->last.known = 1;
    column->last.low = (uint64_t)ms[run->rows - 1];
}

/* A run of cells that become objects later: where they stand. */
static void dlms_gather_cells(const dlms_field *field, const dlms_run *run, const uint8_t *origin, uint8_t *tags,
                              uint64_t *raw) {
    const dlms_tag_facts facts = DLMS_TAG_FACTS[field->tag];
    const uint8_t *p = run->row + field->offset;
    memset(tags, field->tag, run->rows);
    if (field->tag == TAG_MISSING || facts.width == 0) {
        memset(raw, 0, run->rows * sizeof *raw);
    } else if (facts.is_number) {
        for (size_t k = 0; k < run->rows; k++) raw[k] = dlms_number(p + k * run->stride, facts.width, facts.is_signed);
    } else {
        for (size_t k = 0; k < run->rows; k++) raw[k] = (uint64_t)(p + k * run->stride - origin);
    }
}

/* One field of a run into its column; 0 when some value does not fit, the column's state being unchanged. */
static int dlms_gather_field(const dlms_field *field, const dlms_run *run, const dlms_cursor *c, dlms_column *column,
                             const dlms_time_rule *rule) {
    const uint8_t *p = run->row + field->offset;
    if (column->store == STORE_OBJECT) {
        dlms_gather_cells(field, run, c->origin, column->cell_tags + run->at, column->cell_raw + run->at);
        return 1;
    }
    if (field->tag == 0 || field->tag == TAG_MISSING || field->tag == TAG_DONT_CARE) {
        dlms_gather_nulls(run, column, field->tag != 0);
        return 1;
    }
    if (column->mask) memset(column->mask + run->at, 0, run->rows);
    if (dlms_is_time_store(column->store)) {
        dlms_gather_times(field, run, c->end, column, rule);
        return 1;
    }
    if (column->store == STORE_BOOLEAN) dlms_gather_truth(p, run->stride, run->rows, column->values + run->at);
    else if (column->store == STORE_F32) dlms_gather_32(p, run->stride, run->rows, column->values + 4 * run->at);
    else if (column->store == STORE_F64) dlms_gather_64(p, run->stride, run->rows, column->values + 8 * run->at);
    else return dlms_store_is_integer(column->store) && dlms_gather_integers(field, run, column);
    column->last.known = 1;
    column->last.low = dlms_stored(column, run->at + run->rows - 1);
    return 1;
}

#endif
