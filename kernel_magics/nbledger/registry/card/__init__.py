"""The model card: what a reader must know of a model version before trusting it, told by the ledger.

The sections and their names are those of Mitchell et al., "Model Cards for Model Reporting" (FAT* 2019). What the
ledger does not know is said ("not recorded"), never left out.
"""

from __future__ import annotations

from nbledger.registry.card.contents import model_card
from nbledger.registry.card.html import to_html
from nbledger.registry.card.markdown import to_markdown
from nbledger.registry.card.page import Card, Code, Facts, Items, Section, Table, Text

__all__ = ["Card", "Code", "Facts", "Items", "Section", "Table", "Text", "model_card", "to_html", "to_markdown"]
