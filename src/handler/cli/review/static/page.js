// Keys, and which group they act on. What a key does is done by pressing the button that it stands for.
const KEPT = "lookalike.keys";
const ACTIONS = {
  keep1: ["1", "Keep the first, or the best"],
  keep2: ["2", "Keep the second"],
  keep3: ["3", "Keep the third"],
  ...Object.fromEntries([4, 5, 6, 7, 8, 9].map((number) => [`keep${number}`, [String(number), `Keep number ${number}`]])),
  both: ["b", "Keep both, or all"],
  different: ["d", "Different"],
  skip: ["s", "Skip"],
  previous: ["w", "Go back to the group before"],
  compare: ["c", "Compare"],
  back: ["g", "Back to the groups"],
  page: ["n", "Next page"],
  undo: ["u", "Undo"],
  flip: ["f", "Flip"],
  blink: ["a", "Blink: flip by itself"],
  in: ["+", "Zoom in"],
  out: ["-", "Zoom out"],
  fit: ["0", "Fit"],
  marks: ["m", "Show differences, or hide them"],
  note: ["t", "Write a note"],
  cures: ["o", "Show what can be done about a list"],
  help: ["?", "Show the keys"],
};

let kept = { on: true, keys: {} };
try { kept = { ...kept, ...JSON.parse(localStorage.getItem(KEPT) ?? "{}") }; } catch { /* as if nothing were kept */ }

const keyOf = (action) => kept.keys[action] ?? ACTIONS[action]?.[0];
const shown = (key) => (key === " " ? "Space" : key);

function keep() {
  try { localStorage.setItem(KEPT, JSON.stringify(kept)); } catch { /* a browser that keeps nothing */ }
  label(document);
}

// Writes on each button which key presses it.
function label(root) {
  for (const button of root.querySelectorAll("[data-action]")) {
    button.querySelector("kbd")?.remove();
    const key = kept.on && keyOf(button.dataset.action);
    if (!key) { button.removeAttribute("aria-keyshortcuts"); continue; }
    button.setAttribute("aria-keyshortcuts", shown(key));
    const hint = document.createElement("kbd");
    hint.textContent = shown(key);
    hint.setAttribute("aria-hidden", "true");
    button.append(hint);
  }
}

// --- the group that keys act on ---

const groups = () => [...document.querySelectorAll("article.group")];
const current = () => document.querySelector("article.current");
const isOpen = (group) => !group.classList.contains("decided");

function choose(group, { focus = true } = {}) {
  current()?.classList.remove("current");
  if (!group) return;
  group.classList.add("current");
  if (focus) {
    group.focus({ preventScroll: true });
    group.scrollIntoView({ block: "nearest" });
  }
}

function move(from, step) {
  const all = groups();
  let at = all.indexOf(from) + step;
  while (all[at] && !isOpen(all[at])) at += step;
  if (all[at]) choose(all[at]);
  else if (step > 0) document.querySelector("[data-action=page]")?.focus();
}

document.addEventListener("focusin", (event) => {
  const group = event.target.closest?.("article.group");
  if (group && group !== current()) choose(group, { focus: false });
});

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-action]");
  if (button?.dataset.action === "help") openKeys();
  if (button?.dataset.action === "skip" && button.tagName === "BUTTON") move(button.closest("article"), 1);
});

