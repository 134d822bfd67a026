"""One test per rule that the release holds by construction: no path leads to what it forbids.

Where behaviour has tests of its own, `docs/compliance.yaml` links those too.
"""

import ast
import json
import re
from dataclasses import fields
from pathlib import Path

from sqlalchemy import LargeBinary

from controller.domain.complaints import ComplaintTopic, may_read_complaint
from controller.domain.roles import Act, Actor, staff_may
from controller.services.credentials import FobDraft
from controller.services.holders import HolderDraft
from controller.storage.models import Base, FaceRefusalRow, GuardianshipRow
from controller.web.app import served_routes
from controller.web.route_rules import may_use
from controller.web.route_table import ROUTES
from edge.domain.authorise import authorise
from edge.domain.face_suspension import Watch, judged
from edge.domain.model import Bearer
from mqtt.broker.acl import ControllerRole
from mqtt.contract.containment import AUTOMATED_METHODS
from mqtt.contract.events import NOTE_CHARACTERS, Leaf, Method, Personal
from mqtt.contract.reasons import ReasonCode, text_of
from mqtt.contract.records import CredentialRecord, Role
from mqtt.contract.topics import TopicKind
from tests.support.face_desk import FaceDesk
from tests.support.repository import ROOT

TEMPLATES = ROOT / "controller" / "web" / "templates"
BIOMETRIC = re.compile(r"embedding|template_bytes|face_image|photo_of|probe|score", re.IGNORECASE)


def sources(*folders: str) -> dict[str, str]:
    return {
        path.relative_to(ROOT).as_posix(): path.read_text("utf-8")
        for folder in folders
        for path in (ROOT / folder).rglob("*.py")
    }


def imports(path: Path) -> set[str]:
    tree = ast.parse(path.read_text("utf-8"))
    named = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    plain = [node.names for node in ast.walk(tree) if isinstance(node, ast.Import)]
    return named | {alias.name for names in plain for alias in names}


def columns() -> dict[str, set[str]]:
    return {name: set(table.columns.keys()) for name, table in Base.metadata.tables.items()}


def test_NS_04_the_decision_cannot_read_who_is_enrolled_or_by_which_way() -> None:
    assert "method" not in {field.name for field in fields(Bearer)}
    assert not any("face" in field.name or "enrol" in field.name for field in fields(Bearer))
    assert set(authorise.__annotations__) == {
        "bearer",
        "access_point",
        "at",
        "door",
        "rules",
        "return",
    }
    assert "edge.domain.authenticate" not in imports(ROOT / "edge/domain/authorise.py")


def test_NS_06_no_biometric_way_is_among_the_automated_ones() -> None:
    assert {Method.QR, Method.FOB} == AUTOMATED_METHODS
    assert not [way for way in Method if way.value in {"finger", "fingerprint", "palm", "iris"}]


def test_NS_11_a_consent_is_made_in_one_place_from_a_gates_signed_yes() -> None:
    makers = [
        name for name, text in sources("controller").items()
        if re.search(r"(?<!class )FaceConsentRow\(", text)
    ]  # fmt: skip
    assert makers == ["controller/services/face_yes.py"]
    assert not [name for name in columns() if "vote" in name]


def test_EQ_08_a_home_may_have_as_many_fobs_as_it_asks_for(desk: FaceDesk) -> None:
    for number in range(100, 112):
        desk.resident(number)  # all of one dwelling


def test_EQ_10_the_other_ways_ask_for_no_more_data_than_face() -> None:
    asked = {field.name for field in fields(FobDraft)} - {"holder", "number", "levels", "length"}
    assert asked == {"needs_pin"}
    personal = {field.name for field in fields(HolderDraft)}
    assert not personal & {"id_number", "photo", "birth_date", "email", "employer"}


def test_EQ_12_four_equal_tiles_face_last_and_no_word_that_face_is_faster() -> None:
    texts = {path.name: path.read_text("utf-8") for path in TEMPLATES.rglob("*.html")}
    assert '("qr", "fob", "guard", "face")' in texts["parts.html"]
    praise = re.compile(r"刷脸更|刷脸最|推荐刷脸|faster with face|recommended", re.IGNORECASE)
    assert not [name for name, text in texts.items() if praise.search(text)]


