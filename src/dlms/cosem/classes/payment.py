"""Payment metering: accounts, credits, charges and tokens."""

from __future__ import annotations

from typing import Annotated

from dlms.cosem.declare import InterfaceClass, attribute, method
from dlms.cosem.types import AnyData, LogicalNameOctets, OctetStringDateTime, ValueDefinition
from dlms.data import (
    BitString,
    DateTime,
    DoubleLong,
    DoubleLongUnsigned,
    Integer,
    Long,
    Long64Unsigned,
    LongUnsigned,
    OctetString,
    Unsigned,
    Utf8String,
    VisibleString,
)
from dlms.enumerations import CodeTable
from dlms.grammar import array, structure
from dlms.logical_name import LogicalName


class PaymentMode(CodeTable):
    """payment_mode of Account."""

    CREDIT = 1
    PREPAYMENT = 2


class AccountStatus(CodeTable):
    """account_status of Account."""

    NEW_INACTIVE = 1
    ACTIVE = 2
    CLOSED = 3


class CurrencyUnit(CodeTable):
    """What a currency counts."""

    TIME = 0
    CONSUMPTION = 1
    MONETARY = 2


@structure
class AccountModeAndStatus:
    """How is paid, and whether the account is in use."""

    payment_mode: PaymentMode
    account_status: AccountStatus


@structure
class CreditChargeConfiguration:
    """Which charge is collected from which credit.

    Bits of collection_configuration: 0 while the supply is disconnected, 1 while load is limited, 2 in friendly
    credit.
    """

    credit_reference: Annotated[LogicalName, LogicalNameOctets]
    charge_reference: Annotated[LogicalName, LogicalNameOctets]
    collection_configuration: Annotated[str, BitString]


@structure
class TokenGatewayConfiguration:
    """Which share of a token goes to a credit."""

    credit_reference: Annotated[LogicalName, LogicalNameOctets]
    token_proportion: Annotated[int, Unsigned]


@structure
class Currency:
    """Name, scale and unit of a currency."""

    currency_name: Annotated[str, Utf8String]
    currency_scale: Annotated[int, Integer]
    currency_unit: CurrencyUnit


class Account(InterfaceClass, class_id=111, version=0, methods_at=(1, 0x98)):
    """Account: the credits and charges of a customer.

    Bits of current_credit_status: 0 in credit, 1 low credit, 2 next credit enabled, 3 next credit selectable,
    5 selectable credit in use, 6 out of credit; bit 4 is doubtful, 7 reserved.
    """

    account_mode_and_status = attribute(2, AccountModeAndStatus, static=True)
    current_credit_in_use = attribute(3, Unsigned, note="index into credit_reference_list")
    current_credit_status = attribute(4, BitString)
    available_credit = attribute(5, DoubleLong)
    amount_to_clear = attribute(6, DoubleLong)
    clearance_threshold = attribute(7, DoubleLong, static=True)
    aggregated_debt = attribute(8, DoubleLong)
    credit_reference_list = attribute(9, array(LogicalNameOctets), static=True)
    charge_reference_list = attribute(10, array(LogicalNameOctets), static=True)
    credit_charge_configuration = attribute(11, array(CreditChargeConfiguration), static=True)
    token_gateway_configuration = attribute(12, array(TokenGatewayConfiguration), static=True)
    account_activation_time = attribute(13, OctetStringDateTime, static=True)
    account_closure_time = attribute(14, OctetStringDateTime, static=True)
    currency = attribute(15, Currency, static=True)
    low_credit_threshold = attribute(16, DoubleLong)
    next_credit_available_threshold = attribute(17, DoubleLong)
    max_provision = attribute(18, LongUnsigned, static=True)
    max_provision_period = attribute(19, DoubleLong, static=True)
    activate_account = method(1, Integer)
    close_account = method(2, Integer)
    reset_account = method(3, Integer)


class CreditType(CodeTable):
    """credit_type of Credit."""

    TOKEN = 0
    RESERVED = 1
    EMERGENCY = 2
    TIME_BASED = 3
    CONSUMPTION_BASED = 4


class CreditStatus(CodeTable):
    """credit_status of Credit (names after one source)."""

    ENABLED = 0
    SELECTABLE = 1
    INVOKED = 2
    IN_USE = 3
    CONSUMED = 4


class Credit(InterfaceClass, class_id=112, version=0, methods_at=(1, 0x58)):
    """Credit: one source of credit of an account.

    Bits of credit_configuration: 0 visual indication, 1 needs confirmation, 2 to be paid back, 3 resettable,
    4 takes tokens. period is octet-string in one source, date-time in another; one sends an unsigned to
    invoke_credit.
    """

    current_credit_amount = attribute(2, DoubleLong)
    credit_type = attribute(3, CreditType, static=True)
    priority = attribute(4, Unsigned, static=True)
    warning_threshold = attribute(5, DoubleLong, static=True)
    limit = attribute(6, DoubleLong, static=True)
    credit_configuration = attribute(7, BitString, static=True)
    credit_status = attribute(8, CreditStatus)
    preset_credit_amount = attribute(9, DoubleLong, static=True)
    credit_available_threshold = attribute(10, DoubleLong, static=True)
    period = attribute(11, DateTime, static=True)
    update_amount = method(1, DoubleLong)
    set_amount_to_value = method(2, DoubleLong)
    invoke_credit = method(3, Integer)


