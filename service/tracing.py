"""Traces, for the edges: they see the adapters only through the service."""

from adapters.tracing import SpanKind, Tracing, caller, failed, open_tracing

__all__ = ["SpanKind", "Tracing", "caller", "failed", "open_tracing"]
