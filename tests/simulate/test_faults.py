"""What is wrong with a meter is seen by its clients, as one clear error; and it passes."""

from __future__ import annotations

import pytest

import dlms
from dlms.cosem.classes import Clock, Data, ProfileGeneric, Register
from dlms.errors import ConfigurationError, DeadlineExceeded, LinkError, ReplayDetected, TagMismatch, TransportError
from dlms.shell import Deadlines
from dlms.simulate import Faults
from dlms.testing import RunningMeter, simulated, simulated_meter

__all__ = ["simulated_meter"]
ENERGY = Register("1.0.1.8.0.255")
QUICK = Deadlines(response=0.5)


def test_silent(simulated_meter: RunningMeter) -> None:
    with simulated_meter.connect(deadlines=QUICK) as meter:
        meter.get(ENERGY.value)
        simulated_meter.faults.silent = True
        with pytest.raises(DeadlineExceeded):
            meter.get(ENERGY.value)
        simulated_meter.faults.silent = False


def test_slow(simulated_meter: RunningMeter) -> None:
    simulated_meter.faults.slow = 0.1
    with simulated_meter.connect(deadlines=QUICK) as meter:
        meter.get(ENERGY.value)
        simulated_meter.faults.slow = 2.0
        with pytest.raises(DeadlineExceeded):
            meter.get(ENERGY.value)
        simulated_meter.faults.slow = 0.0


def test_garbling(simulated_meter: RunningMeter) -> None:
    with simulated_meter.connect(deadlines=QUICK) as meter:
        simulated_meter.faults.garbling = 1.0
        with pytest.raises(dlms.DlmsError):
            meter.get(ENERGY.value)
        simulated_meter.faults.garbling = 0.0


def test_garbling_is_the_same_for_the_same_seed() -> None:
    def outcomes() -> list[str]:
        found = []
        with simulated(seed=5, time=lambda: 1.8e9) as simulation:
            (running,) = simulation.meters
            running.faults.garbling = 0.5
            for _ in range(6):
                try:
                    with running.connect_public(deadlines=QUICK) as meter:
                        found.append(repr(meter.get(ENERGY.value)))
                except dlms.DlmsError as error:
                    found.append(type(error).__name__)
        return found

    first = outcomes()
    assert first == outcomes()
    assert len(set(first)) > 1


def test_wrong_counters(simulated_meter: RunningMeter) -> None:
    with simulated_meter.connect(deadlines=QUICK) as meter:
        meter.get(ENERGY.value)
        simulated_meter.faults.wrong_counters = True
        with pytest.raises((ReplayDetected, TagMismatch)):
            meter.get(ENERGY.value)
        simulated_meter.faults.wrong_counters = False


@pytest.mark.parametrize("together", [False, True])
def test_reboot(together: bool) -> None:
    with simulated(meters=2, together=together) as simulation:
        first, second = simulation.meters
        with first.connect(deadlines=QUICK) as meter, second.connect(deadlines=QUICK) as other:
            meter.get(ENERGY.value)
            before = meter.get(ProfileGeneric("0.0.99.98.0.255").entries_in_use)
            first.reboot(away=0.1)
            with pytest.raises((LinkError, TransportError)):
                meter.get(ENERGY.value)
            if together:
                with pytest.raises((LinkError, TransportError)):
                    other.get(ENERGY.value)
            else:
                other.get(ENERGY.value)
        with first.connect() as meter:
            rows = meter.read_profile(ProfileGeneric("0.0.99.98.0.255"))
            assert rows.columns["0-0:96.11.0*255:2"][-2:].tolist() == [1, 2]
            assert len(rows) in (before, before + 2)  # a full log loses its oldest
            assert meter.get(Data("0.0.96.11.0.255").value) == 2


def test_setting_the_clock_is_logged(simulated_meter: RunningMeter) -> None:
    with simulated_meter.connect() as meter:
        meter.call(Clock("0.0.1.0.0.255").shift_time, 600)
        rows = meter.read_profile(ProfileGeneric("0.0.99.98.0.255"))
    assert rows.columns["0-0:96.11.0*255:2"][-2:].tolist() == [4, 5]
    assert (rows.columns["0-0:1.0.0*255:2"][-1] - rows.columns["0-0:1.0.0*255:2"][-2]).astype(int) == 600_000


def test_faults_in_words() -> None:
    assert Faults.parse(["silent", "slow=0.5", "garbling", "wrong-counters", "reboot=7"]) == Faults(
        silent=True, slow=0.5, garbling=0.1, wrong_counters=True, reboot=7.0
    )
    for text in ("deaf", "slow=-1", "slow=x", "slow=nan", "reboot=inf", "garbling=2", "silent=1", ""):
        with pytest.raises(ConfigurationError, match="no fault is"):
            Faults.parse([text])
