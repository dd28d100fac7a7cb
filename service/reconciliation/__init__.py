"""What a provider has, held against the journal: what is safe is repaired, the rest is told to support."""

from service.reconciliation.looking import Looking
from service.reconciliation.run import Finding, Reconciliation, Report

__all__ = ["Finding", "Looking", "Reconciliation", "Report"]
