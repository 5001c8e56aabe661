"""The auditor for anybody's tables: what a reader can prove of each cell, and tables that show what no reader can."""

from gmsd_publication.disclosure.audit.findings import BOUNDS_ONLY, Effort, Findings, audit
from gmsd_publication.disclosure.audit.verdicts import Known, Verdict

__all__ = ["BOUNDS_ONLY", "Effort", "Findings", "Known", "Verdict", "audit"]