class ChargeType(CodeTable):
    """charge_type of Charge."""

    CONSUMPTION_BASED_COLLECTION = 0
    TIME_BASED_COLLECTION = 1
    PAYMENT_EVENT_BASED_COLLECTION = 2


@structure
class ChargePerUnitScaling:
    """Exponents of ten of a commodity and its price."""

    commodity_scale: Annotated[int, Integer]
    price_scale: Annotated[int, Integer]


@structure
class ChargeTableElement:
    """A price, and what it holds for."""

    index: Annotated[bytes, OctetString]
    charge_per_unit: Annotated[int, Long]


@structure
class UnitCharge:
    """The prices of a commodity."""

    charge_per_unit_scaling: ChargePerUnitScaling
    commodity_reference: ValueDefinition
    charge_table: Annotated[list[ChargeTableElement], array(ChargeTableElement)]


class Charge(InterfaceClass, class_id=113, version=0, methods_at=(1, 0x68)):
    """Charge: one thing that is paid for from an account.

    Bits of charge_configuration: 0 percentage based collection, 1 continuous collection. Uncertain: the arguments
    of the methods were not seen.
    """

    total_amount_paid = attribute(2, DoubleLong)
    charge_type = attribute(3, ChargeType, static=True)
    priority = attribute(4, Unsigned, static=True)
    unit_charge_active = attribute(5, UnitCharge, static=True)
    unit_charge_passive = attribute(6, UnitCharge, static=True)
    unit_charge_activation_time = attribute(7, OctetStringDateTime, static=True)
    period = attribute(8, DoubleLongUnsigned, static=True, note="seconds")
    charge_configuration = attribute(9, BitString, static=True)
    last_collection_time = attribute(10, DateTime)
    last_collection_amount = attribute(11, DoubleLong)
    total_amount_remaining = attribute(12, DoubleLong)
    proportion = attribute(13, LongUnsigned, static=True)
    update_unit_charge = method(1, AnyData, note="argument not seen")
    activate_passive_unit_charge = method(2, AnyData, note="argument not seen")
    collect = method(3, AnyData, note="argument not seen")
    update_total_amount_remaining = method(4, AnyData, note="argument not seen")
    set_total_amount_remaining = method(5, AnyData, note="argument not seen")


class TokenDeliveryMethod(CodeTable):
    """token_delivery_method of Token gateway."""

    REMOTE = 0
    LOCAL = 1
    MANUAL = 2


class TokenStatusCode(CodeTable):
    """status_code of a token."""

    FORMAT_OK = 0
    AUTHENTICATION_OK = 1
    VALIDATION_OK = 2
    TOKEN_EXECUTION_OK = 3
    TOKEN_FORMAT_FAILURE = 4
    AUTHENTICATION_FAILURE = 5
    VALIDATION_FAILURE = 6
    TOKEN_EXECUTION_FAILURE = 7
    TOKEN_RECEIVED = 8


@structure
class TokenStatus:
    """How far a token came, and what it says about it."""

    status_code: TokenStatusCode
    data_value: Annotated[str, BitString]


class TokenGateway(InterfaceClass, class_id=115, version=0, methods_at=(1, 0x30)):
    """Token gateway: tokens that are entered, and what became of the last."""

    token = attribute(2, OctetString)
    token_time = attribute(3, OctetString)
    token_description = attribute(4, array(OctetString))
    token_delivery_method = attribute(5, TokenDeliveryMethod)
    token_status = attribute(6, TokenStatus)
    enter = method(1, OctetString)


@structure
class MeterPan:
    """The primary account number of a meter."""

    issuer_id: Annotated[int, DoubleLongUnsigned]
    decoder_reference_number: Annotated[int, Long64Unsigned]
    pan_check_digit: Annotated[int, Unsigned]


class Iec62055Attributes(InterfaceClass, class_id=116, version=0, title="IEC 62055-41 attributes"):
    """IEC 62055-41 attributes: what a token carrier of the standard transfer specification needs."""

    meter_pan = attribute(2, MeterPan, static=True)
    commodity = attribute(3, VisibleString, static=True)
    token_carrier_types = attribute(4, array(Unsigned), static=True)
    encryption_algorithm = attribute(5, Unsigned, static=True)
    supply_group_code = attribute(6, DoubleLongUnsigned)
    tariff_index = attribute(7, Unsigned)
    key_revision_number = attribute(8, Unsigned)
    key_type = attribute(9, Unsigned)
    key_expiry_number = attribute(10, Unsigned)
    no_of_kct_supported = attribute(11, Unsigned, static=True)
    sts_certificate_no = attribute(12, VisibleString, static=True)
