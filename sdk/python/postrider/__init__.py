"""Publish events to Postrider, read its log, and verify its webhooks."""

from .client import Postrider
from .errors import PostriderError, PostriderProblem, PostriderProtocolError, PostriderTransportError
from .outbox import Outbox
from .verify import Webhook, WebhookVerificationError, verify

__all__ = ["Outbox", "Postrider", "PostriderError", "PostriderProblem", "PostriderProtocolError", "PostriderTransportError",
           "Webhook", "WebhookVerificationError", "verify"]
