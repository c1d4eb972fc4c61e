"""How the files of the page are served."""

import gzip
import re

import pytest
from django.conf import settings

from taskmanager.page import accepts_gzip, together

FRONTEND = settings.BASE_DIR / "frontend"
INDEX = FRONTEND / "index.html"
SCRIPT = "/scripts/dom.js"
READS_GZIP = {"HTTP_ACCEPT_ENCODING": "gzip, deflate, br"}


@pytest.fixture
def get(anonymous):
    """get(path) is an answer, with its `body`."""

    def get(path, method="GET", **headers):
        answer = anonymous.generic(method, path, **headers)
        answer.body = b"".join(answer.streaming_content)
        answer.close()
        return answer

    return get


def test_the_page_is_compressed_for_who_can_read_that(get):
    answer = get("/", **READS_GZIP)
    assert answer["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in answer["Vary"]
    assert int(answer["Content-Length"]) == len(answer.body)
    assert gzip.decompress(answer.body) == get("/").body


def test_others_get_it_as_it_is(get):
    answer = get(SCRIPT)
    assert "Content-Encoding" not in answer
    assert "Accept-Encoding" in answer["Vary"]
    assert answer.body == (FRONTEND / "scripts" / "dom.js").read_bytes()


def test_the_two_have_tags_of_their_own(get):
    plain, compressed = get(SCRIPT)["ETag"], get(SCRIPT, **READS_GZIP)["ETag"]
    assert plain != compressed
    assert get(SCRIPT, HTTP_IF_NONE_MATCH=plain).status_code == 304
    assert get(SCRIPT, HTTP_IF_NONE_MATCH=plain, **READS_GZIP).status_code == 200


@pytest.mark.parametrize("given", ["{}", "W/{}", '"other", {}', "*"])
def test_what_the_browser_knows_is_not_sent_again(get, given):
    tag = get(SCRIPT, **READS_GZIP)["ETag"]
    answer = get(SCRIPT, HTTP_IF_NONE_MATCH=given.format(tag), **READS_GZIP)
    assert answer.status_code == 304
    assert answer["ETag"] == tag
    assert "Accept-Encoding" in answer["Vary"]
    assert answer.body == b""


def test_head_answers_the_headers_alone(get):
    answer = get(SCRIPT, "HEAD", **READS_GZIP)
    assert answer["Content-Length"] == get(SCRIPT, **READS_GZIP)["Content-Length"]
    assert answer.body == b""


@pytest.mark.parametrize(("kind", "folder"), [("js", "scripts"), ("css", "styles")])
def test_scripts_and_styles_are_sent_together_in_the_order_of_the_page(get, kind, folder):
    names = re.findall(rf'{folder}/[\w-]+\.{kind}(?=" defer|">\n)', INDEX.read_text())
    assert len(names) > 5
    html = get("/").body.decode()
    assert html.count(f"page.{kind}") == 1
    assert not any(name in html for name in names)
    assert get(f"/page.{kind}").body == together(FRONTEND / name for name in names)


def test_comments_are_not_sent_and_all_else_is(tmp_path):
    file = tmp_path / "a.js"
    file.write_text(
        "/* What. */\n(function () {\n  // Why.\n  /**\n   * For whom.\n   */\n  const a = '*/*'; // here\n})();\n"
    )
    assert together([file]) == b"(function () {\n  const a = '*/*'; // here\n})();\n"


def test_every_file_of_the_page_is_named_by_it(get):
    named = set(re.findall(r'(?:src|href)="((?:scripts|styles)/[^"]+)"', INDEX.read_text()))
    there = {f"{file.parent.name}/{file.name}" for file in FRONTEND.glob("s*/*")}
    assert named == there


@pytest.mark.parametrize("header", ["gzip", "br, GZIP;q=0.5", "*", "gzip;q=1.0", "*;q=0, gzip", "deflate,gzip ; q=0.1"])
def test_gzip_is_accepted(header):
    assert accepts_gzip(header)


@pytest.mark.parametrize("header", ["", "br", "gzip;q=0", "gzip; q=0.000", "gzip;q=0, *", "gzipped", "*;q=0"])
def test_gzip_is_refused(header):
    assert not accepts_gzip(header)


def test_the_policy_allows_nothing_inline_and_no_other_host(get):
    policy = get("/")["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
