"""(state, command, at) → events, or a Refusal. One file per kind of stream."""

from domain.decide.account import decide_account
from domain.decide.catalog import decide_catalog
from domain.decide.clock import decide_clock
from domain.decide.key import decide_key

__all__ = ["decide_account", "decide_catalog", "decide_clock", "decide_key"]
