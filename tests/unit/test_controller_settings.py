from pathlib import Path

import pytest

from controller import settings
from mqtt.contract.errors import ConfigError
from mqtt.contract.reasons import ReasonCode

GOOD = """
[site]
name = "tongxing"
title = "同行苑"
[database]
url = "sqlite:///controller.db"
[keystore]
folder = "keys"
[broker]
host = "localhost"
ca_file = "ca.pem"
[broker.web]
name = "ctl-web"
certificate = "web.pem"
key = "web.key"
[broker.ingest]
name = "ctl-ingest-1"
certificate = "/etc/x/ingest.pem"
key = "ingest.key"
"""
BASE = Path("/etc/eg")


def test_paths_start_at_the_folder_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "controller.toml"
    file.write_text(GOOD, "utf-8")
    loaded = settings.load(file)
    assert loaded.keystore.folder == tmp_path / "keys"
    assert loaded.broker.ingest.certificate == Path("/etc/x/ingest.pem")
    assert loaded.database.url == f"sqlite:///{tmp_path}/controller.db"
    assert loaded.site.zone == "Asia/Shanghai"
    assert "sqlite" not in repr(loaded.database)


@pytest.mark.parametrize(
    ("old", "new", "code", "where"),
    [
        ('"tongxing"', '"Tong Xing"', ReasonCode.CONFIG_INVALID, "site.name"),
        (
            'title = "同行苑"',
            'title = "a"\nzone = "Mars/1"',
            ReasonCode.CONFIG_INVALID,
            "site.zone",
        ),
        ("[site]", "[site]\ncolour = 1", ReasonCode.CONFIG_INVALID, "colour"),
        ('host = "localhost"', "host = 3", ReasonCode.CONFIG_INVALID, "broker.host"),
        ('host = "localhost"', 'host = "localhost"\nport = 0', ReasonCode.CONFIG_INVALID, "port"),
        ('"sqlite:///controller.db"', '"postgresql://u:CHANGEME@h/d"', None, "database.url"),
        ('folder = "keys"', "", ReasonCode.CONFIG_INVALID, "folder"),
        ("[broker]", "[broker", ReasonCode.CONFIG_INVALID, "TOML"),
    ],
)
def test_bad_settings_name_the_key(old: str, new: str, code: ReasonCode | None, where: str) -> None:
    assert old in GOOD
    with pytest.raises(ConfigError) as caught:
        settings.parse(GOOD.replace(old, new, 1), BASE)
    assert caught.value.code is (code or ReasonCode.PLACEHOLDER_SECRET)
    assert where in caught.value.detail
    assert "CHANGEME" not in str(caught.value)


def test_pages_outside_loopback_need_a_certificate() -> None:
    with pytest.raises(ConfigError) as caught:
        settings.parse(GOOD + '[http]\nhost = "0.0.0.0"\n', BASE)
    assert caught.value.detail == "http.certificate"
    with_key = '[http]\nhost = "0.0.0.0"\ncertificate = "a"\nkey = "b"\n'
    assert settings.parse(GOOD + with_key, BASE).http.key == BASE / "b"


def test_missing_or_unreadable_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        settings.load(tmp_path / "no.toml")
    assert caught.value.code is ReasonCode.CONFIG_MISSING
    (tmp_path / "bin.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError) as caught:
        settings.load(tmp_path / "bin.toml")
    assert caught.value.code is ReasonCode.FILE_UNREADABLE
