"""How long a search takes tells nothing: of a client whom others know it takes as long as of one whom nobody knows."""

import statistics
import time
from uuid import UUID

import pytest

from handover.platform.walls import asking_for
from handover.record.sealing import DossierKey, Sealer
from tests.instance import Instance, number

KNOWN, UNKNOWN = range(700, 720), range(720, 740)
_ROUNDS = 15


async def _open(api: Instance) -> None:
    for n in KNOWN:
        await api.party("ocmw-lindedal").open(ssin=number(n))


async def test_a_search_among_others_takes_as_long_as_among_none(api: Instance) -> None:
    await _open(api)
    vdab = api.party("vdab")

    async def asked(n: int) -> float:
        began = time.perf_counter()
        answer = await vdab.post("/v1/dossiers/search", {"ssin": number(n)})
        took = time.perf_counter() - began
        assert answer.json()["items"] == []
        return took

    for n in (*KNOWN, *UNKNOWN):
        await asked(n)  # the first of each prepares and caches
    known, unknown = list[float](), list[float]()
    for _ in range(_ROUNDS):
        for one, other in zip(KNOWN, UNKNOWN, strict=True):
            known.append(await asked(one))
            unknown.append(await asked(other))
    here, there = statistics.median(known) * 1000, statistics.median(unknown) * 1000
    spread = statistics.quantiles(unknown, n=4)
    within = (spread[2] - spread[0]) * 1000
    print(f"\nsearch: known to others {here:.3f} ms, to nobody {there:.3f} ms, middle half {within:.3f} ms wide")  # noqa: T201
    assert abs(here - there) < max(within, 0.1 * there), "the difference stands out of what varies anyway"


async def test_a_dossier_of_others_is_not_opened(api: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    """Opening it is what would take time."""
    await _open(api)
    opened, unseal = list[object](), Sealer.dossier

    def counted(self: Sealer, dossier_id: UUID, keys: bytes | None) -> DossierKey:
        opened.append(dossier_id)
        return unseal(self, dossier_id, keys)

    monkeypatch.setattr(Sealer, "dossier", counted)
    reader = api.services.reader
    with asking_for(["vdab"]):
        assert await reader.find_own(number(KNOWN[0])) is None
        assert await reader.find_own(number(UNKNOWN[0])) is None
    assert opened == []
    with asking_for(["ocmw-lindedal"]):
        assert await reader.find_own(number(KNOWN[0])) is not None
    assert len(opened) == 1
