"""What a call of IPython means that `!`, `%` and `%%` have become: names, Python, shell commands.

IPython puts `{expression}` and `$name` into commands and the lines of magics before they run.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from string import Formatter

from nbledger.fingerprint.syntax import compile_quietly

METHODS = (
    "system", "getoutput", "system_raw", "system_piped", "getoutput_piped", "run_line_magic", "run_cell_magic", "magic",
    "run_cell", "run_code", "ev", "ex", "push", "safe_execfile", "var_expand",
)  # fmt: skip
_SHELL = {"system", "getoutput", "system_raw", "system_piped", "getoutput_piped"}
_SHELL_MAGICS = {"sx", "sc", "system", "!", "bash", "sh", "script", "cmd"}
_HARMLESS = frozenset(
    (
        "alias alias_magic autoawait autocall automagic autoreload bookmark capture cat cd clear cls colors "
        "conda config connect_info cp debug dhist dirs doctest_mode ed edit env flake8 gui hist history html "
        "javascript js killbgscripts latex ldir less ledger lf lk ll load load_ext loadpy logoff logon "
        "logstart logstate logstop ls lsmagic lx magic man mamba markdown matplotlib micromamba mkdir more mv "
        "nbledger notebook page pastebin pdb pdef pdoc pfile pinfo pinfo2 pip popd pprint precision profile "
        "psearch psource pushd pwd pycat pylab qtconsole quickref recall rehashx reload_ext rep rm rmdir run save "
        "set_env subplots svg tb tensorboard time timeit track unalias unload_ext uv watermark who who_ls "
        "whos writefile file xmode prun memit mprun lprun tic toc "
    ).split()
)
_PYTHON = {"time": True, "prun": True, "lprun": True, "timeit": False, "memit": False, "mprun": True, "pinfo": False,
           "pinfo2": False, "psource": False, "pdoc": False, "pdef": False, "debug": False}  # fmt: skip
"""Line magics that run Python, and whether what it binds is bound in the notebook."""
_EXPANDED_BODIES = {"sql", "bigquery", "duckdb", "sparksql"}
_NAMES_FILE = {"run", "load", "loadpy", "cat", "pycat", "less", "more", "page", "writefile", "file", "save", "logstart",
               "cp", "mv", "rm"}  # fmt: skip
_dollar = re.compile(r"(?<!\$)\$([A-Za-z_]\w*)").findall
_colon = re.compile(r"(?<![:\w]):([A-Za-z_]\w*)").findall
_braced = re.compile(r"\{+([^{}]+)\}+").findall
_word = re.compile(r"(?<![\w.'\"])[A-Za-z_]\w*").findall


@dataclass(slots=True)
class Call:
    """What one call touches: `python` are sources with whether their bindings are the notebook's."""

    names: list[str] = field(default_factory=list)
    python: list[tuple[str, bool]] = field(default_factory=list)
    opaque: list[str] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)


def understand(method: str, texts: Sequence[str], *, complete: bool) -> Call:
    """Return what `get_ipython().method(*texts)` does. `complete` tells that all its arguments are in `texts`."""
    call = Call()
    if method in _SHELL:
        call.commands.extend(texts)
        for text in texts:
            _interpolated(call, text)
    elif method in {"run_line_magic", "run_cell_magic", "magic"}:
        words = texts[0].split(None, 1) if method == "magic" and texts else list(texts)
        if words:
            _magic(call, words[0].lstrip("%"), words[1:], cell=method == "run_cell_magic")
        if not complete or not words:
            call.opaque.append(f"%{words[0]}" if words else f"get_ipython().{method}")
    elif method != "var_expand":
        call.opaque.append(f"get_ipython().{method}")
        if method in {"ev", "ex", "run_cell", "run_code"}:
            call.python.extend((text, method != "ev") for text in texts[:1])
    return call


def _magic(call: Call, name: str, rest: Sequence[str], *, cell: bool) -> None:
    line = rest[0] if rest else ""
    body = rest[1] if len(rest) > 1 else ""
    if name in _PYTHON and not cell:
        call.python.append((without_options(line), _PYTHON[name]))
    elif name not in {"time", "timeit"}:
        _interpolated(call, line)
    if name in _SHELL_MAGICS:
        call.commands.append(body or line)
    elif name in _NAMES_FILE:
        call.commands.append(line)
    if name in _EXPANDED_BODIES or not (name in _HARMLESS or name in _SHELL_MAGICS):
        call.opaque.append(f"%%{name}" if cell else f"%{name}")
        call.names.append(name)  # one of the notebook's own has the name of its function
        _interpolated(call, body)
        call.names.extend(_colon(body))
        if name in _EXPANDED_BODIES:
            call.names.extend(re.findall(r"(?i)\b(?:from|join)\s+([a-z_]\w*)", body))
            call.names.extend(_colon(line))
    if name == "store":
        call.names.extend(_word(line))


def _interpolated(call: Call, text: str) -> None:
    """Take note of the `{expression}` and `$name` in a text."""
    call.names.extend(_dollar(text))
    if "{" not in text:
        return
    expressions = set(_braced(text))
    try:
        expressions.update(name for _, name, _, _ in Formatter().parse(text) if name)
    except ValueError:
        pass
    for expression in sorted(expressions):
        call.python.append((expression, False))
        call.names.extend(_word(expression.partition(":")[0]))


def without_options(line: str) -> str:
    """Return the statement of a line magic: `%timeit -n 10 f(x)` times `f(x)`."""
    rest = line.strip()
    while rest:
        try:
            compile_quietly(rest, "<magic>")
        except (SyntaxError, ValueError):
            _, _, shorter = rest.partition(" ")
            if not rest.startswith("-") and not line.strip().startswith("-"):
                return rest
            rest = shorter.strip()
        else:
            return rest
    return line.strip()
