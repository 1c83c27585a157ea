"""The parts of docs/TEACHING.md that are made of the course's data: plans, questions with answers, objectives."""

import re
from collections.abc import Callable
from urllib.parse import quote, urlencode

from lib.course.steps import MINUTES, OBJECTIVES, STEPS, Step, course_steps

_PART = re.compile(r"(<!-- (?P<name>[\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def address(step: Step, *, short: bool = False) -> str:
    """What follows the app's address to open a step.

    >>> address(STEPS[0])
    '/?prompt=The%20capital%20of%20France%20is&step=roads'
    """
    query = {**step.query, "step": step.key} | ({"course": "45"} if short else {})
    return f"/{step.page}?{urlencode(query, quote_via=quote)}"


def plan(*, short: bool) -> str:
    """A table: when, what to do, what opens it."""
    lines, at = ["| From minute | Step | What the class does | Opens with |", "|---:|---|---|---|"], 0
    for place, step in enumerate(course_steps(short=short), 1):
        lines.append(f"| {at} | {place}. **{step.title}.** {step.goal} | {step.do} | `{address(step, short=short)}` |")
        at += step.short if short else step.minutes
    return "\n".join(lines)


def questions() -> str:
    """Every question with its options, the right one in bold, and why."""
    return "\n".join(f"{step.number}. {step.question}  \n   {_options(step)}  \n   {step.because}" for step in STEPS)


def objectives() -> str:
    """The five objectives, and the steps that teach and check each."""
    lines = ["| Objective | Taught and checked by the steps |", "|---|---|"]
    for name, about in OBJECTIVES.items():
        taught = ", ".join(f"{step.number} ({step.title})" for step in STEPS if step.objective == name)
        lines.append(f"| **{name}.** {about} | {taught} |")
    return "\n".join(lines)


def _options(step: Step) -> str:
    shown = (f"**{option}**" if place == step.right else option for place, option in enumerate(step.options))
    return " · ".join(text.replace("[", "\\[") for text in shown)


PARTS: dict[str, Callable[[], str]] = {
    "plan-90": lambda: plan(short=False),
    "plan-45": lambda: plan(short=True),
    "questions": questions,
    "objectives": objectives,
    "minutes": lambda: (
        f"The whole course has {len(STEPS)} steps and takes {MINUTES['whole']} minutes; the short one has "
        f"{len(course_steps(short=True))} of them and takes {MINUTES['short']}."
    ),
}


def written(document: str) -> str:
    """The document with all parts made anew; what is between them stays."""
    return _PART.sub(lambda found: found[1] + PARTS[found["name"]]() + "\n" + found[3], document)
