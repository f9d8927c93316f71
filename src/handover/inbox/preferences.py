"""What a counsellor wants to hear outside the screens, and in which language."""

from dataclasses import dataclass
from datetime import date, datetime

from handover.platform.walls import Database

FIRST_HOUR, LAST_HOUR, USUAL_HOUR = 7, 18, 8
"""Between which hours one may ask for the daily mail, and the one that is offered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preference:
    """One counsellor's wishes. `mail_from`: the first day of which they get a summary."""

    language: str
    daily_mail: bool
    mail_hour: int
    mail_from: date


class Preferences:
    """Reads and keeps them."""

    def __init__(self, pool: Database) -> None:
        self._pool = pool

    async def of(self, organisation: str, counsellor_id: str) -> Preference | None:
        """Give what a counsellor chose; None for who chose nothing yet."""
        row = await self._pool.fetchrow(
            """
            SELECT language, daily_mail, mail_hour, mail_from FROM notice_preference
            WHERE organisation_id = $1 AND counsellor_id = $2
            """,
            organisation,
            counsellor_id,
        )
        return Preference(**row) if row else None

    async def keep(self, organisation: str, counsellor_id: str, wanted: Preference, *, at: datetime) -> None:
        """Keep what was chosen. `mail_from` counts where the daily mail was not on before."""
        await self._pool.execute(
            """
            INSERT INTO notice_preference AS p
                (organisation_id, counsellor_id, language, daily_mail, mail_hour, mail_from, changed_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7)
            ON CONFLICT (organisation_id, counsellor_id) DO UPDATE SET
                language = excluded.language, daily_mail = excluded.daily_mail, mail_hour = excluded.mail_hour,
                mail_from = CASE WHEN p.daily_mail THEN p.mail_from ELSE excluded.mail_from END,
                changed_at = excluded.changed_at
            """,
            organisation,
            counsellor_id,
            wanted.language,
            wanted.daily_mail,
            wanted.mail_hour,
            wanted.mail_from,
            at,
        )
