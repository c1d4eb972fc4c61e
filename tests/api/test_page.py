"""How the files of the page are served."""

import gzip

import pytest
from django.conf import settings

from taskmanager.page import accepts_gzip

INDEX = settings.BASE_DIR / "frontend" / "index.html"
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
    assert gzip.decompress(answer.body) == INDEX.read_bytes()


def test_others_get_it_as_it_is(get):
    answer = get("/")
    assert "Content-Encoding" not in answer
    assert "Accept-Encoding" in answer["Vary"]
    assert answer.body == INDEX.read_bytes()


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


def test_a_date_does_as_well_as_a_tag(get):
    modified = get(SCRIPT, **READS_GZIP)["Last-Modified"]
    assert get(SCRIPT, HTTP_IF_MODIFIED_SINCE=modified, **READS_GZIP).status_code == 304


def test_head_answers_the_headers_alone(get):
    answer = get(SCRIPT, "HEAD", **READS_GZIP)
    assert answer["Content-Length"] == get(SCRIPT, **READS_GZIP)["Content-Length"]
    assert answer.body == b""


def test_a_range_is_one_of_the_file_as_it_is(get):
    answer = get("/", HTTP_RANGE="bytes=0-14", **READS_GZIP)
    assert answer.status_code == 206
    assert "Content-Encoding" not in answer
    assert answer.body == b"<!doctype html>"


@pytest.mark.parametrize("header", ["gzip", "br, GZIP;q=0.5", "*", "gzip;q=1.0", "deflate,gzip ; q=0.1"])
def test_gzip_is_accepted(header):
    assert accepts_gzip(header)


@pytest.mark.parametrize("header", ["", "br", "gzip;q=0", "gzip; q=0.000", "identity", "gzipped", "*;q=0"])
def test_gzip_is_refused(header):
    assert not accepts_gzip(header)


def test_the_policy_allows_nothing_inline_and_no_other_host(get):
    policy = get("/")["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
