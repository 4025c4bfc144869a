"""Mail as the world writes it, made by dice with a fixed seed: the populations on which recognition of machines is measured.

A *shape* is a function that is given dice and returns the bytes of one mail; names, languages, programs, wording, encodings and
small damage differ each time. The shapes of `held_out.py` and `held_out_people.py` were written before any rule was tuned by the
others; they are only ever measured, never looked at to mend a rule. Those of `afterwards.py` were written last.
"""
