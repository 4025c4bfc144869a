"""The modules of static/js leave as one file: all of them, what is imported before who imports it."""

from __future__ import annotations

import pytest

from app.web.scripts import NotUnderstood, script, together


def test_all_modules_are_in_it_after_what_they_import() -> None:
    text = script()
    places = {name: text.index(f'parts["{name}"] = ') for name in ("lib/http.js", "modules/composer.js", "main.js")}
    assert places["lib/http.js"] < places["modules/composer.js"] < places["main.js"]
    for other in ("\nimport ", "\nexport ", "api-docs", "field/"):
        assert other not in text


def test_a_module_becomes_a_function_that_leaves_what_it_exports() -> None:
    text = (
        '// Why.\nimport { a, b as c } from "../lib/x.js";\n'
        "export default function y() { return a; }\nexport const z = () => c;\n"
    )
    assert together("modules/y.js", text) == (
        'parts["modules/y.js"] = (() => { // modules/y.js\n'
        'const { a, b: c } = parts["lib/x.js"];\n'
        "function y() { return a; }\n"
        "const z = () => c;\n"
        "return { default: y, z };\n"
        "})();\n"
    )


@pytest.mark.parametrize("line", ['import x from "./x.js";', "export { x };", 'const x = import("./x.js");', "export let x = 1;"])
def test_what_is_not_read_is_named(line: str) -> None:
    with pytest.raises(NotUnderstood, match=r"static/js/lib/y\.js"):
        together("lib/y.js", f"{line}\n")
