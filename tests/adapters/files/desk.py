"""A desk at an OCMW: somebody keeps a list in a workbook, and what can happen to it there."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from tests.adapters.files.sheets import CLIENTS, STEPS, client, step, workbook_of
from tests.instance import number

from handover.adapters.files.adapter import FileAt

_LOCKED = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1000)


@dataclass
class Desk:
    """The hands of the behaviour suite on a file. Away is a file that is gone; refusing one is locked."""

    path: Path
    clients: int = 0
    changed: dict[int, int] = field(default_factory=dict)
    spoiled: set[int] = field(default_factory=set)

    @property
    def settings(self) -> FileAt:
        return FileAt(str(self.path))

    async def have(self, clients: int) -> None:
        self.clients = clients
        self.save()

    async def change(self, client: int, times: int = 1) -> None:
        self.changed[client] = times
        self.save()

    async def change_back(self, client: int) -> None:
        self.changed.pop(client)
        self.save()

    async def spoil(self, client: int) -> None:
        self.spoiled.add(client)
        self.save()

    async def mend(self, client: int) -> None:
        self.spoiled.discard(client)
        self.save()

    async def end_session(self) -> None:
        """A file has none; somebody saves it anew, with its rows in another order."""
        self.save(backwards=True)

    async def go_away(self) -> None:
        self.path.unlink()

    async def come_back(self) -> None:
        self.save()

    async def refuse(self) -> None:
        self.path.write_bytes(_LOCKED)

    def personal(self) -> list[str]:
        numbers = [number(n) for n in range(1, self.clients + 1)]
        return ["Voorbeeld", *(f"Cliënt {n}" for n in range(1, self.clients + 1)), *numbers]

    def save(self, *, backwards: bool = False) -> None:
        numbers = list(range(1, self.clients + 1))
        clients = [self._client(n) for n in numbers]
        steps = [row for n in numbers for row in self._steps(n)]
        if backwards:
            clients.reverse()
            steps.reverse()
        self.path.write_bytes(workbook_of({"Cliënten": [CLIENTS, *clients], "Stappen": [STEPS, *steps]}))

    def _client(self, n: int) -> list[str]:
        spoiled = {"Geboortedatum": "onbekend"} if n in self.spoiled else {}
        return client(n, **{"Referentie cliënt": str(n)}, **spoiled)

    def _steps(self, n: int) -> list[list[str]]:
        end = date(2027, 3, 31) + timedelta(days=30 * self.changed.get(n, 0))
        own = {"Referentie cliënt": str(n)}
        past = {"Referentie stap": "C1", "Soort": "art60", "Begin": "01/01/2026", "Einde": "30/06/2026"}
        return [step(n, **own, Einde=f"{end:%d/%m/%Y}"), step(n, **own, **past)]
