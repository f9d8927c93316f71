"""Notes behave; mistakes that are easily made in writing them are noticed."""

from collections.abc import Collection, Mapping

import pytest
from tests.adapters import filing
from tests.adapters.filing import CHECKS, Cabinet, Check, Conversation, Desk
from tests.instance import Instance

from handover.adapters.kit.adapter import AdapterError
from handover.adapters.kit.filing import Filed, Note


class Forgetful(Conversation):
    """Mistake 1: does not look before it writes."""

    async def find(self, client: int, references: Collection[str]) -> Mapping[str, Filed]:
        found = await super().find(client, references)
        return {} if len(references) == 1 else found


class Swallowing(Conversation):
    """Mistake 2: takes whatever goes wrong for an answer."""

    async def write(self, client: int, note: Note) -> None:
        try:
            await super().write(client, note)
        except AdapterError:
            return


class Obliging(Conversation):
    """Mistake 3: makes a file where there is none."""

    async def find(self, client: int, references: Collection[str]) -> Mapping[str, Filed]:
        self.cabinet.files.setdefault(client, [])
        return await super().find(client, references)


class Tidy(Conversation):
    """Mistake 4: takes away what was a mistake."""

    async def amend(self, client: int, filed: Filed, note: Note) -> None:
        await super().amend(client, filed, note)
        self.cabinet.files[client].pop(filed.key)


class Monolingual(Conversation):
    """Mistake 5: does not ask who reads it."""

    async def language(self, organisation_id: str, counsellor_id: str) -> str:
        await super().language(organisation_id, counsellor_id)
        return "nl"


MISTAKES: dict[type[Conversation], Check] = {
    Forgetful: filing.doubles_nothing_when_an_answer_is_lost,
    Swallowing: filing.doubles_nothing_when_an_answer_is_lost,
    Obliging: filing.tells_what_it_cannot_place,
    Tidy: filing.heads_what_was_a_mistake,
    Monolingual: filing.speaks_the_readers_language,
}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_notes_behave(api: Instance, check: Check) -> None:
    await check(Desk(api, Cabinet()))


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.__name__)
async def test_a_mistake_is_noticed(api: Instance, mistake: type[Conversation]) -> None:
    with pytest.raises(AssertionError):
        await MISTAKES[mistake](Desk(api, Cabinet(), mistake))
