"""What is asked of payment providers once the facts are committed."""

from service.payments.charging import Charging

__all__ = ["Charging"]
