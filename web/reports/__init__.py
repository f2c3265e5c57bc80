"""Official papers: a dataclass per document → HTML → PDF. Knows no database and no web request;
only `figures` and `statements` read the county's rows, to compose a report from them.

`render(letter)` gives the bytes, the number of pages and the digest; `filename(letter)` 介绍信_20260057_李例乙.pdf.
"""

from web.reports.agreement_report import AgreementReport
from web.reports.agreement_text import AgreementText, Clause, CooperationItem, Grant, Liaison, Responsibility
from web.reports.certificate import Certificate, SealedLetter
from web.reports.cosigned_record import Attendee, CosignedRecord, Count, SealedWord
from web.reports.directions import Direction, Item, Month, ScopeUse, Step
from web.reports.documents import Document, Party, filename
from web.reports.introduction_letter import IntroductionLetter, Receipt
from web.reports.metrics import METRICS, Figure, Metric, figure
from web.reports.periods import Period
from web.reports.proof_sheet import ChannelHead, Decision, ProofSheet, Seal
from web.reports.rendering import Attached, Rendered, render

__all__ = [
    "METRICS",
    "AgreementReport",
    "AgreementText",
    "Attached",
    "Attendee",
    "Certificate",
    "ChannelHead",
    "Clause",
    "CooperationItem",
    "CosignedRecord",
    "Count",
    "Decision",
    "Direction",
    "Document",
    "Figure",
    "Grant",
    "IntroductionLetter",
    "Item",
    "Liaison",
    "Metric",
    "Month",
    "Party",
    "Period",
    "ProofSheet",
    "Receipt",
    "Rendered",
    "Responsibility",
    "ScopeUse",
    "Seal",
    "SealedLetter",
    "SealedWord",
    "Step",
    "figure",
    "filename",
    "render",
]  # fmt: skip
