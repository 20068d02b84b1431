/* The shape of A-XDR Data: what follows each tag, the bounds of decoding, type descriptions, and a walk that builds
   nothing. Every reader of Data steps through these functions, so that all of them accept and refuse the same octets. */
#ifndef DLMS_AXDR_H
#define DLMS_AXDR_H

#include <stdlib.h>

#include "cursor.h"

/* The tags of the CHOICE Data (Blue Book, "Data types"; Green Book, ASN.1 of Data). */
enum axdr_tag {
    AXDR_NULL_DATA = 0,
    AXDR_ARRAY = 1,
    AXDR_STRUCTURE = 2,
    AXDR_BOOLEAN = 3,
    AXDR_BIT_STRING = 4,
    AXDR_DOUBLE_LONG = 5,
    AXDR_DOUBLE_LONG_UNSIGNED = 6,
    AXDR_OCTET_STRING = 9,
    AXDR_VISIBLE_STRING = 10,
    AXDR_UTF8_STRING = 12,
    AXDR_BCD = 13,
    AXDR_INTEGER = 15,
    AXDR_LONG = 16,
    AXDR_UNSIGNED = 17,
    AXDR_LONG_UNSIGNED = 18,
    AXDR_COMPACT_ARRAY = 19,
    AXDR_LONG64 = 20,
    AXDR_LONG64_UNSIGNED = 21,
    AXDR_ENUM = 22,
    AXDR_FLOAT32 = 23,
    AXDR_FLOAT64 = 24,
    AXDR_DATE_TIME = 25,
    AXDR_DATE = 26,
    AXDR_TIME = 27,
    AXDR_DELTA_INTEGER = 28,
    AXDR_DELTA_LONG = 29,
    AXDR_DELTA_DOUBLE_LONG = 30,
    AXDR_DELTA_UNSIGNED = 31,
    AXDR_DELTA_LONG_UNSIGNED = 32,
    AXDR_DELTA_DOUBLE_LONG_UNSIGNED = 33,
    AXDR_DONT_CARE = 255
};

/* What axdr_width says of a tag whose content has no fixed width. */
enum axdr_form { AXDR_UNKNOWN = -1, AXDR_SEQUENCE = -2, AXDR_OCTETS = -3, AXDR_BITS = -4, AXDR_COMPACT = -5 };

/* Octets of content after a tag, or its form. */
static inline int axdr_width(uint8_t tag) {
    static const int8_t widths[34] = {
        0, AXDR_SEQUENCE, AXDR_SEQUENCE, 1, AXDR_BITS, 4, 4, AXDR_UNKNOWN, AXDR_UNKNOWN, AXDR_OCTETS, /* 0..9 */
        AXDR_OCTETS, AXDR_UNKNOWN, AXDR_OCTETS, 1, AXDR_UNKNOWN, 1, 2, 1, 2, AXDR_COMPACT,            /* 10..19 */
        8, 8, 1, 4, 8, 12, 5, 4, 1, 2,                                                                /* 20..29 */
        4, 1, 2, 4,                                                                                   /* 30..33 */
    };
    if (tag < sizeof widths) return widths[tag];
    return tag == AXDR_DONT_CARE ? 0 : AXDR_UNKNOWN;
}

/* How deep sequences nest unless the caller says otherwise, and the most that a caller may say: readers recurse, and
   a thread of musl has a stack of 128 KiB. */
#define AXDR_DEPTH 32
#define AXDR_DEEPEST 256

/* What one decoding may still use. `owed` counts the elements that open sequences still wait for: each needs an octet
   at least, so all the room ever made for elements stays below the octets of the input. */
typedef struct axdr_bounds {
    size_t values; /* elements that may still be made */
    size_t owed;
    int depth;   /* sequences that may still be opened inside one another */
    int deepest; /* what `depth` began with, for messages */
} axdr_bounds;

/* The bounds of `octets` octets of input: depth AXDR_DEPTH, elements 8 x octets + 1024. Elements of no width inside a
   compact-array would otherwise be free: 6 octets can name 4 milliards of them. */
static inline void axdr_bounds_open(axdr_bounds *b, size_t octets) {
    b->values = octets > (SIZE_MAX - 1024) / 8 ? SIZE_MAX : 8 * octets + 1024;
    b->owed = 0;
    b->depth = b->deepest = AXDR_DEPTH;
}

/* The indices that lead to the value being read. */
typedef struct axdr_path {
    int used;
    size_t index[AXDR_DEEPEST];
} axdr_path;

