"""Webhooks: signed as Standard Webhooks say, tried again, in order, and without persons."""

import base64
import http.server
import json
import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, select

from controller.bootstrap.webhooks import UrlPoster
from controller.domain.moment import DAY_MS
from controller.ingest.core import IngestCore
from controller.services.webhooks import (
    BACK_OFF_S,
    Endpoint,
    MemoryPoster,
    deliver,
    fill_outbox,
    forget_messages,
    signed_headers,
)
from controller.storage.models import WebhookMessageRow
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.events import EventKind, Personal
from tests.support.compound import NOW, build_compound, later
from tests.support.gate_events import Recorder, Said

TO = Endpoint("https://peer.invalid/hook", b"s" * 24)


@pytest.fixture
def filled(engine: Engine) -> Engine:
    """Give an outbox with two messages; what was before it was switched on is not told."""
    home = build_compound(engine)
    core, recorder = IngestCore(engine, home.site), Recorder()
    core.take([recorder.batch(0, Said())], NOW)
    with UnitOfWork(engine) as uow:
        assert fill_outbox(uow, NOW) == 0
        uow.commit()
    said = Said(person=Personal(b"holder-9", b"creden-9", note="32:0045b212"))
    core.take([recorder.batch(1, said, Said(EventKind.CONSENT), Said(EventKind.DOOR))], NOW)
    with UnitOfWork(engine) as uow:
        assert fill_outbox(uow, NOW) == 2
        assert fill_outbox(uow, NOW) == 0
        uow.commit()
    return engine


def test_the_signature_is_that_of_the_published_example() -> None:
    """Vector of the Standard Webhooks reference libraries."""
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    body = b'{"test": 2432232314}'
    headers = signed_headers(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_messages_are_delivered_once_in_order_and_name_nobody(filled: Engine) -> None:
    poster = MemoryPoster()
    with UnitOfWork(filled) as uow:
        assert deliver(uow, TO, poster, NOW) == 2
        assert deliver(uow, TO, poster, NOW) == 0
    kinds = [json.loads(body)["type"] for _, body, _ in poster.sent]
    assert kinds == ["gate.decision", "gate.door"]
    for _, body, headers in poster.sent:
        at_s = int(headers["webhook-timestamp"])
        assert headers == signed_headers(TO.secret, headers["webhook-id"], at_s, body)
        assert b"holder" not in body
        assert b"0045b212" not in body
        assert set(json.loads(body)["data"]) == {
            "gate",
            "access_point",
            "outcome",
            "reason",
            "adapter_kind",
        }


def test_a_peer_that_is_down_is_tried_again_and_given_up_at_last(filled: Engine) -> None:
    poster = MemoryPoster(is_away=True)
    at_ms = 0
    with UnitOfWork(filled) as uow:
        for wait_s in (*BACK_OFF_S, 0):
            assert deliver(uow, TO, poster, later(at_ms)) == 0
            at_ms += wait_s * 1000
        first = uow.session.scalars(select(WebhookMessageRow.status).order_by(WebhookMessageRow.id))
        assert first.all()[0] == "given_up"
        poster.is_away = False
        assert deliver(uow, TO, poster, later(at_ms)) == 1
        forget_messages(uow, later(at_ms + 3 * DAY_MS))
        assert uow.session.scalars(select(WebhookMessageRow)).all() == []


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[int]]]:
    answers = [204, 302, 500]

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(answers.pop(0))
            self.send_header("location", "/elsewhere")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hook", answers
    server.shutdown()
    server.server_close()


def test_only_2xx_counts_and_no_redirect_is_followed(receiver: tuple[str, list[int]]) -> None:
    url, answers = receiver
    poster = UrlPoster()
    assert [poster.post(url, b"{}", {}) for _ in range(3)] == [True, False, False]
    assert answers == []
    assert poster.post("http://127.0.0.1:9/none", b"{}", {}) is False
