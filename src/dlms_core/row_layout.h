/* The layout of rows: a tree of positions whose leaves are the columns.

   A scan walks rows and joins what it finds: a position that is a value in one row and a nest in another is both. A
   compact-array says its layout once, in its type description; the nodes then carry the tags. */
#ifndef DLMS_ROW_LAYOUT_H
#define DLMS_ROW_LAYOUT_H

#include "axdr.h"
#include "row_cells.h"
#include <stdlib.h>

#define LAYOUT_DEPTH 32
#define LAYOUT_COLUMNS 1024 /* wider rows are refused: every column costs arrays, however few octets announced it */
#define LAYOUT_NODES 4096

#define KIND_BIT(kind) (UINT32_C(1) << (kind))
/* Kinds that say nothing of what a column holds. */
#define KINDS_VOID (KIND_BIT(CELL_NULL) | KIND_BIT(CELL_DONT_CARE) | KIND_BIT(CELL_DELTA))

typedef struct dlms_node {
    int32_t column;    /* -1: none */
    int32_t child;     /* the first, or -1 */
    int32_t sibling;   /* the next, or -1 */
    uint32_t kinds;    /* KIND_BITs of the cells seen */
    uint8_t tag;       /* of the first value seen; compact-array: of every one */
    uint8_t is_mixed;  /* values of several tags were seen */
    uint8_t is_time;   /* octet-strings are date-times */
    uint8_t is_leaf;   /* some cell was no nest */
    uint8_t nest;      /* the tag of the first nest seen here */
} dlms_node;

typedef struct dlms_layout {
    dlms_node *nodes; /* nodes[0] is the row */
    size_t count;
    size_t room;
    size_t leaves;
    int compact;
} dlms_layout;

/* Where in a row a fault is: positions from the row down. */
typedef struct dlms_path {
    uint32_t at[LAYOUT_DEPTH + 1];
    int depth;
} dlms_path;

/* A new node, or -1 when memory or LAYOUT_NODES is exhausted. */
static inline int32_t dlms_layout_node(dlms_layout *layout) {
    if (layout->count == layout->room) {
        size_t room = layout->room ? layout->room * 2 : 16;
        if (room > LAYOUT_NODES) return -1;
        dlms_node *nodes = (dlms_node *)realloc(layout->nodes, room * sizeof *nodes);
        if (nodes == NULL) return -1;
        layout->nodes = nodes;
        layout->room = room;
    }
    dlms_node *node = &layout->nodes[layout->count];
    memset(node, 0, sizeof *node);
    node->column = node->child = node->sibling = -1;
    return (int32_t)layout->count++;
}

static inline void dlms_layout_close(dlms_layout *layout) {
    free(layout->nodes);
    memset(layout, 0, sizeof *layout);
}

/* The content of a cell that is no nest, its tag read (or known) already. */
static inline int dlms_cell_content(dlms_cursor *c, uint8_t tag, uint64_t *raw) {
    const dlms_tag_facts *facts = &DLMS_TAG_FACTS[tag];
    const uint8_t *start = c->at;
    size_t length;
    if (facts->width != WIDTH_OPEN) {
        if (facts->kind == CELL_UNKNOWN) return dlms_fail(c, DLMS_TAG, c->at - 1, -1, tag);
        if (!dlms_need(c, facts->width)) return 0;
        *raw = facts->is_number ? dlms_number(start, facts->width, facts->is_signed) : (uint64_t)dlms_offset(c);
        c->at += facts->width;
        return 1;
    }
    *raw = (uint64_t)dlms_offset(c);
    if (facts->kind == CELL_COMPACT) {
        axdr_bounds bounds;
        axdr_bounds_open(&bounds, dlms_left(c));
        return axdr_skip_compact(c, &bounds, NULL);
    }
    if (!dlms_length(c, &length)) return 0;
    if (facts->kind == CELL_BITS) length = length / 8 + (length % 8 != 0);
    if (!dlms_need(c, length)) return 0;
    c->at += length;
    return 1;
}

/* Length and first octet of the octet-string (or text) whose content begins at `raw`: it was read once already. */
static inline size_t dlms_cell_octets(const uint8_t *origin, uint64_t raw, const uint8_t **octets) {
    const uint8_t *p = origin + raw;
    size_t length = *p++;
    if (length >= 0x80) {
        unsigned following = length & 0x7F;
        length = 0;
        while (following--) length = length << 8 | *p++;
    }
    *octets = p;
    return length;
}

