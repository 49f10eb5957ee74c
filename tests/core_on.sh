#!/usr/bin/env bash
# Run the core's tests on another Python: core_on.sh 3.12 TESTS...
#
# Needs that Python on the machine, as python3.12 on the PATH or as one of pyenv's. Where there is none (or only a pyenv
# shim that does not run) it says so loudly and succeeds: the workflow for forks has all of them.
set -euo pipefail

version=$1
shift
usable='import sys, sqlite3, ssl, venv, ensurepip'
python=
for candidate in "python$version" "${PYENV_ROOT:-$HOME/.pyenv}"/versions/"$version"*/bin/python; do
  if "$candidate" -c "$usable" >/dev/null 2>&1; then
    python=$candidate
    break
  fi
done
if [ -z "$python" ]; then
  echo "######## SKIPPED: no Python $version that runs was found here; core tests on it did NOT run ########" >&2
  exit 0
fi

venv=.venv-$version
if [ ! "$venv/.installed" -nt pyproject.toml ]; then
  echo "Making $venv with $("$python" --version) ..."
  [ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
  "$venv/bin/python" -m pip install --quiet --upgrade 'pip>=25.1'
  "$venv/bin/python" -m pip install --quiet --editable . --group dev
  touch "$venv/.installed"
fi
echo "Core tests on $("$venv/bin/python" --version):"
exec "$venv/bin/python" -m pytest -q -m 'not benchmark and not kernel' -p no:cacheprovider "$@"
