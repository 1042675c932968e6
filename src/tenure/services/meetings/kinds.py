"""All kinds of the service: what its store must be opened with."""

from __future__ import annotations

from tenure.services.meetings import lifecycle
from tenure.services.meetings.page import lifecycle as page
from tenure.services.meetings.webhooks import lifecycle as webhooks

kinds = (*lifecycle.kinds, *page.kinds, webhooks.WebhookDelivery)
