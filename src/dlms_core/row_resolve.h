/* Cells of a block -> a stretch of a column, one by one: every type, every rule, exactly.

   A cell that the column cannot take as it is stops the work: the caller changes the column (or gives up) and resolves
   the same block again. Nothing is ever rounded, wrapped or dropped to make it fit. */
#ifndef DLMS_ROW_RESOLVE_H
#define DLMS_ROW_RESOLVE_H

#include "row_gather.h"

enum dlms_resolve_result {
    RESOLVE_OK = 0,
    RESOLVE_TYPE,  /* the first value of a column without a type */
    RESOLVE_WIDEN, /* an integer (or float) for which the store is too small, or of another type */
    RESOLVE_OTHER, /* a value of another kind */
    RESOLVE_RANGE  /* a sum of deltas outside -2^63 .. 2^64 - 1 */
};

/* Where and why resolving stopped. */
typedef struct dlms_stop {
    size_t cell; /* within the block */
    uint8_t tag;
    uint64_t low; /* the integer that did not fit, of 128 bits */
    int64_t high;
} dlms_stop;

/* low:high += delta, within what int64 and uint64 hold between them; 0 when the sum is outside. */
static inline int dlms_add_delta(uint64_t *low, int64_t *high, int64_t delta) {
    uint64_t sum = *low + (uint64_t)delta;
    int64_t carry = delta >= 0 ? sum < *low : -(int64_t)(sum > *low);
    int64_t top = *high + carry;
    if (top > 0 || top < -1 || (top == -1 && !(sum >> 63))) return 0;
    *low = sum;
    *high = top;
    return 1;
}

/* Whether a float64 holds the integer exactly. */
static inline int dlms_is_exact(uint64_t low, int64_t high) {
    uint64_t magnitude = high < 0 ? 0 - low : low;
    while (magnitude >> 53 && !(magnitude & 1)) magnitude >>= 1;
    return magnitude >> 53 == 0;
}

/* Store an integer; 0 when the store does not hold it. */
static inline int dlms_put_integer(int store, uint8_t *to, uint64_t low, int64_t high) {
    static const struct {
        int64_t least;
        uint64_t most;
    } bounds[] = {
        [STORE_U8] = {0, UINT8_MAX},           [STORE_I8] = {INT8_MIN, INT8_MAX},
        [STORE_U16] = {0, UINT16_MAX},         [STORE_I16] = {INT16_MIN, INT16_MAX},
        [STORE_U32] = {0, UINT32_MAX},         [STORE_I32] = {INT32_MIN, INT32_MAX},
        [STORE_U64] = {0, UINT64_MAX},         [STORE_I64] = {INT64_MIN, INT64_MAX},
    };
    if (store == STORE_INTEGER_F64) {
        double value = high < 0 ? -(double)(0 - low) : (double)low;
        if (!dlms_is_exact(low, high)) return 0;
        memcpy(to, &value, 8);
        return 1;
    }
    if (high < 0 ? (int64_t)low < bounds[store].least : low > bounds[store].most) return 0;
    uint8_t v8 = (uint8_t)low;
    uint16_t v16 = (uint16_t)low;
    uint32_t v32 = (uint32_t)low;
    switch (dlms_store_width(store)) {
    case 1: memcpy(to, &v8, 1); break;
    case 2: memcpy(to, &v16, 2); break;
    case 4: memcpy(to, &v32, 4); break;
    default: memcpy(to, &low, 8); break;
    }
    return 1;
}

static inline void dlms_put_bits(uint8_t *to, size_t width, uint64_t bits) {
    dlms_fill(to, width, 1, bits);
}

/* Integers and nulls, nothing else, and no unsigned of 64 bits: their numbers, nulls repeated or 0. */
static void dlms_resolve_nulls(dlms_column *column, const uint8_t *tags, const uint64_t *raw, size_t cells,
                               int64_t *values, uint8_t *mask) {
    const uint8_t null = column->repeats ? MASK_NULL | MASK_REBUILT : MASK_NULL;
    const uint64_t repeats = column->repeats ? UINT64_MAX : 0;
    uint64_t last = column->last.low;
    size_t k = 0;
    if (!column->last.known)
        for (; k < cells && tags[k] == 0; k++) {
            values[k] = 0;
            mask[k] = MASK_NULL;
        }
    if (k == cells) return;
    for (; k < cells; k++) {
        const int is_null = tags[k] == 0;
        last = is_null ? last : raw[k];
        values[k] = (int64_t)(is_null ? last & repeats : last);
        mask[k] = is_null ? null : 0;
    }
    dlms_keep_last(column, (int64_t)last);
}

