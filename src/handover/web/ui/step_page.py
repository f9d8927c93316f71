"""How a step's form is shown: on a page of its own, or as a part that opens inside a card."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from starlette.responses import Response

from handover.domain.dossier import Dossier
from handover.domain.kinds import EVENT_TYPES
from handover.domain.threads import Thread
from handover.web.ui import header
from handover.web.ui.forms import Former
from handover.web.ui.offers_panel import Fitting, explained
from handover.web.ui.pages import Page
from handover.web.ui.readers import is_shared
from handover.web.ui.reading import Typed, Wrong
from handover.web.ui.values import Said

STEPPED = "handover-stepped"
"""What the page around a part hears when the step was recorded."""
_CONFLICT = 409


class StepForm:
    """The form of one step for one person."""

    def __init__(self, page: Page, dossier: Dossier, event_type: str, thread: Thread | None) -> None:
        self.page, self.dossier, self.event_type, self.thread = page, dossier, event_type, thread
        self.thread_id: UUID | None = thread.thread_id if thread else None
        # Two parts may be open at once on one page, so that each has ids of its own.
        about = f"{event_type.replace('.', '-')}-{thread.thread_id.hex[-8:] if thread else 'new'}-"
        self.prefix = f"f-{about}" if page.is_part else "f-"
        self.former = Former(page, dossier, event_type, thread, prefix=self.prefix)

    def show(
        self,
        typed: Typed,
        wrong: Mapping[str, Wrong],
        *,
        about: Sequence[Said] = (),
        offers: Fitting | None = None,
        more: str = "",
        status: int = 0,
    ) -> Response:
        """Give the form with what stands in it, and what is wrong with that."""
        page, t = self.page, self.page.t
        fields = self.former.fields(typed, wrong, more=more)
        flat = [part for field in fields for row in (field.rows or ((field,),)) for part in row]
        problems = [(field.target, field.label, field.error) for field in flat if field.error]
        known = {field.name for field in flat} | {"occurredAt"}
        occurred = wrong.get("occurredAt")
        if occurred:
            problems.append((f"{self.prefix}occurredAt", t("form.occurredAt"), t(occurred.key, **occurred.values)))
        address = page.request.url.path
        return page.show(
            "step_part.html" if page.is_part else "step.html",
            status or (400 if wrong else 200),
            dossier=self.dossier,
            client=header.client_name(self.dossier),
            heading=t.event(self.event_type, "do"),
            thread_title=header.title_of(page, self.thread) if self.thread else "",
            is_part=page.is_part,
            prefix=self.prefix,
            fields=fields,
            problems=problems,
            general=[t(w.key, **w.values) for name, w in wrong.items() if name not in known],
            typed=typed,
            is_given=page.request.method == "POST",
            occurred_error=t(occurred.key, **occurred.values) if occurred else "",
            about=about,
            offers=offers,
            instruments=explained(page) if self.event_type == "training.proposed" else (),
            shared_with=self.readers(),
            is_shared=is_shared(self.event_type),
            action=f"{address}?thread={self.thread_id}" if self.thread_id else address,
        )

    def readers(self) -> list[str]:
        """Give who else will read it: everyone in the dossier who sees such a process, unless all of it is our own."""
        if not is_shared(self.event_type):
            return []
        others = [
            i.organisation
            for i in self.dossier.inscriptions
            if i.active
            and i.organisation != self.page.own
            and not self.dossier.hides(i, self.event_type, self.thread_id)
        ]
        addresses = any(row.addresses for row in EVENT_TYPES[self.event_type].rows)
        chosen = [self.page.t("form.shared_chosen")] if addresses else []
        return [*(self.page.people.organisation(o) for o in others), *chosen]

    def done(self, after: Dossier) -> Response:
        """Say what was recorded, in place of the form."""
        own = after.inscription_of(self.page.own)
        response = self.page.show(
            "step_done.html",
            dossier=after,
            client=header.client_name(self.dossier),
            done=self.page.t("dossier.done", step=self.page.t.event(self.event_type, "title", about="")),
            shared_with=self.readers(),
            # A refusal may end what we see of the dossier.
            is_seen=own is not None and own.active,
        )
        response.headers["HX-Trigger"] = STEPPED
        return response


def not_now(page: Page, dossier: Dossier) -> Response:
    """Say that the step cannot be taken (any more)."""
    return page.show("not_now_part.html" if page.is_part else "not_now.html", _CONFLICT, dossier=dossier)
