import json
import pickle
from pathlib import Path

import yaml

everything = []


class BadHistory:
    def __init__(self, file: Path):
        self._file = file
        self._messages = []
        self._spoken = []

    def store(self, message):
        self._messages.append(message)
        text = json.dumps(self._messages, ensure_ascii=False)  # bad
        self._file.write_text(text)

    def speak(self, text):
        self._spoken.append(text)
        self.save()

    def save(self):
        with open(self._file, "w") as file:
            json.dump(self._spoken, file)  # bad


def bad_read_and_write(path, message):
    with open(path) as file:
        messages = json.load(file)
    messages.append(message)
    with open(path, "w") as file:
        json.dump(messages, file)  # bad


def bad_module(path: Path, message):
    everything.append(message)
    path.write_text(json.dumps(everything))  # bad


def bad_pickle(path, history, message):
    history.append(message)
    with open(path, mode="wb") as file:
        pickle.dump(history, file)  # bad


def bad_yaml(path, history, message):
    history["messages"].append(message)
    with open(path, "w") as file:
        yaml.safe_dump(history, file)  # bad


def bad_copy(path: Path, history, message):
    history.extend([message])
    path.write_text(json.dumps(list(history)))  # bad


def good_line(path, message):
    with open(path, "a") as file:
        file.write(json.dumps(message) + "\n")


def good_one(path: Path, message):
    path.write_text(json.dumps({"last": message}))


def good_settings(path: Path, settings):
    path.write_text(json.dumps(settings))


def good_sent(history, message):
    history.append(message)
    return json.dumps(history)


def good_read(path):
    with open(path) as file:
        return json.load(file)


class GoodTrimmed:
    def __init__(self, file: Path):
        self._file = file
        self._messages = []

    def store(self, message):
        self._messages.append(message)
        del self._messages[:-50]

    def save(self):
        self._file.write_text(json.dumps(self._messages))


class GoodState:
    def __init__(self, file: Path):
        self._file = file
        self._state = {}

    def save(self):
        self._file.write_text(json.dumps(self._state))