/* One level down; `tag` is where the sequence began. */
static inline int axdr_descend(dlms_cursor *c, axdr_bounds *b, const uint8_t *tag) {
    if (b->depth <= 0) return dlms_fail(c, DLMS_DEPTH, tag, b->deepest, b->deepest + 1);
    b->depth--;
    return 1;
}

/* The count of an array or structure whose tag has just been read; the caller takes each element off `owed` before it
   reads it, and gives the depth back after the last. */
static inline int axdr_enter(dlms_cursor *c, axdr_bounds *b, size_t *count) {
    const uint8_t *start = c->at;
    if (!axdr_descend(c, b, start - 1) || !dlms_length(c, count)) return 0;
    size_t left = dlms_left(c);
    if (*count > left) return dlms_fail(c, DLMS_COUNT, start, (int64_t)left, (int64_t)*count);
    if (*count > b->values) return dlms_fail(c, DLMS_COUNT, start, (int64_t)b->values, (int64_t)*count);
    if (*count > left - (b->owed < left ? b->owed : left))
        return dlms_fail(c, DLMS_TRUNCATED, c->at, (int64_t)(*count + b->owed), (int64_t)left);
    b->values -= *count;
    b->owed += *count;
    return 1;
}

/* The content of an octet-string, visible-string or utf8-string. */
static inline int axdr_octets(dlms_cursor *c, const uint8_t **octets, size_t *count) {
    return dlms_length(c, count) && dlms_octets(c, *count, octets);
}

/* The content of a bit-string: a count of bits, then as many octets as they take, first bit uppermost. */
static inline int axdr_bits(dlms_cursor *c, const uint8_t **octets, size_t *bits) {
    return dlms_length(c, bits) && dlms_octets(c, *bits / 8 + (*bits % 8 != 0), octets);
}

/* Past the content of any tag that is neither a sequence nor a compact-array. */
static inline int axdr_skip_leaf(dlms_cursor *c, uint8_t tag, const uint8_t *where) {
    const uint8_t *octets;
    size_t count;
    int width = axdr_width(tag);
    if (width >= 0) return dlms_octets(c, (size_t)width, &octets);
    if (width == AXDR_OCTETS) return axdr_octets(c, &octets, &count);
    if (width == AXDR_BITS) return axdr_bits(c, &octets, &count);
    return dlms_fail(c, DLMS_TAG, where, -1, tag);
}

/* One node of a type description, in the order of the octets; `next` is the node after the whole of this one. An array
   is followed by one node, its element's type; a structure by `count`. */
typedef struct axdr_type {
    uint8_t tag;
    uint32_t count;
    uint32_t next;
} axdr_type;

#define AXDR_TYPES_INLINE 32

/* The type description of a compact-array. Each element makes `values` values and takes `width` octets at least
   (exactly, where `fixed`); both stop counting at 2^40. */
typedef struct axdr_description {
    axdr_type *types;
    size_t used;
    size_t room;
    uint64_t values;
    uint64_t width;
    int fixed;
    int depth;          /* how deep sequences nest in it */
    const uint8_t *end; /* the octet after it */
    axdr_type own[AXDR_TYPES_INLINE];
} axdr_description;

static inline void axdr_description_close(axdr_description *d) {
    if (d->types != d->own) free(d->types);
    d->types = d->own;
}

static inline int axdr_add_type(axdr_description *d, uint8_t tag) {
    if (d->used == d->room) {
        size_t room = d->room * 2;
        if (room > SIZE_MAX / sizeof(axdr_type)) return 0;
        axdr_type *types = (axdr_type *)(d->types == d->own ? malloc(room * sizeof *types)
                                                            : realloc(d->types, room * sizeof *types));
        if (types == NULL) return 0;
        if (d->types == d->own) memcpy(types, d->own, sizeof d->own);
        d->types = types;
        d->room = room;
    }
    d->types[d->used].tag = tag;
    d->types[d->used].count = 0;
    d->used++;
    return 1;
}

static inline uint64_t axdr_capped(uint64_t n) { return n < (uint64_t)1 << 40 ? n : (uint64_t)1 << 40; }

