import os
import tempfile
import time
import uuid
import wave
from pathlib import Path

from starlette.background import BackgroundTask
from starlette.responses import FileResponse


async def bad_never(websocket, sound):
    path = f"cache/{uuid.uuid4()}.wav"
    with open(path, "wb") as file:  # bad
        file.write(sound)
    await websocket.send_json({"audio": path})


async def bad_not_finally(websocket, sound):
    path = Path("cache") / f"{uuid.uuid4()}.mp3"
    path.write_bytes(sound)  # bad
    await websocket.send_text("ready")
    path.unlink()


def bad_named(sound):
    file = tempfile.NamedTemporaryFile(suffix=".wav", delete=False)  # bad
    file.write(sound)
    file.close()


def bad_mkstemp(sound):
    descriptor, path = tempfile.mkstemp()  # bad
    os.write(descriptor, sound)
    os.close(descriptor)


def bad_folder():
    folder = tempfile.mkdtemp()  # bad
    print(folder)


def bad_time(sound):
    name = f"{time.time_ns()}"
    path = f"tmp/{name}.pcm"
    with open(path, mode="wb") as file:  # bad
        file.write(sound)


class BadTTS:
    def speak(self, text):
        path = Path("cache", f"{uuid.uuid4()}.wav")
        with wave.open(str(path), "wb") as sound:  # bad
            sound.writeframes(text)
        return path

    def remove_file(self, path):
        path.unlink()


async def answer(websocket, tts: BadTTS):
    path = tts.speak("hello")
    await websocket.send_text(str(path))
    tts.remove_file(path)


async def good_finally(websocket, sound):
    path = Path("cache") / f"{uuid.uuid4()}.wav"
    try:
        path.write_bytes(sound)
        await websocket.send_text("ready")
    finally:
        path.unlink(missing_ok=True)


def good_deletes_itself(sound):
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        file.write(sound)


def good_directory(sound):
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "a.wav").write_bytes(sound)


def good_known_name(sound):
    path = Path("cache/last.wav")
    path.write_bytes(sound)


def good_background(sound):
    path = f"cache/{uuid.uuid4()}.wav"
    with open(path, "wb") as file:
        file.write(sound)
    return FileResponse(path, background=BackgroundTask(os.remove, path))


def good_upload(content):
    path = f"uploads/{uuid.uuid4()}.pdf"
    with open(path, "wb") as file:
        file.write(content)


def good_read(name):
    path = f"cache/{uuid.uuid5(uuid.NAMESPACE_URL, name)}.wav"
    with open(path, "rb") as file:
        return file.read()


class GoodTTS:
    def speak(self, text):
        path = Path("cache", f"{uuid.uuid4()}.wav")
        path.write_bytes(text)
        return path

    def remove_file(self, path):
        path.unlink()


async def good_answer(websocket, tts: GoodTTS):
    path = tts.speak("hello")
    try:
        await websocket.send_text(str(path))
    finally:
        tts.remove_file(path)


def good_kept(self, sound):
    path = Path("cache") / f"{uuid.uuid4()}.wav"
    path.write_bytes(sound)
    self.paths.append(path)
