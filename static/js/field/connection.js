// Talks to the office. Only an answer of ours counts: a page of a hotel's Wi-Fi, a sign-in form or silence mean "unknown", never "sent".
import { put } from "./store.js";
import { userId } from "./words.js";

const JSON_MS = 15000, UPLOAD_MS = 60000;

export class Unknown extends Error {}          // nobody knows whether it arrived: send it again
export class Stopped extends Error {           // sending stops: signed_out | wipe | other_user
  constructor(why) { super(why); this.why = why; }
}

async function ask(url, options, limit) {
  const abort = new AbortController(), late = setTimeout(() => abort.abort(), limit);
  try {
    const answer = await fetch(url, { credentials: "same-origin", cache: "no-store", redirect: "manual", signal: abort.signal, ...options });
    const body = (answer.headers.get("Content-Type") ?? "").startsWith("application/json") ? await answer.json() : null;
    return { status: answer.status, body };
  } catch (error) {
    throw new Unknown(error.name);
  } finally {
    clearTimeout(late);
  }
}

// Proves network, person and clock in one; returns what the office says, {csrf, pack, pages?, assets?}.
export async function preflight(have = "", waiting = null) {
  const began = Date.now();
  const headers = { Accept: "application/json", ...(waiting ? { "X-Field-Waiting": waiting } : {}) };
  const { status, body } = await ask(`/field/pack${have ? `?have=${have}` : ""}`, { headers }, JSON_MS);
  if (status === 401) throw new Stopped(body?.code === "wipe" ? "wipe" : "signed_out");
  if (status !== 200 || !body?.user_id) throw new Unknown(String(status));
  if (body.user_id !== userId()) throw new Stopped("other_user");
  const ended = Date.now();
  await put("meta", { id: "clock", offset_ms: Math.round(Date.parse(body.server_time) - (began + ended) / 2), at: ended }).catch(() => null);
  return body;
}

export async function post(url, said, csrf) {
  const headers = { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": csrf };
  const { status, body } = await ask(url, { method: "POST", headers, body: JSON.stringify(said) }, JSON_MS);
  if (status === 401) throw new Stopped("signed_out");
  if (status === 409 && body?.code === "other_user") throw new Stopped("other_user");
  if (status !== 200 || !body) throw new Unknown(String(status));
  return body;
}

export async function upload(id, bytes, csrf) {
  const digest = btoa(String.fromCharCode(...new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))));
  const headers = { "Content-Type": "application/octet-stream", "Content-Digest": `sha-256=:${digest}:`, "X-CSRFToken": csrf, "X-Field-User": userId() };
  // A new Blob each time: one that came out of a store may be empty.
  const { status, body } = await ask(`/field/uploads/${id}`, { method: "PUT", headers, body: new Blob([bytes]) }, UPLOAD_MS);
  if (status === 401) throw new Stopped("signed_out");
  if (status === 409 && body?.code === "other_user") throw new Stopped("other_user");
  if (status === 200 && body?.id === id) return null;
  if (body && (status === 413 || (status === 409 && body.code === "changed"))) return body.problem;
  throw new Unknown(String(status));
}
