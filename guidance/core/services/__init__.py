"""Core's writes: the audit trail, jobs and their leases, API keys, people."""

from guidance.core.services.audit import record_audit, record_batch_audit
from guidance.core.services.keys import create_api_key
from guidance.core.services.people import create_person

__all__ = ["create_api_key", "create_person", "record_audit", "record_batch_audit"]
