"""List the words of messages that only say thanks. A word that can ask for something does not belong here."""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


THANKS = _words(
    """
    bedankt dank dankje dankjewel dankjulliewel dankuwel danku thnx thanks thank thx tnx ty cheers appreciated merci
    remercie remerciements danke dankeschön dankeschoen danken vielendank
    """
)
AGREEMENTS = _words(
    """
    oke oké ok okay okee okidoki top prima perfect perfekt mooi fijn goed geweldig super helder duidelijk begrepen
    akkoord fantastisch tof great good fine awesome excellent clear understood wonderful lovely brilliant sure parfait
    entendu compris génial formidable impeccable noté accord d'accord gut klasse toll alles klar verstanden wunderbar
    """
)
FILLERS = _words(
    """
    dan u je jij jou jullie uw wel zeer veel hartelijk hartelijke heel erg voor de het een dit dat hulp moeite reactie
    antwoord bericht snelle snel uitleg info informatie service alvast nog nogmaals ook en met vriendelijke groet
    groeten groetjes gr mvg hgr fijne goede dag avond weekend week hoi hallo hey beste heer mevrouw is zo ben er blij
    mee gelukt ontvangen allemaal you so very much many a lot for the your this that it help helping reply response
    answer message quick fast all again and with kind best regards have nice day evening hi hello dear well done got
    received everyone team sounds beaucoup bien vous votre à toi pour la le les l'aide aide réponse rapide infiniment
    encore et bonne journée soirée cordialement bonjour c'est vielen lieben herzlichen sehr schön ihnen dir euch für
    die der das ihre deine hilfe antwort schnelle mit freundlichen grüßen gruß grüsse lg vg liebe viele schönen tag abend
    wochenende
    """
)
MEANS_AGREEMENT = frozenset("👍👌✅✔☑🆗💯")
