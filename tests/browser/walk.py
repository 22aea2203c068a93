"""What a user does on the pages, by the names that a screen reader would read; shared by all browser tests."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

SLOW = 60_000
"""Milliseconds: a kernel starts, Voila renders, on a busy machine."""


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


def set_number(page: Page, label: str, value: str) -> None:
    """Types into a field and leaves it."""
    field = page.get_by_label(label, exact=True)
    field.fill(value)
    field.press("Tab")


def start_training(page: Page, deploy: bool = False) -> None:
    """Presses Train model and answers the question."""
    button = page.get_by_role("button", name="Train model")
    button.wait_for(timeout=SLOW)
    page.wait_for_function(
        "() => [...document.querySelectorAll('button')].some(b => b.textContent.trim() === 'Train model' && !b.disabled)",
        timeout=SLOW,
    )
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
    page.get_by_role("button", name="Deploy", exact=True).first.click()
    difference = page.get_by_label("Difference of the labeling config")
    difference.wait_for(timeout=SLOW)
    told = difference.inner_text()
    page.get_by_role("button", name="Deploy", exact=True).last.click()
    page.get_by_text("is deployed.", exact=False).first.wait_for(timeout=SLOW)
    return told
