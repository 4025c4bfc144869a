"""Bundle the modules of `static/js` into two files, once for each process, without a build step.

A bundle is the text of its modules without comments. Each module becomes a function and comes after the modules it imports.
This works only if all modules are written alike: `import { names } from "./file.js";` on a line of its own, `export` before
a function or a constant, no import cycles. Anything else raises `NotUnderstood`.

Modules outside `lib` and `modules` are not bundled: those of the technicians' pages, which work offline (`static/js/field`),
and that of the API page.

The first file has what the list of the inbox needs. The second is loaded with an open thread or a page outside the inbox
(`templates/base.html`), otherwise as soon as the user moves the pointer or presses a key.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
from functools import lru_cache
from graphlib import TopologicalSorter
from pathlib import Path

from flask import Flask, Response, abort

SCRIPTS = Path(__file__).parent.parent.parent / "static" / "js"
MAIN = "main.js"
BESIDE_IT = ("lib", "modules")
DYNAMIC = "import(`./modules/${name}.js`)"
FIRST, LATER = "first", "later"
FIRST_MODULES = (
    "bulk",
    "bulk-close",
    "dialog-open",
    "field-button",
    "leaving",
    "menu",
    "menu-filter",
    "modal",
    "more-link",
    "more-rows",
    "palette",
    "preview",
    "search-suggestions",
    "tag-menu",
    "task-inbox",
    "thread-list",
    "toast",
    "view-counts",
    "view-order",
)
_HEAD = """const parts = {};
let coming = null;
const fetched = () => import("../later/DIGEST.js").then((later) => later.default(parts));
const rest = () => coming ??= fetched().catch((error) => { coming = null; throw error; });
const part = async (name) => parts[name] ?? rest().then(() => parts[name]);
const warm = () => rest().catch(() => {});
for (const sign of ["pointermove", "pointerdown", "keydown"]) addEventListener(sign, warm, { once: true, passive: true });
"""
_COMMENT = re.compile(r"(?m)^ *//.*\n")
_IMPORT = re.compile(r'(?m)^import (\{[^{}]*\}) from "([./a-z-]+)";$')
_EXPORT = re.compile(r"(?m)^export (default )?(async function|function|const) (\w+)")
_LEFT = re.compile(r"(?m)^(?:import|export)\b.*|\bimport\(.*")


class NotUnderstood(ValueError):
    """Raised when a module is not written in the way that bundling needs. The text says what is wrong."""


def init_app(app: Flask) -> None:
    app.add_url_rule("/scripts/<part>/<digest>.js", "scripts", scripts)


def scripts(part: str, digest: str) -> Response:
    """Serve one of the two scripts (`part`: first or later) that `templates/base.html` loads. `digest` only makes the URL
    change."""
    if part not in (FIRST, LATER):
        abort(404)
    response = Response(script(part), mimetype="text/javascript")
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


@lru_cache(maxsize=2)
def script_digest(part: str) -> str:
    """Return a digest of a script, 12 hex digits, for its URL."""
    return hashlib.sha256(script(part).encode()).hexdigest()[:12]


@lru_cache(maxsize=2)
def script(part: str) -> str:
    """Return the modules of a part (first or later) as one script. A module comes after the modules it imports."""
    texts, needs = _modules()
    first = _all_needed([MAIN, *(f"modules/{name}.js" for name in FIRST_MODULES)], needs)
    roots = needs | {MAIN: [*needs[MAIN], *(name for name in texts if name.startswith("modules/"))]}
    names = [name for name in TopologicalSorter(roots).static_order() if (name in first) == (part == FIRST)]
    text = "".join(together(name, texts[name]) for name in names)
    if part == FIRST:
        return _HEAD.replace("DIGEST", script_digest(LATER)) + text
    return f"export default function later(parts) {{\n{text}}}\n"


def _modules() -> tuple[dict[str, str], dict[str, list[str]]]:
    """Return two dicts by module name: the text of every module, and the names of the modules it imports."""
    found = (path.relative_to(SCRIPTS).as_posix() for folder in BESIDE_IT for path in sorted((SCRIPTS / folder).glob("*.js")))
    texts = {name: (SCRIPTS / name).read_text() for name in (*found, MAIN)}
    return texts, {name: [_found(name, where) for _names, where in _IMPORT.findall(text)] for name, text in texts.items()}


def _all_needed(names: list[str], needs: dict[str, list[str]]) -> set[str]:
    needed: set[str] = set()
    while names:
        if (name := names.pop()) not in needed:
            needed.add(name)
            names += needs[name]
    return needed


def together(name: str, text: str) -> str:
    """Return the text of a module as a function call that puts its exports into `parts`. Raises NotUnderstood."""
    text = _COMMENT.sub("", text).replace(DYNAMIC, "part(`modules/${name}.js`)")
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
