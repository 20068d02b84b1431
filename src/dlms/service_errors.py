"""What a meter answers in place of a value, as exceptions: one class for each data-access-result and action-result."""

from __future__ import annotations

from typing import ClassVar

from dlms.errors import DlmsError
from dlms.results import DataAccessResult


class ServiceError(DlmsError):
    """A service failed at the peer. `result` is the number it gave, `what` the attribute or method, where known.

    An operation on several things raises the first failure; `results` then holds every outcome in its place.
    """

    number: ClassVar[int | None] = None

    def __init__(self, result: int | None = None, what: object = None, results: tuple[object, ...] = ()) -> None:
        number = self.number if result is None else result
        self.result = number
        self.what = what
        self.results = results
        super().__init__(number, what)

    def __str__(self) -> str:
        words = _words(self.result)
        return words if self.what is None else f"{self.what}: {words}"


class HardwareFault(ServiceError):
    """hardware-fault."""

    number = 1


class TemporaryFailure(ServiceError):
    """temporary-failure."""

    number = 2


class ReadWriteDenied(ServiceError):
    """read-write-denied."""

    number = 3


class ObjectUndefined(ServiceError):
    """object-undefined."""

    number = 4


class ObjectClassInconsistent(ServiceError):
    """object-class-inconsistent."""

    number = 9


class ObjectUnavailable(ServiceError):
    """object-unavailable."""

    number = 11


class TypeUnmatched(ServiceError):
    """type-unmatched."""

    number = 12


class ScopeOfAccessViolated(ServiceError):
    """scope-of-access-violated."""

    number = 13


class DataBlockUnavailable(ServiceError):
    """data-block-unavailable."""

    number = 14


class LongTransferAborted(ServiceError):
    """long-get-aborted; of an action, long-action-aborted."""

    number = 15


class NoLongTransferInProgress(ServiceError):
    """no-long-get-in-progress; of an action, no-long-action-in-progress."""

    number = 16


class LongSetAborted(ServiceError):
    """long-set-aborted."""

    number = 17


class NoLongSetInProgress(ServiceError):
    """no-long-set-in-progress."""

    number = 18


class DataBlockNumberInvalid(ServiceError):
    """data-block-number-invalid."""

    number = 19


class OtherReason(ServiceError):
    """other-reason."""

    number = 250


class NotProcessed(ServiceError):
    """A part of an ACCESS request that the meter did not come to, because it broke off at an earlier error."""

    def __str__(self) -> str:
        words = "not processed: the meter broke off before"
        return words if self.what is None else f"{self.what}: {words}"


class ExceptionResponseReceived(ServiceError):
    """The meter answered with an exception-response."""

    def __init__(self, state_error: object, service_error: object, invocation_counter: int | None = None) -> None:
        super().__init__()
        self.state_error = state_error
        self.service_error = service_error
        self.invocation_counter = invocation_counter
        self.args = (state_error, service_error, invocation_counter)

    def __str__(self) -> str:
        words = f"exception-response: {_name(self.state_error)}, {_name(self.service_error)}"
        counter = self.invocation_counter
        return words if counter is None else f"{words}; the meter expects invocation counter {counter}"


class ConfirmedServiceErrorReceived(ServiceError):
    """The meter answered with a confirmed-service-error."""

    def __init__(self, service: object, error: object) -> None:
        super().__init__()
        self.service = service
        self.error = error
        self.args = (service, error)

    def __str__(self) -> str:
        return f"confirmed-service-error: {_name(self.service)}, {type(self.error).__name__} {_name(self.error)}"


_BY_NUMBER: dict[int, type[ServiceError]] = {
    kind.number: kind for kind in ServiceError.__subclasses__() if kind.number is not None
}


def service_error(result: int, what: object = None) -> ServiceError:
    """The exception for a data-access-result or action-result; a plain ServiceError for a number that none has."""
    return _BY_NUMBER.get(int(result), ServiceError)(int(result), what)


def _words(result: int | None) -> str:
    if result is None:
        return "the service failed"
    known = DataAccessResult(result)
    return f"{known.book_name} ({result})"


def _name(value: object) -> str:
    return str(getattr(value, "book_name", value))
