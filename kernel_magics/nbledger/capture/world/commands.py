"""Which files a shell command names, and which of them it is known to write."""

from __future__ import annotations

import glob
import os
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

How = Literal["any", "made", "changed", "listed"]

_EXPANSION = re.compile(r"\{([A-Za-z_]\w*)\}|\$\{?([A-Za-z_]\w*)\}?")
_ENDS = frozenset({";", "&", "&&", "|", "||", "(", ")", "\n"})
_LAST_IS_MADE = frozenset({"cp", "mv", "ln", "install", "rsync"})
_ALL_ARE_MADE = frozenset({"tee"})
_OUTPUT_OPTIONS = frozenset({"-o", "-O", "--output", "--output-document", "--out"})
_LONGEST_WORD = 4096
_MOST_MATCHES = 1000


class Named(NamedTuple):
    """A file that a command names (it may not exist yet): written anew, added to, or anything; or a listed folder."""

    path: str
    how: How


def expand(command: str, namespace: Mapping[str, Any]) -> str:
    """Put variables into a `!` command as IPython does, as far as they are plain names of plain values."""

    def value(match: re.Match[str]) -> str:
        found = namespace.get(match[1] or match[2])
        return str(found) if isinstance(found, (str, int, os.PathLike)) else match[0]

    return _EXPANSION.sub(value, command)


def named_files(command: str | Sequence[str], folder: str) -> Iterator[Named]:
    """Yield what a command (a shell's, or a list of arguments) names as files, as absolute paths."""
    if not isinstance(command, str):
        shell = _shell_text(command)
        if shell is None:
            yield from _of_words(list(command), folder)
            return
        command = shell
    for words in _commands(command):
        yield from _of_words(words, folder)


def program(command: str | Sequence[str]) -> str:
    """Return the name of the first program that a command runs."""
    if not isinstance(command, str):
        shell = _shell_text(command)
        if shell is None:
            return os.path.basename(command[0]) if command else ""
        command = shell
    first = next(iter(_commands(command)), [])
    return os.path.basename(next((word for word in first if "=" not in word), ""))


def _shell_text(command: Sequence[str]) -> str | None:
    is_shell = len(command) >= 3 and os.path.basename(command[0]) in ("sh", "bash", "zsh") and command[1] == "-c"
    return command[2] if is_shell else None


def _commands(text: str) -> Iterator[list[str]]:
    """Yield the simple commands of a shell text, each as its words."""
    for line in text.replace("\\\n", " ").splitlines():
        yield from _commands_of_line(line)


def _commands_of_line(text: str) -> Iterator[list[str]]:
    lexer = shlex.shlex(text, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    words: list[str] = []
    try:
        for word in lexer:
            if word.startswith("#"):
                break
            if word in _ENDS:
                yield words
                words = []
            else:
                words.append(word)
    except ValueError:
        words.extend(text.split())  # an open quote: better too many words than none
    if words:
        yield words


def _of_words(words: list[str], folder: str) -> Iterator[Named]:
    name = os.path.basename(words[0]) if words else ""
    operands = [word for word in words[1:] if not word.startswith("-")]
    how: How = "any"
    for index, word in enumerate(words):
        if word in (">", ">|", "&>", ">&"):
            how = "made"
            continue
        if word == ">>":
            how = "changed"
            continue
        before = words[index - 1] if index else ""
        if before in _OUTPUT_OPTIONS or (index and name in _ALL_ARE_MADE):
            how = "made"
        elif name in _LAST_IS_MADE and len(operands) > 1 and word == operands[-1] and index:
            yield from _into_folder(operands, word, folder)
            how = "made"
        for text in _texts(word):
            yield from _matches(text, folder, how)
        how = "any"


def _texts(word: str) -> Iterator[str]:
    """Yield what may be a path in a word: the word, and the value of `--option=value`."""
    yield word
    if "=" in word:
        yield word.partition("=")[2]


def _into_folder(operands: list[str], last: str, folder: str) -> Iterator[Named]:
    target = os.path.join(folder, last)
    if os.path.isdir(target):
        for operand in operands[:-1]:
            yield Named(os.path.normpath(os.path.join(target, os.path.basename(operand.rstrip("/")))), "made")


def _matches(text: str, folder: str, how: How) -> Iterator[Named]:
    if not text or len(text) > _LONGEST_WORD or "\0" in text or text.startswith("-") or "://" in text:
        return
    place = os.path.join(folder, os.path.expanduser(text))
    if any(letter in text for letter in "*?["):
        yield Named(os.path.normpath(os.path.dirname(place)), "listed")
        for found in sorted(glob.glob(place))[:_MOST_MATCHES]:
            yield Named(os.path.normpath(found), how)
    else:
        yield Named(os.path.normpath(place), how)
