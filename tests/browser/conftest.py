"""The fixtures of the browser tests; `driving.py` says what they are made of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.browser.driving import CHROMIUM, FLAGS, Server, uncaught


def pytest_collection_modifyitems(items):
    """A server, a kernel and a browser share two cores: a test here has one more try, and pytest says which took it."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.flaky(reruns=1, reruns_delay=2))


@pytest.fixture(scope="module")
def chromium():
    if CHROMIUM is None:
        pytest.skip("######## NO CHROMIUM: the browser tests do NOT run. Install it: apt-get install chromium ########")
    return CHROMIUM


@pytest.fixture(scope="module")
def browser(chromium, tmp_path_factory):
    """One Chromium for a module: playwright's loop must be gone before tests elsewhere run theirs."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            str(tmp_path_factory.mktemp("chromium")),
            executable_path=chromium,
            args=FLAGS,
            viewport={"width": 1400, "height": 900},
        )
        context.set_default_timeout(30_000)
        yield context
        context.close()


@pytest.fixture(scope="module")
def start_server(chromium, tmp_path_factory):
    """Start Jupyter servers with options of their own; each ends with the module."""
    started: list[Server] = []

    def start(*options: str, **more: Any) -> Server:
        server = Server(tmp_path_factory.mktemp("server"), *options, **more)
        started.append(server)
        return server.start()

    yield start
    for server in started:
        server.stop()


@pytest.fixture(scope="module")
def lab(start_server):
    """The Lab server that the tests of a module share; a test makes a folder of its own below `lab.root`."""
    return start_server()


@pytest.fixture
def page(browser):
    """A fresh page; an error of ours that its scripts did not catch fails the test."""
    page = browser.new_page()
    errors = uncaught(page)
    yield page
    page.close()
    assert errors == []
