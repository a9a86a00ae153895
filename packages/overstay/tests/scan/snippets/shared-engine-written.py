import time
from collections import deque

from starlette.websockets import WebSocket


class BadASREngine:
    def __init__(self):
        self.last_used = {}
        self.heard = []
        self.language = "en"
        self.prompt = ""
        self.model = None

    def keep_warm(self, client_uid):
        self.last_used[client_uid] = time.monotonic()  # bad

    def hear(self, client_uid, sound):
        self.heard.append(sound)  # bad

    def choose(self, websocket, language):
        self.language = language  # bad

    def extend(self, websocket, prompt):
        self.prompt += prompt  # bad


class BadTTSModel:
    def __init__(self):
        self.speaker = None
        self.spoken = {}

    def speak(self, client_id, text, speaker):
        self.speaker = speaker  # bad
        self.spoken.setdefault(client_id, []).append(text)  # bad


class GoodVADEngine:
    def __init__(self):
        self.recent = deque(maxlen=10)
        self.by_client = {}
        self.model = None
        self.calls = 0

    def hear(self, client_uid, loudness):
        self.recent.append(loudness)
        self.calls += 1

    def begin(self, client_uid):
        self.by_client[client_uid] = []

    def end(self, client_uid):
        self.by_client.pop(client_uid, None)

    def load(self):
        self.model = object()


class GoodSessionAgent:
    def __init__(self, websocket: WebSocket):
        self.memory = []
        self.language = ""

    def chat(self, client_uid, text):
        self.memory.append(text)
        self.language = text


class GoodCatalogue:
    def __init__(self):
        self.title = ""

    def name(self, websocket, title):
        self.title = title


def good_engine(load):
    engine = load()
    engine.language = "en"
    return engine


asr = BadASREngine()
tts = BadTTSModel()
vad = GoodVADEngine()
catalogue = GoodCatalogue()


async def good_handler(websocket: WebSocket, client_uid: str):
    vad.hear(client_uid, 0.5)


async def good_agent(websocket: WebSocket):
    return GoodSessionAgent(websocket)
