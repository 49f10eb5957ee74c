"""What the tests of figures share: frames of runs as the ledger gives them, and arrays out of figures."""

from __future__ import annotations

import base64
import json

import numpy as np
import pandas as pd
import pytest


@pytest.fixture
def runs_of():
    """A function that makes a frame of `count` runs with params, metrics and names."""

    def make(count, seed=0):
        random = np.random.default_rng(seed)
        lr = 10 ** random.uniform(-4, -1, count)
        optimizer = random.choice(["adam", "sgd"], count)
        return pd.DataFrame(
            {
                "params.lr": lr,
                "params.optimizer": optimizer,
                "params.noise": random.uniform(size=count),
                "params.seed": 1,
                "metrics.f1": 0.8 + 0.05 * np.log10(lr) + 0.1 * (optimizer == "adam"),
                "metrics.seconds": random.uniform(1, 9, count),
                "attributes.name": [f"trial {number}" for number in range(count)],
            },
            index=pd.Index([f"{number:032x}" for number in range(count)], name="run"),
        )

    return make


@pytest.fixture
def drawn():
    """A function that gives a figure as plotly.js gets it, its packed arrays as lists."""

    def unpack(value):
        if isinstance(value, dict) and "bdata" in value:
            found = np.frombuffer(base64.b64decode(value["bdata"]), dtype=value["dtype"])
            return found.tolist()
        if isinstance(value, dict):
            return {key: unpack(item) for key, item in value.items()}
        return [unpack(item) for item in value] if isinstance(value, list) else value

    return lambda figure: unpack(json.loads(figure.to_json()))
