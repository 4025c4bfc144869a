// Sends requests to our own server, with the CSRF token every change needs.
export function csrfToken() {
  return JSON.parse(document.body.getAttribute("hx-headers") || "{}")["X-CSRFToken"] || "";
}

export function post(url, body) {
  return fetch(url, { method: "POST", body, headers: { "X-CSRFToken": csrfToken() }, credentials: "same-origin" });
}

// The whole page of `url` as a document that is not shown; null where the answer is no page of ours (signed out, gone, offline).
export async function readPage(url) {
  try {
    const response = await fetch(url, { headers: { "X-Refresh": "1" }, credentials: "same-origin", cache: "no-store" });
    if (!response.ok || response.redirected) return null;
    return new DOMParser().parseFromString(await response.text(), "text/html");
  } catch {
    return null;
  }
}

// The elements of a piece of a page; scripts in it do not run.
export function elementsOf(html) {
  return [...new DOMParser().parseFromString(html, "text/html").body.childNodes];
}
