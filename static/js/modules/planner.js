// Moves visits of the day planner by drag and by keys. While somebody holds one, or has its form open, the plan is not fetched anew under
// their hands.
const QUARTER = 15, DAY = 24 * 60, LONGEST_PRESS = 3_000; // one that ends outside the window is not heard of
let seen = null; // how far the plan was scrolled, and whether its map was open, before it was fetched anew

export default function bindPlanner(plan) {
  let moved = null, isPressed = false; // a drag begins a moment after the button went down
  const isUsed = () => moved || isPressed || held || plan.querySelector(".planner-block__more[open]");
  const first = Number(plan.dataset.first) * 60;
  const people = [...plan.querySelectorAll("[data-person]")];

  const send = (block, minutes, person) => {
    const form = block.querySelector("form");
    form.elements.time.value = `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
    form.elements.technician.value = person;
    form.requestSubmit();
  };
  const minutesOf = (block) => {
    const [hours, minutes] = block.querySelector("form").elements.time.value.split(":").map(Number);
    return hours * 60 + minutes;
  };

  plan.addEventListener("pointerdown", () => {
    isPressed = true;
    setTimeout(() => { isPressed = false; }, LONGEST_PRESS);
    for (const end of ["pointerup", "pointercancel"]) document.addEventListener(end, () => { isPressed = false; }, { once: true });
  });
  plan.addEventListener("dragstart", (event) => { moved = event.target.closest("[data-block]"); event.dataTransfer?.setData("text/plain", moved?.dataset.block ?? ""); });
  plan.addEventListener("dragover", (event) => { if (event.target.closest("[data-line]")) event.preventDefault(); });
  plan.addEventListener("drop", (event) => {
    const line = event.target.closest("[data-line]");
    if (!line || !moved) return;
    event.preventDefault();
    const place = line.getBoundingClientRect(), quarters = Math.floor((event.clientX - place.left) / place.width * 48);
    send(moved, first + Math.max(0, Math.min(47, quarters)) * QUARTER, line.closest("[data-person]").dataset.person);
    moved = null;
  });

  plan.addEventListener("dragend", () => { moved = null; });
  plan.addEventListener("htmx:beforeRequest", (event) => {
    if (event.target === plan && isUsed()) event.preventDefault();
  });
  const grid = plan.querySelector(".planner__grid"), map = plan.querySelector("[data-map]");
  if (seen) [grid.scrollLeft, map.open] = seen;
  seen = null;
  plan.addEventListener("htmx:beforeSwap", (event) => {
    seen = [grid.scrollLeft, map.open];
    // Asked for before a visit was taken up, answered after.
    if (event.detail.requestConfig.verb === "get" && isUsed()) event.detail.shouldSwap = false;
  });

  // M takes a visit up; arrows say where to, Enter drops it there, Esc leaves it where it was.
  let held = null;
  const label = (block, text) => {
    let told = block.querySelector("[data-told]");
    if (!told) { told = document.createElement("span"); told.dataset.told = ""; told.setAttribute("role", "status"); block.append(told); }
    told.textContent = text;
  };
  const say = () => {
    const person = people[held.person], hour = `${Math.floor(held.minutes / 60)}:${String(held.minutes % 60).padStart(2, "0")}`;
    label(held.block, `→ ${hour}, ${person?.getAttribute("aria-label") ?? ""}`);
  };
  const end = () => { if (held) { label(held.block, ""); held.block.classList.remove("is-held"); held = null; } };

  // 1 and 2 take a way out, Backspace takes a visit off the plan.
  plan.addEventListener("keydown", (event) => {
    const about = event.target.closest("[data-trouble], [data-block]");
    if (held || event.target !== about || document.body.dataset.keys !== "on" || event.ctrlKey || event.metaKey || event.altKey) return;
    const way = about.querySelectorAll("[data-way]")[Number(event.key) - 1];
    if (way) way.click();
    else if (event.key === "Backspace" && about.closest("[data-person]")) send(about, minutesOf(about), "");
    else return;
    event.preventDefault();
    event.stopImmediatePropagation();
  });

  plan.addEventListener("keydown", (event) => {
    const block = event.target.closest("[data-block]");
    if (!block || event.target !== block || event.ctrlKey || event.metaKey || event.altKey) return;
    if (!held && event.key.toLowerCase() === "m" && document.body.dataset.keys === "on") {
      held = { block, minutes: minutesOf(block), person: Math.max(0, people.indexOf(block.closest("[data-person]"))) };
      block.classList.add("is-held");
    } else if (held && event.key === "ArrowRight") held.minutes = Math.min(DAY - QUARTER, held.minutes + QUARTER);
    else if (held && event.key === "ArrowLeft") held.minutes = Math.max(0, held.minutes - QUARTER);
    else if (held && event.key === "ArrowDown") held.person = Math.min(people.length - 1, held.person + 1);
    else if (held && event.key === "ArrowUp") held.person = Math.max(0, held.person - 1);
    else if (held && event.key === "Escape") { event.preventDefault(); event.stopPropagation(); return end(); }
    else if (held && event.key === "Enter") { event.preventDefault(); const { minutes, person } = held; end(); return send(block, minutes, people[person].dataset.person); }
    else return;
    event.preventDefault();
    event.stopPropagation();
    say();
  });
  plan.dataset.listens = ""; // from now on keys count
}
