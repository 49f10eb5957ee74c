"""The report as JUnit XML, which every build server shows: a case for each step and for each gate."""

from __future__ import annotations

import re
from xml.etree import ElementTree as Xml

from nbledger.pipeline.ci.report import CiReport
from nbledger.pipeline.step_running import StepRun
from nbledger.records import GateResult
from nbledger.registry.gates import titles

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(report: CiReport) -> str:
    """Return the report as a JUnit XML document; times are seconds."""
    suites = Xml.Element("testsuites", {"name": _clean(report.pipeline)})
    steps = _suite(suites, f"{report.pipeline}: steps", len(report.run.steps), report.run.duration)
    for step in report.run.steps:
        _step(steps, step)
    if report.gates or (report.problem and report.run.status == "finished"):
        gates = _suite(suites, f"{report.pipeline}: gates", max(1, len(report.gates)), 0.0)
        for title, gate in zip(titles(report.gates), report.gates, strict=True):
            _gate(gates, title, gate)
        if not report.gates:
            case = Xml.SubElement(gates, "testcase", {"classname": "gates", "name": "candidate"})
            Xml.SubElement(case, "failure", {"message": _clean(report.problem)})
    for suite in suites:
        for kind in ("failure", "error", "skipped"):
            word = {"failure": "failures", "error": "errors", "skipped": "skipped"}[kind]
            suite.set(word, str(len(suite.findall(f"testcase/{kind}"))))
    Xml.indent(suites)
    return Xml.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def _suite(suites: Xml.Element, name: str, tests: int, seconds: float) -> Xml.Element:
    return Xml.SubElement(suites, "testsuite", {"name": _clean(name), "tests": str(tests), "time": f"{seconds:.3f}"})


def _step(suite: Xml.Element, step: StepRun) -> None:
    given = {"classname": "steps", "name": _clean(step.name), "time": f"{step.duration or 0:.3f}"}
    case = Xml.SubElement(suite, "testcase", given)
    if step.status == "failed":
        Xml.SubElement(case, "failure", {"message": _clean(step.reason.splitlines()[0])}).text = _clean(step.reason)
    elif step.status in ("skipped", "cancelled"):
        Xml.SubElement(case, "skipped", {"message": _clean(step.reason)})
    told = [f"run {step.run}"] if step.run else []
    told += [step.status, *step.findings]
    Xml.SubElement(case, "system-out").text = _clean("\n".join(told))


def _gate(suite: Xml.Element, title: str, gate: GateResult) -> None:
    case = Xml.SubElement(suite, "testcase", {"classname": "gates", "name": _clean(title)})
    if not gate.ok:
        kind = "error" if gate.status == "error" else "failure"
        Xml.SubElement(case, kind, {"message": _clean(gate.detail)})
    else:
        Xml.SubElement(case, "system-out").text = _clean(f"{gate.status}: {gate.detail}")


def _clean(text: str) -> str:
    """Return text without the characters that XML cannot hold."""
    return _NOT_XML.sub("?", text)
