/* CRC-16/X-25, the check sequence of HDLC frames (HCS and FCS; ISO/IEC 13239, RFC 1662 appendix C).

   `dlms_fcs` carries the bare register: begin with DLMS_FCS_START, go on with what it returned. The check sequence is
   the complement of the register, sent low octet first; over octets and their check sequence the register ends as
   DLMS_FCS_GOOD. A good HCS therefore leaves DLMS_FCS_GOOD, and the FCS may go on from there behind the HCS instead
   of starting anew at the frame's first octet. */
#ifndef DLMS_FCS_H
#define DLMS_FCS_H

#include <stddef.h>
#include <stdint.h>

#define DLMS_FCS_START 0xFFFFu
#define DLMS_FCS_GOOD 0xF0B8u

#if defined(__x86_64__) && defined(__GNUC__)
#define DLMS_FCS_HAS_PCLMUL 1
#include <immintrin.h>
#else
#define DLMS_FCS_HAS_PCLMUL 0
#endif

/* Tables. The register is linear in what is fed to it: the entry of an octet is the sum of the entries of its bits,
   and those are successive steps of the register, from 8408 on. Row k serves an octet that k more octets follow; its
   first value is bit 7's. */
#define DLMS_FCS_ROWS(ROW)                                                   \
    ROW(0x8408, 0x4204, 0x2102, 0x1081, 0x8C48, 0x4624, 0x2312, 0x1189),     \
        ROW(0x8CCC, 0x4666, 0x2333, 0x9591, 0xCEC0, 0x6760, 0x33B0, 0x19D8), \
        ROW(0x0CEC, 0x0676, 0x033B, 0x8595, 0xC6C2, 0x6361, 0xB5B8, 0x5ADC), \
        ROW(0x2D6E, 0x16B7, 0x8F53, 0xC3A1, 0xE5D8, 0x72EC, 0x3976, 0x1CBB), \
        ROW(0x8A55, 0xC122, 0x6091, 0xB440, 0x5A20, 0x2D10, 0x1688, 0x0B44), \
        ROW(0x05A2, 0x02D1, 0x8560, 0x42B0, 0x2158, 0x10AC, 0x0856, 0x042B), \
        ROW(0x861D, 0xC706, 0x6383, 0xB5C9, 0xDEEC, 0x6F76, 0x37BB, 0x9FD5), \
        ROW(0xCBE2, 0x65F1, 0xB6F0, 0x5B78, 0x2DBC, 0x16DE, 0x0B6F, 0x81BF), \
        ROW(0xC4D7, 0xE663, 0xF739, 0xFF94, 0x7FCA, 0x3FE5, 0x9BFA, 0x4DFD), \
        ROW(0xA2F6, 0x517B, 0xACB5, 0xD252, 0x6929, 0xB09C, 0x584E, 0x2C27), \
        ROW(0x921B, 0xCD05, 0xE28A, 0x7145, 0xBCAA, 0x5E55, 0xAB22, 0x5591), \
        ROW(0xAEC0, 0x5760, 0x2BB0, 0x15D8, 0x0AEC, 0x0576, 0x02BB, 0x8555), \
        ROW(0xC6A2, 0x6351, 0xB5A0, 0x5AD0, 0x2D68, 0x16B4, 0x0B5A, 0x05AD), \
        ROW(0x86DE, 0x436F, 0xA5BF, 0xD6D7, 0xEF63, 0xF3B9, 0xFDD4, 0x7EEA), \
        ROW(0x3F75, 0x9BB2, 0x4DD9, 0xA2E4, 0x5172, 0x28B9, 0x9054, 0x482A), \
        ROW(0x2415, 0x9602, 0x4B01, 0xA188, 0x50C4, 0x2862, 0x1431, 0x8E10)

#define DLMS_FCS_1(i, a, b, c, d, e, f, g, h)                                                     \
    ((((i) & 0x80) ? a : 0) ^ (((i) & 0x40) ? b : 0) ^ (((i) & 0x20) ? c : 0) ^                   \
     (((i) & 0x10) ? d : 0) ^ (((i) & 0x08) ? e : 0) ^ (((i) & 0x04) ? f : 0) ^                   \
     (((i) & 0x02) ? g : 0) ^ (((i) & 0x01) ? h : 0))
