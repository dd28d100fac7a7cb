"""What a provider has, held against the journal: what is safe is repaired, the rest is told to support."""

from service.providers.reconciliation.reconciler import Reconciler
from service.providers.reconciliation.run import Finding, Reconciliation, Report

__all__ = ["Finding", "Reconciler", "Reconciliation", "Report"]
