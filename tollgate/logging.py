"""Log lines as data, on standard error: text for a person at a terminal, JSON for a machine. Never a secret."""

import logging
import re
import sys

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from adapters.settings import DeploymentSettings

HIDDEN = "[hidden]"
_SECRET_NAME = re.compile(r"secret|password|passwd|token|authorization|cookie|api_?key|admin_?key|dsn", re.IGNORECASE)
_SECRET_TEXT = re.compile(
    r"(?P<address>://[^\s:/@]*:)[^\s@/]+(?=@)"  # a password in a DSN
    r"|(?P<scheme>\bBearer\s+)[^\s'\",]+"
    r"|\btg_[a-z]+_[0-9A-Za-z]{8,}"  # our API keys
    r"|\beyJ[\w-]+\.[\w-]+\.[\w-]*",  # JSON Web Tokens
    re.IGNORECASE,
)


def configure_logging(settings: DeploymentSettings) -> None:
    """Send structlog's lines and those of the libraries one way."""
    text = settings.log_format == "text" or (settings.log_format == "auto" and sys.stderr.isatty())
    before: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.PositionalArgumentsFormatter(),
    ]
    last: list[Processor] = (
        [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
        if text
        else [structlog.processors.JSONRenderer(ensure_ascii=False)]
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *before,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=before,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                hide_secrets,
                *last,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level.upper())
    if settings.log_level != "debug":
        for library in ("uvicorn", "alembic", "sqlalchemy", "asyncio"):  # they tell of every step they take
            logging.getLogger(library).setLevel(logging.WARNING)


def hide_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace what has a secret's name, or looks like one, wherever it stands in the line."""
    return {name: _hidden(name, value) for name, value in event.items()}


def _hidden(name: str, value: object) -> object:
    if _SECRET_NAME.search(name) and not isinstance(value, bool | None):
        return HIDDEN
    if isinstance(value, str):
        return _SECRET_TEXT.sub(lambda found: (found["address"] or found["scheme"] or "") + HIDDEN, value)
    if isinstance(value, dict):
        return {key: _hidden(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_hidden("", inner) for inner in value]
    return value
