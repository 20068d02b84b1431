"""The core runs without the GIL: declared in every module, and no state that threads could share."""

from __future__ import annotations

import importlib
import re
import sys
import sysconfig
from pathlib import Path

import pytest

import dlms_core

CORE = Path(dlms_core.__file__).parent
EXTENSIONS = sorted(
    path.name.removesuffix(sysconfig.get_config_var("EXT_SUFFIX"))
    for path in CORE.glob(f"*{sysconfig.get_config_var('EXT_SUFFIX')}")
)
SOURCES = sorted(CORE.glob("*.pyx"))


def test_the_extensions_are_there() -> None:
    assert EXTENSIONS
    assert {source.stem for source in SOURCES} <= set(EXTENSIONS)


@pytest.mark.parametrize("name", EXTENSIONS)
def test_importing_a_module_leaves_the_gil_off(name: str) -> None:
    importlib.import_module(f"dlms_core.{name}")
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        assert not sys._is_gil_enabled()  # type: ignore[attr-defined]
        return
    # With the GIL there is no telling at run time: read what Cython generated.
    generated = (CORE / f"{name}.c").read_text(encoding="utf-8")
    assert "{Py_mod_gil, __Pyx_FREETHREADING_COMPATIBLE}" in generated
    assert re.search(r"#else\s+#define __Pyx_FREETHREADING_COMPATIBLE Py_MOD_GIL_NOT_USED", generated)


@pytest.mark.parametrize("name", EXTENSIONS)
def test_what_a_module_holds_is_constant(name: str) -> None:
    """A container at the top of a module is a table that never changes: its name is in capitals."""
    module = importlib.import_module(f"dlms_core.{name}")
    containers = {
        key
        for key, value in vars(module).items()
        if isinstance(value, (dict, list, set, bytearray)) and not key.startswith("__")
    }
    assert {key for key in containers if key.upper() != key} == set()


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_no_c_variable_of_a_module_changes(source: Path) -> None:
    """C variables at the top of a module are set once, where they are declared; nothing says `global`."""
    text = source.read_text(encoding="utf-8")
    assert not re.findall(r"^\s+global\s.*", text, re.MULTILINE)
    variables = re.findall(r"^cdef (?!class|extern|enum|struct|union|packed|inline)[^(:]*$", text, re.MULTILINE)
    assert [line for line in variables if "=" not in line and "const " not in line] == []


@pytest.mark.parametrize("header", sorted(CORE.glob("*.h")), ids=lambda header: header.name)
def test_no_static_variable_of_a_header_changes(header: Path) -> None:
    text = header.read_text(encoding="utf-8")
    assert re.findall(r"^\s*static (?!inline|const|_Thread_local)[^(]*[;=].*", text, re.MULTILINE) == []
