"""Play what a customer does in a chat besides writing: react, edit, delete, quote, tap, change the number.

What a colleague or the provider does in a chat is played here as well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from app.contract.base import Json

EMOJI = "👍"


def newest(items: list[Json], direction: str) -> str:
    """Return the id of the newest of the chat's `items` in this direction ("from_customer" or "to_customer").

    Deleted and failed messages are left out. Return "" if there is none.
    """
    ids = [i["id"] for i in items if i["direction"] == direction and not i["is_deleted"] and i["ticks"] != "failed"]
    return str(ids[-1]) if ids else ""


def written(how: str, text: str, player: Mapping[str, str], items: list[Json]) -> Json | None:
    """Return the simulator's order for a text that answers our newest message, or that replaces the customer's newest one.

    `how` is "answer" or "edit". Return None if the text is a plain message.
    """
    base: Json = {"from": player["number"], "name": player["name"], "text": text}
    if how == "answer" and (target := newest(items, "to_customer")):
        return {**base, "kind": "message", "reply_to": target}
    if how == "edit" and (target := newest(items, "from_customer")):
        return {**base, "kind": "edit", "target": target}
    return None


def act(kind: str, values: Mapping[str, str], player: Mapping[str, str]) -> Json | None:
    """Return the order to the simulator for a pressed button. `kind` is the button, `player` the customer who is played.

    Return None if the kind is unknown.
    """
    make = _ACTS.get(kind)
    if make is None:
        return None
    number = {"phone_number_id": values["to"]} if values.get("to") else {}
    return {**number, **make(values, player)}


def _who(player: Mapping[str, str]) -> Json:
    return {"from": player["number"], "name": player["name"]}


def _template_news(field: str, values: Mapping[str, str], **more: str) -> Json:
    about = {"message_template_name": values.get("template", ""), "message_template_language": "nl"}
    return {"kind": "change", "field": field, "value": {**about, **more}}


_ACTS: dict[str, Callable[[Mapping[str, str], Mapping[str, str]], dict[str, Any]]] = {
    "react": lambda v, p: {**_who(p), "kind": "message", "type": "reaction", "reply_to": v["target"], "text": EMOJI},
    "unreact": lambda v, p: {**_who(p), "kind": "message", "type": "reaction", "reply_to": v["target"], "text": ""},
    "delete": lambda v, p: {**_who(p), "kind": "revoke", "target": v["target"]},
    "tap": lambda v, p: {**_who(p), "kind": "tap", "target": v["target"], "choice": v["choice"]},
    "change_number": lambda v, p: {**_who(p), "kind": "change_number", "to": v["number"]},
    "hide_number": lambda v, p: {**_who(p), "kind": "message", "text": v["text"], "username": v["name"], "hides_number": True},
    "echo": lambda v, p: {"kind": "echo", "to": p["number"], "text": v["text"]},
    "pause_template": lambda v, p: {"kind": "template", "name": v["template"], "language": "nl", "status": "PAUSED"},
    "quality_falls": lambda v, p: _template_news("message_template_quality_update", v, new_quality_score="RED"),
}
