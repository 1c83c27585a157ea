"""A term of the glossary as a link: its meaning shows on hover, a click opens the glossary there in a new tab."""

from lib.course.glossary import entry


def term(name: str, shown: str | None = None) -> str:
    """Markdown of `shown`, or of the name itself, as a link to the glossary. KeyError for a word that it lacks.

    >>> term("bit")
    '[bit](Glossary#bit "The surprise of a fair coin toss, the unit of information.")'
    """
    found = entry(name)
    return f'[{shown or name}](Glossary#{found.anchor} "{found.meaning}")'
