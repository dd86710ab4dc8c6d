"""Getting a model file from servers that do what servers do."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from srfer.cli import main
from srfer.errors import ModelError
from srfer.realtime.fetch import ATTEMPTS, fetch, install
from srfer.realtime.known_models import (
    FOLDER_VARIABLE,
    KNOWN_MODELS,
    KnownModel,
    fetched_model,
    known_model,
)

CONTENT = np.random.default_rng(3).bytes(300_000)
SILENCE_S = 0.3


class Server(ThreadingHTTPServer):
    """Serves CONTENT; a test sets `answer` to have it misbehave.

    Attributes:
        asked: the Range of each request, "" where there was none.
        answer: what it does with a request.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[str] = []
        self.answer: Callable[[Handler], None] = lambda handler: handler.give(CONTENT)
        self.is_over = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/model.onnx"


class Handler(BaseHTTPRequestHandler):
    server: Server

    @property
    def start(self) -> int:
        return int(self.headers.get("Range", "bytes=0-")[len("bytes=") : -1])

    def do_GET(self) -> None:
        self.server.asked.append(self.headers.get("Range", ""))
        self.server.answer(self)

    def log_message(self, *arguments: object) -> None:
        pass

    def give(self, content: bytes, *, until: int | None = None) -> None:
        """The rest of the content that was asked for; the connection breaks at `until`."""
        self.send_response(206 if self.start else 200)
        self.send_header("Content-Length", str(len(content) - self.start))
        if self.start:
            last = len(content) - 1
            self.send_header("Content-Range", f"bytes {self.start}-{last}/{len(content)}")
        self.end_headers()
        self.wfile.write(content[self.start : until])

    def give_all(self, content: bytes) -> None:
        """All of it, whatever was asked for."""
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def be_silent(self) -> None:
        self.server.is_over.wait(10)


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.is_over.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def model(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> KnownModel:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "data"))
    digest = hashlib.sha256(CONTENT).hexdigest()
    return KnownModel("yunet", "model.onnx", server.url, digest, len(CONTENT), "none")


def partial(model: KnownModel) -> Path:
    return model.path.with_name(f"{model.file}.partial")


def test_a_file_is_fetched_once_and_is_the_user_s_alone(server: Server, model: KnownModel) -> None:
    told: list[tuple[int, int]] = []
    path = fetch(model, on_progress=lambda done, total: told.append((done, total)))
    assert path.read_bytes() == CONTENT
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert not partial(model).exists()
    assert [done for done, _ in told] == sorted({done for done, _ in told})
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert fetch(model) == path
    assert server.asked == [""]


def test_a_broken_connection_is_taken_up_again(server: Server, model: KnownModel) -> None:
    ends = iter([100_000, 200_000, None])
    server.answer = lambda handler: handler.give(CONTENT, until=next(ends))
    assert fetch(model).read_bytes() == CONTENT
    assert server.asked == ["", "bytes=100000-", "bytes=200000-"]


def test_what_came_is_kept_for_the_next_run(server: Server, model: KnownModel) -> None:
    server.answer = lambda handler: handler.give(CONTENT, until=handler.start + 10_000)
    with pytest.raises(ModelError, match=f"after {ATTEMPTS * 10_000} of 300000 bytes, which are"):
        fetch(model)
    assert not model.path.exists()
    server.asked.clear()
    server.answer = lambda handler: handler.give(CONTENT)
    assert fetch(model).read_bytes() == CONTENT
    assert server.asked == [f"bytes={ATTEMPTS * 10_000}-"]


def test_a_server_without_ranges_gives_all_again(server: Server, model: KnownModel) -> None:
    model.path.parent.mkdir(parents=True)
    partial(model).write_bytes(CONTENT[:5000])
    server.answer = lambda handler: handler.give_all(CONTENT)
    assert fetch(model).read_bytes() == CONTENT
    assert server.asked == ["bytes=5000-"]


@pytest.mark.parametrize("length", [5000, 300_000, 400_000])
def test_a_partial_file_of_something_else_does_no_harm(
    server: Server, model: KnownModel, length: int
) -> None:
    model.path.parent.mkdir(parents=True)
    partial(model).write_bytes(bytes(length))
    assert fetch(model).read_bytes() == CONTENT


@pytest.mark.parametrize(
    "content",
    [CONTENT[::-1], CONTENT + b"more", b"\0" + CONTENT[1:]],
    ids=["other", "longer", "one byte"],
)
def test_other_bytes_are_refused_and_forgotten(
    server: Server, model: KnownModel, content: bytes
) -> None:
    server.answer = lambda handler: handler.give_all(content)
    with pytest.raises(ModelError, match="not the file that srfer was tested with"):
        fetch(model)
    assert not model.path.exists()
    assert not partial(model).exists()


