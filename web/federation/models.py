"""Every table of the federation's rooms, imported once so that the metadata is whole."""

from web.federation.agreements.models import (
    Agreement,
    AgreementApproval,
    AgreementClosing,
    AgreementDecision,
    AgreementDuty,
    AgreementGrant,
    AgreementMeeting,
    AgreementParty,
    AgreementSeal,
    AgreementTemplate,
    AgreementVersion,
    CooperationProgress,
)
from web.federation.cosigning.models import CoSignedRecord, CosignLine
from web.federation.handovers.models import Handover
from web.federation.post.models import (
    Blob,
    Channel,
    CountyDescriptor,
    CountyKey,
    InboxMessage,
    OutboxMessage,
    Peer,
    PeerKey,
    PostDue,
    StoredDisclosure,
)
from web.federation.readings.models import Reading
from web.federation.referrals.models import Referral, SharedGram, SharedMember, WrongCode
from web.federation.requests.models import Request
from web.federation.sharing.models import Publication, SharedValue, StatusShare

__all__ = [
    "Agreement",
    "AgreementApproval",
    "AgreementClosing",
    "AgreementDecision",
    "AgreementDuty",
    "AgreementGrant",
    "AgreementMeeting",
    "AgreementParty",
    "AgreementSeal",
    "AgreementTemplate",
    "AgreementVersion",
    "Blob",
    "Channel",
    "CoSignedRecord",
    "CooperationProgress",
    "CosignLine",
    "CountyDescriptor",
    "CountyKey",
    "Handover",
    "InboxMessage",
    "OutboxMessage",
    "Peer",
    "PeerKey",
    "PostDue",
    "Publication",
    "Reading",
    "Referral",
    "Request",
    "SharedGram",
    "SharedMember",
    "SharedValue",
    "StatusShare",
    "StoredDisclosure",
    "WrongCode",
]
