"""`make client`: the models of the Python client and the types of the TypeScript one, from openapi/handover-v1.json.

What is written is meant to be read: one class for each schema, under its name in the document. Answers hold codes as
plain text, so that a code that is added later can be read; what is sent holds them as literals, so that a mistake is
seen while typing.
"""

import argparse
import json
import keyword
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "openapi" / "handover-v1.json"
PACKAGE = ROOT / "src" / "handover" / "client"
NODE = ROOT / "tests" / "node"
TYPESCRIPT = ROOT / "examples" / "typescript" / "handover.d.ts"
PREFIX = "#/components/schemas/"
WIDTH = 120
Schema = Mapping[str, Any]

_NAMES = {"in": "where", "self": "here"}
"""What cannot be the name of a field in Python, or misleads there."""
_PLAIN = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}
_FORMATS = {"date": "date", "date-time": "datetime"}
_SAID = "Written by `make client` from openapi/handover-v1.json; do not change it by hand."


def main() -> int:
    """Write, or with --check say what is not as the document says."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a Python file differs")
    if parser.parse_args().check:
        stale = [name for name, text in python(document()).items() if (PACKAGE / name).read_text("utf-8") != text]
        if stale:
            print(f"Not as the document says: {', '.join(stale)}. Run `make client` and commit the result.")  # noqa: T201
        return 1 if stale else 0
    for name, text in python(document()).items():
        (PACKAGE / name).write_text(text, "utf-8")
    TYPESCRIPT.write_text(typescript(), "utf-8")
    return 0


def document() -> dict[str, Any]:
    """Give the committed document."""
    found: dict[str, Any] = json.loads(DOCUMENT.read_text("utf-8"))
    return found


def typescript(described: Path = DOCUMENT) -> str:
    """Give the types that openapi-typescript makes of a document."""
    program = NODE / "node_modules" / "openapi-typescript" / "bin" / "cli.js"
    done = subprocess.run(["node", program, described], check=True, capture_output=True, text=True, cwd=NODE)  # noqa: S607
    return done.stdout


def python(described: Schema) -> dict[str, str]:
    """Give each file's name and text."""
    schemas = described["components"]["schemas"]
    answers, bodies = _answered(described), _sent(described)
    posted = {
        name: schemas[_end(reference)]["properties"]["data"]
        for name, reference in schemas["PostedEvent"]["discriminator"]["mapping"].items()
    }
    types = {_end(data["$ref"]): name for name, data in posted.items()}
    steps = _closure(schemas, set(types))
    codes = {name for name in answers | bodies | steps if "enum" in schemas[name]}
    return {
        "codes.py": _codes({name: schemas[name] for name in sorted(codes)}),
        "answers.py": _file(
            "What the API answers. A field that is added to an answer later is passed over.",
            [_struct(name, schemas, sent=False) for name in _ordered(schemas, answers - codes)],
        ),
        "bodies.py": _file(
            "What the API is sent, beside steps.",
            [_struct(name, schemas, sent=True) for name in _ordered(schemas, bodies - codes)],
        ),
        "steps.py": _file(
            "Every step that can be posted: `await client.post_event(dossier_id, HandoverAccepted(...))`.",
            [
                _STEP,
                *(_struct(n, schemas, sent=True, posts=types.get(n, "")) for n in _ordered(schemas, steps - codes)),
            ],
        ),
    }


_STEP = '''class Step(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What any step is; `TYPE` is its type."""

    TYPE: ClassVar[str]'''


def _file(said: str, classes: Iterable[str]) -> str:
    text = "\n\n\n".join(classes) + "\n"
    hints = " ".join(re.findall(r"^    \w+: ([^#\n]*)", text, re.MULTILINE))
    lines = [f'"""{said}', "", _SAID, '"""', ""]
    for module, names in (("datetime", ("date", "datetime")), ("typing", ("Any", "ClassVar", "Literal"))):
        if used := [name for name in names if re.search(rf"\b{name}\b", hints)]:
            lines.append(f"from {module} import {', '.join(used)}")
    lines += ["", "import msgspec"]
    if "codes." in hints:
        lines += ["", "from handover.client import codes"]
    return "\n".join(lines) + "\n\n\n" + text


def _codes(schemas: Mapping[str, Schema]) -> str:
    lines = [f'"""The codes of the API; `GET /v1/refData` gives their words in four languages.\n\n{_SAID}\n"""', ""]
    lines += ["from typing import Literal", ""]
    for name, schema in schemas.items():
        values = [json.dumps(value) for value in schema["enum"]]
        line = f"{name} = Literal[{', '.join(values)}]"
        lines += [line] if len(line) <= WIDTH else [f"{name} = Literal[", *(f"    {value}," for value in values), "]"]
    return "\n".join(lines) + "\n"


def _struct(name: str, schemas: Mapping[str, Schema], *, sent: bool, posts: str = "") -> str:
    schema = schemas[name]
    base = "Step" if posts else "msgspec.Struct"
    options = ", frozen=True, kw_only=True" + ("" if posts else ', rename="camel"')
    options += ", omit_defaults=True" if sent and not posts else ""
    lines = [f"class {name}({base}{options}):", *_docstring(schema.get("description", ""), name)]
    fields = [_field(field, inner, schema, schemas, sent=sent) for field, inner in schema["properties"].items()]
    if posts:
        lines += ["", f'    TYPE: ClassVar[str] = "{posts}"']
    return "\n".join([*lines, "", *fields] if fields else lines)


