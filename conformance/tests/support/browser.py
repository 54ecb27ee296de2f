"""Chromium without a window, for the tests of pages, and what they ask of it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
OVERFLOW = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
READY = "return document.documentElement.dataset.ready === 'true'"


def started_browser() -> Iterator[Any]:
    """A browser under Selenium. Where none is installed the test is skipped, or fails where one is required."""
    found = next(filter(None, map(shutil.which, _BROWSERS)), None)
    driver = shutil.which("chromedriver")
    try:
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service
    except ModuleNotFoundError:
        missing = "selenium is not installed"
    else:
        missing = (
            "" if found and driver else "no Chromium with its driver is installed (apt-get install chromium-driver)"
        )
    if missing:
        if os.environ.get("RNN_CONFORMANCE_BROWSER") == "required":
            pytest.fail(f"pages were to be tested in a browser: {missing}")
        pytest.skip(f"pages in a browser: not run: {missing}")
    options = webdriver.ChromeOptions()
    options.binary_location = str(found)
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--hide-scrollbars"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    browser = webdriver.Chrome(options=options, service=Service(str(driver)))
    try:
        yield browser
    finally:
        browser.quit()


def opened(browser: Any, page: Path, width: int = 1600, fragment: str = "", scheme: str = "light") -> None:
    """Opens a page from disk at that width, and waits until its scripts have run."""
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    browser.get("about:blank")
    browser.get_log("browser")  # what earlier pages said is no matter of this one
    browser.get(page.as_uri() + fragment)
    wait_for(browser, READY)


def wait_for(browser: Any, condition: str, *arguments: Any) -> None:
    """Waits until a script returns true."""
    from selenium.webdriver.support.wait import WebDriverWait

    WebDriverWait(browser, 60).until(lambda its: its.execute_script(condition, *arguments))


def said_on_the_console(browser: Any) -> list[str]:
    """What a page has said on the console; a browser alone asks for an icon."""
    return [entry["message"] for entry in browser.get_log("browser")]


def choose(browser: Any, identifier: str, text: str) -> None:
    """Chooses an entry of a list by what it shows."""
    from selenium.webdriver.support.select import Select

    Select(browser.find_element("id", identifier)).select_by_visible_text(text)


def visible(browser: Any, selector: str) -> list[Any]:
    """The elements that a reader sees."""
    return [element for element in browser.find_elements("css selector", selector) if element.is_displayed()]


def nameless_controls(browser: Any) -> list[str]:
    """What a screen reader could not name: controls, links, regions and pictures without an accessible name."""
    roles = {"button", "combobox", "link", "region", "image", "img", "navigation", "article", "search"}
    nodes = browser.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    return [
        node["role"]["value"]
        for node in nodes
        if not node.get("ignored") and node["role"]["value"] in roles and not node.get("name", {}).get("value")
    ]


CONTRAST = """
const numbers = (text) => text.match(/[\\d.]+/g).map(Number);
const luminance = (text) => numbers(text).slice(0, 3).map((c) => c / 255)
  .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
  .reduce((sum, c, k) => sum + c * [0.2126, 0.7152, 0.0722][k], 0);
const ground = (element) => {
  for (let one = element; one; one = one.parentElement) {
    const colour = getComputedStyle(one).backgroundColor;
    if ((numbers(colour)[3] ?? 1) > 0) return colour;
  }
  return "rgb(255, 255, 255)";
};
const low = [];
const texts = "p, td, th, a, dt, dd, li, summary, label, h1, h2, h3, pre, .key, .small, button, select";
for (const element of document.querySelectorAll(texts)) {
  if (!element.checkVisibility() || !element.textContent.trim()) continue;
  const [a, b] = [luminance(getComputedStyle(element).color), luminance(ground(element))];
  const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  if (ratio < 4.5) low.push(`${element.tagName}.${element.className}: ${ratio.toFixed(2)}`);
}
return [...new Set(low)];
"""
"""Text whose contrast is below 4.5, what WCAG 2 asks of it at level AA."""
