/* A row template: the octets that every row of one form has in common, and where its values stand.

   Rows of a profile mostly differ in values only. A template is learned from one row: tags, counts and lengths are
   compared under a mask, values are gathered column by column. */
#ifndef DLMS_ROW_TEMPLATE_H
#define DLMS_ROW_TEMPLATE_H

#include "row_dates.h"
#include "row_layout.h"

#define TEMPLATE_OCTETS 512
#define TEMPLATE_COLUMNS 128

/* tag: of the cell, 0 for null-data, TAG_MISSING; offset: of its content within the row. */
typedef struct dlms_field {
    uint16_t offset;
    uint8_t tag;
} dlms_field;

typedef struct dlms_template {
    size_t stride;
    int compares; /* some octet is under the mask */
    dlms_field fields[TEMPLATE_COLUMNS];
    uint8_t octets[TEMPLATE_OCTETS];
    uint8_t mask[TEMPLATE_OCTETS];
} dlms_template;

typedef struct dlms_learner {
    dlms_template *to;
    const dlms_layout *layout;
    const dlms_column *columns;
    dlms_cursor row; /* from the first octet of the row; its end is the end of the buffer or of the template's room */
    int fixed;       /* no column may change its type */
} dlms_learner;

static inline void dlms_template_mark(dlms_learner *l, const uint8_t *from, const uint8_t *until) {
    size_t at = (size_t)(from - l->row.origin), count = (size_t)(until - from);
    memcpy(l->to->octets + at, from, count);
    memset(l->to->mask + at, 0xFF, count);
    l->to->compares |= count > 0;
}

static void dlms_template_fill(dlms_learner *l, int32_t index, uint8_t tag) {
    const dlms_node *node = &l->layout->nodes[index];
    if (node->column >= 0) {
        l->to->fields[node->column].tag = tag;
        l->to->fields[node->column].offset = 0;
    }
    for (int32_t child = node->child; child >= 0; child = l->layout->nodes[child].sibling)
        dlms_template_fill(l, child, tag);
}

/* Whether a column takes cells of this tag as they come, without a change of its type. */
static inline int dlms_template_takes(const dlms_learner *l, const dlms_column *column, uint8_t tag) {
    unsigned kind = DLMS_TAG_FACTS[tag].kind;
    switch (column->store) {
    case STORE_NONE: return (KIND_BIT(kind) & KINDS_VOID) != 0;
    case STORE_OBJECT: return 1;
    case STORE_BOOLEAN: return tag == 3 || kind == CELL_NULL;
    case STORE_F32: return tag == 23 || kind == CELL_NULL;
    case STORE_F64: return tag == 24 || kind == CELL_NULL;
    case STORE_DATE_TIME: return kind == CELL_DATE_TIME || kind == CELL_OCTETS || kind == CELL_NULL;
    case STORE_DATE: return kind == CELL_DATE || kind == CELL_NULL;
    case STORE_TIME: return kind == CELL_TIME || kind == CELL_NULL;
    case STORE_U64:
    case STORE_INTEGER_F64: return kind == CELL_NULL || (tag == column->tag && !column->is_mixed);
    default:
        if (kind == CELL_NULL || kind == CELL_DELTA) return 1;
        return kind == CELL_INTEGER && tag != 21 && (tag == column->tag || column->is_mixed || l->fixed);
    }
}

/* The content of a leaf, its tag known. */
static int dlms_template_leaf(dlms_learner *l, int32_t index, uint8_t tag) {
    const dlms_column *column = &l->columns[l->layout->nodes[index].column];
    dlms_field *field = &l->to->fields[l->layout->nodes[index].column];
    const uint8_t *content = l->row.at;
    uint64_t raw;
    if (!dlms_template_takes(l, column, tag) || !dlms_cell_content(&l->row, tag, &raw)) return 0;
    field->tag = tag;
    field->offset = (uint16_t)(content - l->row.origin);
    if (DLMS_TAG_FACTS[tag].width != WIDTH_OPEN) return 1;
    if (DLMS_TAG_FACTS[tag].kind == CELL_COMPACT) return 0;
    /* The length is compared, so every row that fits has the same. */
    const uint8_t *octets = content + 1 + (*content & 0x80 ? *content & 0x7F : 0);
    dlms_template_mark(l, content, octets);
    if (column->store == STORE_DATE_TIME) {
        if (l->row.at - octets != 12) return 0;
        field->offset = (uint16_t)(octets - l->row.origin);
    }
    return 1;
}