def _docstring(text: str, name: str) -> Iterator[str]:
    summary, _, rest = " ".join(text.split()).partition(". ")
    summary = (summary or f"`{name}` of the description").rstrip(".") + "."
    if not rest:
        yield f'    """{summary}"""'
        return
    yield f'    """{summary}'
    yield ""
    yield from textwrap.wrap(rest, WIDTH, initial_indent="    ", subsequent_indent="    ", break_long_words=False)
    yield '    """'


def _field(name: str, inner: Schema, schema: Schema, schemas: Mapping[str, Schema], *, sent: bool) -> str:
    is_required = name in schema.get("required", ())
    hint, note = _hint(inner, schemas, sent=sent)
    python_name = snake(name)
    renamed = "" if _camel(python_name) == name else f'name="{name}"'
    if is_required:
        default = f" = msgspec.field({renamed})" if renamed else ""
    else:
        value = _default(inner, sent=sent)
        hint += " | None" if value == "None" else ""
        default = f" = msgspec.field({renamed}, default={value})" if renamed else f" = {value}"
    level = inner.get("x-visibility", "")
    note = note or (level if level in {"confidential", "internal"} else "")
    return f"    {python_name}: {hint}{default}" + (f"  # {note}" if note else "")


def _default(inner: Schema, *, sent: bool) -> str:
    if inner.get("type") == "array" and not sent:
        return "()"
    if inner.get("type") == "array" and inner.get("default") == []:
        return "[]"
    if inner.get("type") == "boolean" and not inner.get("default", False) and not (sent and "default" not in inner):
        return "False"
    return "None"


def _hint(  # noqa: PLR0911 - one return per form
    schema: Schema, schemas: Mapping[str, Schema], *, sent: bool
) -> tuple[str, str]:
    """Give the type of a field, and what is to be said beside it."""
    if "allOf" in schema:
        return _hint(schema["allOf"][0], schemas, sent=sent)
    if "$ref" in schema:
        name = _end(schema["$ref"])
        return _code(f"codes.{name}", f"codes.{name}", sent=sent) if "enum" in schemas[name] else (name, "")
    if "enum" in schema:
        values = ", ".join(schema["enum"])
        return _code(f"Literal[{json.dumps(schema['enum'])[1:-1]}]", values, sent=sent)
    match schema.get("type", "anyOf"):
        case "anyOf":
            return " | ".join(_hint(one, schemas, sent=sent)[0] for one in schema["anyOf"]), ""
        case "array":
            of, note = _hint(schema["items"], schemas, sent=sent)
            return (f"list[{of}]" if sent else f"tuple[{of}, ...]"), note
        case "object":
            given = schema.get("additionalProperties", True)
            of, note = ("Any", "") if given is True else _hint(given, schemas, sent=sent)
            return f"dict[str, {of}]", note
        case plain:
            return _FORMATS.get(schema.get("format", ""), _PLAIN[plain]), ""


def _code(literal: str, known: str, *, sent: bool) -> tuple[str, str]:
    return (literal, "") if sent else ("str", known)


def _answered(described: Schema) -> set[str]:
    """Give what an answer can hold."""
    found = set()
    for operation in _operations(described):
        for answer in operation["responses"].values():
            found |= set(_references(answer.get("content", {})))
    return _closure(described["components"]["schemas"], found)


def _sent(described: Schema) -> set[str]:
    """Give what a body or a parameter can hold, beside steps."""
    found = set()
    for operation in _operations(described):
        found |= set(_references([operation.get("requestBody", {}), operation.get("parameters", [])]))
    return _closure(described["components"]["schemas"], found - {"PostedEvent"})


def _operations(described: Schema) -> Iterator[Schema]:
    for path in described["paths"].values():
        yield from path.values()


def _closure(schemas: Mapping[str, Schema], names: set[str]) -> set[str]:
    found, left = set[str](), list(names)
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            left += _references(schemas[name])
    return found


def _ordered(schemas: Mapping[str, Schema], names: set[str]) -> list[str]:
    """Give the names so that each comes after those that it holds."""
    found = list[str]()

    def add(name: str) -> None:
        if name in names and name not in found:
            for other in _references(schemas[name]):
                add(other)
            found.append(name)

    for name in sorted(names):
        add(name)
    return found


def _references(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield _end(node["$ref"])
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for item in node:
            yield from _references(item)


def _end(reference: str) -> str:
    return reference.removeprefix(PREFIX)


def snake(name: str) -> str:
    """Give the Python name of a property or an operation."""
    found = re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()
    return _NAMES.get(found, f"{found}_" if keyword.iskeyword(found) else found)


def _camel(name: str) -> str:
    """Give what msgspec's `rename="camel"` makes of a name."""
    first, *others = name.split("_")
    return first + "".join(other.title() for other in others)


if __name__ == "__main__":
    sys.exit(main())
