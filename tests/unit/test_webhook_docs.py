"""What docs/webhooks.md shows works."""

import base64
import re
import shutil
import subprocess

import httpx
import pytest
from django.conf import settings

from taskapi.models import Limits
from taskapi.models.notices import ERROR_TOLD, TOLD
from taskapi.programs.notify import signed_request
from tests.conftest import database_url, needs, wait_for
from tests.receiver import receiving
from tests.server import PROJECT, Server

TEXT = (PROJECT / "docs" / "webhooks.md").read_text()
KEY = b"0123456789abcdef01234567"
SECRET = f"whsec_{base64.b64encode(KEY).decode()}"
BODY = '{"type":"task.completed","data":{"name":"ключ"}}'.encode()


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


def headers_of_a_delivery():
    return dict(signed_request(httpx.URL("https://example.com/hook"), "msg_1", BODY, KEY).headers)


@pytest.fixture
def headers():
    """Those of a delivery of BODY."""
    return headers_of_a_delivery()


@pytest.fixture
def verify():
    [code] = blocks("python")
    names = {}
    exec(code, names)
    return names["verify"]


def verified_in_a_shell(headers, body, directory):
    needs(shutil.which("openssl"), "openssl")
    (directory / "body").write_bytes(body)
    names = {"ID": "webhook-id", "TIMESTAMP": "webhook-timestamp", "SIGNATURE": "webhook-signature"}
    given = {name: headers[header] for name, header in names.items()} | {"PATH": "/usr/bin:/bin", "SECRET": SECRET}
    [script] = blocks("bash")
    run = subprocess.run(["bash", "-c", script], cwd=directory, env=given, capture_output=True, text=True)
    return run.stdout == "verified\n"


def test_a_delivery_is_verified(verify, headers, tmp_path):
    verify(SECRET, headers, BODY)
    assert verified_in_a_shell(headers, BODY, tmp_path)


def test_another_body_is_refused(verify, headers, tmp_path):
    with pytest.raises(ValueError, match="signature"):
        verify(SECRET, headers, BODY + b" ")
    assert not verified_in_a_shell(headers, BODY + b" ", tmp_path)


def test_another_id_is_refused(verify, headers):
    with pytest.raises(ValueError, match="signature"):
        verify(SECRET, headers | {"webhook-id": "msg_2"}, BODY)


def test_an_old_delivery_is_refused(verify, monkeypatch, tmp_path):
    monkeypatch.setattr("taskapi.programs.notify.time.time", lambda: 1_700_000_000)
    headers = headers_of_a_delivery()
    monkeypatch.undo()
    with pytest.raises(ValueError, match="too old"):
        verify(SECRET, headers, BODY)
    assert not verified_in_a_shell(headers, BODY, tmp_path)


def test_one_signature_of_several_is_enough(verify, headers):
    verify(SECRET, headers | {"webhook-signature": f"v1,AAAA {headers['webhook-signature']}"}, BODY)


def test_its_lines_for_a_shell_work(transactional_db, verify):
    needs(shutil.which("curl"), "curl")
    own = {"FETCH_ALLOWED_NETWORKS": "127.0.0.1", "DJANGO_SETTINGS_MODULE": "tests.settings"}
    with receiving() as receiver, Server(database_url(), **own) as server:
        script = "\n".join(blocks("sh")).replace("localhost:8000", f"127.0.0.1:{server.port}")
        script = f"TOKEN={server.log_in()}\n" + script.replace("https://example.com/hook", receiver.url)
        lines = subprocess.run(["sh"], input=script, capture_output=True, text=True).stdout.splitlines()
        wait_for(lambda: receiver.accepted)
    [post] = receiver.accepted
    verify(re.search(r'"secret":"(.*?)"', lines[1])[1], post.headers, post.body)
    assert post.event["data"]["name"] == "Told"


def test_it_tells_the_truth_about_fields_and_limits():
    assert [name for name in TOLD if f'"{name.removesuffix("_id")}"' not in TEXT] == []
    assert f"{Limits.NOTIFY_URL:,} characters" in TEXT
    assert f"first {ERROR_TOLD:,} characters of the error" in " ".join(TEXT.split())
    assert f"tried {settings.WEBHOOK_ATTEMPTS} times" in TEXT
