"""What ruff finds insecure (its rules S) is either not there or explained."""

import re

from tests.server import PROJECT

FOLDERS = ("taskmanager", "taskapi", "userapi", "bench")


def test_each_exception_from_a_rule_of_security_says_why():
    files = [file for folder in FOLDERS for file in (PROJECT / folder).rglob("*.py")]
    bare = [file.name for file in files if re.search(r"# noqa: S\d+(, *S\d+)*$", file.read_text(), re.MULTILINE)]
    assert bare == []
