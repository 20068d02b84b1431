/* Checked big-endian reads over a run of octets: the only way in.

   A cursor never moves past `end`. Every read either succeeds, or records the first fault (where, what was expected)
   and returns zero with the cursor unmoved; callers test the return value. `origin` is the first octet of the layer
   being decoded, so that fault offsets count from there. */
#ifndef DLMS_CURSOR_H
#define DLMS_CURSOR_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* What went wrong; fault.pyx turns each into words. */
enum dlms_fault_code {
    DLMS_OK = 0,
    DLMS_TRUNCATED, /* expected: octets needed; found: octets left */
    DLMS_TAG,       /* expected: the tag asked for, or -1 for "a known one"; found: the tag read */
    DLMS_LENGTH,    /* a length that the field cannot have; expected: the right one, or -1; found */
    DLMS_LENGTH_FORM, /* a length octet of more than 4 following octets; found: the octet */
    DLMS_COUNT,     /* more elements than the octets or the cap allow; expected: the most; found */
    DLMS_DEPTH,     /* nested deeper than the cap; expected: the cap */
    DLMS_SIZE,      /* the decoded value would outgrow its cap; expected: the cap */
    DLMS_VALUE,     /* a value that the field cannot hold; found: the value */
    DLMS_TRAILING,  /* octets after the end of the value; found: how many */
    DLMS_CHECK,     /* a check sequence that does not fit; expected: the one computed; found: the one sent */
    DLMS_PYTHON     /* a Python exception is already set (out of memory) */
};

typedef struct dlms_fault {
    int code;
    size_t offset;
    int64_t expected;
    int64_t found;
} dlms_fault;

typedef struct dlms_cursor {
    const uint8_t *origin;
    const uint8_t *at;
    const uint8_t *end;
    dlms_fault fault;
} dlms_cursor;

static inline void dlms_cursor_open(dlms_cursor *c, const uint8_t *octets, size_t count) {
    c->origin = c->at = octets;
    c->end = octets + count;
    c->fault.code = DLMS_OK;
    c->fault.offset = 0;
    c->fault.expected = c->fault.found = 0;
}

static inline size_t dlms_left(const dlms_cursor *c) { return (size_t)(c->end - c->at); }
static inline size_t dlms_offset(const dlms_cursor *c) { return (size_t)(c->at - c->origin); }

/* Record the first fault, at octet `at`; always returns 0 so that callers can `return dlms_fail(...)`. */
static inline int dlms_fail(dlms_cursor *c, int code, const uint8_t *at, int64_t expected, int64_t found) {
    if (c->fault.code == DLMS_OK) {
        c->fault.code = code;
        c->fault.offset = (size_t)(at - c->origin);
        c->fault.expected = expected;
        c->fault.found = found;
    }
    return 0;
}

static inline int dlms_need(dlms_cursor *c, size_t count) {
    if (dlms_left(c) >= count) return 1;
    return dlms_fail(c, DLMS_TRUNCATED, c->at, (int64_t)count, (int64_t)dlms_left(c));
}

/* Unchecked loads, for kernels that have already proved their bounds. */
static inline uint16_t dlms_be16(const uint8_t *p) { return (uint16_t)(p[0] << 8 | p[1]); }
static inline uint32_t dlms_be32(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | (uint32_t)p[3];
}
static inline uint64_t dlms_be64(const uint8_t *p) { return (uint64_t)dlms_be32(p) << 32 | dlms_be32(p + 4); }

static inline int dlms_u8(dlms_cursor *c, uint8_t *value) {
    if (!dlms_need(c, 1)) return 0;
    *value = *c->at++;
    return 1;
}
static inline int dlms_u16(dlms_cursor *c, uint16_t *value) {
    if (!dlms_need(c, 2)) return 0;
    *value = dlms_be16(c->at);
    c->at += 2;
    return 1;
}
static inline int dlms_u32(dlms_cursor *c, uint32_t *value) {
    if (!dlms_need(c, 4)) return 0;
    *value = dlms_be32(c->at);
    c->at += 4;
    return 1;
}
static inline int dlms_u64(dlms_cursor *c, uint64_t *value) {
    if (!dlms_need(c, 8)) return 0;
    *value = dlms_be64(c->at);
    c->at += 8;
    return 1;
}

/* `count` octets as they stand; *octets points into the buffer. */
static inline int dlms_octets(dlms_cursor *c, size_t count, const uint8_t **octets) {
    if (!dlms_need(c, count)) return 0;
    *octets = c->at;
    c->at += count;
    return 1;
}

/* A length in A-XDR (and BER definite) form: one octet below 80, else 81..84 and that many octets. Forms longer than
   needed are accepted: real meters send them. */
static inline int dlms_length(dlms_cursor *c, size_t *length) {
    const uint8_t *start = c->at;
    uint8_t first;
    if (!dlms_u8(c, &first)) return 0;
    if (first < 0x80) {
        *length = first;
        return 1;
    }
    size_t following = first & 0x7fu;
    if (following == 0 || following > 4) {
        c->at = start;
        return dlms_fail(c, DLMS_LENGTH_FORM, start, -1, first);
    }
    if (dlms_left(c) < following) {
        int64_t left = (int64_t)dlms_left(c);
        c->at = start;
        return dlms_fail(c, DLMS_TRUNCATED, start + 1, (int64_t)following, left);
    }
    size_t value = 0;
    while (following--) value = value << 8 | *c->at++;
    *length = value;
    return 1;
}

#endif
