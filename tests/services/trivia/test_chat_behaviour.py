"""The chat that comes along does what every chat does, over its page."""

from contextlib import AbstractAsyncContextManager

from tests.services.trivia.browsing import Web, a_web_scene
from tests.services.trivia.chat_behaviour import ChatBehaviour


class TestTheWebChat(ChatBehaviour):
    def scene(self) -> AbstractAsyncContextManager[Web]:
        return a_web_scene()
