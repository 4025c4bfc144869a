"""`python -m tests.domain.partners.order_mail.fit`: count on the corpus of the known layouts how often each way of finding a
value was right, and write it where the reader begins (`app/domain/partners/order_mail/counts.json`)."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from app.domain.partners.order_mail import confidence
from app.domain.partners.order_mail.reader import ENGINE, with_confidence
from tests.domain.partners.order_mail.corpus import KNOWN, make_mails
from tests.domain.partners.order_mail.judge import is_right, read, rights

SEED, EACH = 1, 30


def main() -> None:
    mails = make_mails(SEED, KNOWN, EACH)
    right, seen = Counter[str](), Counter[str]()
    for mail in mails:
        reading = read(mail)
        for path, good in rights(mail, reading).items():
            bucket = reading.fields[path].bucket
            seen[bucket] += 1
            right[bucket] += good
            if not good:
                print(mail.layout, path, bucket, repr(reading.fields[path].value), mail.truth)
    fields = {bucket: (right[bucket] + 1) / (seen[bucket] + 2) for bucket in seen}
    for mail in mails:
        reading = with_confidence(read(mail), fields)
        if bucket := confidence.order_bucket(reading):
            seen[bucket] += 1
            right[bucket] += is_right(mail, reading)
        elif not mail.truth.missing:
            print("incomplete", mail.layout, reading.missing, mail.truth)
    counts = {bucket: [right[bucket], seen[bucket]] for bucket in sorted(seen)}
    path = Path(confidence.__file__).with_name("counts.json")
    path.write_text(json.dumps({"engine": ENGINE, "buckets": counts}, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
