"""The field's words explained: a page with all of them, and beside a form the ones that stand there.

A word is found in our own sentences by the patterns of its language (`glossary.*.match`), never in what people typed.
"""

import re
from collections.abc import Iterator
from functools import cache

from fastapi import APIRouter
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from handover.web.ui.pages import Page
from handover.web.ui.screens import Screen
from handover.web.ui.session import visitor
from handover.web.ui.words import WORDS, Language, Words

router = APIRouter(route_class=Screen)

_NAME = re.compile(r"glossary\.(\w+)\.name")
_WORD = Markup(
    '<button class="term" type="button" popovertarget="{id}">{word}</button>'
    '<span class="term-text" id="{id}" popover>{text} <a href="/glossary#{key}">{all}</a></span>'
)


@cache
def terms(language: Language) -> tuple[str, ...]:
    """Give the keys of the words that are explained, in the order of the alphabet of that language."""
    t = WORDS[language]
    found = [match[1] for key in t if (match := _NAME.fullmatch(key))]
    return tuple(sorted(found, key=lambda key: str(t(f"glossary.{key}.name")).casefold()))


@cache
def _patterns(language: Language) -> tuple[tuple[str, re.Pattern[str]], ...]:
    t = WORDS[language]
    return tuple(
        (key, re.compile(rf"(?<!\w)(?:{t(f'glossary.{key}.match')})(?!\w)", re.IGNORECASE)) for key in terms(language)
    )


def _found(t: Words, text: str) -> Iterator[tuple[int, int, str]]:
    """Give where explained words stand in a sentence, each word once, from left to right; no two overlap."""
    marks = sorted((m.start(), -m.end(), key) for key, pattern in _patterns(t.language) if (m := pattern.search(text)))
    reached = 0
    for start, minus_end, key in marks:
        if start >= reached:
            reached = -minus_end
            yield start, reached, key


def explained(t: Words, label: str, help_text: str, within: str) -> Markup:
    """Give a field's help with its words explained, and after it the words that stand in the label alone.

    `within` is the id of the field: each explanation has an id of its own in the page.
    """
    parts, at, told = [], 0, set[str]()
    # A sentence of ours may hold markup; then it stays as it is.
    for start, end, key in _found(t, help_text) if "<" not in help_text else ():
        parts += [Markup(help_text[at:start]), _word(t, key, help_text[start:end], within)]  # noqa: S704 - our sentence
        told.add(key)
        at = end
    parts.append(Markup(help_text[at:]))  # noqa: S704 - our sentence, marked as such before
    for start, end, key in _found(t, label):
        if key not in told:
            word = _word(t, key, _in_a_sentence(t, str(label[start:end])), within)
            parts += [Markup(" ") if any(parts) else Markup(""), t("glossary.what_is", term=word)]
    return Markup("").join(parts)


def _in_a_sentence(t: Words, word: str) -> str:
    """A word at the start of a label has a capital there only; German nouns and shortenings keep theirs."""
    return word if word.isupper() or t.language is Language.DE else word[:1].lower() + word[1:]


def _word(t: Words, key: str, word: str, within: str) -> Markup:
    return _WORD.format(
        id=f"{within}-term-{key}",
        word=word,
        text=t(f"glossary.{key}.text"),
        key=key,
        all=t("glossary.all"),
    )


@router.get("/glossary")
async def glossary_page(request: Request) -> Response:
    """Show all words with what they mean; for anyone."""
    page = Page(request, await visitor(request))
    t = page.t
    words = [(key, t(f"glossary.{key}.name"), t(f"glossary.{key}.text")) for key in terms(t.language)]
    return page.show("glossary.html", words=words)
