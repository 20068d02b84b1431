"""Profiles as pictures, one panel for each unit; needs the extra `plot`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from dlms.cli.outcome import CallAtFault, extra
from dlms.cli.profiles import column_title, numbered
from dlms.cosem.profile import Profile
from dlms.errors import DlmsError
from dlms.logical_name import LogicalName

PANELS_MAXIMUM: Final = 12


def write_plots(found: Sequence[Profile], path: Path) -> list[Path]:
    """Draw each profile to `path`, from the second on with -2, -3 ... before the suffix; where they went."""
    matplotlib = extra("matplotlib", "plot")
    matplotlib.use("Agg")
    pyplot = extra("matplotlib.pyplot", "plot")
    written = []
    for at, profile in enumerate(found, 1):
        target = numbered(path, at)
        figure = draw(profile, pyplot)
        try:
            figure.savefig(target, dpi=110)
        except (
            OSError,
            ValueError,
            RuntimeError,
        ) as error:  # RuntimeError: .pgf is drawn by TeX, which has to be there
            raise CallAtFault(f"cannot write {target}: {error}") from None
        finally:
            pyplot.close(figure)
        written.append(target)
    return written


def draw(profile: Profile, pyplot: Any) -> Any:
    """The columns of numbers over the time of the row, those of one unit in one panel; of a counter its increase from
    row to row, which is the load."""
    panels = _panels(profile)
    if not panels:
        raise CallAtFault("nothing to plot: the profile has no column of numbers")
    figure, axes = pyplot.subplots(
        len(panels), 1, sharex=True, squeeze=False, figsize=(11, 1.0 + 2.8 * len(panels)), layout="constrained"
    )
    for axis, (unit, curves) in zip(axes[:, 0], panels.items(), strict=True):
        for title, values in curves:
            axis.plot(_times(profile), values, drawstyle="steps-pre", linewidth=1.0, label=title)
        axis.set_ylabel(unit)
        axis.grid(visible=True, alpha=0.3)
        axis.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, fontsize="small", frameon=False)
    last = axes[-1, 0]
    last.set_xlabel({"utc": "time (UTC)", "local": "time (local, as sent)"}.get(profile.time_basis or "", "row"))
    if profile.clock is not None:
        last.tick_params(axis="x", rotation=20)
    return figure


def _panels(profile: Profile) -> dict[str, list[tuple[str, Any]]]:
    """What is on the vertical axis -> the curves, each with its title; columns without a unit come last."""
    scaled = profile.scaled()
    names = [name for name in scaled if scaled[name].dtype.kind in "iuf" and name != profile.clock]
    panels: dict[str, list[tuple[str, Any]]] = {}
    for name in sorted(names, key=lambda name: name not in profile.units):
        values = np.where(profile.missing(name), np.nan, scaled[name])
        title, unit = column_title(profile, name), profile.units[name].symbol if name in profile.units else name
        if _is_counter(name):
            values, title, unit = np.diff(values, prepend=np.nan), f"{title}, increase", f"{unit} from row to row"
        panels.setdefault(unit, []).append((title, values))
    return dict(list(panels.items())[:PANELS_MAXIMUM])


def _is_counter(name: str) -> bool:
    """Whether a column holds the value of an electricity counter: time integral 1."""
    try:
        logical_name = LogicalName(name.rpartition(":")[0])
    except DlmsError:
        return False
    return logical_name.a == 1 and logical_name.d == 8 and name.endswith(":2")


def _times(profile: Profile) -> Any:
    return np.arange(len(profile)) if profile.clock is None else profile.columns[profile.clock]
