"""What can go wrong between us and a Lino. Every message is a sentence for the person who runs the import."""

from handover.adapters.kit.adapter import Away, Changed, Denied


class LinoUnreachable(Away):
    """No answer, or none in time: nothing is wrong with the data, try again later."""


class LinoRefused(Denied):
    """Lino answered that this account may not: its name, password or rights must change first."""


class LinoChanged(Changed):
    """Lino answered in a shape this adapter does not know; reading on would guess."""