/* A block of integers and nulls that all fit. 0, the column's state unchanged, where it is anything else. */
static int dlms_resolve_integers(dlms_column *column, const uint8_t *tags, const uint64_t *raw, size_t cells,
                                 uint8_t *values, uint8_t *mask, uint32_t seen, int any_type) {
    const dlms_last before = column->last;
    const uint8_t own = column->tag;
    int64_t wide[RUN_ROWS];
    uint8_t other = 0;
    if (seen & ~(KIND_BIT(CELL_INTEGER) | KIND_BIT(CELL_NULL)) || column->store > STORE_I64) return 0;
    if (before.known && before.high != (before.low >> 63 ? -1 : 0)) return 0;
    if (any_type)
        for (size_t k = 0; k < cells; k++) other |= (uint8_t)(tags[k] == TAG_MISSING);
    else
        for (size_t k = 0; k < cells; k++) other |= (uint8_t)((tags[k] != 0) & (tags[k] != own));
    if (other) return 0;
    if (column->store == STORE_I64) {
        /* Arrays of 8 octets are aligned. */
        dlms_resolve_nulls(column, tags, raw, cells, (int64_t *)(void *)values, mask);
        return 1;
    }
    dlms_resolve_nulls(column, tags, raw, cells, wide, mask);
    if (dlms_narrow(column->store, wide, cells, values)) return 1;
    column->last = before;
    return 0;
}

/* A block of date-times, one like the other: their octets are lined up 16 apart, then it goes as in a run. 0 where a
   cell is anything else. */
static int dlms_resolve_times(dlms_column *column, const dlms_cursor *c, const uint8_t *tags, const uint64_t *raw,
                              size_t cells, size_t row, uint32_t seen, const dlms_time_rule *rule) {
    uint8_t lined_up[RUN_ROWS * 16];
    const dlms_field field = {0, tags[0]};
    const dlms_run run = {lined_up, 16, cells, row};
    const size_t before = tags[0] == AXDR_OCTET_STRING; /* the length */
    /* `seen` may speak of a row that broke off below these, which are all null-data then: nothing lies at their raw. */
    if (tags[0] != AXDR_OCTET_STRING && tags[0] != AXDR_DATE_TIME) return 0;
    if (column->store != STORE_DATE_TIME || (seen != KIND_BIT(CELL_OCTETS) && seen != KIND_BIT(CELL_DATE_TIME))) return 0;
    /* `seen` tells of a row too that broke off and is not among these; a cell that is missing in all has no octets. */
    if (KIND_BIT(DLMS_TAG_FACTS[tags[0]].kind) != seen) return 0;
    for (size_t k = 0; k < cells; k++) {
        if (tags[k] != tags[0]) return 0;
        const uint8_t *octets = c->origin + raw[k];
        if (before && *octets != 12) return 0;
        memcpy(lined_up + 16 * k, octets + before, 12);
        memset(lined_up + 16 * k + 12, 0, 4);
    }
    if (column->mask) memset(column->mask + row, 0, cells);
    dlms_gather_times(&field, &run, lined_up + sizeof lined_up, column, rule);
    return 1;
}

/* One value (no null) of a time column, or RESOLVE_OTHER. Among date-times every octet-string is one: empty it is not
   specified, and of another length than 12 it is none, which the mask says. */
static int dlms_resolve_time(dlms_column *column, const dlms_cursor *c, uint8_t tag, uint64_t raw, size_t row,
                             uint8_t *mask, const dlms_time_rule *rule) {
    const uint8_t *octets = c->origin + raw;
    int64_t ms = DLMS_NAT;
    int16_t deviation = DLMS_NO_DEVIATION;
    uint8_t status = DLMS_NO_STATUS;
    unsigned kind = DLMS_TAG_FACTS[tag].kind;
    uint8_t flag = 0;
    size_t length = 12;
    if (column->store == STORE_DATE_TIME) {
        if (kind == CELL_OCTETS && column->is_time) length = dlms_cell_octets(c->origin, raw, &octets);
        else if (kind != CELL_DATE_TIME) return RESOLVE_OTHER;
        if (length == 12) {
            ms = dlms_ms_by_day(octets, &column->day, rule, &column->bases);
            deviation = (int16_t)dlms_deviation(octets);
            status = octets[11];
        } else {
            flag = length == 0 ? MASK_WILDCARD : MASK_OTHER_TYPE;
        }
        if (column->deviations) column->deviations[row] = deviation;
        if (column->statuses) column->statuses[row] = status;
        column->last.deviation = deviation;
        column->last.status = status;
    } else if (kind == CELL_DATE && column->store == STORE_DATE) {
        ms = dlms_date_ms(octets);
    } else if (kind == CELL_TIME && column->store == STORE_TIME) {
        ms = dlms_time_ms(octets);
    } else {
        return RESOLVE_OTHER;
    }
    memcpy(column->values + 8 * row, &ms, 8);
    *mask = ms == DLMS_NAT && flag == 0 ? dlms_nat_flag(column->store, octets) : flag;
    column->last.known = 1;
    column->last.low = (uint64_t)ms;
    return RESOLVE_OK;
}

