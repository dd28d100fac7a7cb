"""Every setting of a deployment: read from the environment (and `.env`), checked before anything starts."""

import os
import re
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from adapters.problem import Problem

S = TypeVar("S", bound=BaseSettings)

_DSN = re.compile(r"postgres(ql(\+asyncpg)?)?://\S+")
_ORIGIN = re.compile(r"\*|https?://[^/\s?#@]+")
_LOCAL_HOSTS = {"localhost", "127.0.0.1", "::1"}
SECRET_LENGTH_MIN = 32
"""Characters. Shorter master or token secrets can be guessed."""


class WrongSettings(Problem):
    """One line per problem: the variable and what it should be, never the value it has."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def _comma_separated(value: Any) -> Any:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _origins(value: tuple[str, ...]) -> tuple[str, ...]:
    if not all(_ORIGIN.fullmatch(origin) for origin in value):
        raise ValueError("not an origin")
    return value


def _is_dsn(value: SecretStr) -> SecretStr:
    if not _DSN.fullmatch(value.get_secret_value()):
        raise ValueError("not a PostgreSQL DSN")
    return value


def _long_enough(value: SecretStr) -> SecretStr:
    if len(value.get_secret_value()) < SECRET_LENGTH_MIN:
        raise ValueError("too short")
    return value


def _no_spaces(value: SecretStr) -> SecretStr:
    if re.search(r"\s", value.get_secret_value()):
        raise ValueError("holds white space")
    return value


def _secure_url(value: str) -> str:
    url = urlsplit(value)
    if not url.hostname or not (url.scheme == "https" or (url.scheme == "http" and url.hostname in _LOCAL_HOSTS)):
        raise ValueError("not a secure address")
    return value


def _is_url(value: str) -> str:
    url = urlsplit(value)
    if url.scheme not in ("http", "https") or not url.hostname:
        raise ValueError("not an address")
    return value


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


FROM_ENVIRONMENT = SettingsConfigDict(
    frozen=True,
    extra="ignore",
    env_file_encoding="utf-8",
    env_ignore_empty=True,
    validate_by_name=True,
    validate_by_alias=True,
)


class DeploymentSettings(BaseSettings):
    """One value per variable. Each description completes the sentence "<VARIABLE> must be …"."""

    model_config = FROM_ENVIRONMENT

    port: int = Field(
        default=8000, ge=0, le=65535, validation_alias="PORT", description="a port, 0 (any free) to 65535"
    )
    host: str = Field(
        default="127.0.0.1",
        validation_alias="BILLING_HOST",
        description="the address to listen on, such as 127.0.0.1 or 0.0.0.0",
    )
    data_dir: Path = Field(
        default=Path("./.data"),
        validation_alias="BILLING_DATA_DIR",
        description="a folder this user may write to",
    )
    database_dsn: Annotated[SecretStr, AfterValidator(_is_dsn)] | None = Field(
        default=None,
        validation_alias="BILLING_DATABASE_DSN",
        description="the address of a PostgreSQL 15 or newer, as postgresql://user:password@host:5432/database",
    )
    pool_size: int = Field(
        default=10,
        ge=4,  # due work takes up to three: two for batches, and one to wait for accounts that somebody holds
        le=500,
        validation_alias="BILLING_POOL_SIZE",
        description="a number of connections, 4 to 500",
    )
    simulated_payments: bool = Field(
        default=False,
        validation_alias="BILLING_SIMULATED_PAYMENTS",
        description="true or false",
    )
    stripe_api_key: Annotated[SecretStr, AfterValidator(_no_spaces)] | None = Field(
        default=None,
        validation_alias="BILLING_STRIPE_API_KEY",
        description="a secret or restricted key of Stripe, such as sk_test_…",
    )
    stripe_publishable_key: str | None = Field(
        default=None,
        validation_alias="BILLING_STRIPE_PUBLISHABLE_KEY",
        description="the key that belongs into Stripe's form in the browser, such as pk_test_…",
    )
    stripe_webhook_secrets: Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(_comma_separated)] = Field(
        default=(),
        validation_alias="BILLING_STRIPE_WEBHOOK_SECRETS",
        description="the signing secrets of Stripe's webhooks with commas between them, such as whsec_…",
    )
    stripe_base_url: Annotated[str, AfterValidator(_secure_url)] | None = Field(
        default=None,
        validation_alias="BILLING_STRIPE_BASE_URL",
        description="the https address at which Stripe's API is reached, for tests",
    )
    stripe_calls_per_second: float | None = Field(
        default=None,
        gt=0,
        le=10_000,
        validation_alias="BILLING_STRIPE_CALLS_PER_SECOND",
        description="how many calls a second one process may make at Stripe: the account's limit, divided among all",
    )
    admin_key: Annotated[SecretStr, AfterValidator(_no_spaces)] | None = Field(
        default=None, validation_alias="BILLING_ADMIN_KEY", description="a key without white space"
    )
    secret: Annotated[SecretStr, AfterValidator(_long_enough)] | None = Field(
        default=None,
        validation_alias="BILLING_SECRET",
        description=f"{SECRET_LENGTH_MIN} or more random characters, kept for ever, alike in all processes",
    )
    secret_old: Annotated[SecretStr, AfterValidator(_long_enough)] | None = Field(
        default=None,
        validation_alias="BILLING_SECRET_OLD",
        description="the BILLING_SECRET before this one, until `tollgate keys rotate-secret` has replaced it",
    )
    token_secret: Annotated[SecretStr, AfterValidator(_long_enough)] | None = Field(
        default=None,
        validation_alias="BILLING_TOKEN_SECRET",
        description=f"{SECRET_LENGTH_MIN} or more random characters, shared with who signs customer tokens",
    )
    jwks_url: Annotated[str, AfterValidator(_secure_url)] | None = Field(
        default=None,
        validation_alias="BILLING_JWKS_URL",
        description="the https address of the identity provider's key set",
    )
    token_issuer: str | None = Field(
        default=None,
        validation_alias="BILLING_TOKEN_ISSUER",
        description="the `iss` that customer tokens carry (needed with BILLING_JWKS_URL)",
    )
    token_audience: str | None = Field(
        default=None,
        validation_alias="BILLING_TOKEN_AUDIENCE",
        description="the `aud` that customer tokens carry (needed with BILLING_JWKS_URL)",
    )
    allowed_origins: Annotated[
        tuple[str, ...], NoDecode, BeforeValidator(_comma_separated), AfterValidator(_origins)
    ] = Field(
        default=(),
        validation_alias="BILLING_ALLOWED_ORIGINS",
        description="origins with commas between them, such as https://app.example.com, or *",
    )
    rate_limit: int = Field(
        default=50_000,
        ge=0,
        validation_alias="BILLING_RATE_LIMIT",
        description="a whole number of cost points per second and credential, 0 for no limit",
    )
    usage_retention_days: int = Field(
        default=400,
        ge=1,
        le=36_500,
        validation_alias="USAGE_RETENTION_DAYS",
        description="a number of days, 1 to 36500",
    )
    metrics_token: Annotated[SecretStr, AfterValidator(_no_spaces)] | None = Field(
        default=None, validation_alias="BILLING_METRICS_TOKEN", description="a token without white space"
    )
    worker_metrics_port: int | None = Field(
        default=None, ge=1, le=65535, validation_alias="BILLING_WORKER_METRICS_PORT", description="a port, 1 to 65535"
    )
    otlp_endpoint: Annotated[str, AfterValidator(_is_url)] | None = Field(
        default=None,
        validation_alias="BILLING_OTLP_ENDPOINT",
        description="the address of an OTLP collector for traces, such as http://localhost:4318/v1/traces",
    )
    log_level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(_lower)] = Field(
        default="info", validation_alias="BILLING_LOG_LEVEL", description="debug, info, warning or error"
    )
    log_format: Annotated[Literal["auto", "text", "json"], BeforeValidator(_lower)] = Field(
        default="auto",
        validation_alias="BILLING_LOG_FORMAT",
        description="auto (text on a terminal), text or json",
    )

    @model_validator(mode="after")
    def _hang_together(self) -> Self:
        """Settings that need each other; the message names the variable that is missing."""
        if self.secret_old is not None and self.secret is None:
            raise ValueError("BILLING_SECRET")
        if self.jwks_url is not None:
            # Without both, any token that this provider ever signed for anybody would open a customer here.
            for needed, variable in ((self.token_issuer, "ISSUER"), (self.token_audience, "AUDIENCE")):
                if needed is None:
                    raise ValueError(f"BILLING_TOKEN_{variable}")
        return self


def variables(kind: type[BaseSettings] = DeploymentSettings) -> dict[str, str]:
    """Each variable and what it must be."""
    return {str(field.validation_alias): str(field.description) for field in kind.model_fields.values()}


def read_settings(env_file: Path | None = Path(".env")) -> DeploymentSettings:
    """The settings of this process; the environment wins over the file. Raises WrongSettings."""
    return read(DeploymentSettings, env_file)


def read(kind: type[S], env_file: Path | None = Path(".env")) -> S:
    """The same of what is plugged in and has settings of its own: `FROM_ENVIRONMENT` is their `model_config`, and their
    variables begin with its name, not with BILLING_. Raises WrongSettings."""
    try:
        return kind(_env_file=env_file)
    except ValidationError as error:
        raise WrongSettings(_problems(error, variables(kind))) from None  # the cause would show the values


def unknown_variables(env_file: Path | None = Path(".env")) -> list[str]:
    """One line per BILLING_ variable that nothing reads, most often a slip of the pen."""
    known = variables()
    given = {*os.environ, *(dotenv_values(env_file) if env_file and env_file.is_file() else {})}
    lines = []
    for name in sorted(name for name in given if name.startswith("BILLING_") and name not in known):
        close = get_close_matches(name, known, n=1, cutoff=0.8)
        lines.append(f"{name}: not a setting of Tollgate" + (f"; {close[0]} is" if close else ""))
    return lines


def _problems(error: ValidationError, described: dict[str, str]) -> list[str]:
    lines = []
    for problem in error.errors(include_url=False, include_input=False):
        if problem["loc"]:
            name, missing = str(problem["loc"][0]), ""
        else:  # from _hang_together, whose whole message is the variable's name
            name, missing = str(problem["ctx"]["error"]), "is missing: it "
        lines.append(f"{name}: {missing}must be {described[name]}")
    return lines
