"""The modules of static/js leave as two files: all of them, what is imported before who imports it."""

from __future__ import annotations

import re

import pytest
from sqlalchemy.orm import Session

from app.web.scripts import FIRST, FIRST_MODULES, LATER, NotUnderstood, script, script_digest, together
from tests.factories import make_brand, make_user
from tests.support.pages import PageClient
from tests.support.signing_in import sign_in


def test_all_modules_are_in_one_of_them_after_what_they_import() -> None:
    first, later = script(FIRST), script(LATER)
    places = [first.index(f'parts["{name}"] = ') for name in ("lib/http.js", "lib/refresh.js", "main.js")]
    assert places == sorted(places)
    assert later.index('parts["lib/rich.js"] = ') < later.index('parts["modules/composer.js"] = ')
    built = re.findall(r'^parts\["([\w/.-]+)"\] = ', first + later, re.MULTILINE)
    assert len(built) == len(set(built)) > 50
    for text in (first, later):
        for other in ("\nimport ", "\nexport const", "api-docs", "field/"):
            assert other not in text
    assert f"../later/{script_digest(LATER)}.js" in first


def test_the_list_of_the_inbox_needs_the_first_alone(page_client: PageClient, db_session: Session) -> None:
    alice = make_user(db_session, "Alice", brands=(make_brand(db_session),))
    db_session.commit()
    client = page_client.plain
    sign_in(client, db_session, alice)
    text = client.get("/inbox").text
    asked = {name for names in re.findall(r'data-module="([^"]*)"', text) for name in names.split()}
    assert {"thread-list", "menu"} <= asked <= set(FIRST_MODULES)
    assert re.findall(r"/(?:scripts|styles)/(\w+)/", text) == ["first", "first"]
    assert re.findall(r"/(?:scripts|styles)/(\w+)/", client.get("/contacts").text) == ["first", "later", "later", "first"]
    for path in re.findall(r'"(/(?:scripts|styles)/later/[^"]+)"', client.get("/contacts").text):
        assert client.get(path).status_code == 200
        assert client.get(path.replace("later", "other")).status_code == 404


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
