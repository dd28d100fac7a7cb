"""What payment providers tell unasked: taken in at once, handled later."""

from service.webhooks.handling import Handling
from service.webhooks.intake import Intake

__all__ = ["Handling", "Intake"]
