"""Publish events to Postrider, read its log, and verify its webhooks."""

from .client import Postrider
from .errors import PostriderError, PostriderProblem, PostriderProtocolError, PostriderTransportError
from .events import is_event
from .outbox import Outbox
from .verify import Webhook, WebhookVerificationError, verify

__all__ = ["Outbox", "Postrider", "PostriderError", "PostriderProblem", "PostriderProtocolError", "PostriderTransportError",
           "Webhook", "WebhookVerificationError", "is_event", "verify"]
