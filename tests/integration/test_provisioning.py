"""A new unit comes into the compound: token, ask over HTTP, approval, certificate, files."""

import json
import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from controller.services.provisioning import BrokerPlace, issue_waiting
from controller.storage.models import GateRow
from controller.storage.unit_of_work import UnitOfWork
from edge.adapters.keystore import KeyStore
from edge.adapters.provisioning import Post, UnitFiles, http_post, plate_svg, provision
from edge.config import load
from edge.config.explain import explain
from mqtt.broker.home import BrokerHome
from mqtt.client.tls import TlsFiles, client_context
from mqtt.contract import codec
from mqtt.contract.envelope import Ed25519Signer
from mqtt.contract.errors import ConfigError, ContractError, UnavailableError
from mqtt.contract.provisioning import (
    Answer,
    Token,
    fingerprint,
    read_token,
    seal_answer,
)
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records import Role
from tests.support.compound import NOW
from tests.support.repository import ROOT
from tests.support.web_app import Office, open_office

GATE = "gate-south"
PROFILE = (ROOT / "firmware-config" / "profiles" / "generic-x86" / "gate.toml").read_text("utf-8")
AT = datetime.fromtimestamp(NOW.utc_ms / 1000, UTC)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with open_office(tmp_path) as opened:
        yield opened


@pytest.fixture
def broker(tmp_path: Path, office: Office) -> BrokerHome:
    home = BrokerHome(tmp_path / "broker")
    home.ca.create(office.site.name, AT)
    return home


def token_of(office: Office, *, replaces: bool = True) -> Token:
    office.clock.move(1_000)
    body = {"gate": GATE, "replaces": replaces, "reason": "主板坏了"}
    made = office.client(Role.INSTALLER).post("/api/v1/units/tokens", json=body)
    assert made.status_code == 201, made.text
    return read_token(made.json()["token"].lower())


def asked(office: Office) -> dict[str, str]:
    rows: list[dict[str, str]] = office.client(Role.MANAGER).get("/api/v1/units").json()
    return rows[0]


def sign(office: Office, broker: BrokerHome) -> tuple[str, ...]:

    def issue(request: bytes, gate: str, replaces: bool) -> bytes:
        if replaces:
            broker.ca.revoke(gate, AT)
        return broker.ca.issue_gate(request, gate, AT)

    place = BrokerPlace("broker.site", 8883, broker.ca.broker_trust_file.read_bytes())
    with UnitOfWork(office.engine) as uow:
        done = issue_waiting(uow, office.site, issue, place, office.clock())
        uow.commit()
    return done


def provisioned(
    office: Office,
    folder: Path,
    token: Token,
    step: Callable[[int], None],
    post: Post | None = None,
) -> Answer:
    """Run the unit's command; `step` is what people do between two of its questions."""
    counted = iter(range(100))
    return provision(
        UnitFiles(folder),
        post or http_post(office.url),
        token,
        GATE,
        profile=PROFILE,
        tell=lambda _: None,
        wait=lambda _: step(next(counted)),
        tries=10,
    )


def test_one_command_brings_a_unit_in_and_replaces_the_broken_one(
    office: Office, broker: BrokerHome, tmp_path: Path
) -> None:
    unit = tmp_path / "unit"
    token = token_of(office)
    manager = office.client(Role.MANAGER)
    with UnitOfWork(office.engine, writes=False) as uow:
        broken = uow.need(GateRow, GATE).public_key

    def people(number: int) -> None:
        row = asked(office)
        path = f"/api/v1/units/{row['id']}/approve"
        if number == 0:
            wrong = manager.post(path, json={"fingerprint": "0" * 32})
            assert wrong.status_code == 403, wrong.text
            own = fingerprint(KeyStore(unit / "keys").signer().public_key)
            assert row["fingerprint"] == own
            assert (
                office.client(Role.INSTALLER).post(path, json={"fingerprint": own}).status_code
                == 403
            )
            assert manager.post(path, json={"fingerprint": own}).is_success
        if number == 1:
            assert sign(office, broker) == (GATE,)

    answer = provisioned(office, unit, token, people)
    config = load(unit / "gate.toml")
    assert (config.gate.site, config.gate.id) == (office.site.name, GATE)
    assert (config.broker.host, config.keys.trust) == ("broker.site", answer.anchor.hex())
    assert (unit / "tls" / "gate.key").stat().st_mode & 0o077 == 0
    files = TlsFiles(unit / "tls" / "ca.pem", unit / "tls" / "gate.pem", unit / "tls" / "gate.key")
    assert client_context(files).minimum_version is ssl.TLSVersion.TLSv1_3
    scbk = {each.key for each in explain(unit / "gate.toml")}
    assert scbk == {"readers[0].scbk_file", "guard_panels[0].scbk_file"}
    with UnitOfWork(office.engine, writes=False) as uow:
        row = uow.need(GateRow, GATE)
        assert row.public_key == answer.public_key != broken
        assert row.revoked_at_ms is None
    assert office.wire.changes > 0


