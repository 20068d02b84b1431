"""The extension table and its switches.

DLMS_DEBUG=1     no optimisation, debug information, Cython's bounds checks on.
DLMS_SANITIZE=1  AddressSanitizer and UndefinedBehaviorSanitizer (run with the matching runtime preloaded).
"""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path

import numpy
from Cython.Build import cythonize
from Cython.Compiler import Options
from setuptools import Extension, setup

CORE = Path("src/dlms_core")
DEBUG = os.environ.get("DLMS_DEBUG") == "1"
SANITIZE = os.environ.get("DLMS_SANITIZE") == "1"
NEEDS_NUMPY = {"columns", "compact"}

# Ours to mend, so errors in our builds; a newer Cython that warns of more must not stop anybody's installation.
Options.warning_errors = DEBUG or SANITIZE


def compile_arguments() -> list[str]:
    if sys.platform == "win32":
        return ["/O2", "/std:c11"]
    arguments = ["-std=c11", "-Wall", "-Wextra", "-Wno-unused-parameter", "-Wno-unused-function"]
    arguments += ["-O0", "-g"] if DEBUG else ["-O3", "-g0"]
    if platform.machine() in {"x86_64", "AMD64"}:
        arguments.append("-march=x86-64-v2")
    if SANITIZE:
        arguments += [
            "-O1", "-g", "-fno-omit-frame-pointer", "-fsanitize=address,undefined",
            "-fno-sanitize-recover=undefined",
        ]  # fmt: skip
    return arguments


def extensions() -> list[Extension]:
    headers = sorted(str(header) for header in CORE.glob("*.h"))
    return [
        Extension(
            f"dlms_core.{source.stem}",
            [str(source)],
            include_dirs=[str(CORE), *([numpy.get_include()] if source.stem in NEEDS_NUMPY else [])],
            define_macros=[("NPY_NO_DEPRECATED_API", "NPY_1_7_API_VERSION")],
            depends=headers,
            extra_compile_args=compile_arguments(),
            extra_link_args=["-fsanitize=address,undefined"] if SANITIZE else [],
        )
        for source in sorted(CORE.glob("*.pyx"))
    ]


setup(
    ext_modules=cythonize(
        extensions(),
        include_path=["src"],
        compiler_directives={
            "language_level": 3,
            "boundscheck": DEBUG,
            "wraparound": False,
            "initializedcheck": DEBUG,
            "cdivision": True,
            "binding": True,
            "embedsignature": False,
            "freethreading_compatible": True,
        },
    ),
    options={"build_ext": {"parallel": os.cpu_count() or 1}},
)
