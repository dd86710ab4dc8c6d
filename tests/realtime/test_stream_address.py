"""Addresses of streams: what is shown of them, and what never is."""

from __future__ import annotations

import dataclasses
import io
import logging
import pickle
from pathlib import Path
from urllib.parse import quote, unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from srfer import secrets
from srfer.errors import ConfigError, SourceError
from srfer.realtime.sources import VideoFile, open_source, read_picture, refuse_stream
from srfer.realtime.sources.address import PASSWORD_FILE, StreamAddress, parse_address
from srfer.secrets import MASK, redact, redacted_logger

PW = "S3cr3t-Canary"

SHOWN = {
    f"rtsp://admin:{PW}@cam/live": "rtsp://cam/live",
    f"rtsp://admin:{PW}@cam:554/live": "rtsp://cam:554/live",
    f"RTSP://admin:{PW}@cam/live": "rtsp://cam/live",
    f"rtsps://admin:{PW}@cam/live": "rtsps://cam/live",
    f"http://admin:{PW}@cam/video.mjpg": "http://cam/video.mjpg",
    f"https://admin:{PW}@cam/v": "https://cam/v",
    f"srt://admin:{PW}@cam:9000": "srt://cam:9000",
    f"rtmp://admin:{PW}@cam/app/name": "rtmp://cam/app/name",
    f"tcp://admin:{PW}@cam:9000": "tcp://cam:9000",
    f"rtsp://john.doe:{PW}@cam/": "rtsp://cam/",
    f"rtsp://a%40b:{PW}@cam/": "rtsp://cam/",
    f"rtsp://a@b.org:{PW}@cam/": "rtsp://cam/",
    f"rtsp://:{PW}@cam/": "rtsp://cam/",
    f"rtsp://{PW}@cam/": "rtsp://cam/",
    f"rtsp://{PW}:@cam/": "rtsp://cam/",
    f"rtsp://admin:{PW}@192.168.1.9:554/live": "rtsp://192.168.1.9:554/live",
    f"rtsp://admin:{PW}@[fe80::1]/live": "rtsp://[fe80::1]/live",
    f"rtsp://admin:{PW}@[2001:db8::7]:554/live": "rtsp://[2001:db8::7]:554/live",
    f"rtsp://admin:{PW}:x@cam/live": "rtsp://cam/live",
    f"rtsp://admin:{PW}@x@cam/live": "rtsp://cam/live",
    f"rtsp://admin:{PW}/x@cam/live": "rtsp://cam/live",
    f"rtsp://admin:{PW}?x@cam/live": "rtsp://cam/live",
    f"rtsp://admin:{PW}#x@cam/live": "rtsp://cam/live",
    f"rtsp://admin:{PW}%2F%40%3A%25@cam/live": "rtsp://cam/live",
    f"rtsp://admin:100%{PW}@cam/live": "rtsp://cam/live",
    f"rtsp://cam/live?user=me&password={PW}": "rtsp://cam/live",
    f"rtsp://cam/live?password={PW}&user=me": "rtsp://cam/live",
    f"rtsp://cam/live?usr=me&pwd={PW}": "rtsp://cam/live",
    f"rtsp://cam/live?token={PW}": "rtsp://cam/live",
    f"rtsp://cam/live?auth={PW};channel=1": "rtsp://cam/live",
    f"rtsp://cam/live?{PW}": "rtsp://cam/live",
    f"rtsp://cam?token={PW}": "rtsp://cam",
    f"rtsp://cam/live#token={PW}": "rtsp://cam/live",
    f"http://cam/v?a=1&X-Amz-Signature={PW}": "http://cam/v",
    f"rtsp://cam/user=admin&password={PW}&channel=1": f"rtsp://cam/{MASK}",
    f"rtsp://cam/user=admin_password={PW}_channel=1/x": f"rtsp://cam/{MASK}/x",
    f"rtsp://cam/live;token={PW}": f"rtsp://cam/{MASK}",
    f"rtsp://cam/admin:{PW}/live": f"rtsp://cam/{MASK}/live",
    f"rtsp://cam/a%3D{PW}/live": f"rtsp://cam/{MASK}/live",
    f"rtsp:/admin:{PW}@cam/live": "rtsp://cam/live",
    f"udp://{PW}@239.0.0.1:5000": "udp://239.0.0.1:5000",
    "udp://@239.0.0.1:5000": "udp://239.0.0.1:5000",
    "udp://:5000": "udp://:5000",
    "rtsp://cam/channel/1": "rtsp://cam/channel/1",
    "rtsp://cam/line\nbreak": "rtsp://cam/line\\nbreak",
}

