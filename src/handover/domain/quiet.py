"""Steps that nobody took on purpose: recorded, and not told to people as news."""

_PASSIVE = {"received", "escalated"}
_QUIET = {
    "dossier.opened",
    "dossier.inscriptionOpened",
    "dossier.inscriptionClosed",
    "dossier.counsellorAssigned",
}


def is_quiet(event_type: str) -> bool:
    """Tell whether nobody took the step on purpose: then it is shown small, and in no note."""
    return event_type in _QUIET or event_type.partition(".")[2] in _PASSIVE
