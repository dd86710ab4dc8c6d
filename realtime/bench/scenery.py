"""What streams of a benchmark are made of."""

from __future__ import annotations

from ..sources import LiveOptions, open_source
from ..sources.synthetic import PREFIX
from ..stage import Source
from ..types import SourceInfo

DEFAULT_SCENE = f"{PREFIX}faces=2,face_px=40,size=640x360,fps=15"
"""What is measured where no source is named."""
MOST_RETRIES = 3
"""A benchmark does not wait long for a camera that is not there."""


def make_bench_source(text: str) -> Source:
    """The source that `text` names.

    Raises:
        ConfigError: if `text` cannot be understood.
    """
    return open_source(text, LiveOptions(max_retries=MOST_RETRIES))


def name_source(text: str, info: SourceInfo) -> str:
    """What a report calls a source: by its text only what is made up, as others have passwords."""
    return text if text.startswith(PREFIX) else info.source_id
