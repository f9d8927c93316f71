"""Which endpoints are down, as opposed to refusing one message."""

from uuid import UUID

from handover.delivery.sender import Attempt

_DOSSIERS = 3
_SERVER_ERROR = 500
_TOO_MANY = 429


class Health:
    """What this worker has seen of each endpoint since it last took something.

    Nobody there to connect to: down at once. No answer or a server error may be one message's fault, so that
    counts only when it happened to several dossiers and nothing succeeded in between.
    """

    def __init__(self) -> None:
        self._failing: dict[UUID, set[UUID]] = {}

    def succeeded(self, subscription_id: UUID) -> None:
        """Note that the endpoint took something."""
        self._failing.pop(subscription_id, None)

    def failed(self, subscription_id: UUID, dossier_id: UUID, attempt: Attempt) -> bool:
        """Note a failed attempt; tell whether the endpoint is down."""
        if attempt.ours:
            return False
        if attempt.status is not None and attempt.status < _SERVER_ERROR and attempt.status != _TOO_MANY:
            return False
        if not attempt.connected:
            return True
        failing = self._failing.setdefault(subscription_id, set())
        if len(failing) < _DOSSIERS:
            failing.add(dossier_id)
        return len(failing) >= _DOSSIERS
