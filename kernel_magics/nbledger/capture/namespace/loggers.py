"""What a message to a logger changes: the streams of the handlers that it comes to."""

from __future__ import annotations

import sys
from typing import Any

from nbledger.capture.namespace.kinds import is_written_here


def behind_logger(logger: Any) -> tuple[list[Any], int]:
    """Return what is written to through a logger (or an adapter of one), and a hash of how it is set up."""
    logger = getattr(logger, "logger", logger)
    standard = (None, sys.stdout, sys.stderr, sys.__stderr__)
    setting: list[Any] = [logger.level, logger.disabled, logger.propagate, *map(id, logger.filters)]
    found: list[Any] = []
    while logger is not None:
        for handler in logger.handlers:
            stream = getattr(handler, "stream", None)
            setting += [id(handler), handler.level, id(handler.formatter), *map(id, handler.filters)]
            if not any(stream is one for one in standard):
                found += [stream, handler]
            elif is_written_here(type(handler)):
                found.append(handler)
        logger = logger.parent if logger.propagate else None
    return found, hash(tuple(setting))
