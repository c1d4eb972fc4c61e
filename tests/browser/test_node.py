"""The pure parts of the page, tested by Node's own test runner; see tests/page/."""

import shutil
import subprocess

from tests.conftest import needs
from tests.server import PROJECT


def test_the_pure_parts_of_the_page():
    node = shutil.which("node")
    needs(node, "Node.js")
    files = sorted((PROJECT / "tests" / "page").glob("*.test.js"))
    run = subprocess.run([node, "--test", *files], capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stdout + run.stderr
