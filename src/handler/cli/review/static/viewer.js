// Two pictures in one place: one is seen at a time, and zoom and position are those of both.
const stage = document.getElementById("stage");
const lens = document.getElementById("lens");
const shots = [...lens.querySelectorAll(".large")];
const MOST = 32;
let place = { scale: 1, x: 0, y: 0 };
let seen = 0;

function draw() {
  lens.style.transform = `translate(${place.x}px, ${place.y}px) scale(${place.scale})`;
}

function show(which) {
  seen = which;
  shots.forEach((shot, number) => { shot.hidden = number !== seen; });
  document.getElementById("which").textContent = shots[seen].dataset.name;
  document.getElementById("flip").setAttribute("aria-pressed", String(seen === 1));
}

// Zooms by *factor* around a point of the stage: what is there stays there.
function zoom(factor, x = stage.clientWidth / 2, y = stage.clientHeight / 2) {
  const scale = Math.min(MOST, Math.max(1, place.scale * factor));
  const by = scale / place.scale;
  place = { scale, x: x - (x - place.x) * by, y: y - (y - place.y) * by };
  keepIn();
}

function move(x, y) {
  place.x += x;
  place.y += y;
  keepIn();
}

function keepIn() {
  place.x = Math.min(0, Math.max(stage.clientWidth * (1 - place.scale), place.x));
  place.y = Math.min(0, Math.max(stage.clientHeight * (1 - place.scale), place.y));
  draw();
}

// Slow enough to harm nobody, which three flashes a second might.
const BLINK_MS = 600;
let blinking;

function blink(button) {
  clearInterval(blinking);
  blinking = blinking ? undefined : setInterval(() => show(1 - seen), BLINK_MS);
  button.setAttribute("aria-pressed", String(Boolean(blinking)));
  document.getElementById("which").setAttribute("aria-live", blinking ? "off" : "polite");
}

const DO = {
  flip: () => show(1 - seen),
  blink,
  in: () => zoom(1.5),
  out: () => zoom(1 / 1.5),
  fit: () => { place = { scale: 1, x: 0, y: 0 }; draw(); },
  marks: (button) => {
    const hide = stage.classList.toggle("no-marks");
    button.setAttribute("aria-pressed", String(!hide));
  },
};

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-action]");
  if (button && DO[button.dataset.action]) DO[button.dataset.action](button);
});

// Held down, space shows the other one.
const onPage = (event) => !event.target.closest("button, a, input, select, dialog");
document.addEventListener("keydown", (event) => {
  if (event.key === " " && onPage(event)) {
    event.preventDefault();
    if (!event.repeat) show(1 - seen);
  }
  const step = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] }[event.key];
  if (step && onPage(event) && place.scale > 1) {
    event.preventDefault();
    move(...step);
  }
});
document.addEventListener("keyup", (event) => {
  if (event.key === " " && onPage(event)) show(1 - seen);
});

stage.addEventListener("wheel", (event) => {
  event.preventDefault();
  const at = stage.getBoundingClientRect();
  zoom(Math.exp(-event.deltaY / 400), event.clientX - at.left, event.clientY - at.top);
}, { passive: false });

const fingers = new Map();
stage.addEventListener("pointerdown", (event) => {
  stage.setPointerCapture(event.pointerId);
  fingers.set(event.pointerId, event);
});
stage.addEventListener("pointermove", (event) => {
  const before = fingers.get(event.pointerId);
  if (!before) return;
  const other = [...fingers.values()].find((one) => one.pointerId !== event.pointerId);
  if (other) {
    const apart = (one) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
    const at = stage.getBoundingClientRect();
    zoom(apart(event) / Math.max(1, apart(before)), (event.clientX + other.clientX) / 2 - at.left, (event.clientY + other.clientY) / 2 - at.top);
  } else {
    move(event.clientX - before.clientX, event.clientY - before.clientY);
  }
  fingers.set(event.pointerId, event);
});
for (const end of ["pointerup", "pointercancel"]) stage.addEventListener(end, (event) => fingers.delete(event.pointerId));

// The boxes lie on the picture, which is as large as the stage lets it be.
for (const shot of shots) {
  const picture = shot.querySelector("img");
  const marks = shot.querySelector("svg");
  const fit = () => {
    if (!picture.naturalWidth || !marks) return;
    marks.setAttribute("viewBox", `0 0 ${picture.naturalWidth} ${picture.naturalHeight}`);
    marks.querySelector("g").setAttribute("transform", `scale(${picture.naturalWidth} ${picture.naturalHeight})`);
  };
  picture.addEventListener("load", fit);
  fit();
}

stage.focus({ preventScroll: true });
