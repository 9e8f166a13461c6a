/* One delegated listener a panel. It acts on data-* attributes that the render functions write:
   data-jump   scrolls to the element of that id and marks it for a moment
   data-show   shows the element of that id and hides its siblings
   data-choose hands a key to the server (a citation, a cell of the map)
   data-printed asks for the printed page of a key
   data-vote   hands a verdict on an answer to the server
   data-correct hands a correction to the server, with the text of the box that data-text names; what was open stays open
   data-answer hands an answer of the review to the server; data-letter is its key on the keyboard
   data-delete hands a document to be deleted to the server, at the second click
   data-copy   copies the text of the element of that id
   data-theme  switches between light and dark
   It never evaluates, inserts or sends text of a document. */
const calm = () => window.matchMedia("(prefers-reduced-motion: reduce)").matches;

function scrollTo_(target) {
  const panel = target.closest(".sm-scroll");
  const behavior = calm() ? "auto" : "smooth";
  if (panel) {
    const box = panel.getBoundingClientRect();
    const top = target.getBoundingClientRect().top - box.top + panel.scrollTop - 72;
    // At once, since two smooth scrolls in a row cancel each other.
    panel.scrollTo({ top, behavior: "instant" });
    const place = target.getBoundingClientRect();
    if (place.top < 0 || place.bottom > window.innerHeight) target.scrollIntoView({ block: "center", behavior });
  } else {
    target.scrollIntoView({ block: "center", behavior });
  }
}

function jump(id) {
  const target = document.getElementById(id);
  if (!target) return;
  const closed = target.closest("details:not([open])");
  if (closed) closed.open = true;
  scrollTo_(target);
  document.querySelectorAll(".sm-here").forEach((node) => node.classList.remove("sm-here"));
  target.classList.add("sm-here");
}

// A corrected report is drawn anew; the reader stays where he was.
let kept = null;
function keep(hit) {
  kept = {
    open: [...element.querySelectorAll("details[open][id]")].map((node) => node.id),
    scrolled: [...element.querySelectorAll(".sm-scroll")].map((node) => node.scrollTop),
    key: hit.dataset.key || "",
  };
}
function restore() {
  kept.open.forEach((id) => { const node = document.getElementById(id); if (node) node.open = true; });
  element.querySelectorAll(".sm-scroll").forEach((node, i) => { node.scrollTop = kept.scrolled[i] || 0; });
  if (kept.key) {
    const node = element.querySelector(`[data-key="${CSS.escape(kept.key)}"]`);
    const folded = node?.closest(".sm-rest:not([open])");
    if (folded) folded.open = true;
    node?.focus({ preventScroll: true });
  }
  kept = null;
}

element.addEventListener("click", (event) => {
  const hit = event.target.closest("[data-jump],[data-show],[data-choose],[data-copy],[data-theme],[data-printed],[data-vote],[data-correct],[data-answer],[data-delete]");
  if (!hit || !element.contains(hit)) return;
  if (hit.dataset.jump) {
    if (hit.tagName === "A") event.preventDefault();
    jump(hit.dataset.jump);
  } else if (hit.dataset.show) {
    const shown = document.getElementById(hit.dataset.show);
    if (!shown) return;
    for (const sibling of shown.parentElement.children) sibling.hidden = sibling !== shown;
    element.querySelectorAll("[data-show]").forEach((b) => b.setAttribute("aria-pressed", String(b === hit)));
    if (shown.getBoundingClientRect().top > window.innerHeight - 120) scrollTo_(shown);
  } else if (hit.dataset.choose) {
    window.stratmapChosen = hit.dataset.choose;
    element.querySelectorAll(".sm-chosen").forEach((node) => node.classList.remove("sm-chosen"));
    hit.classList.add("sm-chosen");
    trigger("click");
  } else if (hit.dataset.printed || hit.dataset.vote) {
    window.stratmapChosen = hit.dataset.printed || hit.dataset.vote;
    trigger(hit.dataset.printed ? "select" : "like");
  } else if (hit.dataset.correct) {
    const box = hit.dataset.text && document.getElementById(hit.dataset.text);
    if (box && !box.value.trim()) { box.focus(); return; }
    keep(hit);
    window.stratmapChosen = hit.dataset.correct + (box ? box.value.trim() : "");
    trigger("edit");
  } else if (hit.dataset.answer) {
    if (element.classList.contains("sm-busy")) return;
    element.classList.add("sm-busy");
    setTimeout(() => element.classList.remove("sm-busy"), 5000);
    window.stratmapChosen = hit.dataset.answer;
    trigger("edit");
  } else if (hit.dataset.delete) {
    if (hit.dataset.sure) {
      window.stratmapChosen = hit.dataset.delete;
      trigger("delete");
      return;
    }
    const before = hit.textContent;
    hit.dataset.sure = "1";
    hit.textContent = hit.dataset.ask || "Really?";
    setTimeout(() => { delete hit.dataset.sure; hit.textContent = before; }, 4000);
  } else if (hit.dataset.copy) {
    const source = document.getElementById(hit.dataset.copy);
    navigator.clipboard?.writeText(source ? source.textContent : "").then(() => {
      const before = hit.textContent;
      hit.textContent = "Copied";
      setTimeout(() => { hit.textContent = before; }, 1500);
    });
  } else if (hit.dataset.theme) {
    document.body.classList.toggle("dark");
  }
});

if (typeof watch === "function") {
  watch("value", () => {
    element.classList.remove("sm-busy");
    if (kept) { restore(); return; }
    const target = element.querySelector("[data-arrive]");
    if (target) scrollTo_(target);
    // Only after panels above have opened or closed, else the page ends up in the wrong place.
    setTimeout(() => {
      const view = element.querySelector("[data-into-view]");
      if (!view) return;
      const top = view.getBoundingClientRect().top;
      if (top < 0 || top > window.innerHeight - 200) {
        view.scrollIntoView({ block: "start", behavior: calm() ? "auto" : "smooth" });
      }
    }, 400);
  });
}

// Keys of the review: letters without a modifier, while it is on the screen and nobody is typing.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.key.length !== 1 || event.repeat) return;
  if (event.target.closest?.("input,textarea,select,[contenteditable]") || !element.offsetParent) return;
  const button = element.querySelector(`[data-letter="${CSS.escape(event.key.toLowerCase())}"]`);
  if (!button || button.disabled) return;
  event.preventDefault();
  button.click();
});
