"""From packets to pictures, also where the file is damaged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from srfer.errors import SourceError, SourceFault

from .container import MAX_PIXELS, STALL_S, length_s
from .damage import Damage
from .foreign import source_error, translated_errors
from .ledger import Ledger
from .truncation import Finding, examine

MAX_BAD_PACKETS = 250
"""Packets in a row that may fail to decode before a file is given up."""

_MAX_DRAINS = 16
_EXAMINED_S, _EXAMINED_SHARE = 5.0, 0.1
"""How long a file's structure may be looked at: so many seconds, or that share of reading it."""


class Decoder:
    """Decodes one video stream in order, giving every picture that can be had.

    After the container was moved to another place, it is to be iterated anew.

    """

    def __init__(
        self,
        path: Path,
        container: InputContainer,
        stream: VideoStream,
        clock: Callable[[], float],
    ) -> None:
        self._bad_packets = self._bad_pictures = 0
        self._damaged_at: int | None = None
        self._is_open = False
        self._path = path
        self._container = container
        self._stream = stream
        self._clock = clock
        self._bad_in_a_row = 0
        self._trouble: Exception | None = None
        self._is_damaged = False
        self._ledger = Ledger(container.format.name, stream)

    @property
    def damage(self) -> Damage:
        """What was found to be wrong so far.

        Packets that a decoder passed over in silence, and parts of the file that could not be
        understood, are known when it has been read to its end.
        """
        return Damage(self._bad_packets, self._bad_pictures, self._damaged_at, self._is_open)

    def __iter__(self) -> Iterator[VideoFrame]:
        """Yield the pictures from where the container stands.

        Raises:
            SourceError: where the file breaks off, after all pictures before that point.
        """
        started_s = self._clock()
        count, bad = 0, self._bad_packets
        # After a seek, what the file promises as a whole is nothing to compare with.
        ledger, self._ledger = self._ledger, Ledger("", self._stream)
        self._bad_in_a_row, self._trouble, self._is_damaged = 0, None, False
        for packet in self._packets(ledger):
            for picture in self._decode(packet):
                count += 1
                self._take(picture, ledger)
                yield picture
            if count == 0 and self._clock() - started_s > STALL_S:
                raise self._error(SourceFault.STALLED, f"no frame within {STALL_S:.0f} s")
        for picture in self._drain():
            count += 1
            self._take(picture, ledger)
            yield picture
        limit_s = max(_EXAMINED_S, (self._clock() - started_s) * _EXAMINED_SHARE) + self._clock()
        found = examine(
            self._path,
            self._container.format.name,
            self._stream,
            lambda: self._clock() > limit_s,
        )
        self._bad_packets = bad + ledger.lost(self._bad_packets - bad, found.packets)
        self._damaged_at, self._is_open = found.damaged_at, found.is_open
        self._raise_if_unfinished(count, self._ends_early(found, ledger))

    def _take(self, picture: VideoFrame, ledger: Ledger) -> None:
        ledger.take_picture(picture)
        self._bad_pictures += picture.is_corrupt

    def _packets(self, ledger: Ledger) -> Iterator[Packet[VideoStream]]:
        """Packets with data. A damaged one at the very end is a cut: it is not passed on."""
        packets = self._container.demux(self._stream)
        held: Packet[VideoStream] | None = None
        while True:
            if ledger.is_next_too_large:
                self._is_damaged = True
                return
            try:
                packet = next(packets, None)
            except Exception as error:  # reported with the number of frames, once they are out
                self._trouble = error
                return
            if packet is None:
                self._is_damaged = held is not None or ledger.is_cut_short
                return
            ledger.take_packet(packet)
            if packet.size == 0:
                continue
            if held is not None:
                yield held
            held = packet if packet.is_corrupt else None
            if held is None:
                yield packet

    def _decode(self, packet: Packet[VideoStream] | None) -> list[VideoFrame]:
        try:
            pictures = self._stream.decode(packet)
        except Exception as error:  # PyAV raises many kinds; one bad packet is not the end
            self._bad_packets += 1
            self._bad_in_a_row += 1
            if self._bad_in_a_row > MAX_BAD_PACKETS:
                with translated_errors(
                    self._path, f"{self._bad_in_a_row} packets in a row cannot be decoded"
                ):
                    raise error
            return []
        if pictures:
            self._bad_in_a_row = 0
        return pictures

    def _drain(self) -> Iterator[VideoFrame]:
        # After an error the decoder still holds pictures of its other threads.
        for _ in range(_MAX_DRAINS):
            bad = self._bad_packets
            yield from self._decode(None)
            if self._bad_packets == bad:
                return

    def _raise_if_unfinished(self, count: int, ends_early: bool) -> None:
        if self._trouble is not None:
            with translated_errors(self._path, f"breaks off after {count} frames"):
                raise self._trouble
        if count == 0:
            raise self._error(
                SourceFault.CORRUPT,
                f"holds no frame that can be decoded (damaged, or over {MAX_PIXELS >> 20} "
                "megapixels); copy it again or scale it down",
            )
        if self._is_damaged or self._bad_in_a_row or ends_early:
            raise self._error(
                SourceFault.CORRUPT,
                f"breaks off after {count} frames: the file is damaged or incomplete; "
                "copy it again",
            )

    def _ends_early(self, found: Finding, ledger: Ledger) -> bool:
        """True where the file's own structure says that there should be more."""
        if found.is_cut or found.damaged_at is None:
            return found.is_cut
        lasts_s = length_s(self._container, self._stream) if found.has_length else None
        return ledger.ends_before(found.damaged_at, lasts_s)

    def _error(self, fault: SourceFault, trouble: str) -> SourceError:
        return source_error(self._path, fault, trouble)