REFUSED = (
    f"admin:{PW}@cam/live",
    f"admin:{PW}@192.168.1.9:554/live",
    f"{PW}@192.168.1.9",
    f"{PW}@cam:554/live",
    f"ftp://admin:{PW}@cam/live",
    f"file://admin:{PW}@cam/live",
    f"concat://{PW}|b.ts",
    f"rtsp://admin:{PW}@",
    f"rtsp://admin:{PW}@/live",
    f"rtsp://admin:{PW}@cam:port/live",
    f"rtsp://admin:{PW}@cam:99999/live",
    f"rtsp://admin:{PW}@ca m/live",
    f"rtsp://admin:{PW}@[::x]/live",
    f"rtsp://admin:{PW}",
    f"rtsp://admin:1/{PW}@cam/live",
    f"rtsp://admin:x@{PW}/y@cam/live",
    f"rtsp://admin:x/{PW}@cam/live@2",
    f"http://cam/live?user={PW}@home.org",
)


def everything_shown(address: StreamAddress) -> str:
    values = dataclasses.asdict(address)
    return f"{address} {address!r} {values} {address.url} {address.url!r} {[address]}"


@pytest.mark.parametrize("text", SHOWN)
def test_an_address_shows_its_host_and_no_secret(text: str) -> None:
    secrets.remember(PW)  # in some it is only a part of the password; no test is to need another
    address = parse_address(text, {})
    assert address.display == SHOWN[text]
    assert PW not in everything_shown(address)
    with pytest.raises(TypeError):
        pickle.dumps(address)
    if PW in text:
        assert PW in address.url.reveal()
        assert PW not in redact(f"av: cannot open '{address.url.reveal()}' nor '{text}', {PW}")


@pytest.mark.parametrize("segment", [f"live;token={PW}", f"admin:{PW}", f"a%3D{PW}"])
def test_a_password_in_a_path_is_masked_where_it_stands_alone(
    monkeypatch: pytest.MonkeyPatch, segment: str
) -> None:
    monkeypatch.setattr(secrets, "_KNOWN", type(secrets._KNOWN)())  # nothing that others told
    parse_address(f"rtsp://cam/{segment}/live", {})
    assert redact(f"401 for {PW} at channel 1") == f"401 for {MASK} at channel 1"


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_address_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_address(text, {})
    assert PW not in str(caught.value)
    assert caught.value.__context__ is None


def test_the_hint_for_a_missing_scheme() -> None:
    with pytest.raises(ConfigError, match="write rtsp:// "):
        parse_address(f"admin:{PW}@cam/live", {})


@pytest.mark.parametrize("scheme", ["concat:", "subfile,,start,0,end,0,,:", "pipe:", "data:"])
def test_other_protocols_are_refused(scheme: str) -> None:
    for rest in ("a.ts", "/a.ts", "//a.ts"):
        with pytest.raises(ConfigError):
            parse_address(scheme + rest, {})


SPECIAL = st.text(st.sampled_from("@:/#?%[]&=; a1ü.-"), min_size=1, max_size=8)


