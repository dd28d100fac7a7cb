"""What the deployment shows of itself at /metrics (decision 18)."""

from service.metrics.access import may_read
from service.metrics.listener import listening
from service.metrics.metrics import Metrics

__all__ = ["Metrics", "listening", "may_read"]