def test_EQ_14_every_refusal_names_what_else_to_do() -> None:
    for code in (ReasonCode.NO_MATCH, ReasonCode.METHOD_SUSPENDED, ReasonCode.PAD_FAILED):
        said = text_of(code)
        assert re.search("码|卡|保安|门卫|方式", said.cure_zh), code
    assert all(text_of(code).cure_en for code in ReasonCode)


def test_EQ_16_nothing_depends_on_the_way_in() -> None:
    benefits = re.compile(r"discount|parking_fee|reward|loyalty")
    found = [name for name, text in sources("controller", "edge").items() if benefits.search(text)]
    assert found == []


def test_CO_07_of_a_refusal_only_the_date_is_kept() -> None:
    assert set(FaceRefusalRow.__table__.columns.keys()) == {"holder_id", "declined_at_ms"}


def test_CO_08_the_resident_has_a_receipt_of_a_consent() -> None:
    assert ("GET", "/me/face/receipt") in ROUTES
    assert {"notice_version", "access_points", "given_at_ms"} <= columns()["face_consents"]


def test_WD_01_ending_face_is_one_step_and_asks_no_reason() -> None:
    off = [
        path for (method, path) in served_routes() if method == "POST" and path == "/me/face/off"
    ]
    assert off
    text = (ROOT / "controller/web/resident/face.py").read_text("utf-8")
    body = text[text.index('"/off"') :][:900]
    assert "reason" not in body.partition("def ")[2].partition(")")[0]


def test_NO_04_looking_and_resting_look_different_at_the_gate() -> None:
    text = (ROOT / "edge/adapters/indicator.py").read_text("utf-8")
    assert text.count("Signal.LOOK") >= 2


def test_NO_05_a_sign_is_no_consent() -> None:
    assert not {name for name in columns()["face_consents"] if "sign_" in name}
    assert "sign_attested_at_ms" in columns()["face_settings"]


def test_DM_02_the_code_reader_cannot_reach_the_face_engine() -> None:
    for path in (ROOT / "edge/workers/qr").rglob("*.py"):
        assert not [name for name in imports(path) if name.startswith("edge.workers.face")]


def test_DM_04_models_detect_align_embed_and_judge_liveness_and_nothing_else() -> None:
    kinds = {
        json.loads(path.read_text("utf-8"))["kind"]
        for path in (ROOT / "firmware-config/models").glob("*.json")
    }
    assert kinds == {"detect", "embed", "pad"}


def test_DM_06_a_record_has_no_place_for_a_score_or_a_picture() -> None:
    assert not [name for name in Leaf.__struct_fields__ if BIOMETRIC.search(name)]
    assert Personal.__struct_fields__ == ("holder", "credential", "actor", "note")
    assert NOTE_CHARACTERS < 128


def test_DM_07_no_page_of_managers_shows_a_person_with_the_way() -> None:
    for path in (TEMPLATES / "manager").rglob("*.html"):
        text = path.read_text("utf-8")
        if path.name == "movements.html":
            assert "w.way(" not in text
    assert not staff_may(Role.MANAGER, Act.SEE_EVIDENCE)


def test_DM_08_a_gate_knows_no_name() -> None:
    assert not {"name", "phone", "dwelling"} & set(CredentialRecord.__struct_fields__)


def test_DM_09_movements_of_a_person_need_reason_ticket_and_a_second_person() -> None:
    table = columns()["movement_requests"]
    assert {"reason", "approved_by"} <= table
    assert not [name for name in columns() if "attendance" in name]


def test_ST_01_no_table_has_room_for_a_biometric_reference() -> None:
    assert not [
        f"{table}.{column}" for table, names in columns().items() for column in names
        if BIOMETRIC.search(column)
    ]  # fmt: skip
    face = [t for name, t in Base.metadata.tables.items() if name.startswith("face_")]
    blobs = {c.name for t in face for c in t.columns if isinstance(c.type, LargeBinary)}
    assert not {name for name in blobs if "reference" in name}


