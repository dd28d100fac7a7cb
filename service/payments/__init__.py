"""What is asked of payment providers once the facts are committed."""

from service.payments.charging import Charging
from service.payments.confirming import Confirming
from service.payments.linking import Linking
from service.payments.methods import Methods

__all__ = ["Charging", "Confirming", "Linking", "Methods"]
