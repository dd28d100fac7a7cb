"""Settings: read from the environment, wrong ones named one by one, secrets never shown."""

import re
from pathlib import Path

import pytest
from pydantic import SecretStr

from adapters.secrets import NowhereToKeep, Secrets, derive, known_secrets, open_secrets
from adapters.settings import DeploymentSettings, WrongSettings, read_settings, unknown_variables, variables

ROOT = Path(__file__).resolve().parents[2]
LONG = "s3cret-" * 6


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in variables():
        monkeypatch.delenv(name, raising=False)


def problems_of(monkeypatch: pytest.MonkeyPatch, **environment: str) -> list[str]:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(WrongSettings) as refused:
        read_settings(env_file=None)
    assert refused.value.__cause__ is None
    return refused.value.problems


def test_the_example_lists_every_setting_once_with_its_default(monkeypatch: pytest.MonkeyPatch) -> None:
    names = re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    assert sorted(names) == sorted(variables())
    assert read_settings(ROOT / ".env.example") == read_settings(env_file=None)


def test_settings_are_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        DeploymentSettings(port=1).port = 2


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PORT=1\nBILLING_HOST=0.0.0.0\n")
    monkeypatch.setenv("PORT", "2")
    settings = read_settings(tmp_path / ".env")
    assert (settings.port, settings.host) == (2, "0.0.0.0")


def test_every_wrong_setting_gets_one_line_with_its_name_and_what_it_should_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines = problems_of(
        monkeypatch,
        PORT="eighty",
        BILLING_RATE_LIMIT="-1",
        BILLING_LOG_LEVEL="loud",
        BILLING_ALLOWED_ORIGINS="a.b",
    )
    assert sorted(line.split(":")[0] for line in lines) == [
        "BILLING_ALLOWED_ORIGINS",
        "BILLING_LOG_LEVEL",
        "BILLING_RATE_LIMIT",
        "PORT",
    ]
    assert "PORT: must be a port, 0 (any free) to 65535" in lines


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BILLING_SECRET", "hunter2"),
        ("BILLING_SECRET_OLD", "hunter2"),
        ("BILLING_TOKEN_SECRET", "hunter2"),
        ("BILLING_ADMIN_KEY", "hunter2 hunter2"),
        ("BILLING_DATABASE_DSN", "mysql://root:hunter2@host/db"),
    ],
)
def test_a_wrong_secret_is_named_but_never_shown(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    (line,) = problems_of(monkeypatch, **{name: value})
    assert line.startswith(f"{name}: must be ")
    assert "hunter2" not in line


def test_an_old_master_secret_needs_a_new_one(monkeypatch: pytest.MonkeyPatch) -> None:
    (line,) = problems_of(monkeypatch, BILLING_SECRET_OLD=LONG)
    assert line.startswith("BILLING_SECRET: is missing: it must be 32 or more random characters")


def test_a_key_set_needs_issuer_and_audience(monkeypatch: pytest.MonkeyPatch) -> None:
    (line,) = problems_of(
        monkeypatch,
        BILLING_JWKS_URL="https://id.example.com/jwks",
        BILLING_TOKEN_ISSUER="https://id.example.com",
    )
    assert line.startswith("BILLING_TOKEN_AUDIENCE: is missing")
    monkeypatch.setenv("BILLING_TOKEN_AUDIENCE", "tollgate")
    assert read_settings(env_file=None).token_audience == "tollgate"


def test_origins_are_a_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BILLING_ALLOWED_ORIGINS", "https://app.example.com, http://localhost:3000")
    assert read_settings(env_file=None).allowed_origins == (
        "https://app.example.com",
        "http://localhost:3000",
    )


def test_a_slip_of_the_pen_is_pointed_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BILLING_DATABSE_DSN", "postgresql://u:hunter2@host/db")
    assert unknown_variables(env_file=None) == [
        "BILLING_DATABSE_DSN: not a setting of Tollgate; BILLING_DATABASE_DSN is"
    ]


@pytest.mark.parametrize("dsn", [None, SecretStr("postgresql://u:p@host/db")])
def test_secrets_are_made_once_and_kept_for_their_owner_only(tmp_path: Path, dsn: SecretStr | None) -> None:
    settings = DeploymentSettings(data_dir=tmp_path / "data", database_dsn=dsn)
    assert known_secrets(settings) is None
    first, second = open_secrets(settings), open_secrets(settings)
    assert first.admin_key_made_now
    assert not second.admin_key_made_now
    assert (first.master, first.token, first.admin_key) == (second.master, second.token, second.admin_key)
    assert {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "data").iterdir()} == {
        "secret": 0o600,
        "admin.key": 0o600,
    }
    assert first.admin_key is not None
    assert first.admin_key not in repr(first)
    known = known_secrets(settings)
    assert known is not None
    assert known.master == first.master


def test_given_secrets_are_taken_as_they_stand(tmp_path: Path) -> None:
    settings = DeploymentSettings(
        data_dir=tmp_path / "data",
        secret=SecretStr(LONG),
        admin_key=SecretStr("letmein"),
        token_secret=SecretStr(LONG[::-1]),
    )
    secrets = open_secrets(settings)
    assert (secrets.master, secrets.token, secrets.admin_key) == (
        LONG.encode(),
        LONG[::-1].encode(),
        "letmein",
    )
    assert not (tmp_path / "data").exists()


def test_who_does_not_serve_makes_no_admin_key_since_nobody_would_see_it(tmp_path: Path) -> None:
    settings = DeploymentSettings(data_dir=tmp_path / "data")
    assert open_secrets(settings, serving=False).admin_key is None
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["secret"]
    assert open_secrets(settings).admin_key_made_now


def test_secrets_that_cannot_be_kept_are_asked_for(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(NowhereToKeep, match=r"BILLING_SECRET: is missing, and .*/data/secret cannot be kept"):
        open_secrets(DeploymentSettings(data_dir=tmp_path / "data"))
    with pytest.raises(NowhereToKeep, match=r"BILLING_ADMIN_KEY: is missing, and .*/data/admin.key cannot be kept"):
        open_secrets(DeploymentSettings(data_dir=tmp_path / "data", secret=SecretStr(LONG)))


def test_a_fingerprint_is_of_one_secret_and_shows_nothing_of_it() -> None:
    first, again, other = (Secrets(secret, b"t", None) for secret in (b"a" * 32, b"a" * 32, b"b" * 32))
    assert first.fingerprint == again.fingerprint != other.fingerprint
    assert len(first.fingerprint) == 32
    assert first.fingerprint not in (first.master, derive(first.master, "customer tokens"))
    moving = Secrets(b"b" * 32, b"t", None, old=b"a" * 32)
    assert moving.fingerprints == {first.fingerprint, other.fingerprint}
