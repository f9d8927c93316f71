"""What the worker counts. No label holds an organisation, an address or anything of a dossier."""

from functools import cache

from prometheus_client import Counter, Gauge, Histogram

ATTEMPTS = Counter("handover_delivery_attempts", "Webhook attempts by outcome", ["outcome"])
ATTEMPT_SECONDS = Histogram(
    "handover_delivery_attempt_seconds",
    "Time one attempt took",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15),
)
DELIVERED_SECONDS = Histogram(
    "handover_delivery_delivered_seconds",
    "Time from recording to delivery, of deliveries that went at the first attempt",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 300),
)
FENCED = Counter("handover_delivery_fenced", "Settlements refused because the claim had passed to another worker")
WAITING = Gauge("handover_delivery_waiting", "Deliveries that wait to go out")
STOPPED = Gauge("handover_delivery_stopped_lanes", "Dossiers whose deliveries to one subscription a dead one stops")


@cache
def attempts(outcome: str) -> Counter:
    """Give the counter of one outcome; finding it by label every time costs as much as counting."""
    return ATTEMPTS.labels(outcome)
