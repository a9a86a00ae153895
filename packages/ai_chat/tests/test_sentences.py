"""Where sentences end, however the text comes in."""

import random

import pytest

from ai_chat.agent.sentences import LONGEST, SentenceDivider


def divided(text, size=0):
    """The sentences of a text that comes in pieces of this size; in one piece without it."""
    divider = SentenceDivider()
    pieces = [text[at : at + size] for at in range(0, len(text), size)] if size else [text]
    sentences = [sentence for piece in pieces for sentence in divider.feed(piece)]
    return [*sentences, *divider.flush()]


TEXTS = [
    ("One. Two! Three?", ["One.", "Two!", "Three?"]),
    ("你好。我很好！你呢？", ["你好。", "我很好！", "你呢？"]),
    ("你好！Hello.我很好。I am fine. 再见", ["你好！", "Hello.", "我很好。", "I am fine.", "再见"]),
    ("Pi is 3.14. 圆周率是3.14。Yes", ["Pi is 3.14.", "圆周率是3.14。", "Yes"]),
    ("See example.com or v1.2.3 now. Yes", ["See example.com or v1.2.3 now.", "Yes"]),
    ("It costs 5. Buy it.", ["It costs 5.", "Buy it."]),
    ("1. Wash. 2. Dry.", ["1. Wash.", "2. Dry."]),
    ("Dr. Who met Mr. X, e.g. in the U.S. of old. Yes.", ["Dr. Who met Mr. X, e.g. in the U.S. of old.", "Yes."]),
    ("The U.S.S.R. is gone. J. R. R. Tolkien too.", ["The U.S.S.R. is gone.", "J. R. R. Tolkien too."]),
    ("Really?! Yes... well", ["Really?!", "Yes...", "well"]),
    ("嗯……好吧。行…", ["嗯……", "好吧。", "行…"]),
    (
        '"Go." He went. (So did she.) 他说：「走吧。」她走了。',
        ['"Go."', "He went.", "(So did she.)", "他说：「走吧。」", "她走了。"],
    ),
    ("Wait...what now", ["Wait...what now"]),
    ("one line\nanother\r\n\n  third  ", ["one line", "another", "third"]),
    ("Great! 😀 Good.👍🏽 好。👨‍👩‍👧", ["Great!", "😀 Good.", "👍🏽 好。", "👨‍👩‍👧"]),
    ("no mark at all", ["no mark at all"]),
    ("。", ["。"]),
    ("...", ["..."]),
    ("", []),
    (" \n\t ", []),
]


@pytest.mark.parametrize(("text", "sentences"), TEXTS)
def test_sentences_end_at_their_marks_whatever_the_pieces(text, sentences):
    """Numbers, names, abbreviations and ellipses are no ends; pieces of every size give the same."""
    for size in range(len(text) + 1):
        assert divided(text, size) == sentences, size


@pytest.mark.parametrize(
    ("text", "early"),
    [("One. T", ["One."]), ("One.", []), ("3.", []), ("好。是", ["好。"]), ("好。", []), ("好", []), ("a\n", ["a"])],
)
def test_sentence_is_given_as_soon_as_what_follows_is_known(text, early):
    """Not earlier, since a quote or a digit may follow; not later, since it is to be spoken."""
    assert list(SentenceDivider().feed(text)) == early


def test_text_without_end_is_cut_at_a_comma_or_space():
    """Where there is neither, at the bound; no sentence is longer."""
    words = divided("word " * 1_000)
    assert {len(sentence) for sentence in words[:-1]} == {LONGEST - 1}  # the space is not given
    assert " ".join(words) == ("word " * 1_000).strip()
    clauses = divided("一二三四五六，" * 100)
    assert all(sentence.endswith("，") and LONGEST - 7 < len(sentence) <= LONGEST for sentence in clauses[:-1])
    assert [len(sentence) for sentence in divided("x" * 700)] == [LONGEST, LONGEST, 100]


@pytest.mark.parametrize("mark", [*'.!?。！？；…"', "a", " ", "😀", "1.", "Mr. "])
def test_what_never_ends_is_never_held_back(mark):
    """A model that repeats itself for ever costs no memory: what is held back stays under the bound."""
    divider = SentenceDivider()
    for _ in range(1_000):
        assert all(len(sentence) <= LONGEST for sentence in divider.feed(mark))
        assert len(divider._text) <= LONGEST


@pytest.mark.parametrize("seed", range(20))
def test_nothing_is_lost_and_pieces_do_not_matter(seed):
    """Any text, in pieces of any size: the same sentences, and all letters in order."""
    chance = random.Random(seed)
    words = [*'a1 .!?。！？；…，,\n"”）é😀', "Mr.", "3.14", "U.S.", "好的", "word ", "x" * 90]
    for _ in range(50):
        text = "".join(chance.choices(words, k=chance.randrange(60)))
        whole = divided(text)
        assert "".join("".join(whole).split()) == "".join(text.split())
        assert divided(text, 1) == divided(text, chance.randrange(2, 50)) == whole, text
