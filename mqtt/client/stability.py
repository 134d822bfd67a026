"""Notice that a connection is accepted and lost again and again (acceptance case G08)."""

from dataclasses import dataclass

from mqtt.client.port import ConnectionUnstable

__all__ = ["LIMIT", "WINDOW_S", "LossWindow"]

LIMIT = 3
WINDOW_S = 60.0


@dataclass(frozen=True, slots=True)
class LossWindow:
    """The recent losses of accepted connections, as (monotonic seconds, taken over)."""

    losses: tuple[tuple[float, bool], ...] = ()

    def after(
        self, now_s: float, *, taken_over: bool
    ) -> tuple["LossWindow", ConnectionUnstable | None]:
        """Add a loss. At `LIMIT` losses within `WINDOW_S` return the report and begin again."""
        recent = tuple(loss for loss in self.losses if now_s - loss[0] < WINDOW_S)
        losses = (*recent, (now_s, taken_over))
        if len(losses) < LIMIT:
            return LossWindow(losses), None
        report = ConnectionUnstable(
            losses=len(losses),
            window_s=now_s - losses[0][0],
            taken_over=any(by_other for _, by_other in losses),
        )
        return LossWindow(), report
