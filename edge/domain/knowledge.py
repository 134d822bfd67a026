"""What a gate knows from its documents, in one frozen view that is replaced as a whole."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from edge.domain.credential_index import CredentialIndex
from edge.domain.rules import Rules, rules_of
from mqtt.contract import codec
from mqtt.contract.consents import Consents, read_consents
from mqtt.contract.documents import Held
from mqtt.contract.entry_pass import gate_tag
from mqtt.contract.errors import ContractError
from mqtt.contract.events import Method
from mqtt.contract.ids import id_from_text
from mqtt.contract.keys import read_keys
from mqtt.contract.policy import CompiledPolicy
from mqtt.contract.records import ConfigRecord, CredentialRecord, KeyRecord, StaffRecord
from mqtt.contract.records_face import FaceSettingsRecord
from mqtt.contract.revocation import read_revocations
from mqtt.contract.topics import DocumentName

__all__ = ["Documents", "Knowledge"]

Documents = Mapping[DocumentName, Held]

_NOTHING = Held(0, b"", {})


@dataclass(frozen=True, slots=True)
class Knowledge:
    """Everything that judging an attempt needs beside the attempt and the gate's own memory.

    `fitted` says which ways in each access point has. `staff_cards` goes from (value, length) to
    the staff pseudonym. `lists_confirmed_ms` is when the controller last confirmed the lists (UTC
    ms); the shell replaces it while the link is up, and the age shown and recorded comes from it.
    `face` are the settings by access point, `lease_holders` the credentials of those with a lease.
    """

    site: str
    gate: str
    settings: ConfigRecord = field(default_factory=ConfigRecord)
    rules: Rules = field(default_factory=Rules)
    fitted: Mapping[str, frozenset[Method]] = field(default_factory=dict)
    credentials: CredentialIndex = field(default_factory=CredentialIndex)
    revoked: Mapping[bytes, int] = field(default_factory=dict)
    keys: Mapping[bytes, KeyRecord] = field(default_factory=dict)
    roster: Mapping[bytes, StaffRecord] = field(default_factory=dict)
    staff_cards: Mapping[tuple[int, int], bytes] = field(default_factory=dict)
    versions: Mapping[DocumentName, int] = field(default_factory=dict)
    lists_confirmed_ms: int = 0
    consents: Consents = field(default_factory=Consents)
    face: Mapping[str, FaceSettingsRecord] = field(default_factory=dict)
    lease_holders: Mapping[bytes, tuple[tuple[bytes, CredentialRecord], ...]] = field(
        default_factory=dict
    )

    @classmethod
    def from_documents(
        cls,
        site: str,
        gate: str,
        documents: Documents,
        *,
        previous: "Knowledge | None" = None,
        lists_confirmed_ms: int = 0,
    ) -> "Knowledge":
        """Build from held documents, any of which may be missing.

        `previous` makes a new version of the credentials cost time for what changed only. Raises
        PolicyError for a configuration that cannot be used and ContractError for other records:
        whoever accepted the documents has checked them.
        """
        old = CredentialIndex() if previous is None else previous.credentials
        held = {name: documents.get(name, _NOTHING) for name in DocumentName}
        roster = _roster(held[DocumentName.ROSTER])
        credentials = old.updated(held[DocumentName.CREDENTIALS].records)
        consents = read_consents(held[DocumentName.LEASES].records)
        policy = _policy(held[DocumentName.CONFIG], held[DocumentName.POLICY])
        return cls(
            site,
            gate,
            settings=ConfigRecord() if policy is None else policy.gate,
            rules=Rules() if policy is None else rules_of(policy),
            fitted={} if policy is None else _fitted(policy),
            credentials=credentials,
            revoked=read_revocations(held[DocumentName.REVOCATIONS].records),
            keys=_keys(held[DocumentName.KEYS]),
            roster=roster,
            staff_cards={who.card: id_ for id_, who in roster.items() if who.card is not None},
            versions={name: item.version for name, item in documents.items()},
            lists_confirmed_ms=lists_confirmed_ms,
            consents=consents,
            face={} if policy is None else policy.face,
            lease_holders=_of_lease_holders(consents, credentials),
        )

    @property
    def home_tag(self) -> bytes:
        """Return the tag by which a pass names this gate as its home."""
        return gate_tag(self.site, self.gate)

    def list_age_ms(self, now_ms: int) -> int:
        """Return the age of the lists in ms at `now_ms` (UTC)."""
        return max(0, now_ms - self.lists_confirmed_ms)


def _policy(config: Held, policy: Held) -> CompiledPolicy | None:
    return CompiledPolicy.from_records(config, policy) if config.records else None


def _fitted(policy: CompiledPolicy) -> dict[str, frozenset[Method]]:
    return {name: frozenset(record.methods) for name, record in policy.access_points.items()}


def _of_lease_holders(
    consents: Consents, credentials: CredentialIndex
) -> dict[bytes, tuple[tuple[bytes, CredentialRecord], ...]]:
    found: dict[bytes, tuple[tuple[bytes, CredentialRecord], ...]] = {}
    for key, record in credentials.records.items() if consents.leases else ():
        if record.holder not in consents.leases:
            continue
        try:
            entry = (id_from_text(key), record)
        except ContractError:
            continue
        found[record.holder] = (*found.get(record.holder, ()), entry)
    return found


def _keys(held: Held) -> dict[bytes, KeyRecord]:
    return read_keys(held) if held.records else {}


def _roster(held: Held) -> dict[bytes, StaffRecord]:
    found = {}
    for key, raw in held.records.items():
        try:
            found[id_from_text(key)] = codec.decode(raw, StaffRecord)
        except ContractError:
            continue
    return found
