"""What a finished wheel or sdist must be: its tags, contents, size, libraries and metadata."""

from __future__ import annotations

import email
import fnmatch
import re
import tarfile
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from wheel_declaration import ROOT, Declaration, DeclaredWheel

# glibc of the platform tags from before PEP 600.
LEGACY_GLIBC = {"manylinux1": (2, 5), "manylinux2010": (2, 12), "manylinux2014": (2, 17)}


@dataclass(frozen=True)
class WheelName:
    """The parts of a wheel's file name."""

    distribution: str
    version: str
    python: str
    abi: str
    platforms: tuple[str, ...]

    @classmethod
    def parse(cls, path: Path) -> WheelName:
        distribution, version, python, abi, platforms = path.name.removesuffix(".whl").split("-")
        return cls(distribution, version, python, abi, tuple(platforms.split(".")))

    @property
    def identifier(self) -> str:
        """As cibuildwheel spells it: cp311-manylinux_x86_64."""
        return f"{self.abi}-{platform_family(self.platforms[0])}"


def platform_family(platform: str) -> str:
    """A platform tag without its version: manylinux_2_28_x86_64 -> manylinux_x86_64."""
    return re.sub(r"^(manylinux|musllinux|macosx)(?:_\d+_\d+|1|2010|2014)_", r"\1_", platform)


def glibc(platform: str) -> tuple[int, int] | None:
    """The oldest glibc that a manylinux tag promises to run on; None for other platforms."""
    if match := re.match(r"manylinux_(\d+)_(\d+)_", platform):
        return int(match[1]), int(match[2])
    return LEGACY_GLIBC.get(platform.split("_")[0])


def missing_and_forbidden(names: list[str], rules: dict[str, list[str]]) -> list[str]:
    """What `require` asks for and no name matches, and the names that `forbid` matches."""
    problems = [f"lacks {rule}" for rule in rules["require"] if not fnmatch.filter(names, rule)]
    for rule in rules["forbid"]:
        problems += [f"holds {name}, forbidden by {rule}" for name in fnmatch.filter(names, rule)]
    return problems


def extensions(names: Iterable[str]) -> list[str]:
    """The names of the modules of the core that must be compiled, from a listing of the sources."""
    return sorted(Path(name).stem for name in fnmatch.filter(names, "src/dlms_core/*.pyx"))


def tree() -> list[str]:
    """The listing of the sources here."""
    return [path.relative_to(ROOT).as_posix() for path in (ROOT / "src").rglob("*.pyx")]


def sdist_names(path: Path) -> list[str]:
    """The files of an sdist, below its top folder."""
    with tarfile.open(path) as archive:
        return [member.name.split("/", 1)[1] for member in archive.getmembers() if member.isfile()]


def audit_wheel(path: Path, declaration: Declaration, sources: Iterable[str]) -> list[str]:
    """Everything that is wrong with a wheel built from `sources`; empty when it may be published."""
    policy = declaration["policy"]
    name = WheelName.parse(path)
    problems = []
    if path.stat().st_size > declaration.max_wheel_size:
        problems.append(f"is {path.stat().st_size} octets, more than {policy['max-wheel-size']}")
    if name.identifier not in {wheel.identifier for wheel in declaration.wheels}:
        problems.append(f"is {name.identifier}, which is not declared")
    oldest = tuple(map(int, policy["linux-max-glibc"].split(".")))
    if (promised := min(filter(None, map(glibc, name.platforms)), default=None)) and promised > oldest:
        problems.append(f"needs glibc {promised[0]}.{promised[1]}, newer than {policy['linux-max-glibc']}")
    with zipfile.ZipFile(path) as archive:
        if broken := archive.testzip():
            problems.append(f"has a damaged member {broken}")
        names = archive.namelist()
        info = f"{name.distribution}-{name.version}.dist-info"
        metadata = email.message_from_bytes(archive.read(f"{info}/METADATA"))
        wheel = email.message_from_bytes(archive.read(f"{info}/WHEEL"))
    problems += missing_and_forbidden(names, policy["contents"])
    problems += [
        f"lacks the compiled {module}"
        for module in extensions(sources)
        if not fnmatch.filter(names, f"dlms_core/{module}.*[do]")
    ]
    allowed = (*(f"{package}/" for package in declaration["packages"]), f"{info}/")
    problems += [f"holds {member} outside its packages" for member in names if not member.startswith(allowed)]
    expected_tags = {f"{name.python}-{name.abi}-{platform}" for platform in name.platforms}
    if set(wheel.get_all("Tag", [])) != expected_tags:
        problems.append(f"says tags {sorted(wheel.get_all('Tag', []))} inside, {sorted(expected_tags)} in its name")
    expected = {
        "Name": declaration["distribution"],
        "Version": name.version,
        "Requires-Python": declaration["requires-python"],
        "License-Expression": policy["metadata"]["license-expression"],
    }
    problems += [
        f"says {key}: {metadata.get(key)}, expected {value}"
        for key, value in expected.items()
        if metadata.get(key) != value
    ]
    problems += [
        f"lacks the licence file {licence}"
        for licence in policy["metadata"]["license-files"]
        if licence not in metadata.get_all("License-File", []) or f"{info}/licenses/{licence}" not in names
    ]
    return problems


def audit_sdist(path: Path, declaration: Declaration) -> list[str]:
    """Everything that is wrong with an sdist; empty when it may be published."""
    return missing_and_forbidden(sdist_names(path), declaration["policy"]["sdist"])


def verify(folder: Path, declared: list[DeclaredWheel], declaration: Declaration) -> list[str]:
    """What is wrong with a folder of wheels: declared wheels that are absent, others that are there, bad ones."""
    wheels = {path: WheelName.parse(path) for path in sorted(folder.glob("*.whl"))}
    expected = {wheel.identifier for wheel in declared}
    found = [name.identifier for name in wheels.values()]
    problems = [f"{identifier}: missing" for identifier in sorted(expected - set(found))]
    problems += [f"{path.name}: not declared" for path, name in wheels.items() if name.identifier not in expected]
    problems += [
        f"{identifier}: {found.count(identifier)} wheels" for identifier in expected if found.count(identifier) > 1
    ]
    problems += [f"{path.name}: {problem}" for path in wheels for problem in audit_wheel(path, declaration, tree())]
    if len({name.version for name in wheels.values()}) > 1:
        problems.append(f"wheels of several versions: {sorted({name.version for name in wheels.values()})}")
    return problems
