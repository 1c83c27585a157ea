"""python -m benchmarks licences: every package of requirements.lock and its licence, from what is installed here."""

import re
from importlib import metadata
from pathlib import Path

from benchmarks.report import Report

LOCK = Path(__file__).parents[1] / "requirements.lock"
# SPDX identifiers. All may be used by an MIT program and handed on with it; MPL-2.0 asks for its own files' source.
ALLOWED = {
    "0BSD", "Apache-2.0", "BSD", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "CC0-1.0", "CNRI-Python", "ISC",
    "LLVM-exception", "MIT", "MIT-CMU", "MPL-2.0", "PSF-2.0", "Zlib",
}  # fmt: skip
# Packages write the same licence in many ways. "BSD" is one of its two forms: which one, the package's own text says.
_NAMES = {
    r"Apache Software License|Apache( License)?[ ,]*(Version )?2\.0( License)?": "Apache-2.0",
    r"BSD 3-Clause License|3-Clause BSD License": "BSD-3-Clause",
    r"BSD License": "BSD",
    r"MIT License": "MIT",
    r"ISC License( \(ISCL\))?": "ISC",
    r"Mozilla Public License 2\.0 \(MPL 2\.0\)": "MPL-2.0",
}
_ELSEWHERE = {"colorama": "BSD-3-Clause"}  # only on Windows: what its package says there
_NOWHERE = {"httpx2-jsfetch"}  # only inside a browser, where this app does not run


def run() -> Report:
    """Print them; count those of each licence."""
    report = Report("licences")
    for name, licence in licences().items():
        print(f"{name:<28}{licence or 'NOT KNOWN'}")
        report.figures[licence or "not known"] = report.figures.get(licence or "not known", 0) + 1
    return report


def licences() -> dict[str, str]:
    """Package -> licence (SPDX), for all that are locked for a system that we support; "" where it is not known."""
    lines = [line for line in LOCK.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    names = sorted({line.split("==")[0] for line in lines} - _NOWHERE)
    return {name: licence(name) for name in names}


def licence(name: str) -> str:
    """A package's licence: as it declares it, in its classifiers, or by the first line of its licence's text."""
    try:
        package = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return _ELSEWHERE.get(name, "")
    said = package.metadata
    classifiers = [line.split(" :: ")[-1] for line in said.get_all("Classifier") or [] if line.startswith("License ::")]
    texts = [
        file.read_text(encoding="utf-8").strip()
        for file in package.files or []
        if file.name.upper().startswith("LICENSE")
    ]
    forms = [*(said.get_all("License-Expression") or ()), " OR ".join(classifiers), *(said.get_all("License") or ())]
    first = [form.strip().splitlines()[0] for form in [*forms, *texts[:1]] if form.strip()]
    return next((found for line in first if (found := spdx(line))), "")


def spdx(text: str) -> str:
    """A licence in SPDX's words, "" if we do not know these words.

    >>> spdx("Apache 2.0 License"), spdx("MIT License OR Apache Software License"), spdx("Copyright (c) 2015")
    ('Apache-2.0', 'MIT OR Apache-2.0', '')
    """
    parts = re.split(r" (AND|OR|WITH) ", text)
    for place in range(0, len(parts), 2):
        for form, name in _NAMES.items():
            parts[place] = name if re.fullmatch(form, parts[place]) else parts[place]
    return " ".join(parts) if all(re.fullmatch(r"[\w.+-]+", part) for part in parts) else ""
