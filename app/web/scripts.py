"""The modules of static/js as one file, put together once for each process: one request, and no build step.

What a browser gets is what stands in the files, line by line, without comments: each module in a function of its own, what it
imports before it. That works because all of them are written alike: `import { names } from "./file.js";` on a line of its own,
`export` before a function or a constant, no circle. `NotUnderstood` says where that is not so. What is not in `lib` or `modules`
is loaded by itself: the pages of technicians, which work without a line (static/js/field), and the one of the API.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
from functools import lru_cache
from graphlib import TopologicalSorter
from pathlib import Path

from flask import Flask, Response

SCRIPTS = Path(__file__).parent.parent.parent / "static" / "js"
MAIN = "main.js"
BESIDE_IT = ("lib", "modules")
DYNAMIC = "import(`./modules/${name}.js`)"
_COMMENT = re.compile(r"(?m)^ *//.*\n")
_IMPORT = re.compile(r'(?m)^import (\{[^{}]*\}) from "([./a-z-]+)";$')
_EXPORT = re.compile(r"(?m)^export (default )?(async function|function|const) (\w+)")
_LEFT = re.compile(r"(?m)^(?:import|export)\b.*|\bimport\(.*")


class NotUnderstood(ValueError):
    """A module is not written as those that can be put together are."""


def init_app(app: Flask) -> None:
    app.add_url_rule("/scripts/<digest>.js", "scripts", scripts)


def scripts(digest: str) -> Response:
    """The one script of every page of the frame (templates/base.html)."""
    response = Response(script(), mimetype="text/javascript")
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


@lru_cache(maxsize=1)
def script_digest() -> str:
    """Changes with the content."""
    return hashlib.sha256(script().encode()).hexdigest()[:12]


@lru_cache(maxsize=1)
def script() -> str:
    """All modules as one, those that others import first."""
    found = (path.relative_to(SCRIPTS).as_posix() for folder in BESIDE_IT for path in sorted((SCRIPTS / folder).glob("*.js")))
    texts = {name: (SCRIPTS / name).read_text() for name in (*found, MAIN)}
    needs = {name: [_found(name, where) for _names, where in _IMPORT.findall(text)] for name, text in texts.items()}
    on_demand = [name for name in texts if name.startswith("modules/")]
    order = TopologicalSorter(needs | {MAIN: [*needs[MAIN], *on_demand]}).static_order()
    return "const parts = {};\n" + "".join(together(name, texts[name]) for name in order)


def together(name: str, text: str) -> str:
    """One module as a function that leaves what it exports in `parts`; raises NotUnderstood."""
    text = _COMMENT.sub("", text).replace(DYNAMIC, "parts[`modules/${name}.js`]")
    text = _IMPORT.sub(lambda found: f'const {_renamed(found[1])} = parts["{_found(name, found[2])}"];', text)
    exported = [f"default: {own}" if default else own for default, _kind, own in _EXPORT.findall(text)]
    text = _EXPORT.sub(r"\2 \3", text)
    if left := _LEFT.search(text):
        raise NotUnderstood(f"static/js/{name}: {left[0]!r} is no import or export that app/web/scripts.py understands")
    return f'parts["{name}"] = (() => {{ // {name}\n{text}return {{ {", ".join(exported)} }};\n}})();\n'


def _found(name: str, where: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), where))


def _renamed(names: str) -> str:
    return re.sub(r"\b(\w+) as (\w+)", r"\1: \2", names)
