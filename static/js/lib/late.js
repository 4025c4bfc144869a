// Delivers HX-Trigger events of an answer whose element was redrawn meanwhile. One that was drawn anew meanwhile, as a push came first, is
// no part of the page any more and nobody hears it there: its words are said on the page itself.
export function hearLateAnswers() {
  document.addEventListener("htmx:beforeRequest", ({ detail: { elt, xhr } }) => {
    xhr.addEventListener("readystatechange", () => {
      if (xhr.readyState !== XMLHttpRequest.DONE || elt.isConnected) return;
      const said = JSON.parse(xhr.getResponseHeader("HX-Trigger") ?? "{}");
      for (const [name, detail] of Object.entries(said)) window.htmx.trigger(document.body, name, Object(detail));
    });
  });
}