document.addEventListener("keydown", (event) => {
  if (!kept.on || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (document.querySelector("dialog[open]") || event.target.closest("input, select, textarea")) return;
  const action = Object.keys(ACTIONS).find((one) => keyOf(one) === event.key);
  if (!action) return;
  if (action === "previous") { move(current(), -1); return; }
  const inGroup = current() && isOpen(current()) ? current().querySelector(`[data-action="${action}"]`) : null;
  const button = inGroup ?? [...document.querySelectorAll(`[data-action="${action}"]`)].find((one) => !one.closest("article"));
  if (button && !button.disabled && !button.hidden) {
    event.preventDefault();
    button.click();
  }
});

// A note is written where it is opened; Enter and Escape go back to the keys, since no button is meant by them. It is
// opened here, and not by the browser, which tells of it later: keys that are typed meanwhile would be taken as keys.
document.addEventListener("click", (event) => {
  const note = event.target.closest?.("summary[data-action=note]")?.parentElement;
  if (!note) return;
  event.preventDefault();
  note.open = !note.open;
  if (note.open) note.querySelector("input").focus();
});

document.addEventListener("keydown", (event) => {
  if (!event.target.matches?.("details.note input") || !["Enter", "Escape"].includes(event.key)) return;
  event.preventDefault();
  if (event.key === "Escape") event.target.value = "";
  if (!event.target.value) event.target.closest("details").open = false;
  (event.target.closest("article") ?? document.getElementById("stage")).focus({ preventScroll: true });
});

// On a phone filters take the place of pictures, so they are folded away where none is set.
const wide = matchMedia("(min-width: 40rem)");
function fold() {
  const box = document.querySelector(".filter-box");
  if (box) box.open = wide.matches || "set" in box.dataset;
}
wide.addEventListener("change", fold);
fold();

document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("[data-copy]");
  if (!button) return;
  const command = button.closest("dt").nextElementSibling.textContent.trim();
  const done = await navigator.clipboard.writeText(`${command}\n`).then(() => "Copied", () => "Mark it to copy it");
  document.getElementById("said").textContent = done;
});

// --- what the server answers ---

document.addEventListener("htmx:beforeRequest", (event) => {
  for (const button of event.detail.elt.querySelectorAll("button")) button.disabled = true;
});

document.addEventListener("htmx:afterRequest", (event) => {
  for (const button of event.detail.elt.querySelectorAll("button")) button.disabled = false;
});

document.addEventListener("htmx:sendError", () => {
  document.getElementById("problem").textContent = "Nobody answers: is `lookalike review` still running?";
});

document.addEventListener("htmx:load", (event) => {
  label(event.detail.elt.parentNode ?? event.detail.elt);
  const group = event.detail.elt;
  if (!group.matches?.("article.group")) return;
  if (isOpen(group)) choose(group);
  else { group.classList.add("current"); move(group, 1); }
});

// What happened is said for a while.
let silence;
new MutationObserver(() => {
  const said = document.getElementById("said");
  clearTimeout(silence);
  if (said.textContent) silence = setTimeout(() => { said.textContent = ""; }, 6000);
}).observe(document.getElementById("said"), { childList: true, characterData: true, subtree: true });

// --- the dialog ---

function openKeys() {
  const list = document.getElementById("keys-list");
  list.replaceChildren(...Object.entries(ACTIONS).map(([action, [, what]]) => {
    const row = document.createElement("label");
    const field = document.createElement("input");
    field.value = shown(keyOf(action));
    field.readOnly = true;
    field.addEventListener("keydown", (event) => {
      if (["Tab", "Escape", "Shift", "Enter"].includes(event.key)) return;
      event.preventDefault();
      const other = Object.keys(ACTIONS).find((one) => one !== action && keyOf(one) === event.key);
      if (other) kept.keys[other] = keyOf(action); // they change places: no key does two things
      kept.keys[action] = event.key;
      keep();
      openKeys();
      list.querySelectorAll("input")[Object.keys(ACTIONS).indexOf(action)].focus();
    });
    row.append(what, field);
    return row;
  }));
  document.getElementById("keys-on").checked = kept.on;
  const dialog = document.getElementById("keys");
  if (!dialog.open) dialog.showModal();
}

document.getElementById("keys-on").addEventListener("change", (event) => { kept.on = event.target.checked; keep(); });
document.getElementById("keys-reset").addEventListener("click", () => { kept = { on: true, keys: {} }; keep(); openKeys(); });

// A picture that cannot be shown says why.
async function explain(picture) {
  if (!picture.src.includes("?bucket=")) return;
  const answer = await fetch(picture.src).catch(() => null);
  const why = answer && !answer.ok ? await answer.text() : "it cannot be shown";
  const text = document.createElement("span");
  text.className = "none";
  text.textContent = `${picture.alt}: ${why}`;
  picture.replaceWith(text);
}

document.addEventListener("error", (event) => { if (event.target.tagName === "IMG") explain(event.target); }, true);
for (const picture of document.images) if (picture.complete && !picture.naturalWidth) explain(picture);

label(document);
choose(groups().find(isOpen), { focus: false });
