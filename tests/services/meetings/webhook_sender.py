"""Posts what is due in a store, for tests that kill it while it does: `webhook_sender.py URL`."""

import asyncio
import sys

from tenure import testing
from tenure.services.meetings.service import kinds
from tenure.services.meetings.settings import Settings
from tenure.services.meetings.webhooks.lifecycle import WebhookDelivery
from tenure.services.meetings.webhooks.service import Webhooks
from tenure.webhooks.addresses import Guard


async def main(url: str) -> None:
    async with testing.store(*kinds, url=url, space="meetings") as store:
        settings = Settings(base_url="http://127.0.0.1:1", admin_key="a", server_key=b"b")
        await store.deliver_once(WebhookDelivery.post, Webhooks(store, settings, Guard(private=True)).send)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
