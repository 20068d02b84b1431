"""Prints, after the table of times, the ratios that each benchmark measured: they travel, absolute times do not."""

from __future__ import annotations

import pytest


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    session = getattr(config, "_benchmarksession", None)
    lines = [
        f"{benchmark.name:48} {name} {value:.3g}" if isinstance(value, float) else f"{benchmark.name:48} {name} {value}"
        for benchmark in (session.benchmarks if session else [])
        for name, value in benchmark.extra_info.items()
        if name.startswith("ratio")
    ]
    if lines:
        terminalreporter.section("ratios")
        for line in lines:
            terminalreporter.write_line(line)
