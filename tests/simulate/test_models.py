"""Every model: each attribute of each object is served, and read over a socket; what makes each model itself."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from dlms.association.server.logical_device import LogicalDevice
from dlms.cli.reading import Reader
from dlms.cosem.classes import (
    AssociationLNV1,
    Clock,
    Data,
    DisconnectControlV0,
    ExtendedRegister,
    MBusClientV1,
    ProfileGeneric,
    PushSetupV0,
    Register,
    ScriptTable,
    SecuritySetup,
)
from dlms.datetime import CosemDateTime
from dlms.device.clock import LiveClock
from dlms.security import KeyRing
from dlms.service_errors import ServiceError
from dlms.simulate import MODELS
from dlms.simulate.zone import Zone
from dlms.testing import RunningMeter, simulated

SECRET = 7
"""Of an association: nobody may read it."""
NOW = datetime(2026, 3, 31, 10, 20, 30, tzinfo=UTC)


@pytest.fixture
def meter(request: pytest.FixtureRequest) -> Iterator[RunningMeter]:
    with simulated(request.param, time=NOW.timestamp) as simulation:
        yield simulation.meters[0]


every_model = pytest.mark.parametrize("meter", [name for name in MODELS if MODELS[name].profiles], indirect=True)


@pytest.mark.parametrize("year", [1970, 2019, 2999])
@every_model
def test_whatever_the_clock_is_set_to(meter: RunningMeter, year: int, caplog: pytest.LogCaptureFixture) -> None:
    """Before it began to count, a meter stands at nothing; far in the future it still counts."""
    with meter.connect() as connected:
        connected.set(Clock("0.0.1.0.0.255").time, CosemDateTime(year=year, month=1, day=2, hour=0, minute=0, second=0))
        values = [connected.get(of.value) for of in connected.objects() if isinstance(of, (Register, ExtendedRegister))]
        rows = connected.get(ProfileGeneric(meter.simulated.model.profile).entries_in_use)
    assert all(value >= 0 for value in values if isinstance(value, int))
    assert (rows == 0) is (year < 2020)
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def test_a_counter_rolls_over(caplog: pytest.LogCaptureFixture) -> None:
    """In its register and in the rows of profiles: a client may set the clock to any year."""
    energy, profile = Register("1.0.1.8.0.255"), ProfileGeneric("1.0.99.2.0.255")
    with simulated("indian", time=NOW.timestamp) as simulation, simulation.meters[0].connect() as connected:
        connected.set(Clock("0.0.1.0.0.255").time, CosemDateTime(year=9999, month=1, day=2, hour=0, minute=0, second=0))
        now = connected.get(energy.value)
        rows = connected.read_profile(profile, access="all").columns["1-0:1.8.0*255:2"]
        counted = simulation.meters[0].simulated.supply.energy_import(np.array([253_370_851_200]))[0]
    assert counted > 2**32 > now
    assert 0 <= now - int(rows[-1]) < 100_000
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


@every_model
def test_every_attribute_is_read(meter: RunningMeter) -> None:
    with meter.connect() as connected:
        objects = connected.objects()
        assert {of.version for of in objects if isinstance(of, DisconnectControlV0)} == {0}
        assert len({of.logical_name for of in objects}) == len(objects) > 20
        for of in objects:
            for number in of.attributes:
                if isinstance(of, AssociationLNV1) and number == SECRET:
                    continue
                try:
                    connected.get(of.attribute(number))
                except ServiceError as error:
                    raise AssertionError(f"{of} attribute {number}: {error}") from error


@every_model
def test_every_profile_is_read_and_its_columns_are_known(meter: RunningMeter) -> None:
    with meter.connect() as connected:
        known = {of.logical_name for of in connected.objects()}
        for of in connected.objects():
            if not isinstance(of, ProfileGeneric):
                continue
            captured = connected.get(of.capture_objects)
            assert {each.logical_name for each in captured} <= known
            rows = connected.read_profile(of, access="entry")
            assert len(rows) == connected.get(of.entries_in_use) > 0
            assert len({name[: name.rindex(":") + 2] for name in rows.columns}) == len(captured)


@every_model
def test_the_advertised_profile_is_alive(meter: RunningMeter) -> None:
    day = datetime(2026, 3, 28, tzinfo=UTC), datetime(2026, 3, 30, tzinfo=UTC)
    with meter.connect() as connected:
        rows = connected.read_profile(ProfileGeneric(meter.simulated.model.profile), *day)
    assert not rows.gaps()
    numbers = [values for name, values in rows.columns.items() if values.dtype.kind == "u" and name.startswith("1-0")]
    assert any(len(np.unique(values)) > len(rows) // 3 for values in numbers)


@every_model
def test_what_is_switched_off_uses_nothing(meter: RunningMeter) -> None:
    control, power = DisconnectControlV0("0.0.96.3.10.255"), Register("1.0.1.7.0.255")
    with meter.connect() as connected:
        connected.call(control.remote_disconnect, 0)
        assert connected.get(control.output_state) is False
        assert connected.get(power.value) == 0
        connected.call(ScriptTable("0.0.10.0.106.255").execute, 2)
        assert connected.get(control.output_state) is True


@every_model
def test_the_public_client_sees_the_counter(meter: RunningMeter) -> None:
    with meter.connect() as connected:
        setups = [of for of in connected.objects() if isinstance(of, SecuritySetup)]
    last = [f"0.0.43.1.{of.logical_name.e}.255" for of in setups]
    with meter.connect_public() as connected:
        assert max(connected.get(Data(name).value) for name in last) > 0


@pytest.mark.parametrize(("meter", "deviation"), [("european", -120), ("indian", 330)], indirect=["meter"])
def test_the_sign_of_the_deviation(meter: RunningMeter, deviation: int) -> None:
    with meter.connect() as connected:
        time = connected.get(Clock("0.0.1.0.0.255").time)
    assert time.deviation == deviation
    sign = "reversed" if deviation > 0 else "standard"
    assert time.epoch_milliseconds(deviation_sign=sign) == NOW.timestamp() * 1000


@pytest.mark.parametrize("meter", ["indian"], indirect=True)
def test_the_profiles_of_one_row(meter: RunningMeter) -> None:
    with meter.connect() as connected:
        plate = connected.get(ProfileGeneric("0.0.94.91.10.255").buffer)
        scalers = connected.get(ProfileGeneric("1.0.94.91.4.255").buffer)
    ((serial, _, maker, *_),) = plate
    assert (serial, maker) == (b"10000001", b"DLMS simulated meter")
    assert scalers == [((-2, 35), (0, 30), (0, 31), (0, 30), (-2, 33))]


def test_profile_types_are_those_of_the_objects() -> None:
    for model in MODELS.values():
        names = {register.logical_name for register in model.registers}
        assert len(names) == len(model.registers)
        for profile in model.profiles:
            others = set(profile.columns) - names
            assert others <= {profile.time, profile.status}


@pytest.mark.parametrize("meter", ["dutch"], indirect=True)
def test_gas_by_the_hour(meter: RunningMeter) -> None:
    march = datetime(2026, 3, 25, tzinfo=UTC), datetime(2026, 3, 26, tzinfo=UTC)
    with meter.connect() as connected:
        rows = connected.read_profile(ProfileGeneric("0.1.24.3.0.255"), *march)
        last = connected.get(ExtendedRegister("0.1.24.2.2.255").capture_time)
        kind = connected.get(MBusClientV1("0.1.24.1.0.255").device_type)
    assert len(rows) == 24
    used = np.diff(rows.scaled()["0-1:24.2.2*255:2"])
    assert 0.5 < used.sum() < 10
    assert (used >= 0).all()
    assert (last.hour, last.minute) == (12, 0)
    assert kind == 3


@pytest.mark.parametrize(("hour", "tariff"), [(12, 1), (23, 2)])
def test_the_tariff_in_force(hour: int, tariff: int) -> None:
    moment = datetime(2026, 2, 1, hour, tzinfo=UTC).timestamp()
    with simulated(time=lambda: moment) as simulation, simulation.meters[0].connect() as connected:
        assert connected.get(Data("0.0.96.14.0.255").value) == tariff


@pytest.mark.parametrize("meter", ["european"], indirect=True)
def test_a_push_goes_where_it_is_wanted(meter: RunningMeter) -> None:
    setup = PushSetupV0("0.1.25.9.0.255")
    with socket.create_server(("127.0.0.1", 0)) as listening, meter.connect() as connected:
        destination = connected.get(setup.send_destination_and_method)
        where = f"127.0.0.1:{listening.getsockname()[1]}".encode()
        connected.set(setup.send_destination_and_method, replace(destination, destination=where))
        connected.call(setup.push, 0)
        listening.settimeout(5)
        connection, _ = listening.accept()
        with connection:
            octets = connection.makefile("rb").read()
    (reading,) = Reader(KeyRing({}, None)).read([[octets]])
    assert reading.innermost.notification_body.value[0] == b"10000001"


@every_model
def test_firmware_is_taken(meter: RunningMeter) -> None:
    with meter.connect() as connected:
        connected.update_firmware(bytes(5000), b"NEW-2.0")
        assert connected.get(Data("1.0.0.2.0.255").value) == b"NEW-2.0"


@pytest.mark.parametrize("meter", ["european"], indirect=True)
def test_keys_are_changed_and_told(meter: RunningMeter) -> None:
    new = bytes(range(16, 32))
    with meter.connect() as connected:
        connected.transfer_keys(encryption_key=new)
    assert meter.description["encryption_key"] == new.hex().upper()
    with meter.connect() as connected:
        assert connected.get(Data("0.0.96.1.0.255").value) == b"10000001"


@pytest.mark.parametrize("standard", [0, 60, 120], ids=["west", "central", "east"])
def test_rows_and_clock_agree_on_daylight_saving(standard: int) -> None:
    """The rows go by many moments at once, the clock by one: by the same rules."""
    zone, begin = Zone(standard, daylight_saving=True), 1_711_800_000  # 2024-03-30T12:00Z
    times = np.arange(begin, begin + 366 * 86_400, 1800)
    clock = LiveClock(
        LogicalDevice("ABC0000000000001"), time=lambda: 0.0, time_zone=-standard, daylight_savings_enabled=True
    )
    expected = [clock.local_time.saving(float(at)) for at in times]
    assert zone.is_daylight_saving(times).tolist() == expected
    assert 0 < sum(expected) < len(expected)
