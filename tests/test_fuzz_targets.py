"""Every fuzz target holds over the seeds and a thousand damaged copies of them, without a fuzzing engine."""

from __future__ import annotations

import ast
import importlib
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from fuzz.seeds import damaged, seeds

FUZZ = Path(__file__).parent.parent / "fuzz"
TARGETS = sorted(path.stem for path in FUZZ.glob("fuzz_*.py"))
DAMAGED_COPIES = 1000

SEEDS = seeds()


@pytest.mark.parametrize("target", TARGETS)
def test_check_holds(target: str) -> None:
    check: Callable[[bytes], None] = importlib.import_module(f"fuzz.{target}").check
    for octets in SEEDS:
        check(octets)
    chance = random.Random(target)
    for _ in range(DAMAGED_COPIES):
        check(damaged(chance.choice(SEEDS), chance))


@pytest.mark.parametrize("target", TARGETS)
def test_a_target_states_its_invariant_and_is_nothing_but_its_check(target: str) -> None:
    tree = ast.parse((FUZZ / f"{target}.py").read_text(encoding="utf-8"))
    assert ast.get_docstring(tree), "its first line states the invariant"
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    assert "check" in {function.name for function in functions}
    assert all(
        isinstance(node, (ast.Expr, ast.Import, ast.ImportFrom, ast.FunctionDef, ast.Assign, ast.AnnAssign))
        for node in tree.body
    )
