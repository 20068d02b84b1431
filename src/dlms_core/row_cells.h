/* Cells of a row: what each Data tag is to a column, and the columns that cells end up in.

   A row is cut into leaves, the cells. A cell is a tag and eight octets "raw": the value itself of integers, booleans
   and floats (sign-extended; floats as their bits), else where the content begins in the buffer. */
#ifndef DLMS_ROW_CELLS_H
#define DLMS_ROW_CELLS_H

#include "clock.h"
#include "cursor.h"

/* What a cell is to a column. */
enum dlms_cell_kind {
    CELL_UNKNOWN = 0, /* no tag of the book */
    CELL_NULL,
    CELL_INTEGER, /* enum and bcd too */
    CELL_DELTA,
    CELL_BOOLEAN,
    CELL_FLOAT,
    CELL_DATE_TIME,
    CELL_DATE,
    CELL_TIME,
    CELL_OCTETS,
    CELL_TEXT,
    CELL_BITS,
    CELL_NEST,    /* array, structure */
    CELL_COMPACT, /* compact-array */
    CELL_DONT_CARE
};

/* Tags beside those of the book, inside the columns only. */
#define TAG_MISSING 0xFE /* the row ended before this cell */
#define TAG_DONT_CARE 0xFF

#define WIDTH_OPEN 0xFF /* a length comes first, or elements do */

typedef struct dlms_tag_facts {
    uint8_t kind;
    uint8_t width;     /* octets of content, or WIDTH_OPEN */
    uint8_t is_signed; /* the content is a two's complement number */
    uint8_t is_number; /* raw is the content itself */
} dlms_tag_facts;

static const dlms_tag_facts DLMS_TAG_FACTS[256] = {
    [0] = {CELL_NULL, 0, 0, 1},
    [1] = {CELL_NEST, WIDTH_OPEN, 0, 0},
    [2] = {CELL_NEST, WIDTH_OPEN, 0, 0},
    [3] = {CELL_BOOLEAN, 1, 0, 1},
    [4] = {CELL_BITS, WIDTH_OPEN, 0, 0},
    [5] = {CELL_INTEGER, 4, 1, 1},
    [6] = {CELL_INTEGER, 4, 0, 1},
    [9] = {CELL_OCTETS, WIDTH_OPEN, 0, 0},
    [10] = {CELL_TEXT, WIDTH_OPEN, 0, 0},
    [12] = {CELL_TEXT, WIDTH_OPEN, 0, 0},
    [13] = {CELL_INTEGER, 1, 0, 1},
    [15] = {CELL_INTEGER, 1, 1, 1},
    [16] = {CELL_INTEGER, 2, 1, 1},
    [17] = {CELL_INTEGER, 1, 0, 1},
    [18] = {CELL_INTEGER, 2, 0, 1},
    [19] = {CELL_COMPACT, WIDTH_OPEN, 0, 0},
    [20] = {CELL_INTEGER, 8, 1, 1},
    [21] = {CELL_INTEGER, 8, 0, 1},
    [22] = {CELL_INTEGER, 1, 0, 1},
    [23] = {CELL_FLOAT, 4, 0, 1},
    [24] = {CELL_FLOAT, 8, 0, 1},
    [25] = {CELL_DATE_TIME, 12, 0, 0},
    [26] = {CELL_DATE, 5, 0, 0},
    [27] = {CELL_TIME, 4, 0, 0},
    [28] = {CELL_DELTA, 1, 1, 1},
    [29] = {CELL_DELTA, 2, 1, 1},
    [30] = {CELL_DELTA, 4, 1, 1},
    [31] = {CELL_DELTA, 1, 0, 1},
    [32] = {CELL_DELTA, 2, 0, 1},
    [33] = {CELL_DELTA, 4, 0, 1},
    [TAG_DONT_CARE] = {CELL_DONT_CARE, 0, 0, 1},
};

/* Octets from the tag of a number (nulls among them) to the next tag; 0 for any other tag. */
static const uint8_t DLMS_NUMBER_STEP[256] = {
    [0] = 1,  [3] = 2,  [5] = 5,  [6] = 5,  [13] = 2, [15] = 2, [16] = 3, [17] = 2, [18] = 3, [20] = 9, [21] = 9, [22] = 2,
    [23] = 5, [24] = 9, [28] = 2, [29] = 3, [30] = 5, [31] = 2, [32] = 3, [33] = 5, [TAG_DONT_CARE] = 1,
};

/* How a column stores its values. */
enum dlms_store {
    STORE_NONE = 0, /* no value seen yet: nulls only */
    STORE_U8,
    STORE_I8,
    STORE_U16,
    STORE_I16,
    STORE_U32,
    STORE_I32,
    STORE_U64,
    STORE_I64,
    STORE_BOOLEAN,
    STORE_F32,
    STORE_F64,
    STORE_INTEGER_F64, /* integers that only a float64 holds exactly */
    STORE_DATE_TIME,   /* ms since 1970-01-01 */
    STORE_DATE,        /* the same, at midnight */
    STORE_TIME,        /* ms of the day */
    STORE_OBJECT       /* cells are kept as they are and become Python objects afterwards */
};