static int dlms_template_cell(dlms_learner *l, int32_t index, int depth) {
    const dlms_node *node = &l->layout->nodes[index];
    const uint8_t *start = l->row.at;
    uint8_t tag;
    size_t members;
    if (!dlms_u8(&l->row, &tag)) return 0;
    if (DLMS_TAG_FACTS[tag].kind != CELL_NEST) {
        dlms_template_mark(l, start, l->row.at);
        if (node->child >= 0) {
            if (tag == 0) dlms_template_fill(l, index, 0);
            return tag == 0;
        }
        return node->column >= 0 && dlms_template_leaf(l, index, tag);
    }
    if (depth == LAYOUT_DEPTH || !dlms_length(&l->row, &members)) return 0;
    dlms_template_mark(l, start, l->row.at);
    int32_t child = node->child;
    for (; members > 0; members--, child = l->layout->nodes[child].sibling)
        if (child < 0 || !dlms_template_cell(l, child, depth + 1)) return 0;
    return 1;
}

static int dlms_template_compact(dlms_learner *l, int32_t index) {
    const dlms_node *node = &l->layout->nodes[index];
    if (node->column >= 0) return dlms_template_leaf(l, index, node->tag);
    for (int32_t child = node->child; child >= 0; child = l->layout->nodes[child].sibling)
        if (!dlms_template_compact(l, child)) return 0;
    return 1;
}

/* Learn the form of the row at `row`; 0 when it is too long, broken, or nothing that the columns take as they are. */
static int dlms_template_learn(dlms_template *t, const dlms_layout *layout, const dlms_column *columns, size_t count,
                               const uint8_t *row, const uint8_t *end, int fixed) {
    dlms_learner learner;
    if (count > TEMPLATE_COLUMNS) return 0;
    learner.to = t;
    learner.layout = layout;
    learner.columns = columns;
    learner.fixed = fixed;
    size_t room = (size_t)(end - row);
    dlms_cursor_open(&learner.row, row, room < TEMPLATE_OCTETS ? room : TEMPLATE_OCTETS);
    t->stride = 0;
    t->compares = 0;
    memset(t->mask, 0, sizeof t->mask);
    memset(t->octets, 0, sizeof t->octets);
    for (size_t k = 0; k < count; k++) t->fields[k].tag = TAG_MISSING;
    if (!(layout->compact ? dlms_template_compact(&learner, 0) : dlms_template_cell(&learner, 0, 0))) return 0;
    t->stride = dlms_offset(&learner.row);
    return t->stride > 0;
}

static inline uint64_t dlms_differ_8(const dlms_template *t, const uint8_t *row, size_t at) {
    uint64_t octets, wanted, mask;
    memcpy(&octets, row + at, 8);
    memcpy(&wanted, t->octets + at, 8);
    memcpy(&mask, t->mask + at, 8);
    return (octets ^ wanted) & mask;
}

/* Whether the `stride` octets at `row`, all within the buffer, are of the template's form. The last word ends with the
   row, so that nothing behind the row is read. */
static inline int dlms_template_fits(const dlms_template *t, const uint8_t *row) {
    uint64_t differ = 0;
    if (t->stride < 8) {
        for (size_t k = 0; k < t->stride; k++) differ |= (uint64_t)((row[k] ^ t->octets[k]) & t->mask[k]);
        return differ == 0;
    }
    for (size_t k = 0; k < t->stride - 8; k += 8) differ |= dlms_differ_8(t, row, k);
    return (differ | dlms_differ_8(t, row, t->stride - 8)) == 0;
}

static inline size_t dlms_template_run_plain(const dlms_template *t, const uint8_t *row, size_t most) {
    size_t rows = 0;
    while (rows < most && dlms_template_fits(t, row + rows * t->stride)) rows++;
    return rows;
}

#if DLMS_HAS_AVX2_PATH
static inline __m256i DLMS_AVX2 dlms_load_32(const uint8_t *octets) {
    return _mm256_loadu_si256((const __m256i *)octets);
}

/* The same for strides of 32 octets and more, by vectors. Eight rows are judged at once, one vector's place after the
   other: what differs anywhere is collected first and put under the mask once. */
