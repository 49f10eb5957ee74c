"""The model card tells what the ledger knows, says what it does not, and never lets a text become markup."""

from __future__ import annotations

import json
import re
import time
from html.parser import HTMLParser

import pytest

from nbledger.cli import cli
from nbledger.ledger import model_tags
from nbledger.registry import promote
from nbledger.registry.card import model_card, to_html, to_markdown
from nbledger.registry.card.markdown import escaped
from tests.registry.recorded_model import DATA, EVIL, FIT, JUDGE, Notebook, write_people

SECTIONS = [
    "Model Details", "Signature", "Input example", "Intended Use", "Factors", "Metrics", "Evaluation Data", "Training Data",
    "Quantitative Analyses", "Known Leaks", "Ethical Considerations", "Caveats and Recommendations", "Parameters",
    "Environment", "Promotions and Approvals", "Training Code",
]  # fmt: skip


@pytest.fixture(scope="module")
def notebook(tmp_path_factory):
    folder = tmp_path_factory.mktemp("carded")
    write_people(folder)
    notebook = Notebook(folder)
    for source in (DATA, FIT, JUDGE):
        notebook.run(source)
    until = time.monotonic() + 30
    while notebook.ledger.environment(notebook.runs[1]) is None and time.monotonic() < until:
        time.sleep(0.05)  # it is recorded in the background
    done = promote(
        notebook.ledger, "churn", notebook.ledger.run(notebook.runs[1]), alias="champion", reason=EVIL, who="ada"
    )
    notebook.version = done.version
    tags = {"description": f"Who leaves {EVIL}", "owner": "risk\nteam", "intended_use": "Letters, one a month."}
    model_tags.set_tags(notebook.ledger, "churn", None, tags)
    model_tags.set_tags(notebook.ledger, "churn", 1, {"stage": "production"})
    yield notebook
    notebook.close()


@pytest.fixture(scope="module")
def card(notebook):
    return model_card(notebook.ledger, notebook.version)


def text_of(card, title):
    return json.dumps(card.section(title).to_dict(), ensure_ascii=False)


def test_a_card_has_the_sections_of_the_paper_and_ours(card):
    assert [section.title for section in card.sections] == SECTIONS


def test_metrics_have_intervals_and_name_what_they_were_judged_on(card):
    for one in card.data["metrics"]:
        assert one["low"] <= one["value"] <= one["high"]
    assert {one["name"] for one in card.data["metrics"]} == {"accuracy", "f1", "auc"}
    assert "X_test, 150 rows" in text_of(card, "Metrics")
    assert "2000 resamples" in text_of(card, "Metrics")


def test_groups_are_told_the_worst_first_and_small_ones_are_left_out(card, notebook):
    accuracy = [one for one in card.data["groups"] if one["metric"] == "accuracy"]
    assert accuracy[0]["value"] == "gold"
    assert [one["score"] for one in accuracy] == sorted(one["score"] for one in accuracy)
    names = notebook.names
    gold = (names["X_test"]["plan"] == "gold").to_numpy()
    assert accuracy[0]["rows"] == gold.sum()
    assert accuracy[0]["score"] == pytest.approx((names["pred"] == names["y_test"])[gold].mean())
    assert "plan = rare" in text_of(card, "Quantitative Analyses")
    assert all(one["value"] != "rare" for one in accuracy)


def test_a_group_without_positives_keeps_the_positive_class_of_all_rows():
    import numpy as np

    from nbledger.lineage.paired import interval, score_of

    y, predicted = np.array([1, 1, 0, 0, 0, 0]), np.array([1, 0, 1, 0, 0, 0])
    rows = np.array([False, False, False, True, True, True])
    assert score_of(y, predicted, "f1", rows) == 0
    assert score_of(y, predicted, "accuracy", rows) == 1
    assert interval(y, predicted, "accuracy", rows=rows, resamples=50)[:3] == (1.0, 1.0, 1.0)