static int axdr_describe_one(dlms_cursor *c, axdr_bounds *b, axdr_description *d, int depth, uint64_t *values,
                             uint64_t *width) {
    const uint8_t *where = c->at;
    size_t here = d->used, count = 0;
    uint64_t inner_values, inner_width;
    uint8_t tag;
    if (!dlms_u8(c, &tag)) return 0;
    int form = axdr_width(tag);
    if (form == AXDR_UNKNOWN || form == AXDR_COMPACT) return dlms_fail(c, DLMS_TAG, where, -1, tag);
    if (!axdr_add_type(d, tag)) return dlms_fail(c, DLMS_SIZE, where, (int64_t)d->used, (int64_t)d->used + 1);
    *values = 1;
    *width = form >= 0 ? (uint64_t)form : form == AXDR_SEQUENCE ? 0 : 1;
    if (form == AXDR_OCTETS || form == AXDR_BITS) d->fixed = 0;
    if (form == AXDR_SEQUENCE) {
        if (!axdr_descend(c, b, where)) return 0;
        if (++depth > d->depth) d->depth = depth;
        if (tag == AXDR_ARRAY) {
            uint16_t elements;
            if (!dlms_u16(c, &elements) || !axdr_describe_one(c, b, d, depth, &inner_values, &inner_width)) return 0;
            count = elements;
            *values = axdr_capped(1 + count * inner_values);
            *width = axdr_capped(count * inner_width);
        } else {
            const uint8_t *start = c->at;
            if (!dlms_length(c, &count)) return 0;
            if (count > dlms_left(c)) return dlms_fail(c, DLMS_COUNT, start, (int64_t)dlms_left(c), (int64_t)count);
            for (size_t i = 0; i < count; i++) {
                if (!axdr_describe_one(c, b, d, depth, &inner_values, &inner_width)) return 0;
                *values = axdr_capped(*values + inner_values);
                *width = axdr_capped(*width + inner_width);
            }
        }
        b->depth++;
    }
    d->types[here].count = (uint32_t)count;
    d->types[here].next = (uint32_t)d->used;
    return 1;
}

/* A type description (Green Book, TypeDescription); close `d` on every path. */
static inline int axdr_describe(dlms_cursor *c, axdr_bounds *b, axdr_description *d) {
    d->types = d->own;
    d->room = AXDR_TYPES_INLINE;
    d->used = 0;
    d->fixed = 1;
    d->depth = 0;
    if (!axdr_describe_one(c, b, d, 0, &d->values, &d->width)) return 0;
    d->end = c->at;
    return 1;
}

/* What follows the tag of a compact-array: its description (close it on every path), and a cursor over its contents.
   The contents of elements without width must be empty: any number of them would do. */
static inline int axdr_enter_compact(dlms_cursor *c, axdr_bounds *b, axdr_description *d, dlms_cursor *contents) {
    const uint8_t *start, *octets;
    size_t length;
    d->types = d->own;
    if (!axdr_descend(c, b, c->at - 1) || !axdr_describe(c, b, d)) return 0;
    start = c->at;
    if (!axdr_octets(c, &octets, &length)) return 0;
    if (d->width == 0 && length > 0) return dlms_fail(c, DLMS_LENGTH, start, 0, (int64_t)length);
    *contents = *c;
    contents->at = octets;
    contents->end = octets + length;
    return 1;
}

/* Before each element of a compact-array: its values are within bounds. */
static inline int axdr_enter_row(dlms_cursor *contents, axdr_bounds *b, const axdr_description *d) {
    if (d->values > b->values)
        return dlms_fail(contents, DLMS_COUNT, contents->at, (int64_t)b->values, (int64_t)d->values);
    b->values -= (size_t)d->values;
    return 1;
}

static int axdr_skip_described(dlms_cursor *c, const axdr_type *types, size_t at, axdr_path *path) {
    const axdr_type *type = types + at;
    if (axdr_width(type->tag) != AXDR_SEQUENCE) return axdr_skip_leaf(c, type->tag, c->at);
    size_t step = path ? (size_t)path->used++ : 0, child = at + 1;
    for (size_t i = 0; i < type->count; i++) {
        if (path) path->index[step] = i;
        if (!axdr_skip_described(c, types, child, path)) return 0;
        if (type->tag == AXDR_STRUCTURE) child = types[child].next;
    }
    if (path) path->used--;
    return 1;
}

