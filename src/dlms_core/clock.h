/* The 12 octets of a COSEM date-time <-> milliseconds since 1970-01-01 (Blue Book, "Date and time formats").

   year (2), month, day of month, day of week, hour, minute, second, hundredths, deviation (2, signed), clock status.
   FF (FFFF, 8000) stands for "not specified". A time of which year, month, day, hour, minute or second is not
   specified, special (month and day FD, FE) or impossible is no point in time: DLMS_NAT. */
#ifndef DLMS_CLOCK_H
#define DLMS_CLOCK_H

#include "cursor.h"
#include <stdint.h>

#define DLMS_NAT INT64_MIN /* numpy's not-a-time */
#define DLMS_NO_DEVIATION INT16_MIN
#define DLMS_NO_STATUS 0xFF
#define DLMS_DAYLIGHT_SAVING 0x80 /* of the clock status */

#define DLMS_MS_PER_MINUTE INT64_C(60000)
#define DLMS_MS_PER_DAY INT64_C(86400000)

/* How a meter means its deviation. */
typedef struct dlms_time_rule {
    int deviation_sign;       /* +1: UTC = local + deviation, as the book has it; -1: UTC = local - deviation */
    int daylight_saving_apart; /* the deviation leaves daylight saving out: when the status has it, one hour more */
} dlms_time_rule;

/* Days since 1970-01-01 of a date of the proleptic Gregorian calendar; years are counted from March. */
static inline int64_t dlms_days(int year, int month, int day) {
    int y = year - (month <= 2);
    int era = (y >= 0 ? y : y - 399) / 400;
    int of_era = y - era * 400;
    int of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return (int64_t)era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

/* The inverse of dlms_days. */
static inline void dlms_civil(int64_t days, int *year, int *month, int *day) {
    int64_t shifted = days + 719468;
    int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    int of_era = (int)(shifted - era * 146097);
    int year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int from_march = (5 * of_year + 2) / 153;
    *day = of_year - (153 * from_march + 2) / 5 + 1;
    *month = from_march < 10 ? from_march + 3 : from_march - 9;
    *year = (int)(year_of_era + era * 400) + (*month <= 2);
}

static inline int dlms_days_of_month(int year, int month) {
    if (month == 2) return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28;
    return 30 + ((month + (month > 7)) & 1);
}

/* Midnight of the 5 octets of a date, in ms, or DLMS_NAT. */
static inline int64_t dlms_date_ms(const uint8_t *date) {
    int year = dlms_be16(date), month = date[2], day = date[3];
    if (year == 0xFFFF || month < 1 || month > 12 || day < 1 || day > dlms_days_of_month(year, month)) return DLMS_NAT;
    return dlms_days(year, month, day) * DLMS_MS_PER_DAY;
}

/* The 4 octets of a time as ms of the day, or DLMS_NAT; hundredths not specified (or impossible) count as none. */
static inline int64_t dlms_time_ms(const uint8_t *time) {
    if (time[0] > 23 || time[1] > 59 || time[2] > 59) return DLMS_NAT;
    return ((time[0] * 60 + time[1]) * 60 + time[2]) * INT64_C(1000) + (time[3] < 100 ? time[3] * 10 : 0);
}

static inline int dlms_deviation(const uint8_t *date_time) { return (int16_t)dlms_be16(date_time + 9); }

/* What to add to local time to get UTC, in ms; 0 where the octets give no deviation. */
static inline int64_t dlms_utc_shift(const uint8_t *date_time, const dlms_time_rule *rule) {
    int deviation = dlms_deviation(date_time), status = date_time[11];
    if (deviation == DLMS_NO_DEVIATION) return 0;
    int64_t minutes = rule->deviation_sign < 0 ? -deviation : deviation;
    if (rule->daylight_saving_apart && status != DLMS_NO_STATUS && (status & DLMS_DAYLIGHT_SAVING)) minutes -= 60;
    return minutes * DLMS_MS_PER_MINUTE;
}

/* What the fields of a date or a time are: some impossible, all given, or some "not specified" or special. */
enum dlms_fields { FIELDS_IMPOSSIBLE = 0, FIELDS_GIVEN = 1, FIELDS_WILD = 3 };

/* Of the 5 octets of a date; whether the month has such a day is not asked, nor for the day of the week. */
static inline int dlms_date_fields(const uint8_t *date) {
    int year_is_wild = dlms_be16(date) == 0xFFFF, month_is_wild = date[2] >= 0xFD, day_is_wild = date[3] >= 0xFD;
    if (!month_is_wild && (date[2] < 1 || date[2] > 12)) return FIELDS_IMPOSSIBLE;
    if (!day_is_wild && (date[3] < 1 || date[3] > 31)) return FIELDS_IMPOSSIBLE;
    return year_is_wild || month_is_wild || day_is_wild ? FIELDS_WILD : FIELDS_GIVEN;
}

/* Of the 4 octets of a time; hundredths are never missed. */
static inline int dlms_time_fields(const uint8_t *time) {
    static const uint8_t most[3] = {23, 59, 59};
    int fields = FIELDS_GIVEN;
    for (int k = 0; k < 3; k++) {
        if (time[k] == 0xFF) fields = FIELDS_WILD;
        else if (time[k] > most[k]) return FIELDS_IMPOSSIBLE;
    }
    return fields;
}

/* 12 octets to ms: UTC where they give a deviation, else local time as sent. */
static inline int64_t dlms_epoch_ms(const uint8_t *date_time, const dlms_time_rule *rule) {
    int64_t date = dlms_date_ms(date_time), time = dlms_time_ms(date_time + 5);
    if (date == DLMS_NAT || time == DLMS_NAT) return DLMS_NAT;
    return date + time + dlms_utc_shift(date_time, rule);
}

/* The 12 octets of `epoch_ms`, with this deviation (DLMS_NO_DEVIATION: the ms are local time) and status; what is
   below a hundredth is cut off. Returns 0, writing nothing, for DLMS_NAT and years outside 0 .. 65534. */
static inline int dlms_put_date_time(uint8_t *octets, int64_t epoch_ms, int deviation, int status,
                                     const dlms_time_rule *rule) {
    uint8_t tail[3] = {(uint8_t)((unsigned)deviation >> 8), (uint8_t)deviation, (uint8_t)status}, probe[12];
    int year, month, day;
    if (epoch_ms < -DLMS_MS_PER_DAY * 1000000 || epoch_ms > DLMS_MS_PER_DAY * 100000000) return 0;
    memcpy(probe + 9, tail, 3);
    int64_t local = epoch_ms - dlms_utc_shift(probe, rule);
    int64_t days = local / DLMS_MS_PER_DAY - (local % DLMS_MS_PER_DAY < 0);
    int rest = (int)(local - days * DLMS_MS_PER_DAY);
    dlms_civil(days, &year, &month, &day);
    if (year < 0 || year > 0xFFFE) return 0;
    octets[0] = (uint8_t)(year >> 8);
    octets[1] = (uint8_t)year;
    octets[2] = (uint8_t)month;
    octets[3] = (uint8_t)day;
    octets[4] = (uint8_t)((days % 7 + 10) % 7 + 1); /* 1970-01-01 was a Thursday, 4 */
    octets[5] = (uint8_t)(rest / 3600000);
    octets[6] = (uint8_t)(rest / 60000 % 60);
    octets[7] = (uint8_t)(rest / 1000 % 60);
    octets[8] = (uint8_t)(rest / 10 % 100);
    memcpy(octets + 9, tail, 3);
    return 1;
}

#endif