/* One value (no null) of a column of floats or truth values. */
static int dlms_resolve_bits(dlms_column *column, uint8_t tag, uint64_t raw, size_t row) {
    unsigned kind = DLMS_TAG_FACTS[tag].kind;
    if (kind != (column->store == STORE_BOOLEAN ? CELL_BOOLEAN : CELL_FLOAT)) return RESOLVE_OTHER;
    if (column->store == STORE_F32 && tag != 23) return RESOLVE_WIDEN;
    if (column->store == STORE_F64 && tag == 23) {
        uint32_t bits = (uint32_t)raw;
        float narrow;
        memcpy(&narrow, &bits, 4);
        double wide = narrow;
        memcpy(&raw, &wide, 8);
    }
    if (column->store == STORE_BOOLEAN) raw = raw != 0;
    dlms_put_bits(column->values + row * dlms_store_width(column->store), dlms_store_width(column->store), raw);
    column->last.known = 1;
    column->last.low = raw;
    return RESOLVE_OK;
}

/* A value (or delta) of a column of integers. */
static int dlms_resolve_integer(dlms_column *column, uint8_t tag, uint64_t raw, size_t row, uint8_t *mask, int any_type,
                                dlms_stop *stop) {
    unsigned kind = DLMS_TAG_FACTS[tag].kind;
    uint8_t *to = column->values + row * dlms_store_width(column->store);
    uint64_t low = raw;
    int64_t high = DLMS_TAG_FACTS[tag].is_signed && raw >> 63 ? -1 : 0;
    if (kind == CELL_DELTA) {
        low = column->last.low;
        high = column->last.high;
        if (!column->last.known) {
            dlms_put_bits(to, dlms_store_width(column->store), dlms_missing_bits(column->store));
            *mask = MASK_OTHER_TYPE;
            return RESOLVE_OK;
        }
        if (!dlms_add_delta(&low, &high, (int64_t)raw)) return RESOLVE_RANGE;
    } else if (kind != CELL_INTEGER) {
        return RESOLVE_OTHER;
    }
    stop->low = low;
    stop->high = high;
    if (kind == CELL_INTEGER && !any_type && tag != column->tag) return RESOLVE_WIDEN;
    if (!dlms_put_integer(column->store, to, low, high)) return RESOLVE_WIDEN;
    column->last.known = 1;
    column->last.low = low;
    column->last.high = high;
    return RESOLVE_OK;
}

/* `cells` cells, their kinds `seen`, into the rows from `row` on. `fixed`: the column may not change its type, so that an integer of
   another type is welcome if it fits. On a stop the column's state is what it was before. */
static int dlms_resolve(dlms_column *column, const dlms_cursor *c, const uint8_t *tags, const uint64_t *raw,
                        size_t cells, size_t row, uint32_t seen, int fixed, const dlms_time_rule *rule,
                        dlms_stop *stop) {
    uint8_t unwanted[RUN_ROWS];
    uint8_t *mask = column->mask ? column->mask + row : unwanted;
    const int any_type = fixed || column->is_mixed;
    const dlms_last before = column->last;
    dlms_run one = {NULL, 0, 1, 0};
    if (column->store == STORE_OBJECT) {
        memcpy(column->cell_tags + row, tags, cells);
        memcpy(column->cell_raw + row, raw, cells * sizeof *raw);
        return RESOLVE_OK;
    }
    if (dlms_store_is_integer(column->store) &&
        dlms_resolve_integers(column, tags, raw, cells, column->values + row * dlms_store_width(column->store), mask,
                              seen, any_type))
        return RESOLVE_OK;
    if (dlms_resolve_times(column, c, tags, raw, cells, row, seen, rule)) return RESOLVE_OK;
    for (size_t k = 0; k < cells; k++) {
        int result = RESOLVE_OK;
        mask[k] = 0;
        if (tags[k] == 0 || tags[k] == TAG_MISSING || tags[k] == TAG_DONT_CARE) {
            one.at = row + k;
            dlms_gather_nulls(&one, column, tags[k] != 0);
            continue;
        }
        if (DLMS_TAG_FACTS[tags[k]].kind == CELL_DELTA && !dlms_store_is_integer(column->store)) {
            /* Nothing here that a delta could be added to. */
            one.at = row + k;
            dlms_gather_nulls(&one, column, 1);
            mask[k] = MASK_OTHER_TYPE;
        } else if (column->store == STORE_NONE) {
            result = RESOLVE_TYPE;
        } else if (dlms_is_time_store(column->store)) {
            result = dlms_resolve_time(column, c, tags[k], raw[k], row + k, mask + k, rule);
        } else if (dlms_store_is_integer(column->store)) {
            result = dlms_resolve_integer(column, tags[k], raw[k], row + k, mask + k, any_type, stop);
        } else {
            result = dlms_resolve_bits(column, tags[k], raw[k], row + k);
        }
        if (result != RESOLVE_OK) {
            stop->cell = k;
            stop->tag = tags[k];
            column->last = before;
            return result;
        }
    }
    return RESOLVE_OK;
}

#endif
