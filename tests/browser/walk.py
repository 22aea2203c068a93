"""What a user does on the pages, by the names that a screen reader would read; shared by all browser tests."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

SLOW = 60_000
"""Milliseconds: a kernel starts, Voila renders, on a busy machine."""

CAN_TRAIN = (
    "() => [...document.querySelectorAll('button')]"
    ".some(b => b.textContent.trim() === 'Train model' && !b.disabled && b.offsetParent)"
)


def open_app(page: Page, address: str) -> None:
    """Opens the app and waits until its header is there."""
    page.goto(address, timeout=SLOW)
    page.get_by_text("GenLab", exact=True).first.wait_for(timeout=SLOW)


def try_demo(page: Page) -> None:
    """Imports the demo project from the welcome of an empty workspace."""
    page.get_by_role("button", name="Try the demo project").click()
    page.get_by_role("heading", name="Train clinic_notes").wait_for(timeout=SLOW)


def go_to(page: Page, title: str) -> None:
    """Opens a page by the navigation."""
    page.get_by_role("navigation", name="Pages", exact=True).get_by_role("button", name=title).click()


def next_step(page: Page) -> None:
    """Goes on to the wizard's next step."""
    page.get_by_role("button", name="Next", exact=True).click()


def open_setup(page: Page, address: str) -> None:
    """Opens the app at the Setup page of its project."""
    open_app(page, address)
    go_to(page, "Setup")


def save_members(page: Page) -> None:
    """Presses Save members and waits for the answer."""
    page.get_by_role("button", name="Save members").click()
    page.get_by_text("The members were saved.").wait_for(timeout=SLOW)


def set_number(page: Page, label: str, value: str) -> None:
    """Types into a field and leaves it."""
    field = page.get_by_label(label, exact=True)
    field.fill(value)
    field.press("Tab")


def start_training(page: Page, deploy: bool = False) -> None:
    """Presses Train model and answers the question."""
    button = page.get_by_role("button", name="Train model")
    button.wait_for(timeout=SLOW)
    page.wait_for_function(CAN_TRAIN, timeout=SLOW)
    button.click()
    page.get_by_role("heading", name="Deploy when done?").wait_for(timeout=SLOW)
    page.get_by_role("button", name="Deploy" if deploy else "Just train", exact=True).click()
    bar(page).wait_for(timeout=SLOW)


def bar(page: Page) -> Locator:
    """Returns the progress bar of the shown training."""
    return page.get_by_role("progressbar", name=re.compile("^Training "))


def wait_for_epoch(page: Page, number: int, timeout: float = SLOW) -> None:
    """Waits until the progress bar says this epoch or a later one."""
    page.wait_for_function(
        """(least) => [...document.querySelectorAll('[role=progressbar]')].some((bar) => {
          const found = /Epoch (\\d+) of/.exec(bar.getAttribute('aria-valuetext') ?? '');
          return found && Number(found[1]) >= least;
        })""",
        arg=number,
        timeout=timeout,
    )


def wait_until_completed(page: Page, timeout: float = SLOW) -> None:
    """Waits for the sentence that ends a training well."""
    page.get_by_text("Completed in", exact=False).first.wait_for(timeout=timeout)


def show_logs(page: Page) -> Locator:
    """Opens the log and returns it."""
    page.get_by_role("button", name="Show logs").click()
    log = page.get_by_role("log")
    log.wait_for(timeout=SLOW)
    return log


def deploy(page: Page) -> str:
    """Deploys the shown model after looking at the difference; returns that."""
    page.get_by_role("button", name="Deploy", exact=True).click()
    question = page.locator(".genlab-panel").filter(has_text="Nothing has changed yet")
    question.wait_for(timeout=SLOW)
    told = question.get_by_label("Difference of the labeling config").inner_text()
    question.get_by_role("button", name="Deploy", exact=True).click()
    page.get_by_text("is deployed.", exact=False).first.wait_for(timeout=SLOW)
    return told


def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    """Waits for something outside the page."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.2)


_LIGHT = """(colour) => {
  const [r, g, b] = colour.match(/[\\d.]+/g).map(Number).map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}"""
"""Relative luminance of a CSS colour, as WCAG 2 defines it."""


def brightness(page: Page) -> float:
    """Returns the relative luminance (0 to 1) of the page's ground."""
    return float(page.evaluate(f"({_LIGHT})(getComputedStyle(document.body).backgroundColor)"))


def contrast(page: Page, selector: str) -> float:
    """Returns the contrast of a text and the page's ground (WCAG 2: 1 to 21)."""
    # In one go, and again until it is there: a page that changes replaces its heading.
    found = page.wait_for_function(
        "(selector) => { const item = document.querySelector(selector); return item && getComputedStyle(item).color; }",
        arg=selector,
    )
    text = float(page.evaluate(f"({_LIGHT})({found.json_value()!r})"))
    lighter, darker = sorted((text, brightness(page)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)
