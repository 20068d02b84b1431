/* Octet stuffing of async-HDLC links (RFC 1662, clause 4.2): 7E and 7D travel as 7D 5E and 7D 5D.

   Plain runs are copied 32 octets at a time, wide stores included: an output that is as long as promised has room for
   them, because at least as many octets are still to be written as are still to be read (stuffing), or have been read
   (unstuffing). */
#ifndef DLMS_TRANSPARENCY_H
#define DLMS_TRANSPARENCY_H

#include <stddef.h>
#include <stdint.h>

#define DLMS_FLAG 0x7E
#define DLMS_ESCAPE 0x7D
#define DLMS_ESCAPED 0x20 /* what an escaped octet is added to, modulo 2 */

#if defined(__SSE2__) && defined(__GNUC__)
#define DLMS_TRANSPARENCY_HAS_SSE2 1
#include <emmintrin.h>

/* A bit for each of 32 octets that is a flag or an escape; the octets are copied to `out` where that is given. */
static inline unsigned dlms_special_32(const uint8_t *octets, uint8_t *out) {
    const __m128i flag = _mm_set1_epi8(DLMS_FLAG), escape = _mm_set1_epi8(DLMS_ESCAPE);
    __m128i x = _mm_loadu_si128((const __m128i *)octets), y = _mm_loadu_si128((const __m128i *)(octets + 16));
    if (out) {
        _mm_storeu_si128((__m128i *)out, x);
        _mm_storeu_si128((__m128i *)(out + 16), y);
    }
    unsigned low = (unsigned)_mm_movemask_epi8(_mm_or_si128(_mm_cmpeq_epi8(x, flag), _mm_cmpeq_epi8(x, escape)));
    unsigned high = (unsigned)_mm_movemask_epi8(_mm_or_si128(_mm_cmpeq_epi8(y, flag), _mm_cmpeq_epi8(y, escape)));
    return low | high << 16;
}
#else
#define DLMS_TRANSPARENCY_HAS_SSE2 0
#endif

/* How many octets the stuffed form takes. */
static inline size_t dlms_stuffed_size(const uint8_t *octets, size_t count) {
    size_t size = count;
#if DLMS_TRANSPARENCY_HAS_SSE2
    for (; count >= 32; octets += 32, count -= 32) size += (size_t)__builtin_popcount(dlms_special_32(octets, NULL));
#endif
    for (; count; octets++, count--) size += *octets == DLMS_FLAG || *octets == DLMS_ESCAPE;
    return size;
}

/* Write the stuffed form to `out`, which has room for dlms_stuffed_size octets. */
static inline void dlms_stuff(const uint8_t *octets, size_t count, uint8_t *out) {
    const uint8_t *end = octets + count;
    while (octets < end) {
#if DLMS_TRANSPARENCY_HAS_SSE2
        if (end - octets >= 32) {
            unsigned special = dlms_special_32(octets, out);
            unsigned plain = special ? (unsigned)__builtin_ctz(special) : 32;
            octets += plain;
            out += plain;
            if (!special) continue;
        }
#endif
        uint8_t octet = *octets++;
        if (octet == DLMS_FLAG || octet == DLMS_ESCAPE) {
            *out++ = DLMS_ESCAPE;
            octet ^= DLMS_ESCAPED;
        }
        *out++ = octet;
    }
}

/* Write the octets that `octets` stands for to `out`, which has room for `count`, and return how many they are.
   On a flag, or an escape with nothing after it, return SIZE_MAX with *fault set to its offset. */
static inline size_t dlms_unstuff(const uint8_t *octets, size_t count, uint8_t *out, size_t *fault) {
    const uint8_t *start = octets, *end = octets + count;
    uint8_t *out_start = out;
    while (octets < end) {
#if DLMS_TRANSPARENCY_HAS_SSE2
        if (end - octets >= 32) {
            unsigned special = dlms_special_32(octets, out);
            unsigned plain = special ? (unsigned)__builtin_ctz(special) : 32;
            octets += plain;
            out += plain;
            if (!special) continue;
        }
#endif
        uint8_t octet = *octets;
        if (octet == DLMS_ESCAPE) {
            if (end - octets < 2) goto faulty;
            octet = *++octets;
            if (octet == DLMS_FLAG) goto faulty; /* 7D 7E: the sender gave the frame up */
            octet ^= DLMS_ESCAPED;
        } else if (octet == DLMS_FLAG) {
            goto faulty;
        }
        octets++;
        *out++ = octet;
    }
    return (size_t)(out - out_start);
faulty:
    *fault = (size_t)(octets - start);
    return SIZE_MAX;
}

#endif
