"""Frames found in a stream of octets, however it is cut; what is no frame is reported and passed over.

The length field bounds a frame, so that 7E may stand inside. Flags may be shared by two frames, doubled, or repeated
without end. After a fault the search goes on at the next flag, inside the faulty frame too: octets may have been lost.
"""

from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_FromStringAndSize
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from libc.stdint cimport SIZE_MAX, int64_t, uint8_t
from libc.string cimport memchr, memcpy, memmove

cimport cython

from dlms_core.hdlc cimport (
    DLMS_HDLC_ABORTED,
    DLMS_HDLC_CLOSING,
    DLMS_HDLC_ENDLESS,
    DLMS_HDLC_FCS,
    DLMS_HDLC_GOOD,
    DLMS_HDLC_LENGTH,
    DLMS_HDLC_LONGEST,
    DLMS_HDLC_OUTSIDE,
    DLMS_HDLC_PENDING,
    DLMS_HDLC_TRUNCATED,
    Frame,
    dlms_hdlc_check,
    dlms_hdlc_frame,
    new_frame,
    verdict_field,
    verdict_reason,
)
from dlms_core.transparency cimport DLMS_FLAG, dlms_unstuff

cdef enum:
    STUFFED_LONGEST = 2 * DLMS_HDLC_LONGEST  # between the flags, every octet escaped
    # The first flag and what may have to wait for the last one: with this many octets any frame is decided.
    HELD = 2 + DLMS_HDLC_LONGEST
    HELD_STUFFED = 2 + STUFFED_LONGEST


@cython.final
cdef class Discarded:
    """Octets of a stream that are no frame: `count` of them from stream offset `offset` on, flags around excluded.

    `reason` is the first fault in words, `field` the field that it is about. Noise is reported when the next frame
    shows where it ends; a faulty frame whose bounds are known, when it ends.

    `frame` is what the octets read as where only the frame check sequence is wrong, or where the stream ended behind
    a good header (its information as far as it came, up to the next frame): to show, not to trust. Else it is None.
    """

    cdef readonly int64_t offset
    cdef readonly int64_t count
    cdef readonly Frame frame
    # Words are made when they are asked for: a line may be nothing but short faulty frames.
    cdef int _verdict
    cdef unsigned _expected
    cdef unsigned _found

    def __init__(self):
        raise TypeError("a Discarded comes from a reader")

    @property
    def field(self):
        return verdict_field(self._verdict)

    @property
    def reason(self):
        return verdict_reason(self._verdict, self._expected, self._found)

    def __eq__(self, other):
        if not isinstance(other, Discarded):
            return NotImplemented
        cdef Discarded that = other
        return (
            self.offset == that.offset
            and self.count == that.count
            and self._verdict == that._verdict
            and self._expected == that._expected
            and self._found == that._found
            and self.frame == that.frame
        )

    def __hash__(self):
        return hash((self.offset, self.count, self._verdict, self._expected, self._found, self.frame))

    def __repr__(self):
        frame = f", {self.frame!r}" if self.frame is not None else ""
        return f"<Discarded {self.count} octets at {self.offset}: {self.reason}{frame}>"


