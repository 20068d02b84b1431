/* Growable output with length back-patch: the only way out.

   A sink starts on a buffer of its own (no allocation for small messages) and moves to the heap when that is full.
   Writers return 1, or 0 when memory ran out; `dlms_sink_close` must be called on every path. */
#ifndef DLMS_SINK_H
#define DLMS_SINK_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define DLMS_SINK_INLINE 512

typedef struct dlms_sink {
    uint8_t *octets;
    size_t used;
    size_t room;
    uint8_t own[DLMS_SINK_INLINE];
} dlms_sink;

static inline void dlms_sink_open(dlms_sink *s) {
    s->octets = s->own;
    s->used = 0;
    s->room = DLMS_SINK_INLINE;
}

static inline void dlms_sink_close(dlms_sink *s) {
    if (s->octets != s->own) free(s->octets);
    s->octets = s->own;
    s->used = 0;
}

static inline int dlms_sink_grow(dlms_sink *s, size_t more) {
    size_t room = s->room * 2;
    if (more > SIZE_MAX / 2 - s->used) return 0;
    if (room < s->used + more) room = s->used + more;
    uint8_t *octets = (uint8_t *)(s->octets == s->own ? malloc(room) : realloc(s->octets, room));
    if (octets == NULL) return 0;
    if (s->octets == s->own) memcpy(octets, s->own, s->used);
    s->octets = octets;
    s->room = room;
    return 1;
}

/* Make sure that `more` octets fit. */
static inline int dlms_sink_need(dlms_sink *s, size_t more) {
    return s->room - s->used >= more || dlms_sink_grow(s, more);
}

static inline void dlms_put_be16(uint8_t *p, uint16_t v) {
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}
static inline void dlms_put_be32(uint8_t *p, uint32_t v) {
    dlms_put_be16(p, (uint16_t)(v >> 16));
    dlms_put_be16(p + 2, (uint16_t)v);
}
static inline void dlms_put_be64(uint8_t *p, uint64_t v) {
    dlms_put_be32(p, (uint32_t)(v >> 32));
    dlms_put_be32(p + 4, (uint32_t)v);
}

static inline int dlms_sink_u8(dlms_sink *s, uint8_t v) {
    if (!dlms_sink_need(s, 1)) return 0;
    s->octets[s->used++] = v;
    return 1;
}
static inline int dlms_sink_u16(dlms_sink *s, uint16_t v) {
    if (!dlms_sink_need(s, 2)) return 0;
    dlms_put_be16(s->octets + s->used, v);
    s->used += 2;
    return 1;
}
static inline int dlms_sink_u32(dlms_sink *s, uint32_t v) {
    if (!dlms_sink_need(s, 4)) return 0;
    dlms_put_be32(s->octets + s->used, v);
    s->used += 4;
    return 1;
}
static inline int dlms_sink_u64(dlms_sink *s, uint64_t v) {
    if (!dlms_sink_need(s, 8)) return 0;
    dlms_put_be64(s->octets + s->used, v);
    s->used += 8;
    return 1;
}
static inline int dlms_sink_octets(dlms_sink *s, const uint8_t *octets, size_t count) {
    if (!dlms_sink_need(s, count)) return 0;
    if (count) memcpy(s->octets + s->used, octets, count);
    s->used += count;
    return 1;
}

/* How many octets the shortest form of a length takes: 1, 2, 3, 4 or 5. */
static inline size_t dlms_length_width(size_t length) {
    if (length < 0x80) return 1;
    if (length < 0x100) return 2;
    if (length < 0x10000) return 3;
    return length < 0x1000000 ? 4 : 5;
}

static inline void dlms_put_length(uint8_t *p, size_t length, size_t width) {
    if (width == 1) {
        *p = (uint8_t)length;
        return;
    }
    *p = (uint8_t)(0x80 | (width - 1));
    for (size_t i = width - 1; i > 0; i--, length >>= 8) p[i] = (uint8_t)length;
}

/* A length in its shortest form. */
static inline int dlms_sink_length(dlms_sink *s, size_t length) {
    size_t width = dlms_length_width(length);
    if (!dlms_sink_need(s, width)) return 0;
    dlms_put_length(s->octets + s->used, length, width);
    s->used += width;
    return 1;
}

/* Back-patch: `mark` is the value of `used` where the content began; its length is put in front of it. */
static inline int dlms_sink_wrap(dlms_sink *s, size_t mark) {
    size_t length = s->used - mark, width = dlms_length_width(length);
    if (!dlms_sink_need(s, width)) return 0;
    memmove(s->octets + mark + width, s->octets + mark, length);
    dlms_put_length(s->octets + mark, length, width);
    s->used += width;
    return 1;
}

#endif
