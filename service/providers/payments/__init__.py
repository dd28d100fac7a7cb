"""What is asked of payment providers once the facts are committed."""

from service.providers.payments.charging import Charging
from service.providers.payments.confirming import Confirming
from service.providers.payments.linking import Linking
from service.providers.payments.methods import PaymentMethods

__all__ = ["Charging", "Confirming", "Linking", "PaymentMethods"]
