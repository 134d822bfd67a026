"""The rule catalogue: complete, bilingual, honest about how each text was read."""

import re

import pytest

from mqtt.contract.errors import ConfigError
from mqtt.contract.rules import (
    Basis,
    Evaluation,
    Looks,
    Rule,
    Severity,
    Verdict,
    Verified,
    count_verdicts,
    instruments,
    rule_of,
    rules,
)

FAMILIES = {
    "NS": 11, "EQ": 16, "CO": 8, "WD": 7, "NO": 5, "DM": 9, "ST": 10, "RT": 2, "MI": 4, "AC": 3,
    "CM": 2, "VI": 1, "EM": 4, "SE": 7, "PI": 5, "PR": 3, "IN": 3,
}  # fmt: skip
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def test_every_rule_of_the_catalogue_is_there_once() -> None:
    ids = [rule.id for rule in rules()]
    wanted = [f"{family}-{at:02}" for family, most in FAMILIES.items() for at in range(1, most + 1)]
    assert sorted(ids) == sorted(wanted)


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.id)
def test_a_rule_says_what_by_whom_how_and_after_which_text(rule: Rule) -> None:
    assert CHINESE.search(rule.zh)
    assert CHINESE.search(rule.how_zh)
    assert not CHINESE.search(rule.en + rule.how_en)
    assert rule.sources
    assert rule.looks
    assert rule.owner
    assert set(rule.owner) <= {"gate", "controller", "pages", "manager", "installer"}


def test_no_rule_is_called_law_for_a_number_of_ours() -> None:
    for rule in rules():
        if "本系统所定" in rule.how_zh:
            assert "OURS" in {source.instrument.key for source in rule.sources}, rule.id


def test_a_law_that_was_read_elsewhere_is_not_said_to_be_read_at_the_source() -> None:
    assert rule_of("NS-01").basis is Basis.LAW
    assert rule_of("NS-01").verified is Verified.PRIMARY
    assert rule_of("ST-01").verified is Verified.SECONDARY
    assert rule_of("DM-08").basis is Basis.DESIGN
    assert rule_of("NS-01").sources[0].said("en").endswith("Art. 50(2)")
    assert rule_of("NS-01").sources[0].said("zh-CN") == "杭州市物业管理条例 第 50(2) 条"
    assert all(each.since for each in instruments().values())


def test_what_the_gate_stops_by_itself_is_marked() -> None:
    gated = {rule.id for rule in rules() if rule.is_gated}
    assert {"NS-01", "NS-05", "NS-09", "DM-01", "DM-02", "WD-02", "ST-01"} <= gated
    assert "EQ-05" not in gated
    blocks = [rule for rule in rules() if rule.severity is Severity.BLOCK]
    assert all(Looks.PERSON not in rule.looks[:1] or rule.id == "EM-01" for rule in blocks)


def test_an_unknown_rule_is_refused() -> None:
    with pytest.raises(ConfigError):
        rule_of("NS-99")


def test_verdicts_are_counted_and_never_added_up() -> None:
    found = [
        Evaluation("NS-01", Verdict.PASS, "通过", "passed"),
        Evaluation("EQ-01", Verdict.INSUFFICIENT_DATA, "不足", "too few"),
        Evaluation("EQ-02", Verdict.INSUFFICIENT_DATA, "不足", "too few"),
    ]
    counted = count_verdicts(found)
    assert list(counted) == [verdict.value for verdict in Verdict]
    assert (counted["PASS"], counted["INSUFFICIENT DATA"], counted["FAIL"]) == (1, 2, 0)
    assert all(CHINESE.search(verdict.zh) for verdict in Verdict)
