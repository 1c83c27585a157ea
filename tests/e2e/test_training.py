"""The Training page in a real browser: a curve comes while one watches, the scrubber goes back, a snapshot opens."""

import re

from playwright.sync_api import expect

SLOW = 180_000  # ms: a busy host trains slowly
SMALL = "/Training?train-steps=50&train-context=32&train-batch=2&train-size=0.2+M+parameters"


def test_train_watch_go_back_and_open_the_snapshot_elsewhere(app: str, page) -> None:
    page.goto(app + SMALL)
    train = page.locator(".st-key-train-go button")
    train.click()
    chart = page.locator(".chart path.heldout")
    expect(chart).to_have_attribute("d", re.compile("M.*L"), timeout=SLOW)  # two points of the held-out loss
    expect(page.locator(".chart")).to_contain_text("loss (nats a token)")
    expect(page.locator(".samples .text")).not_to_have_count(0)
    expect(page.locator(".train-line")).to_contain_text("step 50 of 50", timeout=SLOW)
    expect(train).to_be_enabled(timeout=SLOW)
    expect(page.locator(".snapshots .step")).to_have_text("Step 50")
    mark = page.locator(".chart .mark")
    before = mark.get_attribute("x1")
    page.get_by_role("slider", name="Snapshot").press("Home")
    expect(page.locator(".snapshots .step")).to_have_text("Step 0")
    assert mark.get_attribute("x1") != before  # at once, without the server
    expect(page.get_by_text("Open the model of step 0 in")).to_be_visible()
    expect(page).to_have_url(re.compile("at=pretrain-00000"))
    page.locator(".st-key-train-open").get_by_role("link", name="Next token").click()
    page.locator("button.row[data-id]").first.wait_for()
    expect(page).to_have_url(re.compile(r"model=trained-[0-9a-f]{8}-pretrain-00000"))
    expect(page.get_by_role("combobox", name="Model")).to_have_value(re.compile("Tiny world 0.2 M · step 0"))
