"""What VDAB's software sends and is answered, as the API description shows it."""

from datetime import datetime
from typing import Any

from pydantic import ConfigDict, Field
from pydantic.alias_generators import to_camel

from handover.web.api.views import View


class VdabEvent(View):
    """A CloudEvent: who sent it, what happened, in which dossier. Other attributes are left alone."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        json_schema_extra={
            "example": {
                "specversion": "1.0",
                "id": "4711",
                "source": "https://vdab.example/trajectories",
                "type": "vdab.v1.dossiers.handovers.notify.accepted",
                "subject": "01a2039f-8f32-7d21-ab59-99e3cbca2aa3",
                "time": "2026-11-03T09:30:00+01:00",
                "datacontenttype": "application/json",
                "sequence": "0000000007",
                "data": {"step": {"counsellor": "vdab.bemiddelaar-1", "reachedBy": "phone"}},
            }
        },
    )
    specversion: str = Field(pattern=r"^1\.0$")
    id: str = Field(min_length=1)
    source: str = Field(min_length=1)
    type: str = Field(min_length=1)
    subject: str | None = None
    time: datetime | None = None
    datacontenttype: str | None = None
    sequence: str | None = None
    correlationid: str | None = None
    data: dict[str, Any] | str | None = None


class EventProblem(View):
    """Why an event was not recorded."""

    type: str
    title: str
    status: int
    detail: str
    issues: list[dict[str, Any]] | None = None


class Taken(View):
    """What became of one event. `status` as HTTP would say it; `retry`: another must come first, send it again."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        json_schema_extra={
            "example": {
                "id": "4711",
                "status": 201,
                "dossierId": "01a2039f-8f32-7d21-ab59-99e3cbca2aa3",
                "eventId": "01a203a0-1c55-7b0e-9d3a-5c1f3a8d2b10",
                "threadId": "01a203a0-1c55-7b0e-9d3a-5c1f3a8d2b10",
            }
        },
    )
    id: str
    status: int
    repeated: bool | None = None
    dossier_id: str | None = None
    event_id: str | None = None
    thread_id: str | None = None
    retry: bool | None = None
    problem: EventProblem | None = None


class TakenEvents(View):
    """What became of each event of a batch, in the order in which they were sent."""

    items: list[Taken]
    self: str
