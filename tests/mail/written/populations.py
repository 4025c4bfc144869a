"""The populations: every shape several times, under names that say which shape and throw they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tests.mail.written import afterwards, away, bounces, held_out, held_out_people, machines, people, tricky_people
from tests.mail.written.dice import Dice

Shape = Callable[[Dice], bytes]
Mails = list[tuple[str, bytes]]

AUTOMATIC_EACH, PEOPLE_EACH = 12, 40


def automatic_mails() -> Mails:
    return thrown((*away.SHAPES, *bounces.SHAPES, *machines.SHAPES), AUTOMATIC_EACH)


def peoples_mails() -> Mails:
    return thrown((*people.SHAPES, *tricky_people.SHAPES), PEOPLE_EACH)


def automatic_held_out() -> Mails:
    return thrown(held_out.AUTOMATIC, AUTOMATIC_EACH)


def people_held_out() -> Mails:
    return thrown(held_out_people.PEOPLE, PEOPLE_EACH)


def automatic_afterwards() -> Mails:
    return thrown(afterwards.AUTOMATIC, AUTOMATIC_EACH)


def people_afterwards() -> Mails:
    return thrown(afterwards.PEOPLE, PEOPLE_EACH)


def thrown(shapes: Sequence[Shape], each: int) -> Mails:
    names = [f"{shape.__module__.rpartition('.')[2]}.{shape.__name__}" for shape in shapes]
    return [
        (f"{name}#{number}", shape(Dice(name, number)))
        for name, shape in zip(names, shapes, strict=True)
        for number in range(each)
    ]