/* The store of a column whose values all have this tag. */
static inline int dlms_natural_store(int tag) {
    static const uint8_t by_width[9][2] = {
        [1] = {STORE_U8, STORE_I8}, [2] = {STORE_U16, STORE_I16}, [4] = {STORE_U32, STORE_I32}, [8] = {STORE_U64, STORE_I64},
    };
    const dlms_tag_facts *facts = &DLMS_TAG_FACTS[tag & 0xFF];
    switch (facts->kind) {
    case CELL_INTEGER: return by_width[facts->width][facts->is_signed];
    case CELL_BOOLEAN: return STORE_BOOLEAN;
    case CELL_FLOAT: return facts->width == 4 ? STORE_F32 : STORE_F64;
    case CELL_DATE_TIME: return STORE_DATE_TIME;
    case CELL_DATE: return STORE_DATE;
    case CELL_TIME: return STORE_TIME;
    case CELL_NULL:
    case CELL_DELTA:
    case CELL_DONT_CARE: return STORE_NONE;
    default: return STORE_OBJECT;
    }
}

static inline int dlms_store_is_integer(int store) {
    return (store >= STORE_U8 && store <= STORE_I64) || store == STORE_INTEGER_F64;
}

/* Flags of a mask, one octet for each cell. */
#define MASK_NULL 1
#define MASK_REBUILT 2
#define MASK_OTHER_TYPE 4
#define MASK_WILDCARD 8

#if defined(__GNUC__)
#define DLMS_RARE __attribute__((cold, noinline))
#else
#define DLMS_RARE
#endif

/* The flag of a time that is no point in time: it says so itself, or its octets are no time at all. Kept out of the
   loops that ask, which it would slow down. */
DLMS_RARE static uint8_t dlms_nat_flag(int store, const uint8_t *octets) {
    int date = store == STORE_TIME ? FIELDS_GIVEN : dlms_date_fields(octets);
    int time = store == STORE_DATE ? FIELDS_GIVEN : dlms_time_fields(store == STORE_TIME ? octets : octets + 5);
    int is_wild = date != FIELDS_IMPOSSIBLE && time != FIELDS_IMPOSSIBLE && (date | time) == FIELDS_WILD;
    return is_wild ? MASK_WILDCARD : MASK_OTHER_TYPE;
}

#define BASIS_UTC 1
#define BASIS_LOCAL 2

/* The day that a column's last date-time fell on: what the hot loop compares with. */
typedef struct dlms_day {
    uint8_t key[16]; /* a date-time of that day */
    int64_t base;    /* ms of its midnight */
    int known;
} dlms_day;

/* What the rows before leave to the next one. An integer is 128 bits: high is 0 or -1. */
typedef struct dlms_last {
    int known;
    uint64_t low;
    int64_t high;
    int16_t deviation;
    uint8_t status;
} dlms_last;

typedef struct dlms_column {
    /* The plan. */
    uint8_t store;
    uint8_t tag;      /* of its first value; 0 before there is one */
    uint8_t kind;     /* of its values; 0 where there are none, or several kinds */
    uint8_t is_mixed; /* of several integer (or float) types: any of them is at home here */
    uint8_t is_time;  /* octet-strings are date-times */
    uint8_t is_clock; /* null-data: the time before plus `step` */
    uint8_t repeats;  /* null-data: the value before */
    int64_t step;
    /* Integers met that the store could not hold: what it has to become depends on all of them. */
    uint8_t met_negative;
    uint8_t met_big; /* beyond int64 */
    uint8_t met_inexact; /* not exact as a float64 */
    /* The arrays; those that are not wanted are NULL. */
    uint8_t *values;
    uint8_t *mask;
    int16_t *deviations;
    uint8_t *statuses;
    uint8_t *cell_tags; /* STORE_OBJECT only */
    uint64_t *cell_raw;
    /* The state. */
    dlms_last last;
    dlms_day day;
    uint32_t bases;
} dlms_column;

static inline size_t dlms_store_width(int store) {
    switch (store) {
    case STORE_U8:
    case STORE_I8:
    case STORE_BOOLEAN: return 1;
    case STORE_U16:
    case STORE_I16: return 2;
    case STORE_U32:
    case STORE_I32:
    case STORE_F32: return 4;
    default: return 8;
    }
}

static inline void dlms_column_reset(dlms_column *column) {
    memset(&column->last, 0, sizeof column->last);
    column->last.deviation = DLMS_NO_DEVIATION;
    column->last.status = DLMS_NO_STATUS;
    column->day.known = 0;
    column->bases = 0;
}

/* Whether a 12-octet octet-string reads as a date-time: every field possible, specified or not. */
static inline int dlms_looks_like_date_time(const uint8_t *p) {
    int year = dlms_be16(p), deviation = dlms_deviation(p);
    return (year == 0xFFFF || (year >= 1900 && year < 2300)) && ((p[2] >= 1 && p[2] <= 12) || p[2] >= 0xFD) &&
           ((p[3] >= 1 && p[3] <= 31) || p[3] >= 0xFD) && (p[4] <= 7 || p[4] == 0xFF) && (p[5] < 24 || p[5] == 0xFF) &&
           (p[6] < 60 || p[6] == 0xFF) && (p[7] < 60 || p[7] == 0xFF) && (p[8] < 100 || p[8] == 0xFF) &&
           ((deviation >= -840 && deviation <= 840) || deviation == DLMS_NO_DEVIATION);
}

/* The value of `width` (0 .. 8) octets, big-endian, widened to 64 bits. */
static inline uint64_t dlms_number(const uint8_t *p, unsigned width, int is_signed) {
    uint64_t value = 0;
    for (unsigned k = 0; k < width; k++) value = value << 8 | p[k];
    if (is_signed && width && width < 8) {
        uint64_t sign = UINT64_C(1) << (8 * width - 1);
        value = (value ^ sign) - sign;
    }
    return value;
}

#endif
