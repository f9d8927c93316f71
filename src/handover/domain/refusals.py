"""Why a command is refused: one class per refusal; its docstring is what the caller is told to do.

The domain knows no HTTP: `web/problems` gives each refusal its status. No message holds a personal value.
"""

from typing import ClassVar


class Refusal(Exception):  # noqa: N818 - a refusal is an answer, not a fault
    """The command is refused."""

    name: ClassVar[str] = "refused"
    title: ClassVar[str] = "Refused"

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail or " ".join((type(self).__doc__ or "").split()))

    @property
    def detail(self) -> str:
        """What happened and what to do next."""
        return str(self)


class Unseen(Refusal):
    """No such dossier for your organisation. Open or join it with POST /v1/dossiers."""

    name = "unseen"
    title = "Not found"


class NotPermitted(Refusal):
    """Your role in your organisation does not allow this. Ask a colleague whose role does, or your administrator."""

    name = "notPermitted"
    title = "Not for this role"


class BreakGlassNeeded(Refusal):
    """Colleagues work with this client. To read for 4 hours, POST a reason to /v1/dossiers/{dossierId}/breakGlass."""

    name = "breakGlassNeeded"
    title = "Reading this dossier needs a reason"


class UnknownThread(Refusal):
    """This dossier has no such thread. List its threads with GET /v1/dossiers/{dossierId}/threads."""

    name = "unknownThread"
    title = "Thread not found"


class WrongParty(Refusal):
    """Your organisation may not post this event here. See `by` in GET /v1/refData/eventTypes."""

    name = "wrongParty"
    title = "Not yours to post"


class WrongState(Refusal):
    """The thread is not in a state that allows this event. Read it again; see `from` in GET /v1/refData/eventTypes."""

    name = "wrongState"
    title = "Not in this state"


class DossierClosed(Refusal):
    """The dossier is closed. Post dossier.reopened first."""

    name = "dossierClosed"
    title = "Dossier is closed"


class DossierBusy(Refusal):
    """The dossier still has open threads. Complete, conclude or cancel them before you close it."""

    name = "dossierBusy"
    title = "Open threads left"


class StaleVersion(Refusal):
    """The dossier changed since you read it. Read it again and decide anew."""

    name = "staleVersion"
    title = "Dossier changed"


class IdentityMismatch(Refusal):
    """A dossier exists for this SSIN under another name or birth date. Check the identity document."""

    name = "identityMismatch"
    title = "Name or birth date does not match"


class PurposeNotAllowed(Refusal):
    """The legal basis does not allow this purpose today. See GET /v1/refData/legalBases."""

    name = "purposeNotAllowed"
    title = "Legal basis does not allow this"


class InvitationNeeded(Refusal):
    """Only an OCMW or VDAB opens or joins a dossier by itself; a partner joins through a referral to it."""

    name = "invitationNeeded"
    title = "Joining needs a referral"


class OutsideRegime(Refusal):
    """Non-cooperation exists only for clients on leefloon or equivalent who are registered at VDAB."""

    name = "outsideRegime"
    title = "Client is outside the regime"


class FourEyes(Refusal):
    """The second pair of eyes must be another person than the assessor. Let a colleague decide."""

    name = "fourEyes"
    title = "Two people must decide"


class MandateMissing(Refusal):
    """The client's mandate for this is not there, or has ended. Record it with dossier.mandateGiven first."""

    name = "mandateMissing"
    title = "No mandate of the client"


class LegalBasisEnded(Refusal):
    """The legal basis of your inscription is not in force. State another with dossier.legalBasisStated."""

    name = "legalBasisEnded"
    title = "Legal basis has ended"


class NoPriorityLine(Refusal):
    """No agreement in force between this OCMW and VDAB has a priority line. See GET /v1/agreements."""

    name = "noPriorityLine"
    title = "No priority line agreed"


class NotTakenBack(Refusal):
    """Only the latest step of a thread can be marked as a mistake. Correct an earlier one with a further step."""

    name = "notTakenBack"
    title = "Cannot be taken back"


class DossierMerged(Refusal):
    """The dossier was merged into another; go on there. GET it to see `mergedInto`."""

    name = "dossierMerged"
    title = "Dossier was merged"


class SsinTaken(Refusal):
    """Another dossier exists under the new number. Merge the two: POST /v1/dossiers/{dossierId}/merge."""

    name = "ssinTaken"
    title = "Number has a dossier"


class InvalidField(Refusal):
    """A field holds a value that cannot be used here."""

    name = "invalidField"
    title = "Invalid value"

    def __init__(self, field: str, detail: str, *, unknown_reference: bool = False) -> None:
        super().__init__(detail)
        self.field = field
        self.unknown_reference = unknown_reference
