/* HDLC frame format type 3 (IEC 62056-46; ISO/IEC 13239): check one frame, build one frame.

   Between its flags a frame is: format (2 octets: 1010, segmentation bit, 11 bits of length), destination and source
   address (1, 2 or 4 octets each, the lowest bit set in the last one), control, and where there is information: header
   check sequence, information; at the end the frame check sequence. The length counts all of it, flags excluded. */
#ifndef DLMS_HDLC_H
#define DLMS_HDLC_H

#include <string.h>

#include "fcs.h"
#include "transparency.h"

#define DLMS_HDLC_LONGEST 2047 /* what 11 bits of length can say */
#define DLMS_HDLC_LEAST 7      /* format, two addresses of one octet, control, FCS */
#define DLMS_HDLC_FORMAT 0xA0
#define DLMS_HDLC_SEGMENTED 0x08

enum dlms_hdlc_verdict {
    DLMS_HDLC_GOOD = 0,
    DLMS_HDLC_PENDING,   /* the octets at hand do not tell yet */
    DLMS_HDLC_OUTSIDE,   /* octets that no flag opens */
    DLMS_HDLC_TYPE,      /* not frame format type 3; found: the octet */
    DLMS_HDLC_LENGTH,    /* a length that the frame cannot have; found */
    DLMS_HDLC_ADDRESS,   /* an address of other than 1, 2 or 4 octets, or one that the frame ends within */
    DLMS_HDLC_HCS,       /* expected, found */
    DLMS_HDLC_FCS,       /* expected, found */
    DLMS_HDLC_CLOSING,   /* no closing flag where the length puts it; found: the octet there */
    DLMS_HDLC_TRUNCATED, /* the octets ended within the frame */
    DLMS_HDLC_ABORTED,   /* stuffed links: an escape before the closing flag */
    DLMS_HDLC_ENDLESS    /* stuffed links: more octets than the longest frame has, and no flag */
};

typedef struct dlms_hdlc_frame {
    const uint8_t *destination, *source, *information;
    size_t length, information_length;
    uint8_t destination_size, source_size, control, segmented;
    /* Whether the frame's bounds are to be trusted although it is faulty: its HCS or its closing flag is right. */
    uint8_t bounded;
    /* The fault: where, counted from the format, and what. */
    size_t at;
    unsigned expected, found;
} dlms_hdlc_frame;

static inline int dlms_hdlc_fault(dlms_hdlc_frame *f, int verdict, size_t at, unsigned expected, unsigned found) {
    f->at = at;
    f->expected = expected;
    f->found = found;
    return verdict;
}

/* The size of the address at octets[at], or 0 with the verdict in *verdict; the frame's FCS is at octets[limit]. */
static inline uint8_t dlms_hdlc_address_size(
    const uint8_t *octets, size_t available, size_t at, size_t limit, int *verdict) {
    for (uint8_t size = 1; size <= 4; size++) {
        if (at + size > limit) break;
        if (at + size > available) {
            *verdict = DLMS_HDLC_PENDING;
            return 0;
        }
        if (octets[at + size - 1] & 1) {
            if (size == 3) break;
            return size;
        }
    }
    *verdict = DLMS_HDLC_ADDRESS;
    return 0;
}

static inline unsigned dlms_hdlc_sent(const uint8_t *p) { return (unsigned)p[0] | (unsigned)p[1] << 8; }

/* Check `size` octets, a check sequence at their end, that follow what left the register at `state`. */
static inline int dlms_hdlc_sequence(
    dlms_hdlc_frame *f, int verdict, uint16_t state, const uint8_t *octets, size_t size, size_t at) {
    if (dlms_fcs(state, octets, size) == DLMS_FCS_GOOD) return DLMS_HDLC_GOOD;
    uint16_t expected = (uint16_t)~dlms_fcs(state, octets, size - 2);
    return dlms_hdlc_fault(f, verdict, at, expected, dlms_hdlc_sent(octets + size - 2));
}

/* Judge the frame whose format is at octets[0], behind its opening flag. `available` octets are at hand; a verdict other
   than PENDING does not depend on how many. A bad header shows before the length is believed, so that noise that looks
   like a flag and a format is not waited for. */
