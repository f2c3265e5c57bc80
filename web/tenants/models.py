"""Every table of the tenants' rooms, imported once so that the metadata is whole."""

from web.core.erasures import Erasure
from web.core.events import Event, EventSeal
from web.core.vault import RecordKey
from web.tenants.accounts.models import Account, AccountProposal, LoginSession
from web.tenants.activities.models import Activity, Attendance, StudyRecord
from web.tenants.consents.models import Consent, NoticeText
from web.tenants.counties.models import County, CountySettings
from web.tenants.documents.models import Document, ProofCode, Scan
from web.tenants.flows.models import Flow
from web.tenants.imports.models import HeaderAlias, ImportBatch, ImportRow
from web.tenants.labels.models import Label, MemberLabel, RowLabel
from web.tenants.members.models import Member, MemberGram, MemberPair
from web.tenants.operators.models import Backup, Operator, OperatorSession
from web.tenants.organisations.models import PartyOrg
from web.tenants.tasks.models import Task
from web.tenants.transfers.models import LetterStub, RelationTransfer
from web.tenants.workbench.models import Draft, Export, ListSetting, SavedFilter, UndoStep

__all__ = [
    "Account",
    "AccountProposal",
    "Activity",
    "Attendance",
    "Backup",
    "Consent",
    "County",
    "CountySettings",
    "Document",
    "Draft",
    "Erasure",
    "Event",
    "EventSeal",
    "Export",
    "Flow",
    "HeaderAlias",
    "ImportBatch",
    "ImportRow",
    "Label",
    "LetterStub",
    "ListSetting",
    "LoginSession",
    "Member",
    "MemberGram",
    "MemberLabel",
    "MemberPair",
    "NoticeText",
    "Operator",
    "OperatorSession",
    "PartyOrg",
    "ProofCode",
    "RecordKey",
    "RelationTransfer",
    "RowLabel",
    "SavedFilter",
    "Scan",
    "StudyRecord",
    "Task",
    "UndoStep",
]
