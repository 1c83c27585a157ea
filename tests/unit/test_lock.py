"""requirements.lock pins everything: what we ask for, and what that asks for in turn."""

from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path
from types import MappingProxyType

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
UPDATE = "make lock brings requirements.lock up to date"
# torch's build for CUDA brings them on Linux, at versions that it names itself; a CPU build does without.
ONLY_CUDA = ("cuda-", "nvidia-", "triton")


def lines(name: str) -> list[Requirement]:
    """The requirements of a file, without comments and references to other files."""
    kept = [line.strip() for line in (ROOT / name).read_text(encoding="utf-8").splitlines()]
    return [Requirement(line) for line in kept if line and not line.startswith(("#", "-"))]


LOCK = lines("requirements.lock")
ASKED = [*lines("requirements.txt"), *lines("requirements-dev.txt")]


def pinned(name: str, place: Mapping[str, str] = MappingProxyType({})) -> list[str]:
    """The versions that the lock gives a package here, or where the markers named in `place` have other values."""
    of_name = [line for line in LOCK if canonicalize_name(line.name) == canonicalize_name(name)]
    return [str(line.specifier)[2:] for line in of_name if line.marker is None or line.marker.evaluate(dict(place))]


def test_the_lock_names_exact_versions_and_no_place_to_get_them_from() -> None:
    assert all(str(line.specifier).startswith("==") and "*" not in str(line.specifier) for line in LOCK)
    assert not any(line.url for line in LOCK)
    assert "--" not in (ROOT / "requirements.lock").read_text(encoding="utf-8")


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
@pytest.mark.parametrize("system", ["linux", "darwin", "win32"])
def test_what_we_ask_for_is_locked_once_on_every_system(system: str, python: str) -> None:
    place = {"sys_platform": system, "python_version": python, "python_full_version": f"{python}.1"}
    for asked in ASKED:
        versions = pinned(asked.name, place)
        assert len(versions) == 1 and asked.specifier.contains(versions[0]), f"{asked}: {versions}. {UPDATE}"


def needs(name: str) -> list[Requirement]:
    """What an installed package asks for on this machine; nothing if it is not installed."""
    try:
        wanted = [Requirement(text) for text in requires(name) or []]
    except PackageNotFoundError:
        return []
    here = [one for one in wanted if one.marker is None or one.marker.evaluate({"extra": ""})]
    return [one for one in here if not one.name.startswith(ONLY_CUDA)]


def test_what_the_installed_packages_ask_for_is_locked() -> None:
    left, seen = [asked.name for asked in ASKED], set[str]()
    while left:
        name = canonicalize_name(left.pop())
        if name in seen:
            continue
        seen.add(name)
        for one in needs(name):
            left.append(one.name)
            versions = pinned(one.name)
            fits = [version for version in versions if one.specifier.contains(version, prereleases=True)]
            assert len(fits) == len(versions) == 1, f"{name} needs {one}, the lock has {versions}. {UPDATE}"
    assert len(seen) > 60