def test_data_has_names_shapes_hashes_and_the_files_behind_it(card, notebook):
    assert "450 x 3" in text_of(card, "Training Data")
    assert "people.csv" in text_of(card, "Training Data")
    assert "150 x 3" in text_of(card, "Evaluation Data")
    truth = notebook.ledger.used(notebook.runs[2])
    assert any(edge.name == "y_test" for edge in truth)
    assert '"test set": "y_test", "judgements": "3", "models": "1"' in text_of(card, "Evaluation Data")


def test_params_code_environment_and_promotions_are_told(card):
    assert "logisticregression__C" in text_of(card, "Parameters")
    assert "logisticregression__tol" not in text_of(card, "Parameters")
    assert "clf.fit(X_train, y_train)" in text_of(card, "Training Code")
    assert "accuracy_score(y_test, pred)" not in text_of(card, "Training Code")
    assert "scikit-learn" in text_of(card, "Environment")
    told = text_of(card, "Promotions and Approvals")
    assert "@champion" in told and "ada" in told and "No approval by a person" in told and "production" in told


def test_what_is_not_known_is_said(card):
    assert "Letters, one a month." in text_of(card, "Intended Use")
    assert "Not recorded: say it by nbledger describe churn --tag ethical_considerations" in text_of(
        card, "Ethical Considerations"
    )
    assert "Nobody has said the ethical considerations." in text_of(card, "Caveats and Recommendations")


def test_leaks_are_told_and_held_against_the_numbers(notebook):
    notebook.run(
        "num = df[['age', 'spend']]\nscaled = StandardScaler().fit_transform(num)\n"
        "A, B, a, b = train_test_split(scaled, y, random_state=1)\n"
        "leaky = LogisticRegression().fit(A, a)\nleaky_accuracy = accuracy_score(b, leaky.predict(B))"
    )
    version = promote(notebook.ledger, "leaky", notebook.ledger.run(notebook.runs[-1])).version
    card = model_card(notebook.ledger, version)
    assert "preprocessing" in text_of(card, "Known Leaks")
    assert "may be too good: preprocessing leakage" in text_of(card, "Caveats and Recommendations")
    assert "is no table with named columns" in text_of(card, "Quantitative Analyses")


def test_a_number_of_the_training_rows_is_said_to_be_one(notebook):
    notebook.run("own = Ridge().fit(X_train[['age']], y_train)\ntrain_r2 = own.score(X_train[['age']], y_train)")
    notebook.run("N = X_train[['age', 'spend']]\nown = Ridge().fit(N, y_train)\ntrain_r2 = own.score(N, y_train)")
    version = promote(notebook.ledger, "own", notebook.ledger.run(notebook.runs[-1])).version
    told = text_of(model_card(notebook.ledger, version), "Caveats and Recommendations")
    assert "was judged on the very rows that the model was fitted on" in told


def test_a_bare_model_has_a_card_of_what_is_missing(fresh_ledger, add_run):
    from sklearn.linear_model import Ridge

    run = fresh_ledger.run(add_run("a", models={"model": Ridge().fit([[0.0]], [1.0])}, metrics={"r2": float("nan")}))
    card = model_card(fresh_ledger, promote(fresh_ledger, "bare", run).version)
    assert [section.title for section in card.sections] == SECTIONS
    for title in ("Signature", "Input example", "Factors", "Training Data", "Evaluation Data", "Environment"):
        assert "ot recorded" in text_of(card, title), title
    assert to_markdown(card) and to_html(card)


# -- as text --------------------------------------------------------------------------------------------------------


class Page(HTMLParser):
    """What a browser would make of a page: tags, links, and the text."""

    def __init__(self):
        super().__init__()
        self.tags, self.links, self.open, self.text, self.ids = [], [], [], [], set()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        found = dict(attrs)
        self.links += [value for name, value in attrs if name in ("src", "href", "action", "style", "srcset")]
        assert not [name for name in found if name.startswith("on")]
        self.ids.add(found.get("id"))
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def test_the_page_stands_alone_and_is_well_formed(card):
    page = Page()
    page.feed(to_html(card))
    assert page.open == []
    assert all(link.startswith("#") and link[1:] in page.ids for link in page.links)
    assert not {"script", "img", "link", "iframe", "object", "form"} & set(page.tags)
    assert "@import" not in to_html(card) and "url(" not in to_html(card)
    assert page.tags.count("h1") == 1
    assert page.tags.count("caption") == page.tags.count("table")