def test_a_damaged_file_is_fetched_again(server: Server, model: KnownModel) -> None:
    fetch(model).write_bytes(CONTENT[:-1])
    assert fetch(model).read_bytes() == CONTENT
    assert server.asked == ["", ""]


def short(handler: Handler) -> None:
    handler.give_all(CONTENT[:1000])


def another_part(handler: Handler) -> None:
    handler.send_response(206)
    handler.send_header("Content-Range", "bytes 7-299999/300000")
    handler.end_headers()


def silent_midway(handler: Handler) -> None:
    handler.give(CONTENT, until=handler.start + 70_000)
    handler.wfile.flush()
    handler.be_silent()


def nonsense(handler: Handler) -> None:
    handler.wfile.write(b"220 mail server ready\r\n")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda handler: handler.send_error(404), "the server says 404 Not Found"),
        (lambda handler: handler.send_error(503), "the server says 503"),
        (lambda handler: handler.be_silent(), "the server fell silent"),
        (silent_midway, "the server fell silent after 280000 of 300000 bytes"),
        (lambda handler: handler.connection.close(), "the connection failed"),
        (nonsense, "the connection failed"),
        (short, "the server ended early after 1000 of 300000 bytes"),
    ],
    ids=["404", "503", "silent", "silent midway", "closes", "no HTTP", "short"],
)
def test_trouble_is_told_with_what_to_do(
    server: Server, model: KnownModel, answer: Callable[[Handler], None], reason: str
) -> None:
    server.answer = answer
    with pytest.raises(ModelError, match=reason) as caught:
        fetch(model, timeout_s=SILENCE_S)
    assert f"Get it from {model.url}" in str(caught.value)
    assert "srfer model fetch yunet --from PATH" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not model.path.exists()


def test_a_part_that_was_not_asked_for_is_not_appended(server: Server, model: KnownModel) -> None:
    model.path.parent.mkdir(parents=True)
    partial(model).write_bytes(CONTENT[:5000])
    server.answer = another_part
    with pytest.raises(ModelError, match="another part than it was asked for"):
        fetch(model)
    assert partial(model).read_bytes() == CONTENT[:5000]


def test_nobody_listens(server: Server, model: KnownModel) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as closed:
        port = closed.server_address[1]
    with pytest.raises(ModelError, match=r"the connection failed .*refused"):
        fetch(replace(model, url=f"http://127.0.0.1:{port}/model.onnx"))


def test_two_at_once_download_it_once(server: Server, model: KnownModel) -> None:
    with ThreadPoolExecutor(4) as pool:
        paths = list(pool.map(lambda _: fetch(model), range(4)))
    assert {path.read_bytes() for path in paths} == {CONTENT}
    assert server.asked == [""]


def test_a_folder_that_cannot_be_made_is_named(
    model: KnownModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "file"))
    with pytest.raises(ModelError, match=r"model.onnx cannot be written: Not a directory"):
        fetch(model)


def test_a_file_is_taken_by_path_if_it_is_the_right_one(model: KnownModel, tmp_path: Path) -> None:
    source = tmp_path / "download"
    with pytest.raises(ModelError, match="download cannot be read: No such file"):
        install(model, source)
    source.write_bytes(CONTENT[1:])
    with pytest.raises(ModelError, match="not the file that srfer was tested with"):
        install(model, source)
    assert not model.path.exists()
    source.write_bytes(CONTENT)
    assert install(model, source).read_bytes() == CONTENT


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ending:
        main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return int(ending.value.code or 0), captured.out, captured.err


def test_the_verb_says_where_it_comes_from_and_gives_its_path(
    model: KnownModel, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("srfer.realtime.known_models.KNOWN_MODELS", (model,))
    code, data, talk = run(capsys, "model", "fetch", "yunet")
    assert (code, data) == (0, f"{model.path}\n")
    assert model.url in talk
    assert run(capsys, "model", "fetch", "yunet", "--quiet") == (0, data, "")
    assert fetched_model("yunet") == model.path
    model.path.write_bytes(b"")
    with pytest.raises(ModelError, match="damaged, or another model: run `srfer model fetch"):
        fetched_model("yunet")


def test_the_verb_knows_its_models(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    code, data, talk = run(capsys, "model", "fetch", "magic")
    assert (code, data) == (2, "")
    assert "unknown model file 'magic': choose yunet, mediapipe" in talk
    code, _, talk = run(capsys, "model", "fetch", "yunet", "--from", tmp_path / "no.onnx")
    assert code == 1
    assert "no.onnx cannot be read" in talk


@pytest.mark.shared_data
@pytest.mark.parametrize("name", [model.name for model in KNOWN_MODELS])
def test_the_known_models_are_those_that_are_tested(
    name: str, shared_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    model = known_model(name)
    path = install(model, shared_dir / "models" / model.file)
    assert path.stat().st_size == model.size
    assert fetched_model(name) == path
