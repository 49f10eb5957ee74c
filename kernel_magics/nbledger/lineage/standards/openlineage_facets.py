"""The facets of OpenLineage events: the published ones, and our own, whose schema is `facets.json` beside this file."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import Any

from nbledger.lineage.standards.entries import Entry, Use
from nbledger.lineage.standards.portable import product
from nbledger.records import ABSENT, Column

_PUBLISHED = {
    "DataQualityMetricsInputDatasetFacet": "1-0-3",
    "DatasetVersionDatasetFacet": "1-0-1",
    "ErrorMessageRunFacet": "1-0-1",
    "JobTypeJobFacet": "2-0-4",
    "LifecycleStateChangeDatasetFacet": "1-0-1",
    "OutputStatisticsOutputDatasetFacet": "1-0-2",
    "ParentRunFacet": "1-2-0",
    "ProcessingEngineRunFacet": "1-1-1",
    "SchemaDatasetFacet": "1-2-0",
    "SourceCodeJobFacet": "1-0-1",
}
_OURS = "urn:nbledger:facets:1-0-0"


def producer() -> str:
    """Return the URI that names what wrote an event."""
    return f"urn:nbledger:software:nbledger-{product()}"


def facet(name: str, /, **about: Any) -> dict[str, Any]:
    """Return a facet with its producer and the URL of its schema, without what is not known."""
    version = _PUBLISHED.get(name)
    url = (
        f"https://openlineage.io/spec/facets/{version}/{name}.json#/$defs/{name}"
        if version
        else f"{_OURS}#/$defs/{name}"
    )
    known = {key: value for key, value in about.items() if value is not None}
    return {"_producer": producer(), "_schemaURL": url} | known


class Facets:
    """Makes the facets of runs."""

    def __init__(self) -> None:
        self.producer = producer()

    def job(self, entry: Entry) -> dict[str, Any]:
        """Return the facets of the job: its type and its code."""
        kind = facet("JobTypeJobFacet", processingType="BATCH", integration="NBLEDGER", jobType=entry.run.kind.upper())
        found = {"jobType": kind}
        if entry.run.source:
            found["sourceCode"] = facet("SourceCodeJobFacet", language="python", sourceCode=entry.run.source)
        return found

    def run(self, entry: Entry) -> dict[str, Any]:
        """Return the facets that are known when a run starts."""
        run, session = entry.run, entry.session
        engine = {"name": "Python", "version": session.python, "openlineageAdapterVersion": product()}
        about = facet(
            "NBLedgerRunFacet",
            kind=run.kind,
            session=session.id,
            frontend=session.frontend,
            position=run.position,
            experiment=run.experiment,
            name=run.name,
            tracked=run.tracked,
        )
        return {"processing_engine": facet("ProcessingEngineRunFacet", **engine), "nbledger_run": about}

    def results(self, entry: Entry) -> dict[str, Any]:
        """Return the facets that are known when a run ended."""
        run = entry.run
        found: dict[str, Any] = {}
        if run.params:
            found["nbledger_params"] = facet("NBLedgerParamsRunFacet", params=_plain(run.params))
        if run.metrics:
            bases = {name: [[basis.role, basis.version] for basis in of] for name, of in sorted(entry.bases.items())}
            found["nbledger_metrics"] = facet("NBLedgerMetricsRunFacet", metrics=_plain(run.metrics), bases=bases)
        if run.tags:
            found["nbledger_tags"] = facet("NBLedgerTagsRunFacet", tags=dict(sorted(run.tags.items())))
        if entry.opaque:
            found["nbledger_exactness"] = facet("NBLedgerExactnessRunFacet", opaque=list(entry.opaque))
        if entry.models:
            names = [f"{model.model}/{model.number}" for model in entry.models]
            found["nbledger_models"] = facet("NBLedgerModelsRunFacet", models=names)
        if run.error is not None:
            message = f"{run.error.type}: {run.error.message}"
            found["errorMessage"] = facet("ErrorMessageRunFacet", message=message, programmingLanguage="python")
        return found

    def dataset(self, uses: list[Use], columns: Sequence[Column]) -> dict[str, Any]:
        """Return the facets of a data set at one version."""
        version = uses[0].version
        if version.hash == ABSENT.hash:
            return {"lifecycleStateChange": facet("LifecycleStateChangeDatasetFacet", lifecycleStateChange="DROP")}
        found = {
            "version": facet("DatasetVersionDatasetFacet", datasetVersion=version.hash),
            "nbledger_version": facet(
                "NBLedgerVersionDatasetFacet",
                kind=version.kind,
                exactness=version.exactness,
                pythonType=version.type_name or None,
                shape=None if version.shape is None else list(version.shape),
                bytes=version.nbytes,
                roles=sorted({use.role for use in uses}),
                changedInPlace=any(use.derived for use in uses),
            ),
        }
        if columns:
            fields = [
                {"name": column.name, "type": column.dtype, "ordinal_position": place}
                for place, column in enumerate(columns, 1)
            ]
            found["schema"] = facet("SchemaDatasetFacet", fields=fields)
        return found

    def quality(self, use: Use, columns: Sequence[Column]) -> dict[str, Any] | None:
        """Return the light profile of a table that was read; of a sample where the profile is of one, so left out."""
        profiled = {column.name: column.profile for column in columns if column.profile}
        if not profiled or any("sampled_rows" in profile for profile in profiled.values()):
            return None
        shape = use.version.shape
        metrics = {
            name: ({"nullCount": profile["missing"]} if "missing" in profile else {})
            | {key: float(profile[key]) for key in ("min", "max") if _is_number(profile.get(key))}
            for name, profile in profiled.items()
        }
        rows = shape[0] if shape else None
        return facet(
            "DataQualityMetricsInputDatasetFacet", rowCount=rows, bytes=use.version.nbytes, columnMetrics=metrics
        )

    def statistics(self, use: Use) -> dict[str, Any] | None:
        """Return how much was written."""
        version = use.version
        if version.hash == ABSENT.hash or version.nbytes is None:
            return None
        rows = version.shape[0] if version.kind == "table" and version.shape else None
        files = 1 if use.role == "file" else None
        return facet("OutputStatisticsOutputDatasetFacet", rowCount=rows, size=version.nbytes, fileCount=files)


def _plain(values: Any) -> dict[str, Any]:
    """Return values by name; numbers that JSON has no word for become their names."""
    return {
        name: value if not isinstance(value, float) or isfinite(value) else str(value)
        for name, value in sorted(values.items())
    }


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


__all__ = ["Facets", "facet", "producer"]