static inline int dlms_hdlc_check(const uint8_t *octets, size_t available, dlms_hdlc_frame *f) {
    int verdict = DLMS_HDLC_GOOD;
    f->bounded = 0;
    if (available < 1) return DLMS_HDLC_PENDING;
    if ((octets[0] & 0xF0) != DLMS_HDLC_FORMAT) return dlms_hdlc_fault(f, DLMS_HDLC_TYPE, 0, 0, octets[0]);
    if (available < 2) return DLMS_HDLC_PENDING;
    f->segmented = (octets[0] & DLMS_HDLC_SEGMENTED) != 0;
    f->length = (size_t)(octets[0] & 7) << 8 | octets[1];
    if (f->length < DLMS_HDLC_LEAST) return dlms_hdlc_fault(f, DLMS_HDLC_LENGTH, 0, 0, (unsigned)f->length);

    size_t limit = f->length - 2, at = 2;
    f->destination = octets + at;
    f->destination_size = dlms_hdlc_address_size(octets, available, at, limit, &verdict);
    if (verdict) return dlms_hdlc_fault(f, verdict, at, 0, 0);
    at += f->destination_size;
    f->source = octets + at;
    f->source_size = dlms_hdlc_address_size(octets, available, at, limit, &verdict);
    if (verdict) return dlms_hdlc_fault(f, verdict, at, 0, 0);
    at += f->source_size;
    if (at >= limit || limit - at == 2) /* no room for control, or for a check sequence behind it */
        return dlms_hdlc_fault(f, DLMS_HDLC_LENGTH, 0, 0, (unsigned)f->length);
    if (available <= at) return DLMS_HDLC_PENDING;
    f->control = octets[at++];

    size_t from = 0;
    uint16_t state = DLMS_FCS_START;
    if (at < limit) {
        at += 2;
        if (available < at) return DLMS_HDLC_PENDING;
        /* Too short for folding: straight to the tables. */
        if (dlms_fcs_slice16(state, octets, at) != DLMS_FCS_GOOD)
            return dlms_hdlc_sequence(f, DLMS_HDLC_HCS, state, octets, at, at - 2);
        from = at;
        state = DLMS_FCS_GOOD;
        f->bounded = 1;
    }
    f->information = octets + at;
    f->information_length = limit - at;
    if (available <= f->length) return DLMS_HDLC_PENDING;
    if (octets[f->length] != DLMS_FLAG)
        return dlms_hdlc_fault(f, DLMS_HDLC_CLOSING, f->length, 0, octets[f->length]);
    f->bounded = 1;
    return dlms_hdlc_sequence(f, DLMS_HDLC_FCS, state, octets + from, f->length - from, limit);
}

/* The length subfield of a frame; above DLMS_HDLC_LONGEST there is no such frame. */
static inline size_t dlms_hdlc_length(size_t destination_size, size_t source_size, size_t information_length) {
    size_t header = 2 + destination_size + source_size + 1;
    return header + (information_length ? 2 + information_length : 0) + 2;
}

static inline uint8_t *dlms_hdlc_put_check(uint8_t *out, uint16_t state) {
    *out++ = (uint8_t)~state;
    *out++ = (uint8_t)(~state >> 8);
    return out;
}

/* Write f->length octets, from format to FCS, to `out`. */
static inline void dlms_hdlc_build(const dlms_hdlc_frame *f, uint8_t *out) {
    uint8_t *start = out;
    *out++ = (uint8_t)(DLMS_HDLC_FORMAT | (f->segmented ? DLMS_HDLC_SEGMENTED : 0) | f->length >> 8);
    *out++ = (uint8_t)f->length;
    memcpy(out, f->destination, f->destination_size);
    out += f->destination_size;
    memcpy(out, f->source, f->source_size);
    out += f->source_size;
    *out++ = f->control;
    uint16_t state = dlms_fcs_slice16(DLMS_FCS_START, start, (size_t)(out - start));
    if (f->information_length) {
        out = dlms_hdlc_put_check(out, state);
        memcpy(out, f->information, f->information_length);
        out += f->information_length;
        state = dlms_fcs(DLMS_FCS_GOOD, f->information, f->information_length);
    }
    dlms_hdlc_put_check(out, state);
}

#endif
