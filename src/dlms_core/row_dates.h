/* Date-times of a strided column: rows of one day cost an addition.

   The octets that decide the day (year, month, day, deviation, and the status where daylight saving hangs on it) are
   compared with those of the row before; only a new day goes through the calendar. */
#ifndef DLMS_ROW_DATES_H
#define DLMS_ROW_DATES_H

#include "row_cells.h"

#if defined(__x86_64__) && defined(__GNUC__)
#define DLMS_HAS_AVX2_PATH 1
#include <immintrin.h>
#define DLMS_AVX2 __attribute__((target("avx2")))
#else
#define DLMS_HAS_AVX2_PATH 0
#endif

static inline int dlms_cpu_has_avx2(void) {
#if DLMS_HAS_AVX2_PATH
    return __builtin_cpu_supports("avx2");
#else
    return 0;
#endif
}

static int64_t dlms_new_day(const uint8_t *p, dlms_day *day, const dlms_time_rule *rule, uint32_t *bases) {
    int64_t ms = dlms_epoch_ms(p, rule);
    if (ms == DLMS_NAT) return ms;
    *bases |= dlms_deviation(p) == DLMS_NO_DEVIATION ? BASIS_LOCAL : BASIS_UTC;
    memcpy(day->key, p, 12);
    day->base = ms - dlms_time_ms(p + 5);
    day->known = 1;
    return ms;
}

/* Milliseconds of the 12 octets at p, or DLMS_NAT. */
static inline int64_t dlms_ms_by_day(const uint8_t *p, dlms_day *day, const dlms_time_rule *rule, uint32_t *bases) {
    int same = day->known && memcmp(p, day->key, 4) == 0 && memcmp(p + 9, day->key + 9, 2) == 0 &&
               (!rule->daylight_saving_apart || p[11] == day->key[11]);
    if (!same) return dlms_new_day(p, day, rule, bases);
    int64_t time = dlms_time_ms(p + 5);
    return time == DLMS_NAT ? DLMS_NAT : day->base + time;
}

static inline void dlms_gather_dates_plain(const uint8_t *p, size_t stride, size_t rows, int64_t *to, uint8_t *mask,
                                           dlms_day *day, const dlms_time_rule *rule, uint32_t *bases) {
    for (size_t k = 0; k < rows; k++, p += stride) {
        int64_t ms = dlms_ms_by_day(p, day, rule, bases);
        to[k] = ms;
        if (ms == DLMS_NAT && mask) mask[k] |= dlms_nat_flag(STORE_DATE_TIME, p);
    }
}

#if DLMS_HAS_AVX2_PATH
/* Four rows a step, as long as all four fall on the known day and their time of day is possible. Loads 16 octets for
   each date-time: `rows` must be such that 4 more octets than the last date-time can be read. */
DLMS_AVX2 static void dlms_gather_dates_avx2(const uint8_t *p, size_t stride, size_t rows, int64_t *to, uint8_t *mask,
                                             dlms_day *day, const dlms_time_rule *rule, uint32_t *bases) {
    const int8_t status = rule->daylight_saving_apart ? -1 : 0;
    const __m128i decides = _mm_setr_epi8(-1, -1, -1, -1, 0, 0, 0, 0, -1, -1, -1, status, 0, 0, 0, 0);
    const __m128i most = _mm_setr_epi8(-1, -1, -1, -1, -1, 23, 59, 59, -1, -1, -1, -1, -1, -1, -1, -1);
    /* hour, minute, second into 16-bit lanes, then times 3600, 60, 1 */
    const __m128i lanes = _mm_setr_epi8(5, -1, 6, -1, 7, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1);
    const __m128i seconds = _mm_setr_epi16(3600, 60, 1, 0, 0, 0, 0, 0);
    const __m128i thousand = _mm_set1_epi32(1000);
    size_t k = 0;
    while (k + 4 <= rows) {
        if (day->known) {
            const __m128i key = _mm_loadu_si128((const __m128i *)day->key);
            /* Hundredths are part of the comparison, so one number serves for all. */
            const int64_t base = day->base + (day->key[8] < 100 ? day->key[8] * 10 : 0);
            const __m256i bases4 = _mm256_set1_epi64x(base);
            for (; k + 4 <= rows; k += 4, p += 4 * stride) {
                __m128i row[4], differ = _mm_setzero_si128(), highest = differ;
                for (int j = 0; j < 4; j++) {
                    __m128i x = _mm_loadu_si128((const __m128i *)(p + j * stride));
                    differ = _mm_or_si128(differ, _mm_xor_si128(x, key));
                    highest = _mm_max_epu8(highest, x);
                    row[j] = _mm_madd_epi16(_mm_shuffle_epi8(x, lanes), seconds);
                }
                const __m128i bad = _mm_or_si128(_mm_and_si128(differ, decides), _mm_subs_epu8(highest, most));
                if (!_mm_testz_si128(bad, bad)) break;
                __m128i sum = _mm_hadd_epi32(_mm_unpacklo_epi64(row[0], row[1]), _mm_unpacklo_epi64(row[2], row[3]));
                __m256i ms = _mm256_cvtepi32_epi64(_mm_mullo_epi32(sum, thousand));
                _mm256_storeu_si256((__m256i *)(to + k), _mm256_add_epi64(ms, bases4));
            }
            if (k + 4 > rows) break;
        }
        dlms_gather_dates_plain(p, stride, 4, to + k, mask ? mask + k : NULL, day, rule, bases);
        /* The hundredths of the last row, whether or not it began a day. */
        if (day->known) day->key[8] = p[3 * stride + 8];
        k += 4;
        p += 4 * stride;
    }
    dlms_gather_dates_plain(p, stride, rows - k, to + k, mask ? mask + k : NULL, day, rule, bases);
}
#endif

/* `rows` date-times, `stride` octets apart, the first at p; `end` is the end of the buffer, and all of them lie before
   it. mask (or NULL) is cleared already. */
static inline void dlms_gather_dates(const uint8_t *p, size_t stride, size_t rows, const uint8_t *end, int64_t *to,
                                     uint8_t *mask, dlms_day *day, const dlms_time_rule *rule, uint32_t *bases) {
#if DLMS_HAS_AVX2_PATH
    if (rows >= 8 && dlms_cpu_has_avx2()) {
        size_t wide = rows;
        while (wide && (size_t)(end - (p + (wide - 1) * stride)) < 16) wide--;
        dlms_gather_dates_avx2(p, stride, wide, to, mask, day, rule, bases);
        p += wide * stride;
        to += wide;
        if (mask) mask += wide;
        rows -= wide;
    }
#endif
    dlms_gather_dates_plain(p, stride, rows, to, mask, day, rule, bases);
}

#endif
