"""Organisations and counsellors as a screen names them, and how to reach them."""

from dataclasses import dataclass

from handover.domain.parties import Counsellor, Directory, Organisation, Party
from handover.web.ui.words import Words


@dataclass(frozen=True, slots=True)
class Reach:
    """Whom to call or mail."""

    name: str
    phone: str
    email: str
    function: str = ""


class People:
    """Looks people up for a screen; an id that nobody knows any more is shown as it is."""

    def __init__(self, directory: Directory, words: Words) -> None:
        self.directory = directory
        self._t = words

    def organisation(self, organisation_id: str) -> str:
        """Give the organisation's name."""
        found = self.directory.organisations.get(organisation_id)
        return found.name if found else organisation_id

    def counsellor(self, counsellor_id: str) -> str:
        """Give the counsellor's name."""
        found = self.directory.counsellors.get(counsellor_id)
        return found.name if found else counsellor_id

    def kind(self, organisation_id: str) -> str:
        """Give the lane of an organisation: ocmw, vdab or partner."""
        found = self.directory.organisations.get(organisation_id)
        return str(found.kind) if found else "partner"

    def reach(self, party: Party) -> Reach:
        """Give whom to call at a side: the named counsellor, else the coordinator, else the front desk."""
        organisation = self.directory.organisations.get(party.organisation)
        contact = self.directory.counsellors.get(party.counsellor or self._coordinator(party.organisation))
        phone = (contact.phone if contact else "") or (organisation.phone if organisation else "")
        email = (contact.email if contact else "") or (organisation.email if organisation else "")
        name = contact.name if contact else self.organisation(party.organisation)
        return Reach(name, phone, email, contact.function if contact else "")

    def of(self, organisation_id: str) -> list[Counsellor]:
        """Give an organisation's counsellors by name, the coordinator last."""
        coordinator = self._coordinator(organisation_id)
        # They come by name, and sorting keeps that order.
        return sorted(self.directory.counsellors_of(organisation_id), key=lambda c: c.counsellor_id == coordinator)

    def _coordinator(self, organisation_id: str) -> str:
        found = self.directory.organisations.get(organisation_id)
        return found.coordinator if found else ""

    def others(self, organisation_id: str) -> list[Organisation]:
        """Give every other organisation, by name."""
        return [o for o in self.directory.organisations_by_name if o.organisation_id != organisation_id]
