"""docker-compose.yml and Dockerfile say what the code understands. No engine runs here: this is checked by reading."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from adapters.settings import DeploymentSettings, variables
from tollgate.arguments import parser

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = ("migrate", "api", "worker")


def interpolated(text: str, environment: dict[str, str]) -> str:
    """As Compose does it: ${NAME:?why}, ${NAME:-default}."""

    def value(found: re.Match[str]) -> str:
        given = environment.get(found["name"], "")
        if not given and found["act"] == "?":
            raise KeyError(found["name"])
        return given or found["rest"] * (found["act"] == "-")

    return re.sub(r"\$\{(?P<name>\w+):(?P<act>[?-])(?P<rest>[^}]*)\}", value, text)


GIVEN = {"POSTGRES_PASSWORD": "abc123", "BILLING_SECRET": "s" * 32, "BILLING_ADMIN_KEY": "first-key"}


@pytest.mark.parametrize("name", OURS)
def test_its_environment_makes_right_settings_when_only_the_secrets_are_given(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in variables():
        monkeypatch.delenv(variable, raising=False)
    environment = SERVICES[name]["environment"]
    assert set(environment) <= set(variables())
    for variable, text in environment.items():
        monkeypatch.setenv(variable, interpolated(text, GIVEN))
    settings = DeploymentSettings()
    assert settings.database_dsn is not None
    assert settings.database_dsn.get_secret_value() == "postgresql://tollgate:abc123@database:5432/tollgate"
    assert settings.usage_retention_days == 400


@pytest.mark.parametrize("secret", list(GIVEN))
def test_a_secret_that_is_not_given_stops_it(secret: str) -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    with pytest.raises(KeyError, match=secret):
        interpolated(text, {name: value for name, value in GIVEN.items() if name != secret})


def test_every_command_is_one_of_ours() -> None:
    for name in OURS:
        parser().parse_args(SERVICES[name]["command"])


def test_everything_waits_for_the_migrations_and_they_for_a_healthy_database() -> None:
    assert SERVICES["migrate"]["depends_on"] == {"database": {"condition": "service_healthy"}}
    for name in ("api", "worker"):
        assert SERVICES[name]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}
    assert {name for name in SERVICES if "healthcheck" in SERVICES[name]} == {"database", "api"}


def test_the_image_holds_every_package_and_runs_without_root() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    copied = {line.split()[1] for line in lines if line.startswith("COPY ") and "--from" not in line}
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "bench"}
    assert copied == allowed == packages | {"requirements.lock"}
    users = [line.split()[1] for line in lines if line.startswith("USER ")]
    assert users == ["10001"]
