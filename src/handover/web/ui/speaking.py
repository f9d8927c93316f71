"""The language that someone chose for good, taken up by the browser where they sign in."""

from starlette.responses import Response

from handover.platform.walls import ask_for
from handover.web.needs import Services
from handover.web.ui.pages import keep_language
from handover.web.ui.words import Language


async def speak_as_chosen(services: Services, response: Response, organisation: str, counsellor_id: str) -> None:
    """Let the browser speak the language that this counsellor chose, if they did: someone else's may be set."""
    ask_for(organisation)
    kept = await services.preferences.of(organisation, counsellor_id)
    if kept and kept.language in set(Language):
        keep_language(response, Language(kept.language))
