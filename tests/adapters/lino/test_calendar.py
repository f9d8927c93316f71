"""The calendar is read as often as leaves the Lino free for those who work in it."""

import pytest

from handover.adapters.kit.adapter import Away
from handover.adapters.lino.calendar import SHARE, Calendar, KeptCalendar

EMPTY = Calendar(entries=(), presences=(), rejects=(), rows_read={})


class Lino:
    """Takes `seconds` for its calendar, on a clock of its own."""

    def __init__(self, seconds: float) -> None:
        self.now, self.seconds, self.read, self.away = 1000.0, seconds, 0, False
        self.kept = KeptCalendar(lambda: self.now)

    async def answer(self) -> Calendar:
        self.read += 1
        self.now += self.seconds
        if self.away:
            raise Away
        return EMPTY

    async def ask_for(self, seconds: float, *, every: float) -> None:
        """Ask again and again, for so long."""
        until = self.now + seconds
        while self.now < until:
            asked = self.now
            assert await self.kept.get(self.answer) is EMPTY
            self.now = max(self.now, asked + every)


async def test_a_small_one_is_read_every_time() -> None:
    lino = Lino(seconds=0.5)
    await lino.ask_for(600, every=60)
    assert lino.read == 10


@pytest.mark.parametrize("seconds", [10.0, 60.0, 900.0])
async def test_a_large_one_takes_no_more_than_its_share(seconds: float) -> None:
    lino = Lino(seconds)
    await lino.ask_for(86400, every=60)
    assert lino.read * seconds <= 86400 * SHARE + seconds
    assert lino.read * seconds > 86400 * SHARE * 0.6, "nor much less often than that"


async def test_what_could_not_be_read_is_read_the_next_time() -> None:
    lino = Lino(seconds=20)
    assert await lino.kept.get(lino.answer) is EMPTY
    lino.now += 300
    lino.away = True
    with pytest.raises(Away):
        await lino.kept.get(lino.answer)
    lino.away = False
    assert await lino.kept.get(lino.answer) is EMPTY
    assert lino.read == 3
