"""The documentation says what there is: every verb and option, and every command that it shows exists."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from nbledger.cli import cli

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def sections(text):
    """Return the text below each heading of the second level."""
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    return dict(zip((title.strip() for title in parts[1::2]), parts[2::2], strict=True))


def verbs(command=cli):
    """Return the verbs by name; those of a group, such as `pipeline run`, are named with it."""
    found = {}
    for name, one in command.commands.items():
        if isinstance(one, click.Group):
            found.update({f"{name} {inner}": verb for inner, verb in verbs(one).items()})
        else:
            found[name] = one
    return found


def shown_commands():
    """Yield every command line that begins with `nbledger` in the pages' code blocks, help texts and notebooks."""
    for page in PAGES:
        for block in re.findall(r"```(?:sh|bash)\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
            yield from (line.split("  #")[0] for line in block.splitlines() if line.startswith("nbledger "))
    for command in (*cli.commands.values(), *verbs().values()):
        lines = (command.epilog or "").splitlines()
        yield from (line.strip() for line in lines if line.strip().startswith("nbledger "))
    for notebook in (ROOT / "notebooks").rglob("*.ipynb"):
        import nbformat

        for cell in nbformat.read(notebook, as_version=4).cells:
            found = re.findall(r"^%ledger (.+)$", cell.source, re.MULTILINE)
            yield from (f"nbledger {line}" for line in found)


@pytest.mark.parametrize("verb", verbs())
def test_every_verb_and_option_is_documented(verb):
    section, _, inner = verb.partition(" ")
    text = sections((ROOT / "docs" / "cli.md").read_text(encoding="utf-8")).get(section)
    assert text is not None, f"docs/cli.md has no section {section!r}"
    assert not inner or f"`nbledger {verb}" in text
    options = [param for param in verbs()[verb].params if isinstance(param, click.Option)]
    names = [name for option in options for name in (*option.opts, *option.secondary_opts)]
    assert [name for name in names if name != "--json" and f"`{name}" not in text] == []


def test_docs_tell_of_no_verb_that_does_not_exist():
    assert set(sections((ROOT / "docs" / "cli.md").read_text(encoding="utf-8"))) == set(cli.commands)


def test_every_verb_has_json_help_and_examples():
    for verb, command in verbs().items():
        assert "--json" in [name for param in command.params for name in param.opts], verb
        assert command.help, verb
        assert f"nbledger {verb}" in (command.epilog or ""), verb


@pytest.mark.parametrize("line", sorted(set(shown_commands())))
def test_every_command_that_is_shown_is_understood(line, tmp_path, monkeypatch):
    tmp_path = tmp_path / "here"
    tmp_path.mkdir()
    monkeypatch.chdir(tmp_path)
    words = shlex.split(line, comments=True)[1:]
    for word in words:
        if word.startswith("../"):
            (tmp_path / word).resolve().mkdir(parents=True, exist_ok=True)
        if word.endswith((".ipynb", ".yaml", ".nbl", ".zip")) and not word.startswith("/"):
            (tmp_path / word).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / word).touch()
    verb, context = cli, click.Context(cli)
    while isinstance(verb, click.Group):
        verb, words = verb.commands[words[0]], words[1:]
        context = verb.make_context(verb.name, list(words), parent=context)
    context.close()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page):
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_make_targets_that_are_named_exist():
    made = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {
        name
        for page in PAGES
        for name in re.findall(r"\bmake ([a-z-]+)", re.sub(r"make it", "", page.read_text("utf-8")))
    }
    code = {name for page in PAGES for name in re.findall(r"`make ([a-z-]+)", page.read_text(encoding="utf-8"))}
    assert code <= made
    assert {"demo", "test"} <= named
