"""The page in Chromium, against the server as a process."""

import contextlib
import json
import time
from pathlib import Path

import pytest
from playwright.sync_api import Error as PlaywrightError

from ai_chat.agent.stateless_llm.scripted_llm import STORY
from ai_chat.history.database import READERS

from .conftest import CHROMIUM, until

pytestmark = pytest.mark.slow
POOL = READERS + 2  # threads of the pools that fill up to their bound: the history's readers and the speech
FILES = 3  # of a reader: the database, its log and the log's index
# Listens at the way to the loudspeaker.
LISTENER = """
    window.sounded = { contexts: [], sources: [], ended: 0, analyser: null, speed: 1 };
    const connect = AudioNode.prototype.connect;
    AudioNode.prototype.connect = function (target, ...rest) {
      if (target instanceof AudioDestinationNode) {
        if (!sounded.contexts.includes(this.context)) sounded.contexts.push(this.context);
        if (sounded.analyser?.context !== this.context) sounded.analyser = new AnalyserNode(this.context);
        connect.call(this, sounded.analyser);
        this.playbackRate.value = sounded.speed;
        const samples = this.buffer.getChannelData(0);
        const peak = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
        sounded.sources.push({ samples: samples.length, rate: this.buffer.sampleRate, peak });
        this.addEventListener("ended", () => (sounded.ended += 1));
      }
      return connect.call(this, target, ...rest);
    };
    window.loudness = () => {
      const now = new Float32Array(sounded.analyser?.fftSize ?? 1);
      sounded.analyser?.getFloatTimeDomainData(now);
      return now.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
    };
"""
BUILD = Path(__file__).parents[4] / "build"


def picture(page, name):
    """Keep what the page looks like, for people to look at."""
    BUILD.mkdir(exist_ok=True)
    page.tab.screenshot(path=BUILD / f"page-{name}.png")


@pytest.mark.parametrize(
    ("locale", "question", "send"), [("en-US", "what is 6 times 7?", "Send"), ("zh-CN", "6 乘 7 等于多少？", "发送")]
)
def test_chat_answers_in_both_languages_and_shows_the_tool(opened, locale, question, send):
    """A question is answered sentence by sentence, the tool it took is shown, and the page speaks the language."""
    page = opened(locale=locale)
    assert "42" in page.ask(question)
    assert "42" in page.tab.locator(".tools li[data-status=completed]").first.inner_text()
    assert page.tab.inner_text("#send") == send
    picture(page, locale)


def test_interrupt_keeps_the_sentences_that_were_played(opened):
    """Escape ends a story at once; of it stay exactly the sentences that sounded, here and in the history."""
    page = opened(script=LISTENER + "sounded.speed = 8;")  # so that some are played before the last is told
    page.say("tell me a story")

    def sentences():
        return [frame["text"] for frame in page.heard if frame["type"] == "sentence"]

    def played():
        return max((frame["sentence"] for frame in page.told if frame["type"] == "played"), default=-1)

    def has_more_than_it_played():
        page.tab.wait_for_timeout(20)  # lets the frames in
        return played() >= 1 and len(sentences()) >= played() + 2

    until(has_more_than_it_played, 30)
    page.tab.press("#text", "Escape")
    page.tab.wait_for_selector("li.ai.interrupted")
    heard = page.rows("ai.interrupted")[0]
    assert heard == " ".join(sentences()[: played() + 1])
    assert STORY["en"].startswith(heard)
    assert heard != STORY["en"]
    assert page.tab.is_hidden("#stop")
    page.tab.locator("#histories .open").first.click()
    until(lambda: page.rows("ai.interrupted") == [heard])


def test_stop_of_an_answer_that_was_told_to_its_end_is_told(opened):
    """While it still plays, the server learns that it is not heard to its end; without sound nothing is to stop."""
    page = opened()
    page.ask("tell me a story")
    assert [frame["type"] for frame in page.told].count("interrupt") == 0
    page.tab.click("#stop")
    until(lambda: [frame["type"] for frame in page.told].count("interrupt") == 1)
    page.tab.press("#text", "Escape")
    page.tab.wait_for_timeout(300)
    assert [frame["type"] for frame in page.told].count("interrupt") == 1
    assert page.tab.is_hidden("#stop")


