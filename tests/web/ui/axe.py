"""axe-core in a page: what it finds against WCAG 2.2 AA and its best practices."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.async_api import Page

_SOURCE = Path(__file__).parents[2] / "node" / "node_modules" / "axe-core" / "axe.min.js"
TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
# Nothing is fetched beforehand: only what looks at audio and video would need it, and no page has any.
_RUN = """
async tags => {
  const found = await axe.run(document,
      {runOnly: {type: 'tag', values: tags}, resultTypes: ['violations'], preload: false});
  return found.violations.map(v => ({rule: v.id, help: v.help, impact: v.impact,
      nodes: v.nodes.map(n => ({where: n.target.join(' '), html: n.html.slice(0, 300),
                                why: [...n.any, ...n.all, ...n.none].map(c => c.message).join('; ')}))}));
}
"""


@dataclass(frozen=True, slots=True)
class Violation:
    """One element that breaks one rule."""

    rule: str
    where: str
    why: str
    html: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.where}\n    {self.why}\n    {self.html}"


async def violations(page: Page) -> list[Violation]:
    """Give what axe finds on the page as it stands, in the state in which it is."""
    # Not through a script element: a page's own policy allows none of others, and that is not what is tested here.
    if await page.evaluate("typeof window.axe") == "undefined":
        await page.evaluate(_SOURCE.read_text("utf-8"))
    found: list[dict[str, Any]] = await page.evaluate(_RUN, list(TAGS))
    return [
        Violation(rule["rule"], node["where"], f"{rule['help']}. {node['why']}", node["html"])
        for rule in found
        for node in rule["nodes"]
    ]
