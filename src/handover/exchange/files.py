"""What must be known before a file is understood: whose dossiers the organisation is in, and who works there."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Final

from handover.adapters.files.inbound import Known
from handover.domain.parties import Directory
from handover.record.reading import Reader

_AT_ONCE: Final = 4


async def known_clients(reader: Reader, organisation_id: str, ssins: Sequence[str]) -> dict[str, Known]:
    """Give the dossiers that the organisation is or was in, by the national number under which they were asked for."""
    room, found = asyncio.Semaphore(_AT_ONCE), dict[str, Known]()

    async def look(ssin: str) -> None:
        async with room:
            own = await reader.find_own(ssin)
        if own is None:
            return
        dossier, number = own
        if any(i.organisation == organisation_id for i in dossier.inscriptions):
            follows = dossier.inscription_of(organisation_id) is not None
            found[ssin] = Known(dossier, follows=follows, replaced=number != ssin)

    async with asyncio.TaskGroup() as looking:
        for ssin in ssins:
            looking.create_task(look(ssin))
    return found


def counsellor_names(directory: Directory, organisation_id: str) -> dict[str, str]:
    """Give the counsellor for each way in which a file may name one: identifier, its last part, email, or name.

    A way that fits two people names nobody.
    """
    ways: list[tuple[str, str]] = []
    for one in directory.counsellors_of(organisation_id):
        names = {one.counsellor_id, one.counsellor_id.partition(".")[2], one.email, one.name}
        ways += [(name.strip().casefold(), one.counsellor_id) for name in names if name.strip()]
    often = Counter(way for way, _ in ways)
    return {way: counsellor_id for way, counsellor_id in ways if often[way] == 1}
