"""A teacher and two students in three browsers: join, answer, reveal, open a page; a hostile name harms nobody."""

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from tests.conftest import eventually, settled

PHONE = {"width": 390, "height": 844}
HOSTILE = "<img src=x onerror=a()>"


def watched(page: Any) -> list[str]:
    """Everything that a page should not do."""
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("dialog", lambda dialog: (wrong.append("dialog"), dialog.dismiss()))
    page.on("request", lambda request: wrong.append(request.url) if request.url.endswith("/x") else None)
    return wrong


def with_a_late_timer(page: Any) -> list[str]:
    """When the server opens another page, the old one's timer asks once more, as on a line that takes its time.

    Returns a list to which the pages are added that were opened so."""
    opened: list[str] = []

    def between(browser: Any) -> None:
        server, asked = browser.connect_to_server(), BackMsg()

        def up(message: bytes) -> None:
            said = BackMsg.FromString(message)
            if said.rerun_script.is_auto_rerun:
                asked.CopyFrom(said)
            server.send(message)

        def down(message: bytes) -> None:
            browser.send(message)
            page_hash, old = ForwardMsg.FromString(message).new_session.page_script_hash, asked.rerun_script
            if page_hash and old.page_script_hash not in ("", page_hash):
                server.send(asked.SerializeToString())
                old.Clear()
                opened.append(page_hash)

        browser.on_message(up)
        server.on_message(down)

    page.route_web_socket(re.compile("_stcore/stream"), between)
    return opened


def join(page: Any, link: str, name: str) -> None:
    page.goto(link)
    page.get_by_label("Nickname", exact=True).fill(name)
    page.get_by_role("button", name="Join", exact=True).click()
    expect(page.get_by_text("You are in.")).to_be_visible()


def points(page: Any) -> list[int]:
    return [int(text) for text in page.locator(".option .points").all_inner_texts()]


def no_wider_than_the_window(page: Any) -> bool:
    return bool(page.evaluate("() => document.querySelector('[data-testid=stMain]').scrollWidth <= innerWidth"))


def test_a_teacher_and_two_students(browsing: Callable[..., Any], app: str) -> None:
    teacher, ana, eve = (browsing(viewport=size).new_page() for size in ({"width": 1280, "height": 720}, PHONE, PHONE))
    wrong = [watched(page) for page in (teacher, ana, eve)]
    late = [with_a_late_timer(page) for page in (ana, eve)]
    teacher.goto(f"{app}/Class")
    teacher.get_by_role("button", name="Open a room").click()
    expect(teacher.get_by_role("button", name="Ask the class")).to_be_enabled()
    link = eventually(teacher, lambda: teacher.url, lambda url: "room=" in url)
    assert "teacher" not in link
    join(ana, link, "Ana")
    join(eve, link, HOSTILE)
    expect(teacher.get_by_text("2 in the room")).to_be_visible()
    expect(teacher.get_by_text(HOSTILE, exact=True)).to_be_visible()

    teacher.get_by_role("button", name="Ask the class").click()
    expect(ana.locator(".option")).to_have_count(5)  # by itself
    expect(ana.locator(".send")).to_be_in_viewport()
    ana.locator(".option .bar").nth(0).fill("70")
    assert points(ana)[0] == 70 and sum(points(ana)) == 100
    ana.locator(".option .name").nth(1).click()
    sent = points(ana)
    assert sent == [69, 28, 1, 1, 1]  # what was set gives only what the others have not
    ana.locator(".send").click()
    expect(ana.get_by_text("Sent. You can still change it.")).to_be_visible()
    eve.locator(".option").first.wait_for()
    eve.locator(".send").click()
    expect(teacher.get_by_text("2 of 2 have answered")).to_be_visible()

    ana.reload()  # the same student, with the same answer
    expect(ana.locator(".option")).to_have_count(5)
    eventually(ana, lambda: points(ana), lambda shown: shown == sent)
    teacher.reload()
    teacher.get_by_role("button", name="Reveal").click()
    for page in (ana, eve):
        expect(page.get_by_text("You gave that option")).to_be_visible()
        assert no_wider_than_the_window(page)
    row = eventually(
        teacher,
        lambda: teacher.locator(".row").first.locator(".value").all_inner_texts(),
        lambda texts: len(texts) == 2,
    )
    assert row[0] == f"{(69 + 20) / 2:.1f}%"  # the mean of the class
    expect(teacher.locator(".row").first.locator(".tick")).to_have_count(2)
    assert no_wider_than_the_window(teacher)

    settled(teacher)
    teacher.locator(".st-key-steps a").nth(3).click()
    teacher.get_by_role("button", name="Open on students' screens").click()
    for page in (ana, eve):
        page.wait_for_url("**/Next_Token**")
        expect(page.locator("button.row[data-id]").first).to_be_visible()
        expect(page.get_by_text("Back to the class")).to_be_visible()
    assert all(late)
    ana.get_by_text("Back to the class").click()
    expect(ana.get_by_text("You gave that option")).to_be_visible()
    assert not any(wrong), wrong
