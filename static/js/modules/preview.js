// Previews pictures of a thread in a dialog, with arrow keys. Pressed with Ctrl, Cmd or Shift it is a link as any other.
export default function preview(dialog) {
  const part = (name) => dialog.querySelector(`[data-${name}]`);
  const pictures = () => [...document.querySelectorAll("#timeline a.attachment--image")];
  let shown = null;

  function show(link) {
    const all = pictures(), picture = new Image();
    shown = link;
    picture.src = link.href;
    picture.alt = link.querySelector("img").alt;
    part("stage").replaceChildren(picture);
    part("name").textContent = picture.alt;
    part("place").textContent = `${all.indexOf(link) + 1} / ${all.length}`;
    part("save").href = `${link.href}?download=1`;
    dialog.querySelector(".preview__steps").hidden = all.length < 2;
  }

  function step(by) {
    const all = pictures();
    if (all.length) show(all[(all.indexOf(shown) + by + all.length) % all.length]);
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("#timeline a.attachment--image");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    link.focus(); // where the keys are afterwards
    show(link);
    dialog.showModal();
  });
  dialog.addEventListener("click", ({ target }) => {
    if (target === dialog || target.closest("[data-close]")) dialog.close();
    else if (target.closest("[data-step]")) step(Number(target.closest("[data-step]").dataset.step));
  });
  dialog.addEventListener("keydown", ({ key }) => {
    if (key === "ArrowLeft" || key === "ArrowRight") step(key === "ArrowLeft" ? -1 : 1);
  });
}
