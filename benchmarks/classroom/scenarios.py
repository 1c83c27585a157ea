"""What the class does, one scenario after the other. Each is a coroutine of the room and leaves an `Outcome` in it."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from benchmarks.classroom.processes import gil_holders
from benchmarks.classroom.room import ARRIVAL, Outcome, Room
from benchmarks.classroom.signs import CELLS, COLUMNS, REPLY, Signs
from benchmarks.classroom.student import Student

PAGES = ("", "Tokenizers", "Architecture", "Next_Token", "Decoding", "Completion_vs_Chat", "Chat")
TEXTS = ("The quick brown fox jumps over the lazy dog", "Once upon a time, there was a king who had",
         "In 2026 the capital of France is", "She opened the door and saw", "What is the meaning of",
         "def mean(numbers):\n    return", "The weather today is", "My favourite book is about")  # fmt: skip
PAUSE = 6.0  # s between two texts of one student
BEAMS = "beam_b4_l1~beam_b2_l1"  # two columns, as the address of the Decoding page names them
COURSE = "greedy_r1~topk_k80_t1_r1~topp_p0.9_t1_r1"  # the three columns that the page begins with


def text(student: Student, turn: int) -> str:
    """A text that only this student types, another one at each turn."""
    return student.mine(TEXTS[(student.number + 3 * turn) % len(TEXTS)] + " " * (turn // len(TEXTS)))


async def join(room: Room) -> None:
    """Everyone opens the app."""

    async def one(student: Student) -> None:
        outcome.add("Home", await student.open())

    with room.scenario("join") as outcome:
        await room.everyone(one)
    await room.settle()


async def pages(room: Room) -> None:
    """Everyone opens each page."""

    with room.scenario("pages") as outcome:
        for page in (*PAGES[1:], ""):

            async def one(student: Student, page: str = page) -> None:
                outcome.add(page or "Home", await student.visit(page))

            await room.everyone(one)
            await room.settle()


async def tokenizers(room: Room) -> None:
    """Three texts on the tokenizers page."""
    await _go(room, "Tokenizers")
    with room.scenario("tokenizers") as outcome:
        await room.everyone(lambda student: _type(student, outcome, "Your text", "text to its tokens"), within=PAUSE)


async def next_token(room: Room) -> None:
    """Three prompts on the Next Token page, and then three of one student alone."""
    await _go(room, "Next_Token")
    for name, among, first in (("next", room.students, 0), ("next, one student", room.students[-1:], 3)):
        with room.scenario(name) as outcome:
            await room.everyone(
                lambda student, outcome=outcome, first=first: (  # type: ignore[misc]
                    _type(student, outcome, "Prompt", "prompt to its chart", first=first, kind="read")
                ),
                among=among,
                within=PAUSE,
            )
        await room.settle()


async def run(room: Room) -> None:
    """Run on the Decoding page: the three columns it begins with. In the middle of it, who holds the GIL."""

    async def spy() -> None:
        await asyncio.sleep(8)
        if room.pid is not None:
            room.gil = await asyncio.to_thread(gil_holders, room.pid)

    await _go(room, "Decoding")
    with room.scenario("run") as outcome:
        spying = asyncio.create_task(spy())
        await room.everyone(lambda student: columns(student, outcome, text(student, 1)))
        presses = [request["at"] for request in outcome.requests]
        firsts = outcome.samples.get("first words", [])
        if firsts:
            outcome.add("first words of the last student to press", firsts[presses.index(max(presses))])
        await room.settle()
    await spying


async def beams(room: Room) -> None:
    """Run on the Decoding page with two columns of beam search."""
    await _go(room, "Decoding", f"s={BEAMS}")
    with room.scenario("beams") as outcome:
        await room.everyone(lambda student: columns(student, outcome, text(student, 2), link=BEAMS))
        await room.settle()


async def columns(student: Student, outcome: Outcome, prompt: str, *, link: str = COURSE) -> None:
    """One student's Run of all his columns."""
    await student.type("Prompt", prompt)
    count = student.session.screen.count("selectbox", "Strategy of column")
    await _texts(student, outcome, COLUMNS, count, student.press("Run"), kind="columns", prompt=prompt, link=link)


