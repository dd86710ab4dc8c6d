"""One door: every text means one kind of source, and what exists is taken for what it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from srfer.errors import ConfigError
from srfer.realtime import Policy
from srfer.realtime.sources import (
    LiveSource,
    PictureFolder,
    SyntheticVideo,
    VideoFile,
    open_source,
    policy_for,
)


@pytest.mark.parametrize(
    ("text", "kind", "shown"),
    [
        ("0", LiveSource, "webcam:0"),
        ("webcam:HD Cam@1280x720@30", LiveSource, "webcam:HD Cam"),
        ("screen:", LiveSource, "screen:"),
        ("screen:640x480+100+50@15", LiveSource, "screen:640x480+100+50"),
        ("rtsp://me:canary@camera/live", LiveSource, "rtsp://camera/live"),
    ],
)
def test_live_kinds_are_not_opened_before_they_are_entered(
    text: str, kind: type, shown: str
) -> None:
    source = open_source(text)
    assert isinstance(source, kind)
    assert source.info.source_id == shown
    assert policy_for(source) is Policy.LIVE


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("clip.mp4", VideoFile),
        ("frames/%05d.png", PictureFolder),
        ("frames/*.png", PictureFolder),
        ("synthetic:faces=2,face_px=40", SyntheticVideo),
    ],
)
def test_finite_kinds_lose_no_frame(text: str, kind: type) -> None:
    source = open_source(text)
    assert isinstance(source, kind)
    assert policy_for(source) is Policy.LOSSLESS


def test_what_exists_is_taken_for_what_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("0", "screen:", "synthetic:", "a*b.mp4", "webcam:0"):
        Path(name).touch()
        assert isinstance(open_source(name), VideoFile), name
    Path("7").mkdir()
    assert isinstance(open_source("7"), PictureFolder)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("webcam:", "needs a number or a name"),
        ("screen:10x10+0+0", "16x16"),
        ("synthetic:noses=3", "there is no 'noses'"),
        ("concat:a.ts|b.ts", None),
        ("ftp://me:canary@host/a.mp4", "not a kind of stream"),
        ("me:canary@camera/live", "without its scheme"),
    ],
)
def test_what_cannot_be_understood_is_refused_without_showing_secrets(
    text: str, says: str | None
) -> None:
    if says is None:  # no address without a slash: a file of that name, which is not there
        assert isinstance(open_source(text), VideoFile)
        return
    with pytest.raises(ConfigError, match=says) as caught:
        open_source(text)
    assert "canary" not in str(caught.value)