static inline int dlms_too_many_columns(dlms_cursor *c, const uint8_t *at) {
    return dlms_fail(c, DLMS_COUNT, at, LAYOUT_COLUMNS, LAYOUT_COLUMNS + 1);
}

/* Join a value of `tag` (its content at `raw`) to what is known of a node. */
static inline int dlms_join_value(dlms_cursor *c, dlms_layout *layout, dlms_node *node, uint8_t tag, uint64_t raw) {
    unsigned kind = DLMS_TAG_FACTS[tag].kind;
    if (!node->is_leaf) {
        if (layout->leaves == LAYOUT_COLUMNS) return dlms_too_many_columns(c, c->at);
        layout->leaves++;
        node->is_leaf = 1;
    }
    if (KIND_BIT(kind) & KINDS_VOID) {
        node->kinds |= KIND_BIT(kind);
        return 1;
    }
    int first = (node->kinds & ~KINDS_VOID) == 0;
    if (kind == CELL_DATE_TIME && first) node->is_time = 1;
    if (kind == CELL_OCTETS) {
        const uint8_t *octets;
        size_t length = dlms_cell_octets(c->origin, raw, &octets);
        if (first && length == 12 && dlms_looks_like_date_time(octets)) node->is_time = 1;
        /* Whatever its octets: one that is no date-time must not make objects of all the others. */
        if (node->is_time) kind = CELL_DATE_TIME;
    }
    if (first) node->tag = tag;
    node->is_mixed |= tag != node->tag;
    node->kinds |= KIND_BIT(kind);
    return 1;
}

/* The child after `*last` (or the first child, *last == -1) of `parent`, made when it is not there yet. */
static inline int32_t dlms_next_child(dlms_layout *layout, int32_t parent, int32_t *last) {
    int32_t next = *last < 0 ? layout->nodes[parent].child : layout->nodes[*last].sibling;
    if (next < 0) {
        next = dlms_layout_node(layout);
        if (next < 0) return -1;
        if (*last < 0) layout->nodes[parent].child = next;
        else layout->nodes[*last].sibling = next;
    }
    *last = next;
    return next;
}

/* One cell of A-XDR, with its tag. */
static int dlms_scan_cell(dlms_cursor *c, dlms_layout *layout, int32_t index, dlms_path *path) {
    const uint8_t *start = c->at;
    uint8_t tag;
    uint64_t raw;
    if (!dlms_u8(c, &tag)) return 0;
    if (DLMS_TAG_FACTS[tag].kind != CELL_NEST) {
        if (!dlms_cell_content(c, tag, &raw)) {
            c->at = start;
            return 0;
        }
        return dlms_join_value(c, layout, &layout->nodes[index], tag, raw);
    }
    size_t members;
    if (!dlms_length(c, &members)) return 0;
    if (members > dlms_left(c)) return dlms_fail(c, DLMS_COUNT, start + 1, (int64_t)dlms_left(c), (int64_t)members);
    if (path->depth == LAYOUT_DEPTH) return dlms_fail(c, DLMS_DEPTH, start, LAYOUT_DEPTH, LAYOUT_DEPTH + 1);
    /* An empty nest within a row is a cell without a value. */
    if (members == 0 && path->depth > 0) return dlms_join_value(c, layout, &layout->nodes[index], 0, 0);
    int32_t child = -1;
    if (layout->nodes[index].nest == 0) layout->nodes[index].nest = tag;
    for (size_t k = 0; k < members; k++) {
        if (dlms_next_child(layout, index, &child) < 0) return dlms_too_many_columns(c, c->at);
        path->at[path->depth++] = (uint32_t)k;
        if (!dlms_scan_cell(c, layout, child, path)) return 0;
        path->depth--;
    }
    return 1;
}

/* The layout that a type description announces, from node `index` down. */
static int dlms_layout_described(dlms_cursor *c, dlms_layout *layout, int32_t index, const axdr_type *types, size_t at) {
    const axdr_type *type = types + at;
    size_t inner = at + 1;
    int32_t child = -1;
    if (axdr_width(type->tag) != AXDR_SEQUENCE) {
        layout->nodes[index].tag = type->tag;
        layout->nodes[index].is_leaf = 1;
        layout->nodes[index].kinds = KIND_BIT(DLMS_TAG_FACTS[type->tag].kind);
        layout->nodes[index].is_time = type->tag == AXDR_DATE_TIME;
        if (++layout->leaves > LAYOUT_COLUMNS) return dlms_too_many_columns(c, c->at);
        return 1;
    }
    for (uint32_t k = 0; k < type->count; k++) {
        if (dlms_next_child(layout, index, &child) < 0) return dlms_too_many_columns(c, c->at);
        if (!dlms_layout_described(c, layout, child, types, inner)) return 0;
        if (type->tag == AXDR_STRUCTURE) inner = types[inner].next;
    }
    return 1;
}

