"""Who asks where their order is, and which number they name."""

from __future__ import annotations

import pytest

from app.domain.auto_replies.order_questions import find_order_question

ASKED = [
    ("", "Waar blijft mijn bestelling 2026-0418?", "2026-0418"),
    ("Bestelling 48213", "Goedemiddag, wanneer wordt mijn laadpaal geleverd? Ik wacht al weken.", "48213"),
    ("", "Wat is de status van mijn bestelling met ordernummer CC-2026-118?", "CC-2026-118"),
    ("Order status", "zie onderwerp, #77123", "77123"),
    ("", "Mijn pakket is nog steeds niet bezorgd.", ""),
    ("", "Hoe staat het met onze bestelling?", ""),
    ("", "Ik heb nog geen track & trace gekregen voor order 5521.", "5521"),
    ("", "Wanneer kan ik de levering verwachten van bestelnummer: 99120?", "99120"),
    ("", "Hi, where is my order 12345? It was promised last week.", "12345"),
    ("", "When will my charger be delivered? Order number 8812-A", "8812"),
    ("", "Could you give me an update on my order?", ""),
    ("", "My parcel has not arrived yet.", ""),
    ("Commande 55812", "Bonjour, où en est ma commande ?", "55812"),
    ("", "Quand sera livrée ma commande n° 3312 ?", "3312"),
    ("Suivi de commande", "Je n'ai toujours pas reçu mon colis.", ""),
    ("", "Quel est l'état de la livraison ?", ""),
]
NOT_ASKED = [
    ("Bestelling", "Ik wil graag een laadpaal bestellen. Wat kost dat?"),
    ("Order 2026-0418", "Hierbij de foto's van de meterkast bij order 2026-0418."),
    ("", "Waar blijft jullie monteur?"),
    ("", "De laadpaal knippert rood."),
    ("", "Kunt u mijn bestelling 1234 annuleren?"),
    ("", "I would like to order a charger."),
    ("", "Please cancel my order 1234."),
    ("", "Merci, la commande est bien arrivée."),
    ("", "Prima, tot dan!\n\n> Waar blijft mijn bestelling 2026-0418?"),
    ("", "Akkoord.\n\nOp ma 16 nov 2026 om 10:12 schreef Jan:\n\n> Wanneer wordt mijn laadpaal geleverd?"),
    ("", ""),
]


@pytest.mark.parametrize(("subject", "text", "number"), ASKED)
def test_a_question_about_an_order_is_heard_with_its_number(subject: str, text: str, number: str) -> None:
    found = find_order_question(subject, text)
    assert found is not None
    assert found.number == number


@pytest.mark.parametrize(("subject", "text"), NOT_ASKED)
def test_other_talk_of_orders_is_not(subject: str, text: str) -> None:
    assert find_order_question(subject, text) is None
