"""With the network cut after set-up every page works, the browser asks no other host, and a hub model says how to bring
it by hand."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def namespaces() -> bool:
    """Can this system give a process a network of its own?"""
    unshare = shutil.which("unshare")
    return (
        unshare is not None
        and subprocess.run([unshare, "-rn", "true"], check=False, capture_output=True).returncode == 0
    )


@pytest.mark.skipif(not namespaces(), reason="no network namespaces here")
def test_every_page_works_without_a_network(embedded: str) -> None:
    command = ["unshare", "-rn", sys.executable, "-m", "tests.offline"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=900, check=False)
    assert run.returncode == 0, run.stderr[-2000:]
    found = json.loads(run.stdout.splitlines()[-1])
    hub, elsewhere = found.pop("hub"), found.pop("elsewhere")
    assert elsewhere == []
    assert "cannot be reached" in hub and "by hand" in hub and "openai-community/gpt2-medium" in hub
    assert len(found) == 1 + len(list((ROOT / "pages").glob("*.py")))
    for page, seen in found.items():
        assert seen["errors"] == [] and seen["exceptions"] == [] and seen["title"], page