/* The strings of an element of a compact-array: how many octets stand before each, and after the last. */
#define STRINGS_MOST 64
typedef struct dlms_strings {
    size_t before[STRINGS_MOST];
    uint8_t is_bits[STRINGS_MOST];
    size_t count;
    size_t after;
    size_t visited; /* types looked at: arrays of arrays name any number of them in a few octets */
} dlms_strings;

static int dlms_find_strings(dlms_strings *s, const axdr_type *types, size_t at) {
    const axdr_type *type = types + at;
    const int width = axdr_width(type->tag);
    size_t inner = at + 1;
    if (s->visited++ == LAYOUT_NODES) return 0;
    if (width >= 0) {
        s->after += (size_t)width;
        return 1;
    }
    if (width != AXDR_SEQUENCE) {
        if (s->count == STRINGS_MOST) return 0;
        s->before[s->count] = s->after;
        s->is_bits[s->count++] = width == AXDR_BITS;
        s->after = 0;
        return 1;
    }
    for (uint32_t k = 0; k < type->count; k++) {
        if (!dlms_find_strings(s, types, inner)) return 0;
        if (type->tag == AXDR_STRUCTURE) inner = types[inner].next;
    }
    return 1;
}

/* How many elements these contents hold, from string to string; 0 where that is not so easily said (the slow way then
   finds the fault, if there is one). */
static size_t dlms_count_described(const dlms_cursor *contents, const axdr_type *types) {
    dlms_strings strings;
    dlms_cursor c = *contents;
    size_t rows = 0, length;
    strings.count = strings.after = strings.visited = 0;
    if (!dlms_find_strings(&strings, types, 0) || strings.count == 0) return 0;
    while (c.at < c.end) {
        for (size_t k = 0; k < strings.count; k++) {
            if (dlms_left(&c) <= strings.before[k]) return 0;
            c.at += strings.before[k];
            if (!dlms_length(&c, &length)) return 0;
            if (strings.is_bits[k]) length = length / 8 + (length % 8 != 0);
            if (dlms_left(&c) < length) return 0;
            c.at += length;
        }
        if (dlms_left(&c) < strings.after) return 0;
        c.at += strings.after;
        rows++;
    }
    return rows;
}

/* The first row of a compact-array, read for its octet-strings: where one looks like a date-time, all are. */
static int dlms_judge_described(dlms_cursor *c, dlms_layout *layout, int32_t index) {
    dlms_node *node = &layout->nodes[index];
    const uint8_t *octets;
    uint64_t raw;
    if (node->is_leaf) {
        if (!dlms_cell_content(c, node->tag, &raw)) return 0;
        if (node->tag == AXDR_OCTET_STRING) {
            size_t length = dlms_cell_octets(c->origin, raw, &octets);
            if (length == 12 && dlms_looks_like_date_time(octets)) node->is_time = 1;
        }
        return 1;
    }
    for (int32_t child = node->child; child >= 0; child = layout->nodes[child].sibling)
        if (!dlms_judge_described(c, layout, child)) return 0;
    return 1;
}

/* Whether a row with this layout leaves nothing to learn: every leaf has had a value. */
static inline int dlms_layout_is_typed(const dlms_layout *layout) {
    for (size_t k = 0; k < layout->count; k++)
        if (layout->nodes[k].is_leaf && (layout->nodes[k].kinds & ~KINDS_VOID) == 0) return 0;
    return layout->count > 0;
}

/* Scan up to `most` rows, fewer when `*rows` ends or (`until_typed`) every leaf has had a value; *rows becomes the
   number scanned. */
static int dlms_scan_rows(dlms_cursor *c, dlms_layout *layout, size_t most, int until_typed, size_t *rows,
                          dlms_path *path) {
    size_t row = 0;
    if (layout->count == 0 && dlms_layout_node(layout) < 0) return dlms_fail(c, DLMS_PYTHON, c->at, 0, 0);
    for (; row < *rows && row < most; row++) {
        path->depth = 0;
        if (!dlms_scan_cell(c, layout, 0, path)) {
            *rows = row;
            return 0;
        }
        if (until_typed && dlms_layout_is_typed(layout)) {
            row++;
            break;
        }
    }
    *rows = row;
    return 1;
}

#endif
