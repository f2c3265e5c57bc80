"""Who may do what: the only table of roles and permissions. The roles page is rendered from it."""

from __future__ import annotations

from enum import StrEnum


class Permission(StrEnum):
    """`<noun>:<verb>`, sorted. A view that writes never stands under `…:read`."""

    ACCOUNT_CONFIRM = "account:confirm"
    ACCOUNT_GRANT = "account:grant"
    ACCOUNT_OPEN = "account:open"
    ACCOUNT_READ = "account:read"
    ACTIVITY_READ = "activity:read"
    ACTIVITY_WRITE = "activity:write"
    AGREEMENT_APPROVE = "agreement:approve"
    AGREEMENT_READ = "agreement:read"
    AGREEMENT_WRITE = "agreement:write"
    COSIGN_READ = "cosign:read"
    COSIGN_WRITE = "cosign:write"
    COUNTY_MANAGE = "county:manage"
    DOCUMENT_READ = "document:read"
    EVENT_READ = "event:read"
    FIGURE_READ = "figure:read"
    HANDOVER_READ = "handover:read"
    HANDOVER_WRITE = "handover:write"
    HOME_READ = "home:read"
    IMPORT_WRITE = "import:write"
    KEY_WRITE = "key:write"
    LIST_EXPORT = "list:export"
    MEMBER_READ = "member:read"
    MEMBER_REVEAL = "member:reveal"
    MEMBER_WRITE = "member:write"
    ORGANISATION_READ = "organisation:read"
    ORGANISATION_WRITE = "organisation:write"
    PEER_CONFIRM = "peer:confirm"
    PEER_READ = "peer:read"
    REFERRAL_READ = "referral:read"
    REFERRAL_WRITE = "referral:write"
    REPORT_READ = "report:read"
    REPORT_WRITE = "report:write"
    REQUEST_READ = "request:read"
    REQUEST_WRITE = "request:write"
    SELF_WRITE = "self:write"
    TRANSFER_APPROVE = "transfer:approve"
    TRANSFER_READ = "transfer:read"
    TRANSFER_WRITE = "transfer:write"


class Role(StrEnum):
    """The roles there are, in the words of the glossary (web/README.md)."""

    COUNTY_ADMIN = "county_admin"
    TOWNSHIP_OFFICER = "township_officer"
    BRANCH_SECRETARY = "branch_secretary"
    AWAY_SECRETARY = "away_secretary"
    LIAISON = "liaison"
    LEADER_READONLY = "leader_readonly"
    SYSADMIN = "sysadmin"
    SECADMIN = "secadmin"
    AUDITOR = "auditor"


P = Permission
_EVERYBODY = frozenset({P.HOME_READ, P.SELF_WRITE, P.ORGANISATION_READ})
_ADMINISTRATOR = _EVERYBODY | {P.ACCOUNT_READ}
_PERSONS = frozenset({P.MEMBER_READ, P.ACTIVITY_READ, P.DOCUMENT_READ, P.COSIGN_READ, P.LIST_EXPORT})

GRANTS: dict[Role, frozenset[Permission]] = {
    Role.COUNTY_ADMIN: frozenset(Permission)
    - {P.AGREEMENT_APPROVE, P.ACCOUNT_OPEN, P.ACCOUNT_GRANT, P.ACCOUNT_CONFIRM},
    Role.TOWNSHIP_OFFICER: _EVERYBODY
    | _PERSONS
    | {
        P.MEMBER_WRITE,
        P.MEMBER_REVEAL,
        P.FIGURE_READ,
        P.IMPORT_WRITE,
        P.ACTIVITY_WRITE,
        P.REFERRAL_READ,
        P.REFERRAL_WRITE,
        P.HANDOVER_READ,
        P.HANDOVER_WRITE,
        P.TRANSFER_READ,
        P.TRANSFER_WRITE,
        P.TRANSFER_APPROVE,
        P.REQUEST_READ,
        P.REQUEST_WRITE,
    },
    Role.BRANCH_SECRETARY: _EVERYBODY
    | _PERSONS
    | {P.MEMBER_WRITE, P.ACTIVITY_WRITE, P.REFERRAL_READ, P.HANDOVER_READ, P.TRANSFER_READ, P.TRANSFER_WRITE},
    Role.AWAY_SECRETARY: _EVERYBODY | _PERSONS | {P.ACTIVITY_WRITE, P.REFERRAL_READ},
    Role.LIAISON: _EVERYBODY
    | _PERSONS
    | {
        P.AGREEMENT_READ,
        P.COSIGN_WRITE,
        P.FIGURE_READ,
        P.HANDOVER_READ,
        P.HANDOVER_WRITE,
        P.PEER_READ,
        P.REFERRAL_READ,
        P.REFERRAL_WRITE,
        P.REPORT_READ,
        P.TRANSFER_READ,
        P.REQUEST_READ,
        P.REQUEST_WRITE,
    },
    # The leader decides on the county's seal and reads aggregates: no rows of persons.
    Role.LEADER_READONLY: _EVERYBODY
    | {P.AGREEMENT_READ, P.AGREEMENT_APPROVE, P.FIGURE_READ, P.REPORT_READ, P.PEER_READ},
    # The separated administrators (三员) see no business data. Who opens an account gives it no rights, who gives rights
    # opens none, who reads the log changes nothing.
    Role.SYSADMIN: _ADMINISTRATOR | {P.ACCOUNT_OPEN, P.ACCOUNT_CONFIRM, P.ORGANISATION_WRITE},
    Role.SECADMIN: _ADMINISTRATOR | {P.ACCOUNT_GRANT, P.ACCOUNT_CONFIRM},
    Role.AUDITOR: _ADMINISTRATOR | {P.EVENT_READ},
}

# Who holds one of these sees how many members there are and what became of them; the separated administrators hold none.
NUMBERS = frozenset({P.MEMBER_READ, P.REPORT_READ})

# What is done to the account of one of these wants two persons (`accounts/four_eyes.py`).
ADMINISTRATORS = frozenset({Role.SYSADMIN, Role.SECADMIN, Role.AUDITOR})

# Roles that see the whole county; every other one sees its part of the tree.
WHOLE_COUNTY = ADMINISTRATORS | {Role.COUNTY_ADMIN, Role.LIAISON, Role.LEADER_READONLY}