@pytest.mark.parametrize(
    "evil",
    [
        EVIL,
        '"><img src=x onerror=alert(1)>',
        "</code></pre><script>1</script>",
        "<!-- x",
        "&lt;b&gt;",
        "javascript:alert(1)",
    ],
)
def test_text_from_outside_stays_text_in_the_page(notebook, evil):
    model_tags.set_tags(notebook.ledger, "churn", 1, {"note": evil, "stage": evil})
    model_tags.set_tags(notebook.ledger, "churn", None, {"description": evil, "caveats": evil})
    html = to_html(model_card(notebook.ledger, notebook.version))
    page = Page()
    page.feed(html)
    assert "".join(page.text).count(evil) >= 4
    assert not {"script", "img"} & set(page.tags)


def test_text_from_outside_stays_text_in_markdown(card):
    text = to_markdown(card)
    prose = re.sub(r"(?ms)^(`{3,}).*?^\1$", "", text)
    assert "<script" not in prose.replace("\\<", "")
    assert "\\<script\\>" in prose
    for line in prose.splitlines():
        if line.startswith("|"):
            assert len(re.findall(r"(?<!\\)\|", line)) >= 3


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a|b", r"a\|b"), ("[x](http://y)", r"\[x\](http&#58;//y)"), ("# no", r"\# no"), ("- no", r"\- no"), ("1. no", r"\1. no"),
        ("a\nb", "a b"), ("`x`", r"\`x\`"), ("&lt;", "&amp;lt;"), ("www.x.org", "www&#46;x.org"), ("$x$", r"\$x\$"),
    ],
)  # fmt: skip
def test_markdown_shows_any_text_as_it_is(text, shown):
    assert escaped(text) == shown


def test_code_with_fences_in_it_stays_one_block():
    from nbledger.registry.card import Card, Code, Section

    card = Card("t", "s", (Section("Training Code", (Code("c", "x = '''\n```\n<b>\n```\n'''"),)),))
    assert "````python\nx = '''\n```\n<b>\n```\n'''\n````" in to_markdown(card)


# -- in the shell ---------------------------------------------------------------------------------------------------


def run(notebook, *words):
    return cli.main(["--ledger", str(notebook.ledger.root), *words], standalone_mode=False)


def test_card_prints_markdown_or_writes_a_file(notebook, tmp_path, capsys):
    run(notebook, "card", "churn")
    assert capsys.readouterr().out.startswith("# churn, version 1\n\nModel card, @champion\n")
    run(notebook, "card", "churn@champion", "-o", str(tmp_path / "card.html"))
    assert (tmp_path / "card.html").read_text().startswith("<!DOCTYPE html>")
    run(notebook, "card", "churn/1", "-o", str(tmp_path / "docs" / "card.md"), "--json")
    assert (tmp_path / "docs" / "card.md").read_text().startswith("# churn")
    import nbledger

    with pytest.raises(nbledger.NBLedgerError, match=r"\.html or \.md"):
        run(notebook, "card", "churn", "-o", str(tmp_path / "card.docx"))
    with pytest.raises(nbledger.NBLedgerError, match="nosuch"):
        run(notebook, "card", "nosuch")


def test_describe_sets_and_shows(notebook, capsys):
    run(
        notebook,
        "describe",
        "churn/1",
        "The first",
        "--tag",
        "owner=ada",
        "--tag",
        "x=1",
        "--stage",
        "staging",
        "--json",
    )
    found = json.loads(capsys.readouterr().out)
    assert found["tags"] | {"description": "The first", "owner": "ada", "stage": "staging", "x": "1"} == found["tags"]
    assert found["signature"]["inputs"]["name"] == "X_train"
    run(notebook, "describe", "churn@champion", "--untag", "x", "--history")
    told = capsys.readouterr().out
    assert "(removed)" in told and "age: int64" in told
    assert "x" not in model_tags.tags(notebook.ledger, "churn", 1)
    import click

    with pytest.raises(click.UsageError, match="NAME=VALUE"):
        run(notebook, "describe", "churn", "--tag", "owner")