async def completion(room: Room) -> None:
    """Write all on the Completion vs Chat page."""
    await _go(room, "Completion_vs_Chat", "base=smollm2-135m-instruct&instruct=smollm2-135m-instruct")
    with room.scenario("completion") as outcome:
        await room.everyone(lambda student: cells(student, outcome, text(student, 3)))
        await room.settle()


async def cells(student: Student, outcome: Outcome, prompt: str) -> None:
    """One student's Write all."""
    await student.type("Prompt", prompt)
    count = student.session.screen.count("markdown", "What went in:")
    await _texts(student, outcome, CELLS, count, student.press("Write all"), kind="cells", prompt=prompt)


async def chat(room: Room) -> None:
    """A question of everyone, within five seconds."""
    await _go(room, "Chat")
    with room.scenario("chat") as outcome:
        await room.everyone(
            lambda student: question(student, outcome, student.mine(f"What is {student.number} + 2? Answer briefly."))
        )
        await room.settle()


async def question(student: Student, outcome: Outcome, words: str) -> None:
    """One student's question, after those that he has asked before in this conversation."""
    before = sum(REPLY.ends.search(one.text.encode()) is not None for one in student.session.screen.all("markdown"))
    await _texts(student, outcome, REPLY, before + 1, student.ask(words), kind="reply", prompt=words)


async def clicks(room: Room) -> None:
    """The last student clicks through the pages while all others run columns."""
    *others, last = room.students
    await _go(room, "Decoding")

    async def write(student: Student) -> None:
        for turn in range(1000):
            await columns(student, Outcome("not looked at"), text(student, 100 + turn))

    async def click(student: Student) -> None:
        await asyncio.sleep(ARRIVAL + 1)
        for page in PAGES * 3:
            if page != "Decoding":
                outcome.add("another page", await student.visit(page))
                await asyncio.sleep(0.5)

    async def stop(student: Student) -> None:
        if not student.session.screen.widget("button", "Stop").disabled:
            await student.press("Stop")

    with room.scenario("clicks") as outcome:
        writing = asyncio.ensure_future(room.everyone(write, among=others))
        await room.everyone(click, among=[last], within=0)
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
    await room.everyone(stop, among=others, within=0)
    await room.settle()


async def _go(room: Room, page: str, query: str = "") -> None:
    async def one(student: Student) -> None:
        await student.visit(page, query)

    await room.everyone(one)
    await room.settle()


async def _type(student: Student, outcome: Outcome, label: str, what: str, *, first: int = 0, kind: str = "") -> None:
    """Three texts, six seconds apart, or as soon as the page has answered if that is later."""
    start = time.perf_counter()
    for turn in range(3):
        await asyncio.sleep(max(0.0, start + turn * PAUSE - time.perf_counter()))
        at, words = time.perf_counter(), text(student, first + turn)
        outcome.add(what, await student.type(label, words))
        if kind:
            outcome.requests.append({"at": at, "end": time.perf_counter(), "kind": kind, "prompt": words})


async def _texts(
    student: Student, outcome: Outcome, signs: Signs, count: int, press: Awaitable[float], **request: Any
) -> None:
    """Press, and wait until the page shows the ends of all the texts that this sets going."""
    assert count, "there is nothing on the page that could be written"
    at, watch = time.perf_counter(), student.expect(signs, count)
    await asyncio.gather(press, student.read(watch, "the ends of the texts"))
    student.session.watch = None
    if watch.over:
        outcome.add("first words", watch.first - at)
        outcome.add("all its texts" if count > 1 else "its text", watch.last - at)
        outcome.requests.append({"at": at, "end": watch.last, **request})
        await student.session.quiet()
        outcome.add("page at rest", time.perf_counter() - at)


SCENARIOS: dict[str, Callable[[Room], Awaitable[None]]] = {
    "join": join, "pages": pages, "tokenizers": tokenizers, "next": next_token, "run": run, "beams": beams,
    "completion": completion, "chat": chat, "clicks": clicks,
}  # fmt: skip
