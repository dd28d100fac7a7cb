"""What every fact has: a tag."""

from msgspec import Struct


class Event(Struct, frozen=True, omit_defaults=True, tag_field="type"):
    pass
