"""A look at every page as a person sees it: what is cut, overlaps, jumps, is too small or too pale, at three widths.

By hand, with a report instead of a failure (it starts the app itself if nothing listens at the port):

    python -m tests.e2e.look                                     everything: some minutes
    python -m tests.e2e.look --pages Decoding Home --port 8612   two pages, of the app that runs at this port
    python -m tests.e2e.look --states start --widths 390         only what one sees first, only on a phone
    python -m tests.e2e.look --pictures pictures                 keep the pictures
    python -m tests.e2e.look --readme docs/pictures              only make the pictures of the README

A finding is a line: page | state | width | scheme | rule | selector | text. `tests/e2e/test_look.py` asserts that there
are none. `probe.js` has the rules that look at the page's geometry, `rules.py` the others, `states.py` how a page gets
into each of its main states.
"""
