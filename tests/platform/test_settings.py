import base64
import json
import os
import stat
from datetime import timedelta
from pathlib import Path

import pytest

from handover.platform.settings import Mode, Settings, SettingsError, load

KEY_A = base64.b64encode(b"a" * 32).decode()
KEY_B = base64.b64encode(b"b" * 32).decode()
KEY_C = base64.b64encode(b"c" * 32).decode()


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith("HANDOVER_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HANDOVER_DATA_DIR", str(tmp_path / "var"))


def _production(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "MODE": "production",
        "HOST": "0.0.0.0",
        "PUBLIC_URL": "https://handover.example/",
        "ISSUERS": json.dumps(
            [{"issuer": "https://id.example", "audience": "handover", "jwksUrl": "https://id.example/jwks"}]
        ),
        "SSIN_KEY": KEY_A,
        "SEAL_KEY": KEY_B,
        "LOG_KEY": KEY_C,
    }.items():
        monkeypatch.setenv(f"HANDOVER_{name}", value)


def test_with_nothing_set_it_is_a_demonstration_on_this_machine() -> None:
    settings = load()
    assert (settings.mode, settings.host, settings.port) == (Mode.DEMONSTRATION, "127.0.0.1", 8000)
    assert (settings.database_url, settings.max_body_bytes) == ("", 262_144)
    assert settings.base_url == "http://127.0.0.1:8000"


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HANDOVER_PORT", "")
    assert load().port == 8000


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        setattr(load(), "port", 1)  # noqa: B010 - the type checker refuses the plain form, as it should


def test_production_starts_when_all_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    _production(monkeypatch)
    settings = load()
    assert settings.issuers[0].jwks_url == "https://id.example/jwks"
    assert settings.base_url == "https://handover.example"
    assert (settings.keys().ssin.key(1), settings.keys().seal.key(1)) == (b"a" * 32, b"b" * 32)


def test_production_names_everything_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HANDOVER_MODE", "production")
    monkeypatch.setenv("HANDOVER_CLOCK_OFFSET", "PT1H")
    with pytest.raises(SettingsError) as refused:
        load()
    text = str(refused.value)
    for name in ("ISSUERS", "SSIN_KEY", "SEAL_KEY", "LOG_KEY", "PUBLIC_URL", "CLOCK_OFFSET"):
        assert f"HANDOVER_{name}" in text
    assert "openssl rand -base64 32" in text
    assert len(refused.value.problems) == 6


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("SSIN_KEY", "not base64!", "HANDOVER_SSIN_KEY is not base64"),
        ("SEAL_KEY", base64.b64encode(b"short").decode(), "HANDOVER_SEAL_KEY holds 5 bytes, 32 are needed"),
        ("SEAL_KEY", KEY_A, "HANDOVER_SSIN_KEY and HANDOVER_SEAL_KEY are the same"),
        ("LOG_KEY", KEY_B, "HANDOVER_SEAL_KEY and HANDOVER_LOG_KEY are the same"),
        ("ISSUERS", "[{", "HANDOVER_ISSUERS is not valid JSON"),
        ("ISSUERS", '[{"issuer": "i", "audience": "a"}]', "either jwksFile or jwksUrl"),
        ("ISSUERS", '[{"issuer": "i", "audience": "a", "jwksFile": "/nowhere/jwks"}]', "which is not there"),
        ("ISSUERS", '[{"issuer": "i", "audience": "a", "jwksUrl": "http://i/jwks"}]', "not https"),
        ("ISSUERS", '[{"issuer": "i", "audience": "a", "jwksURI": "x"}]', "HANDOVER_ISSUERS (0.jwksURI)"),
        ("PUBLIC_URL", "http://handover.example", "must be the https address"),
        ("PORT", "80000", "HANDOVER_PORT"),
        ("MODE", "prod", "HANDOVER_MODE"),
        ("DATABASE_URL", "mysql://x", "must begin with postgresql://"),
    ],
)
def test_each_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str) -> None:
    _production(monkeypatch)
    monkeypatch.setenv(f"HANDOVER_{variable}", value)
    with pytest.raises(SettingsError) as refused:
        load()
    assert said in str(refused.value)
    assert KEY_A not in str(refused.value)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.7", "::", "handover.example"])
def test_a_demonstration_stays_on_this_machine(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv("HANDOVER_HOST", host)
    with pytest.raises(SettingsError, match="HANDOVER_MODE=production"):
        load()


@pytest.mark.parametrize("host", ["127.0.0.2", "::1", "localhost"])
def test_a_demonstration_may_use_any_loopback(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv("HANDOVER_HOST", host)
    assert load().host == host


def test_a_demonstration_may_move_its_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HANDOVER_CLOCK_OFFSET", "-P2D")
    assert load().clock_offset == timedelta(days=-2)
    monkeypatch.setenv("HANDOVER_CLOCK_OFFSET", "later")
    with pytest.raises(SettingsError, match="write seconds"):
        load()


def test_demonstration_keys_are_made_once_and_private() -> None:
    settings = load()
    keys = settings.keys()
    path = settings.data_dir / "keys.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert (len(keys.ssin.key(1)), len(keys.seal.key(1))) == (32, 32)
    again = load().keys()
    assert (again.ssin.key(1), again.seal.key(1), again.log) == (keys.ssin.key(1), keys.seal.key(1), keys.log)
    assert len({keys.ssin.key(1), keys.seal.key(1), keys.log}) == 3
    assert sorted(entry.name for entry in settings.data_dir.iterdir()) == ["keys.json", "log-key.json"]
    assert stat.S_IMODE((settings.data_dir / "log-key.json").stat().st_mode) == 0o600


def test_a_damaged_key_file_is_never_replaced() -> None:
    settings = load()
    settings.data_dir.mkdir()
    (settings.data_dir / "keys.json").write_text("{}")
    with pytest.raises(SettingsError, match=r"keys\.json"):
        settings.keys()
    assert (settings.data_dir / "keys.json").read_text() == "{}"


def test_no_secret_shows_when_settings_are_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    _production(monkeypatch)
    monkeypatch.setenv("HANDOVER_DATABASE_URL", "postgresql://someone:hunter2@db/handover")
    settings = load()
    for text in (repr(settings), str(settings), repr(settings.keys())):
        assert KEY_A not in text
        assert "hunter2" not in text
        assert "aaaa" not in text


def test_every_setting_is_described() -> None:
    assert all(field.description for field in Settings.model_fields.values())
