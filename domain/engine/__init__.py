"""The one order in which things happen to an account: what falls due → what the money makes due → what is billed → what
is decided → what that bills. Whoever records, previews, drafts or tests runs this; it asks for the usage that it must
know and does no I/O.

Read in this order: `domain.pending`, questions · credit, follow · advance · carry_out, upcoming.
"""

from domain.engine.advance import advance
from domain.engine.carry_out import carry_out, carry_out_decision
from domain.engine.questions import Answer, Asking, Question, answered
from domain.engine.upcoming import drafts, upcoming
from domain.pending import Fact, Pending

__all__ = [
    "Answer",
    "Asking",
    "Fact",
    "Pending",
    "Question",
    "advance",
    "answered",
    "carry_out",
    "carry_out_decision",
    "drafts",
    "upcoming",
]
