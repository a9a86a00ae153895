"""A small MCP server on stdio that misbehaves when asked to. Starts in the time of a bare interpreter.

Words on the command line: slow SECONDS, garbage, child, stubborn, daemon, wrapper, mute.
It writes what it saw into the file that $SEEN names, one line each.
"""

import json
import os
import signal
import subprocess
import sys
import time

CHILD = [sys.executable, "-c", "import time; time.sleep(600)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(600)",
]
TOOLS = ["echo", "crash", "hang", "stuck", "noise", "grow", "fail", "huge", "picture", "long_line"]


def saw(what):
    with open(os.environ["SEEN"], "a") as file:
        file.write(what + "\n")


def write(line):
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def send(**message):
    write(json.dumps({"jsonrpc": "2.0", **message}))


def text(words, **more):
    return {"content": [{"type": "text", "text": words}], **more}


def call(name, arguments):
    """The result, or None when nothing is answered."""
    if name == "crash":
        sys.stderr.write(f"it broke, token {os.environ.get('TOKEN', '')}\n")
        os._exit(3)
    if name == "stuck":
        time.sleep(600)
    if name == "hang":
        saw("hang")
        return None
    if name == "noise":
        write("Loading weights: 3%")
        sys.stdout.buffer.write(b"\xff\xfe\x00 \n")
        sys.stdout.flush()
    if name == "long_line":
        write("x" * 5_000_000)
        return None
    if name == "grow":
        TOOLS.append("grown")
        send(method="notifications/tools/list_changed")
    if name == "fail":
        return text("the well is dry", isError=True)
    if name == "huge":
        return text("x" * 100_000)
    if name == "picture":
        return {
            "content": [{"type": "text", "text": "here"}, {"type": "image", "data": "AA==", "mimeType": "image/png"}]
        }
    return text(f"{os.getpid()} {arguments.get('text', '')}")


def answer(message):
    method, number, params = message["method"], message.get("id"), message.get("params", {})
    if method == "initialize":
        told = {"tools": {"listChanged": True}}
        info = {"name": "unruly", "version": "1"}
        send(id=number, result={"protocolVersion": params["protocolVersion"], "capabilities": told, "serverInfo": info})
    elif method == "tools/list":
        tools = [{"name": name, "description": name, "inputSchema": {"type": "object"}} for name in TOOLS]
        send(id=number, result={"tools": tools})
    elif method == "tools/call":
        if (result := call(params["name"], params.get("arguments", {}))) is not None:
            send(id=number, result=result)
    elif method == "ping":
        send(id=number, result={})
    elif method == "notifications/cancelled":
        saw("cancelled")
        send(id=params["requestId"], result=text("too late"))


def daemonise():
    """Leave a process without a parent, in our group."""
    if not (first := os.fork()):
        if not os.fork():
            os.execv(CHILD[0], CHILD)
        os._exit(0)
    os.waitpid(first, 0)


def main(words):
    saw(f"start {os.getpid()}")
    if "wrapper" in words:
        child = subprocess.Popen([sys.executable, __file__], env=os.environ)
        saw(f"below {child.pid}")
        sys.exit(child.wait())
    if "slow" in words:
        time.sleep(float(words[words.index("slow") + 1]))
    if "garbage" in words:
        write(f"Welcome to the server! {os.environ.get('TOKEN', '')} {' '.join(words)}")
    if "daemon" in words:
        daemonise()
    if "child" in words:
        subprocess.Popen(CHILD)
    if "stubborn" in words:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        subprocess.Popen(STUBBORN, stdout=subprocess.PIPE).stdout.readline()
    if "mute" in words:
        time.sleep(600)
    for line in sys.stdin:
        answer(json.loads(line))
    if "stubborn" in words:
        time.sleep(600)


main(sys.argv[1:])
