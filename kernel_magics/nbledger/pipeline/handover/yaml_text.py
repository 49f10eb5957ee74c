"""YAML as people write it: in the given order, with a comment on top."""

from __future__ import annotations

from typing import Any


def document(data: Any, *comment: str) -> str:
    """Return data as YAML below the lines of a comment."""
    import yaml

    class Plain(yaml.SafeDumper):
        """Writes lists inside of mappings indented, and nothing as an anchor."""

        def increase_indent(self, flow: bool = False, indentless: bool = False) -> Any:  # noqa: ARG002
            return super().increase_indent(flow, False)  # noqa: FBT003

        def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
            return True

    Plain.add_representer(str, _text)
    body = yaml.dump(data, Dumper=Plain, sort_keys=False, allow_unicode=True, width=110, default_flow_style=False)
    # `on` is GitHub's word and YAML 1.1's for true; without quotes is how everybody writes it.
    top = "".join(f"# {line}\n" for line in comment)
    return top + str(body).replace("'on':", "on:", 1)


def _text(dumper: Any, text: str) -> Any:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)