/* Past the elements of a compact-array, all of which are looked at; `rows` receives how many there are. */
static inline int axdr_skip_rows(dlms_cursor *contents, axdr_bounds *b, const axdr_description *d, axdr_path *path,
                                 size_t *rows) {
    size_t length = dlms_left(contents), step = path ? (size_t)path->used++ : 0;
    *rows = 0;
    if (d->fixed && d->width && length % d->width == 0 && length / d->width <= b->values / d->values) {
        *rows = (size_t)(length / d->width);
        b->values -= (size_t)(*rows * d->values);
        contents->at = contents->end;
    }
    while (contents->at < contents->end) {
        if (path) path->index[step] = *rows;
        if (!axdr_enter_row(contents, b, d) || !axdr_skip_described(contents, d->types, 0, path)) return 0;
        ++*rows;
    }
    if (path) path->used--;
    return 1;
}

static inline int axdr_skip_compact(dlms_cursor *c, axdr_bounds *b, axdr_path *path) {
    axdr_description d;
    dlms_cursor contents;
    size_t rows;
    int good = axdr_enter_compact(c, b, &d, &contents);
    if (good) {
        good = axdr_skip_rows(&contents, b, &d, path, &rows);
        c->fault = contents.fault;
        b->depth++;
    }
    axdr_description_close(&d);
    return good;
}

/* Rows of a table are alike: their tags and lengths stand at the same places. */
#define AXDR_ALIKE_OCTETS 128
#define AXDR_ALIKE_MISSES 4 /* after so many rows that none resembled, rows are no longer compared */

/* Past the elements that look like the one from `row` to the cursor, `most` at the most; how many they are. None where
   it is no structure of plain values, or a long one. */
static size_t axdr_skip_alike(dlms_cursor *c, axdr_bounds *b, const uint8_t *row, size_t most) {
    uint8_t mask[AXDR_ALIKE_OCTETS] = {0};
    size_t width = (size_t)(c->at - row), at = 2, rows = 0;
    if (width < 8 || width > AXDR_ALIKE_OCTETS || row[0] != AXDR_STRUCTURE || row[1] >= 0x80) return 0;
    size_t members = row[1];
    mask[0] = mask[1] = 0xFF;
    for (size_t i = 0; i < members; i++) {
        int content = axdr_width(row[at]);
        mask[at++] = 0xFF;
        if (content < 0) {
            if (content != AXDR_OCTETS || row[at] >= 0x80) return 0;
            mask[at] = 0xFF;
            content = row[at++];
        }
        at += (size_t)content;
    }
    for (; rows < most && dlms_left(c) >= width; rows++) {
        const uint8_t *next = c->at;
        uint64_t differs = 0, ours, theirs, counts;
        for (size_t k = 0; k < width; k += 8) {
            size_t from = k + 8 <= width ? k : width - 8;
            memcpy(&ours, row + from, 8);
            memcpy(&theirs, next + from, 8);
            memcpy(&counts, mask + from, 8);
            differs |= (ours ^ theirs) & counts;
        }
        /* What axdr_enter would say of the row. */
        if (differs || members > b->values || members + b->owed - 1 > dlms_left(c) - 2) break;
        b->values -= members;
        b->owed--;
        c->at += width;
    }
    return rows;
}

/* Past one value, checked as strictly as any reader does. `path`, where given, leads to the fault after a failure. */
static int axdr_skip(dlms_cursor *c, axdr_bounds *b, axdr_path *path) {
    const uint8_t *where = c->at;
    size_t count;
    uint8_t tag;
    if (!dlms_u8(c, &tag)) return 0;
    if (tag == AXDR_COMPACT_ARRAY) return axdr_skip_compact(c, b, path);
    if (axdr_width(tag) != AXDR_SEQUENCE) return axdr_skip_leaf(c, tag, where);
    if (!axdr_enter(c, b, &count)) return 0;
    size_t step = path ? (size_t)path->used++ : 0;
    int misses = tag == AXDR_ARRAY ? 0 : AXDR_ALIKE_MISSES;
    for (size_t i = 0; i < count; i++) {
        if (path) path->index[step] = i;
        b->owed--;
        int width = c->at < c->end ? axdr_width(*c->at) : AXDR_UNKNOWN;
        if (width >= 0 && dlms_left(c) > (size_t)width) {
            c->at += 1 + width;
            continue;
        }
        const uint8_t *element = c->at;
        if (!axdr_skip(c, b, path)) return 0;
        if (misses < AXDR_ALIKE_MISSES) {
            size_t alike = axdr_skip_alike(c, b, element, count - i - 1);
            misses = alike ? 0 : misses + 1;
            i += alike;
        }
    }
    if (path) path->used--;
    b->depth++;
    return 1;
}

#endif
