"""How numbers are written for people, once for all pages. `ui/components/assets/format.js` writes the same percentages
in the browser; a test holds both to the same cases. Knows nothing."""

from decimal import ROUND_HALF_UP, Decimal

_FINISHED = {
    "length": "reached the maximum length",
    "context": "the context is full",
    "cancelled": "stopped",
    "stopped": "stopped",
    "broken": "broken off",
    "stop text": "cut off where it began to write the user's part",
}


def finished(reason: str, what: str = "text") -> str:
    """An engine's finish reason, or the chat's, in words. `what`: what the model wrote, a text or its turn.

    >>> finished("stop"), finished("stop", "turn"), finished("")
    ('the model ended its text', 'the model ended its turn', '')
    """
    return f"the model ended its {what}" if reason == "stop" else _FINISHED.get(reason, reason)


def percent(share: float) -> str:
    """A probability or share, 0 to 1, with three digits or so, never more than four behind the point; what is not
    everything is never written as 100% or 100.0%, and what is not nothing never as 0%.

    >>> [percent(share) for share in (0, 1e-9, 0.000012345, 0.00012345, 0.0099999, 0.12345, 0.9996, 0.99996, 1)]
    ['0%', '<0.0001%', '0.0012%', '0.012%', '1.00%', '12.3%', '99.96%', '>99.99%', '100%']
    """
    if share == 0:
        return "0%"
    if share >= 0.99995:
        return "100%" if share >= 1 else ">99.99%"
    if share < 1e-6:
        return "<0.0001%"
    # 0.09995 and so on: what is rounded to 10.0 has the digits of 10.
    digits = (
        2 if share >= 0.9995 else 1 if share >= 0.09995 else 2 if share >= 0.009995 else 3 if share >= 9.95e-5 else 4
    )
    # Halves go up, as in JavaScript's toFixed; Python's own format takes the even one.
    return f"{Decimal(100 * float(share)).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)}%"


def ordinal(rank: int) -> str:
    """A rank, from 1.

    >>> [ordinal(rank) for rank in (1, 2, 3, 11, 22, 1_213)]
    ['1st', '2nd', '3rd', '11th', '22nd', '1,213th']
    """
    teen = 10 < rank % 100 < 14
    return f"{rank:,}" + ("th" if teen else {1: "st", 2: "nd", 3: "rd"}.get(rank % 10, "th"))


def duration(seconds: float) -> str:
    """How long something takes, as one would say it: seconds to two minutes, minutes to two hours, then hours.

    >>> [duration(seconds) for seconds in (0.2, 75, 119.4, 119.6, 1_880, 7_160, 7_180, 8_427, 50_000)]
    ['1 s', '75 s', '119 s', '2 min', '31 min', '119 min', '2 hours', '2.3 hours', '13.9 hours']
    """
    if (whole := round(seconds)) < 120:
        return f"{max(1, whole)} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{round(seconds / 3600, 1):g} hours"


def size(count: float) -> str:
    """Bytes, in powers of ten as memory and downloads are sold.

    >>> size(497_759_232), size(1_500), size(15_231_233_024), size(0)
    ('498 MB', '1.5 kB', '15.2 GB', '0 B')
    """
    return _short(count, (" B", " kB", " MB", " GB", " TB", " PB"))


def number(count: float) -> str:
    """A large count: parameters, operations.

    >>> number(124_439_808), number(7_615_616_512), number(3_800), number(950)
    ('124M', '7.62B', '3.8k', '950')
    """
    return _short(count, ("", "k", "M", "B", "T", "P", "E"))


def _short(count: float, units: tuple[str, ...]) -> str:
    value = float(count)
    for unit in units:
        if abs(value) < 999.5 or unit == units[-1]:
            digits = f"{value:.3g}" if abs(value) < 999.5 else f"{value:,.0f}"
            return f"{digits}{unit}"
        value /= 1000
    return ""
