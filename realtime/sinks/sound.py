"""The sound of a video, carried over to the annotated one."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from fractions import Fraction
from pathlib import Path

import av
import av.error
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.packet import Packet
from av.stream import Discard

from srfer.errors import SourceError

from ..sources.container import open_container
from ..sources.foreign import translated_errors

MP4_CODECS = frozenset({"aac", "ac3", "alac", "eac3", "flac", "mp2", "mp3", "opus"})
"""Audio codecs whose packets MP4 takes as they are; others become AAC, mono or stereo."""

_WITH_HEAD = frozenset({"aac", "alac", "flac", "opus"})
"""Those whose decoder needs data from the head of the file, which an MP4 repeats."""

_AAC_RATES = frozenset({8000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000})


class Sound:
    """Carries one audio stream of a file into an MP4 file that is being written.

    Packets are copied as they are where MP4 can hold the codec. Sound that cannot be read ends
    early, and never stops the video.

    Args:
        path: the file that has the sound.
        output: where it goes; nothing has been written to it yet.
        number: which of the file's audio streams, from 0.
        is_cut: what begins before the zero of the new file is left out.

    Attributes:
        status: what became of the sound, in words.
    """

    def __init__(
        self, path: Path, output: OutputContainer, number: int = 0, *, is_cut: bool = False
    ) -> None:
        self.status = "none"
        self._is_cut = is_cut
        self._path = path
        self._output = output
        self._input = open_container(path)
        self._copied_to: AudioStream | None = None
        self._encoder: AudioStream | None = None
        self._packets: Iterator[Packet[AudioStream]] = iter(())
        self._next: Packet[AudioStream] | None = None
        self._last_dts: int | None = None
        for stream in self._input.streams:
            stream.discard = Discard.all
        if number < len(self._input.streams.audio):
            with self._ending_at_damage():
                self._begin(self._input.streams.audio[number])

    def close(self) -> None:
        """Close the file that the sound comes from."""
        self._packets = iter(())
        self._next = None
        self._input.close()

    def write_until(self, time_s: Fraction | None, shift_s: Fraction) -> None:
        """Write the packets that begin before `time_s` (None: all), `shift_s` later than they were.

        Args:
            time_s: where to stop, in seconds of the new file; None writes all.
            shift_s: how much later everything is in the new file, in seconds.

        Raises:
            OSError: if the disk is full.
            av.error.FFmpegError: if the file cannot be written.
        """
        while self._next is not None:
            packet = self._next
            begin_s = (packet.dts or 0) * packet.time_base + shift_s
            if time_s is not None and begin_s > time_s:
                return
            if self._is_cut and begin_s < 0:
                pass
            elif self._copied_to is not None:
                self._copy(packet, self._copied_to, shift_s)
            elif self._encoder is not None:
                self._encode(packet, self._encoder, shift_s)
            self._next = self._following()

    def finish(self, time_s: Fraction | None, shift_s: Fraction) -> None:
        """Write the rest as `write_until` does, and what the encoder still holds.

        Raises:
            OSError: if the disk is full.
            av.error.FFmpegError: if the file cannot be written.
        """
        self.write_until(time_s, shift_s)
        if self._encoder is not None:
            self._encode(None, self._encoder, shift_s)

    def _begin(self, stream: AudioStream) -> None:
        stream.discard = Discard.default
        codec = stream.codec.canonical_name
        if codec in MP4_CODECS and _fits_mp4(stream, codec):
            self._copied_to = self._output.add_stream_from_template(stream)
            self.status = f"copied ({codec})"
        else:
            self._encoder = self._output.add_stream("aac", rate=_aac_rate(stream))
            is_mono = stream.codec_context.channels == 1
            self._encoder.codec_context.layout = "mono" if is_mono else "stereo"
            self.status = f"converted from {codec} to aac"
        self._packets = self._input.demux(stream)
        self._next = self._following()

    def _following(self) -> Packet[AudioStream] | None:
        """The next packet with data and a time, or None at the end or where the file is damaged."""
        with self._ending_at_damage():
            for packet in self._packets:
                if packet.size == 0 or packet.dts is None:
                    continue
                if self._last_dts is None or packet.dts > self._last_dts:
                    self._last_dts = packet.dts
                    return packet
        return None

    def _copy(self, packet: Packet[AudioStream], target: AudioStream, shift_s: Fraction) -> None:
        shift = round(shift_s / packet.time_base)
        packet.dts = None if packet.dts is None else packet.dts + shift
        packet.pts = None if packet.pts is None else packet.pts + shift
        packet.stream = target
        try:
            self._output.mux(packet)
        except av.error.InvalidDataError:  # MP4 looks into some packets; a bad one is not written
            self._end_at_damage()

    def _encode(
        self, packet: Packet[AudioStream] | None, encoder: AudioStream, shift_s: Fraction
    ) -> None:
        """Decode and encode again; `packet` None gets the rest out of the encoder."""
        packets: list[Packet[AudioStream]] = []
        with self._ending_at_damage():
            if packet is None:
                packets += encoder.encode(None)
            else:
                for frame in packet.decode():
                    if frame.pts is not None and frame.time_base is not None:
                        frame.pts += round(shift_s / frame.time_base)
                    packets += encoder.encode(frame)
        self._output.mux(packets)

    @contextmanager
    def _ending_at_damage(self) -> Iterator[None]:
        try:
            with translated_errors(self._path, "sound cannot be read"):
                yield
        except SourceError:
            self._end_at_damage()

    def _end_at_damage(self) -> None:
        self._packets = iter(())
        self.status += ", incomplete: the sound is damaged"


def open_sounds(path: Path, output: OutputContainer, *, is_cut: bool) -> list[Sound]:
    """A `Sound` for every audio stream of a file.

    Raises:
        SourceError: if the file cannot be opened.
    """
    with open_container(path) as container:
        count = len(container.streams.audio)
    with ExitStack() as undo:
        sounds: list[Sound] = []
        for number in range(count):
            sounds.append(Sound(path, output, number, is_cut=is_cut))
            undo.callback(sounds[-1].close)
        undo.pop_all()
    return sounds


def _fits_mp4(stream: AudioStream, codec: str) -> bool:
    """False where the stream's head is damaged: the MP4 could not be finished with it."""
    if codec not in _WITH_HEAD:
        return True
    try:
        with av.open(
            io.BytesIO(), mode="w", format="mp4", options={"movflags": "empty_moov"}
        ) as trial:
            trial.add_stream_from_template(stream)
            trial.start_encoding()
    except (av.error.FFmpegError, OSError, ValueError):
        return False
    return True


def _aac_rate(stream: AudioStream) -> int:
    rate = stream.codec_context.sample_rate
    return rate if rate in _AAC_RATES else 48_000
