"""How long texts and settings may be that callers make up: they are kept for ever, and read with what holds them."""

from typing import Any

import msgspec

from domain.errors import invalid

NAME_CHARS_MAX = 200
DESCRIPTION_CHARS_MAX = 2_000
REASON_CHARS_MAX = 500
EVENT_NAME_CHARS_MAX = 255
"""Of an event's type and of its properties' names: no usage event can hold a longer one."""
SETTING_BYTES_MAX = 8_192


def check_name(text: str, *field: str, chars_max: int = NAME_CHARS_MAX) -> None:
    """Something that people read: not blank, and not long. Raises Refusal."""
    if not text.strip() or len(text) > chars_max:
        raise invalid(f"must have 1 to {chars_max:,} characters", *field)


def check_length(text: str | None, chars_max: int, *field: str) -> None:
    """Something that may be left out. Raises Refusal."""
    if text is not None and len(text) > chars_max:
        raise invalid(f"must have at most {chars_max:,} characters", *field)


def check_setting(value: Any, *field: str) -> None:
    """The value of a VALUE feature, which every answer about it carries. Raises Refusal."""
    if value is not None and len(msgspec.json.encode(value)) > SETTING_BYTES_MAX:
        raise invalid(f"must be at most {SETTING_BYTES_MAX:,} bytes as JSON", *field)
