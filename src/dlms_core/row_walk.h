/* The plain walk: one row after the other, cell by cell, into a block of cells; no layout of octets is assumed.

   The cells of column k stand at tags[k * block] .. and raw[k * block] .., one for each row of the block. What a row
   does not reach stays TAG_MISSING. */
#ifndef DLMS_ROW_WALK_H
#define DLMS_ROW_WALK_H

#include "row_layout.h"

enum dlms_walk_result { WALK_FAULT = 0, WALK_OK = 1, WALK_UNFIT = 2 /* a position that the layout does not have */ };

typedef struct dlms_block {
    uint8_t *tags;
    uint64_t *raw;
    uint32_t *seen; /* for each column the KIND_BITs of its cells in the block, and SEEN_UNSIGNED_64 */
    size_t rows;    /* room */
} dlms_block;

#define SEEN_UNSIGNED_64 (UINT32_C(1) << 31)

static inline uint32_t dlms_seen(uint8_t tag) {
    return KIND_BIT(DLMS_TAG_FACTS[tag].kind) | (uint32_t)(tag == AXDR_LONG64_UNSIGNED) << 31;
}

static inline void dlms_block_put(dlms_block *block, int32_t column, size_t row, uint8_t tag, uint64_t raw) {
    block->tags[(size_t)column * block->rows + row] = tag;
    block->raw[(size_t)column * block->rows + row] = raw;
    block->seen[column] |= dlms_seen(tag);
}

/* A null in the place of a nest is a null in every column below it. */
static void dlms_null_below(const dlms_layout *layout, int32_t index, dlms_block *block, size_t row) {
    const dlms_node *node = &layout->nodes[index];
    if (node->column >= 0) dlms_block_put(block, node->column, row, 0, 0);
    for (int32_t child = node->child; child >= 0; child = layout->nodes[child].sibling)
        dlms_null_below(layout, child, block, row);
}

/* An octet-string, visible-string or utf8-string of less than 128 octets; 0 when it is none, or not whole. */
static inline int dlms_walk_string(dlms_cursor *c, const dlms_node *leaf, dlms_block *block, size_t row) {
    const uint8_t *p = c->at;
    if (leaf->column < 0 || leaf->child >= 0 || dlms_left(c) < 2 || p[1] >= 0x80) return 0;
    if (p[0] != AXDR_OCTET_STRING && p[0] != AXDR_VISIBLE_STRING && p[0] != AXDR_UTF8_STRING) return 0;
    if (dlms_left(c) - 2 < p[1]) return 0;
    dlms_block_put(block, leaf->column, row, p[0], (uint64_t)(p + 1 - c->origin));
    c->at = p + 2 + p[1];
    return 1;
}

static int dlms_walk_cell(dlms_cursor *c, const dlms_layout *layout, int32_t index, dlms_block *block, size_t row,
                          dlms_path *path) {
    const dlms_node *node = &layout->nodes[index];
    const uint8_t *start = c->at;
    uint8_t tag;
    if (!dlms_u8(c, &tag)) return WALK_FAULT;
    const dlms_tag_facts facts = DLMS_TAG_FACTS[tag];
    if (facts.kind == CELL_NULL && node->child >= 0) {
        dlms_null_below(layout, index, block, row);
        return WALK_OK;
    }
    if (facts.kind != CELL_NEST) {
        uint64_t raw;
        if (!dlms_cell_content(c, tag, &raw)) {
            c->at = start;
            return WALK_FAULT;
        }
        if (node->column < 0) return KIND_BIT(facts.kind) & KINDS_VOID ? WALK_OK : WALK_UNFIT;
        dlms_block_put(block, node->column, row, tag, raw);
        return WALK_OK;
    }
    size_t members;
    if (!dlms_length(c, &members)) return WALK_FAULT;
    if (members > dlms_left(c)) return dlms_fail(c, DLMS_COUNT, start + 1, (int64_t)dlms_left(c), (int64_t)members);
    if (path->depth == LAYOUT_DEPTH) return dlms_fail(c, DLMS_DEPTH, start, LAYOUT_DEPTH, LAYOUT_DEPTH + 1);
    int32_t child = node->child;
    for (size_t k = 0; k < members; k++) {
        path->at[path->depth++] = (uint32_t)k;
        if (child < 0) return WALK_UNFIT;
        const dlms_node *leaf = &layout->nodes[child];
        const uint8_t *p = c->at;
        int result = WALK_OK;
        /* Numbers, whatever their types, without a branch on the type: 9 octets in hand are enough for any. */
        size_t step = (size_t)(c->end - p) > 8 ? DLMS_NUMBER_STEP[*p] : 0;
        if (step && leaf->child < 0 && leaf->column >= 0) {
            const uint8_t tag_here = *p;
            uint64_t eight = dlms_be64(p + 1);
            /* In two halves: a null has no width, and shifting by 64 at once is undefined. */
            unsigned half = 36u - 4u * (unsigned)step;
            uint64_t value = (eight >> half) >> half;
            uint64_t sign = (uint64_t)DLMS_TAG_FACTS[tag_here].is_signed << ((8u * step - 9u) & 63u);
            dlms_block_put(block, leaf->column, row, tag_here, (value ^ sign) - sign);
            c->at = p + step;
        } else if (!dlms_walk_string(c, leaf, block, row)) {
            result = dlms_walk_cell(c, layout, child, block, row, path);
        }
        if (result != WALK_OK) return result;
        path->depth--;
        child = leaf->sibling;
    }
    return WALK_OK;
}

/* One row of a compact-array: the nodes say what comes. */
static int dlms_walk_compact(dlms_cursor *c, const dlms_layout *layout, int32_t index, dlms_block *block, size_t row,
                             dlms_path *path) {
    const dlms_node *node = &layout->nodes[index];
    if (node->column >= 0) {
        uint64_t raw;
        if (!dlms_cell_content(c, node->tag, &raw)) return WALK_FAULT;
        dlms_block_put(block, node->column, row, node->tag, raw);
        return WALK_OK;
    }
    uint32_t position = 0;
    for (int32_t child = node->child; child >= 0; child = layout->nodes[child].sibling) {
        path->at[path->depth++] = position++;
        if (dlms_walk_compact(c, layout, child, block, row, path) != WALK_OK) return WALK_FAULT;
        path->depth--;
    }
    return WALK_OK;
}

/* Walk up to `most` rows (no more than the block holds) into the block; *rows becomes the number of whole rows, and
   the cursor stands behind them. A compact-array also ends where its octets end. */
static int dlms_walk_rows(dlms_cursor *c, const dlms_layout *layout, size_t columns, size_t most, dlms_block *block,
                          size_t *rows, dlms_path *path) {
    size_t row = 0;
    int result = WALK_OK;
    if (most > block->rows) most = block->rows;
    memset(block->tags, TAG_MISSING, columns * block->rows);
    memset(block->seen, 0, columns * sizeof *block->seen);
    for (; row < most; row++) {
        const uint8_t *start = c->at;
        path->depth = 0;
        result = layout->compact ? dlms_walk_compact(c, layout, 0, block, row, path)
                                 : dlms_walk_cell(c, layout, 0, block, row, path);
        if (result != WALK_OK) {
            c->at = start;
            break;
        }
    }
    *rows = row;
    return result;
}

#endif