def test_ST_02_nothing_on_the_wire_is_free_text_long_enough() -> None:
    assert NOTE_CHARACTERS <= 64
    assert not [kind for kind in TopicKind if "tpl" in kind.value or "template" in kind.value]


def test_ST_03_no_route_takes_a_picture_of_a_face() -> None:
    takers = {name for name, text in sources("controller/web").items() if "UploadFile" in text}
    for name in takers:
        assert "face" not in name
    assert not [
        path for _, path in served_routes() if re.search(r"face.*(photo|image|upload)", path)
    ]


def test_ST_04_references_are_not_copied_between_gates() -> None:
    topics = {kind.value for kind in TopicKind}
    assert not {value for value in topics if "reference" in value or "face" in value}


def test_ST_07_no_command_exports_references() -> None:
    from edge.worker_wire import messages_face

    names = [name for name in dir(messages_face) if not name.startswith("_")]
    assert not [name for name in names if re.search("Export|Dump|Embedding", name)]


def test_ST_09_pages_and_programs_name_no_outside_address_to_fetch_from() -> None:
    link = re.compile(r"(?:src|href)=[\"']https?://")
    assert not [p.name for p in TEMPLATES.rglob("*.html") if link.search(p.read_text("utf-8"))]


def test_MI_04_guardianship_keeps_no_document() -> None:
    assert set(GuardianshipRow.__table__.columns.keys()) == {"child_id", "guardian_id"}


def test_CM_02_force_is_read_by_inspectors_and_by_no_manager() -> None:
    boss, looker = Actor(b"m" * 8, Role.MANAGER), Actor(b"i" * 8, Role.INSPECTOR)
    assert not may_read_complaint(boss, ComplaintTopic.FORCED, None)
    assert may_read_complaint(looker, ComplaintTopic.FORCED, None)


def test_VI_01_a_gate_writes_no_video() -> None:
    writers = re.compile(r"VideoWriter|imwrite|videoOutput|matroskamux|mp4mux")
    assert not [name for name, text in sources("edge").items() if writers.search(text)]


def test_EM_04_without_a_working_way_face_is_suspended_whatever_is_missing() -> None:
    watch = Watch()
    assert judged(watch, {Method.QR, Method.FACE}, {Method.QR: "fault"}) is ReasonCode.NO_WAY_WORKS
    assert judged(watch, {Method.FACE}, {}) is not None


def test_SE_01_every_process_has_a_certificate_of_its_own() -> None:
    text = (ROOT / "mqtt/broker/config.py").read_text("utf-8")
    for line in ("allow_anonymous false", "require_certificate true", "use_username_as_clientid"):
        assert line in text
    assert len(ControllerRole) >= 2


def test_SE_03_every_route_has_a_rule_and_managers_have_no_inspectors_page() -> None:
    assert served_routes() == set(ROUTES)
    for (_, path), rule in ROUTES.items():
        if path == "/inspector" or path.startswith("/inspector/"):
            allowed = {role for role in Role if may_use(rule, role)}
            assert allowed == {Role.INSPECTOR}, path
            assert not may_use(rule, None)


def test_SE_05_what_looks_like_intrusion_is_an_alarm() -> None:
    for code in (ReasonCode.FORK, ReasonCode.TAMPER, ReasonCode.READER_DOWNGRADE):
        assert text_of(code).cure_zh


def test_IN_01_and_a_bundle_can_be_taken_by_an_inspector_alone() -> None:
    rule = ROUTES["POST", "/inspector/bundle"]
    assert {role for role in Role if may_use(rule, role)} == {Role.INSPECTOR}


def test_IN_03_the_report_names_versions_and_what_is_unknown() -> None:
    text = (ROOT / "controller/services/evidence/report.py").read_text("utf-8")
    assert '"catalogue"' in text
    assert '"software"' in text
    assert "INSUFFICIENT_DATA" in text
