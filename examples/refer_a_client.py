"""An OCMW's software refers a client to VDAB and follows what becomes of it, with `handover.client`.

    HANDOVER_TOKEN=... python refer_a_client.py [CASE]

Its Idempotency-Keys follow from the number of the CASE, as your own system has it: stop it where you like and start it
again, and the client is referred once.
"""

import asyncio
import os
import sys
from datetime import date
from zoneinfo import ZoneInfo

from handover.client import Client, Problem
from handover.client.answers import Events, ThreadState
from handover.client.bodies import DossierOpening
from handover.client.steps import HandoverRequested

BRUSSELS = ZoneInfo("Europe/Brussels")
CASE = sys.argv[1] if len(sys.argv) > 1 else "4711"
OPENING = DossierOpening(
    ssin=os.environ.get("HANDOVER_SSIN", "80010100107"),
    given_name="Voorbeeld",
    family_name="Een",
    birth_date=date(1980, 1, 1),
    target_group="livingWage",
    capacity="livingWage",
    legal_basis_id="demo-protocol",
)
REFERRAL = HandoverRequested(
    receiver="vdab",
    purpose="guidanceToWork",
    summary="Wil als magazijnier werken, heeft een heftruckattest.",
    contact="ocmw-lindedal.trajectbegeleider-1",
    legal_basis_id="demo-protocol",
    open_barriers=["childcare"],
)


async def refer(client: Client) -> Events:
    """Open the client's dossier, or join it, and refer."""
    dossier = await client.open_dossier(OPENING, key=f"{CASE}-open")
    print(f"dossier {dossier.dossier_id} at version {dossier.version}")
    return await client.post_event(dossier.dossier_id, REFERRAL, key=f"{CASE}-refer")


def whose_turn(thread: ThreadState) -> str:
    """Say who is to act, and until when."""
    if thread.turn is None:
        return "nobody has to do anything"
    who = thread.turn.counsellor or thread.turn.team or thread.turn.organisation
    return f"{who} has the turn" + (
        f" until {thread.due_at.astimezone(BRUSSELS):%d/%m/%Y %H:%M}" if thread.due_at else ""
    )


async def main() -> int:
    """Refer, and follow the referral until VDAB has decided."""
    url = os.environ.get("HANDOVER_URL", "http://127.0.0.1:8000")
    async with Client(url, os.environ["HANDOVER_TOKEN"]) as client:
        try:
            requested = (await refer(client)).items[0]
        except Problem as problem:
            print(problem)  # what is wrong with the input, field by field
            return 1
        async for event in client.stream_feed():  # a real system begins after the cursor that it kept
            for thread in event.threads:
                if thread.thread_id == requested.thread_id:
                    print(f"{event.type} by {event.actor.name}: {thread.status}, {whose_turn(thread)}", flush=True)
                    if thread.status in {"accepted", "rejected", "cancelled"}:
                        return 0
    return 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