DLMS_AVX2 static size_t dlms_template_run_avx2(const dlms_template *t, const uint8_t *row, size_t most) {
    const size_t stride = t->stride, last = stride - 32;
    size_t rows = 0;
    for (; rows + 8 <= most; rows += 8) {
        const uint8_t *p = row + rows * stride;
        __m256i bad = _mm256_setzero_si256();
        for (size_t k = 0;; k = k + 32 < last ? k + 32 : last) {
            const __m256i wanted = dlms_load_32(t->octets + k);
            __m256i differ = _mm256_setzero_si256();
            for (int j = 0; j < 8; j++)
                differ = _mm256_or_si256(differ, _mm256_xor_si256(dlms_load_32(p + j * stride + k), wanted));
            bad = _mm256_or_si256(bad, _mm256_and_si256(differ, dlms_load_32(t->mask + k)));
            if (k == last) break;
        }
        if (!_mm256_testz_si256(bad, bad)) break;
    }
    return rows + dlms_template_run_plain(t, row + rows * stride, most - rows < 8 ? most - rows : 8);
}
#endif

#if defined(__SSE4_1__)
/* The same for strides of 16 to 32 octets: two vectors that overlap. */
static size_t dlms_template_run_sse(const dlms_template *t, const uint8_t *row, size_t most) {
    const size_t stride = t->stride, last = stride - 16;
    const __m128i wanted_first = _mm_loadu_si128((const __m128i *)t->octets);
    const __m128i mask_first = _mm_loadu_si128((const __m128i *)t->mask);
    const __m128i wanted_last = _mm_loadu_si128((const __m128i *)(t->octets + last));
    const __m128i mask_last = _mm_loadu_si128((const __m128i *)(t->mask + last));
    size_t rows = 0;
    for (; rows + 8 <= most; rows += 8) {
        const uint8_t *p = row + rows * stride;
        __m128i first = _mm_setzero_si128(), end = first;
        for (int j = 0; j < 8; j++, p += stride) {
            first = _mm_or_si128(first, _mm_xor_si128(_mm_loadu_si128((const __m128i *)p), wanted_first));
            end = _mm_or_si128(end, _mm_xor_si128(_mm_loadu_si128((const __m128i *)(p + last)), wanted_last));
        }
        const __m128i bad = _mm_or_si128(_mm_and_si128(first, mask_first), _mm_and_si128(end, mask_last));
        if (!_mm_testz_si128(bad, bad)) break;
    }
    return rows + dlms_template_run_plain(t, row + rows * stride, most - rows < 8 ? most - rows : 8);
}
#endif

/* Strides of 8 to 16 octets: two words that overlap, eight rows at once. */
static size_t dlms_template_run_words(const dlms_template *t, const uint8_t *row, size_t most) {
    const size_t stride = t->stride, last = stride - 8;
    uint64_t wanted_first, mask_first, wanted_last, mask_last;
    memcpy(&wanted_first, t->octets, 8);
    memcpy(&mask_first, t->mask, 8);
    memcpy(&wanted_last, t->octets + last, 8);
    memcpy(&mask_last, t->mask + last, 8);
    size_t rows = 0;
    for (; rows + 8 <= most; rows += 8) {
        const uint8_t *p = row + rows * stride;
        uint64_t differ = 0;
        for (int j = 0; j < 8; j++, p += stride) {
            uint64_t first, end;
            memcpy(&first, p, 8);
            memcpy(&end, p + last, 8);
            differ |= ((first ^ wanted_first) & mask_first) | ((end ^ wanted_last) & mask_last);
        }
        if (differ) break;
    }
    return rows + dlms_template_run_plain(t, row + rows * stride, most - rows < 8 ? most - rows : 8);
}

/* How many of the `most` rows from `row` on, all within the buffer, are of the template's form. */
static inline size_t dlms_template_run(const dlms_template *t, const uint8_t *row, size_t most) {
    if (!t->compares) return most;
#if DLMS_HAS_AVX2_PATH
    if (t->stride >= 32 && most >= 8 && dlms_cpu_has_avx2()) return dlms_template_run_avx2(t, row, most);
#endif
#if defined(__SSE4_1__)
    if (t->stride >= 16 && t->stride <= 32) return dlms_template_run_sse(t, row, most);
#endif
    if (t->stride >= 8 && t->stride <= 16) return dlms_template_run_words(t, row, most);
    return dlms_template_run_plain(t, row, most);
}

#endif