def test_speech_sounds(opened):
    """A running audio context plays what the server made: as many samples, and loud; without sound it is closed."""
    page = opened(script=LISTENER)
    page.say("hello")
    until(lambda: page.tab.evaluate("loudness()") > 0.1)
    assert page.tab.evaluate("sounded.contexts.map(context => context.state)") == ["running"]
    until(lambda: page.rows("ai.done"), 30)
    sentences = [frame for frame in page.heard if frame["type"] == "sentence"]
    until(lambda: page.tab.evaluate("sounded.ended") == len(sentences))
    sources = page.tab.evaluate("sounded.sources")
    assert [(one["samples"], one["rate"]) for one in sources] == [(one["audio"] // 2, one["rate"]) for one in sentences]
    assert all(0.1 < one["peak"] <= 1 for one in sources)
    page.tab.click("#sound")
    until(lambda: page.tab.evaluate("sounded.contexts.map(context => context.state)") == ["closed"])


def is_kept(page):
    """Whether the page is there again, as it was left. While it comes there is no place to ask."""
    with contextlib.suppress(PlaywrightError):
        return page.tab.evaluate("window.kept") is True
    return False


def test_page_that_the_browser_kept_goes_on(browser, server, opened):
    """Left by a link and come back to by "back": it was kept as it was, connects again, and answers."""
    arguments = ["--no-sandbox"]
    with_cache = browser.browser_type.launch(
        executable_path=CHROMIUM, args=arguments, ignore_default_args=["--disable-back-forward-cache"]
    )
    try:
        page = opened(using=with_cache)
        page.ask("hello")
        page.tab.evaluate("window.addEventListener('pageshow', event => (window.kept = event.persisted))")
        page.tab.goto(f"{server.url}healthz")
        page.tab.evaluate("history.back()")
        until(lambda: is_kept(page))
        page.wait_open()
        assert page.rows("human") == ["hello"]
        page.ask("are you there?")
        assert page.rows("human") == ["hello", "are you there?"]
        assert len(page.rows("ai.done")) == 2
    finally:
        with_cache.close()


@pytest.mark.parametrize(("locale", "told"), [("en-US", "The server is busy."), ("zh-CN", "服务器繁忙")])
def test_busy_server_is_shown_and_the_message_is_said_again(server, opened, locale, told):
    """One answer at once, and nobody may wait: the second page says so, and is answered when the first is done."""
    server.configure("limits:\n  turns: 1\n  turns_waiting: 0\n")
    first, second = opened(), opened(locale=locale)
    first.say("tell me a story")
    first.tab.wait_for_selector("li.ai.running")
    second.say("hello")
    second.tab.wait_for_selector("#notice:visible")
    assert told in second.tab.inner_text("#notice")
    picture(second, f"busy-{locale}")
    until(lambda: second.rows("ai.done"), 60)
    assert second.rows("human") == ["hello"]
    assert second.tab.is_hidden("#notice")


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_wrong_token_is_shown_with_what_to_do(server, opened, locale):
    """The notice says how a token is given; the page does not ask again and again; the right one lets it in."""
    server.configure("system_config:\n  token: sesame\n")
    for address in ("", "#token=wrong"):
        page = opened(locale=locale, address=address, state="refused")
        page.tab.wait_for_selector("#notice:visible")
        notice = page.tab.inner_text("#notice")
        assert "#token=" in notice
        assert ("。" in notice) == (locale == "zh-CN")
        page.tab.wait_for_timeout(1_500)
        assert [frame["type"] for frame in page.told] == ["hello"]
    picture(page, f"refused-{locale}")
    page = opened(locale=locale, address="#token=sesame")
    assert "sesame" not in page.tab.url
    page.ask("hello")


def test_reload_in_a_reply_loses_and_repeats_nothing(opened):
    """Three reloads while a story is told leave the story exactly as one that was told undisturbed."""
    undisturbed = opened().ask("tell me a story")
    page = opened()
    page.say("tell me a story")
    for _ in range(3):
        before = len("".join(page.rows("ai")))
        until(lambda before=before: len("".join(page.rows("ai"))) > before or page.rows("ai.done"))
        page.tab.reload()
        page.wait_open()
    until(lambda: page.rows("ai.done"), 30)
    assert page.rows("ai") == [undisturbed]
    assert page.rows("human") == ["tell me a story"]


@pytest.mark.parametrize("kill", [True, False], ids=["kill", "terminate"])
def test_restart_goes_on_and_says_again_what_was_not_acknowledged(server, opened, kill):
    """The page shows that it waits, comes back by itself, has its history, and says the waiting text once."""
    page = opened()
    page.ask("hello")
    server.end(kill=kill)
    page.tab.wait_for_selector("#state[data-state=waiting]")
    page.say("are you there?")
    assert page.tab.locator("li.sending").count() == 1
    picture(page, "reconnecting")
    server.start()
    page.wait_open()
    until(lambda: len(page.rows("ai.done")) == 2, 30)
    assert page.rows("human") == ["hello", "are you there?"]
    page.tab.locator("#histories .open").first.click()
    until(lambda: page.rows("human") == ["hello", "are you there?"])


def test_first_message_that_a_kill_lost_is_said_again(server, opened):
    """The history that the page was told of never began; the message begins another, and is answered once."""
    page = opened()
    server.end(kill=True)
    page.tab.wait_for_selector("#state[data-state=waiting]")
    page.say("hello")
    server.start()
    page.wait_open()
    until(lambda: page.rows("ai.done"), 30)
    assert page.rows("human") == ["hello"]
    until(lambda: page.names() == ["hello"])
    assert page.tab.locator("li.sending").count() == 0


def test_histories_are_listed_found_renamed_exported_and_deleted(opened):
    """What one does with stored chats, each by its button."""
    page = opened()
    page.ask("the first one about apples")
    page.tab.click("#new")
    until(lambda: not page.rows("human"))
    page.ask("the second one about pears")
    until(lambda: len(page.names()) == 2)

    page.tab.fill("#query", "apples")
    page.tab.locator("#histories .found", has_text="apples").first.click()
    until(lambda: page.rows("human") == ["the first one about apples"])
    page.tab.fill("#query", "")
    until(lambda: len(page.names()) == 2)

    current = page.tab.locator("#histories li.current")
    current.locator("[data-action=rename]").click()
    page.tab.fill("#title", "水果 & <b>fruit</b>")
    page.tab.click("#confirm")
    until(lambda: "水果 & <b>fruit</b>" in page.names())

    with page.tab.expect_download() as download:
        current.locator("[data-action=export]").click()
    exported = json.loads(Path(download.value.path()).read_text(encoding="utf-8"))
    assert exported["title"] == "水果 & <b>fruit</b>"
    assert exported["messages"][0]["text"] == "the first one about apples"

    current.locator("[data-action=delete]").click()
    page.tab.click("#cancel")
    assert len(page.names()) == 2
    current.locator("[data-action=delete]").click()
    page.tab.click("#confirm")
    until(lambda: len(page.names()) == 1)
    until(lambda: not page.rows("human"))


def test_another_character_begins_another_chat(opened):
    """Choosing a character ends the chat with the one before; a reload stays with the chosen one."""
    page = opened()
    page.ask("hello")
    page.tab.select_option("#character", label="小玲")
    until(lambda: not page.rows("human"))
    until(lambda: "小玲" in page.tab.inner_text("#empty"))
    page.tab.reload()
    page.wait_open()
    until(lambda: page.tab.locator("#character option:checked").inner_text() == "小玲")


def test_hostile_texts_stay_texts(opened):
    """Markup in a message, a reply, a title or a search result is shown as it was written."""
    page = opened()
    hostile = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
    page.ask(hostile)
    assert page.rows("human") == [hostile]
    page.tab.fill("#query", "onerror")
    until(lambda: page.tab.locator("#histories .found").count())
    assert page.tab.locator("img, #messages script, #histories script").count() == 0
    assert page.tab.title() == "Chat"


def test_enter_of_an_input_method_does_not_send(opened):
    """Enter that chooses a character while composing, and Shift+Enter, send nothing."""
    page = opened()
    page.tab.fill("#text", "ni")
    press = "options => document.getElementById('text').dispatchEvent(new KeyboardEvent('keydown', options))"
    page.tab.evaluate(press, {"key": "Enter", "isComposing": True, "bubbles": True, "cancelable": True})
    page.tab.press("#text", "Shift+Enter")
    assert page.rows("human") == []
    page.tab.press("#text", "Enter")
    assert page.rows("human") == ["ni"]


def test_narrow_and_dark_page_is_whole(opened):
    """At 360 px nothing is wider than the page, and the list of chats opens over it."""
    page = opened(viewport={"width": 360, "height": 700}, color_scheme="dark")
    page.ask("hello " + "w" * 300)
    assert page.tab.evaluate("document.documentElement.scrollWidth") == 360
    picture(page, "narrow-dark")
    page.tab.click("#menu")
    page.tab.wait_for_selector("#histories .name")
    picture(page, "narrow-menu")
    page.tab.press("body", "Escape")
    page.tab.wait_for_selector("#side", state="hidden")


def test_page_opened_again_and_again_keeps_no_listener(opened):
    """Leaving for "back" and returning ends and remakes all of the page: listeners, nodes and heap stay the same."""
    page = opened()
    page.ask("hello")
    session = page.tab.context.new_cdp_session(page.tab)
    session.send("Performance.enable")

    def turn(times):
        for _ in range(times):
            page.tab.evaluate("window.dispatchEvent(new PageTransitionEvent('pagehide', {persisted: true}))")
            page.tab.evaluate("window.dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
            page.wait_open()

    def measure():
        session.send("HeapProfiler.collectGarbage")
        metrics = session.send("Performance.getMetrics")["metrics"]
        return {metric["name"]: metric["value"] for metric in metrics}

    turn(10)
    before = measure()
    turn(60)
    after = measure()
    assert after["JSEventListeners"] <= before["JSEventListeners"]
    assert after["Nodes"] <= before["Nodes"] + 20
    assert after["JSHeapUsedSize"] < before["JSHeapUsedSize"] * 1.2 + 200_000


@pytest.mark.timeout(180)
def test_two_hundred_pages_leave_nothing_in_the_server(server, browser):
    """After 200 pages were opened and closed the server has no more threads, descriptors or children than before."""
    visit_pages(browser, server.url, 10)
    begun = settled(server)
    visit_pages(browser, server.url, 200)
    goal = (begun[0] + POOL, begun[1] + FILES * READERS, begun[2])  # a leak a page would be 200
    ended = settled(server, goal)
    assert all(now <= most for now, most in zip(ended, goal, strict=True)), (begun, ended)


def visit_pages(browser, url, times, each_tab=5):
    """Open the page `times` times as new clients, five in a tab; each leaves for another page or with its tab.

    The context is closed too: a browser keeps connections open that it has not used yet.
    """
    with browser.new_context() as context:
        context.add_init_script("sessionStorage.clear()")
        for _ in range(times // each_tab):
            tab = context.new_page()
            for _ in range(each_tab):
                tab.goto("about:blank")
                tab.goto(url)
                tab.wait_for_selector("#state[data-state=open]")
            tab.close()


def settled(server, goal=(0, 0, 0), quiet=8.0, cap=25.0):
    """Return what the server holds once that is at most `goal`, or has not changed for longer than a resume waits."""
    began = changed = time.monotonic()
    held = server.holdings()
    while time.monotonic() - changed < quiet and time.monotonic() - began < cap:
        now = server.holdings()
        if all(one <= other for one, other in zip(now, goal, strict=True)):
            return now
        if now != held:
            held, changed = now, time.monotonic()
        time.sleep(0.1)  # between two looks of a poll
    return held
