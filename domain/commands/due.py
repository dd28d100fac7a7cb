"""To record what has fallen due, and nothing else."""

from msgspec import Struct


class CatchUp(Struct, frozen=True):
    """Nothing of its own: what fell due is recorded before any command is decided. `until_charge`: only until a charge
    is asked for, whose answer may change what falls due after it."""

    until_charge: bool = False
