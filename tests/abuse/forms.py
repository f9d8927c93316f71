"""Every form in which a text could lie about: plain, formatted, in base64 at each alignment, in hexadecimal."""

import base64
import hashlib
import re


def forms(canary: str) -> dict[str, bytes]:
    """Give the needles for a canary by what they are; a national number also as people write it."""
    found = {"plain": canary.encode()}
    if re.fullmatch(r"\d{11}", canary):
        dotted = f"{canary[:2]}.{canary[2:4]}.{canary[4:6]}-{canary[6:9]}.{canary[9:]}"
        found |= {
            "formatted": dotted.encode(),
            "spaced": dotted.replace(".", " ").replace("-", " ").encode(),
            "hash": hashlib.sha256(canary.encode()).hexdigest().encode(),
        }
    for name, needle in list(found.items()):
        found[f"{name} in hex"] = needle.hex().encode()
        for shift in range(3):
            encoded = base64.b64encode(b"\0" * shift + needle)
            # The first and last characters of the run also hold bits of their neighbours.
            found[f"{name} in base64, shifted {shift}"] = encoded[-(-shift * 8 // 6) :].rstrip(b"=")[
                : len(needle) * 8 // 6 - 1
            ]
    return found


def leaks(content: bytes, canaries: dict[str, str]) -> list[str]:
    """Name each canary and form that stands in some content."""
    folded = content.lower()
    return [
        f"{name}, {form}"
        for name, canary in canaries.items()
        for form, needle in forms(canary).items()
        if (needle in content if "base64" in form else needle.lower() in folded)
    ]
