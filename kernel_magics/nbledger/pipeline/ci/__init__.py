"""What a build server does with a pipeline: run it, hold the result against the champion, judge, and tell."""

from nbledger.pipeline.ci.checkout import project_to_run
from nbledger.pipeline.ci.junit import junit
from nbledger.pipeline.ci.markdown import markdown
from nbledger.pipeline.ci.report import CiReport, Gain, run_ci

__all__ = ["CiReport", "Gain", "junit", "markdown", "project_to_run", "run_ci"]