#define DLMS_FCS_4(i, a, b, c, d, e, f, g, h)                                                     \
    DLMS_FCS_1(i, a, b, c, d, e, f, g, h), DLMS_FCS_1((i) + 1, a, b, c, d, e, f, g, h),           \
        DLMS_FCS_1((i) + 2, a, b, c, d, e, f, g, h), DLMS_FCS_1((i) + 3, a, b, c, d, e, f, g, h)
#define DLMS_FCS_16(i, a, b, c, d, e, f, g, h)                                                    \
    DLMS_FCS_4(i, a, b, c, d, e, f, g, h), DLMS_FCS_4((i) + 4, a, b, c, d, e, f, g, h),           \
        DLMS_FCS_4((i) + 8, a, b, c, d, e, f, g, h), DLMS_FCS_4((i) + 12, a, b, c, d, e, f, g, h)
#define DLMS_FCS_64(i, a, b, c, d, e, f, g, h)                                                    \
    DLMS_FCS_16(i, a, b, c, d, e, f, g, h), DLMS_FCS_16((i) + 16, a, b, c, d, e, f, g, h),        \
        DLMS_FCS_16((i) + 32, a, b, c, d, e, f, g, h), DLMS_FCS_16((i) + 48, a, b, c, d, e, f, g, h)
#define DLMS_FCS_256(a, b, c, d, e, f, g, h)                                                      \
    {                                                                                             \
        DLMS_FCS_64(0, a, b, c, d, e, f, g, h), DLMS_FCS_64(64, a, b, c, d, e, f, g, h),          \
            DLMS_FCS_64(128, a, b, c, d, e, f, g, h), DLMS_FCS_64(192, a, b, c, d, e, f, g, h)    \
    }

static const uint16_t dlms_fcs_table[16][256] = {DLMS_FCS_ROWS(DLMS_FCS_256)};

/* Eight octets, the first in the lowest bits, on hosts of either byte order. */
static inline uint64_t dlms_fcs_load(const uint8_t *p) {
    return (uint64_t)p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 | (uint64_t)p[3] << 24 |
           (uint64_t)p[4] << 32 | (uint64_t)p[5] << 40 | (uint64_t)p[6] << 48 | (uint64_t)p[7] << 56;
}

/* Eight octets that `follow` (0 or 8) more octets follow. Only the first two look-ups wait for the register: they come
   last, so that the others are done by then. */
static inline uint16_t dlms_fcs_eight(uint16_t state, uint64_t w, int follow) {
    const uint16_t(*row)[256] = dlms_fcs_table + follow;
    unsigned sum = row[5][w >> 16 & 0xFF] ^ row[4][w >> 24 & 0xFF] ^ row[3][w >> 32 & 0xFF] ^
                   row[2][w >> 40 & 0xFF] ^ row[1][w >> 48 & 0xFF] ^ row[0][w >> 56];
    unsigned first = row[7][(w ^ state) & 0xFF] ^ row[6][(w >> 8 ^ state >> 8) & 0xFF];
    return (uint16_t)(sum ^ first);
}

static inline uint16_t dlms_fcs_sixteen(uint16_t state, uint64_t first, uint64_t second) {
    unsigned sum = dlms_fcs_eight(0, second, 0);
    return (uint16_t)(sum ^ dlms_fcs_eight(state, first, 8));
}

static inline uint16_t dlms_fcs_slice16(uint16_t state, const uint8_t *octets, size_t count) {
    for (; count >= 16; octets += 16, count -= 16)
        state = dlms_fcs_sixteen(state, dlms_fcs_load(octets), dlms_fcs_load(octets + 8));
    if (count >= 8) {
        state = dlms_fcs_eight(state, dlms_fcs_load(octets), 0);
        octets += 8;
        count -= 8;
    }
    while (count--) state = (uint16_t)(state >> 8 ^ dlms_fcs_table[0][(state ^ *octets++) & 0xFF]);
    return state;
}

