"""Match topics against subscription filters (MQTT 5.0 §4.7)."""

from enum import StrEnum

__all__ = ["Access", "matches"]


class Access(StrEnum):
    """What a client does with a topic; the words are those of a mosquitto ACL file."""

    READ = "read"
    WRITE = "write"


def matches(topic_filter: str, topic: str) -> bool:
    """Say whether `topic` falls under `topic_filter` with its `+` and `#`.

    Topics that begin with `$` are hidden from a filter that begins with a wildcard.
    """
    if topic.startswith("$") and topic_filter[:1] in {"+", "#"}:
        return False
    wanted = topic_filter.split("/")
    levels = topic.split("/")
    for position, word in enumerate(wanted):
        if word == "#":
            return position == len(wanted) - 1
        if position >= len(levels) or word not in ("+", levels[position]):
            return False
    return len(wanted) == len(levels)