def test_F15_the_certificate_of_the_unit_before_is_revoked(
    office: Office, broker: BrokerHome, tmp_path: Path
) -> None:
    serials = []
    for name in ("first", "second"):
        token = token_of(office)
        provisioned(office, tmp_path / name, token, lambda n: _let_in(office, broker, n))
        pem = (tmp_path / name / "tls" / "gate.pem").read_bytes()
        serials.append(_serial(pem))
    assert broker.ca.is_revoked(serials[0])
    assert not broker.ca.is_revoked(serials[1])


def _let_in(office: Office, broker: BrokerHome, number: int) -> None:
    row = asked(office)
    body = {"fingerprint": row["fingerprint"]}
    if number == 0:
        office.client(Role.MANAGER).post(f"/api/v1/units/{row['id']}/approve", json=body)
        sign(office, broker)


def _serial(pem: bytes) -> int:
    from cryptography import x509

    return x509.load_pem_x509_certificate(pem).serial_number


def test_a_token_works_once_for_one_unit_and_for_a_day(office: Office, tmp_path: Path) -> None:
    token = token_of(office)
    with pytest.raises(UnavailableError):
        provisioned(office, tmp_path / "a", token, lambda _: None)
    with pytest.raises(ConfigError) as caught:
        provisioned(office, tmp_path / "b", token, lambda _: None)
    assert "409" in caught.value.detail
    late = token_of(office)
    office.clock.move(24 * 3_600_000)
    with pytest.raises(ConfigError):
        provisioned(office, tmp_path / "c", late, lambda _: None)
    forged = Token(late.id, b"x" * 10, late.anchor_hash)
    with pytest.raises(ConfigError):
        provisioned(office, tmp_path / "d", forged, lambda _: None)


def test_a_unit_that_is_turned_away_says_so(office: Office, tmp_path: Path) -> None:
    token = token_of(office)

    def turn_away(_: int) -> None:
        path = f"/api/v1/units/{asked(office)['id']}/refuse"
        office.client(Role.MANAGER).post(path)

    with pytest.raises(ConfigError) as caught:
        provisioned(office, tmp_path / "unit", token, turn_away)
    assert caught.value.code is ReasonCode.NOT_ALLOWED


def test_an_answer_of_somebody_else_is_not_believed(office: Office, tmp_path: Path) -> None:
    token, stranger = token_of(office), Ed25519Signer.from_seed(b"e" * 32)

    def man_in_the_middle(message: bytes) -> bytes:
        ask = {"state": "issued"}
        body = codec.decode_plain(message)
        assert isinstance(body, list)
        inner = codec.decode_plain(bytes(body[1]))
        assert isinstance(inner, dict)
        answer = Answer(
            "evil", GATE, inner["public_key"], stranger.public_key, "evil.site", 8883, b"r", b"c"
        )
        return json.dumps({**ask, "answer": seal_answer(answer, stranger).hex()}).encode()

    with pytest.raises(ContractError) as caught:
        provisioned(office, tmp_path / "unit", token, lambda _: None, man_in_the_middle)
    assert caught.value.code is ReasonCode.UNKNOWN_KEY
    assert not (tmp_path / "unit" / "gate.toml").exists()


def test_a_gate_with_a_unit_needs_the_word_that_it_is_replaced(office: Office) -> None:
    body = {"gate": GATE, "replaces": False, "reason": "neu"}
    got = office.client(Role.MANAGER).post("/api/v1/units/tokens", json=body)
    assert got.status_code == 409
    guard = office.client(Role.GUARD).post("/api/v1/units/tokens", json=body)
    assert guard.status_code == 403


def test_only_https_and_loopback_are_spoken_to() -> None:
    with pytest.raises(ConfigError):
        http_post("http://10.0.0.2:8443")
    assert http_post("https://10.0.0.2:8443") is not None


def test_the_plate_shows_site_gate_and_the_whole_fingerprint() -> None:
    public_key = Ed25519Signer.from_seed(b"p" * 32).public_key
    plate = plate_svg("tongxing", GATE, public_key)
    assert "tongxing / gate-south" in plate
    for half in (fingerprint(public_key)[:19], fingerprint(public_key)[20:]):
        assert half in plate
