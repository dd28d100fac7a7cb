"""What payment providers tell unasked: taken in at once, handled later."""

from service.providers.webhooks.handling import Handling
from service.providers.webhooks.intake import NoticeIntake

__all__ = ["Handling", "NoticeIntake"]
