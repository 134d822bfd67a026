"""Read one lane: take what its feed has, decode within the budget, tell what the daemon needs."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from edge.worker_wire import (
    MAX_TEXT_CHARS,
    CommandRefused,
    Message,
    Presence,
    QrRefused,
    QrSeen,
    ReaderFault,
    ShowSource,
    WorkerHealth,
)
from edge.workers.qr.budget import Allowance, BudgetSpec, Presentation, TextFilter
from edge.workers.qr.decode import Decoder, Look
from edge.workers.qr.files import FileFeed
from edge.workers.qr.frames import CodeText, Feed, Frame

__all__ = ["Lane"]

_RETRY_EVERY = 5


class Lane:
    """Hold the state of one access point's reader; the main loop is its only caller."""

    def __init__(
        self,
        lane_id: str,
        feed: Feed,
        decoder: Decoder,
        mono_ms: Callable[[], float],
        spec: BudgetSpec,
    ) -> None:
        self.lane_id = lane_id
        self.feed = feed
        self._decoder = decoder
        self._mono_ms = mono_ms
        self._decode_ms = Allowance(spec.decode_ms_per_s)
        self._texts = TextFilter(spec)
        self._presentation = Presentation(spec.gone_ms)
        self._frames = 0
        self._decoded = 0
        self._dropped = 0
        self._last_ms: float | None = None
        self._told_state = ""
        self._shown = 0

    def turn(self) -> tuple[list[Message], bool]:
        """Read at most one item; return what to tell and whether more may be waiting."""
        messages: list[Message] = []
        now_ms = self._mono_ms()
        may_decode = self._decode_ms.has(now_ms)
        item = None
        # A file waits for the budget, a camera's frame would be old by then and is let go.
        may_take = may_decode and self._texts.has_room(now_ms)
        if may_take or not isinstance(self.feed, FileFeed):
            item = self.feed.take()
        self._note_new_show()
        if isinstance(item, Frame):
            messages += self._on_frame(item, may_decode=may_decode)
        elif isinstance(item, CodeText):
            messages += self._on_code_text(item)
        fault = self.feed.take_fault()
        if fault is not None:
            # A wrong file name is the simulator's mistake, not a fault of a reader.
            refuses = isinstance(self.feed, FileFeed) and self.feed.is_mailbox
            messages.append(
                CommandRefused(self.lane_id, fault, self._shown)
                if refuses
                else ReaderFault(self.lane_id, fault)
            )
        if self.feed.state != self._told_state:
            messages.append(self.health())
        return messages, item is not None or fault is not None

    def show(self, command: ShowSource) -> list[Message]:
        """Show a file to a simulated camera; refuse it for every other source."""
        if not self.feed.is_simulated:
            return [CommandRefused(self.lane_id, "source_is_real")]
        if not isinstance(self.feed, FileFeed) or not self.feed.is_mailbox:
            return [CommandRefused(self.lane_id, "source_is_no_mailbox")]
        if not self.feed.show(Path(command.path)):
            return [CommandRefused(self.lane_id, "mailbox_full")]
        return []

    def forget(self) -> None:
        """Drop what waits and what was seen: nobody was listening."""
        if not isinstance(self.feed, FileFeed):
            while self.feed.take() is not None:
                self._dropped += 1
        self._texts.forget()
        self._presentation.end()

    def health(self) -> WorkerHealth:
        """Return the counters since the start and the state of the source."""
        self._told_state = self.feed.state
        return WorkerHealth(
            lane=self.lane_id,
            frames=self._frames,
            decoded=self._decoded,
            dropped=self._dropped + self.feed.dropped,
            last_frame_mono_ms=None if self._last_ms is None else int(self._last_ms),
            source_state=self.feed.state,
            shown=self._shown,
        )

    def _note_new_show(self) -> None:
        """Count what a simulator shows next as shown anew, even if it is the same picture."""
        if isinstance(self.feed, FileFeed) and self.feed.shown != self._shown:
            self._shown = self.feed.shown
            self._texts.forget()
            self._presentation.end()

    def _on_frame(self, frame: Frame, *, may_decode: bool) -> list[Message]:
        self._frames += 1
        self._last_ms = frame.mono_ms
        if not may_decode:
            self._dropped += 1
            return []
        begin_ms = self._mono_ms()
        look = self._look(frame)
        end_ms = self._mono_ms()
        self._decode_ms.spend(end_ms - begin_ms)
        if not look.code_like and not look.readings:
            return []
        is_new = self._presentation.note(frame.mono_ms)
        if not look.readings:
            return [Presence(self.lane_id, int(frame.mono_ms))] if is_new else []
        messages: list[Message] = []
        for reading in look.readings:
            refusal: Literal["too_long"] | None = None
            if len(reading.text) > MAX_TEXT_CHARS:
                refusal = "too_long"
            messages += self._report(reading.text, refusal, reading.reader, frame.mono_ms, end_ms)
        return messages

    def _look(self, frame: Frame) -> Look:
        if frame.is_still:
            look = self._decoder.thorough(frame.grey)
            if not look.readings and frame.full is not None:
                full = self._decoder.thorough(frame.full)
                return Look(full.readings, look.code_like or full.code_like)
            return look
        look = self._decoder.first(frame.grey)
        is_watched = look.code_like or self._presentation.is_on(frame.mono_ms)
        if look.readings or not (is_watched or self._frames % _RETRY_EVERY == 0):
            return look
        again = self._decoder.retry(frame.grey, with_slow_readers=is_watched)
        return Look(again.readings, look.code_like or again.code_like)

    def _on_code_text(self, item: CodeText) -> list[Message]:
        self._frames += 1
        self._last_ms = item.mono_ms
        self._presentation.note(item.first_mono_ms)
        return self._report(item.text, item.refusal, "serial", item.first_mono_ms, item.mono_ms)

    def _report(
        self,
        text: str,
        refusal: Literal["too_long", "charset"] | None,
        reader: str,
        seen_ms: float,
        decoded_ms: float,
    ) -> list[Message]:
        self._decoded += 1
        is_admitted = self._texts.admit(hash((text, refusal)), decoded_ms)
        if not is_admitted:
            self._dropped += is_admitted is None
            return []
        first_ms, at_ms = int(self._presentation.claim(seen_ms)), int(decoded_ms)
        if refusal is not None:
            return [QrRefused(self.lane_id, refusal, reader, first_ms, at_ms)]
        return [QrSeen(self.lane_id, text, reader, first_ms, at_ms)]
