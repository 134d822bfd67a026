"""Speak the one language between the gate daemon and its worker processes.

One message is one line of JSON on a Unix stream socket, at most ``MAX_LINE_BYTES`` with its
newline. Both ends know this package and nothing else of each other. Rules:

1. ``decode`` takes bytes from an untrusted process and raises nothing but ``WireError``.
2. Unknown and missing fields, wrong types and values out of range are refused, on both ends.
3. No error text repeats what was received: a line may hold a pass.
4. No message has a field that could hold a picture, an embedding or a score.

Instants named ``..._mono_ms`` are ``time.monotonic()`` in whole milliseconds, shared by all
processes of one machine; ``..._utc_ms`` are UTC. A lane is the id of the access point that a
reader serves. Standard library only, Python 3.10.
"""

from edge.worker_wire.codec import (
    MAX_LINE_BYTES,
    WIRE_VERSION,
    Message,
    WireError,
    decode,
    encode,
)
from edge.worker_wire.fields import MAX_TEXT_CHARS
from edge.worker_wire.messages import (
    CommandRefused,
    Hello,
    Ping,
    Pong,
    Presence,
    QrRefused,
    QrSeen,
    ReaderFault,
    ShowSource,
    Stop,
    Welcome,
    WorkerHealth,
)
from edge.worker_wire.messages_face import (
    FaceAllow,
    FaceArm,
    FaceCalibration,
    FaceCommand,
    FaceCounters,
    FaceDisarm,
    FaceEnrol,
    FaceEnrolEnded,
    FaceEnrolled,
    FaceEnrolProgress,
    FaceEnrolStop,
    FaceEraseAll,
    FaceErased,
    FaceHint,
    FaceListStored,
    FaceNarrow,
    FaceReport,
    FaceResult,
    FaceRevoke,
    FaceState,
    FaceStored,
)

__all__ = [
    "MAX_LINE_BYTES", "MAX_TEXT_CHARS", "WIRE_VERSION", "CommandRefused", "FaceAllow", "FaceArm",
    "FaceCalibration", "FaceCommand", "FaceCounters", "FaceDisarm", "FaceEnrol", "FaceEnrolEnded",
    "FaceEnrolProgress", "FaceEnrolStop", "FaceEnrolled", "FaceEraseAll", "FaceErased", "FaceHint",
    "FaceListStored", "FaceNarrow", "FaceReport", "FaceResult", "FaceRevoke", "FaceState",
    "FaceStored", "Hello", "Message", "Ping", "Pong", "Presence", "QrRefused", "QrSeen",
    "ReaderFault", "ShowSource", "Stop", "Welcome", "WireError", "WorkerHealth", "decode", "encode",
]  # fmt: skip