#if DLMS_FCS_HAS_PCLMUL

/* Below this folding gains nothing. */
#define DLMS_FCS_PCLMUL_LEAST 32

/* Fold constants, bits reflected into the high end: x^(n-1) and x^(n+63) modulo x^16+x^12+x^5+1 move the two halves of
   128 bits over n bits. */
#define DLMS_FCS_OVER_128_HIGH 0x7EEA000000000000u
#define DLMS_FCS_OVER_128_LOW 0xA95D000000000000u
#define DLMS_FCS_OVER_512_HIGH 0x7F90000000000000u
#define DLMS_FCS_OVER_512_LOW 0x9822000000000000u

#define DLMS_FCS_AT(octets, i) _mm_loadu_si128((const __m128i *)((octets) + (i)))
#define DLMS_FCS_FOLD(x, by, next)                                                                   \
    _mm_xor_si128(_mm_xor_si128(_mm_clmulepi64_si128(x, by, 0x00), _mm_clmulepi64_si128(x, by, 0x11)), next)

/* Carry-less multiplication folds 64 octets a step, then 16; what is left, 16 octets that stand for all before them,
   goes through the tables. `count` is at least DLMS_FCS_PCLMUL_LEAST. */
__attribute__((target("pclmul,sse4.1"))) static uint16_t dlms_fcs_pclmul(
    uint16_t state, const uint8_t *octets, size_t count) {
    const __m128i over_128 = _mm_set_epi64x((int64_t)DLMS_FCS_OVER_128_HIGH, (int64_t)DLMS_FCS_OVER_128_LOW);
    __m128i a = _mm_xor_si128(DLMS_FCS_AT(octets, 0), _mm_cvtsi32_si128(state));
    if (count >= 64) {
        const __m128i over_512 = _mm_set_epi64x((int64_t)DLMS_FCS_OVER_512_HIGH, (int64_t)DLMS_FCS_OVER_512_LOW);
        __m128i b = DLMS_FCS_AT(octets, 16), c = DLMS_FCS_AT(octets, 32), d = DLMS_FCS_AT(octets, 48);
        octets += 64;
        count -= 64;
        for (; count >= 64; octets += 64, count -= 64) {
            a = DLMS_FCS_FOLD(a, over_512, DLMS_FCS_AT(octets, 0));
            b = DLMS_FCS_FOLD(b, over_512, DLMS_FCS_AT(octets, 16));
            c = DLMS_FCS_FOLD(c, over_512, DLMS_FCS_AT(octets, 32));
            d = DLMS_FCS_FOLD(d, over_512, DLMS_FCS_AT(octets, 48));
        }
        a = DLMS_FCS_FOLD(a, over_128, b);
        a = DLMS_FCS_FOLD(a, over_128, c);
        a = DLMS_FCS_FOLD(a, over_128, d);
    } else {
        octets += 16;
        count -= 16;
    }
    for (; count >= 16; octets += 16, count -= 16) a = DLMS_FCS_FOLD(a, over_128, DLMS_FCS_AT(octets, 0));
    state = dlms_fcs_sixteen(0, (uint64_t)_mm_cvtsi128_si64(a), (uint64_t)_mm_extract_epi64(a, 1));
    return dlms_fcs_slice16(state, octets, count);
}

#endif

/* Whether this processor folds. The compiler's runtime asks the processor once, when the module is loaded. */
static inline int dlms_fcs_folds(void) {
#if DLMS_FCS_HAS_PCLMUL
    return __builtin_cpu_supports("pclmul") != 0;
#else
    return 0;
#endif
}

static inline uint16_t dlms_fcs(uint16_t state, const uint8_t *octets, size_t count) {
#if DLMS_FCS_HAS_PCLMUL
    if (count >= DLMS_FCS_PCLMUL_LEAST && dlms_fcs_folds()) return dlms_fcs_pclmul(state, octets, count);
#endif
    return dlms_fcs_slice16(state, octets, count);
}

#endif
