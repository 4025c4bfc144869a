// Announces changes to screen readers in one polite live region: announce("2 new"), or the event "announce" with {text}.

export function announce(text) {
  const region = document.getElementById("announcements");
  if (!region || !text) return;
  region.textContent = "";
  // A region that is emptied and filled in the same frame is read once only, even if the words are the same.
  requestAnimationFrame(() => { region.textContent = text; });
}

export function listenForAnnouncements() {
  document.addEventListener("announce", (event) => announce(event.detail?.text ?? event.detail?.value));
}
