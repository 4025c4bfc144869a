// Counts down the seconds in which a sent message can be taken back (undo send). The server decides; this only says it.
export default function leaving(form) {
  const words = form.querySelector("[data-leaving-words]"), undo = form.querySelector("[data-leaving-undo]");
  const end = performance.now() + Number(form.dataset.seconds) * 1000;
  const tick = () => {
    if (!form.isConnected) return;
    const left = Math.ceil((end - performance.now()) / 1000);
    words.textContent = left > 0 ? form.dataset.words.replace("{seconds}", left) : form.dataset.over;
    if (left > 0) setTimeout(tick, 250);
    else undo.remove();
  };
  tick();
}
