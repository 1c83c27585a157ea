"""What we build on may be used, by everybody: every locked package has a licence that we know and take."""

import re

from benchmarks.licences import ALLOWED, LOCK, licences, spdx


def test_every_locked_package_has_a_licence_that_we_take() -> None:
    found = licences()
    names = {line.split("==")[0] for line in LOCK.read_text(encoding="utf-8").splitlines() if "==" in line}
    assert names - set(found) <= {"httpx2-jsfetch"}
    wrong = {name: text for name, text in found.items() if not set(re.split(r" (?:AND|OR|WITH) ", text)) <= ALLOWED}
    assert not wrong, f"look at these, and at benchmarks/licences.py: {wrong}"


def test_a_licence_that_is_not_free_is_not_taken() -> None:
    assert spdx("GPL-3.0-only") not in ALLOWED and spdx("Proprietary, see our terms") == ""
