"""What can go wrong between us and a Lino. Every message is a sentence for the person who runs the import."""


class LinoError(Exception):
    """The Lino could not be read."""


class LinoUnreachable(LinoError):  # noqa: N818 - named after what happened, as all refusals are
    """No answer, or none in time: nothing is wrong with the data, try again later."""


class LinoRefused(LinoError):  # noqa: N818 - as above
    """Lino answered that this account may not: its name, password or rights must change first."""


class LinoChanged(LinoError):  # noqa: N818 - as above
    """Lino answered in a shape this adapter does not know; reading on would guess."""
