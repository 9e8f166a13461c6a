"""The review on the screen: a question with its passages and the progress come in, HTML goes out. Decides nothing."""

from __future__ import annotations

from collections.abc import Sequence

from stratmap.app.render.text import colour, empty, percent, place, plural, shortened, text
from stratmap.framework import Framework
from stratmap.reviewing.queue import Progress, Question

_MUCH = 0.5  # of uncertainty or novelty, from here on worth naming
_ANSWERS = (
    ("yes", "y", "Applies", "sm-go"),
    ("no", "n", "Does not apply", "sm-go"),
    ("skip", "s", "Skip", ""),
    ("undo", "u", "Undo", ""),
)


def question_card(
    question: Question, passages: Sequence[tuple[int | None, str]], stated: str, framework: Framework, last: str
) -> str:
    """One question: label, document, what the tagger says, and the passages that tell most.

    Args:
        question: What is asked.
        passages: Page number (None where the format has none) and text of each, most telling first.
        stated: What the document says of itself about this label, "" where nothing.
        framework: The labels.
        last: What was answered last, in words.
    """
    label = framework.label(question.code)
    quotes = "".join(
        f'<blockquote class="sm-evidence" dir="auto"><span class="sm-q">{text(shortened(words, 900))}</span>'
        f'<span class="sm-muted">{text(place(page))}</span></blockquote>'
        for page, words in passages
    )
    says = (
        f"The tagger says {percent(question.probability)}; it applies the label from {percent(question.threshold)} on."
    )
    figures = f"uncertainty {percent(question.uncertainty)}, novelty {percent(question.novelty)}"
    hint = f'<p class="sm-fixed">{text(stated)}</p>' if stated else ""
    return (
        f'<section class="sm-card sm-question" style="--c:{colour(label.colour)}" aria-label="Question">'
        f'<p class="sm-muted sm-of" dir="auto">{text(question.document)}</p>'
        f'<h3 class="sm-ask-label">Does <span class="sm-badge">{text(label.code)}</span> {text(label.name)} apply?</h3>'
        f'<p class="sm-statement">{text(label.statement)}</p>{hint}{quotes}'
        f'<p class="sm-muted sm-says">{text(says)} <span title="{text(figures)}">{text(_why(question))}</span></p>'
        f"{answer_buttons()}"
        f'<p class="sm-muted sm-last" role="status">{text(last)}</p></section>'
    )


def _why(question: Question) -> str:
    """Why this question comes before others."""
    close, new = question.uncertainty >= _MUCH, question.novelty >= _MUCH
    reasons = ["it is close to the threshold"] * close + ["nothing like it was answered yet"] * new
    return f"Asked now because {' and '.join(reasons)}." if reasons else ""


def answer_buttons(*, only_undo: bool = False) -> str:
    """The answers with their keys."""
    buttons = "".join(
        f'<button type="button" class="sm-button {kind}" data-answer="{word}" data-letter="{letter}" '
        f'aria-keyshortcuts="{letter.upper()}">{name} <kbd>{letter.upper()}</kbd></button>'
        for word, letter, name, kind in _ANSWERS
        if not only_undo or word == "undo"
    )
    return f'<div class="sm-answers">{buttons}</div>'


def nothing_left(title: str, message: str, last: str = "") -> str:
    """What stands in the place of a question when there is none."""
    undo = answer_buttons(only_undo=True) if last else ""
    said = f'<p class="sm-muted sm-last" role="status">{text(last)}</p>' if last else ""
    return f'<section class="sm-card sm-question">{empty(title, message)}{undo}{said}</section>'


def progress_line(progress: Progress, left: int, scope: str) -> str:
    """How far it is, and how often the tagger was right."""
    total = progress.answered + left
    share = progress.answered / total if total else 0.0
    agreed = (
        f"{plural(progress.answered, 'answer')} on {scope}; the tagger had been right in {progress.agreed} of "
        f"{progress.answered} ({percent(progress.share)})"
        if progress.share is not None
        else f"No answer on {scope} yet"
    )
    said = f"{agreed}; {plural(left, 'question')} in the queue"
    return (
        f'<div class="sm-progress"><span class="sm-bar" role="img" aria-label="{text(percent(share))} answered">'
        f'<span class="sm-fill" style="width:{share * 100:.1f}%"></span></span><span>{text(said)}</span></div>'
    )
