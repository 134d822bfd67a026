"""Codes, texts and errors stay in step."""

import tomllib
from importlib import resources

from mqtt.contract.errors import (
    ConfigError,
    ContractError,
    EqualGateError,
    RefusedError,
    StorageError,
    UnavailableError,
)
from mqtt.contract.reasons import ReasonCode, text_of


def test_every_code_has_texts_and_every_text_a_code() -> None:
    source = resources.files("mqtt.contract").joinpath("reasons.toml").read_text("utf-8")
    assert set(tomllib.loads(source)) == {code.value for code in ReasonCode}


def test_texts_are_there_in_both_languages_and_say_what_to_do() -> None:
    for code in ReasonCode:
        text = text_of(code)
        said = (text.zh, text.en, text.cure_zh, text.cure_en)
        assert all(each.strip() == each and each for each in said), code
        assert text.said("zh-CN") == text.said("fr") == text.zh
        assert text.cure("en-GB") == text.cure_en
        assert any("\u4e00" <= character <= "\u9fff" for character in text.zh), code
        assert any("\u4e00" <= character <= "\u9fff" for character in text.cure_zh), code
        assert text.en.isascii(), code
        assert text.cure_en.isascii(), code
        assert "备用" not in text.zh + text.cure_zh, "the ways in are peers"


def test_codes_are_stable_words() -> None:
    for code in ReasonCode:
        assert code.value == code.name.lower()
        assert len(code.value) <= 40


def test_errors_carry_code_text_and_cure() -> None:
    error = ContractError(ReasonCode.TOO_LARGE, "70000 > 65536 bytes")
    assert str(error) == ("too_large: The data is too large (70000 > 65536 bytes) Make it smaller")
    assert error.text() == "数据过大 (70000 > 65536 bytes)"
    assert error.cure() == "请减小后重试"
    refused = RefusedError(ReasonCode.FACE_ONLY, rule="NS-01", article="HZ 50(2)")
    assert (refused.rule, refused.article) == ("NS-01", "HZ 50(2)")
    for kind in (ContractError, ConfigError, RefusedError, StorageError, UnavailableError):
        assert issubclass(kind, EqualGateError)