@settings(deadline=None)
@given(SPECIAL)
def test_no_character_of_a_password_gets_out(middle: str) -> None:
    """Whatever the password, raw or encoded: it is hidden, or the address is refused."""
    password = f"Qq{middle}Zz"
    encoded = parse_address(f"rtsp://admin:{quote(password, safe='')}@cam:554/live", {})
    assert encoded.display == "rtsp://cam:554/live"
    login = encoded.url.reveal().removeprefix("rtsp://").partition("@")[0]
    assert unquote(login) == f"admin:{password}"
    try:
        raw = parse_address(f"rtsp://admin:{password}@cam:554/live", {})
    except ConfigError as error:
        shown = str(error)
    else:
        shown = everything_shown(raw)
        assert raw.display == "rtsp://cam:554/live"
    assert "Qq" not in shown
    assert "Zz" not in shown


def test_addresses_of_streams_are_refused_without_their_password() -> None:
    for url in ("rtsp://admin:S3cr3t@127.0.0.1:9/x", "http://host/v.mp4?token=S3cr3t"):
        for text in (url, str(Path(url))):
            for opens in (refuse_stream, read_picture):
                with pytest.raises(SourceError, match="`srfer watch` reads streams") as caught:
                    opens(text)
                assert "S3cr3t" not in str(caught.value)
    for text in ("ftp://a:S3cr3t@host/v.mp4", "a:S3cr3t@host/v.mp4"):
        with pytest.raises(ConfigError) as refused:
            open_source(text)
        assert "S3cr3t" not in str(refused.value)


def test_a_password_comes_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "password"
    environ = {PASSWORD_FILE: str(path)}
    path.write_text(f"{PW}:/@\nsecond line\n")
    urls = {
        "rtsp://admin@cam/x": f"rtsp://admin:{PW}%3A%2F%40@cam/x",
        "rtsp://admin:g1ven@cam/x": "rtsp://admin:g1ven@cam/x",
        "http://admin@cam/x": "http://admin@cam/x",
    }
    for text, url in urls.items():
        address = parse_address(text, environ)
        assert address.url.reveal() == url
        assert PW not in everything_shown(address)
    path.write_text(f"admin:{PW}\n")
    assert parse_address("rtsp://cam/x", environ).url.reveal() == f"rtsp://admin:{PW}@cam/x"


@pytest.mark.parametrize("content", [None, b"", b"\n", b"\xff\xfe"])
def test_a_bad_password_file_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "password"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=PASSWORD_FILE) as caught:
        parse_address("rtsp://admin@cam/x", {PASSWORD_FILE: str(path)})
    assert caught.value.__context__ is None


def test_what_exists_as_a_file_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "take:1@localhost").touch()
    for name in ("take:1@localhost", "clip@2.mp4", "a:b.mp4", "me@home.mp4", "dir/a@b"):
        assert isinstance(open_source(name), VideoFile)


PLAIN = ("clips/me@home.mp4", "a:b@c", "frame 12 of 30", "https://host/path", "C:/videos/a.mp4")


@pytest.mark.parametrize("text", PLAIN)
def test_plain_text_is_not_changed(text: str) -> None:
    assert redact(text) == text


def test_addresses_in_texts_are_masked_even_if_never_seen() -> None:
    text = "open rtsp://u.v:n3ver@seen:9/x?auth=n3ver failed"
    assert redact(text) == f"open rtsp://{MASK}@seen:9/x?{MASK} failed"


def test_log_records_are_masked() -> None:
    parse_address(f"rtsp://admin:{PW}%2F@cam/x", {})
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    logger = redacted_logger("srfer.test.masked")
    logger.addHandler(handler)
    try:
        raise ValueError(f"rtsp://admin:{PW}/@cam")
    except ValueError:
        logger.exception("%s and %d, %s", f"{PW}%2F", 7, f"{PW}/", stack_info=True)
    finally:
        logger.removeHandler(handler)
    assert f"{MASK} and 7, {MASK}" in stream.getvalue()
    assert "ValueError" in stream.getvalue()
    assert PW not in stream.getvalue()