cdef class _StreamReader:
    # Octets of a frame not yet decided; never more than HELD or HELD_STUFFED, allocated when first needed.
    cdef uint8_t* _held
    cdef size_t _held_count
    cdef uint8_t* _plain  # a frame without its stuffing
    cdef bint _transparency
    cdef bint _information_only
    cdef int64_t _offset  # in the stream, of the first octet not yet settled
    cdef Discarded _discarded  # what is being discarded, its count still open; None if nothing is
    cdef int64_t _to  # to where, as yet
    cdef int64_t _ends  # the flag that is known to end it; 0 if none is

    def __cinit__(self, *, transparency=False, opened=False):
        self._transparency = transparency
        if opened:  # as if a flag had come before the first octet
            self.hold(b"\x7e", 1)
            self._offset = -1

    def __dealloc__(self):
        PyMem_Free(self._held)
        PyMem_Free(self._plain)

    @property
    def offset(self):
        """Where in the stream the first octet is that is not settled yet."""
        return max(self._offset, 0)

    @property
    def pending(self):
        """How many octets are held because they may be a frame's beginning, its opening flag included."""
        return self._held_count

    @cython.critical_section
    def read(self, octets):
        """Take the next octets of the stream (any contiguous buffer); what they complete, in order."""
        cdef Py_buffer view
        PyObject_GetBuffer(octets, &view, PyBUF_SIMPLE)
        cdef list events = []
        try:
            self.take(events, <const uint8_t*>view.buf, view.len)
        finally:
            PyBuffer_Release(&view)
        return events

    @cython.critical_section
    def finish(self):
        """No more octets come (the stream ended, or an inter-octet timeout): settle what is held and start afresh.

        Stream offsets go on counting.
        """
        cdef list events = []
        cdef size_t count = self._held_count
        self._held_count = 0
        self.scan(events, self._held, count, True)
        self.report(events)
        return events

    cdef int take(self, list events, const uint8_t* octets, size_t count) except -1:
        cdef size_t room = HELD_STUFFED if self._transparency else HELD
        cdef size_t held, more, settled
        if self._held_count == 1 and count and octets[0] == DLMS_FLAG:  # between frames that share no flag
            self._held_count = 0
            self._offset += 1
        while self._held_count and count:
            held = self._held_count
            more = min(count, room - held)
            memcpy(self._held + held, octets, more)
            settled = self.scan(events, self._held, held + more, False)
            if settled >= held:  # go on without copying
                self._held_count = 0
                octets += settled - held
                count -= settled - held
                break
            self._held_count = held + more - settled
            memmove(self._held, self._held + settled, self._held_count)
            octets += more
            count -= more
        if count == 0:
            return 0
        settled = self.scan(events, octets, count, False)
        if settled < count:
            self.hold(octets + settled, count - settled)
        return 0

    cdef int hold(self, const uint8_t* octets, size_t count) except -1:
        if self._held == NULL:
            self._held = <uint8_t*>PyMem_Malloc(HELD_STUFFED if self._transparency else HELD)
            if self._held == NULL:
                raise MemoryError
        memcpy(self._held, octets, count)
        self._held_count = count
        return 0

    cdef Py_ssize_t scan(self, list events, const uint8_t* octets, size_t count, bint final) except -1:
        """Settle as many octets as possible and return how many; the rest begins with a flag and waits for more."""
        cdef int64_t start = self._offset
        cdef size_t at = 0, next_flag
        cdef int verdict
        cdef dlms_hdlc_frame frame
        while at < count:
            if octets[at] != DLMS_FLAG:
                next_flag = find_flag(octets, at, count)
                if self._discarded is None:
                    self.discard(DLMS_HDLC_OUTSIDE, 0, 0, start + at)
                self._to = start + next_flag
                at = next_flag
                continue
            while at + 1 < count and octets[at + 1] == DLMS_FLAG:
                at += 1
            if self._ends and start + <int64_t>at >= self._ends:
                self.report(events)
            if at + 1 == count:
                if final:
                    at = count
                break
            if self._transparency:
                verdict = self.check_stuffed(octets + at + 1, count - at - 1, &frame, &next_flag)
            else:
                verdict = dlms_hdlc_check(octets + at + 1, count - at - 1, &frame)
            if verdict == DLMS_HDLC_GOOD:
                self.report(events)
                if self._information_only:
                    events.append(
                        PyBytes_FromStringAndSize(<const char*>frame.information, frame.information_length)
                    )
                else:
                    events.append(new_frame(&frame, start + at + 1))
                at += 1 + (next_flag if self._transparency else frame.length)
                continue
            if verdict == DLMS_HDLC_PENDING:
                if not final:
                    break
                verdict = DLMS_HDLC_TRUNCATED
                frame.expected = frame.found = 0
                if frame.bounded:
                    frame.information_length = min(
                        frame.information_length, <size_t>(octets + count - frame.information)
                    )
            # Within a faulty frame whose end is known only a good one is news: its information may look like anything.
            if not self._ends and (frame.bounded or verdict == DLMS_HDLC_TRUNCATED):
                self.report(events)
            if self._discarded is None:
                self.discard(verdict, frame.expected, frame.found, start + at + 1)
                if frame.bounded and (verdict == DLMS_HDLC_FCS or verdict == DLMS_HDLC_TRUNCATED):
                    self._discarded.frame = new_frame(&frame, start + at + 1)
                if verdict == DLMS_HDLC_FCS:
                    self._ends = start + at + 1 + (next_flag if self._transparency else frame.length)
                elif verdict == DLMS_HDLC_TRUNCATED:
                    self._ends = start + count
            at = find_flag(octets, at + 1, count)
            self._to = start + at
        self._offset = start + at
        return at

    cdef int check_stuffed(
        self, const uint8_t* octets, size_t count, dlms_hdlc_frame* frame, size_t* next_flag
    ) except -1:
        """`dlms_hdlc_check` of what the octets up to the next flag stand for; that flag's place in *next_flag."""
        cdef size_t size, at = 0
        cdef int verdict
        frame.bounded = False
        frame.expected = frame.found = 0
        next_flag[0] = find_flag(octets, 0, count)
        if next_flag[0] > STUFFED_LONGEST:
            return DLMS_HDLC_ENDLESS
        if next_flag[0] == count:
            return DLMS_HDLC_PENDING
        if self._plain == NULL:
            self._plain = <uint8_t*>PyMem_Malloc(STUFFED_LONGEST + 1)
            if self._plain == NULL:
                raise MemoryError
        size = dlms_unstuff(octets, next_flag[0], self._plain, &at)
        if size == SIZE_MAX:
            return DLMS_HDLC_ABORTED
        self._plain[size] = DLMS_FLAG
        verdict = dlms_hdlc_check(self._plain, size + 1, frame)
        if verdict == DLMS_HDLC_GOOD and frame.length != size:
            verdict = DLMS_HDLC_CLOSING
        if verdict == DLMS_HDLC_PENDING or verdict == DLMS_HDLC_CLOSING:
            frame.found = frame.length
            verdict = DLMS_HDLC_LENGTH
        return verdict

    cdef int discard(self, int verdict, unsigned expected, unsigned found, int64_t offset) except -1:
        cdef Discarded discarded = Discarded.__new__(Discarded)
        discarded._verdict = verdict
        discarded._expected = expected
        discarded._found = found
        discarded.offset = offset
        self._discarded = discarded
        self._ends = 0
        return 0

    cdef int report(self, list events) except -1:
        if self._discarded is not None:
            self._discarded.count = self._to - self._discarded.offset
            if self._discarded.frame is not None and len(self._discarded.frame.information) > self._discarded.count:
                # A frame was found within: its octets are its own.
                self._discarded.frame.information = self._discarded.frame.information[:self._discarded.count]
            events.append(self._discarded)
            self._discarded = None
            self._ends = 0
        return 0


cdef inline size_t find_flag(const uint8_t* octets, size_t at, size_t count) noexcept:
    cdef const void* flag = memchr(octets + at, DLMS_FLAG, count - at)
    return count if flag == NULL else <const uint8_t*>flag - octets


@cython.final
cdef class FrameReader(_StreamReader):
    """Reads `Frame`s, and `Discarded` for what is none.

    With `transparency` the link is asynchronous with stuffed octets; with `opened` the first flag was lost and the
    stream begins behind it.
    """


@cython.final
cdef class InformationReader(_StreamReader):
    """As `FrameReader`, but reads each frame's information octets alone, b"" where it has none."""

    def __cinit__(self):
        self._information_only = True
