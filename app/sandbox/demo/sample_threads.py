"""Texts of the demo's conversations with an installer of charging points, Dutch and English.

A line begins with "<" (the contact), ">" (we) or "#" (an internal note). {order}, {day}, {time}, {town} and {street} are
replaced by values.
"""
# ruff: noqa: E501  a sentence a person wrote stays on one line

from __future__ import annotations

from app.domain.threads.models import Priority, ThreadType
from app.sandbox.demo.company import Story

STORIES = (
    Story(
        "Laadpaal werkt niet na installatie",
        (
            "< Goedemorgen, de laadpaal doet het niet sinds de installatie van {day}. Hij knippert rood en laadt de auto niet op. Kunt u vandaag nog iemand sturen?",
            "# Rood knipperen na installatie is meestal de aardlek. Eerst laten resetten.",
            "> Wat vervelend. Kunt u in de meterkast de aardlekautomaat van de laadpaal uit- en weer inschakelen? Laat even weten of het lampje daarna groen wordt.",
            "< Gedaan, maar na een minuut springt hij weer op rood. Ordernummer is {order}.",
            "> Dank u. Alex komt vandaag tussen {time} en 17:00 langs om te meten. Schikt dat?",
            "< Ja prima, ik ben thuis!",
        ),
        ThreadType.TECHNICAL_ISSUE,
        Priority.URGENT,
    ),
    Story(
        "Factuur op naam van de zaak",
        (
            "< Dank voor de snelle installatie! Nog één vraag: kan de factuur van {order} op naam van mijn bedrijf? Het KVK-nummer stuur ik graag mee.",
            "> Dat kan zeker. Stuurt u mij de bedrijfsnaam, het adres en het btw-nummer, dan ontvangt u vandaag een aangepaste factuur.",
            "< Van Dam Consultancy, {street}, {town}. Btw NL001234567B01.",
            "> De factuur is aangepast en net naar u gestuurd. De oude kunt u weggooien.",
        ),
    ),
    Story(
        "Afspraak verzetten",
        (
            "< Hoi, onze afspraak staat {day} om {time} maar ik moet die dag onverwacht werken. Kan het een week later?",
            "> Geen probleem. Ik heb volgende week dinsdag 09:00 of donderdag 13:00 vrij. Wat past u het best?",
            "< Donderdag graag",
            "> Staat genoteerd: donderdag 13:00. U krijgt een dag van tevoren nog een bericht.",
        ),
        ThreadType.INSTALLATION_COORDINATION,
    ),
    Story(
        "Schedule change for {day}",
        (
            "< Hi, could the team come after 14:00 instead of {time}? I have a hospital appointment in the morning.",
            "> Of course. I have moved you to 14:30. The installation takes about three hours.",
            "< Perfect, thank you so much.",
        ),
        ThreadType.INSTALLATION_COORDINATION,
        language="en",
    ),
    Story(
        "Offerte 22 kW, twee laadpunten",
        (
            "< Wij zoeken voor ons kantoor in {town} twee laadpunten van 22 kW met loadbalancing. Kunt u een offerte maken? Foto van de meterkast volgt.",
            "> Graag. Heeft u een 3-fase aansluiting en weet u de waarde van de hoofdzekering?",
            "< 3x63A volgens de netbeheerder.",
            "# 2x Alfen Eve Double is overkill, eerder Zaptec Pro met APM. Lucas vragen naar de staffel.",
            "> Dank u wel. De offerte met twee Zaptec Pro en dynamische loadbalancing is onderweg naar uw mail.",
        ),
        ThreadType.SALES_INQUIRY,
    ),
    Story(
        "Betaling commissie mei",
        (
            "< Beste collega's, kunnen jullie nagaan waarom de commissie over mei nog niet is uitbetaald? Het gaat om 14 orders, lijst in de bijlage.",
            "# Alle 14 staan op 'installed', drie missen nog een opleverdocument.",
            "> Van 11 orders staat de commissie klaar voor betaling op vrijdag. Bij drie orders ontbreekt de oplevering, daar zitten we achteraan.",
            "< Helder, dank!",
        ),
        ThreadType.PARTNER_INQUIRY,
        Priority.HIGH,
        partner=True,
    ),
    Story(
        "Status order {order}",
        (
            "< Goedemiddag, wat is de status van {order}? Onze klant vraagt ernaar.",
            "> De schouw is goedgekeurd en de installatie staat gepland voor {day} om {time}.",
            "< Top, ik geef het door.",
        ),
        ThreadType.PARTNER_INQUIRY,
        partner=True,
    ),
    Story(
        "App koppelt niet met de lader",
        (
            "< De app vindt mijn lader niet meer sinds we een nieuwe router hebben. Serienummer ZAP048213.",
            "> U kunt de lader opnieuw aanmelden: houd de knop links tien seconden ingedrukt tot hij blauw knippert en kies in de app 'wifi wijzigen'.",
            "< Gelukt!! Dank je wel 😊",
        ),
        ThreadType.TECHNICAL_ISSUE,
    ),
    Story(
        "Charger stops after ten minutes",
        (
            "< Since the software update my charger stops after about ten minutes. I have to unplug the cable and start again. Order {order}.",
            "> Sorry about that. Could you send a photo of the display when it stops, and tell me the car model?",
            "< It is a Hyundai Kona. The display says E-07.",
            "# E-07 = overtemperatuur kabel. Oude batch, kabel vervangen onder garantie.",
            "> Thank you. E-07 means the cable gets too warm. We replace it under warranty: does {day} at {time} work for you?",
        ),
        ThreadType.TECHNICAL_ISSUE,
        Priority.HIGH,
        "en",
    ),
    Story(
        "Klacht over boorgaten in de gevel",
        (
            "< Ik ben niet tevreden. De monteurs hebben twee extra gaten in de gevel geboord en niet afgewerkt. Dit is de tweede keer dat ik mail.",
            "> Dat had niet mogen gebeuren, excuses. Kunt u een foto sturen? Dan plan ik nog deze week herstel in.",
            "< Foto's in de bijlage. Ik verwacht snel iemand.",
        ),
        ThreadType.COMPLAINT,
        Priority.CRITICAL,
    ),
    Story(
        "Subsidie aanvragen via VvE",
        (
            "< Wij zijn een VvE met 34 appartementen. Welke subsidie is er nog voor laadinfrastructuur en kunnen jullie helpen met de aanvraag?",
            "> Er is de regeling voor oplaadpunten bij VvE's. Voor het advies en de basisinfrastructuur kunt u tot 75 % terugkrijgen. Ik bel u morgen om {time}.",
        ),
        ThreadType.SALES_INQUIRY,
    ),
    Story(
        "Levertijd Zappi",
        (
            "< Wanneer komt de Zappi weer op voorraad? Ik wacht al drie weken.",
            "> De leverancier verwacht de zending eind volgende week. Zodra hij binnen is, plannen we u als eerste in.",
            "< Ok dank",
        ),
    ),
    Story(
        "Meterkast verzwaren naar 3-fase",
        (
            "< Is mijn meterkast geschikt voor een lader van 11 kW? Ik stuur een foto mee.",
            "> Op de foto zie ik een 1-fase aansluiting van 35 A. Voor 11 kW is 3-fase nodig. Dat vraagt u aan bij de netbeheerder, wij doen de kast.",
            "< En wat kost dat ongeveer?",
        ),
        ThreadType.SALES_INQUIRY,
    ),
    Story(
        "Retour laadkabel",
        (
            "< Ik heb de verkeerde laadkabel besteld (type 1 in plaats van type 2). Kan ik hem ruilen?",
            "> Dat kan binnen 30 dagen. Het retourlabel zit in uw mail; zodra we hem terug hebben, sturen we de type 2.",
            "< Super service 😃",
        ),
    ),
    Story(
        "Invoice shows the wrong address",
        (
            "< The invoice for {order} still shows our old address in {town}. Could you correct it?",
            "> Done, the corrected invoice is in your mailbox.",
        ),
        language="en",
    ),
    Story(
        "Foto's van de schouw",
        (
            "< Hierbij de foto's van de meterkast en de kruipruimte voor {order}.",
            "> Ontvangen, dank u. De werkvoorbereider kijkt er vandaag naar.",
        ),
        ThreadType.INSTALLATION_COORDINATION,
    ),
    Story(
        "Monteur staat voor de deur",
        ("< Jullie monteur staat bij de buren, wij zijn nummer 12!", "> Ik bel hem direct.", "< Top, dank je wel 😄"),
        ThreadType.INSTALLATION_COORDINATION,
        Priority.HIGH,
    ),
    Story(
        "Garantie op lader uit 2022",
        (
            "< Mijn Ratio-lader uit 2022 geeft geen stroom meer op fase 2. Valt dat nog onder de garantie?",
            "> Op de Ratio zit drie jaar garantie. Heeft u het ordernummer of de factuurdatum voor mij?",
        ),
        ThreadType.TECHNICAL_ISSUE,
    ),
    Story(
        "Nieuwe aanvraag via Groendus",
        (
            "< Nieuwe klant in {town}: Alfen Eve Single 11 kW, basisinstallatie. Gegevens staan in het portaal.",
            "> Ontvangen. We bellen de klant vandaag.",
        ),
        ThreadType.PARTNER_INQUIRY,
        partner=True,
    ),
)

OUT_OF_OFFICE = (
    "Automatisch antwoord: {subject}",
    "Ik ben afwezig tot en met maandag en lees mijn mail niet. Voor spoed kunt u bellen met kantoor.",
)
